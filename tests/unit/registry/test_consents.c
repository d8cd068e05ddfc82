/* The ledger of consents: what is in force, and how it changes. */
#include "registry/admit.h"
#include "fixture.h"

static const char header[] = "person,class,given,by,version,evidence,withdrawn\n";

static uint8_t in_force(const struct fixture *fixture, const char *id)
{
    return registry_resident(fixture->registry, registry_find(fixture->registry, REGISTRY_RESIDENT, id))
        ->consent;
}

static void write_ledger(const struct fixture *fixture, const char *lines)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s", header, lines);
    fixture_write(fixture, "consents.csv", text);
}

static void the_last_word_on_a_class_counts_and_the_short_form_where_there_is_none(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_open(&fixture);
    write_ledger(&fixture, "resident:r-1,camera,2026-02-01,self,v1,A-1,\n"
                           "resident:r-1,voice,2026-02-01,self,v1,A-1,2026-03-01\n"
                           "resident:r-1,police,2026-03-02,guardian,v2,A-3,\n"
                           "resident:r-1,police,2026-02-01,self,v1,A-2,2026-03-01\n"
                           "resident:r-2,health,2026-02-01,self,v1,A-4,2026-02-02\n");
    fixture_must_load(&fixture);
    assert_int_equal(in_force(&fixture, "r-1"), CONSENT_BIT(CONSENT_LOCATION) | CONSENT_BIT(CONSENT_CAMERA) |
                                                    CONSENT_BIT(CONSENT_POLICE));
    assert_int_equal(in_force(&fixture, "r-2"), 0);
    fixture_close(&fixture);
}

static void mistakes_in_the_ledger_are_named(void **state)
{
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"r-1,camera,2026-02-01,self,v1,A,", "consents.csv:2:1: person:"},
        {"resident:r-9,camera,2026-02-01,self,v1,A,", "does not stand in residents"},
        {"coresident:h-1,camera,2026-02-01,self,v1,A,", "is not HOUSEHOLD/ID"},
        {"coresident:h-1/a,police,2026-02-01,self,v1,A,", "only camera and visitor"},
        {"visitor:h-1/v-1,visitor,2026-02-01,self,v1,A,", "does not stand in visitors"},
        {"resident:r-1,face,2026-02-01,self,v1,A,", "consents.csv:2:2: class:"},
        {"resident:r-1,camera,soon,self,v1,A,", "consents.csv:2:3: given:"},
        {"resident:r-1,camera,2026-02-01,son,v1,A,", "consents.csv:2:4: by:"},
        {"resident:r-1,camera,2026-02-01,self,,A,", "version: must not be empty"},
        {"resident:r-1,camera,2026-02-01,self,v1,,", "evidence: must not be empty"},
        {"resident:r-1,camera,2026-02-01,self,v1,A,2026-01-01", "is before"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture;
        fixture_open(&fixture);
        write_ledger(&fixture, cases[i].line);
        assert_int_equal(fixture_load(&fixture), ERR_INVALID);
        if (!strstr(buf_text(&fixture.errors), cases[i].error))
            fail_msg("%s: %s", cases[i].line, buf_text(&fixture.errors));
        fixture_close(&fixture);
    }
}

static enum refusal admit_visit(const struct fixture *fixture, const char *visitor, struct event *event)
{
    enum admit_basis basis;
    *event = (struct event){.kind = EVENT_VISIT, .visit = {.people_count = 1}};
    event->visit.people[0].person_class = visitor ? PERSON_CLASS_TRUSTED : PERSON_CLASS_RESIDENT;
    text_copy(event->visit.people[0].visitor_id, sizeof event->visit.people[0].visitor_id,
              visitor ? visitor : "");
    return registry_admit(fixture->registry, registry_find(fixture->registry, REGISTRY_DEVICE, "cam-1"),
                          false, event, &basis);
}

static void who_lives_there_unenrolled_speaks_for_the_camera_too(void **state)
{
    struct fixture fixture;
    struct event event;
    (void)state;
    fixture_open(&fixture);
    fixture_write(
        &fixture, "residents.csv",
        "id,household,name,birth_year,categories,consent\nr-1,h-1,n,,,camera;visitor\nr-2,h-2,m,,,\n");
    fixture_must_load(&fixture);
    assert_int_equal(admit_visit(&fixture, NULL, &event), REFUSAL_NONE);
    write_ledger(&fixture, "coresident:h-1/son,camera,2026-02-01,self,v1,A,\n");
    fixture_must_load(&fixture);
    assert_int_equal(admit_visit(&fixture, NULL, &event), REFUSAL_NONE);
    assert_int_equal(admit_visit(&fixture, "v-1", &event), REFUSAL_NO_CONSENT); /* no word on visitors */
    write_ledger(&fixture, "coresident:h-1/son,camera,2026-02-01,self,v1,A,2026-02-03\n");
    fixture_must_load(&fixture);
    assert_int_equal(admit_visit(&fixture, NULL, &event), REFUSAL_NO_CONSENT);
    fixture_close(&fixture);
}

