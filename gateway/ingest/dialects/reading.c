#include "ingest/dialects/reading.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/hash.h"
#include "ingest/event_field.h"

void note_bad(struct foreign *foreign, const char *field)
{
    foreign->bad_fields++;
    foreign->bad_field = field;
}

void note_type(struct foreign *foreign, const char *type)
{
    size_t i = 0;
    for (; type[i] != '\0' && i < FOREIGN_TYPE_SIZE - 1; i++)
        foreign->type[i] = type[i] > ' ' && type[i] < 0x7f ? type[i] : '?';
    foreign->type[i] = '\0';
}

void note_name(struct foreign *foreign, const char *name, size_t len)
{
    if (len == 0 || len >= FOREIGN_NAME_SIZE || foreign->name_count == FOREIGN_NAMES_MAX ||
        !text_is_utf8(name, len, NULL))
        return;
    char *to = foreign->names[foreign->name_count++];
    memcpy(to, name, len);
    to[len] = '\0';
}

void note_name_of(struct foreign *foreign, const struct json *node)
{
    const char *name = json_string(node);
    if (name != NULL)
        note_name(foreign, name, strlen(name));
}

/* Watches write " 9.157" and "+86"; a text with anything else around the number is none. */
static bool to_number(const struct json *node, double *ret_value)
{
    const char *text = json_string(node);
    if (text == NULL)
        return json_number(node, ret_value);
    text += strspn(text, " ");
    return text_to_double(text, -1e15, 1e15, ret_value);
}

static bool is_absent(const struct json *node)
{
    const char *text = json_string(node);
    return json_type_of(node) == JSON_NULL_T || (text != NULL && text[0] == '\0');
}

bool read_number(struct foreign *foreign, const struct json *object, const char *key, double low, double high,
                 double *ret_value)
{
    const struct json *node = json_get(object, key);
    double value;
    if (is_absent(node))
        return false;
    if (!to_number(node, &value) || !(value >= low && value <= high)) {
        note_bad(foreign, key);
        return false;
    }
    *ret_value = value;
    return true;
}

bool read_bool(struct foreign *foreign, const struct json *object, const char *key, bool *ret_value)
{
    const struct json *node = json_get(object, key);
    const char *text = json_string(node);
    double number;
    if (is_absent(node))
        return false;
    if (json_bool(node, ret_value))
        return true;
    if (text != NULL && (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)) {
        *ret_value = text[0] == 't' || text[0] == 'T';
        return true;
    }
    if (to_number(node, &number) && (number == 0 || number == 1)) {
        *ret_value = number == 1;
        return true;
    }
    note_bad(foreign, key);
    return false;
}

int64_t read_seconds(struct foreign *foreign, const struct json *object, const char *key)
{
    double seconds;
    if (!read_number(foreign, object, key, 1, EVENT_TIME_HIGH / 1000, &seconds))
        return 0;
    foreign->has_time = true;
    return (int64_t)(seconds * 1000 + 0.5);
}

const char *read_digits(const struct json *node, int digits, char to[READ_TEXT_SIZE])
{
    const char *text = json_string(node);
    int64_t number;
    to[0] = '\0';
    if (text != NULL && strlen(text) < READ_TEXT_SIZE)
        (void)text_copy(to, READ_TEXT_SIZE, text);
    else if (json_integer(node, &number) && number >= 0)
        snprintf(to, READ_TEXT_SIZE, "%0*lld", digits, (long long)number);
    return to;
}

bool read_list_has(const struct json *list, const char *word)
{
    if (json_type_of(list) != JSON_ARRAY_T)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *text = json_string(json_at(list, i));
        if (text != NULL && strcmp(text, word) == 0)
            return true;
    }
    return false;
}

struct event *foreign_add(struct foreign *foreign, enum event_kind kind, int64_t at_ms, unsigned report)
{
    if (foreign->count == EVENT_BATCH_MAX) {
        note_bad(foreign, "too_many");
        return NULL;
    }
    struct event *event = &foreign->events[foreign->count++];
    event_clear(event, kind);
    event->at_ms = at_ms;
    event->report = report;
    return event;
}

