/* A zones file may be larger than what the JSON fence takes at once, and a feature's number is what a person
 * looks for. So the file is cut into its features by counting brackets outside strings, and each feature is
 * parsed strictly by itself. */
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "registry/csv.h"
#include "registry/load.h"

enum { RING_MAX = 10001, GEOMETRY_TEXT_MAX = 400000, NUMBER_TEXT = 32 };

struct scan {
    struct build *build;
    const char *at, *end;
    uint32_t line;
    bool has_type, has_features;
};

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at) {
        scan->line += *scan->at == '\n';
        scan->at++;
    }
}

static bool fail_line(struct scan *scan, const char *reason)
{
    return build_fail(scan->build, 0, NULL, "line %u: %s", scan->line, reason);
}

/* Takes one character after spaces. */
static bool expect(struct scan *scan, char c)
{
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* The extent of the value that starts here; what is inside is judged by json_parse. False when it does not
 * end. */
static bool take_value(struct scan *scan, const char **ret_value, size_t *ret_len)
{
    skip_space(scan);
    const char *start = scan->at;
    uint32_t depth = 0;
    bool in_string = false;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (c == '\n')
            scan->line++;
        if (in_string) {
            if (c == '\\' && scan->at + 1 < scan->end)
                scan->at++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']' || c == ',' || c == ':') {
            if (depth == 0)
                break;
            if (c == '}' || c == ']')
                depth--;
        }
        scan->at++;
        if (depth == 0 && !in_string && (c == '}' || c == ']' || c == '"'))
            break;
    }
    *ret_value = start;
    *ret_len = (size_t)(scan->at - start);
    return *ret_len > 0 && depth == 0 && !in_string;
}

/* One feature on its way to a row. */
struct feature {
    struct build *build;
    uint32_t number;
    const char *values[TABLE_COLUMNS_MAX];
    char numbers[TABLE_COLUMNS_MAX][NUMBER_TEXT];
    struct buf geometry;
};

static bool read_property(struct feature *feature, const char *key, const struct json *value)
{
    int column = table_column(table_spec(REGISTRY_ZONE), key);
    if (column < 0 || strcmp(key, "geometry") == 0)
        return build_fail(feature->build, feature->number, NULL, "unknown property \"%.40s\"", key);
    int64_t integer;
    double real;
    switch (json_type_of(value)) {
    case JSON_NULL_T: return true;
    case JSON_STRING_T: feature->values[column] = json_string(value); return true;
    case JSON_INTEGER_T:
        if (json_integer(value, &integer))
            snprintf(feature->numbers[column], NUMBER_TEXT, "%lld", (long long)integer);
        break;
    case JSON_REAL_T:
        if (json_number(value, &real))
            snprintf(feature->numbers[column], NUMBER_TEXT, "%.9f", real);
        break;
    case JSON_OBJECT_T:
    case JSON_ARRAY_T:
    case JSON_BOOL_T: return build_fail(feature->build, feature->number, key, "must be a text or a number");
    }
    feature->values[column] = feature->numbers[column];
    return true;
}

static bool read_properties(struct feature *feature, const struct json *properties)
{
    if (!properties || json_type_of(properties) != JSON_OBJECT_T)
        return build_fail(feature->build, feature->number, NULL, "has no properties");
    const struct table_spec *spec = table_spec(REGISTRY_ZONE);
    bool fine = true;
    size_t iter = 0;
    const char *key;
    const struct json *value;
    while (json_next(properties, &iter, &key, &value))
        fine &= read_property(feature, key, value);
    for (unsigned i = 0; i < spec->column_count; i++)
        if (spec->columns[i].need == COLUMN_REQUIRED && !json_get(properties, spec->columns[i].name))
            fine &= build_fail(feature->build, feature->number, NULL, "the property \"%s\" is missing",
                               spec->columns[i].name);
    return fine;
}

static bool read_position(struct feature *feature, const struct json *position)
{
    double lon, lat;
    size_t count = json_count(position);
    if (!position || json_type_of(position) != JSON_ARRAY_T || count < 2 || count > 3 ||
        !json_number(json_at(position, 0), &lon) || !json_number(json_at(position, 1), &lat))
        return build_fail(feature->build, feature->number, "geometry",
                          "a position must be [longitude, latitude]");
    buf_printf(&feature->geometry, "%s%.9f %.9f", feature->geometry.len ? ";" : "", lon, lat);
    return true;
}

static bool same_position(const struct json *a, const struct json *b)
{
    double a_lon, a_lat, b_lon, b_lat;
    return json_number(json_at(a, 0), &a_lon) && json_number(json_at(a, 1), &a_lat) &&
           json_number(json_at(b, 0), &b_lon) && json_number(json_at(b, 1), &b_lat) && a_lon == b_lon &&
           a_lat == b_lat;
}

static bool read_polygon(struct feature *feature, const struct json *coordinates)
{
    const struct json *ring = json_at(coordinates, 0);
    if (!coordinates || json_type_of(coordinates) != JSON_ARRAY_T || !ring ||
        json_type_of(ring) != JSON_ARRAY_T)
        return build_fail(feature->build, feature->number, "geometry", "a Polygon needs a ring of positions");
    if (json_count(coordinates) > 1)
        return build_fail(feature->build, feature->number, "geometry",
                          "a Polygon with holes is not supported; draw its border as one ring");
    size_t count = json_count(ring);
    if (count > RING_MAX)
        return build_fail(feature->build, feature->number, "geometry", "more than %d positions", RING_MAX);
    if (count > 1 && same_position(json_at(ring, 0), json_at(ring, count - 1)))
        count--; /* A closed ring repeats its first position. */
    if (count < 3)
        return build_fail(feature->build, feature->number, "geometry",
                          "a polygon needs three corners that span an area");
    for (size_t i = 0; i < count; i++)
        if (!read_position(feature, json_at(ring, i)))
            return false;
    return true;
}

