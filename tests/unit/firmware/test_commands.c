#include "fixture.h"

#define STATE(name)  HUYANG__V1__COMMAND_STATE__COMMAND_STATE_##name
#define REASON(name) HUYANG__V1__FAIL_REASON__FAIL_REASON_##name
#define NORMAL       HUYANG__V1__PRIORITY__PRIORITY_NORMAL
#define HIGH         HUYANG__V1__PRIORITY__PRIORITY_HIGH
#define RED          HUYANG__V1__PRIORITY__PRIORITY_RED

/* How often any status of a command was reported. */
static int times_told(struct fixture *f, const char *id)
{
    int times = 0;

    for (size_t b = 0; b < f->sent_count; b++) {
        for (uint32_t i = 0; i < f->sent[b].count; i++) {
            Huyang__V1__Event *event = fixture_event(&f->sent[b], i);

            times += event->kind_case == HUYANG__V1__EVENT__KIND_COMMAND_STATUS &&
                     strcmp(event->command_status->command_id, id) == 0;
            huyang__v1__event__free_unpacked(event, NULL);
        }
    }
    return times;
}

static void speak(struct fixture *f, enum device_speaker_event event, int64_t now_ms)
{
    device_on_speaker(&f->device, f->plays[f->play_count - 1].token, event, REASON(SPEAKER), now_ms);
    fixture_clear(f, now_ms);
}

static void prompt(struct fixture *f, const char *id, Huyang__V1__Priority priority, int64_t now_ms)
{
    fixture_prompt(f, id, priority, now_ms);
    fixture_clear(f, now_ms);
}

static void the_state_machine_is_what_the_table_says_for_every_state_and_input(void **state)
{
    (void)state;
    static const Huyang__V1__CommandState expected[7][DEVICE_COMMAND_INPUTS] = {
        /* arrive, start, done, error, deadline, cancel, preempt */
        [STATE(UNSPECIFIED)] = {STATE(RECEIVED), STATE(UNSPECIFIED), STATE(UNSPECIFIED), STATE(FAILED),
                                STATE(EXPIRED), STATE(CANCELLED), STATE(FAILED)},
        [STATE(RECEIVED)] = {STATE(RECEIVED), STATE(PLAYING), STATE(PLAYED), STATE(FAILED), STATE(EXPIRED),
                             STATE(CANCELLED), STATE(FAILED)},
        [STATE(PLAYING)] = {STATE(PLAYING), STATE(PLAYING), STATE(PLAYED), STATE(FAILED), STATE(PLAYING),
                            STATE(CANCELLED), STATE(FAILED)},
        [STATE(PLAYED)] = {STATE(PLAYED), STATE(PLAYED), STATE(PLAYED), STATE(PLAYED), STATE(PLAYED),
                           STATE(PLAYED), STATE(PLAYED)},
        [STATE(FAILED)] = {STATE(FAILED), STATE(FAILED), STATE(FAILED), STATE(FAILED), STATE(FAILED),
                           STATE(FAILED), STATE(FAILED)},
        [STATE(EXPIRED)] = {STATE(EXPIRED), STATE(EXPIRED), STATE(EXPIRED), STATE(EXPIRED), STATE(EXPIRED),
                            STATE(EXPIRED), STATE(EXPIRED)},
        [STATE(CANCELLED)] = {STATE(CANCELLED), STATE(CANCELLED), STATE(CANCELLED), STATE(CANCELLED),
                              STATE(CANCELLED), STATE(CANCELLED), STATE(CANCELLED)},
    };

    for (unsigned s = 0; s < 7; s++)
        for (unsigned i = 0; i < DEVICE_COMMAND_INPUTS; i++)
            assert_int_equal(device_command_next((Huyang__V1__CommandState)s, (enum device_command_input)i),
                             expected[s][i]);
    /* Outside the table nothing changes. */
    assert_int_equal(device_command_next((Huyang__V1__CommandState)99, DEVICE_COMMAND_START), 99);
    assert_int_equal(device_command_next(STATE(RECEIVED), DEVICE_COMMAND_INPUTS), STATE(RECEIVED));
}

