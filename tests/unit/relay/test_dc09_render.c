#include "fixture.h"

#include "relay/cap.h"
#include "relay/dc09_render.h"
#include "relay/police.h"

static void use_dc09(struct fixture *f, bool with_cap)
{
    f->settings.dc09_count = 1;
    f->settings.dc09[0] = (struct dc09_settings){.main = "192.0.2.1:9999", .account = "1234", .line = "0"};
    if (!with_cap)
        f->settings.police_url[0] = 0;
}

static void police_job(struct fixture *f, const char *resident, const char *detector)
{
    fixture_alert(f, resident, detector, JOB_POLICE);
    f->job.role = ROLE_POLICE_DESK;
}

static struct dc09_block block_of(struct fixture *f)
{
    struct dc09_block block;
    render(f);
    assert_string_equal(f->why, "");
    assert_int_equal(f->row.channel, CHANNEL_DC09);
    assert_string_equal(f->row.target_name, "police");
    assert_true(dc09_block_read(f->row.body, f->row.len, &block));
    return block;
}

static void a_call_for_help_is_a_panic_alarm_with_time_place_ids_and_text(void **state)
{
    struct fixture *f = *state;
    use_dc09(f, false);
    police_job(f, "r-1", "sos");
    struct dc09_block block = block_of(f);
    char wanted[DC09_EXTENSIONS_SIZE], id[HASH_ID_TEXT], alert[HASH_ID_TEXT];
    hash_id_text(&f->job.id, id);
    hash_id_text(&f->job.alert, alert);
    snprintf(wanted, sizeof wanted,
             "[H04:11:57,03-01-2026][X081E18.1200][Y43N54.0600][Vid=%s;alert=%s;avs01=1]"
             "[ICall for help, to be verified. Age 78. Family 13800000001.]",
             id, alert);
    assert_string_equal(block.account, "");
    assert_string_equal(block.data, "Nri1/PA001^h-1^");
    assert_string_equal(block.extensions, wanted);
}

static void the_code_follows_the_nature_and_a_stand_down_restores_it(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *detector;
        uint8_t family;
        const char *alarm, *restoral;
    } cases[] = {
        {"sos", FAMILY_EMERGENCY, "PA", "PR"},   {"fall", FAMILY_EMERGENCY, "MA", "MR"},
        {"suspicion", FAMILY_FRAUD, "HA", "HR"}, {"zone-exit", FAMILY_OUTING, "QA", "QR"},
        {"flat", FAMILY_COVERAGE, "UA", "UR"},   {"unknown-visitor", FAMILY_VISITOR, "UA", "UR"},
        {"flat", FAMILY_HEALTH, "MA", "MR"},     {"unknown-visitor", FAMILY_FRAUD, "HA", "HR"},
    };
    use_dc09(f, false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (unsigned kind = 0; kind < 4; kind++) {
            char data[64];
            f->settings.exercise = kind >= 2;
            police_job(f, "r-1", cases[i].detector);
            f->alert.family = f->job.family = cases[i].family;
            f->job.kind = kind % 2 ? JOB_STAND_DOWN : JOB_POLICE;
            struct dc09_block block = block_of(f);
            snprintf(data, sizeof data, "Nri1/%s001^h-1^",
                     kind >= 2   ? "RX"
                     : kind == 1 ? cases[i].restoral
                                 : cases[i].alarm);
            assert_string_equal(block.data, data);
            const char *text = strstr(block.extensions, "[I");
            assert_int_equal(strncmp(text + 2, "EXERCISE, DO NOT RESPOND. ", 26) == 0, kind >= 2);
            assert_int_equal(strstr(text, "STAND DOWN") != NULL, kind % 2);
        }
}

static void a_stand_down_names_what_it_withdraws_and_nobody(void **state)
{
    struct fixture *f = *state;
    use_dc09(f, false);
    police_job(f, "r-1", "sos");
    char id[HASH_ID_TEXT], wanted[64];
    hash_id_text(&f->job.id, id);
    f->job.kind = JOB_STAND_DOWN;
    f->job.id = hash_id_of("stand down", 10);
    snprintf(f->job.prompt, sizeof f->job.prompt, "%s@%lld", id, (long long)f->job.t_ms);
    struct dc09_block block = block_of(f);
    snprintf(wanted, sizeof wanted, ";cancels=%s]", id);
    assert_non_null(strstr(block.extensions, wanted));
    assert_null(strstr(block.extensions, "[X"));
    assert_null(strstr(block.extensions, "1380"));
    assert_null(strstr(block.extensions, "avs01"));
    f->job.prompt[0] = 0;
    block = block_of(f);
    assert_null(strstr(block.extensions, "cancels"));
}

static void the_silent_button_asks_for_silence(void **state)
{
    struct fixture *f = *state;
    use_dc09(f, false);
    police_job(f, "r-1", "suspicion");
    assert_non_null(strstr(block_of(f).extensions, "SILENT: no loudspeaker"));
}

