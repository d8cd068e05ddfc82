/* The stored form of an input is a version byte and then, by kind, varints, 8-byte little-endian times and
 * texts with their length. A report's device, epoch and numbers stand once; each event is its distance from
 * the expected number (a zero byte as a rule) and the event's own compact form. */
#include "input.h"

#include <assert.h>
#include <string.h>

#include "ingest/event_codec.h"
#include "registry/parts.h"

enum { INPUT_VERSION = 1 };

const char *input_kind_name(enum input_kind kind)
{
    static const char *const names[] = {[INPUT_NONE] = "none",
#define X(name, text) [INPUT_##name] = #text,
                                        INPUT_MAP(X)
#undef X
    };
    return (unsigned)kind < INPUT_KIND_COUNT ? names[kind] : "none";
}

/* Writing. */

static void put_varint(struct buf *out, uint64_t value)
{
    unsigned char bytes[10];
    size_t len = 0;

    while (value >= 0x80) {
        bytes[len++] = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    bytes[len++] = (unsigned char)value;
    buf_append(out, bytes, len);
}

/* The difference of two numbers either way, small ones short. */
static uint64_t zigzag(uint64_t difference)
{
    return (difference << 1) ^ (difference >> 63 != 0 ? UINT64_MAX : 0);
}

static uint64_t unzigzag(uint64_t value)
{
    return (value >> 1) ^ ((value & 1) != 0 ? UINT64_MAX : 0);
}

static void put_time(struct buf *out, int64_t t_ms)
{
    unsigned char bytes[8];

    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)t_ms >> (8 * i));
    buf_append(out, bytes, sizeof(bytes));
}

static void put_text(struct buf *out, const char *text, size_t size)
{
    size_t len = strnlen(text, size - 1);

    put_varint(out, len);
    buf_append(out, text, len);
}

static void put_report(struct buf *out, const struct report *report, int64_t t_ms)
{
    unsigned char event[EVENT_CODEC_MAX];

    assert(report->count >= 1 && report->count <= EVENT_BATCH_MAX);
    put_varint(out, report->device);
    put_varint(out, report->epoch);
    put_varint(out, report->first_seq);
    buf_putc(out, (char)report->lane);
    buf_putc(out, (char)report->count);
    for (unsigned i = 0; i < report->count; i++) {
        put_varint(out, zigzag(report_seq(report, i) - (report->first_seq + i)));
        size_t len = event_encode(&report->events[i], t_ms, event);
        buf_append(out, event, len);
    }
}

static void put_order(struct buf *out, const struct campaign_order *order)
{
    put_time(out, order->start_ms);
    put_time(out, order->end_ms);
    put_varint(out, order->per_minute);
    put_text(out, order->category, sizeof(order->category));
    put_text(out, order->territory, sizeof(order->territory));
    put_varint(out, order->count);
    for (unsigned i = 0; i < order->count; i++)
        put_varint(out, order->list[i]);
}

static void put_rollout(struct buf *out, const struct rollout_order *order)
{
    put_varint(out, order->interval_s);
    put_varint(out, order->watch_s);
    put_varint(out, order->per_minute);
    put_varint(out, order->acked_permille);
    put_varint(out, order->trouble_permille);
    buf_putc(out, (char)order->stages);
    for (unsigned i = 0; i < order->stages; i++)
        put_varint(out, order->permille[i]);
    put_text(out, order->territory, sizeof(order->territory));
    put_text(out, order->firmware, sizeof(order->firmware));
}

static void put_roster(struct buf *out, const struct action *action)
{
    put_text(out, action->roster.name, sizeof(action->roster.name));
    put_text(out, action->roster.instead, sizeof(action->roster.instead));
    put_text(out, action->to, sizeof(action->to));
    put_time(out, action->from_ms);
    put_time(out, action->roster.back_from_ms);
    put_time(out, action->roster.back_until_ms);
}

static void put_handover(struct buf *out, const struct action *action)
{
    put_text(out, action->roster.name, sizeof(action->roster.name));
    put_text(out, action->to, sizeof(action->to));
    buf_putc(out, (char)action->role);
    put_varint(out, action->list);
}

