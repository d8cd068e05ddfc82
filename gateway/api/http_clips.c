/* Inside the fence around libmicrohttpd: the clips. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/clips.h"
#include "api/http.h"
#include "core/log.h"

enum { CONNECTIONS_MAX = 512, CONNECTIONS_PER_ADDRESS = 16, TIMEOUT_S = 15, HEX = 64, FOLDER_SIZE = 512 };

struct clips {
    struct MHD_Daemon *daemon;
    uint16_t port;
    pthread_mutex_t lock; /* of the folder */
    char folder[FOLDER_SIZE];
};

/* "/clips/" 64 hex digits ".wav"; *ret_hash is the digits. */
static bool is_clip(const char *url, char ret_hash[HEX + 1])
{
    static const char head[] = "/clips/";
    if (strncmp(url, head, sizeof(head) - 1) != 0)
        return false;
    url += sizeof(head) - 1;
    if (strspn(url, "0123456789abcdef") != HEX || strcmp(url + HEX, ".wav") != 0)
        return false;
    memcpy(ret_hash, url, HEX);
    ret_hash[HEX] = '\0';
    return true;
}

/* -1: there is none. A link or anything but a file is none. */
static int open_clip(struct clips *clips, const char *hash, uint64_t *ret_size)
{
    char path[FOLDER_SIZE + 96];
    struct stat status;
    pthread_mutex_lock(&clips->lock);
    const bool known = clips->folder[0] != '\0';
    snprintf(path, sizeof(path), "%s/clips/%s.wav", clips->folder, hash);
    pthread_mutex_unlock(&clips->lock);
    const int file = known ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (file >= 0 && (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0)) {
        close(file);
        return -1;
    }
    if (file >= 0)
        *ret_size = (uint64_t)status.st_size;
    return file;
}

static bool take_number(const char **at, uint64_t *ret_value)
{
    const size_t len = strspn(*at, "0123456789");
    char digits[20];
    int64_t value;
    if (len == 0 || len >= sizeof(digits))
        return false;
    memcpy(digits, *at, len);
    digits[len] = '\0';
    *at += len;
    if (!text_to_int(digits, 0, INT64_MAX, &value))
        return false;
    *ret_value = (uint64_t)value;
    return true;
}

enum range { RANGE_WHOLE, RANGE_PART, RANGE_BEYOND };
/* One range of RFC 9110; several, or what is no range, count as none asked for. */
static enum range find_range(const char *header, uint64_t size, uint64_t *ret_from, uint64_t *ret_len)
{
    uint64_t from = 0, to = size - 1;
    if (header == NULL || strncmp(header, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    header += 6;
    if (*header == '-') {
        header++;
        uint64_t last;
        if (!take_number(&header, &last) || *header != '\0')
            return RANGE_WHOLE;
        if (last == 0)
            return RANGE_BEYOND;
        from = last < size ? size - last : 0;
    } else {
        if (!take_number(&header, &from) || *header++ != '-')
            return RANGE_WHOLE;
        if (*header != '\0' && (!take_number(&header, &to) || *header != '\0' || to < from))
            return RANGE_WHOLE;
        if (from >= size)
            return RANGE_BEYOND;
        to = to < size ? to : size - 1;
    }
    *ret_from = from;
    *ret_len = to - from + 1;
    return RANGE_PART;
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result reply_empty(struct MHD_Connection *connection, unsigned status, const char *name,
                                   const char *value)
{
    static char nothing[1];
    struct MHD_Response *response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    if (response != NULL && name != NULL)
        (void)MHD_add_response_header(response, name, value);
    return queue(connection, status, response);
}

static enum MHD_Result send_clip(struct MHD_Connection *connection, int file, const char *hash, uint64_t size)
{
    const char *asked = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
    const char *range = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range");
    const char *if_range = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-Range");
    uint64_t from = 0, len = size;
    char etag[HEX + 3], text[96];
    snprintf(etag, sizeof(etag), "\"%s\"", hash);
    if (asked != NULL && (strcmp(asked, etag) == 0 || strcmp(asked, "*") == 0)) {
        close(file);
        return reply_empty(connection, MHD_HTTP_NOT_MODIFIED, "ETag", etag);
    }
    const enum range kind =
        if_range != NULL && strcmp(if_range, etag) != 0 ? RANGE_WHOLE : find_range(range, size, &from, &len);
    if (kind == RANGE_BEYOND) {
        close(file);
        snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)size);
        return reply_empty(connection, MHD_HTTP_RANGE_NOT_SATISFIABLE, "Content-Range", text);
    }
    /* The response closes the file. */
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(len, file, from);
    if (response == NULL) {
        close(file);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", "audio/wav");
    (void)MHD_add_response_header(response, "ETag", etag);
    (void)MHD_add_response_header(response, "Accept-Ranges", "bytes");
    (void)MHD_add_response_header(response, "Cache-Control", "public, max-age=31536000, immutable");
    if (kind == RANGE_PART) {
        snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)from,
                 (unsigned long long)(from + len - 1), (unsigned long long)size);
        (void)MHD_add_response_header(response, "Content-Range", text);
    }
    return queue(connection, kind == RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response);
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *data_len,
                                  void **context)
{
    struct clips *clips = self;
    char hash[HEX + 1];
    uint64_t size = 0;
    (void)version;
    (void)data;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return reply_empty(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Allow", "GET, HEAD");
    if (*context == NULL) { /* the headers; an answer now would end the connection */
        *context = clips;
        return MHD_YES;
    }
    if (*data_len != 0)
        return MHD_NO; /* nobody sends us anything */
    const int file = is_clip(url, hash) ? open_clip(clips, hash, &size) : -1;
    return file >= 0 ? send_clip(connection, file, hash, size)
                     : reply_empty(connection, MHD_HTTP_NOT_FOUND, NULL, NULL);
}

enum err clips_start(const char *listen, uint16_t port, struct clips **ret_clips)
{
    struct sockaddr_storage address;
    struct clips *clips = calloc(1, sizeof(*clips));
    if (clips == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&clips->lock, NULL);
    if (!http_parse_address(listen, port, &address)) {
        log_write(LOG_ERROR, "clips.listen", "cannot listen\taddress=%s\tport=%u\terror=not an address",
                  listen, port);
        clips_stop(clips);
        return ERR_INVALID;
    }
    errno = 0;
    clips->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0), port, NULL, NULL,
        on_request, clips, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_ADDRESS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)8 << 10, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (clips->daemon == NULL) {
        log_write(LOG_ERROR, "clips.listen", "cannot listen\taddress=%s\tport=%u\terror=%s", listen, port,
                  strerror(errno));
        clips_stop(clips);
        return ERR_IO;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(clips->daemon, MHD_DAEMON_INFO_BIND_PORT);
    clips->port = info != NULL ? info->port : port;
    log_write(LOG_INFO, "clips.listening", "clips are served\taddress=%s\tport=%u", listen, clips->port);
    *ret_clips = clips;
    return ERR_OK;
}

void clips_stop(struct clips *clips)
{
    if (clips == NULL)
        return;
    if (clips->daemon != NULL)
        MHD_stop_daemon(clips->daemon);
    pthread_mutex_destroy(&clips->lock);
    free(clips);
}

void clips_set_folder(struct clips *clips, const char *folder)
{
    pthread_mutex_lock(&clips->lock);
    (void)text_copy(clips->folder, sizeof(clips->folder), folder);
    pthread_mutex_unlock(&clips->lock);
}

uint16_t clips_port(const struct clips *clips)
{
    return clips->port;
}
