/* The runner: who is called when. A state counts as changed when its bytes or its deadline differ after the
 * detector ran: the copy costs a few cache lines, and heartbeats that change nothing write nothing into the
 * next snapshot. With a million residents the cost of an event is the memory it has to fetch, so a detector
 * whose owner sleeps is not even looked at (detector.h). */
#include "detect/detect_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "detect/position.h"

uint64_t timer_owner(struct subject subject, unsigned slot)
{
    return (uint64_t)subject.kind << 48 | (uint64_t)subject.no << 16 | slot;
}

struct subject timer_owner_subject(uint64_t owner)
{
    return (struct subject){.kind = (uint8_t)(owner >> 48), .no = (uint32_t)(owner >> 16)};
}

unsigned timer_owner_slot(uint64_t owner)
{
    return owner & 0xFFFF;
}

static uint32_t owners(const struct registry *registry, enum subject_kind kind)
{
    switch (kind) {
    case SUBJECT_RESIDENT: return registry_count(registry, REGISTRY_RESIDENT);
    case SUBJECT_HOUSEHOLD: return registry_count(registry, REGISTRY_HOUSEHOLD);
    case SUBJECT_TERRITORY: return registry_count(registry, REGISTRY_TERRITORY);
    case SUBJECT_DEVICE: return registry_count(registry, REGISTRY_DEVICE);
    case SUBJECT_GATEWAY:
    case SUBJECT_NONE: break;
    }
    return 0;
}

enum err detect_rebind(struct detect *detect, const struct registry *registry,
                       const struct detect_settings *settings, const struct detect_overrides *overrides)
{
    struct settings_choice choice = {0};
    struct state_table *larger = calloc(detect->table_count, sizeof *larger);
    if (!larger)
        return ERR_NOMEM;
    enum err err = choice_bind(registry, settings, overrides, &choice);
    for (unsigned kind = SUBJECT_NONE + 1; kind < SUBJECT_KINDS && err == ERR_OK; kind++)
        err = asleep_grow(detect, (enum subject_kind)kind, owners(registry, (enum subject_kind)kind));
    for (unsigned i = 0; i < detect->table_count && err == ERR_OK; i++) {
        uint32_t count = owners(registry, detectors[i]->state_of);
        if (count > detect->tables[i].count)
            err = states_grown(&detect->tables[i], count, detectors[i], &larger[i]);
    }
    for (unsigned i = 0; i < detect->table_count; i++) {
        if (err != ERR_OK) {
            states_release(&larger[i]);
        } else if (larger[i].count) {
            states_release(&detect->tables[i]);
            detect->tables[i] = larger[i];
        }
    }
    free(larger);
    if (err == ERR_OK) {
        detect->config.registry = registry;
        choice_release(&detect->choice);
        detect->choice = choice;
    } else {
        choice_release(&choice);
    }
    return err;
}

static unsigned index_of(const struct detector *detector)
{
    unsigned i = 0;
    while (detectors[i] && detectors[i] != detector)
        i++;
    assert(detectors[i]);
    return i;
}

enum err detect_new(const struct detect_config *config, struct detect **ret_detect)
{
    struct detect *detect = calloc(1, sizeof *detect);
    if (!detect)
        return ERR_NOMEM;
    detect->config = *config;
    detect->table_count = detector_count();
    assert(detect->table_count > 0 && detect->table_count <= DETECTORS_MAX);
    unsigned of_kind[SUBJECT_KINDS] = {0};
    for (unsigned i = 0; i < detect->table_count; i++) {
        const enum subject_kind kind = detectors[i]->state_of;
        assert(of_kind[kind] < OF_A_KIND_MAX);
        detect->asleep_bit[i] = UINT32_C(1) << of_kind[kind]++;
        for (const struct detector *const *hears = detectors[i]->hears; hears && *hears; hears++)
            detect->heard_by[index_of(*hears)] |= UINT64_C(1) << i;
    }
    size_t largest = 0;
    for (unsigned i = 0; i < detect->table_count; i++) {
        assert(detectors[i]->state_size >= (detectors[i]->sparse ? sizeof(uint32_t) : 1));
        if (detectors[i]->state_size > largest)
            largest = detectors[i]->state_size;
    }
    detect->tables = calloc(detect->table_count, sizeof *detect->tables);
    detect->before = malloc(largest);
    detect->fresh = malloc(largest);
    detect->zeros = calloc(1, largest);
    detect->image = malloc(DEADLINE_BYTES + largest);
    bool fine = detect->tables && detect->before && detect->fresh && detect->zeros && detect->image;
    enum err err = fine ? ERR_OK : ERR_NOMEM;
    if (err == ERR_OK)
        err = detect_rebind(detect, config->registry, config->settings, config->overrides);
    if (err != ERR_OK) {
        detect_free(detect);
        return err;
    }
    *ret_detect = detect;
    return ERR_OK;
}

