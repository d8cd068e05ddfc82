/* Thresholds of some: which settings hold for an owner, when the configuration says otherwise for a category
 * or for a resident. Chosen when owners are bound, so that an event costs one look; owners keep a number in a
 * table of the settings that differ. Pure; core loop only. */
#ifndef HUYANG_DETECT_OVERRIDES_H
#define HUYANG_DETECT_OVERRIDES_H

#include "detect/detector.h"

enum { DETECT_OVERRIDES_MAX = 64 };

/* For those of a category (or tag) or for one resident: the other is "". */
struct detect_override {
    char category[ID_SIZE], resident[ID_SIZE];
    struct detect_settings values; /* those that are given */
    struct detect_settings given;  /* of the same shape: all ones where a value is given */
};
struct detect_overrides {
    uint8_t count;
    struct detect_override entries[DETECT_OVERRIDES_MAX];
};

/* Calls `fault` for each entry that is for nobody or for both, changes nothing, or contradicts the settings
 * it would come to stand among. */
void detect_overrides_check(const struct detect_overrides *overrides, const struct detect_settings *settings,
                            void (*fault)(void *self, unsigned entry, const char *why), void *self);

struct settings_choice {
    const struct detect_settings *base;   /* borrowed: of everybody whom no override fits */
    struct detect_settings *sets;         /* those that differ; 0 = base's place, unused */
    uint16_t *of_resident, *of_household; /* numbers in sets; NULL = base for all */
    uint32_t residents, households;
};
/* What is said of the resident goes before what is said of a category; among the like, the earlier entry. A
 * home (its cameras) has what fits any of its residents; a territory has the base. Entries that fit nobody
 * are logged. ERR_NOMEM, ERR_FULL (more than 65,535 settings that differ). `overrides` may be NULL = none; it
 * is not kept. The result is released by choice_release. */
MUST_CHECK enum err choice_bind(const struct registry *registry, const struct detect_settings *settings,
                                const struct detect_overrides *overrides, struct settings_choice *ret_choice);
void choice_release(struct settings_choice *choice);
/* The settings for an owner; `resident` and `household` as in detect_context, of a device's owner. */
const struct detect_settings *choice_of(const struct settings_choice *choice, struct subject owner,
                                        uint32_t resident, uint32_t household);

#endif
