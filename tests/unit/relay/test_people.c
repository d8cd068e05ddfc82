/* What people get: texts, operators' requests, robots' bodies and mails, each with an exact body; and what
 * the other side's words mean. */
#include "fixture.h"

#include "../folder.h"

#include "core/json.h"
#include "relay/link.h"
#include "relay/mail.h"
#include "relay/message.h"
#include "relay/operator.h"
#include "relay/robots.h"

static void to_contact(struct fixture *f, const char *resident, const char *contact, enum way way)
{
    fixture_alert(f, resident, "sos", JOB_NOTIFY);
    f->job.role = ROLE_FAMILY;
    f->job.recipient = number_of(f, REGISTRY_CONTACT, contact);
    f->job.recipient_is_contact = 1;
    snprintf(f->job.prompt, sizeof f->job.prompt, "%s", way_receiver(way));
}

static void with_operator(struct fixture *f, enum way way, bool form)
{
    f->settings.operator_count = 1;
    f->settings.operators[0] = (struct operator_settings){
        .way = (uint8_t)way,
        .form = form,
        .url = "https://operator.invalid/send",
        .success = "code=0",
        .reply_id = "data.0.sid",
        .status_id = "ref",
        .status_code = "status",
        .status_key = "key",
        .field_count = 3,
        .fields = {{"to", "{phone}"}, {"content", "【护阳】{text}"}, {"ref", "{id}"}},
        .code_count = 4,
        .codes = {{"0", OPERATOR_DELIVERED},
                  {"1", OPERATOR_ANSWERED},
                  {"BUSY", OPERATOR_FAILED},
                  {"W", OPERATOR_PENDING}},
    };
    snprintf(f->settings.link_url, sizeof f->settings.link_url, "https://h.example.cn");
}

static void an_sms_is_the_golden_request(void **state)
{
    struct fixture *f = *state;
    to_contact(f, "r-1", "c-1", WAY_SMS);
    with_operator(f, WAY_SMS, false);
    render(f);
    assert_string_equal(f->why, "");
    assert_int_equal(f->row.channel, CHANNEL_SMS);
    assert_string_equal(f->row.target_name, ":sms");
    assert_golden(f, "sms.json", false);
}

static void a_call_is_the_golden_form(void **state)
{
    struct fixture *f = *state;
    to_contact(f, "r-1", "c-1", WAY_VOICE);
    with_operator(f, WAY_VOICE, true);
    render(f);
    assert_string_equal(f->why, "");
    assert_int_equal(f->row.channel, CHANNEL_VOICE);
    assert_golden(f, "voice.form", false);
}

static void a_mail_is_the_golden_message(void **state)
{
    struct fixture *f = *state;
    to_contact(f, "r-1", "c-1", WAY_EMAIL);
    with_operator(f, WAY_SMS, false);
    snprintf(f->settings.mail.url, sizeof f->settings.mail.url, "smtp://mail.invalid:587");
    snprintf(f->settings.mail.from, sizeof f->settings.mail.from, "huyang@example.cn");
    render(f);
    assert_string_equal(f->why, "");
    assert_int_equal(f->row.channel, CHANNEL_EMAIL);
    char to[64];
    assert_true(mail_recipient(f->row.body, f->row.len, to, sizeof to));
    assert_string_equal(to, "zhang@example.com");
    assert_golden(f, "mail.eml", false);
    /* Whoever has no address cannot be told this way, and says so. */
    to_contact(f, "r-2", "c-2", WAY_EMAIL);
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, "no e-mail address");
}

static void many_become_one_that_says_how_many(void **state)
{
    struct fixture *f = *state;
    to_contact(f, "r-1", "c-1", WAY_SMS);
    with_operator(f, WAY_SMS, false);
    f->job.attempt = 5;
    f->job.level = LEVEL_ORANGE;
    render(f);
    assert_string_equal(
        f->row.body, "{\"to\":\"13800000001\",\"content\":\"【护阳】近10分钟另有5条提醒未逐条发送，最高为"
                     "橙色（待核实）。请登录平台逐条查看。\",\"ref\":\"5e8c9902207afaeb7120430c585a445f\"}");
}

