#include <math.h>

#include "fixture.h"
#include "registry/admit.h"

/* One home per case: a resident with the given consent, a wristband and a camera. */
static void open_home(struct fixture *fixture, const char *consent)
{
    char residents[256];
    fixture_open(fixture);
    snprintf(residents, sizeof residents,
             "id,household,name,birth_year,categories,consent\nr-1,h-1,n,1940,,%s\nr-2,h-2,m,1941,,\n",
             consent);
    fixture_write(fixture, "residents.csv", residents);
    fixture_must_load(fixture);
}

static uint32_t device(const struct fixture *fixture, const char *id)
{
    return registry_find(fixture->registry, REGISTRY_DEVICE, id);
}

static struct event event_of(enum event_kind kind, bool camera)
{
    struct event event = {.kind = (uint8_t)kind, .at_ms = 1};
    if (kind == EVENT_PRESENCE)
        event.presence.source = camera ? PRESENCE_SOURCE_CAMERA : PRESENCE_SOURCE_DOOR;
    return event;
}

/* What the rules say, written down a second time: the class a kind needs from each sort of device, NEVER =
 * not its kind. */
enum { NEVER = -2, NONE = -1, LIFE_LOCATION = 100, LIFE_CAMERA };
static const int wristband_needs[EVENT_KIND_COUNT] = {
    [EVENT_NONE] = NEVER,
    [EVENT_HEARTBEAT] = NONE,
    [EVENT_FIX] = CONSENT_LOCATION,
    [EVENT_PRESENCE] = CONSENT_LOCATION,
    [EVENT_VITALS] = CONSENT_HEALTH,
    [EVENT_ACTIVITY] = CONSENT_HEALTH,
    [EVENT_SOS] = LIFE_LOCATION,
    [EVENT_FALL] = LIFE_LOCATION,
    [EVENT_CHECK_IN] = NONE,
    [EVENT_SUSPICION] = LIFE_LOCATION,
    [EVENT_PAUSE] = NONE,
    [EVENT_TAMPER] = NONE,
    [EVENT_VISIT] = NEVER,
    [EVENT_DEPARTURE] = CONSENT_LOCATION,
    [EVENT_COMMAND_STATUS] = NONE,
    [EVENT_DEVICE_FAULT] = NONE,
};
static const int camera_needs[EVENT_KIND_COUNT] = {
    [EVENT_NONE] = NEVER,
    [EVENT_HEARTBEAT] = NONE,
    [EVENT_FIX] = NEVER,
    [EVENT_PRESENCE] = CONSENT_CAMERA,
    [EVENT_VITALS] = NEVER,
    [EVENT_ACTIVITY] = NEVER,
    [EVENT_SOS] = LIFE_CAMERA,
    [EVENT_FALL] = LIFE_CAMERA,
    [EVENT_CHECK_IN] = NONE,
    [EVENT_SUSPICION] = LIFE_CAMERA,
    [EVENT_PAUSE] = NONE,
    [EVENT_TAMPER] = NONE,
    [EVENT_VISIT] = CONSENT_CAMERA,
    [EVENT_DEPARTURE] = CONSENT_CAMERA,
    [EVENT_COMMAND_STATUS] = NONE,
    [EVENT_DEVICE_FAULT] = NONE,
};

static void expect(int need, enum event_kind kind, unsigned consent, bool emergency, enum refusal refusal,
                   enum admit_basis basis)
{
    if (need == NEVER) {
        assert_int_equal(refusal, REFUSAL_NOT_ITS_KIND);
        return;
    }
    int class = need == LIFE_LOCATION ? CONSENT_LOCATION : need == LIFE_CAMERA ? CONSENT_CAMERA : need;
    bool given = need == NONE || (consent & CONSENT_BIT((unsigned)class));
    if (kind == EVENT_VISIT) /* of nobody the camera knows to live there */
        given = given && (consent & CONSENT_BIT(CONSENT_VISITOR));
    bool life = need >= LIFE_LOCATION || (emergency && kind == EVENT_FIX);
    if (!given && !life) {
        assert_int_equal(refusal, REFUSAL_NO_CONSENT);
        return;
    }
    assert_int_equal(refusal, REFUSAL_NONE);
    assert_int_equal(basis, given ? ADMIT_CONSENT : ADMIT_LIFE_SAFETY);
}

