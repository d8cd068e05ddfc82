/* The standard policy and what is wrong with bad ones; the index and the pool beneath the alert table. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "alert/index.h"
#include "alert/policy.h"
#include "alert/pool.h"

static struct alert_settings settings;

static void the_standard_policy_has_no_fault(void **state)
{
    (void)state;
    struct buf errors;
    buf_init(&errors, 10000);
    alert_settings_default(&settings);
    assert_int_equal(policy_check(&settings, &errors), 0);
    assert_string_equal(buf_text(&errors), "");
    const struct policy_rule *rule = policy_find(&settings, FAMILY_EMERGENCY, LEVEL_RED);
    assert_int_equal(rule->step_count, 7);
    assert_int_equal(rule->steps[4].kind, STEP_VERIFY);
    assert_int_equal(rule->steps[6].after_s, 180);
    assert_true(rule->steps[6].unless_acknowledged);
    assert_null(policy_find(&settings, FAMILY_VISITOR, LEVEL_GREEN));
    assert_null(policy_find(&settings, FAMILY_FLEET, LEVEL_RED));
    buf_release(&errors);
}

static void no_suspicion_rule_ever_speaks(void **state)
{
    (void)state;
    alert_settings_default(&settings);
    for (unsigned level = 0; level < LEVEL_COUNT; level++) {
        const struct policy_rule *rule = policy_find(&settings, FAMILY_FRAUD, (enum level)level);
        for (unsigned i = 0; rule && i < rule->step_count; i++)
            assert_int_not_equal(rule->steps[i].kind, STEP_PROMPT);
    }
}

static void expect_fault(const char *text)
{
    struct buf errors;
    buf_init(&errors, 10000);
    assert_int_equal(policy_check(&settings, &errors), 1);
    if (!strstr(buf_text(&errors), text))
        print_error("%s", buf_text(&errors));
    assert_non_null(strstr(buf_text(&errors), text));
    buf_release(&errors);
    alert_settings_default(&settings);
}

static void every_fault_of_a_policy_is_named(void **state)
{
    (void)state;
    alert_settings_default(&settings);
    settings.rules[0].steps[6].after_s = 30;
    expect_fault("emergency/red step 6: steps are out of order");
    settings.rules[0].steps[0].prompt[0] = 0;
    expect_fault("step 0: a prompt needs the id");
    snprintf(settings.rules[0].steps[0].prompt, ID_SIZE, "sos heard");
    expect_fault("step 0: a prompt needs the id");
    settings.rules[0].steps[1].role = ROLE_NONE;
    expect_fault("step 1: notify needs a role");
    settings.rules[1].level = LEVEL_RED;
    expect_fault("policy[1]: a second rule");
    settings.rules[2].level = LEVEL_COUNT;
    expect_fault("policy[2]: unknown family or level");
    settings.rules[0].steps[6].after_s = 86401;
    expect_fault("outside 0..86400");
    settings.rules[0].steps[6].kind = STEP_KIND_COUNT;
    expect_fault("unknown kind of step");
    settings.rule_count = POLICY_RULES_MAX + 1;
    expect_fault("more than 64 rules");
}

static void names_of_steps_go_there_and_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STEP_KIND_COUNT; i++)
        assert_int_equal(step_from_name(step_name((enum step_kind)i)), i);
    assert_int_equal(step_from_name("x"), STEP_KIND_COUNT);
}

/* A small generator of our own, so that a failure repeats. */
static uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static bool is_key(const void *self, uint32_t no, const void *key)
{
    (void)self;
    return no == *(const uint32_t *)key;
}

static void the_index_agrees_with_a_plain_set_over_many_random_steps(void **state)
{
    (void)state;
    enum { KEYS = 300 };
    bool there[KEYS] = {false};
    struct index index;
    uint32_t seed = 12345;
    index_init(&index, KEYS);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t key = random_next(&seed) % KEYS, hash = key % 7 * 0x40000001U; /* many collisions */
        if (there[key]) {
            index_remove(&index, hash, key);
        } else {
            assert_int_equal(index_reserve(&index), ERR_OK);
            index_add(&index, hash, key);
        }
        there[key] = !there[key];
        uint32_t look = random_next(&seed) % KEYS;
        assert_int_equal(index_find(&index, look % 7 * 0x40000001U, is_key, NULL, &look),
                         there[look] ? look : INDEX_NONE);
    }
    index_release(&index);
}

static void a_full_index_says_so(void **state)
{
    (void)state;
    struct index index;
    index_init(&index, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(index_reserve(&index), ERR_OK);
        index_add(&index, i, i);
    }
    assert_int_equal(index_reserve(&index), ERR_FULL);
    index_remove(&index, 77, 5);
    assert_int_equal(index.count, 2);
    index_release(&index);
}

static void a_pool_reuses_numbers_and_reports_each_change_once(void **state)
{
    (void)state;
    struct pool pool;
    uint32_t a, b, c;
    pool_init(&pool, sizeof(uint64_t), 3);
    assert_int_equal(pool_take(&pool, &a), ERR_OK);
    assert_int_equal(pool_take(&pool, &b), ERR_OK);
    pool_mark(&pool, a);
    assert_int_equal(pool.dirty_count, 2);
    pool_clean(&pool);
    pool_give(&pool, a);
    assert_false(pool_is_live(&pool, a));
    assert_int_equal(pool.dirty_count, 1);
    assert_int_equal(pool_take(&pool, &c), ERR_OK);
    assert_int_equal(c, a);
    assert_int_equal(pool.dirty_count, 1);
    assert_int_equal(pool_place(&pool, 2), ERR_OK);
    assert_int_equal(pool_place(&pool, 3), ERR_FULL);
    assert_int_equal(pool_take(&pool, &c), ERR_FULL);
    pool_give(&pool, b);
    assert_int_equal(pool_take(&pool, &c), ERR_OK);
    assert_int_equal(c, b);
    assert_int_equal(pool.live_count, 3);
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_policy_has_no_fault),
        cmocka_unit_test(no_suspicion_rule_ever_speaks),
        cmocka_unit_test(every_fault_of_a_policy_is_named),
        cmocka_unit_test(names_of_steps_go_there_and_back),
        cmocka_unit_test(the_index_agrees_with_a_plain_set_over_many_random_steps),
        cmocka_unit_test(a_full_index_says_so),
        cmocka_unit_test(a_pool_reuses_numbers_and_reports_each_change_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
