/* The daemon of libmicrohttpd: where it listens, TLS, and how long a client may take.
 *
 * MHD's own timeout counts from the last byte, so who sends one now and then would hold a connection for
 * ever, and all of them with some hundred. Each connection therefore has a deadline; the watch ends it from
 * outside, by shutting the socket down, which MHD sees as a client that has left. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "core/log.h"

enum {
    CONNECTIONS_MAX = API_STREAMS_MAX + 256,
    CONNECTION_BYTES = 16 << 10, /* request line and headers */
    CONNECTION_TIMEOUT_S = 15,
    SLOW_LOOK_MS = 5000
};

const char *http_cookie_name(bool https)
{
    return https ? "__Host-huyang_session" : "huyang_session";
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent signs, strictly; NUL and what is no escape become a character that no path or value of ours may
 * hold. */
static size_t unescape(void *self, struct MHD_Connection *connection, char *text)
{
    char *to = text;

    (void)self;
    (void)connection;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        int high = hex_value(at[1]), low = high >= 0 ? hex_value(at[2]) : -1;
        *to++ = high * 16 + low > 0 && low >= 0 ? (char)(high * 16 + low) : '\x7f';
        at += low >= 0 ? 2 : 0;
    }
    *to = '\0';
    return (size_t)(to - text);
}

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    return info != NULL ? info->tls_session : NULL;
}

bool http_knows(const struct api *api, struct MHD_Connection *connection)
{
    return api->tls == NULL || tls_knows(api->tls, session_of(connection));
}

static struct line *line_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

void http_line_wait(struct api *api, struct MHD_Connection *connection, int64_t wait_ms)
{
    struct line *line = line_of(connection);

    if (line == NULL)
        return;
    pthread_mutex_lock(&api->lock);
    line->deadline_ms = wait_ms == INT64_MAX ? INT64_MAX : clock_now().mono_ms + wait_ms;
    pthread_mutex_unlock(&api->lock);
}

int64_t http_end_slow(struct api *api, int64_t mono_ms)
{
    if (api->lines == NULL)
        return INT64_MAX;
    if (mono_ms < api->slow_ms)
        return api->slow_ms;
    for (struct line *line = api->lines; line != NULL; line = line->next)
        if (line->deadline_ms <= mono_ms) {
            line->deadline_ms = INT64_MAX;
            shutdown(line->fd, SHUT_RDWR);
        }
    api->slow_ms = mono_ms + SLOW_LOOK_MS;
    return api->slow_ms;
}

/* Before the first byte is read. Without memory for it the connection has no deadline of ours, only MHD's,
 * and no certificate: TLS then fails. */
static void begin_line(struct api *api, struct MHD_Connection *connection, void **context)
{
    struct line *line = calloc(1, sizeof(*line));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (line == NULL || info == NULL) {
        free(line);
        return;
    }
    line->fd = info->connect_fd;
    line->deadline_ms = clock_now().mono_ms + HEAD_MS;
    if (api->tls != NULL)
        line->pass = tls_greet(api->tls, session_of(connection));
    pthread_mutex_lock(&api->lock);
    line->next = api->lines;
    if (line->next != NULL)
        line->next->prev = line;
    else
        pthread_cond_signal(&api->changed); /* the watch has something to look at again */
    api->lines = line;
    pthread_mutex_unlock(&api->lock);
    *context = line;
}

/* MHD closes the socket after this. */
static void end_line(struct api *api, struct line *line)
{
    if (line == NULL)
        return;
    pthread_mutex_lock(&api->lock);
    *(line->prev != NULL ? &line->prev->next : &api->lines) = line->next;
    if (line->next != NULL)
        line->next->prev = line->prev;
    pthread_mutex_unlock(&api->lock);
    if (line->pass != NULL)
        tls_forget(api->tls, line->pass);
    free(line);
}

static void on_connection(void *self, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin_line(self, connection, context);
    } else {
        end_line(self, *context);
        *context = NULL;
    }
}

bool http_parse_address(const char *text, uint16_t port, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret_address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ret_address;

    memset(ret_address, 0, sizeof(*ret_address));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return true;
    }
    return false;
}

static enum err open_tls(struct api *api)
{
    const struct api_config *config = &api->config;
    const struct tls_files files = {
        .cert = config->cert_file, .key = config->key_file, .clients = config->client_ca_file};
    struct buf why;

    if (files.cert == NULL || files.cert[0] == '\0')
        return ERR_OK;
    buf_init(&why, 4096);
    enum err err = tls_open(&files, &api->tls, &why);
    if (err != ERR_OK)
        log_write(LOG_ERROR, "api.tls", "the TLS files cannot be used\terror=%s",
                  why.len != 0 ? buf_text(&why) : err_text(err));
    buf_release(&why);
    return err;
}

enum err http_start_daemon(struct api *api)
{
    const struct api_config *config = &api->config;
    struct sockaddr_storage address;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;

    if (!http_parse_address(config->listen, config->port, &address)) {
        log_write(LOG_ERROR, "api.address",
                  "the address to listen on must be an IPv4 or IPv6 address\taddress=%s", config->listen);
        return ERR_INVALID;
    }
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    enum err err = open_tls(api);
    if (err != ERR_OK)
        return err;
    const struct MHD_OptionItem with_tls[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_no_certificate},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem in_clear[] = {{MHD_OPTION_END, 0, NULL}};
    if (api->tls != NULL)
        flags |= MHD_USE_TLS;
    errno = 0;
    api->daemon = MHD_start_daemon(
        flags, config->port, NULL, NULL, http_request, api, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, http_completed, api, MHD_OPTION_NOTIFY_CONNECTION, on_connection, api,
        MHD_OPTION_ARRAY, api->tls != NULL ? with_tls : in_clear, MHD_OPTION_END);
    if (api->daemon == NULL) {
        log_write(LOG_ERROR, "api.listen", "cannot listen\taddress=%s\tport=%u\terror=%s", config->listen,
                  config->port, strerror(errno));
        return ERR_IO;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_BIND_PORT);
    api->port = info != NULL ? info->port : config->port;
    log_write(LOG_INFO, "api.listening", "the API listens\taddress=%s\tport=%u\ttls=%d", config->listen,
              api->port, api->tls != NULL);
    return ERR_OK;
}
