/*
 * The power goes at every byte of a story of reports, acknowledgements, commands and sessions. After each cut
 * the device boots from what the flash then holds, and a gateway that has seen everything that was published
 * judges.
 */
#include "fixture.h"

enum { STORY_EVENTS = 512 };

/* What the application was told and what left the device, over both lives. */
struct history {
    struct {
        bool stored;
        enum device_lane lane;
        uint64_t seq;
    } events[STORY_EVENTS]; /* by their number of steps */
    uint64_t acked[DEVICE_LANES];
    uint64_t session; /* highest ordinal that was used */
    char played[8][DEVICE_ID_MAX + 1];
    size_t played_count;
    uint32_t epoch; /* 0 until the first event was stored */
};

static void remember_plays(struct fixture *f, struct history *history)
{
    for (size_t i = 0; i < f->play_count; i++) {
        for (size_t k = 0; k < history->played_count; k++)
            assert_string_not_equal(f->plays[i].id, history->played[k]); /* acted on twice */
        memcpy(history->played[history->played_count++], f->plays[i].id, DEVICE_ID_MAX + 1);
    }
    f->play_count = 0;
}

/* An urgent event that can be told apart: a report whose second event carries the number. */
static void report(struct fixture *f, struct history *history, uint32_t number, bool urgent, int64_t now_ms)
{
    struct device_event events[2] = {fixture_heartbeat(number),
                                     fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN)};

    assert_true(number < STORY_EVENTS);
    if (device_report(&f->device, events, urgent ? 2 : 1, now_ms) != DEVICE_OK)
        return;
    history->events[number].stored = true;
    history->events[number].lane = urgent ? DEVICE_URGENT : DEVICE_ROUTINE;
    history->events[number].seq = f->stored_first;
    history->epoch = f->device.outbox.epoch;
}

static void ack(struct fixture *f, struct history *history, enum device_lane lane, uint64_t seq,
                int64_t now_ms)
{
    fixture_ack(f, lane, seq, now_ms);
    if (f->device.outbox.lanes[lane].base > seq && seq > history->acked[lane])
        history->acked[lane] = seq;
}

static void connect_session(struct fixture *f, struct history *history, int64_t now_ms)
{
    uint64_t before = history->session;

    if (f->flash.dead)
        return;
    fixture_connect(f, now_ms);
    if (f->flash.dead && f->device.session <= before)
        return;
    assert_true(f->device.session > before);
    /* With the power gone inside the write nobody has used the number. */
    if (!f->flash.dead)
        history->session = f->device.session;
}

/* A part of the device's life; `part` keeps the numbers and ids of several apart. */
static void live(struct fixture *f, struct history *history, uint32_t part, int64_t now_ms)
{
    char id[8] = "cmd-0-0";

    id[4] = (char)('0' + part);
    connect_session(f, history, now_ms);
    for (uint32_t i = 0; i < 12 && !f->flash.dead; i++)
        report(f, history, part * 100 + i, i % 3 == 0, now_ms);
    if (!f->flash.dead)
        ack(f, history, DEVICE_ROUTINE, f->device.outbox.lanes[DEVICE_ROUTINE].base + 2, now_ms);
    for (char c = '0'; c < '3' && !f->flash.dead; c++) {
        id[6] = c;
        fixture_prompt(f, id,
                       c == '1' ? HUYANG__V1__PRIORITY__PRIORITY_RED : HUYANG__V1__PRIORITY__PRIORITY_NORMAL,
                       now_ms);
        if (f->play_count > 0 && !f->flash.dead) {
            device_on_speaker(&f->device, f->plays[f->play_count - 1].token, DEVICE_SPEAKER_STARTED, 0,
                              now_ms);
            if (c == '0')
                device_on_speaker(&f->device, f->plays[f->play_count - 1].token, DEVICE_SPEAKER_DONE, 0,
                                  now_ms);
        }
    }
    if (!f->flash.dead)
        ack(f, history, DEVICE_URGENT, f->device.outbox.lanes[DEVICE_URGENT].base + 1, now_ms);
    if (!f->flash.dead)
        device_tick(&f->device, now_ms + 130000); /* bases are stored */
    for (uint32_t i = 12; i < 20 && !f->flash.dead; i++)
        report(f, history, part * 100 + i, i % 2 == 0, now_ms + 130000);
    connect_session(f, history, now_ms + 130001);
    remember_plays(f, history);
}

