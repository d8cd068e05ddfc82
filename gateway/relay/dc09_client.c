/* Everything that happens ends in step(): times that are over, what is to be written, a connection that is
 * wanted, questions that are done. Callbacks of the loop note what they saw and call it; dc09_client_send
 * only notes and sets the timer, so that `done` never comes from inside it. */
#include "relay/dc09_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/log.h"
#include "relay/dc09_key.h"

enum { MESSAGE, TEST, EXCHANGES };
enum { RETRY_MS = 1000, DATA_SIZE = DC09_ACCOUNT_SIZE + DC09_DATA_SIZE + 2 };

struct exchange {
    bool used;
    bool on_idle; /* asked over a connection that had been open before */
    enum dc09_state state;
    enum dc09_kind kind;
    unsigned sequence;
    struct hash_id id;
    int64_t time_ms;
    uint64_t order;      /* of asking */
    int64_t deadline_ms; /* of the answer */
    const char *why;
    char account[DC09_ACCOUNT_SIZE];
    char data[DATA_SIZE];
    char extensions[DC09_EXTENSIONS_SIZE];
    void (*done)(void *self, enum dc09_state state, const char *why, struct now now);
    void *self;
};

struct dc09_client {
    struct dc09_client_config config, wanted;
    bool changed;
    struct loop_timer *timer;
    struct tcp *tcp;
    int64_t open_deadline_ms;
    bool up;         /* the connection stood, until it is opened anew */
    bool idle;       /* nothing was asked for a while: it may be dead without our knowing */
    unsigned faults; /* on this connection */
    struct dc09_key key;
    size_t held; /* never above DC09_FRAME_MAX once looked at */
    char in[DC09_FRAME_MAX + TCP_CHUNK];
    struct exchange exchanges[EXCHANGES];
    uint64_t orders;
    int64_t answered_ms; /* the last answer, or the start */
    int64_t test_due_ms;
    unsigned tests_failed;
    struct dc09_client_stats stats;
};

/* --- The questions --- */

static void put_input(struct exchange *exchange, enum dc09_input input, const char *why)
{
    exchange->state = dc09_next(exchange->state, input);
    if (why)
        exchange->why = why;
}

static void kick(struct dc09_client *client)
{
    loop_timer_start(client->timer, 0, 0);
}

/* Bytes that only the key's owner can know, and that are the same for the same frame. */
static void make_pad(const struct dc09_client *client, const struct exchange *exchange, int64_t time_ms,
                     uint8_t pad[DC09_BLOCK])
{
    uint8_t seed[HASH_ID_SIZE + sizeof time_ms], digest[SHA256_SIZE];
    memcpy(seed, exchange->id.bytes, HASH_ID_SIZE);
    memcpy(seed + HASH_ID_SIZE, &time_ms, sizeof time_ms);
    hash_hmac(client->key.bytes, client->key.len, seed, sizeof seed, digest);
    memcpy(pad, digest, DC09_BLOCK);
}

static enum err make_frame(const struct dc09_client *client, const struct exchange *exchange, struct buf *out)
{
    struct dc09_frame frame = {.kind = exchange->kind,
                               .sequence = exchange->sequence,
                               .data = exchange->data,
                               .extensions = exchange->extensions,
                               .has_time = exchange->kind != DC09_TEST || client->key.len > 0,
                               .time_ms = exchange->time_ms};
    uint8_t pad[DC09_BLOCK];
    text_copy(frame.receiver, sizeof frame.receiver, client->config.receiver);
    text_copy(frame.line, sizeof frame.line, client->config.line);
    text_copy(frame.account, sizeof frame.account, exchange->account);
    make_pad(client, exchange, frame.time_ms, pad);
    return dc09_write(&frame, &client->key, pad, out);
}

/* Any answer shows that the path lives. */
static void note_answer(struct dc09_client *client, struct now now)
{
    client->answered_ms = now.mono_ms;
    client->stats.alive = true;
    if (client->stats.lost)
        log_write(LOG_INFO, "dc09.restored", "the receiver answers again\treceiver=%s", client->config.name);
    client->stats.lost = false;
    client->idle = false;
}