void detect_free(struct detect *detect)
{
    if (!detect)
        return;
    for (unsigned i = 0; detect->tables && i < detect->table_count; i++)
        states_release(&detect->tables[i]);
    for (unsigned kind = 0; kind < SUBJECT_KINDS; kind++)
        free(detect->asleep[kind]);
    choice_release(&detect->choice);
    free(detect->tables);
    free(detect->before);
    free(detect->fresh);
    free(detect->zeros);
    free(detect->image);
    free(detect);
}

/* Why a detector is called; nothing set = its timer. */
struct occasion {
    const struct event *event;
    const struct finding *heard;
    const struct closing *closing;
    const struct conduct *conduct;
};

static void run(struct detect *detect, unsigned index, struct detect_context *context,
                struct occasion occasion)
{
    const struct detector *detector = detectors[index];
    struct state_table *table = &detect->tables[index];
    uint32_t no = context->owner.no;
    size_t size = detector->state_size;
    bool sleeps = detect->asleep[context->owner.kind][no] & detect->asleep_bit[index];
    if (occasion.event && sleeps && !(detector->wakes && detector->wakes(context, occasion.event)))
        return;
    unsigned char *state = state_at(detect, index, no);
    if (state == detect->zeros)
        state = memset(detect->fresh, 0, size);
    int64_t deadline_ms = table->slots ? table->slots[no].deadline_ms : TIMER_OFF;
    memcpy(detect->before, state, size);
    bool timer = false;
    if (occasion.event) {
        detector->on_event(context, state, occasion.event);
    } else if (occasion.heard) {
        detector->on_finding(context, state, occasion.heard);
    } else if (occasion.closing) {
        detector->on_closing(context, state, occasion.closing);
    } else if (occasion.conduct) {
        detector->on_conduct(context, state, occasion.conduct);
    } else {
        timer = true;
        detector->on_timer(context, state);
    }
    /* A timer that fired has left its slot already: that is a change of its own. */
    if (timer || (table->slots && table->slots[no].deadline_ms != deadline_ms) ||
        memcmp(detect->before, state, size) != 0)
        state_mark_dirty(table, no);
    if (table->places)
        state_settle(detect, index, no, state);
    if (detector->wakes || detector->is_asleep)
        asleep_note(detect, index, no);
}

static struct detect_context context_of(struct detect *detect, int64_t t_ms, struct subject owner)
{
    return (struct detect_context){.t_ms = t_ms,
                                   .registry = detect->config.registry,
                                   .live = detect->config.live,
                                   .tz = detect->config.tz,
                                   .owner = owner,
                                   .resident = REGISTRY_NONE,
                                   .household = REGISTRY_NONE};
}

/* The nearest territory of that kind at or above `no`, or the topmost. */
static uint32_t territory_above(const struct registry *registry, uint32_t no, enum territory_kind kind)
{
    while (no != REGISTRY_NONE) {
        const struct territory *territory = registry_territory(registry, no);
        if (territory->kind == kind || territory->parent == REGISTRY_NONE)
            break;
        no = territory->parent;
    }
    return no;
}

static uint32_t territory_of_home(const struct registry *registry, uint32_t household,
                                  const struct detector *detector)
{
    return household == REGISTRY_NONE
               ? REGISTRY_NONE
               : territory_above(registry, registry_household(registry, household)->grid,
                                 detector->territory);
}

