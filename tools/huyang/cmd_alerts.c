/* huyang alerts: the desk's work from a terminal, through the gateway's API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_client.h"
#include "columns.h"
#include "command.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/text.h"

enum {
    EXIT_WELL,
    EXIT_FAILED,
    EXIT_USAGE,
    OPTIONS_MAX = 16,
    QUERY_MAX = 1024,
    PREFIX_MIN = 4,
    ID_SHOWN = 8,
    PAGE = 500,
    REASON_COLUMNS = 72
};

static const char help[] =
    "usage: huyang alerts list [--state S] [--level L] [--family F] [--resident ID] [--limit N]\n"
    "       huyang alerts show ALERT\n"
    "       huyang alerts ack ALERT --by WHO [--note TEXT]\n"
    "       huyang alerts close ALERT --by WHO --disposition D [--note TEXT]\n"
    "       huyang alerts call ALERT --by WHO --outcome O [--note TEXT]\n"
    "       huyang alerts comment ALERT --by WHO --note TEXT\n"
    "       huyang alerts assign ALERT --by WHO --to WHOM [--note TEXT]\n"
    "       huyang alerts snooze ALERT --by WHO --until TIME [--note TEXT]\n"
    "       huyang alerts speak ALERT --by WHO --prompt ID [--device ID] [--preview] [--note TEXT]\n"
    "       huyang alerts hush ALERT --by WHO [--job JOB] [--note TEXT]\n"
    "       huyang alerts police ALERT --by WHO --state W [--note REASON]\n"
    "       huyang alerts watch [--level L] [--every SECONDS]\n"
    "\n"
    "ALERT is an alert's id, or its beginning (at least 4 characters) when no other begins so.\n"
    "list shows the newest alerts; --state open, lapsed, closed or absorbed; --level green, yellow, orange "
    "or red\n"
    "means at least that. watch prints a line whenever an open alert comes or changes, until Ctrl-C.\n"
    "snooze takes an alert until TIME, at most 4 h ahead; then everybody is told anew. Never red or an "
    "emergency.\n"
    "speak says a prompt of the catalogue to the resident now, --preview only tells through which device and "
    "how;\n"
    "hush takes back what is being said.\n"
    "police writes down what the police said of the message to them; W: accepted, rejected (with its "
    "reason),\n"
    "dispatched, on_scene, closed. What was said later is never undone.\n"
    "D: true, false, expected, drill, could_not_verify, transferred, declined.\n"
    "O (of a call to the resident): safe, needs_help, no_answer, other_person, wrong_number.\n"
    "\n"
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE  a file that holds the token instead\n"
    "  --lang en|zh       language of the reasons (default en)\n"
    "  --json             the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang alerts list --state open --level orange --lang zh\n"
    "  huyang alerts ack 3fa1 --by wang\n"
    "  huyang alerts close 3fa1 --by wang --disposition false --note '邻居串门'\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

struct option {
    const char *name, *value;
};

struct call {
    struct api_client client;
    struct option options[OPTIONS_MAX];
    unsigned option_count;
    const char *alert; /* as typed */
    bool json, zh, preview;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang alerts: %s%s\n`huyang alerts --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

static const char *option(const struct call *call, const char *name)
{
    for (unsigned i = 0; i < call->option_count; i++)
        if (strcmp(call->options[i].name, name) == 0)
            return call->options[i].value;
    return NULL;
}

/* "2026-03-01T09:12:00.5+08:00" -> "03-01 09:12:00" */
static void print_time(const char *iso, unsigned width)
{
    char text[16] = "";

    if (strlen(iso) >= 19)
        snprintf(text, sizeof(text), "%.5s %.8s", iso + 5, iso + 11);
    columns_print(stdout, text, width);
}

static void print_subject(const struct json *alert, unsigned width)
{
    const struct json *subject = json_get(alert, "subject"), *value = NULL;
    const char *kind = "";
    size_t iter = 0;
    char text[ID_SIZE + 16];

    if (subject == NULL || !json_next(subject, &iter, &kind, &value) || json_string(value) == NULL)
        kind = "";
    snprintf(text, sizeof(text), "%.12s%s%s", kind, kind[0] != '\0' ? " " : "",
             kind[0] != '\0' ? json_string(value) : "-");
    columns_print(stdout, text, width);
}

/* The reason of the gravest finding that still holds, else of the first. */
static const char *reason_of(const struct json *alert, bool zh)
{
    const struct json *findings = json_get(alert, "findings"), *shown = json_at(findings, 0);

    for (size_t i = 0; i < json_count(findings); i++) {
        const struct json *finding = json_at(findings, i);
        bool active = false;
        if (json_bool(json_get(finding, "active"), &active) && active &&
            strcmp(api_member(finding, "level"), api_member(alert, "level")) == 0) {
            shown = finding;
            break;
        }
    }
    return api_member(shown, zh ? "reason_zh" : "reason");
}

static void print_alert(const struct json *alert, bool zh)
{
    bool acknowledged =
        api_member(alert, "acknowledged")[0] != '\0' && strcmp(api_member(alert, "state"), "open") == 0;
    char id[ID_SHOWN + 1];

    snprintf(id, sizeof(id), "%.*s", ID_SHOWN, api_member(alert, "id"));
    columns_print(stdout, id, ID_SHOWN + 2);
    print_time(api_member(alert, "opened"), 16);
    columns_print(stdout, api_member(alert, "level"), 8);
    columns_print(stdout, acknowledged ? "taken" : api_member(alert, "state"), 10);
    columns_print(stdout, api_member(alert, "family"), 11);
    print_subject(alert, 22);
    columns_print(stdout, reason_of(alert, zh), 0);
    fputc('\n', stdout);
}

static void print_head(void)
{
    printf("%-10s%-16s%-8s%-10s%-11s%-22s%s\n", "ALERT", "OPENED", "LEVEL", "STATE", "FAMILY", "SUBJECT",
           "REASON");
}

/* The path of a list with its filters. */
static void list_path(const struct call *call, struct buf *path)
{
    static const char *const filters[] = {"state", "level", "family", "resident", "limit", "cursor"};
    char lead = '?';

    buf_puts(path, "/api/v1/alerts");
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        const char *value = option(call, filters[i]);
        if (value == NULL)
            continue;
        buf_printf(path, "%c%s=", lead, filters[i]);
        http_escape(path, value);
        lead = '&';
    }
}

static int run_list(struct call *call)
{
    struct buf path;

    buf_init(&path, QUERY_MAX);
    list_path(call, &path);
    struct json *root = api_client_fetch(&call->client, buf_text(&path), NULL, call->json);
    buf_release(&path);
    if (root == NULL)
        return EXIT_FAILED;
    const struct json *alerts = json_get(root, "alerts");
    if (!call->json) {
        print_head();
        for (size_t i = 0; i < json_count(alerts); i++)
            print_alert(json_at(alerts, i), call->zh);
        if (json_get(root, "next") != NULL)
            fputs("(there are more; --limit shows up to 500)\n", stdout);
    }
    json_free(root);
    return EXIT_WELL;
}

/* The whole id of what was typed: looks through the list, newest first. False after saying why not. */
static bool find_alert(const struct call *call, char id[HASH_ID_TEXT])
{
    size_t len = strlen(call->alert);
    char path[256] = "/api/v1/alerts?limit=500";
    unsigned found = 0;
    struct hash_id whole;

    if (hash_id_parse(call->alert, &whole)) {
        hash_id_text(&whole, id);
        return true;
    }
    if (len < PREFIX_MIN || len >= HASH_ID_TEXT || strspn(call->alert, "0123456789abcdef") != len) {
        fprintf(stderr, "huyang alerts: '%s' is neither an alert's id nor the beginning of one\n",
                call->alert);
        return false;
    }
    for (bool more = true; more && found < 2;) {
        struct json *root = api_client_fetch(&call->client, path, NULL, false);
        if (root == NULL)
            return false;
        const struct json *alerts = json_get(root, "alerts");
        for (size_t i = 0; i < json_count(alerts); i++)
            if (strncmp(api_member(json_at(alerts, i), "id"), call->alert, len) == 0 && found++ == 0)
                snprintf(id, HASH_ID_TEXT, "%s", api_member(json_at(alerts, i), "id"));
        more = json_get(root, "next") != NULL;
        snprintf(path, sizeof(path), "/api/v1/alerts?limit=500&cursor=%.100s", api_member(root, "next"));
        json_free(root);
    }
    if (found != 1)
        fprintf(stderr, "huyang alerts: %s alert begins with '%s'\n", found == 0 ? "no" : "more than one",
                call->alert);
    return found == 1;
}

static void print_section(const char *title, const struct json *list, const char *const *members,
                          const unsigned *widths)
{
    if (json_count(list) == 0)
        return;
    printf("\n%s\n", title);
    for (size_t i = 0; i < json_count(list); i++) {
        fputs("  ", stdout);
        for (size_t k = 0; members[k] != NULL; k++) {
            const char *text = api_member(json_at(list, i), members[k]);
            if (strlen(text) > 19 && text[4] == '-' && text[10] == 'T')
                print_time(text, widths[k]);
            else
                columns_print(stdout, text, widths[k]);
            fputc(' ', stdout);
        }
        fputc('\n', stdout);
    }
}

static int run_show(struct call *call)
{
    static const char *const finding[] = {"at", "detector", "level", "reason", NULL};
    static const char *const finding_zh[] = {"at", "detector", "level", "reason_zh", NULL};
    static const char *const transition[] = {"t", "kind", "by", "why", NULL};
    static const char *const job[] = {"created", "kind",     "role",   "channel", "target",
                                      "state",   "state_at", "reason", NULL};
    char id[HASH_ID_TEXT], path[128];

    if (!find_alert(call, id))
        return EXIT_FAILED;
    snprintf(path, sizeof(path), "/api/v1/alerts/%s", id);
    struct json *root = api_client_fetch(&call->client, path, NULL, call->json);
    if (root == NULL)
        return EXIT_FAILED;
    if (!call->json) {
        printf("%s\n", id);
        print_head();
        print_alert(root, call->zh);
        print_section("findings", json_get(root, "findings"), call->zh ? finding_zh : finding,
                      (const unsigned[]){15, 18, 7, 0});
        print_section("transitions", json_get(root, "transitions"), transition,
                      (const unsigned[]){15, 13, 14, 0});
        print_section("jobs", json_get(root, "jobs"), job, (const unsigned[]){15, 10, 12, 8, 16, 10, 15, 0});
    }
    json_free(root);
    return EXIT_WELL;
}

/* An action: the options that are given become the body; the gateway says what is missing. */
static int run_action(struct call *call, const char *action)
{
    static const char *const members[] = {"by",    "disposition", "outcome", "note", "to",
                                          "until", "prompt",      "device",  "job",  "state"};
    char id[HASH_ID_TEXT], path[128];
    struct buf body;

    if (!find_alert(call, id))
        return EXIT_FAILED;
    snprintf(path, sizeof(path), "/api/v1/alerts/%s/%s", id, action);
    buf_init(&body, 65536);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *value = option(call, members[i]);
        if (value == NULL)
            continue;
        buf_printf(&body, "%s\"%s\":", body.len == 0 ? "{" : ",", members[i]);
        buf_json_string(&body, value);
    }
    if (call->preview)
        buf_printf(&body, "%s\"preview\":true", body.len == 0 ? "{" : ",");
    buf_puts(&body, body.len == 0 ? "{}" : "}");
    struct json *root = api_client_fetch(&call->client, path, buf_text(&body), call->json);
    buf_release(&body);
    if (root == NULL)
        return EXIT_FAILED;
    const struct json *preview = json_get(root, "preview");
    if (!call->json && preview != NULL) {
        printf("%s would be said %s through the %s %s\n", api_member(preview, "prompt"),
               api_member(preview, "manner"), api_member(preview, "kind"), api_member(preview, "device"));
    } else if (!call->json) {
        const char *text = api_member(root, "text");
        printf("%s %s", id, action);
        fputs(text[0] != '\0' ? ": " : "", stdout);
        columns_print(stdout, text, 0);
        fputc('\n', stdout);
    }
    json_free(root);
    return EXIT_WELL;
}

/* What was last shown of an alert. */
struct shown {
    char id[HASH_ID_TEXT], changed[CLOCK_TEXT_SIZE];
};

static bool is_news(struct shown *shown, unsigned *count, const struct json *alert)
{
    const char *id = api_member(alert, "id"), *changed = api_member(alert, "changed");
    struct shown *at = shown;

    while (at < shown + *count && strcmp(at->id, id) != 0)
        at++;
    if (at == shown + *count) {
        if (*count == PAGE)
            return true; /* more than a page is open: better twice than not */
        ++*count;
    } else if (strcmp(at->changed, changed) == 0) {
        return false;
    }
    (void)text_copy(at->id, sizeof(at->id), id);
    (void)text_copy(at->changed, sizeof(at->changed), changed);
    return true;
}

static int run_watch(struct call *call)
{
    struct shown *shown = calloc(PAGE, sizeof(*shown));
    unsigned count = 0;
    int64_t every = 2;
    char path[128] = "/api/v1/alerts?state=open&limit=500";

    if (option(call, "every") != NULL && !text_to_int(option(call, "every"), 1, 3600, &every)) {
        free(shown);
        return usage("--every is a number of seconds, 1 to 3600", "");
    }
    if (option(call, "level") != NULL)
        snprintf(path, sizeof(path), "/api/v1/alerts?state=open&limit=500&level=%.16s",
                 option(call, "level"));
    if (shown == NULL)
        return EXIT_FAILED;
    print_head();
    for (;;) {
        struct json *root = api_client_fetch(&call->client, path, NULL, false);
        if (root == NULL) {
            free(shown);
            return EXIT_FAILED;
        }
        const struct json *alerts = json_get(root, "alerts");
        for (size_t i = json_count(alerts); i-- > 0;) /* the oldest first, as things happened */
            if (is_news(shown, &count, json_at(alerts, i)))
                print_alert(json_at(alerts, i), call->zh);
        fflush(stdout);
        json_free(root);
        const struct timespec pause = {.tv_sec = every};
        nanosleep(&pause, NULL);
    }
}

/* Splits the words into options and the alert; a usage error ends here. */
static int read_words(struct call *call, int argc, char **argv)
{
    static const char *const known[] = {"state",  "level",     "family",     "resident",    "limit",
                                        "cursor", "by",        "note",       "every",       "url",
                                        "prompt", "device",    "job",        "disposition", "outcome",
                                        "lang",   "state-dir", "token-file", "to",          "until"};

    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        if (strncmp(word, "--", 2) != 0) {
            if (call->alert != NULL)
                return usage("one alert at a time, not also ", word);
            call->alert = word;
            continue;
        }
        if (strcmp(word, "--preview") == 0) {
            call->preview = true;
            continue;
        }
        if (strcmp(word, "--json") == 0) {
            call->json = true;
            continue;
        }
        bool is_known = false;
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            is_known |= strcmp(known[k], word + 2) == 0;
        if (!is_known)
            return usage("unknown option ", word);
        if (i + 1 == argc || call->option_count == OPTIONS_MAX)
            return usage("a value is missing after ", word);
        call->options[call->option_count++] = (struct option){.name = word + 2, .value = argv[++i]};
    }
    const char *language = option(call, "lang");
    if (language != NULL && strcmp(language, "zh") != 0 && strcmp(language, "en") != 0)
        return usage("--lang is en or zh", "");
    call->zh = language != NULL && strcmp(language, "zh") == 0;
    return EXIT_WELL;
}

static int run_verb(struct call *call, const char *verb)
{
    if (strcmp(verb, "list") == 0)
        return run_list(call);
    if (strcmp(verb, "watch") == 0)
        return run_watch(call);
    if (strcmp(verb, "show") == 0)
        return run_show(call);
    return run_action(call, strcmp(verb, "ack") == 0     ? "acknowledge"
                            : strcmp(verb, "speak") == 0 ? "prompts"
                                                         : verb);
}

static int run(int argc, char **argv)
{
    static const char *const verbs[] = {"list",    "watch",  "show",   "ack",   "close", "call",
                                        "comment", "assign", "snooze", "speak", "hush",  "police"};
    enum { WITHOUT_ALERT = 2 };
    struct call call = {.options = {{NULL, NULL}}};
    size_t verb = 0;

    if (argc < 2)
        return usage("what shall be done?", "");
    while (verb < sizeof(verbs) / sizeof(verbs[0]) && strcmp(verbs[verb], argv[1]) != 0)
        verb++;
    if (verb == sizeof(verbs) / sizeof(verbs[0]))
        return usage("there is no ", argv[1]);
    int status = read_words(&call, argc, argv);
    if (status != EXIT_WELL)
        return status;
    if ((call.alert != NULL) != (verb >= WITHOUT_ALERT))
        return usage(verb < WITHOUT_ALERT ? "no alert is expected here: " : "which alert?",
                     verb < WITHOUT_ALERT ? call.alert : "");
    if (!api_client_open(&call.client, "huyang alerts", option(&call, "url"), option(&call, "state-dir"),
                         option(&call, "token-file")))
        return EXIT_FAILED;
    status = run_verb(&call, argv[1]);
    api_client_close(&call.client);
    return status;
}

extern const struct command cmd_alerts;
const struct command cmd_alerts = {
    .name = "alerts", .summary = "list, show, take and close alerts", .help = help, .run = run};