static void put_action(struct buf *out, const struct action *action)
{
    const uint8_t bytes[] = {action->kind,        action->has_alert, action->subject.kind, action->family,
                             action->disposition, action->outcome,   action->status};

    buf_append(out, bytes, sizeof(bytes));
    buf_append(out, action->alert.bytes, HASH_ID_SIZE);
    put_varint(out, action->subject.no);
    put_time(out, action->until_ms);
    put_text(out, action->by, sizeof(action->by));
    put_text(out, action->note, sizeof(action->note));
    if (action->kind == ACTION_ANNOUNCE) {
        buf_putc(out, (char)action->announced);
        put_time(out, action->from_ms);
    }
    if (action->kind >= ACTION_TASK_ASSIGN && action->kind <= ACTION_SNOOZE) {
        buf_putc(out, (char)action->task);
        put_text(out, action->to, sizeof(action->to));
    }
    if (action->kind == ACTION_SPEAK || action->kind == ACTION_HUSH || action->kind == ACTION_CAMPAIGN)
        put_text(out, action->prompt, sizeof(action->prompt));
    if (action->kind == ACTION_SPEAK)
        put_varint(out, action->device);
    if (action->kind == ACTION_DEVICE_INTERVAL) {
        put_varint(out, action->interval_s);
        put_varint(out, action->duration_s);
    }
    if (action->kind == ACTION_CAMPAIGN)
        put_order(out, &action->campaign);
    if (action->kind == ACTION_ROLLOUT_START)
        put_rollout(out, &action->rollout);
    if (action_is_of_ledger(action)) {
        put_text(out, action->to, sizeof(action->to));
        put_text(out, action->authority, sizeof(action->authority));
        put_text(out, action->receipt, sizeof(action->receipt));
        put_time(out, action->from_ms);
        buf_putc(out, (char)action->result);
    }
    if (action_is_roster_change(action))
        put_roster(out, action);
    if (action_is_handover(action))
        put_handover(out, action);
    if (action->kind == ACTION_POLICE)
        buf_putc(out, (char)action->police_word);
}

static void put_conduct(struct buf *out, const struct conduct *conduct)
{
    put_varint(out, conduct->device);
    put_varint(out, conduct->epoch);
    put_varint(out, conduct->count);
    buf_putc(out, (char)conduct->kind);
    buf_putc(out, (char)conduct->lane);
    put_time(out, conduct->since_ms);
}

void input_encode(const struct input *input, struct buf *out)
{
    buf_putc(out, INPUT_VERSION);
    switch ((enum input_kind)input->kind) {
    case INPUT_REPORT: put_report(out, &input->report, input->t_ms); break;
    case INPUT_ACTION: put_action(out, &input->action); break;
    case INPUT_DELIVERY:
        buf_append(out, input->delivery.job.bytes, HASH_ID_SIZE);
        buf_putc(out, (char)input->delivery.state);
        put_text(out, input->delivery.reason, sizeof(input->delivery.reason));
        break;
    case INPUT_LINK:
        put_varint(out, input->link.device);
        put_varint(out, input->link.ordinal);
        buf_putc(out, input->link.up != 0 ? 1 : 0);
        break;
    case INPUT_CONDUCT: put_conduct(out, &input->conduct); break;
    case INPUT_BROKER: buf_putc(out, input->broker_up != 0 ? 1 : 0); break;
    case INPUT_TROUBLE:
        buf_putc(out, (char)input->trouble.part);
        buf_putc(out, (char)input->trouble.on);
        put_varint(out, input->trouble.number);
        break;
    case INPUT_REGISTRY:
    case INPUT_CONFIG: put_text(out, input->version, sizeof(input->version)); break;
    case INPUT_NONE:
    case INPUT_KIND_COUNT: assert(0 && "an input has a kind");
    }
}

/* Reading. A read past the end or a value out of its range marks the reader bad for good and gives zero. */

struct taker {
    const unsigned char *at, *end;
    bool bad;
};

static uint64_t take_varint(struct taker *in, uint64_t high)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        unsigned char byte = *in->at++;
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if (value <= high)
                return value;
            break;
        }
    }
    in->bad = true;
    return 0;
}

static void take_bytes(struct taker *in, void *to, size_t len)
{
    if ((size_t)(in->end - in->at) < len) {
        in->bad = true;
        memset(to, 0, len);
        return;
    }
    memcpy(to, in->at, len);
    in->at += len;
}

/* One byte of 0..high. */
static uint8_t take_byte(struct taker *in, unsigned high)
{
    uint8_t byte;

    take_bytes(in, &byte, 1);
    if (byte > high)
        in->bad = true;
    return in->bad ? 0 : byte;
}

static int64_t take_time(struct taker *in)
{
    unsigned char bytes[8];
    uint64_t value = 0;

    take_bytes(in, bytes, sizeof(bytes));
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return (int64_t)value;
}

