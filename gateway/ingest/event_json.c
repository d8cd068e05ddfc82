/* Reading and writing walk the field table; what is special here is only the visit's people and the fix
 * without a position. */
#include "ingest/event_json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "ingest/event_field.h"

/* Where the reader stands, for its error text. */
struct place_in_json {
    const char *kind;
    int person; /* -1 outside the list of people */
    struct event_json_error *error;
};

/* Writes the error and returns ERR_INVALID, so that a check can end with `return fail(...)`. */
__attribute__((format(printf, 3, 4))) static enum err fail(const struct place_in_json *in, const char *field,
                                                           const char *format, ...)
{
    char what[160];
    char line[320];
    va_list list;
    int used = 0;

    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    if (in->kind != NULL && in->person >= 0)
        used = snprintf(line, sizeof(line), "%s.people[%d]", in->kind, in->person);
    else if (in->kind != NULL)
        used = snprintf(line, sizeof(line), "%s", in->kind);
    snprintf(line + used, sizeof(line) - (size_t)used, "%s%.40s%s%s",
             in->kind != NULL && field != NULL ? "." : "", field != NULL ? field : "",
             in->kind != NULL || field != NULL ? ": " : "", what);
    /* Names in it may come from the input: no control character may break the caller's line. */
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    text_copy(in->error->text, sizeof(in->error->text), line);
    return ERR_INVALID;
}

/* At most 40 bytes of text from the input, whole characters, for an error text. */
struct excerpt {
    char text[41];
};
static struct excerpt excerpt_of(const char *text)
{
    struct excerpt excerpt;
    text_copy(excerpt.text, sizeof(excerpt.text), text);
    return excerpt;
}

static enum err read_time(const struct place_in_json *in, const char *name, const struct json *node,
                          double low, double high, int64_t *ret_ms)
{
    const char *text = json_string(node);
    int64_t ms;
    double number;

    if (text != NULL) {
        if (clock_parse(text, strlen(text), &ms) != ERR_OK)
            return fail(in, name, "\"%s\" is not an ISO 8601 time with offset", excerpt_of(text).text);
    } else if (json_number(node, &number)) {
        if (!(number >= low && number <= high) || number != floor(number))
            return fail(in, name, "%.17g is not a time in milliseconds since 1970", number);
        ms = (int64_t)number;
    } else {
        return fail(in, name, "must be an ISO 8601 time or milliseconds since 1970");
    }
    if ((double)ms < low || (double)ms > high)
        return fail(in, name, "the time lies outside 1970..2199");
    *ret_ms = ms;
    return ERR_OK;
}

static enum err read_enum(const struct place_in_json *in, const struct event_field *field,
                          const struct json *node, void *base)
{
    const char *text = json_string(node);
    char known[120] = "";
    size_t used = 0;

    for (unsigned value = 1; value < field->name_count; value++) {
        if (text != NULL && strcmp(field->names[value], text) == 0) {
            event_field_set_number(field, base, value);
            return ERR_OK;
        }
        int wrote =
            snprintf(known + used, sizeof(known) - used, "%s%s", value > 1 ? ", " : "", field->names[value]);
        used += (size_t)wrote < sizeof(known) - used ? (size_t)wrote : sizeof(known) - used - 1;
    }
    if (text == NULL)
        return fail(in, field->name, "must be one of %s", known);
    return fail(in, field->name, "\"%s\" is none of %s", excerpt_of(text).text, known);
}

static enum err read_number(const struct place_in_json *in, const struct event_field *field,
                            const struct json *node, void *base)
{
    double number;

    if (!json_number(node, &number))
        return fail(in, field->name, "must be a number");
    if (field->type != FIELD_F32 && field->type != FIELD_F64 && number != floor(number))
        return fail(in, field->name, "%.17g is not a whole number", number);
    if (!event_field_number_ok(field, number))
        return fail(in, field->name, "%.10g is outside %.10g..%.10g", number, field->low, field->high);
    event_field_set_number(field, base, number);
    event_field_set_has(field, base);
    return ERR_OK;
}

