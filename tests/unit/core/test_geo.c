#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "core/geo.h"

enum { COLUMNS_MAX = 16 };

/* Reads the next line of a CSV without quotes; returns the number of columns, 0 at the end. */
static int read_row(FILE *in, char *line, size_t size, char *columns[COLUMNS_MAX])
{
    if (!fgets(line, (int)size, in))
        return 0;
    line[strcspn(line, "\r\n")] = 0;
    int count = 0;
    for (char *at = line; at && count < COLUMNS_MAX; count++) {
        columns[count] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = 0;
    }
    return count;
}

static FILE *open_data(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/data/coords-china/%s", HUYANG_TEST_DATA, name);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    return in;
}

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12f is not within %g of %.12f", a, tolerance, b);
}

/* Compares with a peer's table of both directions. Peers invert with one step only, hence metres there; the
 * two differ outside the mainland (Singapore), which is left out. */
static void compare_with_peer(const char *name, double tolerance_degrees)
{
    FILE *in = open_data(name);
    char line[512], *columns[COLUMNS_MAX];
    int rows = 0;
    assert_true(read_row(in, line, sizeof line, columns) >= 6);
    while (read_row(in, line, sizeof line, columns)) {
        struct geo_point wgs = {.lat = atof(columns[0]), .lon = atof(columns[1])};
        struct geo_point gcj = {.lat = atof(columns[2]), .lon = atof(columns[3])};
        struct geo_point peer_back = {.lat = atof(columns[4]), .lon = atof(columns[5])};
        if (wgs.lat < 3.0)
            continue;
        struct geo_point ours = geo_wgs84_to_gcj02(wgs);
        assert_near(ours.lat, gcj.lat, tolerance_degrees);
        assert_near(ours.lon, gcj.lon, tolerance_degrees);
        assert_true(geo_distance_m(geo_gcj02_to_wgs84(gcj), wgs) < 0.05);
        assert_true(geo_distance_m(geo_gcj02_to_wgs84(gcj), peer_back) < 8.0);
        rows++;
    }
    fclose(in);
    assert_true(rows > 590);
}

static void gcj02_agrees_with_two_peers_in_both_directions(void **state)
{
    (void)state;
    compare_with_peer("peer_grid_coordtransform.csv", 1e-9);
    compare_with_peer("peer_grid_eviltransform.csv", 2e-7);
}

static void gcj02_agrees_with_the_published_vectors(void **state)
{
    (void)state;
    FILE *in = open_data("published_vectors.csv");
    char line[512], *columns[COLUMNS_MAX];
    int checked = 0;
    while (read_row(in, line, sizeof line, columns)) {
        struct geo_point from = {.lat = atof(columns[1]), .lon = atof(columns[2])};
        struct geo_point to = {.lat = atof(columns[3]), .lon = atof(columns[4])};
        if (strcmp(columns[0], "wgs2gcj") == 0 || strcmp(columns[0], "wgs84togcj02") == 0) {
            struct geo_point got = geo_wgs84_to_gcj02(from);
            assert_near(got.lat, to.lat, 1e-6);
            assert_near(got.lon, to.lon, 1e-6);
            checked++;
        } else if (strncmp(columns[0], "gcj", 3) == 0 && strstr(columns[0], "wgs")) {
            bool exact = strstr(columns[0], "exact");
            assert_true(geo_distance_m(geo_gcj02_to_wgs84(from), to) < (exact ? 0.5 : 5.0));
            checked++;
        }
    }
    fclose(in);
    assert_int_equal(checked, 11);
}

static void the_inversion_leaves_less_than_a_millimetre_all_over_the_mainland(void **state)
{
    (void)state;
    for (double lat = 3.9; lat < 53.5; lat += 0.37) {
        for (double lon = 73.7; lon < 135.0; lon += 0.41) {
            struct geo_point p = {.lat = lat, .lon = lon};
            assert_true(geo_distance_m(geo_gcj02_to_wgs84(geo_wgs84_to_gcj02(p)), p) < 0.001);
        }
    }
}

static void outside_the_mainland_both_datums_are_equal(void **state)
{
    (void)state;
    static const struct geo_point places[] = {
        {51.5074, -0.1278}, {35.6762, 139.6503}, {0.0, 0.0}, {-33.9, 151.2}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct geo_point there = geo_wgs84_to_gcj02(places[i]), back = geo_gcj02_to_wgs84(places[i]);
        assert_true(there.lat == places[i].lat && there.lon == places[i].lon);
        assert_true(back.lat == places[i].lat && back.lon == places[i].lon);
    }
}

static void distances_are_those_of_the_sphere(void **state)
{
    (void)state;
    struct geo_point origin = {0, 0};
    assert_near(geo_distance_m(origin, origin), 0, 0);
    assert_near(geo_distance_m(origin, (struct geo_point){0, 1}), 111195.080, 0.001);
    assert_near(geo_distance_m(origin, (struct geo_point){1, 0}), 111195.080, 0.001);
    assert_near(geo_distance_m((struct geo_point){90, 0}, (struct geo_point){-90, 0}), 20015114.4, 0.1);
    assert_near(geo_distance_m(origin, (struct geo_point){0, 180}), 20015114.4, 0.1);
    assert_near(geo_distance_m((struct geo_point){0, 179.5}, (struct geo_point){0, -179.5}), 111195.080,
                0.001);
    /* One metre at the latitude of Beijing. */
    assert_near(geo_distance_m((struct geo_point){40, 116}, (struct geo_point){40.0000089932, 116}), 1.0,
                1e-4);
}