static void a_prompt_is_received_playing_and_played_and_says_so_in_its_lane(void **state)
{
    struct fixture *f = *state;
    enum device_lane lane = DEVICE_URGENT;

    fixture_connect(f, 0);
    prompt(f, "p-1", NORMAL, 0);
    assert_true(fixture_was_told(f, "p-1", STATE(RECEIVED)));
    assert_false(fixture_was_told(f, "p-1", STATE(PLAYING)));
    speak(f, DEVICE_SPEAKER_STARTED, 10);
    assert_true(fixture_was_told(f, "p-1", STATE(PLAYING)));
    assert_false(fixture_was_told(f, "p-1", STATE(PLAYED)));
    speak(f, DEVICE_SPEAKER_DONE, 20);
    assert_true(fixture_told(f, "p-1", STATE(PLAYED), NULL, &lane));
    assert_int_equal(lane, DEVICE_ROUTINE);
    prompt(f, "p-2", HIGH, 30);
    assert_true(fixture_told(f, "p-2", STATE(RECEIVED), NULL, &lane));
    assert_int_equal(lane, DEVICE_URGENT);
    assert_int_equal(f->play_count, 2);
}

static void a_command_that_comes_twice_is_done_once_also_after_a_reboot(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    prompt(f, "twice", RED, 0);
    prompt(f, "twice", RED, 1);
    speak(f, DEVICE_SPEAKER_DONE, 2);
    prompt(f, "twice", RED, 3);
    assert_int_equal(f->play_count, 1);
    assert_int_equal(f->device.commands.duplicates, 2);
    assert_int_equal(times_told(f, "twice"), 2); /* received, played */
    fixture_boot(f, 0);
    fixture_connect(f, 0);
    prompt(f, "twice", RED, 4);
    assert_int_equal(f->play_count, 1);
    assert_int_equal(f->device.commands.duplicates, 1);
}

static void the_last_64_ids_are_remembered_over_reboots_and_ledger_snapshots(void **state)
{
    struct fixture *f = *state;
    char id[16];

    fixture_connect(f, 0);
    f->play_fails = REASON(SPEAKER);
    for (int i = 0; i < 200; i++) {
        memcpy(id, "cmd-000", 8);
        id[4] = (char)('0' + i / 100);
        id[5] = (char)('0' + i / 10 % 10);
        id[6] = (char)('0' + i % 10);
        prompt(f, id, NORMAL, i);
        if (i % 7 == 0) {
            fixture_boot(f, i);
            fixture_connect(f, i);
        }
    }
    for (int i = 136; i < 200; i++) {
        memcpy(id, "cmd-1", 5);
        id[5] = (char)('0' + i / 10 % 10);
        id[6] = (char)('0' + i % 10);
        assert_true(device_ledger_knows(&f->device.ledger, id));
    }
    assert_false(device_ledger_knows(&f->device.ledger, "cmd-135"));
}

static void a_prompt_expires_by_its_time_to_live_from_reception_while_it_waits(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    prompt(f, "plays", NORMAL, 1000);
    prompt(f, "waits", NORMAL, 1000);
    assert_int_equal(device_next_deadline(&f->device, 1000) <= 61000, true);
    device_tick(&f->device, 60999);
    fixture_clear(f, 60999);
    assert_false(fixture_was_told(f, "waits", STATE(EXPIRED)));
    device_tick(&f->device, 61000);
    assert_true(fixture_was_told(f, "waits", STATE(EXPIRED)));
    assert_false(fixture_was_told(f, "plays", STATE(EXPIRED))); /* what has begun is finished */
    speak(f, DEVICE_SPEAKER_DONE, 62000);
    assert_true(fixture_was_told(f, "plays", STATE(PLAYED)));
    assert_int_equal(f->play_count, 1);
}

/* A prompt with every time given. */
static void timed(struct fixture *f, const char *id, uint32_t ttl_s, int64_t expires_ms, int64_t gateway_ms,
                  int64_t now_ms)
{
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__Prompt body = HUYANG__V1__PROMPT__INIT;

    command.id = (char *)(uintptr_t)id;
    command.ttl_s = ttl_s;
    command.expires_ms = expires_ms;
    command.gateway_time_ms = gateway_ms;
    command.kind_case = HUYANG__V1__COMMAND__KIND_PROMPT;
    command.prompt = &body;
    body.text = (char *)(uintptr_t) "hello";
    fixture_command(f, &command, now_ms);
    fixture_clear(f, now_ms);
}

