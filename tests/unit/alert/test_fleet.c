/* Commands to devices: who may ask for what, on what basis, and how faster reports stay bounded. */
#include "fold.h"

#define NO_CONSENT_BAND "wb-4"
#define SOS             "{\"sos\":{\"phase\":\"pressed\"}}"

static enum err order(struct fold *fold, int64_t t_ms, enum action_kind kind, const char *device,
                      struct action action)
{
    action.kind = (uint8_t)kind;
    if (!action.note[0])
        snprintf(action.note, sizeof action.note, "asked by the family");
    return act(fold, t_ms, (struct subject){.kind = SUBJECT_DEVICE, .no = device_no(fold->world, device)},
               action);
}

static void find_with(struct fold *fold, int64_t t_ms, const char *detector)
{
    tick(fold, t_ms);
    struct subject r1 = who(fold, "r-1");
    struct finding finding = {
        .t_ms = t_ms,
        .at_ms = t_ms,
        .subject = r1,
        .resident = r1.no,
        .household = registry_resident(fold->world->registry, r1.no)->household,
        .family = FAMILY_OUTING,
        .level = LEVEL_YELLOW,
        .zone = REGISTRY_NONE,
        .detector = (uint8_t)detector_find(detector),
        .evidence_count = 1,
        .evidence = {{.device = device_no(fold->world, "wb-1"), .seq = (uint64_t)t_ms}}};
    alerts_on_finding(fold->alerts, t_ms, &finding);
}

static void charge(struct fold *fold, int64_t t_ms, unsigned percent)
{
    char json[80];
    snprintf(json, sizeof json, "{\"heartbeat\":{\"battery_percent\":%u}}", percent);
    event(fold, t_ms, "wb-1", json);
}

static void an_order_is_done_once_and_tells_each_state(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct action pace = {.interval_s = 120, .duration_s = 900, .by = "li"};
    assert_int_equal(order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_INTERVAL, "wb-1", pace), ERR_OK);
    assert_int_equal(fold->job_count, 1);
    struct job job = fold->jobs[0];
    assert_string_equal(job.prompt, "120/900");
    assert_int_equal(fold->order.basis, ORDER_BASIS_PERSON);
    assert_string_equal(fold->order.by, "li");
    assert_string_equal(fold->order.why, "asked by the family");
    assert_true(deliver(fold, on(fold, 9, 0, 1), &job, DELIVERY_SENT));
    assert_true(deliver(fold, on(fold, 9, 0, 2), &job, DELIVERY_PLAYED));
    assert_int_equal(fold->order.state, DELIVERY_PLAYED);
    assert_false(deliver(fold, on(fold, 9, 0, 3), &job, DELIVERY_FAILED)); /* it is forgotten */
    assert_int_equal(fold->order.state, DELIVERY_PLAYED);
    fold_free(fold);
}

static void the_same_command_is_not_given_twice_and_an_unanswered_one_expires(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_LOCATE, "wb-1", (struct action){0}),
                     ERR_OK);
    assert_int_equal(order(fold, on(fold, 9, 1, 0), ACTION_DEVICE_LOCATE, "wb-1", (struct action){0}),
                     ERR_INVALID);
    tick(fold, on(fold, 9, 10, 0));
    assert_int_equal(fold->order.state, DELIVERY_EXPIRED);
    assert_int_equal(order(fold, on(fold, 9, 11, 0), ACTION_DEVICE_LOCATE, "wb-1", (struct action){0}),
                     ERR_OK);
    struct hash_id first = fold->jobs[0].id;
    assert_memory_not_equal(&first, &fold->jobs[1].id, sizeof first);
    fold_free(fold);
}

static void what_a_device_cannot_do_is_refused_in_words(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_LOCATE, "cam-1", (struct action){0}),
                     ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "camera"));
    assert_int_equal(
        order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_INTERVAL, "wb-1", (struct action){.interval_s = 9}),
        ERR_INVALID);
    assert_int_equal(
        order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_INTERVAL, "wb-1", (struct action){.interval_s = 86401}),
        ERR_INVALID);
    struct action no_reason = {.kind = ACTION_DEVICE_RESTART};
    assert_int_equal(act(fold, on(fold, 9, 0, 0),
                         (struct subject){.kind = SUBJECT_DEVICE, .no = device_no(fold->world, "cam-1")},
                         no_reason),
                     ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "reason"));
    assert_int_equal(order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_RESTART, "cam-1", (struct action){0}),
                     ERR_OK);
    assert_int_equal(act(fold, on(fold, 9, 0, 0), (struct subject){.kind = SUBJECT_DEVICE, .no = 9999},
                         (struct action){.kind = ACTION_DEVICE_LOCATE, .note = "x"}),
                     ERR_NOT_FOUND);
    assert_int_equal(fold->job_count, 1);
    fold_free(fold);
}

