/* Rows for people that do not go to a receiver of ours: an operator's HTTP interface, a chat group's robot,
 * ntfy, a mail server. How each is asked, what its answer means, and what is waited for afterwards.
 *
 * That an operator took a message is told as `sent` and says nothing of the person. The word that follows
 * comes as a report (service/reports.c) or is asked for here (poll_url); when neither comes within answer_s
 * a call that was answered counts as heard, and everything else as failed, so that the alert stage goes on
 * to the next way or person. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/mail.h"
#include "relay/operator.h"
#include "relay/outbox_inner.h"
#include "relay/robots.h"

enum {
    LINE_SIZE = 512,
    HEADERS_MAX = 4 + OPERATOR_HEADERS_MAX,
    ANSWER_CALL_S = 90, /* a call rings, is heard, and a key is pressed */
    ANSWER_SMS_S = 300,
    ATTEMPTS_URGENT = 3, /* then the person's next way */
    ATTEMPTS_REST = 8,
    POLL_S = 10,
    CALL_OFF_AGAIN_MS = 1000,
    CALL_OFF_AGAIN_MAX_MS = 5000,
};

/* Secrets stand in these: wiped after use. */
struct asking {
    struct buf url, line;
    char lines[HEADERS_MAX][LINE_SIZE];
    const char *headers[HEADERS_MAX + 1];
    size_t count;
    char secret[RECEIVER_SECRET_MAX + 1];
    char id[HASH_ID_TEXT];
};

static bool asking_begin(const struct receiver *receiver, const struct entry *entry, struct asking *asking)
{
    memset(asking, 0, sizeof *asking);
    buf_init(&asking->url, 4096);
    buf_init(&asking->line, LINE_SIZE - 1);
    memcpy(asking->secret, receiver->secret, receiver->secret_len);
    hash_id_text(&entry->row.id, asking->id);
    return memchr(asking->secret, '\n', receiver->secret_len) == NULL;
}

static void asking_end(struct asking *asking)
{
    if (asking->url.data)
        explicit_bzero(asking->url.data, asking->url.len);
    if (asking->line.data)
        explicit_bzero(asking->line.data, asking->line.len);
    buf_release(&asking->url);
    buf_release(&asking->line);
    explicit_bzero(asking, sizeof *asking);
}

__attribute__((format(printf, 2, 3))) static void put_header(struct asking *asking, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(asking->lines[asking->count], LINE_SIZE, format, args);
    va_end(args);
    if (len > 0 && len < LINE_SIZE && asking->count < HEADERS_MAX) {
        asking->headers[asking->count] = asking->lines[asking->count];
        asking->count++;
    }
}

static void put_operator_headers(const struct operator_settings *settings, struct asking *asking)
{
    const struct operator_values values = {.id = asking->id, .secret = asking->secret};
    for (unsigned i = 0; i < settings->header_count; i++) {
        buf_clear(&asking->line);
        operator_fill(settings->headers[i].value, &values, false, &asking->line);
        put_header(asking, "%s: %s", settings->headers[i].name, buf_text(&asking->line));
    }
}

unsigned outbox_attempts_allowed(const struct entry *entry)
{
    if (!outbox_is_operator(&entry->row))
        return UINT_MAX;
    bool urgent = entry->row.channel == CHANNEL_VOICE || entry->row.level >= LEVEL_ORANGE;
    return urgent ? ATTEMPTS_URGENT : ATTEMPTS_REST;
}

/* ---- what they answer ---- */

static void say(struct verdict *verdict, enum verdict_kind kind, const char *why)
{
    verdict->kind = kind;
    text_copy(verdict->reason, sizeof verdict->reason, why);
}

static void judge_operator(struct entry *entry, const struct transport_reply *reply, struct verdict *verdict)
{
    const struct operator_settings *settings = entry->receiver->operator_settings;
    char why[64];
    if (!settings || verdict->kind != VERDICT_TAKEN)
        return;
    switch (operator_reply(settings, reply->body, reply->cut ? 0 : reply->len, entry->row.ref, why)) {
    case OPERATOR_TOOK: break;
    case OPERATOR_REFUSED: say(verdict, VERDICT_REJECTED, why); break;
    case OPERATOR_UNCLEAR: say(verdict, VERDICT_RETRY, why); break;
    }
}

