/* The JSON of G601/G616/G618 watches: status/… with every number as a text, position as "lon,lat" in GCJ-02,
 * date as yymmdd. One message is one report: what is wrong with the watch never hides what is wrong with its
 * wearer. A text is said by cmd/IMEI/MESSAGE; the watch answers on the same topic with the flag alone.
 *
 * Date and time are those of the position, which may be hours old when the button is pressed; so only the fix
 * has that time, and everything else that of its arrival. The maker does not say in which zone they stand; of
 * China's time and UTC the one nearer to arrival is taken. Steps are the day's sum and the messages say
 * nothing of the sum before, so they are no activity. */
#include "ingest/dialects/dialects.h"

#include <string.h>

#include "core/clock.h"
#include "ingest/dialects/reading.h"

enum {
    CHINA_OFFSET_S = 8 * 3600,
    WIFI_ACCURACY_M = 100,
    IMEI_DIGITS = 15,
    MESSAGE_LETTERS = 49 /* most of a message */
};

static int64_t far_from(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* Two digits at `at`, -1 when they are none. */
static int pair(const char *text, size_t at)
{
    const char a = text[at], b = text[at + 1];
    return a >= '0' && a <= '9' && b >= '0' && b <= '9' ? (a - '0') * 10 + b - '0' : -1;
}

static int64_t time_of(const struct foreign_message *message, struct foreign *foreign,
                       const struct json *root)
{
    char date_text[READ_TEXT_SIZE], clock_text[READ_TEXT_SIZE];
    const char *date = read_digits(json_get(root, "locationDate"), 6, date_text);
    const char *clock = read_digits(json_get(root, "locationTime"), 6, clock_text);
    if (date[0] == '\0' || clock[0] == '\0')
        return 0;
    if (strlen(date) != 6 || strlen(clock) != 6) {
        note_bad(foreign, "locationDate");
        return 0;
    }
    const int year = pair(date, 0), month = pair(date, 2), day = pair(date, 4);
    const int hour = pair(clock, 0), minute = pair(clock, 2), second = pair(clock, 4);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 59) {
        note_bad(foreign, "locationDate");
        return 0;
    }
    const int64_t utc_ms = clock_from_civil(NULL, 2000 + year, month, day, hour, minute, second);
    const int64_t china_ms = utc_ms - (int64_t)CHINA_OFFSET_S * 1000;
    return far_from(utc_ms, message->t_ms) < far_from(china_ms, message->t_ms) ? utc_ms : china_ms;
}

static void add_fix(struct foreign *foreign, const struct json *root, int64_t at_ms)
{
    struct fix_reading fix = {.accuracy_m = -1, .speed_kmh = -1, .datum = DATUM_GCJ02, .valid = true};
    const char *text = json_string(json_get(root, "location"));
    const char *wifi = json_string(json_get(root, "positionWifi"));
    char lon[32];
    if (text == NULL || text[0] == '\0')
        return;
    const size_t len = strcspn(text, ",");
    if (text[len] != ',' || len >= sizeof(lon)) {
        note_bad(foreign, "location");
        return;
    }
    memcpy(lon, text, len);
    lon[len] = '\0';
    const char *lat = text + len + 1;
    if (!text_to_double(lon + strspn(lon, " "), -180, 180, &fix.lon) ||
        !text_to_double(lat + strspn(lat, " "), -90, 90, &fix.lat)) {
        note_bad(foreign, "location");
        return;
    }
    /* A position made from access points is some hundred metres wide; the message does not say how wide. */
    const bool from_wifi = wifi != NULL && wifi[0] != '\0';
    fix.source = from_wifi ? FIX_SOURCE_WIFI : FIX_SOURCE_GNSS;
    if (from_wifi)
        fix.accuracy_m = WIFI_ACCURACY_M;
    read_number(foreign, root, "speed", 0, 720, &fix.speed_kmh);
    foreign_add_fix(foreign, &fix, at_ms, 1);
}

