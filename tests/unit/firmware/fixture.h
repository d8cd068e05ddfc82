/*
 * What every test of the firmware needs: a device on a flash in RAM, a transport that keeps what is
 * published, and a speaker that only notes. Included by one test file at a time.
 */
#ifndef HUYANG_TEST_FIRMWARE_FIXTURE_H
#define HUYANG_TEST_FIRMWARE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/device.h"
#include "testing/ram_flash.h"

enum { FIXTURE_BATCHES = 4096, FIXTURE_PLAYS = 64 };

/* One EventBatch as it was published, read by hand: the test must not share the sender's code. */
struct sent_batch {
    enum device_lane lane;
    uint32_t epoch;
    uint64_t base, first;
    uint32_t count;
    size_t length;
    uint8_t *bytes;
    size_t event_at[DEVICE_BATCH_EVENTS], event_length[DEVICE_BATCH_EVENTS];
};

struct fixture {
    struct ram_flash flash;
    struct device_core device;
    struct device_scratch scratch;
    uint32_t entropy;
    bool refuse; /* the transport takes nothing */
    struct sent_batch sent[FIXTURE_BATCHES];
    size_t sent_count;
    int births;
    uint8_t link_bytes[DEVICE_WILL_MAX];
    size_t link_length;
    bool link_retained;
    /* speaker */
    struct {
        char id[DEVICE_ID_MAX + 1];
        uint32_t token;
    } plays[FIXTURE_PLAYS];
    size_t play_count;
    uint32_t stopped; /* token last stopped */
    Huyang__V1__FailReason play_fails;
    int shows, restarts, fallbacks, not_delivered, help_told, help_coming, vibrations, locates;
    uint32_t interval_s;
    /* notes */
    uint64_t acked[DEVICE_LANES], lost_seq;
    int lost;
    uint32_t dropped[DEVICE_LANES];
    uint64_t stored_first;
    enum device_lane stored_lane;
    uint32_t stored_count;
};

static inline uint64_t fixture_varint(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;

    for (int shift = 0;; shift += 7) {
        assert_true(*at < end);
        value |= (uint64_t)(**at & 0x7f) << shift;
        if (!(*(*at)++ & 0x80))
            return value;
    }
}

static inline void fixture_parse(struct sent_batch *batch)
{
    const uint8_t *at = batch->bytes, *end = at + batch->length;

    assert_true(batch->length <= DEVICE_BATCH_BYTES);
    while (at < end) {
        switch (*at++) {
        case 0x0d:
            memcpy(&batch->epoch, at, 4);
            at += 4;
            break;
        case 0x10: assert_int_equal(fixture_varint(&at, end), batch->lane == DEVICE_URGENT ? 1 : 2); break;
        case 0x18: batch->base = fixture_varint(&at, end); break;
        case 0x20: batch->first = fixture_varint(&at, end); break;
        case 0x2a:
            assert_true(batch->count < DEVICE_BATCH_EVENTS);
            batch->event_length[batch->count] = (size_t)fixture_varint(&at, end);
            batch->event_at[batch->count] = (size_t)(at - batch->bytes);
            at += batch->event_length[batch->count++];
            break;
        default: fail_msg("unexpected tag in a batch");
        }
    }
    assert_true(at == end && batch->count > 0);
}

static inline int fixture_publish(void *context, const char *topic, const uint8_t *bytes, size_t length,
                                  int qos, bool retain)
{
    struct fixture *fixture = context;
    const char *leaf = strrchr(topic, '/') + 1;

    if (fixture->refuse)
        return -1;
    assert_int_equal(qos, 1);
    if (strcmp(leaf, "link") == 0) {
        assert_string_equal(topic, "huyang/v1/341282/wb-0001/link");
        fixture->births++;
        memcpy(fixture->link_bytes, bytes, length);
        fixture->link_length = length;
        fixture->link_retained = retain;
        return 0;
    }
    assert_false(retain);
    assert_true(fixture->sent_count < FIXTURE_BATCHES);
    struct sent_batch *batch = &fixture->sent[fixture->sent_count++];
    *batch = (struct sent_batch){.lane = strcmp(leaf, "urgent") == 0 ? DEVICE_URGENT : DEVICE_ROUTINE,
                                 .length = length};
    batch->bytes = malloc(length);
    memcpy(batch->bytes, bytes, length);
    fixture_parse(batch);
    return 0;
}

static inline uint32_t fixture_entropy(void *context)
{
    struct fixture *fixture = context;

    fixture->entropy = fixture->entropy * 1664525 + 1013904223;
    return fixture->entropy;
}

