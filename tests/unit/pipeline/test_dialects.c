/* Foreign messages into the fold: a repeated one counts once, across a restart too; a second cry for help
 * counts; a source that floods is cut, but not its SOS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "service/dialects.h"
#include "service/foreign_memory.h"

enum { GOT_MAX = 1024, BATCH_BYTES = 8 << 20, STORED_MAX = 16 };

static const int64_t T = 1772323200000; /* 2026-03-01T08:00+08:00 */

struct stored {
    uint32_t device;
    uint16_t version;
    size_t len;
    unsigned char value[2048];
};

struct world {
    struct tz *tz;
    struct registry *registry;
    struct config *config;
    struct gateway *gateway;
    struct quarantine quarantine;
    struct doorkeeper doorkeeper;
    struct dialects *dialects;
    struct batch batch;
    struct now now;
    struct event got[GOT_MAX]; /* of the inputs that were committed */
    unsigned got_count, inputs, heard;
    struct input replay[GOT_MAX]; /* what a restart would read back, without the events */
    struct stored rows[STORED_MAX];
    unsigned row_count;
};

static void on_heard(void *self, uint32_t device, struct now now)
{
    struct world *world = self;
    (void)device;
    (void)now;
    world->heard++;
}

static void add_entry(struct config *config, const char *prefix, const char *dialect)
{
    struct dialect_settings *entry = &config->dialects[config->dialect_count++];
    text_copy(entry->prefix, sizeof(entry->prefix), prefix);
    while (strcmp(dialect_at(entry->dialect)->name, dialect) != 0)
        entry->dialect++;
}

static void open_dialects(struct world *world)
{
    const struct dialects_config config = {.gateway = world->gateway,
                                           .quarantine = &world->quarantine,
                                           .doorkeeper = &world->doorkeeper,
                                           .entries = world->config->dialects,
                                           .entry_count = &world->config->dialect_count,
                                           .on_heard = on_heard,
                                           .self = world};
    assert_int_equal(dialects_new(&config, &world->dialects), ERR_OK);
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct buf errors;
    assert_non_null(world);
    buf_init(&errors, 1 << 16);
    assert_int_equal(tz_load("Asia/Shanghai", &world->tz), ERR_OK);
    assert_int_equal(registry_load(HUYANG_TEST_DATA "/scenario/registry/village", world->tz, NULL, &errors,
                                   &world->registry),
                     ERR_OK);
    assert_int_equal(config_load(NULL, &world->config, &errors), ERR_OK);
    const struct gateway_config gateway = {.instance = "test",
                                           .registry = world->registry,
                                           .detect = &world->config->detect,
                                           .alert = &world->config->alert,
                                           .relay = &world->config->relay,
                                           .tz = world->tz,
                                           .lateness_ms = 120000};
    assert_int_equal(gateway_new(&gateway, &world->gateway), ERR_OK);
    add_entry(world->config, "owntracks", "owntracks");
    add_entry(world->config, "frigate", "frigate");
    add_entry(world->config, "atom/g616", "g616");
    open_dialects(world);
    batch_init(&world->batch, BATCH_BYTES);
    gateway_set_batch(world->gateway, &world->batch);
    world->now = (struct now){.mono_ms = 1000, .wall_ms = T};
    buf_release(&errors);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    dialects_free(world->dialects);
    doorkeeper_release(&world->doorkeeper);
    gateway_free(world->gateway);
    registry_free(world->registry);
    config_free(world->config);
    tz_free(world->tz);
    batch_release(&world->batch);
    free(world);
    return 0;
}

static void keep_row(struct world *world, const struct batch_state *state)
{
    if (strcmp(state->table, DIALECTS_TABLE) != 0)
        return;
    struct stored *row = &world->rows[world->row_count++];
    assert_in_range(state->len, 1, sizeof(row->value));
    *row = (struct stored){.device = state->no, .version = state->version, .len = state->len};
    memcpy(row->value, state->value, state->len);
}

/* What the store would do. */
static void commit(struct world *world)
{
    static struct event events[EVENT_BATCH_MAX];
    for (const struct batch_item *item = world->batch.first; item != NULL; item = item->next) {
        struct input input;
        if (item->kind == BATCH_STATE)
            keep_row(world, &item->state);
        if (item->kind != BATCH_INPUT)
            continue;
        assert_int_equal(input_decode(item->input.n, item->input.t_ms, item->input.kind, item->input.blob,
                                      item->input.len, events, &input),
                         ERR_OK);
        world->replay[world->inputs++] = input;
        for (unsigned i = 0; i < input.report.count; i++) {
            assert_in_range(world->got_count, 0, GOT_MAX - 1);
            world->got[world->got_count++] = events[i];
        }
    }
    batch_reset(&world->batch);
    arena_set_limit(&world->batch.arena, BATCH_BYTES);
}

