/* A small HTTP server on loopback that behaves as its path says: /ok /json /ack /error /silent /hang /500
 * /404 /429 /redirect /half /big /flood /garbage /slow /flaky. One thread accepts, one thread serves each
 * connection. What it saw is counted by path. */
#ifndef HUYANG_TESTS_RELAY_SERVER_H
#define HUYANG_TESTS_RELAY_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_CONNECTIONS = 512, SERVER_REQUEST = 65536, SERVER_SEEN = 256 };

struct seen {
    char path[64];
    char head[2048];
    char body[20000];
    size_t len;
};
struct server {
    int fd;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t mutex;
    int connections[SERVER_CONNECTIONS];
    pthread_t threads[SERVER_CONNECTIONS];
    unsigned connection_count;
    bool stopping;
    struct seen *seen; /* the first SERVER_SEEN requests */
    unsigned seen_count, total;
    unsigned hanging, hanging_max; /* requests on /hang at once */
    unsigned flaky_left;           /* /flaky answers 500 so often before it is well */
    unsigned long long big_sent;
};
struct server_connection {
    struct server *server;
    int fd;
};

static inline bool server_write(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static inline void server_answer(int fd, int status, const char *headers, const char *body)
{
    char text[8192];
    int len = snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n%s", status,
                       strlen(body), headers, body);
    server_write(fd, text, (size_t)len);
}

/* The text between two marks of the body. */
static inline void server_between(const char *body, const char *from, const char *to, char *out, size_t size)
{
    const char *start = strstr(body, from), *end = start ? strstr(start, to) : NULL;
    snprintf(out, size, "%.*s", start && end ? (int)(end - start - (long)strlen(from)) : 0,
             start ? start + strlen(from) : "");
}

static inline void server_cap(int fd, const struct seen *seen, const char *type)
{
    char sender[100], identifier[100], sent[100], body[2048];
    server_between(seen->body, "<sender>", "</sender>", sender, sizeof sender);
    server_between(seen->body, "<identifier>", "</identifier>", identifier, sizeof identifier);
    server_between(seen->body, "<sent>", "</sent>", sent, sizeof sent);
    snprintf(body, sizeof body,
             "<alert "
             "xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a</identifier><msgType>%s</"
             "msgType><note>bad address</note>"
             "<references>%s,%s,%s</references></alert>",
             type, sender, identifier, sent);
    server_answer(fd, 200, "", body);
}

/* Waits until the peer or server_stop closes. */
static inline void server_wait_end(int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) > 0)
        ;
}

/* True while the connection may go on. */
static inline bool server_behave(struct server *server, int fd, const struct seen *seen)
{
    const char *path = seen->path;
    if (strcmp(path, "/ok") == 0)
        return server_answer(fd, 200, "", ""), true;
    if (strcmp(path, "/json") == 0)
        return server_answer(fd, 200, "", "{\"state\":\"accepted\"}"), true;
    if (strcmp(path, "/refuse") == 0)
        return server_answer(fd, 200, "", "{\"state\":\"rejected\",\"reason\":\"not ours\"}"), true;
    if (strcmp(path, "/silent") == 0)
        return server_answer(fd, 200, "", "thank you"), true;
    if (strcmp(path, "/ack") == 0)
        return server_cap(fd, seen, "Ack"), true;
    if (strcmp(path, "/error") == 0)
        return server_cap(fd, seen, "Error"), true;
    if (strcmp(path, "/500") == 0)
        return server_answer(fd, 500, "", "oops"), true;
    if (strcmp(path, "/404") == 0)
        return server_answer(fd, 404, "", "{\"state\":\"rejected\",\"reason\":\"unknown desk\"}"), true;
    if (strcmp(path, "/429") == 0)
        return server_answer(fd, 429, "Retry-After: 120\r\n", ""), true;
    if (strcmp(path, "/redirect") == 0)
        return server_answer(fd, 307, "Location: /ok\r\n", ""), true;
    if (strcmp(path, "/flaky") == 0) {
        pthread_mutex_lock(&server->mutex);
        bool ill = server->flaky_left > 0;
        server->flaky_left -= ill;
        pthread_mutex_unlock(&server->mutex);
        return server_answer(fd, ill ? 500 : 200, "", ""), true;
    }
    if (strcmp(path, "/half") == 0) {
        server_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 44);
    } else if (strcmp(path, "/garbage") == 0) {
        server_write(fd, "\x16\x03\x01 this is no HTTP\r\n\r\n", 23);
    } else if (strcmp(path, "/big") == 0 || strcmp(path, "/flood") == 0) {
        static const char block[65536] = {0};
        bool body = path[1] == 'b';
        unsigned long long left = 1ULL << 30;
        server_write(fd, "HTTP/1.1 200 OK\r\n", 17);
        if (body)
            server_write(fd, "Content-Length: 1073741824\r\n\r\n", 30);
        while (left > 0 &&
               (body ? server_write(fd, block, sizeof block)
                     : server_write(fd, "X-Flood: 0123456789012345678901234567890123456789\r\n", 51))) {
            left -= body ? sizeof block : 51;
            pthread_mutex_lock(&server->mutex);
            server->big_sent += body ? sizeof block : 51;
            pthread_mutex_unlock(&server->mutex);
        }
    } else if (strcmp(path, "/slow") == 0) {
        server_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", 43);
        /* One byte now and then: never silent, never done. */
        for (unsigned i = 0; i < 100000 && server_write(fd, ".", 1); i++)
            poll(&(struct pollfd){.fd = fd, .events = POLLRDHUP}, 1, 20);
    } else if (strcmp(path, "/hang") == 0) {
        pthread_mutex_lock(&server->mutex);
        if (++server->hanging > server->hanging_max)
            server->hanging_max = server->hanging;
        pthread_mutex_unlock(&server->mutex);
        server_wait_end(fd);
        pthread_mutex_lock(&server->mutex);
        server->hanging--;
        pthread_mutex_unlock(&server->mutex);
    }
    return false;
}

