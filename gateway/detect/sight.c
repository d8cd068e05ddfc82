#include "detect/sight.h"

#include "core/hash.h"
#include "detect/detectors.h"
#include "detect/familiar.h"
#include "registry/day_class.h"

#define UNLISTED_CONFIDENCE                                                                                  \
    0.5 /* a camera's own "trusted", for an id that is not on the home's list, needs this much */
#define DEFAULT_CONFIDENCE 0.8
#define FACELESS           0.8 /* of the confidence */

enum sight_class sight_class_of(const struct detect_context *context, const struct event *event,
                                const struct event_person *person)
{
    const struct trusted_visitor *listed =
        person->visitor_id[0] ? registry_trusted(context->registry, context->household, person->visitor_id)
                              : NULL;
    if (listed) {
        struct civil local;
        clock_civil(context->tz, event->at_ms, &local);
        return day_class_visitor_is_expected(context->registry, listed, &local) ? SIGHT_TRUSTED
                                                                                : SIGHT_OUTSIDE_WINDOW;
    }
    switch (person->person_class) {
    case PERSON_CLASS_RESIDENT: return SIGHT_RESIDENT;
    case PERSON_CLASS_TRUSTED:
        return person->has_confidence && person->confidence < UNLISTED_CONFIDENCE ? SIGHT_UNCLEAR
                                                                                  : SIGHT_TRUSTED;
    case PERSON_CLASS_UNKNOWN:
        return familiar_knows(detect_peek(context, &detector_familiar, context->household),
                              person->visitor_id)
                   ? SIGHT_FAMILIAR
                   : SIGHT_UNKNOWN;
    default: return SIGHT_UNCLEAR;
    }
}

struct sight sight_of(const struct detect_context *context, const struct event *event)
{
    const struct event_visit *visit = &event->visit;
    struct sight sight = {.person_class = visit->people_count ? SIGHT_RESIDENT : SIGHT_UNCLEAR,
                          .confidence = (float)DEFAULT_CONFIDENCE};
    for (unsigned i = 0; i < visit->people_count; i++) {
        const struct event_person *person = &visit->people[i];
        enum sight_class person_class = sight_class_of(context, event, person);
        sight.trusted_too |= person_class == SIGHT_TRUSTED;
        sight.window_too |= person_class == SIGHT_OUTSIDE_WINDOW;
        if (person_class < sight.person_class || (i && person_class == sight.person_class))
            continue;
        sight.person_class = person_class;
        sight.confidence = person->has_confidence ? person->confidence : (float)DEFAULT_CONFIDENCE;
        if (!person->face_seen)
            sight.confidence *= (float)FACELESS;
    }
    return sight;
}
