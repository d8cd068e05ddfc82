#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

/* One file of the folder replaced, and a line that the list of errors must hold. */
struct bad {
    const char *file, *content, *error;
};

static void expect_errors(const struct bad *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture fixture;
        fixture_open(&fixture);
        fixture_write(&fixture, cases[i].file, cases[i].content);
        enum err err = fixture_load(&fixture);
        const char *errors = buf_text(&fixture.errors);
        size_t len = strlen(cases[i].error);
        bool found = strncmp(errors, cases[i].error, len) == 0;
        for (const char *line = errors; !found && (line = strchr(line, '\n')) && *++line;)
            found = strncmp(line, cases[i].error, len) == 0;
        if (err != ERR_INVALID || !found)
            print_error("case %zu: wanted \"%s\", got %s:\n%s\n", i, cases[i].error, err_text(err), errors);
        assert_int_equal(err, ERR_INVALID);
        assert_true(found);
        assert_null(fixture.registry);
        fixture_close(&fixture);
    }
}
#define EXPECT_ERRORS(cases) expect_errors((cases), sizeof(cases) / sizeof((cases)[0]))

#define HOUSEHOLDS "id,grid,address,lat,lon\n"
#define RESIDENTS  "id,household,name,birth_year,categories,consent\n"
#define DEVICES    "id,kind,resident,household\n"
#define TREE       "code,name,kind,parent\n654321,c,county,\n"

static void a_wrong_header_is_named_column_by_column(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"households.csv", "id,grid,adress,lat,lon\n",
         "households.csv:1: column 3: unknown column \"adress\""},
        {"households.csv", "id,grid,adress,lat,lon\n", "households.csv:1: the column \"address\" is missing"},
        {"households.csv", "id,grid,address,lat,lon,id\n",
         "households.csv:1:1: id: stands twice in the header"},
        {"residents.csv", "id,household\n", "residents.csv:1: the column \"name\" is missing"},
        {"devices.csv", "", "devices.csv: is empty"},
        {"devices.csv", "\n\n", "devices.csv: is empty"},
    };
    EXPECT_ERRORS(cases);
}

static void a_line_with_too_few_or_too_many_fields_is_named(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,,\nh-2,654321100200001\n",
         "households.csv:3: has 2 fields, the header has 5"},
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,,,,\nh-2,654321100200001,b,,\n",
         "households.csv:2: has 7 fields, the header has 5"},
    };
    EXPECT_ERRORS(cases);
}

static void twins_are_named_with_the_line_of_the_first(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"households.csv",
         HOUSEHOLDS "h-1,654321100200001,a,,\nh-2,654321100200001,b,,\nh-1,654321100200001,c,,\n",
         "households.csv:4:1: id: \"h-1\" is already in line 2"},
        {"visitors.csv", "household,visitor_id,name\nh-1,v,a\nh-2,v,b\nh-1,v,c\n",
         "visitors.csv:4:1: household: \"h-1 v\" is already in line 2"},
        {"zones.geojson",
         "{\"type\":\"FeatureCollection\",\"features\":["
         "{\"type\":\"Feature\",\"properties\":{\"id\":\"z\",\"name\":\"\",\"kind\":\"bank\",\"owner\":"
         "\"resident:r-1\",\"radius_m\":9},"
         "\"geometry\":{\"type\":\"Point\",\"coordinates\":[82,38]}},"
         "{\"type\":\"Feature\",\"properties\":{\"id\":\"z\",\"name\":\"\",\"kind\":\"bank\",\"owner\":"
         "\"resident:r-1\",\"radius_m\":9},"
         "\"geometry\":{\"type\":\"Point\",\"coordinates\":[82,38]}}]}",
         "zones.geojson:feature 2: id: \"z\" is already in feature 1"},
    };
    EXPECT_ERRORS(cases);
}

