#include "fixture.h"

#include "relay/verdict.h"

static struct verdict answer(enum channel channel, int status, const char *body)
{
    struct outbox_row row = {.channel = (uint8_t)channel};
    struct transport_reply reply = {
        .status = status, .error = status ? "" : "timed out", .body = body, .len = strlen(body)};
    return verdict_of(&row, "654321", &reply);
}

static void every_status_has_its_meaning(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++) {
        enum verdict_kind kind = answer(CHANNEL_WEBHOOK, status, "").kind;
        bool transient = status == 408 || status == 425 || status == 429;
        enum verdict_kind expected = status >= 200 && status < 300                 ? VERDICT_TAKEN
                                     : status >= 400 && status < 500 && !transient ? VERDICT_REJECTED
                                                                                   : VERDICT_RETRY;
        assert_int_equal(kind, expected);
    }
    assert_int_equal(answer(CHANNEL_CAP, 0, "").kind, VERDICT_RETRY);
    assert_string_equal(answer(CHANNEL_CAP, 0, "").reason, "timed out");
}

static void only_a_cap_receivers_word_is_an_acceptance(void **state)
{
    (void)state;
    assert_int_equal(answer(CHANNEL_CAP, 200, "{\"state\":\"accepted\"}").kind, VERDICT_ACCEPTED);
    assert_int_equal(answer(CHANNEL_WEBHOOK, 200, "{\"state\":\"accepted\"}").kind, VERDICT_TAKEN);
    assert_int_equal(answer(CHANNEL_CAP, 200, "").kind, VERDICT_TAKEN);
    assert_int_equal(answer(CHANNEL_CAP, 200, "ok").kind, VERDICT_TAKEN);
    assert_int_equal(answer(CHANNEL_CAP, 200, "{\"state\":\"maybe\"}").kind, VERDICT_TAKEN);
    assert_int_equal(answer(CHANNEL_CAP, 200, "[\"accepted\"]").kind, VERDICT_TAKEN);
    assert_int_equal(answer(CHANNEL_CAP, 200, "{\"state\":\"accepted\",\"state\":\"rejected\"}").kind,
                     VERDICT_TAKEN);
}

static void an_acceptance_on_an_error_status_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(answer(CHANNEL_CAP, 500, "{\"state\":\"accepted\"}").kind, VERDICT_RETRY);
    assert_int_equal(answer(CHANNEL_CAP, 404, "{\"state\":\"accepted\"}").kind, VERDICT_REJECTED);
}

static void a_cut_body_says_nothing(void **state)
{
    (void)state;
    struct outbox_row row = {.channel = CHANNEL_CAP};
    const char *body = "{\"state\":\"accepted\"}";
    struct transport_reply reply = {
        .status = 200, .error = "", .body = body, .len = strlen(body), .cut = true};
    assert_int_equal(verdict_of(&row, "654321", &reply).kind, VERDICT_TAKEN);
}

static void a_hostile_reason_becomes_one_short_clean_line(void **state)
{
    (void)state;
    struct verdict verdict = answer(
        CHANNEL_WEBHOOK, 200, "{\"state\":\"rejected\",\"reason\":\"a\\nlevel=error\\tid=forged\\u007f\"}");
    assert_int_equal(verdict.kind, VERDICT_REJECTED);
    assert_string_equal(verdict.reason, "a level=error id=forged ");
    struct buf body;
    buf_init(&body, 4096);
    buf_puts(&body, "{\"state\":\"rejected\",\"reason\":\"");
    for (unsigned i = 0; i < 100; i++)
        buf_puts(&body, "护");
    buf_puts(&body, "\"}");
    for (int status = 200; status <= 404; status += 204) {
        verdict = answer(CHANNEL_WEBHOOK, status, buf_text(&body));
        assert_int_equal(verdict.kind, VERDICT_REJECTED);
        assert_true(strlen(verdict.reason) < VERDICT_REASON_SIZE);
        assert_true(text_is_utf8(verdict.reason, strlen(verdict.reason), NULL));
        assert_non_null(strstr(verdict.reason, "护"));
    }
    buf_release(&body);
    assert_string_equal(answer(CHANNEL_WEBHOOK, 200, "{\"state\":\"rejected\"}").reason, "no reason given");
}

static void retry_after_is_capped(void **state)
{
    (void)state;
    struct outbox_row row = {.channel = CHANNEL_WEBHOOK};
    struct transport_reply reply = {.status = 503, .error = "", .body = "", .retry_after_s = 86400};
    assert_int_equal(verdict_of(&row, "654321", &reply).retry_after_s, RETRY_AFTER_MAX_S);
    reply.retry_after_s = 7;
    assert_int_equal(verdict_of(&row, "654321", &reply).retry_after_s, 7);
}

static void an_ack_of_a_machine_is_taken_and_never_accepted(void **state)
{
    (void)state;
    struct verdict verdict = verdict_of_dc09(DC09_STATE_TAKEN, "");
    assert_int_equal(verdict.kind, VERDICT_TAKEN);
    verdict = verdict_of_dc09(DC09_STATE_REFUSED, "DUH");
    assert_int_equal(verdict.kind, VERDICT_ELSEWHERE);
    assert_string_equal(verdict.reason, "DUH");
    verdict = verdict_of_dc09(DC09_STATE_UNANSWERED, "no connection");
    assert_int_equal(verdict.kind, VERDICT_RETRY);
    assert_string_equal(verdict.reason, "no connection");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_of_a_machine_is_taken_and_never_accepted),
        cmocka_unit_test(every_status_has_its_meaning),
        cmocka_unit_test(only_a_cap_receivers_word_is_an_acceptance),
        cmocka_unit_test(an_acceptance_on_an_error_status_does_not_count),
        cmocka_unit_test(a_cut_body_says_nothing),
        cmocka_unit_test(a_hostile_reason_becomes_one_short_clean_line),
        cmocka_unit_test(retry_after_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
