/* NOTIFY and TASK jobs -> one JSON object for a receiver of ours. Signed when sent (outbox), not here: the
 * bytes stay the same for ever. */
#include <string.h>

#include "relay/message.h"
#include "relay/robots.h"

/* The receiver of that name; without one that of the role's own people, else one that takes every role. The
 * count when there is none. */
static uint8_t choose(const struct relay_settings *settings, const char *name, uint8_t role)
{
    uint8_t every = settings->webhook_count;
    for (uint8_t i = 0; *name && i <= settings->webhook_count; i++) {
        if (i == settings->webhook_count || strcmp(settings->webhooks[i].name, name) == 0)
            return i;
    }
    for (uint8_t i = 0; i < settings->webhook_count; i++) {
        if (settings->webhooks[i].role != ROLE_NONE && settings->webhooks[i].role == role)
            return i;
        if (settings->webhooks[i].role == ROLE_NONE && every == settings->webhook_count)
            every = i;
    }
    return every;
}

void relay_chats(const struct relay_settings *settings, struct chat_groups *ret_chats)
{
    uint8_t group_of[RELAY_WEBHOOKS_MAX + 1] = {0}; /* 1 + its number; the last place: no receiver */
    _Static_assert((int)CHAT_GROUPS_MAX >= (int)RELAY_WEBHOOKS_MAX, "each receiver may be a group");
    *ret_chats = (struct chat_groups){0};
    for (uint8_t i = 0; i < settings->webhook_count; i++) {
        if (settings->webhooks[i].preset == PRESET_JSON)
            continue;
        text_copy(ret_chats->names[ret_chats->count], ID_SIZE, settings->webhooks[i].name);
        group_of[i] = ++ret_chats->count;
    }
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        ret_chats->of_role[role] = group_of[choose(settings, "", (uint8_t)role)];
}

static void put_string(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, ",\"%s\":", key);
    buf_json_string(out, value);
}

static void put_time(const struct relay_context *context, struct buf *out, const char *key, int64_t t_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(context->tz, t_ms, text);
    buf_printf(out, ",\"%s\":\"%s\"", key, text);
}

static void put_person(struct buf *out, const struct words_person *person, bool with_phone)
{
    buf_puts(out, "{\"name\":");
    buf_json_string(out, person->name);
    if (with_phone)
        put_string(out, "phone", person->phone);
    else if (person->age > 0)
        buf_printf(out, ",\"age\":%d", person->age);
    else
        buf_puts(out, ",\"age\":null");
    buf_putc(out, '}');
}

/* Who is to be told; null when the job is for the role as such. */
static void put_recipient(const struct relay_context *context, const struct job *job, struct buf *out)
{
    buf_puts(out, ",\"recipient\":");
    enum registry_table table = job->recipient_is_contact ? REGISTRY_CONTACT : REGISTRY_RESPONDER;
    if (job->recipient == REGISTRY_NONE || job->recipient >= registry_count(context->registry, table)) {
        buf_puts(out, "null");
        return;
    }
    struct words_person person = {0};
    text_copy(person.name, sizeof person.name,
              registry_vault(context->registry, table, job->recipient, "name"));
    text_copy(person.phone, sizeof person.phone,
              registry_vault(context->registry, table, job->recipient, "phone"));
    put_person(out, &person, true);
}

/* The resident as `who` (in a shared home the first of them), everybody concerned as `people`, and for tasks
 * whom else one may call. */
static void put_people(const struct words_facts *facts, const struct job *job, struct buf *out)
{
    buf_puts(out, ",\"who\":");
    if (facts->people_count > 0)
        put_person(out, &facts->people[0], false);
    else
        buf_puts(out, "null");
    if (facts->people_count > 1) {
        buf_puts(out, ",\"people\":[");
        for (unsigned i = 0; i < facts->people_count; i++) {
            if (i > 0)
                buf_putc(out, ',');
            put_person(out, &facts->people[i], false);
        }
        buf_putc(out, ']');
    }
    if (job->kind == JOB_TASK && facts->contact_count > 0) {
        buf_puts(out, ",\"contacts\":[");
        for (unsigned i = 0; i < facts->contact_count; i++) {
            if (i > 0)
                buf_putc(out, ',');
            put_person(out, &facts->contacts[i], true);
        }
        buf_putc(out, ']');
    }
}

/* Precise coordinates are for those who must go now, and the address for those who may have to. */
static void put_place(const struct relay_context *context, const struct alert *alert,
                      const struct words_facts *facts, const struct job *job, struct buf *out)
{
    struct buf place;
    buf_init(&place, WORDS_ADDRESS_SIZE);
    if (message_is_precise(job))
        buf_puts(&place, facts->address);
    else
        message_place(context, alert, facts, job, &place);
    buf_puts(out, ",\"where\":{\"address\":");
    buf_json_string(out, buf_text(&place));
    buf_release(&place);
    if (facts->has_where && job->level >= LEVEL_ORANGE)
        buf_printf(out, ",\"lat\":%.6f,\"lon\":%.6f,\"radius_m\":%.0f", facts->where.lat, facts->where.lon,
                   facts->radius_m);
    buf_putc(out, '}');
}

