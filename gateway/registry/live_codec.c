#include "registry/live_codec.h"

#include <math.h>
#include <string.h>

/* One description of each row serves both ways: a walk visits the members, and either writes or reads each.
 */
struct walk {
    unsigned char *to;         /* NULL when reading */
    const unsigned char *from; /* NULL when writing */
    size_t at, len;            /* len: bytes there are to read, or room to write */
    bool bad;
};

static void walk_bits(struct walk *walk, uint64_t *bits, size_t size)
{
    if (walk->bad || size > walk->len - walk->at) {
        walk->bad = true;
        return;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        if (walk->to)
            walk->to[walk->at + i] = (unsigned char)(*bits >> (8 * i));
        else
            value |= (uint64_t)walk->from[walk->at + i] << (8 * i);
    }
    if (walk->from)
        *bits = value;
    walk->at += size;
}

static void walk_i64(struct walk *walk, int64_t *value)
{
    uint64_t bits = (uint64_t)*value;
    walk_bits(walk, &bits, 8);
    *value = (int64_t)bits;
}

static void walk_u64(struct walk *walk, uint64_t *value)
{
    walk_bits(walk, value, 8);
}

/* A value above `high` cannot have been written by us. */
static void walk_u8(struct walk *walk, uint8_t *value, uint8_t high)
{
    uint64_t bits = *value;
    walk_bits(walk, &bits, 1);
    if (bits > high)
        walk->bad = true;
    *value = (uint8_t)bits;
}

static void walk_f64(struct walk *walk, double *value)
{
    uint64_t bits;
    memcpy(&bits, value, sizeof bits);
    walk_bits(walk, &bits, 8);
    memcpy(value, &bits, sizeof bits);
    if (!isfinite(*value))
        walk->bad = true;
}

static void walk_f32(struct walk *walk, float *value)
{
    uint32_t narrow;
    memcpy(&narrow, value, sizeof narrow);
    uint64_t bits = narrow;
    walk_bits(walk, &bits, 4);
    narrow = (uint32_t)bits;
    memcpy(value, &narrow, sizeof narrow);
    if (!isfinite(*value))
        walk->bad = true;
}

static void walk_text(struct walk *walk, char *text, size_t size)
{
    for (size_t i = 0; i < size && !walk->bad; i++) {
        uint8_t byte = (uint8_t)text[i];
        walk_u8(walk, &byte, UINT8_MAX);
        text[i] = (char)byte;
        if (byte == 0)
            return;
    }
    walk->bad = true;
}

static void walk_u32(struct walk *walk, uint32_t *value)
{
    uint64_t bits = *value;
    walk_bits(walk, &bits, 4);
    *value = (uint32_t)bits;
}

static void walk_resident(struct walk *walk, struct live_resident *row, struct live_imported *imported)
{
    walk_i64(walk, &row->fix_ms);
    walk_f64(walk, &row->fix.lat);
    walk_f64(walk, &row->fix.lon);
    walk_f32(walk, &row->fix_accuracy_m);
    walk_u8(walk, &row->at_home, LIVE_YES);
    walk_i64(walk, &row->at_home_ms);
    walk_i64(walk, &row->presence_ms);
    walk_i64(walk, &row->seen_ms);
    walk_u8(walk, &row->status, STATUS_DECEASED);
    walk_i64(walk, &row->status_until_ms);
    walk_u8(walk, &imported->status, STATUS_DECEASED);
    walk_i64(walk, &imported->status_until_ms);
}

static void walk_household(struct walk *walk, struct live_household *row)
{
    walk_i64(walk, &row->paused_until_ms);
    walk_i64(walk, &row->trusted_seen_ms);
}

static void walk_u16(struct walk *walk, uint16_t *value)
{
    uint64_t bits = *value;
    walk_bits(walk, &bits, 2);
    *value = (uint16_t)bits;
}

static void walk_i8(struct walk *walk, int8_t *value)
{
    uint64_t bits = (uint8_t)*value;
    walk_bits(walk, &bits, 1);
    *value = (int8_t)(uint8_t)bits;
}

