/* huyang config: shows every key with its value, unit, range and default; checks a file. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config_prompts.h"

static int load(const char *path, struct config **ret_config)
{
    struct buf errors;
    buf_init(&errors, 1 << 16);
    struct prompt_book *prompts = NULL;
    enum err err = config_load(path, ret_config, &errors);
    if (err == ERR_OK)
        err = prompts_of_config(*ret_config, &prompts, &errors);
    prompts_free(prompts);
    if (err != ERR_OK)
        fprintf(stderr, "%s\n", errors.len > 0 ? buf_text(&errors) : err_text(err));
    buf_release(&errors);
    return err == ERR_OK ? 0 : 2;
}

static int show(const struct config *config)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    config_show(config, &text);
    const int status = !text.failed && fwrite(buf_text(&text), 1, text.len, stdout) == text.len ? 0 : 1;
    buf_release(&text);
    return status;
}

static int run(int argc, char **argv)
{
    const bool is_show = argc >= 2 && strcmp(argv[1], "show") == 0;
    const bool is_check = argc >= 2 && strcmp(argv[1], "check") == 0;
    if (!(is_show && argc <= 3) && !(is_check && argc == 3)) {
        fputs("huyang config: `show [FILE]` or `check FILE` is expected; see huyang config --help\n", stderr);
        return 2;
    }
    struct config *config = NULL;
    int status = load(argc == 3 ? argv[2] : NULL, &config);
    if (status == 0 && is_show)
        status = show(config);
    else if (status == 0)
        printf("%s: the configuration is good\n", argv[2]);
    config_free(config);
    return status;
}

const struct command cmd_config = {
    .name = "config",
    .summary = "show every setting with its default, or check a file",
    .help = "usage: huyang config show [FILE]\n"
            "       huyang config check FILE\n"
            "\n"
            "`show` prints the configuration in force with FILE (the defaults without one) as commented "
            "YAML: each key with its\n"
            "unit, range and default. `check` reads FILE and tells every fault with its line and column.\n"
            "\n"
            "examples:\n"
            "  huyang config show > huyang.yaml\n"
            "  huyang config check /etc/huyang/huyang.yaml && systemctl reload huyang-gateway\n"
            "\n"
            "exit status: 0 well, 1 failed, 2 wrong usage or a file with faults\n",
    .run = run,
};
