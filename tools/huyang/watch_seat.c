#include "watch_bridge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "apps/wristband.h"
#include "core/hash.h"

enum { LINE_MAX_BYTES = 512, CONTENT_MAX = 4096, VOICE_MAX = 48 << 10 };

/* ---- what a watch says ---- */

static bool to_device_event(const struct event *from, struct device_event *to)
{
    memset(to, 0, sizeof(*to));
    switch ((enum event_kind)from->kind) {
    case EVENT_HEARTBEAT:
        to->kind = HUYANG__V1__EVENT__KIND_HEARTBEAT;
        to->heartbeat.has_battery_percent = from->heartbeat.has_battery;
        to->heartbeat.battery_percent = from->heartbeat.battery_percent;
        to->heartbeat.has_worn = from->heartbeat.has_worn;
        to->heartbeat.worn = from->heartbeat.worn;
        return true;
    case EVENT_FIX:
        to->kind = HUYANG__V1__EVENT__KIND_FIX;
        to->fix = (struct device_fix){.has_accuracy_m = from->fix.has_accuracy,
                                      .has_speed_mps = from->fix.has_speed,
                                      .valid = from->fix.valid,
                                      .lat = from->fix.lat,
                                      .lon = from->fix.lon,
                                      .accuracy_m = from->fix.accuracy_m,
                                      .speed_mps = from->fix.speed_mps,
                                      .source = (Huyang__V1__FixSource)from->fix.source,
                                      .datum = (Huyang__V1__Datum)from->fix.datum};
        return true;
    case EVENT_VITALS:
        to->kind = HUYANG__V1__EVENT__KIND_VITALS;
        to->vitals = (struct device_vitals){.has_heart_rate_bpm = from->vitals.has_heart_rate,
                                            .has_spo2_percent = from->vitals.has_spo2,
                                            .has_systolic_mmhg = from->vitals.has_systolic,
                                            .has_diastolic_mmhg = from->vitals.has_diastolic,
                                            .has_temperature_c = from->vitals.has_temperature,
                                            .heart_rate_bpm = from->vitals.heart_rate_bpm,
                                            .spo2_percent = from->vitals.spo2_percent,
                                            .systolic_mmhg = from->vitals.systolic_mmhg,
                                            .diastolic_mmhg = from->vitals.diastolic_mmhg,
                                            .temperature_c = from->vitals.temperature_c};
        return true;
    case EVENT_ACTIVITY:
        to->kind = HUYANG__V1__EVENT__KIND_ACTIVITY;
        to->activity.motion = (Huyang__V1__Motion)from->activity.motion;
        return true;
    case EVENT_SOS:
        to->kind = HUYANG__V1__EVENT__KIND_SOS;
        to->sos = (Huyang__V1__SosPhase)from->sos.phase;
        return true;
    case EVENT_FALL:
        to->kind = HUYANG__V1__EVENT__KIND_FALL;
        to->fall = (Huyang__V1__FallPhase)from->fall.phase;
        return true;
    case EVENT_TAMPER:
        to->kind = HUYANG__V1__EVENT__KIND_TAMPER;
        to->tamper = (Huyang__V1__TamperKind)from->tamper.kind;
        return true;
    default: return false; /* nothing else is decoded from a watch */
    }
}

/* The prompt the core has begun is under way; told here, because no hook may call back. */
static void settle(struct watch_seat *seat)
{
    if (seat->token == 0 || seat->token_started)
        return;
    seat->token_started = true;
    device_on_speaker(&seat->core, seat->token, DEVICE_SPEAKER_STARTED, 0, seat->bridge->now.mono_ms);
}

/* Stores one report on disk; false when that failed. The watch's clock is the message's own time, for this
 * report only: what a command's expiry is measured by stays the machine's. */
