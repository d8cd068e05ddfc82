/* unusual-outing, overdue-return, night-outing. The resident is r-4, who lives at 43.83/87.6 and has no
 * zones. */
#include "outing_world.h"

#include <math.h>

/* At home at nine, at the market 600 m off from ten to eleven. Forgets what earlier days said. */
static void ordinary_day(struct world *world, int day)
{
    world->finding_count = 0;
    fix(world, on_day(world, day, 9, 0), 0);
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, day, 10, minute), 600);
    fix(world, on_day(world, day, 11, 0), 0);
}

static void elsewhere(struct world *world, int day)
{
    world->finding_count = 0;
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, day, 14, minute), 9000 + 400 * minute);
}

static void a_day_elsewhere_is_told_once_the_routine_is_known(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++) {
        ordinary_day(world, day);
        assert_int_equal(told(world, "unusual-outing"), 0);
    }
    elsewhere(world, 35);
    assert_true(told(world, "unusual-outing") > 0);
    assert_int_equal(count_findings(world, "unusual-outing", "day-out"),
                     1); /* its first fix, before it was sure */
    const struct finding *finding = last_finding(world);
    struct buf text;
    buf_init(&text, 1000);
    finding_sentence(finding, world->registry, world->tz, false, &text);
    assert_non_null(strstr(buf_text(&text), "Off the routine since 14:00: 100 % of today's positions"));
    assert_non_null(strstr(buf_text(&text), "0 of the last 7 days were as unusual"));
    buf_release(&text);
    assert_true(finding->has_where);
    fix(world, on_day(world, 35, 16, 0), 0);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-over"), 1);
    ordinary_day(world, 36);
    assert_int_equal(told(world, "unusual-outing"), 0);
}

static void an_unusual_day_that_ends_elsewhere_is_over_with_the_next(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-day-over"), 0);
    elsewhere(world, 36);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-day-over"), 1);
    for (unsigned i = 0; i < world->finding_count; i++) {
        const struct finding *finding = &world->findings[i];
        if (strcmp(finding_code(finding), "off-routine-day-over") == 0)
            assert_true(finding->flags & FINDING_CLEARS);
    }
}

static void before_the_routine_is_known_a_day_elsewhere_is_only_recorded(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 20; day++)
        ordinary_day(world, day);
    elsewhere(world, 20);
    assert_int_equal(told(world, "unusual-outing"), 0);
    assert_finding(world, "day-out", LEVEL_GREEN);
    assert_true(last_finding(world)->flags & FINDING_RECORD);
    assert_true(last_finding(world)->score > 0.6);
}

static void the_same_place_at_another_hour_is_more_unusual(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 30; day++)
        ordinary_day(world, day);
    ordinary_day(world, 30);
    double usual = last_finding(world)->score;
    world->finding_count = 0;
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, 31, 19, minute), 600);
    assert_true(last_finding(world)->score > usual + 0.2);
}

static void a_day_in_hospital_is_neither_judged_nor_learned(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_HOSPITAL, 0);
    elsewhere(world, 35);
    assert_int_equal(count_findings(world, "unusual-outing", NULL), 0);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_ACTIVE, 0);
    elsewhere(world, 36);
    assert_true(told(world, "unusual-outing") > 0);
}

static void coming_home_a_few_minutes_after_the_last_fix_is_over(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    assert_true(told(world, "unusual-outing") > 0);
    fix(world, on_day(world, 35, 14, 54), 0); /* the last one that was looked at was at 14:50 */
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-over"), 1);
}

static void going_to_hospital_ends_what_was_told(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_HOSPITAL, 0);
    fix(world, on_day(world, 35, 15, 10), 9000);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-no-matter"), 1);
    fix(world, on_day(world, 35, 15, 20), 9000);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-no-matter"), 1);
}

