#include "fixture.h"

static Huyang__V1__Link *read_link(const uint8_t *bytes, size_t length)
{
    Huyang__V1__Link *link = huyang__v1__link__unpack(NULL, length, bytes);

    assert_non_null(link);
    return link;
}

static void birth_and_will_carry_the_session_that_was_stored_before(void **state)
{
    struct fixture *f = *state;
    uint8_t will[DEVICE_WILL_MAX];
    size_t length = device_will(&f->device, 0, will);
    Huyang__V1__Link *dead = read_link(will, length), *born;
    struct device_ledger stored;

    assert_true(device_ledger_init(&stored, &f->device.config.flash, f->scratch.record));
    assert_int_equal(stored.session, dead->ordinal);
    device_on_link(&f->device, true, 0);
    born = read_link(f->link_bytes, f->link_length);
    assert_true(f->link_retained);
    assert_int_equal(f->births, 1);
    assert_int_equal(dead->state, HUYANG__V1__LINK_STATE__LINK_STATE_DEAD);
    assert_int_equal(born->state, HUYANG__V1__LINK_STATE__LINK_STATE_BORN);
    assert_int_equal(born->ordinal, dead->ordinal);
    assert_int_equal(born->kind, HUYANG__V1__DEVICE_KIND__DEVICE_KIND_WRISTBAND);
    assert_string_equal(born->firmware, "stub-1.0");
    huyang__v1__link__free_unpacked(born, NULL);
    huyang__v1__link__free_unpacked(dead, NULL);
}

static void a_will_of_an_older_session_is_always_below_the_birth_of_a_newer_one(void **state)
{
    struct fixture *f = *state;
    uint8_t will[DEVICE_WILL_MAX];
    uint64_t last = 0;

    for (int i = 0; i < 500; i++) {
        size_t length = device_will(&f->device, i, will);
        Huyang__V1__Link *link = read_link(will, length);

        assert_true(link->ordinal > last);
        last = link->ordinal;
        huyang__v1__link__free_unpacked(link, NULL);
        if (i % 3 == 0)
            assert_int_equal(fixture_boot(f, i), DEVICE_OK);
    }
}

static void a_formatted_device_with_a_clock_still_gets_a_higher_ordinal(void **state)
{
    struct fixture *f = *state;
    uint64_t before;

    device_set_clock(&f->device, 0, 1772000000000);
    before = fixture_connect(f, 0);
    ram_flash_release(&f->flash);
    assert_true(ram_flash_init(&f->flash, DEVICE_SECTOR_BYTES, DEVICE_SECTORS));
    assert_int_equal(fixture_boot(f, 1000), DEVICE_OK);
    device_set_clock(&f->device, 1000, 1772000001000);
    assert_true(fixture_connect(f, 1000) > before);
}

static void a_birth_that_the_transport_refused_is_offered_again(void **state)
{
    struct fixture *f = *state;

    f->refuse = true;
    fixture_connect(f, 0);
    f->refuse = false;
    assert_int_equal(f->births, 0);
    assert_true(device_next_deadline(&f->device, 0) <= 1000);
    device_tick(&f->device, 1000);
    assert_int_equal(f->births, 1);
}

static void an_unacked_sos_triggers_the_fallback_at_20_s_exactly_and_once(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    fixture_report(f, fixture_sos(true), 5000);
    device_tick(&f->device, 24999);
    assert_int_equal(f->fallbacks, 0);
    assert_true(device_next_deadline(&f->device, 24999) <= 25000);
    device_tick(&f->device, 25000);
    assert_int_equal(f->fallbacks, 1);
    assert_int_equal(f->not_delivered, 1);
    for (int64_t t = 25000; t < 100000; t += 500)
        device_tick(&f->device, t);
    assert_int_equal(f->fallbacks, 1);
    assert_int_equal(f->help_told, 0);
    fixture_ack(f, DEVICE_URGENT, 1, 100000);
    assert_int_equal(f->help_told, 1);
}

