/* Inside the API: one request and its answer, as the routes see them. microhttpd stays in http.c. */
#ifndef HUYANG_API_REQUEST_H
#define HUYANG_API_REQUEST_H

#include <stdbool.h>

#include "api/access.h"
#include "api/api.h"
#include "api/secret.h"
#include "core/text.h"
#include "store/reader.h"

enum {
    API_BODY_MAX = 64 << 10,    /* bytes of a request's body, unless its route says more */
    API_UPLOAD_MAX = 16 << 20,  /* of a registry's files */
    API_CONFIG_MAX = 256 << 10, /* of a configuration's text */
    API_REPLY_MAX = 32 << 20,   /* bytes of an answer */
    API_QUERY_MAX = 8,          /* parameters of a request */
    API_PATH_MAX = 256,
    API_VALUE_MAX = 128,  /* bytes of a parameter, terminator included */
    API_PENDING_MAX = 64, /* actions that wait for their commit */
    API_ANSWER_TIMEOUT_MS = 10000,
    API_SILENCE_MS = 5000,  /* no news from the core for so long is not healthy */
    API_STREAMS_MAX = 1024, /* pages that listen at once */
    API_STREAMS_EACH = 64,  /* of one account; the machine's token has no such limit */
    TOKEN_SIZE = SECRET_HEX_SIZE
};

struct query {
    char name[32], value[API_VALUE_MAX];
};

struct reply {
    int status;
    const char *content_type;     /* static */
    char allow[48];               /* "" = no such header */
    unsigned retry_after_s;       /* Retry-After; 0 = no such header */
    bool challenge;               /* WWW-Authenticate: Bearer */
    char policy[192];             /* Content-Security-Policy; "" = nothing is allowed */
    uint32_t version;             /* ETag; 0 = no such header */
    char tag[HASH_ID_TEXT];       /* the same, of a row; "" = no such header */
    char cookie[SECRET_HEX_SIZE]; /* the session that begins; "-" = the one that ends; "" = nothing */
    struct buf body;
};

/* What the headers say; "" = not there, or longer than it may be. */
struct asked {
    char cookie[SECRET_HEX_SIZE]; /* the session's token */
    char csrf[SECRET_HEX_SIZE];
    char once[65];       /* Idempotency-Key */
    char if_match[48];   /* the ETag without its quotes */
    char if_none[48];    /* the same of If-None-Match */
    char fetch_site[24]; /* Sec-Fetch-Site */
    char last_event[48];
    char address[46]; /* of the peer */
    char bearer[160]; /* Authorization */
    bool json, zh, gzip, https;
};

struct request {
    char path[API_PATH_MAX];
    struct asked asked;
    struct person person; /* role ROLE_NONE unless signed_in */
    bool is_operator;     /* the machine's token */
    bool signed_in;
    bool flies; /* under an Idempotency-Key, until its outcome is known */
    uint8_t once_key[SHA256_SIZE], once_request[SHA256_SIZE];
    char name[ID_SIZE];          /* of the path's {name} */
    enum registry_table table;   /* of the path's {table} */
    char key[REGISTRY_KEY_SIZE]; /* of the path's {key} */
    struct query query[API_QUERY_MAX];
    unsigned query_count;
    struct hash_id id; /* of the path's {id} */
    struct buf body;
    struct reply reply;
};

/* What a handler may look at. Only the API thread uses it. */
struct view {
    const struct api_config *config;
    struct gate *gate;
    struct reader *reader;                 /* NULL: there is no database to read yet */
    const struct registry *registry;       /* in force; NULL: there is none */
    const struct alert_settings *settings; /* in force, const while the registry is */
    const struct detect_settings *detect;  /* likewise */
    struct api_health health;
    bool heard;          /* the core has spoken within API_SILENCE_MS */
    struct buf *metrics; /* the core's text, then our own; of say_prompts, the catalogue */
};

/* What a handler has decided: the reply is complete, something waits (for the core, for the passwords'
 * thread), or the reply goes on for as long as somebody listens. */
enum verdict {
    VERDICT_REPLY,
    VERDICT_ACTION,
    VERDICT_IMPORT,
    VERDICT_CONSENT,
    VERDICT_ADOPT,
    VERDICT_EDIT, /* pending->edit */
    VERDICT_WORD,
    VERDICT_RELOAD,
    VERDICT_LOOK,  /* pending->look, which the core fills */
    VERDICT_CHECK, /* pending->password against pending->secret */
    VERDICT_MAKE,  /* a secret of pending->password */
    VERDICT_STREAM
};
/* A row as it was sent, with its texts. */
struct edit {
    struct registry_edit edit;
    struct registry_field fields[REGISTRY_FIELDS_MAX];
    char *texts; /* what `fields` points into */
};
void edit_free(struct edit *edit); /* NULL is fine */
struct pending {
    struct action action;
    struct api_word word;
    char folder[512];
    struct consent_change consent;
    struct adoption adoption;
    struct edit *edit;      /* freed with the request */
    bool preview;           /* of an adoption: only what it would do */
    unsigned walked, shown; /* looks of this request so far; rows of its page */
    struct look *look;      /* asked for, then answered; freed with the request */
    uint8_t subject_kind;   /* of a silence or announcement: what its id means; enum subject_kind */
    char subject[ID_SIZE];
    char device[ID_SIZE]; /* of speak: through which; "" = the best */
    struct account account;
    char password[PASSWORD_SIZE], replacement[PASSWORD_SIZE], code[SETUP_CODE_SIZE];
    char secret[ACCOUNT_SECRET_SIZE]; /* "": there is no such account */
};

