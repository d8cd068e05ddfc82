/* A small county with hostile names, an SOS alert in it, and the jobs of that alert. */
#ifndef HUYANG_TESTS_RELAY_FIXTURE_H
#define HUYANG_TESTS_RELAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "relay/relay.h"

#define NOON_MS     INT64_C(1772338320000) /* 2026-03-01T12:12:00+08:00 */
#define MIDNIGHT_MS INT64_C(1772381520000) /* 2026-03-02T00:12:00+08:00 */

struct fixture {
    struct tz *tz;
    struct registry *registry;
    struct live *live;
    struct relay_settings settings;
    struct relay_context context;
    struct alert alert;
    struct job job;
    struct buf body;
    struct outbox_row row;
    const char *why;
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    struct buf errors;
    buf_init(&errors, 65536);
    assert_int_equal(tz_load("Asia/Shanghai", &f->tz), ERR_OK);
    enum err err = registry_load(HUYANG_TEST_DATA "/data/relay/registry", f->tz, NULL, &errors, &f->registry);
    if (err != ERR_OK)
        fprintf(stderr, "%s\n", buf_text(&errors));
    assert_int_equal(err, ERR_OK);
    buf_release(&errors);
    assert_int_equal(live_new(f->registry, &f->live), ERR_OK);
    relay_settings_default(&f->settings);
    snprintf(f->settings.police_url, sizeof f->settings.police_url, "https://police.invalid/cap");
    f->settings.webhook_count = 2;
    f->settings.webhooks[0] =
        (struct webhook_settings){.name = "desk", .role = ROLE_COUNTY_DESK, .url = "https://desk.invalid/"};
    f->settings.webhooks[1] =
        (struct webhook_settings){.name = "everybody", .role = ROLE_NONE, .url = "https://all.invalid/"};
    buf_init(&f->body, RELAY_BODY_MAX);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    buf_release(&f->body);
    live_free(f->live);
    registry_free(f->registry);
    tz_free(f->tz);
    free(f);
    return 0;
}

static inline uint32_t number_of(const struct fixture *f, enum registry_table table, const char *id)
{
    uint32_t no = registry_find(f->registry, table, id);
    assert_int_not_equal(no, REGISTRY_NONE);
    return no;
}

/* A red alert of `resident` by `detector`, and a job of `kind` for it. */
static inline void fixture_alert(struct fixture *f, const char *resident, const char *detector,
                                 enum job_kind kind)
{
    uint32_t no = number_of(f, REGISTRY_RESIDENT, resident);
    unsigned which = detector_find(detector);
    assert_true(which < detector_count());
    f->alert = (struct alert){
        .id = hash_id_of("alert", 5),
        .subject = {.kind = SUBJECT_RESIDENT, .no = no},
        .resident = no,
        .household = registry_resident(f->registry, no)->household,
        .opened_ms = NOON_MS,
        .changed_ms = NOON_MS,
        .family = (uint8_t)detectors[which]->family,
        .level = LEVEL_RED,
        .avs = 1,
        .share_count = 1,
    };
    f->alert.shares[0] = (struct alert_share){.active = 1, .count = 1};
    f->alert.shares[0].finding = (struct finding){
        .t_ms = NOON_MS,
        .at_ms = NOON_MS - 2500,
        .subject = f->alert.subject,
        .resident = no,
        .household = f->alert.household,
        .zone = REGISTRY_NONE,
        .score = 1,
        .numbers = {2.5, (double)(NOON_MS / 1000)},
        .detector = (uint8_t)which,
        .family = f->alert.family,
        .level = LEVEL_RED,
    };
    f->job = (struct job){
        .id = hash_id_of("job", 3),
        .alert = f->alert.id,
        .t_ms = NOON_MS,
        .expires_ms = NOON_MS + 120000,
        .transition = 1,
        .recipient = REGISTRY_NONE,
        .device = REGISTRY_NONE,
        .kind = (uint8_t)kind,
        .family = f->alert.family,
        .level = LEVEL_RED,
    };
    f->context = (struct relay_context){.t_ms = NOON_MS,
                                        .county = "654321",
                                        .instance = "test",
                                        .registry = f->registry,
                                        .live = f->live,
                                        .settings = &f->settings,
                                        .tz = f->tz};
}

static inline void render(struct fixture *f)
{
    relay_render(&f->context, &f->alert, &f->job, &f->body, &f->row, &f->why);
}

static inline char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = calloc(1, 65536);
    assert_non_null(text);
    size_t len = fread(text, 1, 65535, file);
    text[len] = 0;
    fclose(file);
    return text;
}

/* Compares with tests/data/relay/<name>, where {{zh}} and {{en}} stand for the finding's sentence, which is
 * another stage's wording. HUYANG_UPDATE_GOLDEN=1 writes the file instead; look at the difference before it
 * is kept. */
static inline void assert_golden(const struct fixture *f, const char *name, bool xml)
{
    char path[512];
    snprintf(path, sizeof path, HUYANG_TEST_DATA "/data/relay/%s", name);
    struct buf got, sentence, escaped;
    buf_init(&got, 65536);
    buf_init(&sentence, 4096);
    buf_init(&escaped, 4096);
    buf_append(&got, f->row.body, f->row.len);
    for (int zh = 0; zh < 2; zh++) {
        buf_clear(&sentence);
        buf_clear(&escaped);
        finding_sentence(&f->alert.shares[0].finding, f->registry, f->tz, zh, &sentence);
        if (xml) {
            buf_xml_text(&escaped, buf_text(&sentence));
        } else {
            buf_json_string(&escaped, buf_text(&sentence));
            memmove(escaped.data, escaped.data + 1, escaped.len - 2);
            escaped.data[escaped.len - 2] = 0;
        }
        char *at = strstr(got.data, buf_text(&escaped));
        if (!at)
            continue; /* then the golden text must do without it too */
        size_t len = strlen(buf_text(&escaped)), tail = strlen(at + len) + 1;
        memcpy(at, zh ? "{{zh}}" : "{{en}}", 6);
        memmove(at + 6, at + len, tail);
        got.len = strlen(got.data);
    }
    if (getenv("HUYANG_UPDATE_GOLDEN")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fwrite(got.data, 1, got.len, file);
        fclose(file);
    }
    char *golden = read_text(path);
    assert_non_null(golden);
    assert_string_equal(got.data, golden);
    free(golden);
    buf_release(&got);
    buf_release(&sentence);
    buf_release(&escaped);
}

#endif