static void add_heartbeat(struct foreign *foreign, const struct json *root)
{
    double battery = 0;
    bool worn = false;
    const bool has_battery = read_number(foreign, root, "battery", 0, 100, &battery);
    const bool has_worn = read_bool(foreign, root, "isWearing", &worn);
    struct event *event = has_battery || has_worn ? foreign_add(foreign, EVENT_HEARTBEAT, 0, 1) : NULL;
    if (event == NULL)
        return;
    event->heartbeat.has_battery = has_battery;
    event->heartbeat.battery_percent = (uint8_t)battery;
    event->heartbeat.has_worn = has_worn;
    event->heartbeat.worn = worn;
    foreign_settle(foreign);
}

/* A watch that has not measured says 0. */
static bool measured(struct foreign *foreign, const struct json *root, const char *key, double low,
                     double high, double *ret_value)
{
    double value;
    if (!read_number(foreign, root, key, 0, high, &value) || value == 0)
        return false;
    if (value < low) {
        note_bad(foreign, key);
        return false;
    }
    *ret_value = value;
    return true;
}

static void add_vitals(struct foreign *foreign, const struct json *root)
{
    double rate = 0, oxygen = 0, high = 0, low = 0, temperature = 0;
    struct event_vitals vitals = {
        .has_heart_rate = measured(foreign, root, "heartRate", 20, 300, &rate),
        .has_spo2 = measured(foreign, root, "bloodOxygen", 1, 100, &oxygen),
        .has_systolic = measured(foreign, root, "bpSystolic", 30, 300, &high),
        .has_diastolic = measured(foreign, root, "bpDiastolic", 20, 200, &low),
        .has_temperature = measured(foreign, root, "temperature", 20, 45, &temperature),
    };
    if (!vitals.has_heart_rate && !vitals.has_spo2 && !vitals.has_systolic && !vitals.has_diastolic &&
        !vitals.has_temperature)
        return;
    struct event *event = foreign_add(foreign, EVENT_VITALS, 0, 1);
    if (event == NULL)
        return;
    vitals.heart_rate_bpm = (uint16_t)rate;
    vitals.spo2_percent = (uint16_t)oxygen;
    vitals.systolic_mmhg = (uint16_t)high;
    vitals.diastolic_mmhg = (uint16_t)low;
    vitals.temperature_c = (float)temperature;
    event->vitals = vitals;
    foreign_settle(foreign);
}

/* status/IMEI: then the payload may not speak for another. What stands in that level and is no IMEI says
 * nothing. */
static void note_imei(const struct foreign_message *message, struct foreign *foreign)
{
    const char *end = message->topic + message->topic_len;
    const char *slash = memchr(message->topic, '/', message->topic_len);
    const char *imei = slash != NULL ? slash + 1 : end;
    size_t len = 0;
    while (imei + len < end && imei[len] != '/')
        len++;
    for (size_t i = 0; i < len; i++)
        if (imei[i] < '0' || imei[i] > '9')
            return;
    if (len == IMEI_DIGITS)
        note_name(foreign, imei, len);
}

static enum foreign_outcome take_status(const struct foreign_message *message, struct foreign *foreign,
                                        const struct json *root)
{
    char text[READ_TEXT_SIZE];
    const char *imei = read_digits(json_get(root, "imei"), IMEI_DIGITS, text);
    bool sos = false, online = true;
    note_imei(message, foreign);
    if (foreign->name_count == 0)
        note_name(foreign, imei, strlen(imei));
    else if (imei[0] != '\0' && strcmp(imei, foreign->names[0]) != 0)
        return FOREIGN_MALFORMED;
    if (json_type_of(root) != JSON_OBJECT_T || foreign->name_count == 0)
        return FOREIGN_MALFORMED;
    read_bool(foreign, root, "sos", &sos);
    read_bool(foreign, root, "isOnline", &online);
    if (sos) {
        struct event *event = foreign_add(foreign, EVENT_SOS, 0, 1);
        if (event != NULL)
            event->sos.phase = SOS_PHASE_PRESSED;
        foreign_settle(foreign);
    }
    if (!online && !sos)
        return FOREIGN_NO_NEWS; /* the maker's server repeats what it last knew */
    add_heartbeat(foreign, root);
    add_fix(foreign, root, time_of(message, foreign, root));
    add_vitals(foreign, root);
    if (foreign->count == 0)
        return foreign->bad_fields > 0 ? FOREIGN_BAD_VALUE : FOREIGN_NO_NEWS;
    return FOREIGN_EVENTS;
}

