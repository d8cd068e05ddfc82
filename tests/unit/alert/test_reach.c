/* By which ways people are told, and who is next when nobody takes it. */
#include "fold.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