static void every_kind_needs_exactly_its_class_with_and_without_an_emergency(void **state)
{
    static const char *const names[CONSENT_COUNT] = {"location", "health", "camera", "visitor",
                                                     "voice",    "family", "police"};
    (void)state;
    for (unsigned consent = 0; consent < 1U << CONSENT_COUNT; consent++) {
        struct fixture fixture;
        char list[128] = "";
        for (unsigned i = 0; i < CONSENT_COUNT; i++)
            if (consent & CONSENT_BIT(i))
                snprintf(list + strlen(list), sizeof list - strlen(list), "%s;", names[i]);
        open_home(&fixture, list);
        for (int run = 0; run < 4 * EVENT_KIND_COUNT; run++) {
            enum event_kind kind = (enum event_kind)(run / 4);
            bool emergency = run & 1, camera = run & 2;
            struct event event = event_of(kind, camera);
            enum admit_basis basis = ADMIT_CONSENT;
            enum refusal refusal = registry_admit(
                fixture.registry, device(&fixture, camera ? "cam-1" : "wb-1"), emergency, &event, &basis);
            if (refusal == REFUSAL_NONE)
                assert_int_equal(event.flags & EVENT_LIFE_SAFETY,
                                 basis == ADMIT_LIFE_SAFETY ? EVENT_LIFE_SAFETY : 0);
            expect((camera ? camera_needs : wristband_needs)[kind], kind, consent, emergency, refusal, basis);
        }
        fixture_close(&fixture);
    }
}

static void an_unknown_or_removed_device_is_refused_whatever_it_says(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event event = event_of(EVENT_SOS, false);
    enum admit_basis basis;
    open_home(&fixture, "location");
    assert_int_equal(registry_admit(fixture.registry, EVENT_NO_DEVICE, true, &event, &basis),
                     REFUSAL_UNKNOWN_DEVICE);
    assert_int_equal(registry_admit(fixture.registry, 99, true, &event, &basis), REFUSAL_UNKNOWN_DEVICE);
    uint32_t band = device(&fixture, "wb-1");
    fixture_write(&fixture, "devices.csv", "id,kind,resident,household\ncam-1,camera,,h-1\n");
    fixture_must_load(&fixture);
    assert_int_equal(registry_admit(fixture.registry, band, true, &event, &basis), REFUSAL_UNKNOWN_DEVICE);
    fixture_close(&fixture);
}

static void a_spare_speaks_for_nobody(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event event = event_of(EVENT_HEARTBEAT, false);
    enum admit_basis basis;
    fixture_open(&fixture);
    fixture_write(&fixture, "devices.csv", "id,kind,resident,household\nwb-1,wristband,,\ncam-1,camera,,\n");
    fixture_must_load(&fixture);
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "wb-1"), false, &event, &basis),
                     REFUSAL_NOT_ITS_KIND);
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "cam-1"), false, &event, &basis),
                     REFUSAL_NOT_ITS_KIND);
    fixture_close(&fixture);
}

static void an_emergency_from_a_spare_is_heard(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event sos = event_of(EVENT_SOS, false), fix = event_of(EVENT_FIX, false);
    enum admit_basis basis = ADMIT_CONSENT;
    fixture_open(&fixture);
    fixture_write(&fixture, "devices.csv", "id,kind,resident,household\nwb-1,wristband,,\n");
    fixture_must_load(&fixture);
    uint32_t band = device(&fixture, "wb-1");
    assert_int_equal(registry_admit(fixture.registry, band, true, &sos, &basis), REFUSAL_NONE);
    assert_int_equal(basis, ADMIT_LIFE_SAFETY);
    assert_int_equal(registry_admit(fixture.registry, band, true, &fix, &basis), REFUSAL_NONE);
    assert_int_equal(registry_admit(fixture.registry, band, false, &fix, &basis), REFUSAL_NOT_ITS_KIND);
    fixture_close(&fixture);
}