static void the_tree_of_territories_must_be_a_tree_with_one_county(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"territories.csv", "code,name,kind,parent\n", "territories.csv: there is no county"},
        {"territories.csv", TREE "654322,d,county,\n",
         "territories.csv:3:3: kind: the county is already in line 2"},
        {"territories.csv", TREE "654321100,t,town,\n",
         "territories.csv:3:4: parent: only the county has no parent"},
        {"territories.csv", TREE "654321100,t,town,999\n",
         "territories.csv:3:4: parent: \"999\" does not stand in territories"},
        {"territories.csv", TREE "654321100,t,village,654321101\n654321101,t,village,654321100\n",
         "territories.csv:3:4: parent: leads back to \"654321100\" itself"},
        {"territories.csv", TREE "654321100,t,town,654321100\n",
         "territories.csv:3:4: parent: leads back to"},
        {"territories.csv", TREE "654321100,v,village,654321\n654321101,t,town,654321100\n",
         "territories.csv:4:4: parent: must be of a wider kind"},
        {"territories.csv", "code,name,kind,parent\n65432,c,county,\n",
         "territories.csv:2:1: code: \"65432\": a county has six digits"},
        {"territories.csv", TREE "6543211002003004,t,town,654321\n",
         "territories.csv:3:1: code: \"6543211002003004\" is not a code"},
        {"territories.csv", TREE "654321100,t,city,654321\n",
         "territories.csv:3:3: kind: \"city\" is none of: county, town, village, grid"},
    };
    EXPECT_ERRORS(cases);
}

static void whatever_a_row_speaks_of_must_exist(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"households.csv", HOUSEHOLDS "h-1,654321100200009,a,,\nh-2,654321100200001,b,,\n",
         "households.csv:2:2: grid: \"654321100200009\" does not stand in territories"},
        {"households.csv", HOUSEHOLDS "h-1,,a,,\nh-2,654321100200001,b,,\n",
         "households.csv:2:2: grid: must not be empty"},
        {"residents.csv", RESIDENTS "r-1,h-9,n,,,\n",
         "residents.csv:2:2: household: \"h-9\" does not stand in households"},
        {"residents.csv", RESIDENTS "r-1,,n,,,\n", "residents.csv:2:2: household: must not be empty"},
        {"devices.csv", DEVICES "wb-1,wristband,r-9,\n",
         "devices.csv:2:3: resident: \"r-9\" does not stand in residents"},
        {"devices.csv", DEVICES "cam-1,camera,,h-9\n",
         "devices.csv:2:4: household: \"h-9\" does not stand in households"},
        {"contacts.csv", "id,resident,name,relation,phone\nc-1,r-9,n,s,1\n",
         "contacts.csv:2:2: resident: \"r-9\" does not stand"},
        {"responders.csv", "id,name,role,territory,phone\np,n,town_desk,77,1\n",
         "responders.csv:2:4: territory: \"77\" does not stand"},
        {"rosters.csv",
         "territory,role,responder,from,to\n654321,town_desk,p,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z\n",
         "rosters.csv:2:3: responder: \"p\" does not stand in responders"},
        {"visitors.csv", "household,visitor_id,name\nh-9,v,n\n",
         "visitors.csv:2:1: household: \"h-9\" does not stand"},
    };
    EXPECT_ERRORS(cases);
}

static void a_device_belongs_to_one_owner_of_its_kind(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"devices.csv", DEVICES "wb-1,wristband,r-1,h-1\n",
         "devices.csv:2:4: household: a wristband belongs to a resident"},
        {"devices.csv", DEVICES "cam-1,camera,r-1,h-1\n",
         "devices.csv:2:3: resident: a camera belongs to a household"},
        {"devices.csv", DEVICES "wb-1,wristband,r-1,\nwb-2,wristband,r-2,\nwb-3,wristband,r-1,\n",
         "devices.csv:4:3: resident: \"r-1\" has a wristband already (line 2)"},
        {"devices.csv", DEVICES "wb-1,watch,r-1,\n",
         "devices.csv:2:2: kind: \"watch\" is none of: wristband, camera"},
        {"devices.csv", DEVICES "wb-1,,r-1,\n", "devices.csv:2:2: kind: must not be empty"},
        {"devices.csv", "id,kind,resident,household,view\nwb-1,wristband,r-1,,indoors\n",
         "devices.csv:2:5: view: a wristband has no view"},
        {"devices.csv", "id,kind,resident,household,view\ncam-1,camera,,h-1,roof\n",
         "devices.csv:2:5: view: \"roof\" is none of"},
        {"devices.csv", "id,kind,resident,household,report_interval_s\nwb-1,wristband,r-1,,-1\n",
         "devices.csv:2:5: report_interval_s: \"-1\" is not a whole number from 0 to 86400"},
    };
    EXPECT_ERRORS(cases);
}

