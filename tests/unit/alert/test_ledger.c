/* The ledger of clues: what opens an entry, what may be done to it, and that none is forgotten. */
#include "fold.h"

#define DAY_MS INT64_C(86400000)

static const struct ledger_entry *last_entry(const struct fold *fold)
{
    assert_true(fold->ledger_count > 0);
    return &fold->entries[fold->ledger_count - 1];
}

static const struct ledger_event *last_event(const struct fold *fold)
{
    assert_true(fold->ledger_count > 0);
    return &fold->ledger_events[fold->ledger_count - 1];
}

/* An alert of r-1, assigned to `to` ("" = nobody) and closed by desk-1 at 10:00. */
static void close_as(struct fold *fold, enum level level, enum disposition disposition, const char *to)
{
    struct action action = {.kind = ACTION_ASSIGN, .family = FAMILY_FRAUD};
    find(fold, on(fold, 9, 0, 0), FAMILY_FRAUD, level);
    snprintf(action.to, sizeof action.to, "%s", to);
    if (to[0])
        assert_int_equal(act(fold, on(fold, 9, 5, 0), who(fold, "r-1"), action), ERR_OK);
    action = (struct action){
        .kind = ACTION_CLOSE, .family = FAMILY_FRAUD, .disposition = (uint8_t)disposition, .note = "well"};
    assert_int_equal(act(fold, on(fold, 10, 0, 0), who(fold, "r-1"), action), ERR_OK);
}

static enum err do_ledger(struct fold *fold, int64_t t_ms, struct action action)
{
    action.family = FAMILY_COUNT;
    return act(fold, t_ms, who(fold, "r-1"), action);
}

static void what_was_true_or_transferred_opens_an_entry_and_nothing_else_does(void **state)
{
    (void)state;
    for (unsigned disposition = DISPOSITION_TRUE; disposition < DISPOSITION_COUNT; disposition++) {
        struct fold *fold = fold_new();
        close_as(fold, LEVEL_ORANGE, (enum disposition)disposition, "");
        bool kept = disposition == DISPOSITION_TRUE || disposition == DISPOSITION_TRANSFERRED;
        assert_int_equal(fold->ledger_count, kept);
        assert_int_equal(alerts_ledger_count(fold->alerts, 0), kept);
        if (kept) {
            const struct ledger_entry *entry = last_entry(fold);
            assert_memory_equal(&entry->alert, &last_transition(fold)->alert, sizeof entry->alert);
            assert_int_equal(entry->disposition, disposition);
            assert_string_equal(entry->responsible, "desk-1");
            assert_true(entry->due_ms == on(fold, 10, 0, 0) + 3 * DAY_MS);
            assert_string_equal(last_event(fold)->why, "well");
        }
        fold_free(fold);
    }
}

static void whose_alert_it_was_is_responsible_and_a_calm_one_has_more_time(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    close_as(fold, LEVEL_YELLOW, DISPOSITION_TRUE, "g-1");
    assert_string_equal(last_entry(fold)->responsible, "g-1");
    assert_true(last_entry(fold)->due_ms == on(fold, 10, 0, 0) + 14 * DAY_MS);
    fold_free(fold);
}

