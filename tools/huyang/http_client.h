/* Small HTTP calls of the command line to a gateway's API: the fence around libcurl's easy interface in the
 * tools. One thread. */
#ifndef HUYANG_TOOLS_HTTP_CLIENT_H
#define HUYANG_TOOLS_HTTP_CLIENT_H

#include "core/buf.h"

enum { HTTP_ERROR_SIZE = 256, HTTP_BODY_MAX = 64 << 20 };

struct http_client;
struct http_answer {
    int status; /* 0: no answer came, `error` says why */
    struct buf body;
    char error[HTTP_ERROR_SIZE];
};

/* `url` is the API's address without a trailing slash, "http://127.0.0.1:8460". */
MUST_CHECK enum err http_client_new(const char *url, const char *token, struct http_client **ret_client);
void http_client_free(struct http_client *client); /* NULL is fine */
/* GET when `body` is NULL, else POST of JSON. The answer is the client's until the next call. */
const struct http_answer *http_call(struct http_client *client, const char *path, const char *body);
/* Appends a parameter's value, percent-encoded. */
void http_escape(struct buf *out, const char *value);

#endif
