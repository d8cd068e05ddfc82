/* Roll-outs: the states, the verdict, who is asked when, and what stops it. */
#include "fold.h"

enum { BANDS_MAX = 16 };
#define BANDS (bands_of(fold))
static const char *bands[BANDS_MAX];

/* Those that somebody wears, by number. */
static unsigned bands_of(const struct fold *fold)
{
    const struct registry *registry = fold->world->registry;
    unsigned count = 0;
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_DEVICE); no++) {
        const struct device *device = registry_device(registry, no);
        if (device->kind != DEVICE_WRISTBAND || device->resident == REGISTRY_NONE)
            continue;
        assert_true(count < BANDS_MAX);
        bands[count++] = device->id;
    }
    return count;
}

/* ---- pure ---- */

static void every_cell_of_the_states_is_as_written(void **state)
{
    (void)state;
    static const struct {
        enum rollout_state from;
        enum rollout_input input;
        enum rollout_state to;
    } allowed[] = {
        {ROLLOUT_NONE, ROLLOUT_START, ROLLOUT_RUNNING},    {ROLLOUT_DONE, ROLLOUT_START, ROLLOUT_RUNNING},
        {ROLLOUT_ABORTED, ROLLOUT_START, ROLLOUT_RUNNING}, {ROLLOUT_RUNNING, ROLLOUT_PAUSE, ROLLOUT_PAUSED},
        {ROLLOUT_RUNNING, ROLLOUT_ABORT, ROLLOUT_ABORTED}, {ROLLOUT_RUNNING, ROLLOUT_STOP, ROLLOUT_STOPPED},
        {ROLLOUT_RUNNING, ROLLOUT_FINISH, ROLLOUT_DONE},   {ROLLOUT_PAUSED, ROLLOUT_RESUME, ROLLOUT_RUNNING},
        {ROLLOUT_PAUSED, ROLLOUT_ABORT, ROLLOUT_ABORTED},  {ROLLOUT_STOPPED, ROLLOUT_RESUME, ROLLOUT_RUNNING},
        {ROLLOUT_STOPPED, ROLLOUT_ABORT, ROLLOUT_ABORTED},
    };
    for (unsigned from = 0; from < ROLLOUT_STATE_COUNT; from++)
        for (unsigned input = 0; input < ROLLOUT_INPUT_COUNT; input++) {
            enum rollout_state to = ROLLOUT_STATE_COUNT;
            for (unsigned i = 0; i < sizeof allowed / sizeof *allowed; i++)
                if (allowed[i].from == (enum rollout_state)from &&
                    allowed[i].input == (enum rollout_input)input)
                    to = allowed[i].to;
            assert_int_equal(rollout_next((enum rollout_state)from, (enum rollout_input)input), to);
        }
    assert_int_equal(rollout_next(ROLLOUT_STATE_COUNT, ROLLOUT_START), ROLLOUT_STATE_COUNT);
}

static void the_verdict_follows_the_counts(void **state)
{
    (void)state;
    const struct rollout_order order = {.acked_permille = 900, .trouble_permille = 50, .watch_s = 600};
    static const struct {
        struct rollout_counts counts;
        int64_t watched_s;
        enum rollout_verdict says;
    } rows[] = {
        {{.members = 10, .asked = 4, .pending = 4}, 0, ROLLOUT_SAYS_ASK},
        {{.members = 10, .asked = 10, .pending = 2, .acked = 8, .judged = 8}, 0, ROLLOUT_SAYS_WAIT},
        {{.members = 10, .asked = 10, .pending = 1, .acked = 9, .judged = 9}, 0, ROLLOUT_SAYS_WATCH},
        {{.members = 10, .asked = 10, .acked = 9, .judged = 9}, 599, ROLLOUT_SAYS_WATCH},
        {{.members = 10, .asked = 10, .acked = 9, .judged = 9}, 600, ROLLOUT_SAYS_PASS},
        {{.members = 10, .asked = 10, .acked = 8, .judged = 8}, 900, ROLLOUT_SAYS_UNANSWERED},
        {{.members = 10, .asked = 1, .refused = 1, .judged = 1, .troubled = 1}, 0, ROLLOUT_SAYS_TROUBLE},
        {{.members = 40, .asked = 20, .acked = 20, .judged = 20, .troubled = 1}, 0, ROLLOUT_SAYS_ASK},
        {{.members = 40, .asked = 20, .acked = 20, .judged = 20, .troubled = 2}, 0, ROLLOUT_SAYS_TROUBLE},
        /* The rest has as much: a dead mast is nobody's fault. */
        {{.members = 40,
          .asked = 20,
          .acked = 20,
          .judged = 20,
          .troubled = 2,
          .rest = 20,
          .rest_troubled = 2},
         0,
         ROLLOUT_SAYS_ASK},
        {{.members = 0}, 0, ROLLOUT_SAYS_PASS},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const enum rollout_verdict says = rollout_verdict(&order, &rows[i].counts, rows[i].watched_s);
        if (says != rows[i].says)
            print_error("row %u: %s\n", i, rollout_verdict_name(says));
        assert_int_equal(says, rows[i].says);
    }
}

