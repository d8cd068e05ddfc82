/* huyang prompts: the catalogue of what is said to residents, and its clips. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "prompts_render.h"

static const char help[] =
    "usage: huyang prompts show [FOLDER]\n"
    "       huyang prompts check FOLDER\n"
    "       huyang prompts render FOLDER\n"
    "\n"
    "A catalogue is a folder: catalogue.yaml is written by people, clips.yaml and clips/ are made from it.\n"
    "`show` prints a catalogue as commented YAML (the one compiled in without a FOLDER). `check` reads it "
    "as\n"
    "strictly as the gateway does and tells every fault with its line and column. `render` makes the clips "
    "for\n"
    "devices without speech of their own: recorded voices are taken over, what nobody has recorded is said "
    "by\n"
    "espeak-ng. Only what has changed is made anew, and the list of clips changes in one step; nothing of it "
    "is in\n"
    "force before the gateway is reloaded.\n"
    "\n"
    "examples:\n"
    "  mkdir prompts && huyang prompts show > prompts/catalogue.yaml\n"
    "  huyang prompts render prompts && huyang prompts check prompts && systemctl reload huyang-gateway\n"
    "\n"
    "exit status: 0 well, 1 failed, 2 wrong usage or a catalogue with faults\n";

static int complain(const struct buf *errors, enum err err)
{
    fprintf(stderr, "%s%s", errors->len > 0 ? buf_text(errors) : err_text(err), errors->len > 0 ? "" : "\n");
    return err == ERR_INVALID ? 2 : 1;
}

static int show(const struct prompt_catalogue *catalogue)
{
    struct buf text;
    buf_init(&text, PROMPTS_FILE_MAX);
    prompts_show(catalogue, &text);
    int status = !text.failed && fwrite(buf_text(&text), 1, text.len, stdout) == text.len ? 0 : 1;
    buf_release(&text);
    return status;
}

/* What a county wants to know before it relies on a catalogue: which words have no voice that people know. */
static int tell(const struct prompt_book *book)
{
    printf("the catalogue is good: %u prompts, %u clips, version %.12s\n", book->prompt_count,
           book->clip_count, book->catalogue.version);
    for (size_t i = 0; i < book->prompt_count; i++) {
        const struct prompt *prompt = &book->prompts[i];
        for (size_t j = 0; j < prompt->text_count; j++) {
            const struct prompt_text *text = &prompt->texts[j];
            const char *voice = !prompt_wants_clip(prompt, text) ? "text only"
                                : !text->clip.bytes              ? "no clip yet"
                                : text->clip.recorded            ? "recorded"
                                                                 : "espeak-ng";
            printf("  %-24s %-12s %-12s", prompt->id, text->language, voice);
            if (text->clip.bytes)
                printf(" %6.1f s", (double)text->clip.duration_ms / 1000);
            putchar('\n');
        }
    }
    return 0;
}

static int render(const char *folder, struct prompt_book *book, struct buf *errors)
{
    struct prompts_rendered rendered;
    enum err err = prompts_render(folder, book, &rendered, errors);
    if (err != ERR_OK)
        return complain(errors, err);
    printf("%u clips made (%u of them recorded), %u as they were, %u texts without a clip\n", rendered.made,
           rendered.recorded, rendered.kept, rendered.texts_only);
    return 0;
}

static int run_in(const char *verb, const char *folder)
{
    struct prompt_book *book = NULL;
    struct buf errors;
    buf_init(&errors, 1 << 16);
    bool making = strcmp(verb, "render") == 0;
    enum err err = prompts_load(folder, !making, &book, &errors);
    int status = 0;
    if (err != ERR_OK)
        status = complain(&errors, err);
    else if (making)
        status = render(folder, book, &errors);
    else
        status = strcmp(verb, "show") == 0 ? show(&book->catalogue) : tell(book);
    prompts_free(book);
    buf_release(&errors);
    return status;
}

static int run(int argc, char **argv)
{
    static const char *const verbs[] = {"show", "check", "render"};
    size_t verb = 0;
    while (argc >= 2 && verb < 3 && strcmp(verbs[verb], argv[1]) != 0)
        verb++;
    if (argc < 2 || verb == 3 || argc > 3 || (argc == 2 && verb != 0)) {
        fputs("huyang prompts: `show [FOLDER]`, `check FOLDER` or `render FOLDER` is expected; see huyang "
              "prompts "
              "--help\n",
              stderr);
        return 2;
    }
    return argc == 2 ? show(&prompts_builtin) : run_in(argv[1], argv[2]);
}

const struct command cmd_prompts = {.name = "prompts",
                                    .summary = "what is said to residents: check it, make its clips",
                                    .help = help,
                                    .run = run};
