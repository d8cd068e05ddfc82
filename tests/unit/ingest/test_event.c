#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sample.h"

#define DAY_MS   (INT64_C(24) * 3600 * 1000)
#define NOW      INT64_C(1772327520000)
#define LATENESS INT64_C(120000)

static void names_and_kinds_convert_both_ways(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++)
        assert_int_equal(event_kind_from_name(event_kind_name((enum event_kind)kind)), kind);
    assert_int_equal(event_kind_from_name("none"), EVENT_NONE);
    assert_int_equal(event_kind_from_name(""), EVENT_NONE);
    assert_int_equal(event_kind_from_name("SOS"), EVENT_NONE);
    assert_string_equal(event_kind_name((enum event_kind)EVENT_KIND_COUNT), "none");
    assert_string_equal(event_kind_name((enum event_kind)200), "none");
    assert_string_equal(lane_name(LANE_URGENT), "urgent");
    assert_string_equal(lane_name((enum lane)9), "none");
}

static void exactly_the_seven_urgent_kinds_travel_urgent(void **state)
{
    static const char *const urgent[] = {"sos",    "fall",  "suspicion", "check_in",
                                         "tamper", "visit", "departure"};
    unsigned count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(urgent) / sizeof(urgent[0]); i++)
        assert_int_equal(event_lane(event_kind_from_name(urgent[i])), LANE_URGENT);
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++)
        count += event_lane((enum event_kind)kind) == LANE_URGENT;
    assert_int_equal(count, 7);
    assert_int_equal(event_lane(EVENT_COMMAND_STATUS), LANE_ROUTINE);
}

static void only_sos_fall_and_suspicion_are_emergencies(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
        assert_int_equal(event_is_emergency((enum event_kind)kind),
                         kind == EVENT_SOS || kind == EVENT_FALL || kind == EVENT_SUSPICION);
}

static void check_time(int64_t device_ms, int64_t at_ms, unsigned flags)
{
    struct event event = {.kind = EVENT_SOS};
    event_set_time(&event, device_ms, NOW, LATENESS);
    assert_int_equal(event.at_ms, at_ms);
    assert_int_equal(event.flags, flags);
}

static void a_device_time_is_believed_from_seven_days_back_to_two_minutes_ahead(void **state)
{
    (void)state;
    check_time(NOW, NOW, 0);
    check_time(NOW - 7 * DAY_MS, NOW - 7 * DAY_MS, EVENT_LATE);
    check_time(NOW - 7 * DAY_MS - 1, NOW, EVENT_AT_BAD);
    check_time(NOW + 120000, NOW + 120000, 0);
    check_time(NOW + 120001, NOW, EVENT_AT_BAD);
    check_time(INT64_MIN, NOW, EVENT_AT_BAD);
    check_time(INT64_MAX, NOW, EVENT_AT_BAD);
    check_time(-1, NOW, EVENT_AT_BAD);
}

static void a_device_without_a_clock_gets_the_arrival_time(void **state)
{
    (void)state;
    check_time(0, NOW, EVENT_NO_TIME);
}

static void an_event_is_late_beyond_the_lateness_and_not_at_it(void **state)
{
    (void)state;
    check_time(NOW - LATENESS, NOW - LATENESS, 0);
    check_time(NOW - LATENESS - 1, NOW - LATENESS - 1, EVENT_LATE);
}

static void setting_the_time_again_clears_the_old_flags(void **state)
{
    struct event event = {.flags = EVENT_LATE | EVENT_AT_BAD | EVENT_NO_TIME};

    (void)state;
    event_set_time(&event, NOW, NOW, LATENESS);
    assert_int_equal(event.flags, 0);
}

static void keys_are_equal_only_when_every_part_is(void **state)
{
    const struct event_key key = {.device = 7, .epoch = 8, .seq = 9, .lane = LANE_URGENT};
    struct event_key other = key;

    (void)state;
    assert_true(event_key_equal(&key, &other));
    other.device++;
    assert_false(event_key_equal(&key, &other));
    other = key;
    other.epoch++;
    assert_false(event_key_equal(&key, &other));
    other = key;
    other.seq++;
    assert_false(event_key_equal(&key, &other));
    other = key;
    other.lane = LANE_ROUTINE;
    assert_false(event_key_equal(&key, &other));
}

