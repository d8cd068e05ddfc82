/* The catalogue of what is said to residents: calm words, never an accusation ("to be verified" until a
 * person has judged). The one of the configuration's folder (config_prompts.h) or, without a folder, the one
 * compiled in here; both are the same plain values. Pure; immutable once it is in force.
 *
 * Names. `text` is for everybody's ears: who stands beside a loudspeaker is not known. `personal` may hold
 * {name}, and is only ever given to the wristband of the person it names, with that person's own name; every
 * other device gets `text`. */
#ifndef HUYANG_ALERT_PROMPTS_H
#define HUYANG_ALERT_PROMPTS_H

#include "core/buf.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/text.h"

enum {
    PROMPT_TEXT_MAX = 600, /* bytes, placeholders filled in (command.proto) */
    PROMPT_TEXT_SIZE = PROMPT_TEXT_MAX + 1,
    PROMPT_LANGUAGE_SIZE = 17,
    PROMPT_TEXTS_MAX = 6, /* languages and dialects of one entry */
    PROMPTS_MAX = 64,
    PROMPT_PATH_SIZE = 128,
    PROMPT_DETECTOR_SIZE = 40,
    PROMPT_ANSWER_MAX_S = 3600
};

#define PROMPT_MANNER_MAP(X)                                                                                 \
    X(SPEAK, speak)                                                                                          \
    X(DISCREET, discreet) /* vibration and screen only */
#define PROMPT_PRIORITY_MAP(X) X(NORMAL, normal) X(HIGH, high) X(RED, red)
enum prompt_manner {
#define X(name, text) PROMPT_##name,
    PROMPT_MANNER_MAP(X)
#undef X
};
enum prompt_priority {
#define X(name, text) PROMPT_##name,
    PROMPT_PRIORITY_MAP(X)
#undef X
};

/* A sound file that says a text. It stands as clips/SHA256.wav in the catalogue's folder. */
struct prompt_clip {
    uint32_t bytes, duration_ms; /* 0 bytes = there is none */
    uint8_t sha256[SHA256_SIZE];
    uint8_t recorded; /* a person's voice, not a machine's */
};
struct prompt_text {
    char language[PROMPT_LANGUAGE_SIZE]; /* "zh", "en", or a dialect such as "zh-sichuan" */
    char text[PROMPT_TEXT_SIZE];         /* may hold {time} */
    char personal[PROMPT_TEXT_SIZE];     /* "" = none; may hold {name} and {time} */
    char recorded[PROMPT_PATH_SIZE];     /* a recorded voice, below the folder; "" = none */
    struct prompt_clip clip;
};
struct prompt {
    char id[ID_SIZE]; /* stable: policies and devices know it */
    uint8_t manner, priority;
    uint8_t volume_percent; /* 0 = the device's own setting */
    uint8_t repeat;         /* 1..5 */
    uint16_t answer_s;      /* once played, a sign of the resident is awaited so long; 0 = none is */
    /* Where a policy names `instead_of`, this one is said when the alert's most urgent finding is of this
     * detector ("" = any) and the alert of this level at least. */
    char instead_of[ID_SIZE], detector[PROMPT_DETECTOR_SIZE];
    uint8_t level; /* enum level */
    uint8_t text_count;
    struct prompt_text texts[PROMPT_TEXTS_MAX]; /* the first is the one of last resort */
};
struct prompt_catalogue {
    const struct prompt *prompts;
    size_t count;
    char version[2 * SHA256_SIZE + 1]; /* SHA-256 of its text and clips; "built-in" for the one compiled in */
};
extern const struct prompt_catalogue prompts_builtin;

const char *prompt_manner_name(unsigned manner);     /* NULL past the last one */
const char *prompt_priority_name(unsigned priority); /* NULL past the last one */

/* A catalogue of NULL is the one compiled in. NULL when there is none of that id. */
const struct prompt *prompt_find(const struct prompt_catalogue *catalogue, const char *id);
/* What is said where a policy names `id`: the entry itself, or the one that stands in for it. */
const struct prompt *prompt_chosen(const struct prompt_catalogue *catalogue, const char *id,
                                   const char *detector, unsigned level);
/* The text in the first of: `wanted` as it is, its base language ("zh" of "zh-sichuan"), `fallback`, the
 * entry's first. */
const struct prompt_text *prompt_text_in(const struct prompt *prompt, const char *wanted,
                                         const char *fallback);

/* Whether a text has a placeholder; such a text cannot be a clip. */
bool prompt_has_holes(const char *text);
/* The first thing in braces that is no placeholder allowed there; -1 = all is well. */
int prompt_bad_hole(const char *text, bool may_name);
/* Fills in {name} and {time}. False when it does not fit, or a name is wanted and there is none. */
bool prompt_fill(const char *text, const char *name, const char *time, char filled[PROMPT_TEXT_SIZE]);

/* Hours in which nothing is spoken aloud but red: the night and the midday rest, in local minutes of the day;
 * from == to = none. */
struct prompt_quiet {
    uint16_t from_minute, to_minute, rest_from_minute, rest_to_minute;
};
bool prompt_is_quiet(const struct prompt_quiet *quiet, const struct tz *tz, int64_t t_ms);
/* The next minute that is quiet (`wanted`), or that is not; at most two days ahead, t itself when it is. */
int64_t prompt_quiet_change_ms(const struct prompt_quiet *quiet, const struct tz *tz, int64_t t_ms,
                               bool wanted);

/* What was said by a job, for the record: the body of a row goes when the job is done. */
struct prompt_spoken {
    char prompt[ID_SIZE], language[PROMPT_LANGUAGE_SIZE], catalogue[2 * SHA256_SIZE + 1];
    uint8_t clip[SHA256_SIZE]; /* all zero = the text only */
    uint8_t manner;            /* enum command_manner (relay/command.h) */
    uint8_t named;             /* the personal text */
};

#endif
