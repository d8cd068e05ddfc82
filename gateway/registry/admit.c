/* Two const tables answer nearly everything: which kinds a device of a sort may report at all, and which
 * class of consent each kind needs. */
#include "registry/admit.h"

#include <math.h>
#include <string.h>

static const uint32_t wristband_kinds =
    EVENT_BIT(EVENT_HEARTBEAT) | EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE) | EVENT_BIT(EVENT_VITALS) |
    EVENT_BIT(EVENT_ACTIVITY) | EVENT_BIT(EVENT_SOS) | EVENT_BIT(EVENT_FALL) | EVENT_BIT(EVENT_CHECK_IN) |
    EVENT_BIT(EVENT_SUSPICION) | EVENT_BIT(EVENT_PAUSE) | EVENT_BIT(EVENT_TAMPER) |
    EVENT_BIT(EVENT_DEPARTURE) | EVENT_BIT(EVENT_COMMAND_STATUS) | EVENT_BIT(EVENT_DEVICE_FAULT);
/* A camera may carry a button and may see a fall. It has no position of its own and measures nobody. */
static const uint32_t camera_kinds =
    EVENT_BIT(EVENT_HEARTBEAT) | EVENT_BIT(EVENT_PRESENCE) | EVENT_BIT(EVENT_SOS) | EVENT_BIT(EVENT_FALL) |
    EVENT_BIT(EVENT_CHECK_IN) | EVENT_BIT(EVENT_SUSPICION) | EVENT_BIT(EVENT_PAUSE) |
    EVENT_BIT(EVENT_TAMPER) | EVENT_BIT(EVENT_VISIT) | EVENT_BIT(EVENT_DEPARTURE) |
    EVENT_BIT(EVENT_COMMAND_STATUS) | EVENT_BIT(EVENT_DEVICE_FAULT);

static bool lives_there(const struct resident *resident)
{
    return resident->status != STATUS_MOVED && resident->status != STATUS_DECEASED;
}

/* What everybody who lives in a home, enrolled or not, has consented to; nothing for a home where nobody
 * lives. Who is away or in hospital comes back, and counts. */
static uint8_t household_consent(const struct registry *registry, uint32_t household)
{
    uint8_t all = (uint8_t)~registry_household(registry, household)->withheld;
    bool anybody = false;
    for (uint32_t no = registry_household(registry, household)->first_resident; no != REGISTRY_NONE;) {
        const struct resident *resident = registry_resident(registry, no);
        if (lives_there(resident)) {
            all &= resident->consent;
            anybody = true;
        }
        no = resident->next_in_household;
    }
    return anybody ? all : 0;
}

/* The classes an event needs; 0 = none. */
static uint8_t needed(const struct event *event, enum device_kind kind)
{
    switch ((enum event_kind)event->kind) {
    case EVENT_FIX: return CONSENT_BIT(CONSENT_LOCATION);
    case EVENT_PRESENCE:
    case EVENT_DEPARTURE:
        return kind == DEVICE_CAMERA ? CONSENT_BIT(CONSENT_CAMERA) : CONSENT_BIT(CONSENT_LOCATION);
    case EVENT_VITALS:
    case EVENT_ACTIVITY: return CONSENT_BIT(CONSENT_HEALTH);
    case EVENT_VISIT: return CONSENT_BIT(CONSENT_CAMERA);
    /* Helping in an emergency means knowing where: without that consent it goes out all the same, on the
     * other basis. */
    case EVENT_SOS:
    case EVENT_FALL:
    case EVENT_SUSPICION:
        return kind == DEVICE_CAMERA ? CONSENT_BIT(CONSENT_CAMERA) : CONSENT_BIT(CONSENT_LOCATION);
    case EVENT_HEARTBEAT:
    case EVENT_CHECK_IN:
    case EVENT_PAUSE:
    case EVENT_TAMPER:
    case EVENT_COMMAND_STATUS:
    case EVENT_DEVICE_FAULT:
    case EVENT_NONE:
    case EVENT_KIND_COUNT: break;
    }
    return 0;
}

/* Does anybody stand in the visit whom `visitor` consent is not about? */
static bool shows_resident(const struct event_visit *visit)
{
    for (unsigned i = 0; i < visit->people_count && i < EVENT_PEOPLE_MAX; i++)
        if (visit->people[i].person_class == PERSON_CLASS_RESIDENT)
            return true;
    return false;
}

/* Without consent to tell visitors apart a visit is about the residents in it only: whoever else was there is
 * left out, and nobody is alarmed by what a missing consent hides. */
static void hide_visitors(struct event *event)
{
    if (event->kind == EVENT_VISIT) {
        unsigned kept = 0;
        for (unsigned i = 0; i < event->visit.people_count && i < EVENT_PEOPLE_MAX; i++)
            if (event->visit.people[i].person_class == PERSON_CLASS_RESIDENT)
                event->visit.people[kept++] = event->visit.people[i];
        memset(&event->visit.people[kept], 0, (EVENT_PEOPLE_MAX - kept) * sizeof event->visit.people[0]);
        event->visit.people_count = (uint8_t)kept;
    } else if (event->kind == EVENT_DEPARTURE) {
        /* That the resident left is about the resident; with whom is about a visitor. */
        if (event->departure.with != COMPANION_ALONE)
            event->departure.with = COMPANION_UNCLEAR;
        memset(event->departure.visitor_id, 0, sizeof event->departure.visitor_id);
    }
}