static void judge_robot(const struct entry *entry, const struct transport_reply *reply,
                        struct verdict *verdict)
{
    char why[64];
    if (verdict->kind != VERDICT_TAKEN)
        return;
    switch (robot_answer((enum channel)entry->row.channel, reply->body, reply->cut ? 0 : reply->len, why)) {
    case ROBOT_TOOK: break;
    case ROBOT_REFUSED: say(verdict, VERDICT_REJECTED, why); break;
    case ROBOT_LIMITED:
        say(verdict, VERDICT_RETRY, why);
        verdict->retry_after_s = 10;
        break;
    }
}

static void on_done(void *self, const struct transport_reply *reply, struct now now)
{
    struct entry *entry = self;
    struct verdict verdict = entry->row.channel == CHANNEL_EMAIL
                                 ? verdict_of_mail(reply)
                                 : verdict_of(&entry->row, entry->outbox->county, reply);
    if (outbox_is_operator(&entry->row))
        judge_operator(entry, reply, &verdict);
    else if (entry->row.channel != CHANNEL_EMAIL)
        judge_robot(entry, reply, &verdict);
    outbox_attempt_over(entry->outbox, entry, &verdict, now);
}

/* ---- how they are asked ---- */

static enum err send_mail(struct outbox *outbox, const struct receiver *receiver, struct entry *entry,
                          struct asking *asking, struct transport_request *request)
{
    const struct mail_settings *settings = receiver->mail;
    char to[256];
    if (!settings || !mail_recipient(entry->row.body, entry->row.len, to, sizeof to))
        return ERR_INVALID;
    const struct transport_mail mail = {.from = settings->from,
                                        .to = to,
                                        .username = settings->username,
                                        .password = asking->secret,
                                        .clear = settings->clear};
    request->mail = &mail;
    request->content_type = NULL;
    return transport_send(outbox->transport, request, on_done, entry);
}

static enum err send_http(struct outbox *outbox, const struct receiver *receiver, struct entry *entry,
                          struct asking *asking, struct transport_request *request, int64_t wall_ms)
{
    const struct operator_settings *settings = receiver->operator_settings;
    put_header(asking, "X-Huyang-Id: %s", asking->id);
    put_header(asking, "Idempotency-Key: %s", asking->id);
    if (outbox_is_operator(&entry->row)) {
        if (!settings)
            return ERR_INVALID;
        const struct operator_values values = {.id = asking->id, .secret = asking->secret};
        operator_fill(settings->url, &values, true, &asking->url);
        put_operator_headers(settings, asking);
        if (settings->form)
            request->content_type = "application/x-www-form-urlencoded";
    } else if (entry->row.channel == CHANNEL_DINGTALK) {
        robot_dingtalk_url(receiver->url, receiver->secret, receiver->secret_len, wall_ms, &asking->url);
    } else if (entry->row.channel == CHANNEL_NTFY) {
        robot_ntfy_url(receiver->url, &asking->url);
        if (receiver->secret_len > 0)
            put_header(asking, "Authorization: Bearer %s", asking->secret);
    } else {
        buf_puts(&asking->url, receiver->url);
    }
    if (asking->url.failed)
        return ERR_INVALID;
    request->url = buf_text(&asking->url);
    request->headers = asking->headers;
    return transport_send(outbox->transport, request, on_done, entry);
}

enum err outbox_send_people(struct outbox *outbox, const struct receiver *receiver, struct entry *entry,
                            struct now now)
{
    struct transport_request request = {
        .content_type = "application/json", .body = entry->row.body, .len = entry->row.len};
    struct asking asking;
    enum err err = ERR_INVALID;
    outbox_address(outbox, receiver, &request);
    if (asking_begin(receiver, entry, &asking))
        err = entry->row.channel == CHANNEL_EMAIL
                  ? send_mail(outbox, receiver, entry, &asking, &request)
                  : send_http(outbox, receiver, entry, &asking, &request, now.wall_ms);
    asking_end(&asking);
    return err;
}

/* ---- what is waited for ---- */

static const struct operator_settings *settings_of(const struct outbox *outbox, const struct entry *entry)
{
    return relay_operator(outbox->config.settings, entry->row.channel == CHANNEL_VOICE ? WAY_VOICE : WAY_SMS);
}