static void robots_get_their_golden_bodies(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum preset preset;
        enum channel channel;
        const char *golden;
    } robots[] = {{PRESET_WECOM, CHANNEL_WECOM, "wecom.json"},
                  {PRESET_DINGTALK, CHANNEL_DINGTALK, "dingtalk.json"},
                  {PRESET_NTFY, CHANNEL_NTFY, "ntfy.json"}};
    for (size_t i = 0; i < sizeof robots / sizeof robots[0]; i++) {
        to_contact(f, "r-1", "c-1", WAY_APP);
        with_operator(f, WAY_SMS, false);
        f->settings.webhooks[1].preset = (uint8_t)robots[i].preset;
        snprintf(f->settings.webhooks[1].url, sizeof f->settings.webhooks[1].url,
                 "https://n.invalid/topic-1");
        render(f);
        assert_string_equal(f->why, "");
        assert_int_equal(f->row.channel, robots[i].channel);
        assert_golden(f, robots[i].golden, false);
    }
}

static void the_recipient_s_language_goes_before_the_county_s(void **state)
{
    struct fixture *f = *state;
    to_contact(f, "r-2", "c-2", WAY_SMS);
    with_operator(f, WAY_SMS, false);
    render(f);
    assert_non_null(strstr(f->row.body, "to be verified"));
    to_contact(f, "r-1", "c-1", WAY_SMS);
    render(f);
    assert_non_null(strstr(f->row.body, "待核实"));
    snprintf(f->settings.people_language, sizeof f->settings.people_language, "en");
    render(f);
    assert_non_null(strstr(f->row.body, "to be verified"));
}

static void an_sms_keeps_to_its_parts_and_never_loses_its_link(void **state)
{
    struct fixture *f = *state;
    struct buf text;
    buf_init(&text, 65536);
    with_operator(f, WAY_SMS, false);
    for (size_t len = 0; len + 8 < sizeof f->settings.link_url; len += 20) {
        to_contact(f, "r-1", "c-1", WAY_SMS);
        snprintf(
            f->settings.link_url, sizeof f->settings.link_url, "https://%.*s", (int)len,
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        buf_clear(&text);
        message_sms(&f->context, &f->alert, &f->job, &text);
        assert_false(text.failed);
        assert_true(message_units(buf_text(&text)) <= SMS_PARTS_MAX * SMS_PART_UNITS);
        assert_non_null(strstr(buf_text(&text), "/a/" LINK_HOLE));
    }
    buf_release(&text);
    assert_int_equal(message_units("a"), 1);
    assert_int_equal(message_units("护阳"), 2);
    assert_int_equal(message_units("\xF0\x9F\x98\x80"), 2);
}

static void a_message_about_a_clue_says_so_and_has_nothing_to_take(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint8_t step;
        const char *zh, *en;
    } cases[] = {{LEDGER_STEP_ASSIGNED, "线索由您负责", "Clue assigned to you"},
                 {LEDGER_STEP_OVERDUE, "线索逾期未结", "Clue overdue"}};
    struct buf text;
    buf_init(&text, 65536);
    with_operator(f, WAY_SMS, false);
    snprintf(f->settings.link_url, sizeof f->settings.link_url, "https://a.example");
    for (unsigned i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        bool zh = i % 2 == 0;
        to_contact(f, "r-1", "c-1", WAY_SMS);
        snprintf(f->settings.people_language, sizeof f->settings.people_language, zh ? "zh" : "en");
        f->job.step = cases[i / 2].step;
        buf_clear(&text);
        message_sms(&f->context, &f->alert, &f->job, &text);
        assert_int_equal(strncmp(buf_text(&text), zh ? cases[i / 2].zh : cases[i / 2].en,
                                 strlen(zh ? cases[i / 2].zh : cases[i / 2].en)),
                         0);
        assert_non_null(strstr(buf_text(&text), zh ? "台账" : "ledger of clues"));
        assert_null(strstr(buf_text(&text), LINK_HOLE));
        buf_clear(&text);
        message_chat(&f->context, &f->alert, &f->job, 4096, &text);
        assert_non_null(strstr(buf_text(&text), zh ? cases[i / 2].zh : cases[i / 2].en));
        assert_null(strstr(buf_text(&text), LINK_HOLE));
    }
    buf_release(&text);
}

static void below_orange_nobody_is_called_in_the_quiet_hours(void **state)
{
    struct fixture *f = *state;
    fixture_alert(f, "r-1", "unknown-visitor", JOB_NOTIFY);
    f->job.role = ROLE_FAMILY;
    f->job.recipient = number_of(f, REGISTRY_CONTACT, "c-1");
    f->job.recipient_is_contact = 1;
    snprintf(f->job.prompt, sizeof f->job.prompt, ":voice");
    with_operator(f, WAY_VOICE, true);
    f->context.t_ms = MIDNIGHT_MS;
    for (unsigned level = LEVEL_GREEN; level < LEVEL_COUNT; level++) {
        f->job.level = (uint8_t)level;
        render(f);
        assert_string_equal(f->why, level < LEVEL_ORANGE ? "quiet hours" : "");
    }
}

