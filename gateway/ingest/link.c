/* Two sessions, a third where foreign dialects are configured, and who touches what:
 *
 *   core loop    link_tick drives everything: it connects, counts the beats that did not come back, gives up
 * on a dead connection and says "up". paho threads the callbacks copy a message into its ring, or note in an
 * atomic what happened, and return. They subscribe in `connected`, because sessionPresent cannot be seen
 * there and a broker may have forgotten us, and they call nothing else of paho.
 *
 * A session walks IDLE -> CONNECTING -> CONNECTED (subscribing) -> READY -> IDLE; CLOSING lies between a
 * connection that link_tick gave up and IDLE.
 *
 * Routine is subscribed at QoS 0: the device repeats what was not acknowledged after COMMIT, so the broker's
 * own promise would buy nothing and costs 15 % of the CPU per event. Urgent is QoS 1, so that a persistent
 * session holds it while the gateway restarts.
 *
 * Dialects have a session and a ring of their own, at QoS 1: a flood of them, or a filter that the broker
 * refuses, is no matter of the lanes, and whether the link is "up" does not hang on it.
 *
 * A connection that is up must answer a beat within six ticks; a paho that is asked for something must call
 * back within ten seconds, whatever the answer. The first is healed by a new connection, the second only by a
 * new process. */
#include "ingest/link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <MQTTAsync.h>

#include "core/log.h"
#include "ingest/decode.h"
#include "ingest/link_state.h"

enum {
    KEEP_ALIVE_S = 10,
    CONNECT_TIMEOUT_S = 4,
    BACKOFF_FIRST_MS = 200,
    BACKOFF_LAST_MS = 5000,
    /* In ticks of half a second, not by the clock: a process that was stopped for a minute has missed
       nothing. */
    BEATS_MISSED_MAX = 6,
    SUBSCRIBE_TICKS_MAX = 10,
    SILENT_TICKS_MAX = 20,  /* no callback of any kind */
    BETWEEN_TICKS_MAX = 60, /* one session alone that never arrives */
    OUTSTANDING_MAX = 64,
    OUTSTANDING_QOS1_MAX = 20,
    SESSIONS = 3,
    CLOSE_LATEST_MS = 200 /* part of link_stop's wait that belongs to the disconnects */
};

static const char *failure_text(const MQTTAsync_failureData *failure)
{
    return failure != NULL && failure->message != NULL ? failure->message : "no answer";
}

/* ---- callbacks, on paho's threads ---- */

static void on_subscribed(void *context, MQTTAsync_successData *response)
{
    struct session *session = context;

    link_answered(session->link);
    for (int i = 0; i < session->filter_count; i++) {
        int granted = session->filter_count == 1 ? response->alt.qos : response->alt.qosList[i];
        if (granted == MQTT_BAD_SUBSCRIBE) {
            log_write(LOG_ERROR, "link.subscribe_refused", "broker refuses a subscription\tfilter=%s",
                      session->filters[i]);
            /* Of several dialects one may be forbidden. On a lane, link_tick gives up on a session that stays
             * SESSION_CONNECTED. */
            if (session != &session->link->dialects)
                return;
        }
    }
    link_set_state(session, SESSION_READY);
}

static void on_subscribe_failed(void *context, MQTTAsync_failureData *response)
{
    struct session *session = context;

    link_answered(session->link);
    log_write(LOG_WARN, "link.subscribe_failed", "subscription failed\tlane=%s\treason=%s", session->name,
              failure_text(response));
}

static void on_connected(void *context, char *cause)
{
    struct session *session = context;
    struct link *link = session->link;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    char *filters[LINK_FILTERS_MAX];

    (void)cause;
    link_answered(link);
    link_count(&link->connects);
    link_socket_nodelay(&link->peer);
    if (session == &link->urgent) {
        unsigned bank = atomic_load(&link->bank) ^ 1U;
        atomic_store(&link->outstanding[bank][0].count, 0);
        atomic_store(&link->outstanding[bank][1].count, 0);
        atomic_store(&link->bank, bank);
        atomic_store(&link->up_told, false); /* the broker may have published our last will */
    }
    link_set_state(session, SESSION_CONNECTED);
    for (int i = 0; i < session->filter_count; i++)
        filters[i] = session->filters[i];
    options.onSuccess = on_subscribed;
    options.onFailure = on_subscribe_failed;
    options.context = session;
    if (MQTTAsync_subscribeMany(session->client, session->filter_count, filters, session->qos, &options) !=
        MQTTASYNC_SUCCESS)
        log_write(LOG_WARN, "link.subscribe_failed", "subscription could not be sent\tlane=%s",
                  session->name);
}

