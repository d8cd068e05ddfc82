#include "api/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

_Static_assert((int)crypto_pwhash_STRBYTES <= (int)ACCOUNT_SECRET_SIZE, "an argon2id string must fit");

struct waiting {
    uint64_t ticket;
    enum password_job job;
    bool known;
    char password[PASSWORD_SIZE], secret[ACCOUNT_SECRET_SIZE];
};
struct passwords {
    void (*done)(void *self, uint64_t ticket, enum err err, const char *text);
    void *self;
    char nobody[ACCOUNT_SECRET_SIZE]; /* what a password without an account is checked against */
    pthread_t thread;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    struct waiting waiting[PASSWORDS_MAX];
    unsigned first, count;
    bool stopping;
};

void secret_bytes(void *bytes, size_t len)
{
    randombytes_buf(bytes, len);
}

void secret_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
}

void secret_hex(char text[SECRET_HEX_SIZE])
{
    unsigned char bits[SECRET_HEX_SIZE / 2];

    randombytes_buf(bits, sizeof(bits));
    sodium_bin2hex(text, SECRET_HEX_SIZE, bits, sizeof(bits));
    sodium_memzero(bits, sizeof(bits));
}

/* Letters and digits that nobody mixes up when reading them from a screen. */
void secret_setup_code(char text[SETUP_CODE_SIZE])
{
    static const char letters[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

    for (unsigned i = 0; i < SETUP_CODE_SIZE - 1; i++)
        text[i] = i % 5 == 4 ? '-' : letters[randombytes_uniform(sizeof(letters) - 1)];
    text[SETUP_CODE_SIZE - 1] = '\0';
}

bool secret_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    return len == strlen(b) && sodium_memcmp(a, b, len) == 0;
}

static enum err make(const char *password, char secret[ACCOUNT_SECRET_SIZE])
{
    return crypto_pwhash_str_alg(secret, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                 crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) == 0
               ? ERR_OK
               : ERR_NOMEM;
}

static void work(struct passwords *passwords, struct waiting *waiting)
{
    char secret[ACCOUNT_SECRET_SIZE] = "";
    enum err err = ERR_OK;

    if (waiting->job == PASSWORD_MAKE) {
        err = make(waiting->password, secret);
    } else {
        const char *held = waiting->known ? waiting->secret : passwords->nobody;
        bool right = crypto_pwhash_str_verify(held, waiting->password, strlen(waiting->password)) == 0;
        err = right && waiting->known ? ERR_OK : ERR_REFUSED;
    }
    passwords->done(passwords->self, waiting->ticket, err, secret);
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(waiting, sizeof(*waiting));
}

static void *run(void *self)
{
    struct passwords *passwords = self;
    struct waiting waiting;

    pthread_mutex_lock(&passwords->lock);
    while (!passwords->stopping) {
        if (passwords->count == 0) {
            pthread_cond_wait(&passwords->changed, &passwords->lock);
            continue;
        }
        struct waiting *next = &passwords->waiting[passwords->first];
        waiting = *next;
        sodium_memzero(next, sizeof(*next));
        passwords->first = (passwords->first + 1) % PASSWORDS_MAX;
        passwords->count--;
        pthread_mutex_unlock(&passwords->lock);
        work(passwords, &waiting);
        pthread_mutex_lock(&passwords->lock);
    }
    pthread_mutex_unlock(&passwords->lock);
    return NULL;
}

enum err passwords_new(void (*done)(void *self, uint64_t ticket, enum err err, const char *text), void *self,
                       struct passwords **ret_passwords)
{
    struct passwords *passwords = calloc(1, sizeof(*passwords));

    if (passwords == NULL || sodium_init() < 0) {
        free(passwords);
        return ERR_NOMEM;
    }
    passwords->done = done;
    passwords->self = self;
    pthread_mutex_init(&passwords->lock, NULL);
    pthread_cond_init(&passwords->changed, NULL);
    enum err err = make("nobody has this password", passwords->nobody);
    if (err == ERR_OK && pthread_create(&passwords->thread, NULL, run, passwords) != 0)
        err = ERR_NOMEM;
    if (err != ERR_OK) {
        free(passwords);
        return err;
    }
    *ret_passwords = passwords;
    return ERR_OK;
}

void passwords_free(struct passwords *passwords)
{
    if (passwords == NULL)
        return;
    pthread_mutex_lock(&passwords->lock);
    passwords->stopping = true;
    pthread_cond_signal(&passwords->changed);
    pthread_mutex_unlock(&passwords->lock);
    pthread_join(passwords->thread, NULL);
    pthread_cond_destroy(&passwords->changed);
    pthread_mutex_destroy(&passwords->lock);
    sodium_memzero(passwords, sizeof(*passwords));
    free(passwords);
}

enum err passwords_put(struct passwords *passwords, uint64_t ticket, enum password_job job,
                       const char *password, const char *secret)
{
    pthread_mutex_lock(&passwords->lock);
    bool room = passwords->count < PASSWORDS_MAX;
    if (room) {
        struct waiting *waiting =
            &passwords->waiting[(passwords->first + passwords->count++) % PASSWORDS_MAX];
        *waiting = (struct waiting){.ticket = ticket, .job = job, .known = secret != NULL};
        (void)text_copy(waiting->password, sizeof(waiting->password), password);
        (void)text_copy(waiting->secret, sizeof(waiting->secret), secret != NULL ? secret : "");
        pthread_cond_signal(&passwords->changed);
    }
    pthread_mutex_unlock(&passwords->lock);
    return room ? ERR_OK : ERR_BUSY;
}
