#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "timeline.h"

struct bench {
    struct tz *tz;
    struct registry *registry;
    struct timeline *timeline;
    struct timeline_line *line;
    char why[TIMELINE_WHY];
};

static int open_bench(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct buf errors;
    buf_init(&errors, 1 << 16);
    assert_non_null(bench);
    assert_int_equal(tz_load("Asia/Shanghai", &bench->tz), ERR_OK);
    assert_int_equal(registry_load(HUYANG_TEST_DATA "/scenario/registry/village", bench->tz, NULL, &errors,
                                   &bench->registry),
                     ERR_OK);
    assert_int_equal(timeline_new(bench->registry, bench->tz, &bench->timeline), ERR_OK);
    bench->line = calloc(1, sizeof(*bench->line));
    assert_non_null(bench->line);
    buf_release(&errors);
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    timeline_free(bench->timeline);
    registry_free(bench->registry);
    tz_free(bench->tz);
    free(bench->line);
    free(bench);
    return 0;
}

static enum err parse(struct bench *bench, const char *text)
{
    bench->why[0] = '\0';
    return timeline_parse(bench->timeline, text, strlen(text), bench->line, bench->why);
}

#define T "{\"t\":\"2026-03-03T09:00:00+08:00\","

static void a_report_counts_its_own_numbers_per_device_and_lane(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(parse(bench, T "\"device\":\"wb-0001\",\"event\":{\"heartbeat\":{}}}"), ERR_OK);
    assert_int_equal(bench->line->what, TIMELINE_REPORT);
    assert_int_equal(bench->line->input.report.lane, LANE_ROUTINE);
    assert_int_equal(bench->line->events[0].key.seq, 1);
    assert_int_equal(parse(bench, T "\"device\":\"wb-0001\",\"event\":{\"sos\":{}}}"), ERR_OK);
    assert_int_equal(bench->line->input.report.lane, LANE_URGENT);
    assert_int_equal(bench->line->events[0].key.seq, 1);
    assert_int_equal(parse(bench, T "\"device\":\"wb-0001\",\"event\":{\"heartbeat\":{}}}"), ERR_OK);
    assert_int_equal(bench->line->events[0].key.seq, 2);
}

static void a_report_with_one_urgent_event_is_urgent_as_a_whole(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(
        parse(bench,
              T "\"device\":\"wb-0001\",\"events\":[{\"heartbeat\":{\"battery_percent\":4}},{\"sos\":{}}]}"),
        ERR_OK);
    assert_int_equal(bench->line->input.report.count, 2);
    assert_int_equal(bench->line->events[0].key.lane, LANE_URGENT);
    assert_int_equal(bench->line->events[0].report, bench->line->events[1].report);
}

static void the_journals_own_numbers_are_taken_over(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(parse(bench, T "\"device\":\"wb-0001\",\"lane\":\"urgent\",\"epoch\":77,\"seq\":5,"
                                    "\"seqs\":[5,9],\"reports\":[3,3],"
                                    "\"events\":[{\"sos\":{}},{\"fall\":{}}]}"),
                     ERR_OK);
    assert_int_equal(bench->line->events[0].key.epoch, 77);
    assert_int_equal(bench->line->events[1].key.seq, 9);
    assert_int_equal(bench->line->events[1].report, 3);
}

static void an_events_own_time_is_kept_apart_from_its_arrival(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(
        parse(bench, T "\"device\":\"wb-0001\",\"event\":{\"sos\":{},\"at\":\"2026-03-03T08:20:00+08:00\"}}"),
        ERR_OK);
    assert_int_equal(bench->line->t_ms - bench->line->events[0].at_ms, 40 * 60000);
}

static void actions_name_an_alert_or_a_subject(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(parse(bench, T "\"action\":{\"acknowledge\":{\"alert\":"
                                    "\"00112233445566778899aabbccddeeff\",\"by\":\"desk-1\"}}}"),
                     ERR_OK);
    assert_int_equal(bench->line->input.kind, INPUT_ACTION);
    assert_int_equal(bench->line->input.action.has_alert, 1);
    assert_string_equal(bench->line->input.action.by, "desk-1");
    assert_int_equal(parse(bench, T "\"action\":{\"close\":{\"resident\":\"r-0001\",\"family\":\"emergency\","
                                    "\"disposition\":\"false\",\"by\":\"x\"}}}"),
                     ERR_OK);
    assert_int_equal(bench->line->input.action.family, FAMILY_EMERGENCY);
    assert_int_equal(bench->line->input.action.disposition, DISPOSITION_FALSE);
    assert_int_equal(
        parse(bench,
              T "\"action\":{\"call\":{\"resident\":\"r-0001\",\"outcome\":\"no_answer\",\"by\":\"x\"}}}"),
        ERR_OK);
    assert_int_equal(bench->line->input.action.outcome, OUTCOME_NO_ANSWER);
    assert_int_equal(parse(bench, T "\"action\":{\"status\":{\"resident\":\"r-0001\",\"status\":\"hospital\","
                                    "\"until\":\"2026-04-01T00:00:00+08:00\",\"by\":\"x\"}}}"),
                     ERR_OK);
    assert_int_equal(bench->line->input.action.status, STATUS_HOSPITAL);
}

