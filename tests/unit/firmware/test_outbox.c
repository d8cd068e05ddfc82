#include "fixture.h"

static uint64_t count_held(struct fixture *f, enum device_lane lane)
{
    struct device_outbox_cursor cursor = {.seq = f->device.outbox.lanes[lane].base};
    struct device_outbox_event event;
    uint64_t count = 0, last = cursor.seq - 1;

    while (device_outbox_read(&f->device.outbox, lane, &cursor, &event)) {
        assert_int_equal(event.seq, last + 1);
        last = event.seq;
        count++;
    }
    assert_int_equal(last + 1, f->device.outbox.lanes[lane].next);
    return count;
}

static void a_full_routine_lane_drops_its_oldest_moves_base_and_reports_the_overflow(void **state)
{
    struct fixture *f = *state;
    struct device_outbox_lane *lane = &f->device.outbox.lanes[DEVICE_ROUTINE];
    uint64_t reported = 0;

    for (uint32_t i = 0; i < 6000; i++)
        assert_int_equal(fixture_report(f, fixture_heartbeat(i), 0), DEVICE_OK);
    assert_true(f->dropped[DEVICE_ROUTINE] > 0);
    assert_int_equal(lane->base, 1 + f->dropped[DEVICE_ROUTINE]);
    assert_true(count_held(f, DEVICE_ROUTINE) >= DEVICE_ROUTINE_EVENTS_MIN);
    assert_int_equal(f->dropped[DEVICE_URGENT], 0);
    device_tick(&f->device, 60000);
    fixture_connect(f, 60001);
    assert_int_equal(f->sent[0].base, lane->base);
    assert_int_equal(f->sent[0].first, lane->base);
    while (device_outbox_pending(&f->device.outbox, DEVICE_ROUTINE))
        fixture_ack(f, DEVICE_ROUTINE, f->device.sender.lanes[DEVICE_ROUTINE].sent_end - 1, 60002);
    for (size_t b = 0; b < f->sent_count; b++) {
        for (uint32_t i = 0; i < f->sent[b].count; i++) {
            Huyang__V1__Event *event = fixture_event(&f->sent[b], i);

            if (event->kind_case == HUYANG__V1__EVENT__KIND_DEVICE_FAULT) {
                assert_int_equal(event->device_fault->fault_kind,
                                 HUYANG__V1__FAULT_KIND__FAULT_KIND_OUTBOX_OVERFLOW);
                reported += event->device_fault->count;
            }
            huyang__v1__event__free_unpacked(event, NULL);
        }
    }
    assert_int_equal(reported, f->dropped[DEVICE_ROUTINE]);
}

static void the_largest_events_still_leave_64_urgent_and_512_routine(void **state)
{
    struct fixture *f = *state;
    struct device_event visit = {.kind = HUYANG__V1__EVENT__KIND_VISIT};
    struct device_event status = {.kind = HUYANG__V1__EVENT__KIND_COMMAND_STATUS};

    memset(visit.visit.visit_id, 'v', DEVICE_ID_MAX);
    visit.visit.people_count = DEVICE_PEOPLE_MAX;
    for (int i = 0; i < DEVICE_PEOPLE_MAX; i++) {
        memset(visit.visit.people[i].visitor_id, 'p', DEVICE_ID_MAX);
        visit.visit.people[i].person_class = HUYANG__V1__PERSON_CLASS__PERSON_CLASS_UNKNOWN;
        visit.visit.people[i].has_confidence = visit.visit.people[i].face_seen = true;
        visit.visit.people[i].confidence = 0.5f;
    }
    memset(status.command_status.command_id, 'c', DEVICE_ID_MAX);
    status.command_status.state = HUYANG__V1__COMMAND_STATE__COMMAND_STATE_FAILED;
    status.command_status.reason = HUYANG__V1__FAIL_REASON__FAIL_REASON_BUSY;
    device_set_clock(&f->device, 0, 1772000000000);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(fixture_report(f, visit, 0), DEVICE_OK);
        assert_int_equal(fixture_report(f, status, 0), DEVICE_OK);
        if (i >= DEVICE_URGENT_EVENTS_MIN)
            assert_true(device_outbox_pending(&f->device.outbox, DEVICE_URGENT) >= DEVICE_URGENT_EVENTS_MIN);
        if (i >= DEVICE_ROUTINE_EVENTS_MIN)
            assert_true(device_outbox_pending(&f->device.outbox, DEVICE_ROUTINE) >=
                        DEVICE_ROUTINE_EVENTS_MIN);
    }
    count_held(f, DEVICE_URGENT);
    count_held(f, DEVICE_ROUTINE);
}

