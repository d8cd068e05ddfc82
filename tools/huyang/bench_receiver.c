#include "bench_receiver.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "core/clock.h"
#include "tls.h"

enum { CONNECTIONS_MAX = 32, REQUEST_MAX = 65536, ALERTS_MAX = 4096, ID_LEN = 32, DAY_S = 86400 };

struct connection {
    int fd; /* -1 = free */
    struct tls *tls;
    size_t len;
    char data[REQUEST_MAX + 1];
};
struct bench_receiver {
    struct pki_identity identity;
    struct tls_server *server;
    int listener, stop[2];
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    size_t count;
    char ids[ALERTS_MAX][ID_LEN + 1];
    double first_s[ALERTS_MAX];
    struct connection connections[CONNECTIONS_MAX];
};

static void note_alert(struct bench_receiver *receiver, const char *body, double now_s)
{
    static const char key[] = "\"alert\":\"";
    const char *id = strstr(body, key);
    if (id == NULL || strlen(id += sizeof(key) - 1) < ID_LEN)
        return;
    pthread_mutex_lock(&receiver->lock);
    size_t i = 0;
    while (i < receiver->count && memcmp(receiver->ids[i], id, ID_LEN) != 0)
        i++;
    if (i == receiver->count && i < ALERTS_MAX) {
        memcpy(receiver->ids[i], id, ID_LEN);
        receiver->first_s[i] = now_s;
        receiver->count++;
        pthread_cond_broadcast(&receiver->more);
    }
    pthread_mutex_unlock(&receiver->lock);
}

/* Answers every request that is whole. False: drop the connection. */
static bool serve(struct bench_receiver *receiver, struct connection *connection, double now_s)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char length_key[] = "\nContent-Length:";
    for (;;) {
        connection->data[connection->len] = '\0';
        const char *end = strstr(connection->data, "\r\n\r\n");
        if (end == NULL)
            return connection->len < REQUEST_MAX;
        const char *length = strcasestr(connection->data, length_key);
        const size_t head = (size_t)(end - connection->data) + 4;
        const size_t body =
            length != NULL && length < end ? strtoul(length + sizeof(length_key) - 1, NULL, 10) : 0;
        if (body > REQUEST_MAX - head)
            return false;
        if (connection->len < head + body)
            return true;
        const char after = connection->data[head + body];
        connection->data[head + body] = '\0';
        note_alert(receiver, connection->data + head, now_s);
        connection->data[head + body] = after;
        if (tls_write(connection->tls, answer, sizeof(answer) - 1) != (ssize_t)sizeof(answer) - 1)
            return false;
        connection->len -= head + body;
        memmove(connection->data, connection->data + head + body, connection->len);
    }
}

/* All that has arrived: what TLS has read ahead no poll shows. False: drop the connection. */
static bool listen_to(struct bench_receiver *receiver, struct connection *connection, double now_s)
{
    ssize_t len;
    while ((len = tls_read(connection->tls, connection->data + connection->len,
                           REQUEST_MAX - connection->len)) > 0) {
        connection->len += (size_t)len;
        if (!serve(receiver, connection, now_s))
            return false;
    }
    return len < 0;
}

static void drop(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    tls_close(connection->tls);
    close(connection->fd);
    connection->fd = -1;
}

static void take_in(struct bench_receiver *receiver)
{
    const int one = 1, fd = accept4(receiver->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (int i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++)
        if (receiver->connections[i].fd < 0) {
            if (tls_take(receiver->server, fd, &receiver->connections[i].tls) != ERR_OK)
                break;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            receiver->connections[i].fd = fd;
            receiver->connections[i].len = 0;
            return;
        }
    if (fd >= 0)
        close(fd);
}

static void *run(void *self)
{
    struct bench_receiver *receiver = self;
    struct pollfd waits[CONNECTIONS_MAX + 2];
    for (;;) {
        waits[0] = (struct pollfd){.fd = receiver->stop[0], .events = POLLIN};
        waits[1] = (struct pollfd){.fd = receiver->listener, .events = POLLIN};
        for (int i = 0; i < CONNECTIONS_MAX; i++)
            waits[i + 2] = (struct pollfd){.fd = receiver->connections[i].fd, .events = POLLIN};
        if (poll(waits, CONNECTIONS_MAX + 2, -1) < 0 || waits[0].revents != 0)
            return NULL;
        const double now_s = bench_mono_s();
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
            struct connection *connection = &receiver->connections[i];
            if (connection->fd < 0 || waits[i + 2].revents == 0)
                continue;
            if (!listen_to(receiver, connection, now_s))
                drop(connection);
        }
        if (waits[1].revents != 0)
            take_in(receiver);
    }
}