static void a_wristband_cannot_claim_to_see(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event event = event_of(EVENT_PRESENCE, true);
    enum admit_basis basis;
    open_home(&fixture, "location;camera");
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "wb-1"), false, &event, &basis),
                     REFUSAL_NOT_ITS_KIND);
    fixture_close(&fixture);
}

static enum refusal admit_visit(const char *first, const char *second, const char *statuses[2])
{
    struct fixture fixture;
    char residents[512];
    struct event event = event_of(EVENT_VISIT, true);
    enum admit_basis basis;
    fixture_open(&fixture);
    snprintf(residents, sizeof residents,
             "id,household,name,birth_year,categories,consent,status\nr-1,h-1,n,,,%s,%s\nr-2,h-1,m,,,%s,%s\n",
             first, statuses[0], second, statuses[1]);
    fixture_write(&fixture, "residents.csv", residents);
    fixture_must_load(&fixture);
    enum refusal refusal = registry_admit(fixture.registry, device(&fixture, "cam-1"), false, &event, &basis);
    fixture_close(&fixture);
    return refusal;
}

static void a_camera_needs_everybody_who_lives_there(void **state)
{
    (void)state;
    const char *active[2] = {"active", "active"};
    assert_int_equal(admit_visit("camera;visitor", "camera;visitor", active), REFUSAL_NONE);
    assert_int_equal(admit_visit("camera;visitor", "location", active), REFUSAL_NO_CONSENT);
    assert_int_equal(admit_visit("", "camera;visitor", active), REFUSAL_NO_CONSENT);
}

static void who_moved_away_or_died_no_longer_decides_but_who_is_in_hospital_does(void **state)
{
    (void)state;
    const char *moved[2] = {"active", "moved"}, *died[2] = {"deceased", "active"},
               *ill[2] = {"active", "hospital"}, *gone[2] = {"moved", "deceased"};
    assert_int_equal(admit_visit("camera;visitor", "", moved), REFUSAL_NONE);
    assert_int_equal(admit_visit("", "camera;visitor", died), REFUSAL_NONE);
    assert_int_equal(admit_visit("camera;visitor", "", ill), REFUSAL_NO_CONSENT);
    /* A home where nobody lives has nobody to consent. */
    assert_int_equal(admit_visit("camera;visitor", "camera;visitor", gone), REFUSAL_NO_CONSENT);
}

static struct event visit_of_three(void)
{
    struct event event = event_of(EVENT_VISIT, true);
    event.visit.people_count = 3;
    event.visit.people[0].person_class = PERSON_CLASS_RESIDENT;
    event.visit.people[1].person_class = PERSON_CLASS_UNKNOWN;
    event.visit.people[2].person_class = PERSON_CLASS_TRUSTED;
    text_copy(event.visit.people[0].visitor_id, ID_SIZE, "r");
    text_copy(event.visit.people[1].visitor_id, ID_SIZE, "v-1");
    text_copy(event.visit.people[2].visitor_id, ID_SIZE, "v-2");
    return event;
}