static void stages_are_rising_percents(void **state)
{
    (void)state;
    static const char *const good[] = {"100", "1,10,50,100", "0.1,0.5,1,20.5", "50"};
    static const char *const bad[] = {"",     ",",  "0", "1,",   "10,10", "50,10",         "101",  "100.1",
                                      "1.55", "1.", "a", "1 ,2", "-1,5",  "1,2,3,4,5,6,7", "99999"};
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        struct rollout_order order = {0};
        char text[ROLLOUT_STAGES_TEXT];
        assert_true(rollout_stages_parse(good[i], &order));
        rollout_stages_text(&order, text);
        assert_string_equal(text, good[i]);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rollout_order order = rollout_order_default();
        const struct rollout_order before = order;
        if (rollout_stages_parse(bad[i], &order))
            print_error("taken: %s\n", bad[i]);
        assert_memory_equal(&order, &before, sizeof order);
    }
}

/* ---- in the fold ---- */

static enum err do_it(struct fold *fold, int64_t t_ms, enum action_kind kind, const char *stages)
{
    struct action action = {.kind = (uint8_t)kind, .note = "try it", .rollout = rollout_order_default()};
    action.rollout.interval_s = 900;
    action.rollout.watch_s = 600;
    if (stages)
        assert_true(rollout_stages_parse(stages, &action.rollout));
    return act(fold, t_ms, (struct subject){0}, action);
}

static void all_report(struct fold *fold, int64_t t_ms)
{
    for (unsigned i = 0; i < BANDS; i++)
        event(fold, t_ms, bands[i], "{\"heartbeat\":{\"battery_percent\":80,\"firmware\":\"v1\"}}");
}

/* Every interval job since `from` ends so. */
static unsigned answer(struct fold *fold, int64_t t_ms, unsigned from, enum delivery_state how)
{
    unsigned answered = 0, count = fold->job_count;
    for (unsigned i = from; i < count; i++) {
        const struct job job = fold->jobs[i];
        if (job.kind == JOB_INTERVAL)
            answered += deliver(fold, t_ms, &job, how);
    }
    return answered;
}

static unsigned asked(const struct fold *fold, unsigned from)
{
    return count_jobs(fold, from, JOB_INTERVAL, ROLE_NONE, "900/0");
}

static void stage_after_stage_each_device_is_asked_once(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    all_report(fold, on(fold, 9, 0, 0));
    assert_int_equal(do_it(fold, on(fold, 9, 0, 1), ACTION_ROLLOUT_START, "50,100"), ERR_OK);
    const unsigned first = asked(fold, 0);
    assert_int_equal(fold->rollout.state, ROLLOUT_RUNNING);
    assert_int_equal(fold->rollout.counts.members, first);
    assert_in_range(first, 1, BANDS - 1);
    assert_int_equal(fold->order.basis, ORDER_BASIS_ROLLOUT);
    assert_int_equal(answer(fold, on(fold, 9, 1, 0), 0, DELIVERY_PLAYED), first);
    /* Not before it was watched for ten minutes. */
    tick(fold, on(fold, 9, 10, 0));
    assert_int_equal(fold->rollout.stage, 0);
    assert_int_equal(asked(fold, 0), first);
    all_report(fold, on(fold, 9, 10, 1));
    tick(fold, on(fold, 9, 12, 30));
    assert_int_equal(fold->rollout.stage, 1);
    assert_int_equal(asked(fold, 0), BANDS);
    answer(fold, on(fold, 9, 13, 0), 0, DELIVERY_PLAYED);
    all_report(fold, on(fold, 9, 20, 0));
    tick(fold, on(fold, 9, 25, 0));
    assert_int_equal(fold->rollout.state, ROLLOUT_DONE);
    assert_int_equal(asked(fold, 0), BANDS);
    for (unsigned i = 0; i < fold->job_count; i++)
        for (unsigned j = 0; j < i; j++)
            assert_true(fold->jobs[i].kind != JOB_INTERVAL || fold->jobs[j].kind != JOB_INTERVAL ||
                        fold->jobs[i].device != fold->jobs[j].device);
    fold_free(fold);
}