static void schedule(struct outbox *outbox, struct entry *entry, const struct operator_settings *settings,
                     struct now now)
{
    int64_t due_ms = entry->give_up_ms, expiry_ms = outbox_expiry_ms(outbox, entry, now);
    bool asks = settings && settings->poll_url[0];
    int64_t poll_ms = now.mono_ms + (int64_t)(asks && settings->poll_s ? settings->poll_s : POLL_S) * 1000;
    if (asks && poll_ms < due_ms)
        due_ms = poll_ms;
    outbox_wait(outbox, entry, ENTRY_TAKEN, due_ms < expiry_ms ? due_ms : expiry_ms);
}

void outbox_await(struct outbox *outbox, struct entry *entry, struct now now)
{
    const struct operator_settings *settings = settings_of(outbox, entry);
    int64_t wait_s = settings && settings->answer_s        ? settings->answer_s
                     : entry->row.channel == CHANNEL_VOICE ? ANSWER_CALL_S
                                                           : ANSWER_SMS_S;
    entry->give_up_ms = now.mono_ms + wait_s * 1000;
    schedule(outbox, entry, settings, now);
}

static void on_poll(void *self, const struct transport_reply *reply, struct now now)
{
    static struct operator_status statuses[OPERATOR_REPORTS_MAX];
    struct entry *entry = self;
    struct outbox *outbox = entry->outbox;
    const struct operator_settings *settings = entry->receiver->operator_settings;
    char id[HASH_ID_TEXT], reason[64] = "";
    enum delivery_state state = DELIVERY_COUNT;
    size_t count = 0;
    outbox_return(outbox, entry, now);
    if (entry->gone) {
        outbox_let_go(outbox, entry, true, now);
        outbox_start_ready(outbox, now);
        outbox_arm(outbox, now);
        return;
    }
    hash_id_text(&entry->row.id, id);
    if (settings && reply->status >= 200 && reply->status < 300 && !reply->cut)
        operator_report(settings, reply->body, reply->len, statuses, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(statuses[i].id, id) == 0 ||
            (entry->row.ref[0] && strcmp(statuses[i].id, entry->row.ref) == 0))
            state = operator_delivery(settings, &statuses[i], reason);
    entry->state = ENTRY_WAITING;
    if (state != DELIVERY_COUNT && delivery_is_final(state)) {
        outbox_finish(outbox, entry, state, reason);
    } else {
        bool heard = state == DELIVERY_PLAYING && !entry->heard;
        entry->heard = entry->heard || heard;
        schedule(outbox, entry, settings, now);
        if (heard)
            outbox_tell(outbox, entry, DELIVERY_PLAYING, "");
    }
    outbox_start_ready(outbox, now);
    outbox_arm(outbox, now);
}

static bool poll(struct outbox *outbox, struct receiver *receiver, struct entry *entry)
{
    const struct operator_settings *settings = receiver->operator_settings;
    struct transport_request request = {.get = true};
    struct asking asking;
    enum err err = ERR_INVALID;
    outbox_address(outbox, receiver, &request);
    if (settings && !receiver_load_secret(receiver) && asking_begin(receiver, entry, &asking)) {
        const struct operator_values values = {
            .id = asking.id, .secret = asking.secret, .ref = entry->row.ref};
        operator_fill(settings->poll_url, &values, true, &asking.url);
        put_operator_headers(settings, &asking);
        request.url = buf_text(&asking.url);
        request.headers = asking.headers;
        if (!asking.url.failed)
            err = transport_send(outbox->transport, &request, on_poll, entry);
        asking_end(&asking);
    }
    return err == ERR_OK;
}

void outbox_word_due(struct outbox *outbox, struct entry *entry, struct now now)
{
    const struct operator_settings *settings = settings_of(outbox, entry);
    if (entry->give_up_ms <= now.mono_ms) {
        if (entry->heard)
            outbox_finish(outbox, entry, DELIVERY_DELIVERED, "answered, no key was pressed");
        else
            outbox_finish(outbox, entry, DELIVERY_FAILED, "no word from the operator in time");
        return;
    }
    struct receiver *receiver = receivers_find(&outbox->receivers, entry->row.target_name);
    if (receiver && settings && settings->poll_url[0] && poll(outbox, receiver, entry))
        outbox_depart(outbox, receiver, entry);
    else
        schedule(outbox, entry, settings, now);
}

/* ---- what is called off ----
 *
 * The alert has been taken or has ended: a telephone that rings on wakes somebody for nothing. Nothing
 * depends on the operator's answer, since the job is cancelled already; a kill of the gateway in between
 * leaves the call to ring, and its keys do nothing. */

