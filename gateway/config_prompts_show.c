/* Prints a catalogue and its list of clips, and says what clips are made of. */
#include "config_prompts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_files.h"

/* What makes the sounds; a new value has all of them made anew. */
static const char maker[] = "espeak-ng 1";

static void show_member(struct buf *out, int indent, const char *name, const char *text)
{
    if (!*text)
        return;
    buf_printf(out, "%*s%s: ", indent, "", name);
    buf_json_string(out, text);
    buf_putc(out, '\n');
}

static void show_prompt(const struct prompt *prompt, struct buf *out)
{
    buf_printf(out, "  - id: %s\n    manner: %s\n    priority: %s\n", prompt->id,
               prompt_manner_name(prompt->manner), prompt_priority_name(prompt->priority));
    buf_printf(out, "    volume_percent: %u\n    repeat: %u\n    answer_s: %u\n", prompt->volume_percent,
               prompt->repeat, prompt->answer_s);
    if (*prompt->instead_of) {
        show_member(out, 4, "instead_of", prompt->instead_of);
        show_member(out, 4, "detector", prompt->detector);
        buf_printf(out, "    level: %s\n", level_name((enum level)prompt->level));
    }
    buf_puts(out, "    texts:\n");
    for (size_t i = 0; i < prompt->text_count; i++) {
        const struct prompt_text *text = &prompt->texts[i];
        buf_printf(out, "      - language: %s\n", text->language);
        show_member(out, 8, "text", text->text);
        show_member(out, 8, "personal", text->personal);
        show_member(out, 8, "recorded", text->recorded);
    }
}

void prompts_show(const struct prompt_catalogue *catalogue, struct buf *out)
{
    buf_puts(
        out,
        "# What is said to residents. Calm words, and never an accusation: \"to be verified\" (待核实) until "
        "a\n"
        "# person has judged. Numbers are written as they are said (110 is 幺幺零).\n"
        "#\n"
        "# manner          speak, or discreet: vibration and screen only\n"
        "# priority        normal, high or red, at least; the alert's level may raise it\n"
        "# volume_percent  0 = the device's own setting;  repeat  1..5\n"
        "# answer_s        once played, a sign of the resident is awaited so long, else a person calls; 0 = "
        "none is\n"
        "# instead_of      stands in for this prompt of the policy, when the alert's most urgent finding is "
        "of\n"
        "#                 `detector` (none = any) and the alert of `level` at least\n"
        "# texts           zh and en, and dialects such as zh-sichuan; the first is the one of last resort\n"
        "#   text          for everybody's ears; may hold {time}\n"
        "#   personal      for the person's own wristband only; may hold {name} and {time}\n"
        "#   recorded      a recorded voice that says the text: a .wav below this folder\n"
        "prompts:\n");
    for (size_t i = 0; i < catalogue->count; i++)
        show_prompt(&catalogue->prompts[i], out);
}

void prompts_to_json(const struct prompt_catalogue *catalogue, struct buf *out)
{
    if (!catalogue)
        catalogue = &prompts_builtin;
    buf_printf(out, "{\"version\":\"%s\",\"prompts\":[", catalogue->version);
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct prompt *prompt = &catalogue->prompts[i];
        buf_printf(out, "%s{\"id\":\"%s\",\"manner\":\"%s\",\"texts\":{", i ? "," : "", prompt->id,
                   prompt_manner_name(prompt->manner));
        for (size_t j = 0; j < prompt->text_count; j++) {
            buf_printf(out, "%s\"%s\":", j ? "," : "", prompt->texts[j].language);
            buf_json_string(out, prompt->texts[j].text);
        }
        buf_puts(out, "}}");
    }
    buf_puts(out, "]}\n");
}

void prompts_show_clips(const struct prompt_book *book, struct buf *out)
{
    buf_puts(out, "# Which clip says which text. Written by `huyang prompts render`.\nclips:\n");
    for (size_t i = 0; i < book->clip_count; i++) {
        const struct prompt_clip_line *line = &book->clips[i];
        buf_printf(out, "  - prompt: %s\n    language: %s\n    sha256: \"%s\"\n", line->prompt,
                   line->language, line->sha256);
        buf_printf(out, "    bytes: %u\n    duration_ms: %u\n    recorded: %s\n    source: \"%s\"\n",
                   line->bytes, line->duration_ms, line->recorded ? "true" : "false", line->source);
    }
}

void prompt_source(const struct prompt_text *text, char source[PROMPT_SOURCE_SIZE])
{
    char whole[PROMPT_TEXT_SIZE + PROMPT_PATH_SIZE + PROMPT_LANGUAGE_SIZE + sizeof maker + 8];
    uint8_t digest[SHA256_SIZE];
    int len = snprintf(whole, sizeof whole, "%s\n%s\n%s", *text->recorded ? text->recorded : maker,
                       text->language, text->text);
    hash_sha256(whole, (size_t)len, digest);
    hash_hex(digest, sizeof digest, source);
}

bool prompt_wants_clip(const struct prompt *prompt, const struct prompt_text *text)
{
    return prompt->manner == PROMPT_SPEAK && !prompt_has_holes(text->text);
}

bool prompts_clip_is_whole(const char *folder, const struct prompt_clip *clip)
{
    char hex[2 * SHA256_SIZE + 1], path[CONFIG_PATH_SIZE + 96], *data = NULL;
    uint8_t digest[SHA256_SIZE];
    size_t len = 0;
    hash_hex(clip->sha256, SHA256_SIZE, hex);
    snprintf(path, sizeof path, "%s/clips/%s.wav", folder, hex);
    if (config_read_file(path, PROMPT_CLIP_MAX, &data, &len, NULL) != ERR_OK)
        return false;
    hash_sha256(data, len, digest);
    free(data);
    return len == clip->bytes && memcmp(digest, clip->sha256, sizeof digest) == 0;
}

unsigned prompts_check_policy(const struct prompt_catalogue *catalogue, const struct alert_settings *settings,
                              const char *name, struct buf *errors)
{
    unsigned faults = 0;
    for (unsigned i = 0; i < settings->rule_count; i++) {
        const struct policy_rule *rule = &settings->rules[i];
        for (unsigned j = 0; j < rule->step_count; j++) {
            const struct policy_step *step = &rule->steps[j];
            if (step->kind != STEP_PROMPT || prompt_find(catalogue, step->prompt))
                continue;
            faults++;
            buf_printf(errors, "%s: policy[%u] %s/%s step %u: \"%s\" is none of the catalogue's prompts\n",
                       name, i, family_name((enum family)rule->family), level_name((enum level)rule->level),
                       j, step->prompt);
        }
    }
    return faults;
}
