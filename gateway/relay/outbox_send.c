/* Attempts: commands to the link, other rows to their receivers; what to do when one is over. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "relay/outbox_inner.h"
#include "relay/police.h"

enum {
    COMMAND_AGAIN_MS = 5000,
    COMMAND_AGAIN_MAX_MS = 300000,
    COMMAND_ERROR_MS = 1000,
    PAUSE_RED_MS = 20,
    PAUSE_REST_MS = 100,
    BACKOFF_MS = 1000,
    BACKOFF_MAX_MS = 300000,
    BACKOFF_RED_MAX_MS = 30000,
    HEADER_SIZE = 160,
};

static bool is_red(const struct entry *entry)
{
    return entry->row.level == LEVEL_RED;
}

int64_t outbox_backoff_ms(const struct hash_id *id, uint32_t attempt, int64_t first_ms, int64_t max_ms)
{
    int64_t wait = first_ms;
    for (uint32_t i = 1; i < attempt && wait < max_ms; i++)
        wait *= 2;
    if (wait > max_ms)
        wait = max_ms;
    uint8_t key[HASH_ID_SIZE + sizeof attempt];
    memcpy(key, id->bytes, HASH_ID_SIZE);
    memcpy(key + HASH_ID_SIZE, &attempt, sizeof attempt);
    int64_t permille = 800 + (int64_t)(hash_table(key, sizeof key) % 401);
    return wait * permille / 1000;
}

void outbox_publish(struct outbox *outbox, struct entry *entry, struct now now)
{
    enum err err =
        outbox->config.publish(outbox->config.self, entry->row.target_name, entry->row.body, entry->row.len);
    if (err == ERR_BUSY) {
        /* The link's window is full: for red a moment, for the rest until red had its turn. */
        outbox->lane_paused_ms[OUTBOX_COMMAND_REST] = now.mono_ms + PAUSE_REST_MS;
        if (is_red(entry))
            outbox->lane_paused_ms[OUTBOX_COMMAND_RED] = now.mono_ms + PAUSE_RED_MS;
        return;
    }
    if (err != ERR_OK) {
        outbox->stats.failed++;
        outbox_wait(outbox, entry, ENTRY_WAITING, now.mono_ms + COMMAND_ERROR_MS);
        return;
    }
    bool first = !entry->told_sent;
    entry->told_sent = true;
    entry->attempts++;
    entry->published_ms = now.mono_ms;
    outbox->stats.sent++;
    outbox_wait(outbox, entry, ENTRY_WAITING,
                now.mono_ms + outbox_backoff_ms(&entry->row.id, entry->attempts, COMMAND_AGAIN_MS,
                                                COMMAND_AGAIN_MAX_MS));
    if (first)
        outbox_tell(outbox, entry, DELIVERY_SENT, "");
}

/* A DC-09 path rests after the first: its messages stand in a line, and each would wait for its own silence
 * while another way is free. */
static unsigned failures_allowed(const struct receiver *receiver)
{
    return receiver->dc09 ? 1 : RECEIVER_FAILURES;
}

static void count_failure(struct receiver *receiver, const char *why, struct now now)
{
    receiver->failures++;
    if (receiver->failures < failures_allowed(receiver))
        return;
    if (receiver->failures == failures_allowed(receiver))
        log_write(LOG_WARN, "relay.down",
                  "receiver does not answer, only red is still tried at once\treceiver=%s\treason=%s",
                  receiver->name, why);
    receiver->blocked_until_ms = now.mono_ms + RECEIVER_REST_MS;
}

static void count_success(struct receiver *receiver)
{
    if (receiver->failures >= failures_allowed(receiver))
        log_write(LOG_INFO, "relay.up", "receiver answers again\treceiver=%s", receiver->name);
    receiver->failures = 0;
    receiver->unreached = false;
    receiver->blocked_until_ms = 0;
}