static void coordinates_are_whole_and_on_earth(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,38.9,\nh-2,654321100200001,b,,\n",
         "households.csv:2:5: lon: one coordinate without the other"},
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,,82.4\nh-2,654321100200001,b,,\n",
         "households.csv:2:4: lat: one coordinate without the other"},
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,98.9,82.4\nh-2,654321100200001,b,,\n",
         "households.csv:2:4: lat: \"***\" is not a number from -90 to 90"},
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,38.9,182.4\nh-2,654321100200001,b,,\n",
         "households.csv:2:5: lon: \"***\" is not a number from -180 to 180"},
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,nan,82.4\nh-2,654321100200001,b,,\n",
         "households.csv:2:4: lat: \"***\""},
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,a,0,0\nh-2,654321100200001,b,,\n",
         "households.csv:2:4: lat: 0, 0 is no home"},
        {"households.csv",
         "id,grid,address,lat,lon,datum\nh-1,654321100200001,a,38.9,82.4,bd09\nh-2,654321100200001,b,,,\n",
         "households.csv:2:6: datum: only wgs84 and gcj02 are known"},
    };
    EXPECT_ERRORS(cases);
}

static void single_values_are_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"households.csv",
         HOUSEHOLDS ",654321100200001,a,,\nh-1,654321100200001,a,,\nh-2,654321100200001,b,,\n",
         "households.csv:2:1: id: must not be empty"},
        {"households.csv",
         HOUSEHOLDS "h 1,654321100200001,a,,\nh-1,654321100200001,a,,\nh-2,654321100200001,b,,\n",
         "households.csv:2:1: id: \"h 1\" is not an id"},
        {"households.csv", HOUSEHOLDS "h-1,654321100200001,\"a\tb\",,\nh-2,654321100200001,b,,\n",
         "households.csv:2:3: address: has a control character (0x09)"},
        {"residents.csv", RESIDENTS "r-1,h-1,n,1850,,\nr-2,h-2,m,,,\n",
         "residents.csv:2:4: birth_year: \"1850\""},
        {"residents.csv", RESIDENTS "r-1,h-1,n,,,location;face\nr-2,h-2,m,,,\n",
         "residents.csv:2:6: consent: \"location;face\": only location"},
        {"residents.csv",
         "id,household,name,birth_year,categories,consent,status\nr-1,h-1,n,,,,gone\nr-2,h-2,m,,,,\n",
         "residents.csv:2:7: status: \"gone\" is none of: active, away"},
        {"residents.csv",
         "id,household,name,birth_year,categories,consent,status_until\nr-1,h-1,n,,,,2026-02-30\nr-2,h-2,m,,,"
         ",\n",
         "residents.csv:2:7: status_until: \"2026-02-30\" is neither a date"},
        {"contacts.csv", "id,resident,name,relation,phone\nc-1,r-1,n,s,call me\n",
         "contacts.csv:2:5: phone: \"***\" is not a telephone number"},
        {"responders.csv", "id,name,role,territory,phone\np,n,mayor,654321,1\n",
         "responders.csv:2:3: role: \"mayor\" is none of: family, grid_worker, town_desk, county_desk, "
         "police_desk"},
        {"calendars.csv", "id,rule,name\nx,monthly 3,n\n",
         "calendars.csv:2:2: rule: \"monthly 3\": a rule is weekly DAYS"},
        {"calendars.csv", "id,rule,name\nx,\"solar 3,10\",n\n",
         "calendars.csv:2:2: rule: \"solar 3,10\": digits look like 3,6,9"},
        {"calendars.csv", "id,rule,name\nx,weekly someday,n\n",
         "calendars.csv:2:2: rule: \"weekly someday\": weekdays look like"},
        {"calendars.csv", "id,rule,name\nx,dates 2026-13-01,n\n",
         "calendars.csv:2:2: rule: \"dates 2026-13-01\": dates look like"},
        {"visitors.csv", "household,visitor_id,name,windows\nh-1,v,n,mon 8:00-9:00\n",
         "visitors.csv:2:4: windows: \"mon 8:00-9:00\" is not like"},
        {"visitors.csv", "household,visitor_id,name,windows\nh-1,v,n,mon 08:00-25:00\n",
         "visitors.csv:2:4: windows:"},
        {"visitors.csv",
         "household,visitor_id,name,windows\nh-1,v,n,mon 08:00-09:00;tue 08:00-09:00;wed 08:00-09:00;thu "
         "08:00-09:00;fri 08:00-09:00\n",
         "visitors.csv:2:4: windows: more than 4 windows"},
    };
    EXPECT_ERRORS(cases);
}

