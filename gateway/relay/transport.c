/* libcurl's multi interface on the core loop. Curl tells which sockets to watch (on_socket) and when to come
 * back (on_timeout); every wake-up goes to curl_multi_socket_action, and only after it has returned are
 * finished transfers reported, so that `done` may send again. */
#include "relay/transport.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "relay/address.h"

enum { TIMEOUT_DEFAULT_S = 10, CONNECTIONS_KEPT = 64, CONNECTION_AGE_S = 3600, KEEPALIVE_S = 30 };

struct transfer {
    struct transport *transport;
    struct transfer *next, *previous;
    CURL *easy;
    struct curl_slist *headers, *recipients;
    struct buf body;
    struct buf mail; /* the message, and how much of it the server has */
    size_t mail_at;
    bool is_mail;
    size_t header_bytes;
    bool allow_private, refused, cut, header_flood;
    void (*done)(void *self, const struct transport_reply *reply, struct now now);
    void *self;
};

struct transport {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct transfer *first;
    size_t in_flight;
};

static size_t on_body(char *data, size_t size, size_t count, void *self)
{
    struct transfer *transfer = self;
    size_t len = size * count, room = TRANSPORT_REPLY_MAX - transfer->body.len;
    buf_append(&transfer->body, data, len < room ? len : room);
    if (len <= room)
        return len;
    /* A receiver that talks on is not listened to: a short count ends the transfer. */
    transfer->cut = true;
    return 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *self)
{
    (void)data;
    struct transfer *transfer = self;
    transfer->header_bytes += size * count;
    if (transfer->header_bytes <= TRANSPORT_HEADERS_MAX)
        return size * count;
    transfer->header_flood = true;
    return 0;
}

static size_t on_mail(char *out, size_t size, size_t count, void *self)
{
    struct transfer *transfer = self;
    size_t left = transfer->mail.len - transfer->mail_at, len = size * count < left ? size * count : left;
    memcpy(out, transfer->mail.data + transfer->mail_at, len);
    transfer->mail_at += len;
    return len;
}

static curl_socket_t on_open(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct transfer *transfer = self;
    if (!transfer->allow_private && !address_is_public(&address->addr)) {
        transfer->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A connection that is used again was opened under the rules of an earlier request: the address is judged
 * again before a byte is sent. */
static int on_before_request(void *self, char *remote, char *local, int remote_port, int local_port)
{
    (void)local;
    (void)remote_port;
    (void)local_port;
    struct transfer *transfer = self;
    if (transfer->allow_private || address_text_is_public(remote))
        return CURL_PREREQFUNC_OK;
    transfer->refused = true;
    return CURL_PREREQFUNC_ABORT;
}

static const char *error_text(const struct transfer *transfer, CURLcode code)
{
    if (transfer->refused)
        return "address refused: private range";
    if (transfer->header_flood)
        return "headers too long";
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return "timed out";
    case CURLE_COULDNT_RESOLVE_HOST: return "host name not found";
    case CURLE_COULDNT_CONNECT: return "no connection";
    case CURLE_PEER_FAILED_VERIFICATION: return "certificate not trusted";
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return "certificate file unusable";
    case CURLE_SSL_CONNECT_ERROR: return "TLS handshake failed";
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING: return "connection closed half way";
    case CURLE_SEND_ERROR: return "connection closed while sending";
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: return "not HTTP";
    case CURLE_USE_SSL_FAILED: return "the server offers no TLS";
    case CURLE_LOGIN_DENIED: return "the server refused the login";
    case CURLE_OUT_OF_MEMORY: return "out of memory";
    default: return curl_easy_strerror(code);
    }
}

static void transfer_free(struct transfer *transfer)
{
    struct transport *transport = transfer->transport;
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else if (transport->first == transfer)
        transport->first = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->recipients);
    buf_release(&transfer->mail);
    buf_release(&transfer->body);
    free(transfer);
}

