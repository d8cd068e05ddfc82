/* Who may see and do what. The one place that decides it; everything else asks here. Pure.
 *
 *  role           sees                                       acts                          is shown
 *  family         alerts about their resident or that home;  acknowledge, call, comment    name, address
 *                 other than emergencies with consent only
 *  grid_worker    alerts of their territory                  all                           everything
 *  town_desk      alerts of their territory                  all                           everything
 *  county_desk    all                                        all                           everything
 *  police_desk    what was sent to the police                comment                       name, address
 *  administrator  all                                        nothing                       the territory
 *  operator       all (the token of this machine)            all                           everything */
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

bool access_sees(const struct person *person, const struct reader_place *place);
bool access_acts(const struct person *person, enum action_kind kind);
enum precision access_precision(const struct person *person);
/* What an account's scope must name: REGISTRY_TERRITORY, REGISTRY_RESIDENT, or REGISTRY_TABLES for nothing.
 */
enum registry_table access_scope_table(unsigned role);

#endif
