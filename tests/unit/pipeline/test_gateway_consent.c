/* Consent in the fold: what a withdrawal ends, and what is kept for an emergency only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "gateway.h"

#define T0      INT64_C(1772500800000) /* 2026-03-03T09:20:00+08:00 */
#define HOUR_MS INT64_C(3600000)

struct world {
    struct tz *tz;
    struct registry *registry;
    struct config *config;
    struct gateway *gateway;
    struct batch batch;
    struct buf errors;
    uint64_t seq;
};

static struct gateway_config settings(const struct world *world)
{
    return (struct gateway_config){.instance = "test",
                                   .registry = world->registry,
                                   .detect = &world->config->detect,
                                   .alert = &world->config->alert,
                                   .relay = &world->config->relay,
                                   .tz = world->tz,
                                   .lateness_ms = 120000};
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    buf_init(&world->errors, 1 << 16);
    batch_init(&world->batch, 64 << 20);
    assert_int_equal(tz_load("Asia/Shanghai", &world->tz), ERR_OK);
    assert_int_equal(registry_load(HUYANG_TEST_DATA "/scenario/registry/village", world->tz, NULL,
                                   &world->errors, &world->registry),
                     ERR_OK);
    assert_int_equal(config_load(NULL, &world->config, &world->errors), ERR_OK);
    const struct gateway_config config = settings(world);
    assert_int_equal(gateway_new(&config, &world->gateway), ERR_OK);
    gateway_set_batch(world->gateway, &world->batch);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    gateway_free(world->gateway);
    registry_free(world->registry);
    config_free(world->config);
    tz_free(world->tz);
    batch_release(&world->batch);
    buf_release(&world->errors);
    free(world);
    return 0;
}

static uint32_t number(const struct world *world, enum registry_table table, const char *id)
{
    const uint32_t no = registry_find(world->registry, table, id);
    assert_int_not_equal(no, REGISTRY_NONE);
    return no;
}

static const struct live_resident *live_of(const struct world *world, const char *id)
{
    return live_resident(gateway_live(world->gateway), number(world, REGISTRY_RESIDENT, id));
}

/* One report of a band: a position, with an SOS before it when asked. */
static void report(struct world *world, const char *device, int64_t t_ms, double lat, bool sos)
{
    struct event events[2] = {{.kind = EVENT_SOS}, {.kind = EVENT_FIX}};
    enum refusal refused[2];
    const unsigned first = sos ? 0 : 1;
    events[0].sos.phase = SOS_PHASE_PRESSED;
    events[1].fix = (struct event_fix){.lat = lat,
                                       .lon = 108.01,
                                       .accuracy_m = 10,
                                       .has_accuracy = 1,
                                       .source = FIX_SOURCE_GNSS,
                                       .valid = 1};
    events[1].fix.datum = DATUM_WGS84;
    for (unsigned i = 0; i < 2; i++) {
        events[i].report = 1;
        events[i].at_ms = t_ms;
        events[i].key = (struct event_key){.epoch = 1, .seq = ++world->seq, .lane = LANE_URGENT};
    }
    const uint32_t no = number(world, REGISTRY_DEVICE, device);
    const unsigned kept = gateway_admit(world->gateway, no, t_ms, events + first, refused, 2 - first);
    if (kept == 0)
        return;
    struct input input = {.t_ms = t_ms, .kind = INPUT_REPORT};
    input.report = (struct report){.device = no,
                                   .epoch = 1,
                                   .first_seq = events[first].key.seq,
                                   .lane = LANE_URGENT,
                                   .count = (uint8_t)kept,
                                   .events = events + first};
    assert_int_equal(gateway_on_input(world->gateway, &input), ERR_OK);
}

