/* Inside the runner: what detect.c (who is called when) and detect_state.c (where the states stand) share.
 * Core loop only. */
#ifndef HUYANG_DETECT_DETECT_INNER_H
#define HUYANG_DETECT_DETECT_INNER_H

#include "detect/detect.h"

enum {
    DEADLINE_BYTES = 8, /* in front of a state in a snapshot */
    DETECTORS_MAX = 64, /* bits of heard_by */
    OF_A_KIND_MAX = 32, /* detectors of one kind of owner: bits of asleep */
    SUBJECT_KINDS = SUBJECT_DEVICE + 1,
    HEARD_MAX = 64 /* findings of one event or timer that wait for the detectors that hear them */
};

struct state_table {
    uint32_t count; /* owners there is room for */
    uint32_t dirty_count;
    unsigned char *states;    /* count * detector->state_size */
    struct timer_slot *slots; /* count; NULL when the detector has no timer */
    uint32_t *places;         /* of a sparse one: 1 + the owner's place in states, 0 = zero; else NULL */
    uint32_t places_used, free_place; /* places taken at any time; 1 + the head of the list of free ones */
    uint8_t *dirty;                   /* count flags */
    uint32_t *dirty_list;             /* room for count */
};

struct detect {
    struct detect_config config;
    struct settings_choice choice;
    struct state_table *tables; /* one for each detector */
    unsigned table_count;
    /* For each kind of owner and each owner the set of detectors that need not be called, so that an event
     * costs one look for all of them. A detector's bit is its place among those of its kind. */
    uint32_t *asleep[SUBJECT_KINDS];
    uint32_t asleep_count[SUBJECT_KINDS];
    unsigned char *before;        /* room for the largest state */
    unsigned char *fresh, *zeros; /* likewise: a sparse state that has no place yet; one that never will */
    unsigned char *image;         /* room for the largest snapshot value */
    uint32_t asleep_bit[DETECTORS_MAX];
    uint64_t heard_by[DETECTORS_MAX]; /* for each detector the set of those that hear its findings */
    struct finding heard[HEARD_MAX];
    unsigned heard_count;
    bool drill;   /* the event that is looked at is the drill of a test window */
    bool starved; /* a timer did not fit into the heap: it is put in at the next chance */
};

/* What a detector's calls back into the runner need. */
struct detect_run {
    struct detect *detect;
    unsigned detector;
};

/* After a state changed: does its owner sleep now? */
void asleep_note(struct detect *detect, unsigned index, uint32_t no);
/* Room in `asleep` for `count` owners of a kind, the new ones as zero states are. */
MUST_CHECK enum err asleep_grow(struct detect *detect, enum subject_kind kind, uint32_t count);
/* Frees what it holds and zeroes it. */
void states_release(struct state_table *table);
/* A larger copy of `old`, for the states of `detector`; `old` stays as it is. */
MUST_CHECK enum err states_grown(const struct state_table *old, uint32_t count,
                                 const struct detector *detector, struct state_table *ret_table);
/* A state as it stands; of a sparse one without a place the zeros, which nobody may write to. */
unsigned char *state_at(const struct detect *detect, unsigned detector, uint32_t no);
/* Stores what became of a sparse state: takes a place for it when it has none, or gives its place back. */
void state_settle(struct detect *detect, unsigned detector, uint32_t no, unsigned char *state);
void state_mark_dirty(struct state_table *table, uint32_t no);
/* Arms the timer of an owner; what finds no room in the heap is put in by the next timer_feed_starved. */
void timer_arm(struct detect *detect, unsigned detector, struct subject owner, int64_t deadline_ms);
void timer_feed_starved(struct detect *detect);

#endif