static void a_day_that_was_told_is_learned_at_a_quarter(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    world->finding_count = 0;
    for (int i = 0; i < 4; i++)
        fix(world, on_day(world, 35, 14, 10 * i), 9000);
    assert_true(told(world, "unusual-outing") > 0);
    ordinary_day(world, 36);
    /* Four fixes at a quarter are one visit: 1/(1 + 1), not 1/(1 + 4). */
    double seen = novelty(world, 9000, on_day(world, 36, 14, 0));
    assert_true(seen > 0.45 && seen < 0.55);
}

static void close_outing(struct world *world, int64_t opened_ms, enum lesson lesson, bool reached)
{
    struct subject r4 = resident(world, "r-4");
    const struct closing closing = {.opened_ms = opened_ms,
                                    .subject = r4,
                                    .resident = r4.no,
                                    .household = REGISTRY_NONE,
                                    .family = FAMILY_OUTING,
                                    .lesson = (uint8_t)lesson,
                                    .reached = reached};
    detect_on_closing(world->detect, world->t_ms, &closing);
    world->finding_count = 0;
}

static void a_true_day_is_no_example(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    assert_true(told(world, "unusual-outing") > 0);
    close_outing(world, on_day(world, 35, 14, 10), LESSON_TRUE, false);
    ordinary_day(world, 36);
    assert_true(fabs(novelty(world, 9000, on_day(world, 36, 14, 0)) - 1) < 0.001);
    elsewhere(world, 37);
    assert_true(told(world, "unusual-outing") > 0);
}

/* Told once, the next day like it is among what happens to this person, unless the first was true. */
static void a_day_found_true_afterwards_is_among_days_a_quiet_one(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    ordinary_day(world, 36);
    close_outing(world, on_day(world, 35, 14, 10), LESSON_TRUE, false);
    elsewhere(world, 37);
    assert_true(told(world, "unusual-outing") > 0);
}

static void a_day_like_one_told_before_is_not_told(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    ordinary_day(world, 36);
    elsewhere(world, 37);
    assert_int_equal(told(world, "unusual-outing"), 0);
}

/* At home, then an hour at a place never seen 700 m off: how it ends. */
static unsigned new_place_nearby(struct world *world, int day)
{
    world->finding_count = 0;
    fix(world, on_day(world, day, 9, 0), 0);
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, day, 10, minute), -700);
    return told(world, "unusual-outing");
}

static void an_hour_at_a_new_place_nearby_is_told(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    assert_true(new_place_nearby(world, 35) > 0);
}

static void words_of_people_make_it_more_patient(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 34; day++)
        ordinary_day(world, day);
    elsewhere(world, 34);
    for (int i = 0; i < 4; i++)
        close_outing(world, on_day(world, 34, 14, 10), LESSON_EXPECTED, true);
    for (int day = 35; day < 36; day++)
        ordinary_day(world, day);
    assert_int_equal(new_place_nearby(world, 36), 0);
}

/* The same two fixes in the other order: the day began nine kilometres from where the last one ended. */
static void a_day_that_begins_elsewhere_is_more_unusual(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 30; day++)
        ordinary_day(world, day);
    fix(world, on_day(world, 30, 9, 0), 0);
    fix(world, on_day(world, 30, 9, 10), 9000);
    fix(world, on_day(world, 30, 9, 20), 0);
    double from_home = last_finding(world)->score;
    fix(world, on_day(world, 31, 9, 0), 9000);
    fix(world, on_day(world, 31, 9, 10), 0);
    fix(world, on_day(world, 31, 9, 20), 0);
    assert_true(last_finding(world)->score > from_home + 0.05);
}

static void a_fix_too_vague_for_a_place_says_nothing(void **state)
{
    struct world *world = *state;
    world_fix(world, on_day(world, 0, 9, 0), "wb-4", 43.9, 87.6, 501);
    assert_int_equal(count_findings(world, "unusual-outing", NULL), 0);
    world_fix(world, on_day(world, 0, 9, 1), "wb-4", 43.9, 87.6, 500);
    assert_int_equal(count_findings(world, "unusual-outing", NULL), 1);
}

