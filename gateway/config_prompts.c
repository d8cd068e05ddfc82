#include "config_prompts.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_allowed.h"
#include "config_files.h"
#include "config_keys.h"

#define FIELD(type_name, field) .offset = offsetof(type_name, field), .size = sizeof(((type_name *)0)->field)
#define LIST_OF(array)                                                                                       \
    {                                                                                                        \
        .keys = (array), .count = sizeof(array) / sizeof((array)[0])                                         \
    }
enum { PLACES_MAX = PROMPTS_MAX * (PROMPT_TEXTS_MAX + 1) + PROMPTS_CLIPS_MAX };

/* --- What the files may say --- */

static bool allows_path(const char *text)
{
    size_t len = strlen(text);
    return !len || (text[0] != '/' && !strstr(text, "..") && len > 4 && strcmp(text + len - 4, ".wav") == 0);
}

static bool allows_tag(const char *text)
{
    return text_is_id(text, strlen(text)) && strlen(text) >= 2;
}

static bool allows_digest(const char *text)
{
    return strlen(text) == (size_t)2 * SHA256_SIZE &&
           strspn(text, "0123456789abcdef") == (size_t)2 * SHA256_SIZE;
}

static bool allows_detector_or_none(const char *text)
{
    return !*text || config_allows_detector(text);
}

static bool allows_text(const char *text)
{
    return *text != '\0';
}

static const struct key text_keys[] = {
    {.path = "language",
     .help = "zh, en, or a dialect such as zh-sichuan.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct prompt_text, language),
     .rule = "language tag",
     .allowed = allows_tag},
    {.path = "text",
     .help = "What is said to everybody's ears; may hold {time}.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct prompt_text, text),
     .rule = "at least one character",
     .allowed = allows_text},
    {.path = "personal",
     .help = "What the person's own wristband says instead; may hold {name} and {time}.",
     .type = KEY_TEXT,
     FIELD(struct prompt_text, personal)},
    {.path = "recorded",
     .help = "A recorded voice that says the text.",
     .type = KEY_TEXT,
     FIELD(struct prompt_text, recorded),
     .rule = "path of a .wav file below the catalogue's folder",
     .allowed = allows_path},
};
static const struct key_list text_list = LIST_OF(text_keys);

static const struct key prompt_keys[] = {
    {.path = "id",
     .help = "Its name, in policies and on devices.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct prompt, id),
     .rule = "identifier",
     .allowed = config_allows_id},
    {.path = "manner",
     .help = "Spoken, or discreet: vibration and screen only.",
     .type = KEY_NAME,
     FIELD(struct prompt, manner),
     .name = prompt_manner_name},
    {.path = "priority",
     .help = "At least; the alert's level may raise it. Red interrupts whatever plays.",
     .type = KEY_NAME,
     FIELD(struct prompt, priority),
     .name = prompt_priority_name},
    {.path = "volume_percent",
     .help = "0 = the device's own setting.",
     .type = KEY_NUMBER,
     FIELD(struct prompt, volume_percent),
     .high = 100},
    {.path = "repeat",
     .help = "Times it is said.",
     .type = KEY_NUMBER,
     FIELD(struct prompt, repeat),
     .low = 1,
     .high = 5},
    {.path = "answer_s",
     .help = "Once played, a sign of the resident is awaited so long, else a person calls; 0 = none is.",
     .unit = "seconds",
     .type = KEY_NUMBER,
     FIELD(struct prompt, answer_s),
     .high = PROMPT_ANSWER_MAX_S},
    {.path = "instead_of",
     .help = "Stands in for this prompt of the policy, under the two conditions that follow.",
     .type = KEY_TEXT,
     FIELD(struct prompt, instead_of),
     .rule = "identifier, \"\" = none",
     .allowed = config_allows_id_or_none},
    {.path = "detector",
     .help = "The alert's most urgent finding is of this detector.",
     .type = KEY_TEXT,
     FIELD(struct prompt, detector),
     .rule = "name of a detector, \"\" = any",
     .allowed = allows_detector_or_none},
    {.path = "level",
     .help = "The alert is of this level at least.",
     .type = KEY_NAME,
     FIELD(struct prompt, level),
     .name = config_name_level},
    {.path = "texts",
     .help = "Its languages; the first is the one of last resort.",
     .type = KEY_LIST,
     .required = true,
     FIELD(struct prompt, texts),
     .high = PROMPT_TEXTS_MAX,
     .count_offset = offsetof(struct prompt, text_count),
     .item_size = sizeof(struct prompt_text),
     .items = &text_list},
};
static const struct key_list prompt_list = LIST_OF(prompt_keys);

