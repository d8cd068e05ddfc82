/* TCP connections of watches. A connection has nobody until its first frame names a watch of the list; it
 * then speaks for that one only, and takes over from an older connection of the same watch (a watch that lost
 * its network does not say goodbye). */
#include "watch_bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_MAX = 16384,
    OUT_MAX = 256 << 10,
    READS_MAX = 8,              /* of one connection in one turn */
    NAMELESS_MS = 60 * 1000,    /* until the first frame */
    SILENT_MS = 20 * 60 * 1000, /* a watch says LK every five to eight minutes */
    FLUSH_MS = 1000             /* after this a frame of a wrong length is taken as it stands */
};

struct watch_connection {
    struct watch_bridge *bridge;
    struct watch_connection *next;
    struct loop_poll *poll;
    int fd;
    struct watch_seat *seat; /* NULL until a frame said who it is */
    struct watch_framer framer;
    struct watch_frame head; /* whom to write to: maker, id, index */
    struct buf out;
    size_t out_sent;
    int64_t heard_ms;
    bool closing; /* freed at the end of the turn */
};

static void close_connection(struct watch_connection *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    loop_poll_close(connection->poll);
    close(connection->fd);
    if (connection->seat != NULL && connection->seat->connection == connection)
        connection->seat->connection = NULL;
}

/* Frees what was closed; never from within a call of the connection itself. */
static void sweep(struct watch_bridge *bridge)
{
    for (struct watch_connection **at = &bridge->connections; *at != NULL;) {
        struct watch_connection *connection = *at;
        if (!connection->closing) {
            at = &connection->next;
            continue;
        }
        *at = connection->next;
        bridge->connection_count--;
        watch_framer_release(&connection->framer);
        buf_release(&connection->out);
        free(connection);
    }
}