static void withdraw(struct world *world, const char *person, enum consent class, int64_t t_ms)
{
    struct consent_change change = {.class = (uint8_t) class, .withdraw = true};
    struct registry *before = world->registry, *after = NULL;
    assert_true(text_copy(change.person, sizeof(change.person), person));
    assert_int_equal(registry_change_consent(before, world->tz, t_ms, &change, &world->errors, &after),
                     ERR_OK);
    world->registry = after;
    const struct gateway_config config = settings(world);
    assert_int_equal(gateway_rebind(world->gateway, &config), ERR_OK);
    registry_free(before);
    struct input input = {.t_ms = t_ms, .kind = INPUT_REGISTRY};
    assert_true(text_copy(input.version, sizeof(input.version), registry_version(after)));
    assert_int_equal(gateway_on_input(world->gateway, &input), ERR_OK);
}

static const struct alert *open_alert(const struct world *world, const char *resident, enum family family)
{
    const struct subject subject = {.kind = SUBJECT_RESIDENT,
                                    .no = number(world, REGISTRY_RESIDENT, resident)};
    return alerts_open_of(gateway_alerts(world->gateway), subject, family);
}

/* From the yard that is this resident's safe zone to ten kilometres away. */
static void go_out(struct world *world)
{
    report(world, "wb-0005", T0, 34.01, false);
    report(world, "wb-0005", T0 + HOUR_MS / 6, 34.1, false);
    report(world, "wb-0005", T0 + HOUR_MS / 3, 34.1, false);
}

static void what_was_told_of_a_position_is_cleared_and_forgotten_with_its_consent(void **state)
{
    struct world *world = *state;
    go_out(world);
    const struct alert *alert = open_alert(world, "r-0005", FAMILY_OUTING);
    assert_non_null(alert);
    assert_true(alert->cleared_ms == 0);
    assert_true(live_of(world, "r-0005")->fix_ms != 0);
    withdraw(world, "resident:r-0005", CONSENT_LOCATION, T0 + HOUR_MS);
    assert_true(live_of(world, "r-0005")->fix_ms == 0);
    assert_int_equal(live_of(world, "r-0005")->at_home, LIVE_UNKNOWN);
    alert = open_alert(world, "r-0005", FAMILY_OUTING);
    assert_non_null(alert);
    assert_true(alert->cleared_ms != 0);
    /* No timer of a detector that lived on it speaks any more; the alert lapses. */
    const uint32_t told = alert->transitions;
    assert_true(gateway_on_tick(world->gateway, T0 + 11 * HOUR_MS));
    assert_int_equal(open_alert(world, "r-0005", FAMILY_OUTING)->transitions, told);
    assert_true(gateway_on_tick(world->gateway, T0 + 48 * HOUR_MS));
    assert_null(open_alert(world, "r-0005", FAMILY_OUTING));
    report(world, "wb-0005", T0 + 49 * HOUR_MS, 34.1, false);
    assert_true(live_of(world, "r-0005")->fix_ms == 0);
}

static void another_class_is_left_alone(void **state)
{
    struct world *world = *state;
    go_out(world);
    withdraw(world, "resident:r-0005", CONSENT_VOICE, T0 + HOUR_MS);
    assert_true(live_of(world, "r-0005")->fix_ms != 0);
    assert_true(open_alert(world, "r-0005", FAMILY_OUTING)->cleared_ms == 0);
}

static void a_position_kept_for_an_emergency_is_known_until_its_alert_ends(void **state)
{
    struct world *world = *state;
    report(world, "wb-0004", T0, 34.05, true);
    assert_non_null(open_alert(world, "r-0004", FAMILY_EMERGENCY));
    assert_true(live_of(world, "r-0004")->fix_ms != 0);
    assert_null(open_alert(world, "r-0004", FAMILY_OUTING));
    struct input input = {.t_ms = T0 + HOUR_MS, .kind = INPUT_ACTION};
    input.action = (struct action){
        .kind = ACTION_CLOSE,
        .subject = {.kind = SUBJECT_RESIDENT, .no = number(world, REGISTRY_RESIDENT, "r-0004")},
        .family = FAMILY_EMERGENCY,
        .disposition = DISPOSITION_TRUE,
        .by = "d-0001"};
    assert_int_equal(gateway_on_input(world->gateway, &input), ERR_OK);
    assert_true(live_of(world, "r-0004")->fix_ms == 0);
}

