/* Who is on duty, to the second, over a year with the change of the clocks; what people change about it. */
#include "fold.h"

#include "alert/roster.h"

static struct roster_plan plan;
static struct roster_change changes[8];
static struct tz *berlin;

static int set_up(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof plan);
    memset(changes, 0, sizeof changes);
    snprintf(plan.name, sizeof plan.name, "desk");
    plan.role = ROLE_COUNTY_DESK;
    return tz_load("Europe/Berlin", &berlin) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tz_free(berlin);
    return 0;
}

static struct roster_layer *add_layer(enum roster_rotation rotation, const char *start, unsigned handover,
                                      const char *members)
{
    struct roster_layer *layer = &plan.layers[plan.layer_count++];
    layer->rotation = (uint8_t)rotation;
    layer->handover_minute = (uint16_t)handover;
    snprintf(layer->start, sizeof layer->start, "%s", start);
    for (; *members; members++)
        snprintf(layer->members[layer->member_count++], ID_SIZE, "%c", *members);
    return layer;
}

static struct roster_view view_of(void)
{
    return (struct roster_view){.tz = berlin, .changes = changes, .change_count = 8};
}

static int64_t ms(const char *text)
{
    int64_t t_ms;
    assert_int_equal(clock_parse(text, strlen(text), &t_ms), ERR_OK);
    return t_ms;
}

/* "ab" when a and b are on. */
static const char *on_at(int64_t t_ms)
{
    static char text[ROSTER_ON_MAX + 1];
    const char *people[ROSTER_ON_MAX];
    struct roster_view view = view_of();
    size_t count = roster_on(&view, &plan, t_ms, people);
    for (size_t i = 0; i < count; i++)
        text[i] = people[i][0];
    text[count] = 0;
    return text;
}

#define assert_on(time, people) assert_string_equal(on_at(ms(time)), people)

static void a_turn_begins_at_its_second(void **state)
{
    (void)state;
    add_layer(ROSTER_WEEKLY, "2026-03-02", 8 * 60, "abc");
    assert_on("2026-03-02T07:59:59+01:00", "");
    assert_on("2026-03-02T08:00:00+01:00", "a");
    assert_on("2026-03-09T07:59:59.999+01:00", "a");
    assert_on("2026-03-09T08:00:00+01:00", "b");
    assert_on("2026-03-23T08:00:00+01:00", "a");
    assert_on("2026-03-30T07:59:59+02:00", "a"); /* the clocks went ahead in between */
    assert_on("2026-03-30T08:00:00+02:00", "b");
    plan.layers[0].at_once = 2;
    assert_on("2026-03-02T08:00:00+01:00", "ab");
    assert_on("2026-03-09T08:00:00+01:00", "ca");
}

/* Every moment at which it changes, over a year: each handover at the same local time, members in turn, and
 * what the walk says agrees with the question asked a millisecond before and after. */
static void a_year_of_handovers_is_exact(void **state)
{
    (void)state;
    static const struct {
        enum roster_rotation rotation;
        unsigned hours, handover, turns;
    } rows[] = {{ROSTER_DAILY, 0, 150, 365},
                {ROSTER_CUSTOM, 12, 480, 730},
                {ROSTER_WEEKLY, 0, 1439, 53},
                {ROSTER_CUSTOM, 48, 0, 183},
                {ROSTER_CUSTOM, 1, 0, 8759}}; /* 8,760 h, of which one is skipped */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&plan, 0, sizeof plan);
        struct roster_layer *layer = add_layer(rows[i].rotation, "2026-01-01", rows[i].handover, "abc");
        layer->hours = (uint16_t)rows[i].hours;
        struct roster_view view = view_of();
        int64_t t_ms = clock_from_civil(berlin, 2026, 1, 1, 0, (int)rows[i].handover, 0),
                end_ms = clock_from_civil(berlin, 2027, 1, 1, 0, (int)rows[i].handover, 0);
        unsigned turns = 0;
        for (; t_ms < end_ms; turns++) {
            struct civil local;
            int64_t next_ms = roster_next_ms(&view, &plan, t_ms);
            clock_civil(berlin, next_ms, &local);
            char before = on_at(t_ms)[0];
            assert_int_equal(on_at(next_ms - 1)[0], before);
            assert_int_not_equal(on_at(next_ms)[0], before);
            assert_int_equal(local.second, 0);
            if (rows[i].hours != 1 && !(rows[i].handover == 150 && local.month == 3 && local.day == 29))
                assert_int_equal((unsigned)(local.hour * 60 + local.minute) % 720, rows[i].handover % 720);
            t_ms = next_ms;
        }
        if (turns != rows[i].turns)
            fail_msg("row %u: %u turns", (unsigned)i, turns);
    }
}

