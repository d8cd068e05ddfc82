#include "service/intake.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum {
    HELD_MAX = 1024,         /* routine messages waiting for a gap before them */
    HELD_BYTES_MAX = 4 << 20 /* of their payloads; past either the message is dropped and comes again */
};

/* A routine message that came before its predecessor. */
struct held {
    struct held *next;
    int64_t until_mono_ms;
    uint32_t device;
    size_t len;
    unsigned char payload[];
};

struct intake {
    struct intake_config config;
    struct decoder *decoder;
    struct decoded_batch batch; /* of the message under way */
    struct held *held, **held_end;
    size_t held_bytes;
    struct log_limit refused_limit;
    struct intake_stats stats;
};

enum err intake_new(const struct intake_config *config, struct intake **ret_intake)
{
    struct intake *intake = calloc(1, sizeof(*intake));
    if (intake == NULL)
        return ERR_NOMEM;
    intake->config = *config;
    intake->held_end = &intake->held;
    const enum err err = decoder_new(&intake->decoder);
    if (err != ERR_OK) {
        free(intake);
        return err;
    }
    *ret_intake = intake;
    return ERR_OK;
}

void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    while (intake->held != NULL) {
        struct held *held = intake->held;
        intake->held = held->next;
        free(held);
    }
    decoder_free(intake->decoder);
    free(intake);
}

static void refuse(struct intake *intake, enum refusal refusal, unsigned count)
{
    intake->stats.refused[refusal] += count;
}

/* ---- one decoded message ---- */

struct message {
    uint32_t device;
    enum lane lane;
    int64_t t_ms;
    struct now now;
    bool force;     /* the time to wait for a gap is over */
    bool duplicate; /* the broker says that it may have come before */
};

/* How many events from `from` on belong to one report and are to be taken now: consecutive, new, usable. */
static unsigned run_length(const struct decoded_batch *batch, const bool *take, unsigned from)
{
    unsigned to = from + 1;
    const uint32_t report = batch->events[from].report;
    while (to < batch->count && take[to] && report != 0 && batch->events[to].report == report)
        to++;
    return to - from;
}

/* Admission and the fold for events [from, from + count). False: no room, nothing of them was marked. */
static bool take_run(struct intake *intake, const struct message *message, struct sequence_epoch *epoch,
                     unsigned from, unsigned count)
{
    struct decoded_batch *batch = &intake->batch;
    const uint64_t first_seq = batch->first_seq + from;
    enum refusal refused[EVENT_BATCH_MAX];
    const unsigned kept = gateway_admit(intake->config.gateway, message->device, message->t_ms,
                                        &batch->events[from], refused, count);
    if (kept > 0) {
        struct input input = {.t_ms = message->t_ms,
                              .kind = INPUT_REPORT,
                              .report = {.device = message->device,
                                         .epoch = batch->epoch,
                                         .first_seq = batch->events[from].key.seq,
                                         .lane = (uint8_t)message->lane,
                                         .count = (uint8_t)kept,
                                         .events = &batch->events[from]}};
        if (gateway_on_input(intake->config.gateway, &input) != ERR_OK)
            return false;
        intake->stats.events += kept;
    }
    for (unsigned i = 0; i < count; i++) {
        if (refused[i] != REFUSAL_NONE)
            refuse(intake, refused[i], 1);
        sequence_mark(epoch, first_seq + i); /* evaluated or refused: either way it is dealt with */
    }
    return true;
}

/* What each event of the message is to us; false when a routine message must wait for what is missing before
 * it. */
static bool judge(struct intake *intake, const struct message *message, const struct sequence_epoch *epoch,
                  bool *take, bool *owe)
{
    const struct decoded_batch *batch = &intake->batch;
    for (unsigned i = 0; i < batch->count; i++) {
        take[i] = false;
        switch (sequence_judge(epoch, batch->first_seq + i)) {
        case SEQUENCE_NEW: take[i] = true; break;
        case SEQUENCE_ABOVE_GAP:
            take[i] = true;
            /* Behind an event of this same message it is no gap: that one is marked first. */
            if (i == 0 && message->lane == LANE_ROUTINE && !message->force)
                return false;
            break;
        case SEQUENCE_COMMITTED:
            *owe = true;
            refuse(intake, REFUSAL_DUPLICATE, 1);
            break;
        case SEQUENCE_UNCOMMITTED: refuse(intake, REFUSAL_DUPLICATE, 1); break;
        case SEQUENCE_TOO_FAR: refuse(intake, REFUSAL_BAD_SEQ, 1); break;
        }
    }
    return true;
}

