#include "http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

enum { URL_SIZE = 2048, TIMEOUT_S = 30, CONNECT_TIMEOUT_S = 5 };

struct http_client {
    CURL *curl;
    struct curl_slist *headers;
    char url[URL_SIZE / 2];
    struct http_answer answer;
};

static size_t take(char *data, size_t size, size_t count, void *self)
{
    struct http_client *client = self;

    buf_append(&client->answer.body, data, size * count);
    return client->answer.body.failed ? 0 : size * count;
}

static bool add_header(struct http_client *client, const char *header)
{
    struct curl_slist *longer = curl_slist_append(client->headers, header);

    if (longer != NULL)
        client->headers = longer;
    return longer != NULL;
}

enum err http_client_new(const char *url, const char *token, struct http_client **ret_client)
{
    char header[128];
    struct http_client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        return ERR_NOMEM;
    buf_init(&client->answer.body, HTTP_BODY_MAX);
    client->curl = curl_easy_init();
    if (token != NULL)
        snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    if (client->curl == NULL || !text_copy(client->url, sizeof(client->url), url) ||
        (token != NULL && !add_header(client, header)) ||
        !add_header(client, "Content-Type: application/json") || !add_header(client, "Expect:")) {
        http_client_free(client);
        return ERR_NOMEM;
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->answer.error);
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(client->curl, CURLOPT_FOLLOWLOCATION, 0L); /* the token goes nowhere else */
    *ret_client = client;
    return ERR_OK;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    buf_release(&client->answer.body);
    free(client);
}

enum err http_client_trust(struct http_client *client, const char *ca_file)
{
    if (ca_file == NULL)
        return ERR_OK;
    return curl_easy_setopt(client->curl, CURLOPT_CAINFO, ca_file) == CURLE_OK ? ERR_OK : ERR_NOMEM;
}

enum err http_client_identify(struct http_client *client, const char *cert_file, const char *key_file)
{
    if (cert_file == NULL)
        return ERR_OK;
    return curl_easy_setopt(client->curl, CURLOPT_SSLCERT, cert_file) == CURLE_OK &&
                   (key_file == NULL || curl_easy_setopt(client->curl, CURLOPT_SSLKEY, key_file) == CURLE_OK)
               ? ERR_OK
               : ERR_NOMEM;
}

/* A call with headers of its own besides the client's. */
static const struct http_answer *call_with(struct http_client *client, const char *path, const char *body,
                                           const char *const *headers)
{
    struct curl_slist *more = NULL;

    for (const struct curl_slist *own = client->headers; own != NULL; own = own->next)
        more = curl_slist_append(more, own->data);
    for (; *headers != NULL; headers++)
        more = curl_slist_append(more, *headers);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, more);
    const struct http_answer *answer = http_call(client, path, body);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    curl_slist_free_all(more);
    return answer;
}

const struct http_answer *http_post(struct http_client *client, const char *path, const char *body,
                                    const char *const *headers)
{
    return call_with(client, path, body, headers);
}

const struct http_answer *http_delete(struct http_client *client, const char *path, const char *tag)
{
    char match[HTTP_TAG_SIZE + 16];
    const char *const headers[] = {match, NULL};

    snprintf(match, sizeof(match), "If-Match: %s", tag);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    const struct http_answer *answer = call_with(client, path, NULL, headers);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL);
    return answer;
}

static void take_tag(struct http_client *client)
{
    struct curl_header *header;

    if (curl_easy_header(client->curl, "ETag", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
        !text_copy(client->answer.tag, sizeof(client->answer.tag), header->value))
        client->answer.tag[0] = '\0';
}

const struct http_answer *http_call(struct http_client *client, const char *path, const char *body)
{
    char url[URL_SIZE];
    long status = 0;

    buf_clear(&client->answer.body);
    client->answer.status = 0;
    client->answer.error[0] = client->answer.tag[0] = '\0';
    if (snprintf(url, sizeof(url), "%s%s", client->url, path) >= (int)sizeof(url)) {
        (void)text_copy(client->answer.error, sizeof(client->answer.error), "the address is too long");
        return &client->answer;
    }
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    if (body != NULL) {
        curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    } else {
        curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    }
    CURLcode code = curl_easy_perform(client->curl);
    if (code == CURLE_OK && curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
        client->answer.status = (int)status;
    else if (client->answer.error[0] == '\0')
        (void)text_copy(client->answer.error, sizeof(client->answer.error), curl_easy_strerror(code));
    if (client->answer.status != 0)
        take_tag(client);
    return &client->answer;
}

const struct buf *http_body(const struct http_client *client)
{
    return &client->answer.body;
}

void http_escape(struct buf *out, const char *value)
{
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                     c == '_' || c == '.';
        if (plain)
            buf_putc(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
