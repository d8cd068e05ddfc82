/* How a device behaves at the door: what intake alone can see, because it never enters the fold as an event.
 *
 * A device has a budget of events (a leaky bucket in the fold's time), and what it repeats is counted. Both
 * are told to the fold as an input of their own, so that replay and the restart know what the live gateway
 * knew; what is told again too soon is not told. Emergencies are charged and never held back. Pure: no clock,
 * no I/O, pointer-free values; owned by the core loop. */
#ifndef HUYANG_INGEST_CONDUCT_H
#define HUYANG_INGEST_CONDUCT_H

#include <stdbool.h>
#include <stdint.h>

/* Numbers are stored: new ones go to the end. */
#define CONDUCT_MAP(X)                                                                                       \
    X(FLOOD, flood)   /* more new events than its budget: the rest is not taken until it has some again */   \
    X(REPLAY, replay) /* messages from below what it said itself it no longer holds */
enum conduct_kind {
    CONDUCT_NONE,
#define X(name, text) CONDUCT_##name,
    CONDUCT_MAP(X)
#undef X
        CONDUCT_COUNT
};
const char *conduct_name(enum conduct_kind kind);      /* "flood"; "none" outside the enum */
enum conduct_kind conduct_from_name(const char *name); /* CONDUCT_NONE when unknown */

/* What is told to the fold. */
struct conduct {
    int64_t since_ms; /* when this began: its first moment since it was told last */
    uint32_t device;  /* registry number */
    uint32_t epoch;   /* of the message by which it was noticed */
    uint32_t count;   /* events not taken, or messages repeated, since then; 1.. */
    uint8_t kind;     /* enum conduct_kind */
    uint8_t lane;     /* enum lane */
};

struct conduct_settings {
    uint32_t per_minute; /* 600; 10..100000: events a device may go on sending */
    uint32_t burst;      /* 4096; 64..1000000: at once, after a long silence */
};

enum { CONDUCT_REPLAYS = 20 }; /* repeated messages within CONDUCT_AGAIN_MS: a broker's own are fewer */
#define CONDUCT_AGAIN_MS ((int64_t)10 * 60 * 1000)

/* One for each device; all zero = never heard. */
struct conduct_meter {
    int64_t full_ms; /* when the budget is whole again */
    int64_t since_ms[CONDUCT_COUNT], told_ms[CONDUCT_COUNT];
    uint32_t count[CONDUCT_COUNT];
};

/* Charges `events` at t. False: they are more than the budget, and cost nothing. */
bool conduct_spend(struct conduct_meter *meter, const struct conduct_settings *settings, int64_t t_ms,
                   uint32_t events);
/* Takes a charge back: the events could not be taken for want of room and come again. */
void conduct_give_back(struct conduct_meter *meter, const struct conduct_settings *settings, uint32_t events);
/* Notes `count` of a kind at t. True: the fold shall hear of it (conduct_told when it did). */
bool conduct_note(struct conduct_meter *meter, enum conduct_kind kind, uint32_t count, int64_t t_ms);
void conduct_told(struct conduct_meter *meter, enum conduct_kind kind, int64_t t_ms);

#endif
