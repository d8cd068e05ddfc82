#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/text.h"
#include "http_client.h"
#include "northbound.h"

enum { HEADER_SIZE = 160, SIGNED_MAX = 64 << 20 };

struct northbound_webhook {
    struct http_client *http;
    const char *secret; /* "" = unsigned */
    struct buf signed_text;
};

enum err northbound_webhook_open(const struct northbound_webhook_options *options,
                                 char why[NORTHBOUND_WHY_SIZE], struct northbound_webhook **ret_webhook)
{
    struct northbound_webhook *webhook = calloc(1, sizeof *webhook);
    enum err err;

    if (webhook == NULL)
        return ERR_NOMEM;
    webhook->secret = options->secret;
    buf_init(&webhook->signed_text, SIGNED_MAX);
    err = http_client_new(options->url, NULL, &webhook->http);
    if (err == ERR_OK)
        err = http_client_trust(webhook->http, options->ca_file);
    if (err == ERR_OK)
        err = http_client_identify(webhook->http, options->cert_file, options->key_file);
    if (err != ERR_OK) {
        snprintf(why, NORTHBOUND_WHY_SIZE, "%s: %s", options->url, err_text(err));
        northbound_webhook_close(webhook);
        return err;
    }
    *ret_webhook = webhook;
    return ERR_OK;
}

void northbound_webhook_close(struct northbound_webhook *webhook)
{
    if (webhook == NULL)
        return;
    http_client_free(webhook->http);
    buf_release(&webhook->signed_text);
    free(webhook);
}

/* As the relays do (docs/handbook.md): hex of HMAC-SHA256(secret, time "." id "." body). */
static enum err sign(struct northbound_webhook *webhook, const struct northbound_page *page, int64_t time_s,
                     char header[HEADER_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    buf_clear(&webhook->signed_text);
    buf_printf(&webhook->signed_text, "%" PRId64 ".%s.", time_s, page->next);
    buf_append(&webhook->signed_text, page->body, page->len);
    if (webhook->signed_text.failed)
        return ERR_NOMEM;
    hash_hmac(webhook->secret, strlen(webhook->secret), webhook->signed_text.data, webhook->signed_text.len,
              digest);
    hash_hex(digest, sizeof digest, hex);
    snprintf(header, HEADER_SIZE, "X-Huyang-Signature: %s", hex);
    return ERR_OK;
}

enum err northbound_webhook_send(struct northbound_webhook *webhook, const struct northbound_page *page,
                                 char why[NORTHBOUND_WHY_SIZE])
{
    char id[HEADER_SIZE], time[HEADER_SIZE], signature[HEADER_SIZE];
    const char *headers[] = {id, time, *webhook->secret ? signature : NULL, NULL};
    int64_t time_s = clock_now().wall_ms / 1000;
    enum err err = ERR_OK;

    snprintf(id, sizeof id, "X-Huyang-Id: %s", page->next);
    snprintf(time, sizeof time, "X-Huyang-Time: %" PRId64, time_s);
    if (*webhook->secret)
        err = sign(webhook, page, time_s, signature);
    if (err != ERR_OK)
        return err;
    const struct http_answer *answer = http_post(webhook->http, "", page->body, headers);
    if (answer->status >= 200 && answer->status < 300)
        return ERR_OK;
    if (answer->status != 0)
        snprintf(why, NORTHBOUND_WHY_SIZE, "the platform answered %d", answer->status);
    else
        (void)text_copy(why, NORTHBOUND_WHY_SIZE, answer->error);
    return ERR_REFUSED;
}