static void a_clue_is_handled_handed_over_and_closed(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    const struct ledger_entry *entry;
    close_as(fold, LEVEL_ORANGE, DISPOSITION_TRUE, "");
    assert_int_equal(do_ledger(fold, on(fold, 11, 0, 0), (struct action){.kind = ACTION_LEDGER_ASSIGN}),
                     ERR_INVALID);
    assert_int_equal(do_ledger(fold, on(fold, 11, 0, 0),
                               (struct action){.kind = ACTION_LEDGER_ASSIGN, .to = "g-1", .note = "yours"}),
                     ERR_OK);
    assert_string_equal(last_entry(fold)->responsible, "g-1");
    assert_string_equal(last_event(fold)->why, "g-1. yours");
    assert_int_equal(do_ledger(fold, on(fold, 11, 5, 0), (struct action){.kind = ACTION_LEDGER_HANDLE}),
                     ERR_INVALID);
    assert_string_equal(alerts_refusal(fold->alerts), "the note has to say what was done");
    assert_int_equal(do_ledger(fold, on(fold, 12, 0, 0),
                               (struct action){.kind = ACTION_LEDGER_HANDLE,
                                               .note = "talked with the family",
                                               .until_ms = on(fold, 12, 0, 0) + DAY_MS}),
                     ERR_OK);
    entry = last_entry(fold);
    assert_int_equal(entry->state, LEDGER_HANDLING);
    assert_int_equal(entry->steps, 1);
    assert_true(entry->due_ms == on(fold, 12, 0, 0) + DAY_MS);
    struct action transfer = {.kind = ACTION_LEDGER_TRANSFER, .from_ms = on(fold, 13, 0, 1)};
    assert_int_equal(do_ledger(fold, on(fold, 13, 0, 0), transfer), ERR_INVALID);
    snprintf(transfer.authority, sizeof transfer.authority, "county police");
    assert_int_equal(do_ledger(fold, on(fold, 13, 0, 0), transfer), ERR_INVALID); /* handed over tomorrow */
    transfer.from_ms = on(fold, 12, 30, 0);
    snprintf(transfer.receipt, sizeof transfer.receipt, "2026-17");
    assert_int_equal(do_ledger(fold, on(fold, 13, 0, 0), transfer), ERR_OK);
    entry = last_entry(fold);
    assert_int_equal(entry->state, LEDGER_TRANSFERRED);
    assert_true(entry->transferred_ms == on(fold, 12, 30, 0));
    assert_string_equal(last_event(fold)->why, "county police, 2026-17");
    assert_int_equal(do_ledger(fold, on(fold, 14, 0, 0), (struct action){.kind = ACTION_LEDGER_CLOSE}),
                     ERR_INVALID);
    assert_int_equal(
        do_ledger(fold, on(fold, 14, 0, 0),
                  (struct action){.kind = ACTION_LEDGER_CLOSE, .result = LEDGER_RESULT_PREVENTED}),
        ERR_OK);
    entry = last_entry(fold);
    assert_int_equal(entry->state, LEDGER_CLOSED);
    assert_int_equal(entry->result, LEDGER_RESULT_PREVENTED);
    assert_true(entry->closed_ms == on(fold, 14, 0, 0));
    assert_int_equal(alerts_ledger_count(fold->alerts, 0), 0);
    assert_null(alerts_find(fold->alerts, &entry->alert)); /* what it kept in memory may go */
    assert_int_equal(
        do_ledger(fold, on(fold, 15, 0, 0), (struct action){.kind = ACTION_LEDGER_HANDLE, .note = "x"}),
        ERR_NOT_FOUND);
    assert_int_equal(fold->ledger_count, 5);
    fold_free(fold);
}

static void an_overdue_clue_is_told_to_one_desk_after_another_ever_more_slowly(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    close_as(fold, LEVEL_ORANGE, DISPOSITION_TRUE, "g-1");
    const int64_t due_ms = last_entry(fold)->due_ms;
    static const struct {
        int days;
        enum role role;
    } expect[] = {{0, ROLE_TOWN_DESK}, {1, ROLE_COUNTY_DESK}, {3, ROLE_COUNTY_DESK}, {7, ROLE_COUNTY_DESK}};
    for (unsigned i = 0; i < sizeof expect / sizeof *expect; i++) {
        tick(fold, due_ms + expect[i].days * DAY_MS - 1);
        assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "clue"), i);
        tick(fold, due_ms + expect[i].days * DAY_MS);
        assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "clue"), i + 1);
        const struct job *job = find_job_of(fold, JOB_TASK, "clue");
        assert_int_equal(job->role, expect[i].role);
        assert_true(job->recipient == REGISTRY_NONE); /* g-1 is nobody the registry knows */
        assert_int_equal(last_event(fold)->kind, LEDGER_EVENT_OVERDUE);
        assert_true(last_entry(fold)->due_ms == due_ms);
    }
    assert_int_equal(alerts_ledger_count(fold->alerts, due_ms), 1);
    tick(fold, due_ms + 400 * DAY_MS); /* told so often, it is left to the lists */
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "clue"), LEDGER_TOLD_MAX);
    /* Somebody else, and more time: from the beginning. */
    const int64_t now_ms = due_ms + 400 * DAY_MS;
    assert_int_equal(
        do_ledger(fold, now_ms,
                  (struct action){.kind = ACTION_LEDGER_ASSIGN, .to = "g-1", .until_ms = now_ms + DAY_MS}),
        ERR_OK);
    tick(fold, now_ms + DAY_MS);
    assert_int_equal(find_job_of(fold, JOB_TASK, "clue")->role, ROLE_TOWN_DESK);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "clue"), LEDGER_TOLD_MAX + 1);
    assert_int_equal(do_ledger(fold, now_ms + 2 * DAY_MS,
                               (struct action){.kind = ACTION_LEDGER_CLOSE, .result = LEDGER_RESULT_LOSS}),
                     ERR_OK);
    for (unsigned i = 0, open; i < fold->job_count; i++) {
        open = fold->jobs[i].kind == JOB_TASK && strcmp(fold->jobs[i].prompt, "clue") == 0;
        for (unsigned j = 0; j < fold->delivery_count; j++)
            open = open &&
                   !(memcmp(&fold->deliveries[j].job.id, &fold->jobs[i].id, sizeof(struct hash_id)) == 0 &&
                     fold->deliveries[j].delivery.state == DELIVERY_DONE);
        assert_int_equal(open, 0); /* every telling ends with the entry */
    }
    fold_free(fold);
}

