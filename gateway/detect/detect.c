/* The runner. For each detector one array of states and one of timer slots, by the owner's registry number;
 * zeroed pages that nobody touches cost no memory. The states of a sparse detector stand close together in
 * the order in which they were first needed, found by a number for each owner, and a state that is zero again
 * gives its place back. A state counts as changed when its bytes or its deadline differ after the detector
 * ran: the copy costs a few cache lines, and heartbeats that change nothing write nothing into the next
 * snapshot. With a million residents the cost of an event is the memory it has to fetch, so a detector whose
 * owner sleeps is not even looked at (detector.h). */
#include "detect/detect.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum {
    DEADLINE_BYTES = 8,
    TABLE_NAME_MAX = 80,
    DETECTORS_MAX = 32, /* bits of heard_by */
    HEARD_MAX = 64      /* findings of one event or timer that wait for the detectors that hear them */
};

struct state_table {
    uint32_t count; /* owners there is room for */
    uint32_t dirty_count;
    unsigned char *states;    /* count * detector->state_size */
    struct timer_slot *slots; /* count; NULL when the detector has no timer */
    uint32_t *places;         /* of a sparse one: 1 + the owner's place in states, 0 = zero; else NULL */
    uint32_t places_used, free_place; /* places taken at any time; 1 + the head of the list of free ones */
    uint8_t *asleep;                  /* count flags; NULL when the detector has no is_asleep */
    uint8_t *dirty;                   /* count flags */
    uint32_t *dirty_list;             /* room for count */
};

struct detect {
    struct detect_config config;
    struct state_table *tables; /* one for each detector */
    unsigned table_count;
    unsigned char *before;        /* room for the largest state */
    unsigned char *fresh, *zeros; /* likewise: a sparse state that has no place yet; one that never will */
    unsigned char *image;         /* room for the largest snapshot value */
    uint32_t heard_by[DETECTORS_MAX]; /* for each detector the set of those that hear its findings */
    struct finding heard[HEARD_MAX];
    unsigned heard_count;
    bool starved; /* a timer did not fit into the heap: it is put in at the next chance */
};

/* What a detector's calls back into the runner need. */
struct detect_run {
    struct detect *detect;
    unsigned detector;
};

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
    case SUBJECT_NONE: break;
    }
    return 0;
}

static void table_release(struct state_table *table)
{
    free(table->states);
    free(table->slots);
    free(table->places);
    free(table->asleep);
    free(table->dirty);
    free(table->dirty_list);
    *table = (struct state_table){0};
}

/* A zeroed array of `count` with the old one's items in front; false when there is no memory. Not wanted =
 * NULL and true. */
static bool grown(bool wanted, const void *old, uint32_t old_count, uint32_t count, size_t item,
                  void *ret_array)
{
    void *array = wanted ? calloc(count, item) : NULL;
    if (array && old_count)
        memcpy(array, old, (size_t)old_count * item);
    memcpy(ret_array, &array, sizeof array);
    return array || !wanted;
}

/* A larger copy of `old`; `old` stays as it is. */
static enum err table_grown(const struct state_table *old, uint32_t count, const struct detector *detector,
                            struct state_table *ret_table)
{
    struct state_table table = *old;
    uint32_t states = detector->sparse ? old->places_used : old->count;
    table.count = count;
    bool fine = grown(true, old->states, states, count, detector->state_size, &table.states);
    fine &= grown(detector->on_timer, old->slots, old->count, count, sizeof *table.slots, &table.slots);
    fine &= grown(detector->sparse, old->places, old->count, count, sizeof *table.places, &table.places);
    fine &= grown(detector->is_asleep, old->asleep, old->count, count, sizeof *table.asleep, &table.asleep);
    fine &= grown(true, old->dirty, old->count, count, sizeof *table.dirty, &table.dirty);
    fine &=
        grown(true, old->dirty_list, old->dirty_count, count, sizeof *table.dirty_list, &table.dirty_list);
    if (!fine) {
        table_release(&table);
        return ERR_NOMEM;
    }
    *ret_table = table;
    return ERR_OK;
}