static struct exchange *find_asked(struct dc09_client *client, const struct dc09_frame *frame)
{
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct exchange *exchange = &client->exchanges[i];
        if (exchange->used && dc09_state_is_asked(exchange->state) && exchange->sequence == frame->sequence &&
            strcasecmp(exchange->account, frame->account) == 0)
            return exchange;
    }
    return NULL;
}

/* A NAK has no number: receivers answer in order, so it is for the question that waits longest. */
static struct exchange *find_oldest(struct dc09_client *client)
{
    struct exchange *oldest = NULL;
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct exchange *exchange = &client->exchanges[i];
        if (exchange->used && dc09_state_is_asked(exchange->state) &&
            (!oldest || exchange->order < oldest->order))
            oldest = exchange;
    }
    return oldest;
}

static enum dc09_fault take_nak(struct dc09_client *client, const struct dc09_frame *frame, struct now now)
{
    struct exchange *exchange = find_oldest(client);
    if (!frame->has_time)
        return DC09_FAULT_TIME;
    if (!exchange)
        return DC09_FAULT_STRAY;
    client->stats.naks++;
    client->stats.offset_ms = frame->time_ms - now.wall_ms;
    log_write(LOG_WARN, "dc09.clock",
              "the receiver refuses our time and gives its own\treceiver=%s\tahead_s=%lld",
              client->config.name, (long long)(client->stats.offset_ms / 1000));
    exchange->time_ms = frame->time_ms;
    put_input(exchange, DC09_INPUT_NAK, "NAK: the receiver refuses the time, also its own");
    return DC09_FAULT_NONE;
}

static enum dc09_fault take_answer(struct dc09_client *client, const struct dc09_frame *frame, struct now now)
{
    if (frame->kind == DC09_NAK)
        return take_nak(client, frame, now);
    struct exchange *exchange = find_asked(client, frame);
    if (frame->kind == DC09_DUH && exchange) {
        client->stats.duhs++;
        put_input(exchange, DC09_INPUT_DUH, "DUH: the receiver cannot take it");
        return DC09_FAULT_NONE;
    }
    if (frame->kind != DC09_ACK || !exchange)
        return DC09_FAULT_STRAY;
    if (client->key.len && !frame->encrypted)
        return DC09_FAULT_CLEAR;
    int64_t off_ms = frame->time_ms - now.wall_ms - client->stats.offset_ms;
    if (frame->encrypted && (off_ms > DC09_TIME_NEAR_MS || off_ms < -DC09_TIME_NEAR_MS))
        return DC09_FAULT_TIME;
    client->stats.acks++;
    put_input(exchange, DC09_INPUT_ACK, "");
    return DC09_FAULT_NONE;
}

/* --- The connection --- */

static void hang_up(struct dc09_client *client)
{
    tcp_hang_up(client->tcp);
    client->held = 0;
    client->faults = 0;
    client->idle = false;
}

/* The connection is gone or no good. Who waited too long has no answer; who merely stood beside, or was
 * written into a connection that had died while nobody used it, is asked again over a new one. */
static void settle(struct dc09_client *client, bool was_up, const char *why, struct now now)
{
    bool timeout = false;
    hang_up(client);
    for (unsigned i = 0; i < EXCHANGES; i++)
        timeout = timeout || (client->exchanges[i].used && dc09_state_is_asked(client->exchanges[i].state) &&
                              now.mono_ms >= client->exchanges[i].deadline_ms);
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct exchange *exchange = &client->exchanges[i];
        if (!exchange->used || (was_up && !dc09_state_is_asked(exchange->state)))
            continue;
        bool innocent = was_up && (timeout ? now.mono_ms < exchange->deadline_ms : exchange->on_idle);
        put_input(exchange, innocent ? DC09_INPUT_STALE : DC09_INPUT_SILENCE, why);
    }
}

