/* The inside of the live gateway, shared by the files of this folder and by nobody else: service.c (life),
 * recover.c (start), pump.c (each wake-up), looks.c (what the API asks), importer.c (a new registry),
 * metrics.c (numbers). */
#ifndef HUYANG_SERVICE_PARTS_H
#define HUYANG_SERVICE_PARTS_H

#include <pthread.h>

#include "api/api.h"
#include "api/clips.h"
#include "relay/link.h"
#include "relay/outbox.h"
#include "service/committer.h"
#include "service/dialects.h"
#include "service/expiry.h"
#include "service/fold_clock.h"
#include "service/inbox.h"
#include "service/intake.h"
#include "service/reports.h"
#include "service/service.h"
#include "service/watch.h"

enum {
    SERVICE_BATCH_BYTES = 48 << 20, /* most bytes of one batch; reached only when the disk is full for long */
    SERVICE_SNAPSHOT_BYTES = 512 << 20, /* most a snapshot may add to it */
    SERVICE_ANSWERS_MAX = INBOX_MAX,
    SERVICE_PENDING_MAX = 1024,
    SERVICE_UNSAID_MAX = 64,
    SERVICE_WATCH_MS = 1000,   /* a look at the gateway itself */
    SERVICE_PUMP_MS = 50,      /* the lazy lane's drain, timers of the fold, retries */
    SERVICE_DIALECTS_RUN = 64, /* foreign messages drained before urgent ones are looked at again */
    SERVICE_URGENT_RUN =
        4096,                 /* urgent messages before all else has its turn: who floods is not to have it */
    SERVICE_ROUTINE_RUN = 256 /* routine messages drained before urgent ones are looked at again */
};

/* A person's action waits for the commit of the batch it stands in. */
struct answers {
    uint64_t tickets[SERVICE_ANSWERS_MAX];
    unsigned count;
};

/* A registry read on the API thread, to be put into force by the core loop. */
struct import {
    pthread_mutex_t lock;
    bool busy;                 /* one at a time */
    struct registry *registry; /* ready to be put into force */
    uint64_t ticket;
    bool is_edit; /* … as `edit` says, for the audit trail; its fields are gone */
    struct registry_edit edit;
};

/* Looks of the API that wait for the core loop. */
enum { SERVICE_LOOKS_MAX = 16 };
struct looks {
    pthread_mutex_t lock;
    unsigned count;
    struct {
        uint64_t ticket;
        struct look *look;
    } waiting[SERVICE_LOOKS_MAX];
};

struct service {
    struct config *config;
    struct prompt_book *prompts; /* NULL = the catalogue compiled in */
    struct service_options options;
    struct tz *tz;
    struct loop *loop;
    struct loop_wake *wake;
    struct loop_timer *pump_timer, *link_timer, *metrics_timer, *watch_timer;
    struct store *store;
    struct registry *registry;
    pthread_rwlock_t registry_lock; /* the API reads it; the core loop puts another in its place */
    struct gateway *gateway;
    struct seats *seats;
    struct quarantine quarantine;
    struct doorkeeper doorkeeper;
    struct intake *intake;
    struct dialects *dialects;
    struct outbox *outbox;
    struct link *link;
    struct committer *committer;
    struct inbox *inbox;
    struct reports *reports;
    uint8_t link_key[LINK_KEY_SIZE];
    struct api *api;
    struct clips *clips; /* NULL = not served */
    struct import import;
    struct looks looks;

    struct answers answers[2]; /* [0] of the batch being filled, [1] of the one under way */
    struct delivery pending[SERVICE_PENDING_MAX]; /* relays' words that found the batch full */
    unsigned pending_first, pending_count;
    struct delivery unsaid[SERVICE_UNSAID_MAX]; /* of commands that a dialect cannot say */
    unsigned unsaid_count;
    struct fold_clock fold_clock;
    struct expiry expiry;
    struct watch watch;
    int64_t watched_mono_ms;     /* when the gateway was looked at last */
    int64_t broker_lost_mono_ms; /* 0 = it is connected */
    size_t lost_timers;          /* as last counted */
    /* When a canary's prompt was played last and its notification delivered; at first, the start. */
    int64_t canary_played_mono_ms, canary_told_mono_ms;
    bool canary_late;   /* as last seen */
    int64_t virtual_ms; /* the simulator's time; 0 before its first word */
    bool clock_owed;    /* and it waits to hear that it was reached */
    unsigned link_changes;
    bool broker_up, broker_told; /* as it is; as the fold was told */
    bool stop_told;              /* the fold knows that this is a new run */
    bool fail_open;              /* red rows left before they were on disk */
    bool broken;                 /* the broker library is dead */
    bool reload_asked;           /* SIGHUP came */
    uint64_t reload_ticket;      /* under import.lock: a person asked for the same; 0 = nobody */
    bool stopping;               /* nothing new is begun */
    uint64_t snapshot_n;         /* of the last snapshot handed over, or of the last try */
    bool snapshot_due;           /* with the next batch, whatever its number */
    /* Up to where red rows of the batches [0] being filled and [1] under way have left before their commit.
     */
    const struct batch_item *left_early[2];
    uint64_t deliveries_lost, fail_open_rows;
    int64_t started_wall_ms, last_commit_wall_ms, last_input_wall_ms;
    struct buf metrics;
};

