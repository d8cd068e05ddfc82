#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/loop.h"

struct fixture {
    struct loop *loop;
    struct loop_wake *wake;
    struct loop_timer *timer;
    struct loop_poll *poll;
    int calls;
    int events;
    int signal;
    struct now last;
    _Atomic int sent, seen;
};

static void stop_on_wake(void *self, struct now now)
{
    struct fixture *f = self;
    f->calls++;
    f->last = now;
    f->seen = f->sent;
    if (f->sent == 1000)
        loop_stop(f->loop);
}

static void *send_wakes(void *arg)
{
    struct fixture *f = arg;
    for (int i = 0; i < 1000; i++) {
        f->sent++;
        loop_wake_send(f->wake);
    }
    return NULL;
}

static void wakes_from_another_thread_coalesce_but_the_last_one_is_seen(void **state)
{
    (void)state;
    struct fixture f = {0};
    pthread_t thread;
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_equal(loop_wake_new(f.loop, stop_on_wake, &f, &f.wake), ERR_OK);
    assert_int_equal(pthread_create(&thread, NULL, send_wakes, &f), 0);
    loop_run(f.loop);
    assert_int_equal(f.seen, 1000);
    assert_true(f.calls >= 1 && f.calls <= 1000);
    assert_true(f.last.mono_ms > 0 && f.last.wall_ms > 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    loop_wake_close(f.wake);
    loop_free(f.loop);
}

static void stop_on_third(void *self, struct now now)
{
    struct fixture *f = self;
    assert_true(now.mono_ms >= f->last.mono_ms);
    f->last = now;
    if (++f->calls == 3)
        loop_stop(f->loop);
}

static void a_repeating_timer_fires_until_it_is_stopped(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_equal(loop_timer_new(f.loop, stop_on_third, &f, &f.timer), ERR_OK);
    loop_timer_start(f.timer, 0, 1);
    loop_run(f.loop);
    assert_int_equal(f.calls, 3);
    loop_timer_stop(f.timer);
    loop_run(f.loop); /* returns: nothing is active */
    assert_int_equal(f.calls, 3);
    loop_timer_close(f.timer);
    loop_free(f.loop);
}

static void on_ready(void *self, int events, struct now now)
{
    (void)now;
    struct fixture *f = self;
    f->events = events;
    f->calls++;
    loop_poll_start(f->poll, 0);
}

static void a_socket_reports_what_was_asked_for(void **state)
{
    (void)state;
    struct fixture f = {0};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_equal(loop_poll_new(f.loop, fds[0], on_ready, &f, &f.poll), ERR_OK);
    loop_poll_start(f.poll, LOOP_WRITABLE);
    loop_run(f.loop);
    assert_int_equal(f.events, LOOP_WRITABLE);
    assert_int_equal(write(fds[1], "x", 1), 1);
    loop_poll_start(f.poll, LOOP_READABLE | LOOP_WRITABLE);
    loop_run(f.loop);
    assert_int_equal(f.events, LOOP_READABLE | LOOP_WRITABLE);
    assert_int_equal(f.calls, 2);
    loop_poll_close(f.poll);
    loop_free(f.loop);
    assert_int_equal(close(fds[0]), 0); /* the descriptor stayed ours */
    assert_int_equal(close(fds[1]), 0);
}

static void a_poll_on_no_socket_is_an_error(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_not_equal(loop_poll_new(f.loop, -1, on_ready, &f, &f.poll), ERR_OK);
    loop_free(f.loop);
}

static void on_signal(void *self, int signal)
{
    struct fixture *f = self;
    f->signal = signal;
    loop_stop(f->loop);
}

static void a_signal_arrives_in_the_loop(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_equal(loop_on_signal(f.loop, SIGUSR1, on_signal, &f), ERR_OK);
    assert_int_equal(loop_on_signal(f.loop, SIGTERM, on_signal, &f), ERR_OK);
    assert_int_equal(raise(SIGUSR1), 0);
    loop_run(f.loop);
    assert_int_equal(f.signal, SIGUSR1);
    loop_free(f.loop);
}

static void close_everything(void *self, struct now now)
{
    (void)now;
    struct fixture *f = self;
    loop_timer_close(f->timer);
    loop_wake_close(f->wake);
    loop_poll_close(f->poll);
}

static void handles_may_be_closed_inside_their_own_callbacks(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_equal(loop_timer_new(f.loop, close_everything, &f, &f.timer), ERR_OK);
    assert_int_equal(loop_wake_new(f.loop, stop_on_wake, &f, &f.wake), ERR_OK);
    loop_timer_start(f.timer, 0, 1);
    loop_run(f.loop);
    loop_free(f.loop);
    loop_free(NULL);
}

static void keep_port(void *self, const struct addrinfo *list, struct now now)
{
    struct fixture *f = self;
    f->calls++;
    f->last = now;
    f->events = 0;
    if (list != NULL) {
        struct sockaddr_in address;
        assert_int_equal(list->ai_family, AF_INET);
        memcpy(&address, list->ai_addr, sizeof(address));
        f->events = ntohs(address.sin_port);
    }
    loop_stop(f->loop);
}

static void a_name_is_looked_up_and_one_that_is_none_has_no_addresses(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct loop_lookup *lookup;
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_equal(loop_lookup_new(f.loop, "127.0.0.1", "9999", keep_port, &f, &lookup), ERR_OK);
    assert_int_equal(f.calls, 0);
    loop_run(f.loop);
    assert_int_equal(f.calls, 1);
    assert_int_equal(f.events, 9999);
    assert_true(f.last.mono_ms > 0);
    assert_int_equal(loop_lookup_new(f.loop, "127.0.0.1", "no port", keep_port, &f, &lookup), ERR_OK);
    loop_run(f.loop);
    assert_int_equal(f.calls, 2);
    assert_int_equal(f.events, 0);
    loop_free(f.loop);
}

static void a_lookup_that_was_closed_tells_nobody(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct loop_lookup *lookup;
    assert_int_equal(loop_new(&f.loop), ERR_OK);
    assert_int_equal(loop_lookup_new(f.loop, "127.0.0.1", "9999", keep_port, &f, &lookup), ERR_OK);
    loop_lookup_close(lookup);
    loop_lookup_close(NULL);
    loop_free(f.loop); /* runs what is left */
    assert_int_equal(f.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wakes_from_another_thread_coalesce_but_the_last_one_is_seen),
        cmocka_unit_test(a_repeating_timer_fires_until_it_is_stopped),
        cmocka_unit_test(a_socket_reports_what_was_asked_for),
        cmocka_unit_test(a_poll_on_no_socket_is_an_error),
        cmocka_unit_test(a_signal_arrives_in_the_loop),
        cmocka_unit_test(a_name_is_looked_up_and_one_that_is_none_has_no_addresses),
        cmocka_unit_test(a_lookup_that_was_closed_tells_nobody),
        cmocka_unit_test(handles_may_be_closed_inside_their_own_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
