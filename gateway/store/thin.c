#include "store/thin.h"

#include <math.h>
#include <string.h>

static const double cell_deg = 0.0045; /* of latitude: 500 m */
static const float cell_m = 500;
static const double pi = 3.14159265358979323846;

const char *thin_name(enum thin what)
{
    static const char *const names[] = {
#define X(name, text) #text,
        THIN_MAP(X)
#undef X
    };
    return names[what];
}

/* The rows of cells have one height; their width follows the latitude of the row, so that it is the same
 * length. */
struct geo_point thin_cell(struct geo_point p)
{
    double lat = (floor(p.lat / cell_deg) + 0.5) * cell_deg;
    double width_deg = cell_deg / fmax(cos(lat * pi / 180), 0.01);
    return (struct geo_point){.lat = lat, .lon = (floor(p.lon / width_deg) + 0.5) * width_deg};
}

static bool thin_fix(struct event_fix *fix)
{
    const struct geo_point at = {.lat = fix->lat, .lon = fix->lon}, cell = thin_cell(at);
    if (!isfinite(at.lat) || !isfinite(at.lon) || (at.lat == 0 && at.lon == 0))
        return false;
    fix->lat = cell.lat;
    fix->lon = cell.lon;
    fix->accuracy_m = cell_m;
    fix->has_accuracy = 1;
    fix->speed_mps = 0;
    fix->has_speed = 0;
    return true;
}

/* `only` NULL: whoever it is. */
static bool forget_id(char id[ID_SIZE], const char *only)
{
    if (only != NULL && strcmp(id, only) != 0)
        return false;
    bool had = id[0] != '\0';
    memset(id, 0, ID_SIZE);
    return had;
}

static bool forget_visitors(struct event *event, const char *only)
{
    bool had = false;
    if (event->kind == EVENT_DEPARTURE)
        had = forget_id(event->departure.visitor_id, only);
    for (unsigned i = 0; event->kind == EVENT_VISIT && i < event->visit.people_count && i < EVENT_PEOPLE_MAX;
         i++)
        had |= forget_id(event->visit.people[i].visitor_id, only);
    return had;
}

enum err thin_report(const struct batch_input *stored, enum thin what, struct event *events, struct buf *out,
                     uint8_t *ret_count, enum thinned *ret_thinned)
{
    struct input input;
    enum err err =
        input_decode(stored->n, stored->t_ms, INPUT_REPORT, stored->blob, stored->len, events, &input);
    unsigned kept = 0;
    bool changed = false;

    if (err != ERR_OK)
        return err;
    for (unsigned i = 0; i < input.report.count; i++) {
        struct event *event = &events[i];
        if (what == THIN_HEALTH && (event->kind == EVENT_VITALS || event->kind == EVENT_ACTIVITY)) {
            changed = true;
            continue;
        }
        if (what == THIN_LOCATION && event->kind == EVENT_FIX)
            changed |= thin_fix(&event->fix);
        if (what == THIN_VISITOR)
            changed |= forget_visitors(event, NULL);
        if (kept != i)
            events[kept] = *event;
        kept++;
    }
    *ret_count = (uint8_t)kept;
    *ret_thinned = !changed ? THIN_UNCHANGED : kept == 0 ? THIN_EMPTY : THIN_CHANGED;
    if (*ret_thinned != THIN_CHANGED)
        return ERR_OK;
    input.report.count = (uint8_t)kept;
    input_encode(&input, out);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

enum err thin_person(const struct batch_input *stored, const char *id, struct event *events, struct buf *out,
                     bool *ret_changed)
{
    struct input input;
    bool changed = false;
    const enum err err =
        input_decode(stored->n, stored->t_ms, INPUT_REPORT, stored->blob, stored->len, events, &input);
    if (err != ERR_OK)
        return err;
    for (unsigned i = 0; i < input.report.count; i++)
        changed |= forget_visitors(&events[i], id);
    *ret_changed = changed;
    if (!changed)
        return ERR_OK;
    input_encode(&input, out);
    return out->failed ? ERR_NOMEM : ERR_OK;
}
