/* What the wire and the input log bring. The first byte chooses the reader, the rest is its input. Besides
 * not crashing: an event that is accepted passes its own check, and says the same after a way through the
 * compact form and through JSON. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/decode.h"
#include "ingest/event_codec.h"
#include "ingest/event_field.h"
#include "ingest/event_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t arrival_ms = INT64_C(1772327520000);

static void check_round_trips(const struct event *event)
{
    unsigned char bytes[EVENT_CODEC_MAX], again[EVENT_CODEC_MAX];
    struct event back;
    size_t used;
    struct buf json, json_again;
    struct json *root;
    struct json_error json_error;
    struct event_json_error error;
    int64_t device_ms;

    assert(event_check(event, NULL) == ERR_OK);
    size_t len = event_encode(event, arrival_ms, bytes);
    assert(len <= sizeof(bytes));
    assert(event_decode(bytes, len, arrival_ms, &back, &used) == ERR_OK && used == len);
    assert(event_encode(&back, arrival_ms, again) == len && memcmp(bytes, again, len) == 0);

    buf_init(&json, 8192);
    buf_init(&json_again, 8192);
    event_to_json(event, 0, NULL, &json);
    assert(!json.failed && json_parse(json.data, json.len, &root, &json_error) == ERR_OK);
    assert(event_from_json(root, &back, &device_ms, &error) == ERR_OK);
    json_free(root);
    event_to_json(&back, 0, NULL, &json_again);
    assert(json.len == json_again.len && memcmp(json.data, json_again.data, json.len) == 0);
    buf_release(&json);
    buf_release(&json_again);
}

static void read_batch(struct decoder *decoder, enum lane lane, const uint8_t *data, size_t size)
{
    static struct decoded_batch batch;

    if (decode_batch(decoder, lane, data, size, &batch) != REFUSAL_NONE)
        return;
    assert(batch.count >= 1 && batch.count <= EVENT_BATCH_MAX && batch.base >= 1 &&
           batch.base <= batch.first_seq);
    for (unsigned i = 0; i < batch.count; i++)
        if (batch.refused[i] == REFUSAL_NONE)
            check_round_trips(&batch.events[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decoder *decoder;
    struct link_message link;
    struct event event;
    int64_t time_ms;
    size_t used;

    if (decoder == NULL && decoder_new(&decoder) != ERR_OK)
        abort();
    if (size == 0)
        return 0;
    switch (data[0] % 5) {
    case 0: read_batch(decoder, LANE_URGENT, data + 1, size - 1); break;
    case 1: read_batch(decoder, LANE_ROUTINE, data + 1, size - 1); break;
    case 2:
        if (decode_link(decoder, data + 1, size - 1, &link) == ERR_OK)
            assert(strlen(link.firmware) < sizeof(link.firmware));
        break;
    case 3:
        if (decode_clock(decoder, data + 1, size - 1, &time_ms) == ERR_OK)
            assert(time_ms >= 0);
        break;
    case 4:
        if (event_decode(data + 1, size - 1, arrival_ms, &event, &used) == ERR_OK) {
            assert(used <= size - 1);
            event_settle(&event);
            check_round_trips(&event);
        }
        break;
    default: break;
    }
    return 0;
}