static bool read_geometry(struct feature *feature, const struct json *geometry)
{
    const char *type = json_string(json_get(geometry, "type"));
    const struct json *coordinates = json_get(geometry, "coordinates");
    bool fine;
    if (type && strcmp(type, "Point") == 0)
        fine = read_position(feature, coordinates);
    else if (type && strcmp(type, "Polygon") == 0)
        fine = read_polygon(feature, coordinates);
    else
        return build_fail(feature->build, feature->number, "geometry",
                          "only Point and Polygon are supported");
    if (feature->geometry.failed) {
        feature->build->err = ERR_NOMEM;
        return false;
    }
    feature->values[table_column(table_spec(REGISTRY_ZONE), "geometry")] = buf_text(&feature->geometry);
    return fine;
}

static bool read_feature(struct scan *scan, uint32_t number)
{
    const char *text;
    size_t len;
    skip_space(scan);
    uint32_t line = scan->line;
    if (!take_value(scan, &text, &len))
        return build_fail(scan->build, number, NULL, "line %u: a value that does not end", line);
    struct json *root;
    struct json_error error;
    enum err err = json_parse(text, len, &root, &error);
    if (err == ERR_NOMEM) {
        scan->build->err = ERR_NOMEM;
        return false;
    }
    if (err) {
        build_fail(scan->build, number, NULL, "line %u, column %d: %s", line + (uint32_t)error.line - 1,
                   error.column, error.text);
        scan->build->unreadable[REGISTRY_ZONE] = true;
        return true;
    }
    struct feature feature = {.build = scan->build, .number = number};
    buf_init(&feature.geometry, GEOMETRY_TEXT_MAX);
    const char *type = json_string(json_get(root, "type"));
    bool fine = type && strcmp(type, "Feature") == 0;
    if (!fine)
        build_fail(scan->build, number, NULL, "is not a Feature");
    fine = fine && read_properties(&feature, json_get(root, "properties"));
    fine = read_geometry(&feature, json_get(root, "geometry")) && fine;
    bool staged = build_stage(scan->build, feature.values, (struct staged){.line = number, .broken = !fine});
    buf_release(&feature.geometry);
    json_free(root);
    return staged;
}

static bool read_features(struct scan *scan)
{
    scan->has_features = true;
    if (!expect(scan, '['))
        return fail_line(scan, "\"features\" must be a list");
    if (expect(scan, ']'))
        return true;
    for (uint32_t number = 1;; number++) {
        if (!read_feature(scan, number))
            return false;
        if (expect(scan, ']'))
            return true;
        if (!expect(scan, ','))
            return fail_line(scan, "a comma or ] is missing after a feature");
    }
}

static bool read_member(struct scan *scan)
{
    const char *key, *value;
    size_t key_len, len;
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != '"' || !take_value(scan, &key, &key_len) || !expect(scan, ':'))
        return fail_line(scan, "a \"name\": is missing");
    if (key_len == 10 && memcmp(key, "\"features\"", 10) == 0)
        return scan->has_features ? fail_line(scan, "\"features\" stands twice") : read_features(scan);
    if (!take_value(scan, &value, &len))
        return fail_line(scan, "a value that does not end");
    if (key_len == 6 && memcmp(key, "\"type\"", 6) == 0)
        scan->has_type = len == 19 && memcmp(value, "\"FeatureCollection\"", 19) == 0;
    struct json *node;
    if (json_parse(value, len, &node, NULL))
        return fail_line(scan, "a value that is no JSON");
    json_free(node);
    return true;
}

static bool read_collection(struct scan *scan)
{
    if (!expect(scan, '{'))
        return fail_line(scan, "is not a GeoJSON FeatureCollection");
    do {
        if (!read_member(scan))
            return false;
    } while (expect(scan, ','));
    if (!expect(scan, '}'))
        return fail_line(scan, "a comma or } is missing");
    skip_space(scan);
    if (scan->at != scan->end)
        return fail_line(scan, "text after the end");
    if (!scan->has_type || !scan->has_features)
        return fail_line(scan, "is not a GeoJSON FeatureCollection");
    return true;
}

static bool check_encoding(struct build *build, const char *data, size_t len)
{
    size_t at;
    if (text_is_utf8(data, len, &at))
        return true;
    uint32_t line = 1, column = 1;
    bool multibyte = false;
    for (size_t i = 0; i < at; i++) {
        column = data[i] == '\n' ? 1 : column + 1;
        line += data[i] == '\n';
        multibyte |= (unsigned char)data[i] >= 0x80;
    }
    bool gbk = !multibyte && csv_looks_like_gbk(data + at, len - at);
    return build_fail(build, 0, NULL, "line %u, byte %u: %s", line, column,
                      gbk ? "not UTF-8; the file looks like GBK: save it as UTF-8" : "not UTF-8");
}

void load_geojson(struct build *build, const char *data, size_t len)
{
    struct scan scan = {.build = build, .at = data, .end = data + len, .line = 1};
    if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        scan.at += 3;
    if (!check_encoding(build, data, len) || !read_collection(&scan))
        build->unreadable[build->table] = true;
}
