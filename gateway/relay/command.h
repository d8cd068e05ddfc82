/* The protobuf fence of the relay stage: one command as plain values -> the bytes of huyang.v1.Command. The
 * same values always give the same bytes. Pure. */
#ifndef HUYANG_RELAY_COMMAND_H
#define HUYANG_RELAY_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/hash.h"
#include "relay/prompts.h"

enum command_kind { COMMAND_PROMPT, COMMAND_NOTICE };
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
    uint8_t manner, volume_percent, repeat;
};

/* Appends the message. ERR_NOMEM, ERR_FULL when `out` cannot take it. */
MUST_CHECK enum err command_encode(const struct command_out *command, struct buf *out);

#endif
