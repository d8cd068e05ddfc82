/* huyang device: the fleet from a terminal. Each command is an input of the fold like any other action. */
#include "command.h"
#include "verbs.h"

static const char help[] =
    "usage: huyang device list [--q TEXT] [--kind K] [--trouble T] [--firmware V] [--territory CODE]\n"
    "                          [--limit N]\n"
    "       huyang device firmware\n"
    "       huyang device commands DEVICE\n"
    "       huyang device locate DEVICE --by WHO --note WHY\n"
    "       huyang device interval DEVICE --by WHO --note WHY --interval-s N [--duration-s N]\n"
    "       huyang device restart DEVICE --by WHO --note WHY\n"
    "       huyang device test-window DEVICE --by WHO --note WHY\n"
    "\n"
    "list shows what was last heard of each device: battery, days until it is empty if it is worn on "
    "(nothing\n"
    "where too little was seen to tell), firmware. With --trouble charge: the bands to charge today, low "
    "ones "
    "and\n"
    "those that will be empty before tomorrow's round (detect.round_hour). firmware counts the versions in "
    "use.\n"
    " commands shows what was asked of one, by whom, why and "
    "on\n"
    "what basis, and how it stands: queued, sent, received, played (done), failed, expired, cancelled.\n"
    "locate asks a wristband for its position now: with the resident's consent for location, or while an SOS "
    "is\n"
    "open (written down as life_safety); it expires after 10 minutes. interval sets how often a wristband\n"
    "reports, 10 to 86400 s: for duration-s, after which it goes back by itself, or (0, the default) for "
    "good,\n"
    "also over a restart. A command waits for a device that is not connected until it expires.\n"
    "test-window: for 10 minutes the next press of its SOS or silent button is a drill, marked as one\n"
    "wherever it is told; the one after it is real.\n"
    "K: wristband, camera. T: none, any, charge, never, silent, low, due, unworn.\n"
    "\n" VERBS_COMMON_HELP "\n"
    "examples:\n"
    "  huyang device list --trouble any\n"
    "  huyang device list --trouble charge --territory 110101001\n"
    "  huyang device locate wb-0001 --by d-0001 --note '家属请求协助寻找'\n"
    "  huyang device interval wb-0001 --by d-0001 --note '外出观察' --interval-s 60 --duration-s 1800\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

static const struct verb_column devices[] = {
    {"id", 20},      {"kind", 9},    {"resident", 12},         {"trouble", 7},
    {"heard", 25},   {"battery", 7}, {"battery_days_left", 6}, {"connected", 3},
    {"firmware", 0}, {NULL, 0}};
static const struct verb_column versions[] = {{"devices", 7}, {"kind", 9}, {"firmware", 0}, {NULL, 0}};
static const struct verb_column commands[] = {{"t", 25},  {"command", 8}, {"state", 9}, {"basis", 11},
                                              {"by", 12}, {"reason", 12}, {"note", 0},  {NULL, 0}};
static const struct verb list[] = {
    {.name = "list", .path = "/api/v1/devices", .list = "devices", .columns = devices},
    {.name = "firmware", .path = "/api/v1/firmware", .list = "versions", .columns = versions},
    {.name = "commands",
     .path = "/api/v1/devices/%s/commands",
     .takes_id = true,
     .list = "commands",
     .columns = commands},
    {.name = "locate", .path = "/api/v1/devices/%s/locate", .takes_id = true, .posts = true},
    {.name = "interval", .path = "/api/v1/devices/%s/interval", .takes_id = true, .posts = true},
    {.name = "restart", .path = "/api/v1/devices/%s/restart", .takes_id = true, .posts = true},
    {.name = "test-window", .path = "/api/v1/devices/%s/test-window", .takes_id = true, .posts = true},
};

static int run(int argc, char **argv)
{
    static const char *const options[] = {"q",  "kind", "trouble",    "territory",  "limit", "firmware",
                                          "by", "note", "interval-s", "duration-s", NULL};
    static const struct verbs verbs = {.command = "huyang device",
                                       .verbs = list,
                                       .count = sizeof(list) / sizeof(list[0]),
                                       .options = options};
    return verbs_run(&verbs, argc, argv);
}

const struct command cmd_device = {
    .name = "device",
    .summary = "the fleet: what was heard, locate, report interval, restart, test window",
    .help = help,
    .run = run};
