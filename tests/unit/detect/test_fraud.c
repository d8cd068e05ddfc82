/* familiar, repeat-visitor, led-away, visitor-then-bank: what a stranger at the door leads to. */
#include "world.h"

#define PRESENCE_OUT  "{\"presence\":{\"at_home\":false,\"source\":\"door\"}}"
#define PRESENCE_HOME "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}"
#define WITH_UNKNOWN  "{\"departure\":{\"with\":\"unknown\"}}"
#define WITH_UNCLEAR  "{\"departure\":{\"with\":\"unclear\"}}"
#define ALONE         "{\"departure\":{\"with\":\"alone\"}}"
#define BANK_LAT      43.8050
#define DAY_MS        ((int64_t)24 * 3600 * 1000)

static int setup(void **state)
{
    *state = world_new();
    return 0;
}
static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* A visit of somebody with that id, from `from_ms`, so many minutes long. */
static void visit_of(struct world *world, int64_t from_ms, int minutes, const char *place, const char *who)
{
    char visit[40];
    snprintf(visit, sizeof visit, "v%lld", (long long)from_ms);
    world_visit(world, from_ms, "cam-1", visit, "arrive", place, who);
    world_visit(world, from_ms + (int64_t)minutes * 60000, "cam-1", visit, "leave", place, who);
}

static unsigned count_of(const struct world *world, const char *code)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->finding_count; i++)
        count += strcmp(finding_code(&world->findings[i]), code) == 0;
    return count;
}

static void seen_on_four_days_without_concern_is_familiar(void **state)
{
    struct world *world = *state;
    world->records = true;
    for (int day = 0; day < 3; day++)
        visit_of(world, at(world, 9, 0, 0) + day * DAY_MS, 3, "doorstep", "unknown:n1");
    assert_int_equal(count_of(world, "familiar"), 0);
    visit_of(world, at(world, 9, 0, 0) + 3 * DAY_MS, 3, "doorstep", "unknown:n1");
    assert_int_equal(count_of(world, "familiar"), 1);
    world_visit(world, at(world, 9, 0, 0) + 4 * DAY_MS, "cam-1", "long", "arrive", "indoors", "unknown:n1");
    assert_finding(world, "familiar-visitor", LEVEL_GREEN);
    world_tick(world, at(world, 10, 0, 0) + 4 * DAY_MS);
    assert_finding(world, "familiar-visitor", LEVEL_GREEN); /* an hour indoors, still green */
    world_visit(world, at(world, 11, 0, 0) + 4 * DAY_MS, "cam-1", "other", "arrive", "indoors", "unknown:x");
    assert_finding(world, "indoors", LEVEL_GREEN); /* somebody else is not */
}

static void ids_older_than_a_month_are_somebody_else(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 4; day++)
        visit_of(world, at(world, 9, 0, 0) + day * DAY_MS, 3, "doorstep", "unknown:n1");
    world_visit(world, at(world, 9, 0, 0) + 40 * DAY_MS, "cam-1", "v", "arrive", "doorstep", "unknown:n1");
    world_visit(world, at(world, 9, 0, 30) + 40 * DAY_MS, "cam-1", "v", "leave", "doorstep", "unknown:n1");
    world_visit(world, at(world, 12, 0, 0) + 40 * DAY_MS, "cam-1", "w", "arrive", "indoors", "unknown:n1");
    assert_finding(world, "indoors", LEVEL_GREEN);
}

static void the_same_stranger_indoors_again_is_told_with_the_count(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 30, "indoors", "unknown:s1");
    assert_int_equal(count_of(world, "came-again"), 0);
    world_visit(world, at(world, 9, 0, 0) + 2 * DAY_MS, "cam-1", "w", "arrive", "indoors", "unknown:s1");
    assert_int_equal(count_of(world, "came-again"), 0);
    world_tick(world, at(world, 9, 10, 0) + 2 * DAY_MS);
    assert_finding(world, "came-again", LEVEL_YELLOW);
    assert_true(last_finding(world)->numbers[0] == 2);
    world_visit(world, at(world, 9, 20, 0) + 2 * DAY_MS, "cam-1", "w", "leave", "indoors", "unknown:s1");
    assert_finding(world, "came-again-over", LEVEL_YELLOW);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
}

