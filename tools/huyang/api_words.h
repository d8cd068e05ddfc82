/* The words of subcommands that list things and act through the gateway's API: `huyang silences`, `huyang
 * announce`. Options are `--NAME VALUE`; the first of them go into the body of an action under their own
 * names, a hyphen as _. */
#ifndef HUYANG_TOOLS_API_WORDS_H
#define HUYANG_TOOLS_API_WORDS_H

#include <stddef.h>

#include "api_client.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE };
enum { API_WORDS_MAX = 16 };

struct api_words {
    const char *command;        /* "silences" */
    const char *const *options; /* `members` of the body, then url, state-dir, token-file */
    size_t members;
    const char *values[API_WORDS_MAX], *plain; /* as given; NULL = not */
    bool json;
    struct api_client client;
};

/* Complains on standard error; EXIT_USAGE. */
int api_words_usage(const struct api_words *words, const char *complaint, const char *word);
/* Reads argv[2] and what follows; `takes_plain`: one word that is no option must be there (`what` asks for
 * it), else none may. EXIT_WELL, EXIT_USAGE. */
int api_words_read(struct api_words *words, int argc, char **argv, bool takes_plain, const char *what);
/* Opens the client; false: it has said why. */
bool api_words_open(struct api_words *words);
/* Prints the rows of the list `name`, or the answer as it came with --json. */
int api_words_list(const struct api_words *words, const char *name, void (*print)(const struct json *row));
/* Posts what was given of the members. */
int api_words_act(const struct api_words *words, const char *path);

#endif