static bool offer(struct world *world, const char *topic, const char *payload, bool retained)
{
    static _Alignas(8) unsigned char bytes[80 * 1024];
    const struct link_record record = {.mono_ms = world->now.mono_ms,
                                       .payload_len = (uint32_t)strlen(payload),
                                       .topic_len = (uint16_t)strlen(topic),
                                       .retained = retained};
    memcpy(bytes, &record, sizeof(record));
    memcpy(bytes + sizeof(record), topic, record.topic_len);
    memcpy(bytes + sizeof(record) + record.topic_len, payload, record.payload_len);
    return dialects_take(world->dialects, (const struct link_record *)(const void *)bytes, world->now.wall_ms,
                         world->now);
}

static void say(struct world *world, const char *topic, const char *payload)
{
    assert_true(offer(world, topic, payload, false));
    commit(world);
}

static void pass(struct world *world, int64_t ms)
{
    world->now.mono_ms += ms;
    world->now.wall_ms += ms;
}

static uint64_t outcomes(const struct world *world, const char *dialect, enum foreign_outcome outcome)
{
    unsigned no = 0;
    while (strcmp(dialect_at(no)->name, dialect) != 0)
        no++;
    return dialects_stats(world->dialects)->outcomes[no][outcome];
}

static const char *const sos = "{\"imei\":\"wb-0001\",\"sos\":true,\"battery\":\"4\"}";
static const char *const fix =
    "{\"_type\":\"location\",\"lat\":34.0,\"lon\":108.0,\"batt\":50,\"tst\":1772323190}";

static void a_message_becomes_one_report_with_keys_no_device_has(void **state)
{
    struct world *world = *state;
    say(world, "atom/g616/status/wb-0001", sos);
    assert_int_equal(world->inputs, 1);
    assert_int_equal(world->got_count, 2);
    assert_int_equal(world->got[0].kind, EVENT_SOS);
    assert_int_equal(world->got[1].kind, EVENT_HEARTBEAT);
    assert_true(world->replay[0].report.first_seq >= DIALECTS_SEQ_FIRST);
    assert_int_equal(world->got[1].key.seq, world->got[0].key.seq + 1);
    assert_int_equal(world->got[0].key.lane, LANE_URGENT);
    assert_true(world->batch.first == NULL);
    assert_int_equal(alerts_open_count(gateway_alerts(world->gateway)), 2);
    assert_int_equal(world->heard, 1);
}

static void an_sos_that_is_delivered_twice_counts_once_and_a_second_press_counts(void **state)
{
    struct world *world = *state;
    say(world, "atom/g616/status/wb-0001", sos);
    pass(world, 5000);
    say(world, "atom/g616/status/wb-0001", sos); /* at least once */
    assert_int_equal(world->inputs, 1);
    assert_int_equal(outcomes(world, "g616", FOREIGN_REPEATED), 1);
    pass(world, FOREIGN_REPEAT_MS);
    say(world, "atom/g616/status/wb-0001", sos); /* the same words, a minute later */
    assert_int_equal(world->inputs, 2);
    assert_false(event_key_equal(&world->got[0].key, &world->got[2].key));
    say(world, "atom/g616/status/wb-0001",
        "{\"imei\":\"wb-0001\",\"sos\":true,\"battery\":\"3\"}"); /* other words */
    assert_int_equal(world->inputs, 3);
    say(world, "atom/g616/status/wb-0002", "{\"imei\":\"wb-0002\",\"sos\":true}");
    say(world, "atom/g616/status/wb-0003", "{\"imei\":\"wb-0003\",\"sos\":true}"); /* another's press */
    assert_int_equal(world->inputs, 5);
}

static void a_message_with_its_own_time_counts_once_for_ever(void **state)
{
    struct world *world = *state;
    say(world, "owntracks/x/wb-0001", fix);
    pass(world, 3600 * 1000);
    say(world, "owntracks/x/wb-0001", fix);
    assert_int_equal(world->inputs, 1);
    assert_int_equal(outcomes(world, "owntracks", FOREIGN_REPEATED), 1);
}

/* A restart from the rows of the last snapshot and the inputs after the first `folded`. */
static void restart(struct world *world, unsigned folded)
{
    dialects_free(world->dialects);
    doorkeeper_release(&world->doorkeeper);
    open_dialects(world);
    for (unsigned i = 0; i < world->row_count; i++)
        assert_int_equal(dialects_restore(world->dialects, world->rows[i].version, world->rows[i].device,
                                          world->rows[i].value, world->rows[i].len),
                         ERR_OK);
    for (unsigned i = folded; i < world->inputs; i++)
        assert_int_equal(dialects_replayed(world->dialects, &world->replay[i].report, world->replay[i].t_ms),
                         ERR_OK);
}

