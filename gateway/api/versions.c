/* Which firmware the devices of a person's territory run, and how many each: counted over looks at the core,
 * in the look itself, which lives as long as the request. */
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"

enum { LOOKS_MAX = 400 /* of one count: about 200,000 devices; the count then ends there */ };

static void ask(const struct view *view, const struct request *request, uint32_t from, struct look *look)
{
    uint32_t no = from, count = registry_count(view->registry, REGISTRY_DEVICE);

    look->count = 0;
    for (; no < count && look->count < LOOK_MAX; no++)
        if (!registry_device(view->registry, no)->removed &&
            place_is_seen(view->registry, &request->person,
                          (struct subject){.kind = SUBJECT_DEVICE, .no = no}))
            look->entries[look->count++] = (struct look_entry){.table = REGISTRY_DEVICE, .no = no};
    look->next_no = no < count ? no : REGISTRY_NONE;
}

enum verdict versions_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!page_begin(view, request, PART_FLEET) || !view_no_query(request))
        return VERDICT_REPLY;
    struct look *look = page_look(request);
    if (look == NULL)
        return VERDICT_REPLY;
    ask(view, request, 0, look);
    *ret_pending = (struct pending){.look = look};
    return VERDICT_LOOK;
}

static void count(struct look *look, uint8_t kind, const char *firmware)
{
    struct look_version *version = look->versions;
    const struct look_version *end = version + look->version_count;

    while (version < end && (version->kind != kind || strcmp(version->firmware, firmware) != 0))
        version++;
    if (version == end && look->version_count == LOOK_VERSIONS_MAX) {
        look->versions_beyond++;
        return;
    }
    if (version == end) {
        look->version_count++;
        version->kind = kind;
        (void)text_copy(version->firmware, sizeof(version->firmware), firmware);
    }
    version->devices++;
}

/* The most used first; equal ones by kind and name, so that a page does not flicker. */
static int by_use(const void *left, const void *right)
{
    const struct look_version *a = left, *b = right;

    if (a->devices != b->devices)
        return a->devices < b->devices ? 1 : -1;
    return a->kind != b->kind ? a->kind - b->kind : strcmp(a->firmware, b->firmware);
}

static void put_versions(struct look *look, struct buf *out)
{
    qsort(look->versions, look->version_count, sizeof(look->versions[0]), by_use);
    put_open(out, NULL, '{');
    put_open(out, "versions", '[');
    for (unsigned i = 0; i < look->version_count; i++) {
        const struct look_version *version = &look->versions[i];
        put_open(out, NULL, '{');
        put_text(out, "kind", version->kind == DEVICE_CAMERA ? "camera" : "wristband");
        if (version->firmware[0] != '\0')
            put_text(out, "firmware", version->firmware);
        put_integer(out, "devices", version->devices);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    if (look->versions_beyond != 0)
        put_integer(out, "beyond", look->versions_beyond);
}

enum verdict versions_list_done(const struct view *view, struct request *request, struct pending *pending,
                                enum err err, const char *text)
{
    struct look *look = pending->look;

    if (!page_looked(view, request, look, err, text))
        return VERDICT_REPLY;
    for (unsigned i = 0; i < look->count; i++)
        count(look, registry_device(view->registry, look->entries[i].no)->kind,
              look->entries[i].now.device.firmware);
    if (look->next_no != REGISTRY_NONE && ++pending->walked < LOOKS_MAX) {
        ask(view, request, look->next_no, look);
        return VERDICT_LOOK;
    }
    put_versions(look, &request->reply.body);
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}
