#include "service/dialects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "registry/foreign.h"
#include "service/foreign_memory.h"

enum { INDEX_BITS = 7 };
_Static_assert(EVENT_BATCH_MAX <= 1 << INDEX_BITS, "each event of a message has a number of its own");

struct dialects {
    struct dialects_config config;
    struct foreign_memory **memories; /* by device; made when it is first heard */
    uint32_t devices;
    struct foreign foreign; /* of the message under way */
    unsigned done;          /* events of it that are in the fold already: the batch was full behind them */
    struct log_limit ignored_limit;
    struct dialects_stats stats;
};

_Static_assert(DIALECTS_KINDS_MAX >= 8, "room for every dialect's counters");

enum err dialects_new(const struct dialects_config *config, struct dialects **ret_dialects)
{
    struct dialects *dialects = calloc(1, sizeof(*dialects));
    if (dialects == NULL)
        return ERR_NOMEM;
    dialects->config = *config;
    *ret_dialects = dialects;
    return ERR_OK;
}

void dialects_free(struct dialects *dialects)
{
    if (dialects == NULL)
        return;
    for (uint32_t i = 0; i < dialects->devices; i++)
        free(dialects->memories[i]);
    free(dialects->memories);
    free(dialects);
}

/* ---- memory ---- */

/* NULL when memory is short. */
static struct foreign_memory *memory_of(struct dialects *dialects, uint32_t device)
{
    if (device >= dialects->devices) {
        const uint32_t count = registry_count(gateway_registry(dialects->config.gateway), REGISTRY_DEVICE);
        const uint32_t devices = device < count ? count : device + 1;
        struct foreign_memory **more = realloc(dialects->memories, devices * sizeof(struct foreign_memory *));
        if (more == NULL)
            return NULL;
        memset(&more[dialects->devices], 0, (devices - dialects->devices) * sizeof(struct foreign_memory *));
        dialects->memories = more;
        dialects->devices = devices;
    }
    if (dialects->memories[device] == NULL)
        dialects->memories[device] = calloc(1, sizeof(struct foreign_memory));
    return dialects->memories[device];
}

static uint64_t seq_of(uint64_t tag, unsigned index)
{
    return DIALECTS_SEQ_FIRST | (tag & UINT32_MAX) << INDEX_BITS | index;
}

void dialects_snapshot(struct dialects *dialects, struct batch *batch)
{
    for (uint32_t device = 0; device < dialects->devices; device++) {
        struct foreign_memory *memory = dialects->memories[device];
        if (memory == NULL || !memory->changed)
            continue;
        const void *value = arena_copy(&batch->arena, &memory->kept, sizeof(memory->kept));
        struct batch_item *item = value != NULL ? batch_add(batch, BATCH_STATE) : NULL;
        if (item == NULL)
            return;
        item->state = (struct batch_state){.table = DIALECTS_TABLE,
                                           .version = FOREIGN_MEMORY_VERSION,
                                           .no = device,
                                           .len = sizeof(memory->kept),
                                           .value = value};
        memory->changed = false;
    }
}

enum err dialects_restore(struct dialects *dialects, uint16_t version, uint32_t device, const void *value,
                          size_t len)
{
    if (version != FOREIGN_MEMORY_VERSION || len != sizeof(struct foreign_kept) ||
        device >= registry_count(gateway_registry(dialects->config.gateway), REGISTRY_DEVICE))
        return ERR_UNSUPPORTED;
    struct foreign_memory *memory = memory_of(dialects, device);
    if (memory == NULL)
        return ERR_NOMEM;
    struct foreign_kept kept;
    memcpy(&kept, value, sizeof(kept)); /* a blob is not aligned */
    foreign_memory_restore(memory, &kept);
    return ERR_OK;
}

enum err dialects_replayed(struct dialects *dialects, const struct report *report, int64_t t_ms)
{
    if (report->first_seq < DIALECTS_SEQ_FIRST)
        return ERR_OK;
    struct foreign_memory *memory = memory_of(dialects, report->device);
    if (memory == NULL)
        return ERR_NOMEM;
    foreign_memory_take(memory,
                        (uint64_t)report->epoch << 32 | (report->first_seq >> INDEX_BITS & UINT32_MAX), t_ms);
    return ERR_OK;
}

/* ---- what is said at a device ---- */

