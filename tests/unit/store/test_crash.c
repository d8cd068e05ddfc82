/* kill -9 in the middle of commits: what is there afterwards is a prefix, each commit whole or not at all,
 * and everything that was told as committed is in it. */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { ROUNDS = 25, PER_COMMIT = 7 };

/* kill -9 of ourselves at some moment of the next 20 ms, whatever we are doing then. */
static void die_soon(unsigned round)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    const struct itimerspec when = {.it_value = {.tv_nsec = 1 + (long)(round * 7919 % 20000) * 1000}};
    timer_t timer;

    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &when, NULL) != 0)
        _exit(6);
}

/* Commits until killed; after each one it says its last number on the pipe, as the gateway would acknowledge
 * it. Commit k holds inputs 7k-6..7k, one transition, one job and one state, and is a snapshot every third
 * time. */
static void commit_for_ever(const char *folder, int told, unsigned round)
{
    struct store *store;
    struct batch batch;
    struct store_mark mark;
    char value[32];
    bool first = true;

    if (store_open_in(folder, &store) != ERR_OK || store_sqlite.mark(store, &mark) != ERR_OK)
        _exit(3);
    batch_init(&batch, 4 << 20);
    for (uint64_t k = mark.last_n / PER_COMMIT + 1;; k++) {
        for (uint64_t n = (k - 1) * PER_COMMIT + 1; n <= k * PER_COMMIT; n++)
            add_input(&batch, n);
        add_transition(&batch, 1, (unsigned)k, TRANSITION_UPDATED, "crash");
        add_job(&batch, (unsigned)k, 1, "body");
        if (k % 3 == 0) {
            snprintf(value, sizeof(value), "%llu", (unsigned long long)k);
            add_state(&batch, "live", 1, value);
            add(&batch, BATCH_STATE_DONE);
        }
        if (store_sqlite.commit(store, &batch) != ERR_OK)
            _exit(4);
        uint64_t last = k * PER_COMMIT;
        if (write(told, &last, sizeof(last)) != (ssize_t)sizeof(last))
            _exit(5);
        if (k % 10 == 0)
            store_sqlite.rest(store);
        batch_reset(&batch);
        if (first)
            die_soon(round);
        first = false;
    }
}

/* The last number told before the pipe's end. */
static uint64_t read_told(int fd)
{
    uint64_t last = 0, next;

    while (read(fd, &next, sizeof(next)) == (ssize_t)sizeof(next))
        last = next;
    return last;
}

struct crash {
    uint64_t told, commits;
};

static void check(struct fixture *f, const struct crash *crash)
{
    struct store_mark mark;
    struct loaded loaded;
    struct reader *reader;
    struct reader_counts counts;
    uint64_t audited;
    char state_line[64];

    assert_int_equal(store_open_in(f->folder, &f->store), ERR_OK);
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_true(mark.last_n >= crash->told);       /* nothing acknowledged is lost */
    assert_int_equal(mark.last_n % PER_COMMIT, 0); /* a commit is whole */
    uint64_t k = mark.last_n / PER_COMMIT;
    assert_int_equal(mark.snapshot_n, k / 3 * 3 * PER_COMMIT);
    load(f->store, &loaded);
    assert_int_equal(loaded.inputs, mark.last_n - mark.snapshot_n);
    if (loaded.inputs != 0)
        assert_int_equal(loaded.last_n, mark.last_n);
    if (k >= 3) {
        snprintf(state_line, sizeof(state_line), "state live 3 1 %llu\n", (unsigned long long)(k / 3 * 3));
        assert_non_null(strstr(buf_text(&loaded.text), state_line));
    }
    buf_release(&loaded.text);
    assert_int_equal(reader_open(f->folder, &reader), ERR_OK);
    assert_int_equal(reader_counts(reader, &counts), ERR_OK);
    assert_int_equal(counts.inputs, mark.last_n);
    assert_int_equal(counts.rows_waiting, k);
    assert_int_equal(reader_audit(reader, &audited), ERR_OK);
    assert_int_equal(audited, k);
    reader_close(reader);
    store_sqlite.close(f->store);
    f->store = NULL;
}

static void kill_nine_leaves_a_prefix_of_whole_commits(void **state)
{
    struct fixture *f = *state;
    struct crash crash = {.told = 0};

    store_sqlite.close(f->store);
    f->store = NULL;
    for (unsigned round = 0; round < ROUNDS; round++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(told[0]);
            commit_for_ever(f->folder, told[1], round);
        }
        close(told[1]);
        uint64_t last = read_told(told[0]);
        close(told[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_true(last > crash.told); /* it was at work */
        crash.told = last;
        check(f, &crash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kill_nine_leaves_a_prefix_of_whole_commits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