static void the_clocks_change_at_the_handover(void **state)
{
    (void)state;
    /* 02:30 on 29 March is skipped: the turn begins when the clocks have; on 25 October it comes twice, and
     * the turn begins the first time and does not go back. */
    add_layer(ROSTER_DAILY, "2026-03-28", 150, "ab");
    assert_on("2026-03-29T01:59:59+01:00", "a");
    assert_on("2026-03-29T03:00:00+02:00", "b");
    memset(&plan, 0, sizeof plan);
    add_layer(ROSTER_DAILY, "2026-10-24", 150, "ab");
    assert_on("2026-10-25T02:29:59+02:00", "a");
    assert_on("2026-10-25T02:30:00+02:00", "b");
    assert_on("2026-10-25T02:00:00+01:00", "b");
    assert_on("2026-10-25T02:29:59+01:00", "b");
    assert_on("2026-10-26T02:30:00+01:00", "a");
}

static void hours_and_weekdays_limit_a_layer(void **state)
{
    (void)state;
    add_layer(ROSTER_DAILY, "2026-01-01", 0, "n");
    struct roster_layer *day = add_layer(ROSTER_WEEKLY, "2026-01-05", 0, "d");
    snprintf(day->weekdays, sizeof day->weekdays, "mon-fri");
    day->from_minute = 480;
    day->to_minute = 1080;
    assert_on("2026-03-02T07:59:59+01:00", "n"); /* Monday */
    assert_on("2026-03-02T08:00:00+01:00", "d");
    assert_on("2026-03-02T17:59:59+01:00", "d");
    assert_on("2026-03-02T18:00:00+01:00", "n");
    assert_on("2026-03-07T12:00:00+01:00", "n"); /* Saturday */
    day->from_minute = 1200;                     /* Friday's night is Friday's, up to Saturday morning */
    day->to_minute = 480;
    assert_on("2026-03-07T07:59:59+01:00", "d");
    assert_on("2026-03-07T20:00:00+01:00", "n");
    assert_on("2026-03-09T07:59:59+01:00", "n");
    assert_on("2026-03-29T08:00:00+02:00", "n");
}

static void a_gap_is_found_with_its_ends(void **state)
{
    (void)state;
    int64_t from_ms, until_ms, begin_ms = ms("2026-03-01T00:00:00+01:00"),
                               end_ms = begin_ms + 28 * 86400000LL;
    struct roster_view view = view_of();
    struct roster_layer *night = add_layer(ROSTER_DAILY, "2026-01-01", 0, "a");
    assert_false(roster_gap(&view, &plan, begin_ms, end_ms, &from_ms, &until_ms));
    night->from_minute = 1080;
    night->to_minute = 450;
    assert_true(roster_gap(&view, &plan, begin_ms, end_ms, &from_ms, &until_ms));
    assert_true(from_ms == ms("2026-03-01T07:30:00+01:00") && until_ms == ms("2026-03-01T18:00:00+01:00"));
    struct roster_layer *day = add_layer(ROSTER_WEEKLY, "2026-03-04", 480, "b");
    day->from_minute = 450;
    day->to_minute = 1080;
    assert_true(roster_gap(&view, &plan, ms("2026-03-03T20:00:00+01:00"), end_ms, &from_ms, &until_ms));
    assert_true(from_ms == ms("2026-03-04T07:30:00+01:00") && until_ms == ms("2026-03-04T08:00:00+01:00"));
    assert_false(roster_gap(&view, &plan, until_ms, end_ms, &from_ms, &until_ms));
    assert_true(roster_turn_ms(&view, &plan, ms("2026-03-05T09:00:00+01:00"), end_ms) ==
                ms("2026-03-05T18:00:00+01:00"));
    assert_true(roster_turn_ms(&view, &plan, ms("2026-03-05T09:00:00+01:00"),
                               ms("2026-03-05T18:00:00+01:00")) == INT64_MAX);
}

