/* Look in, act: the HTTP side on a thread of its own (libmicrohttpd), with a read-only database connection
 * and one bounded queue into the core. It serves the console, and the interface that the console and others
 * use (openapi.json).
 *
 * Whoever asks is a person with a session (a cookie; accounts in accounts.db), or this machine's operator by
 * `Authorization: Bearer TOKEN`; the token is made at first start ({state_dir}/token, mode 0600). */
#ifndef HUYANG_API_API_H
#define HUYANG_API_API_H

#include "alert/action.h"
#include "api/look.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/clock.h"

/* Numbers for /metrics and /healthz, copied by the core loop once a second under the API's lock. */
struct api_health {
    bool ready, broker_up, store_ok, unpersisted; /* unpersisted: fail-open is on */
    bool canary_late;                             /* no canary's call came through in time */
    int64_t started_wall_ms, last_commit_wall_ms, last_input_wall_ms;
};
/* What somebody says who has no account: an operator's report, or whoever follows the link in a message. */
enum api_word_kind { API_WORD_REPORT, API_WORD_LINK };
enum { API_WORD_TOKEN_SIZE = 128, API_WORD_BODY_SIZE = 8192 };
struct api_word {
    enum api_word_kind kind;
    char way[ID_SIZE];               /* REPORT: "sms", "voice" */
    char token[API_WORD_TOKEN_SIZE]; /* … not checked yet */
    struct hash_id job;              /* LINK: the message it stood in */
    size_t len;
    char body[API_WORD_BODY_SIZE];
};
struct report_settings;
struct api_config {
    const char *folder; /* state folder: database and token */
    const char *listen; /* address */
    uint16_t port;      /* 0 = any free */
    /* PEM files; NULL or "" = without TLS, and clients need no certificate. */
    const char *cert_file, *key_file, *client_ca_file;
    const struct tz *tz;
    /* Queues an action for the core loop; called on the API thread; ERR_BUSY = the queue is full (503). The
     * core answers through api_answer with the same ticket. */
    enum err (*submit)(void *self, uint64_t ticket, const struct action *action);
    /* The same for a word from outside. */
    enum err (*say)(void *self, uint64_t ticket, const struct api_word *word);
    const uint8_t *link_key; /* LINK_KEY_SIZE bytes, borrowed (relay/link.h) */
    uint32_t link_expires_s;
    /* A registry folder was asked to be imported (path on this machine); as above. */
    enum err (*import)(void *self, uint64_t ticket, const char *folder);
    /* A consent was given or withdrawn; as above. */
    enum err (*consent)(void *self, uint64_t ticket, const struct consent_change *change);
    /* A device out of quarantine gets its row; as above. */
    enum err (*adopt)(void *self, uint64_t ticket, const struct adoption *adoption);
    /* One row of the registry is edited; as above. What it points to is borrowed for the call. */
    enum err (*edit)(void *self, uint64_t ticket, const struct registry_edit *edit);
    /* Takes the look and answers through api_looked; as above. On an error it stays the caller's. */
    enum err (*look)(void *self, uint64_t ticket, struct look *look);
    /* The registry in force, const until it is given back; the API's thread, not nested. NULL: there is none.
     */
    const struct registry *(*borrow)(void *self);
    void (*give_back)(void *self);
    /* In force; they change only while the registry is not borrowed. */
    const struct alert_settings *settings;
    const struct detect_settings *detect;
    const struct report_settings *report;
    void *self;
};
struct api;
/* Starts the thread and listens; on failure says why in the log. */
MUST_CHECK enum err api_start(const struct api_config *config, struct api **ret_api);
void api_stop(struct api *api); /* NULL is fine; joins */
/* Reads the TLS files again, for the connections that come; on an error the old ones stay and `why` says
 * which is wrong (tls.h). Any thread. */
MUST_CHECK enum err api_reload(struct api *api, struct buf *why);
uint16_t api_port(const struct api *api);
/* From the core loop: the outcome of a submitted action after commit. `text` is a message for people
 * (copied). */
void api_answer(struct api *api, uint64_t ticket, enum err err, const char *text);
/* From the core loop: what was looked at; takes the look. */
void api_looked(struct api *api, uint64_t ticket, struct look *look);
/* From the core loop, after a commit with transitions or deliveries: whoever listens is told. Costs a lock.
 */
void api_changed(struct api *api);
/* From the core loop, at the start and when another catalogue comes into force: `json` is what people may
 * have said ({"version":…,"prompts":[…]}; copied). */
void api_prompts(struct api *api, const struct buf *json);
/* From the core loop: new numbers; `metrics` is the whole Prometheus text (copied). */
void api_update(struct api *api, const struct api_health *health, const struct buf *metrics);

/* Reads the token file of a state folder (for the CLI). ERR_NOT_FOUND. */
MUST_CHECK enum err api_token(const char *folder, char *token, size_t size);

#endif
