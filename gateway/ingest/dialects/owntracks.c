/* OwnTracks JSON, as its apps publish it: owntracks/USER/DEVICE and the topics below that. A phone becomes a
 * wristband that knows where it is: location gives a fix and a heartbeat, a region that stands for the home
 * gives presence. What only configures the app (waypoint, cmd, configuration, …) is known and passed over; a
 * card, which may hold a portrait, is not looked into. A list is its elements, in order.
 *
 * What is to be said goes to USER/DEVICE/cmd as the action that an app with remote commands shows as a page;
 * nothing tells whether anybody looked. */
#include "ingest/dialects/dialects.h"

#include <string.h>
#include <strings.h>

#include "ingest/dialects/reading.h"

enum { TRACKER_ID_MAX = 2 }; /* bytes of a documented `tid` */

static bool is_home(const struct dialect_settings *settings, const char *region)
{
    const enum foreign_place place = dialect_zone_place(settings, region);
    if (place != FOREIGN_PLACE_COUNT)
        return place == FOREIGN_PLACE_HOME || place == FOREIGN_PLACE_INDOORS;
    return strcasecmp(region, "home") == 0 || strcmp(region, "家") == 0;
}

static bool in_home(const struct dialect_settings *settings, const struct json *regions)
{
    if (json_type_of(regions) != JSON_ARRAY_T)
        return false;
    for (size_t i = 0; i < json_count(regions); i++) {
        const char *region = json_string(json_at(regions, i));
        if (region != NULL && is_home(settings, region))
            return true;
    }
    return false;
}

/* False when there is no position: it is absent, or not within the world. */
static bool add_fix(struct foreign *foreign, const struct json *object, int64_t at_ms, unsigned report)
{
    struct fix_reading fix = {
        .accuracy_m = -1, .speed_kmh = -1, .source = FIX_SOURCE_NONE, .datum = DATUM_WGS84, .valid = true};
    const unsigned bad_before = foreign->bad_fields;
    double accuracy = 0;
    const bool has_lat = read_number(foreign, object, "lat", -90, 90, &fix.lat);
    const bool has_lon = read_number(foreign, object, "lon", -180, 180, &fix.lon);
    if (!has_lat || !has_lon)
        return false;
    /* iOS says -1 for a position that is none; a radius beyond 100 km says nothing. 0 is left out by the
     * apps, and means the same as nothing. */
    const unsigned bad_place = foreign->bad_fields - bad_before;
    if (read_number(foreign, object, "acc", 0, 100000, &accuracy) && accuracy > 0)
        fix.accuracy_m = accuracy;
    else if (foreign->bad_fields - bad_before > bad_place)
        fix.valid = false;
    read_number(foreign, object, "vel", 0, 720, &fix.speed_kmh);
    const unsigned count = foreign->count;
    foreign_add_fix(foreign, &fix, at_ms, report);
    return foreign->count > count;
}

static void add_heartbeat(struct foreign *foreign, const struct json *object, int64_t at_ms, unsigned report)
{
    double battery = 0, state = 0;
    const bool has_battery = read_number(foreign, object, "batt", 0, 100, &battery);
    const bool has_state = read_number(foreign, object, "bs", 0, 3, &state);
    struct event *event =
        has_battery || has_state ? foreign_add(foreign, EVENT_HEARTBEAT, at_ms, report) : NULL;
    if (event == NULL)
        return;
    event->heartbeat.has_battery = has_battery;
    event->heartbeat.battery_percent = (uint8_t)battery;
    event->heartbeat.charging = has_state && state >= 2;
    foreign_settle(foreign);
}

static void add_presence(struct foreign *foreign, bool at_home, enum presence_source source, int64_t at_ms,
                         unsigned report)
{
    struct event *event = foreign_add(foreign, EVENT_PRESENCE, at_ms, report);
    if (event == NULL)
        return;
    event->presence.at_home = at_home;
    event->presence.source = (uint8_t)source;
    foreign_settle(foreign);
}

static void take_location(const struct foreign_message *message, struct foreign *foreign,
                          const struct json *object, unsigned report)
{
    const int64_t at_ms = read_seconds(foreign, object, "tst");
    add_fix(foreign, object, at_ms, report);
    add_heartbeat(foreign, object, at_ms, report);
    if (in_home(message->settings, json_get(object, "inregions")))
        add_presence(foreign, true, PRESENCE_SOURCE_NONE, at_ms, report);
}

static void take_transition(const struct foreign_message *message, struct foreign *foreign,
                            const struct json *object, unsigned report)
{
    const int64_t at_ms = read_seconds(foreign, object, "tst");
    const char *event = json_string(json_get(object, "event"));
    const char *region = json_string(json_get(object, "desc"));
    const char *trigger = json_string(json_get(object, "t"));
    const bool enter = event != NULL && strcmp(event, "enter") == 0;
    if (!enter && (event == NULL || strcmp(event, "leave") != 0))
        note_bad(foreign, "event");
    else if (region != NULL && is_home(message->settings, region))
        add_presence(foreign, enter,
                     trigger != NULL && strcmp(trigger, "b") == 0 ? PRESENCE_SOURCE_BLE
                                                                  : PRESENCE_SOURCE_NONE,
                     at_ms, report);
    add_fix(foreign, object, at_ms, report);
}