static void change(unsigned i, uint32_t order, const char *person, const char *instead, const char *from,
                   const char *until)
{
    changes[i] = (struct roster_change){.from_ms = ms(from), .until_ms = ms(until), .order = order};
    snprintf(changes[i].roster, ID_SIZE, "desk");
    snprintf(changes[i].person, ID_SIZE, "%s", person);
    snprintf(changes[i].instead, ID_SIZE, "%s", instead);
}

static void changes_apply_in_the_order_they_were_given(void **state)
{
    (void)state;
    add_layer(ROSTER_DAILY, "2026-03-02", 480, "abc")->at_once = 2;
    assert_on("2026-03-02T12:00:00+01:00", "ab");
    change(3, 1, "x", "a", "2026-03-02T10:00:00+01:00", "2026-03-02T14:00:00+01:00");
    assert_on("2026-03-02T09:59:59+01:00", "ab");
    assert_on("2026-03-02T10:00:00+01:00", "xb");
    assert_on("2026-03-02T14:00:00+01:00", "ab");
    change(0, 2, "y", "x", "2026-03-02T11:00:00+01:00", "2026-03-02T12:00:00+01:00");
    assert_on("2026-03-02T11:00:00+01:00", "yb");
    change(1, 3, "a", "b", "2026-03-02T13:00:00+01:00",
           "2026-03-02T14:00:00+01:00"); /* a swap in one stretch */
    change(2, 3, "b", "x", "2026-03-02T13:00:00+01:00", "2026-03-02T14:00:00+01:00");
    assert_on("2026-03-02T13:00:00+01:00", "ba");
    change(4, 4, "z", "", "2026-03-02T13:30:00+01:00", "2026-03-02T13:40:00+01:00");
    assert_on("2026-03-02T13:30:00+01:00", "z");
    changes[4].removed_ms = 1;
    assert_on("2026-03-02T13:30:00+01:00", "ba");
    change(4, 4, "b", "a", "2026-03-02T15:00:00+01:00", "2026-03-02T16:00:00+01:00");
    assert_on("2026-03-02T15:00:00+01:00", "b"); /* nobody twice */
    snprintf(changes[4].roster, ID_SIZE, "other");
    assert_on("2026-03-02T15:00:00+01:00", "ab");
    struct roster_view view = view_of();
    assert_true(roster_next_ms(&view, &plan, ms("2026-03-02T09:00:00+01:00")) ==
                ms("2026-03-02T10:00:00+01:00"));
}

static void who_is_not_in_the_registry_covers_nothing(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct roster_layer *layer = add_layer(ROSTER_DAILY, "2026-03-02", 8 * 60, "xy");
    snprintf(layer->members[0], ID_SIZE, "p-county");
    struct roster_view view = view_of();
    const char *people[ROSTER_ON_MAX];
    const int64_t known_ms = ms("2026-03-02T09:00:00+01:00"), unknown_ms = ms("2026-03-03T09:00:00+01:00");
    assert_int_equal(roster_on(&view, &plan, unknown_ms, people), 1);
    view.registry = fold->world->registry;
    assert_int_equal(roster_on(&view, &plan, known_ms, people), 1);
    assert_int_equal(roster_on(&view, &plan, unknown_ms, people), 0);
    int64_t from_ms, until_ms;
    assert_true(roster_gap(&view, &plan, known_ms, ms("2026-03-09T09:00:00+01:00"), &from_ms, &until_ms));
    assert_true(from_ms == ms("2026-03-03T08:00:00+01:00") && until_ms == ms("2026-03-04T08:00:00+01:00"));
    /* A stand-in who has left the registry: whoever would be on is. */
    change(0, 1, "z", "", "2026-03-02T08:30:00+01:00", "2026-03-02T10:00:00+01:00");
    assert_int_equal(roster_on(&view, &plan, known_ms, people), 1);
    assert_string_equal(people[0], "p-county");
    /* Of two layers the one below covers for a name that nobody has. */
    layer = add_layer(ROSTER_DAILY, "2026-03-02", 8 * 60, "y");
    assert_int_equal(roster_on(&view, &plan, known_ms, people), 1);
    assert_string_equal(people[0], "p-county");
    fold_free(fold);
}