static void with_a_clock_the_absolute_expiry_counts_too(void **state)
{
    struct fixture *f = *state;
    int64_t wall_ms = 1772000000000;

    fixture_connect(f, 0);
    device_set_clock(&f->device, 0, wall_ms);
    timed(f, "old", 3600, wall_ms - 1, wall_ms - 5000, 0);
    assert_true(fixture_was_told(f, "old", STATE(EXPIRED)));
    assert_false(fixture_was_told(f, "old", STATE(RECEIVED)));
    timed(f, "plays", 3600, wall_ms + 30000, 0, 0);
    timed(f, "waits", 3600, wall_ms + 30000, 0, 0);
    assert_int_equal(f->play_count, 1);
    assert_int_equal(device_next_deadline(&f->device, 0), 30000);
    device_tick(&f->device, 30000);
    assert_true(fixture_was_told(f, "waits", STATE(EXPIRED)));
    timed(f, "far", 86400, INT64_MAX, 0, 30000); /* no overflow */
    assert_true(device_next_deadline(&f->device, 30000) > 30000);
}

static void without_a_clock_the_life_that_the_gateway_gave_bounds_the_wait(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    timed(f, "plays", 3600, 0, 0, 0);
    timed(f, "waits", 3600, 1772000020000, 1772000000000, 0);
    device_tick(&f->device, 19999);
    fixture_clear(f, 19999);
    assert_false(fixture_was_told(f, "waits", STATE(EXPIRED)));
    device_tick(&f->device, 20000);
    assert_true(fixture_was_told(f, "waits", STATE(EXPIRED)));
}

static void a_time_to_live_out_of_range_is_refused(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    timed(f, "zero", 0, 0, 0, 0);
    timed(f, "long", 86401, 0, 0, 0);
    assert_true(fixture_told_failed(f, "zero", REASON(UNSUPPORTED)));
    assert_true(fixture_told_failed(f, "long", REASON(UNSUPPORTED)));
    assert_int_equal(f->play_count, 0);
}

#ifdef DEVICE_SMALL
static void of_two_places_a_higher_one_takes_the_one_that_waits_and_red_the_one_that_plays(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    prompt(f, "n-0", NORMAL, 0);
    prompt(f, "n-1", NORMAL, 1);
    prompt(f, "n-2", NORMAL, 2);
    assert_true(fixture_told_failed(f, "n-2", REASON(BUSY)));
    prompt(f, "h-3", HIGH, 3);
    assert_true(fixture_told_failed(f, "n-1", REASON(BUSY)));
    prompt(f, "r-4", RED, 4); /* first the place that waits, then the speaker */
    assert_true(fixture_told_failed(f, "h-3", REASON(BUSY)));
    assert_true(fixture_told_failed(f, "n-0", REASON(BUSY)));
    assert_string_equal(f->plays[1].id, "r-4");
}
#else
static void red_interrupts_and_high_goes_before_normal_that_waits(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    prompt(f, "normal-1", NORMAL, 0);
    speak(f, DEVICE_SPEAKER_STARTED, 1);
    prompt(f, "normal-2", NORMAL, 2);
    prompt(f, "high", HIGH, 3);
    assert_int_equal(f->play_count, 1); /* high does not interrupt */
    prompt(f, "red", RED, 4);
    assert_int_equal(f->stopped, f->plays[0].token);
    assert_true(fixture_told_failed(f, "normal-1", REASON(BUSY)));
    assert_string_equal(f->plays[1].id, "red");
    prompt(f, "red-2", RED, 5);
    assert_int_equal(f->play_count, 2); /* one red does not interrupt another */
    /* What the speaker still says of the interrupted one is not heard. */
    device_on_speaker(&f->device, f->plays[0].token, DEVICE_SPEAKER_DONE, 0, 6);
    assert_false(fixture_was_told(f, "normal-1", STATE(PLAYED)));
    speak(f, DEVICE_SPEAKER_DONE, 7);
    assert_string_equal(f->plays[2].id, "red-2");
    speak(f, DEVICE_SPEAKER_DONE, 8);
    assert_string_equal(f->plays[3].id, "high");
    speak(f, DEVICE_SPEAKER_DONE, 9);
    assert_string_equal(f->plays[4].id, "normal-2");
    speak(f, DEVICE_SPEAKER_DONE, 10);
    assert_true(fixture_was_told(f, "normal-2", STATE(PLAYED)));
}

