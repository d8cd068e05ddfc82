#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/sequence.h"
#include "sample.h"

static struct sequence_epoch *fresh(struct sequence *sequence, uint64_t base)
{
    memset(sequence, 0, sizeof(*sequence));
    return sequence_open(sequence, 0xfeed, base, 1000);
}

static void events_in_order_are_new_once(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);

    (void)state;
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        assert_int_equal(sequence_judge(epoch, seq), SEQUENCE_NEW);
        sequence_mark(epoch, seq);
        assert_int_equal(epoch->seen, seq);
        assert_int_equal(sequence_judge(epoch, seq), SEQUENCE_UNCOMMITTED);
    }
}

static void a_duplicate_is_acknowledged_again_only_once_committed(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);

    (void)state;
    sequence_mark(epoch, 1);
    uint64_t seen_then = epoch->seen;
    sequence_mark(epoch, 2); /* arrives while the first batch is on its way to the disk */
    sequence_commit(epoch, seen_then);
    assert_int_equal(epoch->committed, 1);
    assert_int_equal(sequence_judge(epoch, 1), SEQUENCE_COMMITTED);
    assert_int_equal(sequence_judge(epoch, 2), SEQUENCE_UNCOMMITTED);
    sequence_commit(epoch, epoch->seen);
    assert_int_equal(sequence_judge(epoch, 2), SEQUENCE_COMMITTED);
}

static void seq_zero_is_never_new(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);

    (void)state;
    assert_int_equal(sequence_judge(epoch, 0), SEQUENCE_COMMITTED);
    sequence_mark(epoch, 0);
    assert_int_equal(epoch->seen, 0);
}

static void a_gap_holds_the_watermark_until_it_is_filled(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);

    (void)state;
    assert_int_equal(sequence_judge(epoch, 3), SEQUENCE_ABOVE_GAP);
    sequence_mark(epoch, 3);
    sequence_mark(epoch, 2);
    assert_int_equal(epoch->seen, 0);
    assert_int_equal(sequence_judge(epoch, 3), SEQUENCE_UNCOMMITTED);
    sequence_commit(epoch, epoch->seen);
    assert_int_equal(epoch->committed, 0);
    sequence_mark(epoch, 1);
    assert_int_equal(epoch->seen, 3);
}

static void the_window_ends_256_above_the_watermark(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 11);

    (void)state;
    assert_int_equal(sequence_judge(epoch, 10 + SEQUENCE_WINDOW), SEQUENCE_ABOVE_GAP);
    assert_int_equal(sequence_judge(epoch, 10 + SEQUENCE_WINDOW + 1), SEQUENCE_TOO_FAR);
    sequence_mark(epoch, 10 + SEQUENCE_WINDOW + 1);
    sequence_mark(epoch, 10 + SEQUENCE_WINDOW);
    for (uint64_t seq = 11; seq < 10 + SEQUENCE_WINDOW; seq++)
        sequence_mark(epoch, seq);
    assert_int_equal(epoch->seen, 10 + SEQUENCE_WINDOW);
    assert_int_equal(sequence_judge(epoch, 10 + SEQUENCE_WINDOW + 1), SEQUENCE_NEW);
}

static void a_full_window_filled_from_the_top_moves_at_once(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);

    (void)state;
    for (uint64_t seq = SEQUENCE_WINDOW; seq >= 1; seq--)
        sequence_mark(epoch, seq);
    assert_int_equal(epoch->seen, SEQUENCE_WINDOW);
    assert_true(epoch->window[0] == 0 && epoch->window[1] == 0 && epoch->window[2] == 0 &&
                epoch->window[3] == 0);
}

static void a_raised_base_gives_the_gap_and_frees_what_waits_above_it(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);
    uint64_t from = 0;

    (void)state;
    sequence_mark(epoch, 1);
    sequence_mark(epoch, 4);
    sequence_mark(epoch, 6);
    sequence_mark(epoch, 7);
    assert_int_equal(sequence_rebase(epoch, 6, &from), 3); /* 2, 3 and 5 */
    assert_int_equal(from, 2);
    assert_int_equal(epoch->seen, 7);
    assert_int_equal(epoch->base, 6);
    assert_int_equal(epoch->committed, 0);
    sequence_commit(epoch, epoch->seen);
    assert_int_equal(sequence_judge(epoch, 3), SEQUENCE_COMMITTED);
    assert_int_equal(sequence_judge(epoch, 8), SEQUENCE_NEW);
}