static void a_roster_ends_after_it_begins(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "responders.csv", "id,name,role,territory,phone\np,n,town_desk,654321100,1\n");
    fixture_write(&fixture, "rosters.csv",
                  "territory,role,responder,from,to\n"
                  "654321100,town_desk,p,2026-03-02T00:00:00+08:00,2026-03-02T00:00:00+08:00\n"
                  "654321100,town_desk,p,tomorrow,2026-03-02T00:00:00+08:00\n");
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors),
                        "rosters.csv:2:5: to: is not after \"from\"\n"
                        "rosters.csv:3:4: from: \"tomorrow\" is neither a date (2026-03-01) nor a time "
                        "(2026-03-01T08:00:00+08:00)\n");
    fixture_close(&fixture);
}

static void a_roster_of_one_date_covers_that_day(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "responders.csv", "id,name,role,territory,phone\np,n,town_desk,654321100,1\n");
    fixture_write(&fixture, "rosters.csv",
                  "territory,role,responder,from,to\n654321100,town_desk,p,2026-03-02,2026-03-02\n");
    fixture_must_load(&fixture);
    fixture_close(&fixture);
}

static void an_address_typed_on_two_lines_is_one_address(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "households.csv",
                  HOUSEHOLDS "h-1,654321100200001,\"a\nb\r\nc\",,\nh-2,654321100200001,b,,\n");
    fixture_must_load(&fixture);
    uint32_t no = registry_find(fixture.registry, REGISTRY_HOUSEHOLD, "h-1");
    assert_string_equal(registry_vault(fixture.registry, REGISTRY_HOUSEHOLD, no, "address"), "a b c");
    fixture_close(&fixture);
}

#define FEATURES(text)             "{\"type\":\"FeatureCollection\",\"features\":[" text "]}"
#define POINT                      "\"geometry\":{\"type\":\"Point\",\"coordinates\":[82.4,38.9]}"
#define ZONE(properties, geometry) "{\"type\":\"Feature\",\"properties\":{" properties "}," geometry "}"
#define GOOD                       "\"id\":\"z\",\"name\":\"n\",\"kind\":\"market\",\"owner\":\"territory:654321\""
#define RING(coordinates)          "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":" coordinates "}"

