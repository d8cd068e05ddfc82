/* Where a resident, home, device or zone of the registry in force is, and whether a person may see it: the
 * same question as reader_place answers for an alert, without the database. */
#ifndef HUYANG_API_PLACE_H
#define HUYANG_API_PLACE_H

#include "api/request.h"

/* Codes and ids only: what access.c needs. */
void place_find(const struct registry *registry, struct subject subject, struct reader_place *ret_place);
/* May the person see more of it than that there is an alert? */
bool place_is_seen(const struct registry *registry, const struct person *person, struct subject subject);
/* A resident of the path's id whom the person may see, in this part of the desk; false: the reply is made. */
bool place_find_resident(const struct view *view, struct request *request, enum desk_part part,
                         uint32_t *ret_no);
/* How a position is shown, as members of the object that was begun: "at", "accuracy_m". Rough: the middle of
 * a cell of a hundredth of a degree, with its size as the accuracy. Not for a hidden one. */
void place_put_position(struct geo_point at, double accuracy_m, bool sharp, struct buf *out);
void place_put_point(struct buf *out, const char *name, struct geo_point point, int decimals);
/* "points", and "radius_m" of a circle, as members. */
void place_put_outline(const struct zone *zone, struct buf *out);
/* Has the resident alerts that are open, so that a position is shown as it is? */
MUST_CHECK enum err place_has_alert(const struct view *view, const char *resident, bool *ret_open);
/* "territories":[{code,name}…] of a territory and those it lies in, the nearest first; as a member. */
void place_put_territories(const struct registry *registry, uint32_t territory, struct buf *out);
/* Does it lie in the territory of that code, or is it that one? */
bool place_is_within(const struct registry *registry, uint32_t territory, const char *code);

#endif
