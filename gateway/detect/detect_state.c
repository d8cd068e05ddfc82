/* Where the detectors' states stand: tables, sparse places, timers' slots, and their way into a snapshot and
 * back.
 *
 * For each detector one array of states and one of timer slots, by the owner's registry number; zeroed pages
 * that nobody touches cost no memory. The states of a sparse detector stand close together in the order in
 * which they were first needed, found by a number for each owner; a state that is zero again gives its place
 * back. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "detect/detect_inner.h"

enum { TABLE_NAME_MAX = 80 };

void states_release(struct state_table *table)
{
    free(table->states);
    free(table->slots);
    free(table->places);
    free(table->dirty);
    free(table->dirty_list);
    *table = (struct state_table){0};
}

/* A zeroed array of `count` with the old one's items in front; false when there is no memory. Not wanted =
 * NULL and true. */
static bool grown(bool wanted, const void *old, uint32_t old_count, uint32_t count, size_t item,
                  void *ret_array)
{
    void *array = wanted ? calloc(count, item) : NULL;
    if (array && old_count)
        memcpy(array, old, (size_t)old_count * item);
    memcpy(ret_array, &array, sizeof array);
    return array || !wanted;
}

enum err states_grown(const struct state_table *old, uint32_t count, const struct detector *detector,
                      struct state_table *ret_table)
{
    struct state_table table = *old;
    uint32_t states = detector->sparse ? old->places_used : old->count;
    table.count = count;
    bool fine = grown(true, old->states, states, count, detector->state_size, &table.states);
    fine &= grown(detector->on_timer, old->slots, old->count, count, sizeof *table.slots, &table.slots);
    fine &= grown(detector->sparse, old->places, old->count, count, sizeof *table.places, &table.places);
    fine &= grown(true, old->dirty, old->count, count, sizeof *table.dirty, &table.dirty);
    fine &=
        grown(true, old->dirty_list, old->dirty_count, count, sizeof *table.dirty_list, &table.dirty_list);
    if (!fine) {
        states_release(&table);
        return ERR_NOMEM;
    }
    *ret_table = table;
    return ERR_OK;
}

/* Asleep before anything happened: what a zero state says. */
static uint32_t asleep_at_first(const struct detect *detect, enum subject_kind kind)
{
    uint32_t asleep = 0;
    for (unsigned i = 0; detectors[i]; i++) {
        if (detectors[i]->state_of == kind && detectors[i]->sparse && detectors[i]->wakes &&
            !detectors[i]->is_asleep)
            asleep |= detect->asleep_bit[i];
    }
    return asleep;
}

void asleep_note(struct detect *detect, unsigned index, uint32_t no)
{
    const struct detector *detector = detectors[index];
    uint32_t *asleep = &detect->asleep[detector->state_of][no], bit = detect->asleep_bit[index];
    bool sleeps = detector->is_asleep
                      ? detector->is_asleep(state_at(detect, index, no))
                      : detector->sparse && detector->wakes && !detect->tables[index].places[no];
    *asleep = sleeps ? *asleep | bit : *asleep & ~bit;
}

enum err asleep_grow(struct detect *detect, enum subject_kind kind, uint32_t count)
{
    uint32_t old = detect->asleep_count[kind];
    if (count <= old)
        return ERR_OK;
    uint32_t *larger = realloc(detect->asleep[kind], (size_t)count * sizeof *larger);
    if (!larger)
        return ERR_NOMEM;
    const uint32_t at_first = asleep_at_first(detect, kind);
    for (uint32_t no = old; no < count; no++)
        larger[no] = at_first;
    detect->asleep[kind] = larger;
    detect->asleep_count[kind] = count;
    return ERR_OK;
}

static unsigned char *place_at(const struct detect *detect, unsigned detector, uint32_t place)
{
    return detect->tables[detector].states + (size_t)place * detectors[detector]->state_size;
}

unsigned char *state_at(const struct detect *detect, unsigned detector, uint32_t no)
{
    const uint32_t *places = detect->tables[detector].places;
    if (!places)
        return place_at(detect, detector, no);
    return places[no] ? place_at(detect, detector, places[no] - 1) : detect->zeros;
}

static bool is_zero(const unsigned char *state, size_t size)
{
    return state[0] == 0 && memcmp(state, state + 1, size - 1) == 0;
}

/* The first bytes of a free place name the next one. There are as many places as owners. */
void state_settle(struct detect *detect, unsigned detector, uint32_t no, unsigned char *state)
{
    struct state_table *table = &detect->tables[detector];
    size_t size = detectors[detector]->state_size;
    bool zero = is_zero(state, size);
    if (zero && table->places[no]) {
        memcpy(state, &table->free_place, sizeof table->free_place);
        table->free_place = table->places[no];
        table->places[no] = 0;
    } else if (!zero && !table->places[no]) {
        unsigned char *place;
        if (table->free_place) {
            table->places[no] = table->free_place;
            place = place_at(detect, detector, table->places[no] - 1);
            memcpy(&table->free_place, place, sizeof table->free_place);
        } else {
            table->places[no] = ++table->places_used;
            place = place_at(detect, detector, table->places[no] - 1);
        }
        memcpy(place, state, size);
    }
}