static void when_every_place_is_taken_the_least_important_one_gives_way(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    prompt(f, "n-0", NORMAL, 0);
    prompt(f, "n-1", NORMAL, 1);
    prompt(f, "n-2", NORMAL, 2);
    prompt(f, "n-3", NORMAL, 3);
    prompt(f, "h-4", HIGH, 4);
    prompt(f, "n-5", NORMAL, 5);
    assert_true(fixture_told_failed(f, "n-5", REASON(BUSY)));
    prompt(f, "h-6", HIGH, 6);
    assert_true(fixture_told_failed(f, "n-3", REASON(BUSY))); /* the newest of the lowest that wait */
    assert_false(fixture_was_told(f, "n-1", STATE(FAILED)));
}
#endif

static void cancel(struct fixture *f, const char *id, const char *target, int64_t now_ms)
{
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__CancelCommand body = HUYANG__V1__CANCEL_COMMAND__INIT;

    command.id = (char *)(uintptr_t)id;
    command.ttl_s = 60;
    command.kind_case = HUYANG__V1__COMMAND__KIND_CANCEL;
    command.cancel = &body;
    body.command_id = (char *)(uintptr_t)target;
    fixture_command(f, &command, now_ms);
    fixture_clear(f, now_ms);
}

static void cancel_takes_back_what_waits_what_plays_and_what_has_not_come_yet(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    prompt(f, "plays", NORMAL, 0);
    speak(f, DEVICE_SPEAKER_STARTED, 0);
    prompt(f, "waits", NORMAL, 0);
    cancel(f, "c-1", "waits", 1);
    assert_true(fixture_was_told(f, "waits", STATE(CANCELLED)));
    assert_true(fixture_was_told(f, "c-1", STATE(PLAYED)));
    cancel(f, "c-2", "plays", 2);
    assert_int_equal(f->stopped, f->plays[0].token);
    assert_true(fixture_was_told(f, "plays", STATE(CANCELLED)));
    cancel(f, "c-3", "later", 3);
    prompt(f, "later", RED, 4);
    assert_true(fixture_was_told(f, "later", STATE(CANCELLED)));
    assert_int_equal(f->play_count, 1);
    cancel(f, "c-4", "plays", 5); /* it is over: nothing happens, and nothing more is told of it */
    assert_int_equal(times_told(f, "plays"), 3);
    cancel(f, "c-5", "not/an/id", 6);
    assert_true(fixture_told_failed(f, "c-5", REASON(UNSUPPORTED)));
}

static void a_speaker_that_fails_or_falls_silent_is_told_honestly(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    f->play_fails = REASON(POWER);
    prompt(f, "no-power", NORMAL, 0);
    assert_true(fixture_told_failed(f, "no-power", REASON(POWER)));
    f->play_fails = 0;
    prompt(f, "breaks", NORMAL, 0);
    speak(f, DEVICE_SPEAKER_FAILED, 1);
    assert_true(fixture_told_failed(f, "breaks", REASON(SPEAKER)));
    prompt(f, "hangs", NORMAL, 2);
    speak(f, DEVICE_SPEAKER_STARTED, 3);
    for (int64_t t = 3; t < 600000; t += 1000)
        device_tick(&f->device, t);
    fixture_clear(f, 600000);
    assert_true(fixture_told_failed(f, "hangs", REASON(SPEAKER)));
    assert_int_equal(f->stopped, f->plays[f->play_count - 1].token);
    f->device.config.hal.play = NULL;
    prompt(f, "mute", NORMAL, 600001);
    assert_true(fixture_told_failed(f, "mute", REASON(UNSUPPORTED)));
}

