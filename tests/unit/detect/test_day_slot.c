/* The time of day in ten minutes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/day_slot.h"

static void ten_minutes_are_one_slot(void **state)
{
    (void)state;
    assert_int_equal(day_slot(&(struct civil){.hour = 0, .minute = 9}), 0);
    assert_int_equal(day_slot(&(struct civil){.hour = 0, .minute = 10}), 1);
    assert_int_equal(day_slot(&(struct civil){.hour = 23, .minute = 59}), DAY_SLOTS - 1);
}

static void midnight_is_no_border(void **state)
{
    (void)state;
    assert_true(day_slot_near(DAY_SLOTS - 3, 3, 6));
    assert_true(day_slot_near(3, DAY_SLOTS - 3, 6));
    assert_false(day_slot_near(DAY_SLOTS - 3, 4, 6));
    assert_true(day_slot_near(60, 66, 6));
    assert_false(day_slot_near(67, 60, 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_minutes_are_one_slot),
        cmocka_unit_test(midnight_is_no_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