static void take_text(struct taker *in, char *to, size_t size)
{
    size_t len = (size_t)take_varint(in, size - 1);

    take_bytes(in, to, len);
    to[len] = '\0';
    in->bad |= !text_is_utf8(to, len, NULL);
}

static void take_report(struct taker *in, int64_t t_ms, struct event *events, struct report *report)
{
    report->device = (uint32_t)take_varint(in, UINT32_MAX);
    report->epoch = (uint32_t)take_varint(in, UINT32_MAX);
    report->first_seq = take_varint(in, UINT64_MAX);
    report->lane = take_byte(in, LANE_COUNT - 1);
    report->count = take_byte(in, EVENT_BATCH_MAX);
    report->events = events;
    in->bad |= report->count == 0 || report->lane == LANE_NONE;
    for (unsigned i = 0; i < report->count && !in->bad; i++) {
        uint64_t seq = report->first_seq + i + unzigzag(take_varint(in, UINT64_MAX));
        size_t used;
        if (in->bad || event_decode(in->at, (size_t)(in->end - in->at), t_ms, &events[i], &used) != ERR_OK) {
            in->bad = true;
            return;
        }
        in->at += used;
        events[i].key = (struct event_key){
            .device = report->device, .epoch = report->epoch, .seq = seq, .lane = report->lane};
    }
}

static void take_order(struct taker *in, struct campaign_order *order)
{
    order->start_ms = take_time(in);
    order->end_ms = take_time(in);
    order->per_minute = (uint32_t)take_varint(in, CAMPAIGN_RATE_MAX);
    take_text(in, order->category, sizeof(order->category));
    take_text(in, order->territory, sizeof(order->territory));
    order->count = (uint16_t)take_varint(in, CAMPAIGN_LIST_MAX);
    for (unsigned i = 0; i < order->count; i++)
        order->list[i] = (uint32_t)take_varint(in, UINT32_MAX);
}

static void take_rollout(struct taker *in, struct rollout_order *order)
{
    order->interval_s = (uint32_t)take_varint(in, FLEET_INTERVAL_MOST_S);
    order->watch_s = (uint32_t)take_varint(in, ROLLOUT_WATCH_MOST_S);
    order->per_minute = (uint32_t)take_varint(in, ROLLOUT_RATE_MAX);
    order->acked_permille = (uint16_t)take_varint(in, 1000);
    order->trouble_permille = (uint16_t)take_varint(in, 1000);
    order->stages = take_byte(in, ROLLOUT_STAGES_MAX);
    for (unsigned i = 0; i < order->stages; i++)
        order->permille[i] = (uint16_t)take_varint(in, 1000);
    take_text(in, order->territory, sizeof(order->territory));
    take_text(in, order->firmware, sizeof(order->firmware));
}

static void take_roster(struct taker *in, struct action *action)
{
    take_text(in, action->roster.name, sizeof(action->roster.name));
    take_text(in, action->roster.instead, sizeof(action->roster.instead));
    take_text(in, action->to, sizeof(action->to));
    action->from_ms = take_time(in);
    action->roster.back_from_ms = take_time(in);
    action->roster.back_until_ms = take_time(in);
}

static void take_handover(struct taker *in, struct action *action)
{
    take_text(in, action->roster.name, sizeof(action->roster.name));
    take_text(in, action->to, sizeof(action->to));
    action->role = take_byte(in, ROLE_COUNT - 1);
    action->list = (uint32_t)take_varint(in, UINT32_MAX);
}

