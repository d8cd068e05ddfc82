/* Silences hold back what they say and nothing else, each held job is in the ledger with its author, and red
 * is never held back, whatever is tried. */
#include "fold.h"

struct ledger {
    struct suppression lines[WORLD_LOG_MAX];
    struct silence silences[WORLD_LOG_MAX];
    unsigned count, silence_count;
};
static struct ledger ledger;

static void on_suppressed(void *self, const struct alert *alert, const struct suppression *suppression)
{
    (void)self;
    assert_int_not_equal(alert->level, LEVEL_RED);
    assert_int_not_equal(suppression->job.level, LEVEL_RED);
    assert_true(ledger.count < WORLD_LOG_MAX);
    ledger.lines[ledger.count++] = *suppression;
}

static void on_silence(void *self, const struct silence *silence)
{
    (void)self;
    assert_true(ledger.silence_count < WORLD_LOG_MAX);
    ledger.silences[ledger.silence_count++] = *silence;
}

/* A fold whose ledger is kept. */
static struct fold *begin(void)
{
    struct fold *fold = fold_new();
    memset(&ledger, 0, sizeof ledger);
    alerts_free(fold->alerts);
    struct alert_config config = {.county = "654321",
                                  .registry = fold->world->registry,
                                  .live = fold->world->live,
                                  .settings = &fold->settings,
                                  .tz = fold->world->tz,
                                  .timers = &fold->world->timers,
                                  .sink = {.transition = fold_on_transition,
                                           .job = fold_on_job,
                                           .delivery = fold_on_delivery,
                                           .silence = on_silence,
                                           .suppressed = on_suppressed,
                                           .self = fold}};
    assert_int_equal(alerts_new(&config, &fold->alerts), ERR_OK);
    return fold;
}

static enum err silence(struct fold *fold, int64_t t_ms, struct subject subject, unsigned family,
                        int64_t until_ms)
{
    return act(fold, t_ms, subject,
               (struct action){.kind = ACTION_SILENCE,
                               .family = (uint8_t)family,
                               .until_ms = until_ms,
                               .by = "wang",
                               .note = "a wedding in the village"});
}

static struct subject territory(const struct fold *fold, const char *code)
{
    return registry_subject_find(fold->world->registry, SUBJECT_TERRITORY, code);
}

static void a_silence_holds_back_what_it_names_until_it_ends(void **state)
{
    (void)state;
    struct fold *fold = begin();
    assert_int_equal(silence(fold, on(fold, 8, 0, 0), who(fold, "r-1"), FAMILY_VISITOR, on(fold, 10, 0, 0)),
                     ERR_OK);
    find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_ORANGE);
    assert_int_equal(fold->transition_count, 1); /* the alert itself opens */
    assert_int_equal(fold->job_count, 0);
    assert_int_equal(ledger.count,
                     5); /* the prompt and the call it wants, the grid worker, two of the family */
    for (unsigned i = 0; i < ledger.count; i++) {
        assert_int_equal(ledger.lines[i].rule, SUPPRESSED_BY_SILENCE);
        assert_string_equal(ledger.lines[i].by, "wang");
        assert_string_equal(ledger.lines[i].why, "a wedding in the village");
        assert_memory_equal(&ledger.lines[i].silence, &ledger.silences[0].id, sizeof(struct hash_id));
    }
    find(fold, on(fold, 9, 1, 0), FAMILY_OUTING, LEVEL_YELLOW); /* another family is told */
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    tick(fold, on(fold, 9, 10, 0)); /* the later step of the silenced one */
    assert_int_equal(ledger.count, 6);
    find(fold, on(fold, 10, 0, 0), FAMILY_HEALTH, LEVEL_ORANGE);
    assert_int_equal(ledger.count, 6);
    fold_free(fold);
}

