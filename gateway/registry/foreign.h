/* Whose is what a dialect decoded: the sender's names become our device and the home's visitors. Pure. */
#ifndef HUYANG_REGISTRY_FOREIGN_H
#define HUYANG_REGISTRY_FOREIGN_H

#include "ingest/dialects/dialect.h"
#include "registry/registry.h"

/* The device: the first of the message's names that the settings map, else the first that is itself the id of
 * a device. REGISTRY_NONE when nobody knows it; then `shown` (identifier, for the quarantine's list) says
 * what it was called. A name that the settings map to an id the registry lacks is nobody. */
uint32_t registry_foreign_device(const struct registry *registry, const struct dialect_settings *settings,
                                 const struct foreign *foreign, char shown[ID_SIZE]);

/* Who the people of a visit are. A name stands for the id the settings map it to, or for itself: a trusted
 * visitor of the camera's household or one of its residents. Any other name is nobody's the home knows: an
 * unknown person, and the name goes no further. Where no zone told the place, it is `place` (enum place), or
 * the camera's own view when that is PLACE_NONE. Other events are left alone. */
void registry_foreign_visit(const struct registry *registry, const struct dialect_settings *settings,
                            uint32_t device, const struct foreign *foreign, uint8_t place,
                            struct event *event);

#endif