/* Whom a route is for; the machine's token opens all. OUTSIDE: no page of ours and no account, the handler
 * checks what they bring. */
enum who { WHO_ANYBODY, WHO_OUTSIDE, WHO_KNOWN, WHO_ADMINISTRATOR, WHO_OPERATOR };
struct route {
    const char *method, *path; /* "{id}" stands for an alert's id, "{name}" for an account's */
    enum who who;
    enum verdict (*handle)(const struct view *view, struct request *request, struct pending *ret_pending);
    /* What waited is known; may decide to wait for something else. */
    enum verdict (*finish)(const struct view *view, struct request *request, struct pending *pending,
                           enum err err, const char *text);
    size_t body_max; /* bytes; 0 = API_BODY_MAX */
    bool is_xml;     /* the body is a document of another standard and no JSON */
};
extern const struct route routes[];
extern const size_t route_count;
/* Finds the route. NULL: request->reply says why (404, 405). A HEAD is looked for as a GET. */
const struct route *route_find(struct request *request, const char *method);

/* Replies. */
void reply_json(struct request *request, int status); /* body is filled by the caller */
/* RFC 9457, in the language that was asked for (said.h). `place` is a member or parameter, NULL when there is
 * none. */
__attribute__((format(printf, 4, 5))) void reply_problem(struct request *request, int status,
                                                         const char *place, const char *format, ...);
/* The same in the caller's language. */
void reply_said(struct request *request, int status, const char *en, const char *zh);
/* The core's word on an action or import. */
void reply_outcome(struct request *request, enum verdict verdict, enum err err, const char *text);
const char *status_text(int status, bool zh);

