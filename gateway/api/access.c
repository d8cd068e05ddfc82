#include "api/access.h"

#include <string.h>

#define DOES(name) (UINT64_C(1) << ACTION_##name)
#define DOES_TASKS (DOES(TASK_ASSIGN) | DOES(TASK_ACCEPT) | DOES(TASK_ARRIVE) | DOES(TASK_FINISH))
#define DOES_ALL                                                                                             \
    (DOES(ACKNOWLEDGE) | DOES(CALL) | DOES(COMMENT) | DOES(CLOSE) | DOES_TASKS | DOES(ASSIGN) |              \
     DOES(SNOOZE) | DOES(SPEAK) | DOES(HUSH) | DOES(HANDOVER_BEGIN) | DOES(HANDOVER_SIGN))
#define DOES_LEDGER    (DOES(LEDGER_ASSIGN) | DOES(LEDGER_HANDLE) | DOES(LEDGER_TRANSFER) | DOES(LEDGER_CLOSE))
#define DOES_CAMPAIGNS (DOES(CAMPAIGN) | DOES(CAMPAIGN_END))
#define DOES_FLEET     (DOES(DEVICE_LOCATE) | DOES(DEVICE_INTERVAL) | DOES(DEVICE_RESTART) | DOES(TEST_WINDOW))

#define DOES_ROLLOUTS (DOES(ROLLOUT_START) | DOES(ROLLOUT_PAUSE) | DOES(ROLLOUT_RESUME) | DOES(ROLLOUT_ABORT))

#define DOES_ROSTERS (DOES(ROSTER_OVERRIDE) | DOES(ROSTER_SWAP) | DOES(ROSTER_CANCEL))

_Static_assert((int)ACTION_KIND_COUNT <= 64, "a bit for each action");

enum sight { SEES_NOTHING, SEES_RESIDENT, SEES_TERRITORY, SEES_POLICE, SEES_ALL };

#define HAS(name) (1U << PART_##name)
#define HAS_TOWN  (HAS(RESIDENTS) | HAS(STATUS) | HAS(FLEET) | HAS(SILENCES) | HAS(ROSTERS))
#define HAS_ALL   ((1U << PART_COUNT) - 1)

static const struct {
    enum sight sight;
    uint64_t acts; /* 1 << enum action_kind */
    enum precision precision;
    unsigned parts; /* 1 << enum desk_part */
} rights[ACCOUNT_ADMINISTRATOR + 1] = {
    [ROLE_NONE] = {SEES_ALL,
                   DOES_ALL | DOES_LEDGER | DOES_CAMPAIGNS | DOES_FLEET | DOES_ROSTERS | DOES_ROLLOUTS |
                       DOES(POLICE),
                   PRECISION_CONTACTS, HAS_ALL},
    [ROLE_FAMILY] = {SEES_RESIDENT, DOES(ACKNOWLEDGE) | DOES(CALL) | DOES(COMMENT), PRECISION_ADDRESS,
                     HAS(RESIDENTS)},
    [ROLE_GRID_WORKER] = {SEES_TERRITORY, DOES_ALL | DOES(LEDGER_HANDLE) | DOES(TEST_WINDOW),
                          PRECISION_CONTACTS, HAS_TOWN},
    [ROLE_TOWN_DESK] = {SEES_TERRITORY, DOES_ALL | DOES_LEDGER | DOES_FLEET | DOES_ROSTERS,
                        PRECISION_CONTACTS, HAS_TOWN | HAS(AUDIT) | HAS(ROWS)},
    [ROLE_COUNTY_DESK] = {SEES_ALL,
                          DOES_ALL | DOES_LEDGER | DOES_CAMPAIGNS | DOES_FLEET | DOES_ROSTERS |
                              DOES_ROLLOUTS | DOES(POLICE),
                          PRECISION_CONTACTS,
                          HAS_TOWN | HAS(AUDIT) | HAS(STRANGERS) | HAS(HEALTH) | HAS(REPORTS) | HAS(ROWS)},
    [ROLE_POLICE_DESK] = {SEES_POLICE, DOES(COMMENT) | DOES(POLICE), PRECISION_ADDRESS, 0},
    [ACCOUNT_ADMINISTRATOR] = {SEES_ALL, 0, PRECISION_TERRITORY,
                               HAS_ALL & ~(HAS(STATUS) | HAS(SILENCES) | HAS(ROWS))},
};

const char *desk_part_name(enum desk_part part)
{
    static const char *const names[] = {
#define X(name, text) [PART_##name] = #text,
        DESK_PART_MAP(X)
#undef X
    };
    return names[part];
}

bool access_has(const struct person *person, enum desk_part part)
{
    return (rights[person->account.role].parts & (1U << part)) != 0;
}

enum sharpness access_position(const struct person *person, bool alert_is_open)
{
    if (rights[person->account.role].precision < PRECISION_ADDRESS)
        return POSITION_HIDDEN;
    return alert_is_open ? POSITION_SHARP : POSITION_ROUGH;
}

static bool is_within(const char *code, const struct reader_place *place)
{
    for (unsigned i = 0; i < place->territory_count; i++)
        if (strcmp(place->territories[i].code, code) == 0)
            return true;
    return false;
}

static bool is_about(const struct person *person, const struct reader_place *place)
{
    const char *resident = person->account.scope;

    /* About one person: that one. About a home: the one that person lives in. */
    bool theirs = place->resident[0] != '\0'
                      ? strcmp(place->resident, resident) == 0
                      : place->household[0] != '\0' && strcmp(place->household, person->household) == 0;
    return theirs && (place->family == FAMILY_EMERGENCY || person->family_consent);
}

bool access_sees(const struct person *person, const struct reader_place *place)
{
    switch (rights[person->account.role].sight) {
    case SEES_ALL: return true;
    case SEES_TERRITORY: return is_within(person->account.scope, place);
    case SEES_RESIDENT: return is_about(person, place);
    case SEES_POLICE: return place->police;
    default: return false;
    }
}

bool access_acts(const struct person *person, enum action_kind kind)
{
    return (rights[person->account.role].acts & (UINT64_C(1) << kind)) != 0;
}

enum precision access_precision(const struct person *person)
{
    return rights[person->account.role].precision;
}

enum registry_table access_scope_table(unsigned role)
{
    switch (rights[role].sight) {
    case SEES_TERRITORY: return REGISTRY_TERRITORY;
    case SEES_RESIDENT: return REGISTRY_RESIDENT;
    default: return REGISTRY_TABLES;
    }
}