static void a_restart_forgets_no_message(void **state)
{
    struct world *world = *state;
    say(world, "atom/g616/status/wb-0001", sos);
    say(world, "owntracks/x/wb-0002", fix);
    dialects_snapshot(world->dialects, &world->batch);
    commit(world);
    assert_int_equal(world->row_count, 2);
    say(world, "owntracks/x/wb-0003", fix);
    restart(world, 2);
    pass(world, 3000);
    say(world, "atom/g616/status/wb-0001", sos);
    say(world, "owntracks/x/wb-0002", fix);
    say(world, "owntracks/x/wb-0003", fix);
    assert_int_equal(world->inputs, 3);
    /* What comes after a restored memory does not push out the newest of it. */
    for (int i = 0; i < FOREIGN_SEEN - 1; i++) {
        char text[120];
        snprintf(text, sizeof(text), "{\"_type\":\"location\",\"lat\":34.0,\"lon\":108.0,\"tst\":%d}",
                 1772323000 + i);
        say(world, "owntracks/x/wb-0002", text);
    }
    say(world, "owntracks/x/wb-0002", fix);
    assert_int_equal(world->inputs, 3 + FOREIGN_SEEN - 1);
    assert_int_equal(outcomes(world, "owntracks", FOREIGN_REPEATED), 3);
}

static void only_what_changed_is_written_again(void **state)
{
    struct world *world = *state;
    say(world, "owntracks/x/wb-0002", fix);
    dialects_snapshot(world->dialects, &world->batch);
    commit(world);
    dialects_snapshot(world->dialects, &world->batch);
    commit(world);
    assert_int_equal(world->row_count, 1);
}

static void a_row_of_another_version_is_refused(void **state)
{
    struct world *world = *state;
    say(world, "owntracks/x/wb-0002", fix);
    dialects_snapshot(world->dialects, &world->batch);
    commit(world);
    const struct stored *row = &world->rows[0];
    assert_int_equal(
        dialects_restore(world->dialects, (uint16_t)(row->version + 1), row->device, row->value, row->len),
        ERR_UNSUPPORTED);
    assert_int_equal(dialects_restore(world->dialects, row->version, row->device, row->value, row->len - 1),
                     ERR_UNSUPPORTED);
    assert_int_equal(dialects_restore(world->dialects, row->version, 100000, row->value, row->len),
                     ERR_UNSUPPORTED);
}

static void what_is_not_new_or_not_ours_is_counted(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, "owntracks/x/wb-0001", fix, true));
    say(world, "owntracks/x/stranger", fix);
    say(world, "elsewhere/x", fix);
    say(world, "owntracks/x/wb-0001", "{");
    say(world, "owntracks/x/wb-0004", fix);  /* no consent to anything */
    say(world, "owntracks/x/cam-0001", fix); /* a camera has no position */
    assert_int_equal(outcomes(world, "owntracks", FOREIGN_RETAINED), 1);
    assert_int_equal(outcomes(world, "owntracks", FOREIGN_UNKNOWN_DEVICE), 1);
    assert_int_equal(world->quarantine.count, 1);
    assert_int_equal(dialects_stats(world->dialects)->unknown_topics, 1);
    assert_int_equal(outcomes(world, "owntracks", FOREIGN_MALFORMED), 1);
    assert_int_equal(dialects_stats(world->dialects)->refused[REFUSAL_NO_CONSENT], 1);
    assert_int_equal(dialects_stats(world->dialects)->refused[REFUSAL_NOT_ITS_KIND], 1);
    assert_int_equal(dialects_stats(world->dialects)->refused[REFUSAL_UNKNOWN_DEVICE], 1);
    assert_int_equal(dialects_stats(world->dialects)->refused[REFUSAL_RETAINED], 1);
    assert_int_equal(dialects_stats(world->dialects)->messages, 6);
    assert_int_equal(world->inputs, 2); /* the batteries of the last two */
}