static bool store(struct watch_seat *seat)
{
    struct watch_bridge *bridge = seat->bridge;
    const struct foreign *foreign = &bridge->foreign;
    struct device_event events[DEVICE_REPORT_EVENTS_MAX];
    size_t count = 0;
    for (unsigned i = 0; i < foreign->count && count < DEVICE_REPORT_EVENTS_MAX; i++)
        count += to_device_event(&foreign->events[i], &events[count]);
    if (foreign->has_time)
        device_set_clock(&seat->core, bridge->now.mono_ms, foreign->events[0].at_ms);
    const bool stored = device_report(&seat->core, events, count, bridge->now.mono_ms) == DEVICE_OK;
    device_set_clock(&seat->core, bridge->now.mono_ms, bridge->now.wall_ms);
    bridge->stats.events += stored ? count : 0;
    if (!stored)
        log_write(LOG_ERROR, "bridge.store",
                  "a report could not be stored: the watch gets no answer\twatch=%s", seat->watch);
    return stored;
}

static bool is_repeated(const struct watch_seat *seat, uint64_t hash)
{
    for (unsigned i = 0; i < WATCH_ALARMS; i++)
        if (seat->alarms[i] == hash)
            return true;
    return false;
}

/* Each report is a write to the disk: a watch that talks without end must not hold up the others. */
static bool within_budget(struct watch_seat *seat)
{
    const struct foreign *foreign = &seat->bridge->foreign;
    const int64_t now_ms = seat->bridge->now.mono_ms;
    if (now_ms - seat->minute_ms >= 60000) {
        seat->minute_ms = now_ms;
        seat->reports = 0;
    }
    for (unsigned i = 0; i < foreign->count; i++)
        if (event_is_emergency((enum event_kind)foreign->events[i].kind))
            return true;
    return seat->reports++ < WATCH_MINUTE_MAX;
}

/* An alarm that says its time and comes again in the same bytes is the one we had: it only wants its answer.
 */
static bool take(struct watch_seat *seat, const struct watch_frame *frame,
                 const struct watch_message *message)
{
    const uint64_t hash = hash_table(frame->content, frame->len);
    const bool once = message->is_alarm && seat->bridge->foreign.has_time;
    if (once && is_repeated(seat, hash)) {
        seat->bridge->stats.repeated++;
        return true;
    }
    if (!within_budget(seat)) {
        seat->bridge->stats.shed++;
        return true;
    }
    if (!store(seat))
        return false;
    if (once) {
        seat->alarms[seat->next_alarm] = hash;
        seat->next_alarm = (seat->next_alarm + 1) % WATCH_ALARMS;
    }
    return true;
}

void watch_seat_frame(struct watch_seat *seat, const struct watch_frame *frame)
{
    struct watch_bridge *bridge = seat->bridge;
    struct watch_message message;
    foreign_clear(&bridge->foreign);
    const enum foreign_outcome outcome = watch_decode(frame->content, frame->len, &bridge->foreign, &message);
    bridge->stats.frames++;
    bridge->stats.bad_lengths += frame->bad_length;
    bridge->stats.bad_fields += bridge->foreign.bad_fields;
    if (outcome == FOREIGN_EVENTS && !take(seat, frame, &message))
        return;
    if (message.answer[0] != '\0' && seat->connection != NULL)
        watch_connection_answer(seat->connection, message.answer);
    if (message.is_echo && seat->token != 0) {
        const uint32_t token = seat->token;
        seat->token = 0;
        device_on_speaker(
            &seat->core, token, message.has_failed ? DEVICE_SPEAKER_FAILED : DEVICE_SPEAKER_DONE,
            message.has_failed ? HUYANG__V1__FAIL_REASON__FAIL_REASON_SPEAKER : 0, bridge->now.mono_ms);
    }
    settle(seat);
    if (outcome == FOREIGN_EVENTS || outcome == FOREIGN_NO_NEWS) {
        if (bridge->foreign.bad_fields == 0)
            return;
    } else {
        bridge->stats.unusable++;
    }
    if (log_allow(&bridge->limit, "bridge.unusable", 20, bridge->now.mono_ms))
        log_write(
            LOG_WARN, "bridge.unusable",
            "a watch's message could not be used, or not all of it\twatch=%s\toutcome=%s\ttype=%s\tfield=%s",
            seat->watch, foreign_outcome_name(outcome), message.type,
            bridge->foreign.bad_field != NULL ? bridge->foreign.bad_field : "");
}

/* ---- what a watch is told ---- */

static void put_unit(unsigned unit, struct buf *out)
{
    buf_printf(out, "%04X", unit & 0xFFFFU);
}