static void walk_battery(struct walk *walk, struct battery *row)
{
    walk_i64(walk, &row->last_ms);
    walk_u32(walk, &row->active_s);
    walk_u8(walk, &row->count, BATTERY_POINTS);
    for (unsigned i = 0; i < row->count && !walk->bad; i++) {
        walk_u16(walk, &row->minutes[i]);
        walk_i8(walk, &row->used[i]);
        walk->bad |= i > 0 && row->minutes[i] <= row->minutes[i - 1]; /* slopes divide by the distance */
    }
    walk_i8(walk, &row->used_now);
    walk_u8(walk, &row->step, BATTERY_STEPS_MAX);
    walk_u32(walk, &row->rate);
    for (unsigned i = 0; i < BATTERY_PAST; i++)
        walk_u16(walk, &row->past[i]);
    walk_u8(walk, &row->percent, 100);
    walk_u8(walk, &row->lowest, 100);
    walk_u8(walk, &row->idle, 1);
}

static int8_t narrowed(uint64_t used)
{
    const int value = (int16_t)(uint16_t)used;
    return (int8_t)(value > INT8_MAX ? INT8_MAX : value < INT8_MIN ? INT8_MIN : value);
}

/* As versions 2 and 3 stored it: in seconds, two bytes a percent, four a rate. Only read. */
static void walk_wide_battery(struct walk *walk, struct battery *row)
{
    int64_t active_ms = 0;
    uint32_t seconds = 0, step_s = 0, rate = 0;
    uint64_t used = 0;
    uint8_t count = 0;
    walk_i64(walk, &row->last_ms);
    walk_i64(walk, &active_ms);
    walk_u8(walk, &count, BATTERY_POINTS);
    for (unsigned i = 0; i < count && !walk->bad; i++) {
        walk_u32(walk, &seconds);
        walk_bits(walk, &used, 2);
        if (seconds / 60 > BATTERY_MINUTES_MAX) /* later ones than are kept today */
            continue;
        row->minutes[i] = (uint16_t)(seconds / 60);
        row->used[i] = narrowed(used);
        row->count++;
        walk->bad |= i > 0 && row->minutes[i] <= row->minutes[i - 1];
    }
    walk_bits(walk, &used, 2);
    row->used_now = narrowed(used);
    row->active_s = (uint32_t)(active_ms / 1000);
    walk_u32(walk, &step_s);
    while (row->step < BATTERY_STEPS_MAX && UINT32_C(1800) << row->step < step_s)
        row->step++;
    walk_u32(walk, &row->rate);
    for (unsigned i = 0; i < BATTERY_PAST; i++) {
        walk_u32(walk, &rate);
        row->past[i] = (uint16_t)(rate < UINT16_MAX ? rate : UINT16_MAX);
    }
    walk_u8(walk, &row->percent, 100);
    walk_u8(walk, &row->lowest, 100);
    walk_u8(walk, &row->idle, 1);
}

/* Version 1 ends before the battery's trend, 2 before the test window; 4 has the trend narrow. */
static void walk_device(struct walk *walk, struct live_device_row *row, uint16_t version)
{
    struct live_device *now = &row->now;
    walk_i64(walk, &now->heard_ms);
    walk_u64(walk, &now->link_ordinal);
    walk_u8(walk, &now->link_up, LIVE_YES);
    walk_u8(walk, &now->has_battery, 1);
    walk_u8(walk, &now->battery_percent, 100);
    walk_u8(walk, &now->charging, 1);
    walk_u8(walk, &now->worn, LIVE_YES);
    if (version < 2)
        return;
    if (version < 4)
        walk_wide_battery(walk, &row->battery);
    else
        walk_battery(walk, &row->battery);
    walk_text(walk, row->firmware, sizeof row->firmware);
    walk_u32(walk, &now->interval_s);
    if (version < 3)
        return;
    walk_i64(walk, &now->test_until_ms);
    walk_u8(walk, &now->pressed_in_test, 1);
}

static void walk_gateway(struct walk *walk, struct live_gateway *row)
{
    walk_i64(walk, &row->connected_ms);
    walk_u8(walk, &row->down, 1);
}

