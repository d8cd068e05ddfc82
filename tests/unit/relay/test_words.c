/* What is reported has a name of its own for people, in both languages, on paper and on the desk. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "relay/words.h"

enum { FILE_MAX = 1 << 17 };

static void every_detector_has_words_for_people(void **state)
{
    (void)state;
    for (unsigned i = 0; i < detector_count(); i++) {
        const struct words_facts facts = {.detector = detectors[i]->name}, none = {.detector = ""};
        uint8_t family = (uint8_t)detectors[i]->family;
        for (int zh = 0; zh < 2; zh++)
            assert_string_not_equal(words_event(&facts, family, zh), words_event(&none, family, zh));
    }
}

static void the_desk_knows_every_detector(void **state)
{
    (void)state;
    static char text[FILE_MAX];
    FILE *file = fopen(HUYANG_TEST_DATA "/../gateway/console/src/words.ts", "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_true(len > 0 && len < sizeof text - 1);
    text[len] = 0;
    const char *names = strstr(text, "detector: {");
    assert_non_null(names);
    for (unsigned i = 0; i < detector_count(); i++) {
        char quoted[80], plain[80];
        snprintf(quoted, sizeof quoted, "\"%s\": [", detectors[i]->name);
        snprintf(plain, sizeof plain, " %s: [", detectors[i]->name);
        if (!strstr(names, quoted) && !strstr(names, plain))
            fail_msg("words.ts has no name for %s", detectors[i]->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_detector_has_words_for_people),
        cmocka_unit_test(the_desk_knows_every_detector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