static const struct foreign_memory *memory_at(const struct dialects *dialects, uint32_t device)
{
    return device < dialects->devices ? dialects->memories[device] : NULL;
}

static const struct dialect_settings *settings_of(const struct dialects *dialects,
                                                  const struct foreign_memory *memory)
{
    for (unsigned i = 0;
         memory != NULL && memory->kept.prefix[0] != '\0' && i < *dialects->config.entry_count; i++)
        if (strcmp(dialects->config.entries[i].prefix, memory->kept.prefix) == 0)
            return &dialects->config.entries[i];
    return NULL;
}

bool dialects_speaks(const struct dialects *dialects, uint32_t device)
{
    return settings_of(dialects, memory_at(dialects, device)) != NULL;
}

enum err dialects_say(const struct dialects *dialects, uint32_t device, const struct hash_id *job,
                      const struct foreign_words *words, struct buf *topic, struct buf *payload,
                      bool *ret_answers)
{
    const struct foreign_memory *memory = memory_at(dialects, device);
    const struct dialect_settings *settings = settings_of(dialects, memory);
    if (settings == NULL || dialect_at(settings->dialect)->say == NULL)
        return ERR_UNSUPPORTED;
    if (foreign_memory_was_said(memory, job))
        return ERR_EXISTS;
    buf_printf(topic, "%s/", settings->prefix);
    const enum foreign_saying saying =
        dialect_at(settings->dialect)->say(memory->kept.name, words, topic, payload);
    if (saying == FOREIGN_MUTE)
        return ERR_UNSUPPORTED;
    if (topic->failed || payload->failed)
        return ERR_FULL;
    *ret_answers = saying == FOREIGN_ANSWERED;
    return ERR_OK;
}

void dialects_said(struct dialects *dialects, uint32_t device, const struct hash_id *job, bool answers,
                   int64_t t_ms)
{
    foreign_memory_say(dialects->memories[device], job, answers, t_ms);
}

/* ---- one message ---- */

struct arrival {
    const struct link_record *record;
    const struct dialect_settings *settings;
    uint32_t device;
    uint64_t tag;
    int64_t t_ms;
    struct now now;
};

/* The counter of refusals that native messages have too. */
static enum refusal refusal_of(enum foreign_outcome outcome)
{
    switch (outcome) {
    case FOREIGN_MALFORMED: return REFUSAL_UNPARSABLE;
    case FOREIGN_BAD_VALUE: return REFUSAL_BAD_VALUE;
    case FOREIGN_RETAINED: return REFUSAL_RETAINED;
    case FOREIGN_UNKNOWN_DEVICE: return REFUSAL_UNKNOWN_DEVICE;
    case FOREIGN_REPEATED: return REFUSAL_DUPLICATE;
    case FOREIGN_OVERLOAD: return REFUSAL_OVERLOAD;
    default: return REFUSAL_NONE;
    }
}

static void count(struct dialects *dialects, const struct dialect_settings *settings,
                  enum foreign_outcome outcome, struct now now)
{
    const struct foreign *foreign = &dialects->foreign;
    const bool is_fault = outcome == FOREIGN_MALFORMED || outcome == FOREIGN_BAD_VALUE ||
                          outcome == FOREIGN_UNKNOWN_TYPE || outcome == FOREIGN_ENCRYPTED;
    dialects->stats.outcomes[settings->dialect][outcome]++;
    dialects->stats.refused[refusal_of(outcome)]++;
    dialects->stats.bad_fields[settings->dialect] += foreign->bad_fields;
    if ((is_fault || foreign->bad_fields > 0) &&
        log_allow(&dialects->ignored_limit, "dialect.ignored", 20, now.mono_ms))
        log_write(LOG_WARN, "dialect.ignored",
                  "a foreign message could not be used, or not all of it\tdialect=%s\toutcome=%s\ttype=%s\t"
                  "field=%s",
                  dialect_at(settings->dialect)->name, foreign_outcome_name(outcome), foreign->type,
                  foreign->bad_field != NULL ? foreign->bad_field : "");
}

static enum lane lane_of(const struct event *events, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (event_lane((enum event_kind)events[i].kind) == LANE_URGENT)
            return LANE_URGENT;
    return LANE_ROUTINE;
}