static void a_trusted_visitor_who_refuses_is_left_out(void **state)
{
    struct fixture fixture;
    struct event event;
    (void)state;
    fixture_open(&fixture);
    fixture_write(
        &fixture, "residents.csv",
        "id,household,name,birth_year,categories,consent\nr-1,h-1,n,,,camera;visitor\nr-2,h-2,m,,,\n");
    fixture_write(&fixture, "visitors.csv", "household,visitor_id,name\nh-1,v-1,a\nh-1,v-2,b\n");
    write_ledger(&fixture, "visitor:h-1/v-1,visitor,2026-02-01,self,v1,A,2026-02-03\n"
                           "visitor:h-1/v-2,visitor,2026-02-01,self,v1,A,\n");
    fixture_must_load(&fixture);
    assert_int_equal(admit_visit(&fixture, "v-2", &event), REFUSAL_NONE);
    assert_int_equal(event.visit.people_count, 1);
    assert_int_equal(admit_visit(&fixture, "v-1", &event), REFUSAL_NO_CONSENT);
    enum admit_basis basis;
    event = (struct event){.kind = EVENT_DEPARTURE,
                           .departure = {.with = COMPANION_TRUSTED, .visitor_id = "v-1"}};
    assert_int_equal(registry_admit(fixture.registry,
                                    registry_find(fixture.registry, REGISTRY_DEVICE, "cam-1"), false, &event,
                                    &basis),
                     REFUSAL_NONE);
    assert_int_equal(event.departure.with, COMPANION_UNCLEAR);
    assert_string_equal(event.departure.visitor_id, "");
    fixture_close(&fixture);
}

static enum err change(struct fixture *fixture, const char *person, enum consent class, bool withdraw,
                       int64_t t_ms)
{
    struct registry *next = NULL;
    struct consent_change change = {.class = (uint8_t) class, .withdraw = withdraw, .signer = "guardian"};
    text_copy(change.person, sizeof change.person, person);
    text_copy(change.version, sizeof change.version, withdraw ? "" : "v2");
    text_copy(change.evidence, sizeof change.evidence, withdraw ? "" : "B-7");
    text_copy(change.recorded_by, sizeof change.recorded_by, "clerk");
    buf_clear(&fixture->errors);
    enum err err =
        registry_change_consent(fixture->registry, fixture->tz, t_ms, &change, &fixture->errors, &next);
    if (err == ERR_OK) {
        registry_free(fixture->registry);
        fixture->registry = next;
    }
    return err;
}

static void words_are_added_and_none_is_forgotten(void **state)
{
    struct fixture fixture;
    int64_t t_ms = INT64_C(1772000000000);
    (void)state;
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    char before[65];
    text_copy(before, sizeof before, registry_version(fixture.registry));
    assert_int_equal(change(&fixture, "resident:r-2", CONSENT_CAMERA, false, t_ms), ERR_OK);
    assert_int_equal(in_force(&fixture, "r-2"), CONSENT_BIT(CONSENT_CAMERA));
    assert_string_not_equal(registry_version(fixture.registry), before);
    assert_int_equal(change(&fixture, "resident:r-2", CONSENT_CAMERA, false, t_ms), ERR_REFUSED);
    assert_int_equal(change(&fixture, "resident:r-2", CONSENT_CAMERA, true, t_ms), ERR_OK);
    assert_int_equal(in_force(&fixture, "r-2"), 0);
    assert_int_equal(change(&fixture, "resident:r-2", CONSENT_CAMERA, true, t_ms), ERR_NOT_FOUND);
    assert_int_equal(change(&fixture, "resident:r-2", CONSENT_CAMERA, false, t_ms),
                     ERR_OK); /* the same moment */
    assert_int_equal(in_force(&fixture, "r-2"), CONSENT_BIT(CONSENT_CAMERA));
    assert_int_equal(registry_count(fixture.registry, REGISTRY_CONSENT), 2);
    /* What only the short form said can be withdrawn as well; what nobody said cannot. */
    assert_int_equal(change(&fixture, "resident:r-1", CONSENT_LOCATION, true, t_ms), ERR_OK);
    assert_int_equal(in_force(&fixture, "r-1"), 0);
    assert_int_equal(change(&fixture, "resident:r-1", CONSENT_VOICE, true, t_ms), ERR_NOT_FOUND);
    assert_int_equal(change(&fixture, "resident:r-9", CONSENT_VOICE, false, t_ms), ERR_INVALID);
    assert_non_null(strstr(buf_text(&fixture.errors), "r-9"));
    /* And all of it holds when the folder, which knows of none of it, comes again. */
    fixture_must_load(&fixture);
    assert_int_equal(in_force(&fixture, "r-1"), 0);
    assert_int_equal(in_force(&fixture, "r-2"), CONSENT_BIT(CONSENT_CAMERA));
    assert_int_equal(registry_count(fixture.registry, REGISTRY_CONSENT), 3);
    /* A person who is gone takes the word along. */
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent\nr-1,h-1,n,,,\n");
    fixture_must_load(&fixture);
    assert_false(registry_consent(fixture.registry, 2)->removed);
    assert_true(registry_consent(fixture.registry, 0)->removed);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_word_on_a_class_counts_and_the_short_form_where_there_is_none),
        cmocka_unit_test(mistakes_in_the_ledger_are_named),
        cmocka_unit_test(who_lives_there_unenrolled_speaks_for_the_camera_too),
        cmocka_unit_test(a_trusted_visitor_who_refuses_is_left_out),
        cmocka_unit_test(words_are_added_and_none_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