static void copying_event_size_bytes_copies_all_fields(void **state)
{
    struct random random = {41};
    struct event event, copy;

    (void)state;
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
        sample_event(&random, (enum event_kind)kind, &event);
        memset(&copy, 0xee, sizeof(copy));
        assert_in_range(event_size((enum event_kind)kind), offsetof(struct event, heartbeat), sizeof(event));
        memcpy(&copy, &event, event_size((enum event_kind)kind));
        assert_true(sample_equal(&event, &copy));
    }
}

static void every_kind_has_a_table_and_random_events_pass_the_check(void **state)
{
    struct random random = {42};
    struct event event;
    const char *bad = "";

    (void)state;
    for (unsigned round = 0; round < 2000; round++)
        for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
            sample_event(&random, (enum event_kind)kind, &event);
            if (event_check(&event, &bad) != ERR_OK)
                fail_msg("%s.%s", event_kind_name((enum event_kind)kind), bad);
        }
}

/* Sets one number just outside its range in an otherwise good event; the check must name that field. */
static void check_refuses(enum event_kind kind, const struct event_field *field, size_t base_offset,
                          double value)
{
    struct random random = {43};
    struct event event;
    const char *bad = "";
    void *base = (unsigned char *)&event + base_offset;

    sample_event(&random, kind, &event);
    if (kind == EVENT_VISIT && base_offset != 0)
        sample_fields(&random, event_person_fields(&(size_t){0}), 4, base);
    if (kind == EVENT_VISIT && base_offset != 0)
        event.visit.people_count = 1;
    event_field_set_number(field, base, value);
    event_field_set_has(field, base);
    assert_int_equal(event_check(&event, &bad), ERR_RANGE);
    assert_string_equal(bad, field->name);
}

static bool can_hold(const struct event_field *field, double value)
{
    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U8:
    case FIELD_ENUM:
    case FIELD_PEOPLE: return value >= 0 && value <= UINT8_MAX;
    case FIELD_U16: return value >= 0 && value <= UINT16_MAX;
    case FIELD_U32: return value >= 0 && value <= UINT32_MAX;
    case FIELD_I16: return value >= INT16_MIN && value <= INT16_MAX;
    case FIELD_F32:
    case FIELD_F64:
    case FIELD_TIME: return true;
    default: return false;
    }
}

static void check_bounds(enum event_kind kind, const struct event_field *fields, size_t count,
                         size_t base_offset, unsigned *refusals)
{
    for (size_t i = 0; i < count; i++) {
        const struct event_field *field = &fields[i];
        double low = field->low - 1, high = field->type == FIELD_ENUM ? field->name_count : field->high + 1;
        if (field->type == FIELD_F32) {
            low = (double)nextafterf((float)field->low, -INFINITY);
            high = (double)nextafterf((float)field->high, INFINITY);
        } else if (field->type == FIELD_F64) {
            low = nextafter(field->low, -INFINITY);
            high = nextafter(field->high, INFINITY);
        } else if (field->type == FIELD_ENUM && (field->required || field->fallback > 0)) {
            low = 0;
        }
        if (can_hold(field, low)) {
            check_refuses(kind, field, base_offset, low);
            ++*refusals;
        }
        if (can_hold(field, high)) {
            check_refuses(kind, field, base_offset, high);
            ++*refusals;
        }
        if (field->type == FIELD_F32 || field->type == FIELD_F64) {
            check_refuses(kind, field, base_offset, (double)NAN);
            check_refuses(kind, field, base_offset, (double)INFINITY);
            check_refuses(kind, field, base_offset, (double)-INFINITY);
        }
    }
}

