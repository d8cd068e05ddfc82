#include "walk.h"

#include <string.h>

enum { MESSAGE_MAX = 256, OFFLINE_REPORTS = 63 };

/* 2026-03-03T09:00:00+08:00, what the gateway's clock says when the device has been up for no time. */
static const int64_t gateway_boot_ms = 1772499600000;

static void say_bytes(const struct walk *walk, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        char pair[3] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], '\0'};

        walk->say(pair);
    }
}

static void say_number(const struct walk *walk, uint64_t number)
{
    char text[21];
    size_t at = sizeof text - 1;

    text[at] = '\0';
    do
        text[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    walk->say(" ");
    walk->say(text + at);
}

static void say_message(const struct walk *walk, const char *verb, const char *topic, const uint8_t *bytes,
                        size_t length)
{
    walk->say(verb);
    walk->say(topic);
    say_number(walk, length);
    walk->say(" ");
    say_bytes(walk, bytes, length);
    walk->say("\n");
}

static int publish(void *context, const char *topic, const uint8_t *bytes, size_t length, int qos,
                   bool retain)
{
    (void)qos;
    (void)retain;
    say_message(context, "publish ", topic, bytes, length);
    return 0;
}

static uint32_t draw(void *context)
{
    struct walk *walk = context;

    walk->entropy = walk->entropy * 1664525 + 1013904223;
    return walk->entropy;
}

static Huyang__V1__FailReason play(void *context, uint32_t token, const struct device_prompt *prompt)
{
    struct walk *walk = context;

    walk->playing = token;
    walk->say("play ");
    walk->say(prompt->text);
    walk->say("\n");
    return 0;
}

static void indicate(void *context, enum device_indication what)
{
    static const char *const names[] = {"vibrate", "not-delivered", "help-told", "help-coming"};
    const struct walk *walk = context;

    walk->say("indicate ");
    walk->say(names[what]);
    walk->say("\n");
}

static void call_for_help(void *context)
{
    ((const struct walk *)context)->say("fallback\n");
}

static void note(void *context, const struct device_note *note)
{
    static const char *const lanes[] = {" urgent", " routine"};
    const struct walk *walk = context;

    switch (note->kind) {
    case DEVICE_NOTE_STORED:
        walk->say("stored");
        walk->say(lanes[note->lane]);
        say_number(walk, note->seq);
        say_number(walk, note->count);
        break;
    case DEVICE_NOTE_ACKED:
        walk->say("acked");
        walk->say(lanes[note->lane]);
        say_number(walk, note->seq);
        break;
    case DEVICE_NOTE_COMMAND:
        walk->say("command ");
        walk->say(note->id);
        say_number(walk, (uint64_t)note->state);
        break;
    default: return;
    }
    walk->say("\n");
}

/* A message from the gateway, put together by hand: this side shares no code with the device. */
struct message {
    uint8_t bytes[MESSAGE_MAX];
    size_t length;
};

static void put_varint(struct message *message, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        message->bytes[message->length++] = (uint8_t)(value | 0x80);
    message->bytes[message->length++] = (uint8_t)value;
}

static void put_number(struct message *message, uint32_t field, uint64_t value)
{
    put_varint(message, field << 3);
    put_varint(message, value);
}

static void put_fixed32(struct message *message, uint32_t field, uint32_t value)
{
    put_varint(message, field << 3 | 5);
    for (int shift = 0; shift < 32; shift += 8)
        message->bytes[message->length++] = (uint8_t)(value >> shift);
}

static void put_bytes(struct message *message, uint32_t field, const void *bytes, size_t length)
{
    put_varint(message, field << 3 | 2);
    put_varint(message, length);
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

static void receive(struct walk *walk, enum device_topic topic, const struct message *message, int64_t now_ms)
{
    char name[DEVICE_TOPIC_MAX];

    device_topic(&walk->band.device, topic, name);
    say_message(walk, "receive ", name, message->bytes, message->length);
    device_on_message(&walk->band.device, topic, message->bytes, message->length, now_ms);
}

static void acknowledge(struct walk *walk, Huyang__V1__Lane lane, uint64_t seq, int64_t now_ms)
{
    struct message message = {.length = 0};

    put_number(&message, 1, lane);
    put_fixed32(&message, 2, walk->band.device.outbox.epoch);
    put_number(&message, 3, seq);
    put_number(&message, 4, (uint64_t)(gateway_boot_ms + now_ms));
    receive(walk, DEVICE_TOPIC_ACK, &message, now_ms);
}

/* "Help is being called, stay calm", said aloud, red, for ten minutes. */
static void speak(struct walk *walk, int64_t now_ms)
{
    static const char id[] = "0123456789abcdef0123456789abcdef", prompt_id[] = "sos-answer",
                      language[] = "zh", text[] = "正在为您呼叫帮助，请不要慌。";
    struct message prompt = {.length = 0}, message = {.length = 0};

    put_bytes(&prompt, 1, prompt_id, sizeof prompt_id - 1);
    put_bytes(&prompt, 2, language, sizeof language - 1);
    put_bytes(&prompt, 3, text, sizeof text - 1);
    put_number(&prompt, 8, HUYANG__V1__MANNER__MANNER_SPEAK);
    put_bytes(&message, 1, id, sizeof id - 1);
    put_number(&message, 2, 600);
    put_number(&message, 4, HUYANG__V1__PRIORITY__PRIORITY_RED);
    put_bytes(&message, 10, prompt.bytes, prompt.length);
    receive(walk, DEVICE_TOPIC_COMMAND, &message, now_ms);
    device_on_speaker(&walk->band.device, walk->playing, DEVICE_SPEAKER_STARTED, 0, now_ms + 10);
    device_on_speaker(&walk->band.device, walk->playing, DEVICE_SPEAKER_DONE, 0, now_ms + 4000);
}

static bool boot(struct walk *walk, int64_t now_ms)
{
    const struct device_config config = {
        .county = "341282",
        .id = "wb-0001",
        .firmware = "walk-1.0",
        .flash = walk->flash,
        .transport = {.context = walk, .publish = publish},
        .hal = {.context = walk,
                .entropy = draw,
                .play = play,
                .indicate = indicate,
                .fallback = call_for_help,
                .note = note},
        .scratch = &walk->scratch,
    };
    uint8_t will[DEVICE_WILL_MAX];

    if (wristband_init(&walk->band, &config, 600, now_ms) != DEVICE_OK)
        return false;
    (void)device_will(&walk->band.device, now_ms, will);
    device_on_link(&walk->band.device, true, now_ms);
    return true;
}

static const struct device_fix at_home = {.valid = true,
                                          .lat = 33.25,
                                          .lon = 115.375,
                                          .has_accuracy_m = true,
                                          .accuracy_m = 12,
                                          .source = HUYANG__V1__FIX_SOURCE__FIX_SOURCE_GNSS,
                                          .datum = HUYANG__V1__DATUM__DATUM_WGS84};

static void gather_offline(struct walk *walk)
{
    struct wristband *band = &walk->band;
    int64_t now_ms = 60000;

    device_on_link(&band->device, false, now_ms);
    for (int i = 0; i < OFFLINE_REPORTS; i++, now_ms += 60000)
        (void)wristband_fix(band, &at_home, true, now_ms);
    device_on_link(&band->device, true, now_ms);
}

bool walk_run(struct walk *walk)
{
    struct wristband *band = &walk->band;
    int error;

    walk->say("# a new device starts\n");
    if (!boot(walk, 0))
        return false;
    walk->say("# SOS, with the last position\n");
    error = wristband_fix(band, &at_home, false, 1000);
    if (!error)
        error = wristband_sos(band, 2000);
    walk->say("# the gateway has it on disk\n");
    acknowledge(walk, HUYANG__V1__LANE__LANE_URGENT, 2, 2010);
    walk->say("# the gateway speaks\n");
    speak(walk, 2020);
    walk->say("# an hour without a connection, and then everything\n");
    gather_offline(walk);
    walk->say("# the power fails; what was not acknowledged is still there\n");
    return boot(walk, 0) && !error;
}
