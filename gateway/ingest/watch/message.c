#include "ingest/watch/message.h"

#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "ingest/dialects/reading.h"

enum {
    FIELDS_MAX = 256, /* of one message: 16, then 3 a cell and 3 a network */
    FIELD_SIZE = 64,  /* a longer one is no number and no word of ours */
    WIFI_ACCURACY_M = 100,
    CELL_ACCURACY_M = 1000,
    LOW_BATTERY_PERCENT = 10 /* what a watch has that says "low" and no number */
};

enum status_bit {
    BIT_LOW_BATTERY = 0,
    BIT_OUT_OF_FENCE = 1,
    BIT_IN_FENCE = 2,
    BIT_MOTION = 4,
    BIT_POWER_CUT = 14,
    BIT_SOS = 16,
    BIT_LOW_BATTERY_ALARM = 17, /* 18, 19: fences of the watch's own, which we have better */
    BIT_REMOVED = 20,
    BIT_FALL = 21,
    BIT_FALL_OTHER = 22
};

/* Place of each field of a position. */
enum position_field {
    FIELD_DATE,
    FIELD_CLOCK,
    FIELD_VALID,
    FIELD_LAT,
    FIELD_NORTH,
    FIELD_LON,
    FIELD_EAST,
    FIELD_SPEED,
    FIELD_COURSE,
    FIELD_ALTITUDE,
    FIELD_SATELLITES,
    FIELD_RSSI,
    FIELD_BATTERY,
    FIELD_STEPS,
    FIELD_TUMBLES,
    FIELD_STATUS,
    FIELD_CELLS
};

/* The fields behind the type, by their places in the content. */
struct fields {
    const char *at[FIELDS_MAX];
    size_t len[FIELDS_MAX];
    size_t count;
};

static void split(const char *text, size_t len, struct fields *fields)
{
    const char *end = text + len;
    fields->count = 0;
    while (fields->count < FIELDS_MAX) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        fields->at[fields->count] = text;
        fields->len[fields->count++] = (size_t)((comma != NULL ? comma : end) - text);
        if (comma == NULL)
            return;
        text = comma + 1;
    }
}

/* The field as a text without spaces around; "" when there is none or it is too long. */
static const char *field(const struct fields *fields, size_t no, char to[FIELD_SIZE])
{
    to[0] = '\0';
    if (no >= fields->count)
        return to;
    const char *from = fields->at[no];
    size_t len = fields->len[no];
    while (len > 0 && *from == ' ') {
        from++;
        len--;
    }
    while (len > 0 && from[len - 1] == ' ')
        len--;
    if (len >= FIELD_SIZE || memchr(from, '\0', len) != NULL)
        return to;
    memcpy(to, from, len);
    to[len] = '\0';
    return to;
}

/* As read_number: an absent field is no fault, a bad one is noted under `name`. */
static bool number(struct foreign *foreign, const struct fields *fields, size_t no, const char *name,
                   double low, double high, double *ret_value)
{
    char text[FIELD_SIZE];
    if (no >= fields->count)
        return false;
    if (field(fields, no, text)[0] == '\0' && fields->len[no] < FIELD_SIZE)
        return false;
    if (text_to_double(text, low, high, ret_value))
        return true;
    note_bad(foreign, name);
    return false;
}

static bool pairs(const char *text, int values[3])
{
    if (strlen(text) != 6 || strspn(text, "0123456789") != 6)
        return false;
    for (int i = 0; i < 3; i++)
        values[i] = (text[2 * i] - '0') * 10 + text[2 * i + 1] - '0';
    return true;
}

