#include "fixture.h"

#include <huyang/v1/command.pb-c.h>

#include "alert/prompts.h"

static Huyang__V1__Command *decode(const struct fixture *f)
{
    assert_string_equal(f->why, "");
    assert_int_equal(f->row.channel, CHANNEL_COMMAND);
    Huyang__V1__Command *command =
        huyang__v1__command__unpack(NULL, f->row.len, (const uint8_t *)f->row.body);
    assert_non_null(command);
    return command;
}

static void prompt_job(struct fixture *f, const char *resident, const char *device, const char *prompt,
                       enum level level, enum family family)
{
    fixture_alert(f, resident, "sos", JOB_PROMPT);
    f->job.device = number_of(f, REGISTRY_DEVICE, device);
    f->job.level = (uint8_t)level;
    f->job.family = (uint8_t)family;
    snprintf(f->job.prompt, sizeof f->job.prompt, "%s", prompt);
}

static void a_prompt_becomes_a_command_with_the_jobs_id_and_expiry(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "wb-1", "sos-heard", LEVEL_RED, FAMILY_EMERGENCY);
    render(f);
    Huyang__V1__Command *command = decode(f);
    char id[HASH_ID_TEXT];
    hash_id_text(&f->job.id, id);
    assert_string_equal(command->id, id);
    assert_int_equal(command->ttl_s, 120);
    assert_true(command->expires_ms == f->job.expires_ms);
    assert_true(command->gateway_time_ms == f->job.t_ms);
    assert_int_equal(command->priority, HUYANG__V1__PRIORITY__PRIORITY_RED);
    assert_int_equal(command->exercise, 0);
    assert_int_equal(command->kind_case, HUYANG__V1__COMMAND__KIND_PROMPT);
    assert_string_equal(command->prompt->prompt_id, "sos-heard");
    assert_string_equal(command->prompt->language, "zh");
    assert_int_equal(command->prompt->manner, HUYANG__V1__MANNER__MANNER_SPEAK);
    assert_string_equal(f->row.target_name, "wb-1");
    assert_int_equal(f->row.device, f->job.device);
    huyang__v1__command__free_unpacked(command, NULL);
}

static void the_same_job_always_gives_the_same_bytes(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "wb-1", "sos-heard", LEVEL_RED, FAMILY_EMERGENCY);
    render(f);
    char first[4096];
    size_t len = f->row.len;
    memcpy(first, f->row.body, len);
    render(f);
    assert_int_equal(f->row.len, len);
    assert_memory_equal(f->row.body, first, len);
}

static void a_resident_is_spoken_to_in_their_own_language(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-2", "wb-2", "sos-heard", LEVEL_RED, FAMILY_EMERGENCY);
    render(f);
    Huyang__V1__Command *command = decode(f);
    assert_string_equal(command->prompt->language, "en");
    assert_non_null(strstr(command->prompt->text, "Your call for help"));
    huyang__v1__command__free_unpacked(command, NULL);
}

static void a_dialect_without_texts_falls_back_to_its_language(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-3", "cam-1", "sos-heard", LEVEL_RED, FAMILY_EMERGENCY);
    snprintf(f->settings.language, sizeof f->settings.language, "en");
    render(f);
    Huyang__V1__Command *command = decode(f);
    assert_string_equal(command->prompt->language, "zh");
    huyang__v1__command__free_unpacked(command, NULL);
}

static void poor_hearing_makes_a_prompt_louder_and_repeats_it_once_more(void **state)
{
    struct fixture *f = *state;
    f->settings.rest_to_minute = f->settings.rest_from_minute; /* the fixture's noon lies in it */
    prompt_job(f, "r-1", "wb-1", "outing-check", LEVEL_ORANGE, FAMILY_OUTING);
    render(f);
    Huyang__V1__Command *usual = decode(f);
    prompt_job(f, "r-2", "wb-2", "outing-check", LEVEL_ORANGE, FAMILY_OUTING);
    render(f);
    Huyang__V1__Command *poor = decode(f);
    assert_int_equal(usual->prompt->volume_percent, 80);
    assert_int_equal(poor->prompt->volume_percent, 100);
    assert_int_equal(poor->prompt->repeat, usual->prompt->repeat + 1);
    assert_true(strlen(poor->prompt->text) > 0);
    huyang__v1__command__free_unpacked(usual, NULL);
    huyang__v1__command__free_unpacked(poor, NULL);
}

