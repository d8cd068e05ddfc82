/* Frigate's frigate/events, frigate/reviews and frigate/tracked_object_update. A tracked person is a visit
 * under the object's id: new = arrive, update = stay, end = leave.
 *
 * A person is unclear while Frigate still looks for a name, and an unknown visitor once the track ends
 * without one: then the stay that says so goes before the leave. Frigate publishes an update every few
 * seconds; one that changes nothing we look at (name, zone, face) is passed over, but for one a minute, seen
 * by the two frame times of the message itself, so that a long visit stays under way.
 *
 * Several people of one review cannot be told apart in it. A review so names somebody only when it is of one
 * single object; else it says that somebody is there, under the first object's id, and no more. */
#include "ingest/dialects/dialects.h"

#include <string.h>

#include "ingest/dialects/reading.h"

enum { NEWS_MS = 60000 };
#define FACE_SCORE 0.9 /* Frigate's own default bar; its face attempts are published whatever their score */

/* What one half of an event message (before, after) shows. */
struct sight {
    bool there;        /* the half is an object */
    const char *name;  /* NULL = none */
    double name_score; /* -1 = not told */
    bool face;
    bool false_positive;
    enum foreign_place place;
    bool passes_by; /* was in ignored zones, and in no other that we know */
    int64_t frame_ms;
};

static double bar(const struct dialect_settings *settings, double fallback)
{
    return settings->min_score_percent != 0 ? settings->min_score_percent / 100.0 : fallback;
}

/* "John", ["John", 0.79] or null. Whoever may write a sub_label decided that it holds, so without a bar in
 * the settings its score is only passed on. */
static void see_name(const struct dialect_settings *settings, const struct json *label, struct sight *sight)
{
    const struct json *score = json_at(label, 1);
    const char *name = json_string(label);
    if (name == NULL)
        name = json_string(json_at(label, 0));
    if (name == NULL || name[0] == '\0')
        return;
    double value;
    if (json_number(score, &value) && value >= 0 && value <= 1)
        sight->name_score = value;
    if (sight->name_score >= 0 && sight->name_score < bar(settings, 0))
        return;
    sight->name = name;
}

static bool has_face(const struct json *object)
{
    double score;
    const struct json *attributes = json_get(object, "current_attributes");
    if (json_number(json_get(json_get(object, "attributes"), "face"), &score) && score > 0)
        return true;
    if (json_type_of(attributes) != JSON_ARRAY_T)
        return false;
    for (size_t i = 0; i < json_count(attributes); i++) {
        const char *label = json_string(json_get(json_at(attributes, i), "label"));
        if (label != NULL && strcmp(label, "face") == 0)
            return true;
    }
    return false;
}

static struct sight see(const struct dialect_settings *settings, struct foreign *foreign,
                        const struct json *object)
{
    struct sight sight = {.name_score = -1, .place = FOREIGN_PLACE_COUNT};
    bool false_positive = false;
    if (json_type_of(object) != JSON_OBJECT_T)
        return sight;
    sight.there = true;
    see_name(settings, json_get(object, "sub_label"), &sight);
    sight.face = has_face(object);
    sight.false_positive = read_bool(foreign, object, "false_positive", &false_positive) && false_positive;
    sight.place = read_zones(settings, json_get(object, "current_zones"));
    /* Between two zones somebody who was only ever in ignored ones is still nobody's visit. */
    const enum foreign_place entered = read_zones(settings, json_get(object, "entered_zones"));
    if (sight.place == FOREIGN_PLACE_COUNT && entered == FOREIGN_PLACE_IGNORED)
        sight.place = FOREIGN_PLACE_IGNORED;
    sight.passes_by = sight.place == FOREIGN_PLACE_IGNORED && entered == FOREIGN_PLACE_IGNORED;
    sight.frame_ms = read_seconds(foreign, object, "frame_time");
    return sight;
}

static bool is_news(const struct sight *before, const struct sight *after)
{
    const bool same_name = (before->name == NULL) == (after->name == NULL) &&
                           (after->name == NULL || strcmp(before->name, after->name) == 0);
    return !before->there || before->false_positive || !same_name || before->face != after->face ||
           before->place != after->place || before->frame_ms / NEWS_MS != after->frame_ms / NEWS_MS;
}

