/* One thread accepts on each port, one serves each connection; a place is free again when its thread was
 * joined. Everything ends when desk_lines_free shuts the sockets down. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/hash.h"
#include "desk_dc09.h"

enum { CONNECTIONS_MAX = 64, SLOW_MS = 2000, KEY_FILE_MAX = 256 };

struct peer {
    struct line *line;
    pthread_t thread;
    int fd;
    bool used;
    atomic_bool over;
};
struct line {
    struct desk_lines *lines;
    char path[16], null_path[24];
    int fd;
    unsigned port;
    pthread_t thread;
    bool running;
    struct peer peers[CONNECTIONS_MAX];
};
struct desk_lines {
    struct desk_records *records;
    struct desk_dc09_key key;
    int64_t clock_ms;
    int stop[2]; /* a pipe whose end wakes everybody */
    unsigned count;
    struct line line[DESK_LINES_MAX];
};

static int64_t desk_time_ms(const struct desk_lines *lines)
{
    return clock_now().wall_ms + lines->clock_ms;
}

/* True when the desk ends or, with a peer, when that is gone. */
static bool wait_or_end(const struct desk_lines *lines, int fd, int ms)
{
    struct pollfd fds[2] = {{.fd = lines->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLRDHUP}};
    return poll(fds, 2, ms) > 0;
}

static void send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        len -= (size_t)sent;
    }
}

struct handled {
    const struct desk_dc09_frame *frame;
    const char *path, *bytes;
    size_t len;
    enum desk_mode mode;
    enum desk_dc09_word word;
    bool duplicate, acted;
};

static void record(struct desk_records *records, const struct handled *handled)
{
    static const char *const words[] = {"", "ACK", "NAK", "DUH"};
    const struct desk_dc09_frame *frame = handled->frame;
    const struct {
        const char *name, *value;
    } texts[] = {{"why", frame->why},
                 {"name", frame->name},
                 {"sequence", frame->sequence},
                 {"receiver", frame->receiver},
                 {"line", frame->line},
                 {"account", frame->account},
                 {"code", frame->code},
                 {"zone", frame->zone},
                 {"label", frame->label},
                 {"text", frame->text},
                 {"verification", frame->verification},
                 {"occurred", frame->occurred},
                 {"time", frame->time}};
    char digest[2 * SHA256_SIZE + 1];
    uint8_t sum[SHA256_SIZE];
    hash_sha256(handled->bytes, handled->len, sum);
    hash_hex(sum, sizeof sum, digest);
    struct buf line;
    buf_init(&line, 1 << 16);
    desk_records_open(&line, handled->path, frame->id);
    buf_printf(&line,
               ",\"mode\":\"%s\",\"answer\":\"%s\",\"valid\":%s,\"duplicate\":%s,\"acted\":%s,"
               "\"encrypted\":%s,\"test\":%s,\"exercise\":%s,\"bytes\":%zu,\"digest\":\"%s\"",
               desk_mode_name(handled->mode), words[handled->word],
               frame->word == DESK_DC09_ACK ? "true" : "false", handled->duplicate ? "true" : "false",
               handled->acted ? "true" : "false", frame->encrypted ? "true" : "false",
               frame->is_test ? "true" : "false", frame->is_exercise ? "true" : "false", handled->len,
               digest);
    if (frame->has_place)
        buf_printf(&line, ",\"lat\":%.6f,\"lon\":%.6f", frame->lat, frame->lon);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buf_printf(&line, ",\"%s\":", texts[i].name);
        buf_json_string(&line, texts[i].value);
    }
    buf_putc(&line, '}');
    if (!line.failed)
        desk_records_add(records, line.data, line.len);
    buf_release(&line);
}

static enum desk_dc09_word word_of(const struct desk_dc09_frame *frame, enum desk_mode mode)
{
    if (frame->word != DESK_DC09_ACK)
        return frame->word; /* what cannot be taken is not taken in any mode */
    switch (mode) {
    case DESK_REJECT: return DESK_DC09_DUH;
    case DESK_NAK: return DESK_DC09_NAK;
    case DESK_ACCEPT:
    case DESK_SLOW:
    case DESK_BAD_CRC: return DESK_DC09_ACK;
    default: return DESK_DC09_NOTHING;
    }
}

/* True while the connection may go on. */
static bool take(struct peer *peer, const char *bytes, size_t len)
{
    struct desk_lines *lines = peer->line->lines;
    struct desk_dc09_frame frame;
    desk_dc09_judge(bytes, len, &lines->key, desk_time_ms(lines), &frame);
    struct handled handled = {.frame = &frame,
                              .path = frame.is_test ? peer->line->null_path : peer->line->path,
                              .bytes = bytes,
                              .len = len};
    handled.mode = desk_records_mode(lines->records, handled.path);
    handled.word = word_of(&frame, handled.mode);
    bool may_act = frame.word == DESK_DC09_ACK && !frame.is_test && desk_mode_acts(handled.mode);
    if (frame.id[0])
        desk_records_note(lines->records, frame.id, may_act, &handled.duplicate, &handled.acted);
    /* Recorded before it is answered: whoever has the answer finds the record. */
    record(lines->records, &handled);
    if (handled.mode == DESK_CLOSE || handled.mode == DESK_ERROR || handled.mode == DESK_REDIRECT)
        return false;
    if (handled.mode == DESK_HANG) {
        wait_or_end(lines, peer->fd, -1);
        return false;
    }
    if (handled.mode == DESK_SLOW && wait_or_end(lines, peer->fd, SLOW_MS))
        return false;
    if (handled.mode == DESK_GARBAGE)
        send_all(peer->fd, "\x16\x03\x01garbage\nF05600", 15);
    if (handled.word != DESK_DC09_NOTHING) {
        struct buf answer;
        buf_init(&answer, 1024);
        desk_dc09_answer(&frame, handled.word, &lines->key, desk_time_ms(lines), handled.mode == DESK_BAD_CRC,
                         &answer);
        send_all(peer->fd, buf_text(&answer), answer.len);
        buf_release(&answer);
    }
    return true;
}

