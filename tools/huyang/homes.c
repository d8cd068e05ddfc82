/* Everything about a home is drawn from a hash of (seed, home, what is asked), never from a running stream:
 * so a home stays the same when homes are added, and the files can be written one after the other without
 * keeping anything. Cost: linear, a few bytes of memory. */
#include "homes.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/geo.h"
#include "core/text.h"

enum {
    HOMES_PER_GRID = 60,
    GRIDS_PER_VILLAGE = 5,
    VILLAGES_PER_TOWN = 8,
    HOMES_PER_VILLAGE = HOMES_PER_GRID * GRIDS_PER_VILLAGE,
    HOMES_PER_TOWN = HOMES_PER_VILLAGE * VILLAGES_PER_TOWN,
    DEVICES_MAX = 2000000
};

/* What a draw is for; the order may only grow, or every county changes. */
enum draw {
    DRAW_LAT,
    DRAW_LON,
    DRAW_SHARED,
    DRAW_NAME,
    DRAW_BIRTH,
    DRAW_CATEGORY,
    DRAW_CONSENT,
    DRAW_SENSES,
    DRAW_LANGUAGE,
    DRAW_TAG,
    DRAW_CONTACT,
    DRAW_VISITOR,
    DRAW_SAFE,
    DRAW_VIEW,
    DRAW_STATUS
};

struct county {
    const char *folder, *code;
    unsigned homes, shared; /* homes with two residents */
    uint64_t seed;
    int digits;
    FILE *file;
    struct buf *errors;
    enum err err;
};

/* splitmix64's finaliser over the three numbers. */
static uint64_t draw(const struct county *county, uint64_t who, enum draw what)
{
    uint64_t x =
        county->seed * 0x9E3779B97F4A7C15u + who * 0xBF58476D1CE4E5B9u + (uint64_t)what * 0x94D049BB133111EBu;
    for (int i = 0; i < 2; i++) {
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
        x = (x ^ x >> 27) * 0x94D049BB133111EBu;
        x ^= x >> 31;
    }
    return x;
}

static unsigned pick(const struct county *county, uint64_t who, enum draw what, unsigned below)
{
    return (unsigned)(draw(county, who, what) % below);
}

/* In [-1, 1). */
static double spread(const struct county *county, uint64_t who, enum draw what)
{
    return (double)(draw(county, who, what) >> 11) / 4503599627370496.0 - 1;
}

static bool is_shared(const struct county *county, unsigned home)
{
    return home > HOMES_PLAIN && pick(county, home, DRAW_SHARED, 100) < 14;
}

static unsigned units(unsigned homes, unsigned per_unit)
{
    return (homes + per_unit - 1) / per_unit;
}

static struct geo_point offset_m(struct geo_point from, double east_m, double north_m)
{
    from.lat += north_m / 111195.0;
    from.lon += east_m / (111195.0 * cos(from.lat * 0.017453292519943295));
    return from;
}

/* Towns lie 8 km apart on a spiral of squares, so that a town's place does not depend on how many there are.
 * A desert county: there is room. */
static struct geo_point town_centre(unsigned town)
{
    int x = 0, y = 0, dx = 0, dy = -1;
    for (unsigned i = 0; i < town; i++) {
        if (x == y || (x < 0 && x == -y) || (x > 0 && x == 1 - y)) {
            int turn = dx;
            dx = -dy;
            dy = turn;
        }
        x += dx;
        y += dy;
    }
    return offset_m((struct geo_point){.lat = 38.9, .lon = 82.4}, 8000.0 * x, 8000.0 * y);
}

/* Eight villages in a ring around the town, five grids in a ring around each. */
static struct geo_point grid_centre(struct geo_point town, unsigned grid_of_town)
{
    double around_town = 0.7853981633974483 * (grid_of_town / GRIDS_PER_VILLAGE);
    double around_village = 1.2566370614359172 * (grid_of_town % GRIDS_PER_VILLAGE);
    struct geo_point village = offset_m(town, 2200 * cos(around_town), 2200 * sin(around_town));
    return offset_m(village, 450 * cos(around_village), 450 * sin(around_village));
}

/* `home` counts from 1. */
static unsigned town_of(unsigned home)
{
    return (home - 1) / HOMES_PER_TOWN;
}

static struct geo_point home_of(const struct county *county, unsigned home, struct geo_point town)
{
    struct geo_point grid = grid_centre(town, (home - 1) % HOMES_PER_TOWN / HOMES_PER_GRID);
    return offset_m(grid, 220 * spread(county, home, DRAW_LON), 220 * spread(county, home, DRAW_LAT));
}