static void add_sight(struct foreign *foreign, struct event *visit, const struct sight *sight,
                      enum person_class nameless)
{
    if (visit == NULL)
        return;
    foreign_add_person(foreign, visit, sight->name != NULL ? PERSON_CLASS_UNKNOWN : nameless, sight->name,
                       sight->name_score, sight->face || sight->name != NULL);
}

static void take_end(struct foreign *foreign, const char *id, const struct json *after,
                     const struct sight *before, const struct sight *sight)
{
    int64_t at_ms = read_seconds(foreign, after, "end_time");
    if (at_ms == 0)
        at_ms = sight->frame_ms;
    const bool told = before->there && before->name != NULL && sight->name != NULL &&
                      strcmp(before->name, sight->name) == 0;
    if (!told && !sight->false_positive && sight->place != FOREIGN_PLACE_IGNORED) {
        add_sight(foreign, foreign_add_visit(foreign, id, VISIT_PHASE_STAY, sight->place, at_ms), sight,
                  PERSON_CLASS_UNKNOWN);
        foreign_settle(foreign);
    }
    struct event *leave = foreign_add_visit(foreign, id, VISIT_PHASE_LEAVE, sight->place, at_ms);
    if (leave != NULL && !sight->false_positive)
        add_sight(foreign, leave, sight, PERSON_CLASS_UNKNOWN);
    foreign_settle(foreign);
}

static enum foreign_outcome take_person(const struct foreign_message *message, struct foreign *foreign,
                                        const char *type, const struct json *root, const struct json *after,
                                        const char *id)
{
    const struct sight before = see(message->settings, foreign, json_get(root, "before"));
    const struct sight sight = see(message->settings, foreign, after);
    if (strcmp(type, "end") == 0) {
        if (sight.false_positive && (!before.there || before.false_positive))
            return FOREIGN_FALSE_POSITIVE;
        if (sight.passes_by)
            return FOREIGN_NO_NEWS;
        take_end(foreign, id, after, &before, &sight);
        return FOREIGN_EVENTS;
    }
    const bool is_new = strcmp(type, "new") == 0;
    if (!is_new && strcmp(type, "update") != 0)
        return FOREIGN_UNKNOWN_TYPE;
    if (sight.false_positive)
        return FOREIGN_FALSE_POSITIVE;
    if (sight.place == FOREIGN_PLACE_IGNORED || (!is_new && !is_news(&before, &sight)))
        return FOREIGN_NO_NEWS;
    add_sight(foreign,
              foreign_add_visit(foreign, id, is_new ? VISIT_PHASE_ARRIVE : VISIT_PHASE_STAY, sight.place,
                                sight.frame_ms),
              &sight, PERSON_CLASS_UNCLEAR);
    foreign_settle(foreign);
    return FOREIGN_EVENTS;
}

static enum foreign_outcome take_event(const struct foreign_message *message, struct foreign *foreign,
                                       const struct json *root)
{
    const struct json *after = json_get(root, "after");
    const char *type = json_string(json_get(root, "type"));
    const char *id = json_string(json_get(after, "id"));
    const char *label = json_string(json_get(after, "label"));
    note_name_of(foreign, json_get(after, "camera"));
    if (type == NULL || id == NULL || id[0] == '\0' || label == NULL || foreign->name_count == 0)
        return FOREIGN_MALFORMED;
    if (strcmp(label, "person") != 0) {
        note_type(foreign, label);
        return FOREIGN_NOT_A_PERSON;
    }
    note_type(foreign, type);
    return take_person(message, foreign, type, root, after, id);
}

