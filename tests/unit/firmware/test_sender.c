#include "fixture.h"

static void events_are_sent_at_once_in_order_and_with_their_numbers(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(fixture_report(f, fixture_heartbeat(i), 10), DEVICE_OK);
    assert_int_equal(f->sent_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        Huyang__V1__Event *event = fixture_event(&f->sent[i], 0);

        assert_int_equal(f->sent[i].first, i + 1);
        assert_int_equal(f->sent[i].base, 1);
        assert_int_equal(f->sent[i].epoch, f->device.outbox.epoch);
        assert_int_equal(event->activity->steps, i);
        huyang__v1__event__free_unpacked(event, NULL);
    }
}

static void a_batch_holds_at_most_64_events_and_16_kib_and_four_are_on_their_way(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 400; i++)
        assert_int_equal(fixture_report(f, fixture_heartbeat(i), 0), DEVICE_OK);
    fixture_connect(f, 0);
    assert_int_equal(f->sent_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(f->sent[i].count, 64);
        assert_int_equal(f->sent[i].first, 1 + 64 * i);
    }
    fixture_ack(f, DEVICE_ROUTINE, 64, 10);
    assert_int_equal(f->sent_count, 5);
    assert_int_equal(f->sent[4].first, 257);
    assert_int_equal(f->sent[4].base, 65);
}

static void large_events_fill_a_batch_by_bytes(void **state)
{
    struct fixture *f = *state;
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_VISIT};
    uint32_t told = 0;

    memset(event.visit.visit_id, 'v', DEVICE_ID_MAX);
    event.visit.people_count = DEVICE_PEOPLE_MAX;
    for (int i = 0; i < DEVICE_PEOPLE_MAX; i++) {
        memset(event.visit.people[i].visitor_id, 'p', DEVICE_ID_MAX);
        event.visit.people[i].person_class = HUYANG__V1__PERSON_CLASS__PERSON_CLASS_UNKNOWN;
        event.visit.people[i].has_confidence = event.visit.people[i].face_seen = true;
        event.visit.people[i].confidence = 0.5f;
    }
    for (int i = 0; i < 60; i++)
        assert_int_equal(fixture_report(f, event, 0), DEVICE_OK);
    fixture_connect(f, 0);
    for (size_t i = 0; i < f->sent_count; i++) {
        assert_true(f->sent[i].length <= DEVICE_BATCH_BYTES);
        told += f->sent[i].count;
        assert_true(told == 60 || f->sent[i].length > DEVICE_BATCH_BYTES - 1024);
    }
    assert_true(told == 60 || f->sent_count == DEVICE_WINDOW);
    assert_true(f->sent_count > 1);
}

/* Runs the device by its own deadlines until something is sent; returns the delay. */
static int64_t until_sent(struct fixture *f, int64_t now_ms)
{
    size_t before = f->sent_count;

    for (int i = 0; i < 100; i++) {
        int64_t next_ms = device_next_deadline(&f->device, now_ms);

        assert_true(next_ms != INT64_MAX);
        device_tick(&f->device, next_ms - 1);
        assert_int_equal(f->sent_count, before);
        device_tick(&f->device, next_ms);
        if (f->sent_count > before)
            return next_ms;
        now_ms = next_ms;
    }
    fail_msg("nothing was sent");
    return 0;
}

static void check_delays(struct fixture *f, struct device_event event, const int64_t *delays, size_t count)
{
    int64_t now_ms = 1000, spread = 0;

    fixture_connect(f, now_ms);
    assert_int_equal(fixture_report(f, event, now_ms), DEVICE_OK);
    assert_int_equal(fixture_report(f, event, now_ms), DEVICE_OK);
    assert_int_equal(f->sent_count, 2);
    for (size_t i = 0; i < count; i++) {
        int64_t sent_ms = until_sent(f, now_ms), delay = sent_ms - now_ms;

        /* Only the first of the two that are on their way. */
        assert_int_equal(f->sent_count, 3 + i);
        assert_int_equal(f->sent[2 + i].first, 1);
        assert_int_equal(f->sent[2 + i].count, 1);
        assert_true(delay >= delays[i] / 2 && delay <= delays[i] * 3 / 2);
        spread += delay != delays[i];
        now_ms = sent_ms;
    }
    assert_true(spread > 0);
}