void state_mark_dirty(struct state_table *table, uint32_t no)
{
    if (table->dirty[no])
        return;
    table->dirty[no] = 1;
    table->dirty_list[table->dirty_count++] = no;
}

/* Puts timers that found no room in the heap back in. Their deadlines stand in their slots, so nothing is
 * forgotten; this only happens short of memory. */
void timer_feed_starved(struct detect *detect)
{
    bool starved = false;
    for (unsigned i = 0; i < detect->table_count; i++) {
        struct state_table *table = &detect->tables[i];
        for (uint32_t no = 0; table->slots && no < table->count; no++) {
            struct timer_slot *slot = &table->slots[no];
            struct subject owner = {.kind = (uint8_t)detectors[i]->state_of, .no = no};
            if (slot->deadline_ms != TIMER_OFF && slot->queued_ms == TIMER_OFF)
                starved |= timers_arm(detect->config.timers, timer_owner(owner, i), slot,
                                      slot->deadline_ms) != ERR_OK;
        }
    }
    detect->starved = starved;
}

void timer_arm(struct detect *detect, unsigned detector, struct subject owner, int64_t deadline_ms)
{
    struct timer_slot *slots = detect->tables[detector].slots;
    assert(slots || deadline_ms == TIMER_OFF);
    if (!slots)
        return;
    struct timer_slot *slot = &slots[owner.no];
    if (timers_arm(detect->config.timers, timer_owner(owner, detector), slot, deadline_ms) == ERR_OK)
        return;
    slot->deadline_ms = deadline_ms;
    detect->starved |= slot->queued_ms == TIMER_OFF;
    log_write(LOG_ERROR, "detect.timer", "no room for a timer, will try again\tdetector=%s",
              detectors[detector]->name);
}

static void put_i64(unsigned char *to, int64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (unsigned char)((uint64_t)value >> (8 * i));
}

static int64_t get_i64(const unsigned char *from)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return (int64_t)value;
}

enum err detect_snapshot(const struct detect *detect,
                         enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                        const void *value, size_t len),
                         void *self)
{
    for (unsigned i = 0; i < detect->table_count; i++) {
        const struct state_table *table = &detect->tables[i];
        size_t size = detectors[i]->state_size;
        char name[TABLE_NAME_MAX];
        snprintf(name, sizeof name, "detect.%s", detectors[i]->name);
        for (uint32_t j = 0; j < table->dirty_count; j++) {
            uint32_t no = table->dirty_list[j];
            put_i64(detect->image, table->slots ? table->slots[no].deadline_ms : TIMER_OFF);
            memcpy(detect->image + DEADLINE_BYTES, state_at(detect, i, no), size);
            enum err err =
                fn(self, name, detectors[i]->state_version, no, detect->image, DEADLINE_BYTES + size);
            if (err != ERR_OK)
                return err;
        }
    }
    return ERR_OK;
}

void detect_snapshot_done(struct detect *detect)
{
    for (unsigned i = 0; i < detect->table_count; i++) {
        struct state_table *table = &detect->tables[i];
        for (uint32_t j = 0; j < table->dirty_count; j++)
            table->dirty[table->dirty_list[j]] = 0;
        table->dirty_count = 0;
    }
}

enum err detect_restore(struct detect *detect, const char *table, uint16_t version, uint32_t no,
                        const void *value, size_t len)
{
    static const char prefix[] = "detect.";
    if (strncmp(table, prefix, sizeof prefix - 1) != 0)
        return ERR_NOT_FOUND;
    unsigned i = detector_find(table + sizeof prefix - 1);
    if (i >= detect->table_count || no >= detect->tables[i].count)
        return ERR_NOT_FOUND;
    if (len < DEADLINE_BYTES)
        return ERR_CORRUPT;
    const unsigned char *from = value;
    int64_t deadline_ms = get_i64(from);
    if (deadline_ms < 0)
        return ERR_CORRUPT;
    size_t size = detectors[i]->state_size;
    unsigned char *state = state_at(detect, i, no);
    if (state == detect->zeros)
        state = memset(detect->fresh, 0, size);
    if (version == detectors[i]->state_version) {
        if (len != DEADLINE_BYTES + size)
            return ERR_CORRUPT;
        memcpy(state, from + DEADLINE_BYTES, size);
    } else {
        memset(state, 0, size);
        enum err err = detectors[i]->migrate ? detectors[i]->migrate(version, from + DEADLINE_BYTES,
                                                                     len - DEADLINE_BYTES, state)
                                             : ERR_UNSUPPORTED;
        if (err != ERR_OK) {
            memset(state, 0, size);
            if (detect->tables[i].places)
                state_settle(detect, i, no, state);
            log_write(LOG_WARN, "detect.migrate",
                      "a stored state cannot be read, starting afresh\tdetector=%s\tversion=%u\tno=%u",
                      detectors[i]->name, (unsigned)version, (unsigned)no);
            return err;
        }
        state_mark_dirty(&detect->tables[i], no);
    }
    if (detect->tables[i].places)
        state_settle(detect, i, no, state);
    asleep_note(detect, i, no);
    if (!detect->tables[i].slots)
        return ERR_OK;
    timer_arm(detect, i, (struct subject){.kind = (uint8_t)detectors[i]->state_of, .no = no}, deadline_ms);
    return ERR_OK;
}