static void in_quiet_hours_a_wristband_is_discreet_below_red(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "wb-1", "outing-check", LEVEL_ORANGE, FAMILY_OUTING);
    f->context.t_ms = MIDNIGHT_MS;
    render(f);
    Huyang__V1__Command *command = decode(f);
    assert_int_equal(command->prompt->manner, HUYANG__V1__MANNER__MANNER_DISCREET);
    huyang__v1__command__free_unpacked(command, NULL);
}

static void in_quiet_hours_a_camera_stays_silent_below_red(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "cam-1", "outing-check", LEVEL_ORANGE, FAMILY_OUTING);
    f->context.t_ms = MIDNIGHT_MS;
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, "quiet hours");
    assert_int_equal(f->row.len, 0);
}

static void red_and_the_question_after_a_fall_are_spoken_at_night(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *prompt;
        enum level level;
    } cases[] = {{"sos-heard", LEVEL_RED}, {"fall-check", LEVEL_GREEN}};
    for (size_t i = 0; i < 2; i++) {
        prompt_job(f, "r-1", "cam-1", cases[i].prompt, cases[i].level, FAMILY_EMERGENCY);
        f->context.t_ms = MIDNIGHT_MS;
        render(f);
        Huyang__V1__Command *command = decode(f);
        assert_int_equal(command->prompt->manner, HUYANG__V1__MANNER__MANNER_SPEAK);
        huyang__v1__command__free_unpacked(command, NULL);
    }
}

/* 2026-03-02 at the given local minute. */
static int64_t minute_ms(const struct fixture *f, int minute)
{
    return clock_from_civil(f->tz, 2026, 3, 2, 0, minute, 0);
}

static void quiet_hours_begin_and_end_with_their_minutes(void **state)
{
    struct fixture *f = *state;
    const struct {
        uint16_t from, to;
        int minute;
        bool quiet;
    } cases[] = {
        {21 * 60, 7 * 60, 21 * 60 - 1, false}, {21 * 60, 7 * 60, 21 * 60, true},
        {21 * 60, 7 * 60, 7 * 60 - 1, true},   {21 * 60, 7 * 60, 7 * 60, false},
        {12 * 60, 14 * 60, 12 * 60, true},     {12 * 60, 14 * 60, 14 * 60, false},
        {12 * 60, 14 * 60, 11 * 60, false},    {600, 600, 600, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        prompt_job(f, "r-1", "cam-1", "outing-check", LEVEL_ORANGE, FAMILY_OUTING);
        f->settings.quiet_from_minute = cases[i].from;
        f->settings.quiet_to_minute = cases[i].to;
        f->settings.rest_from_minute = f->settings.rest_to_minute = 0;
        f->context.t_ms = minute_ms(f, cases[i].minute);
        render(f);
        assert_int_equal(f->row.channel == CHANNEL_NONE, cases[i].quiet);
    }
}

static void the_midday_rest_is_quiet_too(void **state)
{
    struct fixture *f = *state;
    const int minutes[] = {12 * 60 - 1, 12 * 60, 14 * 60 + 29, 14 * 60 + 30};
    for (unsigned i = 0; i < 4; i++) {
        prompt_job(f, "r-1", "cam-1", "outing-check", LEVEL_ORANGE, FAMILY_OUTING);
        f->context.t_ms = minute_ms(f, minutes[i]);
        render(f);
        assert_int_equal(f->row.channel == CHANNEL_NONE, i == 1 || i == 2);
    }
}

static void a_discreet_prompt_never_goes_to_a_camera(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "cam-1", "visitor-discreet", LEVEL_YELLOW, FAMILY_VISITOR);
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, "a camera cannot be discreet");
    prompt_job(f, "r-1", "wb-1", "visitor-discreet", LEVEL_YELLOW, FAMILY_VISITOR);
    render(f);
    Huyang__V1__Command *command = decode(f);
    assert_int_equal(command->prompt->manner, HUYANG__V1__MANNER__MANNER_DISCREET);
    assert_int_equal(command->priority, HUYANG__V1__PRIORITY__PRIORITY_NORMAL);
    huyang__v1__command__free_unpacked(command, NULL);
}