static void a_refusal_stops_it_with_an_alert_and_a_person_may_go_on(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    all_report(fold, on(fold, 9, 0, 0));
    assert_int_equal(do_it(fold, on(fold, 9, 0, 1), ACTION_ROLLOUT_START, "50,100"), ERR_OK);
    const unsigned first = asked(fold, 0);
    const struct job job = *find_job_of(fold, JOB_INTERVAL, NULL);
    assert_true(deliver(fold, on(fold, 9, 0, 30), &job, DELIVERY_FAILED));
    tick(fold, on(fold, 9, 0, 31));
    assert_int_equal(fold->rollout.state, ROLLOUT_STOPPED);
    assert_int_equal(fold->rollout.verdict, ROLLOUT_SAYS_TROUBLE);
    assert_non_null(strstr(fold->rollout.why, "1 refused"));
    assert_transition(fold, TRANSITION_OPENED, LEVEL_YELLOW);
    assert_int_equal(fold->after[fold->transition_count - 1].subject.kind, SUBJECT_GATEWAY);
    answer(fold, on(fold, 9, 1, 0), 0, DELIVERY_PLAYED);
    tick(fold, on(fold, 9, 20, 0));
    assert_int_equal(asked(fold, 0), first); /* nobody more */
    /* Another one cannot begin meanwhile. */
    assert_int_equal(do_it(fold, on(fold, 9, 20, 1), ACTION_ROLLOUT_START, "100"), ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "under way"));
    all_report(fold, on(fold, 9, 20, 2));
    assert_int_equal(do_it(fold, on(fold, 9, 20, 3), ACTION_ROLLOUT_RESUME, NULL), ERR_OK);
    assert_int_equal(last_transition(fold)->kind, TRANSITION_CLEARED);
    tick(fold, on(fold, 9, 32, 0));
    assert_int_equal(asked(fold, 0), BANDS);
    answer(fold, on(fold, 9, 32, 1), 0, DELIVERY_PLAYED);
    all_report(fold, on(fold, 9, 40, 0));
    tick(fold, on(fold, 9, 45, 0));
    assert_int_equal(fold->rollout.state, ROLLOUT_DONE);
    assert_int_equal(fold->rollout.counts.acked, BANDS - 1);
    fold_free(fold);
}

