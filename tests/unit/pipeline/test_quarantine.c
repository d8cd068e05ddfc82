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
    quarantine_note(quarantine, id, (struct now){.wall_ms = wall_ms, .mono_ms = wall_ms});
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_latest_are_listed_first_and_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
