/* Messages to the police: which forms a job is written in, and how the forms stand in one body. Pure.
 *
 * A job is rendered once, for whoever takes it in the end: with only CAP receivers the body is a CAP document
 * (CHANNEL_CAP); with a DC-09 receiver it is a DC-09 block, followed by a CAP document when there is a CAP
 * receiver beside it (CHANNEL_DC09). */
#ifndef HUYANG_RELAY_POLICE_H
#define HUYANG_RELAY_POLICE_H

#include "relay/relay.h"

/* STAND_DOWN: the police job that is withdrawn, from job->prompt ("<job id>@<its t_ms>"); false when the job
 * does not say. */
bool police_withdrawn(const struct job *job, struct hash_id *ret_id, int64_t *ret_t_ms);

/* The CAP document in a row's body; NULL when the row was rendered without one. */
const char *police_cap_part(const struct outbox_row *row, size_t *ret_len);

#endif
