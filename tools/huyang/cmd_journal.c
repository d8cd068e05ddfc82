/* huyang journal: what was taken in and what came of it, from the database of a running or stopped gateway.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "core/text.h"
#include "store/reader.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, LINE_MAX_BYTES = 1 << 20 };

static const char help[] =
    "usage: huyang journal export [--state-dir DIR] [--from N] [--to N] [-o FILE] [--time-zone NAME]\n"
    "       huyang journal transitions [--state-dir DIR] [-o FILE]\n"
    "       huyang journal verify [--state-dir DIR]\n"
    "\n"
    "export       writes the input log as a timeline for `huyang replay`, one line for each input. Its first "
    "line\n"
    "             says that relay results are in it. It holds positions: a FILE is made for its owner only.\n"
    "transitions  writes every transition of every alert, in order, as replay prints it: replay of the "
    "export\n"
    "             gives the same lines.\n"
    "verify       recomputes the chain of hashes over the transitions and over what was done about people's "
    "data;\n"
    "             an entry that was changed, put in or taken out\n"
    "             is told.\n"
    "\n"
    "  --state-dir DIR    the gateway's state folder (default ./state)\n"
    "  --from N, --to N   numbers of the first and last input\n"
    "  --time-zone NAME   of the times that are written (default Asia/Shanghai)\n"
    "\n"
    "examples:\n"
    "  huyang journal export --state-dir /var/lib/huyang -o day.jsonl\n"
    "  huyang replay --registry /srv/county day.jsonl\n"
    "\n"
    "exit status: 0 well, 1 failed or the chain is broken, 2 wrong usage\n";

struct journal {
    struct reader *reader;
    struct registry *registry;
    struct tz *tz;
    FILE *to;
    struct buf line;
    struct event *events; /* EVENT_BATCH_MAX */
    const char *folder, *file, *zone;
    int64_t from_n, to_n;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang journal: %s%s\n`huyang journal --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

static int failed(const char *what, enum err err)
{
    fprintf(stderr, "huyang journal: %s: %s\n", what, err_text(err));
    return EXIT_FAILED;
}

static enum err write_line(struct journal *journal)
{
    buf_putc(&journal->line, '\n');
    if (journal->line.failed)
        return ERR_FULL;
    return fwrite(journal->line.data, 1, journal->line.len, journal->to) == journal->line.len ? ERR_OK
                                                                                              : ERR_IO;
}

static enum err export_input(void *self, const struct batch_input *stored)
{
    struct journal *journal = self;
    struct input input;

    enum err err = input_decode(stored->n, stored->t_ms, (enum input_kind)stored->kind, stored->blob,
                                stored->len, journal->events, &input);
    if (err != ERR_OK)
        return err;
    if (journal->line.data == NULL) { /* before the first */
        char text[CLOCK_TEXT_SIZE];
        clock_format(journal->tz, stored->t_ms, text);
        buf_printf(&journal->line, "{\"t\":\"%s\",\"relays\":\"recorded\"}", text);
        err = write_line(journal);
    }
    buf_clear(&journal->line);
    input_to_json(&input, journal->registry, journal->tz, &journal->line);
    return err == ERR_OK ? write_line(journal) : err;
}

/* Timers fired after the last input too: the line says how far time had run. */
static enum err export_tick(struct journal *journal, int64_t t_ms)
{
    char text[CLOCK_TEXT_SIZE];

    if (journal->line.data == NULL)
        return ERR_OK; /* nothing ever came in */
    clock_format(journal->tz, t_ms, text);
    buf_clear(&journal->line);
    buf_printf(&journal->line, "{\"t\":\"%s\",\"tick\":{}}", text);
    return write_line(journal);
}

static enum err export_line(void *self, const char *line, size_t len)
{
    struct journal *journal = self;

    buf_clear(&journal->line);
    buf_append(&journal->line, line, len);
    return write_line(journal);
}

static int run_export(struct journal *journal)
{
    struct buf errors;

    buf_init(&errors, 65536);
    enum err err = reader_registry(journal->reader, journal->tz, &errors, &journal->registry);
    if (err != ERR_OK)
        fputs(buf_text(&errors), stderr);
    buf_release(&errors);
    if (err != ERR_OK)
        return failed("the registry cannot be read", err);
    int64_t ran_to_ms =
        0; /* read before the inputs: a commit in between must not claim time for inputs not seen */
    err = reader_time(journal->reader, &ran_to_ms);
    if (err == ERR_OK)
        err = reader_inputs(journal->reader, (uint64_t)journal->from_n, (uint64_t)journal->to_n, export_input,
                            journal);
    if (err == ERR_OK && journal->to_n == INT64_MAX)
        err = export_tick(journal, ran_to_ms);
    return err == ERR_OK ? EXIT_WELL : failed("export", err);
}

static int run_verify(struct journal *journal)
{
    uint64_t rows = 0;
    enum err err = reader_audit(journal->reader, &rows);

    if (err == ERR_CORRUPT)
        fprintf(stderr, "huyang journal: the chain is broken at entry %llu\n", (unsigned long long)rows);
    else if (err != ERR_OK)
        return failed("verify", err);
    else
        fprintf(journal->to, "%llu entries, the chain is whole\n", (unsigned long long)rows);
    return err == ERR_OK ? EXIT_WELL : EXIT_FAILED;
}

static int read_words(struct journal *journal, int argc, char **argv)
{
    for (int i = 2; i < argc; i += 2) { /* each option has a value */
        const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool ok = value != NULL;
        if (strcmp(word, "--state-dir") == 0)
            journal->folder = value;
        else if (strcmp(word, "-o") == 0)
            journal->file = value;
        else if (strcmp(word, "--time-zone") == 0)
            journal->zone = value;
        else if (strcmp(word, "--from") == 0)
            ok = ok && text_to_int(value, 1, INT64_MAX, &journal->from_n);
        else if (strcmp(word, "--to") == 0)
            ok = ok && text_to_int(value, 1, INT64_MAX, &journal->to_n);
        else
            return usage("unknown option ", word);
        if (!ok)
            return usage("a value is missing or wrong after ", word);
    }
    return EXIT_WELL;
}

/* The registry's folder holds people's ways: what is written of it is for its owner only. */
static FILE *open_output(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (file == NULL) {
        fprintf(stderr, "huyang journal: %s: %s\n", path, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return file;
}

static int run_verb(struct journal *journal, const char *verb)
{
    if (strcmp(verb, "export") == 0)
        return run_export(journal);
    if (strcmp(verb, "verify") == 0)
        return run_verify(journal);
    enum err err = reader_transition_lines(journal->reader, export_line, journal);
    return err == ERR_OK ? EXIT_WELL : failed("transitions", err);
}

static int run(int argc, char **argv)
{
    struct journal journal = {.folder = "./state", .zone = "Asia/Shanghai", .from_n = 1, .to_n = INT64_MAX};
    int status;

    if (argc < 2 || (strcmp(argv[1], "export") != 0 && strcmp(argv[1], "transitions") != 0 &&
                     strcmp(argv[1], "verify") != 0))
        return usage("export, transitions or verify is expected", "");
    if ((status = read_words(&journal, argc, argv)) != EXIT_WELL)
        return status;
    if (tz_load(journal.zone, &journal.tz) != ERR_OK)
        return usage("there is no time zone ", journal.zone);
    buf_init(&journal.line, LINE_MAX_BYTES);
    journal.events = calloc(EVENT_BATCH_MAX, sizeof(*journal.events));
    journal.to = journal.file != NULL ? open_output(journal.file) : stdout;
    enum err err = journal.events != NULL ? reader_open(journal.folder, &journal.reader) : ERR_NOMEM;
    if (err != ERR_OK)
        status = failed(journal.folder, err);
    else
        status = journal.to != NULL ? run_verb(&journal, argv[1]) : EXIT_FAILED;
    if (journal.to != NULL && (journal.to == stdout ? fflush(stdout) : fclose(journal.to)) != 0 &&
        status == EXIT_WELL)
        status = failed("writing", ERR_IO);
    reader_close(journal.reader);
    registry_free(journal.registry);
    free(journal.events);
    buf_release(&journal.line);
    tz_free(journal.tz);
    return status;
}

extern const struct command cmd_journal;
const struct command cmd_journal = {.name = "journal",
                                    .summary = "export what was taken in; verify the audit trail",
                                    .help = help,
                                    .run = run};
