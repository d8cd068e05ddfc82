/* Campaigns: one prompt to an audience, spread over time. Part of the fold like everything here: an order of
 * a person is an input, each step a timer, so a restart goes on where it stopped and says nothing twice.
 *
 * Who is in the audience is decided person by person when their turn comes: consent for voice, status, a
 * device that can say it, and no more prompts a day than anybody hears. Nothing is begun in quiet hours, and
 * nothing expires into them. Who has heard enough for today has another turn on the next day.
 *
 * What is counted is people: a person is `heard` once, through whichever device. */
#ifndef HUYANG_ALERT_CAMPAIGN_H
#define HUYANG_ALERT_CAMPAIGN_H

#include "alert/alert.h"

enum { CAMPAIGNS_MAX = 64, CAMPAIGN_JOBS_MAX = 2048 };

#define CAMPAIGN_STATE_MAP(X)                                                                                \
    X(SCHEDULED, scheduled) X(RUNNING, running) X(DONE, done) X(CANCELLED, cancelled)
enum campaign_state {
#define X(name, text) CAMPAIGN_##name,
    CAMPAIGN_STATE_MAP(X)
#undef X
        CAMPAIGN_STATE_COUNT
};
const char *campaign_state_name(unsigned state); /* "" past the last one */

/* How it stands with one person. */
#define REACH_MAP(X)                                                                                         \
    X(NONE, none)             /* not in the audience, or not looked at yet */                                \
    X(SENT, sent)             /* on its way */                                                               \
    X(HEARD, heard)           /* a device of theirs has said it */                                           \
    X(FAILED, failed)         /* no device could */                                                          \
    X(EXPIRED, expired)       /* no device answered, or the campaign ended first */                          \
    X(LATER, later)           /* has heard enough today */                                                   \
    X(NO_CONSENT, no_consent) /* did not agree to be spoken to */                                            \
    X(DECEASED, deceased)                                                                                    \
    X(AWAY, away)           /* away, in hospital, paused or moved */                                         \
    X(NO_DEVICE, no_device) /* nothing that could say it to this person */                                   \
    X(CANCELLED, cancelled) /* the campaign was ended by a person */
enum reach {
#define X(name, text) REACH_##name,
    REACH_MAP(X)
#undef X
        REACH_COUNT
};
const char *reach_name(unsigned reach); /* "" past the last one */

struct campaign {
    struct hash_id id;               /* all zero = none */
    int64_t t_ms, next_ms, ended_ms; /* ordered; next step (INT64_MAX = waits for answers); 0 = not ended */
    struct campaign_order order;
    uint32_t cursor; /* next resident to look at */
    uint32_t people; /* rows in who[] */
    uint8_t state;   /* enum campaign_state */
    char prompt[ID_SIZE], by[ID_SIZE], ended_by[ID_SIZE], note[256];
};

struct campaigns;
MUST_CHECK enum err campaigns_new(struct campaigns **ret_campaigns);
void campaigns_free(struct campaigns *campaigns); /* NULL is fine */

/* ERR_INVALID with a refusal: no such prompt or territory, an end before the start, too many at once. */
MUST_CHECK enum err campaign_add(struct alerts *alerts, int64_t t_ms, const struct action *action);
/* Ends it now: what is on its way is taken back. ERR_NOT_FOUND. */
MUST_CHECK enum err campaign_end(struct alerts *alerts, int64_t t_ms, const struct action *action);
void campaigns_run(struct alerts *alerts, int64_t t_ms);
bool campaigns_on_delivery(struct alerts *alerts, int64_t t_ms, const struct delivery *delivery);
/* Nothing more is said to the resident, and what is on its way is taken back: reach says why it is for nobody
 * any more (REACH_DECEASED, REACH_NO_CONSENT), `why` the same in words. */
void campaigns_forget(struct alerts *alerts, int64_t t_ms, uint32_t resident, enum reach reach,
                      const char *why);
struct timer_slot *campaigns_slot(struct alerts *alerts);

MUST_CHECK enum err campaigns_snapshot(const struct alerts *alerts,
                                       enum err (*fn)(void *self, const char *table, uint16_t version,
                                                      uint32_t no, const void *value, size_t len),
                                       void *self);
void campaigns_snapshot_done(struct alerts *alerts);
/* ERR_NOT_FOUND: another table. */
MUST_CHECK enum err campaigns_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                                      const void *value, size_t len);

#endif
