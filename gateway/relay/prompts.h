/* The catalogue of what is said to residents: a const table, calm words, never an accusation ("to be
 * verified" until a person has judged), never a person's name: who stands beside the loudspeaker is not
 * known. Texts are at most 600 bytes (command.proto). Pure. */
#ifndef HUYANG_RELAY_PROMPTS_H
#define HUYANG_RELAY_PROMPTS_H

#include <stddef.h>
#include <stdint.h>

enum prompt_manner { PROMPT_SPEAK, PROMPT_DISCREET /* vibration and screen only */ };
enum prompt_priority { PROMPT_NORMAL, PROMPT_HIGH, PROMPT_RED };
enum { PROMPT_TEXT_MAX = 600 };

struct prompt_text {
    const char *language; /* "zh", "en" */
    const char *text;
};
enum { PROMPT_LANGUAGES = 2 };
struct prompt {
    const char *id; /* stable: policies and devices know it */
    uint8_t manner, priority;
    uint8_t volume_percent;                     /* 0 = the device's own setting */
    uint8_t repeat;                             /* 1..5 */
    struct prompt_text texts[PROMPT_LANGUAGES]; /* the first is the one of last resort */
};

/* NULL when there is none of that id. */
const struct prompt *prompt_find(const char *id);
const struct prompt *prompt_at(size_t index); /* NULL past the end */
/* The text in the first of: `wanted` as it is, its base language ("zh" of "zh-sichuan"), `fallback`, the
 * catalogue's first. */
const struct prompt_text *prompt_text_in(const struct prompt *prompt, const char *wanted,
                                         const char *fallback);

#endif