void watch_seat_utf16(const char *text, struct buf *out)
{
    const size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        const size_t step = text_utf8_step(text + at, len - at);
        if (step == 0)
            return;
        const unsigned char *c = (const unsigned char *)text + at;
        unsigned code = step == 1 ? c[0] : c[0] & (0x7FU >> step);
        for (size_t i = 1; i < step; i++)
            code = code << 6 | (c[i] & 0x3FU);
        if (code > 0xFFFF) {
            put_unit(0xD800U + ((code - 0x10000U) >> 10), out);
            code = 0xDC00U + ((code - 0x10000U) & 0x3FFU);
        }
        put_unit(code, out);
        at += step;
    }
}

/* VOICES/PROMPT.LANGUAGE.amr, recorded by the county; false when there is none. */
static bool send_voice(struct watch_seat *seat, const struct device_prompt *prompt)
{
    static char voice[VOICE_MAX];
    char path[WATCH_PATH_MAX];
    const char *folder = seat->bridge->options.voices;
    if (folder == NULL || !device_id_valid(prompt->prompt_id) || !device_id_valid(prompt->language))
        return false;
    const int len = snprintf(path, sizeof(path), "%s/%s.%s.amr", folder, prompt->prompt_id, prompt->language);
    FILE *file = len > 0 && (size_t)len < sizeof(path) ? fopen(path, "re") : NULL;
    if (file == NULL)
        return false;
    const size_t size = fread(voice, 1, sizeof(voice), file);
    fclose(file);
    if (size == 0 || size == sizeof(voice))
        return false;
    watch_connection_command(seat->connection, "TK,", voice, size);
    return true;
}

static void send_text(struct watch_seat *seat, const struct device_prompt *prompt)
{
    struct buf content;
    buf_init(&content, CONTENT_MAX);
    buf_puts(&content, "MESSAGE,");
    if (prompt->exercise)
        watch_seat_utf16(strcmp(prompt->language, "en") == 0 ? "DRILL: " : "演练：", &content);
    watch_seat_utf16(prompt->text, &content);
    if (!content.failed)
        watch_connection_command(seat->connection, buf_text(&content), NULL, 0);
    buf_release(&content);
}

static bool can_hear(const struct watch_seat *seat)
{
    return seat->connection != NULL && watch_connection_obeys(seat->connection);
}

static Huyang__V1__FailReason play(void *context, uint32_t token, const struct device_prompt *prompt)
{
    struct watch_seat *seat = context;
    if (!can_hear(seat))
        return HUYANG__V1__FAIL_REASON__FAIL_REASON_SPEAKER;
    if (prompt->exercise || !send_voice(seat, prompt))
        send_text(seat, prompt);
    seat->token = token;
    seat->token_started = false;
    return 0;
}

static void stop(void *context, uint32_t token)
{
    struct watch_seat *seat = context;
    if (seat->token == token)
        seat->token = 0; /* what a watch has been sent it will say */
}

static bool show(void *context, const struct device_prompt *prompt)
{
    struct watch_seat *seat = context;
    if (can_hear(seat))
        send_text(seat, prompt);
    return can_hear(seat);
}

static bool locate(void *context, int64_t now_ms)
{
    struct watch_seat *seat = context;
    (void)now_ms;
    if (can_hear(seat))
        watch_connection_command(seat->connection, "CR", NULL, 0);
    return can_hear(seat);
}

static void send_interval(struct watch_seat *seat, uint32_t interval_s)
{
    char content[32];
    snprintf(content, sizeof(content), "UPLOAD,%u", interval_s);
    watch_connection_command(seat->connection, content, NULL, 0);
}

/* A watch knows no end of an interval: the bridge tells it the old one then. What that is stands on disk
 * before the watch hears of the new one, for a bridge that is started again in between. */
static bool set_interval(void *context, uint32_t interval_s, uint32_t duration_s, int64_t now_ms)
{
    struct watch_seat *seat = context;
    struct device_ledger *ledger = &seat->core.ledger;
    const uint32_t later_s = duration_s == 0           ? interval_s
                             : ledger->interval_s != 0 ? ledger->interval_s
                                                       : (uint32_t)WRISTBAND_INTERVAL_S;
    if (!can_hear(seat) || (later_s != ledger->interval_s && device_ledger_interval(ledger, later_s) != 0))
        return false;
    send_interval(seat, interval_s);
    seat->interval_until_ms = duration_s == 0 ? INT64_MAX : now_ms + (int64_t)duration_s * 1000;
    return true;
}