/* Every published event: one content per number, one number per content. */
static void check_sent(struct fixture *f)
{
    static uint32_t content[DEVICE_LANES][8192];
    static uint64_t number_of[STORY_EVENTS];

    memset(content, 0, sizeof content);
    memset(number_of, 0, sizeof number_of);
    for (size_t b = 0; b < f->sent_count; b++) {
        const struct sent_batch *batch = &f->sent[b];

        for (uint32_t i = 0; i < batch->count; i++) {
            uint32_t crc = device_flog_crc(1, batch->bytes + batch->event_at[i], batch->event_length[i]);
            uint64_t seq = batch->first + i;

            assert_true(seq < 8192);
            assert_true(content[batch->lane][seq] == 0 || content[batch->lane][seq] == crc);
            content[batch->lane][seq] = crc;
            Huyang__V1__Event *event = fixture_event(batch, i);
            if (event->kind_case == HUYANG__V1__EVENT__KIND_ACTIVITY &&
                event->activity->steps < STORY_EVENTS) {
                uint64_t *known = &number_of[event->activity->steps];

                assert_true(*known == 0 || *known == seq);
                *known = seq;
            }
            huyang__v1__event__free_unpacked(event, NULL);
        }
    }
}

/* Everything that was stored, not acknowledged, and not dropped by a full lane is in the flash under its
 * number. */
static void check_held(struct fixture *f, const struct history *history, const uint64_t *guaranteed_from)
{
    for (uint32_t number = 0; number < STORY_EVENTS; number++) {
        enum device_lane lane = history->events[number].lane;
        uint64_t seq = history->events[number].seq;
        struct device_outbox_cursor cursor = {.seq = seq};
        struct device_outbox_event event;

        if (!history->events[number].stored || seq < guaranteed_from[lane])
            continue;
        if (seq < f->device.outbox.lanes[lane].base) {
            assert_true(seq <= history->acked[lane]);
            continue;
        }
        assert_true(device_outbox_read(&f->device.outbox, lane, &cursor, &event));
        assert_int_equal(event.seq, seq);
        Huyang__V1__Event *unpacked = huyang__v1__event__unpack(NULL, event.length, event.bytes);
        assert_non_null(unpacked);
        assert_int_equal(unpacked->activity->steps, number);
        huyang__v1__event__free_unpacked(unpacked, NULL);
    }
}

static void repeat_commands(struct fixture *f, struct history *history, int64_t now_ms)
{
    for (size_t i = 0, count = history->played_count; i < count; i++)
        fixture_prompt(f, history->played[i], HUYANG__V1__PRIORITY__PRIORITY_NORMAL, now_ms);
    remember_plays(f, history);
}

/* One cut after `budget` bytes, then a reboot, and a second life to its end. Returns false when the first
 * life ended before the cut. */
static bool cut_at(struct fixture *f, const struct ram_flash *image, const uint64_t *guaranteed_from,
                   uint64_t budget, bool torn_bits)
{
    struct history history = {0};
    bool cut;
    int error;

    fixture_forget_sent(f);
    f->play_count = 0;
    assert_true(ram_flash_copy(&f->flash, image));
    f->flash.budget = budget;
    f->flash.torn_bits = torn_bits;
    f->entropy = 1;
    error = fixture_boot(f, 0);
    if (!error)
        live(f, &history, 1, 1000);
    cut = f->flash.dead;
    ram_flash_revive(&f->flash);

    /* The next boot draws other bits: only a stored epoch is the same. */
    f->entropy = 4711;
    assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
    if (history.epoch)
        assert_int_equal(f->device.outbox.epoch, history.epoch);
    else
        fixture_forget_sent(f);
    check_held(f, &history, guaranteed_from);
    repeat_commands(f, &history, 500);
    live(f, &history, 2, 1000);
    check_sent(f);
    check_held(f, &history, guaranteed_from);
    repeat_commands(f, &history, 200000);
    assert_int_equal(f->flash.violations, 0);
    return cut;
}