/* Runs a detector for the owner `no`; REGISTRY_NONE = nobody's. */
static void run_for(struct detect *detect, int64_t t_ms, unsigned detector, uint32_t no, uint32_t resident,
                    uint32_t household, struct occasion occasion)
{
    if (no == REGISTRY_NONE)
        return;
    struct detect_run self = {.detect = detect, .detector = detector};
    struct detect_context context =
        context_of(detect, t_ms, (struct subject){.kind = (uint8_t)detectors[detector]->state_of, .no = no});
    context.resident = resident;
    context.household = household;
    context.settings = choice_of(&detect->choice, context.owner, resident, household);
    context.run = &self;
    run(detect, detector, &context, occasion);
}

static uint32_t owner_concerned(const struct registry *registry, const struct detector *detector,
                                uint32_t resident, uint32_t household, struct subject subject)
{
    switch (detector->state_of) {
    case SUBJECT_RESIDENT: return resident;
    case SUBJECT_HOUSEHOLD: return household;
    case SUBJECT_TERRITORY:
        if (household != REGISTRY_NONE)
            return territory_of_home(registry, household, detector);
        return subject.kind == SUBJECT_TERRITORY ? territory_above(registry, subject.no, detector->territory)
                                                 : REGISTRY_NONE;
    case SUBJECT_DEVICE: return subject.kind == SUBJECT_DEVICE ? subject.no : REGISTRY_NONE;
    case SUBJECT_GATEWAY:
    case SUBJECT_NONE: break;
    }
    return REGISTRY_NONE;
}

/* Findings go on to those that hear them, in the order of the findings, then of the table. */
static void pass_on_findings(struct detect *detect)
{
    for (unsigned i = 0; i < detect->heard_count; i++) {
        struct finding finding = detect->heard[i];
        uint64_t hearers = detect->heard_by[finding.detector];
        for (unsigned j = 0; j < detect->table_count; j++) {
            if (hearers & UINT64_C(1) << j)
                run_for(detect, finding.t_ms, j,
                        owner_concerned(detect->config.registry, detectors[j], finding.resident,
                                        finding.household, finding.subject),
                        finding.resident, finding.household, (struct occasion){.heard = &finding});
        }
    }
    detect->heard_count = 0;
}

void detect_on_event(struct detect *detect, int64_t t_ms, const struct event *event)
{
    const struct registry *registry = detect->config.registry;
    assert(event->key.device < registry_count(registry, REGISTRY_DEVICE));
    if (detect->starved)
        timer_feed_starved(detect);
    const struct device *device = registry_device(registry, event->key.device);
    detect->drill = live_is_drill(detect->config.live, event);
    for (unsigned i = 0; i < detect->table_count; i++) {
        const struct detector *detector = detectors[i];
        if (!(detector->kinds & EVENT_BIT(event->kind)))
            continue;
        uint32_t no = REGISTRY_NONE, resident = device->resident;
        if (detector->state_of == SUBJECT_DEVICE)
            no = event->key.device;
        else if (detector->state_of == SUBJECT_RESIDENT && device->kind == DEVICE_WRISTBAND)
            no = resident;
        else if (detector->state_of == SUBJECT_RESIDENT && detector->by_camera)
            no = resident = live_person_of(registry, device);
        else if (detector->state_of == SUBJECT_HOUSEHOLD)
            no = device->household;
        else if (detector->state_of == SUBJECT_TERRITORY)
            no = territory_of_home(registry, device->household, detector);
        run_for(detect, t_ms, i, no, resident, device->household, (struct occasion){.event = event});
    }
    detect->drill = false;
    pass_on_findings(detect);
}

void detect_on_closing(struct detect *detect, int64_t t_ms, const struct closing *closing)
{
    for (unsigned i = 0; i < detect->table_count; i++) {
        if (detectors[i]->on_closing)
            run_for(detect, t_ms, i,
                    owner_concerned(detect->config.registry, detectors[i], closing->resident,
                                    closing->household, closing->subject),
                    closing->resident, closing->household, (struct occasion){.closing = closing});
    }
    pass_on_findings(detect);
}

