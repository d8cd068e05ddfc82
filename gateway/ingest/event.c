#include "ingest/event.h"

#include <string.h>

/* A device's clock is believed this far back and ahead of arrival (contracts.md 1). */
static const int64_t at_oldest_ms = INT64_C(7) * 24 * 3600 * 1000;
static const int64_t at_newest_ms = INT64_C(2) * 60 * 1000;

static const char *const kind_names[EVENT_KIND_COUNT] = {[EVENT_NONE] = "none",
#define X(name, text) [EVENT_##name] = #text,
                                                         EVENT_KIND_MAP(X)
#undef X
};

static const char *const lane_names[LANE_COUNT] = {[LANE_NONE] = "none",
#define X(prefix, name, text) [prefix##_##name] = #text,
                                                   LANE_MAP(X)
#undef X
};

#define UP_TO(member) (offsetof(struct event, member) + sizeof(((struct event *)0)->member))

static const size_t kind_sizes[EVENT_KIND_COUNT] = {
    [EVENT_NONE] = offsetof(struct event, heartbeat),
    [EVENT_HEARTBEAT] = UP_TO(heartbeat),
    [EVENT_FIX] = UP_TO(fix),
    [EVENT_PRESENCE] = UP_TO(presence),
    [EVENT_VITALS] = UP_TO(vitals),
    [EVENT_ACTIVITY] = UP_TO(activity),
    [EVENT_SOS] = UP_TO(sos),
    [EVENT_FALL] = UP_TO(fall),
    [EVENT_CHECK_IN] = offsetof(struct event, heartbeat),
    [EVENT_SUSPICION] = offsetof(struct event, heartbeat),
    [EVENT_PAUSE] = UP_TO(pause),
    [EVENT_TAMPER] = UP_TO(tamper),
    [EVENT_VISIT] = UP_TO(visit),
    [EVENT_DEPARTURE] = UP_TO(departure),
    [EVENT_COMMAND_STATUS] = UP_TO(command_status),
    [EVENT_DEVICE_FAULT] = UP_TO(device_fault),
};

const char *event_kind_name(enum event_kind kind)
{
    return (unsigned)kind < EVENT_KIND_COUNT ? kind_names[kind] : "none";
}

enum event_kind event_kind_from_name(const char *name)
{
    for (unsigned kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
        if (strcmp(kind_names[kind], name) == 0)
            return (enum event_kind)kind;
    return EVENT_NONE;
}

const char *lane_name(enum lane lane)
{
    return (unsigned)lane < LANE_COUNT ? lane_names[lane] : "none";
}

size_t event_size(enum event_kind kind)
{
    return (unsigned)kind < EVENT_KIND_COUNT ? kind_sizes[kind] : sizeof(struct event);
}

void event_clear(struct event *event, enum event_kind kind)
{
    memset(event, 0, event_size(kind));
    event->kind = (uint8_t)kind;
}

enum lane event_lane(enum event_kind kind)
{
    switch (kind) {
    case EVENT_SOS:
    case EVENT_FALL:
    case EVENT_SUSPICION:
    case EVENT_CHECK_IN:
    case EVENT_TAMPER:
    case EVENT_VISIT:
    case EVENT_DEPARTURE: return LANE_URGENT;
    default: return LANE_ROUTINE;
    }
}

bool event_is_emergency(enum event_kind kind)
{
    return kind == EVENT_SOS || kind == EVENT_FALL || kind == EVENT_SUSPICION;
}

void event_set_time(struct event *event, int64_t device_ms, int64_t arrival_ms, int64_t lateness_ms)
{
    unsigned flags = event->flags & ~(unsigned)(EVENT_LATE | EVENT_AT_BAD | EVENT_NO_TIME);

    event->at_ms = arrival_ms;
    if (device_ms == 0)
        flags |= EVENT_NO_TIME;
    else if (device_ms < arrival_ms - at_oldest_ms || device_ms > arrival_ms + at_newest_ms)
        flags |= EVENT_AT_BAD;
    else
        event->at_ms = device_ms;
    if (event->at_ms < arrival_ms - lateness_ms)
        flags |= EVENT_LATE;
    event->flags = (uint8_t)flags;
}

bool event_key_equal(const struct event_key *a, const struct event_key *b)
{
    return a->device == b->device && a->epoch == b->epoch && a->seq == b->seq && a->lane == b->lane;
}