static void hostile_names_stay_inside_the_request(void **state)
{
    struct fixture *f = *state;
    to_contact(f, "r-2", "c-2", WAY_SMS);
    with_operator(f, WAY_SMS, false);
    render(f);
    struct json *root = NULL;
    assert_int_equal(json_parse(f->row.body, f->row.len, &root, NULL), ERR_OK);
    assert_int_equal(json_count(root), 3);
    assert_string_equal(json_string(json_get(root, "to")), "+86 138 0000 0002");
    assert_non_null(strstr(json_string(json_get(root, "content")), "<李>&\"四]]>'"));
    json_free(root);
    f->settings.operators[0].form = true;
    render(f);
    unsigned ampersands = 0;
    for (size_t i = 0; i < f->row.len; i++) {
        ampersands += f->row.body[i] == '&';
        assert_true((unsigned char)f->row.body[i] > 0x20 && (unsigned char)f->row.body[i] < 0x7F);
    }
    assert_int_equal(ampersands, 2);
}

static void an_operator_s_reply_is_read_by_its_members(void **state)
{
    struct fixture *f = *state;
    const struct operator_settings *settings = &f->settings.operators[0];
    char ref[OPERATOR_REF_SIZE], why[64];
    with_operator(f, WAY_SMS, false);
    static const struct {
        const char *body;
        enum operator_answer answer;
        const char *ref;
    } cases[] = {
        {"{\"code\":0,\"data\":[{\"sid\":\"x-1\"}]}", OPERATOR_TOOK, "x-1"},
        {"{\"code\":\"0\",\"data\":[{\"sid\":17}]}", OPERATOR_TOOK, "17"},
        {"{\"code\":0}", OPERATOR_TOOK, ""},
        {"{\"code\":1,\"data\":[]}", OPERATOR_REFUSED, ""},
        {"{\"code\":\"isv.LIMIT\\n\"}", OPERATOR_REFUSED, ""},
        {"{\"other\":0}", OPERATOR_UNCLEAR, ""},
        {"{\"code\":{}}", OPERATOR_UNCLEAR, ""},
        {"<html>", OPERATOR_UNCLEAR, ""},
        {"", OPERATOR_UNCLEAR, ""},
        {"[]", OPERATOR_UNCLEAR, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(operator_reply(settings, cases[i].body, strlen(cases[i].body), ref, why),
                         cases[i].answer);
        assert_string_equal(ref, cases[i].ref);
        assert_int_equal(why[0] != 0, cases[i].answer != OPERATOR_TOOK);
        assert_null(strchr(why, '\n'));
    }
    f->settings.operators[0].success[0] = 0;
    assert_int_equal(operator_reply(settings, "ok", 2, ref, why), OPERATOR_TOOK);
}

static void what_calls_a_message_off_is_filled_in_and_needs_the_id_it_asks_for(void **state)
{
    struct fixture *f = *state;
    struct operator_settings *settings = &f->settings.operators[0];
    const struct operator_values values = {.id = "ours", .ref = "their\"s"};
    struct buf body;
    buf_init(&body, 256);
    with_operator(f, WAY_VOICE, false);
    assert_false(operator_may_cancel(settings, "theirs"));
    snprintf(settings->cancel_url, sizeof settings->cancel_url, "https://operator.invalid/cancel/{id}");
    assert_true(operator_may_cancel(settings, ""));
    operator_cancel_body(settings, &values, &body);
    assert_int_equal(body.len, 0);
    settings->cancel_field_count = 1;
    settings->cancel_fields[0] = (struct operator_field){"callId", "{ref}"};
    assert_false(operator_may_cancel(settings, ""));
    assert_true(operator_may_cancel(settings, "theirs"));
    operator_cancel_body(settings, &values, &body);
    assert_string_equal(buf_text(&body), "{\"callId\":\"their\\\"s\"}");
    settings->form = true;
    buf_clear(&body);
    operator_cancel_body(settings, &values, &body);
    assert_string_equal(buf_text(&body), "callId=their%22s");
    buf_release(&body);
}

static void an_operator_s_codes_and_keys_mean_what_is_configured(void **state)
{
    struct fixture *f = *state;
    static struct operator_status statuses[OPERATOR_REPORTS_MAX];
    static const struct {
        const char *body;
        enum delivery_state call, sms;
    } cases[] = {
        {"{\"ref\":\"a\",\"status\":\"0\"}", DELIVERY_DELIVERED, DELIVERY_DELIVERED},
        {"[{\"ref\":\"a\",\"status\":1}]", DELIVERY_PLAYING, DELIVERY_DELIVERED},
        {"ref=a&status=BUSY", DELIVERY_FAILED, DELIVERY_FAILED},
        {"status=1&key=1&ref=a", DELIVERY_ACCEPTED, DELIVERY_DELIVERED},
        {"{\"ref\":\"a\",\"status\":\"W\",\"key\":\"2\"}", DELIVERY_REJECTED, DELIVERY_COUNT},
        {"{\"ref\":\"a\",\"status\":\"never heard of\",\"key\":\"9\"}", DELIVERY_COUNT, DELIVERY_COUNT},
        {"{\"ref\":\"a\",\"key\":\"11\"}", DELIVERY_COUNT, DELIVERY_COUNT},
    };
    char reason[64];
    size_t count;
    for (unsigned call = 0; call < 2; call++) {
        with_operator(f, call ? WAY_VOICE : WAY_SMS, false);
        const struct operator_settings *settings = &f->settings.operators[0];
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            assert_true(operator_report(settings, cases[i].body, strlen(cases[i].body), statuses, &count));
            assert_int_equal(count, 1);
            assert_string_equal(statuses[0].id, "a");
            assert_int_equal(operator_delivery(settings, &statuses[0], reason),
                             call ? cases[i].call : cases[i].sms);
        }
        static const char *const none[] = {"",         "{}",      "[]", "ref=",   "ref=%00",
                                           "ref=%",    "ref=%zz", "7",  "[[[]]]", "{\"ref\":null}",
                                           "\xff\xfe", "ref=\xff"};
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
            assert_false(operator_report(settings, none[i], strlen(none[i]), statuses, &count));
            assert_int_equal(count, 0);
        }
    }
}