static void relay_results_name_a_job_or_a_kind(void **state)
{
    static const char by_id[] = T "\"relay_result\":{\"relay\":\"00112233445566778899aabbccddeeff\","
                                  "\"state\":\"rejected\",\"reason\":\"bad address\"}}";
    static const char by_kind[] = T "\"relay_result\":{\"relay\":\"prompt\",\"state\":\"failed\"}}";
    struct bench *bench = *state;
    struct hash_id job;
    enum job_kind kind;
    assert_int_equal(parse(bench, by_id), ERR_OK);
    assert_int_equal(bench->line->what, TIMELINE_INPUT);
    assert_int_equal(bench->line->input.delivery.state, DELIVERY_REJECTED);
    assert_true(timeline_names_relay(by_id, strlen(by_id), &job, &kind));
    assert_int_equal(kind, JOB_KIND_COUNT);
    assert_int_equal(parse(bench, by_kind), ERR_OK);
    assert_int_equal(bench->line->what, TIMELINE_KIND_RESULT);
    assert_int_equal(bench->line->relay_kind, JOB_PROMPT);
    assert_true(timeline_names_relay(by_kind, strlen(by_kind), &job, &kind));
    assert_int_equal(kind, JOB_PROMPT);
    assert_false(timeline_names_relay("{}", 2, &job, &kind));
}

static void what_intake_noticed_is_a_line(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(parse(bench,
                           T "\"conduct\":{\"device\":\"wb-0001\",\"kind\":\"replay\",\"count\":25,"
                             "\"epoch\":3,\"lane\":\"urgent\",\"since\":\"2026-03-01T09:00:00+08:00\"}}"),
                     ERR_OK);
    const struct input *input = &bench->line->input;
    assert_int_equal(input->kind, INPUT_CONDUCT);
    assert_int_equal(input->conduct.kind, CONDUCT_REPLAY);
    assert_int_equal(input->conduct.count, 25);
    assert_int_equal(input->conduct.lane, LANE_URGENT);
    assert_true(input->conduct.since_ms < input->t_ms);
    assert_int_equal(parse(bench, T "\"conduct\":{\"device\":\"wb-0001\",\"kind\":\"flood\",\"count\":0}}"),
                     ERR_INVALID);
    assert_int_equal(parse(bench, T "\"conduct\":{\"device\":\"wb-0001\",\"kind\":\"lies\",\"count\":1}}"),
                     ERR_INVALID);
    assert_int_equal(parse(bench, T "\"conduct\":{\"device\":\"nobody\",\"kind\":\"flood\",\"count\":1}}"),
                     ERR_INVALID);
}

static void blank_lines_are_nothing(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(parse(bench, ""), ERR_OK);
    assert_int_equal(bench->line->what, TIMELINE_BLANK);
    assert_int_equal(parse(bench, " \t\r"), ERR_OK);
    assert_int_equal(bench->line->what, TIMELINE_BLANK);
}

