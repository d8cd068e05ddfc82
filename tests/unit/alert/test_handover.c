/* Handovers of shifts: two signatures, the list that is signed, and what follows when nobody signs. */
#include "fold.h"

#include "alert/alerts.h"

static const struct subject nobody = {.kind = SUBJECT_NONE};

/* A county desk of two people at once, who turn at eight. */
static struct fold *fold_with_desk(void)
{
    struct fold *fold = fold_new();
    struct roster_plan *desk = &fold->settings.rosters[0];
    struct roster_layer *layer = &desk->layers[0];
    snprintf(desk->name, sizeof desk->name, "desk");
    desk->role = ROLE_COUNTY_DESK;
    desk->layer_count = 1;
    layer->rotation = ROSTER_DAILY;
    layer->handover_minute = 8 * 60;
    snprintf(layer->start, sizeof layer->start, "2026-01-01");
    layer->at_once = 1;
    layer->member_count = 2;
    snprintf(layer->members[0], ID_SIZE, "p-county");
    snprintf(layer->members[1], ID_SIZE, "p-town");
    fold->settings.roster_count = 1;
    fold->settings.rules[0].steps[0] = (struct policy_step){.kind = STEP_NOTIFY, .roster = "desk"};
    fold->settings.rules[0].step_count = 1;
    return fold;
}

static struct action begin_desk(const char *by, const char *to)
{
    struct action action = {.kind = ACTION_HANDOVER_BEGIN, .family = FAMILY_COUNT};
    snprintf(action.roster.name, ID_SIZE, "desk");
    snprintf(action.by, ID_SIZE, "%s", by);
    snprintf(action.to, ID_SIZE, "%s", to);
    return action;
}

static struct action sign_list(const struct fold *fold, const char *by, unsigned list)
{
    struct action action = {
        .kind = ACTION_HANDOVER_SIGN, .family = FAMILY_COUNT, .has_alert = 1, .list = list};
    action.alert = fold->handover.id;
    snprintf(action.by, ID_SIZE, "%s", by);
    return action;
}

static unsigned on_duty(const struct fold *fold, const char **ret_first)
{
    const struct job *job = find_job_of(fold, JOB_NOTIFY, NULL);
    *ret_first = registry_responder(fold->world->registry, job->recipient)->id;
    return count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL);
}

#define assert_refused(fold, t_ms, action, words)                                                            \
    do {                                                                                                     \
        unsigned told_ = (fold)->handover_count;                                                             \
        assert_int_not_equal(act(fold, t_ms, nobody, action), ERR_OK);                                       \
        assert_non_null(strstr(alerts_refusal((fold)->alerts), words));                                      \
        assert_int_equal((fold)->handover_count, told_);                                                     \
    } while (0)

static void every_cell_of_the_table(void **state)
{
    (void)state;
    static const enum handover_state refused = HANDOVER_STATE_COUNT, none = HANDOVER_STATE_COUNT;
    const enum handover_state cells[HANDOVER_STATE_COUNT][HANDOVER_EVENT_COUNT] = {
        /* begun, renewed, overdue, signed, replaced */
        {none, HANDOVER_OPEN, HANDOVER_OVERDUE, HANDOVER_SIGNED, HANDOVER_REPLACED},
        {none, HANDOVER_OVERDUE, none, HANDOVER_SIGNED, none},
        {none, none, none, none, none},
        {none, none, none, none, none}};
    for (unsigned from = 0; from < HANDOVER_STATE_COUNT; from++) {
        for (unsigned event = 0; event < HANDOVER_EVENT_COUNT; event++) {
            enum handover_state next = refused;
            assert_int_equal(handover_next((enum handover_state)from, (enum handover_event_kind)event, &next),
                             cells[from][event] != refused);
            assert_int_equal(next, cells[from][event]);
        }
    }
    assert_string_equal(handover_state_name(HANDOVER_STATE_COUNT), "none");
    assert_string_equal(handover_event_name(HANDOVER_EVENT_COUNT), "none");
}

