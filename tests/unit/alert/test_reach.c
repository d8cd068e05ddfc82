/* By which ways people are told, and who is next when nobody takes it. */
#include "fold.h"

#include "alert/alerts.h"

static int setup(void **state)
{
    struct fold *fold = fold_new();
    fold->settings.ways = 1U << WAY_SMS | 1U << WAY_VOICE | 1U << WAY_EMAIL;
    *state = fold;
    return 0;
}

static int teardown(void **state)
{
    fold_free(*state);
    return 0;
}

/* The newest job to that contact by that way. */
static const struct job *job_to(const struct fold *fold, const char *contact, const char *receiver)
{
    uint32_t no = registry_find(fold->world->registry, REGISTRY_CONTACT, contact);
    assert_int_not_equal(no, REGISTRY_NONE);
    for (unsigned i = fold->job_count; i-- > 0;) {
        const struct job *job = &fold->jobs[i];
        if (job->kind == JOB_NOTIFY && job->recipient_is_contact && job->recipient == no &&
            strcmp(job->prompt, receiver) == 0)
            return job;
    }
    return NULL;
}

static void a_red_alert_sends_a_message_to_all_and_calls_one_of_them(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_non_null(job_to(fold, "c-1a", ":sms"));
    assert_non_null(job_to(fold, "c-1b", ":sms"));
    assert_non_null(job_to(fold, "c-1a", ":voice"));
    assert_null(job_to(fold, "c-1b", ":voice"));
    assert_null(job_to(fold, "c-1a", ""));
    /* Ten minutes later nobody needs to be called for it any more. */
    assert_int_equal(job_to(fold, "c-1a", ":voice")->expires_ms, on(fold, 9, 10, 0));
}

static void without_an_operator_everybody_is_told_through_the_role_s_receiver(void **state)
{
    struct fold *fold = *state;
    fold->settings.ways = 0;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_non_null(job_to(fold, "c-1a", ""));
    assert_null(job_to(fold, "c-1a", ":sms"));
    assert_null(job_to(fold, "c-1a", ":voice"));
}

static void key_1_takes_the_alert_in_that_person_s_name_once(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job call = *job_to(fold, "c-1a", ":voice");
    assert_true(deliver(fold, on(fold, 9, 0, 5), &call, DELIVERY_SENT));
    assert_true(deliver(fold, on(fold, 9, 0, 20), &call, DELIVERY_PLAYING));
    assert_true(deliver(fold, on(fold, 9, 0, 30), &call, DELIVERY_ACCEPTED));
    assert_transition(fold, TRANSITION_ACKNOWLEDGED, LEVEL_RED);
    assert_string_equal(last_transition(fold)->by, "c-1a");
    unsigned transitions = fold->transition_count;
    assert_false(deliver(fold, on(fold, 9, 0, 31), &call, DELIVERY_ACCEPTED));
    assert_int_equal(fold->transition_count, transitions);
    assert_null(job_to(fold, "c-1b", ":voice"));
}

static void taken_by_the_operator_is_taken_by_nobody(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job call = *job_to(fold, "c-1a", ":voice"), sms = *job_to(fold, "c-1a", ":sms");
    deliver(fold, on(fold, 9, 0, 5), &call, DELIVERY_SENT);
    deliver(fold, on(fold, 9, 0, 5), &sms, DELIVERY_SENT);
    deliver(fold, on(fold, 9, 0, 9), &sms, DELIVERY_DELIVERED);
    deliver(fold, on(fold, 9, 0, 40), &call, DELIVERY_DELIVERED);
    for (unsigned i = 0; i < fold->transition_count; i++)
        assert_int_not_equal(fold->transitions[i].kind, TRANSITION_ACKNOWLEDGED);
}

static void key_2_and_no_answer_go_on_to_the_next_person(void **state)
{
    struct fold *fold = *state;
    static const enum delivery_state ends[] = {DELIVERY_REJECTED, DELIVERY_FAILED, DELIVERY_EXPIRED};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        int hour = 9 + (int)i;
        event(fold, on(fold, hour, 0, 0), "wb-1", SOS);
        const struct job call = *job_to(fold, "c-1a", ":voice");
        unsigned from = fold->job_count;
        deliver(fold, on(fold, hour, 0, 5), &call, DELIVERY_SENT);
        assert_true(deliver(fold, on(fold, hour, 0, 50), &call, ends[i]));
        const struct job *next = job_to(fold, "c-1b", ":voice");
        assert_non_null(next);
        assert_int_equal(next->t_ms, on(fold, hour, 0, 50));
        assert_int_equal(count_jobs(fold, from, JOB_TASK, ROLE_COUNTY_DESK, "nobody-reached"), 0);
        assert_int_equal(act(fold, on(fold, hour, 30, 0), who(fold, "r-1"),
                             (struct action){.kind = ACTION_CLOSE,
                                             .disposition = DISPOSITION_TRUE,
                                             .family = FAMILY_EMERGENCY}),
                         ERR_OK);
    }
}

