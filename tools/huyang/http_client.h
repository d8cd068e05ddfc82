/* Small HTTP calls of the command line to a gateway's API: the fence around libcurl's easy interface in the
 * tools. One thread. */
#ifndef HUYANG_TOOLS_HTTP_CLIENT_H
#define HUYANG_TOOLS_HTTP_CLIENT_H

#include "core/buf.h"

enum { HTTP_ERROR_SIZE = 256, HTTP_TAG_SIZE = 80, HTTP_BODY_MAX = 64 << 20 };

struct http_client;
struct http_answer {
    int status; /* 0: no answer came, `error` says why */
    struct buf body;
    char tag[HTTP_TAG_SIZE]; /* its ETag, "" without one or when it is longer */
    char error[HTTP_ERROR_SIZE];
};

/* `url` is an address without a trailing slash, "http://127.0.0.1:8460"; `token` NULL: no credentials. */
MUST_CHECK enum err http_client_new(const char *url, const char *token, struct http_client **ret_client);
void http_client_free(struct http_client *client); /* NULL is fine */
/* Certificates are checked against this file's authorities instead of the machine's, which NULL leaves. */
MUST_CHECK enum err http_client_trust(struct http_client *client, const char *ca_file);
/* What is shown to a server that asks who is there; cert_file NULL = nothing, key_file NULL = it stands in
 * cert_file. */
MUST_CHECK enum err http_client_identify(struct http_client *client, const char *cert_file,
                                         const char *key_file);
/* POST of JSON with headers of its own besides; `headers` ends with NULL. */
const struct http_answer *http_post(struct http_client *client, const char *path, const char *body,
                                    const char *const *headers);
/* DELETE of what stands as `tag` (If-Match) says it does. */
const struct http_answer *http_delete(struct http_client *client, const char *path, const char *tag);
/* GET when `body` is NULL, else POST of JSON. The answer is the client's until the next call. */
const struct http_answer *http_call(struct http_client *client, const char *path, const char *body);
/* Of the answer that came last. */
const struct buf *http_body(const struct http_client *client);
/* Appends a parameter's value, percent-encoded. */
void http_escape(struct buf *out, const char *value);

#endif