static void drop(struct dc09_client *client, const char *why, struct now now)
{
    settle(client, tcp_state(client->tcp) == TCP_UP, why, now);
}

static void note_fault(struct dc09_client *client, enum dc09_fault fault)
{
    client->stats.faults[fault]++;
    if (client->faults++ == 0)
        log_write(LOG_WARN, "dc09.refused", "bytes of a receiver were not used\treceiver=%s\treason=%s",
                  client->config.name, dc09_fault_text(fault));
}

static void take_frames(struct dc09_client *client, struct now now)
{
    size_t at = 0;
    while (at < client->held) {
        char text[DC09_TEXT_SIZE];
        struct dc09_frame frame;
        size_t from = 0, len = 0;
        enum dc09_fault fault;
        size_t used = dc09_scan(client->in + at, client->held - at, &from, &len, &fault);
        if (len > 0) {
            fault = dc09_read(client->in + at + from, len, &client->key, text, &frame);
            if (fault == DC09_FAULT_NONE)
                fault = take_answer(client, &frame, now);
            if (fault == DC09_FAULT_NONE)
                note_answer(client, now);
        }
        if (fault != DC09_FAULT_NONE)
            note_fault(client, fault);
        if (used == 0)
            break;
        at += used;
    }
    client->held -= at;
    memmove(client->in, client->in + at, client->held);
}

static void step(struct dc09_client *client, struct now now);

static void on_up(void *self, struct now now)
{
    struct dc09_client *client = self;
    client->up = true;
    step(client, now);
}

static void on_bytes(void *self, const char *bytes, size_t len, struct now now)
{
    struct dc09_client *client = self;
    memcpy(client->in + client->held, bytes, len);
    client->held += len;
    take_frames(client, now);
    if (client->faults >= DC09_FAULTS_PER_CONNECTION)
        drop(client, "the receiver sends nothing but faults", now);
    step(client, now);
}

static void on_down(void *self, const char *why, struct now now)
{
    struct dc09_client *client = self;
    settle(client, client->up, why, now);
    step(client, now);
}

static void open_path(struct dc09_client *client, struct now now)
{
    const char *why = NULL;
    if (client->config.key_file[0] && !client->key.len) {
        why = dc09_key_load(client->config.key_file, &client->key);
        if (why)
            log_write(LOG_ERROR, "dc09.key", "%s: nothing is sent in clear instead\treceiver=%s", why,
                      client->config.name);
    }
    client->up = false;
    client->open_deadline_ms = now.mono_ms + client->config.timeout_ms;
    if (!why)
        why = tcp_open(client->tcp, client->config.address, client->config.allow_private);
    if (why)
        drop(client, why, now);
}

/* A frame that the connection does not take is as good as one that was lost on it. */
static void ask(struct dc09_client *client, struct exchange *exchange, struct now now)
{
    struct buf frame;
    buf_init(&frame, DC09_FRAME_MAX);
    if (make_frame(client, exchange, &frame) != ERR_OK) {
        put_input(exchange, DC09_INPUT_UNFIT, "the message cannot be written as a frame");
    } else {
        exchange->on_idle = client->idle;
        exchange->order = ++client->orders;
        exchange->deadline_ms = now.mono_ms + client->config.timeout_ms;
        client->stats.sent++;
        put_input(exchange, DC09_INPUT_WRITTEN, NULL);
        const char *why = tcp_send(client->tcp, frame.data, frame.len);
        if (why)
            drop(client, why, now);
    }
    buf_release(&frame);
}

/* --- Supervision --- */

static void start_test(struct dc09_client *client, struct now now)
{
    struct exchange *test = &client->exchanges[TEST];
    int64_t time_ms = now.wall_ms + client->stats.offset_ms;
    *test = (struct exchange){.used = true, .kind = DC09_TEST, .time_ms = time_ms, .why = ""};
    test->id = hash_id_of(client->config.name, strlen(client->config.name));
    text_copy(test->account, sizeof test->account, client->config.account);
    client->stats.tests++;
    client->idle = tcp_state(client->tcp) == TCP_UP;
}

