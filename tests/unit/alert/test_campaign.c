/* Campaigns: who is spoken to and who is not, how fast, when; and that a kill at any moment doubles nothing.
 */
#include "fold.h"

static enum err order(struct fold *fold, int64_t t_ms, int64_t start_ms, int64_t end_ms, uint32_t per_minute)
{
    struct action action = {.kind = ACTION_CAMPAIGN,
                            .prompt = "anti-fraud-line",
                            .campaign = {.start_ms = start_ms, .end_ms = end_ms, .per_minute = per_minute}};
    snprintf(action.campaign.territory, sizeof action.campaign.territory, "%s",
             registry_territory(fold->world->registry, 0)->code);
    return act(fold, t_ms, (struct subject){0}, action);
}

static unsigned reached(const struct fold *fold, enum reach reach)
{
    unsigned count = 0;
    for (unsigned i = 0; i < sizeof fold->reach; i++)
        count += fold->reach[i] == reach;
    return count;
}

static void answer_all(struct fold *fold, int64_t t_ms, enum delivery_state state)
{
    for (unsigned i = 0; i < fold->job_count; i++)
        if (fold->jobs[i].kind == JOB_PROMPT)
            deliver(fold, t_ms, &fold->jobs[i], state);
}

static void everybody_who_may_hears_it_once_and_the_rest_is_told_apart(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(act(fold, on(fold, 8, 0, 0), who(fold, "r-1"),
                         (struct action){.kind = ACTION_STATUS, .status = STATUS_DECEASED}),
                     ERR_OK);
    live_set_status(fold->world->live, who(fold, "r-1").no, STATUS_DECEASED, 0);
    assert_int_equal(order(fold, on(fold, 8, 0, 0), on(fold, 9, 0, 0), on(fold, 11, 0, 0), 600), ERR_OK);
    tick(fold, on(fold, 8, 59, 59));
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), 0);
    tick(fold, on(fold, 9, 5, 0));
    unsigned sent = count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "anti-fraud-line");
    assert_true(sent > 0);
    assert_int_equal(fold->reach[who(fold, "r-1").no], REACH_DECEASED);
    assert_int_equal(reached(fold, REACH_SENT), sent);
    answer_all(fold, on(fold, 9, 6, 0), DELIVERY_PLAYED);
    assert_int_equal(reached(fold, REACH_HEARD), sent);
    assert_int_equal(fold->campaign.state, CAMPAIGN_DONE);
    answer_all(fold, on(fold, 9, 7, 0), DELIVERY_PLAYED);
    tick(fold, on(fold, 11, 0, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), sent);
    fold_free(fold);
}

static void whoever_withdraws_the_voice_consent_is_spoken_to_no_more(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    const uint32_t one = who(fold, "r-1").no,
                   count = registry_count(fold->world->registry, REGISTRY_RESIDENT);
    uint8_t *lost = calloc(count, 1);
    assert_non_null(lost);
    assert_int_equal(order(fold, on(fold, 8, 0, 0), on(fold, 9, 0, 0), on(fold, 11, 0, 0), 600), ERR_OK);
    tick(fold, on(fold, 9, 5, 0));
    unsigned sent = reached(fold, REACH_SENT);
    assert_int_equal(fold->reach[one], REACH_SENT);
    lost[one] = CONSENT_BIT(CONSENT_FAMILY);
    alerts_on_withdrawal(fold->alerts, on(fold, 9, 5, 30), lost, count);
    assert_int_equal(fold->reach[one], REACH_SENT);
    lost[one] = CONSENT_BIT(CONSENT_VOICE);
    alerts_on_withdrawal(fold->alerts, on(fold, 9, 6, 0), lost, count);
    assert_int_equal(fold->reach[one], REACH_NO_CONSENT);
    assert_int_equal(reached(fold, REACH_SENT), sent - 1);
    free(lost);
    fold_free(fold);
}

static void no_more_go_out_a_minute_than_ordered(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(order(fold, on(fold, 9, 0, 0), on(fold, 9, 0, 0), on(fold, 11, 0, 0), 1), ERR_OK);
    for (unsigned minute = 0; minute < 3; minute++) {
        tick(fold, on(fold, 9, (int)minute, 30));
        assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), minute + 1);
    }
    fold_free(fold);
}

