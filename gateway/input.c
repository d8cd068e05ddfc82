/* The stored form of an input is a version byte and then, by kind, varints, 8-byte little-endian times and
 * texts with their length. A report's device, epoch and numbers stand once; each event is its distance from
 * the expected number (a zero byte as a rule) and the event's own compact form. */
#include "input.h"

#include <assert.h>
#include <string.h>

#include "ingest/event_codec.h"
#include "ingest/event_json.h"
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

/* An event whose key has no number takes the one of its place. */
static uint64_t seq_of(const struct report *report, unsigned i)
{
    uint64_t seq = report->events[i].key.seq;
    return seq != 0 ? seq : report->first_seq + i;
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
        put_varint(out, zigzag(seq_of(report, i) - (report->first_seq + i)));
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

static bool is_of_ledger(const struct action *action)
{
    return action->kind >= ACTION_LEDGER_ASSIGN && action->kind <= ACTION_LEDGER_CLOSE;
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
    if (is_of_ledger(action)) {
        put_text(out, action->to, sizeof(action->to));
        put_text(out, action->authority, sizeof(action->authority));
        put_text(out, action->receipt, sizeof(action->receipt));
        put_time(out, action->from_ms);
        buf_putc(out, (char)action->result);
    }
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
    if (is_of_ledger(action)) {
        take_text(in, action->to, sizeof(action->to));
        take_text(in, action->authority, sizeof(action->authority));
        take_text(in, action->receipt, sizeof(action->receipt));
        action->from_ms = take_time(in);
        action->result = take_byte(in, LEDGER_RESULT_COUNT - 1);
    }
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

/* JSON. */

static void json_time(struct buf *out, const struct tz *tz, const char *name, int64_t t_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(tz, t_ms, text);
    buf_printf(out, "\"%s\":\"%s\"", name, text);
}

/* The first member of an object takes no comma. */
static void json_text(struct buf *out, const char *name, const char *text)
{
    if (out->len != 0 && out->data[out->len - 1] != '{')
        buf_putc(out, ',');
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, text);
}

static void json_device(struct buf *out, const struct registry *registry, uint32_t device)
{
    bool known = registry != NULL && device < registry_count(registry, REGISTRY_DEVICE);
    json_text(out, "device", known ? registry_device(registry, device)->id : "?");
}

/* The time the device told: what makes event_set_time come to the same at_ms and flags again. */
static int64_t told_time(const struct event *event)
{
    if ((event->flags & EVENT_NO_TIME) != 0)
        return 0;
    return (event->flags & EVENT_AT_BAD) != 0 ? 1 : event->at_ms;
}

static void json_report(struct buf *out, const struct report *report, const struct registry *registry,
                        const struct tz *tz)
{
    bool consecutive = true, marked = false;

    for (unsigned i = 0; i < report->count; i++) {
        consecutive &= seq_of(report, i) == report->first_seq + i;
        marked |= report->events[i].report != 1; /* what a line without the list means */
    }
    json_device(out, registry, report->device);
    buf_printf(out, ",\"lane\":\"%s\",\"epoch\":%u,\"seq\":%llu", lane_name((enum lane)report->lane),
               report->epoch, (unsigned long long)report->first_seq);
    if (!consecutive)
        for (unsigned i = 0; i < report->count; i++)
            buf_printf(out, "%s%llu", i == 0 ? ",\"seqs\":[" : ",", (unsigned long long)seq_of(report, i));
    if (!consecutive)
        buf_putc(out, ']');
    if (marked)
        for (unsigned i = 0; i < report->count; i++)
            buf_printf(out, "%s%u", i == 0 ? ",\"reports\":[" : ",", report->events[i].report);
    if (marked)
        buf_putc(out, ']');
    buf_puts(out, ",\"events\":[");
    for (unsigned i = 0; i < report->count; i++) {
        if (i != 0)
            buf_putc(out, ',');
        event_to_json(&report->events[i], told_time(&report->events[i]), tz, out);
    }
    buf_putc(out, ']');
}

static const char *subject_member(unsigned kind)
{
    switch (kind) {
    case SUBJECT_RESIDENT: return "resident";
    case SUBJECT_HOUSEHOLD: return "household";
    case SUBJECT_TERRITORY: return "territory";
    case SUBJECT_DEVICE: return "device";
    default: return NULL;
    }
}

static void json_order(struct buf *out, const struct campaign_order *order, const struct registry *registry,
                       const struct tz *tz)
{
    buf_putc(out, ',');
    json_time(out, tz, "start", order->start_ms);
    buf_putc(out, ',');
    json_time(out, tz, "end", order->end_ms);
    buf_printf(out, ",\"per_minute\":%u", order->per_minute);
    if (order->category[0] != '\0')
        json_text(out, "category", order->category);
    if (order->territory[0] != '\0')
        json_text(out, "in", order->territory);
    for (unsigned i = 0; i < order->count; i++) {
        const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = order->list[i]};
        buf_puts(out, i == 0 ? ",\"residents\":[" : ",");
        buf_json_string(out, registry != NULL ? registry_subject_id(registry, subject) : "?");
    }
    if (order->count != 0)
        buf_putc(out, ']');
}

