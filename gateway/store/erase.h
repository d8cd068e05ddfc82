/* A resident's rights over the state folder: to have what is held about them (export), and to have it gone
 * (erase), unless the law wants it kept (hold). Erasing and holding need the folder for themselves: they take
 * the gateway's lock, and it must have been stopped in order. An export only reads, beside a running gateway.
 */
#ifndef HUYANG_STORE_ERASE_H
#define HUYANG_STORE_ERASE_H

#include "core/buf.h"
#include "core/clock.h"
#include "core/err.h"

struct erase_order {
    const char *state_dir, *county;
    const char
        *registry_dir; /* "" = none: a later import of a folder that still has the person brings them back */
    const char *resident;    /* id */
    const char *reason, *by; /* stand in the certificate and in the audit trail: name nobody in them */
    const struct tz *tz;     /* NULL = UTC */
    bool dry_run;
};
/* Erases, or only counts. `certificate` gets one JSON object of what went, without personal data, which is
 * also written to erasures/N.json in the state folder, N the entry of the audit trail. Cut short at any
 * point, the same order finishes it. On an error `why` says in words what stands in the way: ERR_BUSY: a
 * gateway or a reader holds the folder; ERR_REFUSED: a legal hold, or the gateway did not stop in order;
 * ERR_NOT_FOUND: nobody of this id; ERR_INVALID: the registry or its folder cannot be read. */
MUST_CHECK enum err erase_resident(const struct erase_order *order, struct buf *certificate, struct buf *why);

/* Forbids the erasure, under a reference; "" lifts it. Stands in the audit trail. ERR_NOT_FOUND: nobody of
 * this id, or nothing to lift. */
MUST_CHECK enum err erase_hold(const struct erase_order *order, const char *reference, struct buf *why);

/* Writes what is held about the resident into a folder that must not exist: a file of JSON lines for each
 * table, index.txt, and manifest.txt with the SHA-256 of each file. ERR_EXISTS. */
MUST_CHECK enum err person_export(const char *state_dir, const char *resident, const struct tz *tz,
                                  const char *to, struct buf *why);

#endif