static void whatever_the_registry_holds_the_frame_can_be_written(void **state)
{
    struct fixture *f = *state;
    static const struct dc09_key keys[] = {{.len = 0}, {.len = 32}};
    static const uint8_t pad[DC09_BLOCK];
    static const char *const residents[] = {"r-1", "r-2", "r-3"};
    use_dc09(f, false);
    for (unsigned i = 0; i < 6; i++) {
        f->settings.exercise = i >= 3;
        police_job(f, residents[i % 3], "suspicion");
        struct dc09_block block = block_of(f);
        for (const char *c = f->row.body; *c; c++)
            assert_true((unsigned char)*c < 0x80);
        const char *text = strstr(block.extensions, "[I") + 2;
        assert_true(strcspn(text, "]") <= DC09_ALARM_TEXT_MAX);
        struct dc09_frame frame = {.kind = DC09_SIA_DCS,
                                   .sequence = dc09_sequence(&f->job.id),
                                   .account = "1234",
                                   .line = "0",
                                   .data = block.data,
                                   .extensions = block.extensions,
                                   .has_time = true,
                                   .time_ms = f->job.t_ms};
        struct buf out;
        buf_init(&out, DC09_FRAME_MAX);
        for (size_t k = 0; k < 2; k++)
            assert_int_equal(dc09_write(&frame, &keys[k], pad, &out), ERR_OK);
        buf_release(&out);
    }
}

static void degrees_carry_from_minutes_and_know_their_hemisphere(void **state)
{
    struct fixture *f = *state;
    static const struct {
        double lat, lon;
        const char *text;
    } cases[] = {
        {0, 0, "[X000E00.0000][Y00N00.0000]"},
        {-33.5, -70.25, "[X070W15.0000][Y33S30.0000]"},
        {39.9999999, 116.99999999, "[X117E00.0000][Y40N00.0000]"},
        {89.9, 179.9, "[X179E54.0000][Y89N54.0000]"},
    };
    use_dc09(f, false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        police_job(f, "r-1", "sos");
        f->alert.shares[0].finding.has_where = 1;
        f->alert.shares[0].finding.where = (struct geo_point){.lat = cases[i].lat, .lon = cases[i].lon};
        assert_non_null(strstr(block_of(f).extensions, cases[i].text));
    }
}

static void the_account_is_that_of_the_smallest_territory_that_has_one(void **state)
{
    struct fixture *f = *state;
    use_dc09(f, false);
    f->settings.dc09_account_count = 2;
    f->settings.dc09_accounts[0] = (struct dc09_account_settings){"654321", "AAA1"};
    f->settings.dc09_accounts[1] = (struct dc09_account_settings){"654321100200", "BBB2"};
    police_job(f, "r-1", "sos");
    assert_string_equal(block_of(f).account, "BBB2");
    f->settings.dc09_account_count = 1;
    assert_string_equal(block_of(f).account, "AAA1");
    f->alert.subject =
        (struct subject){.kind = SUBJECT_TERRITORY, .no = number_of(f, REGISTRY_TERRITORY, "654321100")};
    f->alert.household = f->alert.resident = REGISTRY_NONE;
    struct dc09_block block = block_of(f);
    assert_string_equal(block.account, "AAA1");
    assert_string_equal(block.data, "Nri1/PA001");
}

static void the_same_job_always_gives_the_same_bytes(void **state)
{
    struct fixture *f = *state;
    use_dc09(f, true);
    police_job(f, "r-2", "sos");
    render(f);
    struct buf first;
    buf_init(&first, RELAY_BODY_MAX);
    buf_append(&first, f->row.body, f->row.len);
    f->context.t_ms += 3600000;
    render(f);
    assert_int_equal(f->row.len, first.len);
    assert_memory_equal(f->row.body, first.data, first.len);
    buf_release(&first);
}

static void beside_a_cap_receiver_both_forms_stand_in_one_body(void **state)
{
    struct fixture *f = *state;
    size_t len;
    police_job(f, "r-1", "sos");
    render(f);
    assert_int_equal(f->row.channel, CHANNEL_CAP);
    assert_ptr_equal(police_cap_part(&f->row, &len), f->row.body);
    assert_int_equal(len, f->row.len);
    char *cap = strdup(f->row.body);
    use_dc09(f, true);
    block_of(f);
    assert_string_equal(police_cap_part(&f->row, &len), cap);
    assert_int_equal(len, strlen(cap));
    free(cap);
    use_dc09(f, false);
    block_of(f);
    assert_null(police_cap_part(&f->row, &len));
}

static void a_block_that_is_none_is_not_read(void **state)
{
    (void)state;
    struct dc09_block block;
    static const char *const cases[] = {"", "\n", "\t\t", "a\tb\n", "12345678901234567\tb\tc\n", "<alert/>"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(dc09_block_read(cases[i], strlen(cases[i]), &block));
    assert_true(dc09_block_read("\t\t\n", 3, &block));
    assert_int_equal(dc09_block_len("a\tb\tc\n<alert/>", 14), 6);
    assert_int_equal(dc09_block_len("none", 4), 0);
}

static void sequence_numbers_lie_in_the_protocols_range(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 100000; n++) {
        struct hash_id id = {{0}};
        memcpy(id.bytes, &n, sizeof n);
        assert_in_range(dc09_sequence(&id), 1, 9999);
    }
    struct hash_id id = {{0xFF, 0xFF, 0xFF, 0xFF}};
    assert_in_range(dc09_sequence(&id), 1, 9999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_call_for_help_is_a_panic_alarm_with_time_place_ids_and_text),
        TEST(the_code_follows_the_nature_and_a_stand_down_restores_it),
        TEST(a_stand_down_names_what_it_withdraws_and_nobody),
        TEST(the_silent_button_asks_for_silence),
        TEST(whatever_the_registry_holds_the_frame_can_be_written),
        TEST(degrees_carry_from_minutes_and_know_their_hemisphere),
        TEST(the_account_is_that_of_the_smallest_territory_that_has_one),
        TEST(the_same_job_always_gives_the_same_bytes),
        TEST(beside_a_cap_receiver_both_forms_stand_in_one_body),
        TEST(a_block_that_is_none_is_not_read),
        TEST(sequence_numbers_lie_in_the_protocols_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