static void cut_everywhere(struct fixture *f, const struct ram_flash *image, const uint64_t *guaranteed_from)
{
    uint64_t budget = 0;

    while (cut_at(f, image, guaranteed_from, budget, budget % 2))
        budget++;
    print_message("%llu cuts\n", (unsigned long long)budget);
    assert_true(budget > 1500);
}

static void make_image(struct ram_flash *image)
{
    assert_true(ram_flash_init(image, DEVICE_SECTOR_BYTES, DEVICE_SECTORS));
}

static void a_power_cut_at_any_byte_of_a_new_device_loses_and_doubles_nothing(void **state)
{
    struct fixture *f = *state;
    struct ram_flash image;
    uint64_t from[DEVICE_LANES] = {0, 0};

    make_image(&image);
    cut_everywhere(f, &image, from);
    ram_flash_release(&image);
}

/* Fills a device until its lanes have gone round and stand `left` bytes before the end of a sector. */
static void fill(struct fixture *f, uint32_t left, uint64_t *ret_guaranteed_from)
{
    struct device_event pair[2] = {fixture_heartbeat(STORY_EVENTS),
                                   fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN)};

    for (int lane = 0; lane < DEVICE_LANES; lane++) {
        struct device_outbox_lane *stored = &f->device.outbox.lanes[lane];
        bool wrapped = false;

        while (!wrapped || stored->offset < DEVICE_SECTOR_BYTES - left) {
            assert_int_equal(device_report(&f->device, pair, lane == DEVICE_URGENT ? 2 : 1, 0), DEVICE_OK);
            wrapped |= stored->dropped > 0;
        }
        ret_guaranteed_from[lane] =
            stored->next - (lane == DEVICE_URGENT ? DEVICE_URGENT_EVENTS_MIN : DEVICE_ROUTINE_EVENTS_MIN);
    }
}

static void a_power_cut_at_any_byte_while_full_lanes_drop_their_oldest_keeps_the_newest(void **state)
{
    struct fixture *f = *state;
    struct ram_flash image;
    uint64_t from[DEVICE_LANES];

    fill(f, 300, from);
    /* The ledger stands before its end too. */
    for (int i = 0; i < 200; i++)
        if (f->device.ledger.offset < DEVICE_SECTOR_BYTES - 200)
            device_ledger_session(&f->device.ledger, 0);
    make_image(&image);
    assert_true(ram_flash_copy(&image, &f->flash));
    cut_everywhere(f, &image, from);
    ram_flash_release(&image);
}

static void a_cut_inside_the_boot_after_a_cut_loses_nothing_either(void **state)
{
    struct fixture *f = *state;
    struct ram_flash image;
    uint64_t from[DEVICE_LANES] = {0, 0};

    make_image(&image);
    for (uint64_t first = 200; first < 2400; first += 97) {
        struct history history = {0};

        for (uint64_t second = 0; second < 400; second += 7) {
            history = (struct history){0};
            fixture_forget_sent(f);
            f->play_count = 0;
            assert_true(ram_flash_copy(&f->flash, &image));
            f->flash.budget = first;
            f->entropy = 1;
            if (fixture_boot(f, 0) == DEVICE_OK)
                live(f, &history, 1, 1000);
            ram_flash_revive(&f->flash);
            f->flash.budget = f->flash.spent + second;
            (void)fixture_boot(f, 0);
            ram_flash_revive(&f->flash);
            assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
            check_held(f, &history, from);
            repeat_commands(f, &history, 500);
        }
    }
    ram_flash_release(&image);
}

