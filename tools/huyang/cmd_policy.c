/* huyang policy: the policies in force, what they would do with an alert, and what of them comes to nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/policy_reach.h"
#include "command.h"
#include "policy_explain.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, OUT_MAX_BYTES = 1 << 21 };

static const char help[] =
    "usage: huyang policy show [--config FILE]\n"
    "       huyang policy check FILE [--registry DIR | --state-dir DIR] [--at TIME]\n"
    "       huyang policy explain [OPTIONS] ALERT\n"
    "       huyang policy explain [OPTIONS] --family F --level L [--resident R | [--territory T] [--category "
    "C]]\n"
    "\n"
    "`show` prints the policies in force with FILE (the built-in ones without it) as YAML that may be edited "
    "and\n"
    "given back as a configuration. `check` tells what is wrong with a configuration, and what of its policy "
    "comes\n"
    "to nothing: steps behind a stop or after an ended alert has lapsed, categories and territories that "
    "nobody is\n"
    "in, roles that nobody has, rosters that have ended or leave hours without anybody within 28 days, "
    "people "
    "without\n"
    "a channel. `explain` says who would "
    "be told\n"
    "what and when, if nobody touched the alert: an open one of a gateway's database (from its state as of "
    "the last\n"
    "commit), or one that might be. Without --resident it takes the first resident of the territory (and "
    "category)\n"
    "as an example.\n"
    "\n"
    "  --config FILE      the configuration (default: the built-in one)\n"
    "  --state-dir DIR    a gateway's state folder: its registry, and what is known of people and homes\n"
    "  --registry DIR     or a registry folder\n"
    "  --at TIME          when it would happen, ISO 8601 with offset (default: now)\n"
    "  --lang zh|en       (default en)\n"
    "  --json             one JSON object\n"
    "\n"
    "examples:\n"
    "  huyang policy show > policy.yaml\n"
    "  huyang policy check /etc/huyang/huyang.yaml --registry county/\n"
    "  huyang policy explain --registry county/ --family emergency --level red --resident r-0001\n"
    "  huyang policy explain --state-dir /var/lib/huyang --lang zh 3fa1c0de3fa1c0de3fa1c0de3fa1c0de\n"
    "\n"
    "exit status: 0 well, 1 failed, or `check` found faults, 2 wrong usage or a file with faults\n";

struct words {
    const char *config, *registry, *state, *family, *level, *resident, *territory, *category, *at, *lang,
        *plain;
    bool json;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang policy: %s%s\n`huyang policy --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

static int read_words(struct words *words, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } options[] = {{"--config", &words->config},
                   {"--registry", &words->registry},
                   {"--state-dir", &words->state},
                   {"--family", &words->family},
                   {"--level", &words->level},
                   {"--resident", &words->resident},
                   {"--territory", &words->territory},
                   {"--category", &words->category},
                   {"--at", &words->at},
                   {"--lang", &words->lang}};
    for (int i = 2; i < argc; i++) {
        size_t k = 0, count = sizeof options / sizeof *options;
        while (k < count && strcmp(argv[i], options[k].name) != 0)
            k++;
        if (k < count && i + 1 < argc)
            *options[k].value = argv[++i];
        else if (k < count)
            return usage("a value is missing after ", argv[i]);
        else if (strcmp(argv[i], "--json") == 0)
            words->json = true;
        else if (argv[i][0] == '-' || words->plain != NULL)
            return usage("what is this? ", argv[i]);
        else
            words->plain = argv[i];
    }
    if (words->lang != NULL && strcmp(words->lang, "zh") != 0 && strcmp(words->lang, "en") != 0)
        return usage("--lang is zh or en, not ", words->lang);
    return EXIT_WELL;
}

static int read_time(const struct words *words, int64_t *ret_t_ms)
{
    *ret_t_ms = clock_now().wall_ms;
    if (words->at != NULL && clock_parse(words->at, strlen(words->at), ret_t_ms) != ERR_OK)
        return usage("--at is an ISO 8601 time with an offset, not ", words->at);
    return EXIT_WELL;
}

static int print(struct buf *out)
{
    bool well = !out->failed && fwrite(buf_text(out), 1, out->len, stdout) == out->len && fflush(stdout) == 0;
    buf_release(out);
    return well ? EXIT_WELL : EXIT_FAILED;
}

static int show(const struct words *words)
{
    struct config *config = NULL;
    struct buf out;
    buf_init(&out, OUT_MAX_BYTES);
    if (config_load(words->config, &config, &out) != ERR_OK) {
        fputs(buf_text(&out), stderr);
        buf_release(&out);
        return EXIT_USAGE;
    }
    config_show_policy(config, &out);
    config_free(config);
    return print(&out);
}

/* --- check --- */