/* Local time on 7 February 2027, the second day of the Chinese year. */
static int64_t festival(const struct world *world, int day, int hour, int minute)
{
    return clock_from_civil(world->tz, 2027, 2, 7 + day, hour, minute, 0);
}

static void at_the_spring_festival_a_guest_is_again_there_on_the_third_day(void **state)
{
    struct world *world = *state;
    visit_of(world, festival(world, 0, 9, 0), 30, "indoors", "unknown:s1");
    visit_of(world, festival(world, 1, 9, 0), 30, "indoors", "unknown:s1");
    assert_int_equal(count_of(world, "came-again"), 0);
    visit_of(world, festival(world, 2, 9, 0), 30, "indoors", "unknown:s1");
    assert_int_equal(count_of(world, "came-again"), 1);
}

static void another_stranger_or_eleven_days_later_is_not_again(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 30, "indoors", "unknown:s1");
    visit_of(world, at(world, 9, 0, 0) + 2 * DAY_MS, 30, "indoors", "unknown:s2");
    visit_of(world, at(world, 9, 0, 0) + 11 * DAY_MS, 30, "indoors", "unknown:s1");
    assert_int_equal(count_of(world, "came-again"), 0);
}

static void close_as(struct world *world, enum family family, enum lesson lesson, bool reached)
{
    struct subject home = household(world, "h-1");
    const struct closing closing = {.opened_ms = world->t_ms - 3600000,
                                    .subject = home,
                                    .resident = REGISTRY_NONE,
                                    .household = home.no,
                                    .family = (uint8_t)family,
                                    .lesson = (uint8_t)lesson,
                                    .reached = reached};
    detect_on_closing(world->detect, world->t_ms, &closing);
}

static void close_visits(struct world *world, enum lesson lesson)
{
    close_as(world, FAMILY_VISITOR, lesson, true);
}

/* Four days, the first with half an hour indoors; then the verdict of a person about that one. */
static void four_days_with_concern(struct world *world, enum lesson lesson, bool reached)
{
    visit_of(world, at(world, 9, 0, 0), 30, "indoors", "unknown:n1");
    if (lesson != LESSON_NONE)
        close_as(world, FAMILY_VISITOR, lesson, reached);
    for (int day = 1; day < 5; day++)
        visit_of(world, at(world, 9, 0, 0) + day * DAY_MS, 3, "doorstep", "unknown:n1");
    world_visit(world, at(world, 9, 0, 0) + 6 * DAY_MS, "cam-1", "w", "arrive", "indoors", "unknown:n1");
    world_tick(world, at(world, 9, 15, 0) + 6 * DAY_MS);
}

static void a_concern_keeps_a_visitor_from_becoming_familiar(void **state)
{
    four_days_with_concern(*state, LESSON_NONE, true);
    assert_int_equal(count_of(*state, "familiar-visitor"), 0);
}

static void closed_as_expected_makes_room_for_the_familiar(void **state)
{
    four_days_with_concern(*state, LESSON_EXPECTED, true);
    assert_finding((struct world *)*state, "familiar-visitor", LEVEL_GREEN);
}

static void a_word_that_nobody_verified_makes_no_room(void **state)
{
    four_days_with_concern(*state, LESSON_EXPECTED, false); /* nobody was called: it may be the swindler's */
    assert_int_equal(count_of(*state, "familiar-visitor"), 0);
}

static void an_acquaintance_of_two_weeks_needs_no_word(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 14; day += 4)
        visit_of(world, at(world, 9, 0, 0) + day * DAY_MS, 30, "indoors", "unknown:n1");
    assert_int_equal(count_of(world, "familiar-visitor"), 0);
    assert_true(count_findings(world, "repeat-visitor", "came-again") > 0); /* while it was new */
    visit_of(world, at(world, 9, 0, 0) + 15 * DAY_MS, 1, "doorstep", "unknown:n1");
    unsigned before = count_findings(world, "repeat-visitor", NULL);
    visit_of(world, at(world, 9, 0, 0) + 16 * DAY_MS, 30, "indoors", "unknown:n1");
    assert_finding(world, "left", LEVEL_GREEN);
    assert_true(count_of(world, "familiar-visitor") > 0);
    assert_int_equal(count_findings(world, "repeat-visitor", NULL), before);
}