static void an_acked_sos_says_help_has_been_told_and_calls_nobody(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    fixture_report(f, fixture_sos(true), 0);
    fixture_ack(f, DEVICE_URGENT, 1, 19999);
    assert_int_equal(f->help_told, 1);
    for (int64_t t = 19999; t < 60000; t += 500)
        device_tick(&f->device, t);
    assert_int_equal(f->fallbacks, 0);
    assert_int_equal(f->not_delivered, 0);
}

static void the_ack_of_an_earlier_event_does_not_say_that_help_was_told(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 0);
    fixture_report(f, fixture_sos(true), 0);
    fixture_ack(f, DEVICE_URGENT, 1, 10);
    fixture_report(f, fixture_heartbeat(1), 20);
    fixture_report(f, fixture_heartbeat(2), 20);
    fixture_ack(f, DEVICE_ROUTINE, 2, 30); /* the other lane's number 2 is not this one */
    assert_int_equal(f->help_told, 0);
    device_tick(&f->device, 20000);
    assert_int_equal(f->fallbacks, 1);
}

static void a_cancelled_sos_asks_for_no_fallback(void **state)
{
    struct fixture *f = *state;

    fixture_report(f, fixture_sos(true), 0);
    fixture_report(f, fixture_sos(false), 10000);
    device_tick(&f->device, 60000);
    assert_int_equal(f->fallbacks, 0);
}

static void a_second_press_does_not_put_the_fallback_off_but_one_after_it_calls_again(void **state)
{
    struct fixture *f = *state;

    fixture_report(f, fixture_sos(true), 0);
    fixture_report(f, fixture_sos(true), 15000);
    device_tick(&f->device, 20000);
    assert_int_equal(f->fallbacks, 1);
    fixture_report(f, fixture_sos(true), 30000);
    device_tick(&f->device, 49999);
    assert_int_equal(f->fallbacks, 1);
    device_tick(&f->device, 50000);
    assert_int_equal(f->fallbacks, 2);
}

static void after_a_reboot_an_unacked_sos_gets_its_fallback_and_a_cancelled_one_none(void **state)
{
    struct fixture *f = *state;

    fixture_report(f, fixture_sos(true), 0);
    fixture_boot(f, 1000);
    device_tick(&f->device, 20999);
    assert_int_equal(f->fallbacks, 0);
    device_tick(&f->device, 21000);
    assert_int_equal(f->fallbacks, 1);
    fixture_report(f, fixture_sos(false), 22000);
    fixture_boot(f, 0);
    device_tick(&f->device, 60000);
    assert_int_equal(f->fallbacks, 1);
}

static void an_sos_that_cannot_be_stored_calls_at_once(void **state)
{
    struct fixture *f = *state;

    f->flash.budget = f->flash.spent;
    assert_int_equal(fixture_report(f, fixture_sos(true), 0), DEVICE_ERROR_STORAGE);
    assert_int_equal(f->fallbacks, 1);
    assert_int_equal(f->not_delivered, 1);
}

static void an_sos_that_a_full_lane_dropped_is_never_called_told(void **state)
{
    struct fixture *f = *state;

    fixture_report(f, fixture_sos(true), 0);
    while (f->dropped[DEVICE_URGENT] == 0)
        fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 0);
    device_tick(&f->device, 1);
    assert_int_equal(f->fallbacks, 1);
    fixture_connect(f, 2);
    fixture_ack(f, DEVICE_URGENT, f->device.sender.lanes[DEVICE_URGENT].sent_end - 1, 3);
    assert_int_equal(f->help_told, 0);
}