static void two_people_sign_and_only_what_they_saw(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    const int64_t t_ms = on(fold, 7, 0, 0);
    assert_int_equal(act(fold, t_ms, nobody, begin_desk("wang", "li")), ERR_OK);
    assert_int_equal(fold->handover.due_ms, on(fold, 8, 0, 0)); /* the roster's turn */
    assert_int_equal(fold->handover.outgoing_count, 1);
    assert_int_equal(fold->handover.counts[HANDED_ALERTS], 0);
    assert_refused(fold, t_ms + 1000, sign_list(fold, "wang", 1), "cannot sign");
    assert_refused(fold, t_ms + 1000, sign_list(fold, "zhao", 1), "only the person who was named");
    assert_refused(fold, t_ms + 1000, sign_list(fold, "li", 2), "not the newest list");
    assert_refused(fold, t_ms + 1000, begin_desk("zhao", "li"), "somebody else");
    /* What comes and what changes makes a new list; a status as well. */
    event(fold, t_ms + 2000, "wb-1", SOS);
    assert_int_equal(act(fold, t_ms + 3000, nobody, sign_list(fold, "li", 1)), ERR_OK);
    assert_int_equal(fold->handover.state, HANDOVER_OPEN);
    assert_int_equal(fold->handover.list, 2);
    assert_int_equal(fold->handover.since_ms, t_ms);
    assert_int_equal(fold->handover.counts[HANDED_ALERTS], 1);
    assert_string_equal(fold->handover_event.why, "1 came since the list was made");
    live_set_status(fold->world->live, who(fold, "r-3").no, STATUS_HOSPITAL, 0);
    assert_int_equal(act(fold, t_ms + 4000, nobody, sign_list(fold, "li", 2)), ERR_OK);
    assert_int_equal(fold->handover.list, 3);
    assert_int_equal(fold->handover.counts[HANDED_STATUSES], 1);
    assert_refused(fold, t_ms + 5000, sign_list(fold, "li", 2), "not the newest list");
    assert_int_equal(act(fold, t_ms + 5000, nobody, sign_list(fold, "li", 3)), ERR_OK);
    assert_int_equal(fold->handover.state, HANDOVER_SIGNED);
    assert_string_equal(fold->handover.signed_by, "li");
    assert_refused(fold, t_ms + 6000, sign_list(fold, "li", 3), "no such handover");
    /* Signed in time: nothing more happens. */
    unsigned told = fold->handover_count;
    tick(fold, on(fold, 9, 0, 0));
    assert_int_equal(fold->handover_count, told);
    fold_free(fold);
}

static void what_has_gone_is_no_reason_to_look_again(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    const int64_t t_ms = on(fold, 7, 0, 0);
    event(fold, t_ms, "wb-1", SOS);
    assert_int_equal(act(fold, t_ms + 60000, nobody, begin_desk("wang", "li")), ERR_OK);
    assert_int_equal(fold->handover.counts[HANDED_ALERTS], 1);
    struct action close = {.kind = ACTION_CLOSE, .family = FAMILY_COUNT, .disposition = DISPOSITION_EXPECTED};
    assert_int_equal(act(fold, t_ms + 61000, who(fold, "r-1"), close), ERR_OK);
    assert_int_equal(act(fold, t_ms + 62000, nobody, sign_list(fold, "li", 1)), ERR_OK);
    assert_int_equal(fold->handover.state, HANDOVER_SIGNED);
    assert_int_equal(fold->handover.counts[HANDED_ALERTS], 0);
    fold_free(fold);
}

