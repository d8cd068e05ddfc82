/* What a detector is: state + event -> findings. One file per detector exports one const struct detector; one
 * line in detectors.c adds it; one test proves it.
 *
 * A detector is pure: time, registry, live state and settings are arguments, its own state is a pointer-free
 * struct that the runner allocates zeroed, stores and restores. It may keep one timer. It must give the same
 * findings for the same inputs on every machine: no clock, no randomness, no pointer order. Everything runs
 * on the core loop. Times are wall milliseconds of the input log (contracts.md 1). */
#ifndef HUYANG_DETECT_DETECTOR_H
#define HUYANG_DETECT_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/clock.h"
#include "ingest/conduct.h"
#include "registry/live.h"
#include "registry/registry.h"

#define FAMILY_MAP(X)                                                                                        \
    X(EMERGENCY, emergency)                                                                                  \
    X(HEALTH, health)                                                                                        \
    X(VISITOR, visitor)                                                                                      \
    X(OUTING, outing)                                                                                        \
    X(FRAUD, fraud)                                                                                          \
    X(COVERAGE, coverage)                                                                                    \
    X(FLEET, fleet)
enum family {
#define X(name, text) FAMILY_##name,
    FAMILY_MAP(X)
#undef X
        FAMILY_COUNT
};
const char *family_name(enum family family);
enum family family_from_name(const char *name); /* FAMILY_COUNT when unknown */

/* green: record and digest · yellow: look today · orange: respond now · red: life or crime in progress. */
#define LEVEL_MAP(X)                                                                                         \
    X(GREEN, green)                                                                                          \
    X(YELLOW, yellow)                                                                                        \
    X(ORANGE, orange)                                                                                        \
    X(RED, red)
enum level {
#define X(name, text) LEVEL_##name,
    LEVEL_MAP(X)
#undef X
        LEVEL_COUNT
};
const char *level_name(enum level level);
enum level level_from_name(const char *name); /* LEVEL_COUNT when unknown */

/* Thresholds; filled by the configuration, defaults by detect_settings_default(). */
struct detect_settings {
    uint32_t fall_cancel_s;           /* 30; 5..300: a fall is held so long before it turns red */
    uint32_t zone_exit_confirm_fixes; /* 2; 1..5: consecutive fixes outside */
    uint32_t zone_exit_confirm_s;     /* 0; 0..3600: and at least so long outside */
    uint32_t visit_gap_s;             /* 300; 30..3600: a visit seen again within this is the same session */
    uint32_t visit_indoors_yellow_s;  /* 600; 60..7200: unknown indoors so long turns yellow */
    uint32_t flat_percent;            /* 15; 1..50 */
    uint32_t round_hour;              /* 9; 0..23, local: when somebody comes by who can charge a band */
    uint32_t flat_urgent_percent;     /* 5; 1..50 */
    uint32_t silent_s;                /* 600; 60..86400: a device unheard for so long is silent, or for 2.5 of
                                         its report intervals when that is longer */
    uint32_t unworn_s;                /* 3600; 600..86400: a wristband taken off so long is told */
    uint32_t no_motion_s;             /* 14400; 3600..43200: waking time without any sign of movement */
    uint32_t unusual_outing_days;     /* 50; 10..100: at most one day in so many is told as off the routine */
    uint32_t link_visitors_ppm; /* 0; 0..1000: wrong matches of a camera in a million pairs of strangers; 0 =
                                   nobody's id is compared across homes (canvassing-linked) */
};
struct detect_settings detect_settings_default(void);