/* Out from nine to ten on `days` days. */
static void hour_out(struct world *world, int days)
{
    for (int day = 0; day < days; day++) {
        door(world, on_day(world, day, 9, 0), false);
        door(world, on_day(world, day, 10, 0), true);
    }
    assert_int_equal(told(world, "overdue-return"), 0);
}

/* Nine outings of an hour: the margin is half an hour, and as long again twice for being few. */
static void not_back_after_the_usual_time_is_yellow_then_orange(void **state)
{
    struct world *world = *state;
    hour_out(world, 9);
    door(world, on_day(world, 9, 9, 0), false);
    world_tick(world, on_day(world, 9, 11, 30) - 1);
    assert_int_equal(told(world, "overdue-return"), 0);
    world_tick(world, on_day(world, 9, 11, 30));
    assert_finding(world, "overdue", LEVEL_YELLOW);
    struct buf text;
    buf_init(&text, 1000);
    finding_sentence(last_finding(world), world->registry, world->tz, false, &text);
    assert_string_equal(buf_text(&text),
                        "Left at 09:00 and not back; usually back by 10:00 (9 earlier outings at "
                        "this time of day)");
    buf_release(&text);
    uint8_t rarity = last_finding(world)->rarity;
    assert_int_equal(rarity, 17); /* nothing was told yet: one in fifty */
    /* Found again every hour and a half, rarer each time, for the budget may have held it. */
    world_tick(world, on_day(world, 9, 13, 0));
    assert_int_equal(told(world, "overdue-return"), 2);
    assert_true(last_finding(world)->rarity > rarity);
    world_tick(world, on_day(world, 9, 17, 0) - 1);
    assert_int_equal(told(world, "overdue-return"), 4);
    world_tick(world, on_day(world, 9, 17, 0));
    assert_finding(world, "overdue-long", LEVEL_ORANGE);
    assert_int_equal(last_finding(world)->rarity, 0); /* orange is never held */
    door(world, on_day(world, 9, 18, 0), true);
    assert_finding(world, "overdue-back", LEVEL_ORANGE);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    world_tick(world, on_day(world, 11, 0, 0));
    assert_int_equal(told(world, "overdue-return"), 5);
}

/* Out at that time on that day and never back: when it is told. */
static int64_t overdue_at(struct world *world, int day, int hour)
{
    door(world, on_day(world, day, hour, 0), false);
    for (int minute = 0; minute < 24 * 60; minute++) {
        world_tick(world, on_day(world, day, hour, minute));
        if (told(world, "overdue-return"))
            return last_finding(world)->t_ms - on_day(world, day, hour, 0);
    }
    return 0;
}

static void of_a_stranger_to_us_eight_hours_are_usual(void **state)
{
    struct world *world = *state;
    hour_out(world, 5);
    assert_int_equal(overdue_at(world, 5, 9), 10 * 60 * 60000);
}

static void six_outings_at_this_time_of_day_are_known(void **state)
{
    struct world *world = *state;
    hour_out(world, 6);
    assert_true(overdue_at(world, 6, 9) < 3 * 60 * 60000);
}

static void at_a_new_hour_nineteen_outings_are_too_few(void **state)
{
    struct world *world = *state;
    hour_out(world, 19);
    assert_true(overdue_at(world, 19, 15) > 8 * 60 * 60000);
}

static void at_a_new_hour_all_outings_say_what_is_usual(void **state)
{
    struct world *world = *state;
    hour_out(world, 24);
    assert_int_equal(overdue_at(world, 24, 15), 114 * 60000);
}

static void outings_at_this_time_of_day_outweigh_the_others(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 24; day++) {
        door(world, on_day(world, day, 9, 0), false);
        door(world, on_day(world, day, 9, 30), true);
        door(world, on_day(world, day, 15, 0), false);
        door(world, on_day(world, day, 18, 0), true);
    }
    world->finding_count = 0;
    assert_true(overdue_at(world, 24, 9) < 90 * 60000);
}