static void robots_say_no_with_a_200(void **state)
{
    (void)state;
    static const struct {
        enum channel channel;
        const char *body;
        enum robot_answer answer;
    } cases[] = {
        {CHANNEL_WECOM, "{\"errcode\":0,\"errmsg\":\"ok\"}", ROBOT_TOOK},
        {CHANNEL_WECOM, "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}", ROBOT_REFUSED},
        {CHANNEL_WECOM, "{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}", ROBOT_LIMITED},
        {CHANNEL_DINGTALK, "{\"errcode\":0,\"errmsg\":\"ok\"}", ROBOT_TOOK},
        {CHANNEL_DINGTALK, "{\"errcode\":310000,\"errmsg\":\"sign not match\"}", ROBOT_REFUSED},
        {CHANNEL_DINGTALK, "{\"errcode\":130101}", ROBOT_LIMITED},
        {CHANNEL_DINGTALK, "<html>", ROBOT_LIMITED},
        {CHANNEL_WECOM, "{}", ROBOT_LIMITED},
        {CHANNEL_NTFY, "{\"id\":\"x\"}", ROBOT_TOOK},
    };
    char why[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(robot_answer(cases[i].channel, cases[i].body, strlen(cases[i].body), why),
                         cases[i].answer);
}

/* The sign was computed by another implementation (Python's hmac, base64 and urllib). */
static void dingtalk_is_signed_as_its_makers_ask(void **state)
{
    (void)state;
    struct buf url;
    buf_init(&url, 1024);
    robot_dingtalk_url("https://oapi.invalid/robot/send?access_token=t", "SECabc", 6, INT64_C(1577262236757),
                       &url);
    assert_string_equal(buf_text(&url),
                        "https://oapi.invalid/robot/send?access_token=t&timestamp=1577262236757"
                        "&sign=I5TKCOTTj6fad4sJ4q9RsIffw0PAChVQZQGTdtRbNEQ%3D");
    buf_clear(&url);
    robot_dingtalk_url("https://oapi.invalid/robot/send", "", 0, 1, &url);
    assert_string_equal(buf_text(&url), "https://oapi.invalid/robot/send");
    buf_clear(&url);
    robot_ntfy_url("https://ntfy.invalid:8443/topic", &url);
    assert_string_equal(buf_text(&url), "https://ntfy.invalid:8443/");
    buf_release(&url);
}

static void headers_of_a_mail_are_encoded_in_short_words(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    mail_header("plain text", &out);
    assert_string_equal(buf_text(&out), "plain text");
    buf_clear(&out);
    mail_header("红色：一键求助", &out);
    assert_string_equal(buf_text(&out), "=?UTF-8?B?57qi6Imy77ya5LiA6ZSu5rGC5Yqp?=");
    buf_clear(&out);
    mail_header("红色：一键求助（待核实）：张三（78岁）、李四（80岁），测试县测试镇测试村一组", &out);
    for (const char *line = buf_text(&out); line;) {
        const char *end = strstr(line, "\r\n");
        assert_true((end ? (size_t)(end - line) : strlen(line)) <= 76);
        line = end ? end + 2 : NULL;
    }
    buf_clear(&out);
    mail_quoted("a=b \n.\n护" LINK_HOLE
                "\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" LINK_HOLE "y",
                &out);
    assert_non_null(strstr(buf_text(&out), "a=3Db=20\r\n=2E\r\n=E6=8A=A4" LINK_HOLE "\r\n"));
    assert_non_null(strstr(buf_text(&out), "x=\r\n" LINK_HOLE "y"));
    buf_release(&out);
    assert_true(mail_is_address("a.b+c@example.com"));
    static const char *const none[] = {
        "", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "<a@b>", "-a@b", "a@b,c@d"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(mail_is_address(none[i]));
}

static void a_token_opens_its_own_job_and_no_other(void **state)
{
    (void)state;
    uint8_t key[LINK_KEY_SIZE] = {1}, other[LINK_KEY_SIZE] = {2}, prefix[LINK_PREFIX_SIZE];
    char token[LINK_TOKEN_LEN + 1], again[LINK_TOKEN_LEN + 1], body[] = "x" LINK_HOLE "y" LINK_HOLE "~";
    const struct hash_id job = hash_id_of("job", 3), another = hash_id_of("joc", 3);
    link_token(key, &job, token);
    link_token(key, &job, again);
    assert_string_equal(token, again);
    assert_int_equal(strlen(token), LINK_TOKEN_LEN);
    assert_true(link_prefix(token, prefix));
    assert_memory_equal(prefix, job.bytes, LINK_PREFIX_SIZE);
    assert_true(link_matches(key, &job, token));
    assert_false(link_matches(key, &another, token));
    assert_false(link_matches(other, &job, token));
    for (size_t i = 0; i < LINK_TOKEN_LEN; i++) {
        again[i] = again[i] == 'A' ? 'B' : 'A';
        assert_false(link_matches(key, &job, again));
        again[i] = token[i];
    }
    assert_false(link_prefix("short", prefix));
    assert_false(link_prefix("!!!!!!!!!!!!!!!!!!!!!!!!!!!!", prefix));
    link_fill(key, &job, body, sizeof body - 1);
    assert_memory_equal(body + 1, token, LINK_TOKEN_LEN);
    assert_memory_equal(body + 2 + LINK_TOKEN_LEN, token, LINK_TOKEN_LEN);
    assert_int_equal(body[sizeof body - 2], '~');
}

static void a_key_is_made_once_and_kept(void **state)
{
    (void)state;
    char folder[FOLDER_PATH], path[FOLDER_PATH + 16];
    uint8_t first[LINK_KEY_SIZE], second[LINK_KEY_SIZE];
    folder_new(folder);
    assert_int_equal(link_key_open(folder, first), ERR_OK);
    assert_int_equal(link_key_open(folder, second), ERR_OK);
    assert_memory_equal(first, second, LINK_KEY_SIZE);
    snprintf(path, sizeof path, "%s/link.key", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("short", file);
    fclose(file);
    assert_int_equal(link_key_open(folder, second), ERR_CORRUPT);
    folder_remove(folder);
    assert_int_equal(link_key_open(folder, second), ERR_IO);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(an_sms_is_the_golden_request),
        T(a_call_is_the_golden_form),
        T(a_mail_is_the_golden_message),
        T(many_become_one_that_says_how_many),
        T(robots_get_their_golden_bodies),
        T(the_recipient_s_language_goes_before_the_county_s),
        T(an_sms_keeps_to_its_parts_and_never_loses_its_link),
        T(a_message_about_a_clue_says_so_and_has_nothing_to_take),
        T(below_orange_nobody_is_called_in_the_quiet_hours),
        T(hostile_names_stay_inside_the_request),
        T(an_operator_s_reply_is_read_by_its_members),
        T(what_calls_a_message_off_is_filled_in_and_needs_the_id_it_asks_for),
        T(an_operator_s_codes_and_keys_mean_what_is_configured),
        T(robots_say_no_with_a_200),
        T(dingtalk_is_signed_as_its_makers_ask),
        T(headers_of_a_mail_are_encoded_in_short_words),
        T(a_token_opens_its_own_job_and_no_other),
        T(a_key_is_made_once_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
