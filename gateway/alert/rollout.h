/* A setting for many devices, a share of them at a time: the report interval of wristbands, for good. Part of
 * the fold: a person's order is an input, each look a timer, so a restart goes on where it stopped and asks
 * no device twice.
 *
 * Who comes when is decided by the hash of the roll-out's and the device's ids, so it is the same whenever it
 * is looked at, and another roll-out begins with others. A stage is over when all of it were asked, enough
 * have said that they took it, and it was watched for a while with no more trouble than the devices that were
 * not asked have. Trouble is a device that refused, has fallen silent, has an empty battery, or has a
 * coverage or fleet alert that opened since the beginning. If there is more of it, or too few answer within a
 * day, the roll-out stops by itself and an alert says so; what devices have taken stays. A person may go on
 * (the trouble seen by then is taken as known), or give it up.
 *
 * One at a time. `rollout_next` and `rollout_verdict` are pure. */
#ifndef HUYANG_ALERT_ROLLOUT_H
#define HUYANG_ALERT_ROLLOUT_H

#include "alert/alert.h"

enum { ROLLOUT_LOOK_MS = 60000 };

#define ROLLOUT_STATE_MAP(X)                                                                                 \
    X(NONE, none)                                                                                            \
    X(RUNNING, running)                                                                                      \
    X(PAUSED, paused)   /* by a person */                                                                    \
    X(STOPPED, stopped) /* by itself */                                                                      \
    X(DONE, done)                                                                                            \
    X(ABORTED, aborted)
enum rollout_state {
#define X(name, text) ROLLOUT_##name,
    ROLLOUT_STATE_MAP(X)
#undef X
        ROLLOUT_STATE_COUNT
};
const char *rollout_state_name(unsigned state); /* "" past the last one */

enum rollout_input {
    ROLLOUT_START,
    ROLLOUT_PAUSE,
    ROLLOUT_RESUME,
    ROLLOUT_ABORT,
    ROLLOUT_STOP,   /* trouble */
    ROLLOUT_FINISH, /* the last stage is over */
    ROLLOUT_INPUT_COUNT
};
/* ROLLOUT_STATE_COUNT: not allowed in that state. */
enum rollout_state rollout_next(enum rollout_state state, enum rollout_input input);

/* What a look found. */
struct rollout_counts {
    uint32_t audience; /* devices it is for */
    uint32_t members;  /* of them, those of the stages so far */
    uint32_t asked;    /* of the members, those that were asked: under way, taken, refused, unanswered */
    uint32_t pending;  /* … under way */
    uint32_t acked;    /* … that took it */
    uint32_t refused;  /* … that refused */
    uint32_t judged;   /* took it or refused, and not taken as known */
    uint32_t troubled; /* of those, in trouble */
    uint32_t rest;     /* of the audience, not asked and heard before */
    uint32_t rest_troubled;
};
#define ROLLOUT_VERDICT_MAP(X)                                                                               \
    X(ASK, ask)               /* some are to be asked */                                                     \
    X(WAIT, wait)             /* for answers */                                                              \
    X(WATCH, watch)           /* enough have answered */                                                     \
    X(PASS, pass)             /* and were watched long enough */                                             \
    X(TROUBLE, trouble)       /* more of it than among the rest */                                           \
    X(UNANSWERED, unanswered) /* too few have taken it, and nobody is left who may yet */
enum rollout_verdict {
#define X(name, text) ROLLOUT_SAYS_##name,
    ROLLOUT_VERDICT_MAP(X)
#undef X
        ROLLOUT_VERDICT_COUNT
};
const char *rollout_verdict_name(unsigned verdict); /* "" past the last one */
/* `watched_s`: since enough had answered; 0 = they have not yet. */
enum rollout_verdict rollout_verdict(const struct rollout_order *order, const struct rollout_counts *counts,
                                     int64_t watched_s);

struct rollout {
    struct hash_id id; /* all zero = none ever */
    int64_t t_ms, changed_ms;
    int64_t enough_ms;          /* since when enough of the stage have taken it; 0 = not yet */
    int64_t look_ms, minute_ms; /* the next look; when the minute of minute_asked began */
    struct rollout_order order;
    struct rollout_counts counts; /* of the last look */
    uint32_t minute_asked;
    uint8_t state, stage, verdict; /* enum rollout_state; place in order.permille; enum rollout_verdict */
    uint8_t zero;
    char by[ID_SIZE], note[256];        /* who began it, and why */
    char changed_by[ID_SIZE], why[256]; /* of the last change of state or stage */
};

struct rollouts;
MUST_CHECK enum err rollouts_new(struct rollouts **ret_rollouts);
void rollouts_free(struct rollouts *rollouts); /* NULL is fine */

/* rollout_start, rollout_pause, rollout_resume, rollout_abort. ERR_INVALID with a refusal. */
MUST_CHECK enum err rollout_act(struct alerts *alerts, int64_t t_ms, const struct action *action);
/* A command of the fleet's that is a roll-out's has come to another state. */
void rollout_on_order(struct alerts *alerts, int64_t t_ms, const struct device_order *order);
void rollout_run(struct alerts *alerts, int64_t t_ms);
struct timer_slot *rollout_slot(struct alerts *alerts);
/* Percent as people write them, "1,10,50,100": rising, at most one decimal, the last one 100 or less. False:
 * `order` is untouched. The way back needs ROLLOUT_STAGES_TEXT bytes. */
enum { ROLLOUT_STAGES_TEXT = ROLLOUT_STAGES_MAX * 6 + 1 };
bool rollout_stages_parse(const char *text, struct rollout_order *order);
void rollout_stages_text(const struct rollout_order *order, char text[ROLLOUT_STAGES_TEXT]);
/* What holds where nothing is said. */
struct rollout_order rollout_order_default(void);

MUST_CHECK enum err rollout_snapshot(const struct alerts *alerts,
                                     enum err (*fn)(void *self, const char *table, uint16_t version,
                                                    uint32_t no, const void *value, size_t len),
                                     void *self);
void rollout_snapshot_done(struct alerts *alerts);
/* ERR_NOT_FOUND: another table. */
MUST_CHECK enum err rollout_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                                    const void *value, size_t len);

#endif