/* views.c */
enum verdict view_healthz(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_metrics(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_alerts(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_alert(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_silences(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_announcements(const struct view *view, struct request *request,
                                struct pending *ret_pending);
enum verdict view_suppressions(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_stream(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_openapi(const struct view *view, struct request *request, struct pending *ret_pending);
/* The database could not be read. */
void reply_database(struct request *request, enum err err);
/* tasks.c */
enum verdict view_tasks(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_task(const struct view *view, struct request *request, struct pending *ret_pending);
/* Reads the cursor of a page, "MILLISECONDS-ID": the place of its last row. */
bool view_cursor(const char *text, int64_t *ret_ms, struct hash_id *ret_id);
/* ledger.c */
enum verdict ledger_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict ledger_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_ledger_assign(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_ledger_handle(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_ledger_transfer(const struct view *view, struct request *request,
                                 struct pending *ret_pending);
enum verdict act_ledger_close(const struct view *view, struct request *request, struct pending *ret_pending);
/* Refuses parameters: most paths take none. False: the reply is made. */
bool view_no_query(struct request *request);
/* False, with the reply made: there is no database that could be read. */
bool view_reads(const struct view *view, struct request *request);
/* Appends the alert as this person may see it, with its place. ERR_NOT_FOUND: not theirs. `item` is its JSON
 * object. */
MUST_CHECK enum err view_put_item(struct reader *reader, const struct person *person,
                                  const struct hash_id *id, const char *item, size_t len, struct buf *out);
/* The same as the next row of a list in the reply; one that is not theirs is left out. *any: a row stands
 * there already; kept up to date. */
MUST_CHECK enum err view_put_row(const struct view *view, struct request *request, const struct hash_id *id,
                                 const char *item, size_t len, bool *any);
/* feed.c */
enum verdict view_feed(const struct view *view, struct request *request, struct pending *ret_pending);
/* actions.c */
enum verdict act_acknowledge(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_close(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_call(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_comment(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_silence(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_unsilence(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_announce(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_unannounce(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_assign(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_snooze(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_task_assign(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_task_accept(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_task_arrive(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_task_finish(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_import(const struct view *view, struct request *request, struct pending *ret_pending);
/* A session is its own actor. */
void act_sign(const struct request *request, struct pending *pending);
enum verdict act_done(const struct view *view, struct request *request, struct pending *pending, enum err err,
                      const char *text);
/* police.c */
enum verdict act_police(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict police_cap(const struct view *view, struct request *request, struct pending *ret_pending);
/* handovers.c */
enum verdict handovers_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict handovers_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict handovers_show_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text);
enum verdict handovers_begin(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict handovers_sign(const struct view *view, struct request *request, struct pending *ret_pending);
/* consents.c */
enum verdict consents_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict consents_give(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict consents_withdraw(const struct view *view, struct request *request, struct pending *ret_pending);
/* say.c */
enum verdict say_prompts(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict say_now(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict say_hush(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict say_campaigns(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict say_campaign(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict say_campaign_add(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict say_campaign_end(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict say_done(const struct view *view, struct request *request, struct pending *pending, enum err err,
                      const char *text);
/* people.c */
enum verdict people_setup(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_session(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_sign_in(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_sign_out(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_password(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_names(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_add(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_change(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict people_setup_done(const struct view *view, struct request *request, struct pending *pending,
                               enum err err, const char *text);
enum verdict people_sign_in_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text);
enum verdict people_password_done(const struct view *view, struct request *request, struct pending *pending,
                                  enum err err, const char *text);
enum verdict people_add_done(const struct view *view, struct request *request, struct pending *pending,
                             enum err err, const char *text);
enum verdict people_change_done(const struct view *view, struct request *request, struct pending *pending,
                                enum err err, const char *text);

/* outside.c */
enum verdict outside_report(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict outside_link(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict outside_take(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict outside_reported(const struct view *view, struct request *request, struct pending *pending,
                              enum err err, const char *text);
enum verdict outside_taken(const struct view *view, struct request *request, struct pending *pending,
                           enum err err, const char *text);

/* residents.c; residents_show also begins the map */
enum verdict residents_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict residents_list_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text);
enum verdict residents_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict residents_show_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text);
enum verdict residents_map_done(const struct view *view, struct request *request, struct pending *pending,
                                enum err err, const char *text);
enum verdict residents_status(const struct view *view, struct request *request, struct pending *ret_pending);
/* "people":[{id,name,contacts}]: who lives in a home and who belongs to them; as a member. */
void residents_put_people(const struct registry *registry, uint32_t household, struct buf *out);
/* devices.c */
enum verdict devices_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict devices_list_done(const struct view *view, struct request *request, struct pending *pending,
                               enum err err, const char *text);
/* rollouts.c */
enum verdict rollouts_start(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rollouts_pause(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rollouts_resume(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rollouts_abort(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rollouts_list(const struct view *view, struct request *request, struct pending *ret_pending);
/* versions.c */
enum verdict versions_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict versions_list_done(const struct view *view, struct request *request, struct pending *pending,
                                enum err err, const char *text);
/* quarantine.c */
enum verdict quarantine_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict quarantine_show_done(const struct view *view, struct request *request, struct pending *pending,
                                  enum err err, const char *text);
enum verdict quarantine_adopt(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict quarantine_drop(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict quarantine_drop_done(const struct view *view, struct request *request, struct pending *pending,
                                  enum err err, const char *text);
/* A device as it is, as an item of a list. */
void devices_put(const struct view *view, const struct look_entry *entry, struct buf *out);
/* orders.c */
enum verdict orders_locate(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict orders_interval(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict orders_test_window(const struct view *view, struct request *request,
                                struct pending *ret_pending);
enum verdict orders_restart(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict orders_list(const struct view *view, struct request *request, struct pending *ret_pending);
/* past_view.c */
enum verdict past_track(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict past_outings(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict past_visits(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict past_routine(const struct view *view, struct request *request, struct pending *ret_pending);
/* territories.c */
enum verdict zones_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict territories_list(const struct view *view, struct request *request, struct pending *ret_pending);
/* records.c */
enum verdict records_audit(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict records_views(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict records_findings(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict records_health(const struct view *view, struct request *request, struct pending *ret_pending);
/* rosters.c */
enum verdict rosters_list(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rosters_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rosters_override(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rosters_swap(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict rosters_cancel(const struct view *view, struct request *request, struct pending *ret_pending);
/* report_view.c */
enum verdict report_show(const struct view *view, struct request *request, struct pending *ret_pending);
/* edits.c */
enum verdict edits_show(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict edits_history(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict edits_set(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict edits_remove(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict edits_done(const struct view *view, struct request *request, struct pending *pending,
                        enum err err, const char *text);
/* configuration.c */
enum verdict configuration_show(const struct view *view, struct request *request,
                                struct pending *ret_pending);
enum verdict configuration_check(const struct view *view, struct request *request,
                                 struct pending *ret_pending);
enum verdict configuration_reload(const struct view *view, struct request *request,
                                  struct pending *ret_pending);
enum verdict configuration_reloaded(const struct view *view, struct request *request, struct pending *pending,
                                    enum err err, const char *text);
/* upload.c */
enum verdict upload_preview(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict upload_apply(const struct view *view, struct request *request, struct pending *ret_pending);
/* token.c: reads the folder's token, made if absent. */
MUST_CHECK enum err token_open(const char *folder, char token[TOKEN_SIZE]);
/* "Bearer …" against the token, in a time that does not depend on where they differ. */
bool token_matches(const char token[TOKEN_SIZE], const char *header);

#endif