/* The time of the fold: near the wall clock (fold_clock.h), or the simulator's. */
int64_t service_t_ms(struct service *service, struct now now);
struct gateway_config service_gateway_config(const struct service *service);

/* service.c: nothing may leave this machine under the virtual clock; ERR_INVALID when these settings would.
 */
MUST_CHECK enum err service_bind_to_exercise(struct relay_settings *relay);

/* recover.c: store, registry, fold and outbox as they were at the last commit. */
MUST_CHECK enum err service_recover(struct service *service);
/* A registry of another county is a mistake, found before anything of it is kept. */
MUST_CHECK enum err service_check_county(const struct service *service, const struct registry *registry,
                                         struct buf *errors);

/* pump.c */
void service_pump(void *self, struct now now);
void service_on_committed(void *self, const struct batch *batch, struct now now);
void service_on_delivery(void *self, const struct delivery *delivery);
void service_on_heard(void *self, uint32_t device, struct now now);
void service_on_gone(void *self, uint32_t device, struct now now);
void service_on_clock(void *self, int64_t time_ms, struct now now);
/* One input into the open batch; ERR_FULL when that has no room. */
MUST_CHECK enum err service_take(struct service *service, struct input *input);
/* Everything that stands in the batch goes to the store thread now, if it is free. */
bool service_submit(struct service *service);

/* foreign_commands.c: a command's bytes to a device that speaks a dialect; ERR_BUSY = later. */
MUST_CHECK enum err service_say_foreign(struct service *service, uint32_t device, const void *body,
                                        size_t len);
/* And what became of those that could not be said. */
void service_tell_unsaid(struct service *service);

/* looks.c: what the API asks of the present state; the first three on its thread. */
enum err service_look(void *self, uint64_t ticket, struct look *look);
const struct registry *service_borrow(void *self);
void service_give_back(void *self);
/* Answers what waits. Core loop. */
void service_answer_looks(struct service *service);
/* Those nobody will answer any more, at the end. */
void service_drop_looks(struct service *service);

/* configuration.c: the first three on the API's thread, between borrow and give_back where they read. */
void service_show_config(void *self, struct buf *out);
enum err
service_check_config(void *self, const char *text, size_t len, struct buf *errors, const char **ret_restart,
                     void (*each)(void *each_self, const char *key, const char *from, const char *to),
                     void *each_self);
enum err service_ask_reload(void *self, uint64_t ticket);
/* Who waits for the file to be read again; 0 = nobody. */
uint64_t service_reload_ticket(struct service *service, bool take);

/* importer.c */
/* The section that cannot change under a running gateway and does, or NULL. */
const char *service_needs_restart(const struct config *before, const struct config *after);
/* Tells the API which prompts people may have said. */
void service_tell_prompts(struct service *service);
enum err service_import(void *self, uint64_t ticket, const char *folder); /* API thread */
enum err service_change_consent(void *self, uint64_t ticket,
                                const struct consent_change *change);                 /* likewise */
enum err service_adopt(void *self, uint64_t ticket, const struct adoption *adoption); /* likewise */
enum err service_edit(void *self, uint64_t ticket, const struct registry_edit *edit); /* likewise */
/* Core loop. True while a new registry waits for the batches before it: nothing else is taken in meanwhile.
 */
bool service_import_waits(struct service *service, struct now now);
void service_apply_import(struct service *service, struct now now);
/* At the start, when the last end came between a saved registry and the input that marks it: marks it now. */
MUST_CHECK enum err service_mark_registry(struct service *service, struct now now);
void service_reload(struct service *service, struct now now); /* SIGHUP, or a person's wish */
/* Says in the log what of the policy, the contact rules and the rosters would come to nothing. */
void service_check_reach(const struct service *service, struct now now);

/* watchman.c: after the recovery, and then once a second. */
void service_watch_begin(struct service *service);
void service_watch(void *self, struct now now);
/* A delivery has been committed. */
void service_watch_delivery(struct service *service, const struct batch_delivery *delivery, struct now now);

/* metrics.c */
void service_tell_metrics(void *self, struct now now);

#endif