/* Takes the device's word about what it will never send again. False: no room for the gap's row, nothing was
 * marked. */
static bool note_gap(struct intake *intake, const struct message *message, struct sequence_epoch *epoch,
                     bool *changed)
{
    const struct sequence_epoch before = *epoch;
    uint64_t from = 0;
    const uint64_t lost = sequence_rebase(epoch, intake->batch.base, &from);
    if (lost > 0 &&
        !gateway_note_gap(intake->config.gateway, &(struct batch_gap){.device = message->device,
                                                                      .epoch = intake->batch.epoch,
                                                                      .lane = (uint8_t)message->lane,
                                                                      .from = from,
                                                                      .to = intake->batch.base,
                                                                      .t_ms = message->t_ms})) {
        *epoch = before;
        return false;
    }
    intake->stats.gaps += lost > 0;
    /* What was taken above the gap is now below the mark: it wants its ack, even if all of this message is
     * known. */
    *changed |= epoch->seen != before.seen || epoch->base != before.base;
    return true;
}

enum taken { TAKEN, NO_ROOM, MUST_WAIT };

/* The events of the message that are to be taken, run by run. */
static enum taken take_events_of(struct intake *intake, const struct message *message,
                                 struct sequence_epoch *epoch, const bool *take, bool *changed)
{
    struct decoded_batch *batch = &intake->batch;
    enum taken taken = TAKEN;
    for (unsigned i = 0; i < batch->count && taken == TAKEN;) {
        if (!take[i] || batch->refused[i] != REFUSAL_NONE) {
            if (take[i]) {
                refuse(intake, batch->refused[i], 1);
                sequence_mark(epoch, batch->first_seq + i);
                *changed = true;
            }
            i++;
            continue;
        }
        unsigned count = run_length(batch, take, i);
        for (unsigned j = i; j < i + count; j++)
            if (batch->refused[j] != REFUSAL_NONE)
                count = j - i; /* a refused event ends the run; i itself is usable */
        if (!take_run(intake, message, epoch, i, count))
            taken = NO_ROOM;
        else
            *changed = true;
        i += count;
    }
    return taken;
}

/* What the message at the door is, as far as it is not known already. */
static struct door_message door_message(const struct intake *intake, const struct message *message,
                                        struct sequence *sequence, bool *ret_below)
{
    const struct decoded_batch *batch = &intake->batch;
    const struct sequence_epoch *epoch = sequence_find(sequence, batch->epoch);
    struct door_message door = {.device = message->device,
                                .epoch = batch->epoch,
                                .lane = (uint8_t)message->lane,
                                .t_ms = message->t_ms};
    for (unsigned i = 0; i < batch->count; i++) {
        const enum sequence_verdict verdict =
            epoch != NULL ? sequence_judge(epoch, batch->first_seq + i) : SEQUENCE_NEW;
        door.events += verdict != SEQUENCE_COMMITTED && verdict != SEQUENCE_UNCOMMITTED;
        door.emergency |=
            batch->refused[i] == REFUSAL_NONE && event_is_emergency((enum event_kind)batch->events[i].kind);
    }
    *ret_below = door.events == 0 && batch->base < epoch->base;
    if (door.events == 0)
        door.events = 1;
    return door;
}

static enum taken take_batch(struct intake *intake, const struct message *message);

/* Past the door: within the device's budget, or a cry for help. */
static enum taken take_at_door(struct intake *intake, const struct message *message)
{
    struct doorkeeper *keeper = intake->config.doorkeeper;
    bool below;
    const struct door_message door = door_message(
        intake, message, seats_sequence(intake->config.seats, message->device, message->lane), &below);
    if (below && !message->duplicate &&
        !doorkeeper_note(keeper, intake->config.gateway, &door, CONDUCT_REPLAY))
        return NO_ROOM;
    switch (doorkeeper_ask(keeper, intake->config.gateway, &door)) {
    case DOOR_NO_ROOM: return NO_ROOM;
    case DOOR_SHUT: refuse(intake, REFUSAL_OVERLOAD, intake->batch.count); return TAKEN;
    case DOOR_OPEN: break;
    }
    const enum taken taken = take_batch(intake, message);
    if (taken == NO_ROOM)
        doorkeeper_give_back(keeper, &door);
    return taken;
}

