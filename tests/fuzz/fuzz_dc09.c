/* DC-09 as it may come from a receiver, or whoever sits between: as a stream, as a frame, and as a body whose
 * checksum and length fit, so that what lies behind them is reached. The first byte chooses the key. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/dc09.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was read can be written, and reads as the same again. */
static void check_frame(const char *bytes, size_t len, const struct dc09_key *key)
{
    static const struct dc09_key none;
    static const uint8_t pad[DC09_BLOCK] = {7};
    char text[DC09_TEXT_SIZE], text_again[DC09_TEXT_SIZE];
    struct dc09_frame frame, again;
    if (dc09_read(bytes, len, key, text, &frame) != DC09_FAULT_NONE)
        return;
    struct buf out;
    buf_init(&out, DC09_FRAME_MAX);
    if (frame.kind == DC09_NAK)
        frame.account[0] = 0;
    if (frame.kind == DC09_NAK || !frame.line[0])
        memcpy(frame.line, "0", 2);
    if (dc09_write(&frame, frame.encrypted ? key : &none, pad, &out) == ERR_OK) {
        assert(dc09_read(out.data, out.len, key, text_again, &again) == DC09_FAULT_NONE);
        assert(again.kind == frame.kind && again.sequence == frame.sequence);
        assert(again.has_time == frame.has_time && again.time_ms == frame.time_ms);
        assert(strcmp(again.data, frame.data) == 0 && strcmp(again.extensions, frame.extensions) == 0);
        assert(strcmp(again.account, frame.account) == 0);
    }
    buf_release(&out);
}

static void check_stream(const char *bytes, size_t len, const struct dc09_key *key)
{
    size_t at = 0;
    while (at < len) {
        size_t from = 0, frame_len;
        enum dc09_fault fault;
        size_t used = dc09_scan(bytes + at, len - at, &from, &frame_len, &fault);
        assert(used <= len - at);
        if (frame_len > 0) {
            assert(from + frame_len <= used && fault == DC09_FAULT_NONE);
            check_frame(bytes + at + from, frame_len, key);
        }
        if (used == 0)
            break;
        at += used;
    }
    assert(len - at <= DC09_FRAME_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dc09_key key = {0};
    if (size == 0)
        return 0;
    if (data[0] & 1)
        assert(dc09_key_parse("AAAAAAAAAAAAAAAA", 16, &key));
    const char *bytes = (const char *)data + 1;
    size--;
    check_stream(bytes, size, &key);
    if (size > DC09_BODY_MAX)
        return 0;
    struct buf framed;
    buf_init(&framed, DC09_FRAME_MAX);
    buf_printf(&framed, "\n%04X%04X", (unsigned)dc09_crc(bytes, size), (unsigned)size);
    buf_append(&framed, bytes, size);
    buf_putc(&framed, '\r');
    check_frame(framed.data, framed.len, &key);
    buf_release(&framed);
    return 0;
}