static void every_number_is_refused_one_step_outside_its_range(void **state)
{
    unsigned refusals = 0;
    size_t count;

    (void)state;
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
        const struct event_field *fields = event_fields((enum event_kind)kind, &count);
        check_bounds((enum event_kind)kind, fields, count, 0, &refusals);
    }
    const struct event_field *persons = event_person_fields(&count);
    check_bounds(EVENT_VISIT, persons, count, offsetof(struct event, visit.people), &refusals);
    assert_in_range(refusals, 50, 1000);
}

static void ids_and_texts_of_the_wrong_shape_are_refused(void **state)
{
    struct event event = {.kind = EVENT_VISIT};
    const char *bad = "";

    (void)state;
    event.visit.phase = VISIT_PHASE_ARRIVE;
    event.visit.place = PLACE_DOORSTEP;
    assert_int_equal(event_check(&event, &bad), ERR_RANGE);
    assert_string_equal(bad, "visit_id");
    text_copy(event.visit.visit_id, sizeof(event.visit.visit_id), "v 1");
    assert_int_equal(event_check(&event, NULL), ERR_RANGE);
    memset(event.visit.visit_id, 'a', sizeof(event.visit.visit_id)); /* no terminator */
    assert_int_equal(event_check(&event, NULL), ERR_RANGE);
    event.visit.visit_id[ID_MAX] = '\0';
    assert_int_equal(event_check(&event, NULL), ERR_OK);

    struct event heartbeat = {.kind = EVENT_HEARTBEAT};
    text_copy(heartbeat.heartbeat.firmware, sizeof(heartbeat.heartbeat.firmware), "1.0\n");
    assert_int_equal(event_check(&heartbeat, &bad), ERR_RANGE);
    assert_string_equal(bad, "firmware");
    text_copy(heartbeat.heartbeat.firmware, sizeof(heartbeat.heartbeat.firmware), "1.0 (beta)~");
    assert_int_equal(event_check(&heartbeat, &bad), ERR_OK);
}

static void an_event_without_a_kind_or_with_a_foreign_flag_value_is_refused(void **state)
{
    struct event event = {.kind = EVENT_NONE};
    const char *bad = "";

    (void)state;
    assert_int_equal(event_check(&event, &bad), ERR_RANGE);
    assert_string_equal(bad, "kind");
    event.kind = EVENT_KIND_COUNT;
    assert_int_equal(event_check(&event, NULL), ERR_RANGE);
    event.kind = EVENT_HEARTBEAT;
    event.heartbeat.has_battery = 2;
    assert_int_equal(event_check(&event, &bad), ERR_RANGE);
    assert_string_equal(bad, "battery_percent");
}

static void an_invalid_fix_loses_its_meaningless_position(void **state)
{
    struct event event = {.kind = EVENT_FIX};

    (void)state;
    event.fix.datum = DATUM_WGS84;
    event.fix.lat = (double)NAN;
    event.fix.lon = 1000;
    event_settle(&event);
    assert_int_equal(event_check(&event, NULL), ERR_OK);
    assert_true(event.fix.lat <= 0 && event.fix.lat >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_kinds_convert_both_ways),
        cmocka_unit_test(exactly_the_seven_urgent_kinds_travel_urgent),
        cmocka_unit_test(only_sos_fall_and_suspicion_are_emergencies),
        cmocka_unit_test(a_device_time_is_believed_from_seven_days_back_to_two_minutes_ahead),
        cmocka_unit_test(a_device_without_a_clock_gets_the_arrival_time),
        cmocka_unit_test(an_event_is_late_beyond_the_lateness_and_not_at_it),
        cmocka_unit_test(setting_the_time_again_clears_the_old_flags),
        cmocka_unit_test(keys_are_equal_only_when_every_part_is),
        cmocka_unit_test(copying_event_size_bytes_copies_all_fields),
        cmocka_unit_test(every_kind_has_a_table_and_random_events_pass_the_check),
        cmocka_unit_test(every_number_is_refused_one_step_outside_its_range),
        cmocka_unit_test(ids_and_texts_of_the_wrong_shape_are_refused),
        cmocka_unit_test(an_event_without_a_kind_or_with_a_foreign_flag_value_is_refused),
        cmocka_unit_test(an_invalid_fix_loses_its_meaningless_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
