/* Foreign payloads. The first byte chooses dialect and topic, the rest is the payload. Besides not crashing:
 * what becomes an event passes its check, has somebody it is about, and is not named in the event. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ingest/dialects/dialects.h"
#include "ingest/event_field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const struct dialect *dialect;
    const char *topic;
} ways[] = {
    {&dialect_owntracks, "jane/phone"},
    {&dialect_owntracks, "jane/phone/event"},
    {&dialect_frigate, "events"},
    {&dialect_frigate, "reviews"},
    {&dialect_frigate, "tracked_object_update"},
    {&dialect_double_take, "matches/david"},
    {&dialect_double_take, "cameras/hall"},
    {&dialect_g616, "status/358800005942033"},
    {&dialect_g616, "status"},
    {&dialect_g616, "cmd/1/MESSAGE"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct foreign foreign;
    static struct dialect_settings settings = {
        .zone_count = 2, .zones = {{"in", FOREIGN_PLACE_INDOORS}, {"out", FOREIGN_PLACE_IGNORED}}};
    if (size == 0)
        return 0;
    const size_t way = data[0] % (sizeof(ways) / sizeof(ways[0]));
    const struct foreign_message message = {.topic = ways[way].topic,
                                            .topic_len = strlen(ways[way].topic),
                                            .payload = data + 1,
                                            .len = size - 1,
                                            .settings = &settings,
                                            .t_ms = INT64_C(1772327520000)};
    memset(&foreign, 'x', sizeof(foreign)); /* what is not cleared shows */
    foreign_clear(&foreign);
    const enum foreign_outcome outcome = ways[way].dialect->decode(&message, &foreign);
    assert((unsigned)outcome < FOREIGN_OUTCOME_COUNT);
    assert(strlen(foreign.type) < sizeof(foreign.type));
    if (outcome != FOREIGN_EVENTS)
        return 0;
    assert(foreign.count >= 1 && foreign.count <= EVENT_BATCH_MAX && foreign.name_count >= 1);
    for (unsigned i = 0; i < foreign.count; i++) {
        const struct event *event = &foreign.events[i];
        assert(event_check(event, NULL) == ERR_OK);
        if (event->kind == EVENT_VISIT)
            for (unsigned j = 0; j < event->visit.people_count; j++)
                assert(event->visit.people[j].visitor_id[0] == '\0');
    }
    return 0;
}