static inline Huyang__V1__FailReason fixture_play(void *context, uint32_t token,
                                                  const struct device_prompt *prompt)
{
    struct fixture *fixture = context;

    if (fixture->play_fails)
        return fixture->play_fails;
    assert_true(fixture->play_count < FIXTURE_PLAYS);
    memcpy(fixture->plays[fixture->play_count].id, prompt->command_id, sizeof prompt->command_id);
    fixture->plays[fixture->play_count++].token = token;
    return 0;
}

static inline void fixture_stop(void *context, uint32_t token)
{
    ((struct fixture *)context)->stopped = token;
}

static inline bool fixture_show(void *context, const struct device_prompt *prompt)
{
    (void)prompt;
    ((struct fixture *)context)->shows++;
    return true;
}

static inline void fixture_indicate(void *context, enum device_indication what)
{
    struct fixture *fixture = context;

    fixture->vibrations += what == DEVICE_INDICATE_VIBRATE;
    fixture->not_delivered += what == DEVICE_INDICATE_NOT_DELIVERED;
    fixture->help_told += what == DEVICE_INDICATE_HELP_TOLD;
    fixture->help_coming += what == DEVICE_INDICATE_HELP_COMING;
}

static inline void fixture_fallback(void *context)
{
    ((struct fixture *)context)->fallbacks++;
}

static inline void fixture_restart(void *context)
{
    ((struct fixture *)context)->restarts++;
}

static inline void fixture_note(void *context, const struct device_note *note)
{
    struct fixture *fixture = context;

    if (note->kind == DEVICE_NOTE_ACKED)
        fixture->acked[note->lane] = note->seq;
    if (note->kind == DEVICE_NOTE_LOST) {
        fixture->lost++;
        fixture->lost_seq = note->seq;
    }
    if (note->kind == DEVICE_NOTE_DROPPED)
        fixture->dropped[note->lane] += note->count;
    if (note->kind == DEVICE_NOTE_STORED) {
        fixture->stored_first = note->seq;
        fixture->stored_lane = note->lane;
        fixture->stored_count = note->count;
    }
}

static inline bool fixture_locate(void *context, int64_t now_ms)
{
    (void)now_ms;
    ((struct fixture *)context)->locates++;
    return true;
}

static inline bool fixture_set_interval(void *context, uint32_t interval_s, uint32_t duration_s,
                                        int64_t now_ms)
{
    (void)duration_s;
    (void)now_ms;
    ((struct fixture *)context)->interval_s = interval_s;
    return interval_s >= 10;
}

static inline struct device_config fixture_config(struct fixture *fixture)
{
    return (struct device_config){
        .county = "341282",
        .id = "wb-0001",
        .firmware = "stub-1.0",
        .kind = HUYANG__V1__DEVICE_KIND__DEVICE_KIND_WRISTBAND,
        .flash = ram_flash_driver(&fixture->flash),
        .transport = {.context = fixture, .publish = fixture_publish},
        .hal = {.context = fixture,
                .entropy = fixture_entropy,
                .play = fixture_play,
                .stop = fixture_stop,
                .show = fixture_show,
                .indicate = fixture_indicate,
                .fallback = fixture_fallback,
                .restart = fixture_restart,
                .note = fixture_note},
        .scratch = &fixture->scratch,
    };
}

static inline void fixture_forget_sent(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->sent_count; i++)
        free(fixture->sent[i].bytes);
    fixture->sent_count = 0;
}

/* (Re)boots the device on whatever the flash holds. */
static inline int fixture_boot(struct fixture *fixture, int64_t now_ms)
{
    struct device_config config = fixture_config(fixture);
    int error = device_init(&fixture->device, &config, now_ms);

    fixture->device.app = (struct device_app){
        .context = fixture, .locate = fixture_locate, .set_interval = fixture_set_interval};
    return error;
}

/* Connects: the will's ordinal, then the link. */
static inline uint64_t fixture_connect(struct fixture *fixture, int64_t now_ms)
{
    uint8_t will[DEVICE_WILL_MAX];

    assert_true(device_will(&fixture->device, now_ms, will) > 0);
    device_on_link(&fixture->device, true, now_ms);
    return fixture->device.session;
}

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->entropy = 1;
    if (!ram_flash_init(&fixture->flash, DEVICE_SECTOR_BYTES, DEVICE_SECTORS))
        return -1;
    *state = fixture;
    return fixture_boot(fixture, 0);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    int violations = (int)fixture->flash.violations;

    fixture_forget_sent(fixture);
    ram_flash_release(&fixture->flash);
    free(fixture);
    return violations; /* a bit was set without an erase */
}

