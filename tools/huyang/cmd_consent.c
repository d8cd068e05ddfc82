/* `huyang consent`: the ledger of consents, through the gateway's API. */
#include <stdio.h>
#include <string.h>

#include "api_client.h"
#include "columns.h"
#include "command.h"

static const char help[] =
    "usage: huyang consent show [--person PERSON]\n"
    "       huyang consent give --person PERSON --class CLASS --signer self|guardian --version V --evidence "
    "REF "
    "--by WHO\n"
    "       huyang consent withdraw --person PERSON --class CLASS --by WHO\n"
    "\n"
    "A word of one person on one class of data: location, health, camera, visitor, voice, family or police. "
    "PERSON is\n"
    "resident:ID, coresident:HOUSEHOLD/ID (who lives there and is not enrolled) or visitor:HOUSEHOLD/ID (of "
    "visitors.csv).\n"
    "It holds from the next input on, is kept with who wrote it down, and stands in the chained audit trail. "
    "A "
    "withdrawal\n"
    "ends what was under way on that basis; it never costs an SOS.\n"
    "\n"
    "  --version V        which version of the document was signed\n"
    "  --evidence REF     where the signed document is kept\n"
    "  --by WHO           who writes it down\n"
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE  a file that holds the token instead\n"
    "  --json             the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang consent give --person resident:r-001 --class family --signer guardian --version 2026-1 "
    "--evidence "
    "B12/77 --by wang\n"
    "  huyang consent withdraw --person resident:r-001 --class location --by wang\n"
    "  huyang consent show --person resident:r-001\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

/* What goes into the body of a change comes first. */
enum { PERSON, CLASS, BY, WITHDRAW_MEMBERS, SIGNER = WITHDRAW_MEMBERS, VERSION, EVIDENCE, MEMBERS };
enum { URL = MEMBERS, STATE_DIR, TOKEN_FILE, OPTIONS };
static const char *const options[OPTIONS] = {"person",   "class", "by",        "signer",    "version",
                                             "evidence", "url",   "state-dir", "token-file"};
enum { BODY_MAX_BYTES = 4096, EXIT_WELL = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
struct call {
    struct api_client client;
    const char *values[OPTIONS];
    bool json;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang consent: %s%s\n`huyang consent --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

static int read_words(struct call *call, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        size_t k = 0;
        if (strcmp(argv[i], "--json") == 0) {
            call->json = true;
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
    } cells[] = {{"person", 24}, {"class", 8}, {"given", 25}, {"by", 8}, {"version", 10}, {"evidence", 12}};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        columns_print(stdout, api_member(row, cells[i].name), cells[i].width);
        fputs("  ", stdout);
    }
    printf("%s%s\n", *api_member(row, "withdrawn") ? "withdrawn " : "in force", api_member(row, "withdrawn"));
}

/* A person's name in a query: what an address does not allow as it stands is written as %XX. */
static void put_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:/", *text))
            buf_putc(out, *text);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static int show(const struct call *call)
{
    struct buf path;
    buf_init(&path, BODY_MAX_BYTES);
    buf_puts(&path, "/api/v1/consents");
    if (call->values[PERSON]) {
        buf_puts(&path, "?person=");
        put_escaped(&path, call->values[PERSON]);
    }
    struct json *root = api_client_fetch(&call->client, buf_text(&path), NULL, call->json);
    buf_release(&path);
    if (root == NULL)
        return EXIT_FAILED;
    const struct json *rows = json_get(root, "consents");
    for (size_t i = 0; !call->json && i < json_count(rows); i++)
        print_line(json_at(rows, i));
    if (!call->json && json_get(root, "in_force"))
        printf("in force: %s\n", *api_member(root, "in_force") ? api_member(root, "in_force") : "none");
    json_free(root);
    return EXIT_WELL;
}

static int change(const struct call *call, const char *path, size_t members)
{
    struct buf body;
    buf_init(&body, BODY_MAX_BYTES);
    for (size_t i = 0; i < members; i++) {
        if (call->values[i] == NULL)
            continue;
        buf_printf(&body, "%s\"%s\":", body.len == 0 ? "{" : ",", options[i]);
        buf_json_string(&body, call->values[i]);
    }
    buf_puts(&body, body.len == 0 ? "{}" : "}");
    struct json *root = api_client_fetch(&call->client, path, buf_text(&body), call->json);
    buf_release(&body);
    json_free(root);
    return root == NULL ? EXIT_FAILED : EXIT_WELL;
}

static int run(int argc, char **argv)
{
    struct call call = {.json = false};
    const char *verb = argc >= 2 ? argv[1] : "";
    bool shows = strcmp(verb, "show") == 0, gives = strcmp(verb, "give") == 0;
    if (!shows && !gives && strcmp(verb, "withdraw") != 0)
        return usage("show, give or withdraw is expected", "");
    int status = read_words(&call, argc, argv);
    if (status != EXIT_WELL)
        return status;
    for (size_t i = gives ? MEMBERS : WITHDRAW_MEMBERS; i < MEMBERS; i++)
        if (call.values[i])
            return usage("only giving takes --", options[i]);
    if (!api_client_open(&call.client, "huyang consent", call.values[URL], call.values[STATE_DIR],
                         call.values[TOKEN_FILE]))
        return EXIT_FAILED;
    if (shows)
        status = show(&call);
    else if (gives)
        status = change(&call, "/api/v1/consents/give", MEMBERS);
    else
        status = change(&call, "/api/v1/consents/withdraw", WITHDRAW_MEMBERS);
    api_client_close(&call.client);
    return status;
}

const struct command cmd_consent = {
    .name = "consent", .summary = "who consents to what; give and withdraw", .help = help, .run = run};