static void urgent_is_sent_again_after_2_s_doubling_to_30_s_within_half(void **state)
{
    static const int64_t delays[] = {2000, 4000, 8000, 16000, 30000, 30000, 30000};

    check_delays(*state, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), delays, 7);
}

static void routine_is_sent_again_after_5_s_doubling_to_5_min_within_half(void **state)
{
    static const int64_t delays[] = {5000, 10000, 20000, 40000, 80000, 160000, 300000, 300000};

    check_delays(*state, fixture_heartbeat(1), delays, 8);
}

static void devices_with_other_entropy_wait_other_times(void **state)
{
    struct fixture *f = *state;
    int64_t first, second;

    fixture_connect(f, 0);
    fixture_report(f, fixture_heartbeat(1), 0);
    first = device_next_deadline(&f->device, 0);
    f->entropy = 77;
    fixture_boot(f, 0);
    fixture_connect(f, 0);
    second = device_next_deadline(&f->device, 0);
    assert_true(first != second);
}

static void the_same_calls_with_the_same_entropy_send_the_same_bytes(void **state)
{
    struct fixture *f = *state;
    void *other_state = NULL;
    assert_int_equal(fixture_setup(&other_state), 0);
    struct fixture *g = other_state;
    struct fixture *both[] = {f, g};

    for (int d = 0; d < 2; d++) {
        fixture_connect(both[d], 5);
        for (uint32_t i = 0; i < 20; i++)
            fixture_report(both[d], i % 5 ? fixture_heartbeat(i) : fixture_sos(true), 5 + i);
        for (int64_t t = 1000; t < 100000; t += 500)
            device_tick(&both[d]->device, t);
    }
    assert_int_equal(f->sent_count, g->sent_count);
    for (size_t i = 0; i < f->sent_count; i++) {
        assert_int_equal(f->sent[i].length, g->sent[i].length);
        assert_memory_equal(f->sent[i].bytes, g->sent[i].bytes, f->sent[i].length);
    }
    assert_int_equal(fixture_teardown(&other_state), 0);
}

static void an_ack_in_the_middle_of_a_batch_keeps_its_rest(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 10; i++)
        fixture_report(f, fixture_heartbeat(i), 0);
    fixture_connect(f, 0);
    fixture_ack(f, DEVICE_ROUTINE, 4, 10);
    assert_int_equal(device_outbox_pending(&f->device.outbox, DEVICE_ROUTINE), 6);
    until_sent(f, 10);
    assert_int_equal(f->sent[f->sent_count - 1].first, 5);
    assert_int_equal(f->sent[f->sent_count - 1].count, 6);
    assert_int_equal(f->sent[f->sent_count - 1].base, 5);
}

static void acks_out_of_order_of_another_epoch_or_beyond_what_was_sent_change_nothing(void **state)
{
    struct fixture *f = *state;
    Huyang__V1__EventAck ack = HUYANG__V1__EVENT_ACK__INIT;
    uint8_t bytes[64];

    fixture_connect(f, 0);
    for (uint32_t i = 0; i < 6; i++)
        fixture_report(f, fixture_heartbeat(i), 0); /* four are sent, two wait */
    fixture_ack(f, DEVICE_ROUTINE, 5, 1);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].base, 1);
    fixture_ack(f, DEVICE_ROUTINE, UINT64_MAX, 1);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].base, 1);
    ack.lane = HUYANG__V1__LANE__LANE_ROUTINE;
    ack.epoch = f->device.outbox.epoch + 1;
    ack.seq = 2;
    device_on_message(&f->device, DEVICE_TOPIC_ACK, bytes, huyang__v1__event_ack__pack(&ack, bytes), 1);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].base, 1);
    assert_int_equal(f->device.sender.acks_ignored, 3);
    fixture_ack(f, DEVICE_ROUTINE, 3, 2);
    fixture_ack(f, DEVICE_ROUTINE, 1, 3);
    assert_int_equal(f->device.outbox.lanes[DEVICE_ROUTINE].base, 4);
    assert_int_equal(f->acked[DEVICE_ROUTINE], 3);
}

