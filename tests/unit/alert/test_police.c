/* What the police say of a message: every order, twice, late, and about which message. */
#include "fold.h"

static int setup(void **state)
{
    *state = fold_new();
    return 0;
}

static int teardown(void **state)
{
    fold_free(*state);
    return 0;
}

static enum err say(struct fold *fold, int64_t t_ms, enum police_word word, const char *note)
{
    struct action action = {
        .kind = ACTION_POLICE, .police_word = (uint8_t)word, .family = FAMILY_EMERGENCY, .by = "officer-1"};
    snprintf(action.note, sizeof action.note, "%s", note);
    return act(fold, t_ms, who(fold, "r-1"), action);
}

static enum err answer(struct fold *fold, int64_t t_ms, const struct hash_id *message, enum police_word word)
{
    return act(fold, t_ms, (struct subject){0},
               (struct action){
                   .kind = ACTION_POLICE, .police_word = (uint8_t)word, .has_alert = 1, .alert = *message});
}

static const struct alert *told(struct fold *fold)
{
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 30));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    assert_true(deliver(fold, on(fold, 9, 1, 31), find_job_of(fold, JOB_POLICE, NULL), DELIVERY_SENT));
    return alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY);
}

static unsigned deliveries(const struct fold *fold, enum job_kind kind, enum delivery_state state)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fold->delivery_count; i++)
        count += fold->deliveries[i].job.kind == kind && fold->deliveries[i].delivery.state == state;
    return count;
}

static unsigned tasks_ended(const struct fold *fold, enum task_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fold->event_count; i++)
        count += fold->tasks[i].kind == kind && fold->events[i].kind == TASK_EVENT_FINISHED &&
                 fold->tasks[i].outcome == OUTCOME_NOT_NEEDED;
    return count;
}

static void in_whatever_order_they_come_the_furthest_word_stands(void **state)
{
    (void)state;
    static const struct {
        enum police_word said[5];
        unsigned count, notes; /* words; those that were news */
        enum police_word stands;
        unsigned tasks; /* people who have to telephone */
    } orders[] = {
#define A POLICE_WORD_ACCEPTED
#define R POLICE_WORD_REJECTED
#define D POLICE_WORD_DISPATCHED
#define S POLICE_WORD_ON_SCENE
#define C POLICE_WORD_CLOSED
        {{A, D, S, C}, 4, 4, C, 0}, {{A, A, A}, 3, 1, A, 0},       {{D, A, D, S}, 4, 2, S, 0},
        {{C, S, D, A}, 4, 1, C, 0}, {{S, R, A, D, S}, 5, 1, S, 0}, {{R}, 1, 1, R, 1},
        {{R, R, A}, 3, 1, R, 1},    {{A, R, A}, 3, 2, R, 1},       {{R, D, R, A, C}, 5, 3, C, 1},
#undef A
#undef R
#undef D
#undef S
#undef C
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct fold *fold = fold_new();
        const struct alert *alert = told(fold);
        unsigned before = alert->transitions;
        for (unsigned k = 0; k < orders[i].count; k++)
            assert_int_equal(say(fold, on(fold, 9, 2, (int)k), orders[i].said[k], "car 12"), ERR_OK);
        if (alert->police_word != orders[i].stands || alert->transitions - before != orders[i].notes)
            fail_msg("order %zu: %s after %u notes", i,
                     police_word_name((enum police_word)alert->police_word), alert->transitions - before);
        assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "police-rejected"), orders[i].tasks);
        bool sent_all_the_same = orders[i].tasks && orders[i].stands > POLICE_WORD_REJECTED;
        assert_int_equal(tasks_ended(fold, TASK_POLICE_REJECTED), sent_all_the_same);
        fold_free(fold);
    }
}

static void a_word_stands_in_the_timeline_with_who_said_it_and_on_the_alert(void **state)
{
    struct fold *fold = *state;
    const struct alert *alert = told(fold);
    struct buf json;
    assert_int_equal(say(fold, on(fold, 9, 2, 0), POLICE_WORD_DISPATCHED, "car 12"), ERR_OK);
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_RED);
    assert_string_equal(last_transition(fold)->by, "officer-1");
    assert_string_equal(last_transition(fold)->why, "police: dispatched. car 12");
    buf_init(&json, 65536);
    alert_to_json(alert, fold->world->registry, fold->world->tz, &json);
    assert_non_null(strstr(buf_text(&json), ",\"police\":\"dispatched\""));
    buf_release(&json);
}

static void a_word_ends_the_waiting_for_a_receiver_that_only_acknowledges(void **state)
{
    struct fold *fold = *state;
    told(fold);
    assert_int_equal(say(fold, on(fold, 9, 2, 0), POLICE_WORD_ACCEPTED, ""), ERR_OK);
    assert_int_equal(deliveries(fold, JOB_POLICE, DELIVERY_ACCEPTED), 1);
    assert_false(deliver(fold, on(fold, 9, 20, 0), find_job_of(fold, JOB_POLICE, NULL), DELIVERY_EXPIRED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "police-failed"), 0);
}