struct check {
    const char *file;
    const struct config *config;
    const struct config_places *places;
};

static void put_place(const struct check *check, const void *item)
{
    size_t line, column;
    config_place_of(check->places, item, &line, &column);
    printf("%s:", check->file);
    if (line)
        printf("%zu:%zu:", line, column);
}

static void tell_fault(void *self, int rule, int step, const char *why)
{
    const struct check *check = self;
    const struct policy_rule *of = rule >= 0 ? &check->config->alert.rules[rule] : NULL;
    put_place(check, of && step >= 0 ? (const void *)&of->steps[step] : of);
    fputs(" policy", stdout);
    if (rule >= 0)
        printf("[%d] %s/%s", rule, family_name((enum family)check->config->alert.rules[rule].family),
               level_name((enum level)check->config->alert.rules[rule].level));
    if (step >= 0)
        printf(" step %d", step);
    printf(": %s\n", why);
}

static void tell_roster(void *self, const void *item, const char *path, const char *why)
{
    put_place(self, item);
    printf(" %s: %s\n", path, why);
}

/* What people changed about the rosters is known where a state folder is. */
static unsigned find_faults(const struct words *words, const struct check *told, const struct shadow *shadow,
                            int64_t t_ms)
{
    struct check self = *told;
    struct tz *tz = NULL;
    unsigned faults = policy_reach(&told->config->alert, shadow->registry, t_ms, tell_fault, &self);
    if (tz_load(told->config->time_zone, &tz) != ERR_OK) {
        printf("%s: time_zone: cannot be read\n", words->plain);
        return faults + 1;
    }
    faults += contact_reach(&told->config->alert, shadow->registry, tell_roster, &self);
    const struct roster_view view = shadow->gateway
                                        ? alerts_rosters(gateway_alerts(shadow->gateway))
                                        : (struct roster_view){.tz = tz, .registry = shadow->registry};
    faults += roster_reach(&told->config->alert, shadow->registry, &view, t_ms, tell_roster, &self);
    tz_free(tz);
    return faults;
}

static int check(const struct words *words)
{
    struct config *config = NULL;
    struct config_places *places = NULL;
    struct shadow shadow = {0};
    struct buf errors;
    int64_t t_ms;
    int status = read_time(words, &t_ms);
    if (status != EXIT_WELL)
        return status;
    if (words->plain == NULL)
        return usage("check FILE is expected", "");
    buf_init(&errors, 1 << 16);
    if (config_load_placed(words->plain, &config, &places, &errors) != ERR_OK) {
        fputs(buf_text(&errors), stdout);
        buf_release(&errors);
        return EXIT_FAILED;
    }
    buf_release(&errors);
    if (words->registry != NULL || words->state != NULL)
        status = shadow_open(&shadow, words->plain, words->registry, words->state);
    if (status == EXIT_WELL) {
        const struct check told = {.file = words->plain, .config = config, .places = places};
        unsigned faults = find_faults(words, &told, &shadow, t_ms);
        if (faults == 0)
            printf("%s: the policy is good%s\n", words->plain,
                   shadow.registry == NULL
                       ? " (name --registry or --state-dir to look for the people as well)"
                       : "");
        status = faults == 0 ? EXIT_WELL : EXIT_FAILED;
    }
    shadow_release(&shadow);
    free(places);
    config_free(config);
    return status;
}

/* --- explain --- */

