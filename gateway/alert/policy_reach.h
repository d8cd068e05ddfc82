/* What of a valid policy would come to nothing in this county: steps that are never reached, people and
 * places that are not there, people who cannot be reached. For `huyang policy check`; the gateway runs such a
 * policy all the same. Pure. */
#ifndef HUYANG_ALERT_POLICY_REACH_H
#define HUYANG_ALERT_POLICY_REACH_H

#include "alert/policy.h"

/* Calls `fault` for each of them; rule and step as in policy_check. `registry` NULL: only what the policy
 * itself shows. Rosters are looked at as of t_ms. At most POLICY_REACH_SHOWN lines of a kind, then their
 * number. Returns how many there are. */
enum { POLICY_REACH_SHOWN = 20 };
unsigned policy_reach(const struct alert_settings *settings, const struct registry *registry, int64_t t_ms,
                      void (*fault)(void *self, int rule, int step, const char *why), void *self);

/* The same of the rosters: members and territories that are not there, the first hours within ROSTER_LOOK_MS
 * in which nobody is on, with what people changed (`view`), rosters that no step tells. `item` is the plan or
 * the layer. */
#define ROSTER_LOOK_MS (INT64_C(28) * 86400000)
unsigned roster_reach(const struct alert_settings *settings, const struct registry *registry,
                      const struct roster_view *view, int64_t t_ms,
                      void (*fault)(void *self, const void *item, const char *path, const char *why),
                      void *self);

/* The same of the contact rules; `item` = the rule's or channel's struct. contact_reach.c */
unsigned contact_reach(const struct alert_settings *settings, const struct registry *registry,
                       void (*fault)(void *self, const void *item, const char *path, const char *why),
                       void *self);

#endif