static void supervise(struct dc09_client *client, struct now now)
{
    const int64_t every_ms = client->config.heartbeat_ms;
    if (every_ms == 0)
        return;
    if (now.mono_ms >= client->test_due_ms && !client->exchanges[TEST].used &&
        !client->exchanges[MESSAGE].used)
        start_test(client, now);
    if (client->stats.lost || now.mono_ms - client->answered_ms < DC09_LOST_INTERVALS * every_ms)
        return;
    client->stats.lost = true;
    client->stats.alive = false;
    client->stats.losses++;
    log_write(LOG_ERROR, "dc09.lost",
              "the police's receiver does not answer: messages go another way\treceiver=%s\treason=%s",
              client->config.name,
              client->exchanges[TEST].why && client->exchanges[TEST].why[0] ? client->exchanges[TEST].why
                                                                            : "no answer in time");
}

/* --- What is next --- */

static void finish(struct dc09_client *client, unsigned which, struct now now)
{
    struct exchange done = client->exchanges[which];
    client->exchanges[which].used = false;
    const int64_t every_ms = client->config.heartbeat_ms;
    bool answered = done.state != DC09_STATE_UNANSWERED;
    if (answered) {
        client->tests_failed = 0;
        client->test_due_ms = now.mono_ms + every_ms; /* any message is as good as a link test */
    } else if (which == TEST) {
        /* Sooner at first, so that a path that is back is soon known; then as often as link tests are wanted.
         */
        int64_t wait_ms = (int64_t)RETRY_MS << (client->tests_failed < 12 ? client->tests_failed++ : 12);
        client->test_due_ms = now.mono_ms + (wait_ms < every_ms ? wait_ms : every_ms);
    } else if (every_ms == 0) {
        client->stats.alive = false;
    }
    if (done.done)
        done.done(done.self, done.state, done.state == DC09_STATE_TAKEN ? "" : done.why, now);
}

static bool is_used(const struct dc09_client *client)
{
    return client->exchanges[MESSAGE].used || client->exchanges[TEST].used;
}

static bool is_asking(const struct dc09_client *client)
{
    for (unsigned i = 0; i < EXCHANGES; i++)
        if (client->exchanges[i].used && dc09_state_is_asked(client->exchanges[i].state))
            return true;
    return false;
}

/* New settings, once no answer is awaited under the old ones; what was not written yet goes out under the
 * new. */
static void adopt(struct dc09_client *client, struct now now)
{
    if (!client->changed || is_asking(client))
        return;
    hang_up(client);
    explicit_bzero(&client->key, sizeof client->key);
    client->config = client->wanted;
    client->changed = false;
    client->stats.alive = client->stats.lost = false; /* nothing is known of the new receiver */
    client->answered_ms = now.mono_ms;
    client->test_due_ms = now.mono_ms;
}

static void expire(struct dc09_client *client, struct now now)
{
    if (tcp_state(client->tcp) == TCP_OPENING && now.mono_ms >= client->open_deadline_ms)
        drop(client, "no connection in time", now);
    for (unsigned i = 0; i < EXCHANGES; i++) {
        const struct exchange *exchange = &client->exchanges[i];
        if (exchange->used && dc09_state_is_asked(exchange->state) && now.mono_ms >= exchange->deadline_ms)
            drop(client, "no answer in time", now); /* a late one must not be taken for another's */
    }
}