static void an_ack_of_before_the_reboot_counts_after_it(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    fixture_report(f, fixture_heartbeat(1), 0);
    fixture_boot(f, 0);
    fixture_ack(f, DEVICE_ROUTINE, 1, 5);
    assert_int_equal(device_outbox_pending(&f->device.outbox, DEVICE_ROUTINE), 0);
}

static void set_gateway(struct fixture *f, Huyang__V1__LinkState link, int64_t now_ms)
{
    Huyang__V1__GatewayState message = HUYANG__V1__GATEWAY_STATE__INIT;
    uint8_t bytes[64];

    message.state = link;
    device_on_message(&f->device, DEVICE_TOPIC_GATEWAY, bytes,
                      huyang__v1__gateway_state__pack(&message, bytes), now_ms);
}

static void routine_rests_while_the_gateway_is_down_and_urgent_does_not(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    set_gateway(f, HUYANG__V1__LINK_STATE__LINK_STATE_DEAD, 0);
    fixture_report(f, fixture_heartbeat(1), 0);
    assert_int_equal(f->sent_count, 0);
    for (int64_t t = 0; t < 1000000; t += 1000)
        device_tick(&f->device, t);
    assert_int_equal(f->sent_count, 0);
    fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 1000000);
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->sent[0].lane, DEVICE_URGENT);
    fixture_ack(f, DEVICE_URGENT, 1, 1000001);
    set_gateway(f, HUYANG__V1__LINK_STATE__LINK_STATE_BORN, 1000002);
    int64_t sent_ms = until_sent(f, 1000002);
    assert_int_equal(f->sent[1].lane, DEVICE_ROUTINE);
    assert_true(sent_ms <= 1000002 + 5000);
}

static void nothing_is_sent_without_a_link_and_everything_unacked_after_it_came_back(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    fixture_report(f, fixture_heartbeat(1), 0);
    fixture_report(f, fixture_heartbeat(2), 0);
    device_on_link(&f->device, false, 10);
    for (int64_t t = 10; t < 100000; t += 1000)
        device_tick(&f->device, t);
    assert_int_equal(f->sent_count, 2);
    fixture_connect(f, 100000);
    assert_int_equal(f->sent_count, 3);
    assert_int_equal(f->sent[2].first, 1);
    assert_int_equal(f->sent[2].count, 2);
}

static void a_transport_that_refuses_is_offered_the_batch_again(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    f->refuse = true;
    fixture_report(f, fixture_heartbeat(1), 0);
    f->refuse = false;
    assert_int_equal(device_next_deadline(&f->device, 0), 1000);
    device_tick(&f->device, 1000);
    assert_int_equal(f->sent_count, 1);
}

static void a_report_of_several_stays_in_one_batch_with_one_report_number(void **state)
{
    struct fixture *f = *state;
    struct device_event events[3] = {fixture_sos(true), fixture_kind(HUYANG__V1__EVENT__KIND_FIX),
                                     fixture_heartbeat(7)};
    struct device_event pair[2] = {fixture_heartbeat(1), fixture_heartbeat(2)};

    for (int i = 0; i < 22; i++)
        assert_int_equal(device_report(&f->device, events, 3, 0), DEVICE_OK);
    assert_int_equal(device_report(&f->device, pair, 2, 0), DEVICE_OK);
    fixture_connect(f, 0);
    assert_int_equal(f->sent[0].lane, DEVICE_URGENT);
    assert_int_equal(f->sent[0].count, 63);
    Huyang__V1__Event *a = fixture_event(&f->sent[0], 0), *b = fixture_event(&f->sent[0], 2),
                      *c = fixture_event(&f->sent[0], 3);
    assert_true(a->report != 0 && a->report == b->report && c->report != a->report);
    huyang__v1__event__free_unpacked(a, NULL);
    huyang__v1__event__free_unpacked(b, NULL);
    huyang__v1__event__free_unpacked(c, NULL);
}

/*
 * A gateway that cannot read what contains one certain event, and else behaves as contracts.md 3 says: it
 * commits the rest, acknowledges as far as nothing is missing, and again what it already has.
 */
struct picky_gateway {
    uint64_t poison[DEVICE_LANES];
    bool committed[DEVICE_LANES][1024];
    size_t seen; /* of fixture->sent */
    bool silent; /* acknowledges nothing at all */
};