static const struct key book_keys[] = {
    {.path = "prompts",
     .type = KEY_LIST,
     FIELD(struct prompt_book, prompts),
     .high = PROMPTS_MAX,
     .count_offset = offsetof(struct prompt_book, prompt_count),
     .item_size = sizeof(struct prompt),
     .items = &prompt_list},
};

#define CLIP_TEXT(name, allowed_, rule_)                                                                     \
    {                                                                                                        \
        .path = #name, .type = KEY_TEXT, .required = true, FIELD(struct prompt_clip_line, name),             \
        .rule = (rule_), .allowed = (allowed_)                                                               \
    }
static const struct key clip_keys[] = {
    CLIP_TEXT(prompt, config_allows_id, "identifier"),
    CLIP_TEXT(language, allows_tag, "language tag"),
    CLIP_TEXT(sha256, allows_digest, "64 lower-case hex digits"),
    {.path = "bytes",
     .type = KEY_NUMBER,
     .required = true,
     FIELD(struct prompt_clip_line, bytes),
     .low = 1,
     .high = PROMPT_CLIP_MAX},
    {.path = "duration_ms",
     .type = KEY_NUMBER,
     .required = true,
     FIELD(struct prompt_clip_line, duration_ms),
     .low = 1,
     .high = 600000},
    {.path = "recorded", .type = KEY_BOOL, .required = true, FIELD(struct prompt_clip_line, recorded)},
    CLIP_TEXT(source, allows_digest, "64 lower-case hex digits"),
};
static const struct key_list clip_list = LIST_OF(clip_keys);
static const struct key clips_keys[] = {
    {.path = "clips",
     .type = KEY_LIST,
     FIELD(struct prompt_book, clips),
     .high = PROMPTS_CLIPS_MAX,
     .count_offset = offsetof(struct prompt_book, clip_count),
     .item_size = sizeof(struct prompt_clip_line),
     .items = &clip_list},
};

/* --- Reading --- */

struct reading {
    struct prompt_book *book;
    struct buf *errors;
    const char *name; /* of the file that is read */
    struct config_document document;
    size_t faults;
    struct config_place places[PLACES_MAX];
};

__attribute__((format(printf, 3, 4))) static void fault(struct reading *reading, const void *slot,
                                                        const char *format, ...)
{
    const struct config_place *place = NULL;
    for (size_t i = 0; i < reading->document.place_count && !place; i++)
        if (reading->places[i].slot == slot)
            place = &reading->places[i];
    if (++reading->faults > CONFIG_ERRORS_MAX)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_printf(reading->errors, "%s:", reading->name);
    if (place)
        buf_printf(reading->errors, "%zu:%zu:", place->line, place->column);
    buf_printf(reading->errors, " %s\n", text);
}

static bool read_document(struct reading *reading, const char *text, size_t len, const char *name,
                          const char *what, const struct key *keys)
{
    reading->name = name;
    reading->document = (struct config_document){.what = what,
                                                 .keys = keys,
                                                 .key_count = 1,
                                                 .base = reading->book,
                                                 .places = reading->places,
                                                 .place_max = PLACES_MAX};
    return config_read_document(text, len, name, &reading->document, reading->errors) == 0;
}

