#include "fixture.h"

#include "relay/outbox_rows.h"

static struct outbox_row row_of(unsigned n, enum level level)
{
    return (struct outbox_row){.id = hash_id_of(&n, sizeof n),
                               .channel = CHANNEL_WEBHOOK,
                               .level = (uint8_t)level,
                               .body = "body",
                               .len = 4};
}

/* A small deterministic generator, so that a failure can be repeated. */
static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

enum { MODEL = 500 };

/* Adds, finds, moves and removes at random beside a plain array that does the same. */
static void table_and_heaps_agree_with_a_plain_model(void **state)
{
    (void)state;
    struct outbox_rows rows = {0};
    struct entry *model[MODEL] = {NULL};
    unsigned seed = 7, count = 0;
    for (unsigned step = 0; step < 50000; step++) {
        unsigned n = next(&seed) % MODEL, what = next(&seed) % 4;
        struct outbox_row row = row_of(n, n % 2 ? LEVEL_RED : LEVEL_GREEN);
        assert_ptr_equal(rows_find(&rows, &row.id), model[n]);
        if (!model[n]) {
            assert_int_equal(rows_add(&rows, &row, &model[n]), ERR_OK);
            rows_schedule(&rows, model[n], next(&seed) % 1000);
            count++;
        } else if (what == 0) {
            rows_remove(&rows, model[n]);
            entry_free(model[n]);
            model[n] = NULL;
            count--;
        } else if (what == 1) {
            rows_unschedule(&rows, model[n]);
        } else {
            rows_schedule(&rows, model[n], next(&seed) % 1000);
        }
        assert_int_equal(rows.count, count);
        if (step % 50)
            continue;
        for (unsigned red = 0; red < 2; red++) {
            int64_t least = INT64_MAX;
            for (unsigned i = red; i < MODEL; i += 2)
                if (model[i] && model[i]->heap_at && model[i]->due_ms < least)
                    least = model[i]->due_ms;
            const struct entry *first = rows_first(&rows, red ? OUTBOX_OUT_RED : OUTBOX_OUT_REST);
            assert_true(first ? first->due_ms == least : least == INT64_MAX);
        }
    }
    assert_int_equal(rows.bytes, count * 4);
    rows_release(&rows);
}

static void a_row_is_copied_with_its_body(void **state)
{
    (void)state;
    struct outbox_rows rows = {0};
    struct entry *entry = NULL;
    char body[] = "first";
    struct outbox_row row = row_of(1, LEVEL_RED);
    row.body = body;
    row.len = 5;
    assert_int_equal(rows_add(&rows, &row, &entry), ERR_OK);
    memset(body, 'x', sizeof body - 1);
    assert_string_equal(entry->row.body, "first");
    assert_int_equal(rows_add(&rows, &row, &entry), ERR_EXISTS);
    rows_release(&rows);
    assert_null(rows_find(&rows, &row.id));
}

static void red_and_commands_have_heaps_of_their_own(void **state)
{
    (void)state;
    struct outbox_rows rows = {0};
    struct entry *entry = NULL;
    unsigned n = 0;
    for (unsigned command = 0; command < 2; command++)
        for (unsigned red = 0; red < 2; red++) {
            struct outbox_row row = row_of(n++, red ? LEVEL_RED : LEVEL_ORANGE);
            row.channel = command ? CHANNEL_COMMAND : CHANNEL_CAP;
            assert_int_equal(rows_add(&rows, &row, &entry), ERR_OK);
            rows_schedule(&rows, entry, 5);
            assert_int_equal(entry->lane, command ? (red ? OUTBOX_COMMAND_RED : OUTBOX_COMMAND_REST)
                                                  : (red ? OUTBOX_OUT_RED : OUTBOX_OUT_REST));
        }
    for (unsigned lane = 0; lane < OUTBOX_LANES; lane++)
        assert_non_null(rows_first(&rows, lane));
    rows_release(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_and_heaps_agree_with_a_plain_model),
        cmocka_unit_test(a_row_is_copied_with_its_body),
        cmocka_unit_test(red_and_commands_have_heaps_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