static void zones_are_checked_feature_by_feature(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"zones.geojson", FEATURES(ZONE(GOOD ",\"radius_m\":9", POINT) "," ZONE(GOOD, POINT)),
         "zones.geojson:feature 2: id: \"z\" is already in feature 1"},
        {"zones.geojson", FEATURES(ZONE(GOOD, POINT)),
         "zones.geojson:feature 1: radius_m: a Point needs one"},
        {"zones.geojson", FEATURES(ZONE(GOOD ",\"radius_m\":0.5", POINT)),
         "zones.geojson:feature 1: radius_m: \"0.500000000\" is not a number from 1"},
        {"zones.geojson", FEATURES(ZONE(GOOD ",\"radius_m\":50001", POINT)),
         "zones.geojson:feature 1: radius_m: \"50001\" is not a number"},
        {"zones.geojson", FEATURES(ZONE(GOOD ",\"color\":1", POINT)),
         "zones.geojson:feature 1: unknown property \"color\""},
        {"zones.geojson", FEATURES(ZONE(GOOD ",\"radius_m\":true", POINT)),
         "zones.geojson:feature 1: radius_m: must be a text or a number"},
        {"zones.geojson",
         FEATURES(ZONE("\"id\":\"z\",\"name\":\"n\",\"kind\":\"market\",\"radius_m\":9", POINT)),
         "zones.geojson:feature 1: owner: must not be empty"},
        {"zones.geojson",
         FEATURES(ZONE("\"id\":\"z\",\"kind\":\"market\",\"owner\":\"resident:r-1\",\"radius_m\":9", POINT)),
         "zones.geojson:feature 1: the property \"name\" is missing"},
        {"zones.geojson",
         FEATURES(
             ZONE("\"id\":\"z\",\"name\":\"n\",\"kind\":\"pub\",\"owner\":\"resident:r-1\",\"radius_m\":9",
                  POINT)),
         "zones.geojson:feature 1: kind: \"pub\" is none of: home, safe"},
        {"zones.geojson",
         FEATURES(
             ZONE("\"id\":\"z\",\"name\":\"n\",\"kind\":\"bank\",\"owner\":\"resident:r-9\",\"radius_m\":9",
                  POINT)),
         "zones.geojson:feature 1: owner: \"r-9\" does not stand in residents"},
        {"zones.geojson",
         FEATURES(
             ZONE("\"id\":\"z\",\"name\":\"n\",\"kind\":\"bank\",\"owner\":\"r-1\",\"radius_m\":9", POINT)),
         "zones.geojson:feature 1: owner: \"r-1\" is not resident:ID, household:ID or territory:CODE"},
        {"zones.geojson", FEATURES(ZONE(GOOD ",\"calendar\":\"fair\",\"radius_m\":9", POINT)),
         "zones.geojson:feature 1: calendar: \"fair\" does not stand in calendars"},
        {"zones.geojson",
         FEATURES(
             ZONE(GOOD ",\"radius_m\":9", "\"geometry\":{\"type\":\"Point\",\"coordinates\":[38.9,98.4]}")),
         "zones.geojson:feature 1: geometry: point 1 is not a longitude"},
        {"zones.geojson",
         FEATURES(ZONE(GOOD ",\"radius_m\":9", "\"geometry\":{\"type\":\"Point\",\"coordinates\":[38.9]}")),
         "zones.geojson:feature 1: geometry: a position must be [longitude, latitude]"},
        {"zones.geojson", FEATURES(ZONE(GOOD, "\"geometry\":{\"type\":\"LineString\",\"coordinates\":[]}")),
         "zones.geojson:feature 1: geometry: only Point and Polygon"},
        {"zones.geojson", FEATURES(ZONE(GOOD, "\"geometry\":null")),
         "zones.geojson:feature 1: geometry: only Point and Polygon"},
        {"zones.geojson", FEATURES(ZONE(GOOD ",\"radius_m\":9", RING("[[[82,38],[83,38],[83,39]]]"))),
         "zones.geojson:feature 1: radius_m: stands beside a Polygon"},
        {"zones.geojson", FEATURES(ZONE(GOOD, RING("[[[82,38],[83,38],[82,38]]]"))),
         "zones.geojson:feature 1: geometry: a polygon needs three corners"},
        {"zones.geojson", FEATURES(ZONE(GOOD, RING("[[[82,38],[83,38],[84,38]]]"))),
         "zones.geojson:feature 1: geometry: a polygon needs three corners"},
        {"zones.geojson",
         FEATURES(ZONE(GOOD, RING("[[[82,38],[83,38],[83,39]],[[82.1,38.1],[82.2,38.1],[82.2,38.2]]]"))),
         "zones.geojson:feature 1: geometry: a Polygon with holes is not supported"},
        {"zones.geojson", FEATURES("7"), "zones.geojson:feature 1: is not a Feature"},
    };
    EXPECT_ERRORS(cases);
}

