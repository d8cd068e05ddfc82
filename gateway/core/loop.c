#include "core/loop.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <netdb.h>
#include <stdlib.h>
#include <uv.h>

enum { SIGNALS_MAX = 8 };

struct loop_signal {
    uv_signal_t handle;
    void (*fn)(void *self, int signal);
    void *self;
};

struct loop {
    uv_loop_t uv;
    unsigned open; /* wakes, timers, polls and lookups that were not closed yet by their owners */
    unsigned signal_count;
    struct loop_signal *signals[SIGNALS_MAX];
};

struct loop_wake {
    uv_async_t handle;
    struct loop *loop;
    void (*fn)(void *self, struct now now);
    void *self;
};

struct loop_timer {
    uv_timer_t handle;
    struct loop *loop;
    void (*fn)(void *self, struct now now);
    void *self;
};

struct loop_poll {
    uv_poll_t handle;
    struct loop *loop;
    void (*fn)(void *self, int events, struct now now);
    void *self;
};

static enum err from_uv(int code)
{
    switch (code) {
    case 0: return ERR_OK;
    case UV_ENOMEM: return ERR_NOMEM;
    case UV_EMFILE:
    case UV_ENFILE: return ERR_FULL;
    case UV_EINVAL:
    case UV_EBADF: return ERR_INVALID;
    case UV_EEXIST: return ERR_EXISTS;
    case UV_EPERM: return ERR_UNSUPPORTED;
    default: return ERR_IO;
    }
}

enum err loop_new(struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return ERR_NOMEM;
    enum err err = from_uv(uv_loop_init(&loop->uv));
    if (err != ERR_OK) {
        free(loop);
        return err;
    }
    *ret_loop = loop;
    return ERR_OK;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

/* The handle is the first member of every object here, so the object's memory ends with its handle. */
static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static_assert(offsetof(struct loop_wake, handle) == 0, "on_closed frees by the handle's address");
static_assert(offsetof(struct loop_timer, handle) == 0, "on_closed frees by the handle's address");
static_assert(offsetof(struct loop_poll, handle) == 0, "on_closed frees by the handle's address");
static_assert(offsetof(struct loop_signal, handle) == 0, "on_closed frees by the handle's address");

static void close_handle(struct loop *loop, uv_handle_t *handle)
{
    assert(loop->open > 0 && !uv_is_closing(handle));
    loop->open--;
    uv_close(handle, on_closed);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    assert(loop->open == 0);
    for (unsigned i = 0; i < loop->signal_count; i++)
        uv_close((uv_handle_t *)&loop->signals[i]->handle, on_closed);
    /* A loop_stop that nobody ran for would end the first round at once. */
    while (uv_run(&loop->uv, UV_RUN_DEFAULT))
        ;
    int busy = uv_loop_close(&loop->uv);
    assert(busy == 0);
    (void)busy;
    free(loop);
}

static void on_wake(uv_async_t *handle)
{
    struct loop_wake *wake = handle->data;
    wake->fn(wake->self, clock_now());
}

enum err loop_wake_new(struct loop *loop, void (*fn)(void *self, struct now now), void *self,
                       struct loop_wake **ret_wake)
{
    struct loop_wake *wake = calloc(1, sizeof *wake);
    if (!wake)
        return ERR_NOMEM;
    enum err err = from_uv(uv_async_init(&loop->uv, &wake->handle, on_wake));
    if (err != ERR_OK) {
        free(wake);
        return err;
    }
    wake->loop = loop;
    wake->fn = fn;
    wake->self = self;
    wake->handle.data = wake;
    loop->open++;
    *ret_wake = wake;
    return ERR_OK;
}

void loop_wake_send(struct loop_wake *wake)
{
    uv_async_send(&wake->handle);
}

void loop_wake_close(struct loop_wake *wake)
{
    if (wake)
        close_handle(wake->loop, (uv_handle_t *)&wake->handle);
}

static void on_timer(uv_timer_t *handle)
{
    struct loop_timer *timer = handle->data;
    timer->fn(timer->self, clock_now());
}

enum err loop_timer_new(struct loop *loop, void (*fn)(void *self, struct now now), void *self,
                        struct loop_timer **ret_timer)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return ERR_NOMEM;
    enum err err = from_uv(uv_timer_init(&loop->uv, &timer->handle));
    if (err != ERR_OK) {
        free(timer);
        return err;
    }
    timer->loop = loop;
    timer->fn = fn;
    timer->self = self;
    timer->handle.data = timer;
    loop->open++;
    *ret_timer = timer;
    return ERR_OK;
}