/* ---- files ---- */

__attribute__((format(printf, 2, 3))) static void put(struct county *county, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (county->file && vfprintf(county->file, format, args) < 0 && county->err == ERR_OK)
        county->err = errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    va_end(args);
}

static void begin(struct county *county, const char *name, const char *header)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", county->folder, name);
    county->file = len > 0 && (size_t)len < sizeof path ? fopen(path, "we") : NULL;
    if (!county->file) {
        county->err = ERR_IO;
        buf_printf(county->errors, "%s: cannot be written: %s\n", path, strerror(errno));
        return;
    }
    put(county, "%s", header);
}

static void end(struct county *county, const char *name)
{
    if (!county->file)
        return;
    if (fclose(county->file) != 0 && county->err == ERR_OK)
        county->err = errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    if (county->err)
        buf_printf(county->errors, "%s/%s: %s\n", county->folder, name, err_text(county->err));
    county->file = NULL;
}

static const char *town_name(unsigned town)
{
    static const char *const names[] = {"胡杨镇", "沙枣镇", "红柳镇", "清泉镇",
                                        "石桥镇", "柳园镇", "青山镇", "安康镇"};
    return names[town % (sizeof names / sizeof names[0])];
}

static void put_territories(struct county *county)
{
    begin(county, "territories.csv", "code,name,kind,parent\n");
    put(county, "%s,示范县,county,\n", county->code);
    for (unsigned town = 0; town < units(county->homes, HOMES_PER_TOWN); town++)
        put(county, "%s%03u,%s,town,%s\n", county->code, 100 + town, town_name(town), county->code);
    for (unsigned village = 0; village < units(county->homes, HOMES_PER_VILLAGE); village++) {
        unsigned town = village / VILLAGES_PER_TOWN, own = village % VILLAGES_PER_TOWN;
        put(county, "%s%03u%03u,%u村,village,%s%03u\n", county->code, 100 + town, 200 + own, own + 1,
            county->code, 100 + town);
    }
    for (unsigned grid = 0; grid < units(county->homes, HOMES_PER_GRID); grid++) {
        unsigned village = grid / GRIDS_PER_VILLAGE, own = grid % GRIDS_PER_VILLAGE;
        unsigned town = village / VILLAGES_PER_TOWN;
        village %= VILLAGES_PER_TOWN;
        put(county, "%s%03u%03u%03u,%u网格,grid,%s%03u%03u\n", county->code, 100 + town, 200 + village,
            own + 1, own + 1, county->code, 100 + town, 200 + village);
    }
    end(county, "territories.csv");
}

static void put_grid_code(struct county *county, unsigned home)
{
    unsigned in_town = (home - 1) % HOMES_PER_TOWN;
    put(county, "%s%03u%03u%03u", county->code, 100 + town_of(home), 200 + in_town / HOMES_PER_VILLAGE,
        1 + in_town % HOMES_PER_VILLAGE / HOMES_PER_GRID);
}

static void put_households(struct county *county)
{
    begin(county, "households.csv", "id,grid,address,lat,lon\n");
    struct geo_point town = {0};
    for (unsigned home = 1; home <= county->homes; home++) {
        if ((home - 1) % HOMES_PER_TOWN == 0)
            town = town_centre(town_of(home));
        struct geo_point p = home_of(county, home, town);
        unsigned in_town = (home - 1) % HOMES_PER_TOWN;
        put(county, "h-%0*u,", county->digits, home);
        put_grid_code(county, home);
        put(county, ",%s%u村%u网格%u号,%.6f,%.6f\n", town_name(town_of(home)),
            in_town / HOMES_PER_VILLAGE + 1, in_town % HOMES_PER_VILLAGE / HOMES_PER_GRID + 1,
            in_town % HOMES_PER_GRID + 1, p.lat, p.lon);
    }
    end(county, "households.csv");
}

/* Everybody who lives somewhere: number, home and whether they are the home's second resident. */
struct person {
    unsigned number, home;
    bool second;
};
struct people {
    struct person person;
    unsigned next_home, seconds;
};

/* The first residents in order of home, then the second ones. False at the end. */
static bool next_person(const struct county *county, struct people *people)
{
    if (people->person.number < county->homes) {
        unsigned number = people->person.number + 1;
        people->person = (struct person){.number = number, .home = number};
        return true;
    }
    while (people->seconds < county->shared) {
        unsigned home = ++people->next_home;
        if (!is_shared(county, home))
            continue;
        people->seconds++;
        people->person =
            (struct person){.number = county->homes + people->seconds, .home = home, .second = true};
        return true;
    }
    return false;
}