static void nothing_begins_in_quiet_hours_or_expires_into_them(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(order(fold, on(fold, 11, 50, 0), on(fold, 11, 50, 0), on(fold, 18, 0, 0), 1), ERR_OK);
    tick(fold, on(fold, 14, 29, 59));
    for (unsigned i = 0; i < fold->job_count; i++) {
        assert_true(fold->jobs[i].t_ms < on(fold, 12, 0, 0));
        assert_true(fold->jobs[i].expires_ms <= on(fold, 12, 0, 0));
    }
    fold_free(fold);
    fold = fold_new();
    assert_int_equal(order(fold, on(fold, 12, 30, 0), on(fold, 12, 30, 0), on(fold, 18, 0, 0), 600), ERR_OK);
    tick(fold, on(fold, 14, 29, 59));
    assert_int_equal(fold->job_count, 0);
    tick(fold, on(fold, 14, 31, 0));
    assert_true(fold->job_count > 0);
    fold_free(fold);
}

static void who_has_heard_enough_today_has_another_turn_tomorrow(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    fold->settings.prompts_daily_max = 1;
    assert_int_equal(order(fold, on(fold, 9, 0, 0), on(fold, 9, 0, 0), on(fold, 10, 0, 0), 600), ERR_OK);
    tick(fold, on(fold, 9, 5, 0));
    unsigned first = count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL);
    answer_all(fold, on(fold, 9, 6, 0), DELIVERY_PLAYED);
    assert_int_equal(order(fold, on(fold, 10, 0, 0), on(fold, 10, 0, 0), on(fold, 48, 0, 0), 600), ERR_OK);
    tick(fold, on(fold, 20, 0, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), first);
    assert_true(reached(fold, REACH_LATER) > 0);
    tick(fold, on(fold, 24 + 7, 5, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), 2 * first);
    fold_free(fold);
}

static void a_failure_is_tried_on_the_other_device_once_and_nobody_heard_is_not_heard(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct subject r1 = who(fold, "r-1");
    struct action action = {.kind = ACTION_CAMPAIGN,
                            .prompt = "anti-fraud-line",
                            .campaign = {.start_ms = on(fold, 9, 0, 0),
                                         .end_ms = on(fold, 11, 0, 0),
                                         .per_minute = 60,
                                         .count = 1,
                                         .list = {r1.no}}};
    assert_int_equal(act(fold, on(fold, 9, 0, 0), (struct subject){0}, action), ERR_OK);
    tick(fold, on(fold, 9, 1, 0));
    assert_int_equal(fold->job_count, 1);
    struct job first = fold->jobs[0];
    assert_true(deliver(fold, on(fold, 9, 2, 0), &first, DELIVERY_FAILED));
    assert_int_equal(fold->job_count, 2);
    assert_int_not_equal(fold->jobs[1].device, first.device);
    tick(fold, on(fold, 9, 40, 0));
    assert_int_equal(fold->reach[r1.no], REACH_EXPIRED);
    assert_int_equal(fold->campaign.state, CAMPAIGN_DONE);
    fold_free(fold);
}

static void a_campaign_that_is_ended_takes_back_what_is_on_its_way(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(order(fold, on(fold, 9, 0, 0), on(fold, 9, 0, 0), on(fold, 11, 0, 0), 600), ERR_OK);
    tick(fold, on(fold, 9, 5, 0));
    unsigned sent = count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL);
    deliver(fold, on(fold, 9, 5, 1), &fold->jobs[0], DELIVERY_RECEIVED);
    struct action end = {.kind = ACTION_CAMPAIGN_END, .has_alert = 1, .alert = fold->campaign.id, .by = "li"};
    assert_int_equal(act(fold, on(fold, 9, 6, 0), (struct subject){0}, end), ERR_OK);
    assert_int_equal(fold->campaign.state, CAMPAIGN_CANCELLED);
    assert_string_equal(fold->campaign.ended_by, "li");
    assert_int_equal(reached(fold, REACH_CANCELLED), sent);
    assert_int_equal(count_jobs(fold, 0, JOB_HUSH, ROLE_NONE, NULL), 1);
    assert_int_equal(act(fold, on(fold, 9, 7, 0), (struct subject){0}, end), ERR_NOT_FOUND);
    fold_free(fold);
}