static void check_text(struct reading *reading, const struct prompt *prompt, const struct prompt_text *text)
{
    int bad = prompt_bad_hole(text->text, false);
    if (bad >= 0 && strncmp(text->text + bad, "{name}", 6) == 0)
        fault(reading, text, "%s/%s: {name} only in `personal`: `text` is for everybody's ears", prompt->id,
              text->language);
    else if (bad >= 0)
        fault(reading, text, "%s/%s: text: \"%.12s\" is no placeholder; there is {time}", prompt->id,
              text->language, text->text + bad);
    bad = prompt_bad_hole(text->personal, true);
    if (bad >= 0)
        fault(reading, text, "%s/%s: personal: \"%.12s\" is no placeholder; there are {name} and {time}",
              prompt->id, text->language, text->personal + bad);
    if (*text->recorded && prompt_has_holes(text->text))
        fault(reading, text, "%s/%s: a recorded voice cannot fill in {time}", prompt->id, text->language);
    for (const struct prompt_text *other = prompt->texts; other < text; other++)
        if (strcmp(other->language, text->language) == 0)
            fault(reading, text, "%s: two texts are in \"%s\"", prompt->id, text->language);
}

static bool has_language(const struct prompt *prompt, const char *language)
{
    for (size_t i = 0; i < prompt->text_count; i++)
        if (strcmp(prompt->texts[i].language, language) == 0)
            return true;
    return false;
}

/* What no single key shows. */
static void check_catalogue(struct reading *reading)
{
    struct prompt_book *book = reading->book;
    for (size_t i = 0; i < book->prompt_count; i++) {
        struct prompt *prompt = &book->prompts[i];
        if (prompt->repeat == 0) /* not given: a list begins as zeroes */
            prompt->repeat = 1;
        if (prompt_find(&book->catalogue, prompt->id) != prompt)
            fault(reading, prompt, "two prompts have the id \"%s\"", prompt->id);
        if (!has_language(prompt, "zh") || !has_language(prompt, "en"))
            fault(reading, prompt, "%s: needs a text in zh and one in en", prompt->id);
        for (size_t j = 0; j < prompt->text_count; j++)
            check_text(reading, prompt, &prompt->texts[j]);
        if (!*prompt->instead_of && (*prompt->detector || prompt->level))
            fault(reading, prompt, "%s: detector and level are conditions of instead_of", prompt->id);
        else if (*prompt->instead_of && (strcmp(prompt->instead_of, prompt->id) == 0 ||
                                         !prompt_find(&book->catalogue, prompt->instead_of)))
            fault(reading, prompt, "%s: instead_of: \"%s\" is no other prompt of this catalogue", prompt->id,
                  prompt->instead_of);
    }
}

static struct prompt_clip clip_of(const struct prompt_clip_line *line)
{
    struct prompt_clip clip = {
        .bytes = line->bytes, .duration_ms = line->duration_ms, .recorded = line->recorded};
    (void)hash_unhex(line->sha256, clip.sha256, SHA256_SIZE); /* one that is no digest is a fault already */
    return clip;
}

/* Gives each text its clip. A line that does not hold is a fault or, when the clips are about to be made
 * anew (`strict` false), left out. */
static void place_clips(struct reading *reading, const char *folder, bool strict)
{
    struct prompt_book *book = reading->book;
    uint8_t kept = 0;
    for (uint8_t i = 0; i < book->clip_count; i++) {
        struct prompt_clip_line *line = &book->clips[i];
        const struct prompt *found = prompt_find(&book->catalogue, line->prompt);
        struct prompt *prompt = found ? &book->prompts[found - book->prompts] : NULL;
        struct prompt_text *text = NULL;
        for (size_t j = 0; prompt && j < prompt->text_count; j++)
            if (strcmp(prompt->texts[j].language, line->language) == 0)
                text = &prompt->texts[j];
        char source[PROMPT_SOURCE_SIZE] = "";
        if (text)
            prompt_source(text, source);
        struct prompt_clip clip = clip_of(line);
        const char *why = NULL;
        if (!text || !prompt_wants_clip(prompt, text))
            why = "nothing that this clip would say is in the catalogue";
        else if (text->clip.bytes)
            why = "a second clip for this text";
        else if (strcmp(source, line->source) != 0)
            why = "the text has changed since this clip was made";
        else if (folder && !prompts_clip_is_whole(folder, &clip))
            why = "its file in clips/ is missing or damaged";
        if (why && strict)
            fault(reading, line, "%s/%s: %s; `huyang prompts render` makes the clips anew", line->prompt,
                  line->language, why);
        if (why)
            continue;
        text->clip = clip;
        if (kept != i)
            book->clips[kept] = *line;
        kept++;
    }
    book->clip_count = kept;
}