/* The time of an interval has ended; once the watch is there. */
static void end_interval(struct watch_seat *seat)
{
    if (seat->bridge->now.mono_ms < seat->interval_until_ms || !can_hear(seat))
        return;
    seat->interval_until_ms = INT64_MAX;
    send_interval(seat, seat->core.ledger.interval_s);
}

static void restart(void *context)
{
    struct watch_seat *seat = context;
    watch_connection_command(seat->connection, "RESET", NULL, 0);
}

void watch_seat_message(struct watch_seat *seat, enum device_topic topic, const uint8_t *payload, size_t len)
{
    /* The gateway repeats a command until it was received, and a watch that is away has not received it. */
    if (topic == DEVICE_TOPIC_COMMAND && seat->connection == NULL)
        return;
    seat->core.config.hal.restart = can_hear(seat) ? restart : NULL; /* NULL: the core says that it cannot */
    device_on_message(&seat->core, topic, payload, len, seat->bridge->now.mono_ms);
    settle(seat);
}

/* ---- life ---- */

static int publish(void *context, const char *topic, const uint8_t *bytes, size_t length, int qos,
                   bool retain)
{
    struct watch_seat *seat = context;
    return watch_line_publish(seat, topic, bytes, length, qos, retain) ? 0 : -1;
}

static uint32_t entropy(void *context)
{
    uint32_t drawn = 0;
    (void)context;
    return getrandom(&drawn, sizeof(drawn), 0) == (ssize_t)sizeof(drawn) ? drawn : (uint32_t)getpid();
}

static void note(void *context, const struct device_note *note)
{
    const struct watch_seat *seat = context;
    if (note->kind == DEVICE_NOTE_DROPPED || note->kind == DEVICE_NOTE_LOST)
        log_write(LOG_WARN, "bridge.lost", "events of a watch were given up\twatch=%s\tlane=%d\tcount=%u",
                  seat->watch, (int)note->lane, note->count);
}

static bool open_seat(struct watch_seat *seat, const char *device)
{
    struct watch_bridge *bridge = seat->bridge;
    char path[WATCH_PATH_MAX];
    struct device_config config = {
        .firmware = "watch-bridge",
        .kind = HUYANG__V1__DEVICE_KIND__DEVICE_KIND_WRISTBAND,
        .transport = {.context = seat, .publish = publish},
        .hal = {.context = seat, .entropy = entropy, .play = play, .stop = stop, .show = show, .note = note},
        .scratch = &bridge->scratch};
    text_copy(config.county, sizeof(config.county), bridge->options.county);
    text_copy(config.id, sizeof(config.id), device);
    const int len = snprintf(path, sizeof(path), "%s/%s.flash", bridge->options.state_dir, device);
    if (len <= 0 || (size_t)len >= sizeof(path) ||
        file_flash_open(&seat->flash, path, DEVICE_SECTOR_BYTES, DEVICE_SECTORS) != 0) {
        seat->flash.fd = -1;
        fprintf(stderr, "huyang watch-bridge: %s: %s\n", path,
                errno == EWOULDBLOCK ? "another process uses it" : strerror(errno));
        return false;
    }
    config.flash = file_flash_driver(&seat->flash);
    if (device_init(&seat->core, &config, bridge->now.mono_ms) != DEVICE_OK) {
        fprintf(stderr, "huyang watch-bridge: %s: cannot be used as an outbox\n", path);
        return false;
    }
    seat->core.app = (struct device_app){.context = seat, .locate = locate, .set_interval = set_interval};
    device_set_clock(&seat->core, bridge->now.mono_ms, bridge->now.wall_ms);
    /* One that was set for a time ended with the last bridge. */
    seat->interval_until_ms = seat->core.ledger.interval_s != 0 ? bridge->now.mono_ms : INT64_MAX;
    return watch_line_prepare(seat);
}

static int by_watch(const void *a, const void *b)
{
    return strcmp(((const struct watch_seat *)a)->watch, ((const struct watch_seat *)b)->watch);
}

