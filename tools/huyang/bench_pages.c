#include "bench_pages.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "core/text.h"

enum { TURN = 64, TURN_MS = 100, BLOCK = 65536, SPARE_FILES = 256, TOKEN_ROOM = 128, GREETING_S = 20 };

struct bench_pages {
    unsigned count;
    int *sockets;
    int epoll;
    pthread_t thread;
    bool runs;
    atomic_bool stops;
    atomic_ulong told;
    atomic_uint lost;
};

void bench_pages_room(unsigned pages)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= pages + SPARE_FILES)
        return;
    files.rlim_cur = files.rlim_max < pages + SPARE_FILES ? files.rlim_max : pages + SPARE_FILES;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* too few show as pages that do not come */
}

/* An event that is cut in two by the end of a block goes uncounted. */
static unsigned long count_alerts(const char *text)
{
    static const char event[] = "event: alert\n";
    unsigned long count = 0;
    for (const char *at = text; (at = strstr(at, event)) != NULL; at += sizeof(event) - 1)
        count++;
    return count;
}

static void *read_all(void *self)
{
    struct bench_pages *pages = self;
    static char block[BLOCK + 1]; /* one thread at a time */
    struct epoll_event events[TURN];
    while (!atomic_load(&pages->stops)) {
        const int count = epoll_wait(pages->epoll, events, TURN, TURN_MS);
        for (int i = 0; i < count; i++) {
            const int fd = events[i].data.fd;
            const ssize_t len = recv(fd, block, BLOCK, MSG_DONTWAIT);
            if (len > 0) {
                block[len] = '\0';
                atomic_fetch_add(&pages->told, count_alerts(block));
            } else {
                (void)epoll_ctl(pages->epoll, EPOLL_CTL_DEL, fd, NULL);
                atomic_fetch_add(&pages->lost, 1);
            }
        }
    }
    return NULL;
}

/* A socket whose stream has begun, or -1. */
static int open_page(unsigned port, const char *ask, size_t len)
{
    const struct timeval patience = {.tv_sec = GREETING_S};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char text[4096];
    size_t got = 0;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool well = connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) == 0 &&
                send(fd, ask, len, MSG_NOSIGNAL) == (ssize_t)len;
    text[0] = '\0';
    while (well && strstr(text, "event: hello") == NULL) {
        const ssize_t more = recv(fd, text + got, sizeof(text) - 1 - got, 0);
        well = more > 0;
        got += well ? (size_t)more : 0;
        text[got] = '\0';
    }
    if (well)
        return fd;
    close(fd);
    return -1;
}

static bool open_all(struct bench_world *world, struct bench_pages *pages, unsigned wanted)
{
    char state[BENCH_PATH_SIZE + 16], token[TOKEN_ROOM], ask[512];
    snprintf(state, sizeof(state), "%s/state", world->folder);
    if (api_token(state, token, sizeof(token)) != ERR_OK)
        return false;
    const int len =
        snprintf(ask, sizeof(ask),
                 "GET /api/v1/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", token);
    for (; pages->count < wanted; pages->count++) {
        const int fd = open_page(world->api_port, ask, (size_t)len);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd < 0)
            return false;
        pages->sockets[pages->count] = fd;
        if (epoll_ctl(pages->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            pages->count++;
            return false;
        }
    }
    return true;
}

struct bench_pages *bench_pages_new(struct bench_world *world, unsigned wanted)
{
    struct bench_pages *pages = calloc(1, sizeof(*pages));
    if (pages == NULL)
        return NULL;
    pages->epoll = epoll_create1(EPOLL_CLOEXEC);
    pages->sockets = calloc(wanted, sizeof(*pages->sockets));
    /* The thread reads from the start: who has greeted is told of whatever happens while the others come. */
    pages->runs = pages->sockets != NULL && pages->epoll >= 0 &&
                  pthread_create(&pages->thread, NULL, read_all, pages) == 0;
    if (pages->runs && open_all(world, pages, wanted))
        return pages;
    snprintf(world->why, sizeof(world->why), "only %u of %u pages could listen", pages->count, wanted);
    bench_pages_free(pages);
    return NULL;
}

unsigned long bench_pages_told(struct bench_pages *pages)
{
    return atomic_load(&pages->told);
}

unsigned bench_pages_lost(struct bench_pages *pages)
{
    return atomic_load(&pages->lost);
}

void bench_pages_free(struct bench_pages *pages)
{
    if (pages == NULL)
        return;
    atomic_store(&pages->stops, true);
    if (pages->runs)
        pthread_join(pages->thread, NULL);
    for (unsigned i = 0; i < pages->count; i++)
        close(pages->sockets[i]);
    if (pages->epoll >= 0)
        close(pages->epoll);
    free(pages->sockets);
    free(pages);
}
