#include "fixture.h"

#include "relay/cap.h"

static void police_job(struct fixture *f, const char *resident, const char *detector)
{
    fixture_alert(f, resident, detector, JOB_POLICE);
    f->job.role = ROLE_POLICE_DESK;
}

static void a_police_message_is_the_golden_document(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "sos");
    render(f);
    assert_string_equal(f->why, "");
    assert_int_equal(f->row.channel, CHANNEL_CAP);
    assert_string_equal(f->row.target_name, "police");
    assert_golden(f, "cap-sos.xml", true);
}

static void hostile_names_are_escaped_in_a_police_message(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-2", "fall");
    f->alert.avs = 4;
    f->settings.exercise = true;
    f->context.said = "sos-heard";
    f->context.said_played = true;
    render(f);
    assert_golden(f, "cap-hostile.xml", true);
    assert_null(strstr(f->row.body, "]]>"));
}

static void the_same_job_always_gives_the_same_bytes(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-2", "sos");
    render(f);
    struct buf first;
    buf_init(&first, RELAY_BODY_MAX);
    buf_append(&first, f->row.body, f->row.len);
    /* Neither the time of rendering nor later news may change what was decided at the job's time. */
    f->context.t_ms += 3600000;
    render(f);
    assert_int_equal(f->row.len, first.len);
    assert_memory_equal(f->row.body, first.data, first.len);
    buf_release(&first);
}

static void a_stand_down_refers_to_the_message_it_withdraws(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "sos");
    render(f);
    char original[RELAY_BODY_MAX], identifier[CAP_IDENTIFIER_SIZE], sent[CAP_TIME_SIZE], wanted[256],
        id[HASH_ID_TEXT];
    memcpy(original, f->row.body, f->row.len + 1);
    cap_identifier("654321", &f->job.id, identifier);
    cap_time(f->tz, f->job.t_ms, sent);
    hash_id_text(&f->job.id, id);

    f->job.kind = JOB_STAND_DOWN;
    snprintf(f->job.prompt, sizeof f->job.prompt, "%s@%lld", id, (long long)f->job.t_ms);
    f->job.id = hash_id_of("stand down", 10);
    f->job.t_ms += 600000;
    render(f);
    assert_string_equal(f->why, "");
    assert_non_null(strstr(f->row.body, "<msgType>Cancel</msgType>"));
    snprintf(wanted, sizeof wanted, "<references>huyang@county,%s,%s</references>", identifier, sent);
    assert_non_null(strstr(f->row.body, wanted));
    snprintf(wanted, sizeof wanted, "<identifier>%s</identifier>", identifier);
    assert_non_null(strstr(original, wanted));
    snprintf(wanted, sizeof wanted, "<sent>%s</sent>", sent);
    assert_non_null(strstr(original, wanted));
    assert_null(strstr(f->row.body, "张三"));
    assert_golden(f, "cap-cancel.xml", true);

    f->job.prompt[0] = 0;
    render(f);
    assert_string_equal(f->why, "");
    assert_null(strstr(f->row.body, "<references>"));
    assert_non_null(strstr(f->row.body, "<incidents>"));
}

static void without_a_police_receiver_the_job_fails_with_its_reason(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "sos");
    f->settings.police_url[0] = 0;
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_NONE);
    assert_string_equal(f->why, "no police receiver");
}

static void a_police_message_without_expiry_is_tried_for_a_quarter_of_an_hour(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "sos");
    f->job.expires_ms = 0;
    render(f);
    assert_true(f->row.expires_ms == f->job.t_ms + 15 * 60 * 1000);
    assert_non_null(strstr(f->row.body, "<expires>2026-03-01T12:27:00+08:00</expires>"));
}

static bool says(const struct fixture *f, const char *element, const char *value)
{
    char text[256];
    snprintf(text, sizeof text, "<%s>%s</%s>", element, value, element);
    return strstr(f->row.body, text) != NULL;
}

