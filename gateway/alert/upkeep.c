/* Findings the alert stage makes itself: devices that nobody wears any more, the summary of what was held
 * back. They open and end alerts like any other finding. */
#include <string.h>

#include "alert/alerts.h"
#include "detect/itself.h"

static struct finding draft(int64_t t_ms, unsigned reason, struct subject subject)
{
    struct finding finding;
    memset(&finding, 0, sizeof finding);
    finding.t_ms = finding.at_ms = t_ms;
    finding.subject.kind = subject.kind;
    finding.subject.no = subject.no;
    finding.resident = finding.household = finding.zone = REGISTRY_NONE;
    finding.family = FAMILY_FLEET;
    finding.detector = (uint8_t)detector_find("upkeep");
    finding.reason = (uint8_t)reason;
    finding.evidence[0].seq =
        (uint64_t)t_ms; /* no event, but the alert's id must differ from the last one's */
    return finding;
}

bool household_has_others(const struct alerts *alerts, uint32_t household, uint32_t resident)
{
    const struct registry *registry = alerts->config.registry;
    uint32_t no =
        household == REGISTRY_NONE ? REGISTRY_NONE : registry_household(registry, household)->first_resident;
    for (; no != REGISTRY_NONE; no = registry_resident(registry, no)->next_in_household) {
        unsigned status = live_resident(alerts->config.live, no)->status;
        if (no != resident && !registry_resident(registry, no)->removed && status != STATUS_DECEASED &&
            status != STATUS_MOVED)
            return true;
    }
    return false;
}

/* The wristband, and the home's cameras when nobody is left there. */
static unsigned devices_of(const struct alerts *alerts, uint32_t resident)
{
    const struct registry *registry = alerts->config.registry;
    const struct resident *person = registry_resident(registry, resident);
    unsigned count =
        person->wristband != REGISTRY_NONE && !registry_device(registry, person->wristband)->removed;
    if (person->household == REGISTRY_NONE || household_has_others(alerts, person->household, resident))
        return count;
    for (uint32_t no = registry_household(registry, person->household)->first_camera; no != REGISTRY_NONE;
         no = registry_device(registry, no)->next_camera)
        count += !registry_device(registry, no)->removed;
    return count;
}

void upkeep_collect_devices(struct alerts *alerts, int64_t t_ms, uint32_t resident)
{
    struct subject subject = {.kind = SUBJECT_RESIDENT, .no = resident};
    unsigned count = devices_of(alerts, resident);
    if (count == 0)
        return;
    struct finding finding = draft(t_ms, UPKEEP_TO_COLLECT, subject);
    finding.resident = resident;
    finding.household = registry_resident(alerts->config.registry, resident)->household;
    finding.level = LEVEL_GREEN;
    finding.numbers[0] = count;
    alerts_on_finding(alerts, t_ms, &finding);
    uint32_t case_no = case_find(alerts, subject, FAMILY_FLEET);
    struct alert_record *record = case_open_alert(alerts, case_no);
    if (!record)
        return;
    task_follow(alerts, record, t_ms, ROLE_GRID_WORKER, TASK_COLLECT_DEVICE);
    case_rearm(alerts, case_no);
}

void upkeep_devices_collected(struct alerts *alerts, const struct alert_record *record, int64_t t_ms)
{
    struct finding finding = draft(t_ms, UPKEEP_COLLECTED, record->alert.subject);
    finding.resident = record->alert.resident;
    finding.household = record->alert.household;
    finding.flags = FINDING_CLEARS;
    alerts_on_finding(alerts, t_ms, &finding);
}

struct alert_record *upkeep_held_back(struct alerts *alerts, int64_t t_ms, const struct digest *digest)
{
    struct subject county = {.kind = SUBJECT_TERRITORY, .no = audience_county(alerts)};
    if (county.no == REGISTRY_NONE)
        return NULL;
    struct finding finding = draft(t_ms, UPKEEP_HELD_BACK, county);
    uint32_t total = 0;
    for (unsigned level = 0; level < LEVEL_COUNT; level++)
        total += digest->held[level];
    finding.level = LEVEL_GREEN;
    finding.numbers[0] = total;
    finding.numbers[1] = (double)(digest->since_ms / 1000);
    finding.numbers[2] = digest->held[LEVEL_ORANGE];
    finding.numbers[3] = digest->held[LEVEL_YELLOW];
    alerts_on_finding(alerts, t_ms, &finding);
    return case_open_alert(alerts, case_find(alerts, county, FAMILY_FLEET));
}

void upkeep_handover(struct alerts *alerts, int64_t t_ms, struct subject place, unsigned unsigned_count)
{
    /* By the detector "gateway": what upkeep says of a territory is open beside it. */
    struct finding finding = draft(t_ms, trouble_reason(PART_OF_SHIFTS, unsigned_count != 0), place);
    finding.detector = (uint8_t)detector_find("gateway");
    finding.level = (uint8_t)trouble_level(PART_OF_SHIFTS);
    finding.score = 1;
    finding.flags = unsigned_count ? 0 : FINDING_CLEARS;
    finding.numbers[0] = unsigned_count;
    alerts_on_finding(alerts, t_ms, &finding);
}

void upkeep_held_back_ends(struct alerts *alerts, const struct alert_record *record, int64_t t_ms)
{
    struct finding finding = draft(t_ms, UPKEEP_TOLD, record->alert.subject);
    finding.flags = FINDING_CLEARS;
    alerts_on_finding(alerts, t_ms, &finding);
}