static void a_position_needs_consent_or_an_open_sos(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(
        order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_LOCATE, NO_CONSENT_BAND, (struct action){0}),
        ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "not consented"));
    assert_false(alerts_is_locating(fold->alerts, device_no(fold->world, NO_CONSENT_BAND)));
    event(fold, on(fold, 9, 5, 0), NO_CONSENT_BAND, SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_LOCATE, ROLE_NONE, NULL), 1);
    assert_int_equal(fold->order.basis, ORDER_BASIS_LIFE_SAFETY);
    assert_string_equal(fold->order.by, "sos");
    assert_true(alerts_is_locating(fold->alerts, device_no(fold->world, NO_CONSENT_BAND)));
    struct job first = *find_job_of(fold, JOB_LOCATE, NULL);
    event(fold, on(fold, 9, 6, 30), NO_CONSENT_BAND, SOS); /* asked already */
    assert_int_equal(count_jobs(fold, 0, JOB_LOCATE, ROLE_NONE, NULL), 1);
    deliver(fold, on(fold, 9, 7, 0), &first, DELIVERY_PLAYED);
    assert_true(alerts_is_locating(fold->alerts, first.device)); /* the fix itself may come behind it */
    tick(fold, on(fold, 9, 15, 1));
    assert_false(alerts_is_locating(fold->alerts, first.device));
    assert_int_equal(
        order(fold, on(fold, 9, 16, 0), ACTION_DEVICE_LOCATE, NO_CONSENT_BAND, (struct action){0}), ERR_OK);
    assert_int_equal(fold->order.basis, ORDER_BASIS_LIFE_SAFETY);
    assert_true(alerts_is_locating(fold->alerts, first.device));
    fold_free(fold);
}

static void an_sos_that_is_closed_locates_nobody_any_more(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 5, 0), NO_CONSENT_BAND, SOS);
    uint32_t device = device_no(fold->world, NO_CONSENT_BAND);
    assert_true(alerts_is_locating(fold->alerts, device));
    struct subject subject = {.kind = SUBJECT_RESIDENT,
                              .no = registry_device(fold->world->registry, device)->resident};
    assert_int_equal(act(fold, on(fold, 9, 6, 0), subject,
                         (struct action){.kind = ACTION_CLOSE,
                                         .family = FAMILY_EMERGENCY,
                                         .disposition = DISPOSITION_FALSE}),
                     ERR_OK);
    assert_false(alerts_is_locating(fold->alerts, device));
    fold_free(fold);
}

static void who_wanders_is_watched_more_closely_for_a_bounded_time(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    charge(fold, on(fold, 9, 0, 0), 80);
    find_with(fold, on(fold, 9, 1, 0), "zone-exit");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, NULL), 0);
    find_with(fold, on(fold, 9, 2, 0), "wandering");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, "60/1800"), 1);
    assert_int_equal(fold->order.basis, ORDER_BASIS_DETECTOR);
    assert_string_equal(fold->order.by, "wandering");
    find_with(fold, on(fold, 9, 5, 0), "unusual-outing"); /* it is fast already */
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, NULL), 1);
    find_with(fold, on(fold, 9, 26, 0), "wandering"); /* its end is near */
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, "60/1800"), 2);
    event(fold, on(fold, 9, 30, 0), "wb-1", "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, "600/1"), 1);
    assert_string_equal(fold->order.why, "the person is at home");
    event(fold, on(fold, 9, 31, 0), "wb-1", "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, NULL), 3);
    fold_free(fold);
}

static void faster_reports_have_a_budget(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    fold->settings.fleet.faster_daily_max = 2;
    find_with(fold, on(fold, 9, 0, 0), "wandering"); /* its battery is not known */
    charge(fold, on(fold, 9, 1, 0), 29);
    find_with(fold, on(fold, 9, 2, 0), "wandering");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, NULL), 0);
    charge(fold, on(fold, 9, 3, 0), 30);
    for (int hour = 10; hour < 15; hour++)
        find_with(fold, on(fold, hour, 0, 0), "wandering");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, NULL), 2);
    find_with(fold, on(fold, 24 + 9, 0, 0), "wandering"); /* another day */
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, NULL), 3);
    fold->settings.fleet.faster_interval_s = 5; /* less than a device can */
    find_with(fold, on(fold, 24 + 10, 0, 0), "wandering");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, "10/1800"), 1);
    fold->settings.fleet.faster_daily_max = 48;
    fold->settings.fleet.faster_interval_s = 0;
    find_with(fold, on(fold, 24 + 11, 0, 0), "wandering");
    assert_int_equal(count_jobs(fold, 0, JOB_INTERVAL, ROLE_NONE, NULL), 4);
    fold_free(fold);
}

static void withdrawn_consent_takes_back_what_was_asked_under_it(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    uint32_t count = registry_count(fold->world->registry, REGISTRY_RESIDENT);
    uint8_t *lost = calloc(count, 1);
    assert_non_null(lost);
    assert_int_equal(order(fold, on(fold, 9, 0, 0), ACTION_DEVICE_LOCATE, "wb-1", (struct action){0}),
                     ERR_OK);
    lost[who(fold, "r-1").no] = CONSENT_BIT(CONSENT_LOCATION);
    alerts_on_withdrawal(fold->alerts, on(fold, 9, 1, 0), lost, count);
    assert_int_equal(fold->order.state, DELIVERY_CANCELLED);
    free(lost);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_done_once_and_tells_each_state),
        cmocka_unit_test(the_same_command_is_not_given_twice_and_an_unanswered_one_expires),
        cmocka_unit_test(what_a_device_cannot_do_is_refused_in_words),
        cmocka_unit_test(a_position_needs_consent_or_an_open_sos),
        cmocka_unit_test(an_sos_that_is_closed_locates_nobody_any_more),
        cmocka_unit_test(who_wanders_is_watched_more_closely_for_a_bounded_time),
        cmocka_unit_test(faster_reports_have_a_budget),
        cmocka_unit_test(withdrawn_consent_takes_back_what_was_asked_under_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