static void when_all_let_it_pass_the_desk_has_a_task(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job first = *job_to(fold, "c-1a", ":voice");
    assert_true(deliver(fold, on(fold, 9, 0, 40), &first, DELIVERY_FAILED));
    const struct job second = *job_to(fold, "c-1b", ":voice");
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "nobody-reached"), 0);
    assert_true(deliver(fold, on(fold, 9, 1, 20), &second, DELIVERY_REJECTED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "nobody-reached"), 1);
}

static void a_message_that_cannot_be_brought_takes_the_person_s_next_way(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 10, 0, 0), "wb-1", SOS);
    const struct job sms = *job_to(fold, "c-1b", ":sms");
    assert_null(job_to(fold, "c-1b", ":email"));
    assert_true(deliver(fold, on(fold, 10, 0, 30), &sms, DELIVERY_FAILED));
    assert_non_null(job_to(fold, "c-1b", ":email"));
    assert_int_equal(job_to(fold, "c-1b", ":email")->t_ms, on(fold, 10, 0, 30));
}

static void a_link_takes_it_even_after_the_message_was_given_up(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job sms = *job_to(fold, "c-1b", ":sms");
    assert_true(deliver(fold, on(fold, 9, 0, 30), &sms, DELIVERY_FAILED));
    assert_true(deliver(fold, on(fold, 9, 1, 0), &sms, DELIVERY_ACCEPTED));
    assert_transition(fold, TRANSITION_ACKNOWLEDGED, LEVEL_RED);
    assert_string_equal(last_transition(fold)->by, "c-1b");
    assert_false(deliver(fold, on(fold, 9, 2, 0), &sms, DELIVERY_ACCEPTED));
}

static void a_link_of_an_earlier_telling_does_not_take_the_new_one(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job old = *job_to(fold, "c-1a", ":sms");
    deliver(fold, on(fold, 9, 0, 10), &old, DELIVERY_DELIVERED);
    event(fold, on(fold, 9, 5, 0), "wb-1", SOS);
    unsigned transitions = fold->transition_count;
    deliver(fold, on(fold, 9, 5, 10), &old, DELIVERY_ACCEPTED);
    for (unsigned i = transitions; i < fold->transition_count; i++)
        assert_int_not_equal(fold->transitions[i].kind, TRANSITION_ACKNOWLEDGED);
}