/* ddmmyy and hhmmss in UTC; 0 when they are no time. */
static int64_t time_of(struct foreign *foreign, const struct fields *fields)
{
    char text[FIELD_SIZE];
    int date[3], clock[3];
    if (!pairs(field(fields, FIELD_DATE, text), date) || !pairs(field(fields, FIELD_CLOCK, text), clock) ||
        date[0] < 1 || date[0] > 31 || date[1] < 1 || date[1] > 12 || clock[0] > 23 || clock[1] > 59 ||
        clock[2] > 59) {
        note_bad(foreign, "date");
        return 0;
    }
    foreign->has_time = true;
    return clock_from_civil(NULL, 2000 + date[2], date[1], date[0], clock[0], clock[1], clock[2]);
}

static uint32_t status_of(struct foreign *foreign, const struct fields *fields)
{
    char text[FIELD_SIZE];
    uint32_t status = 0;
    const size_t len = strlen(field(fields, FIELD_STATUS, text));
    if (len == 0 || len > 8 || strspn(text, "0123456789abcdefABCDEF") != len) {
        note_bad(foreign, "status");
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        const char c = text[i];
        status = status << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return status;
}

static bool has(uint32_t status, enum status_bit bit)
{
    return status >> bit & 1;
}

static void add_alarms(struct foreign *foreign, uint32_t status, int64_t at_ms)
{
    struct event *event;
    if (has(status, BIT_SOS) && (event = foreign_add(foreign, EVENT_SOS, at_ms, 1)) != NULL)
        event->sos.phase = SOS_PHASE_PRESSED;
    if ((has(status, BIT_FALL) || has(status, BIT_FALL_OTHER)) &&
        (event = foreign_add(foreign, EVENT_FALL, at_ms, 1)) != NULL)
        event->fall.phase = FALL_PHASE_DETECTED;
    if (has(status, BIT_POWER_CUT) && (event = foreign_add(foreign, EVENT_TAMPER, at_ms, 1)) != NULL)
        event->tamper.kind = TAMPER_KIND_POWER_CUT;
}

static void add_state(struct foreign *foreign, const struct fields *fields, uint32_t status, int64_t at_ms)
{
    double battery = 0;
    bool told = number(foreign, fields, FIELD_BATTERY, "battery", 0, 100, &battery);
    if (!told && (has(status, BIT_LOW_BATTERY) || has(status, BIT_LOW_BATTERY_ALARM))) {
        told = true;
        battery = LOW_BATTERY_PERCENT;
    }
    struct event *event =
        told || has(status, BIT_REMOVED) ? foreign_add(foreign, EVENT_HEARTBEAT, at_ms, 1) : NULL;
    if (event != NULL) {
        event->heartbeat.has_battery = told;
        event->heartbeat.battery_percent = (uint8_t)battery;
        event->heartbeat.has_worn = has(status, BIT_REMOVED); /* worn = false */
        foreign_settle(foreign);
    }
    if (has(status, BIT_MOTION) && (event = foreign_add(foreign, EVENT_ACTIVITY, at_ms, 1)) != NULL)
        event->activity.motion = MOTION_MOVING;
}

/* Behind the status: cells (a count, then timing advance, country, network and three fields each), networks
 * (a count, then three fields each), and the accuracy. Counts that reach beyond the message end the walk. */
static double accuracy_of(struct foreign *foreign, const struct fields *fields, double *ret_networks)
{
    double cells = 0, networks = 0, accuracy = -1;
    size_t at = FIELD_CELLS;
    number(foreign, fields, at++, "cells", 0, 64, &cells);
    if (cells > 0)
        at += 3 + 3 * (size_t)cells;
    number(foreign, fields, at++, "networks", 0, 64, &networks);
    at += 3 * (size_t)networks;
    *ret_networks = networks;
    number(foreign, fields, at, "accuracy", 0, 100000, &accuracy);
    return accuracy > 0 ? accuracy : -1;
}

static double signed_by(double value, const char *half, char negative)
{
    return half[0] == negative ? -(value < 0 ? -value : value) : value;
}

static void add_fix(struct foreign *foreign, const struct fields *fields, int64_t at_ms)
{
    char text[FIELD_SIZE];
    double satellites = 0, networks = 0;
    struct fix_reading fix = {.accuracy_m = accuracy_of(foreign, fields, &networks),
                              .speed_kmh = -1,
                              .source = FIX_SOURCE_GNSS,
                              .datum = DATUM_WGS84};
    fix.valid = strcmp(field(fields, FIELD_VALID, text), "A") == 0;
    if (!fix.valid && strcmp(text, "V") != 0)
        note_bad(foreign, "valid");
    if (fix.valid && (!number(foreign, fields, FIELD_LAT, "lat", -90, 90, &fix.lat) ||
                      !number(foreign, fields, FIELD_LON, "lon", -180, 180, &fix.lon)))
        fix.valid = false;
    fix.lat = signed_by(fix.lat, field(fields, FIELD_NORTH, text), 'S');
    fix.lon = signed_by(fix.lon, field(fields, FIELD_EAST, text), 'W');
    if (fix.valid) {
        number(foreign, fields, FIELD_SPEED, "speed", 0, 720, &fix.speed_kmh);
        number(foreign, fields, FIELD_SATELLITES, "satellites", 0, 200, &satellites);
        if (satellites == 0) {
            fix.source = networks > 0 ? FIX_SOURCE_WIFI : FIX_SOURCE_CELL;
            if (fix.accuracy_m < 0)
                fix.accuracy_m = networks > 0 ? WIFI_ACCURACY_M : CELL_ACCURACY_M;
        }
    }
    foreign_add_fix(foreign, &fix, at_ms, 1);
}

static enum foreign_outcome take_position(const struct fields *fields, struct foreign *foreign)
{
    if (fields->count <= FIELD_STATUS)
        return FOREIGN_MALFORMED;
    const int64_t at_ms = time_of(foreign, fields);
    const uint32_t status = status_of(foreign, fields);
    add_alarms(foreign, status, at_ms);
    add_state(foreign, fields, status, at_ms);
    add_fix(foreign, fields, at_ms);
    return FOREIGN_EVENTS;
}

/* WAD,language,position: it asks for the address of where it is. We have none to give. */
static enum foreign_outcome take_asked(const struct fields *fields, struct foreign *foreign)
{
    struct fields position = {.count = 0};
    for (size_t i = 1; i < fields->count; i++, position.count++) {
        position.at[position.count] = fields->at[i];
        position.len[position.count] = fields->len[i];
    }
    return take_position(&position, foreign);
}

/* A reason for an alarm: any upper bit, also one that we do not know, and the lower ones of some makers. */
static const uint32_t reasons =
    0xFFFF0000U | 1U << BIT_LOW_BATTERY | 1U << BIT_OUT_OF_FENCE | 1U << BIT_IN_FENCE | 1U << BIT_POWER_CUT;

/* An alarm that tells no reason, or one that cannot be read, is taken as the button: of all it may be, that
 * is what must not be missed. */
static enum foreign_outcome take_alarm(const struct fields *fields, struct foreign *foreign)
{
    const enum foreign_outcome outcome = take_position(fields, foreign);
    if (outcome != FOREIGN_EVENTS)
        return outcome;
    const unsigned bad_fields = foreign->bad_fields; /* noted once already */
    const char *const bad_field = foreign->bad_field;
    const uint32_t status = status_of(foreign, fields);
    foreign->bad_fields = bad_fields;
    foreign->bad_field = bad_field;
    if ((status & reasons) != 0)
        return FOREIGN_EVENTS;
    struct event *event = foreign_add(foreign, EVENT_SOS, foreign->events[0].at_ms, 1);
    event->sos.phase = SOS_PHASE_PRESSED;
    const struct event sos = *event; /* urgent ones stand first */
    memmove(foreign->events + 1, foreign->events, (foreign->count - 1) * sizeof(*event));
    foreign->events[0] = sos;
    return FOREIGN_EVENTS;
}

/* LK, or LK,steps,tumbles,battery. That it came at all says that the watch is alive. */
static enum foreign_outcome take_link(const struct fields *fields, struct foreign *foreign)
{
    double battery = 0;
    const bool told = number(foreign, fields, 2, "battery", 0, 100, &battery);
    struct event *event = foreign_add(foreign, EVENT_HEARTBEAT, 0, 1);
    event->heartbeat.has_battery = told;
    event->heartbeat.battery_percent = (uint8_t)battery;
    return FOREIGN_EVENTS;
}

/* A watch that has not measured says 0. */
static bool measured(struct foreign *foreign, const struct fields *fields, size_t no, const char *name,
                     double low, double high, double *ret_value)
{
    double value;
    if (!number(foreign, fields, no, name, 0, high, &value) || value == 0)
        return false;
    if (value < low) {
        note_bad(foreign, name);
        return false;
    }
    *ret_value = value;
    return true;
}

static enum foreign_outcome give_vitals(struct foreign *foreign, const struct event_vitals *vitals)
{
    if (!vitals->has_heart_rate && !vitals->has_spo2 && !vitals->has_systolic && !vitals->has_diastolic &&
        !vitals->has_temperature)
        return foreign->bad_fields > 0 ? FOREIGN_BAD_VALUE : FOREIGN_NO_NEWS;
    struct event *event = foreign_add(foreign, EVENT_VITALS, 0, 1);
    event->vitals = *vitals;
    return FOREIGN_EVENTS;
}

static enum foreign_outcome take_rate(const struct fields *fields, struct foreign *foreign)
{
    double rate = 0;
    struct event_vitals vitals = {.has_heart_rate =
                                      measured(foreign, fields, 0, "heart_rate", 20, 300, &rate)};
    vitals.heart_rate_bpm = (uint16_t)rate;
    return give_vitals(foreign, &vitals);
}

static enum foreign_outcome take_pressure(const struct fields *fields, struct foreign *foreign)
{
    double high = 0, low = 0, rate = 0;
    struct event_vitals vitals = {.has_systolic = measured(foreign, fields, 0, "systolic", 30, 300, &high),
                                  .has_diastolic = measured(foreign, fields, 1, "diastolic", 20, 200, &low),
                                  .has_heart_rate =
                                      measured(foreign, fields, 2, "heart_rate", 20, 300, &rate)};
    vitals.systolic_mmhg = (uint16_t)high;
    vitals.diastolic_mmhg = (uint16_t)low;
    vitals.heart_rate_bpm = (uint16_t)rate;
    return give_vitals(foreign, &vitals);
}

/* The last field that has something in it; the first one when none has. */
static size_t last_field(const struct fields *fields)
{
    size_t no = fields->count;
    while (no > 1 && fields->len[no - 1] == 0)
        no--;
    return no > 0 ? no - 1 : 0;
}

/* TEMP,value or btemp2,taken,value; oxygen,value or oxygen,sort,value: the last one. */
static enum foreign_outcome take_temperature(const struct fields *fields, struct foreign *foreign)
{
    double value = 0;
    char text[FIELD_SIZE];
    if (fields->count > 1 && strcmp(field(fields, 0, text), "0") == 0)
        return FOREIGN_NO_NEWS; /* nothing was taken */
    struct event_vitals vitals = {
        .has_temperature = measured(foreign, fields, last_field(fields), "temperature", 20, 45, &value)};
    vitals.temperature_c = (float)value;
    return give_vitals(foreign, &vitals);
}

static enum foreign_outcome take_oxygen(const struct fields *fields, struct foreign *foreign)
{
    double value = 0;
    struct event_vitals vitals = {
        .has_spo2 = measured(foreign, fields, last_field(fields), "oxygen", 1, 100, &value)};
    vitals.spo2_percent = (uint16_t)value;
    return give_vitals(foreign, &vitals);
}

/* F01#battery,…: the second field goes back in the answer. */
static enum foreign_outcome take_yx_state(const struct fields *fields, struct foreign *foreign)
{
    double battery = 0;
    if (!number(foreign, fields, 0, "battery", 0, 100, &battery))
        return FOREIGN_BAD_VALUE;
    struct event *event = foreign_add(foreign, EVENT_HEARTBEAT, 0, 1);
    event->heartbeat.has_battery = 1;
    event->heartbeat.battery_percent = (uint8_t)battery;
    return FOREIGN_EVENTS;
}

/* yyyymmddhhmm; 0 when it is none. */
static int64_t yx_time(struct foreign *foreign, const char *text)
{
    int date[3], clock[3];
    char tail[7] = "";
    if (strlen(text) == 12 && memcmp(text, "20", 2) == 0) {
        char head[7];
        memcpy(head, text + 2, 6);
        head[6] = '\0';
        memcpy(tail, text + 8, 4);
        memcpy(tail + 4, "00", 3);
        if (pairs(head, date) && pairs(tail, clock) && date[1] >= 1 && date[1] <= 12 && date[2] >= 1 &&
            date[2] <= 31 && clock[0] <= 23 && clock[1] <= 59) {
            foreign->has_time = true;
            return clock_from_civil(NULL, 2000 + date[0], date[1], date[2], clock[0], clock[1], 0);
        }
    }
    note_bad(foreign, "date");
    return 0;
}

/* F02#lon,lat,time,speed|…: each a report of its own. */
static enum foreign_outcome take_yx_positions(const struct fields *fields, struct foreign *foreign)
{
    if (fields->count == 0)
        return FOREIGN_MALFORMED;
    const char *text = fields->at[0];
    const char *end = fields->at[fields->count - 1] + fields->len[fields->count - 1];
    for (unsigned report = 1; text <= end; report++) {
        const char *bar = memchr(text, '|', (size_t)(end - text));
        const char *stop = bar != NULL ? bar : end;
        struct fields one;
        char time[FIELD_SIZE];
        struct fix_reading fix = {.accuracy_m = -1,
                                  .speed_kmh = -1,
                                  .source = FIX_SOURCE_GNSS,
                                  .datum = DATUM_WGS84,
                                  .valid = true};
        split(text, (size_t)(stop - text), &one);
        if (number(foreign, &one, 0, "lon", -180, 180, &fix.lon) &&
            number(foreign, &one, 1, "lat", -90, 90, &fix.lat)) {
            const int64_t at_ms = yx_time(foreign, field(&one, 2, time));
            number(foreign, &one, 3, "speed", 0, 720, &fix.speed_kmh);
            foreign_add_fix(foreign, &fix, at_ms, report);
        }
        text = stop + 1;
    }
    if (foreign->count == 0)
        return foreign->bad_fields > 0 ? FOREIGN_BAD_VALUE : FOREIGN_NO_NEWS;
    return FOREIGN_EVENTS;
}

/* Access points and cells without a position: the wristband had none. */
static enum foreign_outcome take_yx_networks(const struct fields *fields, struct foreign *foreign)
{
    const struct fix_reading none = {
        .accuracy_m = -1, .speed_kmh = -1, .source = FIX_SOURCE_NONE, .datum = DATUM_WGS84, .valid = false};
    (void)fields;
    foreign_add_fix(foreign, &none, 0, 1);
    return FOREIGN_EVENTS;
}

static enum foreign_outcome take_nothing(const struct fields *fields, struct foreign *foreign)
{
    (void)fields;
    (void)foreign;
    return FOREIGN_NO_NEWS;
}

/* By the whole type, letters of either case; `begins`: any type that begins so. Answers: make_answer(). */
static const struct {
    const char *type, *answer;
    bool begins, is_alarm, is_echo;
    enum foreign_outcome (*take)(const struct fields *fields, struct foreign *foreign);
} types[] = {
    {"LK", "LK", false, false, false, take_link},
    {"INIT", "INIT,1", false, false, false, take_nothing},
    {"TKQ", "TKQ", false, false, false, take_nothing},
    {"TKQ2", "TKQ2", false, false, false, take_nothing},
    {"AL", "AL", true, true, false, take_alarm},
    {"UD", "", true, false, false, take_position},
    {"WT", "", true, false, false, take_position},
    {"WG", "", false, false, false, take_position}, /* asks for coordinates by its cells and networks */
    {"WAD", "", false, false, false, take_asked},
    {"PULSE", "", false, false, false, take_rate},
    {"HEART", "", false, false, false, take_rate},
    {"BLOOD", "", false, false, false, take_pressure},
    {"BPHRT", "", false, false, false, take_pressure},
    {"TEMP", "", false, false, false, take_temperature},
    {"BTEMP2", "", false, false, false, take_temperature},
    {"OXYGEN", "", false, false, false, take_oxygen},
    {"TK", "TK,1", false, false, false, take_nothing},
    {"JXTK", "JXTKR,1", false, false, false, take_nothing},
    {"IMG", "", false, false, false, take_nothing},
    {"RCAPTURE", "", false, false, false, take_nothing},
    {"MESSAGE", "", false, false, true, take_nothing},
    {"CR", "", false, false, true, take_nothing},
    {"UPLOAD", "", false, false, true, take_nothing},
    {"FIND", "", false, false, true, take_nothing},
    {"F01", "F01#%", false, false, false, take_yx_state},
    {"F02", "", false, false, false, take_yx_positions},
    {"F03", "", false, false, false, take_yx_networks},
    {"F04", "", false, false, false, take_yx_networks},
    {"F64", "F64#*", false, false, false, take_nothing},
    {"F90", "", false, false, false, take_nothing}, /* which server? the one it asks */
    {"F91", "", false, false, false, take_nothing},
};

/* "%" becomes the second field, "*" all of them; an answer that would be too long is none. */
static void make_answer(const char *wanted, const struct fields *fields, char to[WATCH_ANSWER_SIZE])
{
    const size_t known = strcspn(wanted, "%*");
    const char *from = "";
    size_t len = 0;
    if (wanted[known] == '%' && fields->count > 1) {
        from = fields->at[1];
        len = fields->len[1];
    } else if (wanted[known] == '*' && fields->count > 0) {
        from = fields->at[0];
        len = (size_t)(fields->at[fields->count - 1] - from) + fields->len[fields->count - 1];
    }
    if (known + len >= WATCH_ANSWER_SIZE || memchr(from, '\0', len) != NULL)
        return;
    memcpy(to, wanted, known);
    memcpy(to + known, from, len);
    to[known + len] = '\0';
}

enum foreign_outcome watch_decode(const char *content, size_t len, struct foreign *ret_foreign,
                                  struct watch_message *ret_message)
{
    size_t type_len = 0; /* up to the comma, or the # of the second kind */
    while (type_len < len && content[type_len] != ',' && content[type_len] != '#')
        type_len++;
    struct fields fields = {.count = 0};
    memset(ret_message, 0, sizeof(*ret_message));
    for (size_t i = 0; i < type_len && i < WATCH_TYPE_SIZE - 1; i++)
        ret_message->type[i] = content[i] > ' ' && content[i] < 0x7f ? content[i] : '?';
    if (type_len < len)
        split(content + type_len + 1, len - type_len - 1, &fields);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const size_t known = strlen(types[i].type);
        if (type_len < known || (!types[i].begins && type_len != known) ||
            strncasecmp(types[i].type, content, known) != 0)
            continue;
        /* TK,1 and TK,0 from the watch are its answers to a voice of ours. */
        const bool is_answer = strcmp(types[i].type, "TK") == 0 && len == type_len + 2;
        ret_message->has_failed = is_answer && content[len - 1] != '1';
        if (!is_answer)
            make_answer(types[i].answer, &fields, ret_message->answer);
        ret_message->is_alarm = types[i].is_alarm;
        ret_message->is_echo = types[i].is_echo || is_answer;
        return types[i].take(&fields, ret_foreign);
    }
    return FOREIGN_UNKNOWN_TYPE;
}