static void a_full_urgent_lane_is_counted_apart(void **state)
{
    struct fixture *f = *state;

    while (f->dropped[DEVICE_URGENT] == 0)
        assert_int_equal(fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 0), DEVICE_OK);
    assert_int_equal(f->dropped[DEVICE_ROUTINE], 0);
    assert_int_equal(f->device.outbox.lanes[DEVICE_URGENT].dropped, f->dropped[DEVICE_URGENT]);
    assert_true(count_held(f, DEVICE_URGENT) >= DEVICE_URGENT_EVENTS_MIN);
}

static void numbers_and_contents_survive_any_number_of_reboots(void **state)
{
    struct fixture *f = *state;
    uint32_t epoch = f->device.outbox.epoch;

    for (uint32_t i = 0; i < 700; i++) {
        assert_int_equal(fixture_report(f, fixture_heartbeat(i), 0), DEVICE_OK);
        if (i % 11 == 0) {
            assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
            assert_int_equal(f->device.outbox.epoch, epoch);
            assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].next, i + 2);
        }
    }
    assert_int_equal(count_held(f, DEVICE_ROUTINE), 700);
}

static void an_idle_device_stores_what_was_acked_and_does_not_send_it_after_a_reboot(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    for (uint32_t i = 0; i < 5; i++)
        fixture_report(f, fixture_heartbeat(i), 0);
    fixture_ack(f, DEVICE_ROUTINE, 4, 10);
    fixture_ack(f, DEVICE_ROUTINE, 5, 11);
    assert_true(device_next_deadline(&f->device, 11) <= 60011);
    device_tick(&f->device, 60010);
    fixture_boot(f, 0);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].base, 6);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].next, 6);
    assert_int_equal(device_next_deadline(&f->device, 0), INT64_MAX);
}

/* One bit in each byte of a sector in turn falls from 1 to 0. */
static void one_rotten_bit_loses_at_most_part_of_its_sector_and_no_number_is_used_twice(void **state)
{
    struct fixture *f = *state;
    uint32_t routine_sector = DEVICE_LEDGER_SECTORS + DEVICE_SECTORS_URGENT;
    struct ram_flash image;

    for (uint32_t i = 0; i < 150; i++)
        fixture_report(f, fixture_heartbeat(i), 0);
    assert_true(ram_flash_init(&image, DEVICE_SECTOR_BYTES, DEVICE_SECTORS));
    assert_true(ram_flash_copy(&image, &f->flash));
    for (uint32_t at = DEVICE_FLOG_HEAD_BYTES; at < DEVICE_SECTOR_BYTES; at++) {
        uint8_t rot = (uint8_t) ~(1u << at % 8);

        /* It has rotted when the device boots. */
        assert_true(ram_flash_copy(&f->flash, &image));
        f->flash.sectors[routine_sector][at] &= rot;
        assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
        assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].next, 151);
        /* It rots while the device runs: what cannot be read is passed over and the lane goes on. */
        assert_true(ram_flash_copy(&f->flash, &image));
        assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
        f->flash.sectors[routine_sector][at] &= rot;
        fixture_connect(f, 0);
        for (int round = 0; round < 20 && device_outbox_pending(&f->device.outbox, DEVICE_ROUTINE); round++) {
            fixture_ack(f, DEVICE_ROUTINE, f->device.sender.lanes[DEVICE_ROUTINE].sent_end - 1, round);
            device_tick(&f->device, round);
        }
        assert_int_equal(device_outbox_pending(&f->device.outbox, DEVICE_ROUTINE), 0);
        fixture_forget_sent(f);
    }
    ram_flash_release(&image);
}

static void a_torn_write_costs_only_itself_and_its_sector_goes_on_in_use(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 40; i++) {
        f->flash.budget = f->flash.spent + 1 + i % 25;
        assert_int_equal(fixture_report(f, fixture_heartbeat(i), 0), DEVICE_ERROR_STORAGE);
        ram_flash_revive(&f->flash);
        assert_int_equal(fixture_boot(f, 0), DEVICE_OK);
        assert_int_equal(fixture_report(f, fixture_heartbeat(i), 0), DEVICE_OK);
    }
    assert_int_equal(count_held(f, DEVICE_ROUTINE), 40);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].active, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_full_routine_lane_drops_its_oldest_moves_base_and_reports_the_overflow),
        FIXTURE_TEST(the_largest_events_still_leave_64_urgent_and_512_routine),
        FIXTURE_TEST(a_full_urgent_lane_is_counted_apart),
        FIXTURE_TEST(numbers_and_contents_survive_any_number_of_reboots),
        FIXTURE_TEST(an_idle_device_stores_what_was_acked_and_does_not_send_it_after_a_reboot),
        FIXTURE_TEST(one_rotten_bit_loses_at_most_part_of_its_sector_and_no_number_is_used_twice),
        FIXTURE_TEST(a_torn_write_costs_only_itself_and_its_sector_goes_on_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