/* Texts stand with their NUL; a text without one was not written by us. */
static void walk_announcement(struct walk *walk, struct announcement *row)
{
    for (size_t i = 0; i < sizeof row->id.bytes; i++)
        walk_u8(walk, &row->id.bytes[i], UINT8_MAX);
    walk_i64(walk, &row->t_ms);
    walk_i64(walk, &row->from_ms);
    walk_i64(walk, &row->until_ms);
    walk_i64(walk, &row->removed_ms);
    walk_u32(walk, &row->territory);
    walk_u8(walk, &row->kind, ANNOUNCED_COUNT - 1);
    walk_text(walk, row->by, sizeof row->by);
    walk_text(walk, row->note, sizeof row->note);
    walk_text(walk, row->removed_by, sizeof row->removed_by);
}

/* Writing cannot go wrong: the values are our own and the room is enough for the largest row. */
static struct walk writing(unsigned char *to)
{
    return (struct walk){.to = to, .len = LIVE_VALUE_MAX};
}

static struct walk reading(const void *from, size_t len)
{
    return (struct walk){.from = from, .len = len};
}

static bool is_whole(const struct walk *walk)
{
    return !walk->bad && walk->at == walk->len;
}

size_t live_put_resident(const struct live_resident *row, const struct live_imported *imported,
                         unsigned char to[LIVE_VALUE_MAX])
{
    struct walk walk = writing(to);
    struct live_resident copy = *row;
    struct live_imported imported_copy = *imported;
    walk_resident(&walk, &copy, &imported_copy);
    return walk.at;
}

size_t live_put_household(const struct live_household *row, unsigned char to[LIVE_VALUE_MAX])
{
    struct walk walk = writing(to);
    struct live_household copy = *row;
    walk_household(&walk, &copy);
    return walk.at;
}

size_t live_put_device(const struct live_device_row *row, unsigned char to[LIVE_VALUE_MAX])
{
    struct walk walk = writing(to);
    struct live_device_row copy = *row;
    walk_device(&walk, &copy, LIVE_DEVICE_VERSION);
    return walk.at;
}

size_t live_put_gateway(const struct live_gateway *row, unsigned char to[LIVE_VALUE_MAX])
{
    struct walk walk = writing(to);
    struct live_gateway copy = *row;
    walk_gateway(&walk, &copy);
    return walk.at;
}

size_t live_put_announcement(const struct announcement *row, unsigned char to[LIVE_VALUE_MAX])
{
    struct walk walk = writing(to);
    struct announcement copy = *row;
    walk_announcement(&walk, &copy);
    return walk.at;
}

bool live_get_resident(const void *from, size_t len, struct live_resident *ret_row,
                       struct live_imported *ret_imported)
{
    struct walk walk = reading(from, len);
    struct live_resident row = {0};
    struct live_imported imported = {0};
    walk_resident(&walk, &row, &imported);
    if (!is_whole(&walk))
        return false;
    *ret_row = row;
    *ret_imported = imported;
    return true;
}

bool live_get_household(const void *from, size_t len, struct live_household *ret_row)
{
    struct walk walk = reading(from, len);
    struct live_household row = {0};
    walk_household(&walk, &row);
    if (is_whole(&walk))
        *ret_row = row;
    return is_whole(&walk);
}

bool live_get_device(const void *from, size_t len, uint16_t version, struct live_device_row *ret_row)
{
    struct walk walk = reading(from, len);
    struct live_device_row row = {.firmware = ""};
    walk_device(&walk, &row, version);
    if (is_whole(&walk))
        *ret_row = row;
    return is_whole(&walk);
}

bool live_get_gateway(const void *from, size_t len, struct live_gateway *ret_row)
{
    struct walk walk = reading(from, len);
    struct live_gateway row = {0};
    walk_gateway(&walk, &row);
    if (is_whole(&walk))
        *ret_row = row;
    return is_whole(&walk);
}

bool live_get_announcement(const void *from, size_t len, struct announcement *ret_row)
{
    struct walk walk = reading(from, len);
    struct announcement row = {0};
    walk_announcement(&walk, &row);
    if (is_whole(&walk))
        *ret_row = row;
    return is_whole(&walk);
}