static void gateway_takes(struct fixture *f, struct picky_gateway *gateway, int64_t now_ms)
{
    while (gateway->seen < f->sent_count) {
        const struct sent_batch *batch = &f->sent[gateway->seen++];
        uint64_t poison = gateway->poison[batch->lane], end = batch->first + batch->count, mark = 0;
        bool *committed = gateway->committed[batch->lane];

        if (gateway->silent || (poison && batch->first <= poison && poison < end))
            continue;
        for (uint64_t seq = 1; seq < end; seq++)
            committed[seq] |= seq >= batch->first || seq < batch->base;
        while (committed[mark + 1])
            mark++;
        fixture_ack(f, batch->lane, mark, now_ms);
    }
}

/* Runs for a time with a heartbeat now and then. */
static void run_with(struct fixture *f, struct picky_gateway *gateway, int64_t from_ms, int64_t to_ms,
                     int64_t beat_ms)
{
    int64_t beat_due = from_ms + beat_ms;

    for (int64_t now_ms = from_ms; now_ms < to_ms;) {
        int64_t next_ms = device_next_deadline(&f->device, now_ms);

        now_ms = next_ms > now_ms ? next_ms : now_ms + 1;
        if (beat_ms && now_ms >= beat_due) {
            now_ms = beat_due;
            beat_due += beat_ms;
            fixture_report(f, fixture_heartbeat(999), now_ms);
        }
        if (now_ms >= to_ms)
            return;
        device_tick(&f->device, now_ms);
        gateway_takes(f, gateway, now_ms);
    }
}

static void a_poison_event_is_found_declared_lost_and_everything_else_arrives(void **state)
{
    struct fixture *f = *state;
    static struct picky_gateway gateway;

    gateway = (struct picky_gateway){.poison = {0, 37}};
    for (uint32_t i = 0; i < 100; i++)
        fixture_report(f, fixture_heartbeat(i), 0);
    fixture_connect(f, 0);
    gateway_takes(f, &gateway, 0);
    run_with(f, &gateway, 0, 3600000, 60000);
    assert_int_equal(f->lost, 1);
    assert_int_equal(f->lost_seq, 37);
    for (uint64_t seq = 1; seq <= 100; seq++)
        assert_true(gateway.committed[DEVICE_ROUTINE][seq]); /* 37 as below base */
    assert_true(f->acked[DEVICE_ROUTINE] > 100);
    /* Seen once by itself three times at least, and the fault is told. */
    int alone = 0, faults = 0;
    for (size_t i = 0; i < f->sent_count; i++) {
        alone += f->sent[i].first == 37 && f->sent[i].count == 1 && f->sent[i].lane == DEVICE_ROUTINE;
        for (uint32_t e = 0; e < f->sent[i].count; e++) {
            Huyang__V1__Event *event = fixture_event(&f->sent[i], e);

            faults += event->kind_case == HUYANG__V1__EVENT__KIND_DEVICE_FAULT &&
                      event->device_fault->fault_kind == HUYANG__V1__FAULT_KIND__FAULT_KIND_EVENT_LOST &&
                      event->device_fault->count == 1;
            huyang__v1__event__free_unpacked(event, NULL);
        }
    }
    assert_true(alone >= 3);
    assert_int_equal(faults, 1);
    /* Back to normal batches. */
    fixture_forget_sent(f);
    gateway.seen = 0;
    device_on_link(&f->device, false, 3600001);
    for (uint32_t i = 0; i < 30; i++)
        fixture_report(f, fixture_heartbeat(i), 3600001);
    fixture_connect(f, 3600002);
    assert_true(f->sent[0].count >= 30);
}

static void nothing_is_declared_lost_while_the_gateway_acknowledges_nothing(void **state)
{
    struct fixture *f = *state;
    static struct picky_gateway gateway;

    gateway = (struct picky_gateway){.silent = true};
    fixture_connect(f, 0);
    for (uint32_t i = 0; i < 10; i++)
        fixture_report(f, fixture_heartbeat(i), 0);
    fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 0);
    run_with(f, &gateway, 0, 86400000, 600000);
    assert_int_equal(f->lost, 0);
    for (size_t i = 0; i < f->sent_count; i++)
        if (f->sent[i].lane == DEVICE_ROUTINE && f->sent[i].first == 1)
            assert_true(f->sent[i].count == 1); /* the batch as it was first sent, never cut or merged */
    gateway.silent = false;
    run_with(f, &gateway, 86400000, 87400000, 600000);
    assert_true(f->acked[DEVICE_ROUTINE] >= 10 && f->acked[DEVICE_URGENT] == 1);
    assert_int_equal(f->lost, 0);
}