enum { FINDING_EVIDENCE_MAX = 4, FINDING_NUMBERS = 4 };
enum finding_flag {
    FINDING_CLEARS = 1 << 0,    /* the condition of this detector has ended; level says what it had been */
    FINDING_EMERGENCY = 1 << 1, /* a fresh sos, fall or suspicion: later than the silent minute it
                                   un-acknowledges and notifies again */
    FINDING_FUSED = 1 << 2,     /* opens fraud and absorbs the subject's visitor and outing alerts */
    FINDING_LOWERS = 1 << 3,    /* this detector's share of the level falls to `level` (a cancelled SOS) */
    FINDING_LATE = 1 << 4,      /* its evidence arrived late */
    FINDING_RECORD = 1 << 5,    /* below the threshold: kept and shown, opens no alert */
    FINDING_HELD = 1 << 6,      /* green instead of yellow, for the shared budget; set by the fold */
    FINDING_DRILL = 1 << 7,     /* its press was the drill of a test window; set by the runner */
};

struct finding {
    int64_t t_ms;  /* when it was found (fold time) */
    int64_t at_ms; /* when it happened */
    struct subject subject;
    uint32_t resident;               /* whom it concerns, or REGISTRY_NONE */
    uint32_t household;              /* where to go, or REGISTRY_NONE */
    uint32_t zone;                   /* or REGISTRY_NONE */
    double score;                    /* 0..1 */
    double numbers[FINDING_NUMBERS]; /* what the reason's sentence shows */
    struct geo_point where;
    struct event_key evidence[FINDING_EVIDENCE_MAX]; /* [0] = the first event of the episode: the alert id
                                                        derives from it */
    uint8_t has_where, evidence_count;
    uint8_t detector; /* index in detectors[] */
    uint8_t family, level, reason, flags;
    uint8_t rarity; /* of a yellow one, in decibel (detect/budget.h); 0 = does not say, never held */
};

/* A reason: a stable code and one sentence in two languages. Placeholders: {0}..{3} the numbers as integers,
 * {0.1} with one decimal, {0m} as whole minutes (the number is seconds), {0t} as local clock time HH:MM (the
 * number is wall seconds), {zone} the zone's id, {announced} what number 3 as enum announced means. */
struct reason {
    const char *code, *en, *zh;
};

struct detect_context {
    int64_t t_ms; /* now; for a timer: its deadline */
    const struct registry *registry;
    const struct live *live;
    const struct detect_settings *settings;
    const struct tz *tz;
    struct subject owner; /* whose state this is: of the detector's state_of kind */
    uint32_t resident;    /* the device's or owner's resident, or REGISTRY_NONE */
    uint32_t household;   /* likewise */
    struct detect_run *run;
};

/* What people found when they closed an alert. */
enum lesson { LESSON_NONE, LESSON_TRUE, LESSON_FALSE, LESSON_EXPECTED };
struct closing {
    int64_t opened_ms; /* of the alert */
    struct subject subject;
    uint32_t resident, household; /* or REGISTRY_NONE */
    uint8_t family, lesson;       /* enum family, enum lesson */
    bool reached;                 /* the last call spoke to the resident or the family */
};

struct detector {
    const char *name; /* "unknown-visitor": stable, in alerts and configuration */
    enum family family;
    /* Whose state: SUBJECT_RESIDENT gets the events of the resident's own wristband, SUBJECT_HOUSEHOLD those
     * of all devices of the home, SUBJECT_DEVICE each device's, SUBJECT_TERRITORY those of all homes of the
     * nearest territory of kind `territory` above them (of the county, where there is none). */
    enum subject_kind state_of;
    enum territory_kind territory;
    /* A resident's state also gets the events of the home's cameras, where nobody else lives
     * (live_person_of). */
    bool by_camera;
    uint32_t kinds; /* EVENT_BIT set of the kinds it wants to see */
    const struct reason *reasons;
    unsigned reason_count;
    uint16_t state_version; /* bump when the struct changes, and teach migrate */
    uint32_t state_size;    /* bytes */
    /* What few owners have at a time: a state of nothing but zeros takes no memory. Needs 4 bytes at least.
     */
    bool sparse;
    /* Most owners sleep: nothing is going on that this detector would have to follow. An event is then worth
     * the look at the state only when `wakes` says so; skipping it must change nothing. Asleep is a state for
     * which is_asleep holds; where that is NULL, a sparse one that is zero. wakes NULL = no event does. */
    bool (*is_asleep)(const void *state);
    bool (*wakes)(const struct detect_context *context, const struct event *event);
    /* One event, in order. Live state is already updated with it. */
    void (*on_event)(const struct detect_context *context, void *state, const struct event *event);
    /* The timer armed by detect_arm. NULL when the detector has none. */
    void (*on_timer)(const struct detect_context *context, void *state);
    /* Findings of the detectors named in `hears` (NULL-terminated; NULL = none), each to the owner it
     * concerns, after the detector that made it has returned. */
    const struct detector *const *hears;
    void (*on_finding)(const struct detect_context *context, void *state, const struct finding *finding);
    /* An alert about the owner, or about a resident of the owner's home, was closed. NULL = does not learn
     * from it. */
    void (*on_closing)(const struct detect_context *context, void *state, const struct closing *closing);
    /* What intake noticed about the owner, a device. NULL = does not listen. */
    void (*on_conduct)(const struct detect_context *context, void *state, const struct conduct *conduct);
    /* Reads a state written by an older version into the zeroed `state`. ERR_UNSUPPORTED = start afresh
     * (logged). NULL = only the present version. */
    enum err (*migrate)(uint16_t version, const void *value, size_t len, void *state);
};

