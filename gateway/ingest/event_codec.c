#include "ingest/event_codec.h"

#include <string.h>

#include "core/text.h"
#include "ingest/event_field.h"

enum { CODEC_VERSION = 1 };

static unsigned char *put_varint(unsigned char *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *to++ = (unsigned char)value;
    return to;
}

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)((value >> 1) ^ ((value & 1) != 0 ? UINT64_MAX : 0));
}

static unsigned char *put_little_endian(unsigned char *to, uint64_t bits, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *to++ = (unsigned char)(bits >> (8 * i));
    return to;
}

static unsigned char *put_fields(unsigned char *to, const struct event_field *fields, size_t count,
                                 const void *base);

static unsigned char *put_field(unsigned char *to, const struct event_field *field, const void *base)
{
    const unsigned char *at = (const unsigned char *)base + field->offset;
    const struct event_visit *visit;
    const struct event_field *persons;
    size_t len, count;
    uint64_t bits = 0;

    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U8:
    case FIELD_ENUM:
    case FIELD_U16:
    case FIELD_U32: return put_varint(to, (uint64_t)event_field_number(field, base));
    case FIELD_I16:
    case FIELD_TIME: return put_varint(to, zigzag((int64_t)event_field_number(field, base)));
    case FIELD_F32: memcpy(&bits, at, sizeof(uint32_t)); return put_little_endian(to, bits & UINT32_MAX, 4);
    case FIELD_F64: memcpy(&bits, at, sizeof(bits)); return put_little_endian(to, bits, 8);
    case FIELD_ID:
    case FIELD_TEXT:
        len = strnlen((const char *)at, event_field_text_size(field) - 1);
        to = put_varint(to, len);
        memcpy(to, at, len);
        return to + len;
    case FIELD_PEOPLE:
        visit = &((const struct event *)base)->visit;
        persons = event_person_fields(&count);
        to = put_varint(to, visit->people_count);
        for (unsigned i = 0; i < visit->people_count && i < EVENT_PEOPLE_MAX; i++)
            to = put_fields(to, persons, count, &visit->people[i]);
        return to;
    }
    return to;
}

/* What must be written: an optional field that is there, a text that is not empty, any other value that is
 * not zero. */
static bool is_there(const struct event_field *field, const void *base)
{
    if (field->type == FIELD_ID || field->type == FIELD_TEXT)
        return ((const char *)base)[field->offset] != '\0';
    if (field->has_offset != FIELD_ALWAYS)
        return event_field_has(field, base);
    double number = event_field_number(field, base);
    return number < 0 || number > 0;
}

static unsigned char *put_fields(unsigned char *to, const struct event_field *fields, size_t count,
                                 const void *base)
{
    uint64_t there = 0;

    for (size_t i = 0; i < count; i++)
        if (is_there(&fields[i], base))
            there |= UINT64_C(1) << i;
    to = put_varint(to, there);
    for (size_t i = 0; i < count; i++)
        if ((there >> i & 1) != 0)
            to = put_field(to, &fields[i], base);
    return to;
}

size_t event_encode(const struct event *event, int64_t arrival_ms, unsigned char *to)
{
    unsigned char *at = to;
    size_t count;
    const struct event_field *fields = event_fields((enum event_kind)event->kind, &count);

    *at++ = CODEC_VERSION;
    *at++ = event->kind;
    *at++ = event->flags;
    at = put_varint(at,
                    zigzag((int64_t)((uint64_t)event->at_ms - (uint64_t)arrival_ms))); /* wraps, both ways */
    at = put_varint(at, event->report);
    at = put_fields(at, fields, count, event);
    return (size_t)(at - to);
}

/* What is left to read. A read past the end or a malformed varint gives 0 and marks the reader bad for good.
 */
struct reader {
    const unsigned char *at, *end;
    bool bad;
};

static uint64_t get_varint(struct reader *in)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        unsigned char byte = *in->at++;
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    in->bad = true;
    return 0;
}

