/* huyang registry: looks at a registry folder, hands it to the running gateway, or makes one up. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_registry_import.h"
#include "command.h"
#include "core/clock.h"
#include "core/text.h"
#include "homes.h"
#include "registry/registry.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, ERRORS_MAX_BYTES = 65536, KINDS_MAX = 16 };

static const char help[] =
    "usage: huyang registry check [--time-zone NAME] DIR\n"
    "       huyang registry import [--url URL] [--state-dir DIR | --token-file FILE] DIR\n"
    "       huyang registry import --offline --config FILE DIR\n"
    "       huyang registry generate --homes N [--seed S] [--county CODE] DIR\n"
    "\n"
    "check     reads a registry folder as the gateway would, and lists either every error with its\n"
    "          file, line and column (at most 50), or what the folder holds. Nothing is imported.\n"
    "import    the running gateway reads the folder, checks it whole and puts it into force between two\n"
    "          events, or refuses it and keeps the one it has. URL is its API's (default\n"
    "          http://127.0.0.1:8460), the state folder (default ./state) holds its token.\n"
    "          With --offline the gateway must be stopped: the folder is checked the same way and put into\n"
    "          the state folder of its configuration; it is in force from the next start on.\n"
    "generate  writes the folder of a made-up county of N homes (1 to 1000000). The same homes, seed\n"
    "          (default 1) and county (default 654321) give the same files.\n"
    "\n"
    "examples:\n"
    "  huyang registry check /srv/county\n"
    "  huyang registry import --state-dir /var/lib/huyang /srv/county\n"
    "  huyang registry import --offline --config /etc/huyang/gateway.yaml /srv/county\n"
    "  huyang registry generate --homes 1000 --seed 7 /tmp/county\n"
    "\n"
    "exit status: 0 well, 1 failed or no answer, 2 wrong usage or a folder with errors\n";

static int usage(const char *complaint)
{
    fprintf(stderr, "huyang registry: %s\n\n%s", complaint, help);
    return EXIT_USAGE;
}

/* ---- check ---- */

struct tally {
    const char *names[KINDS_MAX];
    uint32_t counts[KINDS_MAX];
};

static void print_tally(const char *title, const struct tally *tally)
{
    const char *separator = "";
    printf("%-12s ", title);
    for (int i = 0; i < KINDS_MAX; i++)
        if (tally->names[i] && tally->counts[i]) {
            printf("%s%s %u", separator, tally->names[i], tally->counts[i]);
            separator = ", ";
        }
    puts(*separator ? "" : "-");
}

static void print_tables(const struct registry *registry)
{
    printf("%-12s %9s\n", "table", "rows");
    for (int table = 0; table < REGISTRY_TABLES; table++)
        printf("%-12s %9u\n", registry_table_name((enum registry_table)table),
               registry_count(registry, (enum registry_table)table));
    putchar('\n');
}

static void print_people(const struct registry *registry)
{
    struct tally status = {.names = {
#define X(name, text) #text,
                               RESIDENT_STATUS_MAP(X)
#undef X
                           }};
    struct tally consent = {.names = {
#define X(name, text) #text,
                                CONSENT_MAP(X)
#undef X
                            }};
    uint32_t none = 0;
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_RESIDENT); i++) {
        const struct resident *resident = registry_resident(registry, i);
        status.counts[resident->status]++;
        none += resident->consent == 0;
        for (unsigned class = 0; class < CONSENT_COUNT; class ++)
            consent.counts[class] += (resident->consent & CONSENT_BIT(class)) != 0;
    }
    consent.names[CONSENT_COUNT] = "none at all";
    consent.counts[CONSENT_COUNT] = none;
    print_tally("status", &status);
    print_tally("consent", &consent);
}

static void print_kinds(const struct registry *registry)
{
    struct tally territories = {.names = {NULL, "county", "town", "village", "grid"}};
    struct tally devices = {.names = {"spare wristband", "wristband", "camera", "spare camera"}};
    struct tally homes = {.names = {"placed", "without coordinates"}};
    struct tally roles = {{0}, {0}}, zones = {{0}, {0}};
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_TERRITORY); i++)
        territories.counts[registry_territory(registry, i)->kind]++;
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_HOUSEHOLD); i++)
        homes.counts[!registry_household(registry, i)->has_home]++;
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_DEVICE); i++) {
        const struct device *device = registry_device(registry, i);
        if (device->kind == DEVICE_WRISTBAND)
            devices.counts[device->resident == REGISTRY_NONE ? 0 : 1]++;
        else
            devices.counts[device->household == REGISTRY_NONE ? 3 : 2]++;
    }
    for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        roles.names[role] = role_name((enum role)role);
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_RESPONDER); i++)
        roles.counts[registry_responder(registry, i)->role]++;
    for (int kind = ZONE_KIND_NONE + 1; kind < ZONE_KIND_COUNT; kind++)
        zones.names[kind] = zone_kind_name((enum zone_kind)kind);
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_ZONE); i++)
        zones.counts[registry_zone(registry, i)->kind]++;
    print_tally("territories", &territories);
    print_tally("households", &homes);
    print_tally("devices", &devices);
    print_tally("responders", &roles);
    print_tally("zones", &zones);
}

