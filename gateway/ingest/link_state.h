/* The inside of a link, shared by link.c (everything that calls paho) and link_state.c (what happens to
 * state, rings and counters around it). Not for anybody else. */
#ifndef HUYANG_INGEST_LINK_STATE_H
#define HUYANG_INGEST_LINK_STATE_H

#include <semaphore.h>
#include <stdatomic.h>

#include "core/log.h"
#include "ingest/decode.h"
#include "ingest/link.h"
#include "ingest/link_socket.h"
#include "ingest/topic.h"

enum { LINK_TEXT_SIZE = 512 };

enum session_state { SESSION_IDLE, SESSION_CONNECTING, SESSION_CONNECTED, SESSION_READY, SESSION_CLOSING };

struct session {
    struct link *link;
    const char *name; /* the lane's, or "dialects" */
    void *client;     /* MQTTAsync; NULL = this link has no such session */
    struct ring *ring;
    char client_id[160];
    char filters[LINK_FILTERS_MAX][TOPIC_SIZE];
    int qos[LINK_FILTERS_MAX];
    int filter_count;
    atomic_int state; /* enum session_state */
    /* Core loop only: */
    unsigned between_ticks; /* in a row that found the session between IDLE and READY */
    int64_t next_attempt_ms;
    unsigned backoff_ms;
};

/* Publishes of one connection that paho has not finished. A reconnect switches banks, because paho may keep
 * or drop what the old connection left; late callbacks then count down the old bank and nothing can stay
 * counted for ever. */
struct outstanding {
    struct link *link;
    atomic_uint count;
};

struct link {
    struct session urgent, routine, dialects;
    /* Constant after link_new: */
    char url[LINK_TEXT_SIZE], username[LINK_TEXT_SIZE], password[LINK_TEXT_SIZE];
    char ca_file[LINK_TEXT_SIZE], cert_file[LINK_TEXT_SIZE], key_file[LINK_TEXT_SIZE];
    char county[7], instance[ID_SIZE];
    char beat_topic[TOPIC_SIZE], gateway_topic[TOPIC_SIZE];
    unsigned char will[DECODE_SMALL_MAX];
    size_t will_len;
    struct link_peer peer;
    void (*wake)(void *self);
    void *self;
    /* Both sides: */
    struct outstanding outstanding[2][2]; /* [bank][qos] */
    atomic_uint bank;
    atomic_bool was_up;  /* both sessions were ready at the last change */
    atomic_bool up_told; /* "up" is published for this connection */
    atomic_uint changes;
    atomic_uint answers; /* callbacks of any kind, ever */
    atomic_ullong beat_number, beat_sent_us, beats_heard;
    atomic_llong beat_rtt_us;
    atomic_ullong received_urgent, received_routine, received_dialects, oversized, published, publish_failed,
        connects, losses;
    sem_t done; /* link_stop waits for its own last requests */
    /* paho's threads only: */
    struct log_limit refusals;
    /* Core loop only: */
    bool asked; /* paho was asked for something that it must answer with a callback, whatever the answer */
    unsigned answers_before, silent_ticks;
    unsigned beats_missed;
    uint64_t beats_heard_before; /* at the last tick */
    bool beat_due;               /* a beat is on its way */
};

int64_t link_mono_us(void);
void link_count(atomic_ullong *counter);
uint64_t link_counter(const atomic_ullong *counter);

/* Checks and copies the configuration, reads the password file, prepares topics, filters and the last will.
 */
MUST_CHECK enum err link_copy_config(struct link *link, const struct link_config *config);
void link_set_state(struct session *session, enum session_state state);
/* To be called in every callback: paho lives. */
void link_answered(struct link *link);
/* A message arrived: hears the beat, or puts it into the session's ring. On paho's receive thread. */
void link_take(struct session *session, const char *topic, size_t topic_len, const void *payload,
               size_t payload_len, bool retained, bool duplicate);
void link_publish_finished(struct outstanding *outstanding);
unsigned link_outstanding(const struct link *link, unsigned qos);
/* 50 % to 150 % of the backoff, so that many gateways do not return to a broker in step. */
int64_t link_jitter_ms(unsigned backoff_ms);

#endif