static void led_away_by_them_two_weeks_are_no_excuse(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 30, "indoors", "unknown:n1");
    world_event(world, at(world, 9, 31, 0), "cam-1", WITH_UNKNOWN);
    world_event(world, at(world, 12, 0, 0), "wb-1", PRESENCE_HOME);
    close_as(world, FAMILY_FRAUD, LESSON_EXPECTED, true); /* no word excuses that either */
    close_as(world, FAMILY_VISITOR, LESSON_EXPECTED, true);
    for (int day = 4; day < 18; day += 3)
        visit_of(world, at(world, 9, 0, 0) + day * DAY_MS, 3, "doorstep", "unknown:n1");
    visit_of(world, at(world, 9, 0, 0) + 18 * DAY_MS, 30, "indoors", "unknown:n1");
    assert_int_equal(count_of(world, "familiar-visitor"), 0);
}

static void where_strangers_come_daily_the_bank_a_day_later_is_a_coincidence(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 14; day++)
        visit_of(world, at(world, 9, 0, 0) + day * DAY_MS, 6, "indoors", "unclear:s1 unknown:s1");
    world_event(world, at(world, 33, 0, 0) + 13 * DAY_MS, "wb-1", PRESENCE_OUT);
    world_fix(world, at(world, 33, 30, 0) + 13 * DAY_MS, "wb-1", BANK_LAT, 87.61, 10);
    world_fix(world, at(world, 33, 40, 0) + 13 * DAY_MS, "wb-1", BANK_LAT, 87.61, 10);
    assert_int_equal(count_findings(world, "visitor-then-bank", "bank-after-visit"), 0);
    world_event(world, at(world, 35, 0, 0) + 13 * DAY_MS, "wb-1", PRESENCE_HOME);
    visit_of(world, at(world, 36, 0, 0) + 13 * DAY_MS, 6, "indoors", "unknown:s2");
    world_event(world, at(world, 37, 0, 0) + 13 * DAY_MS, "wb-1", PRESENCE_OUT);
    world_fix(world, at(world, 37, 30, 0) + 13 * DAY_MS, "wb-1", BANK_LAT, 87.61, 10);
    world_fix(world, at(world, 37, 40, 0) + 13 * DAY_MS, "wb-1", BANK_LAT, 87.61, 10);
    assert_int_equal(count_findings(world, "visitor-then-bank", "bank-after-visit"),
                     1); /* within hours it is not */
}

static void where_strangers_come_weekly_the_bank_is_told_within_hours_only(void **state)
{
    struct world *world = *state;
    for (int week = 0; week < 8; week++) {
        char who[] = "unknown:s0";
        who[sizeof who - 2] = (char)('0' + week);
        visit_of(world, at(world, 9, 0, 0) + week * 7 * DAY_MS, 6, "indoors", who);
    }
    for (int hours = 6; hours <= 30; hours += 24) {
        int64_t t_ms = at(world, 9 + hours, 0, 0) + 7 * 7 * DAY_MS;
        world_event(world, t_ms, "wb-1", PRESENCE_OUT);
        world_fix(world, t_ms + 30 * 60000, "wb-1", BANK_LAT, 87.61, 10);
        world_fix(world, t_ms + 40 * 60000, "wb-1", BANK_LAT, 87.61, 10);
        assert_int_equal(count_findings(world, "visitor-then-bank", "bank-after-visit"), 1);
        world_event(world, t_ms + 60 * 60000, "wb-1", PRESENCE_HOME);
    }
}

