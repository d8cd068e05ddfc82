#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/topic.h"

static struct topic good(const char *text)
{
    struct topic topic;
    /* Not terminated: a read past the end is seen by the sanitizer. */
    size_t len = strlen(text);
    char *copy = test_malloc(len);
    memcpy(copy, text, len);
    if (topic_parse(copy, len, &topic) != ERR_OK)
        fail_msg("refused: %s", text);
    test_free(copy);
    return topic;
}

static void what_a_device_sends_is_recognised(void **state)
{
    struct topic topic = good("huyang/v1/500101/wb-0001/urgent");

    (void)state;
    assert_int_equal(topic.kind, TOPIC_URGENT);
    assert_string_equal(topic.county, "500101");
    assert_string_equal(topic.device, "wb-0001");
    assert_int_equal(good("huyang/v1/500101/cam_2/routine").kind, TOPIC_ROUTINE);
    assert_int_equal(good("huyang/v1/500101/cam_2/link").kind, TOPIC_LINK);
    assert_string_equal(good("huyang/v1/gateway/huyang-1/beat").device, "huyang-1");
    assert_int_equal(good("huyang/v1/gateway/huyang-1/beat").kind, TOPIC_BEAT);
    assert_string_equal(good("huyang/v1/gateway/huyang-1/beat").county, "");
    assert_int_equal(good("huyang/v1/500101/clock").kind, TOPIC_CLOCK);
    assert_string_equal(good("huyang/v1/500101/clock").county, "500101");
}

static void our_own_downward_topics_are_of_no_interest(void **state)
{
    (void)state;
    assert_int_equal(good("huyang/v1/500101/wb-0001/ack").kind, TOPIC_OTHER);
    assert_int_equal(good("huyang/v1/500101/wb-0001/command").kind, TOPIC_OTHER);
    assert_int_equal(good("huyang/v1/500101/gateway").kind, TOPIC_OTHER);
    assert_int_equal(good("huyang/v1/500101/clock/reached").kind, TOPIC_OTHER);
}

static void a_device_may_be_called_like_a_word_of_ours(void **state)
{
    (void)state;
    assert_int_equal(good("huyang/v1/500101/gateway/urgent").kind, TOPIC_URGENT);
    assert_string_equal(good("huyang/v1/500101/clock/link").device, "clock");
}

static void anything_of_another_shape_is_refused_and_the_output_untouched(void **state)
{
    static const char *const wrong[] = {
        "",
        "huyang",
        "huyang/v1/",
        "huyang/v1/500101",
        "huyang/v1/500101/",
        "huyang/v1/500101/wb",
        "huyang/v1/500101//urgent",
        "huyang/v1/500101/wb/urgent/",
        "huyang/v1/500101/wb/urgent/more",
        "huyang/v1/50010/wb/urgent",
        "huyang/v1/5001011/wb/urgent",
        "huyang/v1/50010a/wb/urgent",
        "huyang/v1/500101/w b/urgent",
        "huyang/v1/500101/wb\xc3\xa9/urgent",
        "huyang/v1/500101/+/urgent",
        "huyang/v1/500101/wb/#",
        "huyang/v1/500101/wb/",
        "huyang/v2/500101/wb/urgent",
        "Huyang/v1/500101/wb/urgent",
        "/huyang/v1/500101/wb/urgent",
        "huyang/v1/gateway//beat",
        "huyang/v1/gateway/a b/beat",
        "huyang/v1/gateway/x/urgent",
        "huyang/v1/gateway/x",
        "$SYS/broker/uptime",
        "huyang/v1/500101/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/urgent",
    };
    struct topic topic, before;

    (void)state;
    memset(&topic, 0x5a, sizeof(topic));
    before = topic;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (topic_parse(wrong[i], strlen(wrong[i]), &topic) != ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
        assert_memory_equal(&topic, &before, sizeof(topic));
    }
    assert_int_equal(topic_parse("huyang/v1/500101/w\0b/urgent", 27, &topic), ERR_INVALID);
}

static void built_topics_are_those_of_the_contract_and_parse_again(void **state)
{
    char longest[ID_SIZE], text[TOPIC_SIZE];
    struct topic topic;

    (void)state;
    memset(longest, 'x', ID_MAX);
    longest[ID_MAX] = '\0';
    topic_ack("500101", "wb-0001", text);
    assert_string_equal(text, "huyang/v1/500101/wb-0001/ack");
    topic_command("500101", longest, text);
    assert_int_equal(topic_parse(text, strlen(text), &topic), ERR_OK);
    assert_string_equal(topic.device, longest);
    topic_gateway("500101", text);
    assert_string_equal(text, "huyang/v1/500101/gateway");
    topic_beat("huyang", text);
    assert_string_equal(text, "huyang/v1/gateway/huyang/beat");
    topic_clock_reached("500101", text);
    assert_string_equal(text, "huyang/v1/500101/clock/reached");
    topic_filter("500101", TOPIC_URGENT, text);
    assert_string_equal(text, "huyang/v1/500101/+/urgent");
    topic_filter("500101", TOPIC_ROUTINE, text);
    assert_string_equal(text, "huyang/v1/500101/+/routine");
    topic_filter("500101", TOPIC_LINK, text);
    assert_string_equal(text, "huyang/v1/500101/+/link");
    topic_filter("500101", TOPIC_CLOCK, text);
    assert_string_equal(text, "huyang/v1/500101/clock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_device_sends_is_recognised),
        cmocka_unit_test(our_own_downward_topics_are_of_no_interest),
        cmocka_unit_test(a_device_may_be_called_like_a_word_of_ours),
        cmocka_unit_test(anything_of_another_shape_is_refused_and_the_output_untouched),
        cmocka_unit_test(built_topics_are_those_of_the_contract_and_parse_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
