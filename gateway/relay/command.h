/* The protobuf fence of the relay stage: one command as plain values -> the bytes of huyang.v1.Command. The
 * same values always give the same bytes. Pure. */
#ifndef HUYANG_RELAY_COMMAND_H
#define HUYANG_RELAY_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/hash.h"
#include "alert/prompts.h"

enum command_kind {
    COMMAND_PROMPT,
    COMMAND_NOTICE,
    COMMAND_CANCEL,
    COMMAND_LOCATE,
    COMMAND_INTERVAL,
    COMMAND_RESTART
};
/* How a prompt is said: by the loudspeaker · by vibration and the screen only · by vibration, light and the
 * screen, for who does not hear. */
#define COMMAND_MANNER_MAP(X) X(ALOUD, aloud) X(DISCREETLY, discreetly) X(VISIBLY, visibly)
enum command_manner {
#define X(name, text) COMMAND_##name,
    COMMAND_MANNER_MAP(X)
#undef X
};
const char *command_manner_name(unsigned manner); /* "" past the last one */
enum command_notice { COMMAND_HELP_TOLD, COMMAND_HELP_COMING };

struct command_out {
    struct hash_id id;
    uint32_t ttl_s;          /* 1..86400 */
    int64_t expires_ms;      /* wall */
    int64_t gateway_time_ms; /* wall; when it was made, not when it is sent */
    uint8_t priority;        /* enum prompt_priority */
    bool exercise;
    uint8_t kind;   /* enum command_kind */
    uint8_t notice; /* enum command_notice, for a notice */
    /* for a prompt: */
    const char *prompt_id, *language, *text; /* borrowed */
    uint8_t manner /* enum command_manner */, volume_percent, repeat;
    const uint8_t *clip_sha256; /* borrowed; NULL = no clip */
    uint32_t clip_bytes;
    uint32_t interval_s, duration_s; /* of an interval; 0 = until told otherwise */
    const char *target;              /* of a cancel: the id of the command that is taken back; borrowed */
};

/* Appends the message. ERR_NOMEM, ERR_FULL when `out` cannot take it. */
MUST_CHECK enum err command_encode(const struct command_out *command, struct buf *out);

/* The way back, as far as somebody who is no device of ours needs it: whose job it is and what is to be said.
 * ERR_INVALID: none of our own bytes. */
struct command_words {
    struct hash_id id;
    uint8_t kind; /* enum command_kind: PROMPT, also for a notice, LOCATE, INTERVAL or RESTART */
    bool exercise;
    char language[17];
    char text[PROMPT_TEXT_MAX + 1]; /* a notice's text is that of the prompt of the same meaning */
};
MUST_CHECK enum err command_words(const void *bytes, size_t len, struct command_words *ret_words);

#endif
