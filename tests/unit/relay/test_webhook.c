#include "fixture.h"

#include "core/json.h"

static struct json *body_of(const struct fixture *f)
{
    struct json *root = NULL;
    assert_string_equal(f->why, "");
    assert_int_equal(f->row.channel, CHANNEL_WEBHOOK);
    assert_int_equal(json_parse(f->row.body, f->row.len, &root, NULL), ERR_OK);
    return root;
}

static const char *text_of(const struct json *root, const char *key, const char *inner)
{
    const struct json *node = json_get(root, key);
    return json_string(inner ? json_get(node, inner) : node);
}

static void notify(struct fixture *f, const char *resident, enum role role)
{
    fixture_alert(f, resident, "sos", JOB_NOTIFY);
    f->job.role = (uint8_t)role;
}

static void a_notification_is_the_golden_object(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-1", ROLE_COUNTY_DESK);
    f->job.recipient = number_of(f, REGISTRY_RESPONDER, "d-1");
    render(f);
    assert_string_equal(f->row.target_name, "desk");
    assert_golden(f, "webhook-notify.json", false);
}

static void a_task_names_what_to_do_and_whom_else_to_call(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-1", ROLE_COUNTY_DESK);
    f->job.kind = JOB_TASK;
    snprintf(f->job.prompt, sizeof f->job.prompt, "verify");
    render(f);
    assert_golden(f, "webhook-task.json", false);
}

static void hostile_names_stay_inside_their_strings(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-2", ROLE_FAMILY);
    f->job.recipient = number_of(f, REGISTRY_CONTACT, "c-2");
    f->job.recipient_is_contact = 1;
    render(f);
    struct json *root = body_of(f);
    assert_string_equal(text_of(root, "who", "name"), "<李>&\"四]]>'");
    assert_string_equal(text_of(root, "recipient", "name"), "Li <&\"]]>");
    assert_string_equal(text_of(root, "recipient", "phone"), "+86 138 0000 0002");
    assert_string_equal(text_of(root, "where", "address"), "2号 <b>&\"]]>'");
    json_free(root);
}

static void a_role_goes_to_its_own_receiver_else_to_the_one_for_everybody(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-1", ROLE_COUNTY_DESK);
    render(f);
    assert_string_equal(f->row.target_name, "desk");
    assert_int_equal(f->row.target, 0);
    f->job.role = ROLE_GRID_WORKER;
    render(f);
    assert_string_equal(f->row.target_name, "everybody");
    assert_int_equal(f->row.target, 1);
    f->settings.webhook_count = 1;
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, "no receiver for this role");
}

static void a_task_without_a_receiver_stays_on_the_desks_list(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-1", ROLE_COUNTY_DESK);
    f->job.kind = JOB_TASK;
    f->settings.webhook_count = 0;
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, "");
}

static void precise_coordinates_are_for_red_and_orange_only(void **state)
{
    struct fixture *f = *state;
    for (unsigned level = LEVEL_GREEN; level < LEVEL_COUNT; level++) {
        notify(f, "r-1", ROLE_COUNTY_DESK);
        f->job.level = (uint8_t)level;
        render(f);
        struct json *root = body_of(f);
        assert_int_equal(json_get(json_get(root, "where"), "lat") != NULL, level >= LEVEL_ORANGE);
        /* Who does not go there is told the village, until it matters. */
        assert_string_equal(text_of(root, "where", "address"),
                            level >= LEVEL_ORANGE ? "一镇一村1号" : "一村");
        json_free(root);
    }
}

static void family_grid_worker_and_whoever_has_a_task_are_told_the_address(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum job_kind kind;
        enum role role;
    } readers[] = {{JOB_NOTIFY, ROLE_FAMILY}, {JOB_NOTIFY, ROLE_GRID_WORKER}, {JOB_TASK, ROLE_COUNTY_DESK}};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        notify(f, "r-1", readers[i].role);
        f->job.kind = (uint8_t)readers[i].kind;
        f->job.level = LEVEL_GREEN;
        render(f);
        struct json *root = body_of(f);
        assert_string_equal(text_of(root, "where", "address"), "一镇一村1号");
        assert_null(json_get(json_get(root, "where"), "lat"));
        json_free(root);
    }
}

