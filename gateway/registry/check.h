/* Inside the registry: what a row must hold beyond its single values, and what a table must hold beyond its
 * rows. Called by the build through table_spec. */
#ifndef HUYANG_REGISTRY_CHECK_H
#define HUYANG_REGISTRY_CHECK_H

#include "registry/build.h"

bool check_datum(
    struct cell *cell); /* a cell parser: only wgs84 and gcj02; applied by the check of the row */
bool check_territory(struct cell *cell, const char *row);
void check_territories(struct build *build);
bool check_household(struct cell *cell, const char *row);
bool check_device(struct cell *cell, const char *row);
void check_devices(struct build *build);
bool check_roster(struct cell *cell, const char *row);
bool check_announcement(struct cell *cell, const char *row);
bool check_zone(struct cell *cell, const char *row);

#endif
