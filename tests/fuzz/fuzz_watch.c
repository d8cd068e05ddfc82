/* Bytes of a watch's socket. The first byte says in what pieces they come. Besides not crashing: the pieces
 * make no difference, what becomes an event passes its check, and an answer is a frame again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/hash.h"
#include "ingest/event_field.h"
#include "ingest/watch/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct watch_frame *frame, const struct watch_message *message)
{
    struct watch_framer back;
    struct buf out;
    buf_init(&out, 4096);
    watch_framer_init(&back);
    const size_t more = frame->kind == WATCH_BRACKET ? strlen(frame->id) : 0;
    watch_frame_write(frame, message->answer, frame->id, more, &out);
    assert(watch_framer_put(&back, out.data, out.len));
    const struct watch_frame *again = watch_framer_next(&back);
    assert(again != NULL && strcmp(again->id, frame->id) == 0 && strcmp(again->index, frame->index) == 0);
    assert(again->len == strlen(message->answer) + more);
    watch_framer_release(&back);
    buf_release(&out);
}

/* A number for everything the bytes said. */
static uint64_t listen_to(const uint8_t *data, size_t size, size_t piece)
{
    static struct foreign foreign;
    struct watch_framer framer;
    uint64_t sum = 0;
    watch_framer_init(&framer);
    for (size_t at = 0; at < size; at += piece) {
        const struct watch_frame *frame;
        if (!watch_framer_put(&framer, data + at, size - at < piece ? size - at : piece))
            break;
        while ((frame = watch_framer_next(&framer)) != NULL) {
            struct watch_message message;
            foreign_clear(&foreign);
            const enum foreign_outcome outcome = watch_decode(frame->content, frame->len, &foreign, &message);
            assert(outcome != FOREIGN_EVENTS || foreign.count > 0);
            for (unsigned i = 0; outcome == FOREIGN_EVENTS && i < foreign.count; i++)
                assert(event_check(&foreign.events[i], NULL) == ERR_OK);
            if (message.answer[0] != '\0')
                check_answer(frame, &message);
            sum = sum * 31 + hash_table(frame->content, frame->len) + (uint64_t)outcome;
        }
    }
    watch_framer_release(&framer);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const uint64_t whole = listen_to(data + 1, size - 1, size);
    assert(listen_to(data + 1, size - 1, 1U + data[0] % 16U) == whole);
    return 0;
}
