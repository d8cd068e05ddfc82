#include "relay/verdict.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "relay/cap.h"

/* A reason ends up in logs, lists and on a screen: one line, no control characters. */
static void set_reason(struct verdict *verdict, const char *text)
{
    size_t len = strlen(text);
    text_copy(verdict->reason, sizeof verdict->reason,
              text_is_utf8(text, len, NULL) ? text : "unreadable reason");
    for (char *c = verdict->reason; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
}

/* {"state":"accepted"|"rejected","reason":"…"}; false when the body says neither. */
static bool json_verdict(const struct transport_reply *reply, struct verdict *verdict)
{
    struct json *root = NULL;
    if (reply->cut || reply->len == 0 || json_parse(reply->body, reply->len, &root, NULL) != ERR_OK)
        return false;
    const char *state = json_string(json_get(root, "state")), *reason = json_string(json_get(root, "reason"));
    bool said = true;
    if (state && strcmp(state, "accepted") == 0) {
        verdict->kind = VERDICT_ACCEPTED;
    } else if (state && strcmp(state, "rejected") == 0) {
        verdict->kind = VERDICT_REJECTED;
        set_reason(verdict, reason && reason[0] ? reason : "no reason given");
    } else {
        said = false;
    }
    json_free(root);
    return said;
}

static bool cap_verdict(const struct outbox_row *row, const char *county, const struct transport_reply *reply,
                        struct verdict *verdict)
{
    char id[HASH_ID_TEXT], note[CAP_NOTE_SIZE];
    if (reply->cut || reply->len == 0)
        return false;
    hash_id_text(&row->id, id);
    switch (cap_reply(reply->body, reply->len, county, id, note)) {
    case CAP_ACCEPTED: verdict->kind = VERDICT_ACCEPTED; return true;
    case CAP_REJECTED:
        verdict->kind = VERDICT_REJECTED;
        set_reason(verdict, note[0] ? note : "no reason given");
        return true;
    case CAP_SILENT: break;
    }
    return false;
}

static bool is_worth_retrying(int status)
{
    return status < 400 || status >= 500 || status == 408 || status == 425 || status == 429;
}

static void refused(const struct transport_reply *reply, struct verdict *verdict)
{
    struct verdict said = {0};
    char text[VERDICT_REASON_SIZE], reason[40] = "";
    if (json_verdict(reply, &said) && said.kind == VERDICT_REJECTED)
        text_copy(reason, sizeof reason, said.reason);
    snprintf(text, sizeof text, "HTTP %d%s%s", reply->status, reason[0] ? ": " : "", reason);
    verdict->kind = VERDICT_REJECTED;
    set_reason(verdict, text);
}

struct verdict verdict_of(const struct outbox_row *row, const char *county,
                          const struct transport_reply *reply)
{
    struct verdict verdict = {.kind = VERDICT_RETRY};
    if (reply->status >= 200 && reply->status < 300) {
        verdict.kind = VERDICT_TAKEN;
        bool is_cap = row->channel == CHANNEL_CAP || row->channel == CHANNEL_DC09;
        if (is_cap && cap_verdict(row, county, reply, &verdict))
            return verdict;
        json_verdict(reply, &verdict);
        if (!is_cap && verdict.kind == VERDICT_ACCEPTED)
            verdict.kind = VERDICT_TAKEN;
        return verdict;
    }
    if (reply->status != 0 && !is_worth_retrying(reply->status)) {
        refused(reply, &verdict);
        return verdict;
    }
    char text[VERDICT_REASON_SIZE];
    if (reply->status >= 300 && reply->status < 400)
        snprintf(text, sizeof text, "HTTP %d: redirects are not followed", reply->status);
    else if (reply->status != 0)
        snprintf(text, sizeof text, "HTTP %d", reply->status);
    else
        snprintf(text, sizeof text, "%.60s", reply->error);
    set_reason(&verdict, text);
    verdict.retry_after_s =
        reply->retry_after_s < RETRY_AFTER_MAX_S ? reply->retry_after_s : RETRY_AFTER_MAX_S;
    return verdict;
}

struct verdict verdict_of_mail(const struct transport_reply *reply)
{
    struct verdict verdict = {.kind = VERDICT_RETRY};
    char text[VERDICT_REASON_SIZE];
    if (reply->status >= 200 && reply->status < 300) {
        verdict.kind = VERDICT_TAKEN;
        return verdict;
    }
    if (reply->status >= 550 && reply->status <= 554)
        verdict.kind = VERDICT_REJECTED;
    if (reply->status != 0)
        snprintf(text, sizeof text, "SMTP %d", reply->status);
    else
        snprintf(text, sizeof text, "%.60s", reply->error);
    set_reason(&verdict, text);
    return verdict;
}

struct verdict verdict_of_dc09(enum dc09_state state, const char *why)
{
    struct verdict verdict = {.kind = state == DC09_STATE_TAKEN     ? VERDICT_TAKEN
                                      : state == DC09_STATE_REFUSED ? VERDICT_ELSEWHERE
                                                                    : VERDICT_RETRY};
    set_reason(&verdict, why);
    return verdict;
}
