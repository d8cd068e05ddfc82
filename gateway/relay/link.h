/* The link in a message by which its reader takes the alert, without an account.
 *
 * Its token is derived: the job's first 8 bytes and a MAC over the job's id under a key that only this
 * gateway has (state folder, link.key). So the same job always has the same token, whoever renders it again;
 * none is stored, the database included: a message is stored with a hole of the token's length, filled when
 * it is sent. That it is used once is the job's state (accepted), not the token's. */
#ifndef HUYANG_RELAY_LINK_H
#define HUYANG_RELAY_LINK_H

#include "core/buf.h"
#include "core/hash.h"

enum { LINK_TOKEN_LEN = 28, LINK_KEY_SIZE = 32, LINK_PREFIX_SIZE = 8 };
/* Stands in a stored body for the token; harmless in JSON, in a form and in quoted-printable. */
#define LINK_HOLE "~~~~~~~~~~~~~~~~~~~~~~~~~~~~"

/* The folder's key, made when it is missing. ERR_IO, ERR_NO_SPACE, ERR_CORRUPT. */
MUST_CHECK enum err link_key_open(const char *folder, uint8_t key[LINK_KEY_SIZE]);
void link_token(const uint8_t key[LINK_KEY_SIZE], const struct hash_id *job, char token[LINK_TOKEN_LEN + 1]);
/* The start of the id a token claims to be of; false when it is no token at all. */
bool link_prefix(const char *token, uint8_t prefix[LINK_PREFIX_SIZE]);
/* In a time that does not depend on where they differ. */
bool link_matches(const uint8_t key[LINK_KEY_SIZE], const struct hash_id *job, const char *token);
/* Fills every hole of the body with the token. Lengths do not change. */
void link_fill(const uint8_t key[LINK_KEY_SIZE], const struct hash_id *job, char *body, size_t len);

#endif