static bool is_below(const struct foreign_message *message, const char *level)
{
    const size_t len = strlen(level);
    return message->topic_len >= len && memcmp(message->topic, level, len) == 0 &&
           (message->topic_len == len || message->topic[len] == '/');
}

/* cmd/IMEI/FLAG: the answer has the flag as its whole content; anything else is what we sent ourselves. */
static enum foreign_outcome take_answer(const struct foreign_message *message, struct foreign *foreign)
{
    const char *end = message->topic + message->topic_len;
    const char *imei = message->topic + strlen("cmd/");
    const char *slash = imei < end ? memchr(imei, '/', (size_t)(end - imei)) : NULL;
    note_type(foreign, "cmd");
    if (slash == NULL || (size_t)(end - slash - 1) != message->len ||
        memcmp(slash + 1, message->payload, message->len) != 0)
        return FOREIGN_NO_NEWS;
    note_name(foreign, imei, (size_t)(slash - imei));
    return foreign->name_count > 0 ? FOREIGN_ECHO : FOREIGN_NO_NEWS;
}

static enum foreign_outcome decode(const struct foreign_message *message, struct foreign *ret_foreign)
{
    struct json *root;
    if (is_below(message, "cmd"))
        return take_answer(message, ret_foreign);
    if (!is_below(message, "status"))
        return FOREIGN_UNKNOWN_TOPIC;
    if (json_parse(message->payload, message->len, &root, NULL) != ERR_OK)
        return FOREIGN_MALFORMED;
    const enum foreign_outcome outcome = take_status(message, ret_foreign, root);
    json_free(root);
    return outcome;
}

/* Chinese punctuation is garbled by the watch; what it has is ASCII's. */
static const char *ascii_of(const char *text, size_t step)
{
    static const char *const pairs[][2] = {{"，", ","}, {"。", "."}, {"、", ","}, {"！", "!"},
                                           {"？", "?"}, {"：", ":"}, {"；", ";"}, {"（", "("},
                                           {"）", ")"}, {"“", "\""}, {"”", "\""}, {"…", "."}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (strlen(pairs[i][0]) == step && memcmp(pairs[i][0], text, step) == 0)
            return pairs[i][1];
    return NULL;
}

/* At most MESSAGE_LETTERS; a longer text ends with its last sentence that fits. */
static void put_message(const char *text, struct buf *payload)
{
    const size_t len = strlen(text);
    size_t sentence_end = 0, letters = 0;
    for (size_t at = 0, step; at < len; at += step, letters++) {
        step = text_utf8_step(text + at, len - at);
        if (step == 0)
            return;
        if (letters == MESSAGE_LETTERS) {
            if (sentence_end > 0)
                payload->len = sentence_end;
            payload->data[payload->len] = '\0';
            return;
        }
        const char *ascii = ascii_of(text + at, step);
        if (ascii != NULL)
            buf_puts(payload, ascii);
        else
            buf_append(payload, text + at, step);
        if (!payload->failed && strchr(".!?", payload->data[payload->len - 1]) != NULL)
            sentence_end = payload->len;
    }
}

static enum foreign_saying say(const char *name, const struct foreign_words *words, struct buf *topic,
                               struct buf *payload)
{
    struct buf text;
    if (words->deed != FOREIGN_SPEAK) /* it has no such command: it reports when it likes */
        return FOREIGN_MUTE;
    if (!text_is_id(name, strlen(name))) /* it becomes a level of a topic */
        return FOREIGN_MUTE;
    buf_init(&text, 2048);
    if (words->exercise)
        buf_puts(&text, strcmp(words->language, "en") == 0 ? "Drill: " : "演练:");
    buf_puts(&text, words->text);
    buf_printf(topic, "cmd/%s/MESSAGE", name);
    put_message(buf_text(&text), payload);
    buf_release(&text);
    return payload->len > 0 ? FOREIGN_ANSWERED : FOREIGN_MUTE;
}

const struct dialect dialect_g616 = {
    .name = "g616",
    .filters = {"status/#", "cmd/+/+"},
    .decode = decode,
    .say = say,
};