static uint64_t get_little_endian(struct reader *in, unsigned bytes)
{
    uint64_t bits = 0;

    if ((size_t)(in->end - in->at) < bytes) {
        in->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        bits |= (uint64_t)*in->at++ << (8 * i);
    return bits;
}

static void get_fields(struct reader *in, const struct event_field *fields, size_t count, void *base);

static void get_people(struct reader *in, struct event_visit *visit)
{
    size_t field_count;
    const struct event_field *fields = event_person_fields(&field_count);
    uint64_t count = get_varint(in);

    if (count > EVENT_PEOPLE_MAX) {
        in->bad = true;
        return;
    }
    visit->people_count = (uint8_t)count;
    for (unsigned i = 0; i < visit->people_count; i++)
        get_fields(in, fields, field_count, &visit->people[i]);
}

static void get_field(struct reader *in, const struct event_field *field, void *base)
{
    unsigned char *at = (unsigned char *)base + field->offset;
    double number = 0;
    float single;
    uint32_t bits32;
    uint64_t bits, len;

    switch (field->type) {
    case FIELD_PEOPLE: get_people(in, &((struct event *)base)->visit); return;
    case FIELD_ID:
    case FIELD_TEXT:
        len = get_varint(in);
        if (len >= event_field_text_size(field) || len > (size_t)(in->end - in->at)) {
            in->bad = true;
            return;
        }
        memcpy(at, in->at, (size_t)len);
        in->at += len;
        in->bad |= memchr(at, '\0', (size_t)len) != NULL;
        return;
    case FIELD_F32:
        bits32 = (uint32_t)get_little_endian(in, 4);
        memcpy(&single, &bits32, sizeof(single));
        number = (double)single;
        break;
    case FIELD_F64:
        bits = get_little_endian(in, 8);
        memcpy(&number, &bits, sizeof(number));
        break;
    case FIELD_I16:
    case FIELD_TIME: number = (double)unzigzag(get_varint(in)); break;
    case FIELD_BOOL:
    case FIELD_U8:
    case FIELD_ENUM:
    case FIELD_U16:
    case FIELD_U32: number = (double)get_varint(in); break;
    }
    if (in->bad || !event_field_number_ok(field, number)) {
        in->bad = true;
        return;
    }
    event_field_set_number(field, base, number);
    event_field_set_has(field, base);
}

static void get_fields(struct reader *in, const struct event_field *fields, size_t count, void *base)
{
    uint64_t there = get_varint(in);

    if (there >> count != 0)
        in->bad = true;
    for (size_t i = 0; i < count && !in->bad; i++)
        if ((there >> i & 1) != 0)
            get_field(in, &fields[i], base);
}

enum err event_decode(const unsigned char *from, size_t len, int64_t arrival_ms, struct event *ret_event,
                      size_t *ret_used)
{
    struct reader in = {.at = from, .end = from + len};
    struct event event;
    size_t count;

    if (len < 3 || from[0] != CODEC_VERSION || from[1] == EVENT_NONE || from[1] >= EVENT_KIND_COUNT)
        return ERR_CORRUPT;
    event_clear(&event, (enum event_kind)from[1]);
    event.flags = from[2];
    in.at += 3;
    event.at_ms = (int64_t)((uint64_t)arrival_ms + (uint64_t)unzigzag(get_varint(&in)));
    uint64_t report = get_varint(&in);
    if (report > UINT32_MAX)
        return ERR_CORRUPT;
    event.report = (uint32_t)report;
    const struct event_field *fields = event_fields((enum event_kind)event.kind, &count);
    get_fields(&in, fields, count, &event);
    if (in.bad || event_check(&event, NULL) != ERR_OK)
        return ERR_CORRUPT;
    memcpy(ret_event, &event, event_size((enum event_kind)event.kind));
    *ret_used = (size_t)(in.at - from);
    return ERR_OK;
}