static void every_bad_line_says_what_is_wrong(void **state)
{
    static const struct {
        const char *line, *why;
    } cases[] = {
        {"{", "not JSON"},
        {"[]", "a JSON object is expected"},
        {"{}", "t: an ISO 8601 time is missing"},
        {"{\"t\":\"yesterday\"}", "t: 'yesterday' is not an ISO 8601 time"},
        {"{\"t\":\"2026-03-03T09:00:00\",\"device\":\"wb-0001\",\"event\":{\"sos\":{}}}",
         "not an ISO 8601 time with an offset"},
        {T "\"event\":{\"sos\":{}}}", "device: a device id is expected"},
        {T "\"device\":\"nobody\",\"event\":{\"sos\":{}}}", "device: 'nobody' is not in the registry"},
        {T "\"device\":\"wb-0001\"}", "either \"event\" or \"events\" is expected"},
        {T "\"device\":\"wb-0001\",\"event\":{\"sos\":{}},\"events\":[]}",
         "either \"event\" or \"events\" is expected"},
        {T "\"device\":\"wb-0001\",\"events\":[]}", "events: 1 to 64"},
        {T "\"device\":\"wb-0001\",\"events\":{}}", "events: a list is expected"},
        {T "\"device\":\"wb-0001\",\"event\":{\"dance\":{}}}", "dance"},
        {T "\"device\":\"wb-0001\",\"event\":{\"fix\":{\"lat\":91,\"lon\":0}}}", "lat"},
        {T "\"device\":\"wb-0001\",\"event\":{\"sos\":{}},\"colour\":1}", "unknown member 'colour'"},
        {T "\"device\":\"wb-0001\",\"lane\":\"fast\",\"event\":{\"sos\":{}}}", "lane"},
        {T "\"device\":\"wb-0001\",\"seq\":0,\"event\":{\"sos\":{}}}", "seq"},
        {T "\"device\":\"wb-0001\",\"seqs\":[1,2],\"event\":{\"sos\":{}}}", "seqs"},
        {T "\"action\":{}}", "exactly one action"},
        {T "\"action\":{\"dance\":{}}}", "unknown action 'dance'"},
        {T "\"action\":{\"acknowledge\":{\"alert\":\"7\"}}}", "is not an alert id"},
        {T "\"action\":{\"acknowledge\":{\"resident\":\"r-none\"}}}", "is not in the registry"},
        {T "\"action\":{\"acknowledge\":{\"resident\":\"r-0001\",\"family\":\"weather\"}}}",
         "unknown family"},
        {T "\"action\":{\"acknowledge\":{\"by\":\"x\"}}}", "a subject"},
        {T "\"action\":{\"close\":{\"resident\":\"r-0001\"}}}", "disposition"},
        {T "\"action\":{\"call\":{\"resident\":\"r-0001\",\"outcome\":\"maybe\"}}}", "outcome 'maybe'"},
        {T "\"relay_result\":{\"relay\":\"pigeon\",\"state\":\"failed\"}}", "relay_result"},
        {T "\"relay_result\":{\"relay\":\"prompt\",\"state\":\"lost\"}}", "unknown state 'lost'"},
        {T "\"link\":{\"device\":\"wb-0001\"}}", "link"},
        {T "\"broker\":{}}", "broker"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (parse(bench, cases[i].line) != ERR_INVALID)
            fail_msg("accepted: %s", cases[i].line);
        if (strstr(bench->why, cases[i].why) == NULL)
            fail_msg("%s: '%s' lacks '%s'", cases[i].line, bench->why, cases[i].why);
    }
}

/* Of each kind of action one field that is wrong in its own way, and the word that names it. */
static void a_malformed_action_of_any_kind_names_the_field(void **state)
{
#define WHO "\"resident\":\"r-0001\""
#define LONG                                                                                                 \
    "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                                      \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"   \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""
    static const struct {
        const char *body, *why;
    } cases[ACTION_KIND_COUNT] = {
        [ACTION_ACKNOWLEDGE] = {"\"alert\":\"7\"", "alert '7'"},
        [ACTION_CLOSE] = {WHO ",\"disposition\":\"bored\"", "disposition 'bored'"},
        [ACTION_CALL] = {WHO ",\"outcome\":\"maybe\"", "outcome 'maybe'"},
        [ACTION_COMMENT] = {WHO ",\"note\":7", "note: a text"},
        [ACTION_STATUS] = {WHO ",\"status\":\"asleep\"", "status 'asleep'"},
        [ACTION_SILENCE] = {WHO ",\"until\":\"noon\"", "until: 'noon'"},
        [ACTION_UNSILENCE] = {"\"alert\":\"\"", "alert ''"},
        [ACTION_ANNOUNCE] = {"\"territory\":\"990001\",\"announced\":\"war\"", "announced 'war'"},
        [ACTION_UNANNOUNCE] = {"\"territory\":\"1\"", "territory '1'"},
        [ACTION_TASK_ASSIGN] = {WHO ",\"to\":" LONG, "to is longer"},
        [ACTION_TASK_ACCEPT] = {WHO ",\"task\":\"dance\"", "task 'dance'"},
        [ACTION_TASK_ARRIVE] = {WHO ",\"by\":" LONG, "by is longer"},
        [ACTION_TASK_FINISH] = {WHO ",\"outcome\":\"\"", "outcome ''"},
        [ACTION_ASSIGN] = {WHO ",\"to\":[]", "to: a text"},
        [ACTION_SNOOZE] = {WHO ",\"until\":5", "until"},
        [ACTION_SPEAK] = {WHO ",\"through\":\"radio\"", "through: 'radio'"},
        [ACTION_HUSH] = {WHO ",\"family\":\"weather\"", "family 'weather'"},
        [ACTION_CAMPAIGN] = {"\"start\":\"2026-03-03T09:00:00+08:00\",\"end\":\"2026-03-04T09:00:00+08:00\","
                             "\"per_minute\":0",
                             "per_minute"},
        [ACTION_CAMPAIGN_END] = {"\"alert\":\"x\"", "alert 'x'"},
        [ACTION_LEDGER_ASSIGN] = {WHO ",\"to\":" LONG, "to is longer"},
        [ACTION_LEDGER_HANDLE] = {WHO ",\"until\":\"soon\"", "until: 'soon'"},
        [ACTION_LEDGER_TRANSFER] = {WHO ",\"authority\":" LONG, "authority is longer"},
        [ACTION_LEDGER_CLOSE] = {WHO ",\"result\":\"well\"", "result 'well'"},
        [ACTION_DEVICE_LOCATE] = {"\"device\":\"wb-9999\"", "device 'wb-9999'"},
        [ACTION_DEVICE_INTERVAL] = {"\"device\":\"wb-0001\",\"interval_s\":1", "interval_s"},
        [ACTION_DEVICE_RESTART] = {"\"device\":\"wb-0001\",\"volts\":5", "volts"},
        [ACTION_ROSTER_OVERRIDE] = {"\"to\":\"x\"", "roster"},
        [ACTION_ROSTER_SWAP] = {"\"roster\":\"a\",\"back_from\":\"noon\"", "back_from: 'noon'"},
        [ACTION_ROSTER_CANCEL] = {"\"alert\":\"zz\"", "alert 'zz'"},
        [ACTION_TEST_WINDOW] = {"\"device\":\"wb-9999\"", "device 'wb-9999'"},
        [ACTION_ROLLOUT_START] = {"\"interval_s\":900,\"stages\":\"50,10\"", "stages"},
        [ACTION_ROLLOUT_PAUSE] = {"\"note\":7", "note: a text"},
        [ACTION_ROLLOUT_RESUME] = {"\"by\":" LONG, "by is longer"},
        [ACTION_ROLLOUT_ABORT] = {"\"volts\":5", "volts"},
        [ACTION_HANDOVER_BEGIN] = {"\"role\":\"king\"", "role 'king'"},
        [ACTION_HANDOVER_SIGN] = {"\"list\":0", "list"},
        [ACTION_POLICE] = {WHO ",\"state\":\"asleep\"", "state 'asleep'"},
    };
    struct bench *bench = *state;
    char line[1024];
    for (unsigned kind = ACTION_NONE + 1; kind < ACTION_KIND_COUNT; kind++) {
        const char *name = action_name((enum action_kind)kind);
        if (cases[kind].body == NULL)
            fail_msg("no malformed %s stands here", name);
        snprintf(line, sizeof(line), T "\"action\":{\"%s\":{%s}}}", name, cases[kind].body);
        if (parse(bench, line) != ERR_INVALID)
            fail_msg("accepted: %s", line);
        if (strstr(bench->why, cases[kind].why) == NULL)
            fail_msg("%s: '%s' lacks '%s'", line, bench->why, cases[kind].why);
    }
#undef LONG
#undef WHO
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_report_counts_its_own_numbers_per_device_and_lane, open_bench,
                                        close_bench),
        cmocka_unit_test_setup_teardown(a_report_with_one_urgent_event_is_urgent_as_a_whole, open_bench,
                                        close_bench),
        cmocka_unit_test_setup_teardown(the_journals_own_numbers_are_taken_over, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(an_events_own_time_is_kept_apart_from_its_arrival, open_bench,
                                        close_bench),
        cmocka_unit_test_setup_teardown(a_malformed_action_of_any_kind_names_the_field, open_bench,
                                        close_bench),
        cmocka_unit_test_setup_teardown(actions_name_an_alert_or_a_subject, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(relay_results_name_a_job_or_a_kind, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(what_intake_noticed_is_a_line, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(blank_lines_are_nothing, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(every_bad_line_says_what_is_wrong, open_bench, close_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