static void a_plan_that_cannot_work_is_a_fault(void **state)
{
    (void)state;
    int layer;
    assert_non_null(roster_fault(&plan, &layer));
    assert_int_equal(layer, -1);
    struct roster_layer *first = add_layer(ROSTER_CUSTOM, "2026-02-30", 0, "");
    assert_string_equal(roster_fault(&plan, &layer), "start is no date");
    assert_int_equal(layer, 0);
    snprintf(first->start, sizeof first->start, "2026-02-28");
    assert_non_null(strstr(roster_fault(&plan, &layer), "no members"));
    snprintf(first->members[first->member_count++], ID_SIZE, "a");
    assert_non_null(strstr(roster_fault(&plan, &layer), "hours"));
    first->hours = 12;
    assert_null(roster_fault(&plan, &layer));
    first->at_once = 2;
    assert_non_null(strstr(roster_fault(&plan, &layer), "at_once"));
    first->at_once = 0;
    snprintf(first->weekdays, sizeof first->weekdays, "someday");
    assert_non_null(strstr(roster_fault(&plan, &layer), "weekdays"));
    assert_string_equal(roster_rotation_name(ROSTER_CUSTOM), "custom");
    assert_string_equal(roster_rotation_name(ROSTER_ROTATION_COUNT), "none");
    assert_ptr_equal(roster_find(&plan, 1, "desk"), &plan);
    assert_null(roster_find(&plan, 1, "night"));
}

/* --- In the fold --- */

static struct fold *fold_with_roster(void)
{
    struct fold *fold = fold_new();
    struct roster_plan *desk = &fold->settings.rosters[0];
    plan.role = ROLE_COUNTY_DESK;
    add_layer(ROSTER_DAILY, "2026-01-01", 0, "");
    plan.layers[0].member_count = 1;
    snprintf(plan.layers[0].members[0], ID_SIZE, "p-county");
    *desk = plan;
    fold->settings.roster_count = 1;
    struct policy_rule *rule = &fold->settings.rules[0];
    rule->steps[0] = (struct policy_step){.kind = STEP_NOTIFY, .roster = "desk"};
    rule->steps[1] = (struct policy_step){.kind = STEP_NOTIFY, .roster = "desk", .after_s = 60};
    rule->step_count = 2;
    return fold;
}

static struct action order(enum action_kind kind, const char *to, const char *instead, int64_t from_ms,
                           int64_t until_ms)
{
    struct action action = {
        .kind = (uint8_t)kind, .family = FAMILY_COUNT, .from_ms = from_ms, .until_ms = until_ms};
    snprintf(action.roster.name, ID_SIZE, "desk");
    snprintf(action.roster.instead, ID_SIZE, "%s", instead);
    snprintf(action.to, ID_SIZE, "%s", to);
    snprintf(action.note, sizeof action.note, "leave");
    return action;
}

/* The i'th notification. */
static const struct job *notification(const struct fold *fold, unsigned i)
{
    unsigned at = 0;
    while (at < fold->job_count && (fold->jobs[at].kind != JOB_NOTIFY || i-- > 0))
        at++;
    assert_true(at < fold->job_count);
    return &fold->jobs[at];
}

static const char *told(const struct fold *fold, unsigned i)
{
    return registry_responder(fold->world->registry, notification(fold, i)->recipient)->id;
}