static void set_version(struct prompt_book *book)
{
    uint8_t digest[SHA256_SIZE];
    struct buf shown;
    buf_init(&shown, 4 << 20);
    prompts_show(&book->catalogue, &shown);
    prompts_show_clips(book, &shown);
    hash_sha256(buf_text(&shown), shown.len, digest);
    hash_hex(digest, sizeof digest, book->catalogue.version);
    buf_release(&shown);
}

/* `folder` NULL = the sounds are not looked at. */
static enum err read_book(const char *const texts[2], const size_t lens[2], const char *const names[2],
                          const char *folder, bool strict, struct prompt_book **ret_book, struct buf *errors)
{
    struct reading *reading = calloc(1, sizeof *reading);
    struct prompt_book *book = calloc(1, sizeof *book);
    enum err err = reading && book ? ERR_OK : ERR_NOMEM;
    if (err != ERR_OK)
        goto out;
    reading->book = book;
    reading->errors = errors;
    bool whole = read_document(reading, texts[0], lens[0], names[0], "the catalogue", book_keys);
    book->catalogue = (struct prompt_catalogue){.prompts = book->prompts, .count = book->prompt_count};
    if (whole)
        check_catalogue(reading);
    if (whole && reading->faults == 0 && texts[1]) {
        whole = read_document(reading, texts[1], lens[1], names[1], "the list of clips", clips_keys);
        place_clips(reading, folder, strict);
    }
    if (reading->faults > CONFIG_ERRORS_MAX)
        buf_printf(errors, "%s: and %zu more\n", reading->name, reading->faults - CONFIG_ERRORS_MAX);
    err = reading->faults || !whole ? ERR_INVALID : ERR_OK;
    if (err == ERR_OK)
        set_version(book);
out:
    free(reading);
    if (err != ERR_OK)
        free(book);
    else
        *ret_book = book;
    return err;
}

enum err prompts_parse(const char *catalogue, size_t len, const char *clips, size_t clips_len,
                       struct prompt_book **ret_book, struct buf *errors)
{
    const char *const texts[] = {catalogue, clips}, *const names[] = {"catalogue.yaml", "clips.yaml"};
    const size_t lens[] = {len, clips_len};
    return read_book(texts, lens, names, NULL, true, ret_book, errors);
}

enum err prompts_load(const char *folder, bool with_clips, struct prompt_book **ret_book, struct buf *errors)
{
    static const char *const files[] = {"catalogue.yaml", "clips.yaml"};
    char *texts[2] = {NULL, NULL}, names[2][CONFIG_PATH_SIZE + 32];
    size_t lens[2] = {0, 0};
    enum err err = ERR_OK;
    for (int i = 0; i < 2 && err == ERR_OK; i++) {
        snprintf(names[i], sizeof names[i], "%s/%s", folder, files[i]);
        err = config_read_file(names[i], PROMPTS_FILE_MAX, &texts[i], &lens[i], i == 0 ? errors : NULL);
        if (i == 1 && err == ERR_NOT_FOUND)
            err = ERR_OK; /* texts alone are a catalogue too */
    }
    if (err == ERR_OK)
        err = read_book((const char *const[]){texts[0], texts[1]}, lens,
                        (const char *const[]){names[0], names[1]}, folder, with_clips, ret_book, errors);
    free(texts[0]);
    free(texts[1]);
    return err;
}

enum err prompts_of_config(const struct config *config, struct prompt_book **ret_book, struct buf *errors)
{
    struct prompt_book *book = NULL;
    enum err err =
        *config->prompts_folder ? prompts_load(config->prompts_folder, true, &book, errors) : ERR_OK;
    if (err == ERR_OK && book &&
        prompts_check_policy(&book->catalogue, &config->alert, config->prompts_folder, errors) > 0)
        err = ERR_INVALID;
    if (err == ERR_OK)
        *ret_book = book;
    else
        prompts_free(book);
    return err;
}

void prompts_free(struct prompt_book *book)
{
    free(book);
}
