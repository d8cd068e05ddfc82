/* A canary: marked as a drill, kept from everybody, foretold as that, and over when it has gone all the way.
 */
#include "fold.h"

#include "alert/explain.h"

#define SOS "{\"sos\":{\"phase\":\"pressed\"}}"

/* The standard's first emergency rule in red, which tells people, tasks and the police, with a receiver on
 * top. */
static struct fold *calling(struct job *ret_told)
{
    struct fold *fold = fold_new();
    struct policy_rule *rule = NULL;
    for (unsigned i = 0; i < fold->settings.rule_count && rule == NULL; i++)
        if (fold->settings.rules[i].family == FAMILY_EMERGENCY && fold->settings.rules[i].level == LEVEL_RED)
            rule = &fold->settings.rules[i];
    assert_non_null(rule);
    assert_true(rule->step_count < POLICY_STEPS_MAX);
    memmove(rule->steps + 1, rule->steps, rule->step_count * sizeof *rule->steps);
    rule->step_count++;
    rule->steps[0] = (struct policy_step){.kind = STEP_WEBHOOK, .to = "probe"};
    event(fold, on(fold, 9, 0, 0), "wb-9", SOS);
    *ret_told = *find_job_of(fold, JOB_NOTIFY, "probe");
    return fold;
}

static const struct alert *the_alert(const struct fold *fold)
{
    return alerts_open_of(fold->alerts, who(fold, "r-9"), FAMILY_EMERGENCY);
}

static void only_its_device_and_the_named_receiver_hear_of_it(void **state)
{
    (void)state;
    struct job told;
    struct fold *fold = calling(&told);
    assert_true(alert_is_exercise(the_alert(fold), fold->world->registry));
    tick(fold, on(fold, 9, 30, 0)); /* past every step, and past the verification */
    for (unsigned i = 0; i < fold->job_count; i++) {
        const struct job *job = &fold->jobs[i];
        assert_true(job->kind == JOB_PROMPT || job->kind == JOB_LOCATE ||
                    (job->kind == JOB_NOTIFY && strcmp(job->prompt, "probe") == 0));
    }
    event(fold, on(fold, 9, 40, 0), "wb-1", SOS);
    assert_false(alert_is_exercise(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY),
                                   fold->world->registry));
    fold_free(fold);
}

struct steps {
    unsigned fenced, open;
};
static void count(void *self, const struct explain_step *step)
{
    struct steps *steps = self;
    bool reaches = step->step->kind == STEP_PROMPT || step->step->kind == STEP_WEBHOOK;
    assert_int_equal(step->fenced, !reaches);
    assert_true(!step->fenced || (step->people_count == 0 && step->police_ms == 0));
    steps->fenced += step->fenced;
    steps->open += !step->fenced;
}

static void the_fence_is_foretold(void **state)
{
    (void)state;
    struct job told;
    struct steps steps = {0};
    struct fold *fold = calling(&told);
    alerts_explain(fold->alerts, the_alert(fold), count, &steps);
    assert_true(steps.fenced > 2 && steps.open >= 2);
    fold_free(fold);
}

static void it_ends_when_it_was_spoken_and_told_and_not_before(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct job told;
        struct fold *fold = calling(&told);
        const struct job prompt = *find_job_of(fold, JOB_PROMPT, NULL);
        const struct job *jobs[] = {first ? &prompt : &told, first ? &told : &prompt};
        for (unsigned i = 0; i < 2; i++) {
            assert_non_null(the_alert(fold));
            deliver(fold, on(fold, 9, 0, (int)i + 1), jobs[i],
                    jobs[i]->kind == JOB_PROMPT ? DELIVERY_PLAYED : DELIVERY_DELIVERED);
        }
        assert_null(the_alert(fold));
        assert_int_equal(last_transition(fold)->kind, TRANSITION_CLOSED);
        assert_int_equal(fold->after[fold->transition_count - 1].disposition, DISPOSITION_DRILL);
        event(fold, on(fold, 9, 0, 20), "wb-9", SOS); /* at once again: it joins nothing */
        assert_int_equal(the_alert(fold)->level, LEVEL_RED);
        fold_free(fold);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_device_and_the_named_receiver_hear_of_it),
        cmocka_unit_test(the_fence_is_foretold),
        cmocka_unit_test(it_ends_when_it_was_spoken_and_told_and_not_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
