/* The hand-over of batches, over a store that refuses, hangs and recovers as told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "service/committer.h"

enum { COMMITS_MAX = 256, BATCH_BYTES = 4 << 20 };

/* The store thread's side; under the lock. */
struct fake {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum err answers[COMMITS_MAX]; /* of the next attempts; ERR_OK beyond */
    unsigned answer_count, attempts, rests, ballasts, users;
    bool hangs, in_commit, overlapped;
    const struct batch *tried[COMMITS_MAX];
    uint64_t tried_n[COMMITS_MAX];
    size_t tried_items[COMMITS_MAX];
};

struct world {
    struct loop *loop;
    struct committer *committer;
    struct fake fake;
    uint64_t told[COMMITS_MAX]; /* last_n of what was told to be committed */
    unsigned told_count, stop_after;
    uint64_t next_n;
};

static struct fake *fake_of(struct store *store)
{
    return (struct fake *)(void *)store;
}

static enum err fake_commit(struct store *store, const struct batch *batch)
{
    struct fake *fake = fake_of(store);
    pthread_mutex_lock(&fake->lock);
    fake->overlapped |= fake->users++ > 0;
    const unsigned i = fake->attempts++;
    assert_in_range(i, 0, COMMITS_MAX - 1);
    fake->tried[i] = batch;
    fake->tried_n[i] = batch->last_n;
    fake->tried_items[i] = batch->items;
    fake->in_commit = true;
    pthread_cond_broadcast(&fake->changed);
    while (fake->hangs)
        pthread_cond_wait(&fake->changed, &fake->lock);
    fake->in_commit = false;
    fake->users--;
    const enum err err = i < fake->answer_count ? fake->answers[i] : ERR_OK;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
    return err;
}

static void fake_rest(struct store *store)
{
    struct fake *fake = fake_of(store);
    pthread_mutex_lock(&fake->lock);
    fake->rests++;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
}

static bool fake_release_ballast(struct store *store)
{
    struct fake *fake = fake_of(store);
    pthread_mutex_lock(&fake->lock);
    const bool first = fake->ballasts++ == 0;
    pthread_mutex_unlock(&fake->lock);
    return first;
}

static const struct store_ops fake_ops = {
    .name = "fake", .commit = fake_commit, .rest = fake_rest, .release_ballast = fake_release_ballast};

static void on_committed(void *self, const struct batch *batch, struct now now)
{
    struct world *world = self;
    (void)now;
    assert_in_range(world->told_count, 0, COMMITS_MAX - 1);
    world->told[world->told_count++] = batch->last_n;
    if (world->told_count >= world->stop_after)
        loop_stop(world->loop);
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    pthread_mutex_init(&world->fake.lock, NULL);
    pthread_cond_init(&world->fake.changed, NULL);
    assert_int_equal(loop_new(&world->loop), ERR_OK);
    const struct committer_config config = {.loop = world->loop,
                                            .ops = &fake_ops,
                                            .store = (struct store *)(void *)&world->fake,
                                            .batch_bytes = BATCH_BYTES,
                                            .on_committed = on_committed,
                                            .self = world};
    assert_int_equal(committer_new(&config, &world->committer), ERR_OK);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    committer_free(world->committer, 1000);
    loop_free(world->loop);
    pthread_mutex_destroy(&world->fake.lock);
    pthread_cond_destroy(&world->fake.changed);
    free(world);
    return 0;
}

static void answer(struct world *world, const enum err *answers, unsigned count)
{
    memcpy(world->fake.answers, answers, count * sizeof(*answers));
    world->fake.answer_count = count;
}

static void set_hangs(struct world *world, bool hangs)
{
    pthread_mutex_lock(&world->fake.lock);
    world->fake.hangs = hangs;
    pthread_cond_broadcast(&world->fake.changed);
    pthread_mutex_unlock(&world->fake.lock);
}

static void wait_attempts(struct world *world, unsigned attempts)
{
    pthread_mutex_lock(&world->fake.lock);
    while (world->fake.attempts < attempts)
        pthread_cond_wait(&world->fake.changed, &world->fake.lock);
    pthread_mutex_unlock(&world->fake.lock);
}

