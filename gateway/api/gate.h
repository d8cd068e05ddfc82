/* Who is at the door: the machine's token, or a session in a cookie. Holds the accounts, the count of tries
 * and the one-time setup code. MHD's thread only. */
#ifndef HUYANG_API_GATE_H
#define HUYANG_API_GATE_H

#include "api/access.h"
#include "api/secret.h"
#include "api/throttle.h"
#include "core/log.h"

enum {
    GATE_FLYING_MAX = 64,
    GATE_VIEWED_MAX = 256,
    GATE_VIEWED_MS = 300000
}; /* actions with an Idempotency-Key that wait for their commit */

struct gate {
    struct accounts *accounts;
    struct throttle throttle;
    char token[SECRET_HEX_SIZE];      /* of this machine */
    char setup_code[SETUP_CODE_SIZE]; /* "": there is an account */
    uint8_t flying[GATE_FLYING_MAX][SHA256_SIZE];
    unsigned flying_count;
    char previewed[65]; /* the version of the registry that was previewed last; "" = none waits */
    struct {
        uint64_t what; /* hash of who, what and whom */
        int64_t mono_ms;
    } viewed[GATE_VIEWED_MAX]; /* noted within GATE_VIEWED_MS: not noted again */
    uint64_t denied;
    struct log_limit denied_lines;
};
/* Opens accounts and token; while there is no account, makes a setup code and writes it to the log. */
MUST_CHECK enum err gate_open(struct gate *gate, const char *folder);
void gate_close(struct gate *gate);

struct request;
struct route;
/* Puts the person into request->person and holds the request against the route's demands and against
 * forgery; false: the reply is made. `bearer` is the Authorization header or NULL; `route` NULL is no route.
 */
bool gate_admit(struct gate *gate, struct request *request, const struct route *route, const char *bearer,
                struct reader *reader);
/* Is the session that a stream began with still good, of the same account unchanged? Brings what is known of
 * a family's home up to date. "" is the machine's token, which stays. */
bool gate_still(struct gate *gate, const char *cookie, struct reader *reader, struct person *person);
/* SHA-256 of a cookie's token: what the database knows. */
void gate_session_digest(const char *cookie, uint8_t digest[SHA256_SIZE]);
/* What a page must show with each change, bound to its session. */
void gate_csrf(const char *cookie, char csrf[SECRET_HEX_SIZE]);

/* Charges a try of a password; false: the reply (429) is made. */
bool gate_try(struct gate *gate, struct request *request, const char *account);
/* It was right. */
void gate_was_right(struct gate *gate, const struct request *request, const char *account);

/* The same for a link or a report, by address alone. */
bool gate_outside(struct gate *gate, struct request *request);
void gate_outside_was_right(struct gate *gate, const struct request *request);

/* Notes that whoever asks looks at somebody's data: what ("alert", "resident", …) and whom. The same within
 * five minutes is one look. */
void gate_viewed(struct gate *gate, const struct request *request, const char *what, const char *subject);

/* An action under an Idempotency-Key. True: go on. False: the reply is made (the kept one, or a refusal). The
 * key is noted before the action leaves, so that whatever happens then (a line that breaks, a process that is
 * killed) the same key does nothing twice. */
bool gate_once(struct gate *gate, struct request *request);
/* Its outcome; `body` NULL = it was not done, the key is free again. May be called again. */
void gate_once_done(struct gate *gate, struct request *request, const char *body);
/* Nobody will know its outcome here: it may still be done. */
void gate_once_lost(struct gate *gate, struct request *request);

#endif