static void report(struct transfer *transfer, CURLcode code, struct now now)
{
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    bool complete = code == CURLE_OK || transfer->cut;
    /* A mail server that says no says why by its number; of one that took it only that counts. */
    if (transfer->is_mail && code == CURLE_OK)
        status = 250;
    else if (transfer->is_mail && status >= 400 && status < 600 && code != CURLE_OPERATION_TIMEDOUT)
        complete = true;
    struct transport_reply reply = {
        .status = complete ? (int)status : 0,
        .error = complete ? "" : error_text(transfer, code),
        .body = buf_text(&transfer->body),
        .len = transfer->body.len,
        .cut = transfer->cut,
        .retry_after_s = retry_after > 0 && retry_after < 86400 ? (unsigned)retry_after
                         : retry_after > 0                      ? 86400
                                                                : 0,
    };
    transfer->done(transfer->self, &reply, now);
}

static void report_finished(struct transport *transport, struct now now)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(transport->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        curl_multi_remove_handle(transport->multi, easy);
        transport->in_flight--;
        report(transfer, code, now);
        transfer_free(transfer);
    }
}

struct watch {
    struct transport *transport;
    struct loop_poll *poll;
    curl_socket_t fd;
};

static void on_ready(void *self, int events, struct now now)
{
    /* The watch may be freed inside curl_multi_socket_action; nothing of it is read afterwards. */
    const struct watch *watch = self;
    struct transport *transport = watch->transport;
    int flags =
            (events & LOOP_READABLE ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITABLE ? CURL_CSELECT_OUT : 0),
        running;
    curl_multi_socket_action(transport->multi, watch->fd, flags, &running);
    report_finished(transport, now);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *socket_self)
{
    (void)easy;
    struct transport *transport = self;
    struct watch *watch = socket_self;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            loop_poll_close(watch->poll);
            free(watch);
            curl_multi_assign(transport->multi, fd, NULL);
        }
        return 0;
    }
    if (!watch) {
        watch = calloc(1, sizeof *watch);
        if (!watch)
            return -1;
        *watch = (struct watch){.transport = transport, .fd = fd};
        if (loop_poll_new(transport->loop, fd, on_ready, watch, &watch->poll) != ERR_OK) {
            free(watch);
            return -1;
        }
        curl_multi_assign(transport->multi, fd, watch);
    }
    int events = (what & CURL_POLL_IN ? LOOP_READABLE : 0) | (what & CURL_POLL_OUT ? LOOP_WRITABLE : 0);
    loop_poll_start(watch->poll, events);
    return 0;
}

static void on_timer(void *self, struct now now)
{
    struct transport *transport = self;
    int running;
    curl_multi_socket_action(transport->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    report_finished(transport, now);
}

static int on_timeout(CURLM *multi, long after_ms, void *self)
{
    (void)multi;
    struct transport *transport = self;
    if (after_ms < 0)
        loop_timer_stop(transport->timer);
    else
        loop_timer_start(transport->timer, (uint64_t)after_ms, 0);
    return 0;
}

enum err transport_new(struct loop *loop, struct transport **ret_transport)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ERR_NOMEM;
    enum err err = ERR_NOMEM;
    struct transport *transport = calloc(1, sizeof *transport);
    if (!transport)
        goto out;
    transport->loop = loop;
    err = loop_timer_new(loop, on_timer, transport, &transport->timer);
    if (err != ERR_OK)
        goto out;
    transport->multi = curl_multi_init();
    if (!transport->multi) {
        err = ERR_NOMEM;
        goto out;
    }
    curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
    curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
    curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    *ret_transport = transport;
    return ERR_OK;
out:
    if (transport) {
        loop_timer_close(transport->timer);
        free(transport);
    }
    curl_global_cleanup();
    return err;
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    while (transport->first) {
        struct transfer *transfer = transport->first;
        curl_multi_remove_handle(transport->multi, transfer->easy);
        transfer_free(transfer);
        assert(transport->first != transfer);
    }
    curl_multi_cleanup(transport->multi);
    loop_timer_close(transport->timer);
    free(transport);
    curl_global_cleanup();
}

static bool add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer)
        transfer->headers = longer;
    return longer != NULL;
}