static void fill(struct world *world)
{
    struct batch *batch = committer_fill(world->committer);
    struct batch_item *item = batch_add(batch, BATCH_INPUT);
    assert_non_null(item);
    item->input.n = batch->last_n = ++world->next_n;
}

static void run_until_told(struct world *world, unsigned count)
{
    world->stop_after = count;
    if (world->told_count < count)
        loop_run(world->loop);
    assert_int_equal(world->told_count, count);
}

static void a_committed_batch_is_told_once_and_comes_back_empty(void **state)
{
    struct world *world = *state;
    struct batch *first = committer_fill(world->committer);
    fill(world);
    assert_null(committer_under_way(world->committer));
    assert_true(committer_submit(world->committer));
    assert_ptr_equal(committer_under_way(world->committer), first);
    assert_ptr_not_equal(committer_fill(world->committer), first);
    run_until_told(world, 1);
    assert_int_equal(world->told[0], 1);
    assert_null(committer_under_way(world->committer));
    assert_null(first->first);
}

static void while_one_batch_is_under_way_the_other_is_filled_but_not_handed_over(void **state)
{
    struct world *world = *state;
    set_hangs(world, true);
    fill(world);
    assert_true(committer_submit(world->committer));
    wait_attempts(world, 1);
    fill(world);
    assert_false(committer_submit(world->committer));
    fill(world);
    set_hangs(world, false);
    run_until_told(world, 1);
    assert_true(committer_submit(world->committer));
    run_until_told(world, 2);
    assert_int_equal(world->told[1], 3);
    assert_int_equal(world->fake.tried_items[1], 2);
}

static void a_refused_commit_is_tried_again_unchanged_and_before_all_others(void **state)
{
    static const enum err refusals[] = {ERR_NO_SPACE, ERR_BUSY, ERR_NOMEM};
    struct world *world = *state;
    answer(world, refusals, 3);
    fill(world);
    assert_true(committer_submit(world->committer));
    fill(world);
    wait_attempts(world, 4);
    run_until_told(world, 1);
    assert_true(committer_submit(world->committer));
    run_until_told(world, 2);
    assert_int_equal(world->fake.attempts, 5);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(world->fake.tried_n[i], 1);
        assert_int_equal(world->fake.tried_items[i], 1);
        assert_ptr_equal(world->fake.tried[i], world->fake.tried[0]);
    }
    assert_int_equal(world->told[0], 1);
    assert_int_equal(world->told[1], 2);
    struct committer_stats stats;
    committer_stats(world->committer, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(stats.retries, 3);
    assert_int_equal(committer_state(world->committer), ERR_OK);
}

static void the_ballast_goes_only_when_the_disk_is_full(void **state)
{
    static const enum err refusals[] = {ERR_BUSY, ERR_NO_SPACE};
    struct world *world = *state;
    answer(world, refusals, 2);
    fill(world);
    assert_true(committer_submit(world->committer));
    run_until_told(world, 1);
    assert_int_equal(world->fake.ballasts, 1);
}

static void the_state_says_why_it_stalls(void **state)
{
    static const enum err refusals[] = {ERR_NO_SPACE, ERR_NO_SPACE, ERR_NO_SPACE};
    struct world *world = *state;
    answer(world, refusals, 3);
    fill(world);
    assert_true(committer_submit(world->committer));
    wait_attempts(world, 2);
    assert_int_equal(committer_state(world->committer), ERR_NO_SPACE);
    assert_int_equal(world->told_count, 0);
    run_until_told(world, 1);
    assert_int_equal(committer_state(world->committer), ERR_OK);
}

static void stopping_in_the_middle_of_a_stall_ends_and_tells_nobody(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < COMMITS_MAX; i++)
        world->fake.answers[i] = ERR_NO_SPACE;
    world->fake.answer_count = COMMITS_MAX;
    fill(world);
    assert_true(committer_submit(world->committer));
    wait_attempts(world, 1);
    assert_false(committer_wait(world->committer, 1));
    committer_free(world->committer, 1);
    world->committer = NULL;
    assert_int_equal(world->told_count, 0);
}

