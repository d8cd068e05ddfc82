/* `huyang quarantine`: devices that were heard and may not speak, through the gateway's API. */
#include <stdio.h>
#include <string.h>

#include "api_client.h"
#include "columns.h"
#include "command.h"
#include "core/text.h"

static const char help[] =
    "usage: huyang quarantine list [--all]\n"
    "       huyang quarantine adopt DEVICE --resident ID | --household ID [--view VIEW] [--report-interval-s "
    "S]\n"
    "                               [--preview] --by WHO\n"
    "       huyang quarantine dismiss DEVICE --by WHO\n"
    "\n"
    "Devices that the gateway heard and that may not speak: not in the registry (unknown), taken out of it\n"
    "(inactive), or of another county (wrong_county). Nothing of theirs is taken in and nothing "
    "acknowledged.\n"
    "Adopting writes the device's row: a wristband gets its wearer, a camera its home. What the device says\n"
    "happened before that is refused and acknowledged, but for calls for help.\n"
    "\n"
    "  --all                  also those that were dismissed\n"
    "  --view VIEW            of a camera: doorstep, indoors or living_room\n"
    "  --report-interval-s S  how often it reports, 1 to 86400\n"
    "  --preview              only say what would be written\n"
    "  --by WHO               who decides\n"
    "  --url URL              the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR        the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE      a file that holds the token instead\n"
    "  --json                 the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang quarantine list\n"
    "  huyang quarantine adopt wb-0815 --resident r-001 --report-interval-s 600 --by wang\n"
    "  huyang quarantine dismiss wb-9999 --by wang\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

/* What goes into the body of a change comes first. */
enum { BY, DISMISS_MEMBERS, RESIDENT = DISMISS_MEMBERS, HOUSEHOLD, VIEW, INTERVAL, MEMBERS };
enum { URL = MEMBERS, STATE_DIR, TOKEN_FILE, OPTIONS };
static const char *const options[OPTIONS] = {"by",  "resident",  "household", "view", "report-interval-s",
                                             "url", "state-dir", "token-file"};
static const char *const member_names[MEMBERS] = {"by", "resident", "household", "view", "report_interval_s"};
enum { BODY_MAX_BYTES = 4096, EXIT_WELL = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
struct call {
    struct api_client client;
    const char *values[OPTIONS], *device;
    bool json, all, preview;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang quarantine: %s%s\n`huyang quarantine --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

/* A word without a value. */
static bool take_flag(struct call *call, const char *word)
{
    bool *const flag = strcmp(word, "--json") == 0      ? &call->json
                       : strcmp(word, "--all") == 0     ? &call->all
                       : strcmp(word, "--preview") == 0 ? &call->preview
                                                        : NULL;
    if (flag != NULL)
        *flag = true;
    return flag != NULL;
}

static int read_words(struct call *call, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        size_t k = 0;
        if (take_flag(call, argv[i]))
            continue;
        if (strncmp(argv[i], "--", 2) != 0 && call->device == NULL) {
            call->device = argv[i];
            continue;
        }
        while (k < OPTIONS && (strncmp(argv[i], "--", 2) != 0 || strcmp(options[k], argv[i] + 2) != 0))
            k++;
        if (k == OPTIONS)
            return usage("what is this? ", argv[i]);
        if (i + 1 == argc)
            return usage("a value is missing after ", argv[i]);
        call->values[k] = argv[++i];
    }
    return EXIT_WELL;
}

static void print_line(const struct json *row)
{
    static const struct {
        const char *name;
        unsigned width;
    } cells[] = {{"id", 24}, {"reason", 12}, {"first", 25}, {"last", 25}};
    int64_t times = 0;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        columns_print(stdout, api_member(row, cells[i].name), cells[i].width);
        fputs("  ", stdout);
    }
    (void)json_integer(json_get(row, "times"), &times);
    printf("%lld times%s%s\n", (long long)times, *api_member(row, "dismissed_by") ? ", dismissed by " : "",
           api_member(row, "dismissed_by"));
}

static int list(const struct call *call)
{
    struct json *root = api_client_fetch(&call->client, "/api/v1/quarantine", NULL, call->json);
    if (root == NULL)
        return EXIT_FAILED;
    const struct json *rows = json_get(root, "devices");
    for (size_t i = 0; !call->json && i < json_count(rows); i++)
        if (call->all || json_get(json_at(rows, i), "dismissed") == NULL)
            print_line(json_at(rows, i));
    json_free(root);
    return EXIT_WELL;
}

static int change(const struct call *call, const char *verb, size_t members)
{
    struct buf body, path;
    buf_init(&path, BODY_MAX_BYTES);
    buf_init(&body, BODY_MAX_BYTES);
    buf_printf(&path, "/api/v1/quarantine/%s/%s", call->device, verb);
    for (size_t i = 0; i < members; i++) {
        if (call->values[i] == NULL)
            continue;
        buf_printf(&body, "%s\"%s\":", body.len == 0 ? "{" : ",", member_names[i]);
        buf_json_string(&body, call->values[i]);
    }
    if (call->preview)
        buf_printf(&body, "%s\"preview\":true", body.len == 0 ? "{" : ",");
    buf_puts(&body, body.len == 0 ? "{}" : "}");
    struct json *root = api_client_fetch(&call->client, buf_text(&path), buf_text(&body), call->json);
    if (root != NULL && call->preview && !call->json)
        printf("%s would be a %s of %s %s\n", call->device, api_member(root, "kind"),
               api_member(root, "household"), api_member(root, "name"));
    buf_release(&path);
    buf_release(&body);
    json_free(root);
    return root == NULL ? EXIT_FAILED : EXIT_WELL;
}

static int run(int argc, char **argv)
{
    struct call call = {.json = false};
    const char *verb = argc >= 2 ? argv[1] : "";
    const bool lists = strcmp(verb, "list") == 0, adopts = strcmp(verb, "adopt") == 0;
    if (!lists && !adopts && strcmp(verb, "dismiss") != 0)
        return usage("list, adopt or dismiss is expected", "");
    const int wrong = read_words(&call, argc, argv);
    if (wrong != EXIT_WELL)
        return wrong;
    if (lists == (call.device != NULL) ||
        (call.device != NULL && !text_is_id(call.device, strlen(call.device))))
        return usage(lists ? "list takes no device" : "the id of a device is expected", "");
    for (size_t i = adopts ? MEMBERS : DISMISS_MEMBERS; i < MEMBERS; i++)
        if (call.values[i])
            return usage("only adopting takes --", options[i]);
    if (!api_client_open(&call.client, "huyang quarantine", call.values[URL], call.values[STATE_DIR],
                         call.values[TOKEN_FILE]))
        return EXIT_FAILED;
    const int status = lists ? list(&call) : change(&call, verb, adopts ? MEMBERS : DISMISS_MEMBERS);
    api_client_close(&call.client);
    return status;
}

const struct command cmd_quarantine = {.name = "quarantine",
                                       .summary = "devices that may not speak; adopt or dismiss one",
                                       .help = help,
                                       .run = run};