static void category_urgency_severity_and_certainty_follow_the_evidence(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "fall");
    f->alert.avs = 4;
    render(f);
    assert_true(says(f, "category", "Health") && says(f, "urgency", "Immediate") &&
                says(f, "severity", "Extreme") && says(f, "certainty", "Observed"));
    police_job(f, "r-1", "sos");
    render(f);
    assert_true(says(f, "category", "Safety") && says(f, "severity", "Severe") &&
                says(f, "certainty", "Possible"));
    police_job(f, "r-1", "suspicion");
    f->job.level = LEVEL_ORANGE;
    f->alert.avs = 3;
    render(f);
    assert_true(says(f, "category", "Security") && says(f, "urgency", "Expected") &&
                says(f, "severity", "Moderate") && says(f, "certainty", "Likely"));
    assert_non_null(strstr(f->row.body, "<instruction>"));
}

static void the_place_is_that_of_the_evidence_else_the_home(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "sos");
    render(f);
    assert_true(says(f, "circle", "43.901000,81.302000 0.050"));
    f->alert.shares[0].finding.has_where = 1;
    f->alert.shares[0].finding.where = (struct geo_point){.lat = 43.5, .lon = 81.25};
    render(f);
    assert_true(says(f, "circle", "43.500000,81.250000 0.100"));
}

static void a_home_without_coordinates_has_no_circle(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "sos");
    f->alert.household = number_of(f, REGISTRY_HOUSEHOLD, "h-3");
    render(f);
    assert_string_equal(f->why, "");
    assert_null(strstr(f->row.body, "<circle>"));
    assert_true(says(f, "areaDesc", "地址未登记"));
}

static void times_are_local_without_fractions_and_utc_is_minus_zero(void **state)
{
    struct fixture *f = *state;
    char text[CAP_TIME_SIZE];
    cap_time(f->tz, NOON_MS + 999, text);
    assert_string_equal(text, "2026-03-01T12:12:00+08:00");
    cap_time(NULL, NOON_MS, text);
    assert_string_equal(text, "2026-03-01T04:12:00-00:00");
}

static void a_sender_never_breaks_the_reference_list(void **state)
{
    struct fixture *f = *state;
    police_job(f, "r-1", "sos");
    snprintf(f->settings.police_sender, sizeof f->settings.police_sender, "a b,c<d&e");
    render(f);
    assert_true(says(f, "sender", "a_b_c_d_e"));
}

static const char *ack(const char *type, const char *references)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "<?xml version=\"1.0\"?><c:alert "
             "xmlns:c=\"urn:oasis:names:tc:emergency:cap:1.2\"><c:identifier>x</c:identifier>"
             "<c:msgType>%s</c:msgType><c:note>bad "
             "&lt;address&gt;</c:note><c:references>%s</c:references></c:alert>",
             type, references);
    return text;
}

static enum cap_verdict verdict(const char *body, char *note)
{
    return cap_reply(body, strlen(body), "654321-abc", note);
}

static void an_ack_that_refers_to_ours_accepts_and_an_error_rejects(void **state)
{
    (void)state;
    char note[CAP_NOTE_SIZE];
    assert_int_equal(verdict(ack("Ack", "h,654321-abc,2026-03-01T12:12:00+08:00"), note), CAP_ACCEPTED);
    assert_int_equal(verdict(ack("Ack", "h,other,t h,654321-abc,t"), note), CAP_ACCEPTED);
    assert_int_equal(verdict(ack("Error", "h,654321-abc,t"), note), CAP_REJECTED);
    assert_string_equal(note, "bad <address>");
}

static void an_answer_about_another_message_says_nothing(void **state)
{
    (void)state;
    char note[CAP_NOTE_SIZE];
    assert_int_equal(verdict(ack("Ack", "h,654321-abcd,t"), note), CAP_SILENT);
    assert_int_equal(verdict(ack("Ack", "654321-abc"), note), CAP_SILENT);
    assert_int_equal(verdict(ack("Ack", ""), note), CAP_SILENT);
    assert_int_equal(verdict(ack("Alert", "h,654321-abc,t"), note), CAP_SILENT);
    assert_int_equal(verdict("", note), CAP_SILENT);
    assert_int_equal(verdict("<html>h,654321-abc,t</html>", note), CAP_SILENT);
}

