#include "relay/mail.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "relay/link.h"
#include "relay/message.h"

enum {
    LINE_MAX_QP = 75,
    WORD_BYTES = 39 /* of UTF-8 in one encoded word: with "Subject: " within 78 characters */
};

bool mail_is_address(const char *text)
{
    const char *at = strchr(text, '@');
    size_t len = strlen(text);
    if (!at || at == text || !at[1] || strchr(at + 1, '@') || len > 254 || text[0] == '.' || text[0] == '-')
        return false;
    for (; *text; text++) {
        bool plain = (*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= 'a' && *text <= 'z') || strchr("@.-_+=", *text);
        if (!plain)
            return false;
    }
    return true;
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7F)
            return false;
    return true;
}

void mail_header(const char *text, struct buf *out)
{
    size_t left = strlen(text);
    if (is_plain(text) && left <= WORD_BYTES) {
        buf_puts(out, text);
        return;
    }
    for (bool first = true; left > 0; first = false) {
        size_t take = 0, step;
        char word[WORD_BYTES * 2];
        while (take < left && (step = text_utf8_step(text + take, left - take)) != 0 &&
               take + step <= WORD_BYTES)
            take += step;
        if (take == 0)
            take = 1;
        text_base64(text, take, false, word);
        buf_printf(out, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", word);
        text += take;
        left -= take;
    }
}

void mail_quoted(const char *text, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t column = 0;
    while (*text) {
        unsigned char c = (unsigned char)*text;
        char piece[LINK_TOKEN_LEN + 1];
        size_t taken = 1;
        if (c == '\n') {
            buf_puts(out, "\r\n");
            column = 0;
            text++;
            continue;
        }
        bool ends = text[1] == '\n' || !text[1];
        if (strncmp(text, LINK_HOLE, LINK_TOKEN_LEN) == 0) {
            memcpy(piece, LINK_HOLE, sizeof piece);
            taken = LINK_TOKEN_LEN;
        } else if ((c > 0x20 && c < 0x7F && c != '=' && c != '.') || (c == ' ' && !ends)) {
            piece[0] = (char)c;
            piece[1] = 0;
        } else {
            snprintf(piece, sizeof piece, "=%c%c", hex[c >> 4], hex[c & 15]);
        }
        if (column + strlen(piece) > LINE_MAX_QP) {
            buf_puts(out, "=\r\n");
            column = 0;
        }
        buf_puts(out, piece);
        column += strlen(piece);
        text += taken;
    }
}

static void put_date(const struct relay_context *context, int64_t t_ms, struct buf *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil utc;
    (void)context;
    clock_civil(NULL, t_ms, &utc);
    buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[utc.weekday % 7], utc.day,
               months[(utc.month + 11) % 12], utc.year, utc.hour, utc.minute, utc.second);
}

void mail_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                 const char *to, struct buf *body)
{
    const char *from = context->settings->mail.from, *domain = strchr(from, '@');
    struct words_facts facts;
    struct buf text;
    char id[HASH_ID_TEXT], thread[HASH_ID_TEXT];
    bool zh = message_is_zh(context, job);
    buf_init(&text, RELAY_BODY_MAX);
    words_facts(context, alert, job->t_ms, &facts);
    hash_id_text(&job->id, id);
    hash_id_text(&job->alert, thread);
    buf_printf(body, "From: %s\r\nTo: %s\r\n", from, to);
    put_date(context, job->t_ms, body);
    buf_printf(body, "Message-ID: <%s%s>\r\nReferences: <alert.%s%s>\r\n", id, domain ? domain : "", thread,
               domain ? domain : "");
    if (job->attempt) {
        buf_printf(&text, zh ? "另有%u条提醒" : "%u more messages", (unsigned)job->attempt);
    } else {
        message_title(context, &facts, job, zh, &text);
        buf_puts(&text, zh ? "：" : ": ");
        words_who(&facts, zh, &text);
    }
    buf_puts(body, "Subject: ");
    mail_header(buf_text(&text), body);
    buf_printf(body,
               "\r\nAuto-Submitted: auto-generated\r\nX-Priority: %d\r\nMIME-Version: 1.0\r\nContent-Type: "
               "text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
               job->level == LEVEL_RED ? 1 : 3);
    bool failed = text.failed;
    buf_clear(&text);
    message_chat(context, alert, job, MESSAGE_TEXT_MAX, &text);
    mail_quoted(buf_text(&text), body);
    buf_puts(body, "\r\n");
    body->failed = body->failed || failed || text.failed;
    buf_release(&text);
}

bool mail_recipient(const char *body, size_t len, char *to, size_t size)
{
    static const char label[] = "\r\nTo: ";
    const char *at = memmem(body, len, label, sizeof label - 1);
    const char *end = at ? memmem(at + 2, len - (size_t)(at + 2 - body), "\r\n", 2) : NULL;
    if (!end || (size_t)(end - at) - (sizeof label - 1) >= size)
        return false;
    at += sizeof label - 1;
    memcpy(to, at, (size_t)(end - at));
    to[end - at] = 0;
    return mail_is_address(to);
}