static void a_report_goes_whole_on_urgent_when_one_of_its_events_is_urgent(void **state)
{
    struct fixture *f = *state;
    static const Huyang__V1__Event__KindCase urgent[] = {
        HUYANG__V1__EVENT__KIND_SOS,      HUYANG__V1__EVENT__KIND_FALL,   HUYANG__V1__EVENT__KIND_SUSPICION,
        HUYANG__V1__EVENT__KIND_CHECK_IN, HUYANG__V1__EVENT__KIND_TAMPER, HUYANG__V1__EVENT__KIND_VISIT,
        HUYANG__V1__EVENT__KIND_DEPARTURE};
    static const Huyang__V1__Event__KindCase routine[] = {
        HUYANG__V1__EVENT__KIND_HEARTBEAT,   HUYANG__V1__EVENT__KIND_FIX,
        HUYANG__V1__EVENT__KIND_PRESENCE,    HUYANG__V1__EVENT__KIND_VITALS,
        HUYANG__V1__EVENT__KIND_ACTIVITY,    HUYANG__V1__EVENT__KIND_PAUSE,
        HUYANG__V1__EVENT__KIND_DEVICE_FAULT};

    for (size_t i = 0; i < sizeof urgent / sizeof *urgent; i++) {
        struct device_event pair[2] = {fixture_kind(HUYANG__V1__EVENT__KIND_FIX), fixture_kind(urgent[i])};

        assert_int_equal(device_report(&f->device, pair, 2, 0), DEVICE_OK);
        assert_int_equal(f->stored_lane, DEVICE_URGENT);
        assert_int_equal(f->stored_count, 2);
    }
    for (size_t i = 0; i < sizeof routine / sizeof *routine; i++) {
        assert_int_equal(fixture_report(f, fixture_kind(routine[i]), 0), DEVICE_OK);
        assert_int_equal(f->stored_lane, DEVICE_ROUTINE);
    }
}

static void a_report_without_events_with_too_many_or_unknown_ones_is_refused(void **state)
{
    struct fixture *f = *state;
    struct device_event events[DEVICE_REPORT_EVENTS_MAX + 1];

    for (size_t i = 0; i <= DEVICE_REPORT_EVENTS_MAX; i++)
        events[i] = fixture_heartbeat(1);
    assert_int_equal(device_report(&f->device, events, 0, 0), DEVICE_ERROR_SIZE);
    assert_int_equal(device_report(&f->device, events, DEVICE_REPORT_EVENTS_MAX + 1, 0), DEVICE_ERROR_SIZE);
    events[1].kind = HUYANG__V1__EVENT__KIND__NOT_SET;
    assert_int_equal(device_report(&f->device, events, 2, 0), DEVICE_ERROR_SIZE);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].next, 1);
}

static void the_gateways_time_sets_the_clock_of_a_device_without_one(void **state)
{
    struct fixture *f = *state;
    Huyang__V1__EventAck ack = HUYANG__V1__EVENT_ACK__INIT;
    uint8_t bytes[64];
    int64_t times[] = {5, 1772000000000, 1772000001000, 1772000999000};
    int64_t expected[] = {0, 1772000000000, 1772000000000, 1772000999000};

    fixture_connect(f, 0);
    fixture_report(f, fixture_heartbeat(1), 0);
    Huyang__V1__Event *event = fixture_event(&f->sent[0], 0);
    assert_int_equal(event->at_ms, 0);
    huyang__v1__event__free_unpacked(event, NULL);
    ack.lane = HUYANG__V1__LANE__LANE_ROUTINE;
    ack.epoch = f->device.outbox.epoch;
    for (size_t i = 0; i < 4; i++) { /* implausible; set; a small difference; a large one */
        ack.gateway_time_ms = times[i];
        device_on_message(&f->device, DEVICE_TOPIC_ACK, bytes, huyang__v1__event_ack__pack(&ack, bytes), 10);
        assert_int_equal(device_wall(&f->device, 10), expected[i]);
    }
    fixture_report(f, fixture_heartbeat(2), 30);
    event = fixture_event(&f->sent[f->sent_count - 1], 0);
    assert_int_equal(event->at_ms, 1772000999020);
    huyang__v1__event__free_unpacked(event, NULL);
    device_set_clock(&f->device, 40, 1773000000000);
    ack.gateway_time_ms = 1772000000000;
    device_on_message(&f->device, DEVICE_TOPIC_ACK, bytes, huyang__v1__event_ack__pack(&ack, bytes), 50);
    assert_int_equal(device_wall(&f->device, 50), 1773000000010);
}

