/* A desk for the API's tests: a store with five alerts, the API on a port of its own, the core played by
 * `submit`, and requests by real sockets. */
#ifndef HUYANG_TESTS_API_DESK_H
#define HUYANG_TESTS_API_DESK_H

#include "../store/fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "api/api.h"
#include "core/json.h"

enum { PATIENCE_MS = 20000 };

/* What the core does with an action: at once, later by the test's hand, or not at all. */
enum mood { CORE_ANSWERS, CORE_WAITS, CORE_IS_FULL };
struct desk {
    struct fixture *store;
    struct api *api;
    struct tz *tz;
    char token[80];
    struct buf got; /* the last reply, head and body */
    pthread_mutex_t lock;
    pthread_cond_t came;
    enum mood mood;
    enum err outcome;
    const char *text;
    unsigned submitted;
    uint64_t ticket;
    struct action action;
    char folder[256];
    struct registry *registry; /* in force; NULL until a test gives one */
    unsigned borrowed;
    struct look *look; /* that waits for the test's hand */
};

static inline enum err receive(struct desk *desk, uint64_t ticket)
{
    pthread_mutex_lock(&desk->lock);
    enum mood mood = desk->mood;
    desk->ticket = ticket;
    desk->submitted++;
    pthread_cond_broadcast(&desk->came);
    pthread_mutex_unlock(&desk->lock);
    if (mood == CORE_IS_FULL)
        return ERR_BUSY;
    if (mood == CORE_ANSWERS)
        api_answer(desk->api, ticket, desk->outcome, desk->text);
    return ERR_OK;
}

static inline enum err submit(void *self, uint64_t ticket, const struct action *action)
{
    struct desk *desk = self;
    desk->action = *action;
    return receive(desk, ticket);
}

static inline enum err import(void *self, uint64_t ticket, const char *folder)
{
    struct desk *desk = self;
    assert_true(text_copy(desk->folder, sizeof(desk->folder), folder));
    return receive(desk, ticket);
}

/* The core's look: residents are in hospital, what else is asked stays zero. */
static inline void fill_look(struct look *look)
{
    for (unsigned i = 0; i < look->count; i++)
        if (look->entries[i].table == REGISTRY_RESIDENT)
            look->entries[i].now.resident.status = STATUS_HOSPITAL;
}

static inline enum err take_look(void *self, uint64_t ticket, struct look *look)
{
    struct desk *desk = self;
    pthread_mutex_lock(&desk->lock);
    enum mood mood = desk->mood;
    desk->submitted++;
    if (mood == CORE_WAITS) {
        desk->ticket = ticket;
        desk->look = look;
    }
    pthread_cond_broadcast(&desk->came);
    pthread_mutex_unlock(&desk->lock);
    if (mood == CORE_IS_FULL)
        return ERR_BUSY;
    if (mood == CORE_ANSWERS) {
        fill_look(look);
        api_looked(desk->api, ticket, look);
    }
    return ERR_OK;
}

static inline const struct registry *borrow(void *self)
{
    struct desk *desk = self;
    desk->borrowed += desk->registry != NULL;
    return desk->registry;
}

static inline void give_back(void *self)
{
    struct desk *desk = self;
    desk->borrowed--;
}

static inline void start_api(struct desk *desk)
{
    const struct api_config config = {.folder = desk->store->folder,
                                      .listen = "127.0.0.1",
                                      .tz = desk->tz,
                                      .submit = submit,
                                      .import = import,
                                      .look = take_look,
                                      .borrow = borrow,
                                      .give_back = give_back,
                                      .self = desk};
    assert_int_equal(api_start(&config, &desk->api), ERR_OK);
    assert_int_equal(api_token(desk->store->folder, desk->token, sizeof(desk->token)), ERR_OK);
}