void loop_timer_start(struct loop_timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    /* libuv counts from the start of the loop's round; a long callback before this one would shorten the
     * wait. */
    uv_update_time(&timer->loop->uv);
    int code = uv_timer_start(&timer->handle, on_timer, after_ms, repeat_ms);
    assert(code == 0);
    (void)code;
}

void loop_timer_stop(struct loop_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

void loop_timer_close(struct loop_timer *timer)
{
    if (timer)
        close_handle(timer->loop, (uv_handle_t *)&timer->handle);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct loop_poll *poll = handle->data;
    /* A broken socket is readable and writable: its owner meets the error in its own read or write. */
    int ready = status < 0 ? LOOP_READABLE | LOOP_WRITABLE : 0;
    if (events & UV_READABLE)
        ready |= LOOP_READABLE;
    if (events & UV_WRITABLE)
        ready |= LOOP_WRITABLE;
    poll->fn(poll->self, ready, clock_now());
}

enum err loop_poll_new(struct loop *loop, int fd, void (*fn)(void *self, int events, struct now now),
                       void *self, struct loop_poll **ret_poll)
{
    struct loop_poll *poll = calloc(1, sizeof *poll);
    if (!poll)
        return ERR_NOMEM;
    enum err err = from_uv(uv_poll_init(&loop->uv, &poll->handle, fd));
    if (err != ERR_OK) {
        free(poll);
        return err;
    }
    poll->loop = loop;
    poll->fn = fn;
    poll->self = self;
    poll->handle.data = poll;
    loop->open++;
    *ret_poll = poll;
    return ERR_OK;
}

void loop_poll_start(struct loop_poll *poll, int events)
{
    int wanted = (events & LOOP_READABLE ? UV_READABLE : 0) | (events & LOOP_WRITABLE ? UV_WRITABLE : 0);
    int code = wanted ? uv_poll_start(&poll->handle, wanted, on_poll) : uv_poll_stop(&poll->handle);
    assert(code == 0);
    (void)code;
}

void loop_poll_close(struct loop_poll *poll)
{
    if (poll)
        close_handle(poll->loop, (uv_handle_t *)&poll->handle);
}

struct loop_lookup {
    uv_getaddrinfo_t request;
    struct loop *loop;
    void (*fn)(void *self, const struct addrinfo *list, struct now now); /* NULL = closed meanwhile */
    void *self;
};

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct loop_lookup *lookup = request->data;
    if (lookup->fn) {
        lookup->loop->open--;
        lookup->fn(lookup->self, status == 0 ? list : NULL, clock_now());
    }
    uv_freeaddrinfo(list);
    free(lookup);
}

enum err loop_lookup_new(struct loop *loop, const char *host, const char *port,
                         void (*fn)(void *self, const struct addrinfo *list, struct now now), void *self,
                         struct loop_lookup **ret_lookup)
{
    struct loop_lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return ERR_NOMEM;
    *lookup = (struct loop_lookup){.loop = loop, .fn = fn, .self = self};
    lookup->request.data = lookup;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    enum err err = from_uv(uv_getaddrinfo(&loop->uv, &lookup->request, on_lookup, host, port, &hints));
    if (err != ERR_OK) {
        free(lookup);
        return err;
    }
    loop->open++;
    *ret_lookup = lookup;
    return ERR_OK;
}

void loop_lookup_close(struct loop_lookup *lookup)
{
    if (!lookup)
        return;
    assert(lookup->fn && lookup->loop->open > 0);
    lookup->loop->open--;
    lookup->fn = NULL;
    uv_cancel(
        (uv_req_t *)&lookup->request); /* one that is under way runs to its end, and is told to nobody */
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct loop_signal *entry = handle->data;
    entry->fn(entry->self, signal);
}

enum err loop_on_signal(struct loop *loop, int signal, void (*fn)(void *self, int signal), void *self)
{
    if (loop->signal_count == SIGNALS_MAX)
        return ERR_FULL;
    struct loop_signal *entry = calloc(1, sizeof *entry);
    if (!entry)
        return ERR_NOMEM;
    enum err err = from_uv(uv_signal_init(&loop->uv, &entry->handle));
    if (err != ERR_OK) {
        free(entry);
        return err;
    }
    entry->fn = fn;
    entry->self = self;
    entry->handle.data = entry;
    loop->signals[loop->signal_count++] = entry;
    return from_uv(uv_signal_start(&entry->handle, on_signal, signal));
}