static inline void fixture_ack(struct fixture *fixture, enum device_lane lane, uint64_t seq, int64_t now_ms)
{
    Huyang__V1__EventAck ack = HUYANG__V1__EVENT_ACK__INIT;
    uint8_t bytes[64];

    ack.lane = lane == DEVICE_URGENT ? HUYANG__V1__LANE__LANE_URGENT : HUYANG__V1__LANE__LANE_ROUTINE;
    ack.epoch = fixture->device.outbox.epoch;
    ack.seq = seq;
    device_on_message(&fixture->device, DEVICE_TOPIC_ACK, bytes, huyang__v1__event_ack__pack(&ack, bytes),
                      now_ms);
}

static inline struct device_event fixture_heartbeat(uint32_t steps)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_ACTIVITY};

    /* Steps tell events apart. */
    event.activity.has_steps = true;
    event.activity.steps = steps;
    return event;
}

static inline struct device_event fixture_kind(Huyang__V1__Event__KindCase kind)
{
    return (struct device_event){.kind = kind};
}

static inline struct device_event fixture_sos(bool pressed)
{
    return (struct device_event){.kind = HUYANG__V1__EVENT__KIND_SOS,
                                 .sos = pressed ? HUYANG__V1__SOS_PHASE__SOS_PHASE_PRESSED
                                                : HUYANG__V1__SOS_PHASE__SOS_PHASE_CANCELLED};
}

static inline int fixture_report(struct fixture *fixture, struct device_event event, int64_t now_ms)
{
    return device_report(&fixture->device, &event, 1, now_ms);
}

/* Unpacks event i of a batch; the caller frees it. */
static inline Huyang__V1__Event *fixture_event(const struct sent_batch *batch, uint32_t i)
{
    Huyang__V1__Event *event =
        huyang__v1__event__unpack(NULL, batch->event_length[i], batch->bytes + batch->event_at[i]);

    assert_non_null(event);
    return event;
}

/* Looks through everything sent for a command's status. */
static inline bool fixture_told(struct fixture *fixture, const char *id, Huyang__V1__CommandState state,
                                Huyang__V1__FailReason *ret_reason, enum device_lane *ret_lane)
{
    bool found = false;

    for (size_t b = 0; b < fixture->sent_count; b++) {
        for (uint32_t i = 0; i < fixture->sent[b].count; i++) {
            Huyang__V1__Event *event = fixture_event(&fixture->sent[b], i);

            if (event->kind_case == HUYANG__V1__EVENT__KIND_COMMAND_STATUS &&
                strcmp(event->command_status->command_id, id) == 0 && event->command_status->state == state) {
                found = true;
                if (ret_reason)
                    *ret_reason = event->command_status->reason;
                if (ret_lane)
                    *ret_lane = fixture->sent[b].lane;
            }
            huyang__v1__event__free_unpacked(event, NULL);
        }
    }
    return found;
}

static inline bool fixture_was_told(struct fixture *f, const char *id, Huyang__V1__CommandState state)
{
    return fixture_told(f, id, state, NULL, NULL);
}

static inline bool fixture_told_failed(struct fixture *f, const char *id, Huyang__V1__FailReason expected)
{
    Huyang__V1__FailReason reason = HUYANG__V1__FAIL_REASON__FAIL_REASON_UNSPECIFIED;

    return fixture_told(f, id, HUYANG__V1__COMMAND_STATE__COMMAND_STATE_FAILED, &reason, NULL) &&
           reason == expected;
}

/* Acknowledges everything, so that the window never closes. */
static inline void fixture_clear(struct fixture *f, int64_t now_ms)
{
    for (int i = 0; i < DEVICE_LANES; i++)
        while (device_outbox_pending(&f->device.outbox, (enum device_lane)i))
            fixture_ack(f, (enum device_lane)i, f->device.sender.lanes[i].sent_end - 1, now_ms);
}

static inline void fixture_command(struct fixture *fixture, Huyang__V1__Command *command, int64_t now_ms)
{
    uint8_t bytes[4096];
    size_t length = huyang__v1__command__get_packed_size(command);

    assert_true(length <= sizeof bytes);
    huyang__v1__command__pack(command, bytes);
    device_on_message(&fixture->device, DEVICE_TOPIC_COMMAND, bytes, length, now_ms);
}

/* A prompt with this id and priority, 60 s to live. */
static inline void fixture_prompt(struct fixture *fixture, const char *id, Huyang__V1__Priority priority,
                                  int64_t now_ms)
{
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__Prompt prompt = HUYANG__V1__PROMPT__INIT;

    command.id = (char *)(uintptr_t)id;
    command.ttl_s = 60;
    command.priority = priority;
    command.kind_case = HUYANG__V1__COMMAND__KIND_PROMPT;
    command.prompt = &prompt;
    prompt.language = (char *)(uintptr_t) "zh";
    prompt.text = (char *)(uintptr_t) "请不要转账";
    fixture_command(fixture, &command, now_ms);
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
