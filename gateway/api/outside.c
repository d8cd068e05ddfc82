/* Those outside who have no account: an operator that reports what became of a message, and whoever follows
 * the link in one. A look (GET) changes nothing, however often a chat program fetches it beforehand; the
 * button (POST) takes the alert in the name of the person the message went to, once. */
#include <stdio.h>
#include <string.h>

#include "api/gate.h"
#include "api/request.h"
#include "core/json.h"
#include "relay/link.h"
#include "relay/message.h"

static const char style[] =
    "body{font:18px/1.6 sans-serif;margin:0 auto;max-width:36em;padding:1em;color:#111;background:#fff}"
    "h1{font-size:1.3em}dt{font-weight:bold}dd{margin:0 0 .6em}"
    "button{font:inherit;font-weight:bold;width:100%;padding:.9em;border:0;border-radius:.4em;"
    "background:#0b57d0;color:#fff}";

/* ---- an operator's report ---- */

enum verdict outside_report(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const char scheme[] = "Bearer ";
    struct api_word *word = &ret_pending->word;
    const char *token = request->asked.bearer;

    if (!gate_outside(view->gate, request))
        return VERDICT_REPLY;
    token = strncmp(token, scheme, sizeof(scheme) - 1) == 0 ? token + sizeof(scheme) - 1 : "";
    for (unsigned i = 0; i < request->query_count && token[0] == '\0'; i++)
        if (strcmp(request->query[i].name, "token") == 0)
            token = request->query[i].value;
    if (request->body.len >= sizeof(word->body)) {
        reply_problem(request, 413, NULL, "a report is at most %zu bytes", sizeof(word->body) - 1);
        return VERDICT_REPLY;
    }
    memset(word, 0, sizeof(*word));
    word->kind = API_WORD_REPORT;
    if (!text_copy(word->token, sizeof(word->token), token)) {
        reply_problem(request, 403, NULL, "wrong token");
        return VERDICT_REPLY;
    }
    (void)text_copy(word->way, sizeof(word->way), request->name);
    word->len = request->body.len;
    memcpy(word->body, buf_text(&request->body), word->len);
    return VERDICT_WORD;
}

enum verdict outside_reported(const struct view *view, struct request *request, struct pending *pending,
                              enum err err, const char *text)
{
    (void)pending;
    switch (err) {
    case ERR_OK:
        buf_puts(&request->reply.body, "{\"code\":0,\"msg\":\"ok\"}\n");
        reply_json(request, 200);
        break;
    case ERR_REFUSED: reply_problem(request, 403, NULL, "%s", text); return VERDICT_REPLY;
    case ERR_INVALID: reply_problem(request, 422, NULL, "%s", text); break;
    default: reply_outcome(request, VERDICT_WORD, err, text); break;
    }
    gate_outside_was_right(view->gate, request);
    return VERDICT_REPLY;
}

/* ---- a link ---- */

static void put_text(struct buf *out, const char *text)
{
    buf_xml_text(out, text);
}

static void page_begin(struct request *request, int status, const char *title)
{
    struct buf *out = &request->reply.body;
    uint8_t digest[SHA256_SIZE];
    char base64[4 * ((SHA256_SIZE + 2) / 3) + 1];

    buf_clear(out);
    buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
               request->asked.zh ? "zh-CN" : "en");
    buf_puts(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n<title>");
    put_text(out, title);
    buf_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
    put_text(out, title);
    buf_puts(out, "</h1>\n");
    hash_sha256(style, sizeof(style) - 1, digest);
    text_base64(digest, sizeof(digest), false, base64);
    snprintf(request->reply.policy, sizeof(request->reply.policy),
             "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; "
             "frame-ancestors 'none'",
             base64);
    request->reply.status = status;
    request->reply.content_type = "text/html; charset=utf-8";
}

static void page_end(struct request *request)
{
    buf_puts(&request->reply.body, "</main>\n</body>\n</html>\n");
}

static enum verdict page_said(struct request *request, int status, const char *en, const char *zh)
{
    page_begin(request, status, request->asked.zh ? zh : en);
    page_end(request);
    return VERDICT_REPLY;
}

static void put_line(struct request *request, const char *en, const char *zh, const char *text)
{
    struct buf *out = &request->reply.body;

    if (text[0] == '\0')
        return;
    buf_printf(out, "<dt>%s</dt><dd>", request->asked.zh ? zh : en);
    put_text(out, text);
    buf_puts(out, "</dd>\n");
}

/* What the page needs of the alert. */
struct shown {
    struct reader_place place;
    char opened[CLOCK_TEXT_SIZE], detector[ID_SIZE], why[1024], taken_by[ID_SIZE];
    enum level level;
    bool open;
};

static void text_of(const struct json *object, const char *name, char *text, size_t size)
{
    const char *value = json_string(json_get(object, name));
    (void)text_copy(text, size, value != NULL ? value : "");
}

static enum level level_of(const struct json *object)
{
    const char *name = json_string(json_get(object, "level"));
    unsigned level = LEVEL_GREEN;

    while (name != NULL && level + 1 < LEVEL_COUNT && strcmp(level_name((enum level)level), name) != 0)
        level++;
    return (enum level)level;
}

static enum err look(const struct view *view, const struct hash_id *alert, bool zh, struct shown *ret_shown)
{
    struct shown shown = {.level = LEVEL_GREEN};
    struct json *root = NULL;
    struct buf item;