static void closed_as_true_keeps_out_for_good(void **state)
{
    struct world *world = *state;
    four_days_with_concern(world, LESSON_TRUE, true);
    close_visits(world, LESSON_EXPECTED);
    world_visit(world, at(world, 9, 0, 0) + 8 * DAY_MS, "cam-1", "z", "arrive", "indoors", "unknown:n1");
    assert_int_equal(count_of(world, "familiar-visitor"), 0);
}

static void seen_leaving_with_the_stranger_is_orange_and_absorbs(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "doorstep", "unknown:s1");
    world_visit(world, at(world, 9, 4, 0), "cam-1", "v", "leave", "doorstep", "unknown:s1");
    world_event(world, at(world, 9, 5, 0), "cam-1", WITH_UNKNOWN);
    assert_finding(world, "led-away", LEVEL_ORANGE);
    const struct finding *finding = last_finding(world);
    assert_int_equal(finding->subject.kind, SUBJECT_RESIDENT);
    assert_int_equal(finding->subject.no, resident(world, "r-1").no);
    assert_int_equal(finding->household, household(world, "h-1").no);
    assert_true(finding->flags & FINDING_FUSED);
    assert_int_equal(finding->evidence_count, 2); /* the visit first: the alert's id hangs on it */
    unsigned before = world->finding_count;
    world_event(world, at(world, 9, 6, 0), "wb-1", PRESENCE_OUT);
    assert_int_equal(world->finding_count, before); /* the band's word is the same departure */
    world_event(world, at(world, 11, 0, 0), "wb-1", PRESENCE_HOME);
    assert_finding(world, "led-away-back", LEVEL_ORANGE);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
}

static void at_the_spring_festival_all_is_one_level_lower_by_day(void **state)
{
    struct world *world = *state;
    visit_of(world, festival(world, 0, 9, 0), 20, "indoors", "unknown:s1");
    world_event(world, festival(world, 0, 9, 21), "cam-1", WITH_UNKNOWN);
    assert_finding(world, "led-away", LEVEL_YELLOW);
    world_event(world, festival(world, 0, 11, 0), "wb-1", PRESENCE_HOME);
    unsigned before = count_findings(world, "led-away", NULL);
    visit_of(world, festival(world, 1, 9, 0), 5, "indoors", "unknown:s2");
    world_event(world, festival(world, 1, 9, 6), "wb-1", PRESENCE_OUT); /* yellow on any other day */
    assert_int_equal(count_findings(world, "led-away", NULL), before);
    world_event(world, festival(world, 1, 11, 0), "wb-1", PRESENCE_HOME);
    visit_of(world, festival(world, 1, 22, 0), 5, "indoors", "unknown:s2");
    world_event(world, festival(world, 1, 22, 6), "wb-1", PRESENCE_OUT);
    assert_finding(world, "left-after-visit", LEVEL_YELLOW);
}

static void a_departure_before_the_word_of_the_visit_is_the_same(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 5, 0), "cam-1", WITH_UNKNOWN);
    assert_finding(world, "left-with-unknown", LEVEL_YELLOW);
    world_late(
        world, at(world, 9, 5, 10), at(world, 9, 1, 0), "cam-1b",
        "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\",\"place\":\"doorstep\",\"people\":[{\"class\":"
        "\"unknown\",\"visitor_id\":\"s1\",\"face_seen\":true}]}}");
    assert_finding(world, "led-away", LEVEL_ORANGE);
}

static void leaving_alone_after_a_visit_is_nothing_whoever_speaks_first(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 5, "indoors", "unknown:s1");
    world_event(world, at(world, 9, 6, 0), "cam-1", ALONE);
    world_event(world, at(world, 9, 8, 0), "wb-1", PRESENCE_OUT);
    assert_int_equal(count_findings(world, "led-away", NULL), 0);
    world_event(world, at(world, 12, 0, 0), "wb-1", PRESENCE_HOME);
    visit_of(world, at(world, 14, 0, 0), 5, "indoors", "unknown:s1");
    world_event(world, at(world, 14, 8, 0), "wb-1", PRESENCE_OUT);
    assert_finding(world, "left-after-visit", LEVEL_YELLOW);
    world_event(world, at(world, 14, 8, 30), "cam-1", ALONE);
    assert_finding(world, "led-away-calm", LEVEL_YELLOW);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
}