void foreign_settle(struct foreign *foreign)
{
    struct event *event = &foreign->events[foreign->count - 1];
    const char *field = NULL;
    event_settle(event);
    if (event_check(event, &field) == ERR_OK)
        return;
    foreign->count--;
    note_bad(foreign, field != NULL ? field : "event");
}

void foreign_add_fix(struct foreign *foreign, const struct fix_reading *fix, int64_t at_ms, unsigned report)
{
    struct event *event = foreign_add(foreign, EVENT_FIX, at_ms, report);
    if (event == NULL)
        return;
    event->fix.lat = fix->lat + 0.0; /* no negative zero */
    event->fix.lon = fix->lon + 0.0;
    event->fix.source = (uint8_t)fix->source;
    event->fix.datum = (uint8_t)fix->datum;
    /* Receivers without a fix report 0, 0. */
    event->fix.valid = fix->valid && !(fix->lat == 0 && fix->lon == 0);
    if (fix->accuracy_m >= 0) {
        event->fix.has_accuracy = 1;
        event->fix.accuracy_m = (float)fix->accuracy_m + 0.0F;
    }
    if (fix->speed_kmh >= 0) {
        event->fix.has_speed = 1;
        event->fix.speed_mps = (float)(fix->speed_kmh / 3.6) + 0.0F;
    }
    foreign_settle(foreign);
}

void foreign_id(const char *text, char to[ID_SIZE])
{
    const size_t len = strlen(text);
    if (len > ID_MAX) {
        const struct hash_id id = hash_id_of(text, len);
        hash_id_text(&id, to);
        return;
    }
    for (size_t i = 0; i < len; i++)
        to[i] = text_is_id(&text[i], 1) ? text[i] : '_';
    to[len] = '\0';
}

enum foreign_place read_zones(const struct dialect_settings *settings, const struct json *zones)
{
    enum foreign_place best = FOREIGN_PLACE_COUNT;
    if (json_type_of(zones) != JSON_ARRAY_T)
        return best;
    for (size_t i = 0; i < json_count(zones); i++) {
        const char *name = json_string(json_at(zones, i));
        if (name == NULL)
            continue;
        const enum foreign_place place = dialect_zone_place(settings, name);
        if (place == FOREIGN_PLACE_INDOORS || place == FOREIGN_PLACE_HOME)
            return FOREIGN_PLACE_INDOORS;
        if (place == FOREIGN_PLACE_DOORSTEP ||
            (place == FOREIGN_PLACE_IGNORED && best != FOREIGN_PLACE_DOORSTEP))
            best = place;
    }
    return best;
}

struct event *foreign_add_visit(struct foreign *foreign, const char *visit_id, enum visit_phase phase,
                                enum foreign_place place, int64_t at_ms)
{
    struct event *event = foreign_add(foreign, EVENT_VISIT, at_ms, 1);
    if (event == NULL)
        return NULL;
    foreign_id(visit_id, event->visit.visit_id);
    event->visit.phase = (uint8_t)phase;
    event->visit.place = place == FOREIGN_PLACE_INDOORS ? PLACE_INDOORS : PLACE_DOORSTEP;
    foreign->place_known = place == FOREIGN_PLACE_INDOORS || place == FOREIGN_PLACE_DOORSTEP;
    return event;
}

void foreign_add_person(struct foreign *foreign, struct event *visit, enum person_class person_class,
                        const char *name, double score, bool face_seen)
{
    if (visit->visit.people_count == EVENT_PEOPLE_MAX)
        return;
    const unsigned no = visit->visit.people_count++;
    struct event_person *person = &visit->visit.people[no];
    person->person_class = (uint8_t)person_class;
    person->face_seen = face_seen;
    if (score >= 0) {
        person->has_confidence = 1;
        person->confidence = (float)score + 0.0F;
    }
    /* A name that is too long is nobody's we could know. */
    if (name != NULL && strlen(name) < FOREIGN_NAME_SIZE)
        text_copy(foreign->people[no], FOREIGN_NAME_SIZE, name);
}