static void on_connect_failed(void *context, MQTTAsync_failureData *response)
{
    struct session *session = context;

    link_answered(session->link);
    if (atomic_load(&session->state) != SESSION_CONNECTING)
        return; /* paho calls this once more when an established connection breaks, after on_lost */
    if (log_allow(&session->link->refusals, "link.refused", 2, link_mono_us() / 1000))
        log_write(LOG_WARN, "link.refused", "cannot connect to the broker\tlane=%s\tcode=%d\treason=%s",
                  session->name, response != NULL ? response->code : 0, failure_text(response));
    link_set_state(session, SESSION_IDLE);
}

static void on_lost(void *context, char *cause)
{
    struct session *session = context;

    (void)cause;
    link_answered(session->link);
    link_count(&session->link->losses);
    log_write(LOG_WARN, "link.lost", "connection to the broker lost\tlane=%s", session->name);
    link_set_state(session, SESSION_IDLE);
}

static void on_closed(void *context, MQTTAsync_successData *response)
{
    struct session *session = context;

    (void)response;
    link_answered(session->link);
    link_set_state(session, SESSION_IDLE);
    sem_post(&session->link->done);
}

static void on_close_failed(void *context, MQTTAsync_failureData *response)
{
    (void)response;
    on_closed(context, NULL);
}

/* Always 1: after 0 paho sends the PUBACK nevertheless and keeps the message in a list without end. */
static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct session *session = context;

    link_answered(session->link);
    if (message->payloadlen >= 0)
        link_take(session, topic, topic_len > 0 ? (size_t)topic_len : strlen(topic), message->payload,
                  (size_t)message->payloadlen, message->retained != 0, message->dup != 0);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_published(void *context, MQTTAsync_successData *response)
{
    struct outstanding *outstanding = context;

    (void)response;
    link_answered(outstanding->link);
    link_publish_finished(outstanding);
}

static void on_publish_failed(void *context, MQTTAsync_failureData *response)
{
    struct outstanding *outstanding = context;

    (void)response;
    link_answered(outstanding->link);
    link_count(&outstanding->link->publish_failed);
    link_publish_finished(outstanding);
}

/* ---- the core loop's side ---- */

static enum err open_session(struct link *link, struct session *session, const char *name, size_t ring_bytes)
{
    session->link = link;
    session->name = name;
    atomic_init(&session->state, SESSION_IDLE);
    session->backoff_ms = BACKOFF_FIRST_MS;
    snprintf(session->client_id, sizeof(session->client_id), "huyang-%s-%s-%s", link->instance, link->county,
             name);
    const enum err err = ring_new(ring_bytes, &session->ring);
    if (err != ERR_OK)
        return err;
    /* Without options: with them 1.3.12 refuses sends at QoS 0. Without a store: its files are not synced;
     * our outbox is the store. */
    int rc =
        MQTTAsync_create(&session->client, link->url, session->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL);
    if (rc != MQTTASYNC_SUCCESS)
        return rc == MQTTASYNC_SSL_NOT_SUPPORTED ? ERR_UNSUPPORTED : ERR_INVALID;
    if (MQTTAsync_setCallbacks(session->client, session, on_lost, on_message, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setConnected(session->client, session, on_connected) != MQTTASYNC_SUCCESS)
        return ERR_INVALID;
    return ERR_OK;
}

static void release(struct link *link)
{
    struct session *const sessions[] = {&link->urgent, &link->routine, &link->dialects};
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (sessions[i]->client != NULL)
            MQTTAsync_destroy(&sessions[i]->client);
        ring_free(sessions[i]->ring);
    }
    sem_destroy(&link->done);
    explicit_bzero(link->password, sizeof(link->password));
    free(link);
}

enum err link_new(const struct link_config *config, struct link **ret_link)
{
    struct link *link = calloc(1, sizeof(*link));
    enum err err;

