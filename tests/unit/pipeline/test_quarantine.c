/* Devices that nobody registered: the latest first, each once, and no more than there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/quarantine.h"

static void note(struct quarantine *quarantine, unsigned number, int64_t wall_ms)
{
    char id[ID_SIZE];
    snprintf(id, sizeof(id), "wb-%u", number);
    quarantine_note(quarantine, id, QUARANTINE_UNKNOWN, (struct now){.wall_ms = wall_ms, .mono_ms = wall_ms});
}

static void the_latest_are_listed_first_and_once(void **state)
{
    struct quarantine *quarantine = calloc(1, sizeof(*quarantine));
    struct look *look = calloc(1, sizeof(*look));

    (void)state;
    note(quarantine, 1, 1000);
    note(quarantine, 2, 2000);
    note(quarantine, 1, 3000);
    quarantine_list(quarantine, look);
    assert_int_equal(look->count, 2);
    assert_string_equal(look->list[0].id, "wb-1");
    assert_int_equal(look->list[0].first_ms, 1000);
    assert_int_equal(look->list[0].last_ms, 3000);
    assert_int_equal(look->list[0].times, 2);
    assert_string_equal(look->list[1].id, "wb-2");
    for (unsigned i = 0; i < 2 * LOOK_STRANGERS_MAX; i++)
        note(quarantine, 100 + i, 4000 + i);
    quarantine_list(quarantine, look);
    assert_int_equal(look->count, LOOK_STRANGERS_MAX);
    assert_string_equal(look->list[0].id, "wb-611");
    assert_string_equal(look->list[LOOK_STRANGERS_MAX - 1].id, "wb-356");
    assert_int_equal(look->list[0].times, 1);
    free(look);
    free(quarantine);
}

static unsigned rows(const struct batch *batch)
{
    unsigned count = 0;
    for (const struct batch_item *item = batch->first; item != NULL; item = item->next)
        count += item->kind == BATCH_STATE;
    return count;
}

static void it_is_kept_with_the_commits_and_comes_back(void **state)
{
    struct quarantine *quarantine = calloc(1, sizeof(*quarantine)), *again = calloc(1, sizeof(*again));
    struct look *look = calloc(1, sizeof(*look));
    struct batch batch;

    (void)state;
    batch_init(&batch, 64 << 20);
    assert_false(quarantine_is_due(quarantine, (struct now){.mono_ms = 1000}));
    note(quarantine, 1, 1000);
    note(quarantine, 2, 2000);
    assert_true(quarantine_is_due(quarantine, (struct now){.mono_ms = 2000}));
    quarantine_snapshot(quarantine, &batch);
    assert_int_equal(rows(&batch), 2);
    /* A count that grows waits for its turn; a person's word does not. */
    note(quarantine, 2, 3000);
    assert_false(quarantine_is_due(quarantine, (struct now){.mono_ms = 3000}));
    assert_true(quarantine_is_due(quarantine, (struct now){.mono_ms = 2000 + QUARANTINE_KEEP_MS}));
    quarantine_snapshot(quarantine, &batch);
    assert_int_equal(rows(&batch), 3);
    assert_int_equal(quarantine_dismiss(quarantine, "wb-1", "wang", (struct now){.wall_ms = 3500}), ERR_OK);
    assert_int_equal(quarantine_dismiss(quarantine, "wb-3", "wang", (struct now){.wall_ms = 3500}),
                     ERR_NOT_FOUND);
    assert_true(quarantine_is_due(quarantine, (struct now){.mono_ms = 2001 + QUARANTINE_KEEP_MS}));
    quarantine_snapshot(quarantine, &batch);
    assert_int_equal(rows(&batch), 4);
    for (const struct batch_item *item = batch.first; item != NULL; item = item->next)
        assert_int_equal(quarantine_restore(again, item->state.version, item->state.no, item->state.value,
                                            item->state.len),
                         ERR_OK);
    quarantine_list(again, look);
    assert_int_equal(look->count, 2);
    assert_string_equal(look->list[0].id, "wb-2");
    assert_int_equal(look->list[0].times, 2);
    assert_string_equal(look->list[1].id, "wb-1"); /* dismissed ones stand at the end */
    assert_string_equal(look->list[1].dismissed_by, "wang");
    assert_int_equal(look->list[1].times, 1);
    assert_int_equal(quarantine_restore(again, 2, 0, "", 0), ERR_UNSUPPORTED);
    batch_release(&batch);
    free(look);
    free(again);
    free(quarantine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_latest_are_listed_first_and_once),
                                       cmocka_unit_test(it_is_kept_with_the_commits_and_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