static void an_overdue_outing_teaches_its_limit_only(void **state)
{
    struct world *world = *state;
    hour_out(world, 9);
    door(world, on_day(world, 9, 9, 0), false);
    door(world, on_day(world, 10, 9, 0), true);
    world->finding_count = 0;
    /* Usual is now two hours and a half. */
    assert_int_equal(overdue_at(world, 11, 9), 150 * 60000 + 1800000 + 1800000 * 20 / 11);
}

/* Overdue on day 9, back on day 10, closed with that lesson: when the outing of day 11 is told. */
static int64_t overdue_after(struct world *world, enum lesson lesson, bool reached)
{
    hour_out(world, 9);
    door(world, on_day(world, 9, 9, 0), false);
    door(world, on_day(world, 10, 9, 0), true);
    close_outing(world, on_day(world, 9, 11, 30), lesson, reached);
    return overdue_at(world, 11, 9);
}

#define LIMIT_LEARNED (150 * 60000 + 1800000 + 1800000 * 20 / 11)

static void an_overdue_outing_closed_as_true_is_forgotten(void **state)
{
    assert_int_equal(overdue_after(*state, LESSON_TRUE, false), 60 * 60000 + 1800000 + 1800000 * 20 / 11);
}

static void an_overdue_outing_closed_as_fine_stretches_the_limit(void **state)
{
    int64_t limit_ms = overdue_after(*state, LESSON_EXPECTED, true);
    assert_true(limit_ms > LIMIT_LEARNED / 100 * 105 && limit_ms < LIMIT_LEARNED / 10000 * 10625);
}

static void a_word_without_anybody_reached_teaches_nothing(void **state)
{
    assert_int_equal(overdue_after(*state, LESSON_FALSE, false), LIMIT_LEARNED);
}

static void an_alert_of_another_week_teaches_nothing(void **state)
{
    struct world *world = *state;
    hour_out(world, 9);
    door(world, on_day(world, 9, 9, 0), false);
    door(world, on_day(world, 10, 9, 0), true);
    close_outing(world, on_day(world, 11, 9, 1), LESSON_TRUE, true);
    assert_int_equal(overdue_at(world, 11, 9), LIMIT_LEARNED);
}

/* Closed while it goes on: it is not learned when it ends. */
static void a_true_alert_of_an_outing_that_goes_on(void **state)
{
    struct world *world = *state;
    hour_out(world, 9);
    door(world, on_day(world, 9, 9, 0), false);
    world_tick(world, on_day(world, 9, 12, 0));
    close_outing(world, on_day(world, 9, 11, 30), LESSON_TRUE, true);
    door(world, on_day(world, 9, 13, 0), true);
    world->finding_count = 0;
    assert_int_equal(overdue_at(world, 10, 9), 150 * 60000);
}

static void places_of_version_2_are_read(void **state)
{
    struct world *world = *state;
    struct {
        int64_t looked_ms;
        struct geo_point origin;
        double sum;
        float usual, usual_fixes, least, least_around, recorded;
        struct event_key first;
        int64_t first_ms;
        struct {
            int16_t x, y;
            uint16_t day, visits;
            uint8_t blocks[8];
        } places[60];
        struct {
            int16_t x, y;
            uint8_t block;
        } pending[32];
        uint16_t day, fixes, novel;
        uint8_t pending_count, stride, has_origin, told, score, learned, day_count, day_next, days[100];
    } old;
    memset(&old, 0, sizeof old);
    old.origin = (struct geo_point){.lat = 43.83, .lon = 87.6};
    old.has_origin = 1;
    old.learned = 28;
    for (unsigned i = 0; i < 60; i++) { /* 1 km apart; the first ones were seen least */
        old.places[i].y = (int16_t)(125 * i);
        old.places[i].day = 20000;
        old.places[i].visits = (uint16_t)(64 * (i + 1));
    }
    unsigned char value[8 + sizeof old];
    memset(value, 0, 8);
    memcpy(value + 8, &old, sizeof old);
    uint32_t no = resident(world, "r-4").no;
    assert_int_equal(detect_restore(world->detect, "detect.unusual-outing", 2, no, value, sizeof value - 1),
                     ERR_CORRUPT);
    assert_int_equal(detect_restore(world->detect, "detect.unusual-outing", 2, no, value, sizeof value),
                     ERR_OK);
    const int64_t noon = on_day(world, 0, 12, 0);
    assert_true(fabs(novelty(world, 0, noon) - 1) < 0.001); /* gave way */
    assert_true(novelty(world, 59000, noon) < 0.6);
    assert_int_equal(unusual_outing_days(state_at(world->detect, detector_find("unusual-outing"), no)), 28);
}