static void who_took_it_and_fell_silent_is_trouble(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    all_report(fold, on(fold, 9, 0, 0));
    assert_int_equal(do_it(fold, on(fold, 9, 0, 1), ACTION_ROLLOUT_START, "50,100"), ERR_OK);
    answer(fold, on(fold, 9, 1, 0), 0, DELIVERY_PLAYED);
    /* Only those that were not asked go on reporting. */
    unsigned members = fold->job_count;
    for (int minute = 8; minute <= 9; minute++)
        for (unsigned i = 0; i < BANDS; i++) {
            bool is_asked = false;
            for (unsigned j = 0; j < members; j++)
                is_asked |= fold->jobs[j].kind == JOB_INTERVAL &&
                            fold->jobs[j].device == device_no(fold->world, bands[i]);
            if (!is_asked)
                event(fold, on(fold, 9, minute, 0), bands[i], "{\"heartbeat\":{\"battery_percent\":80}}");
        }
    fold->settings.repeat_silent_s = 0;
    assert_int_equal(do_it(fold, on(fold, 9, 9, 30), ACTION_ROLLOUT_PAUSE, NULL), ERR_OK);
    tick(fold, on(fold, 9, 26, 0)); /* 25 minutes without a word, the others 17 */
    assert_int_equal(do_it(fold, on(fold, 9, 26, 0), ACTION_ROLLOUT_RESUME, NULL), ERR_OK);
    assert_int_equal(fold->rollout.state, ROLLOUT_RUNNING); /* known by the one who resumed */
    fold_free(fold);

    fold = fold_new();
    all_report(fold, on(fold, 9, 0, 0));
    struct action slow = {.kind = ACTION_ROLLOUT_START, .note = "x", .rollout = rollout_order_default()};
    slow.rollout.interval_s = 900;
    slow.rollout.watch_s = 7200;
    assert_true(rollout_stages_parse("50,100", &slow.rollout));
    assert_int_equal(act(fold, on(fold, 9, 0, 1), (struct subject){0}, slow), ERR_OK);
    answer(fold, on(fold, 9, 1, 0), 0, DELIVERY_PLAYED);
    members = fold->job_count;
    for (int minute = 10; minute <= 40; minute += 10)
        for (unsigned i = 0; i < BANDS; i++) {
            bool is_asked = false;
            for (unsigned j = 0; j < members; j++)
                is_asked |= fold->jobs[j].kind == JOB_INTERVAL &&
                            fold->jobs[j].device == device_no(fold->world, bands[i]);
            if (!is_asked)
                event(fold, on(fold, 9, minute, 0), bands[i], "{\"heartbeat\":{\"battery_percent\":80}}");
        }
    tick(fold, on(fold, 9, 41, 0));
    assert_int_equal(fold->rollout.state, ROLLOUT_STOPPED);
    assert_int_equal(fold->rollout.counts.rest_troubled, 0);
    fold_free(fold);
}

static void without_answers_it_stops_after_a_day(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(do_it(fold, on(fold, 9, 0, 1), ACTION_ROLLOUT_START, "50,100"), ERR_OK);
    tick(fold, on(fold, 32, 59, 0));
    assert_int_equal(fold->rollout.state, ROLLOUT_RUNNING);
    tick(fold, on(fold, 33, 2, 0));
    assert_int_equal(fold->rollout.state, ROLLOUT_STOPPED);
    assert_int_equal(fold->rollout.verdict, ROLLOUT_SAYS_UNANSWERED);
    fold_free(fold);
}

static void so_many_a_minute_and_none_while_paused(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    all_report(fold, on(fold, 8, 59, 0));
    struct action action = {.kind = ACTION_ROLLOUT_START, .note = "x", .rollout = rollout_order_default()};
    action.rollout.interval_s = 900;
    action.rollout.per_minute = 2;
    assert_true(rollout_stages_parse("100", &action.rollout));
    assert_int_equal(act(fold, on(fold, 9, 0, 0), (struct subject){0}, action), ERR_OK);
    assert_int_equal(asked(fold, 0), 2);
    answer(fold, on(fold, 9, 0, 5), 0, DELIVERY_PLAYED);
    tick(fold, on(fold, 9, 0, 59));
    assert_int_equal(asked(fold, 0), 2);
    tick(fold, on(fold, 9, 1, 59));
    assert_int_equal(asked(fold, 0), 4);
    assert_int_equal(do_it(fold, on(fold, 9, 2, 0), ACTION_ROLLOUT_PAUSE, NULL), ERR_OK);
    tick(fold, on(fold, 9, 20, 0));
    assert_int_equal(asked(fold, 0), 4);
    assert_int_equal(do_it(fold, on(fold, 9, 20, 1), ACTION_ROLLOUT_RESUME, NULL), ERR_OK);
    assert_int_equal(asked(fold, 0), BANDS < 6 ? BANDS : 6);
    fold_free(fold);
}

static void abort_takes_back_what_is_under_way(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(do_it(fold, on(fold, 9, 0, 0), ACTION_ROLLOUT_ABORT, NULL), ERR_INVALID);
    assert_int_equal(do_it(fold, on(fold, 9, 0, 1), ACTION_ROLLOUT_START, "100"), ERR_OK);
    assert_int_equal(do_it(fold, on(fold, 9, 0, 2), ACTION_ROLLOUT_ABORT, NULL), ERR_OK);
    assert_int_equal(fold->order.state, DELIVERY_CANCELLED);
    assert_int_equal(fold->rollout.state, ROLLOUT_ABORTED);
    assert_int_equal(answer(fold, on(fold, 9, 1, 0), 0, DELIVERY_PLAYED), 0);
    tick(fold, on(fold, 10, 0, 0));
    assert_int_equal(asked(fold, 0), BANDS);
    /* And the next may begin: with every device anew. */
    assert_int_equal(do_it(fold, on(fold, 10, 0, 1), ACTION_ROLLOUT_START, "100"), ERR_OK);
    assert_int_equal(asked(fold, 0), 2 * BANDS);
    fold_free(fold);
}

