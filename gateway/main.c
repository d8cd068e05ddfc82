/* huyang-gateway: arguments, configuration; build the service, run the loop, tear down in reverse. */
#include <getopt.h>
#include <stdio.h>

#include "config_prompts.h"
#include "core/log.h"
#include "service/service.h"

static const char help[] =
    "usage: huyang-gateway [--config FILE] [--check] [--virtual-clock]\n"
    "\n"
    "The elder-care alert gateway of one county: takes in the fleet's events over MQTT, and tells people in "
    "time.\n"
    "\n"
    "  --config FILE    settings (YAML); `huyang config show` prints every key with its default\n"
    "  --check          only read and check the configuration\n"
    "  --virtual-clock  take the time from `huyang fleet` (exercises: relays on loopback only)\n"
    "\n"
    "Signals: SIGTERM and SIGINT stop it, SIGHUP reads the configuration again.\n"
    "Exit status: 0 stopped as asked, 1 failed, 2 bad arguments or configuration, 75 broken and to be "
    "started again.\n"
    "\n"
    "examples:\n"
    "  huyang config show > huyang.yaml && huyang-gateway --config huyang.yaml --check\n"
    "  huyang-gateway --config /etc/huyang/huyang.yaml\n";

static int load(const char *path, struct config **ret_config, struct prompt_book **ret_prompts)
{
    struct buf errors;
    buf_init(&errors, 1 << 16);
    enum err err = config_load(path, ret_config, &errors);
    if (err == ERR_OK)
        err = prompts_of_config(*ret_config, ret_prompts, &errors);
    if (err != ERR_OK)
        fprintf(stderr, "huyang-gateway: the configuration cannot be used:\n%s\n",
                errors.len > 0 ? buf_text(&errors) : err_text(err));
    buf_release(&errors);
    return err == ERR_OK ? 0 : 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"virtual-clock", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct service_options service_options = {0};
    bool check = false;
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) >= 0) {
        switch (option) {
        case 'c': service_options.config_path = optarg; break;
        case 'k': check = true; break;
        case 'v': service_options.virtual_clock = true; break;
        case 'h': fputs(help, stdout); return 0;
        default: return 2;
        }
    }
    if (optind != argc) {
        fputs("huyang-gateway: no arguments are expected; see --help\n", stderr);
        return 2;
    }
    struct config *config = NULL;
    struct prompt_book *prompts = NULL;
    const int bad = load(service_options.config_path, &config, &prompts);
    if (bad != 0 || check) {
        if (bad == 0)
            puts("the configuration is good");
        prompts_free(prompts);
        config_free(config);
        return bad;
    }
    log_init((enum log_level)config->log_level, 2);
    struct service *service = NULL;
    if (service_new(config, prompts, &service_options, &service) != ERR_OK)
        return 1;
    const enum err err = service_run(service);
    service_free(service);
    return err == ERR_OK ? 0 : 75;
}
