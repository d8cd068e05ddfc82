/* double-take's matches/NAME (one match, or the unknown of the name "unknown") and cameras/CAMERA (all faces
 * of an attempt). It looks at faces that another program has found, so a message is a stay within that
 * program's visit: the id is the same.
 *
 * A match counts when double-take itself calls it one (by its word, else by the list it stands in), and
 * reaches the bar of the settings if they have one.
 * A miss is a face that resembles somebody too little: unclear. An unknown resembles nobody. */
#include "ingest/dialects/dialects.h"

#include <string.h>

#include "core/clock.h"
#include "ingest/dialects/reading.h"

static bool starts_with(const struct foreign_message *message, const char *text)
{
    const size_t len = strlen(text);
    return message->topic_len > len && memcmp(message->topic, text, len) == 0;
}

static void add_face(const struct foreign_message *message, struct foreign *foreign, struct event *visit,
                     const struct json *face, bool match)
{
    double confidence = -1;
    if (json_type_of(face) != JSON_OBJECT_T) {
        note_bad(foreign, "face");
        return;
    }
    const char *name = json_string(json_get(face, "name"));
    if (name != NULL && (name[0] == '\0' || strcmp(name, "unknown") == 0))
        name = NULL;
    const bool scored = read_number(foreign, face, "confidence", 0, 100, &confidence);
    read_bool(foreign, face, "match", &match);
    const double bar = message->settings->min_score_percent;
    const bool counts = match && (bar == 0 || (scored && confidence >= bar));
    foreign_add_person(foreign, visit, name == NULL || counts ? PERSON_CLASS_UNKNOWN : PERSON_CLASS_UNCLEAR,
                       counts ? name : NULL, scored ? confidence / 100 : -1, true);
}

static void add_faces(const struct foreign_message *message, struct foreign *foreign, struct event *visit,
                      const struct json *root)
{
    static const char *const lists[] = {"matches", "misses", "unknowns"};
    static const char *const singles[] = {"match", "unknown"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const struct json *list = json_get(root, lists[i]);
        for (size_t j = 0; json_type_of(list) == JSON_ARRAY_T && j < json_count(list); j++)
            add_face(message, foreign, visit, json_at(list, j), i == 0);
    }
    for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
        if (json_type_of(json_get(root, singles[i])) == JSON_OBJECT_T)
            add_face(message, foreign, visit, json_get(root, singles[i]), i == 0);
}

static int64_t time_of(struct foreign *foreign, const struct json *root)
{
    const char *text = json_string(json_get(root, "timestamp"));
    int64_t at_ms = 0;
    if (text == NULL)
        return 0;
    if (clock_parse(text, strlen(text), &at_ms) != ERR_OK) {
        note_bad(foreign, "timestamp");
        return 0;
    }
    foreign->has_time = true;
    return at_ms;
}

static enum foreign_outcome take(const struct foreign_message *message, struct foreign *foreign,
                                 const struct json *root)
{
    const char *id = json_string(json_get(root, "id"));
    const struct json *camera = json_get(root, "camera");
    if (starts_with(message, "cameras/"))
        note_name(foreign, message->topic + 8, message->topic_len - 8);
    note_name_of(foreign, camera);
    if (id == NULL || id[0] == '\0' || foreign->name_count == 0)
        return FOREIGN_MALFORMED;
    const enum foreign_place place = read_zones(message->settings, json_get(root, "zones"));
    if (place == FOREIGN_PLACE_IGNORED)
        return FOREIGN_NO_NEWS;
    struct event *visit = foreign_add_visit(foreign, id, VISIT_PHASE_STAY, place, time_of(foreign, root));
    if (visit == NULL)
        return FOREIGN_BAD_VALUE;
    add_faces(message, foreign, visit, root);
    if (visit->visit.people_count == 0)
        return foreign->bad_fields > 0 ? FOREIGN_BAD_VALUE : FOREIGN_NO_NEWS;
    foreign_settle(foreign);
    return foreign->count > 0 ? FOREIGN_EVENTS : FOREIGN_BAD_VALUE;
}

static enum foreign_outcome decode(const struct foreign_message *message, struct foreign *ret_foreign)
{
    struct json *root;
    if (!starts_with(message, "matches/") && !starts_with(message, "cameras/"))
        return FOREIGN_UNKNOWN_TOPIC;
    if (json_parse(message->payload, message->len, &root, NULL) != ERR_OK)
        return FOREIGN_MALFORMED;
    const enum foreign_outcome outcome = take(message, ret_foreign, root);
    json_free(root);
    return outcome;
}

const struct dialect dialect_double_take = {
    .name = "double-take",
    .filters = {"matches/+", "cameras/+"},
    .decode = decode,
};
