#include "relay/tcp.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/text.h"
#include "relay/address.h"

enum { READ_ROUNDS = 8 }; /* then others have their turn */

struct tcp {
    struct loop *loop;
    struct tcp_events events;
    void *self;
    struct loop_lookup *lookup;
    struct loop_poll *poll;
    enum tcp_state state;
    int fd;
    bool allow_private;
    struct sockaddr_storage addresses[TCP_ADDRESSES_MAX];
    socklen_t address_lens[TCP_ADDRESSES_MAX];
    unsigned address_count, next_address;
    struct buf pending; /* what the kernel did not take yet */
};

bool tcp_address_parse(const char *text, char *host, uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (!colon || colon == text || strlen(text) >= TCP_ADDRESS_SIZE ||
        !text_to_int(colon + 1, 1, 65535, &port))
        return false;
    size_t len = (size_t)(colon - text);
    if (text[0] == '[' && text[len - 1] == ']' && len > 2) {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return false;
    }
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7F || strchr("[]/@", text[i]))
            return false;
    memcpy(host, text, len);
    host[len] = 0;
    *ret_port = (uint16_t)port;
    return true;
}

enum err tcp_new(struct loop *loop, const struct tcp_events *events, void *self, struct tcp **ret_tcp)
{
    struct tcp *tcp = calloc(1, sizeof *tcp);
    if (!tcp)
        return ERR_NOMEM;
    *tcp = (struct tcp){.loop = loop, .events = *events, .self = self, .fd = -1};
    buf_init(&tcp->pending, TCP_PENDING_MAX);
    *ret_tcp = tcp;
    return ERR_OK;
}

static void close_socket(struct tcp *tcp)
{
    loop_poll_close(tcp->poll);
    tcp->poll = NULL;
    if (tcp->fd >= 0)
        close(tcp->fd);
    tcp->fd = -1;
}

void tcp_hang_up(struct tcp *tcp)
{
    loop_lookup_close(tcp->lookup);
    tcp->lookup = NULL;
    close_socket(tcp);
    buf_clear(&tcp->pending);
    tcp->state = TCP_DOWN;
}

void tcp_free(struct tcp *tcp)
{
    if (!tcp)
        return;
    tcp_hang_up(tcp);
    buf_release(&tcp->pending);
    free(tcp);
}

enum tcp_state tcp_state(const struct tcp *tcp)
{
    return tcp->state;
}

static void fall(struct tcp *tcp, const char *why, struct now now)
{
    tcp_hang_up(tcp);
    tcp->events.down(tcp->self, why, now);
}

static void receive(struct tcp *tcp, struct now now)
{
    char chunk[TCP_CHUNK];
    for (unsigned round = 0; round < READ_ROUNDS && tcp->state == TCP_UP; round++) {
        ssize_t got = recv(tcp->fd, chunk, sizeof chunk, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            fall(tcp, got == 0 ? "the receiver closed the connection" : "the connection broke", now);
            return;
        }
        tcp->events.bytes(tcp->self, chunk, (size_t)got, now);
    }
}

/* NULL, also when a part has to wait. */
static const char *flush(struct tcp *tcp)
{
    while (tcp->pending.len > 0) {
        ssize_t sent = send(tcp->fd, tcp->pending.data, tcp->pending.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0)
            return "the connection broke";
        tcp->pending.len -= (size_t)sent;
        memmove(tcp->pending.data, tcp->pending.data + sent, tcp->pending.len);
    }
    loop_poll_start(tcp->poll, LOOP_READABLE | (tcp->pending.len > 0 ? LOOP_WRITABLE : 0));
    return NULL;
}

static void on_ready(void *self, int events, struct now now);

/* Tries the addresses in turn; false when none is left. */
static bool connect_next(struct tcp *tcp)
{
    const int on = 1;
    while (tcp->next_address < tcp->address_count) {
        const unsigned i = tcp->next_address++;
        const struct sockaddr *address = (const struct sockaddr *)&tcp->addresses[i];
        tcp->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (tcp->fd >= 0 && setsockopt(tcp->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
            setsockopt(tcp->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0 &&
            (connect(tcp->fd, address, tcp->address_lens[i]) == 0 || errno == EINPROGRESS) &&
            loop_poll_new(tcp->loop, tcp->fd, on_ready, tcp, &tcp->poll) == ERR_OK) {
            loop_poll_start(tcp->poll, LOOP_WRITABLE);
            return true;
        }
        close_socket(tcp);
    }
    return false;
}

static void on_connected(struct tcp *tcp, struct now now)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
        tcp->state = TCP_UP;
        loop_poll_start(tcp->poll, LOOP_READABLE);
        tcp->events.up(tcp->self, now);
        return;
    }
    close_socket(tcp);
    if (!connect_next(tcp))
        fall(tcp, "no connection", now);
}

static void on_ready(void *self, int events, struct now now)
{
    struct tcp *tcp = self;
    if (tcp->state == TCP_OPENING) {
        on_connected(tcp, now);
        return;
    }
    const char *why = events & LOOP_WRITABLE ? flush(tcp) : NULL;
    if (why)
        fall(tcp, why, now);
    else if (events & LOOP_READABLE)
        receive(tcp, now);
}

static void on_lookup(void *self, const struct addrinfo *list, struct now now)
{
    struct tcp *tcp = self;
    bool refused = false;
    tcp->lookup = NULL;
    tcp->address_count = tcp->next_address = 0;
    for (; list && tcp->address_count < TCP_ADDRESSES_MAX; list = list->ai_next) {
        if (list->ai_addrlen > sizeof tcp->addresses[0])
            continue;
        if (!tcp->allow_private && !address_is_public(list->ai_addr)) {
            refused = true;
            continue;
        }
        memcpy(&tcp->addresses[tcp->address_count], list->ai_addr, list->ai_addrlen);
        tcp->address_lens[tcp->address_count++] = list->ai_addrlen;
    }
    if (tcp->address_count == 0)
        fall(tcp, refused ? "address refused: private range" : "host name not found", now);
    else if (!connect_next(tcp))
        fall(tcp, "no connection", now);
}

const char *tcp_open(struct tcp *tcp, const char *address, bool allow_private)
{
    char host[TCP_ADDRESS_SIZE], text[8];
    uint16_t port;
    assert(tcp->state == TCP_DOWN);
    if (!tcp_address_parse(address, host, &port))
        return "the address is not host:port";
    snprintf(text, sizeof text, "%u", (unsigned)port);
    tcp->allow_private = allow_private;
    if (loop_lookup_new(tcp->loop, host, text, on_lookup, tcp, &tcp->lookup) != ERR_OK)
        return "host name not found";
    tcp->state = TCP_OPENING;
    return NULL;
}

const char *tcp_send(struct tcp *tcp, const void *bytes, size_t len)
{
    assert(tcp->state == TCP_UP);
    buf_append(&tcp->pending, bytes, len);
    return tcp->pending.failed ? "the receiver takes no more bytes" : flush(tcp);
}