/* One report, events [from, from + count). False: no room. */
static bool take_report(struct dialects *dialects, const struct arrival *arrival, unsigned from,
                        unsigned count)
{
    struct event *events = &dialects->foreign.events[from];
    const enum lane lane = lane_of(events, count);
    enum refusal refused[EVENT_BATCH_MAX];
    for (unsigned i = 0; i < count; i++)
        events[i].key = (struct event_key){.device = arrival->device,
                                           .epoch = (uint32_t)(arrival->tag >> 32),
                                           .seq = seq_of(arrival->tag, from + i),
                                           .lane = (uint8_t)lane};
    const unsigned kept =
        gateway_admit(dialects->config.gateway, arrival->device, arrival->t_ms, events, refused, count);
    struct input input = {.t_ms = arrival->t_ms,
                          .kind = INPUT_REPORT,
                          .report = {.device = arrival->device,
                                     .epoch = events[0].key.epoch,
                                     .first_seq = events[0].key.seq,
                                     .lane = (uint8_t)lane,
                                     .count = (uint8_t)kept,
                                     .events = events}};
    if (kept > 0 && gateway_on_input(dialects->config.gateway, &input) != ERR_OK)
        return false;
    dialects->stats.events += kept;
    for (unsigned i = 0; i < count; i++)
        if (refused[i] != REFUSAL_NONE)
            dialects->stats.refused[refused[i]]++;
    return true;
}

/* The reports one by one; what is in the fold already, because the batch was full behind it, is passed over.
 */
static bool take_reports(struct dialects *dialects, const struct arrival *arrival)
{
    const struct foreign *foreign = &dialects->foreign;
    while (dialects->done < foreign->count) {
        const unsigned from = dialects->done;
        unsigned to = from + 1;
        while (to < foreign->count && foreign->events[to].report == foreign->events[from].report)
            to++;
        if (!take_report(dialects, arrival, from, to - from))
            return false;
        dialects->done = to;
    }
    dialects->done = 0;
    return true;
}

static void settle_visits(struct dialects *dialects, const struct arrival *arrival,
                          struct foreign_memory *memory)
{
    const struct foreign *foreign = &dialects->foreign;
    for (unsigned i = 0; i < foreign->count; i++) {
        struct event *event = &dialects->foreign.events[i];
        if (event->kind != EVENT_VISIT)
            continue;
        const uint64_t visit = hash_table(event->visit.visit_id, strlen(event->visit.visit_id));
        registry_foreign_visit(gateway_registry(dialects->config.gateway), arrival->settings, arrival->device,
                               foreign, foreign_memory_place(memory, visit), event);
        if (foreign->place_known)
            foreign_memory_set_place(memory, visit, event->visit.place);
    }
}

static bool is_emergency(const struct foreign *foreign)
{
    for (unsigned i = 0; i < foreign->count; i++)
        if (event_is_emergency((enum event_kind)foreign->events[i].kind))
            return true;
    return false;
}

/* What became of a message that has events; false: no room. */
static bool take_events(struct dialects *dialects, struct arrival *arrival, enum foreign_outcome *ret_outcome)
{
    const struct registry *registry = gateway_registry(dialects->config.gateway);
    char shown[ID_SIZE];
    arrival->device = registry_foreign_device(registry, arrival->settings, &dialects->foreign, shown);
    if (arrival->device == REGISTRY_NONE) {
        quarantine_note(dialects->config.quarantine, shown,
                        registry_had_device(registry, shown) ? QUARANTINE_INACTIVE : QUARANTINE_UNKNOWN,
                        arrival->now);
        *ret_outcome = FOREIGN_UNKNOWN_DEVICE;
        return true;
    }
    struct foreign_memory *memory = memory_of(dialects, arrival->device);
    if (memory == NULL) {
        *ret_outcome = FOREIGN_OVERLOAD;
        return true;
    }
    const struct link_record *record = arrival->record;
    if (!foreign_memory_tag(memory, record + 1, record->topic_len, record->payload_len,
                            dialects->foreign.has_time, arrival->t_ms, &arrival->tag)) {
        *ret_outcome = FOREIGN_REPEATED;
        return true;
    }
    if (!is_emergency(&dialects->foreign) && !foreign_memory_budget(memory, arrival->t_ms)) {
        const struct door_message door = {.device = arrival->device,
                                          .lane = LANE_ROUTINE,
                                          .events = dialects->foreign.count,
                                          .t_ms = arrival->t_ms};
        if (!doorkeeper_note(dialects->config.doorkeeper, dialects->config.gateway, &door, CONDUCT_FLOOD))
            return false;
        *ret_outcome = FOREIGN_OVERLOAD;
        return true;
    }
    const uint64_t before = dialects->stats.events;
    const bool went_on = dialects->done > 0;
    settle_visits(dialects, arrival, memory);
    if (!take_reports(dialects, arrival))
        return false;
    foreign_memory_take(memory, arrival->tag, arrival->t_ms);
    text_copy(memory->kept.prefix, sizeof(memory->kept.prefix), arrival->settings->prefix);
    text_copy(memory->kept.name, sizeof(memory->kept.name), dialects->foreign.names[0]);
    *ret_outcome = went_on || dialects->stats.events > before ? FOREIGN_EVENTS : FOREIGN_NOT_ADMITTED;
    dialects->config.on_heard(dialects->config.self, arrival->device, arrival->now);
    return true;
}