static void a_document_with_declarations_says_nothing(void **state)
{
    (void)state;
    char note[CAP_NOTE_SIZE], body[2048];
    snprintf(body, sizeof body, "<!DOCTYPE a [<!ENTITY x \"y\">]>%s", ack("Ack", "h,654321-abc,t"));
    assert_int_equal(verdict(body, note), CAP_SILENT);
    /* Truncated in the middle: whatever stood there already does not count. */
    snprintf(body, sizeof body, "%.*s", (int)strlen(ack("Ack", "h,654321-abc,t")) - 5,
             ack("Ack", "h,654321-abc,t"));
    assert_int_equal(verdict(body, note), CAP_SILENT);
}

static void an_answer_that_comes_by_itself_names_the_message_and_the_word(void **state)
{
    (void)state;
#define OURS "h,654321-0123456789abcdef0123456789abcdef,2026-03-01T12:12:00+08:00"
    struct cap_answer answer;
    char id[HASH_ID_TEXT], body[1024];
    assert_true(cap_answer(ack("Ack", "h,other,t " OURS), strlen(ack("Ack", "h,other,t " OURS)), &answer));
    hash_id_text(&answer.message, id);
    assert_string_equal(id, "0123456789abcdef0123456789abcdef");
    assert_int_equal(answer.word, POLICE_WORD_ACCEPTED);
    assert_true(cap_answer(ack("Error", OURS), strlen(ack("Error", OURS)), &answer));
    assert_int_equal(answer.word, POLICE_WORD_REJECTED);
    assert_string_equal(answer.note, "bad <address>");
    static const struct {
        const char *note;
        enum police_word word;
    } notes[] = {{"dispatched: car 12", POLICE_WORD_DISPATCHED},
                 {"on_scene", POLICE_WORD_ON_SCENE},
                 {"closed. nothing found", POLICE_WORD_CLOSED},
                 {"dispatchedly", POLICE_WORD_ACCEPTED},
                 {"none", POLICE_WORD_ACCEPTED},
                 {"", POLICE_WORD_ACCEPTED}};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        snprintf(body, sizeof body,
                 "<alert><msgType>Ack</msgType><note>%s</note><references>" OURS "</references></alert>",
                 notes[i].note);
        assert_true(cap_answer(body, strlen(body), &answer));
        assert_int_equal(answer.word, notes[i].word);
    }
    static const char *const bad[] = {"h,654321-0123,t", "654321-0123456789abcdef0123456789abcdef",
                                      "h,654321-0123456789abcdef0123456789abcdeg,t", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cap_answer(ack("Ack", bad[i]), strlen(ack("Ack", bad[i])), &answer));
    assert_false(cap_answer(ack("Alert", OURS), strlen(ack("Alert", OURS)), &answer));
    assert_false(cap_answer("", 0, &answer));
    snprintf(body, sizeof body, "<!DOCTYPE a [<!ENTITY x \"y\">]>%s", ack("Ack", OURS));
    assert_false(cap_answer(body, strlen(body), &answer));
#undef OURS
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(a_police_message_is_the_golden_document),
        T(hostile_names_are_escaped_in_a_police_message),
        T(the_same_job_always_gives_the_same_bytes),
        T(a_stand_down_refers_to_the_message_it_withdraws),
        T(without_a_police_receiver_the_job_fails_with_its_reason),
        T(a_police_message_without_expiry_is_tried_for_a_quarter_of_an_hour),
        T(category_urgency_severity_and_certainty_follow_the_evidence),
        T(the_place_is_that_of_the_evidence_else_the_home),
        T(a_home_without_coordinates_has_no_circle),
        T(times_are_local_without_fractions_and_utc_is_minus_zero),
        T(a_sender_never_breaks_the_reference_list),
        T(an_ack_that_refers_to_ours_accepts_and_an_error_rejects),
        T(an_answer_about_another_message_says_nothing),
        T(a_document_with_declarations_says_nothing),
        cmocka_unit_test(an_answer_that_comes_by_itself_names_the_message_and_the_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