static void calls_not_placed_yet_end_when_somebody_takes_it(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job call = *job_to(fold, "c-1a", ":voice");
    assert_int_equal(act(fold, on(fold, 9, 0, 3), who(fold, "r-1"),
                         (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    bool cancelled = false;
    for (unsigned i = 0; i < fold->delivery_count; i++)
        cancelled |= memcmp(&fold->deliveries[i].job.id, &call.id, sizeof call.id) == 0 &&
                     fold->deliveries[i].delivery.state == DELIVERY_CANCELLED;
    assert_true(cancelled);
    assert_non_null(job_to(fold, "c-1a", ":sms")); /* a message lies there and rings nobody */
}

/* Messages to the grid worker, a new yellow alert each. */
static unsigned to_grid_worker(const struct fold *fold, unsigned attempt)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fold->job_count; i++)
        count += fold->jobs[i].kind == JOB_NOTIFY && fold->jobs[i].role == ROLE_GRID_WORKER &&
                 fold->jobs[i].attempt == attempt && strcmp(fold->jobs[i].prompt, ":sms") == 0;
    return count;
}

static void yellow(struct fold *fold, int hour, int minute)
{
    find(fold, on(fold, hour, minute, 0), FAMILY_VISITOR, LEVEL_YELLOW);
    act(fold, on(fold, hour, minute, 10), who(fold, "r-1"),
        (struct action){.kind = ACTION_CLOSE, .disposition = DISPOSITION_TRUE, .family = FAMILY_VISITOR});
}

/* Sent, then heard or not, then taken: what becomes of the call, and of the SMS when the alert has ended. */
static void calls_nobody_has_answered_are_called_off_where_the_operator_can(void **state)
{
    struct fold *fold = *state;
    static const struct {
        uint8_t back;
        bool heard, cancelled;
    } cases[] = {{0, false, false},
                 {1U << WAY_VOICE, true, false},
                 {1U << WAY_SMS, false, false},
                 {1U << WAY_VOICE, false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int hour = 9 + (int)i;
        fold->settings.ways_back = cases[i].back;
        event(fold, on(fold, hour, 0, 0), "wb-1", SOS);
        const struct job call = *job_to(fold, "c-1a", ":voice"), sms = *job_to(fold, "c-1a", ":sms");
        assert_true(deliver(fold, on(fold, hour, 0, 5), &call, DELIVERY_SENT));
        assert_true(deliver(fold, on(fold, hour, 0, 5), &sms, DELIVERY_SENT));
        if (cases[i].heard)
            assert_true(deliver(fold, on(fold, hour, 0, 6), &call, DELIVERY_PLAYING));
        assert_int_equal(act(fold, on(fold, hour, 0, 10), who(fold, "r-1"),
                             (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY}),
                         ERR_OK);
        /* What is cancelled takes no further word. */
        assert_int_equal(deliver(fold, on(fold, hour, 0, 11), &call, DELIVERY_DELIVERED),
                         !cases[i].cancelled);
        assert_int_equal(act(fold, on(fold, hour, 30, 0), who(fold, "r-1"),
                             (struct action){.kind = ACTION_CLOSE,
                                             .disposition = DISPOSITION_TRUE,
                                             .family = FAMILY_EMERGENCY}),
                         ERR_OK);
        assert_int_equal(deliver(fold, on(fold, hour, 30, 1), &sms, DELIVERY_DELIVERED),
                         !(cases[i].back >> WAY_SMS & 1));
    }
}

static void a_burst_below_red_ends_in_one_message_with_a_count(void **state)
{
    struct fold *fold = *state;
    for (int minute = 0; minute < 8; minute++)
        yellow(fold, 9, minute);
    assert_int_equal(to_grid_worker(fold, 0), 3);
    tick(fold, on(fold, 9, 9, 59));
    assert_int_equal(to_grid_worker(fold, 5), 0);
    tick(fold, on(fold, 9, 10, 0));
    assert_int_equal(to_grid_worker(fold, 5), 1); /* though all those alerts are over */
    tick(fold, on(fold, 9, 30, 0));
    assert_int_equal(to_grid_worker(fold, 5), 1);
    /* Red comes alone and at once, in the middle of whatever. */
    for (int minute = 30; minute < 36; minute++)
        yellow(fold, 9, minute);
    unsigned before = to_grid_worker(fold, 0);
    event(fold, on(fold, 9, 37, 0), "wb-1", SOS);
    assert_int_equal(to_grid_worker(fold, 0), before + 1);
}

/* A call for help that was cancelled is yellow, and an emergency all the same. */
static void cancelled_calls_for_help_are_never_counted_together(void **state)
{
    struct fold *fold = *state;
    for (int minute = 0; minute < 8; minute++) {
        event(fold, on(fold, 9, minute, 0), "wb-1", "{\"sos\":{\"phase\":\"cancelled\"}}");
        assert_transition(fold, TRANSITION_OPENED, LEVEL_YELLOW);
        assert_int_equal(act(fold, on(fold, 9, minute, 10), who(fold, "r-1"),
                             (struct action){.kind = ACTION_CLOSE,
                                             .disposition = DISPOSITION_TRUE,
                                             .family = FAMILY_EMERGENCY}),
                         ERR_OK);
    }
    assert_int_equal(to_grid_worker(fold, 0), 8);
}

/* The gateway's own: each part one alert, told to whoever looks after it. */
static void the_gateway_s_own_alerts_are_never_counted_together(void **state)
{
    struct fold *fold = *state;
    struct alert_record record = {.alert = {.subject = {.kind = SUBJECT_GATEWAY},
                                            .family = FAMILY_FLEET,
                                            .level = LEVEL_ORANGE,
                                            .resident = REGISTRY_NONE,
                                            .household = REGISTRY_NONE}};
    for (int i = 0; i < 8; i++) {
        struct job job = job_draft(&record.alert, JOB_NOTIFY, 0, on(fold, 9, i, 0));
        job.role = ROLE_GRID_WORKER;
        job.level = LEVEL_ORANGE;
        job.recipient = 0;
        snprintf(job.prompt, sizeof job.prompt, "%s", way_receiver(WAY_SMS));
        assert_false(burst_holds(fold->alerts, &record, &job));
    }
}

struct kept {
    char table[32];
    uint16_t version;
    uint32_t no;
    size_t len;
    uint8_t value[16384];
};
struct snapshot {
    struct kept rows[64];
    unsigned count;
};

static enum err keep_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct snapshot *snapshot = self;
    struct kept *row = &snapshot->rows[snapshot->count];
    assert_true(snapshot->count < 64 && len <= sizeof row->value);
    snprintf(row->table, sizeof row->table, "%s", table);
    row->version = version;
    row->no = no;
    row->len = len;
    if (len)
        memcpy(row->value, value, len);
    snapshot->count++;
    return ERR_OK;
}

static void what_is_held_outlives_a_restart_and_gives_the_same_message(void **state)
{
    struct fold *fold = *state, *other = fold_new();
    static struct snapshot snapshot;
    snapshot.count = 0;
    other->settings.ways = fold->settings.ways;
    for (int minute = 0; minute < 6; minute++)
        yellow(fold, 9, minute);
    assert_int_equal(alerts_snapshot(fold->alerts, keep_row, &snapshot), ERR_OK);
    /* In any order: here the last one first. */
    for (unsigned i = snapshot.count; i-- > 0;) {
        const struct kept *row = &snapshot.rows[i];
        assert_int_equal(
            alerts_restore(other->alerts, row->table, row->version, row->no, row->value, row->len), ERR_OK);
    }
    tick(fold, on(fold, 9, 10, 0));
    tick(other, on(other, 9, 10, 0));
    assert_int_equal(to_grid_worker(fold, 3), 1);
    assert_int_equal(to_grid_worker(other, 3), 1);
    assert_memory_equal(&fold->jobs[fold->job_count - 1].id, &other->jobs[other->job_count - 1].id,
                        sizeof(struct hash_id));
    fold_free(other);
}

/* So many messages went to the chat group of the grid workers, and stand for so many (0 = for themselves). */
static unsigned to_group(const struct fold *fold, unsigned attempt, uint8_t level)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fold->job_count; i++)
        count += fold->jobs[i].kind == JOB_NOTIFY && fold->jobs[i].role == ROLE_GRID_WORKER &&
                 fold->jobs[i].level == level && fold->jobs[i].attempt == attempt;
    return count;
}