static void an_order_that_makes_no_sense_is_refused_in_words(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(order(fold, on(fold, 9, 0, 0), on(fold, 10, 0, 0), on(fold, 9, 30, 0), 1), ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "ends after its start"));
    assert_int_equal(order(fold, on(fold, 9, 0, 0), on(fold, 9, 0, 0), on(fold, 10, 0, 0), 0), ERR_INVALID);
    struct action all = {.kind = ACTION_CAMPAIGN,
                         .prompt = "anti-fraud-line",
                         .campaign = {.start_ms = 1, .end_ms = on(fold, 10, 0, 0), .per_minute = 1}};
    assert_int_equal(act(fold, on(fold, 9, 0, 0), (struct subject){0}, all), ERR_INVALID);
    assert_non_null(strstr(alerts_refusal(fold->alerts), "category, a territory or a list"));
    fold_free(fold);
}

/* ---- a kill ---- */

enum { ROWS_MAX = 512 };
struct row {
    char table[40];
    uint16_t version;
    uint32_t no;
    size_t len;
    unsigned char *value;
};
static struct row rows[ROWS_MAX];
static unsigned row_count;

static enum err keep_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    unsigned i = 0;
    (void)self;
    while (i < row_count && (strcmp(rows[i].table, table) != 0 || rows[i].no != no))
        i++;
    assert_true(i < ROWS_MAX);
    free(rows[i].value);
    row_count += i == row_count;
    snprintf(rows[i].table, sizeof rows[i].table, "%s", table);
    rows[i].version = version;
    rows[i].no = no;
    rows[i].len = len;
    rows[i].value = malloc(len ? len : 1);
    memcpy(rows[i].value, len ? value : "", len);
    return ERR_OK;
}

/* Only the alert stage dies: what is below stays as it was. */
static void restart(struct fold *fold)
{
    assert_int_equal(alerts_snapshot(fold->alerts, keep_row, NULL), ERR_OK);
    alerts_snapshot_done(fold->alerts);
    alerts_free(fold->alerts);
    fold_alerts(fold);
    for (unsigned i = row_count; i-- > 0;)
        assert_int_equal(alerts_restore(fold->alerts, rows[i].table, rows[i].version, rows[i].no,
                                        rows[i].value, rows[i].len),
                         ERR_OK);
}

static char *campaign_log(unsigned kill_after)
{
    struct fold *fold = fold_new();
    row_count = 0;
    memset(rows, 0, sizeof rows);
    assert_int_equal(order(fold, on(fold, 9, 0, 0), on(fold, 9, 1, 0), on(fold, 48, 0, 0), 2), ERR_OK);
    for (unsigned step = 0; step < 12; step++) {
        tick(fold, on(fold, 9, 1, (int)step * 20));
        if (fold->job_count > step)
            deliver(fold, on(fold, 9, 1, (int)step * 20 + 5), &fold->jobs[step],
                    step % 3 == 0   ? DELIVERY_FAILED
                    : step % 3 == 1 ? DELIVERY_PLAYED
                                    : DELIVERY_RECEIVED);
        if (step == kill_after)
            restart(fold);
    }
    tick(fold, on(fold, 47, 0, 0));
    char *log = strdup(buf_text(&fold->world->log));
    for (unsigned i = 0; i < row_count; i++)
        free(rows[i].value);
    fold_free(fold);
    return log;
}

static void a_kill_after_any_step_doubles_nothing_and_forgets_nobody(void **state)
{
    (void)state;
    char *whole = campaign_log(UINT32_MAX);
    assert_non_null(strstr(whole, "heard"));
    for (unsigned step = 0; step < 12; step++) {
        char *log = campaign_log(step);
        assert_string_equal(log, whole);
        free(log);
    }
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_who_may_hears_it_once_and_the_rest_is_told_apart),
        cmocka_unit_test(whoever_withdraws_the_voice_consent_is_spoken_to_no_more),
        cmocka_unit_test(no_more_go_out_a_minute_than_ordered),
        cmocka_unit_test(nothing_begins_in_quiet_hours_or_expires_into_them),
        cmocka_unit_test(who_has_heard_enough_today_has_another_turn_tomorrow),
        cmocka_unit_test(a_failure_is_tried_on_the_other_device_once_and_nobody_heard_is_not_heard),
        cmocka_unit_test(a_campaign_that_is_ended_takes_back_what_is_on_its_way),
        cmocka_unit_test(an_order_that_makes_no_sense_is_refused_in_words),
        cmocka_unit_test(a_kill_after_any_step_doubles_nothing_and_forgets_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
