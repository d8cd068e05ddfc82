/*
 * commands: what the gateway asks for, done at most once per id and answered honestly (contracts.md 4).
 *
 * The life of a command is the table of device_command_next(). Prompts wait in slots by priority, then age;
 * RED interrupts anything lower that plays, a higher one goes before the lower ones that wait. Too late by
 * its time to live (from reception) or by its absolute expiry (once the device has a clock) it is not begun
 * any more; what has begun is played to its end. After a reboot a command that had not ended is reported as
 * failed: what was half said is not said again.
 *
 * Each id is stored before it is acted on, and its end before it is reported; a power cut between the end and
 * its report has it reported at boot, possibly a second time with the same state.
 */
#ifndef HUYANG_FIRMWARE_COMMANDS_H
#define HUYANG_FIRMWARE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device_event.h"
#include "limits.h"
#include "huyang/v1/command.pb-c.h"

struct device_core;

enum {
    DEVICE_TEXT_MAX = 600,
    DEVICE_LANGUAGE_MAX = 16,
    DEVICE_TTL_MAX_S = 86400,
};

enum device_command_input {
    DEVICE_COMMAND_ARRIVE,   /* taken and waiting */
    DEVICE_COMMAND_START,    /* it is heard from now on */
    DEVICE_COMMAND_DONE,     /* done in full */
    DEVICE_COMMAND_ERROR,    /* it cannot be done */
    DEVICE_COMMAND_DEADLINE, /* its time is over */
    DEVICE_COMMAND_CANCEL,   /* the gateway took it back */
    DEVICE_COMMAND_PREEMPT,  /* something of higher priority took its place */
    DEVICE_COMMAND_INPUTS,
};

/* What the speaker or the screen is given; borrowed until the hook returns. */
struct device_prompt {
    char command_id[DEVICE_ID_MAX + 1];
    char prompt_id[DEVICE_ID_MAX + 1];
    char language[DEVICE_LANGUAGE_MAX + 1];
    char text[DEVICE_TEXT_MAX + 1];
    char clip[DEVICE_ID_MAX + 1]; /* name of a recorded clip, or empty */
    bool has_digest;
    uint8_t clip_sha256[32];
    uint32_t clip_bytes;    /* 0 = not told */
    bool light;             /* shown: with light too, for who does not hear */
    uint8_t volume_percent; /* 0 = the device's own */
    uint8_t repeat;         /* 1..5 */
    bool exercise;          /* a drill; said before the text */
};

struct device_command {
    Huyang__V1__CommandState state; /* RECEIVED or PLAYING; UNSPECIFIED = free slot */
    Huyang__V1__Priority priority;
    Huyang__V1__Manner manner;
    uint32_t token;      /* of the speaker; 0 = not with the speaker */
    uint32_t order;      /* of arrival */
    int64_t deadline_ms; /* own clock: the time to live, then how long playing may take */
    int64_t expires_ms;  /* milliseconds since 1970, 0 = none */
    struct device_prompt prompt;
};

struct device_commands {
    struct device_command slots[DEVICE_COMMAND_SLOTS];
    uint32_t next_token;
    uint32_t next_order;
    uint64_t malformed;  /* dropped: unreadable, no valid id */
    uint64_t duplicates; /* ids that were taken before */
};

/* What the speaker says about a token it was given. */
enum device_speaker_event { DEVICE_SPEAKER_STARTED, DEVICE_SPEAKER_DONE, DEVICE_SPEAKER_FAILED };

/* The state machine: pure, defined for every pair. UNSPECIFIED is the state of a command never seen. */
Huyang__V1__CommandState device_command_next(Huyang__V1__CommandState state, enum device_command_input input);

/* Reports the commands that a reboot interrupted. */
void device_commands_recover(struct device_core *device, int64_t now_ms);

/* A message on .../command. */
void device_commands_message(struct device_core *device, const uint8_t *bytes, size_t length, int64_t now_ms);

/* Expires, starts, and gives up on a speaker that does not answer. */
void device_commands_run(struct device_core *device, int64_t now_ms);

void device_commands_speaker(struct device_core *device, uint32_t token, enum device_speaker_event event,
                             Huyang__V1__FailReason reason, int64_t now_ms);

int64_t device_commands_deadline(const struct device_core *device, int64_t now_ms);

#endif
