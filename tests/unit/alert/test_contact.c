/* When one person is left in peace, and by which channels they are told, to the second. */
#include "fold.h"

enum { HELD_MAX = 32 };
static struct suppression held[HELD_MAX];
static unsigned held_count;

static void on_suppressed(void *self, const struct alert *alert, const struct suppression *suppression)
{
    (void)self;
    (void)alert;
    assert_true(held_count < HELD_MAX);
    held[held_count++] = *suppression;
}

static struct contact_rule *add_rule(struct fold *fold, const char *person)
{
    struct contact_rule *rule = &fold->settings.contacts[fold->settings.contact_count++];
    snprintf(rule->person, sizeof rule->person, "%s", person);
    return rule;
}

static void add_channel(struct contact_rule *rule, enum way way, unsigned after_s)
{
    rule->channels[rule->channel_count++] =
        (struct contact_channel){.way = (uint8_t)way, .after_s = (uint16_t)after_s};
}

static int setup(void **state)
{
    struct fold *fold = fold_new();
    fold->settings.ways = 1U << WAY_SMS | 1U << WAY_VOICE | 1U << WAY_EMAIL;
    held_count = 0;
    alerts_free(fold->alerts);
    fold->on_suppressed = on_suppressed;
    fold_alerts(fold);
    *state = fold;
    return 0;
}

static int teardown(void **state)
{
    fold_free(*state);
    return 0;
}

/* How often that contact was told by that way. */
static unsigned told(const struct fold *fold, const char *contact, enum way way)
{
    uint32_t no = registry_find(fold->world->registry, REGISTRY_CONTACT, contact);
    unsigned count = 0;
    assert_int_not_equal(no, REGISTRY_NONE);
    for (unsigned i = 0; i < fold->job_count; i++) {
        const struct job *job = &fold->jobs[i];
        count += job->kind == JOB_NOTIFY && job->recipient_is_contact && job->recipient == no &&
                 strcmp(job->prompt, way_receiver(way)) == 0;
    }
    return count;
}

static void quiet_hours_begin_and_end_at_their_minute(void **state)
{
    (void)state;
    static const struct {
        unsigned from, to, hour, minute;
        bool quiet;
    } rows[] = {{1320, 420, 21, 59, false}, {1320, 420, 22, 0, true}, {1320, 420, 6, 59, true},
                {1320, 420, 7, 0, false},   {720, 780, 12, 0, true},  {720, 780, 13, 0, false},
                {720, 780, 11, 59, false},  {600, 600, 10, 0, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct contact_rule rule = {.quiet_from_minute = (uint16_t)rows[i].from,
                                          .quiet_to_minute = (uint16_t)rows[i].to};
        const struct civil local = {.hour = (int)rows[i].hour, .minute = (int)rows[i].minute};
        assert_int_equal(contact_is_quiet(&rule, &local), rows[i].quiet);
    }
}

static void a_rule_that_cannot_work_is_a_fault(void **state)
{
    (void)state;
    struct contact_rule rule = {.quiet_from_minute = 60};
    assert_null(contact_fault(&rule));
    rule.quiet_from_minute = 0;
    assert_non_null(strstr(contact_fault(&rule), "says nothing"));
    add_channel(&rule, WAY_SMS, 5);
    assert_non_null(strstr(contact_fault(&rule), "first channel"));
    rule.channels[0].after_s = 0;
    add_channel(&rule, WAY_VOICE, 60);
    assert_null(contact_fault(&rule));
    add_channel(&rule, WAY_EMAIL, 60);
    assert_non_null(strstr(contact_fault(&rule), "has to grow"));
    rule.channels[2] = (struct contact_channel){.way = WAY_SMS, .after_s = 90};
    assert_non_null(strstr(contact_fault(&rule), "twice"));
}

static void channels_follow_at_their_second_while_nobody_acknowledges(void **state)
{
    struct fold *fold = *state; /* at seconds at which nothing else happens */
    struct contact_rule *rule = add_rule(fold, "c-1a");
    const int64_t t_ms = on(fold, 9, 0, 0);
    add_channel(rule, WAY_EMAIL, 0);
    add_channel(rule, WAY_SMS, 45);
    add_channel(rule, WAY_VOICE, 77);
    event(fold, t_ms, "wb-1", SOS);
    assert_int_equal(told(fold, "c-1a", WAY_EMAIL), 1);
    assert_int_equal(told(fold, "c-1a", WAY_SMS) + told(fold, "c-1a", WAY_VOICE), 0);
    assert_int_equal(told(fold, "c-1b", WAY_SMS), 1); /* who has no rule is told as ever */
    tick(fold, t_ms + 44999);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 0);
    tick(fold, t_ms + 45000);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 1);
    tick(fold, t_ms + 76999);
    assert_int_equal(told(fold, "c-1a", WAY_VOICE), 0);
    tick(fold, t_ms + 77000);
    assert_int_equal(told(fold, "c-1a", WAY_VOICE), 1);
    tick(fold, t_ms + 900000);
    assert_int_equal(told(fold, "c-1a", WAY_EMAIL), 1);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 1);
    assert_int_equal(told(fold, "c-1a", WAY_VOICE), 1);
}

