/* What a report counts: levels, days, places, answers to the second, what people judged, who was reached. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "report.h"

struct county {
    struct tz *tz;
    struct registry *registry;
    struct report *report;
    struct report_sums sums;
    int64_t from_ms;
};

static const struct report_settings settings = {.answer_s = 60, .answer_permille = 975};

static int setup(void **state)
{
    static struct county county;
    memset(&county, 0, sizeof county);
    assert_int_equal(tz_load("Asia/Shanghai", &county.tz), ERR_OK);
    assert_int_equal(registry_load(HUYANG_TEST_DATA "/data/detect", county.tz, NULL, NULL, &county.registry),
                     ERR_OK);
    county.from_ms = clock_from_civil(county.tz, 2026, 3, 2, 0, 0, 0);
    assert_int_equal(report_new(county.registry, county.tz, county.from_ms,
                                clock_from_civil(county.tz, 2026, 3, 5, 0, 0, 0), &settings, &county.report),
                     ERR_OK);
    *state = &county;
    return 0;
}

static int teardown(void **state)
{
    struct county *county = *state;
    report_free(county->report);
    registry_free(county->registry);
    tz_free(county->tz);
    return 0;
}

static struct subject find(const struct county *county, enum subject_kind kind, const char *id)
{
    struct subject subject = registry_subject_find(county->registry, kind, id);
    assert_int_not_equal(subject.no, REGISTRY_NONE);
    return subject;
}

static struct report_fact fact(const struct county *county, int hour, enum level level)
{
    return (struct report_fact){.opened_ms = county->from_ms + (int64_t)hour * 3600000,
                                .subject = find(county, SUBJECT_RESIDENT, "r-1"),
                                .device = REGISTRY_NONE,
                                .family = FAMILY_VISITOR,
                                .level = (uint8_t)level};
}

static void add(struct county *county, const struct report_fact *one)
{
    report_add(county->report, one);
    report_sum(county->report, &county->sums);
}

static void alerts_are_counted_by_family_level_local_day_and_territory(void **state)
{
    struct county *county = *state;
    static const int hours[] = {0, 23, 24, 71}; /* the first and last hour of a day are that day's */
    for (size_t i = 0; i < 4; i++) {
        struct report_fact one = fact(county, hours[i], LEVEL_YELLOW);
        add(county, &one);
    }
    struct report_fact outside = fact(county, 72, LEVEL_RED), before = fact(county, -1, LEVEL_RED);
    add(county, &outside);
    add(county, &before);
    assert_int_equal(county->sums.alerts, 4);
    assert_int_equal(county->sums.days, 3);
    assert_int_equal(county->sums.by_level[FAMILY_VISITOR][LEVEL_YELLOW], 4);
    assert_int_equal(county->sums.by_day[0][LEVEL_YELLOW], 2);
    assert_int_equal(county->sums.by_day[1][LEVEL_YELLOW], 1);
    assert_int_equal(county->sums.by_day[2][LEVEL_YELLOW], 1);
    for (uint32_t no = 0; no < registry_count(county->registry, REGISTRY_TERRITORY); no++)
        assert_int_equal(report_in_territory(county->report, no, LEVEL_YELLOW),
                         4); /* county to grid, one line */
    assert_int_equal(county->sums.residents, 5);
    /* 4 alerts, 5 residents, 3 days */
    assert_int_equal(report_per_thousand(&county->sums, 4), 266666);
}

static void answers_are_timed_to_the_second_and_an_unanswered_alert_is_late(void **state)
{
    struct county *county = *state;
    static const int64_t after_ms[] = {1000, 30000, 60000, 60001, 7200000};
    for (size_t i = 0; i < 5; i++) {
        struct report_fact one = fact(county, 9, LEVEL_RED);
        one.urgent_ms = one.opened_ms;
        one.answered_ms = one.opened_ms + after_ms[i];
        add(county, &one);
    }
    struct report_fact never = fact(county, 10, LEVEL_ORANGE);
    never.urgent_ms = never.opened_ms;
    add(county, &never);
    const struct report_answers *answers = &county->sums.urgent_answers;
    assert_int_equal(answers->count, 6);
    assert_int_equal(answers->answered, 5);
    assert_int_equal(answers->in_time, 3); /* 60.001 s are not 60 */
    assert_int_equal(answers->p50_s, 60);
    assert_int_equal(answers->p95_s, 7200);
    assert_int_equal(county->sums.unanswered_urgent, 1);
    assert_int_equal(county->sums.answers[LEVEL_ORANGE].p50_s, -1);
    assert_int_equal(report_permille(answers->in_time, answers->count), 500);
    assert_int_equal(report_permille(0, 0), 0);
}

static void the_time_runs_from_when_it_became_urgent(void **state)
{
    struct county *county = *state;
    struct report_fact one = fact(county, 9, LEVEL_ORANGE);
    one.urgent_ms = one.opened_ms + 600000;
    one.answered_ms = one.urgent_ms + 20000;
    add(county, &one);
    assert_int_equal(county->sums.urgent_answers.p50_s, 20);
    one.answered_ms = one.urgent_ms + INT64_C(30) * 86400000; /* beyond the last slot */
    add(county, &one);
    assert_true(county->sums.urgent_answers.p95_s >= 7 * 86400);
}