/* One request, head and body. False at the end of the connection. */
static inline bool server_read(int fd, struct seen *seen)
{
    char text[SERVER_REQUEST];
    size_t len = 0, want = SIZE_MAX;
    memset(seen, 0, sizeof *seen);
    for (;;) {
        ssize_t n = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = 0;
        char *end = strstr(text, "\r\n\r\n");
        if (!end)
            continue;
        if (want == SIZE_MAX) {
            const char *length = strcasestr(text, "\r\nContent-Length:");
            want = (size_t)(end + 4 - text) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
        }
        if (len < want)
            continue;
        sscanf(text, "%*s %63s", seen->path);
        snprintf(seen->head, sizeof seen->head, "%.*s", (int)(end - text), text);
        seen->len = want - (size_t)(end + 4 - text);
        memcpy(seen->body, end + 4, seen->len < sizeof seen->body ? seen->len : sizeof seen->body - 1);
        return true;
    }
}

static inline void *server_serve(void *self)
{
    struct server_connection connection = *(struct server_connection *)self;
    struct server *server = connection.server;
    free(self);
    struct seen *seen = malloc(sizeof *seen);
    while (seen && server_read(connection.fd, seen)) {
        pthread_mutex_lock(&server->mutex);
        if (server->seen_count < SERVER_SEEN)
            server->seen[server->seen_count++] = *seen;
        server->total++;
        pthread_mutex_unlock(&server->mutex);
        if (strncmp(seen->head, "HEAD", 4) == 0)
            server_write(connection.fd, "HTTP/1.1 405 X\r\nContent-Length: 0\r\n\r\n", 38);
        else if (!server_behave(server, connection.fd, seen))
            break;
    }
    free(seen);
    shutdown(connection.fd, SHUT_RDWR);
    return NULL;
}

static inline void *server_accept(void *self)
{
    struct server *server = self;
    for (;;) {
        int fd = accept(server->fd, NULL, NULL);
        pthread_mutex_lock(&server->mutex);
        if (fd < 0 || server->stopping || server->connection_count == SERVER_CONNECTIONS) {
            pthread_mutex_unlock(&server->mutex);
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        struct server_connection *connection = malloc(sizeof *connection);
        *connection = (struct server_connection){server, fd};
        unsigned i = server->connection_count++;
        server->connections[i] = fd;
        pthread_create(&server->threads[i], NULL, server_serve, connection);
        pthread_mutex_unlock(&server->mutex);
    }
}

static inline struct server *server_start(void)
{
    struct server *server = calloc(1, sizeof *server);
    server->seen = calloc(SERVER_SEEN, sizeof *server->seen);
    pthread_mutex_init(&server->mutex, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (bind(server->fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(server->fd, 512) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    pthread_create(&server->thread, NULL, server_accept, server);
    return server;
}

static inline void server_stop(struct server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->stopping = true;
    for (unsigned i = 0; i < server->connection_count; i++)
        shutdown(server->connections[i], SHUT_RDWR);
    pthread_mutex_unlock(&server->mutex);
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (unsigned i = 0; i < server->connection_count; i++) {
        pthread_join(server->threads[i], NULL);
        close(server->connections[i]);
    }
    close(server->fd);
    pthread_mutex_destroy(&server->mutex);
    free(server->seen);
    free(server);
}

/* POSTs seen on a path so far. */
static inline unsigned server_count(struct server *server, const char *path)
{
    unsigned count = 0;
    pthread_mutex_lock(&server->mutex);
    for (unsigned i = 0; i < server->seen_count; i++)
        count += strcmp(server->seen[i].path, path) == 0 && strncmp(server->seen[i].head, "POST", 4) == 0;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

#endif
