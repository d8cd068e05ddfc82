#include "relay/command.h"

#include <assert.h>
#include <string.h>
#include <huyang/v1/command.pb-c.h>

#include "core/text.h"

enum { COMMAND_BYTES_MAX = 2048 };

static Huyang__V1__Priority wire_priority(uint8_t priority)
{
    switch (priority) {
    case PROMPT_RED: return HUYANG__V1__PRIORITY__PRIORITY_RED;
    case PROMPT_HIGH: return HUYANG__V1__PRIORITY__PRIORITY_HIGH;
    default: return HUYANG__V1__PRIORITY__PRIORITY_NORMAL;
    }
}

static Huyang__V1__Manner wire_manner(uint8_t manner)
{
    switch (manner) {
    case COMMAND_DISCREETLY: return HUYANG__V1__MANNER__MANNER_DISCREET;
    case COMMAND_VISIBLY: return HUYANG__V1__MANNER__MANNER_VISIBLE;
    default: return HUYANG__V1__MANNER__MANNER_SPEAK;
    }
}

const char *command_manner_name(unsigned manner)
{
    static const char *const names[] = {
#define X(name, text) [COMMAND_##name] = #text,
        COMMAND_MANNER_MAP(X)
#undef X
    };
    return manner < sizeof names / sizeof *names ? names[manner] : "";
}

/* protobuf-c's structs hold plain char pointers although packing only reads them. */
static char *unconst(const char *text)
{
    union {
        const char *in;
        char *out;
    } both = {.in = text};
    return both.out;
}

enum err command_encode(const struct command_out *command, struct buf *out)
{
    char id[HASH_ID_TEXT];
    hash_id_text(&command->id, id);

    Huyang__V1__Command message = HUYANG__V1__COMMAND__INIT;
    message.id = id;
    message.ttl_s = command->ttl_s;
    message.expires_ms = command->expires_ms;
    message.priority = wire_priority(command->priority);
    message.gateway_time_ms = command->gateway_time_ms;
    message.exercise = command->exercise;

    Huyang__V1__Prompt prompt = HUYANG__V1__PROMPT__INIT;
    uint8_t digest[SHA256_SIZE];
    Huyang__V1__Notice notice = HUYANG__V1__NOTICE__INIT;
    Huyang__V1__CancelCommand cancel = HUYANG__V1__CANCEL_COMMAND__INIT;
    Huyang__V1__LocateNow locate = HUYANG__V1__LOCATE_NOW__INIT;
    Huyang__V1__SetReportInterval interval = HUYANG__V1__SET_REPORT_INTERVAL__INIT;
    Huyang__V1__Restart restart = HUYANG__V1__RESTART__INIT;
    if (command->kind == COMMAND_PROMPT) {
        prompt.prompt_id = unconst(command->prompt_id);
        prompt.language = unconst(command->language);
        prompt.text = unconst(command->text);
        prompt.volume_percent = command->volume_percent;
        prompt.repeat = command->repeat;
        prompt.manner = wire_manner(command->manner);
        if (command->clip_sha256) {
            prompt.clip = unconst(command->prompt_id);
            prompt.clip_sha256 = (ProtobufCBinaryData){.len = SHA256_SIZE, .data = digest};
            prompt.clip_bytes = command->clip_bytes;
            memcpy(digest, command->clip_sha256, SHA256_SIZE);
        }
        message.kind_case = HUYANG__V1__COMMAND__KIND_PROMPT;
        message.prompt = &prompt;
    } else if (command->kind == COMMAND_CANCEL) {
        cancel.command_id = unconst(command->target);
        message.kind_case = HUYANG__V1__COMMAND__KIND_CANCEL;
        message.cancel = &cancel;
    } else if (command->kind == COMMAND_LOCATE) {
        message.kind_case = HUYANG__V1__COMMAND__KIND_LOCATE_NOW;
        message.locate_now = &locate;
    } else if (command->kind == COMMAND_INTERVAL) {
        interval.interval_s = command->interval_s;
        interval.duration_s = command->duration_s;
        message.kind_case = HUYANG__V1__COMMAND__KIND_SET_REPORT_INTERVAL;
        message.set_report_interval = &interval;
    } else if (command->kind == COMMAND_RESTART) {
        message.kind_case = HUYANG__V1__COMMAND__KIND_RESTART;
        message.restart = &restart;
    } else {
        notice.notice_kind = command->notice == COMMAND_HELP_COMING
                                 ? HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_COMING
                                 : HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_TOLD;
        message.kind_case = HUYANG__V1__COMMAND__KIND_NOTICE;
        message.notice = &notice;
    }

    uint8_t bytes[COMMAND_BYTES_MAX];
    size_t len = huyang__v1__command__get_packed_size(&message);
    if (len > sizeof bytes)
        return ERR_FULL;
    size_t written = huyang__v1__command__pack(&message, bytes);
    assert(written == len);
    buf_append(out, bytes, written);
    return out->failed ? ERR_FULL : ERR_OK;
}

/* A notice has no text on the wire: a device of ours has its own. */
static void take_notice(const Huyang__V1__Notice *notice, struct command_words *words)
{
    const struct prompt *prompt = prompt_find(NULL, "help-told");
    (void)notice; /* told or coming: a person knows of it */
    text_copy(words->language, sizeof words->language, prompt->texts[0].language);
    text_copy(words->text, sizeof words->text, prompt->texts[0].text);
}

enum err command_words(const void *bytes, size_t len, struct command_words *ret_words)
{
    struct command_words words = {0};
    Huyang__V1__Command *message = huyang__v1__command__unpack(NULL, len, bytes);
    if (!message)
        return ERR_INVALID;
    bool fits = hash_id_parse(message->id, &words.id);
    words.exercise = message->exercise != 0;
    if (message->kind_case == HUYANG__V1__COMMAND__KIND_PROMPT)
        fits = fits && text_copy(words.language, sizeof words.language, message->prompt->language) &&
               text_copy(words.text, sizeof words.text, message->prompt->text);
    else if (message->kind_case == HUYANG__V1__COMMAND__KIND_NOTICE)
        take_notice(message->notice, &words);
    else if (message->kind_case == HUYANG__V1__COMMAND__KIND_LOCATE_NOW)
        words.kind = COMMAND_LOCATE;
    else if (message->kind_case == HUYANG__V1__COMMAND__KIND_SET_REPORT_INTERVAL)
        words.kind = COMMAND_INTERVAL;
    else if (message->kind_case == HUYANG__V1__COMMAND__KIND_RESTART)
        words.kind = COMMAND_RESTART;
    else
        fits = false;
    huyang__v1__command__free_unpacked(message, NULL);
    if (!fits)
        return ERR_INVALID;
    *ret_words = words;
    return ERR_OK;
}
