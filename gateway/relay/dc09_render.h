/* POLICE and STAND_DOWN jobs -> a DC-09 event in SIA's codes. Pure.
 *
 * A block is what of a message belongs to neither a receiver nor a moment of sending: one line "account TAB
 * data TAB extensions NEWLINE". Frame, key and time are put around it when it is sent (dc09_client.h). The
 * account is that of the alert's territory; empty = the receiver's own. */
#ifndef HUYANG_RELAY_DC09_RENDER_H
#define HUYANG_RELAY_DC09_RENDER_H

#include "relay/relay.h"

enum { DC09_DATA_SIZE = 160, DC09_EXTENSIONS_SIZE = 768, DC09_ALARM_TEXT_MAX = 256 };

struct dc09_block {
    char account[DC09_ACCOUNT_SIZE];
    char data[DC09_DATA_SIZE];             /* behind "#account|": Nri1/PA001^home^ */
    char extensions[DC09_EXTENSIONS_SIZE]; /* [H…][X…][Y…][V…][I…] */
};

/* Appends the block of a job. Codes: an SOS PA, a fall and health MA, the silent button and fraud HA, a
 * person who is missing QA, the rest UA; a stand-down the restoral of the same; everything of a drill RX, a
 * manual test, so that no receiver can take it for an alarm. */
void dc09_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                 struct buf *body);
/* Bytes of the block at the front of a body, its newline included; 0 = none. */
size_t dc09_block_len(const char *body, size_t len);
/* False when there is none, or it is not as dc09_render writes it. */
bool dc09_block_read(const char *body, size_t len, struct dc09_block *ret_block);
/* 1..9999, from the job's id: the same in every attempt, also after a crash. */
unsigned dc09_sequence(const struct hash_id *job);

#endif
