/* A small county on a fake clock: registry, live state and detectors folded together as the gateway folds
 * them, with everything they say written down. For the unit tests of detect; those of alert put their stage
 * on top by the hooks (tests/unit/alert/fold.h). Times are local (Asia/Shanghai) on 2 March 2026, a Monday,
 * unless a test says otherwise. */
#ifndef HUYANG_TESTS_WORLD_H
#define HUYANG_TESTS_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/hash.h"
#include "detect/detect.h"
#include "ingest/event_json.h"
#include "registry/admit.h"

#define W __attribute__((unused)) static
enum { WORLD_LOG_MAX = 512 };

/* What stands below detect, if anything. */
struct world_below {
    void (*on_finding)(void *self, const struct finding *finding);
    struct timer_slot *(*slot)(void *self, uint64_t owner);
    void (*on_timer)(void *self, uint64_t owner, int64_t deadline_ms);
    void (*check)(void *self);                                             /* after each step */
    void (*on_event)(void *self, int64_t t_ms, const struct event *event); /* after detect; NULL = nobody */
    void *self;
};
struct world {
    struct tz *tz;
    struct registry *registry;
    struct live *live;
    struct timers timers;
    struct detect *detect;
    struct detect_settings detect_settings;
    int64_t t_ms;
    uint64_t seq[16];
    struct world_below below;
    struct finding findings[WORLD_LOG_MAX];
    unsigned finding_count;
    bool records;   /* findings below their threshold are written down too */
    struct buf log; /* all of it as text, in order */
};

/* 2 March 2026 at that local time, in milliseconds. */
W int64_t at(const struct world *world, int hour, int minute, int second)
{
    return clock_from_civil(world->tz, 2026, 3, 2, hour, minute, second);
}

W void world_on_finding(void *self, const struct finding *finding)
{
    struct world *world = self;
    if (finding->flags & FINDING_RECORD && !world->records)
        return;
    assert_true(world->finding_count < WORLD_LOG_MAX);
    world->findings[world->finding_count++] = *finding;
    buf_printf(&world->log, "%lld finding %s %s %.6f %s %u ", (long long)finding->t_ms,
               detectors[finding->detector]->name, level_name((enum level)finding->level), finding->score,
               finding_code(finding), (unsigned)finding->flags);
    finding_sentence(finding, world->registry, world->tz, false, &world->log);
    buf_putc(&world->log, '\n');
    if (world->below.on_finding)
        world->below.on_finding(world->below.self, finding);
}

/* A new detect stage over the same registry and live state. */
W void world_detect(struct world *world)
{
    struct detect_config detect = {.registry = world->registry,
                                   .live = world->live,
                                   .settings = &world->detect_settings,
                                   .tz = world->tz,
                                   .timers = &world->timers,
                                   .on_finding = world_on_finding,
                                   .self = world};
    timers_init(&world->timers, 100000);
    assert_int_equal(detect_new(&detect, &world->detect), ERR_OK);
}

W void world_detect_release(struct world *world)
{
    detect_free(world->detect);
    timers_release(&world->timers);
}

W struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof *world);
    struct buf errors;
    buf_init(&errors, 10000);
    assert_non_null(world);
    assert_int_equal(tz_load("Asia/Shanghai", &world->tz), ERR_OK);
    enum err err = registry_load(HUYANG_TEST_DATA "/data/detect", world->tz, NULL, &errors, &world->registry);
    if (err != ERR_OK)
        print_error("%s\n", buf_text(&errors));
    assert_int_equal(err, ERR_OK);
    buf_release(&errors);
    assert_int_equal(live_new(world->registry, &world->live), ERR_OK);
    world->detect_settings = detect_settings_default();
    buf_init(&world->log, 4U << 20);
    world_detect(world);
    world->t_ms = at(world, 8, 0, 0);
    return world;
}

W void world_free(struct world *world)
{
    world_detect_release(world);
    live_free(world->live);
    registry_free(world->registry);
    tz_free(world->tz);
    buf_release(&world->log);
    free(world);
}

W void world_check(struct world *world)
{
    if (world->below.check)
        world->below.check(world->below.self);
}

/* Time runs to t: every timer due by then fires at its own deadline. */
W void world_tick(struct world *world, int64_t t_ms)
{
    int64_t deadline_ms;
    uint64_t owner;
    while (timers_peek(&world->timers, t_ms, &deadline_ms, &owner)) {
        bool below = timer_owner_slot(owner) >= TIMER_SLOT_ALERT;
        struct timer_slot *slot =
            below ? world->below.slot(world->below.self, owner) : detect_slot(world->detect, owner);
        if (!timers_fires(&world->timers, slot))
            continue;
        if (below)
            world->below.on_timer(world->below.self, owner, deadline_ms);
        else
            detect_on_timer(world->detect, owner, deadline_ms);
    }
    world->t_ms = t_ms;
    world_check(world);
}

