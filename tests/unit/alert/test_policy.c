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

static const struct policy_scope nobody = {.territory = REGISTRY_NONE};

static void write_fault(void *self, int rule, int step, const char *why)
{
    buf_printf(self, "%d/%d: %s\n", rule, step, why);
}

static void the_standard_policy_has_no_fault(void **state)
{
    (void)state;
    struct buf errors;
    struct policy_scope scope = nobody;
    buf_init(&errors, 10000);
    assert_int_equal(registry_empty((struct registry **)(void *)&scope.registry), ERR_OK);
    alert_settings_default(&settings);
    assert_int_equal(policy_check(&settings, write_fault, &errors), 0);
    assert_string_equal(buf_text(&errors), "");
    const struct policy_rule *rule = policy_find(&settings, FAMILY_EMERGENCY, LEVEL_RED, &scope);
    assert_int_equal(rule->step_count, 7);
    assert_int_equal(rule->steps[4].kind, STEP_VERIFY);
    assert_int_equal(rule->steps[6].after_s, 180);
    assert_true(rule->steps[6].unless_acknowledged);
    assert_null(policy_find(&settings, FAMILY_VISITOR, LEVEL_GREEN, &scope));
    assert_null(policy_find(&settings, FAMILY_FLEET, LEVEL_RED, &scope));
    registry_free((struct registry *)(uintptr_t)scope.registry);
    buf_release(&errors);
}

static void no_suspicion_rule_ever_speaks(void **state)
{
    (void)state;
    alert_settings_default(&settings);
    for (unsigned i = 0; i < settings.rule_count; i++) {
        const struct policy_rule *rule = &settings.rules[i];
        for (unsigned j = 0; rule->family == FAMILY_FRAUD && j < rule->step_count; j++)
            assert_int_not_equal(rule->steps[j].kind, STEP_PROMPT);
    }
}

static void expect_fault(const char *text)
{
    struct buf errors;
    buf_init(&errors, 10000);
    assert_int_equal(policy_check(&settings, write_fault, &errors), 1);
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
    struct policy_step *steps = settings.rules[0].steps;
    steps[6].after_s = 30;
    expect_fault("0/6: steps are out of order");
    steps[0].prompt[0] = 0;
    expect_fault("0/0: a prompt needs the id");
    snprintf(steps[0].prompt, ID_SIZE, "sos heard");
    expect_fault("0/0: a prompt needs the id");
    steps[1].role = ROLE_NONE;
    expect_fault("0/1: notify needs a role");
    snprintf(steps[1].to, ID_SIZE, "d-0001");
    expect_fault("0/1: notify needs a role, a roster, or one person");
    snprintf(steps[0].to, ID_SIZE, "d-0001");
    expect_fault("0/0: to belongs to notify and webhook");
    snprintf(steps[3].roster, sizeof steps[3].roster, "330402");
    expect_fault("0/3: roster belongs to notify, alone or with a role other than family");
    steps[1].kind = STEP_WEBHOOK;
    expect_fault("0/1: webhook needs the name");
    snprintf(settings.rules[1].steps[0].prompt, ID_SIZE, "sweep");
    expect_fault("1/0: a task is call");
    steps[6].repeat_s = 60;
    expect_fault("0/6: repeat_s and repeat_max go together");
    steps[6].repeat_s = 9;
    steps[6].repeat_max = 1;
    expect_fault("0/6: repeats are at most 14, 10..86400 s apart");
    steps[6].repeat_s = 60;
    steps[6].repeat_max = POLICY_REPEAT_MAX + 1;
    expect_fault("0/6: repeats are at most 14");
    steps[6].alerts_least = 3;
    expect_fault("0/6: alerts and within_min go together");
    steps[6].alerts_least = 1;
    steps[6].alerts_within_min = 5;
    expect_fault("0/6: alerts is 2..128");
    steps[6].to_minute = 1440;
    expect_fault("0/6: hours lie in");
    steps[6].outside_skips = 1;
    expect_fault("0/6: outside needs from and until");
    settings.rules[1].level = LEVEL_RED;
    expect_fault("1/-1: a second rule");
    settings.rules[2].level = LEVEL_COUNT;
    expect_fault("2/-1: unknown family or level");
    settings.rules[2].step_count = POLICY_STEPS_MAX + 1;
    expect_fault("2/-1: too many steps");
    steps[6].after_s = 86401;
    expect_fault("outside 0..86400");
    steps[6].kind = STEP_KIND_COUNT;
    expect_fault("unknown kind of step");
    settings.rule_count = POLICY_RULES_MAX + 1;
    expect_fault("more than 64 rules");
}