static void a_batch_of_one_that_is_alone_in_its_lane_waits_for_evidence(void **state)
{
    struct fixture *f = *state;
    static struct picky_gateway gateway;

    gateway = (struct picky_gateway){.poison = {1, 0}};
    fixture_connect(f, 0);
    fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 0);
    run_with(f, &gateway, 0, 3600000, 0);
    assert_int_equal(f->lost, 0);
    /* The routine lane's progress is evidence: the gateway serves the urgent lane first. */
    run_with(f, &gateway, 3600000, 7200000, 20000);
    assert_int_equal(f->lost, 1);
}

static void a_poison_sos_is_never_given_up_and_blocks_nothing(void **state)
{
    struct fixture *f = *state;
    static struct picky_gateway gateway;
    uint64_t poison = 2;

    gateway = (struct picky_gateway){.poison = {2, 0}};
    fixture_connect(f, 0);
    fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 0);
    fixture_report(f, fixture_sos(true), 0);
    for (int i = 0; i < 10; i++)
        fixture_report(f, fixture_kind(HUYANG__V1__EVENT__KIND_CHECK_IN), 0);
    gateway_takes(f, &gateway, 0);
    run_with(f, &gateway, 0, 600000, 5000);
    assert_int_equal(f->lost, 0);
    assert_true(f->device.sender.requeued > 0);
    for (uint64_t seq = 3; seq <= 12; seq++)
        assert_true(gateway.committed[DEVICE_URGENT][seq]);
    /* Under its new number it is the same SOS, and arrives as soon as the gateway can read it. */
    poison = 0;
    gateway.poison[DEVICE_URGENT] = poison;
    run_with(f, &gateway, 600000, 1200000, 5000);
    assert_int_equal(device_outbox_pending(&f->device.outbox, DEVICE_URGENT), 0);
    assert_int_equal(f->fallbacks, 1);
    assert_int_equal(f->help_told, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(events_are_sent_at_once_in_order_and_with_their_numbers),
        FIXTURE_TEST(a_batch_holds_at_most_64_events_and_16_kib_and_four_are_on_their_way),
        FIXTURE_TEST(large_events_fill_a_batch_by_bytes),
        FIXTURE_TEST(urgent_is_sent_again_after_2_s_doubling_to_30_s_within_half),
        FIXTURE_TEST(routine_is_sent_again_after_5_s_doubling_to_5_min_within_half),
        FIXTURE_TEST(devices_with_other_entropy_wait_other_times),
        FIXTURE_TEST(the_same_calls_with_the_same_entropy_send_the_same_bytes),
        FIXTURE_TEST(an_ack_in_the_middle_of_a_batch_keeps_its_rest),
        FIXTURE_TEST(acks_out_of_order_of_another_epoch_or_beyond_what_was_sent_change_nothing),
        FIXTURE_TEST(an_ack_of_before_the_reboot_counts_after_it),
        FIXTURE_TEST(routine_rests_while_the_gateway_is_down_and_urgent_does_not),
        FIXTURE_TEST(nothing_is_sent_without_a_link_and_everything_unacked_after_it_came_back),
        FIXTURE_TEST(a_transport_that_refuses_is_offered_the_batch_again),
        FIXTURE_TEST(a_report_of_several_stays_in_one_batch_with_one_report_number),
        FIXTURE_TEST(a_poison_event_is_found_declared_lost_and_everything_else_arrives),
        FIXTURE_TEST(nothing_is_declared_lost_while_the_gateway_acknowledges_nothing),
        FIXTURE_TEST(a_batch_of_one_that_is_alone_in_its_lane_waits_for_evidence),
        FIXTURE_TEST(a_poison_sos_is_never_given_up_and_blocks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
