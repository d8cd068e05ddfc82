/* One path to a DC-09 receiver: a TCP connection that is opened when it is needed, kept, supervised by link
 * tests and opened again. It carries one message at a time (and a link test beside it), so that an answer
 * without a number of its own, the NAK, has one meaning. Core loop only.
 *
 * What a receiver says is hostile until it is read: see dc09.h for the faults, which are counted and never
 * end more than the connection. With a key, an ACK counts only when it is encrypted too and its time is near
 * the receiver's; NAK and DUH are believed in clear, as the standard sends them, because all they can do is
 * make us try another way.
 *
 * A NAK brings the receiver's clock: the difference to ours is adopted for this and the following frames of
 * the path, and logged. */
#ifndef HUYANG_RELAY_DC09_CLIENT_H
#define HUYANG_RELAY_DC09_CLIENT_H

#include "core/hash.h"
#include "core/loop.h"
#include "core/text.h"
#include "relay/dc09_exchange.h"
#include "relay/dc09_render.h"
#include "relay/tcp.h"

enum {
    DC09_TIME_NEAR_MS = 60000, /* an ACK's time may be so far from the receiver's as we know it */
    DC09_LOST_INTERVALS = 2,   /* without an answer for so many intervals, the path is lost */
    DC09_FAULTS_PER_CONNECTION = 16,
};

struct dc09_client_config {
    char name[ID_SIZE];             /* in logs */
    char address[TCP_ADDRESS_SIZE]; /* host:port, [v6]:port */
    char account[DC09_ACCOUNT_SIZE], receiver[DC09_NUMBER_SIZE], line[DC09_NUMBER_SIZE];
    char key_file[RELAY_PATH_SIZE]; /* "" = in clear */
    uint32_t timeout_ms;            /* of a connection, and of an answer */
    uint32_t heartbeat_ms;          /* 0 = no link tests */
    bool allow_private;
};
/* A message; copied. The same message gives the same bytes as long as no NAK comes. */
struct dc09_message {
    struct hash_id id;              /* sequence number and pad come from it */
    const struct dc09_block *block; /* its account "" = the path's */
    int64_t time_ms;                /* of its making */
};
struct dc09_client_stats {
    bool alive; /* something was answered, and nothing was missed since */
    bool lost;  /* no answer for DC09_LOST_INTERVALS */
    int64_t offset_ms;
    uint64_t sent, acks, naks, duhs, tests, losses;
    uint64_t faults[DC09_FAULT_COUNT];
};

struct dc09_client;
MUST_CHECK enum err dc09_client_new(struct loop *loop, const struct dc09_client_config *config,
                                    struct dc09_client **ret_client);
/* Aborts without telling. Not from inside `done`. NULL is fine. */
void dc09_client_close(struct dc09_client *client);
/* Takes effect once no message is under way; the key is read again. */
void dc09_client_configure(struct dc09_client *client, const struct dc09_client_config *config);
/* `done` is called exactly once, later, from the loop, with a final state and a static text that says why it
 * is not TAKEN; it may send again. ERR_BUSY while a message is under way. */
MUST_CHECK enum err dc09_client_send(struct dc09_client *client, const struct dc09_message *message,
                                     void (*done)(void *self, enum dc09_state state, const char *why,
                                                  struct now now),
                                     void *self);
const struct dc09_client_stats *dc09_client_stats(const struct dc09_client *client);

#endif