static void a_step_acts_at_its_time_and_at_each_repeat(void **state)
{
    (void)state;
    struct policy_rule rule = {.step_count = 2,
                               .steps = {{.after_s = 60, .repeat_s = 30, .repeat_max = 2}, {.after_s = 100}}};
    static const uint32_t moments[] = {60, 90, 100, 120};
    const struct policy_start start = {.t_ms = 1772500000000};
    uint32_t from_s = 0;
    unsigned repeat = 99;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(policy_next_s(&rule, &start, from_s), moments[i]);
        assert_int_equal(policy_next_s(&rule, &start, moments[i]), moments[i]);
        from_s = moments[i] + 1;
    }
    assert_int_equal(policy_next_s(&rule, &start, from_s), POLICY_NEVER);
    assert_int_equal(policy_next_s(&rule, &start, POLICY_NEVER), POLICY_NEVER);
    assert_true(policy_acts(&rule.steps[0], &start, 120, &repeat));
    assert_int_equal(repeat, 2);
    assert_false(policy_acts(&rule.steps[0], &start, 150, &repeat));
    assert_false(policy_acts(&rule.steps[0], &start, 61, &repeat));
    assert_false(policy_acts(&rule.steps[0], &start, 59, &repeat));
    assert_true(policy_acts(&rule.steps[1], &start, 100, &repeat));
    assert_int_equal(repeat, 0);
    assert_false(policy_acts(&rule.steps[1], &start, 130, &repeat));
}

