/* A DC-09 receiver on loopback that behaves as its script says, one letter for each frame, the last one for
 * ever: A acks, N gives a time an hour ahead, D says DUH, H holds its answer back, C closes, G sends garbage.
 * What it saw is kept. */
#ifndef HUYANG_TESTS_RELAY_LINE_H
#define HUYANG_TESTS_RELAY_LINE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "relay/dc09.h"

enum { LINE_SEEN = 64, LINE_AHEAD_MS = 3600000, LINE_CONNECTIONS = 64 };

struct line {
    int fd;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t mutex;
    char script[32];
    size_t at;
    struct dc09_key key;
    unsigned connections, events, tests;
    char seen[LINE_SEEN][1024]; /* events only */
    int peers[LINE_CONNECTIONS];
};

static inline char line_next(struct line *line)
{
    char letter = line->script[line->at];
    if (line->script[line->at + 1])
        line->at++;
    return letter;
}

static inline void line_answer(struct line *line, int fd, const struct dc09_frame *asked, char letter)
{
    static const uint8_t pad[DC09_BLOCK];
    static const struct dc09_key none;
    int64_t now_ms = clock_now().wall_ms;
    struct dc09_frame frame = {.kind = letter == 'A'   ? DC09_ACK
                                       : letter == 'N' ? DC09_NAK
                                                       : DC09_DUH,
                               .sequence = letter == 'N' ? 0 : asked->sequence,
                               .line = "0",
                               .data = "",
                               .extensions = "",
                               .has_time = letter == 'N' || asked->encrypted,
                               .time_ms = now_ms + (line->script[0] == 'N' ? LINE_AHEAD_MS : 0)};
    if (letter != 'N')
        memcpy(frame.account, asked->account, sizeof frame.account);
    struct buf out;
    buf_init(&out, DC09_FRAME_MAX);
    if (letter == 'G')
        buf_puts(&out, "\nXXXX0016\"ACK\"0001R0L0#1234[]\r");
    else if (dc09_write(&frame, letter == 'N' ? &none : &line->key, pad, &out) != ERR_OK)
        abort();
    if (send(fd, out.data, out.len, MSG_NOSIGNAL) < 0)
        perror("send");
    buf_release(&out);
}

static inline char line_take(struct line *line, const char *bytes, size_t len, struct dc09_frame *frame,
                             char *text)
{
    char letter = 'C';
    pthread_mutex_lock(&line->mutex);
    if (dc09_read(bytes, len, &line->key, text, frame) == DC09_FAULT_NONE) {
        if (frame->kind == DC09_TEST)
            line->tests++;
        else if (line->events < LINE_SEEN)
            snprintf(line->seen[line->events++], sizeof line->seen[0], "%.*s", (int)len, bytes);
        letter = line_next(line);
    }
    pthread_mutex_unlock(&line->mutex);
    return letter;
}

struct line_peer {
    struct line *line;
    int fd;
};

static inline void *line_serve(void *self)
{
    struct line_peer peer = *(struct line_peer *)self;
    free(self);
    char held[2 * DC09_FRAME_MAX], text[DC09_TEXT_SIZE];
    size_t len = 0;
    for (ssize_t got; (got = recv(peer.fd, held + len, sizeof held - len, 0)) > 0;) {
        len += (size_t)got;
        size_t from = 0, size, used;
        enum dc09_fault fault;
        while ((used = dc09_scan(held, len, &from, &size, &fault)) > 0) {
            struct dc09_frame frame;
            char letter = size ? line_take(peer.line, held + from, size, &frame, text) : 'H';
            if (letter == 'C') {
                shutdown(peer.fd, SHUT_RDWR);
                return NULL;
            }
            if (letter != 'H')
                line_answer(peer.line, peer.fd, &frame, letter);
            len -= used;
            memmove(held, held + used, len);
        }
    }
    shutdown(peer.fd, SHUT_RDWR);
    return NULL;
}

static inline void *line_accept(void *self)
{
    struct line *line = self;
    pthread_t threads[LINE_CONNECTIONS];
    unsigned count = 0;
    for (int fd; count < LINE_CONNECTIONS && (fd = accept(line->fd, NULL, NULL)) >= 0; count++) {
        struct line_peer *peer = malloc(sizeof *peer);
        *peer = (struct line_peer){line, fd};
        pthread_mutex_lock(&line->mutex);
        line->peers[line->connections++] = fd;
        pthread_mutex_unlock(&line->mutex);
        pthread_create(&threads[count], NULL, line_serve, peer);
    }
    for (unsigned i = 0; i < count; i++) {
        shutdown(line->peers[i], SHUT_RDWR);
        pthread_join(threads[i], NULL);
        close(line->peers[i]);
    }
    return NULL;
}

static inline struct line *line_start(const char *script)
{
    struct line *line = calloc(1, sizeof *line);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    snprintf(line->script, sizeof line->script, "%s", script);
    pthread_mutex_init(&line->mutex, NULL);
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->fd < 0 || bind(line->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(line->fd, 64) != 0 || getsockname(line->fd, (struct sockaddr *)&address, &size) != 0)
        abort();
    line->port = ntohs(address.sin_port);
    pthread_create(&line->thread, NULL, line_accept, line);
    return line;
}

static inline void line_stop(struct line *line)
{
    shutdown(line->fd, SHUT_RDWR);
    pthread_join(line->thread, NULL);
    close(line->fd);
    pthread_mutex_destroy(&line->mutex);
    free(line);
}

/* An event that was counted already. */
static inline const char *line_seen(struct line *line, unsigned i)
{
    pthread_mutex_lock(&line->mutex);
    const char *seen = line->seen[i];
    pthread_mutex_unlock(&line->mutex);
    return seen;
}

static inline unsigned line_count(struct line *line, const unsigned *counter)
{
    pthread_mutex_lock(&line->mutex);
    unsigned value = *counter;
    pthread_mutex_unlock(&line->mutex);
    return value;
}

#endif