static enum err read_field(const struct place_in_json *in, const struct event_field *field,
                           const struct json *node, void *base)
{
    const char *text;
    bool truth;
    int64_t ms = 0;
    enum err err;

    switch (field->type) {
    case FIELD_BOOL:
        if (!json_bool(node, &truth))
            return fail(in, field->name, "must be true or false");
        event_field_set_number(field, base, truth);
        event_field_set_has(field, base);
        return ERR_OK;
    case FIELD_ENUM: return read_enum(in, field, node, base);
    case FIELD_TIME:
        err = read_time(in, field->name, node, field->low, field->high, &ms);
        if (err == ERR_OK)
            event_field_set_number(field, base, (double)ms);
        return err;
    case FIELD_ID:
    case FIELD_TEXT:
        text = json_string(node);
        if (text == NULL)
            return fail(in, field->name, "must be a string");
        if (!event_field_text_ok(field, text, strlen(text)))
            return fail(in, field->name,
                        field->type == FIELD_ID ? "\"%s\" is not an id ([A-Za-z0-9_-], 1 to 64 of them)"
                                                : "\"%s\" is not printable ASCII of at most 32 bytes",
                        excerpt_of(text).text);
        text_copy(event_field_text(field, base), event_field_text_size(field), text);
        return ERR_OK;
    case FIELD_PEOPLE: break; /* read_people */
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_I16:
    case FIELD_F32:
    case FIELD_F64: return read_number(in, field, node, base);
    }
    return ERR_OK;
}

static enum err read_people(struct place_in_json in, const struct json *list, struct event_visit *visit);

static bool is_named(const struct event_field *field, const char *name)
{
    return strcmp(field->name, name) == 0 ||
           (field->wire_name != NULL && strcmp(field->wire_name, name) == 0);
}

static const struct json *value_of(const struct json *object, const struct event_field *field)
{
    const struct json *value = json_get(object, field->name);
    return value == NULL && field->wire_name != NULL ? json_get(object, field->wire_name) : value;
}

/* Reads every field of one object by its table: unknown names first, then each field or its default. */
static enum err read_object(const struct place_in_json *in, const struct json *object,
                            const struct event_field *fields, size_t count, void *base)
{
    size_t iter = 0;
    const char *key;
    const struct json *value;
    enum err err = ERR_OK;

    while (json_next(object, &iter, &key, &value)) {
        size_t i = 0;
        while (i < count && !is_named(&fields[i], key))
            i++;
        if (i == count)
            return fail(in, NULL, "unknown field \"%s\"", excerpt_of(key).text);
        if (strcmp(fields[i].name, key) != 0 && json_get(object, fields[i].name) != NULL)
            return fail(in, fields[i].name, "is there twice, also as \"%s\"", key);
    }
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        value = value_of(object, &fields[i]);
        if (value == NULL || json_type_of(value) == JSON_NULL_T) {
            if (fields[i].fallback > 0)
                event_field_set_number(&fields[i], base, fields[i].fallback);
        } else if (fields[i].type == FIELD_PEOPLE) {
            err = read_people(*in, value, &((struct event *)base)->visit);
        } else {
            err = read_field(in, &fields[i], value, base);
        }
    }
    return err;
}

static enum err read_people(struct place_in_json in, const struct json *list, struct event_visit *visit)
{
    size_t count;
    const struct event_field *fields = event_person_fields(&count);

    if (json_type_of(list) != JSON_ARRAY_T)
        return fail(&in, "people", "must be a list");
    if (json_count(list) > EVENT_PEOPLE_MAX)
        return fail(&in, "people", "%zu people are more than %d", json_count(list), EVENT_PEOPLE_MAX);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *person = json_at(list, i);
        in.person = (int)i;
        if (json_type_of(person) != JSON_OBJECT_T)
            return fail(&in, NULL, "must be an object");
        enum err err = read_object(&in, person, fields, count, &visit->people[i]);
        if (err != ERR_OK)
            return err;
    }
    visit->people_count = (uint8_t)json_count(list);
    return ERR_OK;
}

static enum err read_payload(const struct place_in_json *in, const struct json *object, struct event *event)
{
    size_t count;
    const struct event_field *fields = event_fields((enum event_kind)event->kind, &count);
    const char *bad = NULL;
    enum err err;

    if (json_type_of(object) != JSON_OBJECT_T)
        return fail(in, NULL, "must be an object");
    err = read_object(in, object, fields, count, event);
    if (err != ERR_OK)
        return err;
    event_settle(event);
    for (size_t i = 0; i < count; i++) {
        const struct json *value = value_of(object, &fields[i]);
        if (!fields[i].required || (event->kind == EVENT_FIX && !event->fix.valid))
            continue;
        if (value == NULL || json_type_of(value) == JSON_NULL_T)
            return fail(in, fields[i].name, "is missing");
    }
    if (event_check(event, &bad) != ERR_OK)
        return fail(in, bad, "has a value that is not allowed");
    return ERR_OK;
}

enum err event_from_json(const struct json *node, struct event *ret_event, int64_t *ret_device_ms,
                         struct event_json_error *ret_error)
{
    struct place_in_json in = {.kind = NULL, .person = -1, .error = ret_error};
    const struct json *value, *payload = NULL;
    struct event event;
    int64_t device_ms = 0;
    const char *key;
    size_t iter = 0;
    enum err err;