static void what_cannot_be_said_is_refused_with_its_reason(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "wb-1", "no-such-prompt", LEVEL_RED, FAMILY_EMERGENCY);
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, "no such prompt");
    f->job.device = REGISTRY_NONE;
    render(f);
    assert_string_equal(f->why, "no device");
    f->job.device = 1000;
    render(f);
    assert_string_equal(f->why, "no device");
    f->job.kind = JOB_KIND_COUNT;
    render(f);
    assert_string_equal(f->why, "no relay for this kind of job");
}

static void a_notice_tells_that_help_was_told_or_is_coming(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "wb-1", "help-told", LEVEL_RED, FAMILY_EMERGENCY);
    f->job.kind = JOB_NOTICE;
    render(f);
    Huyang__V1__Command *command = decode(f);
    assert_int_equal(command->kind_case, HUYANG__V1__COMMAND__KIND_NOTICE);
    assert_int_equal(command->notice->notice_kind, HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_TOLD);
    huyang__v1__command__free_unpacked(command, NULL);
    snprintf(f->job.prompt, sizeof f->job.prompt, "help-coming");
    render(f);
    command = decode(f);
    assert_int_equal(command->notice->notice_kind, HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_COMING);
    huyang__v1__command__free_unpacked(command, NULL);
}

static void a_drill_says_so(void **state)
{
    struct fixture *f = *state;
    prompt_job(f, "r-1", "wb-1", "sos-heard", LEVEL_RED, FAMILY_EMERGENCY);
    f->settings.exercise = true;
    render(f);
    Huyang__V1__Command *command = decode(f);
    assert_int_equal(command->exercise, 1);
    huyang__v1__command__free_unpacked(command, NULL);
}

static void every_catalogue_entry_has_both_languages_within_the_wires_limits(void **state)
{
    (void)state;
    const struct prompt *prompt;
    size_t count = 0;
    for (; count < prompts_builtin.count; count++) {
        prompt = &prompts_builtin.prompts[count];
        assert_true(text_is_id(prompt->id, strlen(prompt->id)));
        assert_ptr_equal(prompt_find(NULL, prompt->id), prompt);
        assert_true(prompt->repeat >= 1 && prompt->repeat <= 5);
        for (size_t i = 0; i < prompt->text_count; i++) {
            const char *text = prompt->texts[i].text;
            assert_true(strlen(text) > 0 && strlen(text) <= PROMPT_TEXT_MAX);
            assert_true(text_is_utf8(text, strlen(text), NULL));
            /* No accusation before a person has judged, and no digits that a speech engine misreads. */
            assert_null(strstr(text, "诈骗"));
            assert_null(strstr(text, "fraud"));
            assert_null(strpbrk(text, "0123456789"));
        }
        assert_string_equal(prompt_text_in(prompt, "zh", "")->language, "zh");
        assert_string_equal(prompt_text_in(prompt, "en", "")->language, "en");
        assert_string_equal(prompt_text_in(prompt, "ug", "en")->language, "en");
        assert_string_equal(prompt_text_in(prompt, "", "")->language, "zh");
    }
    assert_int_equal(count, 7);
}

static void an_unverified_situation_is_called_to_be_verified(void **state)
{
    (void)state;
    static const char *const ids[] = {"fall-check", "visitor-discreet", "outing-check"};
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(strstr(prompt_find(NULL, ids[i])->texts[0].text, "待核实"));
        assert_non_null(strstr(prompt_find(NULL, ids[i])->texts[1].text, "to be verified"));
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(a_prompt_becomes_a_command_with_the_jobs_id_and_expiry),
        T(the_same_job_always_gives_the_same_bytes),
        T(a_resident_is_spoken_to_in_their_own_language),
        T(a_dialect_without_texts_falls_back_to_its_language),
        T(poor_hearing_makes_a_prompt_louder_and_repeats_it_once_more),
        T(in_quiet_hours_a_wristband_is_discreet_below_red),
        T(in_quiet_hours_a_camera_stays_silent_below_red),
        T(red_and_the_question_after_a_fall_are_spoken_at_night),
        T(quiet_hours_begin_and_end_with_their_minutes),
        T(the_midday_rest_is_quiet_too),
        T(a_discreet_prompt_never_goes_to_a_camera),
        T(what_cannot_be_said_is_refused_with_its_reason),
        T(a_notice_tells_that_help_was_told_or_is_coming),
        T(a_drill_says_so),
        T(every_catalogue_entry_has_both_languages_within_the_wires_limits),
        T(an_unverified_situation_is_called_to_be_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