static void a_doorstep_visit_and_an_own_walk_are_nothing(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 2, "doorstep", "unknown:s1");
    world_event(world, at(world, 9, 8, 0), "wb-1", PRESENCE_OUT);
    assert_int_equal(count_findings(world, "led-away", NULL), 0);
}

static void a_trusted_person_beside_the_stranger_and_an_hour_between_are_nothing(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 5, "indoors", "unknown:s1 trusted:v-son");
    world_event(world, at(world, 9, 8, 0), "wb-1", PRESENCE_OUT);
    world_event(world, at(world, 9, 50, 0), "wb-1", PRESENCE_HOME);
    visit_of(world, at(world, 10, 0, 0), 5, "indoors", "unknown:s1");
    world_event(world, at(world, 11, 5, 0), "wb-1", PRESENCE_OUT);
    assert_int_equal(count_findings(world, "led-away", NULL), 0);
}

static void an_unclear_companion_is_orange_only_after_a_stay_indoors(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 5, "doorstep", "unknown:s1");
    world_event(world, at(world, 9, 6, 0), "cam-1", WITH_UNCLEAR);
    assert_finding(world, "left-after-visit", LEVEL_YELLOW);
    world_event(world, at(world, 10, 0, 0), "wb-1", PRESENCE_HOME);
    visit_of(world, at(world, 13, 0, 0), 20, "indoors", "unknown:s1");
    world_event(world, at(world, 13, 21, 0), "cam-1", WITH_UNCLEAR);
    assert_finding(world, "left-after-visit", LEVEL_ORANGE);
}

static void in_a_shared_home_the_band_says_who_left(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 9, 0, 0), "cam-2", "v", "arrive", "indoors", "unknown:s1");
    world_event(world, at(world, 9, 5, 0), "cam-2", WITH_UNCLEAR);
    assert_finding(world, "left-after-visit", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_HOUSEHOLD);
    unsigned before = world->finding_count;
    world_event(world, at(world, 9, 6, 0), "wb-2b", PRESENCE_OUT);
    assert_int_equal(world->finding_count, before);
}

static void after_a_visit_indoors_the_bank_is_yellow_at_the_second_fix(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 6, "indoors", "unknown:s1");
    world_event(world, at(world, 13, 0, 0), "wb-1", PRESENCE_OUT);
    world_fix(world, at(world, 13, 30, 0), "wb-1", BANK_LAT, 87.61, 10);
    assert_int_equal(count_findings(world, "visitor-then-bank", NULL), 0);
    world_fix(world, at(world, 13, 40, 0), "wb-1", BANK_LAT, 87.61, 10);
    assert_finding(world, "bank-after-visit", LEVEL_YELLOW);
    assert_true(last_finding(world)->flags & FINDING_FUSED);
    assert_int_equal(last_finding(world)->zone, registry_find(world->registry, REGISTRY_ZONE, "z-bank"));
    world_fix(world, at(world, 13, 50, 0), "wb-1", BANK_LAT + 0.01, 87.61, 10);
    assert_finding(world, "bank-left", LEVEL_YELLOW);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
}

static void the_bank_alone_is_only_written_down(void **state)
{
    struct world *world = *state;
    world->records = true;
    visit_of(world, at(world, 9, 0, 0), 1, "doorstep", "unknown:courier");
    world_event(world, at(world, 13, 0, 0), "wb-1", PRESENCE_OUT);
    world_fix(world, at(world, 13, 30, 0), "wb-1", BANK_LAT, 87.61, 10);
    world_fix(world, at(world, 13, 40, 0), "wb-1", BANK_LAT, 87.61, 10);
    assert_int_equal(count_findings(world, "visitor-then-bank", NULL), 1);
    assert_int_equal(count_of(world, "at-bank"), 1);
    for (unsigned i = 0; i < world->finding_count; i++)
        assert_true(world->findings[i].family != FAMILY_FRAUD || world->findings[i].flags & FINDING_RECORD);
}