    if (link == NULL)
        return ERR_NOMEM;
    sem_init(&link->done, 0, 0);
    for (unsigned i = 0; i < 4; i++)
        link->outstanding[i / 2][i % 2].link = link;
    err = link_copy_config(link, config);
    if (err == ERR_OK)
        err = open_session(link, &link->urgent, lane_name(LANE_URGENT), config->urgent_ring_bytes);
    if (err == ERR_OK)
        err = open_session(link, &link->routine, lane_name(LANE_ROUTINE), config->routine_ring_bytes);
    if (err == ERR_OK && link->dialects.filter_count > 0)
        err = open_session(link, &link->dialects, "dialects", config->dialect_ring_bytes);
    if (err != ERR_OK) {
        release(link);
        return err;
    }
    *ret_link = link;
    return ERR_OK;
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static int log_tls_error(const char *text, size_t len, void *self)
{
    struct link *link = self;

    if (log_allow(&link->refusals, "link.tls", 2, link_mono_us() / 1000))
        log_write(LOG_WARN, "link.tls", "TLS error\treason=%.*s", (int)(len < 200 ? len : 200), text);
    return 1;
}

static void connect_session(struct session *session, int64_t mono_ms)
{
    struct link *link = session->link;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;

    options.keepAliveInterval = KEEP_ALIVE_S;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    options.cleansession = 0;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.username = or_null(link->username);
    options.password = or_null(link->password);
    options.onFailure = on_connect_failed;
    options.context = session;
    if (session == &link->urgent) {
        will.topicName = link->gateway_topic;
        will.payload.data = link->will;
        will.payload.len = (int)link->will_len;
        will.retained = 1;
        will.qos = 1;
        options.will = &will;
    }
    if (strncmp(link->url, "ssl://", 6) == 0) {
        tls.trustStore = or_null(link->ca_file);
        tls.keyStore = or_null(link->cert_file);
        tls.privateKey = or_null(link->key_file);
        tls.enableServerCertAuth = 1;
        tls.verify = 1;
        tls.sslVersion = MQTT_SSL_VERSION_TLS_1_2;
        tls.ssl_error_cb = log_tls_error;
        tls.ssl_error_context = link;
        options.ssl = &tls;
    }
    link_set_state(session, SESSION_CONNECTING);
    link->asked = true;
    session->next_attempt_ms = mono_ms + link_jitter_ms(session->backoff_ms);
    session->backoff_ms =
        session->backoff_ms * 2 < BACKOFF_LAST_MS ? session->backoff_ms * 2 : BACKOFF_LAST_MS;
    if (MQTTAsync_connect(session->client, &options) != MQTTASYNC_SUCCESS)
        link_set_state(session, SESSION_IDLE);
}

static void close_session(struct session *session)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;

    options.timeout = 0;
    options.onSuccess = on_closed;
    options.onFailure = on_close_failed;
    options.context = session;
    link_set_state(session, SESSION_CLOSING);
    session->link->asked = true;
    if (MQTTAsync_disconnect(session->client, &options) != MQTTASYNC_SUCCESS) {
        link_set_state(session, SESSION_IDLE);
        sem_post(&session->link->done);
    }
}

/* False: paho has not ended what it began. */
static bool tick_session(struct session *session, int64_t mono_ms)
{
    enum session_state state = (enum session_state)atomic_load(&session->state);

    session->between_ticks = state == SESSION_IDLE || state == SESSION_READY ? 0 : session->between_ticks + 1;
    if (state == SESSION_IDLE && mono_ms >= session->next_attempt_ms)
        connect_session(session, mono_ms);
    else if (state == SESSION_CONNECTED && session->between_ticks > SUBSCRIBE_TICKS_MAX)
        close_session(session);
    else if (state == SESSION_READY)
        session->backoff_ms = BACKOFF_FIRST_MS;
    return session->between_ticks <= BETWEEN_TICKS_MAX;
}

/* False: paho was asked and says nothing at all. */
static bool tick_silence(struct link *link)
{
    unsigned answers = atomic_load_explicit(&link->answers, memory_order_relaxed);

    if (answers != link->answers_before) {
        link->answers_before = answers;
        link->asked = false;
    }
    link->silent_ticks = link->asked ? link->silent_ticks + 1 : 0;
    return link->silent_ticks <= SILENT_TICKS_MAX;
}

static enum err publish(struct link *link, const char *topic, const void *payload, size_t len, int qos,
                        bool retained)
{
    struct outstanding *outstanding = &link->outstanding[atomic_load(&link->bank)][qos];
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

    options.onSuccess = on_published;
    options.onFailure = on_publish_failed;
    options.context = outstanding;
    atomic_fetch_add(&outstanding->count, 1);
    int rc = MQTTAsync_send(link->urgent.client, topic, (int)len, payload, qos, retained, &options);
    if (rc == MQTTASYNC_SUCCESS) {
        link_count(&link->published);
        return ERR_OK;
    }
    link_publish_finished(outstanding);
    link_count(&link->publish_failed);
    return rc == MQTTASYNC_DISCONNECTED || rc == MQTTASYNC_MAX_MESSAGES_INFLIGHT ||
                   rc == MQTTASYNC_NO_MORE_MSGIDS || rc == MQTTASYNC_MAX_BUFFERED_MESSAGES
               ? ERR_BUSY
               : ERR_INVALID;
}