static void the_outgoing_shift_stays_from_the_very_millisecond(void **state)
{
    (void)state;
    for (unsigned together = 1; together <= 2; together++) {
        const char *first;
        struct fold *fold = fold_with_desk();
        struct roster_layer *layer = &fold->settings.rosters[0].layers[0];
        layer->at_once = (uint8_t)together;
        layer->member_count = 3;
        snprintf(layer->members[2], ID_SIZE, "p-grid");
        const int64_t due_ms = on(fold, 8, 0, 0);
        assert_int_equal(act(fold, on(fold, 7, 0, 0), nobody, begin_desk("wang", "li")), ERR_OK);
        char stays[ROSTER_ON_MAX][ID_SIZE];
        memcpy(stays, fold->handover.outgoing, sizeof stays);
        assert_int_equal(fold->handover.outgoing_count, together);
        tick(fold, due_ms - 1);
        assert_int_equal(fold->handover.state, HANDOVER_OPEN);
        tick(fold, due_ms);
        assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
        assert_int_equal(fold->handover_event.t_ms, due_ms);
        assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
        assert_int_equal(alerts_open_count(fold->alerts), 1);
        unsigned before = count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL);
        event(fold, due_ms + 60000, "wb-1", SOS);
        assert_int_equal(on_duty(fold, &first) - before, together);
        assert_string_equal(first, stays[together - 1]);
        /* Who began it cannot begin anew, nor sign; anybody else may sign now. */
        assert_refused(fold, due_ms + 61000, begin_desk("wang", "li"), "signed first");
        assert_refused(fold, due_ms + 61000, sign_list(fold, "wang", 1), "cannot sign");
        assert_int_equal(act(fold, due_ms + 62000, nobody, sign_list(fold, "zhao", 1)), ERR_OK);
        assert_int_equal(fold->handover.list, 2);
        assert_int_equal(act(fold, due_ms + 63000, nobody, sign_list(fold, "zhao", 2)), ERR_OK);
        assert_int_equal(fold->handover.state, HANDOVER_SIGNED);
        event(fold, due_ms + 180000, "wb-1", SOS);
        on_duty(fold, &first);
        assert_string_not_equal(first, stays[together - 1]);
        fold_free(fold);
    }
}

static void a_role_in_a_territory_hands_over_too(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    const int64_t t_ms = on(fold, 7, 0, 0);
    fold->settings.rules[0].steps[0] = (struct policy_step){.kind = STEP_NOTIFY, .role = ROLE_COUNTY_DESK};
    fold->settings.rules[0].step_count = 1;
    struct action begin = begin_desk("p-town", "li");
    begin.roster.name[0] = 0;
    assert_refused(fold, t_ms, begin, "for a roster, or for a role");
    begin.role = ROLE_COUNTY_DESK;
    assert_refused(fold, t_ms, begin, "when the shift ends");
    begin.until_ms = t_ms + 3600000;
    assert_int_equal(act(fold, t_ms, nobody, begin), ERR_OK);
    struct hash_id first = fold->handover.id;
    assert_int_equal(act(fold, t_ms + 1000, nobody, begin), ERR_OK); /* begun anew */
    assert_memory_not_equal(&fold->handover.id, &first, sizeof first);
    tick(fold, begin.until_ms);
    assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
    unsigned before = fold->job_count;
    event(fold, begin.until_ms + 1000, "wb-1", SOS);
    /* Whoever is of the desk, and who went off as well. */
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 2);
    fold_free(fold);
}

static void what_cannot_be_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    const int64_t t_ms = on(fold, 7, 0, 0);
    struct action begin = begin_desk("wang", "wang");
    assert_refused(fold, t_ms, begin, "from one person to another");
    begin = begin_desk("wang", "li");
    snprintf(begin.roster.name, ID_SIZE, "night");
    assert_refused(fold, t_ms, begin, "no roster");
    begin = begin_desk("wang", "li");
    begin.until_ms = t_ms;
    assert_refused(fold, t_ms, begin, "when the shift ends");
    begin.until_ms = t_ms + HANDOVER_AHEAD_MAX_MS + 1;
    assert_refused(fold, t_ms, begin, "when the shift ends");
    begin.role = ROLE_TOWN_DESK;
    assert_refused(fold, t_ms, begin, "for a roster, or for a role");
    begin.roster.name[0] = 0;
    begin.role = ROLE_FAMILY;
    assert_refused(fold, t_ms, begin, "for a roster, or for a role");
    assert_refused(fold, t_ms, sign_list(fold, "li", 1), "no such handover");
    fold_free(fold);
}

/* --- Required --- */

static void require(struct fold *fold, int64_t t_ms)
{
    fold->settings.rosters[0].handover_required = 1;
    assert_int_equal(alerts_rebind(fold->alerts, fold->world->registry, &fold->settings), ERR_OK);
    alerts_on_input(fold->alerts, t_ms);
}

