/* Escalations of a whole year, each in a county whose clocks change, told time only in leaps: every step has
 * happened, at its second. */
#include "fold.h"

enum { DAYS = 365 };

/* A small generator of our own, so that a failure repeats. */
static uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* When a step of the day, due then, acts. */
static int64_t in_hours(const struct tz *tz, int64_t due_ms)
{
    struct civil due;
    clock_civil(tz, due_ms, &due);
    if (due.hour >= 8 && due.hour < 18)
        return due_ms;
    return clock_from_civil(tz, due.year, due.month, due.day + (due.hour >= 18), 8, 0, 0);
}

/* The n'th notification of the role. */
static const struct job *told(const struct fold *fold, enum role role, unsigned n)
{
    for (unsigned i = 0; i < fold->job_count; i++)
        if (fold->jobs[i].kind == JOB_NOTIFY && fold->jobs[i].role == role && n-- == 0)
            return &fold->jobs[i];
    return NULL;
}

static void expect_told(const struct fold *fold, enum role role, unsigned n, int64_t t_ms)
{
    const struct job *job = told(fold, role, n);
    assert_non_null(job);
    assert_true(job->t_ms == t_ms);
}

static void every_escalation_of_a_year_is_exact_to_the_second(void **state)
{
    (void)state;
    static const struct policy_step steps[] = {
        {.kind = STEP_NOTIFY, .role = ROLE_COUNTY_DESK, .repeat_s = 3600, .repeat_max = 2},
        {.kind = STEP_NOTIFY, .role = ROLE_TOWN_DESK, .after_s = 67, .from_minute = 480, .to_minute = 1080},
        {.kind = STEP_POLICE, .after_s = 86400}};
    enum { STEPS = sizeof steps / sizeof *steps };
    uint32_t seed = 2026;
    struct tz *berlin;
    assert_int_equal(tz_load("Europe/Berlin", &berlin), ERR_OK);
    for (int day = 0; day < DAYS; day++) {
        struct fold *fold = fold_new();
        struct tz *county = fold->world->tz;
        fold->world->tz = berlin;
        fold->settings.rules[0].step_count = STEPS;
        memcpy(fold->settings.rules[0].steps, steps, sizeof steps);
        alerts_free(fold->alerts);
        fold_alerts(fold);
        const int64_t opened_ms =
            clock_from_civil(berlin, 2027, 1, 1 + day, (int)(random_next(&seed) % 24),
                             (int)(random_next(&seed) % 60), (int)(random_next(&seed) % 60));
        event(fold, opened_ms, "wb-1", SOS);
        /* Leaps of up to nine hours, as after a clock that was set or a gateway that was away. */
        for (int64_t t_ms = opened_ms; t_ms < opened_ms + 2 * INT64_C(86400000);) {
            t_ms += 1 + random_next(&seed) % 32400000;
            tick(fold, t_ms);
        }
        for (unsigned i = 0; i < 3; i++)
            expect_told(fold, ROLE_COUNTY_DESK, i, opened_ms + i * INT64_C(3600000));
        expect_told(fold, ROLE_TOWN_DESK, 0, in_hours(berlin, opened_ms + 67000));
        assert_null(told(fold, ROLE_COUNTY_DESK, 3));
        assert_null(told(fold, ROLE_TOWN_DESK, 1));
        assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
        for (unsigned i = 0; i < fold->job_count; i++)
            if (fold->jobs[i].kind == JOB_POLICE)
                assert_true(fold->jobs[i].t_ms == opened_ms + INT64_C(86400000));
        fold->world->tz = county;
        fold_free(fold);
    }
    tz_free(berlin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_escalation_of_a_year_is_exact_to_the_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