/* "WATCH,DEVICE"; false when it is none. */
static bool parse_line(char *line, const char **ret_watch, const char **ret_device)
{
    line[strcspn(line, "\r\n")] = '\0';
    char *comma = strchr(line, ',');
    if (comma == NULL)
        return false;
    *comma = '\0';
    *ret_watch = line;
    *ret_device = comma + 1;
    return text_is_id(line, strlen(line)) && text_is_id(comma + 1, strlen(comma + 1));
}

/* A line of the list as a new seat; false after saying why. */
static bool add_seat(struct watch_bridge *bridge, size_t *cap, char *line, unsigned number)
{
    const char *watch, *device;
    if (!parse_line(line, &watch, &device)) {
        fprintf(stderr, "huyang watch-bridge: %s:%u: not WATCH,DEVICE with two identifiers\n",
                bridge->options.watches, number);
        return false;
    }
    if (bridge->seat_count == *cap) {
        const size_t more = *cap == 0 ? 64 : *cap * 2;
        struct watch_seat *seats = realloc(bridge->seats, more * sizeof(*seats));
        if (seats == NULL) {
            fprintf(stderr, "huyang watch-bridge: out of memory\n");
            return false;
        }
        bridge->seats = seats;
        *cap = more;
    }
    struct watch_seat *seat = &bridge->seats[bridge->seat_count++];
    memset(seat, 0, sizeof(*seat));
    seat->bridge = bridge;
    seat->flash.fd = seat->mqtt.fd = -1;
    text_copy(seat->watch, sizeof(seat->watch), watch);
    text_copy(seat->core.config.id, sizeof(seat->core.config.id), device); /* until it is opened */
    return true;
}

static bool read_list(struct watch_bridge *bridge, FILE *file)
{
    char line[LINE_MAX_BYTES];
    size_t cap = 0;
    for (unsigned number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        if (line[strspn(line, " \r\n")] == '\0' || (number == 1 && strncmp(line, "watch,device", 12) == 0))
            continue;
        if (!add_seat(bridge, &cap, line, number))
            return false;
    }
    return true;
}

bool watch_seats_open(struct watch_bridge *bridge)
{
    FILE *file = fopen(bridge->options.watches, "re");
    if (file == NULL) {
        fprintf(stderr, "huyang watch-bridge: %s: %s\n", bridge->options.watches, strerror(errno));
        return false;
    }
    const bool read = read_list(bridge, file);
    fclose(file);
    if (!read)
        return false;
    qsort(bridge->seats, bridge->seat_count, sizeof(*bridge->seats), by_watch);
    for (size_t i = 0; i < bridge->seat_count; i++) {
        char device[ID_SIZE];
        text_copy(device, sizeof(device), bridge->seats[i].core.config.id);
        if (i > 0 && by_watch(&bridge->seats[i - 1], &bridge->seats[i]) == 0) {
            fprintf(stderr, "huyang watch-bridge: %s: %s stands there twice\n", bridge->options.watches,
                    bridge->seats[i].watch);
            return false;
        }
        if (!open_seat(&bridge->seats[i], device))
            return false;
    }
    return true;
}

void watch_seats_close(struct watch_bridge *bridge)
{
    for (size_t i = 0; i < bridge->seat_count; i++) {
        watch_line_close(&bridge->seats[i]);
        pki_identity_release(&bridge->seats[i].identity);
        if (bridge->seats[i].flash.fd >= 0)
            file_flash_close(&bridge->seats[i].flash);
    }
    free(bridge->seats);
}

struct watch_seat *watch_seat_find(struct watch_bridge *bridge, const char *watch)
{
    struct watch_seat key;
    text_copy(key.watch, sizeof(key.watch), watch);
    return bsearch(&key, bridge->seats, bridge->seat_count, sizeof(key), by_watch);
}

void watch_seat_link(struct watch_seat *seat, bool up)
{
    device_on_link(&seat->core, up, seat->bridge->now.mono_ms);
    settle(seat);
}

void watch_seat_tick(struct watch_seat *seat)
{
    const int64_t now_ms = seat->bridge->now.mono_ms;
    if (device_next_deadline(&seat->core, now_ms) <= now_ms) {
        device_tick(&seat->core, now_ms);
        settle(seat);
    }
    end_interval(seat);
    watch_line_tick(seat);
}
