/* Events in JSON, as timelines and journals hold them. What is accepted passes its check and is written in
 * one form that reads back the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ingest/event_field.h"
#include "ingest/event_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err read_event(const char *text, size_t len, struct event *event, int64_t *device_ms)
{
    struct json *root;
    struct json_error json_error;
    struct event_json_error error;

    if (json_parse(text, len, &root, &json_error) != ERR_OK)
        return ERR_INVALID;
    memset(&error, 'x', sizeof(error));
    enum err err = event_from_json(root, event, device_ms, &error);
    if (err != ERR_OK)
        assert(memchr(error.text, '\0', sizeof(error.text)) != NULL &&
               strpbrk(error.text, "\n\r\x1b") == NULL);
    json_free(root);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event event, back;
    int64_t device_ms, back_ms;
    struct buf first, second;

    if (read_event((const char *)data, size, &event, &device_ms) != ERR_OK)
        return 0;
    assert(event_check(&event, NULL) == ERR_OK);
    buf_init(&first, 8192);
    buf_init(&second, 8192);
    event_to_json(&event, device_ms, NULL, &first);
    assert(!first.failed);
    assert(read_event(first.data, first.len, &back, &back_ms) == ERR_OK && back_ms == device_ms);
    event_to_json(&back, back_ms, NULL, &second);
    assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    buf_release(&first);
    buf_release(&second);
    return 0;
}
