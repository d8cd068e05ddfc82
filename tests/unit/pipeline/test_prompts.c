/* The catalogue as a folder: what is shown reads back the same, every fault has its place, a clip is held to
 * its text and its bytes, and a name goes to nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "config_files.h"
#include "config_prompts.h"

static struct buf out;

static struct prompt_book *parse(const char *catalogue, const char *clips)
{
    struct prompt_book *book = NULL;
    buf_clear(&out);
    enum err err = prompts_parse(catalogue, strlen(catalogue), clips, clips ? strlen(clips) : 0, &book, &out);
    assert_int_equal(err == ERR_OK, book != NULL);
    assert_int_equal(err == ERR_OK, out.len == 0);
    return book;
}

static void refuse(const char *catalogue, const char *clips, const char *fault)
{
    assert_null(parse(catalogue, clips));
    assert_string_equal(buf_text(&out), fault);
}

#define BOTH                                                                                                 \
    "    texts:\n"                                                                                           \
    "      - {language: zh, text: 您好}\n"                                                                 \
    "      - {language: en, text: hello}\n"
#define GOOD "prompts:\n  - id: a\n" BOTH

static void what_is_shown_reads_back_the_same(void **state)
{
    (void)state;
    struct buf shown, again;
    buf_init(&shown, 1 << 20);
    buf_init(&again, 1 << 20);
    prompts_show(&prompts_builtin, &shown);
    struct prompt_book *book = parse(buf_text(&shown), NULL);
    assert_non_null(book);
    assert_int_equal(book->catalogue.count, prompts_builtin.count);
    prompts_show(&book->catalogue, &again);
    assert_string_equal(buf_text(&again), buf_text(&shown));
    assert_int_equal(strlen(book->catalogue.version), 64);
    for (size_t i = 0; i < prompts_builtin.count; i++)
        assert_memory_equal(&book->prompts[i], &prompts_builtin.prompts[i], sizeof(struct prompt));
    prompts_free(book);
    buf_release(&shown);
    buf_release(&again);
}

static void the_example_that_ships_is_the_one_compiled_in(void **state)
{
    (void)state;
    struct buf shown;
    char *text;
    size_t len;
    buf_init(&shown, 1 << 20);
    prompts_show(&prompts_builtin, &shown);
    assert_int_equal(
        config_read_file(HUYANG_TEST_DATA "/../docs/prompts/catalogue.yaml", 1 << 20, &text, &len, &out),
        ERR_OK);
    assert_int_equal(len, shown.len);
    assert_memory_equal(text, buf_text(&shown), len);
    assert_non_null(strstr(buf_text(&shown), "不听、不信、不转账、不汇款"));
    free(text);
    buf_release(&shown);
}

static void each_fault_has_its_line_and_column(void **state)
{
    (void)state;
    refuse("prompts:\n  - id: a\n    mannr: speak\n" BOTH, NULL,
           "catalogue.yaml:3:5: prompts[0].mannr: unknown key; is \"manner\" meant?\n");
    refuse("prompts:\n  - id: a\n    priority: loud\n" BOTH, NULL,
           "catalogue.yaml:3:15: prompts[0].priority: \"loud\" is none of normal, high, red\n");
    refuse("prompts:\n  - id: a\n    repeat: 0\n" BOTH, NULL,
           "catalogue.yaml:3:13: prompts[0].repeat: \"0\" is not a whole number in 1..5\n");
    refuse("prompts:\n  - id: a\n    texts: [{language: zh, text: 您好}]\n", NULL,
           "catalogue.yaml:2:5: a: needs a text in zh and one in en\n");
    refuse(GOOD "  - id: a\n" BOTH, NULL, "catalogue.yaml:6:5: two prompts have the id \"a\"\n");
    refuse("prompts:\n  - id: a\n    instead_of: b\n" BOTH, NULL,
           "catalogue.yaml:2:5: a: instead_of: \"b\" is no other prompt of this catalogue\n");
    refuse("prompts:\n  - id: a\n    level: red\n" BOTH, NULL,
           "catalogue.yaml:2:5: a: detector and level are conditions of instead_of\n");
    refuse("prompts:\n  - id: a\n    texts:\n      - {language: zh, text: \"{name}您好\"}\n"
           "      - {language: en, text: \"at {hour}\", personal: \"{nam}\"}\n",
           NULL,
           "catalogue.yaml:4:9: a/zh: {name} only in `personal`: `text` is for everybody's ears\n"
           "catalogue.yaml:5:9: a/en: text: \"{hour}\" is no placeholder; there is {time}\n"
           "catalogue.yaml:5:9: a/en: personal: \"{nam}\" is no placeholder; there are {name} and {time}\n");
    refuse(
        "prompts:\n  - id: a\n    texts:\n      - {language: zh, text: 您好, recorded: ../x.wav}\n"
        "      - {language: en, text: hello}\n",
        NULL,
        "catalogue.yaml:4:44: prompts[0].texts[0].recorded: \"../x.wav\" is not allowed: path of a .wav file "
        "below the catalogue's folder\n");
    refuse("prompts: [\n", NULL, "catalogue.yaml:2:1: not YAML: did not find expected node content\n");
}

static void a_clip_is_held_to_its_text(void **state)
{
    (void)state;
    char clips[1024], source[PROMPT_SOURCE_SIZE];
    static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct prompt_book *book = parse(GOOD, NULL);
    prompt_source(&book->prompts[0].texts[0], source);
    prompts_free(book);
    static const char line[] =
        "clips:\n  - {prompt: %s, language: zh, sha256: \"%s\", bytes: 9, duration_ms: 7, "
        "recorded: true, source: \"%s\"}\n";
    snprintf(clips, sizeof clips, line, "a", digest, source);
    book = parse(GOOD, clips);
    assert_non_null(book);
    assert_int_equal(book->prompts[0].texts[0].clip.bytes, 9);
    assert_true(book->prompts[0].texts[0].clip.recorded);
    assert_int_equal(book->prompts[0].texts[0].clip.sha256[1], 0x23);
    prompts_free(book);
    snprintf(clips, sizeof clips, line, "b", digest, source);
    refuse(
        GOOD, clips,
        "clips.yaml:2:5: b/zh: nothing that this clip would say is in the catalogue; `huyang prompts render` "
        "makes the clips anew\n");
    snprintf(clips, sizeof clips, line, "a", digest, digest);
    refuse(
        GOOD, clips,
        "clips.yaml:2:5: a/zh: the text has changed since this clip was made; `huyang prompts render` makes "
        "the clips anew\n");
    snprintf(clips, sizeof clips, line, "a", "xyz", source);
    assert_null(parse(GOOD, clips));
    assert_non_null(strstr(buf_text(&out), "clips.yaml:2:"));
}

static void a_folder_with_a_damaged_sound_is_refused(void **state)
{
    (void)state;
    char folder[FOLDER_PATH], path[256], hex[PROMPT_SOURCE_SIZE], source[PROMPT_SOURCE_SIZE];
    uint8_t digest[SHA256_SIZE];
    struct prompt_book *book = parse(GOOD, NULL);
    prompt_source(&book->prompts[0].texts[0], source);
    prompts_free(book);
    folder_new(folder);
    hash_sha256("sound", 5, digest);
    hash_hex(digest, sizeof digest, hex);
    snprintf(path, sizeof path, "%s/catalogue.yaml", folder);
    FILE *file = fopen(path, "w");
    fputs(GOOD, file);
    fclose(file);
    snprintf(path, sizeof path, "%s/clips", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/clips.yaml", folder);
    file = fopen(path, "w");
    fprintf(
        file,
        "clips:\n  - {prompt: a, language: zh, sha256: \"%s\", bytes: 5, duration_ms: 7, recorded: false, "
        "source: \"%s\"}\n",
        hex, source);
    fclose(file);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/clips/%s.wav", folder, hex);
        file = fopen(path, "w");
        fputs(i == 0 ? "soune" : "sound", file);
        fclose(file);
        buf_clear(&out);
        book = NULL;
        assert_int_equal(prompts_load(folder, true, &book, &out), i == 0 ? ERR_INVALID : ERR_OK);
        if (i == 0)
            assert_non_null(
                strstr(buf_text(&out), "clips.yaml:2:5: a/zh: its file in clips/ is missing or damaged"));
        prompts_free(book);
    }
    buf_clear(&out);
    unlink(path);
    assert_int_equal(prompts_load(folder, true, &book, &out), ERR_INVALID);
    assert_int_equal(prompts_load(folder, false, &book, &out), ERR_OK);
    assert_int_equal(book->clip_count, 0);
    prompts_free(book);
    folder_remove(folder);
    assert_int_equal(access(folder, F_OK), -1);
}

static void a_text_is_filled_or_not_at_all(void **state)
{
    (void)state;
    char text[PROMPT_TEXT_SIZE], long_text[PROMPT_TEXT_SIZE];
    assert_true(prompt_fill("{name}，现在{time}", "王奶奶", "8:05", text));
    assert_string_equal(text, "王奶奶，现在8:05");
    assert_false(prompt_fill("{name}!", "", "8:05", text));
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    assert_true(prompt_fill(long_text, "n", "t", text));
    memcpy(long_text, "{name}", 6);
    assert_false(prompt_fill(long_text, "longer", "t", text) && strlen(text) > PROMPT_TEXT_MAX);
    assert_false(prompt_fill(long_text, "longer than it was", "t", text));
    assert_int_equal(prompt_bad_hole("a } b", true), 2);
    assert_int_equal(prompt_bad_hole("{time} {name}", true), -1);
    assert_int_equal(prompt_bad_hole("{time} {name}", false), 7);
}

static void quiet_hours_are_found_to_the_minute(void **state)
{
    (void)state;
    const struct prompt_quiet quiet = {
        .from_minute = 21 * 60, .to_minute = 7 * 60, .rest_from_minute = 12 * 60, .rest_to_minute = 870};
    const int64_t day = 1772409600000; /* midnight UTC */
    assert_true(prompt_is_quiet(&quiet, NULL, day + 6 * 3600000));
    assert_int_equal(prompt_quiet_change_ms(&quiet, NULL, day + 6 * 3600000 + 1, false) - day, 7 * 3600000);
    assert_int_equal(prompt_quiet_change_ms(&quiet, NULL, day + 8 * 3600000, true) - day, 12 * 3600000);
    assert_int_equal(prompt_quiet_change_ms(&quiet, NULL, day + 8 * 3600000, false) - day, 8 * 3600000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_reads_back_the_same),
        cmocka_unit_test(the_example_that_ships_is_the_one_compiled_in),
        cmocka_unit_test(each_fault_has_its_line_and_column),
        cmocka_unit_test(a_clip_is_held_to_its_text),
        cmocka_unit_test(a_folder_with_a_damaged_sound_is_refused),
        cmocka_unit_test(a_text_is_filled_or_not_at_all),
        cmocka_unit_test(quiet_hours_are_found_to_the_minute),
    };
    buf_init(&out, 1 << 16);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_release(&out);
    return failed;
}