static void a_new_alert_of_the_same_case_does_not_touch_the_entry(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    close_as(fold, LEVEL_ORANGE, DISPOSITION_TRUE, "g-1");
    const int64_t due_ms = last_entry(fold)->due_ms;
    find(fold, on(fold, 11, 0, 0), FAMILY_FRAUD, LEVEL_ORANGE);
    assert_int_equal(
        act(fold, on(fold, 12, 0, 0), who(fold, "r-1"),
            (struct action){.kind = ACTION_CLOSE, .family = FAMILY_FRAUD, .disposition = DISPOSITION_FALSE}),
        ERR_OK);
    tick(fold, due_ms);
    assert_int_equal(last_event(fold)->kind, LEDGER_EVENT_OVERDUE);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "clue"), 1);
    fold_free(fold);
}

static unsigned count_told(const struct fold *fold, uint8_t step, const char *id)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fold->job_count; i++) {
        const struct job *job = &fold->jobs[i];
        count += job->kind == JOB_NOTIFY && job->step == step && job->recipient != REGISTRY_NONE &&
                 !job->recipient_is_contact &&
                 strcmp(registry_responder(fold->world->registry, job->recipient)->id, id) == 0;
    }
    return count;
}

static void who_becomes_responsible_by_another_s_word_is_told_and_again_when_it_is_overdue(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    close_as(fold, LEVEL_ORANGE, DISPOSITION_TRUE, "p-town");
    assert_int_equal(count_told(fold, LEDGER_STEP_ASSIGNED, "p-town"), 1);
    assert_int_equal(
        do_ledger(fold, on(fold, 11, 0, 0), (struct action){.kind = ACTION_LEDGER_ASSIGN, .to = "p-county"}),
        ERR_OK);
    assert_int_equal(count_told(fold, LEDGER_STEP_ASSIGNED, "p-county"), 1);
    /* Who takes it themselves knows. */
    assert_int_equal(do_ledger(fold, on(fold, 12, 0, 0),
                               (struct action){.kind = ACTION_LEDGER_ASSIGN, .to = "p-town", .by = "p-town"}),
                     ERR_OK);
    assert_int_equal(count_told(fold, LEDGER_STEP_ASSIGNED, "p-town"), 1);
    const int64_t due_ms = last_entry(fold)->due_ms;
    tick(fold, due_ms - 1);
    assert_int_equal(count_told(fold, LEDGER_STEP_OVERDUE, "p-town"), 0);
    tick(fold, due_ms);
    assert_int_equal(count_told(fold, LEDGER_STEP_OVERDUE, "p-town"), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "clue"), 1);
    tick(fold, due_ms + DAY_MS); /* then the desks, as a task */
    assert_int_equal(count_told(fold, LEDGER_STEP_OVERDUE, "p-town"), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "clue"), 2);
    fold_free(fold);
}