static bool set_headers(struct transfer *transfer, const struct transport_request *request)
{
    bool well = add_header(transfer, "Expect:"); /* no round trip before small bodies */
    if (request->content_type) {
        struct buf line;
        buf_init(&line, 256);
        buf_printf(&line, "Content-Type: %s", request->content_type);
        well = well && !line.failed && add_header(transfer, buf_text(&line));
        buf_release(&line);
    }
    for (const char *const *header = request->headers; well && header && *header; header++)
        well = add_header(transfer, *header);
    return well && curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static bool given(const char *path)
{
    return path && path[0];
}

/* The rules every request follows. False when curl does not take one of them, which only an old or crippled
 * build does: better no message than one without these rules. */
static bool set_rules(struct transfer *transfer, const struct transport_request *request)
{
    CURL *easy = transfer->easy;
    long timeout_ms = (long)(request->timeout_s ? request->timeout_s : TIMEOUT_DEFAULT_S) * 1000;
    CURLcode code = CURLE_OK;
#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, request->mail ? "smtp,smtps" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_TIMEOUT_MS, timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    SET(CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE_S);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
    SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_PREREQFUNCTION, on_before_request);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_USERAGENT, "huyang-gateway");
    if (given(request->ca_file))
        SET(CURLOPT_CAINFO, request->ca_file);
    if (given(request->cert_file))
        SET(CURLOPT_SSLCERT, request->cert_file);
    if (given(request->key_file))
        SET(CURLOPT_SSLKEY, request->key_file);
    SET(CURLOPT_URL, request->url);
    if (request->mail) {
        const struct transport_mail *mail = request->mail;
        SET(CURLOPT_USE_SSL, (long)(mail->clear ? CURLUSESSL_NONE : CURLUSESSL_ALL));
        SET(CURLOPT_MAIL_FROM, mail->from);
        SET(CURLOPT_MAIL_RCPT, transfer->recipients);
        if (given(mail->username)) {
            SET(CURLOPT_USERNAME, mail->username);
            SET(CURLOPT_PASSWORD, mail->password);
        }
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->len);
        SET(CURLOPT_READFUNCTION, on_mail);
        SET(CURLOPT_READDATA, transfer);
    } else if (request->warm) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (request->get) {
        SET(CURLOPT_HTTPGET, 1L);
    } else {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE, (long)request->len);
        SET(CURLOPT_COPYPOSTFIELDS, request->len ? request->body : "");
    }
#undef SET
    return code == CURLE_OK;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The message is copied, since it is read while it is sent. */
static bool set_mail(struct transfer *transfer, const struct transport_request *request)
{
    if (!request->mail)
        return true;
    transfer->is_mail = true;
    buf_append(&transfer->mail, request->body, request->len);
    transfer->recipients = curl_slist_append(NULL, request->mail->to);
    return transfer->recipients && !transfer->mail.failed;
}

enum err transport_send(struct transport *transport, const struct transport_request *request,
                        void (*done)(void *self, const struct transport_reply *reply, struct now now),
                        void *self)
{
    if (transport->in_flight >= TRANSPORT_REQUESTS_MAX)
        return ERR_FULL;
    if (!starts_with(request->url, request->mail ? "smtp://" : "http://") &&
        !starts_with(request->url, request->mail ? "smtps://" : "https://"))
        return ERR_INVALID;
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        return ERR_NOMEM;
    transfer->transport = transport;
    transfer->allow_private = request->allow_private;
    transfer->done = done;
    transfer->self = self;
    buf_init(&transfer->body, TRANSPORT_REPLY_MAX);
    buf_init(&transfer->mail, request->len + 1);
    transfer->next = transport->first;
    if (transport->first)
        transport->first->previous = transfer;
    transport->first = transfer;
    transfer->easy = curl_easy_init();
    if (!transfer->easy || !set_mail(transfer, request) || !set_rules(transfer, request) ||
        !set_headers(transfer, request) ||
        curl_multi_add_handle(transport->multi, transfer->easy) != CURLM_OK) {
        transfer_free(transfer);
        return ERR_NOMEM;
    }
    transport->in_flight++;
    return ERR_OK;
}

size_t transport_in_flight(const struct transport *transport)
{
    return transport->in_flight;
}