/* Takes whole frames off the front; what comes before a line feed is nothing. */
static bool take_frames(struct peer *peer, char *held, size_t *len)
{
    for (;;) {
        char *start = memchr(held, '\n', *len),
             *end = start ? memchr(start, '\r', *len - (size_t)(start - held)) : NULL;
        if (!end) {
            bool full = *len == DESK_DC09_FRAME_MAX;
            *len = start ? *len : 0;
            return !full;
        }
        if (!take(peer, start, (size_t)(end + 1 - start)))
            return false;
        *len -= (size_t)(end + 1 - held);
        memmove(held, end + 1, *len);
    }
}

static void *serve(void *self)
{
    struct peer *peer = self;
    char held[DESK_DC09_FRAME_MAX];
    size_t len = 0;
    for (;;) {
        struct pollfd fds[2] = {{.fd = peer->line->lines->stop[0], .events = POLLIN},
                                {.fd = peer->fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 || fds[0].revents)
            break;
        ssize_t got = recv(peer->fd, held + len, sizeof held - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        if (!take_frames(peer, held, &len))
            break;
    }
    shutdown(peer->fd, SHUT_RDWR);
    atomic_store(&peer->over, true);
    return NULL;
}

static void reap(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
    close(peer->fd);
    peer->used = false;
}

static void welcome(struct line *line, int fd)
{
    struct peer *place = NULL;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (line->peers[i].used && atomic_load(&line->peers[i].over))
            reap(&line->peers[i]);
        if (!line->peers[i].used)
            place = &line->peers[i];
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (place) {
        place->line = line;
        place->fd = fd;
        atomic_store(&place->over, false);
        place->used = pthread_create(&place->thread, NULL, serve, place) == 0;
    }
    if (!place || !place->used)
        close(fd);
}

static void *listen_on(void *self)
{
    struct line *line = self;
    for (;;) {
        struct pollfd fds[2] = {{.fd = line->lines->stop[0], .events = POLLIN},
                                {.fd = line->fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 || fds[0].revents)
            return NULL;
        int fd = accept4(line->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            welcome(line, fd);
    }
}

static bool open_line(struct desk_lines *lines, unsigned which, unsigned port)
{
    struct line *line = &lines->line[which];
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    int one = 1;
    line->lines = lines;
    snprintf(line->path, sizeof line->path, which ? "/dc09/%u" : "/dc09", which + 1);
    snprintf(line->null_path, sizeof line->null_path, which ? "/dc09/%u/null" : "/dc09/null", which + 1);
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->fd < 0 || setsockopt(line->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(line->fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(line->fd, 64) != 0 ||
        getsockname(line->fd, (struct sockaddr *)&address, &size) != 0)
        return false;
    line->port = ntohs(address.sin_port);
    line->running = pthread_create(&line->thread, NULL, listen_on, line) == 0;
    return line->running;
}

static bool load_key(struct desk_lines *lines, const char *path)
{
    if (!path)
        return true;
    char text[KEY_FILE_MAX];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    return desk_dc09_key(text, len, &lines->key);
}

enum err desk_lines_new(const struct desk_options *options, struct desk_records *records,
                        struct desk_lines **ret_lines)
{
    struct desk_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return ERR_NOMEM;
    lines->records = records;
    lines->clock_ms = options->dc09_clock_s * INT64_C(1000);
    lines->count = options->dc09_count;
    for (unsigned i = 0; i < DESK_LINES_MAX; i++)
        lines->line[i].fd = -1;
    bool well = pipe2(lines->stop, O_CLOEXEC) == 0;
    if (well && !load_key(lines, options->dc09_key_path)) {
        fprintf(stderr, "desk: no AES key in %s\n", options->dc09_key_path);
        well = false;
    }
    for (unsigned i = 0; well && i < lines->count; i++) {
        well = open_line(lines, i, options->dc09_ports[i]);
        if (!well)
            fprintf(stderr, "desk: cannot listen on port %u\n", options->dc09_ports[i]);
    }
    if (!well) {
        desk_lines_free(lines);
        return ERR_IO;
    }
    *ret_lines = lines;
    return ERR_OK;
}

void desk_lines_free(struct desk_lines *lines)
{
    if (!lines)
        return;
    close(lines->stop[1]);
    for (unsigned i = 0; i < DESK_LINES_MAX; i++) {
        struct line *line = &lines->line[i];
        if (line->running)
            pthread_join(line->thread, NULL);
        for (size_t p = 0; p < CONNECTIONS_MAX; p++)
            if (line->peers[p].used)
                reap(&line->peers[p]);
        if (line->fd >= 0)
            close(line->fd);
    }
    close(lines->stop[0]);
    explicit_bzero(&lines->key, sizeof lines->key);
    free(lines);
}

unsigned desk_lines_port(const struct desk_lines *lines, unsigned which)
{
    return lines->line[which].port;
}