static void outings_of_version_1_are_read(void **state)
{
    struct world *world = *state;
    struct {
        int64_t left_ms, usual_ms;
        struct event_key first;
        struct {
            uint16_t minutes;
            uint8_t slot;
        } outings[48];
        uint8_t count, next, told;
    } old;
    memset(&old, 0, sizeof old);
    for (unsigned i = 0; i < 48; i++) {
        old.outings[i].minutes = 60;
        old.outings[i].slot = 54;
    }
    old.count = 48;
    old.next = 7;
    unsigned char value[8 + sizeof old] = {0};
    memcpy(value + 8, &old, sizeof old);
    uint32_t no = resident(world, "r-4").no;
    assert_int_equal(detect_restore(world->detect, "detect.overdue-return", 1, no, value, sizeof value - 1),
                     ERR_CORRUPT);
    assert_int_equal(detect_restore(world->detect, "detect.overdue-return", 1, no, value, sizeof value),
                     ERR_OK);
    assert_int_equal(overdue_at(world, 1, 9), 60 * 60000 + 1800000 + 1800000 * 20 / 49);
}

static void who_is_away_is_not_overdue(void **state)
{
    struct world *world = *state;
    hour_out(world, 10);
    door(world, on_day(world, 10, 9, 0), false);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_AWAY, 0);
    world_tick(world, on_day(world, 13, 0, 0));
    assert_int_equal(told(world, "overdue-return"), 0);
}

static void leaving_at_two_at_night_is_told_at_once(void **state)
{
    struct world *world = *state;
    door(world, on_day(world, 1, 2, 0), false);
    assert_finding(world, "night-outing", LEVEL_YELLOW);
    door(world, on_day(world, 1, 2, 15), true);
    assert_finding(world, "night-outing-over", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    door(world, on_day(world, 1, 9, 0), false);
    assert_int_equal(told(world, "night-outing"), 1);
}

static void one_wild_fix_at_night_wakes_nobody(void **state)
{
    struct world *world = *state;
    fix(world, on_day(world, 1, 2, 0), 0);
    fix(world, on_day(world, 1, 2, 10), 700);
    fix(world, on_day(world, 1, 2, 20), 0);
    assert_int_equal(told(world, "night-outing"), 0);
    fix(world, on_day(world, 1, 2, 30), 700);
    fix(world, on_day(world, 1, 2, 40), 700);
    assert_int_equal(told(world, "night-outing"), 1);
}

static void fixes_of_the_same_minute_are_one_word(void **state)
{
    struct world *world = *state;
    int64_t left_ms = on_day(world, 1, 2, 0);
    fix(world, left_ms, 700);
    fix(world, left_ms + 1000, 700);
    fix(world, left_ms + 59999, 700);
    assert_int_equal(told(world, "night-outing"), 0);
    fix(world, left_ms + 60000, 700);
    assert_int_equal(told(world, "night-outing"), 1);
}

static void an_early_walk_that_is_a_habit_is_not_night(void **state)
{
    struct world *world = *state;
    for (int day = 1; day <= 4; day++) {
        world->finding_count = 0;
        door(world, on_day(world, day, 5, 30), false);
        door(world, on_day(world, day, 6, 10), true);
        assert_int_equal(told(world, "night-outing"), day <= 3);
    }
    world->finding_count = 0;
    door(world, on_day(world, 5, 3, 0), false); /* but three o'clock still is */
    assert_int_equal(told(world, "night-outing"), 1);
}

static void a_habit_of_last_season_is_forgotten(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 5; day++) {
        door(world, on_day(world, day, 3, 30), false);
        door(world, on_day(world, day, 4, 30), true);
    }
    world->finding_count = 0;
    door(world, on_day(world, 6, 3, 30), false);
    assert_int_equal(told(world, "night-outing"), 0);
    door(world, on_day(world, 6, 4, 30), true);
    door(world, on_day(world, 70, 3, 30), false);
    assert_int_equal(told(world, "night-outing"), 1);
}