static void two_days_later_and_on_a_pension_day_the_bank_is_ordinary(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 6, "indoors", "unknown:s1");
    int64_t later = 2 * DAY_MS;
    world_fix(world, at(world, 9, 30, 0) + later, "wb-1", BANK_LAT, 87.61, 10);
    world_fix(world, at(world, 9, 40, 0) + later, "wb-1", BANK_LAT, 87.61, 10);
    int64_t saturday = 5 * DAY_MS;
    visit_of(world, at(world, 19, 0, 0) + saturday, 6, "indoors", "unknown:s2");
    world_fix(world, at(world, 10, 30, 0) + saturday + DAY_MS, "wb-1", BANK_LAT, 87.63, 10);
    world_fix(world, at(world, 10, 40, 0) + saturday + DAY_MS, "wb-1", BANK_LAT, 87.63, 10);
    assert_int_equal(count_findings(world, "visitor-then-bank", NULL), 0);
}

static void led_away_to_the_bank_is_orange_at_the_first_fix(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 4, "doorstep", "unknown:s1");
    world_event(world, at(world, 9, 5, 0), "cam-1", WITH_UNKNOWN);
    world_fix(world, at(world, 9, 30, 0), "wb-1", BANK_LAT, 87.61, 10);
    assert_finding(world, "bank-led-away", LEVEL_ORANGE);
    assert_int_equal(last_finding(world)->family, FAMILY_FRAUD);
    world_event(world, at(world, 10, 30, 0), "wb-1", PRESENCE_HOME);
    assert_finding(world, "bank-left", LEVEL_ORANGE);
}

static void a_vague_fix_is_not_the_bank(void **state)
{
    struct world *world = *state;
    visit_of(world, at(world, 9, 0, 0), 6, "indoors", "unknown:s1");
    world_event(world, at(world, 13, 0, 0), "wb-1", PRESENCE_OUT);
    for (int i = 0; i < 5; i++)
        world_fix(world, at(world, 13, 10 * i, 0), "wb-1", BANK_LAT, 87.61, 400);
    assert_int_equal(count_findings(world, "visitor-then-bank", NULL), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(seen_on_four_days_without_concern_is_familiar),
        T(ids_older_than_a_month_are_somebody_else),
        T(the_same_stranger_indoors_again_is_told_with_the_count),
        T(at_the_spring_festival_a_guest_is_again_there_on_the_third_day),
        T(another_stranger_or_eleven_days_later_is_not_again),
        T(a_concern_keeps_a_visitor_from_becoming_familiar),
        T(closed_as_expected_makes_room_for_the_familiar),
        T(a_word_that_nobody_verified_makes_no_room),
        T(an_acquaintance_of_two_weeks_needs_no_word),
        T(led_away_by_them_two_weeks_are_no_excuse),
        T(where_strangers_come_daily_the_bank_a_day_later_is_a_coincidence),
        T(where_strangers_come_weekly_the_bank_is_told_within_hours_only),
        T(closed_as_true_keeps_out_for_good),
        T(seen_leaving_with_the_stranger_is_orange_and_absorbs),
        T(at_the_spring_festival_all_is_one_level_lower_by_day),
        T(a_departure_before_the_word_of_the_visit_is_the_same),
        T(leaving_alone_after_a_visit_is_nothing_whoever_speaks_first),
        T(a_doorstep_visit_and_an_own_walk_are_nothing),
        T(a_trusted_person_beside_the_stranger_and_an_hour_between_are_nothing),
        T(an_unclear_companion_is_orange_only_after_a_stay_indoors),
        T(in_a_shared_home_the_band_says_who_left),
        T(after_a_visit_indoors_the_bank_is_yellow_at_the_second_fix),
        T(the_bank_alone_is_only_written_down),
        T(two_days_later_and_on_a_pension_day_the_bank_is_ordinary),
        T(led_away_to_the_bank_is_orange_at_the_first_fix),
        T(a_vague_fix_is_not_the_bank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
