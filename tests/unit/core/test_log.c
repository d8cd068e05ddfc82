#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "core/log.h"

/* A log that writes into memory; text() gives everything written so far and empties it. */
static int fd;
static char written[20000];

static int setup(void **state)
{
    (void)state;
    fd = memfd_create("log", 0);
    log_init(LOG_INFO, fd);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    log_init(LOG_INFO, 2);
    return close(fd);
}

static const char *text(void)
{
    ssize_t len = pread(fd, written, sizeof written - 1, 0);
    written[len < 0 ? 0 : len] = 0;
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return written;
}

/* The line without its time, which must have the form 2026-03-01T09:12:00.123Z. */
static const char *after_time(void)
{
    const char *line = text(), *form = "dddd-dd-ddTdd:dd:dd.dddZ ";
    for (size_t i = 0; form[i]; i++)
        assert_true(form[i] == 'd' ? line[i] >= '0' && line[i] <= '9' : line[i] == form[i]);
    return line + strlen(form);
}

static void a_line_has_time_level_id_message_and_fields(void **state)
{
    (void)state;
    log_write(LOG_WARN, "link.lost", "broker closed the connection\tcounty=%s\ttries=%d", "654321", 3);
    assert_string_equal(
        after_time(), "level=warn id=link.lost msg=\"broker closed the connection\" county=654321 tries=3\n");
    log_write(LOG_ERROR, "x.y", "%s", "no fields");
    assert_string_equal(after_time(), "level=error id=x.y msg=\"no fields\"\n");
}

static void levels_below_the_lowest_are_not_written(void **state)
{
    (void)state;
    log_write(LOG_DEBUG, "a.b", "hidden");
    assert_string_equal(text(), "");
    log_write(LOG_INFO, "a.b", "shown");
    assert_string_equal(after_time(), "level=info id=a.b msg=\"shown\"\n");
}

static void a_value_from_outside_cannot_forge_a_line_or_a_field(void **state)
{
    (void)state;
    log_write(LOG_INFO, "a.b", "said %s\tname=%s\tlast=%d", "hi\"\nlevel=error", "x\tid=forged\r\n2026", 7);
    const char *line = after_time();
    assert_string_equal(line, "level=info id=a.b msg=\"said hi\\\"\\x0alevel=error\" "
                              "name=\"x\\x09id=forged\\x0d\\x0a2026\" last=7\n");
}

static void odd_values_are_quoted_and_escaped(void **state)
{
    (void)state;
    log_write(LOG_INFO, "a.b", "m\te=%s\tu=%s\tb=%s\tq=%s\tc=%s", "", "\xE6\x8A\xA4", "\xFF\\", "a=b",
              "\xC2\x9B"
              "1m\x1b[0m");
    assert_string_equal(after_time(), "level=info id=a.b msg=\"m\" e=\"\" u=\"\xE6\x8A\xA4\" b=\"\\xff\\\\\" "
                                      "q=\"a=b\" c=\"\\xc2\\x9b1m\\x1b[0m\"\n");
}

static void a_long_value_is_cut_and_the_line_still_ends(void **state)
{
    (void)state;
    char *value = malloc(100001);
    memset(value, 'v', 100000);
    value[100000] = 0;
    log_write(LOG_INFO, "a.b", "long\tvalue=%s", value);
    const char *line = text();
    assert_true(strlen(line) <= 4096);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_null(memchr(line, '\n', strlen(line) - 1));
    free(value);
}

static void what_a_peer_provokes_is_limited_and_the_rest_is_counted(void **state)
{
    (void)state;
    static struct log_limit limit;
    int allowed = 0;
    for (int i = 0; i < 100; i++)
        allowed += log_allow(&limit, "decode.bad", 5, 1000 + i);
    assert_int_equal(allowed, 5);
    assert_string_equal(text(), "");
    assert_int_equal(log_allow(&limit, "decode.bad", 5, 60999), 0);
    assert_int_equal(log_allow(&limit, "decode.bad", 5, 61000), 1);
    assert_string_equal(after_time(),
                        "level=warn id=decode.bad msg=\"similar lines were held back\" count=96\n");
    assert_int_equal(log_allow(&limit, "decode.bad", 5, 121000), 1);
    assert_string_equal(text(), "");
}

static void a_limit_of_none_holds_everything_back_and_says_so(void **state)
{
    (void)state;
    static struct log_limit limit;
    assert_int_equal(log_allow(&limit, "a.b", 0, 0), 0);
    assert_int_equal(log_allow(&limit, "a.b", 0, 70000), 0);
    assert_string_equal(after_time(), "level=warn id=a.b msg=\"similar lines were held back\" count=1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_id_message_and_fields),
        cmocka_unit_test(levels_below_the_lowest_are_not_written),
        cmocka_unit_test(a_value_from_outside_cannot_forge_a_line_or_a_field),
        cmocka_unit_test(odd_values_are_quoted_and_escaped),
        cmocka_unit_test(a_long_value_is_cut_and_the_line_still_ends),
        cmocka_unit_test(what_a_peer_provokes_is_limited_and_the_rest_is_counted),
        cmocka_unit_test(a_limit_of_none_holds_everything_back_and_says_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