static void take_action(struct taker *in, struct action *action)
{
    action->kind = take_byte(in, ACTION_KIND_COUNT - 1);
    action->has_alert = take_byte(in, 1);
    action->subject.kind = take_byte(in, SUBJECT_DEVICE);
    action->family = take_byte(in, FAMILY_COUNT);
    action->disposition = take_byte(in, DISPOSITION_COUNT - 1);
    action->outcome = take_byte(in, OUTCOME_COUNT - 1);
    action->status = take_byte(in, STATUS_DECEASED);
    take_bytes(in, action->alert.bytes, HASH_ID_SIZE);
    action->subject.no = (uint32_t)take_varint(in, UINT32_MAX);
    action->until_ms = take_time(in);
    take_text(in, action->by, sizeof(action->by));
    take_text(in, action->note, sizeof(action->note));
    if (action->kind == ACTION_ANNOUNCE) {
        action->announced = take_byte(in, ANNOUNCED_COUNT - 1);
        action->from_ms = take_time(in);
    }
    if (action->kind >= ACTION_TASK_ASSIGN && action->kind <= ACTION_SNOOZE) {
        action->task = take_byte(in, TASK_KIND_COUNT - 1);
        take_text(in, action->to, sizeof(action->to));
    }
    action->device = REGISTRY_NONE;
    if (action->kind == ACTION_SPEAK || action->kind == ACTION_HUSH || action->kind == ACTION_CAMPAIGN)
        take_text(in, action->prompt, sizeof(action->prompt));
    if (action->kind == ACTION_SPEAK)
        action->device = (uint32_t)take_varint(in, UINT32_MAX);
    if (action->kind == ACTION_DEVICE_INTERVAL) {
        action->interval_s = (uint32_t)take_varint(in, FLEET_INTERVAL_MOST_S);
        action->duration_s = (uint32_t)take_varint(in, FLEET_INTERVAL_MOST_S);
    }
    if (action->kind == ACTION_CAMPAIGN)
        take_order(in, &action->campaign);
    if (action->kind == ACTION_ROLLOUT_START)
        take_rollout(in, &action->rollout);
    if (action_is_of_ledger(action)) {
        take_text(in, action->to, sizeof(action->to));
        take_text(in, action->authority, sizeof(action->authority));
        take_text(in, action->receipt, sizeof(action->receipt));
        action->from_ms = take_time(in);
        action->result = take_byte(in, LEDGER_RESULT_COUNT - 1);
    }
    if (action_is_roster_change(action))
        take_roster(in, action);
    if (action_is_handover(action))
        take_handover(in, action);
    if (action->kind == ACTION_POLICE)
        action->police_word = take_byte(in, POLICE_WORD_COUNT - 1);
    in->bad |= action->kind == ACTION_NONE;
}

static void take_conduct(struct taker *in, struct conduct *conduct)
{
    conduct->device = (uint32_t)take_varint(in, UINT32_MAX);
    conduct->epoch = (uint32_t)take_varint(in, UINT32_MAX);
    conduct->count = (uint32_t)take_varint(in, UINT32_MAX);
    conduct->kind = take_byte(in, CONDUCT_COUNT - 1);
    conduct->lane = take_byte(in, LANE_COUNT - 1);
    conduct->since_ms = take_time(in);
    in->bad |= conduct->kind == CONDUCT_NONE || conduct->lane == LANE_NONE;
}

enum err input_decode(uint64_t n, int64_t t_ms, enum input_kind kind, const void *blob, size_t len,
                      struct event *events, struct input *ret_input)
{
    struct taker in = {.at = blob, .end = (const unsigned char *)blob + len};
    struct input input = {.n = n, .t_ms = t_ms, .kind = (uint8_t)kind};

    if (take_byte(&in, UINT8_MAX) != INPUT_VERSION)
        return ERR_CORRUPT;
    switch (kind) {
    case INPUT_REPORT: take_report(&in, t_ms, events, &input.report); break;
    case INPUT_ACTION: take_action(&in, &input.action); break;
    case INPUT_DELIVERY:
        take_bytes(&in, input.delivery.job.bytes, HASH_ID_SIZE);
        input.delivery.state = take_byte(&in, DELIVERY_COUNT - 1);
        take_text(&in, input.delivery.reason, sizeof(input.delivery.reason));
        break;
    case INPUT_LINK:
        input.link.device = (uint32_t)take_varint(&in, UINT32_MAX);
        input.link.ordinal = take_varint(&in, UINT64_MAX);
        input.link.up = take_byte(&in, 1);
        break;
    case INPUT_CONDUCT: take_conduct(&in, &input.conduct); break;
    case INPUT_BROKER: input.broker_up = take_byte(&in, 1); break;
    case INPUT_TROUBLE:
        input.trouble.part = take_byte(&in, PART_OF_COUNT - 1);
        input.trouble.on = take_byte(&in, 1);
        input.trouble.number = (uint32_t)take_varint(&in, UINT32_MAX);
        break;
    case INPUT_REGISTRY:
    case INPUT_CONFIG: take_text(&in, input.version, sizeof(input.version)); break;
    case INPUT_NONE:
    case INPUT_KIND_COUNT:
    default: return ERR_CORRUPT;
    }
    if (in.bad || in.at != in.end)
        return ERR_CORRUPT;
    *ret_input = input;
    return ERR_OK;
}
