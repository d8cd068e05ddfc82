/* THE pipeline: a fold over one ordered input log per county. gateway_on_input() and gateway_on_tick() are
 * the journey of an event; whoever has read them and the listing of this folder has seen the whole way.
 *
 * Pure: no clock, no I/O, no threads of its own. Whatever it decides is appended to the batch it was given;
 * with no batch it is mute, which is how a restart brings the state back without telling anybody twice. Owned
 * by one thread at a time. */
#ifndef HUYANG_GATEWAY_H
#define HUYANG_GATEWAY_H

#include "batch.h"
#include "registry/admit.h"

struct gateway_config {
    const char *county; /* six digits; NULL = the registry's own. Borrowed, like all pointers here */
    const char *instance;
    const struct registry *registry;
    const struct detect_settings *detect;
    const struct detect_overrides *overrides; /* or NULL = none */
    const struct alert_settings *alert;
    const struct relay_settings *relay;
    const struct prompt_catalogue *prompts; /* NULL = the one compiled in */
    const struct tz *tz;
    int64_t lateness_ms;
    /* Replay's loopback (contracts.md 6): what a job that could be sent is answered at once; DELIVERY_COUNT =
     * nothing now. NULL when real relays answer. */
    enum delivery_state (*answer)(void *self, const struct job *job, char reason[64]);
    void *answer_self;
};

struct gateway;
MUST_CHECK enum err gateway_new(const struct gateway_config *config, struct gateway **ret_gateway);
void gateway_free(struct gateway *gateway);
/* A new registry or new settings, between two inputs. */
MUST_CHECK enum err gateway_rebind(struct gateway *gateway, const struct gateway_config *config);

/* After a restart with a registry that no INPUT_REGISTRY has marked yet: the one that comes now ends whatever
 * stands on a consent that nobody has. Between two inputs; ERR_NOMEM. */
MUST_CHECK enum err gateway_recheck_consent(struct gateway *gateway);

/* Where results go from now on; NULL = mute. Borrowed. */
void gateway_set_batch(struct gateway *gateway, struct batch *batch);

/* Before a report becomes an input: sets each event's device and times, asks the registry stage about each
 * (device, kind, consent). `refused[i]` says why an event must not enter; the rest is moved to the front of
 * `events` and its number returned. Changes no state. */
unsigned gateway_admit(const struct gateway *gateway, uint32_t device, int64_t t_ms, struct event *events,
                       enum refusal *refused, unsigned count);

/* One input: all timers due by then fire first, then it is numbered (input->n set), recorded and folded. t
 * below the last one's is raised to it. ERR_FULL: the batch has no room for all it may cause; submit it and
 * call again (timers may have fired, the input was not taken). An action can also fail with ERR_NOT_FOUND or
 * ERR_INVALID: it is then no input and nothing changed. */
MUST_CHECK enum err gateway_on_input(struct gateway *gateway, struct input *input);
/* What a speak action would do at t, without doing it: no input, nothing changes. Errors as of the action. */
struct gateway_preview {
    uint32_t device;
    const struct prompt *prompt;
    bool quiet; /* quiet hours: a camera stays silent, a wristband vibrates */
};
MUST_CHECK enum err gateway_preview(struct gateway *gateway, int64_t t_ms, const struct action *action,
                                    struct gateway_preview *ret_preview);
/* Why the last action was refused; "" = its error says it all. Static. */
const char *gateway_refusal(const struct gateway *gateway);
/* Time runs to t: fires what is due, in order. False: the batch is full before t was reached; submit it and
 * call again. */
bool gateway_on_tick(struct gateway *gateway, int64_t t_ms);
/* Events a device will never send again go into the record; they are no input. False: the batch is full. */
bool gateway_note_gap(struct gateway *gateway, const struct batch_gap *gap);

/* The restart: states of the snapshot, then inputs (mute) with their own n, then the tick to where time had
 * come. */
MUST_CHECK enum err gateway_restore(struct gateway *gateway, const char *table, uint16_t version, uint32_t no,
                                    const void *value, size_t len);
void gateway_restore_mark(struct gateway *gateway, uint64_t n, int64_t t_ms);
/* One input of the log on the way back; `events` has room for EVENT_BATCH_MAX. A person's action that no
 * longer fits, because the configuration was edited meanwhile, is skipped: ERR_INVALID or ERR_NOT_FOUND, and
 * the next input may follow. Any other error ends the way back; ERR_CORRUPT: it is not the next one, or not
 * of this registry. */
MUST_CHECK enum err gateway_replay_input(struct gateway *gateway, const struct batch_input *stored,
                                         struct event *events);
/* Appends all state changed since the last one to the batch. ERR_FULL: the batch had no room; nothing is
 * lost, the next try writes all of it again. */
MUST_CHECK enum err gateway_snapshot(struct gateway *gateway);

/* The code of the registry's county; NULL when it has none (an empty registry). */
const char *gateway_county_of(const struct registry *registry);
uint64_t gateway_n(const struct gateway *gateway);
int64_t gateway_t_ms(const struct gateway *gateway);
const struct registry *gateway_registry(const struct gateway *gateway);
const struct alerts *gateway_alerts(const struct gateway *gateway);
const struct live *gateway_live(const struct gateway *gateway);

/* Open alerts whose timer is lost, as far as seen (alerts_watch_timers): 0 between two inputs. Each call
 * looks at some more of them. */
size_t gateway_lost_timers(struct gateway *gateway);

struct gateway_stats {
    uint64_t inputs, events, findings, transitions, jobs, timers_fired;
};
void gateway_stats(const struct gateway *gateway, struct gateway_stats *ret_stats);

#endif