static void a_silence_ends_at_its_time_and_when_it_is_removed(void **state)
{
    (void)state;
    struct fold *fold = begin();
    assert_int_equal(
        silence(fold, on(fold, 8, 0, 0), household(fold->world, "h-1"), FAMILY_COUNT, on(fold, 9, 0, 0)),
        ERR_OK);
    find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_YELLOW); /* at the end itself it is over */
    assert_int_equal(ledger.count, 0);
    assert_int_equal(
        silence(fold, on(fold, 9, 5, 0), household(fold->world, "h-1"), FAMILY_COUNT, on(fold, 12, 0, 0)),
        ERR_OK);
    struct action remove = {
        .kind = ACTION_UNSILENCE, .has_alert = 1, .alert = ledger.silences[1].id, .family = FAMILY_COUNT};
    assert_int_equal(act(fold, on(fold, 9, 6, 0), who(fold, "r-1"), remove), ERR_OK);
    assert_true(ledger.silences[2].removed_ms == on(fold, 9, 6, 0));
    assert_string_equal(ledger.silences[2].removed_by, "desk-1");
    assert_int_equal(act(fold, on(fold, 9, 7, 0), who(fold, "r-1"), remove), ERR_NOT_FOUND);
    find(fold, on(fold, 9, 8, 0), FAMILY_OUTING, LEVEL_YELLOW);
    assert_int_equal(ledger.count, 0);
    fold_free(fold);
}

static void a_silence_of_a_place_covers_what_lies_in_it_and_no_more(void **state)
{
    (void)state;
    struct fold *fold = begin();
    assert_int_equal(
        silence(fold, on(fold, 8, 0, 0), household(fold->world, "h-2"), FAMILY_COUNT, on(fold, 20, 0, 0)),
        ERR_OK);
    assert_int_equal(silence(fold, on(fold, 8, 0, 0), who(fold, "r-3"), FAMILY_COUNT, on(fold, 20, 0, 0)),
                     ERR_OK);
    find(fold, on(fold, 9, 0, 0), FAMILY_OUTING, LEVEL_YELLOW);
    assert_int_equal(ledger.count, 0);
    assert_int_equal(
        silence(fold, on(fold, 9, 1, 0), territory(fold, "654321100"), FAMILY_COUNT, on(fold, 20, 0, 0)),
        ERR_OK);
    find(fold, on(fold, 9, 2, 0), FAMILY_VISITOR, LEVEL_YELLOW);
    assert_true(ledger.count > 0);
    fold_free(fold);
}

static void what_nobody_may_silence_is_refused(void **state)
{
    (void)state;
    struct fold *fold = begin();
    int64_t now = on(fold, 8, 0, 0), later = on(fold, 9, 0, 0);
    assert_int_equal(silence(fold, now, who(fold, "r-1"), FAMILY_EMERGENCY, later), ERR_INVALID);
    assert_int_equal(silence(fold, now, territory(fold, "654321"), FAMILY_COUNT, later), ERR_INVALID);
    assert_int_equal(silence(fold, now, who(fold, "r-1"), FAMILY_COUNT, now), ERR_INVALID);
    assert_int_equal(silence(fold, now, who(fold, "r-1"), FAMILY_COUNT, now + SILENCE_MAX_MS + 1),
                     ERR_INVALID);
    assert_int_equal(silence(fold, now, (struct subject){.kind = SUBJECT_NONE}, FAMILY_COUNT, later),
                     ERR_INVALID);
    assert_int_equal(
        silence(fold, now, (struct subject){.kind = SUBJECT_DEVICE, .no = 999}, FAMILY_COUNT, later),
        ERR_NOT_FOUND);
    struct action mute = {.kind = ACTION_SILENCE, .family = FAMILY_COUNT, .until_ms = later, .by = "wang"};
    assert_int_equal(act(fold, now, who(fold, "r-1"), mute), ERR_INVALID); /* without a reason */
    for (unsigned i = 0; i < SILENCES_MAX; i++)
        assert_int_equal(silence(fold, now, who(fold, "r-1"), FAMILY_COUNT, later + i), ERR_OK);
    assert_int_equal(silence(fold, now, who(fold, "r-1"), FAMILY_COUNT, later), ERR_INVALID);
    assert_int_equal(silence(fold, later, who(fold, "r-1"), FAMILY_COUNT, later + 1),
                     ERR_OK); /* one has ended */
    assert_int_equal(alerts_silence(fold->alerts, 0)->until_ms, later + 1);
    assert_null(alerts_silence(fold->alerts, SILENCES_MAX));
    fold_free(fold);
}