/* Who refuses to be told apart is left out of a visit, as if not there. True: nobody else was in it. */
static bool hide_refusing(const struct registry *registry, uint32_t household, struct event *event)
{
    if (event->kind == EVENT_VISIT) {
        struct event_visit *visit = &event->visit;
        unsigned kept = 0, all = visit->people_count;
        for (unsigned i = 0; i < all && i < EVENT_PEOPLE_MAX; i++) {
            const struct trusted_visitor *visitor =
                registry_trusted(registry, household, visit->people[i].visitor_id);
            if (!visitor || !visitor->refuses)
                visit->people[kept++] = visit->people[i];
        }
        memset(&visit->people[kept], 0, (EVENT_PEOPLE_MAX - kept) * sizeof visit->people[0]);
        visit->people_count = (uint8_t)kept;
        return all > 0 && kept == 0;
    }
    if (event->kind == EVENT_DEPARTURE) {
        const struct trusted_visitor *visitor =
            registry_trusted(registry, household, event->departure.visitor_id);
        if (visitor && visitor->refuses) {
            event->departure.with = COMPANION_UNCLEAR;
            memset(event->departure.visitor_id, 0, sizeof event->departure.visitor_id);
        }
    }
    return false;
}

enum refusal registry_admit(const struct registry *registry, uint32_t device, bool emergency,
                            struct event *event, enum admit_basis *ret_basis)
{
    if (device >= registry_count(registry, REGISTRY_DEVICE) || registry_device(registry, device)->removed)
        return REFUSAL_UNKNOWN_DEVICE;
    const struct device *row = registry_device(registry, device);
    bool camera = row->kind == DEVICE_CAMERA;
    if (event->kind >= EVENT_KIND_COUNT ||
        !((camera ? camera_kinds : wristband_kinds) & EVENT_BIT(event->kind)))
        return REFUSAL_NOT_ITS_KIND;
    if (!camera && event->kind == EVENT_PRESENCE && event->presence.source == PRESENCE_SOURCE_CAMERA)
        return REFUSAL_NOT_ITS_KIND;
    bool life = event_is_emergency((enum event_kind)event->kind) || (emergency && event->kind == EVENT_FIX);
    /* A spare speaks for nobody, but whoever presses its button is somebody. */
    bool spare = camera ? row->household == REGISTRY_NONE : row->resident == REGISTRY_NONE;
    if (spare && !life)
        return REFUSAL_NOT_ITS_KIND;
    uint8_t given = 0;
    if (!spare)
        given = camera ? household_consent(registry, row->household)
                       : registry_resident(registry, row->resident)->consent;
    uint8_t missing = (uint8_t)(needed(event, (enum device_kind)row->kind) & ~given);
    if (missing && !life)
        return REFUSAL_NO_CONSENT;
    if (camera && !(given & CONSENT_BIT(CONSENT_VISITOR))) {
        if (event->kind == EVENT_VISIT && !shows_resident(&event->visit))
            return REFUSAL_NO_CONSENT;
        hide_visitors(event);
    }
    if (camera && !spare && hide_refusing(registry, row->household, event))
        return REFUSAL_NO_CONSENT;
    *ret_basis = missing ? ADMIT_LIFE_SAFETY : ADMIT_CONSENT;
    event->flags = (uint8_t)((event->flags & ~(unsigned)EVENT_LIFE_SAFETY) |
                             (missing ? (unsigned)EVENT_LIFE_SAFETY : 0U));
    return REFUSAL_NONE;
}

uint32_t registry_kinds_of(uint8_t classes)
{
    uint32_t kinds = 0;
    if (classes & CONSENT_BIT(CONSENT_LOCATION))
        kinds |= EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE) | EVENT_BIT(EVENT_DEPARTURE);
    if (classes & CONSENT_BIT(CONSENT_HEALTH))
        kinds |= EVENT_BIT(EVENT_VITALS) | EVENT_BIT(EVENT_ACTIVITY);
    if (classes & (CONSENT_BIT(CONSENT_CAMERA) | CONSENT_BIT(CONSENT_VISITOR)))
        kinds |= EVENT_BIT(EVENT_VISIT);
    return kinds;
}

uint8_t registry_effective_consent(const struct registry *registry, uint32_t no)
{
    const struct resident *resident = registry_resident(registry, no);
    if (resident->removed)
        return 0;
    unsigned withheld = resident->household == REGISTRY_NONE
                            ? 0
                            : registry_household(registry, resident->household)->withheld;
    return (uint8_t)(resident->consent & ~withheld);
}

bool registry_locate(const struct event_fix *fix, struct geo_point *ret_point)
{
    struct geo_point p = {.lat = fix->lat, .lon = fix->lon};
    if (!fix->valid || !isfinite(p.lat) || !isfinite(p.lon) || fabs(p.lat) > 90 || fabs(p.lon) > 180)
        return false;
    /* Receivers without a fix report 0, 0, in the sea off Ghana. */
    if (p.lat == 0 && p.lon == 0)
        return false;
    *ret_point = fix->datum == DATUM_GCJ02 ? geo_gcj02_to_wgs84(p) : p;
    return true;
}