static void take_steps(const struct foreign_message *message, struct foreign *foreign,
                       const struct json *object, unsigned report)
{
    double steps;
    const int64_t at_ms = read_seconds(foreign, object, "tst");
    (void)message;
    if (!read_number(foreign, object, "steps", 0, 1000000, &steps))
        return; /* -1: the phone does not count */
    struct event *event = foreign_add(foreign, EVENT_ACTIVITY, at_ms, report);
    if (event == NULL)
        return;
    event->activity.has_steps = 1;
    event->activity.steps = (uint32_t)steps;
    foreign_settle(foreign);
}

static const struct {
    const char *type;
    void (*take)(const struct foreign_message *message, struct foreign *foreign, const struct json *object,
                 unsigned report); /* NULL: nothing in it concerns us */
} types[] = {
    {"location", take_location},
    {"transition", take_transition},
    {"steps", take_steps},
    {"lwt", NULL}, /* the phone is off the net; that it was silent is seen by its silence */
    {"status", NULL},
    {"waypoint", NULL},
    {"waypoints", NULL},
    {"beacon", NULL},
    {"card", NULL},
    {"cmd", NULL},
    {"configuration", NULL},
    {"dump", NULL},
    {"request", NULL},
};

/* What became of one element; EVENTS also when its events were all refused. */
static enum foreign_outcome take_object(const struct foreign_message *message, struct foreign *foreign,
                                        const struct json *object, unsigned report)
{
    const char *type = json_string(json_get(object, "_type"));
    if (type == NULL)
        return FOREIGN_MALFORMED;
    note_type(foreign, type);
    if (strcmp(type, "encrypted") == 0)
        return FOREIGN_ENCRYPTED;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].type, type) != 0)
            continue;
        if (types[i].take == NULL)
            return FOREIGN_NO_NEWS;
        const char *tracker = json_string(json_get(object, "tid"));
        if (tracker != NULL && report == 1 && strlen(tracker) <= TRACKER_ID_MAX)
            note_name(foreign, tracker, strlen(tracker));
        types[i].take(message, foreign, object, report);
        return FOREIGN_EVENTS;
    }
    return FOREIGN_UNKNOWN_TYPE;
}

/* USER/DEVICE, DEVICE, USER: the topic is what the broker's ACL vouches for. */
static bool take_topic(const struct foreign_message *message, struct foreign *foreign)
{
    const char *end = message->topic + message->topic_len;
    const char *slash = memchr(message->topic, '/', message->topic_len);
    if (slash == NULL || slash == message->topic)
        return false;
    const char *device = slash + 1;
    const char *next = memchr(device, '/', (size_t)(end - device));
    const char *device_end = next != NULL ? next : end;
    note_name(foreign, message->topic, (size_t)(device_end - message->topic));
    note_name(foreign, device, (size_t)(device_end - device));
    note_name(foreign, message->topic, (size_t)(slash - message->topic));
    return foreign->name_count > 0;
}

static enum foreign_outcome decode(const struct foreign_message *message, struct foreign *ret_foreign)
{
    struct json *root;
    if (!take_topic(message, ret_foreign))
        return FOREIGN_UNKNOWN_TOPIC;
    if (json_parse(message->payload, message->len, &root, NULL) != ERR_OK)
        return FOREIGN_MALFORMED;
    enum foreign_outcome outcome;
    if (json_type_of(root) == JSON_ARRAY_T) {
        outcome = FOREIGN_MALFORMED;
        for (unsigned i = 0; i < json_count(root) && ret_foreign->count < EVENT_BATCH_MAX; i++) {
            const enum foreign_outcome one = take_object(message, ret_foreign, json_at(root, i), i + 1);
            if (one != FOREIGN_EVENTS)
                note_bad(ret_foreign, "element");
            if (i == 0 || one == FOREIGN_EVENTS)
                outcome = one;
        }
    } else {
        outcome = take_object(message, ret_foreign, root, 1);
    }
    if (outcome == FOREIGN_EVENTS && ret_foreign->count == 0)
        outcome = ret_foreign->bad_fields > 0 ? FOREIGN_BAD_VALUE : FOREIGN_NO_NEWS;
    json_free(root);
    return outcome;
}

static enum foreign_saying say(const char *name, const struct foreign_words *words, struct buf *topic,
                               struct buf *payload)
{
    struct buf text;
    if (strchr(name, '/') == NULL || strpbrk(name, "+#") != NULL)
        return FOREIGN_MUTE;
    /* The position comes as any other; nobody says that it was asked for. */
    if (words->deed == FOREIGN_LOCATE) {
        buf_printf(topic, "%s/cmd", name);
        buf_puts(payload, "{\"_type\":\"cmd\",\"action\":\"reportLocation\"}");
        return FOREIGN_UNSURE;
    }
    if (words->deed != FOREIGN_SPEAK)
        return FOREIGN_MUTE;
    buf_init(&text, 4096);
    if (words->exercise)
        buf_puts(&text, strcmp(words->language, "en") == 0 ? "Drill: " : "演练：");
    buf_xml_text(&text, words->text); /* the app shows it as a page */
    buf_printf(topic, "%s/cmd", name);
    buf_puts(payload, "{\"_type\":\"cmd\",\"action\":\"action\",\"content\":");
    buf_json_string(payload, buf_text(&text));
    buf_puts(payload, "}");
    buf_release(&text);
    return FOREIGN_UNSURE;
}

const struct dialect dialect_owntracks = {
    .name = "owntracks",
    .filters = {"+/+", "+/+/+"},
    .decode = decode,
    .say = say,
};
