/* Who may see and do what. The one place that decides it; everything else asks here. Pure.
 *
 *  role           sees                                       acts                          is shown
 *  family         alerts about their resident or that home;  acknowledge, call, comment    name, address
 *                 other than emergencies with consent only
 *  grid_worker    alerts of their territory                  all                           everything
 *  town_desk      alerts of their territory                  all                           everything
 *  county_desk    all                                        all                           everything
 *  police_desk    what was sent to the police                comment, the police's words    name, address
 *  administrator  all                                        nothing                       the territory
 *  operator       all (the token of this machine)            all                           everything
 *
 * Beside the alerts there are parts of the desk (enum desk_part), each for some roles, and within them what
 * lies in the person's territory. A position is shown as it was reported while an alert about the person is
 * open, else drawn to a grid of about a kilometre; to an administrator never. */
#ifndef HUYANG_API_ACCESS_H
#define HUYANG_API_ACCESS_H

#include "store/accounts.h"
#include "store/reader.h"

/* How much of a place is shown; each includes those before. */
enum precision { PRECISION_TERRITORY, PRECISION_ADDRESS, PRECISION_CONTACTS };

/* Who asks. */
struct person {
    struct account account;  /* role ROLE_NONE: the operator, by the machine's token */
    char household[ID_SIZE]; /* family: the home of their resident, "" when unknown */
    bool family_consent;     /* family: that resident agreed */
};

/* Parts of the desk beside the alerts. */
#define DESK_PART_MAP(X)                                                                                     \
    X(RESIDENTS, residents) /* residents, homes, zones, findings */                                          \
    X(STATUS, status)       /* set a resident's status, see and write down consents */                       \
    X(FLEET, fleet)         /* devices */                                                                    \
    X(STRANGERS, strangers) /* devices that nobody registered */                                             \
    X(SILENCES, silences)   /* silences and the ledger of what they held back */                             \
    X(ROSTERS, rosters)     /* who is on duty */                                                             \
    X(AUDIT, audit)         /* who did what */                                                               \
    X(VIEWS, views)         /* who looked at whom */                                                         \
    X(HEALTH, health)       /* of the gateway */                                                             \
    X(REPORTS, reports)                                                                                      \
    X(REGISTRY, registry) /* preview and import of a registry */                                             \
    X(CONFIGURATION, configuration)                                                                          \
    X(ROWS, rows) /* single rows of the registry, of one's own territory */
enum desk_part {
#define X(name, text) PART_##name,
    DESK_PART_MAP(X)
#undef X
        PART_COUNT
};
const char *desk_part_name(enum desk_part part);
bool access_has(const struct person *person, enum desk_part part);

enum sharpness { POSITION_HIDDEN, POSITION_ROUGH, POSITION_SHARP };
/* How sharply a person is shown where a resident is. */
enum sharpness access_position(const struct person *person, bool alert_is_open);

bool access_sees(const struct person *person, const struct reader_place *place);
bool access_acts(const struct person *person, enum action_kind kind);
enum precision access_precision(const struct person *person);
/* What an account's scope must name: REGISTRY_TERRITORY, REGISTRY_RESIDENT, or REGISTRY_TABLES for nothing.
 */
enum registry_table access_scope_table(unsigned role);

#endif