enum err detect_rebind(struct detect *detect, const struct registry *registry,
                       const struct detect_settings *settings)
{
    enum err err = ERR_OK;
    struct state_table *larger = calloc(detect->table_count, sizeof *larger);
    if (!larger)
        return ERR_NOMEM;
    for (unsigned i = 0; i < detect->table_count && err == ERR_OK; i++) {
        uint32_t count = owners(registry, detectors[i]->state_of);
        if (count > detect->tables[i].count)
            err = table_grown(&detect->tables[i], count, detectors[i], &larger[i]);
    }
    for (unsigned i = 0; i < detect->table_count; i++) {
        if (err != ERR_OK) {
            table_release(&larger[i]);
        } else if (larger[i].count) {
            table_release(&detect->tables[i]);
            detect->tables[i] = larger[i];
        }
    }
    free(larger);
    if (err == ERR_OK) {
        detect->config.registry = registry;
        detect->config.settings = settings;
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
    for (unsigned i = 0; i < detect->table_count; i++) {
        for (const struct detector *const *hears = detectors[i]->hears; hears && *hears; hears++)
            detect->heard_by[index_of(*hears)] |= UINT32_C(1) << i;
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
        err = detect_rebind(detect, config->registry, config->settings);
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
        table_release(&detect->tables[i]);
    free(detect->tables);
    free(detect->before);
    free(detect->fresh);
    free(detect->zeros);
    free(detect->image);
    free(detect);
}

static unsigned char *place_at(const struct detect *detect, unsigned detector, uint32_t place)
{
    return detect->tables[detector].states + (size_t)place * detectors[detector]->state_size;
}

/* As it stands; of a sparse one without a place the zeros, which nobody may write to. */
static unsigned char *state_at(const struct detect *detect, unsigned detector, uint32_t no)
{
    const uint32_t *places = detect->tables[detector].places;
    if (!places)
        return place_at(detect, detector, no);
    return places[no] ? place_at(detect, detector, places[no] - 1) : detect->zeros;
}

static bool is_zero(const unsigned char *state, size_t size)
{
    return state[0] == 0 && memcmp(state, state + 1, size - 1) == 0;
}

/* Stores what became of a sparse state: takes a place for it when it has none, or gives its place back. The
 * first bytes of a free place name the next one. There are as many places as owners. */
static void settle_place(struct detect *detect, unsigned detector, uint32_t no, unsigned char *state)
{
    struct state_table *table = &detect->tables[detector];
    size_t size = detectors[detector]->state_size;
    bool zero = is_zero(state, size);
    if (zero && table->places[no]) {
        memcpy(state, &table->free_place, sizeof table->free_place);
        table->free_place = table->places[no];
        table->places[no] = 0;
    } else if (!zero && !table->places[no]) {
        unsigned char *place;
        if (table->free_place) {
            table->places[no] = table->free_place;
            place = place_at(detect, detector, table->places[no] - 1);
            memcpy(&table->free_place, place, sizeof table->free_place);
        } else {
            table->places[no] = ++table->places_used;
            place = place_at(detect, detector, table->places[no] - 1);
        }
        memcpy(place, state, size);
    }
}

static void mark_dirty(struct state_table *table, uint32_t no)
{
    if (table->dirty[no])
        return;
    table->dirty[no] = 1;
    table->dirty_list[table->dirty_count++] = no;
}

/* Puts timers that found no room in the heap back in. Their deadlines stand in their slots, so nothing is
 * forgotten; this only happens short of memory. */
static void feed_starved(struct detect *detect)
{
    bool starved = false;
    for (unsigned i = 0; i < detect->table_count; i++) {
        struct state_table *table = &detect->tables[i];
        for (uint32_t no = 0; table->slots && no < table->count; no++) {
            struct timer_slot *slot = &table->slots[no];
            struct subject owner = {.kind = (uint8_t)detectors[i]->state_of, .no = no};
            if (slot->deadline_ms != TIMER_OFF && slot->queued_ms == TIMER_OFF)
                starved |= timers_arm(detect->config.timers, timer_owner(owner, i), slot,
                                      slot->deadline_ms) != ERR_OK;
        }
    }
    detect->starved = starved;
}

static void arm(struct detect *detect, unsigned detector, struct subject owner, int64_t deadline_ms)
{
    struct timer_slot *slots = detect->tables[detector].slots;
    assert(slots || deadline_ms == TIMER_OFF);
    if (!slots)
        return;
    struct timer_slot *slot = &slots[owner.no];
    if (timers_arm(detect->config.timers, timer_owner(owner, detector), slot, deadline_ms) == ERR_OK)
        return;
    slot->deadline_ms = deadline_ms;
    detect->starved |= slot->queued_ms == TIMER_OFF;
    log_write(LOG_ERROR, "detect.timer", "no room for a timer, will try again\tdetector=%s",
              detectors[detector]->name);
}

/* Why a detector is called; nothing set = its timer. */
struct occasion {
    const struct event *event;
    const struct finding *heard;
    const struct closing *closing;
};

static bool is_asleep(const struct state_table *table, uint32_t no)
{
    return table->asleep ? table->asleep[no] : table->places && !table->places[no];
}

static void run(struct detect *detect, unsigned index, struct detect_context *context,
                struct occasion occasion)
{
    const struct detector *detector = detectors[index];
    struct state_table *table = &detect->tables[index];
    uint32_t no = context->owner.no;
    size_t size = detector->state_size;
    if (occasion.event && (detector->wakes || detector->is_asleep) && is_asleep(table, no) &&
        !(detector->wakes && detector->wakes(context, occasion.event)))
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
    } else {
        timer = true;
        detector->on_timer(context, state);
    }
    /* A timer that fired has left its slot already: that is a change of its own. */
    if (timer || (table->slots && table->slots[no].deadline_ms != deadline_ms) ||
        memcmp(detect->before, state, size) != 0)
        mark_dirty(table, no);
    if (table->asleep)
        table->asleep[no] = detector->is_asleep(state);
    if (table->places)
        settle_place(detect, index, no, state);
}

static struct detect_context context_of(struct detect *detect, int64_t t_ms, struct subject owner)
{
    return (struct detect_context){.t_ms = t_ms,
                                   .registry = detect->config.registry,
                                   .live = detect->config.live,
                                   .settings = detect->config.settings,
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
    case SUBJECT_NONE: break;
    }
    return REGISTRY_NONE;
}

/* Findings go on to those that hear them, in the order of the findings, then of the table. */
static void pass_on_findings(struct detect *detect)
{
    for (unsigned i = 0; i < detect->heard_count; i++) {
        struct finding finding = detect->heard[i];
        uint32_t hearers = detect->heard_by[finding.detector];
        for (unsigned j = 0; j < detect->table_count; j++) {
            if (hearers & UINT32_C(1) << j)
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
        feed_starved(detect);
    const struct device *device = registry_device(registry, event->key.device);
    for (unsigned i = 0; i < detect->table_count; i++) {
        const struct detector *detector = detectors[i];
        if (!(detector->kinds & EVENT_BIT(event->kind)))
            continue;
        uint32_t no = REGISTRY_NONE;
        if (detector->state_of == SUBJECT_DEVICE)
            no = event->key.device;
        else if (detector->state_of == SUBJECT_RESIDENT && device->kind == DEVICE_WRISTBAND)
            no = device->resident;
        else if (detector->state_of == SUBJECT_HOUSEHOLD)
            no = device->household;
        else if (detector->state_of == SUBJECT_TERRITORY)
            no = territory_of_home(registry, device->household, detector);
        run_for(detect, t_ms, i, no, device->resident, device->household, (struct occasion){.event = event});
    }
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
        feed_starved(detect);
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

void detect_emit(const struct detect_context *context, const struct finding *finding)
{
    struct detect *detect = context->run->detect;
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

bool detect_is_out(const struct detect_context *context, const struct event *event)
{
    return registry_device(context->registry, event->key.device)->kind == DEVICE_WRISTBAND &&
           context->resident != REGISTRY_NONE &&
           live_resident(context->live, context->resident)->at_home != LIVE_YES;
}

void detect_arm(const struct detect_context *context, int64_t deadline_ms)
{
    arm(context->run->detect, context->run->detector, context->owner, deadline_ms);
}

static void put_i64(unsigned char *to, int64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (unsigned char)((uint64_t)value >> (8 * i));
}

static int64_t get_i64(const unsigned char *from)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return (int64_t)value;
}

enum err detect_snapshot(const struct detect *detect,
                         enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                        const void *value, size_t len),
                         void *self)
{
    for (unsigned i = 0; i < detect->table_count; i++) {
        const struct state_table *table = &detect->tables[i];
        size_t size = detectors[i]->state_size;
        char name[TABLE_NAME_MAX];
        snprintf(name, sizeof name, "detect.%s", detectors[i]->name);
        for (uint32_t j = 0; j < table->dirty_count; j++) {
            uint32_t no = table->dirty_list[j];
            put_i64(detect->image, table->slots ? table->slots[no].deadline_ms : TIMER_OFF);
            memcpy(detect->image + DEADLINE_BYTES, state_at(detect, i, no), size);
            enum err err =
                fn(self, name, detectors[i]->state_version, no, detect->image, DEADLINE_BYTES + size);
            if (err != ERR_OK)
                return err;
        }
    }
    return ERR_OK;
}

void detect_snapshot_done(struct detect *detect)
{
    for (unsigned i = 0; i < detect->table_count; i++) {
        struct state_table *table = &detect->tables[i];
        for (uint32_t j = 0; j < table->dirty_count; j++)
            table->dirty[table->dirty_list[j]] = 0;
        table->dirty_count = 0;
    }
}

enum err detect_restore(struct detect *detect, const char *table, uint16_t version, uint32_t no,
                        const void *value, size_t len)
{
    static const char prefix[] = "detect.";
    if (strncmp(table, prefix, sizeof prefix - 1) != 0)
        return ERR_NOT_FOUND;
    unsigned i = detector_find(table + sizeof prefix - 1);
    if (i >= detect->table_count || no >= detect->tables[i].count)
        return ERR_NOT_FOUND;
    if (len < DEADLINE_BYTES)
        return ERR_CORRUPT;
    const unsigned char *from = value;
    int64_t deadline_ms = get_i64(from);
    if (deadline_ms < 0)
        return ERR_CORRUPT;
    size_t size = detectors[i]->state_size;
    unsigned char *state = state_at(detect, i, no);
    if (state == detect->zeros)
        state = memset(detect->fresh, 0, size);
    if (version == detectors[i]->state_version) {
        if (len != DEADLINE_BYTES + size)
            return ERR_CORRUPT;
        memcpy(state, from + DEADLINE_BYTES, size);
    } else {
        memset(state, 0, size);
        enum err err = detectors[i]->migrate ? detectors[i]->migrate(version, from + DEADLINE_BYTES,
                                                                     len - DEADLINE_BYTES, state)
                                             : ERR_UNSUPPORTED;
        if (err != ERR_OK) {
            memset(state, 0, size);
            if (detect->tables[i].places)
                settle_place(detect, i, no, state);
            log_write(LOG_WARN, "detect.migrate",
                      "a stored state cannot be read, starting afresh\tdetector=%s\tversion=%u\tno=%u",
                      detectors[i]->name, (unsigned)version, (unsigned)no);
            return err;
        }
        mark_dirty(&detect->tables[i], no);
    }
    if (detect->tables[i].asleep)
        detect->tables[i].asleep[no] = 0;
    if (detect->tables[i].places)
        settle_place(detect, i, no, state);
    if (!detect->tables[i].slots)
        return ERR_OK;
    arm(detect, i, (struct subject){.kind = (uint8_t)detectors[i]->state_of, .no = no}, deadline_ms);
    return ERR_OK;
}
