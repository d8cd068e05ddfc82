/* What a person reads or hears about an alert: who, where, what, why, what to do, one link to take it. One
 * text for each kind of medium, in the reader's language. Pure.
 *
 * How exactly the place is told depends on the reader: family and grid worker, and whoever has a task to do,
 * get the address; others do while the alert is orange or red, and the village before that. */
#ifndef HUYANG_RELAY_MESSAGE_H
#define HUYANG_RELAY_MESSAGE_H

#include "relay/words.h"

enum {
    SMS_PART_UNITS = 67,     /* UTF-16 units of each part of a longer SMS in UCS-2 (a single one has 70) */
    SMS_PARTS_MAX = 3,       /* longer texts are cut: what matters stands first, the link is kept */
    MESSAGE_CHAT_MAX = 1900, /* bytes of a chat message; the strictest robot takes 2048 with its frame */
    MESSAGE_TEXT_MAX = 4096
};

/* "红色" / "Red" */
const char *message_level_word(uint8_t level, bool zh);
/* The recipient's own language, else the configuration's. */
bool message_is_zh(const struct relay_context *context, const struct job *job);
/* The person's field from the registry, "" when the job is for a role or there is none. */
const char *message_recipient(const struct relay_context *context, const struct job *job, const char *field);
bool message_is_precise(const struct job *job);
/* The address, or the village's name. */
void message_place(const struct relay_context *context, const struct alert *alert,
                   const struct words_facts *facts, const struct job *job, struct buf *out);
/* "【演练】红色：一键求助（待核实）" */
void message_title(const struct relay_context *context, const struct words_facts *facts,
                   const struct job *job, bool zh, struct buf *out);
/* The link with a hole for its token (link.h): of a notification to people, where one is configured. */
void message_link(const struct relay_context *context, const struct job *job, struct buf *out);

void message_sms(const struct relay_context *context, const struct alert *alert, const struct job *job,
                 struct buf *out);
void message_voice(const struct relay_context *context, const struct alert *alert, const struct job *job,
                   struct buf *out);
/* Lines; at most `max` bytes, the reasons are left out first. */
void message_chat(const struct relay_context *context, const struct alert *alert, const struct job *job,
                  size_t max, struct buf *out);

/* Length in UTF-16 units of well-formed UTF-8. */
size_t message_units(const char *text);

#endif