static inline int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    void *store = NULL;

    assert_non_null(desk);
    set_up(&store);
    desk->store = store;
    desk->text = "done";
    assert_int_equal(tz_load("Asia/Shanghai", &desk->tz), ERR_OK);
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->came, NULL);
    buf_init(&desk->got, 8 << 20);
    struct registry *registry = sample_registry();
    assert_int_equal(store_sqlite.save_registry(desk->store->store, registry), ERR_OK);
    desk->registry = registry;
    for (unsigned i = 1; i <= 5; i++)
        add_alert(&desk->store->batch, i, T0 + i, (enum level)(i % LEVEL_COUNT),
                  i == 5 ? ALERT_CLOSED : ALERT_OPEN,
                  (struct subject){.kind = SUBJECT_RESIDENT, .no = i % 2});
    commit(desk->store);
    start_api(desk);
    *state = desk;
    return 0;
}

static inline int close_desk(void **state)
{
    struct desk *desk = *state;
    void *store = desk->store;

    api_stop(desk->api);
    assert_int_equal(desk->borrowed, 0);
    registry_free(desk->registry);
    tz_free(desk->tz);
    buf_release(&desk->got);
    pthread_cond_destroy(&desk->came);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
    return tear_down(&store);
}

static inline int dial(const struct desk *desk)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(api_port(desk->api))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Sends what the peer still takes; a peer that has hung up is an answer of its own. */
static inline void send_all(int fd, const char *data, size_t len)
{
    while (len != 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        data += sent;
        len -= (size_t)sent;
    }
}

/* Reads until the peer closes or says no more than `replies` whole replies. Returns the status of the last, 0
 * when none came. */
static inline int read_replies(struct desk *desk, int fd, unsigned replies, bool head_only)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char data[65536];
    size_t at = 0;
    int status = 0;

    buf_clear(&desk->got);
    while (replies != 0) {
        assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
        ssize_t len = recv(fd, data, sizeof(data), 0);
        if (len <= 0)
            break;
        buf_append(&desk->got, data, (size_t)len);
        const char *end;
        while (replies != 0 && (end = strstr(buf_text(&desk->got) + at, "\r\n\r\n")) != NULL) {
            const char *length = strcasestr(buf_text(&desk->got) + at, "Content-Length: ");
            size_t body = length != NULL && length < end && !head_only ? (size_t)atol(length + 16) : 0;
            size_t whole = (size_t)(end - buf_text(&desk->got)) + 4 + body;
            if (desk->got.len < whole)
                break;
            sscanf(buf_text(&desk->got) + at, "HTTP/1.%*d %d", &status);
            at = whole;
            replies--;
        }
    }
    return status;
}

static inline int raw(struct desk *desk, const char *text)
{
    int fd = dial(desk);

    send_all(fd, text, strlen(text));
    int status = read_replies(desk, fd, 1, false);
    close(fd);
    return status;
}

static inline int ask(struct desk *desk, const char *method, const char *path, const char *body)
{
    char text[8192];

    snprintf(text, sizeof(text),
             "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
             "application/json\r\nContent-Length: %zu\r\n\r\n%s",
             method, path, desk->token, strlen(body), body);
    return raw(desk, text);
}

static inline int get(struct desk *desk, const char *path)
{
    char text[1024];

    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path,
             desk->token);
    return raw(desk, text);
}

static inline const char *body_of(const struct desk *desk)
{
    const char *end = strstr(buf_text(&desk->got), "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

static inline struct json *parse(const struct desk *desk)
{
    struct json *root = NULL;
    assert_int_equal(json_parse(body_of(desk), strlen(body_of(desk)), &root, NULL), ERR_OK);
    return root;
}

static inline void expect_place(const struct desk *desk, const char *place)
{
    struct json *root = parse(desk);
    assert_non_null(strstr(buf_text(&desk->got), "application/problem+json"));
    assert_non_null(json_string(json_get(root, "title")));
    assert_non_null(json_string(json_get(root, "detail")));
    if (place != NULL)
        assert_string_equal(json_string(json_get(root, "place")), place);
    else
        assert_null(json_get(root, "place"));
    json_free(root);
}

#endif