void detect_on_conduct(struct detect *detect, int64_t t_ms, const struct conduct *conduct)
{
    const struct device *device = registry_device(detect->config.registry, conduct->device);
    if (detect->starved)
        timer_feed_starved(detect);
    for (unsigned i = 0; i < detect->table_count; i++) {
        if (detectors[i]->on_conduct)
            run_for(detect, t_ms, i, conduct->device, device->resident, device->household,
                    (struct occasion){.conduct = conduct});
    }
    pass_on_findings(detect);
}

struct timer_slot *detect_slot(struct detect *detect, uint64_t owner)
{
    unsigned detector = timer_owner_slot(owner);
    struct subject subject = timer_owner_subject(owner);
    if (detector >= detect->table_count || subject.kind != detectors[detector]->state_of ||
        subject.no >= detect->tables[detector].count || !detect->tables[detector].slots)
        return NULL;
    return &detect->tables[detector].slots[subject.no];
}

void detect_on_timer(struct detect *detect, uint64_t owner, int64_t deadline_ms)
{
    assert(detect_slot(detect, owner));
    const struct registry *registry = detect->config.registry;
    unsigned detector = timer_owner_slot(owner);
    struct subject subject = timer_owner_subject(owner);
    if (detect->starved)
        timer_feed_starved(detect);
    if (!detectors[detector]->on_timer || subject.no >= owners(registry, subject.kind))
        return;
    uint32_t resident = REGISTRY_NONE, household = REGISTRY_NONE;
    if (subject.kind == SUBJECT_DEVICE) {
        resident = registry_device(registry, subject.no)->resident;
        household = registry_device(registry, subject.no)->household;
    } else if (subject.kind == SUBJECT_RESIDENT) {
        resident = subject.no;
        household = registry_resident(registry, subject.no)->household;
    } else if (subject.kind == SUBJECT_HOUSEHOLD) {
        household = subject.no;
    }
    run_for(detect, deadline_ms, detector, subject.no, resident, household, (struct occasion){0});
    pass_on_findings(detect);
}

/* The person where there is one, else the home, else the thing itself: alerts are about people and homes. */
static struct subject subject_of(const struct detect_context *context)
{
    if (context->owner.kind != SUBJECT_DEVICE)
        return context->owner;
    if (context->resident != REGISTRY_NONE)
        return (struct subject){.kind = SUBJECT_RESIDENT, .no = context->resident};
    if (context->household != REGISTRY_NONE)
        return (struct subject){.kind = SUBJECT_HOUSEHOLD, .no = context->household};
    return context->owner;
}

struct finding detect_finding(const struct detect_context *context, unsigned reason, enum level level,
                              double score)
{
    const struct detector *detector = detectors[context->run->detector];
    assert(reason < detector->reason_count);
    struct finding finding;
    memset(&finding, 0, sizeof finding); /* its bytes are stored: no padding left to chance */
    finding.t_ms = context->t_ms;
    finding.at_ms = context->t_ms;
    finding.subject = subject_of(context);
    /* What a home's camera saw concerns the home, and what goes on in a village concerns the village,
     * whoever's band spoke last (practice.md 3). */
    bool about_one = context->owner.kind == SUBJECT_RESIDENT || context->owner.kind == SUBJECT_DEVICE;
    finding.resident = about_one ? context->resident : REGISTRY_NONE;
    finding.household = context->owner.kind == SUBJECT_TERRITORY ? REGISTRY_NONE : context->household;
    finding.zone = REGISTRY_NONE;
    finding.score = score < 0 ? 0 : score > 1 ? 1 : score;
    finding.detector = (uint8_t)context->run->detector;
    finding.family = (uint8_t)detector->family;
    finding.level = (uint8_t)level;
    finding.reason = (uint8_t)reason;
    return finding;
}

void detect_key_set(struct event_key *to, const struct event_key *from)
{
    to->device = from->device;
    to->epoch = from->epoch;
    to->seq = from->seq;
    to->lane = from->lane;
}

