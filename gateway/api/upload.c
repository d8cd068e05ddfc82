/* A registry from the page: the files of a folder, checked and compared with what is in force; and then, as
 * previewed and not otherwise, put into force. They wait in STATE/upload, one preview at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/body.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/put.h"
#include "core/json.h"

enum { ROWS_SHOWN = 50, PATH_SIZE = 512, ERRORS_MAX = 64 << 10 };

/* "residents.csv", …: what registry_load reads of a folder. */
static void file_name(enum registry_table table, char name[64])
{
    snprintf(name, 64, "%s.%s", registry_table_name(table), table == REGISTRY_ZONE ? "geojson" : "csv");
}

static bool path_of(const struct view *view, const char *name, char path[PATH_SIZE])
{
    return snprintf(path, PATH_SIZE, "%s/upload%s%s", view->config->folder, name[0] != '\0' ? "/" : "",
                    name) < PATH_SIZE;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t len = strlen(text);
    bool well = fd >= 0;

    while (well && len != 0) {
        ssize_t put = write(fd, text, len);
        if (put < 0 && errno == EINTR)
            continue;
        well = put > 0;
        text += well ? put : 0;
        len -= well ? (size_t)put : 0;
    }
    return fd >= 0 && (close(fd) == 0) && well;
}

/* Each table's file as it was sent; what was not sent is not there. */
static bool keep_files(const struct view *view, const struct json *files)
{
    char name[64], path[PATH_SIZE];

    if (!path_of(view, "", path) || (mkdir(path, 0700) != 0 && errno != EEXIST))
        return false;
    for (unsigned table = 0; table < REGISTRY_TABLES; table++) {
        file_name((enum registry_table)table, name);
        const char *text = json_string(json_get(files, name));
        if (!path_of(view, name, path) || (unlink(path) != 0 && errno != ENOENT) ||
            (text != NULL && !write_file(path, text)))
            return false;
    }
    return true;
}

/* Only texts under names that a registry has. */
static bool check_files(struct request *request, const struct json *root, const struct json **ret_files)
{
    const struct json *files = json_get(root, "files"), *value;
    const char *key;
    char name[64];
    size_t at = 0;

    if (json_type_of(root) != JSON_OBJECT_T || json_count(root) != 1 ||
        json_type_of(files) != JSON_OBJECT_T) {
        reply_problem(request, 400, "files",
                      "must be an object of file names and their texts, and nothing else");
        return false;
    }
    while (json_next(files, &at, &key, &value)) {
        unsigned table = 0;
        for (; table < REGISTRY_TABLES; table++) {
            file_name((enum registry_table)table, name);
            if (strcmp(name, key) == 0)
                break;
        }
        if (table == REGISTRY_TABLES || json_string(value) == NULL) {
            reply_problem(request, 400, key, "no file of a registry, or not a text");
            return false;
        }
    }
    *ret_files = files;
    return true;
}

static void put_errors(const char *errors, struct buf *out)
{
    char line[1024];

    put_open(out, "errors", '[');
    while (*errors != '\0') {
        size_t len = strcspn(errors, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)(len < 1000 ? len : 1000), errors);
        put_text(out, NULL, line);
        errors += len + (errors[len] == '\n');
    }
    buf_putc(out, ']');
}

static void put_changes_of(const struct registry *before, const struct registry *after,
                           enum registry_table table, struct buf *out)
{
    static const char *const names[] = {
        [REGISTRY_ADDED] = "added", [REGISTRY_CHANGED] = "changed", [REGISTRY_REMOVED] = "removed"};
    unsigned counts[REGISTRY_REMOVED + 1] = {0}, shown = 0;

    put_open(out, NULL, '{');
    put_text(out, "table", registry_table_name(table));
    put_open(out, "rows", '[');
    for (uint32_t no = 0; no < registry_count(after, table); no++) {
        enum registry_change change = registry_compare(before, after, table, no);
        counts[change]++;
        if (change == REGISTRY_SAME || shown++ >= ROWS_SHOWN)
            continue;
        put_open(out, NULL, '{');
        put_text(out, "id", registry_row_key(after, table, no));
        put_text(out, "what", names[change]);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    for (unsigned change = REGISTRY_ADDED; change <= REGISTRY_REMOVED; change++)
        put_integer(out, names[change], counts[change]);
    buf_putc(out, '}');
}

/* Compares and answers; the version is what apply must name. */
static void put_preview(const struct view *view, const struct registry *after, struct buf *out)
{
    put_text(out, "version", registry_version(after));
    put_open(out, "changes", '[');
    for (unsigned table = 0; table < REGISTRY_TABLES; table++)
        put_changes_of(view->registry, after, (enum registry_table)table, out);
    buf_putc(out, ']');
    (void)text_copy(view->gate->previewed, sizeof(view->gate->previewed), registry_version(after));
}

enum verdict upload_preview(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf errors, *out = &request->reply.body;
    struct registry *after = NULL;
    struct json_error at;
    const struct json *files;
    struct json *root;
    char folder[PATH_SIZE];

    (void)ret_pending;
    if (!page_begin(view, request, PART_REGISTRY) || !view_no_query(request))
        return VERDICT_REPLY;
    if (json_parse(buf_text(&request->body), request->body.len, &root, &at) != ERR_OK) {
        reply_problem(request, 400, NULL, "line %d, column %d: %s", at.line, at.column, at.text);
        return VERDICT_REPLY;
    }
    bool well = check_files(request, root, &files);
    if (well && !(well = keep_files(view, files)))
        reply_problem(request, 503, NULL, "the files cannot be kept");
    json_free(root);
    if (!well || !path_of(view, "", folder))
        return VERDICT_REPLY;
    view->gate->previewed[0] = '\0';
    buf_init(&errors, ERRORS_MAX);
    enum err err = registry_load(folder, view->config->tz, view->registry, &errors, &after);
    put_open(out, NULL, '{');
    if (err == ERR_OK)
        put_preview(view, after, out);
    put_errors(err == ERR_OK ? "" : errors.len != 0 ? buf_text(&errors) : err_text(err), out);
    page_end(request, REGISTRY_NONE);
    buf_release(&errors);
    registry_free(after);
    return VERDICT_REPLY;
}

static bool take_version(const char *text, struct pending *pending)
{
    return text_copy(pending->subject, sizeof(pending->subject), text);
}

enum verdict upload_apply(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const struct member version = {"version", take_version, "the version of the preview", true, false};

    if (!page_begin(view, request, PART_REGISTRY) ||
        !body_read(request, (const struct member *const[]){&version, NULL}, ret_pending))
        return VERDICT_REPLY;
    if (view->gate->previewed[0] == '\0' || strcmp(view->gate->previewed, ret_pending->subject) != 0) {
        reply_said(request, 409, "this is not what was previewed last; preview it again",
                   "与最近一次预览的内容不同，请重新预览");
        return VERDICT_REPLY;
    }
    if (!path_of(view, "", ret_pending->folder) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    view->gate->previewed[0] = '\0';
    gate_viewed(view->gate, request, "import", ret_pending->subject);
    return VERDICT_IMPORT;
}
