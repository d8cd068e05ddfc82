#include "relay/police.h"

#include <string.h>

#include "relay/cap.h"
#include "relay/dc09_render.h"

bool police_withdrawn(const struct job *job, struct hash_id *ret_id, int64_t *ret_t_ms)
{
    char id[HASH_ID_TEXT];
    if (strlen(job->prompt) < HASH_ID_TEXT || job->prompt[HASH_ID_TEXT - 1] != '@')
        return false;
    memcpy(id, job->prompt, HASH_ID_TEXT - 1);
    id[HASH_ID_TEXT - 1] = 0;
    return hash_id_parse(id, ret_id) && text_to_int(job->prompt + HASH_ID_TEXT, 0, INT64_MAX, ret_t_ms);
}

const char *police_cap_part(const struct outbox_row *row, size_t *ret_len)
{
    size_t from = row->channel == CHANNEL_DC09 ? dc09_block_len(row->body, row->len) : 0;
    *ret_len = row->len - from;
    return *ret_len > 0 ? row->body + from : NULL;
}

static enum err render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                       struct outbox_row *row, struct buf *body, const char **ret_why)
{
    const struct relay_settings *settings = context->settings;
    bool cap = settings->police_url[0] || settings->police_backup_url[0];
    if (!cap && settings->dc09_count == 0) {
        *ret_why = "no police receiver";
        return ERR_UNSUPPORTED;
    }
    text_copy(row->target_name, sizeof row->target_name, "police");
    if (settings->dc09_count > 0) {
        row->channel = CHANNEL_DC09;
        dc09_render(context, alert, job, body);
    }
    if (cap)
        cap_render(context, alert, job, row->expires_ms, body);
    return ERR_OK;
}

const struct relay relay_police = {.channel = CHANNEL_CAP, .render = render};
