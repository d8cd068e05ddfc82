#include <stdio.h>
#include <string.h>

#include "api/console.h"
#include "api/http.h"

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

static void protect(struct MHD_Response *response, const struct asked *asked, const char *policy)
{
    if (asked->https)
        add_header(response, "Strict-Transport-Security", "max-age=31536000");
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "X-Frame-Options", "DENY");
    add_header(response, "Referrer-Policy", "no-referrer");
    add_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    add_header(response, "Content-Security-Policy", policy);
}

/* Secure only where the way to us is TLS, here or as the proxy says: a browser would drop it otherwise. */
static void add_cookie(struct MHD_Response *response, const struct request *request)
{
    const char *cookie = request->reply.cookie;
    char text[256];
    bool ends = strcmp(cookie, "-") == 0;

    snprintf(text, sizeof(text), "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
             http_cookie_name(request->asked.https), ends ? "" : cookie,
             ends ? 0LL : (long long)(SESSION_MAX_MS / 1000), request->asked.https ? "; Secure" : "");
    add_header(response, "Set-Cookie", text);
}

static void add_headers(struct MHD_Response *response, const struct request *request)
{
    const struct reply *reply = &request->reply;
    char text[HASH_ID_TEXT + 2];

    add_header(response, "Content-Type", reply->content_type);
    add_header(response, "Cache-Control", "no-store");
    protect(response, &request->asked,
            reply->policy[0] != '\0' ? reply->policy : "default-src 'none'; frame-ancestors 'none'");
    if (reply->allow[0] != '\0')
        add_header(response, "Allow", reply->allow);
    if (reply->retry_after_s != 0) {
        snprintf(text, sizeof(text), "%u", reply->retry_after_s);
        add_header(response, "Retry-After", text);
    }
    if (reply->challenge)
        add_header(response, "WWW-Authenticate", "Bearer");
    if (reply->version != 0) {
        snprintf(text, sizeof(text), "\"%u\"", reply->version);
        add_header(response, "ETag", text);
    }
    if (reply->tag[0] != '\0') {
        snprintf(text, sizeof(text), "\"%s\"", reply->tag);
        add_header(response, "ETag", text);
    }
    if (reply->cookie[0] != '\0')
        add_cookie(response, request);
}

enum MHD_Result http_send_reply(struct api *api, struct exchange *exchange)
{
    struct reply *reply = &exchange->request.reply;

    if (reply->body.failed) {
        buf_release(&reply->body);
        reply_problem(&exchange->request, 503, NULL, "out of memory");
    }
    if (reply->status < 100 || reply->status > 599)
        reply->status = 500;
    api->replies[reply->status / 100]++;
    size_t len = reply->body.len;
    /* The bytes become the response's; it frees them. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, reply->body.data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        return MHD_NO;
    buf_init(&reply->body, API_REPLY_MAX);
    add_headers(response, &exchange->request);
    enum MHD_Result result = MHD_queue_response(exchange->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result http_send_file(struct api *api, struct exchange *exchange)
{
    const struct console_file *file = exchange->file;
    const struct asked *asked = &exchange->request.asked;
    bool zipped = asked->gzip && file->gzip_len != 0, same = strcmp(asked->if_none, file->etag) == 0;
    size_t len = same ? 0 : zipped ? file->gzip_len : file->len;
    /* MHD takes a plain pointer and does not write through it. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        len, (void *)(uintptr_t)(zipped ? file->gzip : file->data), MHD_RESPMEM_PERSISTENT);
    char etag[48];

    if (response == NULL)
        return MHD_NO;
    snprintf(etag, sizeof(etag), "\"%s\"", file->etag);
    add_header(response, "ETag", etag);
    add_header(response, "Vary", "Accept-Encoding");
    add_header(response, "Cache-Control", file->hashed ? "public, max-age=31536000, immutable" : "no-cache");
    protect(response, asked,
            "default-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'");
    if (!same) {
        add_header(response, "Content-Type", file->type);
        if (zipped)
            add_header(response, "Content-Encoding", "gzip");
    }
    api->replies[same ? 3 : 2]++;
    enum MHD_Result result = MHD_queue_response(exchange->connection, same ? 304 : 200, response);
    MHD_destroy_response(response);
    return result;
}