    memset(&event, 0, sizeof(event));
    if (node == NULL || json_type_of(node) != JSON_OBJECT_T)
        return fail(&in, NULL, "an event must be an object");
    while (json_next(node, &iter, &key, &value)) {
        if (strcmp(key, "at") == 0) {
            if (json_type_of(value) == JSON_NULL_T)
                continue;
            err = read_time(&in, "at", value, 1, EVENT_TIME_HIGH, &device_ms);
            if (err != ERR_OK)
                return err;
            continue;
        }
        enum event_kind kind = event_kind_from_name(key);
        if (kind == EVENT_NONE)
            return fail(&in, NULL, "unknown kind of event \"%s\"", excerpt_of(key).text);
        if (json_type_of(value) == JSON_NULL_T)
            continue;
        if (payload != NULL)
            return fail(&in, NULL, "an event has one kind, not both %s and %s",
                        event_kind_name((enum event_kind)event.kind), event_kind_name(kind));
        event.kind = (uint8_t)kind;
        payload = value;
    }
    if (payload == NULL)
        return fail(&in, NULL, "an event needs a kind, such as {\"sos\":{}}");
    in.kind = event_kind_name((enum event_kind)event.kind);
    err = read_payload(&in, payload, &event);
    if (err != ERR_OK)
        return err;
    *ret_event = event;
    *ret_device_ms = device_ms;
    return ERR_OK;
}

/* The shortest text that the reader turns into the same number again. */
static void write_real(const struct event_field *field, double value, struct buf *out)
{
    bool single = field->type == FIELD_F32;
    char text[40];

    for (int digits = single ? 6 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (single ? (float)back == (float)value : back == value)
            break;
    }
    buf_puts(out, text);
}

static void write_object(const struct event_field *fields, size_t count, const void *base,
                         const struct tz *tz, struct buf *out);

static void write_people(const struct event_visit *visit, const struct tz *tz, struct buf *out)
{
    size_t count;
    const struct event_field *fields = event_person_fields(&count);

    buf_putc(out, '[');
    for (unsigned i = 0; i < visit->people_count && i < EVENT_PEOPLE_MAX; i++) {
        if (i > 0)
            buf_putc(out, ',');
        write_object(fields, count, &visit->people[i], tz, out);
    }
    buf_putc(out, ']');
}

static void write_value(const struct event_field *field, const void *base, const struct tz *tz,
                        struct buf *out)
{
    double number = event_field_number(field, base);
    char text[CLOCK_TEXT_SIZE];

    switch (field->type) {
    case FIELD_BOOL: buf_puts(out, number > 0 ? "true" : "false"); break;
    case FIELD_ENUM:
        buf_printf(out, "\"%s\"", number < field->name_count ? field->names[(unsigned)number] : "");
        break;
    case FIELD_TIME:
        clock_format(tz, (int64_t)number, text);
        buf_printf(out, "\"%s\"", text);
        break;
    case FIELD_ID:
    case FIELD_TEXT: buf_json_string(out, (const char *)base + field->offset); break;
    case FIELD_PEOPLE: write_people(&((const struct event *)base)->visit, tz, out); break;
    case FIELD_F32:
    case FIELD_F64: write_real(field, number, out); break;
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_I16: buf_printf(out, "%lld", (long long)number); break;
    }
}

static bool is_absent(const struct event_field *field, const void *base)
{
    switch (field->type) {
    case FIELD_ENUM: return event_field_number(field, base) <= 0;
    case FIELD_ID:
    case FIELD_TEXT: return ((const char *)base)[field->offset] == '\0';
    default: return !event_field_has(field, base);
    }
}

static void write_object(const struct event_field *fields, size_t count, const void *base,
                         const struct tz *tz, struct buf *out)
{
    bool first = true;

    buf_putc(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (is_absent(&fields[i], base))
            continue;
        buf_printf(out, "%s\"%s\":", first ? "" : ",", fields[i].name);
        write_value(&fields[i], base, tz, out);
        first = false;
    }
    buf_putc(out, '}');
}

void event_to_json(const struct event *event, int64_t device_ms, const struct tz *tz, struct buf *out)
{
    size_t count;
    const struct event_field *fields = event_fields((enum event_kind)event->kind, &count);
    char text[CLOCK_TEXT_SIZE];

    if (event->kind == EVENT_FIX &&
        !event->fix.valid) { /* no position: its lat and lon, the first two, mean nothing */
        fields += 2;
        count -= 2;
    }
    buf_printf(out, "{\"%s\":", event_kind_name((enum event_kind)event->kind));
    write_object(fields, count, event, tz, out);
    if (device_ms != 0) {
        clock_format(tz, device_ms, text);
        buf_printf(out, ",\"at\":\"%s\"", text);
    }
    buf_putc(out, '}');
}