static void a_base_far_ahead_counts_everything_between(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);
    uint64_t from = 0;

    (void)state;
    sequence_mark(epoch, 2);
    sequence_mark(epoch, 256);
    assert_int_equal(sequence_rebase(epoch, 100001, &from), 100000 - 2);
    assert_int_equal(from, 1);
    assert_int_equal(epoch->seen, 100000);
    assert_int_equal(sequence_judge(epoch, 100001), SEQUENCE_NEW);
    assert_int_equal(sequence_judge(epoch, 100002), SEQUENCE_ABOVE_GAP);
}

static void a_base_that_goes_back_or_tells_nothing_new_changes_nothing(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 50);
    uint64_t from = 7;

    (void)state;
    sequence_mark(epoch, 50);
    assert_int_equal(sequence_rebase(epoch, 1, &from), 0);
    assert_int_equal(sequence_rebase(epoch, 0, &from), 0);
    assert_int_equal(sequence_rebase(epoch, 50, &from), 0);
    assert_int_equal(sequence_rebase(epoch, 51, &from), 0); /* all of it was seen */
    assert_int_equal(from, 7);
    assert_int_equal(epoch->base, 51);
    assert_int_equal(epoch->seen, 50);
}

static void numbers_near_the_end_of_64_bits_overflow_nothing(void **state)
{
    struct sequence sequence;
    struct sequence_epoch *epoch = fresh(&sequence, 1);
    uint64_t from = 0;

    (void)state;
    assert_int_equal(sequence_judge(epoch, UINT64_MAX), SEQUENCE_TOO_FAR);
    sequence_mark(epoch, UINT64_MAX);
    assert_int_equal(epoch->seen, 0);
    assert_int_equal(sequence_rebase(epoch, UINT64_MAX, &from), SEQUENCE_MAX - 1);
    assert_int_equal(epoch->base, SEQUENCE_MAX);
    assert_int_equal(epoch->seen, SEQUENCE_MAX - 1);
    assert_int_equal(sequence_rebase(epoch, UINT64_MAX, &from), 0);
    sequence_commit(epoch, UINT64_MAX);
    assert_int_equal(epoch->committed, SEQUENCE_MAX - 1);
    epoch = sequence_open(&sequence, 2, UINT64_MAX, 1);
    assert_int_equal(epoch->seen, SEQUENCE_MAX - 1);
    epoch = sequence_open(&sequence, 3, 0, 1);
    assert_int_equal(epoch->base, 1);
    assert_int_equal(epoch->seen, 0);
}

static void four_epochs_are_remembered_and_the_longest_silent_is_forgotten(void **state)
{
    struct sequence sequence = {0};

    (void)state;
    for (uint32_t i = 1; i <= SEQUENCE_EPOCHS; i++)
        sequence_mark(sequence_open(&sequence, i, 1, 100 + i), 1);
    sequence_open(&sequence, 1, 1, 200); /* heard again; 2 is now the oldest */
    assert_int_equal(sequence_find(&sequence, 1)->seen, 1);
    assert_int_equal(sequence_open(&sequence, 9, 5, 201)->seen, 4);
    assert_null(sequence_find(&sequence, 2));
    assert_non_null(sequence_find(&sequence, 1));
    assert_non_null(sequence_find(&sequence, 3));
    assert_non_null(sequence_find(&sequence, 4));
    assert_int_equal(sequence_open(&sequence, 2, 1, 202)->seen, 0);
}

static void epoch_zero_is_an_epoch_like_any_other(void **state)
{
    struct sequence sequence = {0};

    (void)state;
    assert_null(sequence_find(&sequence, 0));
    sequence_open(&sequence, 0, 1, 5);
    assert_non_null(sequence_find(&sequence, 0));
}

/* A model that knows every number by itself. */
enum { MODEL_TOP = 3000 };
struct model {
    bool seen[MODEL_TOP + 1];
    uint64_t base, committed;
};

static uint64_t model_watermark(const struct model *model)
{
    uint64_t seq = 0;
    while (seq < MODEL_TOP && model->seen[seq + 1])
        seq++;
    return seq;
}