/* The device has done what it was told: a command status of the oldest job unanswered. False: no room. */
static bool take_echo(struct dialects *dialects, struct arrival *arrival, enum foreign_outcome *ret_outcome)
{
    char shown[ID_SIZE];
    arrival->device = registry_foreign_device(gateway_registry(dialects->config.gateway), arrival->settings,
                                              &dialects->foreign, shown);
    struct foreign_memory *memory =
        arrival->device < dialects->devices ? dialects->memories[arrival->device] : NULL;
    struct foreign_said *said = memory != NULL ? foreign_memory_unanswered(memory, arrival->t_ms) : NULL;
    if (said == NULL) {
        *ret_outcome = FOREIGN_NO_NEWS;
        return true;
    }
    struct event *event = &dialects->foreign.events[0];
    event_clear(event, EVENT_COMMAND_STATUS);
    hash_id_text(&said->job, event->command_status.command_id);
    event->command_status.state = COMMAND_STATE_PLAYED;
    dialects->foreign.count = 1;
    arrival->tag = hash_table(said->job.bytes, sizeof(said->job.bytes));
    if (!take_report(dialects, arrival, 0, 1))
        return false;
    said->answered = true;
    return true;
}

bool dialects_take(struct dialects *dialects, const struct link_record *record, int64_t t_ms, struct now now)
{
    const char *topic = (const char *)(record + 1);
    size_t rest = 0;
    struct arrival arrival = {.record = record,
                              .settings =
                                  dialect_of_topic(dialects->config.entries, *dialects->config.entry_count,
                                                   topic, record->topic_len, &rest),
                              .t_ms = t_ms,
                              .now = now};
    enum foreign_outcome outcome = FOREIGN_RETAINED;
    if (arrival.settings == NULL) {
        dialects->stats.messages++;
        dialects->stats.unknown_topics++;
        return true;
    }
    foreign_clear(&dialects->foreign);
    if (!record->retained) {
        const struct foreign_message message = {.topic = topic + rest,
                                                .topic_len = record->topic_len - rest,
                                                .payload = topic + record->topic_len,
                                                .len = record->payload_len,
                                                .settings = arrival.settings,
                                                .t_ms = t_ms};
        outcome = dialect_at(arrival.settings->dialect)->decode(&message, &dialects->foreign);
        if (outcome == FOREIGN_EVENTS && !take_events(dialects, &arrival, &outcome))
            return false;
        if (outcome == FOREIGN_ECHO && !take_echo(dialects, &arrival, &outcome))
            return false;
    }
    dialects->stats.messages++;
    count(dialects, arrival.settings, outcome, now);
    return true;
}

const struct dialects_stats *dialects_stats(const struct dialects *dialects)
{
    return &dialects->stats;
}

size_t dialects_filters(const struct dialect_settings *entries, unsigned count, char filters[][TOPIC_SIZE],
                        size_t max)
{
    size_t written = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct dialect *dialect = dialect_at(entries[i].dialect);
        for (size_t j = 0; dialect->filters[j] != NULL && written < max; j++)
            snprintf(filters[written++], TOPIC_SIZE, "%s/%s", entries[i].prefix, dialect->filters[j]);
    }
    return written;
}
