/* Who a camera saw, as the home's registry knows them: what the visitor and fraud detectors share. Not for
 * what they did or how long they stayed. Pure; runs inside a detector of a household. */
#ifndef HUYANG_DETECT_SIGHT_H
#define HUYANG_DETECT_SIGHT_H

#include "detect/detector.h"

/* In order of concern. FAMILIAR: nobody has listed them, but they were seen on several days without concern
 * (familiar.h). OUTSIDE_WINDOW: a trusted visitor at an unusual hour. */
enum sight_class {
    SIGHT_RESIDENT,
    SIGHT_TRUSTED,
    SIGHT_FAMILIAR,
    SIGHT_OUTSIDE_WINDOW,
    SIGHT_UNCLEAR,
    SIGHT_UNKNOWN
};
struct sight {
    enum sight_class person_class; /* of the most concerning person */
    float confidence;              /* in that, 0..1 */
    bool trusted_too, window_too;  /* a trusted visitor is there, inside or outside the agreed hours */
};

/* What one visit event of a home's camera shows. Nobody named is somebody: cameras work at night and without
 * faces. */
struct sight sight_of(const struct detect_context *context, const struct event *event);
/* Of one person. */
enum sight_class sight_class_of(const struct detect_context *context, const struct event *event,
                                const struct event_person *person);

#endif
