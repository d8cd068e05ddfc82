/* The catalogue of prompts as a folder: catalogue.yaml is written by people and read as strictly as the
 * configuration, every fault with its line and column; clips.yaml says which clip speaks which text and is
 * written by `huyang prompts render`; clips/SHA256.wav are the sounds.
 *
 * A catalogue is taken whole or not at all: a clip that is missing, damaged, or was made of other words than
 * the text has now, is a fault. Any thread; the result is owned by the caller and never changes. */
#ifndef HUYANG_CONFIG_PROMPTS_H
#define HUYANG_CONFIG_PROMPTS_H

#include "alert/prompts.h"
#include "config.h"

enum {
    PROMPTS_FILE_MAX = 1 << 20, /* bytes of either YAML file */
    PROMPT_CLIP_MAX = 4 << 20,  /* bytes of a clip (command.proto) */
    PROMPTS_CLIPS_MAX = 255,    /* lines of clips.yaml */
    PROMPT_SOURCE_SIZE = 2 * SHA256_SIZE + 1
};

/* One line of clips.yaml. */
struct prompt_clip_line {
    char prompt[ID_SIZE], language[PROMPT_LANGUAGE_SIZE];
    char sha256[PROMPT_SOURCE_SIZE],
        source[PROMPT_SOURCE_SIZE]; /* source: prompt_source() when it was made */
    uint32_t bytes, duration_ms;
    uint8_t recorded;
};
struct prompt_book {
    struct prompt_catalogue catalogue;
    uint8_t prompt_count, clip_count;
    struct prompt prompts[PROMPTS_MAX];
    struct prompt_clip_line clips[PROMPTS_CLIPS_MAX];
};

/* From memory: catalogue.yaml, and clips.yaml (NULL = none; its sounds are not looked at). ERR_INVALID:
 * `errors` (appended to) has the lines, `FILE:LINE:COLUMN: place: what is wrong`. */
MUST_CHECK enum err prompts_parse(const char *catalogue, size_t len, const char *clips, size_t clips_len,
                                  struct prompt_book **ret_book, struct buf *errors);
/* The folder with its sounds. `with_clips` false: clips.yaml need not fit, for who makes it anew; each line
 * that still holds is in clips[] and in the texts, the rest is left out. */
MUST_CHECK enum err prompts_load(const char *folder, bool with_clips, struct prompt_book **ret_book,
                                 struct buf *errors);
void prompts_free(struct prompt_book *book); /* NULL is fine */

/* Appends catalogue.yaml; reading it gives the same catalogue. */
void prompts_show(const struct prompt_catalogue *catalogue, struct buf *out);
/* Appends {"version":…,"prompts":[…]} for people who choose one. NULL = the one compiled in. */
void prompts_to_json(const struct prompt_catalogue *catalogue, struct buf *out);
/* Appends clips.yaml. */
void prompts_show_clips(const struct prompt_book *book, struct buf *out);

/* What a clip is made of, as a digest: it is made anew when that changes. */
void prompt_source(const struct prompt_text *text, char source[PROMPT_SOURCE_SIZE]);
/* Whether a clip can say the text at all. */
bool prompt_wants_clip(const struct prompt *prompt, const struct prompt_text *text);
/* Whether clips/SHA256.wav in the folder is there, of that size and digest. */
bool prompts_clip_is_whole(const char *folder, const struct prompt_clip *clip);

/* The catalogue that a configuration names, or NULL where it names none, checked against its policy. */
MUST_CHECK enum err prompts_of_config(const struct config *config, struct prompt_book **ret_book,
                                      struct buf *errors);
/* Every prompt that the policy names must be in the catalogue; appends a line for each that is not and
 * returns their number. */
unsigned prompts_check_policy(const struct prompt_catalogue *catalogue, const struct alert_settings *settings,
                              const char *name, struct buf *errors);

#endif
