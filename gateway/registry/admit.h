/* The gate between a device's word and the fold: may this device say this, and may we keep it (consent,
 * practice.md 21, design.md 4). Pure. */
#ifndef HUYANG_REGISTRY_ADMIT_H
#define HUYANG_REGISTRY_ADMIT_H

#include "ingest/decode.h"
#include "registry/registry.h"

enum admit_basis { ADMIT_CONSENT, ADMIT_LIFE_SAFETY };

/* Judges one event of a report. `emergency` = the report holds an sos, fall or suspicion: then the fix in it
 * passes on the life-safety basis. REFUSAL_NONE: *ret_basis says on what basis, and the
 * event carries EVENT_LIFE_SAFETY, which the input log keeps, when it is that one. Otherwise
 * REFUSAL_UNKNOWN_DEVICE, _NOT_ITS_KIND or _NO_CONSENT. Classes: fix, departure, presence (not from a camera)
 * = location · vitals, activity = health · visit, presence from a camera, departure from a camera = camera,
 * and people other than residents in a visit need `visitor`: without it they are left out, a visit of nobody
 * else is refused, and a departure does not say with whom (the event is changed) · heartbeat, tamper, pause,
 * check-in, command status, device fault need none. A camera's classes are decided by the household: every
 * active resident of it, and every co-resident of the ledger, must have consented. A trusted visitor who
 * refuses is left out of visits. */
enum refusal registry_admit(const struct registry *registry, uint32_t device, bool emergency,
                            struct event *event, enum admit_basis *ret_basis);

/* EVENT_BIT set of the kinds that are kept only with one of these classes (CONSENT_BIT set). */
uint32_t registry_kinds_of(uint8_t classes);
/* What may be taken in about a resident: their own consent, less what others in the home withhold. 0: gone.
 */
uint8_t registry_effective_consent(const struct registry *registry, uint32_t resident);

/* The position of a fix in WGS-84; false when it is none (valid false, 0/0, non-finite). */
bool registry_locate(const struct event_fix *fix, struct geo_point *ret_point);

#endif