static void judgements_count_for_every_rule_that_had_a_share(void **state)
{
    struct county *county = *state;
    static const uint8_t judged[] = {DISPOSITION_TRUE,     DISPOSITION_TRANSFERRED, DISPOSITION_FALSE,
                                     DISPOSITION_EXPECTED, DISPOSITION_DRILL,       DISPOSITION_NONE,
                                     DISPOSITION_FALSE};
    for (size_t i = 0; i < sizeof judged; i++) {
        struct report_fact one = fact(county, 9, LEVEL_YELLOW);
        one.detectors = i < 6 ? 1U << 2 : 1U << 2 | 1U << 3;
        one.disposition = judged[i];
        one.device = registry_find(county->registry, REGISTRY_DEVICE, i < 6 ? "cam-1" : "cam-1b");
        add(county, &one);
    }
    struct report_fact other = fact(county, 9, LEVEL_YELLOW);
    other.subject = find(county, SUBJECT_HOUSEHOLD, "h-2");
    other.disposition = DISPOSITION_EXPECTED;
    add(county, &other);
    assert_int_equal(county->sums.detectors[2].alerts, 7);
    assert_int_equal(county->sums.detectors[2].confirmed, 2);
    assert_int_equal(county->sums.detectors[2].wrong, 3);
    assert_int_equal(county->sums.detectors[3].wrong, 1);
    assert_int_equal(county->sums.home_count, 2);
    assert_string_equal(registry_household(county->registry, county->sums.homes[0].no)->id, "h-1");
    assert_int_equal(county->sums.homes[0].wrong, 3);
    assert_int_equal(county->sums.homes[1].wrong, 1);
    assert_int_equal(county->sums.device_count, 2);
    assert_string_equal(registry_device(county->registry, county->sums.devices[0].no)->id, "cam-1");
    assert_int_equal(county->sums.by_disposition[DISPOSITION_DRILL], 1);
}

static void people_count_once_however_often_they_are_reached(void **state)
{
    struct county *county = *state;
    struct report_fact one = fact(county, 9, LEVEL_RED);
    one.prompts = 2;
    one.prompts_played = 1;
    one.was_called = 1;
    one.police = 1;
    add(county, &one);
    one.verified = 1;
    add(county, &one);
    one.subject = find(county, SUBJECT_HOUSEHOLD, "h-2"); /* two live there: one of them was reached */
    one.was_called = 0;
    add(county, &one);
    one.subject = find(county, SUBJECT_TERRITORY, "654321100");
    add(county, &one);
    struct report_fact ours = fact(county, 9, LEVEL_YELLOW); /* such as a digest of what was held back */
    ours.subject = one.subject;
    ours.family = FAMILY_FLEET;
    add(county, &ours);
    assert_int_equal(county->sums.people_reached, 2);
    assert_int_equal(county->sums.people_by_prompt, 2);
    assert_int_equal(county->sums.people_by_call, 1);
    assert_int_equal(county->sums.prompts, 8);
    assert_int_equal(county->sums.police, 4);
    assert_int_equal(county->sums.unverified_police, 1);
    assert_int_equal(county->sums.territory_alerts, 1);
}

static void who_was_seen_in_person_or_heard_a_campaign_was_reached(void **state)
{
    struct county *county = *state;
    struct report_fact one = fact(county, 9, LEVEL_RED);
    one.was_seen = 1;
    add(county, &one);
    report_add_campaign(county->report, one.subject.no);
    report_add_campaign(county->report, find(county, SUBJECT_RESIDENT, "r-3").no);
    report_add_campaign(county->report, REGISTRY_NONE); /* gone from the registry since */
    report_sum(county->report, &county->sums);
    assert_int_equal(county->sums.people_reached, 2);
    assert_int_equal(county->sums.people_by_visit, 1);
    assert_int_equal(county->sums.people_by_campaign, 2);
    assert_int_equal(county->sums.people_by_call, 0);
}

static void a_range_has_a_day_at_least_and_a_year_and_a_month_at_most(void **state)
{
    struct county *county = *state;
    struct report *report;
    int64_t day_ms = 86400000;
    assert_int_equal(
        report_new(county->registry, county->tz, county->from_ms, county->from_ms, &settings, &report),
        ERR_RANGE);
    assert_int_equal(report_new(county->registry, county->tz, county->from_ms,
                                county->from_ms + (REPORT_DAYS_MAX + 1) * day_ms, &settings, &report),
                     ERR_RANGE);
    assert_int_equal(report_new(county->registry, county->tz, county->from_ms,
                                county->from_ms + REPORT_DAYS_MAX * day_ms, &settings, &report),
                     ERR_OK);
    report_free(report);
    report_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(alerts_are_counted_by_family_level_local_day_and_territory),
        TEST(answers_are_timed_to_the_second_and_an_unanswered_alert_is_late),
        TEST(the_time_runs_from_when_it_became_urgent),
        TEST(judgements_count_for_every_rule_that_had_a_share),
        TEST(people_count_once_however_often_they_are_reached),
        TEST(who_was_seen_in_person_or_heard_a_campaign_was_reached),
        TEST(a_range_has_a_day_at_least_and_a_year_and_a_month_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