/* The same for the same person however many homes there are. */
static uint64_t who(const struct person *person)
{
    return person->home + (person->second ? UINT64_C(1) << 40 : 0);
}

static void put_name(struct county *county, uint64_t key)
{
    static const char *const family[] = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴",
                                         "徐", "孙", "马", "朱", "胡", "郭", "何", "高", "林", "罗"};
    static const char *const given[] = {"秀英", "桂兰", "玉兰", "淑珍", "凤英", "建国", "德福", "长贵",
                                        "志强", "永福", "福生", "春梅", "金花", "国栋", "文华", "玉梅",
                                        "秀珍", "明德", "树林", "月娥", "大山", "兰英"};
    put(county, "%s%s", family[pick(county, key, DRAW_NAME, 20)],
        given[pick(county, key + 7, DRAW_NAME, 22)]);
}

static const char *consent_of(const struct county *county, const struct person *person)
{
    static const char *const kinds[] = {"location;health;camera;visitor;voice;family;police",
                                        "location;health;voice;family;police",
                                        "location;health;camera;voice;family", "location;family", ""};
    static const unsigned shares[] = {86, 5, 4, 3, 2};
    if (person->home <= HOMES_PLAIN)
        return kinds[0];
    unsigned roll = pick(county, who(person), DRAW_CONSENT, 100), kind = 0;
    while (roll >= shares[kind])
        roll -= shares[kind++];
    return kinds[kind];
}

static void put_residents(struct county *county)
{
    static const char *const categories[] = {"空巢", "高龄", "空巢;高龄", "留守", "经困;空巢", "分散特困"};
    struct people people = {0};
    begin(county, "residents.csv",
          "id,household,name,birth_year,categories,consent,status,status_until,language,hearing,vision,"
          "cognition,tags\n");
    while (next_person(county, &people)) {
        const struct person *person = &people.person;
        uint64_t key = who(person);
        bool plain = person->home <= HOMES_PLAIN;
        unsigned senses = plain ? 99 : pick(county, key, DRAW_SENSES, 100);
        unsigned tag = plain ? 99 : pick(county, key, DRAW_TAG, 100);
        unsigned status = plain ? 999 : pick(county, key, DRAW_STATUS, 1000);
        put(county, "r-%0*u,h-%0*u,", county->digits, person->number, county->digits, person->home);
        put_name(county, key);
        put(county, ",%u,%s,%s,%s,,%s,%s,%s,%s,%s\n", 1934 + pick(county, key, DRAW_BIRTH, 27),
            categories[pick(county, key, DRAW_CATEGORY, 6)], consent_of(county, person),
            status < 12   ? "away"
            : status < 20 ? "hospital"
                          : "active",
            !plain && pick(county, key, DRAW_LANGUAGE, 100) < 15 ? "ug" : "zh", senses < 12 ? "poor" : "good",
            senses >= 12 && senses < 20 ? "poor" : "good", tag < 4 ? "poor" : "good",
            tag < 2   ? "失智;走失史"
            : tag < 4 ? "失智"
                      : "");
    }
    end(county, "residents.csv");
}

static void put_devices(struct county *county)
{
    struct people people = {0};
    begin(county, "devices.csv", "id,kind,resident,household,report_interval_s,view\n");
    for (unsigned home = 1; home <= county->homes; home++)
        put(county, "cam-%0*u,camera,,h-%0*u,300,%s\n", county->digits, home, county->digits, home,
            home > HOMES_PLAIN && pick(county, home, DRAW_VIEW, 100) < 30 ? "doorstep" : "indoors");
    while (next_person(county, &people))
        put(county, "wb-%0*u,wristband,r-%0*u,,600,\n", county->digits, people.person.number, county->digits,
            people.person.number);
    end(county, "devices.csv");
}

static void put_contacts(struct county *county)
{
    static const char *const relations[] = {"儿子", "女儿", "侄子", "邻居", "孙女"};
    struct people people = {0};
    begin(county, "contacts.csv", "id,resident,name,relation,phone,channels\n");
    while (next_person(county, &people)) {
        uint64_t key = who(&people.person);
        for (unsigned i = 1; i <= (pick(county, key, DRAW_CONTACT, 100) < 35 ? 2U : 1U); i++) {
            put(county, "c-%0*u-%u,r-%0*u,", county->digits, people.person.number, i, county->digits,
                people.person.number);
            put_name(county, key + (UINT64_C(1) << 42) * i);
            put(county, ",%s,100%u%07u,sms;voice\n", relations[pick(county, key + i, DRAW_CONTACT, 5)], i,
                people.person.number);
        }
    }
    end(county, "contacts.csv");
}