static void a_flood_is_cut_but_not_its_sos(void **state)
{
    struct world *world = *state;
    char text[120];
    for (int i = 0; i < FOREIGN_MINUTE_MAX + 50; i++) {
        snprintf(text, sizeof(text), "{\"_type\":\"location\",\"lat\":34.0,\"lon\":108.0,\"tst\":%d}",
                 1772320000 + i);
        say(world, "owntracks/x/wb-0001", text);
    }
    assert_int_equal(world->inputs, FOREIGN_MINUTE_MAX + 1); /* and the fold is told once of the flood */
    assert_int_equal(world->doorkeeper.told, 1);
    assert_int_equal(outcomes(world, "owntracks", FOREIGN_OVERLOAD), 50);
    say(world, "atom/g616/status/wb-0001", sos);
    say(world, "owntracks/x/wb-0002", fix); /* another source is not concerned */
    assert_int_equal(world->inputs, FOREIGN_MINUTE_MAX + 3);
    pass(world, 60000);
    say(world, "owntracks/x/wb-0001", fix);
    assert_int_equal(world->inputs, FOREIGN_MINUTE_MAX + 4);
}

static void a_full_batch_takes_each_report_of_a_list_once(void **state)
{
    struct world *world = *state;
    struct buf text;
    buf_init(&text, 1 << 16);
    for (int i = 0; i < 20; i++)
        buf_printf(&text, "%c{\"_type\":\"location\",\"lat\":34.0,\"lon\":108.0,\"tst\":%d}",
                   i == 0 ? '[' : ',', 1772323000 + i);
    buf_putc(&text, ']');
    /* The batch has room for a few inputs at a time. */
    unsigned offers = 0;
    batch_reset(&world->batch);
    do {
        arena_set_limit(&world->batch.arena, 4096);
        offers++;
        const bool taken = offer(world, "owntracks/x/wb-0001", buf_text(&text), false);
        commit(world);
        if (taken)
            break;
    } while (offers < 100);
    assert_in_range(offers, 2, 99);
    assert_int_equal(world->inputs, 20);
    assert_int_equal(outcomes(world, "owntracks", FOREIGN_EVENTS), 1);
    say(world, "owntracks/x/wb-0001", buf_text(&text));
    assert_int_equal(world->inputs, 20);
    buf_release(&text);
}

static const char *const visit =
    "{\"type\":\"%s\",\"before\":{},\"after\":{\"id\":\"1.5-a\",\"camera\":\"cam-0001\",\"label\":\"person\","
    "\"frame_time\":%d,\"end_time\":%d,\"current_zones\":[\"%s\"]}}";

static void a_face_does_not_move_a_visit_to_another_place(void **state)
{
    struct world *world = *state;
    char text[400];
    struct dialect_settings *frigate = &world->config->dialects[1];
    text_copy(frigate->zones[0].name, FOREIGN_NAME_SIZE, "porch");
    frigate->zones[0].place = FOREIGN_PLACE_DOORSTEP;
    frigate->zone_count = 1;
    snprintf(text, sizeof(text), visit, "new", 1772323190, 0, "porch");
    say(world, "frigate/events", text);
    assert_int_equal(world->got[0].visit.place,
                     PLACE_DOORSTEP); /* the camera's own view is the living room */
    say(world, "frigate/tracked_object_update",
        "{\"type\":\"face\",\"id\":\"1.5-a\",\"name\":\"v-son\",\"score\":0.95,\"camera\":\"cam-0001\","
        "\"timestamp\":1772323191}");
    assert_int_equal(world->got[1].visit.place, PLACE_DOORSTEP);
    assert_int_equal(world->got[1].visit.people[0].person_class, PERSON_CLASS_TRUSTED);
    assert_string_equal(world->got[1].visit.people[0].visitor_id, "v-son");
    say(world, "frigate/tracked_object_update",
        "{\"type\":\"face\",\"id\":\"2.5-b\",\"name\":\"v-son\",\"score\":0.95,\"camera\":\"cam-0001\","
        "\"timestamp\":1772323191}");
    assert_int_equal(world->got[2].visit.place, PLACE_INDOORS);
}

static enum err tell(struct world *world, const char *device, unsigned char job, struct buf *topic,
                     bool *answered)
{
    struct buf payload;
    const struct hash_id id = {.bytes = {job}};
    const struct foreign_words words = {FOREIGN_SPEAK, "zh", "请坐", false};
    buf_init(&payload, 1000);
    buf_clear(topic);
    const uint32_t no = registry_find(world->registry, REGISTRY_DEVICE, device);
    const enum err err = dialects_say(world->dialects, no, &id, &words, topic, &payload, answered);
    if (err == ERR_OK)
        dialects_said(world->dialects, no, &id, *answered, world->now.wall_ms);
    buf_release(&payload);
    return err;
}

