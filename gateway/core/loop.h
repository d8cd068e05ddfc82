/* The fence around libuv for the core loop.
 *
 * Lifetime rules:
 *  1. One thread owns a loop; only loop_wake may be called from others.
 *  2. A handle's memory is reused only after its close callback; the objects below take care of that: *_close
 * is asynchronous, the memory belongs to the loop until then and is freed by it.
 *  3. loop_wake coalesces: whoever is woken drains until empty.
 *  4. Callbacks get the struct now of their wake-up; nobody reads the clock again.
 *  5. loop_free needs every *_close called before; it asserts, runs the callbacks that are still due, and
 * frees.
 */
#ifndef HUYANG_CORE_LOOP_H
#define HUYANG_CORE_LOOP_H

#include <stdint.h>

#include "core/clock.h"
#include "core/err.h"

struct loop;
MUST_CHECK enum err loop_new(struct loop **ret_loop);
void loop_run(struct loop *loop); /* until loop_stop */
void loop_stop(struct loop *loop);
/* Runs until every handle is closed, then frees. */
void loop_free(struct loop *loop);

/* A wake-up from other threads. */
struct loop_wake;
MUST_CHECK enum err loop_wake_new(struct loop *loop, void (*fn)(void *self, struct now now), void *self,
                                  struct loop_wake **ret_wake);
void loop_wake_send(struct loop_wake *wake); /* any thread, and signal handlers */
void loop_wake_close(struct loop_wake *wake);

/* A one-shot or repeating timer, monotonic milliseconds. */
struct loop_timer;
MUST_CHECK enum err loop_timer_new(struct loop *loop, void (*fn)(void *self, struct now now), void *self,
                                   struct loop_timer **ret_timer);
void loop_timer_start(struct loop_timer *timer, uint64_t after_ms, uint64_t repeat_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_close(struct loop_timer *timer);

/* Readiness of a foreign socket (curl). Events are a set of these; a broken socket is both. Starting with 0
 * stops. */
enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };
struct loop_poll;
MUST_CHECK enum err loop_poll_new(struct loop *loop, int fd,
                                  void (*fn)(void *self, int events, struct now now), void *self,
                                  struct loop_poll **ret_poll);
void loop_poll_start(struct loop_poll *poll, int events);
void loop_poll_close(struct loop_poll *poll); /* the fd stays the caller's */

/* The addresses behind a name, looked up on a thread of libuv's own: a name server that hangs holds up
 * nobody. `fn` is called once, later, with a list that is the loop's and gone afterwards, NULL when there is
 * none; the object is gone then, too. Closing it before means that `fn` is not called. */
struct addrinfo;
struct loop_lookup;
MUST_CHECK enum err loop_lookup_new(struct loop *loop, const char *host, const char *port,
                                    void (*fn)(void *self, const struct addrinfo *list, struct now now),
                                    void *self, struct loop_lookup **ret_lookup);
void loop_lookup_close(struct loop_lookup *lookup);

/* SIGINT, SIGTERM, SIGHUP, SIGUSR1; at most 8 for a loop. The handle belongs to the loop until loop_free. */
MUST_CHECK enum err loop_on_signal(struct loop *loop, int signal, void (*fn)(void *self, int signal),
                                   void *self);

#endif