static void stopping_with_a_batch_under_way_waits_for_it_and_tells(void **state)
{
    static const enum err refusals[] = {ERR_BUSY, ERR_BUSY};
    struct world *world = *state;
    answer(world, refusals, 2);
    fill(world);
    assert_true(committer_submit(world->committer));
    assert_true(committer_wait(world->committer, 10000));
    assert_int_equal(world->told_count, 1);
    assert_true(committer_wait(world->committer, 0)); /* nothing is under way */
    fill(world);
    assert_true(committer_submit(world->committer));
    assert_true(committer_wait(world->committer, 10000));
    assert_int_equal(world->told_count, 2);
}

/* What happens in a process of its own, because it ends it. */
static int status_of(void (*act)(struct world *world))
{
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        void *world = NULL;
        open_world(&world);
        act(world);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void break_the_store(struct world *world)
{
    static const enum err broken[] = {ERR_IO};
    answer(world, broken, 1);
    fill(world);
    if (committer_submit(world->committer))
        loop_run(world->loop); /* on_committed would stop it */
}

static void a_broken_store_ends_the_process_before_anything_is_told(void **state)
{
    (void)state;
    assert_int_equal(status_of(break_the_store), 75);
}

static void stop_while_the_disk_hangs(struct world *world)
{
    set_hangs(world, true);
    fill(world);
    if (!committer_submit(world->committer))
        _exit(1);
    wait_attempts(world, 1);
    committer_free(world->committer, 1);
}

static void a_disk_that_never_answers_does_not_keep_the_process(void **state)
{
    (void)state;
    assert_int_equal(status_of(stop_while_the_disk_hangs), 75);
}

static enum err look_alone(void *self)
{
    struct world *world = self;
    pthread_mutex_lock(&world->fake.lock);
    world->fake.overlapped |= world->fake.users > 0;
    pthread_mutex_unlock(&world->fake.lock);
    return ERR_RANGE;
}

static void who_borrows_the_store_has_it_alone(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 50; i++) {
        fill(world);
        assert_true(committer_submit(world->committer));
        assert_int_equal(committer_with_store(world->committer, look_alone, world), ERR_RANGE);
        run_until_told(world, i + 1);
    }
    assert_false(world->fake.overlapped);
}

static void an_idle_moment_after_a_commit_is_used_for_the_store_s_rest(void **state)
{
    struct world *world = *state;
    fill(world);
    assert_true(committer_submit(world->committer));
    run_until_told(world, 1);
    pthread_mutex_lock(&world->fake.lock);
    while (world->fake.rests == 0)
        pthread_cond_wait(&world->fake.changed, &world->fake.lock);
    pthread_mutex_unlock(&world->fake.lock);
}

static void a_limit_raised_for_one_batch_is_back_for_the_next(void **state)
{
    struct world *world = *state;
    struct batch *batch = committer_fill(world->committer);
    arena_set_limit(&batch->arena, 2 * BATCH_BYTES);
    fill(world);
    assert_true(committer_submit(world->committer));
    run_until_told(world, 1);
    assert_int_equal(batch->arena.limit, BATCH_BYTES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(a_committed_batch_is_told_once_and_comes_back_empty),
        TEST(while_one_batch_is_under_way_the_other_is_filled_but_not_handed_over),
        TEST(a_refused_commit_is_tried_again_unchanged_and_before_all_others),
        TEST(the_ballast_goes_only_when_the_disk_is_full),
        TEST(the_state_says_why_it_stalls),
        TEST(stopping_in_the_middle_of_a_stall_ends_and_tells_nobody),
        TEST(stopping_with_a_batch_under_way_waits_for_it_and_tells),
        cmocka_unit_test(a_broken_store_ends_the_process_before_anything_is_told),
        cmocka_unit_test(a_disk_that_never_answers_does_not_keep_the_process),
        TEST(who_borrows_the_store_has_it_alone),
        TEST(an_idle_moment_after_a_commit_is_used_for_the_store_s_rest),
        TEST(a_limit_raised_for_one_batch_is_back_for_the_next),
    };
#undef TEST
    return cmocka_run_group_tests_name("committer", tests, NULL, NULL);
}
