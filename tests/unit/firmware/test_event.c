#include "fixture.h"

static Huyang__V1__Event *packed(const struct device_event *event)
{
    uint8_t bytes[DEVICE_EVENT_MAX];
    size_t length = device_event_pack(event, 1772000000000, 7, bytes, sizeof bytes);
    Huyang__V1__Event *message = length ? huyang__v1__event__unpack(NULL, length, bytes) : NULL;

    assert_non_null(message);
    assert_int_equal(message->at_ms, 1772000000000);
    assert_int_equal(message->report, 7);
    assert_int_equal(message->kind_case, event->kind);
    return message;
}

static void absent_is_not_zero_in_a_heartbeat(void **state)
{
    (void)state;
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_HEARTBEAT};
    Huyang__V1__Event *message = packed(&event);

    assert_int_equal(message->heartbeat->has_battery_percent_case, 0);
    assert_int_equal(message->heartbeat->has_worn_case, 0);
    huyang__v1__event__free_unpacked(message, NULL);
    event.heartbeat.has_battery_percent = event.heartbeat.has_worn = event.heartbeat.has_signal_dbm = true;
    event.heartbeat.signal_dbm = -90;
    message = packed(&event);
    assert_int_equal(message->heartbeat->has_battery_percent_case, 1);
    assert_int_equal(message->heartbeat->battery_percent, 0);
    assert_int_equal(message->heartbeat->has_worn_case, 3);
    assert_int_equal(message->heartbeat->signal_dbm, -90);
    huyang__v1__event__free_unpacked(message, NULL);
}

static void every_number_of_vitals_and_fix_arrives(void **state)
{
    (void)state;
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_VITALS,
                                 .vitals = {true, true, true, true, true, 70, 97, 130, 80, 36.5f}};
    Huyang__V1__Event *message = packed(&event);

    assert_int_equal(message->vitals->heart_rate_bpm, 70);
    assert_int_equal(message->vitals->spo2_percent, 97);
    assert_int_equal(message->vitals->systolic_mmhg, 130);
    assert_int_equal(message->vitals->diastolic_mmhg, 80);
    assert_true(message->vitals->temperature_c == 36.5f);
    huyang__v1__event__free_unpacked(message, NULL);
    event = (struct device_event){.kind = HUYANG__V1__EVENT__KIND_FIX};
    event.fix = (struct device_fix){.has_accuracy_m = true,
                                    .has_speed_mps = true,
                                    .valid = true,
                                    .lat = -33.5,
                                    .lon = 115.25,
                                    .accuracy_m = 12.5f,
                                    .speed_mps = 1.5f,
                                    .source = HUYANG__V1__FIX_SOURCE__FIX_SOURCE_WIFI,
                                    .datum = HUYANG__V1__DATUM__DATUM_GCJ02};
    message = packed(&event);
    assert_true(message->fix->lat == -33.5 && message->fix->lon == 115.25 &&
                message->fix->accuracy_m == 12.5f && message->fix->speed_mps == 1.5f && message->fix->valid);
    assert_int_equal(message->fix->source, HUYANG__V1__FIX_SOURCE__FIX_SOURCE_WIFI);
    assert_int_equal(message->fix->datum, HUYANG__V1__DATUM__DATUM_GCJ02);
    huyang__v1__event__free_unpacked(message, NULL);
}

static void every_kind_packs_and_an_unknown_one_does_not(void **state)
{
    (void)state;
    uint8_t bytes[DEVICE_EVENT_MAX];

    for (int kind = HUYANG__V1__EVENT__KIND_HEARTBEAT; kind <= HUYANG__V1__EVENT__KIND_DEVICE_FAULT; kind++) {
        struct device_event event = {.kind = (Huyang__V1__Event__KindCase)kind};

        huyang__v1__event__free_unpacked(packed(&event), NULL);
    }
    assert_int_equal(device_event_pack(&(struct device_event){.kind = 0}, 0, 0, bytes, sizeof bytes), 0);
    assert_int_equal(device_event_pack(&(struct device_event){.kind = 99}, 0, 0, bytes, sizeof bytes), 0);
}

static void an_event_that_does_not_fit_is_refused_whole(void **state)
{
    (void)state;
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_SOS,
                                 .sos = HUYANG__V1__SOS_PHASE__SOS_PHASE_PRESSED};
    uint8_t bytes[64];
    size_t length = device_event_pack(&event, 1772000000000, 0, bytes, sizeof bytes);

    assert_true(length > 0);
    assert_int_equal(device_event_pack(&event, 1772000000000, 0, bytes, length - 1), 0);
    assert_int_equal(device_event_pack(&event, 1772000000000, 0, bytes, length), length);
}

static void identifiers_are_those_of_the_contract(void **state)
{
    (void)state;
    char id[DEVICE_ID_MAX + 2];

    memset(id, 'a', sizeof id);
    id[DEVICE_ID_MAX] = '\0';
    assert_true(device_id_valid(id));
    id[DEVICE_ID_MAX] = 'a';
    id[DEVICE_ID_MAX + 1] = '\0';
    assert_false(device_id_valid(id));
    assert_true(device_id_valid("wb-0001_X"));
    assert_false(device_id_valid(""));
    assert_false(device_id_valid("a/b"));
    assert_false(device_id_valid("a+"));
    assert_false(device_id_valid("\xe6\x8a\xa4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_is_not_zero_in_a_heartbeat),
        cmocka_unit_test(every_number_of_vitals_and_fix_arrives),
        cmocka_unit_test(every_kind_packs_and_an_unknown_one_does_not),
        cmocka_unit_test(an_event_that_does_not_fit_is_refused_whole),
        cmocka_unit_test(identifiers_are_those_of_the_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
