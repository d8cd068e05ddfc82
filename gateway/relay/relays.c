#include "relay/relay.h"

#include <string.h>

/* Which relay writes which kind of job. */
static const struct relay *const relays[JOB_KIND_COUNT] = {
    [JOB_PROMPT] = &relay_prompt, [JOB_NOTICE] = &relay_prompt,     [JOB_HUSH] = &relay_prompt,
    [JOB_POLICE] = &relay_police, [JOB_STAND_DOWN] = &relay_police, [JOB_NOTIFY] = &relay_webhook,
    [JOB_TASK] = &relay_webhook,
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
    };
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