static void garbage_from_above_is_counted_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    static const enum device_topic topics[] = {DEVICE_TOPIC_ACK, DEVICE_TOPIC_COMMAND, DEVICE_TOPIC_GATEWAY};
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__Prompt prompt = HUYANG__V1__PROMPT__INIT;
    uint8_t good[256], bytes[4096];
    uint32_t seed = 1;
    size_t length;

    fixture_connect(f, 0);
    fixture_report(f, fixture_heartbeat(1), 0);
    command.id = (char *)(uintptr_t) "0123456789abcdef";
    command.ttl_s = 60;
    command.kind_case = HUYANG__V1__COMMAND__KIND_PROMPT;
    command.prompt = &prompt;
    prompt.text = (char *)(uintptr_t) "hello";
    length = huyang__v1__command__pack(&command, good);
    /* Random bytes, cut messages, and messages with one byte changed. */
    for (int round = 0; round < 60000; round++) {
        size_t size = round % 3 == 0 ? (size_t)round % sizeof bytes : length;

        for (size_t i = 0; i < size; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = round % 3 == 0 ? (uint8_t)(seed >> 24) : good[i];
        }
        seed = seed * 1664525 + 1013904223;
        if (round % 3 == 1)
            size = (seed >> 8) % length;
        else if (round % 3 == 2)
            bytes[(seed >> 8) % length] ^= (uint8_t)(1u << (seed >> 4) % 8);
        device_on_message(&f->device, topics[(unsigned)round % 9 / 3], bytes, size, round / 100);
        f->play_count = 0;
        fixture_forget_sent(f);
    }
    assert_true(f->device.downlink_bad > 1000 && f->device.commands.malformed > 1000);
    assert_int_equal(f->device.outbox.lanes[DEVICE_URGENT].base, 1);
    memset(bytes, 0x55, sizeof bytes);
    uint64_t before = f->device.commands.malformed;
    device_on_message(&f->device, DEVICE_TOPIC_COMMAND, bytes, DEVICE_COMMAND_BYTES_MAX + 1, 700);
    assert_int_equal(f->device.commands.malformed, before + 1);
    /* It still works. */
    fixture_boot(f, 800);
    fixture_connect(f, 800);
    assert_int_equal(fixture_report(f, fixture_sos(true), 800), DEVICE_OK);
}

static void many_nested_empty_fields_cannot_take_more_than_the_arena(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[DEVICE_COMMAND_BYTES_MAX];

    /* The prompt field again and again: each replaces the last, and each takes memory. */
    for (size_t i = 0; i + 1 < sizeof bytes; i += 2) {
        bytes[i] = 10 << 3 | 2;
        bytes[i + 1] = 0;
    }
    device_on_message(&f->device, DEVICE_TOPIC_COMMAND, bytes, sizeof bytes, 0);
    assert_int_equal(f->device.commands.malformed, 1);
    assert_true(f->device.arena.used <= f->device.arena.capacity);
}

static void an_invalid_configuration_is_refused(void **state)
{
    struct fixture *f = *state;
    struct device_config config = fixture_config(f);

    memcpy(config.county, "34128x", 7);
    assert_int_equal(device_init(&f->device, &config, 0), DEVICE_ERROR_CONFIG);
    config = fixture_config(f);
    memcpy(config.id, "a/b", 4);
    assert_int_equal(device_init(&f->device, &config, 0), DEVICE_ERROR_CONFIG);
    config = fixture_config(f);
    config.routine_sectors = 10; /* cannot hold 512 */
    assert_int_equal(device_init(&f->device, &config, 0), DEVICE_ERROR_CONFIG);
    config = fixture_config(f);
    config.flash.sector_count = 20;
    assert_int_equal(device_init(&f->device, &config, 0), DEVICE_ERROR_CONFIG);
}

