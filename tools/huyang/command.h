/* A subcommand of `huyang`: one file exports one const struct, one line in main.c lists it. */
#ifndef HUYANG_TOOLS_COMMAND_H
#define HUYANG_TOOLS_COMMAND_H

struct command {
    const char *name;    /* "registry" */
    const char *summary; /* one line for `huyang --help` */
    const char *help;    /* the whole text of `huyang NAME --help`, with examples */
    /* argv[0] is the subcommand's name. Returns the exit status: 0 well, 1 failed, 2 usage or bad input.
     * --help is handled by the caller. */
    int (*run)(int argc, char **argv);
};

#endif
