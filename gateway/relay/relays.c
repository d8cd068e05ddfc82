#include "relay/relay.h"

#include <string.h>

/* Which relay writes which kind of job. */
static const struct relay *const relays[JOB_KIND_COUNT] = {
    [JOB_PROMPT] = &relay_prompt,  [JOB_NOTICE] = &relay_prompt,     [JOB_HUSH] = &relay_prompt,
    [JOB_POLICE] = &relay_police,  [JOB_STAND_DOWN] = &relay_police, [JOB_NOTIFY] = &relay_person,
    [JOB_TASK] = &relay_webhook,   [JOB_LOCATE] = &relay_prompt,     [JOB_INTERVAL] = &relay_prompt,
    [JOB_RESTART] = &relay_prompt,
};

/* How long a job without an expiry of its own is tried. A police message that nobody takes for a quarter of
 * an hour must come back to a person, who can pick up a telephone; the rest is tried for a day. */
static int64_t expires_ms(const struct job *job)
{
    if (job->expires_ms)
        return job->expires_ms;
    return job->t_ms + (job->kind == JOB_POLICE ? INT64_C(15) * 60 * 1000 : INT64_C(24) * 3600 * 1000);
}

const char *channel_name(enum channel channel)
{
    static const char *const names[CHANNEL_COUNT] = {
#define X(name, text) [CHANNEL_##name] = #text,
        CHANNEL_MAP(X)
#undef X
    };
    return (unsigned)channel < CHANNEL_COUNT ? names[channel] : "none";
}

void relay_settings_default(struct relay_settings *ret_settings)
{
    *ret_settings = (struct relay_settings){
        .police_sender = "huyang@county",
        .timeout_s = 10,
        .language = "zh",
        .quiet_from_minute = 21 * 60,
        .quiet_to_minute = 7 * 60,
        .rest_from_minute = 12 * 60,
        .rest_to_minute = 14 * 60 + 30,
        .police_warm_s = 30,
        .link_expires_s = 86400,
        .people_language = "zh",
    };
}

const char *preset_name(enum preset preset)
{
    static const char *const names[PRESET_COUNT] = {
#define X(name, text, per_minute) [PRESET_##name] = #text,
        PRESET_MAP(X)
#undef X
    };
    return (unsigned)preset < PRESET_COUNT ? names[preset] : NULL;
}

const char *operator_state_name(enum operator_state state)
{
    static const char *const names[OPERATOR_STATE_COUNT] = {
#define X(name, text) [OPERATOR_##name] = #text,
        OPERATOR_STATE_MAP(X)
#undef X
    };
    return (unsigned)state < OPERATOR_STATE_COUNT ? names[state] : NULL;
}

const struct operator_settings *relay_operator(const struct relay_settings *settings, enum way way)
{
    for (unsigned i = 0; i < settings->operator_count; i++)
        if (settings->operators[i].way == way)
            return &settings->operators[i];
    return NULL;
}

uint8_t relay_ways(const struct relay_settings *settings)
{
    unsigned ways = settings->mail.url[0] ? 1U << WAY_EMAIL : 0;
    for (unsigned i = 0; i < settings->operator_count; i++)
        ways |= 1U << settings->operators[i].way;
    return (uint8_t)ways;
}

uint8_t relay_ways_back(const struct relay_settings *settings)
{
    unsigned ways = 0;
    for (unsigned i = 0; i < settings->operator_count; i++)
        if (settings->operators[i].cancel_url[0])
            ways |= 1U << settings->operators[i].way;
    return (uint8_t)ways;
}

const struct dc09_settings *relay_dc09_of(const struct relay_settings *settings, enum police_place place)
{
    for (unsigned i = 0; i < settings->dc09_count; i++)
        if (settings->dc09[i].place == place)
            return &settings->dc09[i];
    return NULL;
}

void relay_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                  struct buf *body, struct outbox_row *ret_row, const char **ret_why)
{
    const char *why = "";
    struct outbox_row row = {
        .id = job->id,
        .alert = job->alert,
        .created_ms = job->t_ms,
        .expires_ms = expires_ms(job),
        .device = REGISTRY_NONE,
        .job_kind = job->kind,
        .level = job->level,
        .role = job->role,
    };
    buf_clear(body);
    const struct relay *relay = job->kind < JOB_KIND_COUNT ? relays[job->kind] : NULL;
    enum err err = ERR_UNSUPPORTED;
    row.channel = relay ? (uint8_t)relay->channel : CHANNEL_NONE;
    if (relay)
        err = relay->render(context, alert, job, &row, body, &why);
    else
        why = "no relay for this kind of job";
    if (err == ERR_OK && body->failed)
        err = ERR_FULL;
    if (err == ERR_OK) {
        row.len = body->len;
        row.body = buf_text(body);
    } else {
        buf_clear(body);
        row.channel = CHANNEL_NONE;
        row.body = "";
        if (err != ERR_UNSUPPORTED)
            why = err_text(err);
        /* A task stands on the desk's own list, with or without a receiver that is told of it. */
        if (job->kind == JOB_TASK)
            why = "";
    }
    *ret_row = row;
    *ret_why = why;
}