bool detect_key_before(const struct event_key *a, const struct event_key *b)
{
    return a->device == b->device && a->lane == b->lane && a->epoch == b->epoch && a->seq < b->seq;
}

static void add_key(struct finding *finding, const struct event_key *key)
{
    for (unsigned i = 0; i < finding->evidence_count; i++) {
        if (event_key_equal(&finding->evidence[i], key))
            return;
    }
    /* Full: the first stays (the alert's id hangs on it), the last gives way to the newest. */
    if (finding->evidence_count == FINDING_EVIDENCE_MAX)
        finding->evidence_count--;
    finding->evidence[finding->evidence_count++] = *key;
}

void detect_add_key(struct finding *finding, const struct event_key *key)
{
    if (key->lane)
        add_key(finding, key);
}

void detect_add_evidence(struct finding *finding, const struct event *event)
{
    add_key(finding, &event->key);
    finding->at_ms = event->at_ms;
    if (event->flags & EVENT_LATE)
        finding->flags |= FINDING_LATE;
}

/* At which church or petition office somebody is, is nobody's business, whatever the finding is about; but
 * for an emergency, and for orange: somebody known to get lost is looked for wherever they are. */
static bool tells_private_place(const struct detect_context *context, const struct finding *finding)
{
    return finding->has_where && finding->resident != REGISTRY_NONE && finding->family != FAMILY_EMERGENCY &&
           finding->level < LEVEL_ORANGE && position_is_protected(context, finding->resident, finding->where);
}

void detect_emit(const struct detect_context *context, const struct finding *finding)
{
    struct detect *detect = context->run->detect;
    if (detect->drill && !(finding->flags & FINDING_CLEARS)) {
        struct finding drill;
        memcpy(&drill, finding, sizeof drill); /* with its padding: its bytes are stored */
        drill.flags |= FINDING_DRILL;
        detect->config.on_finding(detect->config.self, &drill);
        return; /* no evidence of anything for those that hear it */
    }
    struct finding shown;
    if (tells_private_place(context, finding)) {
        memcpy(&shown, finding, sizeof shown);
        shown.has_where = 0;
        shown.where = (struct geo_point){0};
        finding = &shown;
    }
    detect->config.on_finding(detect->config.self, finding);
    if (!detect->heard_by[finding->detector])
        return;
    if (detect->heard_count < HEARD_MAX)
        detect->heard[detect->heard_count++] = *finding;
    else
        log_write(LOG_ERROR, "detect.heard", "too many findings at once, one is not fused\tdetector=%s",
                  detectors[finding->detector]->name);
}

const void *detect_peek(const struct detect_context *context, const struct detector *other, uint32_t no)
{
    const struct detect *detect = context->run->detect;
    unsigned i = index_of(other);
    assert(no < detect->tables[i].count);
    return state_at(detect, i, no);
}

uint32_t detect_territory(const struct detect_context *context, const struct detector *detector,
                          uint32_t household)
{
    return territory_of_home(context->registry, household, detector);
}

uint32_t detect_only_resident(const struct detect_context *context)
{
    uint32_t only = REGISTRY_NONE;
    if (context->household == REGISTRY_NONE)
        return only;
    for (uint32_t no = registry_household(context->registry, context->household)->first_resident;
         no != REGISTRY_NONE; no = registry_resident(context->registry, no)->next_in_household) {
        uint8_t status = live_resident(context->live, no)->status;
        if (registry_resident(context->registry, no)->removed || status == STATUS_MOVED ||
            status == STATUS_DECEASED)
            continue;
        if (only != REGISTRY_NONE)
            return REGISTRY_NONE;
        only = no;
    }
    return only;
}

bool detect_is_out(const struct detect_context *context, const struct event *event)
{
    return registry_device(context->registry, event->key.device)->kind == DEVICE_WRISTBAND &&
           context->resident != REGISTRY_NONE &&
           live_resident(context->live, context->resident)->at_home != LIVE_YES;
}

void detect_arm(const struct detect_context *context, int64_t deadline_ms)
{
    timer_arm(context->run->detect, context->run->detector, context->owner, deadline_ms);
}