/* The decoded message in intake->batch, whole. */
static enum taken take_batch(struct intake *intake, const struct message *message)
{
    struct decoded_batch *batch = &intake->batch;
    struct sequence *sequence = seats_sequence(intake->config.seats, message->device, message->lane);
    struct sequence_epoch *epoch = sequence_open(sequence, batch->epoch, batch->base, message->t_ms);
    bool take[EVENT_BATCH_MAX] = {false}, owe = false, changed = false;
    enum taken taken;
    if (!note_gap(intake, message, epoch, &changed))
        return NO_ROOM;
    if (!judge(intake, message, epoch, take, &owe))
        taken = MUST_WAIT;
    else
        taken = take_events_of(intake, message, epoch, take, &changed);
    if (changed)
        seats_changed(intake->config.seats, message->device, message->lane, batch->epoch);
    if (owe)
        seats_owe_ack(intake->config.seats, message->device, message->lane, batch->epoch);
    return taken;
}

/* ---- waiting for a gap ---- */

static void hold(struct intake *intake, const struct message *message, const void *payload, size_t len)
{
    struct held *held = NULL;
    if (intake->stats.held < HELD_MAX && intake->held_bytes + len <= HELD_BYTES_MAX)
        held = malloc(sizeof(*held) + len);
    if (held == NULL) {
        refuse(intake, REFUSAL_HELD_FULL, 1);
        return;
    }
    *held = (struct held){.until_mono_ms = message->now.mono_ms + intake->config.gap_wait_ms,
                          .device = message->device,
                          .len = len};
    memcpy(held->payload, payload, len);
    *intake->held_end = held;
    intake->held_end = &held->next;
    intake->held_bytes += len;
    intake->stats.held++;
}

static void drop_held(struct intake *intake, struct held **link)
{
    struct held *held = *link;
    *link = held->next;
    if (held->next == NULL)
        intake->held_end = link;
    intake->held_bytes -= held->len;
    intake->stats.held--;
    free(held);
}

/* Tries one held message once more; it is dropped when it was taken. */
static enum taken retry(struct intake *intake, struct held **link, int64_t t_ms, struct now now)
{
    const struct held *held = *link;
    const struct message message = {.device = held->device,
                                    .lane = LANE_ROUTINE,
                                    .t_ms = t_ms,
                                    .now = now,
                                    .force = held->until_mono_ms <= now.mono_ms};
    enum taken taken = TAKEN;
    if (decode_batch(intake->decoder, LANE_ROUTINE, held->payload, held->len, &intake->batch) == REFUSAL_NONE)
        taken = take_batch(intake, &message);
    if (taken == TAKEN)
        drop_held(intake, link);
    return taken;
}

/* What a device's message, just taken, has closed the gap for: in order of arrival, and anew after each, as
 * it may have closed the gap of one that came before it. False: no room. */
static bool retry_device(struct intake *intake, uint32_t device, int64_t t_ms, struct now now)
{
    struct held **link = &intake->held;
    while (*link != NULL) {
        const enum taken taken = (*link)->device == device ? retry(intake, link, t_ms, now) : MUST_WAIT;
        if (taken == NO_ROOM)
            return false;
        link = taken == TAKEN ? &intake->held : &(*link)->next;
    }
    return true;
}

bool intake_release(struct intake *intake, int64_t t_ms, struct now now)
{
    struct held **link = &intake->held;
    while (*link != NULL) {
        const uint32_t device = (*link)->device;
        const enum taken taken =
            (*link)->until_mono_ms <= now.mono_ms ? retry(intake, link, t_ms, now) : MUST_WAIT;
        if (taken == NO_ROOM || (taken == TAKEN && !retry_device(intake, device, t_ms, now)))
            return false;
        link = taken == TAKEN ? &intake->held : &(*link)->next;
    }
    return true;
}

int64_t intake_next(const struct intake *intake)
{
    int64_t next = INT64_MAX;
    for (const struct held *held = intake->held; held != NULL; held = held->next)
        if (held->until_mono_ms < next)
            next = held->until_mono_ms;
    return next;
}

/* ---- messages ---- */

static bool take_events(struct intake *intake, const struct message *message, const void *payload, size_t len)
{
    struct decoded_batch *batch = &intake->batch;
    const enum refusal refusal = decode_batch(intake->decoder, message->lane, payload, len, batch);
    if (refusal != REFUSAL_NONE) {
        refuse(intake, refusal, 1);
        if (log_allow(&intake->refused_limit, "ingest.refused", 20, message->now.mono_ms))
            log_write(LOG_WARN, "ingest.refused",
                      "a message could not be used\treason=%s\tbytes=%zu\tdevice=%s", refusal_name(refusal),
                      len, registry_device(gateway_registry(intake->config.gateway), message->device)->id);
        return true;
    }
    intake->stats.unknown_enums += batch->unknown_enums;
    intake->stats.unknown_fields += batch->unknown_fields;
    switch (take_at_door(intake, message)) {
    case TAKEN: break;
    case NO_ROOM: return false;
    case MUST_WAIT: hold(intake, message, payload, len); return true;
    }
    if (message->lane == LANE_ROUTINE && intake->stats.held > 0)
        return retry_device(intake, message->device, message->t_ms, message->now);
    return true;
}