static void without_visitor_consent_a_visit_is_about_its_residents_only(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event event = visit_of_three();
    enum admit_basis basis;
    open_home(&fixture, "camera");
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "cam-1"), false, &event, &basis),
                     REFUSAL_NONE);
    assert_int_equal(event.visit.people_count, 1);
    assert_int_equal(event.visit.people[0].person_class, PERSON_CLASS_RESIDENT);
    assert_string_equal(event.visit.people[1].visitor_id, "");
    event = visit_of_three();
    event.visit.people[0].person_class = PERSON_CLASS_TRUSTED;
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "cam-1"), false, &event, &basis),
                     REFUSAL_NO_CONSENT);
    assert_int_equal(event.visit.people_count, 3);
    event = event_of(EVENT_DEPARTURE, true);
    event.departure.with = COMPANION_UNKNOWN;
    text_copy(event.departure.visitor_id, ID_SIZE, "v-1");
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "cam-1"), false, &event, &basis),
                     REFUSAL_NONE);
    assert_int_equal(event.departure.with, COMPANION_UNCLEAR);
    assert_string_equal(event.departure.visitor_id, "");
    fixture_close(&fixture);
}

static void with_visitor_consent_visitors_stay_as_they_are(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event event = visit_of_three(), before = event;
    enum admit_basis basis;
    open_home(&fixture, "camera;visitor");
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "cam-1"), false, &event, &basis),
                     REFUSAL_NONE);
    assert_memory_equal(&event, &before, sizeof event);
    fixture_close(&fixture);
}

static void a_refused_event_and_its_basis_stay_untouched(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event event = visit_of_three(), before = event;
    enum admit_basis basis = ADMIT_LIFE_SAFETY;
    open_home(&fixture, "");
    assert_int_equal(registry_admit(fixture.registry, device(&fixture, "cam-1"), true, &event, &basis),
                     REFUSAL_NO_CONSENT);
    assert_memory_equal(&event, &before, sizeof event);
    assert_int_equal(basis, ADMIT_LIFE_SAFETY);
    fixture_close(&fixture);
}

static void a_fix_is_a_place_only_when_it_is_valid_finite_and_not_null_island(void **state)
{
    (void)state;
    struct event_fix fix = {.lat = 38.9, .lon = 82.4, .valid = 1, .datum = DATUM_WGS84};
    struct geo_point p = {.lat = 1, .lon = 1};
    assert_true(registry_locate(&fix, &p));
    assert_true(p.lat == 38.9 && p.lon == 82.4);
    fix.datum = DATUM_GCJ02;
    assert_true(registry_locate(&fix, &p));
    assert_true(geo_distance_m(p, geo_gcj02_to_wgs84((struct geo_point){.lat = 38.9, .lon = 82.4})) < 0.01);
    static const struct event_fix bad[] = {
        {.lat = 38.9, .lon = 82.4, .valid = 0},        {.lat = 0, .lon = 0, .valid = 1},
        {.lat = (double)NAN, .lon = 82.4, .valid = 1}, {.lat = 38.9, .lon = (double)INFINITY, .valid = 1},
        {.lat = 90.1, .lon = 82.4, .valid = 1},        {.lat = 38.9, .lon = -180.1, .valid = 1}};
    p = (struct geo_point){.lat = 1, .lon = 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(registry_locate(&bad[i], &p));
    assert_true(p.lat == 1 && p.lon == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_needs_exactly_its_class_with_and_without_an_emergency),
        cmocka_unit_test(an_unknown_or_removed_device_is_refused_whatever_it_says),
        cmocka_unit_test(a_spare_speaks_for_nobody),
        cmocka_unit_test(an_emergency_from_a_spare_is_heard),
        cmocka_unit_test(a_wristband_cannot_claim_to_see),
        cmocka_unit_test(a_camera_needs_everybody_who_lives_there),
        cmocka_unit_test(who_moved_away_or_died_no_longer_decides_but_who_is_in_hospital_does),
        cmocka_unit_test(without_visitor_consent_a_visit_is_about_its_residents_only),
        cmocka_unit_test(with_visitor_consent_visitors_stay_as_they_are),
        cmocka_unit_test(a_refused_event_and_its_basis_stay_untouched),
        cmocka_unit_test(a_fix_is_a_place_only_when_it_is_valid_finite_and_not_null_island),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