static void with_group(struct fold *fold)
{
    fold->settings.ways = 0;
    fold->settings.chats = (struct chat_groups){.count = 1, .of_role = {[ROLE_GRID_WORKER] = 1}};
    snprintf(fold->settings.chats.names[0], ID_SIZE, "grid-group");
}

static void a_burst_in_a_chat_group_ends_in_one_message_with_a_count_and_red_is_never_in_it(void **state)
{
    struct fold *fold = *state;
    with_group(fold);
    for (int i = 0; i < 13; i++)
        yellow(fold, 9, 0);
    assert_int_equal(to_group(fold, 0, LEVEL_YELLOW), 10);
    event(fold, on(fold, 9, 6, 0), "wb-1", SOS);
    assert_int_equal(to_group(fold, 0, LEVEL_RED), 1);
    tick(fold, on(fold, 9, 9, 59));
    assert_int_equal(to_group(fold, 3, LEVEL_YELLOW), 0);
    tick(fold, on(fold, 9, 10, 10));
    assert_int_equal(to_group(fold, 3, LEVEL_YELLOW), 1);
    const struct job *bundle = &fold->jobs[fold->job_count - 1];
    assert_string_equal(bundle->prompt, "grid-group");
    assert_int_equal(bundle->recipient, REGISTRY_NONE);
}

static void who_is_told_in_person_is_not_counted_with_the_group(void **state)
{
    struct fold *fold = *state;
    with_group(fold);
    memset(fold->settings.chats.of_role, 0, sizeof fold->settings.chats.of_role);
    for (int i = 0; i < 13; i++)
        yellow(fold, 9, 0);
    assert_int_equal(to_group(fold, 0, LEVEL_YELLOW), 13);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_red_alert_sends_a_message_to_all_and_calls_one_of_them),
        T(without_an_operator_everybody_is_told_through_the_role_s_receiver),
        T(key_1_takes_the_alert_in_that_person_s_name_once),
        T(taken_by_the_operator_is_taken_by_nobody),
        T(key_2_and_no_answer_go_on_to_the_next_person),
        T(when_all_let_it_pass_the_desk_has_a_task),
        T(a_message_that_cannot_be_brought_takes_the_person_s_next_way),
        T(a_link_takes_it_even_after_the_message_was_given_up),
        T(a_link_of_an_earlier_telling_does_not_take_the_new_one),
        T(calls_not_placed_yet_end_when_somebody_takes_it),
        T(calls_nobody_has_answered_are_called_off_where_the_operator_can),
        T(a_burst_below_red_ends_in_one_message_with_a_count),
        T(cancelled_calls_for_help_are_never_counted_together),
        T(the_gateway_s_own_alerts_are_never_counted_together),
        T(a_burst_in_a_chat_group_ends_in_one_message_with_a_count_and_red_is_never_in_it),
        T(who_is_told_in_person_is_not_counted_with_the_group),
        T(what_is_held_outlives_a_restart_and_gives_the_same_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