/* Every way of saying less, all at once. */
static void silence_everything(struct fold *fold)
{
    static const char *const codes[] = {"654321100", "654321100200", "65432110020001"};
    int64_t now = on(fold, 8, 0, 0), later = on(fold, 23, 0, 0);
    fold->settings.prompts_daily_max = 0;
    fold->settings.repeat_silent_s = 600;
    for (unsigned family = 0; family <= FAMILY_COUNT; family++) {
        if (family == FAMILY_EMERGENCY)
            continue;
        assert_int_equal(silence(fold, now, who(fold, "r-1"), family, later), ERR_OK);
        assert_int_equal(silence(fold, now, household(fold->world, "h-1"), family, later), ERR_OK);
        assert_int_equal(
            silence(fold, now, (struct subject){.kind = SUBJECT_DEVICE, .no = device_no(fold->world, "wb-1")},
                    family, later),
            ERR_OK);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(silence(fold, now, territory(fold, codes[i]), family, later), ERR_OK);
    }
}

/* The log of jobs with everything silenced is the log without any silence. */
static void red_is_never_held_back_whatever_is_tried(void **state)
{
    (void)state;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        unsigned jobs[2];
        for (int silenced = 0; silenced < 2; silenced++) {
            struct fold *fold = begin();
            if (silenced)
                silence_everything(fold);
            find(fold, on(fold, 9, 0, 0), (enum family)family, LEVEL_RED);
            tick(fold, on(fold, 9, 30, 0));
            jobs[silenced] = fold->job_count;
            assert_int_equal(ledger.count, 0);
            fold_free(fold);
        }
        assert_int_equal(jobs[0], jobs[1]);
    }
    struct fold *fold = begin();
    silence_everything(fold);
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS); /* and with the real button */
    tick(fold, on(fold, 9, 30, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 2);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 2);
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    assert_true(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL) > 0);
    assert_int_equal(ledger.count, 0);
    fold_free(fold);
}

static void what_turns_red_under_a_silence_is_told_to_everybody(void **state)
{
    (void)state;
    struct fold *fold = begin();
    silence_everything(fold);
    find(fold, on(fold, 9, 0, 0), FAMILY_FRAUD, LEVEL_ORANGE);
    assert_int_equal(fold->job_count, 0);
    assert_true(ledger.count > 0);
    find(fold, on(fold, 9, 5, 0), FAMILY_FRAUD, LEVEL_RED);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 2);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "verify"), 1);
    fold_free(fold);
}

static void a_prompt_past_the_days_most_is_in_the_ledger(void **state)
{
    (void)state;
    struct fold *fold = begin();
    fold->settings.prompts_daily_max = 0;
    find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(ledger.count, 1);
    assert_int_equal(ledger.lines[0].rule, SUPPRESSED_BY_DAILY_MAX);
    assert_string_equal(ledger.lines[0].by, "policy");
    assert_string_equal(ledger.lines[0].job.prompt, "visitor-discreet");
    assert_string_equal(suppression_rule_name(SUPPRESSED_BY_DAILY_MAX), "prompts_daily_max");
    assert_string_equal(suppression_rule_name(SUPPRESSION_RULE_COUNT), "none");
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silence_holds_back_what_it_names_until_it_ends),
        cmocka_unit_test(a_silence_ends_at_its_time_and_when_it_is_removed),
        cmocka_unit_test(a_silence_of_a_place_covers_what_lies_in_it_and_no_more),
        cmocka_unit_test(what_nobody_may_silence_is_refused),
        cmocka_unit_test(red_is_never_held_back_whatever_is_tried),
        cmocka_unit_test(what_turns_red_under_a_silence_is_told_to_everybody),
        cmocka_unit_test(a_prompt_past_the_days_most_is_in_the_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