static void hours_run_over_midnight_and_end_on_the_minute(void **state)
{
    (void)state;
    struct policy_step night = {.from_minute = 22 * 60, .to_minute = 6 * 60},
                       day = {.from_minute = 8 * 60, .to_minute = 18 * 60}, any = {.kind = STEP_NOTIFY};
    static const struct {
        int hour, minute;
        bool night, day;
    } rows[] = {{21, 59, false, false}, {22, 0, true, false}, {0, 0, true, false},   {5, 59, true, false},
                {6, 0, false, false},   {8, 0, false, true},  {17, 59, false, true}, {18, 0, false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct civil local = {.hour = rows[i].hour, .minute = rows[i].minute};
        assert_int_equal(policy_judge(&night, false, &local, 0),
                         rows[i].night ? VERDICT_STEP_ACTS : VERDICT_STEP_OUT_OF_HOURS);
        assert_int_equal(policy_judge(&day, false, &local, 0),
                         rows[i].day ? VERDICT_STEP_ACTS : VERDICT_STEP_OUT_OF_HOURS);
        assert_int_equal(policy_judge(&any, true, &local, 0), VERDICT_STEP_ACTS);
    }
}

/* A day's step that comes due at any second of a year acts within its hours, at once or when they begin next;
 * over the change of the clocks as well, and where the clocks skip the hours it waits for the next day's. */
static void a_step_waits_for_its_hours_to_the_second_all_year(void **state)
{
    (void)state;
    struct tz *tz;
    struct policy_step step = {.kind = STEP_NOTIFY, .after_s = 7, .from_minute = 480, .to_minute = 1080};
    assert_int_equal(tz_load("Europe/Berlin", &tz), ERR_OK);
    int64_t t_ms = clock_from_civil(tz, 2026, 1, 1, 0, 0, 0),
            end_ms = clock_from_civil(tz, 2027, 1, 1, 0, 0, 0);
    for (; t_ms < end_ms; t_ms += 1777 * 1000) {
        const struct policy_start start = {.tz = tz, .t_ms = t_ms};
        const int64_t due_ms = t_ms + 7000, at_ms = t_ms + policy_moment_s(&step, &start, 0) * INT64_C(1000);
        struct civil due;
        clock_civil(tz, due_ms, &due);
        int64_t wanted_ms = due_ms;
        if (due.hour < 8 || due.hour >= 18)
            wanted_ms = clock_from_civil(tz, due.year, due.month, due.day + (due.hour >= 18), 8, 0, 0);
        assert_true(at_ms == wanted_ms);
    }
    step.from_minute = 120;
    step.to_minute = 180;
    struct policy_start start = {.tz = tz, .t_ms = clock_from_civil(tz, 2026, 3, 28, 12, 0, 0) + 1};
    assert_int_equal(policy_moment_s(&step, &start, 0),
                     (clock_from_civil(tz, 2026, 3, 30, 2, 0, 0) - start.t_ms) / 1000 + 1);
    step.outside_skips = 1;
    assert_int_equal(policy_moment_s(&step, &start, 0), 7);
    step.outside_skips = 0;
    step.kind = STEP_PROMPT;
    assert_int_equal(policy_moment_s(&step, &start, 0), 7);
    tz_free(tz);
}

static void repeats_that_waited_for_one_moment_are_one(void **state)
{
    (void)state;
    const struct policy_rule rule = {
        .step_count = 1,
        .steps = {
            {.kind = STEP_NOTIFY, .repeat_s = 600, .repeat_max = 3, .from_minute = 480, .to_minute = 1080}}};
    const struct policy_start start = {.t_ms = clock_from_civil(NULL, 2026, 3, 3, 7, 45, 0)};
    unsigned repeat = 99;
    assert_int_equal(policy_next_s(&rule, &start, 0), 900);
    assert_true(policy_acts(&rule.steps[0], &start, 900, &repeat));
    assert_int_equal(repeat, 1);
    assert_int_equal(policy_next_s(&rule, &start, 901), 1200);
    assert_true(policy_acts(&rule.steps[0], &start, 1200, &repeat));
    assert_int_equal(repeat, 2);
    assert_false(policy_acts(&rule.steps[0], &start, 0, &repeat));
    assert_int_equal(policy_next_s(&rule, &start, 1801), POLICY_NEVER);
}

static void the_other_conditions_are_judged(void **state)
{
    (void)state;
    struct civil noon = {.hour = 12};
    struct policy_step step = {.unless_acknowledged = 1, .alerts_least = 3};
    assert_int_equal(policy_judge(&step, true, &noon, 9), VERDICT_STEP_ACKNOWLEDGED);
    assert_int_equal(policy_judge(&step, false, &noon, 2), VERDICT_STEP_TOO_FEW_ALERTS);
    assert_int_equal(policy_judge(&step, false, &noon, 3), VERDICT_STEP_ACTS);
    assert_string_equal(step_verdict_name(VERDICT_STEP_TOO_FEW_ALERTS), "too_few_alerts");
    assert_string_equal(step_verdict_name(STEP_VERDICT_COUNT), "none");
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
        cmocka_unit_test(a_step_acts_at_its_time_and_at_each_repeat),
        cmocka_unit_test(hours_run_over_midnight_and_end_on_the_minute),
        cmocka_unit_test(a_step_waits_for_its_hours_to_the_second_all_year),
        cmocka_unit_test(repeats_that_waited_for_one_moment_are_one),
        cmocka_unit_test(the_other_conditions_are_judged),
        cmocka_unit_test(names_of_steps_go_there_and_back),
        cmocka_unit_test(the_index_agrees_with_a_plain_set_over_many_random_steps),
        cmocka_unit_test(a_full_index_says_so),
        cmocka_unit_test(a_pool_reuses_numbers_and_reports_each_change_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