static void put_headline(const struct words_facts *facts, const struct job *job, bool exercise, bool zh,
                         struct buf *out)
{
    struct buf line;
    buf_init(&line, 1024);
    if (exercise)
        buf_puts(&line, zh ? "【演练】" : "[EXERCISE] ");
    words_who(facts, zh, &line);
    buf_puts(&line, zh ? "：" : ": ");
    buf_puts(&line, words_event(facts, job->family, zh));
    buf_printf(&line, zh ? "（%s）" : " (%s)", words_to_be_verified(zh));
    buf_json_string(out, buf_text(&line));
    buf_release(&line);
}

static void put_why(const struct relay_context *context, const struct alert *alert, struct buf *out)
{
    struct buf sentence;
    buf_init(&sentence, 1024);
    buf_puts(out, ",\"why\":[");
    for (unsigned i = 0, n = 0; i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];
        if (!share->active)
            continue;
        const struct finding *finding = &share->finding;
        buf_printf(out, "%s{\"detector\":\"%s\",\"code\":\"%s\",\"score\":%.6f", n++ ? "," : "",
                   finding->detector < detector_count() ? detectors[finding->detector]->name : "",
                   finding_code(finding), finding->score);
        for (int zh = 1; zh >= 0; zh--) {
            buf_clear(&sentence);
            finding_sentence(finding, context->registry, context->tz, zh, &sentence);
            put_string(out, zh ? "zh" : "en", buf_text(&sentence));
        }
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    buf_release(&sentence);
}

static enum err render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                       struct outbox_row *row, struct buf *body, const char **ret_why)
{
    uint8_t target = choose(context->settings, job->kind == JOB_NOTIFY ? job->prompt : "", job->role);
    if (target == context->settings->webhook_count) {
        *ret_why = job->role == ROLE_NONE ? "no receiver of this name" : "no receiver for this role";
        return ERR_UNSUPPORTED;
    }
    row->target = target;
    text_copy(row->target_name, sizeof row->target_name, context->settings->webhooks[target].name);

    const struct webhook_settings *receiver = &context->settings->webhooks[target];
    row->channel = (uint8_t)robot_channel((enum preset)receiver->preset);
    if (receiver->preset != PRESET_JSON) {
        robot_render(context, alert, job, receiver, body);
        return ERR_OK;
    }
    struct words_facts facts;
    words_facts(context, alert, job->t_ms, &facts);
    char id[HASH_ID_TEXT], alert_id[HASH_ID_TEXT];
    hash_id_text(&job->id, id);
    hash_id_text(&job->alert, alert_id);
    buf_printf(
        body,
        "{\"id\":\"%s\",\"alert\":\"%s\",\"kind\":\"%s\",\"level\":\"%s\",\"family\":\"%s\",\"role\":\"%s\"",
        id, alert_id, job_name(job->kind), level_name(job->level), family_name(job->family),
        job->role == ROLE_NONE ? "" : role_name(job->role));
    if (job->kind == JOB_TASK)
        put_string(body, "task", job->prompt);
    put_recipient(context, job, body);
    put_people(&facts, job, body);
    put_place(context, alert, &facts, job, body);
    buf_puts(body, ",\"what\":{\"zh\":");
    put_headline(&facts, job, relay_is_exercise(context), true, body);
    buf_puts(body, ",\"en\":");
    put_headline(&facts, job, relay_is_exercise(context), false, body);
    buf_putc(body, '}');
    put_why(context, alert, body);
    buf_puts(body, ",\"what_to_do\":{\"zh\":");
    buf_json_string(body, words_to_do(&facts, job, true));
    put_string(body, "en", words_to_do(&facts, job, false));
    buf_printf(body, "},\"acknowledge\":\"/api/v1/alerts/%s/acknowledge\",\"exercise\":%s", alert_id,
               relay_is_exercise(context) ? "true" : "false");
    put_time(context, body, "t", job->t_ms);
    put_time(context, body, "expires", row->expires_ms);
    struct buf link;
    buf_init(&link, RELAY_URL_SIZE * 2);
    message_link(context, job, &link);
    if (link.len > 0)
        put_string(body, "link", buf_text(&link));
    buf_release(&link);
    buf_putc(body, '}');
    return ERR_OK;
}

const struct relay relay_webhook = {.channel = CHANNEL_WEBHOOK, .render = render};