static void answers_are_played_in_the_order_of_what_was_said(void **state)
{
    struct world *world = *state;
    struct buf topic;
    bool answered;
    buf_init(&topic, 200);
    assert_false(
        dialects_speaks(world->dialects, registry_find(world->registry, REGISTRY_DEVICE, "wb-0001")));
    assert_int_equal(tell(world, "wb-0001", 1, &topic, &answered), ERR_UNSUPPORTED);
    say(world, "atom/g616/status/wb-0001", sos);
    assert_true(dialects_speaks(world->dialects, registry_find(world->registry, REGISTRY_DEVICE, "wb-0001")));
    assert_int_equal(tell(world, "wb-0001", 1, &topic, &answered), ERR_OK);
    assert_true(answered);
    assert_string_equal(buf_text(&topic), "atom/g616/cmd/wb-0001/MESSAGE");
    assert_int_equal(tell(world, "wb-0001", 2, &topic, &answered), ERR_OK);
    assert_int_equal(tell(world, "wb-0001", 1, &topic, &answered), ERR_EXISTS); /* not a second time */
    world->got_count = 0;
    for (int i = 0; i < 3; i++)
        say(world, "atom/g616/cmd/wb-0001/MESSAGE", "MESSAGE");
    assert_int_equal(world->got_count, 2);
    assert_int_equal(world->got[0].kind, EVENT_COMMAND_STATUS);
    assert_int_equal(world->got[0].command_status.state, COMMAND_STATE_PLAYED);
    assert_memory_equal(world->got[0].command_status.command_id, "01", 2);
    assert_memory_equal(world->got[1].command_status.command_id, "02", 2);
    assert_int_equal(outcomes(world, "g616", FOREIGN_ECHO), 2);
    /* An answer that comes too late is none to this job. */
    assert_int_equal(tell(world, "wb-0001", 3, &topic, &answered), ERR_OK);
    pass(world, FOREIGN_ANSWER_MS);
    say(world, "atom/g616/cmd/wb-0001/MESSAGE", "MESSAGE");
    assert_int_equal(world->got_count, 2);
    buf_release(&topic);
}

static void a_camera_without_a_voice_says_so_and_a_phone_is_unsure(void **state)
{
    struct world *world = *state;
    struct buf topic;
    bool answered = true;
    char text[400];
    buf_init(&topic, 200);
    snprintf(text, sizeof(text), visit, "new", 1772323190, 0, "porch");
    say(world, "frigate/events", text);
    assert_int_equal(tell(world, "cam-0001", 1, &topic, &answered), ERR_UNSUPPORTED);
    say(world, "owntracks/x/wb-0002", fix);
    assert_int_equal(tell(world, "wb-0002", 1, &topic, &answered), ERR_OK);
    assert_false(answered);
    assert_string_equal(buf_text(&topic), "owntracks/x/wb-0002/cmd");
    /* It is still known after a restart; not when its prefix is gone. */
    dialects_snapshot(world->dialects, &world->batch);
    commit(world);
    restart(world, world->inputs);
    const uint32_t phone = registry_find(world->registry, REGISTRY_DEVICE, "wb-0002");
    assert_true(dialects_speaks(world->dialects, phone));
    text_copy(world->config->dialects[0].prefix, DIALECT_PREFIX_SIZE, "phones");
    assert_false(dialects_speaks(world->dialects, phone));
    buf_release(&topic);
}

static void filters_are_the_prefix_and_the_dialects_own(void **state)
{
    struct world *world = *state;
    char filters[LINK_FILTERS_MAX][TOPIC_SIZE];
    assert_int_equal(
        dialects_filters(world->config->dialects, world->config->dialect_count, filters, LINK_FILTERS_MAX),
        7);
    assert_string_equal(filters[0], "owntracks/+/+");
    assert_string_equal(filters[4], "frigate/tracked_object_update");
    assert_int_equal(dialects_filters(world->config->dialects, world->config->dialect_count, filters, 2), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_becomes_one_report_with_keys_no_device_has),
        TEST(an_sos_that_is_delivered_twice_counts_once_and_a_second_press_counts),
        TEST(a_message_with_its_own_time_counts_once_for_ever),
        TEST(a_restart_forgets_no_message),
        TEST(only_what_changed_is_written_again),
        TEST(a_row_of_another_version_is_refused),
        TEST(what_is_not_new_or_not_ours_is_counted),
        TEST(a_flood_is_cut_but_not_its_sos),
        TEST(a_full_batch_takes_each_report_of_a_list_once),
        TEST(a_face_does_not_move_a_visit_to_another_place),
        TEST(answers_are_played_in_the_order_of_what_was_said),
        TEST(a_camera_without_a_voice_says_so_and_a_phone_is_unsure),
        TEST(filters_are_the_prefix_and_the_dialects_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