static bool take_link(struct intake *intake, const struct message *message, const void *payload, size_t len)
{
    struct link_message link;
    if (decode_link(intake->decoder, payload, len, &link) != ERR_OK) {
        refuse(intake, REFUSAL_UNPARSABLE, 1);
        return true;
    }
    const struct live *live = gateway_live(intake->config.gateway);
    if (live_link_is_news(live, message->device, link.born, link.ordinal)) {
        struct input input = {.t_ms = message->t_ms,
                              .kind = INPUT_LINK,
                              .link = {.device = message->device, .ordinal = link.ordinal, .up = link.born}};
        if (gateway_on_input(intake->config.gateway, &input) != ERR_OK)
            return false;
    }
    /* The late will of a session before the present one says nothing about it. */
    if (link.ordinal < live_device(live, message->device)->link_ordinal)
        return true;
    if (link.born)
        intake->config.on_heard(intake->config.self, message->device, message->now);
    else
        intake->config.on_gone(intake->config.self, message->device, message->now);
    return true;
}

static bool take_clock(struct intake *intake, const void *payload, size_t len, struct now now)
{
    int64_t time_ms;
    if (intake->config.on_clock == NULL || decode_clock(intake->decoder, payload, len, &time_ms) != ERR_OK)
        refuse(intake, REFUSAL_WRONG_TOPIC, 1);
    else
        intake->config.on_clock(intake->config.self, time_ms, now);
    return true;
}

bool intake_take(struct intake *intake, const struct link_record *record, size_t len, int64_t t_ms,
                 struct now now)
{
    const char *name = (const char *)(record + 1);
    const void *payload = name + record->topic_len;
    struct topic topic;
    (void)len;
    intake->stats.messages++;
    if (topic_parse(name, record->topic_len, &topic) != ERR_OK) {
        refuse(intake, REFUSAL_WRONG_TOPIC, 1);
        return true;
    }
    if (topic.kind != TOPIC_BEAT && strcmp(topic.county, intake->config.county) != 0) {
        refuse(intake, REFUSAL_WRONG_COUNTY, 1);
        if (topic.device[0] != '\0')
            quarantine_note(intake->config.quarantine, topic.device, QUARANTINE_COUNTY, now);
        return true;
    }
    if (topic.kind == TOPIC_CLOCK)
        return take_clock(intake, payload, record->payload_len, now);
    const bool events = topic.kind == TOPIC_URGENT || topic.kind == TOPIC_ROUTINE;
    if (!events && topic.kind != TOPIC_LINK) {
        refuse(intake, REFUSAL_WRONG_TOPIC, 1);
        return true;
    }
    if (events && record->retained) {
        refuse(intake, REFUSAL_RETAINED, 1);
        return true;
    }
    const struct message message = {
        .device = registry_find(gateway_registry(intake->config.gateway), REGISTRY_DEVICE, topic.device),
        .lane = topic.kind == TOPIC_ROUTINE ? LANE_ROUTINE : LANE_URGENT,
        .t_ms = t_ms,
        .now = now,
        .duplicate = record->duplicate != 0};
    if (message.device == REGISTRY_NONE) {
        /* It gets no answer: it keeps its events until somebody adopts it. */
        refuse(intake, REFUSAL_UNKNOWN_DEVICE, 1);
        quarantine_note(intake->config.quarantine, topic.device,
                        registry_had_device(gateway_registry(intake->config.gateway), topic.device)
                            ? QUARANTINE_INACTIVE
                            : QUARANTINE_UNKNOWN,
                        now);
        return true;
    }
    if (topic.kind == TOPIC_LINK)
        return take_link(intake, &message, payload, record->payload_len);
    if (!take_events(intake, &message, payload, record->payload_len))
        return false;
    intake->config.on_heard(intake->config.self, message.device, now);
    return true;
}

void intake_stats(const struct intake *intake, struct intake_stats *ret_stats)
{
    *ret_stats = intake->stats;
    ret_stats->quarantined = intake->config.quarantine->count;
}