void outbox_let_go(struct outbox *outbox, struct entry *entry, bool may_have, struct now now)
{
    const struct operator_settings *settings = entry->called_off ? settings_of(outbox, entry) : NULL;
    if (!may_have || !settings || !operator_may_cancel(settings, entry->row.ref)) {
        outbox_finish(outbox, entry, DELIVERY_QUEUED, "");
        return;
    }
    entry->attempts = 0;
    outbox_wait(outbox, entry, ENTRY_WAITING, now.mono_ms);
}

static void on_called_off(void *self, const struct transport_reply *reply, struct now now)
{
    struct entry *entry = self;
    struct outbox *outbox = entry->outbox;
    const struct operator_settings *settings = entry->receiver->operator_settings;
    char ref[OPERATOR_REF_SIZE], why[64];
    outbox_return(outbox, entry, now);
    entry->state = ENTRY_WAITING;
    entry->attempts++;
    bool well = settings && reply->status >= 200 && reply->status < 300 &&
                operator_reply(settings, reply->body, reply->cut ? 0 : reply->len, ref, why) == OPERATOR_TOOK;
    bool again = reply->status == 0 || reply->status == 429 || reply->status >= 500;
    if (!well && again && entry->attempts < ATTEMPTS_URGENT) {
        outbox_wait(outbox, entry, ENTRY_WAITING,
                    now.mono_ms + outbox_backoff_ms(&entry->row.id, entry->attempts, CALL_OFF_AGAIN_MS,
                                                    CALL_OFF_AGAIN_MAX_MS));
    } else {
        outbox->stats.called_off += well;
        outbox->stats.not_called_off += !well;
        outbox_finish(outbox, entry, DELIVERY_QUEUED, "");
    }
    outbox_start_ready(outbox, now);
    outbox_arm(outbox, now);
}

static enum err send_call_off(struct outbox *outbox, const struct receiver *receiver, struct entry *entry)
{
    const struct operator_settings *settings = receiver->operator_settings;
    struct transport_request request = {.content_type = settings->form ? "application/x-www-form-urlencoded"
                                                                       : "application/json"};
    struct asking asking;
    struct buf body;
    enum err err = ERR_INVALID;
    buf_init(&body, RELAY_BODY_MAX);
    outbox_address(outbox, receiver, &request);
    if (asking_begin(receiver, entry, &asking)) {
        const struct operator_values values = {
            .id = asking.id, .secret = asking.secret, .ref = entry->row.ref};
        operator_fill(settings->cancel_url, &values, true, &asking.url);
        operator_cancel_body(settings, &values, &body);
        put_operator_headers(settings, &asking);
        request.url = buf_text(&asking.url);
        request.headers = asking.headers;
        request.body = buf_text(&body);
        request.len = body.len;
        if (!asking.url.failed && !body.failed)
            err = transport_send(outbox->transport, &request, on_called_off, entry);
    }
    asking_end(&asking);
    buf_release(&body);
    return err;
}

void outbox_call_off(struct outbox *outbox, struct entry *entry, struct now now)
{
    struct receiver *receiver = receivers_find(&outbox->receivers, entry->row.target_name);
    enum err err = ERR_INVALID;
    if (receiver && receiver->operator_settings && !receiver_load_secret(receiver))
        err = send_call_off(outbox, receiver, entry);
    if (err == ERR_OK) {
        outbox_depart(outbox, receiver, entry);
    } else if (err == ERR_FULL) {
        outbox_wait(outbox, entry, ENTRY_WAITING, now.mono_ms + CALL_OFF_AGAIN_MS);
    } else {
        outbox->stats.not_called_off++;
        outbox_finish(outbox, entry, DELIVERY_QUEUED, "");
    }
}

bool outbox_find_ref(const struct outbox *outbox, enum way way, const char *ref, struct hash_id *ret_job)
{
    uint8_t channel = way == WAY_VOICE ? CHANNEL_VOICE : CHANNEL_SMS;
    for (size_t i = 0; i < outbox->rows.cap; i++) {
        const struct entry *entry = outbox->rows.table[i];
        if (entry && entry->row.channel == channel && strcmp(entry->row.ref, ref) == 0) {
            *ret_job = entry->row.id;
            return true;
        }
    }
    return false;
}