static void json_action(struct buf *out, const struct action *action, const struct registry *registry,
                        const struct tz *tz)
{
    const char *member = subject_member(action->subject.kind);
    char id[HASH_ID_TEXT];

    buf_printf(out, ",\"action\":{\"%s\":{", action_name((enum action_kind)action->kind));
    if (action->has_alert != 0) {
        hash_id_text(&action->alert, id);
        json_text(out, "alert", id);
    } else if (member != NULL) {
        json_text(out, member, registry != NULL ? registry_subject_id(registry, action->subject) : "?");
        if (action->family < FAMILY_COUNT)
            json_text(out, "family", family_name((enum family)action->family));
    }
    json_text(out, "by", action->by);
    if (action->disposition != DISPOSITION_NONE)
        json_text(out, "disposition", disposition_name((enum disposition)action->disposition));
    if (action->outcome != OUTCOME_NONE)
        json_text(out, "outcome", outcome_name((enum outcome)action->outcome));
    if (action->kind == ACTION_STATUS && action->status <= STATUS_DECEASED)
        json_text(out, "status", resident_status_name((enum resident_status)action->status));
    if (action->kind == ACTION_ANNOUNCE) {
        json_text(out, "announced", announced_name((enum announced)action->announced));
        buf_putc(out, ',');
        json_time(out, tz, "from", action->from_ms);
    }
    if (is_of_ledger(action) && action->from_ms != 0) {
        buf_putc(out, ',');
        json_time(out, tz, "from", action->from_ms);
    }
    if (action->authority[0] != '\0')
        json_text(out, "authority", action->authority);
    if (action->receipt[0] != '\0')
        json_text(out, "receipt", action->receipt);
    if (action->result != LEDGER_RESULT_NONE)
        json_text(out, "result", ledger_result_name((enum ledger_result)action->result));
    if (action->until_ms != 0) {
        buf_putc(out, ',');
        json_time(out, tz, "until", action->until_ms);
    }
    if (action->note[0] != '\0')
        json_text(out, "note", action->note);
    if (action->task != TASK_NONE)
        json_text(out, "task", task_name((enum task_kind)action->task));
    if (action->to[0] != '\0')
        json_text(out, "to", action->to);
    if (action->prompt[0] != '\0')
        json_text(out, "prompt", action->prompt);
    if (action->kind == ACTION_SPEAK && action->device != REGISTRY_NONE && registry != NULL)
        json_text(out, "through",
                  action->device < registry_count(registry, REGISTRY_DEVICE)
                      ? registry_device(registry, action->device)->id
                      : "?");
    if (action->kind == ACTION_DEVICE_INTERVAL)
        buf_printf(out, ",\"interval_s\":%u,\"duration_s\":%u", action->interval_s, action->duration_s);
    if (action->kind == ACTION_CAMPAIGN)
        json_order(out, &action->campaign, registry, tz);
    buf_puts(out, "}}");
}

static void json_delivery(struct buf *out, const struct delivery *delivery)
{
    char id[HASH_ID_TEXT];

    hash_id_text(&delivery->job, id);
    buf_puts(out, ",\"relay_result\":{");
    json_text(out, "relay", id);
    json_text(out, "state", delivery_name((enum delivery_state)delivery->state));
    if (delivery->reason[0] != '\0')
        json_text(out, "reason", delivery->reason);
    buf_putc(out, '}');
}

static void json_conduct(struct buf *out, const struct conduct *conduct, const struct registry *registry,
                         const struct tz *tz)
{
    buf_puts(out, ",\"conduct\":{");
    json_device(out, registry, conduct->device);
    json_text(out, "kind", conduct_name((enum conduct_kind)conduct->kind));
    buf_printf(out, ",\"count\":%u,\"epoch\":%u", conduct->count, conduct->epoch);
    json_text(out, "lane", lane_name((enum lane)conduct->lane));
    buf_putc(out, ',');
    json_time(out, tz, "since", conduct->since_ms);
    buf_putc(out, '}');
}

void input_to_json(const struct input *input, const struct registry *registry, const struct tz *tz,
                   struct buf *out)
{
    buf_putc(out, '{');
    json_time(out, tz, "t", input->t_ms);
    switch ((enum input_kind)input->kind) {
    case INPUT_REPORT: json_report(out, &input->report, registry, tz); break;
    case INPUT_ACTION: json_action(out, &input->action, registry, tz); break;
    case INPUT_DELIVERY: json_delivery(out, &input->delivery); break;
    case INPUT_LINK:
        buf_puts(out, ",\"link\":{");
        json_device(out, registry, input->link.device);
        buf_printf(out, ",\"up\":%s,\"ordinal\":%llu}", input->link.up != 0 ? "true" : "false",
                   (unsigned long long)input->link.ordinal);
        break;
    case INPUT_CONDUCT: json_conduct(out, &input->conduct, registry, tz); break;
    case INPUT_BROKER:
        buf_printf(out, ",\"broker\":{\"up\":%s}", input->broker_up != 0 ? "true" : "false");
        break;
    case INPUT_TROUBLE:
        buf_printf(out, ",\"trouble\":{\"part\":\"%s\",\"on\":%s,\"number\":%lu}",
                   part_id((enum part)input->trouble.part), input->trouble.on != 0 ? "true" : "false",
                   (unsigned long)input->trouble.number);
        break;
    case INPUT_REGISTRY:
    case INPUT_CONFIG:
        buf_printf(out, ",\"%s\":{\"version\":", input_kind_name((enum input_kind)input->kind));
        buf_json_string(out, input->version);
        buf_putc(out, '}');
        break;
    case INPUT_NONE:
    case INPUT_KIND_COUNT: assert(0 && "an input has a kind");
    }
    buf_putc(out, '}');
}
