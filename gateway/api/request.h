/* Inside the API: one request and its answer, as the routes see them. microhttpd stays in http.c. */
#ifndef HUYANG_API_REQUEST_H
#define HUYANG_API_REQUEST_H

#include <stdbool.h>

#include "api/api.h"
#include "core/text.h"
#include "store/reader.h"

enum {
    API_BODY_MAX = 64 << 10,  /* bytes of a request's body */
    API_REPLY_MAX = 32 << 20, /* bytes of an answer */
    API_QUERY_MAX = 8,        /* parameters of a request */
    API_PATH_MAX = 256,
    API_VALUE_MAX = 128,  /* bytes of a parameter, terminator included */
    API_PENDING_MAX = 64, /* actions that wait for their commit */
    API_ANSWER_TIMEOUT_MS = 10000,
    API_SILENCE_MS = 5000, /* no news from the core for so long is not healthy */
    TOKEN_SIZE = 65        /* 256 bits in hex and the terminator */
};

struct query {
    char name[32], value[API_VALUE_MAX];
};

struct reply {
    int status;
    const char *content_type; /* static */
    const char *allow;        /* static; "" = no such header */
    bool retry_later;         /* Retry-After: 1 */
    bool challenge;           /* WWW-Authenticate: Bearer */
    struct buf body;
};

struct request {
    char path[API_PATH_MAX];
    struct query query[API_QUERY_MAX];
    unsigned query_count;
    struct hash_id id; /* of the path's {id} */
    struct buf body;
    struct reply reply;
};

/* What a handler may look at. Only the API thread uses it. */
struct view {
    const struct api_config *config;
    struct reader *reader; /* NULL: there is no database to read yet */
    struct api_health health;
    bool heard;          /* the core has spoken within API_SILENCE_MS */
    struct buf *metrics; /* the core's text, then our own */
};

/* What a handler has decided: the reply is complete, or an action waits for the core. */
enum verdict { VERDICT_REPLY, VERDICT_ACTION, VERDICT_IMPORT };
struct pending {
    struct action action;
    char folder[512];
    uint8_t subject_kind; /* of a silence: what its id means; enum subject_kind */
    char subject[ID_SIZE];
};

struct route {
    const char *method, *path; /* "{id}" stands for an alert's id */
    bool open;                 /* needs no token */
    enum verdict (*handle)(const struct view *view, struct request *request, struct pending *ret_pending);
};
/* Finds the route. NULL: request->reply says why (404, 405). A HEAD is looked for as a GET. */
const struct route *route_find(struct request *request, const char *method);

/* Replies. */
void reply_json(struct request *request, int status); /* body is filled by the caller */
/* RFC 9457. `place` is a member or parameter, NULL when there is none. */
__attribute__((format(printf, 4, 5))) void reply_problem(struct request *request, int status,
                                                         const char *place, const char *format, ...);
/* The core's word on an action or import. */
void reply_outcome(struct request *request, enum verdict verdict, enum err err, const char *text);
const char *status_text(int status);

/* views.c */
enum verdict view_healthz(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_metrics(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_alerts(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_alert(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_silences(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict view_suppressions(const struct view *view, struct request *request, struct pending *ret_pending);
/* actions.c */
enum verdict act_acknowledge(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_close(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_call(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_comment(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_import(const struct view *view, struct request *request, struct pending *ret_pending);

enum verdict act_silence(const struct view *view, struct request *request, struct pending *ret_pending);
enum verdict act_unsilence(const struct view *view, struct request *request, struct pending *ret_pending);

/* token.c: reads the folder's token, made if absent. */
MUST_CHECK enum err token_open(const char *folder, char token[TOKEN_SIZE]);
/* "Bearer …" against the token, in a time that does not depend on where they differ. */
bool token_matches(const char token[TOKEN_SIZE], const char *header);

#endif
