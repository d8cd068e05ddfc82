/* The bucket is one number: the moment at which it would be full again. An event moves it on by its share of
 * a minute, and it may lie at most a burst ahead of now. */
#include "ingest/conduct.h"

#include <string.h>

const char *conduct_name(enum conduct_kind kind)
{
    static const char *const names[] = {[CONDUCT_NONE] = "none",
#define X(name, text) [CONDUCT_##name] = #text,
                                        CONDUCT_MAP(X)
#undef X
    };
    return (unsigned)kind < CONDUCT_COUNT ? names[kind] : "none";
}

enum conduct_kind conduct_from_name(const char *name)
{
    unsigned kind = CONDUCT_NONE + 1;
    while (kind < CONDUCT_COUNT && strcmp(conduct_name((enum conduct_kind)kind), name) != 0)
        kind++;
    return kind < CONDUCT_COUNT ? (enum conduct_kind)kind : CONDUCT_NONE;
}

static int64_t cost_ms(const struct conduct_settings *settings, uint32_t events)
{
    return (int64_t)events * 60000 / settings->per_minute;
}

bool conduct_spend(struct conduct_meter *meter, const struct conduct_settings *settings, int64_t t_ms,
                   uint32_t events)
{
    int64_t full_ms = meter->full_ms > t_ms ? meter->full_ms : t_ms;
    full_ms += cost_ms(settings, events);
    if (full_ms - t_ms > cost_ms(settings, settings->burst))
        return false;
    meter->full_ms = full_ms;
    return true;
}

void conduct_give_back(struct conduct_meter *meter, const struct conduct_settings *settings, uint32_t events)
{
    meter->full_ms -= cost_ms(settings, events);
}

bool conduct_note(struct conduct_meter *meter, enum conduct_kind kind, uint32_t count, int64_t t_ms)
{
    /* A few repeats now and an hour later are no pattern. */
    const bool stale = kind == CONDUCT_REPLAY && meter->count[kind] < CONDUCT_REPLAYS &&
                       t_ms - meter->since_ms[kind] > CONDUCT_AGAIN_MS;
    if (meter->count[kind] == 0 || stale) {
        meter->since_ms[kind] = t_ms;
        meter->count[kind] = 0;
    }
    meter->count[kind] = count < UINT32_MAX - meter->count[kind] ? meter->count[kind] + count : UINT32_MAX;
    const bool enough = kind != CONDUCT_REPLAY || meter->count[kind] >= CONDUCT_REPLAYS;
    return enough && (meter->told_ms[kind] == 0 || t_ms - meter->told_ms[kind] >= CONDUCT_AGAIN_MS);
}

void conduct_told(struct conduct_meter *meter, enum conduct_kind kind, int64_t t_ms)
{
    meter->told_ms[kind] = t_ms;
    meter->count[kind] = 0;
}