static void flush(struct watch_connection *connection)
{
    struct buf *out = &connection->out;
    while (connection->out_sent < out->len) {
        const ssize_t sent = send(connection->fd, out->data + connection->out_sent,
                                  out->len - connection->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (sent < 0) {
            close_connection(connection);
            return;
        }
        connection->out_sent += (size_t)sent;
    }
    if (connection->out_sent == out->len) {
        buf_clear(out);
        connection->out_sent = 0;
    }
    loop_poll_start(connection->poll, out->len > 0 ? LOOP_READABLE | LOOP_WRITABLE : LOOP_READABLE);
}

static void send_frame(struct watch_connection *connection, const struct watch_frame *head, const char *text,
                       const void *data, size_t len)
{
    if (connection->closing)
        return;
    watch_frame_write(head, text, data, len, &connection->out);
    if (connection->out.failed) /* it does not read */
        close_connection(connection);
    else
        flush(connection);
}

void watch_connection_answer(struct watch_connection *connection, const char *text)
{
    send_frame(connection, &connection->head, text, NULL, 0);
}

bool watch_connection_obeys(const struct watch_connection *connection)
{
    return connection->head.kind == WATCH_BRACKET;
}

/* A watch that calls its maker 3G obeys SG. */
void watch_connection_command(struct watch_connection *connection, const char *text, const void *data,
                              size_t len)
{
    struct watch_frame head = connection->head;
    if (strcmp(head.maker, "3G") == 0)
        text_copy(head.maker, sizeof(head.maker), "SG");
    send_frame(connection, &head, text, data, len);
}

/* The frame's watch takes its seat; false when it may not. */
static bool seat_of(struct watch_connection *connection, const struct watch_frame *frame)
{
    struct watch_bridge *bridge = connection->bridge;
    if (connection->seat == NULL) {
        struct watch_seat *seat = watch_seat_find(bridge, frame->id);
        if (seat == NULL) {
            bridge->stats.unknown_watches++;
            if (log_allow(&bridge->limit, "bridge.unknown", 20, bridge->now.mono_ms))
                log_write(LOG_WARN, "bridge.unknown", "a watch that is not in the list was heard\twatch=%s",
                          frame->id);
            return false;
        }
        if (seat->connection != NULL)
            close_connection(seat->connection);
        seat->connection = connection;
        connection->seat = seat;
        watch_line_tick(seat);
    }
    /* Not the content, which does not outlive the frame. */
    connection->head.kind = frame->kind;
    text_copy(connection->head.maker, sizeof(connection->head.maker), frame->maker);
    text_copy(connection->head.id, sizeof(connection->head.id), frame->id);
    text_copy(connection->head.index, sizeof(connection->head.index), frame->index);
    return strcmp(connection->seat->watch, frame->id) == 0;
}

static void take_frame(struct watch_connection *connection, const struct watch_frame *frame)
{
    if (seat_of(connection, frame)) {
        watch_seat_frame(connection->seat, frame);
    } else {
        connection->bridge->stats.refused++;
        close_connection(connection);
    }
}

static void take_bytes(struct watch_connection *connection)
{
    char bytes[READ_MAX];
    for (unsigned i = 0; i < READS_MAX && !connection->closing; i++) {
        const ssize_t got = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (got <= 0 || !watch_framer_put(&connection->framer, bytes, (size_t)got)) {
            close_connection(connection);
            return;
        }
        connection->heard_ms = connection->bridge->now.mono_ms;
        const struct watch_frame *frame;
        while (!connection->closing && (frame = watch_framer_next(&connection->framer)) != NULL)
            take_frame(connection, frame);
    }
}

static void on_ready(void *self, int events, struct now now)
{
    struct watch_connection *connection = self;
    struct watch_bridge *bridge = connection->bridge;
    bridge->now = now;
    if (events & LOOP_WRITABLE)
        flush(connection);
    if (!connection->closing && events & LOOP_READABLE)
        take_bytes(connection);
    sweep(bridge);
}

/* False: no memory, the caller closes the socket. */
static bool add_connection(struct watch_bridge *bridge, int fd)
{
    struct watch_connection *connection = calloc(1, sizeof(*connection));
    const int one = 1;
    if (connection == NULL)
        return false;
    connection->bridge = bridge;
    connection->fd = fd;
    connection->heard_ms = bridge->now.mono_ms;
    if (loop_poll_new(bridge->loop, fd, on_ready, connection, &connection->poll) != ERR_OK) {
        free(connection);
        return false;
    }
    watch_framer_init(&connection->framer);
    buf_init(&connection->out, OUT_MAX);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    connection->next = bridge->connections;
    bridge->connections = connection;
    bridge->connection_count++;
    bridge->stats.accepted++;
    loop_poll_start(connection->poll, LOOP_READABLE);
    return true;
}

static void on_listener(void *self, int events, struct now now)
{
    struct watch_bridge *bridge = self;
    int fd;
    (void)events;
    bridge->now = now;
    while ((fd = accept4(bridge->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (bridge->connection_count >= bridge->options.connections_max || !add_connection(bridge, fd)) {
            bridge->stats.refused++;
            close(fd);
        }
    }
    /* Without descriptors the one that waits would wake us for ever: until the next tick, then. */
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ECONNABORTED)
        loop_poll_start(bridge->listen_poll, 0);
}

void watch_socket_tick(struct watch_bridge *bridge)
{
    for (struct watch_connection *connection = bridge->connections; connection != NULL;
         connection = connection->next) {
        const int64_t silent_ms = bridge->now.mono_ms - connection->heard_ms;
        const struct watch_frame *frame;
        while (!connection->closing && silent_ms >= FLUSH_MS &&
               (frame = watch_framer_flush(&connection->framer)) != NULL)
            take_frame(connection, frame);
        if (!connection->closing && silent_ms > (connection->seat != NULL ? SILENT_MS : NAMELESS_MS))
            close_connection(connection);
    }
    sweep(bridge);
    loop_poll_start(bridge->listen_poll, LOOP_READABLE);
}

static bool to_address(const char *text, unsigned port, struct sockaddr_storage *to, socklen_t *ret_len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)to;
    memset(to, 0, sizeof(*to));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *ret_len = sizeof(*v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    *ret_len = sizeof(*v6);
    return true;
}

bool watch_socket_open(struct watch_bridge *bridge)
{
    struct sockaddr_storage address;
    socklen_t len;
    const int one = 1;
    if (!to_address(bridge->options.listen, bridge->options.port, &address, &len)) {
        fprintf(stderr, "huyang watch-bridge: %s is no numeric address\n", bridge->options.listen);
        return false;
    }
    bridge->listen_fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bridge->listen_fd >= 0)
        setsockopt(bridge->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bridge->listen_fd < 0 || bind(bridge->listen_fd, (struct sockaddr *)&address, len) != 0 ||
        listen(bridge->listen_fd, SOMAXCONN) != 0 ||
        getsockname(bridge->listen_fd, (struct sockaddr *)&address, &len) != 0) {
        fprintf(stderr, "huyang watch-bridge: %s port %u: %s\n", bridge->options.listen, bridge->options.port,
                strerror(errno));
        return false;
    }
    bridge->port = ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&address)->sin_port
                                                      : ((struct sockaddr_in6 *)(void *)&address)->sin6_port);
    if (loop_poll_new(bridge->loop, bridge->listen_fd, on_listener, bridge, &bridge->listen_poll) != ERR_OK)
        return false;
    loop_poll_start(bridge->listen_poll, LOOP_READABLE);
    return true;
}

void watch_socket_close(struct watch_bridge *bridge)
{
    for (struct watch_connection *connection = bridge->connections; connection != NULL;
         connection = connection->next)
        close_connection(connection);
    sweep(bridge);
    loop_poll_close(bridge->listen_poll);
    if (bridge->listen_fd >= 0)
        close(bridge->listen_fd);
}
