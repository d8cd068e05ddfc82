/* NOTIFY jobs: by the way the alert stage chose for the person (alert/reach.c): an operator's request, an
 * e-mail, or what the role's own receiver takes (webhook.c). */
#include <string.h>

#include "relay/mail.h"
#include "relay/message.h"
#include "relay/operator.h"

static enum err render_operator(const struct relay_context *context, const struct alert *alert,
                                const struct job *job, enum way way, struct buf *body, const char **ret_why)
{
    const struct operator_settings *settings = relay_operator(context->settings, way);
    const char *phone = message_recipient(context, job, "phone");
    if (!settings) {
        *ret_why = "no operator for this way";
        return ERR_UNSUPPORTED;
    }
    if (!phone[0]) {
        *ret_why = "no telephone number";
        return ERR_UNSUPPORTED;
    }
    /* Nobody is called out of bed for what can wait until the morning; a message can lie there. */
    if (way == WAY_VOICE && job->level < LEVEL_ORANGE &&
        prompt_is_hushed(context->settings, context->tz, context->t_ms, job->family, job->level)) {
        *ret_why = "quiet hours";
        return ERR_UNSUPPORTED;
    }
    struct words_facts facts;
    struct buf text, title;
    char id[HASH_ID_TEXT];
    buf_init(&text, MESSAGE_TEXT_MAX);
    buf_init(&title, MESSAGE_TEXT_MAX);
    hash_id_text(&job->id, id);
    words_facts(context, alert, job->t_ms, &facts);
    message_title(context, &facts, job, message_is_zh(context, job), &title);
    if (way == WAY_SMS)
        message_sms(context, alert, job, &text);
    else
        message_voice(context, alert, job, &text);
    const struct operator_values values = {.id = id,
                                           .phone = phone,
                                           .name = message_recipient(context, job, "name"),
                                           .title = buf_text(&title),
                                           .text = buf_text(&text),
                                           .level = level_name(job->level)};
    operator_body(settings, &values, body);
    body->failed = body->failed || text.failed || title.failed;
    buf_release(&title);
    buf_release(&text);
    return ERR_OK;
}

static enum err render_mail(const struct relay_context *context, const struct alert *alert,
                            const struct job *job, struct buf *body, const char **ret_why)
{
    const char *to = message_recipient(context, job, "email");
    if (!context->settings->mail.url[0])
        *ret_why = "no mail server";
    else if (!mail_is_address(to))
        *ret_why = "no e-mail address";
    if (**ret_why)
        return ERR_UNSUPPORTED;
    mail_render(context, alert, job, to, body);
    return ERR_OK;
}

static enum err render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                       struct outbox_row *row, struct buf *body, const char **ret_why)
{
    enum way way = way_of_receiver(job->prompt);
    if (way == WAY_APP || way == WAY_COUNT)
        return relay_webhook.render(context, alert, job, row, body, ret_why);
    text_copy(row->target_name, sizeof row->target_name, way_receiver(way));
    row->channel = way == WAY_SMS ? CHANNEL_SMS : way == WAY_VOICE ? CHANNEL_VOICE : CHANNEL_EMAIL;
    return way == WAY_EMAIL ? render_mail(context, alert, job, body, ret_why)
                            : render_operator(context, alert, job, way, body, ret_why);
}

const struct relay relay_person = {.channel = CHANNEL_NONE, .render = render};
