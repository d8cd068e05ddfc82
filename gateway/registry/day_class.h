/* What kind of day it is for people: Chinese public holidays move workdays (调休), and at the Spring Festival
 * families are at home. Pure; any thread.
 *
 * The Spring Festival is known without configuration. The rest a county lists in calendars.csv under ids with
 * a meaning: `holiday` (days off), `workday` (Saturdays and Sundays that are worked for them) and `family`
 * (further days on which families are at home); an id may go on after a hyphen, as `holiday-2027` does. */
#ifndef HUYANG_REGISTRY_DAY_CLASS_H
#define HUYANG_REGISTRY_DAY_CLASS_H

#include "registry/registry.h"

enum day_class {
    DAY_ORDINARY, /* Monday to Friday, and weekends that are worked */
    DAY_OFF,      /* weekends and public holidays */
    DAY_FAMILY,   /* people come and go at all hours: no measure of a routine, and not measured by one */
};
/* O(calendars). */
enum day_class day_class_of(const struct registry *registry, const struct civil *local);
/* calendar_is_on; but one of Monday to Friday means working days, and moves with them. A weekly fair does
 * not: custom keeps it. */
bool day_class_calendar_is_on(const struct registry *registry, const struct calendar *calendar,
                              const struct civil *local);
/* visitor_in_window; but on a day off who comes at weekends may come as well. */
bool day_class_visitor_is_expected(const struct registry *registry, const struct trusted_visitor *visitor,
                                   const struct civil *local);

#endif
