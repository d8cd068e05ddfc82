/* The runner: keeps every detector's state and timer per owner, calls the detectors that want an event, hands
 * their findings on.
 *
 * Timers live in the fold's one heap (core/timers), shared with the alert stage; the owner word orders them
 * by (subject, detector) as contracts.md 1 demands. */
#ifndef HUYANG_DETECT_DETECT_H
#define HUYANG_DETECT_DETECT_H

#include "core/timers.h"
#include "detect/overrides.h"

/* Packs who a timer belongs to. slot: a detector's index, TIMER_SLOT_ALERT + family, or one of nobody's. */
enum {
    TIMER_SLOT_ALERT = 0xF0,
    TIMER_SLOT_HANDOVER = 0xFB,
    TIMER_SLOT_ROLLOUT = 0xFC,
    TIMER_SLOT_FLEET = 0xFD,
    TIMER_SLOT_CAMPAIGNS = 0xFE,
    TIMER_SLOT_DIGEST = 0xFF
};
uint64_t timer_owner(struct subject subject, unsigned slot);
struct subject timer_owner_subject(uint64_t owner);
unsigned timer_owner_slot(uint64_t owner);

struct detect;

/* Everything passed in is borrowed and must outlive it. `on_finding` is called from inside
 * detect_on_event/detect_on_timer, in order. */
struct detect_config {
    const struct registry *registry;
    const struct live *live;
    const struct detect_settings *settings;
    const struct detect_overrides *overrides; /* or NULL = none */
    const struct tz *tz;
    struct timers *timers;
    void (*on_finding)(void *self, const struct finding *finding);
    void *self;
};
MUST_CHECK enum err detect_new(const struct detect_config *config, struct detect **ret_detect);
void detect_free(struct detect *detect);
/* After a new registry version or new settings: grows, keeps states by number, chooses each owner's settings
 * anew. On an error all stays as it was. */
MUST_CHECK enum err detect_rebind(struct detect *detect, const struct registry *registry,
                                  const struct detect_settings *settings,
                                  const struct detect_overrides *overrides);

/* One admitted event, arrived at t. */
void detect_on_event(struct detect *detect, int64_t t_ms, const struct event *event);
/* What intake noticed about a device of the registry at t. */
void detect_on_conduct(struct detect *detect, int64_t t_ms, const struct conduct *conduct);
/* An alert was closed by a person at t: teaches the detectors that learn from it. */
/* What events of these kinds (EVENT_BIT set) had taught about a resident or a home starts afresh; cries for
 * help, the devices' own health and the fleet are none of it. */
void detect_forget(struct detect *detect, struct subject owner, uint32_t kinds);
void detect_on_closing(struct detect *detect, int64_t t_ms, const struct closing *closing);
/* The slot a timer owner stands for, NULL when gone; then, when timers_fires says so, the firing itself at
 * its deadline. */
struct timer_slot *detect_slot(struct detect *detect, uint64_t owner);
void detect_on_timer(struct detect *detect, uint64_t owner, int64_t deadline_ms);

/* Snapshot of states changed since the last _done; table = "detect.<name>", value = deadline (8 bytes LE) +
 * state. Restore re-arms the timer. */
MUST_CHECK enum err detect_snapshot(const struct detect *detect,
                                    enum err (*fn)(void *self, const char *table, uint16_t version,
                                                   uint32_t no, const void *value, size_t len),
                                    void *self);
void detect_snapshot_done(struct detect *detect);
MUST_CHECK enum err detect_restore(struct detect *detect, const char *table, uint16_t version, uint32_t no,
                                   const void *value, size_t len);

#endif