static void topics_are_those_of_the_contract(void **state)
{
    struct fixture *f = *state;
    static const char *const expected[DEVICE_TOPICS] = {
        "huyang/v1/341282/wb-0001/urgent",  "huyang/v1/341282/wb-0001/routine",
        "huyang/v1/341282/wb-0001/link",    "huyang/v1/341282/wb-0001/ack",
        "huyang/v1/341282/wb-0001/command", "huyang/v1/341282/gateway"};
    char topic[DEVICE_TOPIC_MAX];

    for (int i = 0; i < DEVICE_TOPICS; i++) {
        device_topic(&f->device, (enum device_topic)i, topic);
        assert_string_equal(topic, expected[i]);
    }
}

static void failed_writes_are_reported_once_the_flash_works_again(void **state)
{
    struct fixture *f = *state;

    f->flash.budget = f->flash.spent;
    assert_int_equal(fixture_report(f, fixture_heartbeat(1), 0), DEVICE_ERROR_STORAGE);
    ram_flash_revive(&f->flash);
    device_tick(&f->device, 1);
    device_tick(&f->device, 60001);
    fixture_connect(f, 60002);
    Huyang__V1__Event *event = fixture_event(&f->sent[0], 0);
    assert_int_equal(event->kind_case, HUYANG__V1__EVENT__KIND_DEVICE_FAULT);
    assert_int_equal(event->device_fault->fault_kind, HUYANG__V1__FAULT_KIND__FAULT_KIND_STORAGE);
    huyang__v1__event__free_unpacked(event, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(birth_and_will_carry_the_session_that_was_stored_before),
        FIXTURE_TEST(a_will_of_an_older_session_is_always_below_the_birth_of_a_newer_one),
        FIXTURE_TEST(a_formatted_device_with_a_clock_still_gets_a_higher_ordinal),
        FIXTURE_TEST(a_birth_that_the_transport_refused_is_offered_again),
        FIXTURE_TEST(an_unacked_sos_triggers_the_fallback_at_20_s_exactly_and_once),
        FIXTURE_TEST(an_acked_sos_says_help_has_been_told_and_calls_nobody),
        FIXTURE_TEST(the_ack_of_an_earlier_event_does_not_say_that_help_was_told),
        FIXTURE_TEST(a_cancelled_sos_asks_for_no_fallback),
        FIXTURE_TEST(a_second_press_does_not_put_the_fallback_off_but_one_after_it_calls_again),
        FIXTURE_TEST(after_a_reboot_an_unacked_sos_gets_its_fallback_and_a_cancelled_one_none),
        FIXTURE_TEST(an_sos_that_cannot_be_stored_calls_at_once),
        FIXTURE_TEST(an_sos_that_a_full_lane_dropped_is_never_called_told),
        FIXTURE_TEST(a_report_goes_whole_on_urgent_when_one_of_its_events_is_urgent),
        FIXTURE_TEST(a_report_without_events_with_too_many_or_unknown_ones_is_refused),
        FIXTURE_TEST(the_gateways_time_sets_the_clock_of_a_device_without_one),
        FIXTURE_TEST(garbage_from_above_is_counted_and_changes_nothing),
        FIXTURE_TEST(many_nested_empty_fields_cannot_take_more_than_the_arena),
        FIXTURE_TEST(an_invalid_configuration_is_refused),
        FIXTURE_TEST(topics_are_those_of_the_contract),
        FIXTURE_TEST(failed_writes_are_reported_once_the_flash_works_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