/* The attempt came to nothing: the next way at once, or all of them again later. */
static void again(struct outbox *outbox, struct entry *entry, bool refused, unsigned retry_after_s,
                  struct now now)
{
    outbox->stats.failed++;
    if (outbox_next_way(outbox, entry, refused)) {
        outbox_wait(outbox, entry, ENTRY_WAITING, now.mono_ms);
        return;
    }
    entry->tried = 0;
    entry->attempts++;
    if (entry->attempts >= outbox_attempts_allowed(entry)) {
        outbox_finish(outbox, entry, DELIVERY_FAILED, entry->why);
        return;
    }
    int64_t wait = outbox_backoff_ms(&entry->row.id, entry->attempts, BACKOFF_MS,
                                     is_red(entry) ? BACKOFF_RED_MAX_MS : BACKOFF_MAX_MS);
    if (wait < (int64_t)retry_after_s * 1000)
        wait = (int64_t)retry_after_s * 1000;
    /* Never past the expiry: whoever waits for a word gets it then. */
    int64_t expiry = outbox_expiry_ms(outbox, entry, now);
    outbox_wait(outbox, entry, ENTRY_WAITING, now.mono_ms + wait < expiry ? now.mono_ms + wait : expiry);
}

static void conclude(struct outbox *outbox, struct entry *entry, const struct verdict *verdict,
                     struct now now)
{
    switch (verdict->kind) {
    case VERDICT_ACCEPTED: outbox_finish(outbox, entry, DELIVERY_ACCEPTED, ""); return;
    case VERDICT_REJECTED: /* an operator's no is not the person's */
        outbox_finish(outbox, entry, outbox_is_operator(&entry->row) ? DELIVERY_FAILED : DELIVERY_REJECTED,
                      verdict->reason);
        return;
    case VERDICT_RETRY:
    case VERDICT_ELSEWHERE:
        text_copy(entry->why, sizeof entry->why, verdict->reason);
        again(outbox, entry, verdict->kind == VERDICT_ELSEWHERE, verdict->retry_after_s, now);
        return;
    case VERDICT_TAKEN: break;
    }
    /* That there is nothing to do needs nobody's acceptance, and DC-09 has no word for one. */
    bool is_last_word = entry->receiver->dc09 && entry->row.job_kind == JOB_STAND_DOWN;
    if (outbox_is_police(&entry->row) && !is_last_word) {
        outbox->stats.delivered++;
        outbox_wait(outbox, entry, ENTRY_TAKEN, outbox_expiry_ms(outbox, entry, now));
        outbox_tell(outbox, entry, DELIVERY_SENT, "");
    } else if (outbox_is_operator(&entry->row)) {
        outbox_await(outbox, entry, now);
        outbox_tell(outbox, entry, DELIVERY_SENT, entry->row.ref);
    } else if (entry->row.job_kind == JOB_TASK) {
        outbox_finish(outbox, entry, DELIVERY_SENT, "");
    } else {
        outbox_finish(outbox, entry, DELIVERY_DELIVERED, "");
    }
}

void outbox_depart(struct outbox *outbox, struct receiver *receiver, struct entry *entry)
{
    rows_unschedule(&outbox->rows, entry);
    entry->state = ENTRY_IN_FLIGHT;
    entry->receiver = receiver;
    receiver->in_flight[is_red(entry)]++;
    outbox->in_flight++;
    if (!is_red(entry))
        outbox->rest_in_flight++;
}

void outbox_return(struct outbox *outbox, struct entry *entry, struct now now)
{
    entry->receiver->in_flight[is_red(entry)]--;
    entry->receiver->talked_ms = now.mono_ms;
    outbox->in_flight--;
    if (!is_red(entry))
        outbox->rest_in_flight--;
}

void outbox_attempt_over(struct outbox *outbox, struct entry *entry, const struct verdict *verdict,
                         struct now now)
{
    struct receiver *receiver = entry->receiver;
    outbox_return(outbox, entry, now);
    if (verdict->kind == VERDICT_RETRY)
        count_failure(receiver, verdict->reason, now);
    else
        count_success(receiver);
    if (entry->gone) {
        outbox_let_go(outbox, entry, verdict->kind == VERDICT_TAKEN || verdict->kind == VERDICT_RETRY, now);
    } else {
        entry->state = ENTRY_WAITING;
        conclude(outbox, entry, verdict, now);
    }
    outbox_start_ready(outbox, now);
    outbox_arm(outbox, now);
}

