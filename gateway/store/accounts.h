/* People who sign in, their sessions, and the answers kept for Idempotency-Key: a small database of its own
 * (accounts.db), because none of it is an input of the fold and a backup of the county's data should not
 * carry passwords. What a person *does* goes through the fold like everything else.
 *
 * Owner: the API thread; one thread at a time. Secrets never reach this file: passwords come as argon2id
 * strings, session tokens as SHA-256. Times are wall milliseconds and handed in. */
#ifndef HUYANG_STORE_ACCOUNTS_H
#define HUYANG_STORE_ACCOUNTS_H

#include "core/hash.h"
#include "registry/registry.h"

enum {
    ACCOUNT_ADMINISTRATOR = ROLE_COUNT, /* the one role that is none of the registry's */
    ACCOUNT_NAME_SIZE = 97,             /* bytes of UTF-8 and the terminator */
    ACCOUNT_SECRET_SIZE = 128,          /* an argon2id string */
    ACCOUNTS_MAX = 10000,
    ACCOUNT_SESSIONS_MAX = 16,          /* of one account; the one unused for longest ends for a new one */
    SESSION_IDLE_MS = 12 * 3600 * 1000, /* a shift */
    ONCE_KEEP_MS = 24 * 3600 * 1000,
    ONCE_BODY_SIZE = 1024,
    VIEWS_KEPT = 200000, /* the newest */
    VIEWS_PAGE_MAX = 500,
    VIEW_SUBJECT_SIZE = 129
};
#define SESSION_MAX_MS (INT64_C(7) * 24 * 3600 * 1000)

struct account {
    char id[ID_SIZE];
    char name[ACCOUNT_NAME_SIZE];
    char scope[ID_SIZE]; /* grid worker, town desk: a territory's code; family: a resident's id; others: "" */
    uint8_t role;        /* enum role or ACCOUNT_ADMINISTRATOR */
    bool disabled;       /* cannot sign in */
    uint32_t version;    /* rises with each change; the ETag */
};
const char *account_role_name(unsigned role);
/* ROLE_NONE when unknown. */
unsigned account_role_from_name(const char *name);

struct accounts;
/* Opens or makes the folder's accounts.db, mode 0600. ERR_UNSUPPORTED: a newer schema than ours. */
MUST_CHECK enum err accounts_open(const char *folder, struct accounts **ret_accounts);
void accounts_close(struct accounts *accounts); /* NULL is fine */
MUST_CHECK enum err accounts_count(struct accounts *accounts, unsigned *ret_count);
/* `ret_secret` may be NULL. ERR_NOT_FOUND. */
MUST_CHECK enum err accounts_find(struct accounts *accounts, const char *id, struct account *ret_account,
                                  char ret_secret[ACCOUNT_SECRET_SIZE]);
/* Every account in the order of its id; stops when fn returns an error. */
MUST_CHECK enum err accounts_each(struct accounts *accounts,
                                  enum err (*fn)(void *self, const struct account *account), void *self);
/* ERR_EXISTS; ERR_FULL. `first`: only while there is none, else ERR_EXISTS. */
MUST_CHECK enum err accounts_add(struct accounts *accounts, const struct account *account, const char *secret,
                                 bool first);
/* Replaces everything but the id if its version is still account->version, which then rises; the account's
 * sessions end. `secret` NULL keeps the password. ERR_NOT_FOUND; ERR_BUSY: somebody changed it meanwhile;
 * ERR_REFUSED: it would leave no administrator who can sign in. */
MUST_CHECK enum err accounts_change(struct accounts *accounts, const struct account *account,
                                    const char *secret);

MUST_CHECK enum err session_add(struct accounts *accounts, const uint8_t token[SHA256_SIZE],
                                const char *account, int64_t now_ms);
/* The account of a session that is neither idle for SESSION_IDLE_MS nor SESSION_MAX_MS old, of an account
 * that may sign in; noted as used when `use`. ERR_NOT_FOUND. */
MUST_CHECK enum err session_find(struct accounts *accounts, const uint8_t token[SHA256_SIZE], bool use,
                                 int64_t now_ms, struct account *ret_account);
MUST_CHECK enum err session_end(struct accounts *accounts, const uint8_t token[SHA256_SIZE]);

/* The answer that was given to an action under this key, within ONCE_KEEP_MS. ERR_NOT_FOUND; ERR_REFUSED: the
 * key belonged to another request. Both digests are SHA-256, of (who, key) and of the request. */
MUST_CHECK enum err once_find(struct accounts *accounts, const uint8_t key[SHA256_SIZE],
                              const uint8_t request[SHA256_SIZE], int64_t now_ms, char body[ONCE_BODY_SIZE]);
/* With body "": the action is under way, and nobody knows its outcome unless it is added again. */
MUST_CHECK enum err once_add(struct accounts *accounts, const uint8_t key[SHA256_SIZE],
                             const uint8_t request[SHA256_SIZE], int64_t now_ms, const char *body);
/* It was not done after all. */
MUST_CHECK enum err once_forget(struct accounts *accounts, const uint8_t key[SHA256_SIZE]);

/* Who looked at whom. Bounded: the oldest give way. */
struct viewed {
    int64_t id, t_ms;
    char account[ID_SIZE], what[17], subject[VIEW_SUBJECT_SIZE];
};
MUST_CHECK enum err views_add(struct accounts *accounts, int64_t now_ms, const char *account,
                              const char *what, const char *subject);
/* The newest before the id (0 = of all), of that account and subject ("" = any), at most VIEWS_PAGE_MAX. */
MUST_CHECK enum err views_each(struct accounts *accounts, const char *account, const char *subject,
                               int64_t before, unsigned limit,
                               enum err (*fn)(void *self, const struct viewed *viewed), void *self);

#endif