/* In Xinjiang the sun keeps its own time: at 21:30 by Peking it is dark in March and light in June. */
static void night_is_the_sun_s(void **state)
{
    struct world *world = *state;
    door(world, on_day(world, 1, 21, 30), false);
    assert_int_equal(told(world, "night-outing"), 1);
    door(world, on_day(world, 1, 22, 0), true);
    door(world, on_day(world, 111, 21, 30), false);
    assert_int_equal(told(world, "night-outing"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_day_elsewhere_is_told_once_the_routine_is_known),
        TEST(an_unusual_day_that_ends_elsewhere_is_over_with_the_next),
        TEST(before_the_routine_is_known_a_day_elsewhere_is_only_recorded),
        TEST(the_same_place_at_another_hour_is_more_unusual),
        TEST(a_day_in_hospital_is_neither_judged_nor_learned),
        TEST(coming_home_a_few_minutes_after_the_last_fix_is_over),
        TEST(going_to_hospital_ends_what_was_told),
        TEST(a_day_that_was_told_is_learned_at_a_quarter),
        TEST(a_habit_of_last_season_is_forgotten),
        TEST(a_fix_too_vague_for_a_place_says_nothing),
        TEST(a_true_day_is_no_example),
        TEST(a_day_found_true_afterwards_is_among_days_a_quiet_one),
        TEST(a_day_like_one_told_before_is_not_told),
        TEST(an_hour_at_a_new_place_nearby_is_told),
        TEST(words_of_people_make_it_more_patient),
        TEST(a_day_that_begins_elsewhere_is_more_unusual),
        TEST(places_of_version_2_are_read),
        TEST(not_back_after_the_usual_time_is_yellow_then_orange),
        TEST(of_a_stranger_to_us_eight_hours_are_usual),
        TEST(six_outings_at_this_time_of_day_are_known),
        TEST(at_a_new_hour_nineteen_outings_are_too_few),
        TEST(outings_at_this_time_of_day_outweigh_the_others),
        TEST(an_overdue_outing_closed_as_true_is_forgotten),
        TEST(an_overdue_outing_closed_as_fine_stretches_the_limit),
        TEST(a_word_without_anybody_reached_teaches_nothing),
        TEST(an_alert_of_another_week_teaches_nothing),
        TEST(a_true_alert_of_an_outing_that_goes_on),
        TEST(outings_of_version_1_are_read),
        TEST(at_a_new_hour_all_outings_say_what_is_usual),
        TEST(an_overdue_outing_teaches_its_limit_only),
        TEST(who_is_away_is_not_overdue),
        TEST(leaving_at_two_at_night_is_told_at_once),
        TEST(one_wild_fix_at_night_wakes_nobody),
        TEST(fixes_of_the_same_minute_are_one_word),
        TEST(an_early_walk_that_is_a_habit_is_not_night),
        TEST(night_is_the_sun_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