    buf_init(&item, 1 << 20);
    enum err err = reader_alert_item(view->reader, alert, &item);
    if (err == ERR_OK)
        err = reader_place(view->reader, alert, &shown.place);
    if (err == ERR_OK)
        err = json_parse(buf_text(&item), item.len, &root, NULL);
    if (err == ERR_OK) {
        const struct json *findings = json_get(root, "findings"), *best = NULL;
        const char *state = json_string(json_get(root, "state"));
        for (size_t i = 0; i < json_count(findings); i++) {
            const struct json *one = json_at(findings, i);
            bool active = false;
            if (json_bool(json_get(one, "active"), &active) && active &&
                (best == NULL || level_of(one) > level_of(best)))
                best = one;
        }
        text_of(root, "opened", shown.opened, sizeof(shown.opened));
        text_of(root, "acknowledged_by", shown.taken_by, sizeof(shown.taken_by));
        text_of(best, "detector", shown.detector, sizeof(shown.detector));
        text_of(best, zh ? "reason_zh" : "reason", shown.why, sizeof(shown.why));
        shown.level = level_of(root);
        shown.open = state != NULL && strcmp(state, "open") == 0;
        *ret_shown = shown;
    }
    json_free(root);
    buf_release(&item);
    return err;
}

/* The message a link stands for. False: the page says why not. */
static bool find_message(const struct view *view, struct request *request, struct reader_message *ret_message)
{
    uint8_t prefix[LINK_PREFIX_SIZE];
    enum err err = link_prefix(request->name, prefix) && view->reader != NULL
                       ? reader_message(view->reader, prefix, ret_message)
                       : ERR_NOT_FOUND;

    if (err == ERR_OK && !link_matches(view->config->link_key, &ret_message->job, request->name))
        err = ERR_NOT_FOUND;
    if (err != ERR_OK) {
        (void)page_said(request, err == ERR_NOT_FOUND ? 404 : 503, "This link is not valid", "此链接无效");
        return false;
    }
    gate_outside_was_right(view->gate, request);
    if (clock_now().wall_ms - ret_message->created_ms > (int64_t)view->config->link_expires_s * 1000) {
        (void)page_said(request, 410, "This link has expired. Sign in, or call the county desk.",
                        "此链接已过期，请登录平台或致电县值班席。");
        return false;
    }
    return true;
}

static const char *state_line(const struct request *request, const struct shown *shown,
                              const struct reader_message *message)
{
    bool zh = request->asked.zh;

    if (!shown->open)
        return zh ? "此警情已结束，不需要再处理。" : "This alert is over: nothing is left to be done.";
    if (message->state == DELIVERY_ACCEPTED)
        return zh ? "已登记由您接手。此链接已使用。"
                  : "It is recorded that you have it. This link is used up.";
    if (shown->taken_by[0] != '\0')
        return zh ? "已有人接手，谢谢。" : "Somebody has taken it already, thank you.";
    return NULL;
}

static enum verdict show(const struct view *view, struct request *request,
                         const struct reader_message *message)
{
    struct shown shown;
    bool zh = request->asked.zh;
    struct buf *out = &request->reply.body;
    char title[256];
    struct words_facts facts = {.detector = shown.detector};

    if (look(view, &message->alert, zh, &shown) != ERR_OK)
        return page_said(request, 503, "The alert cannot be read just now", "暂时无法读取警情");
    const struct job job = {.kind = JOB_NOTIFY,
                            .role = message->role,
                            .family = shown.place.family,
                            .level = (uint8_t)shown.level};
    const char *village = shown.place.territory_count > 1 ? shown.place.territories[1].name : "";
    const char *address = message_is_precise(&job) && shown.place.address[0] ? shown.place.address : village;
    const char *state = state_line(request, &shown, message);

    snprintf(title, sizeof(title), zh ? "%s：%s（%s）" : "%s: %s (%s)",
             message_level_word((uint8_t)shown.level, zh), words_event(&facts, shown.place.family, zh),
             words_to_be_verified(zh));
    page_begin(request, 200, title);
    buf_puts(out, "<dl>\n");
    put_line(request, "Who", "对象", shown.place.name);
    put_line(request, "Where", "地点", address);
    put_line(request, "Since", "时间", shown.opened);
    put_line(request, "Why", "原因", shown.why);
    put_line(request, "What to do", "请做", words_to_do(&facts, &job, zh));
    buf_puts(out, "</dl>\n");
    if (state != NULL) {
        buf_puts(out, "<p role=\"status\">");
        put_text(out, state);
        buf_puts(out, "</p>\n");
    } else {
        buf_printf(out, "<form method=\"post\" action=\"/a/%s\"><button type=\"submit\">%s</button></form>\n",
                   request->name, zh ? "由我接手" : "I take it");
    }
    page_end(request);
    return VERDICT_REPLY;
}

enum verdict outside_link(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct reader_message message;

    (void)ret_pending;
    if (!gate_outside(view->gate, request) || !find_message(view, request, &message))
        return VERDICT_REPLY;
    return show(view, request, &message);
}

enum verdict outside_take(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct reader_message message;

    if (!gate_outside(view->gate, request) || !find_message(view, request, &message))
        return VERDICT_REPLY;
    if (message.state == DELIVERY_ACCEPTED)
        return show(view, request, &message);
    ret_pending->word = (struct api_word){.kind = API_WORD_LINK, .job = message.job};
    return VERDICT_WORD;
}

/* Whatever came of it, the page shows how the alert stands now. */
enum verdict outside_taken(const struct view *view, struct request *request, struct pending *pending,
                           enum err err, const char *text)
{
    struct reader_message message;

    (void)pending;
    (void)text;
    if (err == ERR_BUSY || err == ERR_TIMEOUT)
        return page_said(request, 503, "Not recorded yet: please try again", "尚未登记，请再试一次");
    if (!find_message(view, request, &message))
        return VERDICT_REPLY;
    return show(view, request, &message);
}