static void a_shared_home_names_everybody(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-1", ROLE_COUNTY_DESK);
    f->alert.subject = (struct subject){.kind = SUBJECT_HOUSEHOLD, .no = f->alert.household};
    f->alert.resident = REGISTRY_NONE;
    render(f);
    struct json *root = body_of(f);
    assert_int_equal(json_count(json_get(root, "people")), 2);
    json_free(root);
}

static void every_text_says_to_be_verified_and_none_says_fraud(void **state)
{
    struct fixture *f = *state;
    static const char *const which[] = {"sos", "fall", "suspicion", "unknown-visitor", "zone-exit", "flat"};
    for (size_t i = 0; i < sizeof which / sizeof which[0]; i++) {
        fixture_alert(f, "r-1", which[i], JOB_NOTIFY);
        f->job.role = ROLE_GRID_WORKER;
        render(f);
        struct json *root = body_of(f);
        assert_non_null(strstr(text_of(root, "what", "zh"), "待核实"));
        assert_non_null(strstr(text_of(root, "what", "en"), "to be verified"));
        assert_null(strstr(text_of(root, "what", "zh"), "诈骗"));
        assert_null(strstr(text_of(root, "what", "en"), "fraud"));
        assert_null(strstr(text_of(root, "what_to_do", "zh"), "诈骗"));
        assert_null(strstr(text_of(root, "what_to_do", "en"), "fraud"));
        json_free(root);
    }
}

static void whoever_calls_after_a_silent_press_is_told_not_to_mention_it(void **state)
{
    struct fixture *f = *state;
    fixture_alert(f, "r-1", "suspicion", JOB_TASK);
    f->job.role = ROLE_COUNTY_DESK;
    snprintf(f->job.prompt, sizeof f->job.prompt, "call");
    render(f);
    struct json *root = body_of(f);
    assert_non_null(strstr(text_of(root, "what_to_do", "en"), "community worker"));
    assert_non_null(strstr(text_of(root, "what_to_do", "zh"), "社区工作人员"));
    json_free(root);
}

static void a_police_message_that_came_back_asks_for_the_telephone(void **state)
{
    struct fixture *f = *state;
    static const char *const tasks[] = {"police-rejected", "police-failed"}, *const which[] = {"sos",
                                                                                               "suspicion"};
    for (size_t i = 0; i < 4; i++) {
        fixture_alert(f, "r-1", which[i / 2], JOB_TASK);
        f->job.role = ROLE_COUNTY_DESK;
        snprintf(f->job.prompt, sizeof f->job.prompt, "%s", tasks[i % 2]);
        render(f);
        struct json *root = body_of(f);
        assert_non_null(strstr(text_of(root, "what_to_do", "en"), "telephone"));
        assert_non_null(strstr(text_of(root, "what_to_do", "zh"), "打电话"));
        json_free(root);
    }
}

static void a_drill_is_marked_in_the_flag_and_in_the_text(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-1", ROLE_COUNTY_DESK);
    f->settings.exercise = true;
    render(f);
    struct json *root = body_of(f);
    bool exercise = false;
    assert_true(json_bool(json_get(root, "exercise"), &exercise) && exercise);
    assert_non_null(strstr(text_of(root, "what", "zh"), "演练"));
    json_free(root);
}

static void a_body_past_the_limit_fails_instead_of_being_cut(void **state)
{
    struct fixture *f = *state;
    notify(f, "r-1", ROLE_COUNTY_DESK);
    struct buf small;
    buf_init(&small, 100);
    relay_render(&f->context, &f->alert, &f->job, &small, &f->row, &f->why);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, err_text(ERR_FULL));
    assert_int_equal(f->row.len, 0);
    buf_release(&small);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(a_notification_is_the_golden_object),
        T(a_police_message_that_came_back_asks_for_the_telephone),
        T(a_task_names_what_to_do_and_whom_else_to_call),
        T(hostile_names_stay_inside_their_strings),
        T(a_role_goes_to_its_own_receiver_else_to_the_one_for_everybody),
        T(a_task_without_a_receiver_stays_on_the_desks_list),
        T(precise_coordinates_are_for_red_and_orange_only),
        T(family_grid_worker_and_whoever_has_a_task_are_told_the_address),
        T(a_shared_home_names_everybody),
        T(every_text_says_to_be_verified_and_none_says_fraud),
        T(whoever_calls_after_a_silent_press_is_told_not_to_mention_it),
        T(a_drill_is_marked_in_the_flag_and_in_the_text),
        T(a_body_past_the_limit_fails_instead_of_being_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