/* Rectangular to the eye, about 850 by 1110 metres. */
static const struct geo_point square[] = {{40.0, 116.0}, {40.0, 116.01}, {40.01, 116.01}, {40.01, 116.0}};

static void a_ring_holds_what_lies_within_and_nothing_else(void **state)
{
    (void)state;
    assert_true(geo_in_ring(square, 4, (struct geo_point){40.005, 116.005}));
    assert_false(geo_in_ring(square, 4, (struct geo_point){40.005, 116.0101}));
    assert_false(geo_in_ring(square, 4, (struct geo_point){40.005, 115.9999}));
    assert_false(geo_in_ring(square, 4, (struct geo_point){39.9999, 116.005}));
    assert_false(geo_in_ring(square, 4, (struct geo_point){40.0101, 116.005}));
    /* In line with an edge, but beside it. */
    assert_false(geo_in_ring(square, 4, (struct geo_point){40.0, 115.99}));
    assert_false(geo_in_ring(square, 4, (struct geo_point){40.01, 116.02}));
}

static void corners_and_edges_count_as_inside_within_a_centimetre(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct geo_point a = square[i], b = square[(i + 1) % 4];
        assert_true(geo_in_ring(square, 4, a));
        assert_true(geo_in_ring(square, 4, (struct geo_point){(a.lat + b.lat) / 2, (a.lon + b.lon) / 2}));
    }
    assert_true(geo_in_ring(square, 4, (struct geo_point){40.005, 116.01 + 5e-8}));
    assert_false(geo_in_ring(square, 4, (struct geo_point){40.005, 116.01 + 5e-7}));
}

static void a_closed_ring_and_a_dented_ring_work_too(void **state)
{
    (void)state;
    const struct geo_point closed[] = {square[0], square[1], square[2], square[3], square[0]};
    const struct geo_point dented[] = {{0, 0}, {0, 4}, {4, 4}, {4, 3}, {1, 2}, {4, 1}, {4, 0}};
    assert_true(geo_in_ring(closed, 5, (struct geo_point){40.005, 116.005}));
    assert_false(geo_in_ring(closed, 5, (struct geo_point){40.005, 116.02}));
    assert_false(geo_in_ring(dented, 7, (struct geo_point){3, 2}));
    assert_true(geo_in_ring(dented, 7, (struct geo_point){0.5, 2}));
    assert_true(geo_in_ring(dented, 7, (struct geo_point){3, 0.5}));
    assert_true(geo_in_ring(dented, 7, (struct geo_point){3, 3.5}));
}

static void degenerate_rings_hold_nothing(void **state)
{
    (void)state;
    assert_false(geo_in_ring(NULL, 0, square[0]));
    assert_false(geo_in_ring(square, 1, square[1]));
    assert_false(geo_in_ring(square, 2, square[2]));
    assert_true(isinf(geo_ring_distance_m(NULL, 0, square[0])));
    assert_near(geo_ring_distance_m(square, 1, square[1]), geo_distance_m(square[0], square[1]), 0.01);
}

static void a_ring_across_the_180th_meridian_works(void **state)
{
    (void)state;
    const struct geo_point ring[] = {{-1, 179}, {-1, -179}, {1, -179}, {1, 179}};
    assert_true(geo_in_ring(ring, 4, (struct geo_point){0, 179.9}));
    assert_true(geo_in_ring(ring, 4, (struct geo_point){0, -179.9}));
    assert_false(geo_in_ring(ring, 4, (struct geo_point){0, 178}));
    assert_false(geo_in_ring(ring, 4, (struct geo_point){0, -178}));
}

static void distances_to_segments_and_borders_are_right_to_a_per_mille(void **state)
{
    (void)state;
    struct geo_point a = {40.0, 116.0}, b = {40.0, 116.01};
    struct geo_point above = {40.001, 116.005}, beyond = {40.0, 116.02};
    assert_near(geo_segment_distance_m(a, b, above), 111.195, 0.1);
    assert_near(geo_segment_distance_m(a, b, beyond), geo_distance_m(b, beyond), 0.5);
    assert_near(geo_segment_distance_m(a, a, above), geo_distance_m(a, above), 0.5);
    struct geo_point inside = {40.001, 116.005};
    assert_near(geo_ring_distance_m(square, 4, inside), 111.195, 0.1);
    assert_near(geo_ring_distance_m(square, 4, square[2]), 0, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gcj02_agrees_with_two_peers_in_both_directions),
        cmocka_unit_test(gcj02_agrees_with_the_published_vectors),
        cmocka_unit_test(the_inversion_leaves_less_than_a_millimetre_all_over_the_mainland),
        cmocka_unit_test(outside_the_mainland_both_datums_are_equal),
        cmocka_unit_test(distances_are_those_of_the_sphere),
        cmocka_unit_test(a_ring_holds_what_lies_within_and_nothing_else),
        cmocka_unit_test(corners_and_edges_count_as_inside_within_a_centimetre),
        cmocka_unit_test(a_closed_ring_and_a_dented_ring_work_too),
        cmocka_unit_test(degenerate_rings_hold_nothing),
        cmocka_unit_test(a_ring_across_the_180th_meridian_works),
        cmocka_unit_test(distances_to_segments_and_borders_are_right_to_a_per_mille),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
