/* A registry folder on disk for one test: a small valid county, in which a test replaces single files. */
#ifndef HUYANG_TESTS_REGISTRY_FIXTURE_H
#define HUYANG_TESTS_REGISTRY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "registry/registry.h"

static const char *const fixture_files[][2] = {
    {"territories.csv",
     "code,name,kind,parent\n654321,县,county,\n654321100,镇,town,654321\n654321100200,村,village,654321100\n"
     "654321100200001,格,grid,654321100200\n"},
    {"households.csv", "id,grid,address,lat,lon\nh-1,654321100200001,a,38.9,82.4\nh-2,654321100200001,b,,\n"},
    {"residents.csv",
     "id,household,name,birth_year,categories,consent\nr-1,h-1,n,1940,,location\nr-2,h-2,m,1941,,\n"},
    {"devices.csv", "id,kind,resident,household\nwb-1,wristband,r-1,\ncam-1,camera,,h-1\n"},
};
static const char *const fixture_optional[] = {"calendars.csv",    "contacts.csv", "responders.csv",
                                               "rosters.csv",      "visitors.csv", "zones.geojson",
                                               "announcements.csv"};

struct fixture {
    char folder[64];
    struct buf errors;
    struct tz *tz;
    struct registry *registry;
};

static inline void fixture_write_bytes(const struct fixture *fixture, const char *name, const void *data,
                                       size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static inline void fixture_write(const struct fixture *fixture, const char *name, const char *text)
{
    fixture_write_bytes(fixture, name, text, strlen(text));
}

static inline void fixture_remove(const struct fixture *fixture, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    unlink(path);
}

static inline void fixture_open(struct fixture *fixture)
{
    *fixture = (struct fixture){.folder = "/tmp/huyang-registry-XXXXXX"};
    assert_non_null(mkdtemp(fixture->folder));
    buf_init(&fixture->errors, 65536);
    assert_int_equal(tz_load("Asia/Shanghai", &fixture->tz), ERR_OK);
    for (size_t i = 0; i < sizeof fixture_files / sizeof fixture_files[0]; i++)
        fixture_write(fixture, fixture_files[i][0], fixture_files[i][1]);
}

static inline void fixture_close(struct fixture *fixture)
{
    for (size_t i = 0; i < sizeof fixture_files / sizeof fixture_files[0]; i++)
        fixture_remove(fixture, fixture_files[i][0]);
    for (size_t i = 0; i < sizeof fixture_optional / sizeof fixture_optional[0]; i++)
        fixture_remove(fixture, fixture_optional[i]);
    rmdir(fixture->folder);
    registry_free(fixture->registry);
    buf_release(&fixture->errors);
    tz_free(fixture->tz);
}

/* Loads the folder in place of the registry there was, keeping its numbers. */
static inline enum err fixture_load(struct fixture *fixture)
{
    struct registry *next = NULL;
    buf_clear(&fixture->errors);
    enum err err = registry_load(fixture->folder, fixture->tz, fixture->registry, &fixture->errors, &next);
    if (err == ERR_OK) {
        registry_free(fixture->registry);
        fixture->registry = next;
    } else {
        assert_null(next);
    }
    return err;
}

/* Loads the folder, and prints what it holds against it when it should have been fine. */
static inline void fixture_must_load(struct fixture *fixture)
{
    enum err err = fixture_load(fixture);
    if (err)
        print_error("%s\n", buf_text(&fixture->errors));
    assert_int_equal(err, ERR_OK);
}

static inline struct registry *fixture_small(const struct tz *tz)
{
    struct registry *registry = NULL;
    struct buf errors;
    buf_init(&errors, 65536);
    enum err err = registry_load(HUYANG_TEST_DATA "/data/registry/small", tz, NULL, &errors, &registry);
    if (err)
        print_error("%s\n", buf_text(&errors));
    assert_int_equal(err, ERR_OK);
    buf_release(&errors);
    return registry;
}

#endif