static void whoever_acknowledges_ends_the_channels(void **state)
{
    struct fold *fold = *state;
    struct contact_rule *rule = add_rule(fold, "c-1a");
    const int64_t t_ms = on(fold, 9, 0, 0);
    add_channel(rule, WAY_EMAIL, 0);
    add_channel(rule, WAY_SMS, 60);
    event(fold, t_ms, "wb-1", SOS);
    struct action take = {.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_COUNT};
    assert_int_equal(act(fold, t_ms + 59000, who(fold, "r-1"), take), ERR_OK);
    tick(fold, t_ms + 600000);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 0);
}

static void a_channel_that_nobody_serves_is_passed_over_and_the_rest_moves_up(void **state)
{
    struct fold *fold = *state;
    struct contact_rule *rule = add_rule(fold, "c-1a");
    const int64_t t_ms = on(fold, 9, 0, 0);
    fold->settings.ways = 1U << WAY_SMS | 1U << WAY_VOICE;
    add_channel(rule, WAY_EMAIL, 0);
    add_channel(rule, WAY_SMS, 60);
    add_channel(rule, WAY_VOICE, 120);
    event(fold, t_ms, "wb-1", SOS);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 1);
    tick(fold, t_ms + 60000);
    assert_int_equal(told(fold, "c-1a", WAY_VOICE), 1);
}

static void what_failed_takes_the_next_channel_at_once_and_it_does_not_come_twice(void **state)
{
    struct fold *fold = *state;
    struct contact_rule *rule = add_rule(fold, "c-1a");
    const int64_t t_ms = on(fold, 9, 0, 0);
    add_channel(rule, WAY_EMAIL, 0);
    add_channel(rule, WAY_SMS, 60);
    event(fold, t_ms, "wb-1", SOS);
    const struct job *mail = find_job_of(fold, JOB_NOTIFY, ":email");
    assert_non_null(mail);
    assert_true(deliver(fold, t_ms + 5000, mail, DELIVERY_FAILED));
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 1);
    tick(fold, t_ms + 600000);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 1);
}

static void in_quiet_hours_others_are_told_and_the_ledger_says_why(void **state)
{
    struct fold *fold = *state;
    struct contact_rule *rule = add_rule(fold, "c-1a");
    rule->quiet_from_minute = 9 * 60;
    rule->quiet_to_minute = 10 * 60;
    find(fold, on(fold, 9, 0, 0), FAMILY_OUTING, LEVEL_ORANGE);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 0);
    assert_int_equal(told(fold, "c-1b", WAY_SMS), 1);
    assert_int_equal(held_count, 1);
    assert_int_equal(held[0].rule, SUPPRESSED_BY_QUIET);
    assert_string_equal(suppression_rule_name(SUPPRESSED_BY_QUIET), "quiet_hours");
    assert_string_equal(held[0].by, "policy");
    /* Red does not ask. */
    event(fold, on(fold, 9, 1, 0), "wb-1", SOS);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 1);
    assert_int_equal(held_count, 1);
}

static void when_all_of_a_step_rest_they_are_told_all_the_same(void **state)
{
    struct fold *fold = *state;
    static const char *const both[] = {"c-1a", "c-1b"};
    for (size_t i = 0; i < 2; i++) {
        struct contact_rule *rule = add_rule(fold, both[i]);
        rule->quiet_to_minute = 24 * 60 - 1;
    }
    find(fold, on(fold, 9, 0, 0), FAMILY_OUTING, LEVEL_ORANGE);
    assert_int_equal(told(fold, "c-1a", WAY_SMS), 1);
    assert_int_equal(told(fold, "c-1b", WAY_SMS), 1);
    assert_int_equal(held_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_hours_begin_and_end_at_their_minute),
        cmocka_unit_test(a_rule_that_cannot_work_is_a_fault),
        TEST(channels_follow_at_their_second_while_nobody_acknowledges),
        TEST(whoever_acknowledges_ends_the_channels),
        TEST(a_channel_that_nobody_serves_is_passed_over_and_the_rest_moves_up),
        TEST(what_failed_takes_the_next_channel_at_once_and_it_does_not_come_twice),
        TEST(in_quiet_hours_others_are_told_and_the_ledger_says_why),
        TEST(when_all_of_a_step_rest_they_are_told_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