W uint32_t device_no(const struct world *world, const char *id)
{
    uint32_t no = registry_find(world->registry, REGISTRY_DEVICE, id);
    assert_int_not_equal(no, REGISTRY_NONE);
    return no;
}

W struct subject resident(const struct world *world, const char *id)
{
    return registry_subject_find(world->registry, SUBJECT_RESIDENT, id);
}

W struct subject household(const struct world *world, const char *id)
{
    return registry_subject_find(world->registry, SUBJECT_HOUSEHOLD, id);
}

/* Folds one event at t as it stands, without consent in its way. */
W void world_fold(struct world *world, int64_t t_ms, const struct event *event)
{
    world_tick(world, t_ms);
    live_on_event(world->live, world->registry, t_ms, event);
    detect_on_event(world->detect, t_ms, event);
    if (world->below.on_event)
        world->below.on_event(world->below.self, t_ms, event);
    world_check(world);
}

/* An event from its JSON, happened at `at_ms`, arrived at `t_ms`, with the device's next number on the lane
 * of its kind. */
W struct event event_of(struct world *world, const char *device, int64_t t_ms, int64_t at_ms,
                        const char *json)
{
    struct event event;
    struct event_json_error error = {{0}};
    struct json *root;
    int64_t ignored;
    memset(&event, 0, sizeof event);
    assert_int_equal(json_parse(json, strlen(json), &root, NULL), ERR_OK);
    enum err err = event_from_json(root, &event, &ignored, &error);
    if (err != ERR_OK)
        print_error("%s: %s\n", json, error.text);
    assert_int_equal(err, ERR_OK);
    json_free(root);
    uint32_t no = device_no(world, device);
    event.key.device = no;
    event.key.epoch = 7;
    event.key.lane = (uint8_t)event_lane((enum event_kind)event.kind);
    event.key.seq = ++world->seq[no];
    event_set_time(&event, at_ms, t_ms, 120000);
    return event;
}

W void world_late(struct world *world, int64_t t_ms, int64_t at_ms, const char *device, const char *json)
{
    struct event event = event_of(world, device, t_ms, at_ms, json);
    world_fold(world, t_ms, &event);
}

W void world_event(struct world *world, int64_t t_ms, const char *device, const char *json)
{
    world_late(world, t_ms, t_ms, device, json);
}

W void world_fix(struct world *world, int64_t t_ms, const char *device, double lat, double lon,
                 double accuracy_m)
{
    char json[200];
    snprintf(json, sizeof json,
             "{\"fix\":{\"lat\":%.7f,\"lon\":%.7f,\"accuracy_m\":%g,\"source\":\"gnss\",\"datum\":\"wgs84\","
             "\"valid\":true}}",
             lat, lon, accuracy_m);
    world_event(world, t_ms, device, json);
}

/* people: "unknown", "trusted:v-son", "unclear", "" = nobody made out; several separated by spaces. */
W void world_visit(struct world *world, int64_t t_ms, const char *camera, const char *visit,
                   const char *phase, const char *place, const char *people)
{
    char json[1024], list[800] = "";
    while (*people) {
        char word[100];
        size_t size = strcspn(people, " "), len = strlen(list);
        snprintf(word, sizeof word, "%.*s", (int)size, people);
        people += size + strspn(people + size, " ");
        char *id = strchr(word, ':');
        if (id)
            *id++ = 0;
        snprintf(list + len, sizeof list - len,
                 "%s{\"class\":\"%s\",\"visitor_id\":\"%s\",\"confidence\":0.9,\"face_seen\":true}",
                 len ? "," : "", word, id ? id : "x");
    }
    snprintf(json, sizeof json,
             "{\"visit\":{\"visit_id\":\"%s\",\"phase\":\"%s\",\"place\":\"%s\",\"people\":[%s]}}", visit,
             phase, place, list);
    world_event(world, t_ms, camera, json);
}

W const struct finding *last_finding(const struct world *world)
{
    assert_true(world->finding_count > 0);
    return &world->findings[world->finding_count - 1];
}

/* Findings of a level and code so far; NULL code = any. */
W unsigned count_findings(const struct world *world, const char *detector, const char *code)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->finding_count; i++) {
        const struct finding *finding = &world->findings[i];
        count += strcmp(detectors[finding->detector]->name, detector) == 0 &&
                 (!code || strcmp(finding_code(finding), code) == 0);
    }
    return count;
}

#define assert_finding(world, code_, level_)                                                                 \
    do {                                                                                                     \
        assert_string_equal(finding_code(last_finding(world)), (code_));                                     \
        assert_int_equal(last_finding(world)->level, (level_));                                              \
    } while (0)

#define SOS       "{\"sos\":{\"phase\":\"pressed\"}}"
#define CANCEL    "{\"sos\":{\"phase\":\"cancelled\"}}"
#define FALL      "{\"fall\":{\"phase\":\"detected\"}}"
#define FALL_OFF  "{\"fall\":{\"phase\":\"cancelled\"}}"
#define SUSPICION "{\"suspicion\":{}}"

#endif