/* A file whose name is nearly right would silently count as absent: say so. */
static void note_strangers(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || (strcmp(dot, ".csv") != 0 && strcmp(dot, ".geojson") != 0 && strcmp(dot, ".json") != 0))
            continue;
        bool known = false;
        for (int table = 0; table < REGISTRY_TABLES; table++) {
            const char *name = registry_table_name((enum registry_table)table);
            size_t len = strlen(name);
            known |= strncmp(entry->d_name, name, len) == 0 &&
                     strcmp(entry->d_name + len, table == REGISTRY_ZONE ? ".geojson" : ".csv") == 0;
        }
        if (!known)
            fprintf(stderr, "note: %s is no file of a registry and is not read\n", entry->d_name);
    }
    closedir(dir);
}

static int run_check(int argc, char **argv)
{
    const char *folder = NULL, *zone = "Asia/Shanghai";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--time-zone") == 0 && i + 1 < argc)
            zone = argv[++i];
        else if (argv[i][0] == '-' || folder)
            return usage("check takes one folder");
        else
            folder = argv[i];
    }
    if (!folder)
        return usage("which folder?");
    struct tz *tz = NULL;
    if (tz_load(zone, &tz) != ERR_OK) {
        fprintf(stderr, "huyang registry: there is no time zone \"%s\"\n", zone);
        return EXIT_USAGE;
    }
    struct buf errors;
    struct registry *registry = NULL;
    buf_init(&errors, ERRORS_MAX_BYTES);
    const enum err err = registry_load(folder, tz, NULL, &errors, &registry);
    if (err == ERR_OK) {
        print_tables(registry);
        print_kinds(registry);
        print_people(registry);
        printf("%-12s %s\n", "version", registry_version(registry));
    } else {
        fputs(buf_text(&errors), stderr);
        if (err != ERR_INVALID)
            fprintf(stderr, "huyang registry: %s: %s\n", folder, err_text(err));
    }
    note_strangers(folder);
    registry_free(registry);
    buf_release(&errors);
    tz_free(tz);
    return err == ERR_OK ? EXIT_WELL : err == ERR_INVALID ? EXIT_USAGE : EXIT_FAILED;
}

/* ---- generate ---- */

static int run_generate(int argc, char **argv)
{
    const char *folder = NULL, *county = "654321";
    int64_t homes = 0, seed = 1;
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--homes") == 0 && has_value) {
            if (!text_to_int(argv[++i], 1, HOMES_MAX, &homes))
                return usage("--homes takes 1 to 1000000");
        } else if (strcmp(argv[i], "--seed") == 0 && has_value) {
            if (!text_to_int(argv[++i], 0, INT64_MAX, &seed))
                return usage("--seed takes a whole number");
        } else if (strcmp(argv[i], "--county") == 0 && has_value) {
            county = argv[++i];
        } else if (argv[i][0] == '-' || folder) {
            return usage("generate takes one folder");
        } else {
            folder = argv[i];
        }
    }
    if (!folder || homes == 0)
        return usage("generate needs --homes and a folder");
    struct buf errors;
    buf_init(&errors, ERRORS_MAX_BYTES);
    const enum err err = homes_write(folder, (unsigned)homes, (unsigned long)seed, county, &errors);
    fputs(buf_text(&errors), stderr);
    buf_release(&errors);
    if (err == ERR_OK)
        printf("%s: %lld homes\n", folder, (long long)homes);
    return err == ERR_OK ? EXIT_WELL : err == ERR_INVALID ? EXIT_USAGE : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "check") == 0)
        return run_check(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "generate") == 0)
        return run_generate(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "import") == 0)
        return registry_import(argc - 1, argv + 1);
    return usage("check, import or generate?");
}

extern const struct command cmd_registry;
const struct command cmd_registry = {
    .name = "registry", .summary = "check, import or make up a registry folder", .help = help, .run = run};
