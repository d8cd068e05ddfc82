/* Rosters: who is on duty when, by layers that take turns, and what people changed about it. The plans are of
 * the configuration (`rosters:`), the changes are inputs of the fold (roster_act.c keeps them); the question
 * "who is on at t" is pure, and so exact: a turn begins at the handover's local time, whatever the clocks do
 * that night. Not for rosters.csv of the registry, which names single spans for a role and territory.
 *
 * Of the layers the last one that has somebody at that moment decides. Changes apply on top, in the order in
 * which they were given. People are ids of responders; one whom the registry does not have is never on. Any
 * thread. */
#ifndef HUYANG_ALERT_ROSTER_H
#define HUYANG_ALERT_ROSTER_H

#include "core/clock.h"
#include "core/hash.h"
#include "core/text.h"
#include "registry/registry.h"

enum {
    ROSTERS_MAX = 32,
    ROSTER_LAYERS_MAX = 4,
    ROSTER_MEMBERS_MAX = 24,
    ROSTER_ON_MAX = 8, /* people on duty at once */
    ROSTER_CHANGES_MAX = 512,
    ROSTER_HOURS_MAX = 8784, /* of one turn */
    ROSTER_WEEKDAYS_SIZE = 48
};
#define ROSTER_AHEAD_MAX_MS (INT64_C(366) * 86400000) /* how far ahead a change may reach */

#define ROSTER_ROTATION_MAP(X)                                                                               \
    X(DAILY, daily)                                                                                          \
    X(WEEKLY, weekly)                                                                                        \
    X(CUSTOM, custom)
enum roster_rotation {
#define X(name, text) ROSTER_##name,
    ROSTER_ROTATION_MAP(X)
#undef X
        ROSTER_ROTATION_COUNT
};
const char *roster_rotation_name(enum roster_rotation rotation);

struct roster_layer {
    char name[ID_SIZE];
    char start[11];                      /* local date on which the first member's turn begins */
    char weekdays[ROSTER_WEEKDAYS_SIZE]; /* "mon-fri", as calendars write them; "" = every day */
    uint8_t rotation;                    /* enum roster_rotation */
    uint8_t at_once;                     /* 0 = 1; so many members are on together, 1..ROSTER_ON_MAX */
    uint8_t member_count;                /* 1..ROSTER_MEMBERS_MAX */
    uint16_t hours;                  /* custom: length of a turn on the local clock, 1..ROSTER_HOURS_MAX */
    uint16_t handover_minute;        /* of the local day */
    uint16_t from_minute, to_minute; /* only in [from, to) of the local day, over midnight when to <=
                                        from; equal = all day. The weekday is the one it begins on. */
    char members[ROSTER_MEMBERS_MAX][ID_SIZE]; /* in order of their turns */
};
struct roster_plan {
    char name[ID_SIZE];
    char territory[16];        /* its code: where the role's people answer in a gap; "" = the alert's own */
    uint8_t role;              /* enum role: as whom they are told, and who answers in a gap */
    uint8_t gaps_meant;        /* hours without anybody are meant, and no fault */
    uint8_t handover_required; /* a turn that nobody signed for leaves the outgoing shift on call */
    uint8_t layer_count;
    struct roster_layer layers[ROSTER_LAYERS_MAX];
};

/* What a person changed: somebody stands in, for whoever is on or for one person. A swap is two of them. */
struct roster_change {
    struct hash_id id; /* all zero = none */
    int64_t t_ms, from_ms, until_ms, removed_ms;
    uint32_t order; /* in which they were given; those of one swap have the same */
    char roster[ID_SIZE], person[ID_SIZE];
    char instead[ID_SIZE]; /* "" = whoever is on */
    char by[ID_SIZE], removed_by[ID_SIZE], why[256];
};
/* What "who is on" looks at. Borrowed. */
struct roster_view {
    const struct tz *tz;
    const struct roster_change *changes; /* of any roster, in any order; ended ones do not matter */
    size_t change_count;
    const struct registry *registry; /* who exists; NULL = everybody is taken to */
};

const struct roster_plan *roster_find(const struct roster_plan *plans, size_t count, const char *name);
/* Who is on duty at t_ms; the ids point into the plan and the changes. Returns how many, 0 = nobody. */
size_t roster_on(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms,
                 const char *people[ROSTER_ON_MAX]);
/* The first moment after t_ms at which that may differ; INT64_MAX = never. */
int64_t roster_next_ms(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms);
/* The first moment after t_ms at which it does differ, looked for up to until_ms; INT64_MAX = none. */
int64_t roster_turn_ms(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms,
                       int64_t until_ms);
/* The first stretch in [from_ms, until_ms) with nobody on; false = there is none. Its end is cut at until_ms.
 */
bool roster_gap(const struct roster_view *view, const struct roster_plan *plan, int64_t from_ms,
                int64_t until_ms, int64_t *ret_from_ms, int64_t *ret_until_ms);

/* What is wrong with a plan in itself; *ret_layer = of which layer, -1 = of the plan. NULL = nothing. */
const char *roster_fault(const struct roster_plan *plan, int *ret_layer);
bool roster_is_date(const char *text);
bool roster_is_weekdays(const char *text);

#endif