static void a_message_about_a_clue_that_fails_goes_by_the_next_way_and_then_to_the_desk(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct contact_rule *rule = &fold->settings.contacts[0];
    snprintf(rule->person, sizeof rule->person, "p-town");
    rule->channels[0] = (struct contact_channel){.way = WAY_SMS};
    rule->channels[1] = (struct contact_channel){.way = WAY_VOICE, .after_s = 60};
    rule->channels[2] = (struct contact_channel){.way = WAY_EMAIL, .after_s = 120};
    rule->channel_count = 3;
    fold->settings.contact_count = 1;
    fold->settings.ways = 1U << WAY_SMS | 1U << WAY_VOICE | 1U << WAY_EMAIL;
    close_as(fold, LEVEL_ORANGE, DISPOSITION_TRUE, "p-town");
    const struct job sms = *find_job_of(fold, JOB_NOTIFY, ":sms");
    assert_int_equal(sms.step, LEDGER_STEP_ASSIGNED);
    unsigned before = fold->job_count;
    assert_true(deliver(fold, on(fold, 10, 1, 0), &sms, DELIVERY_FAILED));
    assert_int_equal(fold->job_count, before + 1); /* never by a call */
    const struct job mail = fold->jobs[before];
    assert_string_equal(mail.prompt, ":email");
    assert_int_equal(mail.step, LEDGER_STEP_ASSIGNED);
    assert_int_equal(mail.recipient, sms.recipient);
    assert_true(deliver(fold, on(fold, 10, 2, 0), &mail, DELIVERY_FAILED));
    assert_int_equal(fold->job_count, before + 2);
    assert_int_equal(count_jobs(fold, before, JOB_TASK, ROLE_COUNTY_DESK, "nobody-reached"), 1);
    /* The next telling may fail as well, and that is a task of its own; of a closed entry nobody needs to
     * hear. */
    assert_int_equal(do_ledger(fold, on(fold, 11, 0, 0),
                               (struct action){.kind = ACTION_LEDGER_ASSIGN, .to = "p-town", .by = "desk-1"}),
                     ERR_OK);
    const struct job again = *find_job_of(fold, JOB_NOTIFY, ":sms");
    assert_memory_not_equal(&again.id, &sms.id, sizeof sms.id);
    assert_true(deliver(fold, on(fold, 11, 1, 0), &again, DELIVERY_FAILED));
    const struct job again_mail = *find_job_of(fold, JOB_NOTIFY, ":email");
    assert_true(deliver(fold, on(fold, 11, 2, 0), &again_mail, DELIVERY_FAILED));
    assert_int_equal(count_jobs(fold, before, JOB_TASK, ROLE_COUNTY_DESK, "nobody-reached"), 2);
    fold_free(fold);
}

static void of_device_alerts_only_what_somebody_may_have_done_is_a_clue(void **state)
{
    (void)state;
    static const struct {
        const char *detector;
        enum family family;
        unsigned kept;
    } cases[] = {{"flat", FAMILY_COVERAGE, 0},         {"tampered", FAMILY_COVERAGE, 1},
                 {"unworn", FAMILY_COVERAGE, 0},       {"distrusted", FAMILY_FLEET, 1},
                 {"distrusted-many", FAMILY_FLEET, 1}, {"upkeep", FAMILY_FLEET, 0}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fold *fold = fold_new();
        const int64_t t_ms = on(fold, 9, 0, 0);
        const struct finding finding = {.t_ms = t_ms,
                                        .at_ms = t_ms,
                                        .subject = who(fold, "r-1"),
                                        .resident = who(fold, "r-1").no,
                                        .household = REGISTRY_NONE,
                                        .zone = REGISTRY_NONE,
                                        .family = (uint8_t)cases[i].family,
                                        .level = LEVEL_YELLOW,
                                        .detector = (uint8_t)detector_find(cases[i].detector),
                                        .evidence_count = 1,
                                        .evidence = {{.device = device_no(fold->world, "wb-1"), .seq = 1}}};
        tick(fold, t_ms);
        alerts_on_finding(fold->alerts, t_ms, &finding);
        struct action close = {.kind = ACTION_CLOSE,
                               .family = (uint8_t)cases[i].family,
                               .disposition = DISPOSITION_TRUE,
                               .note = "x"};
        assert_int_equal(act(fold, on(fold, 10, 0, 0), who(fold, "r-1"), close), ERR_OK);
        assert_int_equal(fold->ledger_count, cases[i].kept);
        fold_free(fold);
    }
}

