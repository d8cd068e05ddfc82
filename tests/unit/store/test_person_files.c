/* A person's lines out of the registry's folder: whole records, not lines; what stays, stays byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../folder.h"
#include "store/person_files.h"

static const struct person alone = {.id = "r-1", .household = "h-1", .alone = true},
                           shared = {.id = "r-1", .household = "h-1"};

static int set_up(void **state)
{
    static char folder[FOLDER_PATH];
    folder_new(folder);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}

static void path_of(const char *folder, const char *name, char path[FOLDER_PATH + 32])
{
    snprintf(path, FOLDER_PATH + 32, "%s/%s", folder, name);
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[FOLDER_PATH + 32];
    path_of(folder, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_file(const char *folder, const char *name, const char *expected)
{
    char path[FOLDER_PATH + 32], text[4096] = "";
    path_of(folder, name, path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static enum err scrub(const char *folder, const struct person *person, bool write, uint64_t *ret_lines,
                      char said[256])
{
    struct buf errors;
    buf_init(&errors, 4096);
    *ret_lines = 0;
    const enum err err = person_scrub_folder(person, folder, write, &errors, ret_lines);
    snprintf(said, 256, "%s", buf_text(&errors));
    buf_release(&errors);
    return err;
}

#define HOUSEHOLDS                                                                                           \
    "\xef\xbb\xbfid,grid,address,lat,lon\r\nh-1,g,\"a, \"\"b\"\"\r\nsecond "                                 \
    "line\",1,2\r\nh-2,g,\"x\r\ny\",3,4"
#define RESIDENTS "household,id,name\nh-1,r-1,Wang\n\nh-2,r-11,Li\n"

static void records_go_and_the_rest_stays_as_it_was(void **state)
{
    uint64_t lines;
    char said[256];
    put(*state, "households.csv", HOUSEHOLDS);
    put(*state, "residents.csv", RESIDENTS);
    put(*state, "devices.csv",
        "id,kind,resident,household\nwb-1,wristband,r-1,\ncam-1,camera,,h-1\nwb-2,wristband,r-11,\n");
    put(*state, "consents.csv",
        "person,class\nresident:r-1,x\nresident:r-11,x\ncoresident:h-1/son,x\nvisitor:h-11/a,x\n");
    assert_int_equal(scrub(*state, &alone, false, &lines, said), ERR_OK);
    assert_int_equal(lines, 6);
    assert_file(*state, "households.csv", HOUSEHOLDS);
    assert_int_equal(scrub(*state, &alone, true, &lines, said), ERR_OK);
    assert_int_equal(lines, 6);
    assert_file(*state, "households.csv", "\xef\xbb\xbfid,grid,address,lat,lon\r\nh-2,g,\"x\r\ny\",3,4");
    assert_file(*state, "residents.csv", "household,id,name\n\nh-2,r-11,Li\n");
    assert_file(*state, "devices.csv",
                "id,kind,resident,household\nwb-1,wristband,,\ncam-1,camera,,\nwb-2,wristband,r-11,\n");
    assert_file(*state, "consents.csv", "person,class\nresident:r-11,x\nvisitor:h-11/a,x\n");
    assert_int_equal(scrub(*state, &alone, true, &lines, said), ERR_OK);
    assert_int_equal(lines, 0);
}

static void a_shared_home_stays(void **state)
{
    uint64_t lines;
    char said[256];
    put(*state, "households.csv", HOUSEHOLDS);
    put(*state, "residents.csv", RESIDENTS);
    assert_int_equal(scrub(*state, &shared, true, &lines, said), ERR_OK);
    assert_int_equal(lines, 1);
    assert_file(*state, "households.csv", HOUSEHOLDS);
}

#define FEATURE(owner, name)                                                                                 \
    "{\"type\":\"Feature\",\"properties\":{\"owner\":\"" owner "\",\"name\":\"" name                         \
    "\"},\"geometry\":{\"coordinates\":[1,2]}}"

static void a_feature_goes_whatever_its_texts_hold(void **state)
{
    uint64_t lines;
    char said[256];
    put(*state, "zones.geojson",
        "{\"features\":[" FEATURE("resident:r-1", "}{\\\"]") ", " FEATURE(
            "resident:r-11", "}\\\\") "," FEATURE("household:h-1", "") "]}\n");
    assert_int_equal(scrub(*state, &alone, true, &lines, said), ERR_OK);
    assert_int_equal(lines, 2);
    assert_file(*state, "zones.geojson", "{\"features\":[\n" FEATURE("resident:r-11", "}\\\\") "]}\n");
}

static void a_file_that_cannot_be_read_is_named_and_left(void **state)
{
    uint64_t lines;
    char said[256];
    put(*state, "zones.geojson", "{\"features\":[");
    assert_int_equal(scrub(*state, &alone, true, &lines, said), ERR_INVALID);
    assert_non_null(strstr(said, "zones.geojson:1"));
    put(*state, "zones.geojson", "{\"type\":\"FeatureCollection\"}");
    assert_int_equal(scrub(*state, &alone, true, &lines, said), ERR_INVALID);
    put(*state, "zones.geojson",
        "{\"a\":{\"features\":[{}]},\"features\":[" FEATURE("resident:r-1", "") "]}");
    assert_int_equal(scrub(*state, &alone, true, &lines, said), ERR_INVALID);
    assert_non_null(strstr(said, "told apart"));
    put(*state, "residents.csv", "id,name\nr-1,\"open\n");
    assert_int_equal(scrub(*state, &alone, true, &lines, said), ERR_INVALID);
    assert_non_null(strstr(said, "residents.csv:2"));
    assert_file(*state, "residents.csv", "id,name\nr-1,\"open\n");
    assert_int_equal(scrub("/nowhere", &alone, true, &lines, said), ERR_NOT_FOUND);
}

static void a_dense_list_of_many_zones_has_room(void **state)
{
    enum { ZONES = 3000 };
    static const char feature[] = "{\"type\":\"Feature\",\"properties\":{\"owner\":\"resident:r-2\"}}";
    struct buf text, out, errors;
    uint64_t lines = 0;
    (void)state;
    buf_init(&text, 1 << 20);
    buf_puts(&text, "{\"features\":[");
    for (unsigned i = 0; i < ZONES; i++)
        buf_printf(&text, "%s%s", i == 0 ? "" : ",", feature);
    buf_puts(&text, "]}");
    buf_init(&out, 2 * text.len + 1024);
    buf_init(&errors, 1024);
    assert_int_equal(
        person_scrub_text(&alone, REGISTRY_ZONE, buf_text(&text), text.len, &out, &errors, &lines), ERR_OK);
    assert_true(out.len > text.len + 1024);
    assert_int_equal(lines, 0);
    buf_release(&text);
    buf_release(&out);
    buf_release(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dense_list_of_many_zones_has_room),
        cmocka_unit_test_setup_teardown(records_go_and_the_rest_stays_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_shared_home_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_feature_goes_whatever_its_texts_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_named_and_left, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