static void tick_beat(struct link *link)
{
    unsigned char beat[DECODE_SMALL_MAX];
    uint64_t heard = link_counter(&link->beats_heard);

    if (atomic_load(&link->urgent.state) != SESSION_READY) {
        link->beat_due = false;
        link->beats_missed = 0;
        return;
    }
    link->beats_missed = link->beat_due && heard == link->beats_heard_before ? link->beats_missed + 1 : 0;
    link->beats_heard_before = heard;
    if (link->beats_missed >= BEATS_MISSED_MAX) {
        log_write(LOG_WARN, "link.beat_missed", "own beats do not come back, connecting anew\tmissed=%u",
                  link->beats_missed);
        link_count(&link->losses);
        close_session(&link->urgent);
        return;
    }
    uint64_t number = link_counter(&link->beat_number) + 1;
    atomic_store(&link->beat_sent_us, (unsigned long long)link_mono_us());
    atomic_store(&link->beat_number, number);
    link->asked = true;
    link->beat_due |= publish(link, link->beat_topic, beat, encode_beat(number, beat), 0, false) == ERR_OK;
}

static void tick_up(struct link *link)
{
    unsigned char state[DECODE_SMALL_MAX];

    if (!link_is_up(link) || atomic_exchange(&link->up_told, true))
        return;
    size_t len = encode_gateway_state(true, link->instance, state);
    if (publish(link, link->gateway_topic, state, len, 1, true) != ERR_OK)
        atomic_store(&link->up_told, false);
    else
        log_write(LOG_INFO, "link.up", "connected and subscribed\tcounty=%s", link->county);
}

enum err link_start(struct link *link)
{
    int64_t now_ms = link_mono_us() / 1000;

    connect_session(&link->urgent, now_ms);
    connect_session(&link->routine, now_ms);
    if (link->dialects.client != NULL)
        connect_session(&link->dialects, now_ms);
    return ERR_OK;
}

bool link_tick(struct link *link, int64_t mono_ms)
{
    if (!tick_silence(link) || !tick_session(&link->urgent, mono_ms) ||
        !tick_session(&link->routine, mono_ms) ||
        (link->dialects.client != NULL && !tick_session(&link->dialects, mono_ms))) {
        log_write(LOG_ERROR, "link.dead", "the MQTT library does not answer any more\tsilent_ticks=%u",
                  link->silent_ticks);
        return false;
    }
    tick_beat(link);
    tick_up(link);
    return true;
}

/* Waits for one answer until the deadline; false when it did not come. */
static bool wait_done(struct link *link, const struct timespec *deadline)
{
    return sem_clockwait(&link->done, CLOCK_MONOTONIC, deadline) == 0;
}

static struct timespec deadline_after(unsigned wait_ms)
{
    int64_t at_us = link_mono_us() + (int64_t)wait_ms * 1000;
    return (struct timespec){.tv_sec = (time_t)(at_us / 1000000), .tv_nsec = (long)(at_us % 1000000 * 1000)};
}

static void on_down_told(void *context, MQTTAsync_successData *response)
{
    (void)response;
    sem_post(&((struct link *)context)->done);
}

static void on_down_failed(void *context, MQTTAsync_failureData *response)
{
    (void)response;
    on_down_told(context, NULL);
}

void link_stop(struct link *link, unsigned wait_ms)
{
    if (link == NULL)
        return;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    struct timespec deadline =
        deadline_after(wait_ms > CLOSE_LATEST_MS ? wait_ms - CLOSE_LATEST_MS : wait_ms);
    unsigned closing = 0;

    while (sem_trywait(&link->done) == 0) /* left over from earlier reconnects */
        ;
    options.onSuccess = on_down_told;
    options.onFailure = on_down_failed;
    options.context = link;
    if (MQTTAsync_send(link->urgent.client, link->gateway_topic, (int)link->will_len, link->will, 1, 1,
                       &options) == MQTTASYNC_SUCCESS)
        wait_done(link, &deadline);
    deadline = deadline_after(CLOSE_LATEST_MS);
    struct session *const sessions[] = {&link->urgent, &link->routine, &link->dialects};
    for (unsigned i = 0; i < SESSIONS; i++) {
        int state = atomic_load(&sessions[i]->state);
        if (state == SESSION_CONNECTED || state == SESSION_READY) {
            close_session(sessions[i]);
            closing++;
        }
    }
    while (closing > 0 && wait_done(link, &deadline))
        closing--;
    release(link);
}

enum err link_publish(struct link *link, const char *topic, const void *payload, size_t len, int qos,
                      bool retained)
{
    int state = atomic_load(&link->urgent.state);

    assert(qos == 0 || qos == 1);
    if (len > EVENT_MESSAGE_MAX)
        return ERR_RANGE;
    if (state != SESSION_READY && state != SESSION_CONNECTED)
        return ERR_BUSY;
    if (link_outstanding(link, 0) + link_outstanding(link, 1) >= OUTSTANDING_MAX ||
        (qos == 1 && link_outstanding(link, 1) >= OUTSTANDING_QOS1_MAX))
        return ERR_BUSY;
    return publish(link, topic, payload, len, qos, retained);
}