static void put_responder(struct county *county, const char *id, unsigned number, const char *role,
                          const char *territory, const char *channels)
{
    put(county, "%s-%05u,", id, number);
    put_name(county, (UINT64_C(1) << 45) + (unsigned char)id[0] * UINT64_C(1000000) + number);
    put(county, ",%s,%s,1009%u%06u,%s\n", role, territory, (unsigned)(unsigned char)id[0] % 10, number,
        channels);
}

static void put_responders(struct county *county)
{
    char code[16];
    begin(county, "responders.csv", "id,name,role,territory,phone,channels\n");
    for (unsigned i = 1; i <= 3; i++)
        put_responder(county, "desk", i, "county_desk", county->code, "app;voice");
    for (unsigned grid = 0; grid < units(county->homes, HOMES_PER_GRID); grid++) {
        unsigned village = grid / GRIDS_PER_VILLAGE, town = village / VILLAGES_PER_TOWN;
        snprintf(code, sizeof code, "%s%03u%03u%03u", county->code, (100 + town) % 1000,
                 200 + village % VILLAGES_PER_TOWN, 1 + grid % GRIDS_PER_VILLAGE);
        put_responder(county, "grid", grid + 1, "grid_worker", code, "app;sms;voice");
    }
    put_responder(county, "police", 0, "police_desk", county->code, "app");
    for (unsigned town = 0; town < units(county->homes, HOMES_PER_TOWN); town++) {
        snprintf(code, sizeof code, "%s%03u", county->code, (100 + town) % 1000);
        put_responder(county, "police", town + 1, "police_desk", code, "app");
        put_responder(county, "town", 2 * town + 1, "town_desk", code, "app;voice");
        put_responder(county, "town", 2 * town + 2, "town_desk", code, "app;voice");
    }
    end(county, "responders.csv");
}

static void put_visitors(struct county *county)
{
    begin(county, "visitors.csv", "household,visitor_id,name,windows\n");
    for (unsigned home = 1; home <= county->homes; home++) {
        unsigned roll = pick(county, home, DRAW_VISITOR, 100);
        if (roll < 60 || home <= HOMES_PLAIN) {
            put(county, "h-%0*u,v-%0*u-1,", county->digits, home, county->digits, home);
            put_name(county, (UINT64_C(1) << 43) + home);
            put(county, ",sat-sun 08:00-21:00;mon-fri 17:00-21:00\n");
        }
        if (roll < 25) {
            put(county, "h-%0*u,v-%0*u-2,", county->digits, home, county->digits, home);
            put_name(county, (UINT64_C(1) << 44) + home);
            put(county, ",mon-fri 08:00-12:00\n");
        }
    }
    end(county, "visitors.csv");
}

static void put_calendars(struct county *county)
{
    begin(county, "calendars.csv", "id,rule,name\n");
    put(county, "fair-369,\"lunar 3,6,9\",逢三六九集\nfair-258,\"solar 2,5,8\",逢二五八集\nfair-sun,weekly "
                "sun,星期日巴扎\n");
    put(county, "spring-festival,\"dates "
                "2026-02-16,2026-02-17,2026-02-18,2026-02-19,2026-02-20,2027-02-05,2027-02-06,"
                "2027-02-07,2027-02-08,2027-02-09\",春节\n");
    end(county, "calendars.csv");
}

/* One feature; the comma stands before every one but the first. */
static void put_circle(struct county *county, bool *first, const char *id, const char *name, const char *kind,
                       const char *owner, const char *calendar, struct geo_point p, unsigned radius_m)
{
    put(county,
        "%s\n{\"type\":\"Feature\",\"properties\":{\"id\":\"%s\",\"name\":\"%s\",\"kind\":\"%s\",\"owner\":"
        "\"%s\"",
        *first ? "" : ",", id, name, kind, owner);
    *first = false;
    if (calendar)
        put(county, ",\"calendar\":\"%s\"", calendar);
    put(county, ",\"radius_m\":%u},\"geometry\":{\"type\":\"Point\",\"coordinates\":[%.6f,%.6f]}}", radius_m,
        p.lon, p.lat);
}