/* The whole table: what is not listed is refused. */
static void every_cell_of_the_entrys_life_is_as_it_is_written(void **state)
{
    (void)state;
    static const signed char expect[LEDGER_STATE_COUNT][LEDGER_EVENT_COUNT] = {
        /*                      opened assigned handled transferred overdue closed */
        [LEDGER_OPEN] = {-1, LEDGER_OPEN, LEDGER_HANDLING, LEDGER_TRANSFERRED, LEDGER_OPEN, LEDGER_CLOSED},
        [LEDGER_HANDLING] = {-1, LEDGER_HANDLING, LEDGER_HANDLING, LEDGER_TRANSFERRED, LEDGER_HANDLING,
                             LEDGER_CLOSED},
        [LEDGER_TRANSFERRED] = {-1, LEDGER_TRANSFERRED, LEDGER_TRANSFERRED, LEDGER_TRANSFERRED,
                                LEDGER_TRANSFERRED, LEDGER_CLOSED},
        [LEDGER_CLOSED] = {-1, -1, -1, -1, -1, -1},
    };
    for (unsigned from = 0; from < LEDGER_STATE_COUNT; from++) {
        assert_int_equal(ledger_state_from_name(ledger_state_name((enum ledger_state)from)), from);
        for (unsigned event = 0; event < LEDGER_EVENT_COUNT; event++) {
            enum ledger_state next = LEDGER_STATE_COUNT;
            bool allowed = ledger_next((enum ledger_state)from, (enum ledger_event_kind)event, &next);
            assert_int_equal(allowed, expect[from][event] >= 0);
            assert_int_equal(next, allowed ? (unsigned)expect[from][event] : LEDGER_STATE_COUNT);
        }
    }
    assert_int_equal(ledger_state_from_name("none"), LEDGER_STATE_COUNT);
    for (unsigned result = LEDGER_RESULT_NONE + 1; result < LEDGER_RESULT_COUNT; result++)
        assert_int_equal(ledger_result_from_name(ledger_result_name((enum ledger_result)result)), result);
}

static enum err count_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                          size_t len)
{
    struct alerts *into = self;
    return strncmp(table, "alert", 5) == 0 ? alerts_restore(into, table, version, no, value, len) : ERR_OK;
}

static void an_entry_comes_back_from_a_snapshot_with_its_timer(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    close_as(fold, LEVEL_ORANGE, DISPOSITION_TRUE, "g-1");
    const int64_t due_ms = last_entry(fold)->due_ms;
    struct alerts *before = fold->alerts;
    fold_alerts(fold); /* a fresh stage over the same timers */
    assert_int_equal(alerts_snapshot(before, count_row, fold->alerts), ERR_OK);
    alerts_free(before);
    assert_int_equal(alerts_ledger_count(fold->alerts, 0), 1);
    tick(fold, due_ms - 1);
    assert_int_equal(fold->ledger_count, 1);
    tick(fold, due_ms);
    assert_int_equal(last_event(fold)->kind, LEDGER_EVENT_OVERDUE);
    /* What no version of ours wrote is refused. */
    struct ledger_entry bad = *last_entry(fold);
    bad.state = LEDGER_CLOSED;
    assert_int_equal(alerts_restore(fold->alerts, "alert_ledger", 1, 7, &bad, sizeof bad), ERR_CORRUPT);
    assert_int_equal(alerts_restore(fold->alerts, "alert_ledger", 1, 7, &bad, sizeof bad - 1), ERR_CORRUPT);
    assert_int_equal(alerts_restore(fold->alerts, "alert_ledger", 2, 7, &bad, sizeof bad), ERR_UNSUPPORTED);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_true_or_transferred_opens_an_entry_and_nothing_else_does),
        cmocka_unit_test(whose_alert_it_was_is_responsible_and_a_calm_one_has_more_time),
        cmocka_unit_test(a_clue_is_handled_handed_over_and_closed),
        cmocka_unit_test(an_overdue_clue_is_told_to_one_desk_after_another_ever_more_slowly),
        cmocka_unit_test(who_becomes_responsible_by_another_s_word_is_told_and_again_when_it_is_overdue),
        cmocka_unit_test(a_message_about_a_clue_that_fails_goes_by_the_next_way_and_then_to_the_desk),
        cmocka_unit_test(of_device_alerts_only_what_somebody_may_have_done_is_a_clue),
        cmocka_unit_test(a_new_alert_of_the_same_case_does_not_touch_the_entry),
        cmocka_unit_test(every_cell_of_the_entrys_life_is_as_it_is_written),
        cmocka_unit_test(an_entry_comes_back_from_a_snapshot_with_its_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