static void the_other_kinds_are_done_at_once_or_refused(void **state)
{
    struct fixture *f = *state;
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__LocateNow locate = HUYANG__V1__LOCATE_NOW__INIT;
    Huyang__V1__SetReportInterval interval = HUYANG__V1__SET_REPORT_INTERVAL__INIT;
    Huyang__V1__Notice notice = HUYANG__V1__NOTICE__INIT;
    Huyang__V1__Restart restart = HUYANG__V1__RESTART__INIT;

    fixture_connect(f, 0);
    command.ttl_s = 60;
    command.id = (char *)(uintptr_t) "locate";
    command.kind_case = HUYANG__V1__COMMAND__KIND_LOCATE_NOW;
    command.locate_now = &locate;
    fixture_command(f, &command, 0);
    fixture_clear(f, 0);
    assert_int_equal(f->locates, 1);
    assert_true(fixture_was_told(f, "locate", STATE(PLAYED)));

    command.id = (char *)(uintptr_t) "interval";
    command.kind_case = HUYANG__V1__COMMAND__KIND_SET_REPORT_INTERVAL;
    command.set_report_interval = &interval;
    interval.interval_s = 30;
    fixture_command(f, &command, 0);
    fixture_clear(f, 0);
    assert_int_equal(f->interval_s, 30);
    assert_true(fixture_was_told(f, "interval", STATE(PLAYED)));
    command.id = (char *)(uintptr_t) "interval-2";
    interval.interval_s = 1;
    fixture_command(f, &command, 0);
    fixture_clear(f, 0);
    assert_true(fixture_told_failed(f, "interval-2", REASON(UNSUPPORTED)));

    command.id = (char *)(uintptr_t) "notice";
    command.kind_case = HUYANG__V1__COMMAND__KIND_NOTICE;
    command.notice = &notice;
    notice.notice_kind = HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_COMING;
    fixture_command(f, &command, 0);
    fixture_clear(f, 0);
    assert_int_equal(f->help_coming, 1);
    command.id = (char *)(uintptr_t) "notice-2";
    notice.notice_kind = (Huyang__V1__NoticeKind)77;
    fixture_command(f, &command, 0);
    fixture_clear(f, 0);
    assert_true(fixture_told_failed(f, "notice-2", REASON(UNSUPPORTED)));

    command.id = (char *)(uintptr_t) "restart";
    command.kind_case = HUYANG__V1__COMMAND__KIND_RESTART;
    command.restart = &restart;
    fixture_command(f, &command, 0);
    assert_int_equal(f->restarts, 1);
    assert_true(fixture_was_told(f, "restart", STATE(PLAYED)));
    fixture_boot(f, 0);
    fixture_connect(f, 0);
    fixture_command(f, &command, 1);
    assert_int_equal(f->restarts, 1); /* not again after it came back */
}

static void what_cannot_be_remembered_is_not_acted_on(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    f->flash.budget = f->flash.spent; /* the flash is dead from here on */
    fixture_prompt(f, "dead", RED, 0);
    assert_int_equal(f->play_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_machine_is_what_the_table_says_for_every_state_and_input),
        FIXTURE_TEST(a_prompt_is_received_playing_and_played_and_says_so_in_its_lane),
        FIXTURE_TEST(a_command_that_comes_twice_is_done_once_also_after_a_reboot),
        FIXTURE_TEST(the_last_64_ids_are_remembered_over_reboots_and_ledger_snapshots),
        FIXTURE_TEST(a_prompt_expires_by_its_time_to_live_from_reception_while_it_waits),
        FIXTURE_TEST(with_a_clock_the_absolute_expiry_counts_too),
        FIXTURE_TEST(without_a_clock_the_life_that_the_gateway_gave_bounds_the_wait),
        FIXTURE_TEST(a_time_to_live_out_of_range_is_refused),
#ifdef DEVICE_SMALL
        FIXTURE_TEST(of_two_places_a_higher_one_takes_the_one_that_waits_and_red_the_one_that_plays),
#else
        FIXTURE_TEST(red_interrupts_and_high_goes_before_normal_that_waits),
        FIXTURE_TEST(when_every_place_is_taken_the_least_important_one_gives_way),
#endif
        FIXTURE_TEST(cancel_takes_back_what_waits_what_plays_and_what_has_not_come_yet),
        FIXTURE_TEST(a_speaker_that_fails_or_falls_silent_is_told_honestly),
        FIXTURE_TEST(the_other_kinds_are_done_at_once_or_refused),
        FIXTURE_TEST(what_cannot_be_remembered_is_not_acted_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