static void what_nobody_began_is_overdue_at_the_very_turn(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    const int64_t turn_ms = on(fold, 8, 0, 0);
    const char *first, *people[ROSTER_ON_MAX];
    const struct roster_view view = alerts_rosters(fold->alerts);
    assert_int_equal(roster_on(&view, &fold->settings.rosters[0], turn_ms - 1, people), 1);
    require(fold, on(fold, 7, 0, 0));
    tick(fold, turn_ms - 1);
    assert_int_equal(fold->handover_count, 0);
    tick(fold, turn_ms);
    assert_int_equal(fold->handover_count, 2); /* begun, overdue */
    assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
    assert_true(fold->handover.t_ms == turn_ms && fold->handover.due_ms == turn_ms);
    assert_string_equal(fold->handover.by, "policy");
    assert_string_equal(fold->handover.outgoing[0], people[0]);
    assert_string_not_equal(fold->handover.to, people[0]);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    assert_int_equal(alerts_open_count(fold->alerts), 1);
    event(fold, turn_ms + 60000, "wb-1", SOS);
    on_duty(fold, &first);
    assert_string_equal(first, people[0]);
    assert_refused(fold, turn_ms + 61000, begin_desk("wang", "li"), "signed first");
    assert_refused(fold, turn_ms + 61000, sign_list(fold, people[0], 1), "cannot sign");
    /* Signed the day after next: the turns until then were the outgoing shift's, the next one is not. */
    const int64_t late_ms = turn_ms + INT64_C(2) * 86400000 + 60000;
    tick(fold, late_ms);
    assert_int_equal(fold->handover_count, 2);
    assert_int_equal(act(fold, late_ms, nobody, sign_list(fold, "zhao", 1)), ERR_OK);
    assert_int_equal(act(fold, late_ms, nobody, sign_list(fold, "zhao", 2)), ERR_OK);
    assert_int_equal(fold->handover.state, HANDOVER_SIGNED);
    tick(fold, turn_ms + INT64_C(3) * 86400000 - 1);
    assert_int_equal(fold->handover.state, HANDOVER_SIGNED);
    tick(fold, turn_ms + INT64_C(3) * 86400000);
    assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
    assert_true(fold->handover.due_ms == turn_ms + INT64_C(3) * 86400000);
    fold_free(fold);
}

static void who_signed_in_time_is_asked_no_more_for_that_turn(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    require(fold, on(fold, 6, 0, 0));
    struct action begin = begin_desk("wang", "li");
    begin.until_ms = on(fold, 12, 0, 0); /* nobody puts it off */
    assert_int_equal(act(fold, on(fold, 7, 0, 0), nobody, begin), ERR_OK);
    assert_true(fold->handover.due_ms == on(fold, 8, 0, 0));
    assert_int_equal(act(fold, on(fold, 7, 1, 0), nobody, sign_list(fold, "li", 1)), ERR_OK);
    unsigned told = fold->handover_count;
    tick(fold, on(fold, 8, 0, 0) + 86400000 - 1);
    assert_int_equal(fold->handover_count, told);
    tick(fold, on(fold, 8, 0, 0) + 86400000);
    assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
    fold_free(fold);
}

static void a_turn_to_or_from_nobody_is_a_gap_and_no_handover(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    fold->settings.rosters[0].layers[0].from_minute = 8 * 60;
    fold->settings.rosters[0].layers[0].to_minute = 18 * 60;
    require(fold, on(fold, 7, 0, 0));
    tick(fold, on(fold, 7, 0, 0) + INT64_C(40) * 86400000);
    assert_int_equal(fold->handover_count, 0);
    fold_free(fold);
}

static void a_stand_in_moves_the_turn_that_is_asked_about(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    require(fold, on(fold, 6, 0, 0));
    struct action stands_in = begin_desk("wang", "p-grid");
    stands_in.kind = ACTION_ROSTER_OVERRIDE;
    stands_in.from_ms = on(fold, 7, 30, 0);
    stands_in.until_ms = on(fold, 9, 0, 0);
    snprintf(stands_in.note, sizeof stands_in.note, "ill");
    assert_int_equal(act(fold, on(fold, 6, 1, 0), nobody, stands_in), ERR_OK);
    tick(fold, on(fold, 7, 30, 0));
    assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
    assert_true(fold->handover.due_ms == on(fold, 7, 30, 0));
    assert_string_equal(fold->handover.to, "p-grid");
    fold_free(fold);
}

struct kept_shift {
    struct shift shift;
    unsigned count;
};

static enum err keep_shift(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                           size_t len)
{
    struct kept_shift *kept = self;
    (void)version;
    if (strcmp(table, "shift") != 0)
        return ERR_OK;
    assert_int_equal(no, 0);
    assert_int_equal(len, sizeof kept->shift);
    memcpy(&kept->shift, value, len);
    kept->count++;
    return ERR_OK;
}