static enum sequence_verdict model_judge(const struct model *model, uint64_t seq)
{
    uint64_t watermark = model_watermark(model);
    if (seq <= model->committed)
        return SEQUENCE_COMMITTED;
    if (model->seen[seq])
        return SEQUENCE_UNCOMMITTED;
    if (seq > watermark + SEQUENCE_WINDOW)
        return SEQUENCE_TOO_FAR;
    return seq == watermark + 1 ? SEQUENCE_NEW : SEQUENCE_ABOVE_GAP;
}

static void random_histories_agree_with_a_plain_set(void **state)
{
    struct random random = {0x5eed};

    (void)state;
    for (unsigned history = 0; history < 60; history++) {
        struct sequence sequence;
        struct sequence_epoch *epoch = fresh(&sequence, 1);
        static struct model model;
        memset(&model, 0, sizeof(model));
        model.base = 1;
        unsigned spread = 1 + (unsigned)random_below(&random, 400);
        for (unsigned step = 0; step < 1500; step++) {
            uint64_t watermark = model_watermark(&model);
            uint64_t reach = watermark + spread < MODEL_TOP ? watermark + spread : MODEL_TOP;
            uint64_t low = watermark > 20 ? watermark - 20 : 1;
            uint64_t seq = low + random_below(&random, reach - low + 1);
            uint64_t choice = random_below(&random, 40);
            assert_int_equal(sequence_judge(epoch, seq), model_judge(&model, seq));
            if (choice == 0) {
                sequence_commit(epoch, epoch->seen);
                model.committed = watermark;
            } else if (choice == 1) {
                uint64_t from = 0, lost = 0, first = 0;
                for (uint64_t i = 1; i < seq; i++)
                    if (!model.seen[i]) {
                        first = lost == 0 ? i : first;
                        lost++;
                        model.seen[i] = true;
                    }
                assert_int_equal(sequence_rebase(epoch, seq, &from), lost);
                assert_int_equal(from, first);
            } else {
                sequence_mark(epoch, seq);
                if (seq <= watermark + SEQUENCE_WINDOW)
                    model.seen[seq] = true;
            }
            assert_int_equal(epoch->seen, model_watermark(&model));
            assert_int_equal(epoch->window[0] & 1, 0);
        }
    }
}

static void any_shuffle_with_duplicates_takes_each_event_exactly_once(void **state)
{
    struct random random = {77};

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct sequence sequence;
        struct sequence_epoch *epoch = fresh(&sequence, 1);
        uint64_t order[SEQUENCE_WINDOW * 2];
        unsigned taken = 0, count = SEQUENCE_WINDOW * 2;
        for (unsigned i = 0; i < count; i++)
            order[i] = i / 2 + 1;
        for (unsigned i = count - 1; i > 0; i--) {
            unsigned j = (unsigned)random_below(&random, i + 1);
            uint64_t swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (unsigned i = 0; i < count; i++) {
            enum sequence_verdict verdict = sequence_judge(epoch, order[i]);
            assert_int_not_equal(verdict, SEQUENCE_TOO_FAR);
            taken += verdict == SEQUENCE_NEW || verdict == SEQUENCE_ABOVE_GAP;
            sequence_mark(epoch, order[i]);
        }
        assert_int_equal(taken, SEQUENCE_WINDOW);
        assert_int_equal(epoch->seen, SEQUENCE_WINDOW);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_in_order_are_new_once),
        cmocka_unit_test(a_duplicate_is_acknowledged_again_only_once_committed),
        cmocka_unit_test(seq_zero_is_never_new),
        cmocka_unit_test(a_gap_holds_the_watermark_until_it_is_filled),
        cmocka_unit_test(the_window_ends_256_above_the_watermark),
        cmocka_unit_test(a_full_window_filled_from_the_top_moves_at_once),
        cmocka_unit_test(a_raised_base_gives_the_gap_and_frees_what_waits_above_it),
        cmocka_unit_test(a_base_far_ahead_counts_everything_between),
        cmocka_unit_test(a_base_that_goes_back_or_tells_nothing_new_changes_nothing),
        cmocka_unit_test(numbers_near_the_end_of_64_bits_overflow_nothing),
        cmocka_unit_test(four_epochs_are_remembered_and_the_longest_silent_is_forgotten),
        cmocka_unit_test(epoch_zero_is_an_epoch_like_any_other),
        cmocka_unit_test(random_histories_agree_with_a_plain_set),
        cmocka_unit_test(any_shuffle_with_duplicates_takes_each_event_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