static void a_step_tells_who_is_on_when_it_fires(void **state)
{
    (void)state;
    struct fold *fold = fold_with_roster();
    const struct subject nobody = {.kind = SUBJECT_NONE};
    const int64_t t_ms = on(fold, 9, 0, 0);
    assert_int_equal(act(fold, t_ms, nobody,
                         order(ACTION_ROSTER_OVERRIDE, "p-town", "p-county", t_ms + 30000, t_ms + 90000)),
                     ERR_OK);
    event(fold, t_ms, "wb-1", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_NONE, NULL), 1);
    assert_string_equal(told(fold, 0), "p-county");
    tick(fold, t_ms + 60000);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_NONE, NULL), 2);
    assert_string_equal(told(fold, 1), "p-town");
    assert_int_equal(notification(fold, 1)->role, ROLE_COUNTY_DESK);
    fold_free(fold);
}

static void in_a_gap_the_role_answers(void **state)
{
    (void)state;
    struct fold *fold = fold_with_roster();
    snprintf(fold->settings.rosters[0].layers[0].start, 11, "2150-01-01");
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_string_equal(told(fold, 0), "p-county");
    snprintf(fold->settings.rosters[0].layers[0].start, 11, "2026-01-01");
    snprintf(fold->settings.rosters[0].layers[0].members[0], ID_SIZE,
             "p-gone"); /* no longer in the registry */
    tick(fold, on(fold, 9, 1, 0));
    assert_string_equal(told(fold, 1), "p-county");
    fold_free(fold);
}

static void what_cannot_be_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct fold *fold = fold_with_roster();
    const struct subject nobody = {.kind = SUBJECT_NONE};
    const int64_t t_ms = on(fold, 9, 0, 0), hour_ms = 3600000;
    struct action good = order(ACTION_ROSTER_OVERRIDE, "p-town", "", t_ms, t_ms + hour_ms), action = good;
    snprintf(action.roster.name, ID_SIZE, "night");
    assert_int_equal(act(fold, t_ms, nobody, action), ERR_NOT_FOUND);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "no roster"));
    action = good;
    snprintf(action.to, ID_SIZE, "p-nobody");
    assert_int_equal(act(fold, t_ms, nobody, action), ERR_NOT_FOUND);
    action = good;
    action.note[0] = 0;
    assert_int_equal(act(fold, t_ms, nobody, action), ERR_INVALID);
    action = good;
    action.until_ms = action.from_ms;
    assert_int_equal(act(fold, t_ms, nobody, action), ERR_INVALID);
    action.until_ms = t_ms + 367 * 24 * hour_ms;
    assert_int_equal(act(fold, t_ms, nobody, action), ERR_INVALID);
    action = order(ACTION_ROSTER_SWAP, "p-town", "", t_ms, t_ms + hour_ms);
    action.roster.back_from_ms = t_ms;
    action.roster.back_until_ms = t_ms + hour_ms;
    assert_int_equal(act(fold, t_ms, nobody, action), ERR_INVALID);
    snprintf(action.roster.instead, ID_SIZE, "p-county");
    for (unsigned i = 0; i < ROSTER_CHANGES_MAX / 2; i++) /* each takes two places */
        assert_int_equal(act(fold, t_ms, nobody, action), ERR_OK);
    assert_int_equal(act(fold, t_ms, nobody, good), ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "too many"));
    action.kind = ACTION_ROSTER_CANCEL;
    action.has_alert = 1;
    assert_int_equal(act(fold, t_ms, nobody, action), ERR_NOT_FOUND);
    fold_free(fold);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_turn_begins_at_its_second),
        TEST(a_year_of_handovers_is_exact),
        TEST(the_clocks_change_at_the_handover),
        TEST(hours_and_weekdays_limit_a_layer),
        TEST(a_gap_is_found_with_its_ends),
        TEST(changes_apply_in_the_order_they_were_given),
        TEST(a_plan_that_cannot_work_is_a_fault),
        TEST(a_step_tells_who_is_on_when_it_fires),
        TEST(in_a_gap_the_role_answers),
        TEST(what_cannot_be_is_refused_with_a_reason),
        TEST(who_is_not_in_the_registry_covers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