static enum foreign_outcome take_review(const struct foreign_message *message, struct foreign *foreign,
                                        const struct json *root)
{
    const struct json *after = json_get(root, "after"), *data = json_get(after, "data");
    const struct json *detections = json_get(data, "detections"), *names = json_get(data, "sub_labels");
    const char *type = json_string(json_get(root, "type"));
    note_name_of(foreign, json_get(after, "camera"));
    if (type == NULL || json_type_of(after) != JSON_OBJECT_T || foreign->name_count == 0)
        return FOREIGN_MALFORMED;
    note_type(foreign, type);
    if (strcmp(type, "genai") == 0)
        return FOREIGN_NO_NEWS;
    const bool is_new = strcmp(type, "new") == 0, is_end = strcmp(type, "end") == 0;
    if (!is_new && !is_end && strcmp(type, "update") != 0)
        return FOREIGN_UNKNOWN_TYPE;
    const struct json *objects = json_get(data, "objects");
    if (!read_list_has(objects, "person") && !read_list_has(objects, "person-verified"))
        return FOREIGN_NOT_A_PERSON;
    const char *id = json_string(json_at(detections, 0));
    if (id == NULL || id[0] == '\0')
        id = json_string(json_get(after, "id"));
    if (id == NULL || id[0] == '\0')
        return FOREIGN_MALFORMED;
    const enum foreign_place place = read_zones(message->settings, json_get(data, "zones"));
    if (place == FOREIGN_PLACE_IGNORED)
        return FOREIGN_NO_NEWS;
    /* Between its ends a review does not say when: arrival then tells. */
    int64_t at_ms = read_seconds(foreign, after, is_end ? "end_time" : "start_time");
    if (!is_new && !is_end)
        at_ms = 0;
    struct event *visit = foreign_add_visit(foreign, id,
                                            is_new   ? VISIT_PHASE_ARRIVE
                                            : is_end ? VISIT_PHASE_LEAVE
                                                     : VISIT_PHASE_STAY,
                                            place, at_ms);
    if (visit != NULL && json_count(detections) == 1 && json_count(names) == 1)
        foreign_add_person(foreign, visit, PERSON_CLASS_UNKNOWN, json_string(json_at(names, 0)), -1, true);
    foreign_settle(foreign);
    return FOREIGN_EVENTS;
}

static enum foreign_outcome take_update(const struct foreign_message *message, struct foreign *foreign,
                                        const struct json *root)
{
    const char *type = json_string(json_get(root, "type"));
    const char *id = json_string(json_get(root, "id"));
    const char *name = json_string(json_get(root, "name"));
    double score = 0;
    if (type == NULL)
        return FOREIGN_MALFORMED;
    note_type(foreign, type);
    if (strcmp(type, "description") == 0 || strcmp(type, "lpr") == 0 || strcmp(type, "classification") == 0)
        return FOREIGN_NO_NEWS; /* none of them says who it is */
    if (strcmp(type, "face") != 0)
        return FOREIGN_UNKNOWN_TYPE;
    note_name_of(foreign, json_get(root, "camera"));
    if (id == NULL || id[0] == '\0' || foreign->name_count == 0)
        return FOREIGN_MALFORMED;
    const bool scored = read_number(foreign, root, "score", 0, 1, &score);
    /* An attempt that came to nothing; what the track ends with is what counts. */
    if (name == NULL || name[0] == '\0' || !scored || score < bar(message->settings, FACE_SCORE))
        return foreign->bad_fields > 0 ? FOREIGN_BAD_VALUE : FOREIGN_NO_NEWS;
    struct event *visit = foreign_add_visit(foreign, id, VISIT_PHASE_STAY, FOREIGN_PLACE_COUNT,
                                            read_seconds(foreign, root, "timestamp"));
    if (visit != NULL)
        foreign_add_person(foreign, visit, PERSON_CLASS_UNKNOWN, name, score, true);
    foreign_settle(foreign);
    return FOREIGN_EVENTS;
}

static const struct {
    const char *topic;
    enum foreign_outcome (*take)(const struct foreign_message *message, struct foreign *foreign,
                                 const struct json *root);
} topics[] = {{"events", take_event}, {"reviews", take_review}, {"tracked_object_update", take_update}};

static enum foreign_outcome decode(const struct foreign_message *message, struct foreign *ret_foreign)
{
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        struct json *root;
        if (strlen(topics[i].topic) != message->topic_len ||
            memcmp(topics[i].topic, message->topic, message->topic_len) != 0)
            continue;
        if (json_parse(message->payload, message->len, &root, NULL) != ERR_OK)
            return FOREIGN_MALFORMED;
        enum foreign_outcome outcome = topics[i].take(message, ret_foreign, root);
        if (outcome == FOREIGN_EVENTS && ret_foreign->count == 0)
            outcome = FOREIGN_BAD_VALUE;
        json_free(root);
        return outcome;
    }
    return FOREIGN_UNKNOWN_TOPIC;
}

const struct dialect dialect_frigate = {
    .name = "frigate",
    .filters = {"events", "reviews", "tracked_object_update"},
    .decode = decode,
};