/* For use inside on_event/on_timer. Fills detector, family, t_ms, and resident/household/subject from the
 * context where they are left 0-initialised (subject.kind SUBJECT_NONE) by detect_finding(). */
struct finding detect_finding(const struct detect_context *context, unsigned reason, enum level level,
                              double score);
/* Appends the event (once) to the evidence; at_ms becomes the event's, FINDING_LATE follows its flag. Full:
 * the first stays, the last gives way. */
void detect_add_evidence(struct finding *finding, const struct event *event);
/* Appends a remembered event by its key; a zeroed key is ignored. Call it first for the event that began the
 * episode. */
void detect_add_key(struct finding *finding, const struct event_key *key);
/* Copies field by field, so that padding in a zeroed state stays zero and snapshots are the same bytes
 * everywhere. */
void detect_key_set(struct event_key *to, const struct event_key *from);
/* True when both come from one outbox of one device and `a` was written before `b`. */
bool detect_key_before(const struct event_key *a, const struct event_key *b);
void detect_emit(const struct detect_context *context, const struct finding *finding);
/* The territory a SUBJECT_TERRITORY detector keeps that home's state under, or REGISTRY_NONE. */
uint32_t detect_territory(const struct detect_context *context, const struct detector *detector,
                          uint32_t household);
/* Another detector's state for owner `no` of its kind, read only, as it stands now; never NULL for a number
 * of the registry. */
const void *detect_peek(const struct detect_context *context, const struct detector *other, uint32_t no);
/* The one person who lives in the context's home (moved and deceased ones aside), or REGISTRY_NONE: what a
 * camera there says of "the resident" is about them, and in a shared home about nobody in particular
 * (practice.md 3). */
uint32_t detect_only_resident(const struct detect_context *context);
/* For `wakes`: is the event of a wristband whose wearer is not known to be at home? */
bool detect_is_out(const struct detect_context *context, const struct event *event);
/* Arms (or moves) the owner's one timer; TIMER_OFF (0) disarms. */
void detect_arm(const struct detect_context *context, int64_t deadline_ms);

/* Reasons of the detector "upkeep", whose findings the alert stage makes itself. */
enum upkeep_reason { UPKEEP_TO_COLLECT, UPKEEP_COLLECTED, UPKEEP_HELD_BACK, UPKEEP_TOLD };

/* The table: NULL-terminated. The order is stable (numbers are stored by name, not by index). */
extern const struct detector *const detectors[];
unsigned detector_count(void);
/* Index, or detector_count() when there is none of that name. */
unsigned detector_find(const char *name);

/* The finding's sentence, "en" or "zh". */
void finding_sentence(const struct finding *finding, const struct registry *registry, const struct tz *tz,
                      bool zh, struct buf *out);
const char *finding_code(const struct finding *finding);

#endif
