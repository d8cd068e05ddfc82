/* A command's bytes and back: what is to be said, for those who are no devices of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay/command.h"

static struct command_out prompt(void)
{
    return (struct command_out){.id = {.bytes = {0xab, 1}},
                                .ttl_s = 60,
                                .expires_ms = 1772323200000,
                                .gateway_time_ms = 1772323140000,
                                .priority = PROMPT_RED,
                                .exercise = true,
                                .kind = COMMAND_PROMPT,
                                .prompt_id = "sos-heard",
                                .language = "zh-sichuan",
                                .text = "请坐，有人来。",
                                .repeat = 1};
}

static enum err words_of(const struct command_out *command, struct command_words *words)
{
    struct buf out;
    buf_init(&out, 2048);
    assert_int_equal(command_encode(command, &out), ERR_OK);
    const enum err err = command_words(out.data, out.len, words);
    buf_release(&out);
    return err;
}

static void a_prompt_says_its_text(void **state)
{
    const struct command_out command = prompt();
    struct command_words words;
    (void)state;
    assert_int_equal(words_of(&command, &words), ERR_OK);
    assert_memory_equal(&words.id, &command.id, sizeof(words.id));
    assert_string_equal(words.text, command.text);
    assert_string_equal(words.language, "zh-sichuan");
    assert_true(words.exercise);
}

static void a_notice_says_what_its_prompt_would(void **state)
{
    struct command_out command = prompt();
    struct command_words words;
    (void)state;
    command.kind = COMMAND_NOTICE;
    command.notice = COMMAND_HELP_COMING;
    assert_int_equal(words_of(&command, &words), ERR_OK);
    assert_string_equal(words.text, prompt_find(NULL, "help-told")->texts[0].text);
    assert_string_equal(words.language, "zh");
}

static void other_bytes_are_none(void **state)
{
    struct command_words words;
    (void)state;
    assert_int_equal(command_words("\xff\xff", 2, &words), ERR_INVALID);
    assert_int_equal(command_words("", 0, &words), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prompt_says_its_text),
        cmocka_unit_test(a_notice_says_what_its_prompt_would),
        cmocka_unit_test(other_bytes_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
