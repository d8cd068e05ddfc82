/* A consent was withdrawn: states that live on such data go back to the beginning, and their timers with
 * them, so that nobody is alarmed by what is no longer taken in. */
#include <string.h>

#include "core/timers.h"
#include "detect/detect_inner.h"

static bool learns_from(const struct detector *detector, enum subject_kind kind, uint32_t kinds)
{
    return detector->state_of == kind && (detector->kinds & kinds) && detector->family != FAMILY_EMERGENCY &&
           detector->family != FAMILY_COVERAGE && detector->family != FAMILY_FLEET;
}

void detect_forget(struct detect *detect, struct subject owner, uint32_t kinds)
{
    for (unsigned i = 0; i < detect->table_count; i++) {
        struct state_table *table = &detect->tables[i];
        if (!learns_from(detectors[i], (enum subject_kind)owner.kind, kinds) || owner.no >= table->count)
            continue;
        if (table->slots)
            timer_arm(detect, i, owner, TIMER_OFF);
        unsigned char *state = state_at(detect, i, owner.no);
        if (state != detect->zeros) {
            memset(state, 0, detectors[i]->state_size);
            if (table->places)
                state_settle(detect, i, owner.no, state);
        }
        state_mark_dirty(table, owner.no);
        if (detectors[i]->wakes || detectors[i]->is_asleep)
            asleep_note(detect, i, owner.no);
    }
}