static void on_done(void *self, const struct transport_reply *reply, struct now now)
{
    struct entry *entry = self;
    struct verdict verdict = verdict_of(&entry->row, entry->outbox->county, reply);
    outbox_attempt_over(entry->outbox, entry, &verdict, now);
}

void outbox_address(const struct outbox *outbox, const struct receiver *receiver,
                    struct transport_request *request)
{
    const struct relay_settings *settings = outbox->config.settings;
    request->url = receiver->url;
    request->timeout_s = settings->timeout_s;
    request->allow_private = settings->allow_private;
    request->ca_file = receiver->tls.ca_file;
    request->cert_file = receiver->tls.cert_file;
    request->key_file = receiver->tls.key_file;
}

/* X-Huyang-Signature = hex of HMAC-SHA256(secret, time "." id "." body): whoever checks it knows who sent it,
 * when, and that nothing was changed. */
static enum err sign(struct outbox *outbox, const struct receiver *receiver, const struct entry *entry,
                     const char *id, int64_t time_s, char header[HEADER_SIZE])
{
    buf_clear(&outbox->scratch);
    buf_printf(&outbox->scratch, "%" PRId64 ".%s.", time_s, id);
    buf_append(&outbox->scratch, entry->row.body, entry->row.len);
    if (outbox->scratch.failed)
        return ERR_NOMEM;
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    hash_hmac(receiver->secret, receiver->secret_len, outbox->scratch.data, outbox->scratch.len, digest);
    hash_hex(digest, sizeof digest, hex);
    snprintf(header, HEADER_SIZE, "X-Huyang-Signature: %s", hex);
    return ERR_OK;
}

static enum err send_entry(struct outbox *outbox, struct receiver *receiver, struct entry *entry,
                           struct now now)
{
    if (outbox_is_people(&entry->row))
        return outbox_send_people(outbox, receiver, entry, now);
    char id[HASH_ID_TEXT], lines[5][HEADER_SIZE];
    hash_id_text(&entry->row.id, id);
    const char *headers[6] = {NULL};
    size_t count = 0;
    snprintf(lines[0], HEADER_SIZE, "X-Huyang-Id: %s", id);
    snprintf(lines[1], HEADER_SIZE, "Idempotency-Key: %s", id);
    snprintf(lines[2], HEADER_SIZE, "X-Huyang-Time: %" PRId64, now.wall_ms / 1000);
    for (; count < 3; count++)
        headers[count] = lines[count];
    if (receiver->secret_len > 0) {
        enum err err = sign(outbox, receiver, entry, id, now.wall_ms / 1000, lines[count]);
        if (err != ERR_OK)
            return err;
        headers[count] = lines[count];
        count++;
    }
    if (entry->row.unpersisted)
        headers[count] = "X-Huyang-Unpersisted: 1";
    struct transport_request request = {.content_type = "application/json",
                                        .headers = headers,
                                        .body = entry->row.body,
                                        .len = entry->row.len};
    if (outbox_is_police(&entry->row)) {
        request.content_type = "application/cap+xml; charset=utf-8";
        request.body = police_cap_part(&entry->row, &request.len);
    }
    outbox_address(outbox, receiver, &request);
    return transport_send(outbox->transport, &request, on_done, entry);
}

static bool has_place(const struct outbox *outbox, const struct receiver *receiver, const struct entry *entry)
{
    if (receiver->dc09) /* one question at a time, whoever asks: red stands first in the waiting list */
        return receiver->in_flight[0] + receiver->in_flight[1] == 0;
    if (is_red(entry))
        return receiver->in_flight[1] < OUTBOX_PER_RECEIVER;
    return receiver->in_flight[0] < OUTBOX_PER_RECEIVER && outbox->rest_in_flight < OUTBOX_REST_IN_FLIGHT;
}