static void the_audience_is_a_territory_and_a_firmware(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 0, 0), "wb-3", "{\"heartbeat\":{\"firmware\":\"v2\"}}");
    struct action action = {.kind = ACTION_ROLLOUT_START, .note = "x", .rollout = rollout_order_default()};
    action.rollout.interval_s = 900;
    assert_true(rollout_stages_parse("100", &action.rollout));
    snprintf(action.rollout.firmware, sizeof action.rollout.firmware, "v9");
    assert_int_equal(act(fold, on(fold, 9, 0, 1), (struct subject){0}, action), ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "no wristband"));
    snprintf(action.rollout.firmware, sizeof action.rollout.firmware, "v2");
    snprintf(action.rollout.territory, sizeof action.rollout.territory, "nowhere");
    assert_int_equal(act(fold, on(fold, 9, 0, 2), (struct subject){0}, action), ERR_INVALID);
    action.rollout.territory[0] = '\0';
    assert_int_equal(act(fold, on(fold, 9, 0, 3), (struct subject){0}, action), ERR_OK);
    assert_int_equal(asked(fold, 0), 1);
    assert_int_equal(find_job_of(fold, JOB_INTERVAL, NULL)->device, device_no(fold->world, "wb-3"));
    fold_free(fold);
}

/* ---- a restart ---- */

struct kept {
    char table[32];
    uint16_t version;
    uint32_t no;
    size_t len;
    unsigned char value[4096];
};
static struct kept kept[256];
static unsigned kept_count;

static enum err keep(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                     size_t len)
{
    (void)self;
    assert_true(kept_count < sizeof kept / sizeof *kept && len <= sizeof kept->value);
    struct kept *row = &kept[kept_count++];
    text_copy(row->table, sizeof row->table, table);
    row->version = version;
    row->no = no;
    row->len = len;
    if (len != 0)
        memcpy(row->value, value, len);
    return ERR_OK;
}

static void a_restart_goes_on_and_asks_nobody_twice(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    all_report(fold, on(fold, 9, 0, 0));
    assert_int_equal(do_it(fold, on(fold, 9, 0, 1), ACTION_ROLLOUT_START, "50,100"), ERR_OK);
    const unsigned first = asked(fold, 0), jobs = fold->job_count;
    kept_count = 0;
    assert_int_equal(alerts_snapshot(fold->alerts, keep, NULL), ERR_OK);
    alerts_free(fold->alerts);
    fold_alerts(fold);
    for (unsigned i = 0; i < kept_count; i++)
        assert_int_equal(alerts_restore(fold->alerts, kept[i].table, kept[i].version, kept[i].no,
                                        kept[i].value, kept[i].len),
                         ERR_OK);
    assert_int_equal(answer(fold, on(fold, 9, 1, 0), 0, DELIVERY_PLAYED), first);
    all_report(fold, on(fold, 9, 10, 0));
    tick(fold, on(fold, 9, 13, 0));
    assert_int_equal(asked(fold, jobs), BANDS - first);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_states_is_as_written),
        cmocka_unit_test(the_verdict_follows_the_counts),
        cmocka_unit_test(stages_are_rising_percents),
        cmocka_unit_test(stage_after_stage_each_device_is_asked_once),
        cmocka_unit_test(a_refusal_stops_it_with_an_alert_and_a_person_may_go_on),
        cmocka_unit_test(who_took_it_and_fell_silent_is_trouble),
        cmocka_unit_test(without_answers_it_stops_after_a_day),
        cmocka_unit_test(so_many_a_minute_and_none_while_paused),
        cmocka_unit_test(abort_takes_back_what_is_under_way),
        cmocka_unit_test(the_audience_is_a_territory_and_a_firmware),
        cmocka_unit_test(a_restart_goes_on_and_asks_nobody_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