static void a_session_has_a_higher_ordinal_than_any_before_it_whatever_is_cut(void **state)
{
    struct fixture *f = *state;
    uint8_t will[DEVICE_WILL_MAX];
    uint64_t used = 0;

    for (uint64_t budget = 0; budget < 200; budget++) {
        f->flash.budget = f->flash.spent + budget;
        (void)device_will(&f->device, 0, will);
        if (!f->flash.dead) {
            assert_true(f->device.session > used);
            used = f->device.session;
        }
        ram_flash_revive(&f->flash);
        assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
        assert_true(f->device.ledger.session >= used);
    }
}

static void a_command_that_a_power_cut_interrupted_is_reported_as_failed_and_not_said_again(void **state)
{
    struct fixture *f = *state;
    Huyang__V1__FailReason reason = HUYANG__V1__FAIL_REASON__FAIL_REASON_POWER;
    enum device_lane lane = DEVICE_ROUTINE;

    fixture_connect(f, 0);
    fixture_prompt(f, "interrupted", HUYANG__V1__PRIORITY__PRIORITY_RED, 0);
    device_on_speaker(&f->device, f->plays[0].token, DEVICE_SPEAKER_STARTED, 0, 10);
    fixture_boot(f, 0);
    fixture_connect(f, 20);
    assert_true(
        fixture_told(f, "interrupted", HUYANG__V1__COMMAND_STATE__COMMAND_STATE_FAILED, &reason, &lane));
    assert_int_equal(reason, HUYANG__V1__FAIL_REASON__FAIL_REASON_UNSPECIFIED);
    assert_int_equal(lane, DEVICE_URGENT);
    fixture_prompt(f, "interrupted", HUYANG__V1__PRIORITY__PRIORITY_RED, 30);
    assert_int_equal(f->play_count, 1);
    /* Told once: a further boot has nothing to report. */
    uint64_t next = f->device.outbox.lanes[DEVICE_URGENT].next;
    fixture_boot(f, 0);
    assert_int_equal(f->device.outbox.lanes[DEVICE_URGENT].next, next);
}

static void a_device_whose_ledger_is_destroyed_keeps_its_events_and_epoch(void **state)
{
    struct fixture *f = *state;
    struct device_flash driver = ram_flash_driver(&f->flash);
    uint32_t epoch = f->device.outbox.epoch;

    fixture_report(f, fixture_sos(true), 0);
    driver.erase(driver.context, 0);
    driver.erase(driver.context, 1);
    f->entropy = 99;
    assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
    assert_int_equal(f->device.outbox.epoch, epoch);
    assert_int_equal(device_outbox_pending(&f->device.outbox, DEVICE_URGENT), 1);
}

static void a_formatted_flash_gets_another_epoch_and_forgets_the_old_events(void **state)
{
    struct fixture *f = *state;
    struct device_flash driver = ram_flash_driver(&f->flash);
    uint32_t epoch = f->device.outbox.epoch;

    fixture_report(f, fixture_sos(true), 0);
    for (uint32_t i = 0; i < f->flash.sector_count; i++)
        driver.erase(driver.context, i);
    f->entropy = 99;
    assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
    assert_true(f->device.outbox.epoch != epoch);
    assert_int_equal(f->device.outbox.lanes[DEVICE_URGENT].next, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_power_cut_at_any_byte_of_a_new_device_loses_and_doubles_nothing),
        FIXTURE_TEST(a_power_cut_at_any_byte_while_full_lanes_drop_their_oldest_keeps_the_newest),
        FIXTURE_TEST(a_cut_inside_the_boot_after_a_cut_loses_nothing_either),
        FIXTURE_TEST(a_session_has_a_higher_ordinal_than_any_before_it_whatever_is_cut),
        FIXTURE_TEST(a_command_that_a_power_cut_interrupted_is_reported_as_failed_and_not_said_again),
        FIXTURE_TEST(a_device_whose_ledger_is_destroyed_keeps_its_events_and_epoch),
        FIXTURE_TEST(a_formatted_flash_gets_another_epoch_and_forgets_the_old_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