void outbox_attempt(struct outbox *outbox, struct entry *entry, struct now now)
{
    bool refused = false;
    struct receiver *receiver = outbox_is_police(&entry->row)
                                    ? outbox_choose_way(outbox, entry, now, &refused)
                                    : receivers_find(&outbox->receivers, entry->row.target_name);
    if (!receiver) {
        outbox_finish(outbox, entry, refused ? DELIVERY_REJECTED : DELIVERY_FAILED,
                      refused ? entry->why : "the receiver is not configured");
        return;
    }
    if (!is_red(entry) && receiver->blocked_until_ms > now.mono_ms) {
        int64_t expiry = outbox_expiry_ms(outbox, entry, now);
        outbox_wait(outbox, entry, ENTRY_WAITING,
                    receiver->blocked_until_ms < expiry ? receiver->blocked_until_ms : expiry);
        return;
    }
    if (!has_place(outbox, receiver, entry)) {
        entry->receiver = receiver;
        outbox_wait(outbox, entry, ENTRY_READY, outbox_expiry_ms(outbox, entry, now));
        ready_push(&receiver->ready[is_red(entry)], entry);
        return;
    }
    int64_t wait_ms = receiver_pace_ms(receiver, is_red(entry), now.mono_ms);
    if (wait_ms > 0) {
        int64_t expiry = outbox_expiry_ms(outbox, entry, now);
        outbox_wait(outbox, entry, ENTRY_WAITING,
                    now.mono_ms + wait_ms < expiry ? now.mono_ms + wait_ms : expiry);
        return;
    }
    enum err err = ERR_IO;
    const char *no_secret = receiver_load_secret(receiver);
    if (no_secret)
        text_copy(entry->why, sizeof entry->why, no_secret);
    else if (receiver->dc09)
        err = outbox_send_dc09(receiver, entry);
    else
        err = send_entry(outbox, receiver, entry, now);
    if (err == ERR_INVALID) {
        outbox_finish(outbox, entry, DELIVERY_FAILED,
                      receiver->dc09                  ? "the stored message cannot be read"
                      : outbox_is_people(&entry->row) ? "the receiver's address or secret cannot be used"
                                                      : "the receiver's URL is not http or https");
        return;
    }
    if (err != ERR_OK) {
        again(outbox, entry, false, 0, now);
        return;
    }
    outbox->stats.sent++;
    outbox_depart(outbox, receiver, entry);
}

void outbox_start_ready(struct outbox *outbox, struct now now)
{
    for (unsigned red = 2; red-- > 0;)
        for (unsigned i = 0; i < RECEIVERS_MAX; i++) {
            struct receiver *receiver = &outbox->receivers.all[i];
            struct entry *entry;
            while (receiver->used && (entry = receiver->ready[red].first) &&
                   has_place(outbox, receiver, entry)) {
                outbox_wait(outbox, entry, ENTRY_WAITING, now.mono_ms);
                outbox_attempt(outbox, entry, now);
            }
        }
}

static void on_warm(void *self, const struct transport_reply *reply, struct now now)
{
    struct receiver *receiver = self;
    receiver->warming = false;
    receiver->unreached = reply->status == 0; /* what it answers does not matter */
    receiver->talked_ms = now.mono_ms;
}

int64_t outbox_warm(struct outbox *outbox, struct now now)
{
    int64_t every_ms = (int64_t)outbox->config.settings->police_warm_s * 1000, next = INT64_MAX;
    if (every_ms == 0)
        return next;
    for (unsigned i = 0; i < RECEIVERS_MAX; i++) {
        struct receiver *receiver = &outbox->receivers.all[i];
        if (!receiver->configured || !receiver->is_police)
            continue;
        bool due = receiver->talked_ms == 0 || now.mono_ms - receiver->talked_ms >= every_ms;
        if (due && !receiver->warming && !receiver->in_flight[1]) {
            struct transport_request request = {.warm = true};
            outbox_address(outbox, receiver, &request);
            receiver->talked_ms = now.mono_ms;
            receiver->warming = transport_send(outbox->transport, &request, on_warm, receiver) == ERR_OK;
        }
        int64_t at = (due ? now.mono_ms : receiver->talked_ms) + every_ms;
        if (at < next)
            next = at;
    }
    return next;
}