static void a_zones_file_that_is_no_geojson_is_named_with_feature_and_line(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"zones.geojson", "", "zones.geojson: line 1: is not a GeoJSON FeatureCollection"},
        {"zones.geojson", "[]", "zones.geojson: line 1: is not a GeoJSON FeatureCollection"},
        {"zones.geojson", "{\"type\":\"FeatureCollection\"}",
         "zones.geojson: line 1: is not a GeoJSON FeatureCollection"},
        {"zones.geojson", "{\"type\":\"Feature\",\"features\":[]}",
         "zones.geojson: line 1: is not a GeoJSON FeatureCollection"},
        {"zones.geojson", "{\"type\":\"FeatureCollection\",\n\"features\":[\n{}\n{}]}",
         "zones.geojson: line 4: a comma or ] is missing"},
        {"zones.geojson",
         "{\"type\":\"FeatureCollection\",\n\"features\":[\n{\"type\":\"Feature\",\n\"properties\":{,}\n}]}",
         "zones.geojson:feature 1: line 4, column"},
        {"zones.geojson", "{\"type\":\"FeatureCollection\",\n\"features\":[\n{\"type\":",
         "zones.geojson:feature 1: line 3: a value that does not end"},
        {"zones.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}x",
         "zones.geojson: line 1: text after the end"},
        {"zones.geojson", "{\"type\":\"FeatureCollection\",\"features\":[],\"features\":[]}",
         "zones.geojson: line 1: \"features\" stands twice"},
        {"zones.geojson", "{\"type\":\"FeatureCollection\",\"features\":[],\"a\":tru}",
         "zones.geojson: line 1: a value that is no JSON"},
        {"zones.geojson", "{\n\"type\":\"\xD5\xC5\xC8\xFD\"}",
         "zones.geojson: line 2, byte 9: not UTF-8; the file looks like GBK"},
        {"zones.geojson", "{\n\"type\":\"\xFF\"}", "zones.geojson: line 2, byte 9: not UTF-8"},
    };
    EXPECT_ERRORS(cases);
}

static void a_file_in_gbk_is_named(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"residents.csv", RESIDENTS "r-1,h-1,\xD5\xC5\xC8\xFD,1940,,\n",
         "residents.csv:2:3: name: not UTF-8; the file looks like GBK"},
        {"residents.csv", RESIDENTS "r-1,h-1,\xFF,1940,,\n",
         "residents.csv:2:3: name: not UTF-8 (byte 0xff)"},
    };
    EXPECT_ERRORS(cases);
}

static void a_required_file_must_exist(void **state)
{
    (void)state;
    static const char *const required[] = {"territories.csv", "households.csv", "residents.csv",
                                           "devices.csv"};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        struct fixture fixture;
        char wanted[64];
        fixture_open(&fixture);
        fixture_remove(&fixture, required[i]);
        assert_int_equal(fixture_load(&fixture), ERR_INVALID);
        /* Only that: what speaks of the missing file's rows is not blamed too. */
        snprintf(wanted, sizeof wanted, "%s: does not exist\n", required[i]);
        assert_string_equal(buf_text(&fixture.errors), wanted);
        fixture_close(&fixture);
    }
}

static void a_folder_that_is_not_there_lists_all_four_files(void **state)
{
    (void)state;
    struct fixture fixture;
    struct registry *registry = NULL;
    fixture_open(&fixture);
    assert_int_equal(registry_load("/nonexistent", fixture.tz, NULL, &fixture.errors, &registry),
                     ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors),
                        "territories.csv: does not exist\nhouseholds.csv: does not exist\n"
                        "residents.csv: does not exist\ndevices.csv: does not exist\n");
    assert_null(registry);
    fixture_close(&fixture);
}

static void what_is_no_ordinary_file_of_a_bearable_size_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[128];
    fixture_open(&fixture);
    snprintf(path, sizeof path, "%s/devices.csv", fixture.folder);
    assert_int_equal(truncate(path, ((off_t)512 << 20) + 1), 0); /* sparse: takes no room */
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors), "devices.csv: is larger than 512 MiB\n");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors), "devices.csv: is not a file\n");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors), "devices.csv: is not a file\n");
    fixture_close(&fixture);
}

static void all_errors_of_all_files_are_listed_in_one_go(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "households.csv", HOUSEHOLDS "h-1,nowhere,a,91,82\nh-2,654321100200001,b,,\n");
    fixture_write(&fixture, "residents.csv", RESIDENTS "r-1,h-1,n,old,,\nr-2,h-3,m,,,\n");
    fixture_write(&fixture, "devices.csv", DEVICES "wb-1,wristband,r-3,\n");
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors),
                        "households.csv:2:2: grid: \"nowhere\" does not stand in territories\n"
                        "households.csv:2:4: lat: \"***\" is not a number from -90 to 90\n"
                        "residents.csv:2:4: birth_year: \"old\" is not a whole number from 1880 to 2099\n"
                        "residents.csv:3:2: household: \"h-3\" does not stand in households\n"
                        "devices.csv:2:3: resident: \"r-3\" does not stand in residents\n");
    fixture_close(&fixture);
}