static void a_turn_that_passed_while_the_gateway_was_down_is_seen_at_the_start(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    struct kept_shift kept = {.count = 0};
    require(fold, on(fold, 7, 0, 0));
    assert_int_equal(alerts_snapshot(fold->alerts, keep_shift, &kept), ERR_OK);
    assert_int_equal(kept.count, 1);
    alerts_snapshot_done(fold->alerts);
    assert_int_equal(alerts_snapshot(fold->alerts, keep_shift, &kept), ERR_OK);
    assert_int_equal(kept.count, 1);
    alerts_free(fold->alerts);
    fold_alerts(fold);
    assert_int_equal(alerts_restore(fold->alerts, "shift", 1, 0, &kept.shift, sizeof kept.shift), ERR_OK);
    assert_int_equal(alerts_restore(fold->alerts, "shift", 1, ROSTERS_MAX, &kept.shift, sizeof kept.shift),
                     ERR_CORRUPT);
    assert_int_equal(alerts_restore(fold->alerts, "shift", 1, 0, &kept.shift, 8), ERR_CORRUPT);
    tick(fold, on(fold, 8, 30, 0)); /* before any input */
    assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
    assert_true(fold->handover.due_ms == on(fold, 8, 0, 0));
    fold_free(fold);
}

/* --- Restart --- */

struct kept {
    struct handover handover;
    unsigned count;
};

static enum err keep(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                     size_t len)
{
    struct kept *kept = self;
    (void)version;
    if (strcmp(table, "handover") != 0)
        return ERR_OK;
    assert_int_equal(no, 0);
    assert_int_equal(len, sizeof kept->handover);
    memcpy(&kept->handover, value, len);
    kept->count++;
    return ERR_OK;
}

static void a_kill_before_the_shifts_end_forgets_nothing(void **state)
{
    (void)state;
    struct fold *fold = fold_with_desk();
    struct kept kept = {.count = 0};
    assert_int_equal(act(fold, on(fold, 7, 0, 0), nobody, begin_desk("wang", "li")), ERR_OK);
    assert_int_equal(alerts_snapshot(fold->alerts, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 1);
    alerts_snapshot_done(fold->alerts);
    assert_int_equal(alerts_snapshot(fold->alerts, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 1); /* only what changed */
    alerts_free(fold->alerts);
    fold_alerts(fold);
    assert_int_equal(alerts_restore(fold->alerts, "handover", 1, 0, &kept.handover, sizeof kept.handover),
                     ERR_OK);
    tick(fold, on(fold, 8, 0, 0));
    assert_int_equal(fold->handover.state, HANDOVER_OVERDUE);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    kept.handover.state = HANDOVER_STATE_COUNT;
    assert_int_equal(alerts_restore(fold->alerts, "handover", 1, 0, &kept.handover, sizeof kept.handover),
                     ERR_CORRUPT);
    kept.handover.state = HANDOVER_OPEN;
    assert_int_equal(
        alerts_restore(fold->alerts, "handover", 1, HANDOVERS_MAX, &kept.handover, sizeof kept.handover),
        ERR_CORRUPT);
    assert_int_equal(alerts_restore(fold->alerts, "handover", 1, 0, &kept.handover, 8), ERR_CORRUPT);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table),
        cmocka_unit_test(two_people_sign_and_only_what_they_saw),
        cmocka_unit_test(what_has_gone_is_no_reason_to_look_again),
        cmocka_unit_test(the_outgoing_shift_stays_from_the_very_millisecond),
        cmocka_unit_test(a_role_in_a_territory_hands_over_too),
        cmocka_unit_test(what_cannot_be_is_refused_with_a_reason),
        cmocka_unit_test(a_kill_before_the_shifts_end_forgets_nothing),
        cmocka_unit_test(what_nobody_began_is_overdue_at_the_very_turn),
        cmocka_unit_test(who_signed_in_time_is_asked_no_more_for_that_turn),
        cmocka_unit_test(a_turn_to_or_from_nobody_is_a_gap_and_no_handover),
        cmocka_unit_test(a_stand_in_moves_the_turn_that_is_asked_about),
        cmocka_unit_test(a_turn_that_passed_while_the_gateway_was_down_is_seen_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