static void write_offered(struct dc09_client *client, struct now now)
{
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct exchange *exchange = &client->exchanges[i];
        if (!exchange->used || !dc09_state_is_offered(exchange->state))
            continue;
        if (tcp_state(client->tcp) == TCP_DOWN)
            open_path(client, now);
        else if (tcp_state(client->tcp) == TCP_UP)
            ask(client, exchange, now);
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void arm(struct dc09_client *client, struct now now)
{
    const bool opening = tcp_state(client->tcp) == TCP_OPENING;
    int64_t next = opening ? client->open_deadline_ms : INT64_MAX;
    for (unsigned i = 0; i < EXCHANGES; i++) {
        const struct exchange *exchange = &client->exchanges[i];
        if (exchange->used && dc09_state_is_asked(exchange->state))
            next = least(next, exchange->deadline_ms);
        else if (exchange->used && !opening)
            next = now.mono_ms; /* it came, or lost its connection, while this step was under way */
    }
    if (client->config.heartbeat_ms > 0) {
        if (!is_used(client))
            next = least(next, client->test_due_ms);
        if (!client->stats.lost)
            next =
                least(next, client->answered_ms + DC09_LOST_INTERVALS * (int64_t)client->config.heartbeat_ms);
    }
    if (client->changed && !is_asking(client))
        next = now.mono_ms;
    if (next == INT64_MAX)
        loop_timer_stop(client->timer);
    else
        loop_timer_start(client->timer, next > now.mono_ms ? (uint64_t)(next - now.mono_ms) : 0, 0);
}

static void step(struct dc09_client *client, struct now now)
{
    adopt(client, now);
    expire(client, now);
    supervise(client, now);
    write_offered(client, now);
    for (unsigned i = 0; i < EXCHANGES; i++)
        if (client->exchanges[i].used && dc09_state_is_final(client->exchanges[i].state))
            finish(client, i, now);
    arm(client, now);
}

static void on_timer(void *self, struct now now)
{
    step(self, now);
}

enum err dc09_client_new(struct loop *loop, const struct dc09_client_config *config,
                         struct dc09_client **ret_client)
{
    static const struct tcp_events events = {.up = on_up, .bytes = on_bytes, .down = on_down};
    struct dc09_client *client = calloc(1, sizeof *client);
    if (!client)
        return ERR_NOMEM;
    enum err err = tcp_new(loop, &events, client, &client->tcp);
    if (err == ERR_OK)
        err = loop_timer_new(loop, on_timer, client, &client->timer);
    if (err != ERR_OK) {
        tcp_free(client->tcp);
        free(client);
        return err;
    }
    dc09_client_configure(client, config);
    *ret_client = client;
    return ERR_OK;
}

void dc09_client_close(struct dc09_client *client)
{
    if (!client)
        return;
    tcp_free(client->tcp);
    loop_timer_close(client->timer);
    explicit_bzero(&client->key, sizeof client->key);
    free(client);
}

void dc09_client_configure(struct dc09_client *client, const struct dc09_client_config *config)
{
    client->wanted = *config;
    client->changed = true;
    kick(client);
}

enum err dc09_client_send(struct dc09_client *client, const struct dc09_message *message,
                          void (*done)(void *self, enum dc09_state state, const char *why, struct now now),
                          void *self)
{
    struct exchange *exchange = &client->exchanges[MESSAGE];
    if (exchange->used)
        return ERR_BUSY;
    const struct dc09_block *block = message->block;
    *exchange = (struct exchange){.used = true,
                                  .kind = DC09_SIA_DCS,
                                  .sequence = dc09_sequence(&message->id),
                                  .id = message->id,
                                  .time_ms = message->time_ms + client->stats.offset_ms,
                                  .why = "",
                                  .done = done,
                                  .self = self};
    text_copy(exchange->account, sizeof exchange->account,
              block->account[0] ? block->account : client->wanted.account);
    snprintf(exchange->data, sizeof exchange->data, "#%s|%s", exchange->account, block->data);
    text_copy(exchange->extensions, sizeof exchange->extensions, block->extensions);
    client->idle = tcp_state(client->tcp) == TCP_UP;
    kick(client);
    return ERR_OK;
}

const struct dc09_client_stats *dc09_client_stats(const struct dc09_client *client)
{
    return &client->stats;
}