static void put_town_zones(struct county *county, bool *first, unsigned town)
{
    static const struct {
        const char *kind, *name;
        double east_m, north_m;
        unsigned radius_m;
    } places[] = {{"market", "集市", 300, 100, 200},        {"bank", "信用社", -150, 80, 60},
                  {"hospital", "卫生院", 0, -400, 150},     {"venue", "文化活动室", 120, -120, 60},
                  {"government", "镇政府", -300, -60, 120}, {"worship", "清真寺", -500, 350, 100}};
    static const char *const fairs[] = {"fair-369", "fair-258", "fair-sun"};
    struct geo_point centre = town_centre(town);
    char id[ID_SIZE], owner[64];
    snprintf(owner, sizeof owner, "territory:%s%03u", county->code, (100 + town) % 1000);
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(id, sizeof id, "z-%s-%05u", places[i].kind, town + 1);
        put_circle(county, first, id, places[i].name, places[i].kind, owner,
                   strcmp(places[i].kind, "market") == 0 ? fairs[town % 3] : NULL,
                   offset_m(centre, places[i].east_m, places[i].north_m), places[i].radius_m);
    }
    struct geo_point a = offset_m(centre, 350, 300), b = offset_m(centre, 650, 550);
    put(county,
        ",\n{\"type\":\"Feature\",\"properties\":{\"id\":\"z-park-%05u\",\"name\":\"公园\",\"kind\":\"park\","
        "\"owner\":\"%s\"},"
        "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[%.6f,%.6f],[%.6f,%.6f],[%.6f,%.6f],[%.6f,%.6f]"
        ",[%.6f,%.6f]]]}}",
        town + 1, owner, a.lon, a.lat, b.lon, a.lat, b.lon, b.lat, a.lon, b.lat, a.lon, a.lat);
}

static void put_zones(struct county *county)
{
    bool first = true;
    char id[ID_SIZE], owner[64];
    begin(county, "zones.geojson", "{\"type\":\"FeatureCollection\",\"features\":[");
    snprintf(owner, sizeof owner, "territory:%s", county->code);
    struct geo_point seat = offset_m(town_centre(0), 0, 900);
    put_circle(county, &first, "z-court", "法院", "court", owner, NULL, seat, 100);
    put_circle(county, &first, "z-petition", "信访局", "petition", owner, NULL, offset_m(seat, 250, 0), 80);
    for (unsigned town = 0; town < units(county->homes, HOMES_PER_TOWN); town++)
        put_town_zones(county, &first, town);
    struct geo_point town = {0};
    for (unsigned home = 1; home <= county->homes; home++) {
        if ((home - 1) % HOMES_PER_TOWN == 0)
            town = town_centre(town_of(home));
        if (home % 5 != 1 || (home > HOMES_PLAIN && pick(county, home, DRAW_SAFE, 100) >= 20))
            continue;
        snprintf(id, sizeof id, "z-safe-%0*u", county->digits, home);
        snprintf(owner, sizeof owner, "resident:r-%0*u", county->digits, home);
        put_circle(county, &first, id, "常去范围", "safe", owner, NULL, home_of(county, home, town), 1500);
    }
    put(county, "\n]}\n");
    end(county, "zones.geojson");
}

/* How many homes are shared, as far as the devices table has room: each takes a wristband more. */
static unsigned count_shared(const struct county *county)
{
    unsigned room = DEVICES_MAX - 2 * county->homes, count = 0;
    for (unsigned home = 1; home <= county->homes && count < room; home++)
        count += is_shared(county, home);
    return count;
}

enum err homes_write(const char *folder, unsigned homes, unsigned long seed, const char *county_code,
                     struct buf *errors)
{
    if (homes == 0 || homes > HOMES_MAX) {
        buf_printf(errors, "%u homes: 1 to %d are possible\n", homes, HOMES_MAX);
        return ERR_RANGE;
    }
    if (!text_is_county(county_code, strlen(county_code))) {
        buf_printf(errors, "\"%s\" is not a county's six digits\n", county_code);
        return ERR_INVALID;
    }
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        buf_printf(errors, "%s: cannot be made: %s\n", folder, strerror(errno));
        return ERR_IO;
    }
    static void (*const files[])(struct county *) = {put_territories, put_households, put_residents,
                                                     put_devices,     put_contacts,   put_responders,
                                                     put_visitors,    put_calendars,  put_zones};
    struct county county = {
        .folder = folder, .code = county_code, .homes = homes, .seed = seed, .digits = 5, .errors = errors};
    county.shared = count_shared(&county);
    for (unsigned top = 99999; homes + county.shared > top && county.digits < 9; top = top * 10 + 9)
        county.digits++;
    for (unsigned i = 0; i < sizeof files / sizeof files[0] && county.err == ERR_OK; i++)
        files[i](&county);
    return county.err;
}