static bool write_pem(const char *path, const struct x509_st *cert)
{
    struct buf pem;
    buf_init(&pem, PKI_PEM_MAX);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool well =
        fd >= 0 && pki_cert_pem(cert, &pem) == ERR_OK && write(fd, pem.data, pem.len) == (ssize_t)pem.len;
    if (fd >= 0)
        close(fd);
    buf_release(&pem);
    return well;
}

/* A certificate that nobody else signed, for a day. */
static bool identify(struct bench_receiver *receiver, const char *ca_path)
{
    static const char *const hosts[] = {"127.0.0.1"};
    const int64_t now_s = clock_now().wall_ms / 1000;
    const struct pki_wish wish = {.role = PKI_SERVER,
                                  .name = "huyang bench",
                                  .hosts = hosts,
                                  .host_count = 1,
                                  .from_s = now_s - DAY_S,
                                  .until_s = now_s + DAY_S};
    struct pki_identity *identity = &receiver->identity;
    return pki_key_new(&identity->key) == ERR_OK &&
           pki_issue(&wish, identity->key, NULL, NULL, &identity->cert) == ERR_OK &&
           tls_server_new(identity, &receiver->server) == ERR_OK && write_pem(ca_path, identity->cert);
}

static void release(struct bench_receiver *receiver)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        drop(&receiver->connections[i]);
    tls_server_free(receiver->server);
    pki_identity_release(&receiver->identity);
    free(receiver);
}

struct bench_receiver *bench_receiver_new(const char *ca_path)
{
    struct bench_receiver *receiver = calloc(1, sizeof(*receiver));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    pthread_condattr_t attributes;
    if (receiver == NULL)
        return NULL;
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        receiver->connections[i].fd = -1;
    pthread_mutex_init(&receiver->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&receiver->more, &attributes);
    receiver->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (identify(receiver, ca_path) && pipe(receiver->stop) == 0 && receiver->listener >= 0 &&
        bind(receiver->listener, (const struct sockaddr *)&address, len) == 0 &&
        listen(receiver->listener, CONNECTIONS_MAX) == 0 &&
        getsockname(receiver->listener, (struct sockaddr *)&address, &len) == 0) {
        receiver->port = ntohs(address.sin_port);
        if (pthread_create(&receiver->thread, NULL, run, receiver) == 0)
            return receiver;
    }
    release(receiver);
    return NULL;
}

void bench_receiver_free(struct bench_receiver *receiver)
{
    if (receiver == NULL)
        return;
    close(receiver->stop[1]);
    pthread_join(receiver->thread, NULL);
    close(receiver->stop[0]);
    close(receiver->listener);
    release(receiver);
}

unsigned bench_receiver_port(const struct bench_receiver *receiver)
{
    return receiver->port;
}

size_t bench_receiver_count(struct bench_receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    const size_t count = receiver->count;
    pthread_mutex_unlock(&receiver->lock);
    return count;
}

bool bench_receiver_wait(struct bench_receiver *receiver, size_t count, double until_s, double *ret_s)
{
    const struct timespec until = {.tv_sec = (time_t)until_s,
                                   .tv_nsec = (long)((until_s - (double)(time_t)until_s) * 1e9)};
    pthread_mutex_lock(&receiver->lock);
    while (receiver->count <= count && pthread_cond_timedwait(&receiver->more, &receiver->lock, &until) == 0)
        ;
    const bool heard = receiver->count > count && count < ALERTS_MAX;
    if (heard)
        *ret_s = receiver->first_s[count];
    pthread_mutex_unlock(&receiver->lock);
    return heard;
}