static bool lives_in(const struct registry *registry, uint32_t resident, const char *territory)
{
    struct subject subject = {.kind = SUBJECT_RESIDENT, .no = resident};
    return policy_is_within(registry, registry_subject_territory(registry, subject), territory);
}

/* The resident an alert might be about; REGISTRY_NONE = nobody fits. */
static uint32_t find_resident(const struct registry *registry, const struct words *words)
{
    if (words->resident != NULL)
        return registry_find(registry, REGISTRY_RESIDENT, words->resident);
    uint32_t count = registry_count(registry, REGISTRY_RESIDENT);
    for (uint32_t no = 0; no < count; no++) {
        if (!registry_resident(registry, no)->removed &&
            (words->category == NULL || registry_resident_is(registry, no, words->category)) &&
            (words->territory == NULL || lives_in(registry, no, words->territory)))
            return no;
    }
    return REGISTRY_NONE;
}

static int imagine(const struct shadow *shadow, const struct words *words, struct alert *ret_alert)
{
    memset(ret_alert, 0, sizeof *ret_alert);
    if (words->family == NULL || words->level == NULL)
        return usage("an alert's id, or --family and --level, are expected", "");
    ret_alert->family = (uint8_t)family_from_name(words->family);
    ret_alert->level = (uint8_t)level_from_name(words->level);
    if (ret_alert->family == FAMILY_COUNT)
        return usage("there is no family ", words->family);
    if (ret_alert->level == LEVEL_COUNT)
        return usage("there is no level ", words->level);
    if (words->territory != NULL &&
        registry_find(shadow->registry, REGISTRY_TERRITORY, words->territory) == REGISTRY_NONE)
        return usage("there is no territory ", words->territory);
    uint32_t resident = find_resident(shadow->registry, words);
    if (resident == REGISTRY_NONE) {
        fputs("huyang policy: there is no such resident\n", stderr);
        return EXIT_FAILED;
    }
    ret_alert->subject = (struct subject){.kind = SUBJECT_RESIDENT, .no = resident};
    ret_alert->resident = resident;
    ret_alert->household = registry_resident(shadow->registry, resident)->household;
    const int status = read_time(words, &ret_alert->last_notify_ms);
    ret_alert->opened_ms = ret_alert->last_notify_ms;
    return status;
}

static int find_alert(const struct shadow *shadow, const char *word, struct alert *ret_alert)
{
    struct hash_id id;
    if (!hash_id_parse(word, &id))
        return usage("not the id of an alert: ", word);
    const struct alert *alert = alerts_find(gateway_alerts(shadow->gateway), &id);
    if (alert == NULL || alert->state != ALERT_OPEN) {
        fputs("huyang policy: there is no such open alert\n", stderr);
        return EXIT_FAILED;
    }
    *ret_alert = *alert;
    return EXIT_WELL;
}

static int explain(const struct words *words)
{
    struct shadow shadow;
    struct alert alert;
    if (words->plain != NULL && words->registry != NULL)
        return usage("an alert is looked for in a state folder, not in ", "--registry");
    int status = shadow_open(&shadow, words->config, words->registry, words->state);
    if (status == EXIT_WELL)
        status = words->plain != NULL ? find_alert(&shadow, words->plain, &alert)
                                      : imagine(&shadow, words, &alert);
    if (status == EXIT_WELL) {
        struct buf out;
        bool zh = words->lang != NULL && strcmp(words->lang, "zh") == 0;
        buf_init(&out, OUT_MAX_BYTES);
        policy_explain(&shadow, &alert,
                       words->json ? POLICY_JSON
                       : zh        ? POLICY_TEXT_ZH
                                   : POLICY_TEXT_EN,
                       &out);
        status = print(&out);
    }
    shadow_release(&shadow);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct words *words);
    } verbs[] = {{"show", show}, {"check", check}, {"explain", explain}};
    struct words words = {0};
    for (size_t i = 0; argc >= 2 && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        int status = read_words(&words, argc, argv);
        return status == EXIT_WELL ? verbs[i].run(&words) : status;
    }
    return usage("show, check or explain is expected", "");
}

const struct command cmd_policy = {
    .name = "policy", .summary = "who is told what and when: show, check, dry run", .help = help, .run = run};