static enum err restore_states(struct gateway *gateway, const struct batch *batch)
{
    enum err err = ERR_OK;
    for (const struct batch_item *item = batch->first; item != NULL && err == ERR_OK; item = item->next)
        if (item->kind == BATCH_STATE && item->state.len != 0)
            err = gateway_restore(gateway, item->state.table, item->state.version, item->state.no,
                                  item->state.value, item->state.len);
    return err;
}

/* As after an end between saving the new registry and the input that marks it: the state is that of before.
 */
static void restart_with(struct world *world, const char *person, enum consent class)
{
    struct consent_change change = {.class = (uint8_t) class, .withdraw = true};
    struct registry *after = NULL;
    struct gateway *fresh = NULL;
    const uint64_t n = gateway_n(world->gateway);
    const int64_t t_ms = gateway_t_ms(world->gateway);
    assert_int_equal(gateway_snapshot(world->gateway), ERR_OK);
    assert_true(text_copy(change.person, sizeof(change.person), person));
    assert_int_equal(
        registry_change_consent(world->registry, world->tz, t_ms, &change, &world->errors, &after), ERR_OK);
    struct registry *before = world->registry;
    world->registry = after;
    const struct gateway_config config = settings(world);
    assert_int_equal(gateway_new(&config, &fresh), ERR_OK);
    gateway_restore_mark(fresh, n, t_ms);
    assert_int_equal(restore_states(fresh, &world->batch), ERR_OK);
    gateway_free(world->gateway);
    registry_free(before);
    world->gateway = fresh;
    gateway_set_batch(fresh, &world->batch);
}

static void mark_registry(struct world *world, int64_t t_ms)
{
    struct input input = {.t_ms = t_ms, .kind = INPUT_REGISTRY};
    assert_int_equal(gateway_recheck_consent(world->gateway), ERR_OK);
    assert_true(text_copy(input.version, sizeof(input.version), registry_version(world->registry)));
    assert_int_equal(gateway_on_input(world->gateway, &input), ERR_OK);
}

static void a_withdrawal_whose_input_is_missing_takes_effect_at_the_next_start(void **state)
{
    struct world *world = *state;
    go_out(world);
    report(world, "wb-0004", T0 + HOUR_MS / 2, 34.05, true);
    restart_with(world, "resident:r-0005", CONSENT_LOCATION);
    assert_true(open_alert(world, "r-0005", FAMILY_OUTING)->cleared_ms == 0);
    assert_true(live_of(world, "r-0005")->fix_ms != 0);
    mark_registry(world, T0 + HOUR_MS);
    assert_true(open_alert(world, "r-0005", FAMILY_OUTING)->cleared_ms != 0);
    assert_true(live_of(world, "r-0005")->fix_ms == 0);
    /* The emergency of somebody who never consented keeps its position until it ends. */
    assert_true(live_of(world, "r-0004")->fix_ms != 0);
    assert_true(open_alert(world, "r-0004", FAMILY_EMERGENCY)->cleared_ms == 0);
    const uint32_t told = open_alert(world, "r-0005", FAMILY_OUTING)->transitions;
    mark_registry(world, T0 + 2 * HOUR_MS);
    assert_int_equal(open_alert(world, "r-0005", FAMILY_OUTING)->transitions, told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_was_told_of_a_position_is_cleared_and_forgotten_with_its_consent),
        TEST(another_class_is_left_alone),
        TEST(a_position_kept_for_an_emergency_is_known_until_its_alert_ends),
        TEST(a_withdrawal_whose_input_is_missing_takes_effect_at_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