static void an_answer_after_the_message_expired_takes_the_task_from_the_desk(void **state)
{
    struct fold *fold = *state;
    told(fold);
    assert_true(deliver(fold, on(fold, 9, 17, 0), find_job_of(fold, JOB_POLICE, NULL), DELIVERY_EXPIRED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "police-failed"), 1);
    assert_int_equal(say(fold, on(fold, 9, 18, 0), POLICE_WORD_ON_SCENE, ""), ERR_OK);
    assert_int_equal(deliveries(fold, JOB_POLICE, DELIVERY_ACCEPTED), 1);
    assert_int_equal(tasks_ended(fold, TASK_POLICE_FAILED), 1);
}

static void a_refusal_comes_back_as_one_task_and_ends_the_message(void **state)
{
    struct fold *fold = *state;
    told(fold);
    assert_int_equal(say(fold, on(fold, 9, 2, 0), POLICE_WORD_REJECTED, "not our district"), ERR_OK);
    assert_int_equal(deliveries(fold, JOB_POLICE, DELIVERY_REJECTED), 1);
    assert_string_equal(last_transition(fold)->why, "police: rejected. not our district");
    /* The receiver's own refusal afterwards is no second one. */
    assert_false(deliver(fold, on(fold, 9, 3, 0), find_job_of(fold, JOB_POLICE, NULL), DELIVERY_REJECTED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "police-rejected"), 1);
}

static void an_answer_names_its_message_and_an_earlier_one_says_nothing_of_the_newest(void **state)
{
    struct fold *fold = *state;
    const struct alert *alert = told(fold);
    struct hash_id first = alert->police_job;
    assert_int_equal(answer(fold, on(fold, 9, 2, 0), &first, POLICE_WORD_ACCEPTED), ERR_OK);
    assert_int_equal(alert->police_word, POLICE_WORD_ACCEPTED);
    event(fold, on(fold, 9, 30, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 32, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 2);
    assert_int_equal(alert->police_word, POLICE_WORD_NONE); /* told anew: nobody has answered that */
    unsigned before = alert->transitions;
    enum err late = answer(fold, on(fold, 9, 33, 0), &first, POLICE_WORD_CLOSED);
    assert_true(late == ERR_OK || late == ERR_NOT_FOUND); /* the fold may have let the old message go */
    assert_int_equal(alert->transitions, before);
    assert_int_equal(alert->police_word, POLICE_WORD_NONE);
    struct hash_id second = alert->police_job;
    assert_int_equal(answer(fold, on(fold, 9, 34, 0), &second, POLICE_WORD_CLOSED), ERR_OK);
    assert_int_equal(alert->police_word, POLICE_WORD_CLOSED);
}

static void what_the_police_were_not_told_they_cannot_answer(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    unsigned before = fold->transition_count;
    assert_int_equal(say(fold, on(fold, 9, 0, 10), POLICE_WORD_ACCEPTED, ""), ERR_INVALID);
    assert_string_equal(alerts_refusal(fold->alerts), "nothing of this alert was sent to the police");
    const struct job *prompt = find_job_of(fold, JOB_PROMPT, NULL);
    assert_int_equal(answer(fold, on(fold, 9, 0, 11), &prompt->id, POLICE_WORD_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(fold->transition_count, before);
    assert_int_equal(say(fold, on(fold, 9, 2, 0), POLICE_WORD_NONE, ""), ERR_INVALID);
}

static void after_the_alert_has_ended_the_message_still_takes_its_answer(void **state)
{
    struct fold *fold = *state;
    struct hash_id message = told(fold)->police_job;
    struct action close = {.kind = ACTION_CLOSE, .disposition = DISPOSITION_TRUE, .family = FAMILY_EMERGENCY};
    assert_int_equal(act(fold, on(fold, 9, 3, 0), who(fold, "r-1"), close), ERR_OK);
    assert_int_equal(answer(fold, on(fold, 9, 4, 0), &message, POLICE_WORD_ACCEPTED), ERR_OK);
    assert_int_equal(deliveries(fold, JOB_POLICE, DELIVERY_ACCEPTED), 1);
    assert_int_equal(last_transition(fold)->kind, TRANSITION_CLOSED); /* what has ended never changes */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_whatever_order_they_come_the_furthest_word_stands),
        TEST(a_word_stands_in_the_timeline_with_who_said_it_and_on_the_alert),
        TEST(a_word_ends_the_waiting_for_a_receiver_that_only_acknowledges),
        TEST(an_answer_after_the_message_expired_takes_the_task_from_the_desk),
        TEST(a_refusal_comes_back_as_one_task_and_ends_the_message),
        TEST(an_answer_names_its_message_and_an_earlier_one_says_nothing_of_the_newest),
        TEST(what_the_police_were_not_told_they_cannot_answer),
        TEST(after_the_alert_has_ended_the_message_still_takes_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
