/* Random secrets, comparisons in constant time, and the thread that works on passwords. libsodium stays
 * behind this header and token.c.
 *
 * A password costs tens of milliseconds and 64 MiB by design (argon2id, OWASP's and libsodium's interactive
 * figures), so it is worked on by a thread of its own, one at a time: neither other requests nor the machine
 * feel a flood of sign-ins, which is refused once PASSWORDS_MAX wait. */
#ifndef HUYANG_API_SECRET_H
#define HUYANG_API_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "store/accounts.h"

enum {
    SECRET_HEX_SIZE = 65, /* 256 bits in hex and the terminator */
    SETUP_CODE_SIZE = 15, /* "XXXX-XXXX-XXXX": 60 bits */
    PASSWORD_MIN = 10,    /* bytes; SP 800-63B asks for 8 and no rules of composition */
    PASSWORD_SIZE = 129,
    PASSWORDS_MAX = 16
};

void secret_hex(char text[SECRET_HEX_SIZE]);
void secret_bytes(void *bytes, size_t len);
void secret_setup_code(char text[SETUP_CODE_SIZE]);
/* In a time that depends on the lengths only. */
bool secret_equal(const char *a, const char *b);
void secret_wipe(void *bytes, size_t len);

struct passwords;
/* `done` is called on the worker's thread, once for each that was put: for a check ERR_OK or ERR_REFUSED, for
 * a new password ERR_OK and its argon2id string, or ERR_NOMEM. */
MUST_CHECK enum err passwords_new(void (*done)(void *self, uint64_t ticket, enum err err, const char *text),
                                  void *self, struct passwords **ret_passwords);
/* Joins; what still waits is dropped without a word. NULL is fine. */
void passwords_free(struct passwords *passwords);
enum password_job {
    PASSWORD_CHECK, /* against `secret`; NULL: there is no such account, and it takes as long all the same */
    PASSWORD_MAKE
};
/* Copies. ERR_BUSY: too many wait. */
MUST_CHECK enum err passwords_put(struct passwords *passwords, uint64_t ticket, enum password_job job,
                                  const char *password, const char *secret);

#endif