static void the_list_of_errors_ends_at_fifty(void **state)
{
    (void)state;
    struct fixture fixture;
    struct buf text;
    fixture_open(&fixture);
    buf_init(&text, 65536);
    buf_puts(&text, RESIDENTS);
    for (int i = 0; i < 120; i++)
        buf_printf(&text, "r-%d,h-9,n,,,\n", i);
    fixture_write(&fixture, "residents.csv", buf_text(&text));
    fixture_write(&fixture, "devices.csv", DEVICES);
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    size_t lines = 0;
    for (const char *p = buf_text(&fixture.errors); *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 51);
    assert_non_null(strstr(buf_text(&fixture.errors), "\nand 70 more\n"));
    buf_release(&text);
    fixture_close(&fixture);
}

static void an_error_leaves_the_previous_version_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    char version[65];
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    memcpy(version, registry_version(fixture.registry), sizeof version);
    fixture_write(&fixture, "devices.csv", DEVICES "wb-1,wristband,r-1,\nwb-2,wristband,r-1,\n");
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(registry_version(fixture.registry), version);
    assert_int_equal(registry_count(fixture.registry, REGISTRY_DEVICE), 2);
    fixture_close(&fixture);
}

static void the_order_and_quoting_of_columns_change_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    char version[65];
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    memcpy(version, registry_version(fixture.registry), sizeof version);
    fixture_write(&fixture, "households.csv",
                  "\xEF\xBB\xBFlon,lat,address,grid,id\r\n82.4,38.9,\"a\",654321100200001,h-1\r\n,,b,"
                  "654321100200001,h-2\r\n");
    fixture_must_load(&fixture);
    assert_string_equal(registry_version(fixture.registry), version);
    fixture_write(&fixture, "households.csv",
                  HOUSEHOLDS "h-1,654321100200001,a,38.9,82.5\nh-2,654321100200001,b,,\n");
    fixture_must_load(&fixture);
    assert_string_not_equal(registry_version(fixture.registry), version);
    fixture_close(&fixture);
}

static void errors_may_go_nowhere(void **state)
{
    (void)state;
    struct registry *registry = NULL;
    assert_int_equal(registry_load("/nonexistent", NULL, NULL, NULL, &registry), ERR_INVALID);
    assert_null(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_header_is_named_column_by_column),
        cmocka_unit_test(a_line_with_too_few_or_too_many_fields_is_named),
        cmocka_unit_test(twins_are_named_with_the_line_of_the_first),
        cmocka_unit_test(the_tree_of_territories_must_be_a_tree_with_one_county),
        cmocka_unit_test(whatever_a_row_speaks_of_must_exist),
        cmocka_unit_test(a_device_belongs_to_one_owner_of_its_kind),
        cmocka_unit_test(coordinates_are_whole_and_on_earth),
        cmocka_unit_test(single_values_are_checked),
        cmocka_unit_test(a_roster_ends_after_it_begins),
        cmocka_unit_test(a_roster_of_one_date_covers_that_day),
        cmocka_unit_test(an_address_typed_on_two_lines_is_one_address),
        cmocka_unit_test(zones_are_checked_feature_by_feature),
        cmocka_unit_test(a_zones_file_that_is_no_geojson_is_named_with_feature_and_line),
        cmocka_unit_test(a_file_in_gbk_is_named),
        cmocka_unit_test(a_required_file_must_exist),
        cmocka_unit_test(a_folder_that_is_not_there_lists_all_four_files),
        cmocka_unit_test(what_is_no_ordinary_file_of_a_bearable_size_is_refused),
        cmocka_unit_test(all_errors_of_all_files_are_listed_in_one_go),
        cmocka_unit_test(the_list_of_errors_ends_at_fifty),
        cmocka_unit_test(an_error_leaves_the_previous_version_alone),
        cmocka_unit_test(the_order_and_quoting_of_columns_change_nothing),
        cmocka_unit_test(errors_may_go_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
