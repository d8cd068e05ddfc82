/* One row of the registry as people edit it at the desk: read with its ETag, previewed, set or taken out,
 * with who did it and when. Everything an import would refuse is refused here, by the name of the field. A
 * person edits what lies in their territory, before and after the change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"
#include "api/said.h"
#include "core/json.h"

enum { ERRORS_MAX = 1 << 16, HISTORY_MAX = 200 };

void edit_free(struct edit *edit)
{
    if (edit == NULL)
        return;
    free(edit->texts);
    free(edit);
}

/* ---- whose ---- */

static struct subject county_of(const struct registry *registry)
{
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_TERRITORY); no++)
        if (registry_territory(registry, no)->parent == REGISTRY_NONE &&
            !registry_territory(registry, no)->removed)
            return (struct subject){.kind = SUBJECT_TERRITORY, .no = no};
    return (struct subject){.kind = SUBJECT_NONE};
}

/* Where a row lies. What concerns a county is the county's: territories and calendars, spare devices. */
static struct subject subject_of(const struct registry *registry, enum registry_table table, uint32_t no)
{
    switch (table) {
    case REGISTRY_HOUSEHOLD: return (struct subject){.kind = SUBJECT_HOUSEHOLD, .no = no};
    case REGISTRY_RESIDENT: return (struct subject){.kind = SUBJECT_RESIDENT, .no = no};
    case REGISTRY_DEVICE:
        return registry_device(registry, no)->household != REGISTRY_NONE
                   ? (struct subject){.kind = SUBJECT_DEVICE, .no = no}
                   : county_of(registry);
    case REGISTRY_CONTACT:
        return (struct subject){.kind = SUBJECT_RESIDENT, .no = registry_contact(registry, no)->resident};
    case REGISTRY_RESPONDER:
        return (struct subject){.kind = SUBJECT_TERRITORY, .no = registry_responder(registry, no)->territory};
    case REGISTRY_VISITOR:
        return (struct subject){.kind = SUBJECT_HOUSEHOLD, .no = registry_visitor(registry, no)->household};
    case REGISTRY_ZONE: return registry_zone(registry, no)->owner;
    case REGISTRY_TERRITORY:
    case REGISTRY_CALENDAR:
    case REGISTRY_ROSTER:
    case REGISTRY_ANNOUNCEMENT:
    case REGISTRY_CONSENT:
    case REGISTRY_TABLES: break;
    }
    return county_of(registry);
}

static bool is_theirs(const struct registry *registry, const struct request *request, uint32_t no)
{
    return place_is_seen(registry, &request->person, subject_of(registry, request->table, no));
}

/* False: the reply is made. *ret_no REGISTRY_NONE: there is no such row yet. */
static bool begin(const struct view *view, struct request *request, uint32_t *ret_no)
{
    if (!page_begin(view, request, PART_ROWS))
        return false;
    if (!registry_is_editable(request->table)) {
        reply_said(request, 404, "rows of this table are not edited one by one", "此表不支持逐行编辑");
        return false;
    }
    *ret_no = registry_row_find(view->registry, request->table, request->key);
    if (*ret_no == REGISTRY_NONE || is_theirs(view->registry, request, *ret_no))
        return true;
    reply_said(request, 404, "there is no such row", "没有这一行");
    return false;
}

/* "residents r-0001" */
static void note(const struct view *view, const struct request *request, const char *what)
{
    char text[32];
    snprintf(text, sizeof(text), "%s-%s", what, registry_table_name(request->table));
    gate_viewed(view->gate, request, text, request->key);
}

/* ---- reading ---- */

static void put_row(const struct registry *registry, struct request *request, uint32_t no)
{
    struct buf *out = &request->reply.body;
    struct registry_field fields[REGISTRY_FIELDS_MAX];
    const size_t count = registry_row_fields(registry, request->table, no, fields);

    put_text(out, "table", registry_table_name(request->table));
    put_text(out, "key", request->key);
    put_open(out, "fields", '{');
    for (size_t i = 0; i < count; i++)
        put_text(out, fields[i].column, fields[i].value);
    buf_putc(out, '}');
}

enum verdict edits_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    uint32_t no;

    (void)ret_pending;
    if (!begin(view, request, &no) || !view_no_query(request))
        return VERDICT_REPLY;
    if (no == REGISTRY_NONE) {
        reply_said(request, 404, "there is no such row", "没有这一行");
        return VERDICT_REPLY;
    }
    note(view, request, "row");
    put_open(&request->reply.body, NULL, '{');
    put_row(view->registry, request, no);
    registry_row_tag(view->registry, request->table, no, request->reply.tag);
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

static enum err put_edit(void *self, const struct reader_edit *edit)
{
    const struct view *view = ((void **)self)[0];
    struct request *request = ((void **)self)[1];
    struct buf *out = &request->reply.body;

    put_open(out, NULL, '{');
    put_time(out, view->config->tz, "t", edit->t_ms);
    put_text(out, "by", edit->by);
    put_text(out, "what", edit->what);
    put_list(out, "columns", edit->columns);
    buf_putc(out, '}');
    return ERR_OK;
}

enum verdict edits_history(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf *out = &request->reply.body;
    const void *self[] = {view, request};
    uint32_t no;

    (void)ret_pending;
    if (!begin(view, request, &no) || !view_no_query(request))
        return VERDICT_REPLY;
    if (no == REGISTRY_NONE && access_scope_table(request->person.account.role) != REGISTRY_TABLES) {
        reply_said(request, 404, "there is no such row", "没有这一行"); /* nobody knows whose it was */
        return VERDICT_REPLY;
    }
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    put_open(out, NULL, '{');
    put_open(out, "history", '[');
    const enum err err = reader_edits(view->reader, registry_table_name(request->table), request->key,
                                      HISTORY_MAX, put_edit, (void *)self);
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    buf_putc(out, ']');
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

/* ---- editing ---- */

/* The fields of {"fields":{column: text}}, copied; false: the reply is made. */
static bool read_fields(struct request *request, const struct json *root, struct edit *edit)
{
    const struct json *fields = json_get(root, "fields"), *value;
    const char *column, *text;
    size_t at = 0, used = 0, room = 2 * request->body.len + 1; /* no text is longer than its JSON */

    if (json_type_of(root) != JSON_OBJECT_T || json_count(root) != 1 ||
        json_type_of(fields) != JSON_OBJECT_T || json_count(fields) > REGISTRY_FIELDS_MAX) {
        reply_problem(request, 400, "fields", "must be %s",
                      said(request->asked.zh, "an object of columns and their texts, and nothing else"));
        return false;
    }
    if ((edit->texts = malloc(room)) == NULL) {
        reply_problem(request, 503, NULL, "out of memory");
        return false;
    }
    while (json_next(fields, &at, &column, &value)) {
        if ((text = json_string(value)) == NULL) {
            reply_problem(request, 400, column, "must be %s", said(request->asked.zh, "a text"));
            return false;
        }
        const size_t column_size = strlen(column) + 1, text_size = strlen(text) + 1;
        if (column_size + text_size > room - used) {
            reply_problem(request, 400, column, "must be %s", said(request->asked.zh, "a text"));
            return false;
        }
        struct registry_field *field = &edit->fields[edit->edit.count++];
        field->column = memcpy(edit->texts + used, column, column_size);
        field->value = memcpy(edit->texts + used + column_size, text, text_size);
        used += column_size + text_size;
    }
    return true;
}

static bool read_body(struct request *request, struct edit *edit)
{
    struct json_error error;
    struct json *root;

    if (json_parse(buf_text(&request->body), request->body.len, &root, &error) != ERR_OK) {
        reply_problem(request, 400, NULL, "line %d, column %d: %s", error.line, error.column, error.text);
        return false;
    }
    const bool well = read_fields(request, root, edit);
    json_free(root);
    return well;
}

static bool read_preview(struct request *request, bool *preview)
{
    *preview = false;
    for (unsigned i = 0; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, "preview") != 0) {
            reply_problem(request, 400, request->query[i].name, "unknown parameter");
            return false;
        }
        *preview = strcmp(request->query[i].value, "true") == 0;
        if (!*preview && strcmp(request->query[i].value, "false") != 0) {
            reply_problem(request, 400, "preview", "must be %s", said(request->asked.zh, "true or false"));
            return false;
        }
    }
    return true;
}

/* "residents:row 3: birth_year: …": the column is the place, the rest is for people. */
static void refuse(struct request *request, enum err err, const char *errors)
{
    char place[40] = "";
    const char *at = errors;

    if (err == ERR_REFUSED) {
        reply_problem(request, 412, "If-Match", "%s", said(request->asked.zh, errors));
        return;
    }
    if (err == ERR_NOT_FOUND) {
        reply_said(request, 404, "there is no such row", "没有这一行");
        return;
    }
    if (err != ERR_INVALID) {
        reply_problem(request, 503, NULL, "%s", err_text(err));
        return;
    }
    for (int colons = 0; *at != '\0' && *at != '\n'; at++) { /* the first "name:" after a space */
        const size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        if (at[0] == ':')
            colons++;
        if (colons != 0 && len != 0 && len < sizeof(place) && at[len] == ':' && at[-1] == ' ') {
            memcpy(place, at, len);
            break;
        }
        at += len != 0 ? len - 1 : 0;
    }
    const size_t line = strcspn(errors, "\n");
    reply_problem(request, 422, place[0] != '\0' ? place : NULL, "%.*s", (int)(line < 900 ? line : 900),
                  errors);
}

/* Builds what would be, and looks whether it is still theirs. */
static bool try_it(const struct view *view, struct request *request, struct edit *edit, bool preview)
{
    struct buf errors, *out = &request->reply.body;
    struct registry *after = NULL;

    buf_init(&errors, ERRORS_MAX);
    const enum err err = registry_edit(view->registry, view->config->tz, &edit->edit, &errors, &after);
    const uint32_t no =
        err == ERR_OK ? registry_row_find(after, request->table, request->key) : REGISTRY_NONE;
    bool well = err == ERR_OK;
    if (!well) {
        refuse(request, err, buf_text(&errors));
    } else if (no != REGISTRY_NONE && !is_theirs(after, request, no)) {
        reply_said(request, 403, "that would lie outside your territory", "修改后将不在您的辖区内");
        well = false;
    } else if (preview) {
        put_open(out, NULL, '{');
        put_text(out, "what",
                 edit->edit.remove           ? "removed"
                 : edit->edit.tag[0] != '\0' ? "changed"
                                             : "added");
        put_open(out, "columns", '[');
        for (size_t i = 0; i < edit->edit.changed_count; i++)
            put_text(out, NULL, edit->edit.changed[i]);
        buf_putc(out, ']');
        page_end(request, REGISTRY_NONE);
    }
    registry_free(after);
    buf_release(&errors);
    return well;
}

static enum verdict edit_row(const struct view *view, struct request *request, struct pending *ret_pending,
                             bool remove)
{
    bool preview;
    uint32_t no;

    if (!begin(view, request, &no) || !read_preview(request, &preview))
        return VERDICT_REPLY;
    if (no != REGISTRY_NONE && request->asked.if_match[0] == '\0') {
        reply_problem(request, 428, "If-Match", "must be the ETag of the row as it was read");
        return VERDICT_REPLY;
    }
    struct edit *edit = calloc(1, sizeof(*edit));
    if (edit == NULL) {
        reply_problem(request, 503, NULL, "out of memory");
        return VERDICT_REPLY;
    }
    edit->edit = (struct registry_edit){.table = request->table, .remove = remove, .fields = edit->fields};
    (void)text_copy(edit->edit.key, sizeof(edit->edit.key), request->key);
    (void)text_copy(edit->edit.by, sizeof(edit->edit.by),
                    request->is_operator ? "operator" : request->person.account.id);
    if (!text_copy(edit->edit.tag, sizeof(edit->edit.tag), request->asked.if_match))
        (void)text_copy(edit->edit.tag, sizeof(edit->edit.tag), "?"); /* none of ours */
    if ((!remove && !read_body(request, edit)) || !try_it(view, request, edit, preview) || preview ||
        !gate_once(view->gate, request)) {
        edit_free(edit);
        return VERDICT_REPLY;
    }
    note(view, request, "edit");
    *ret_pending = (struct pending){.edit = edit};
    return VERDICT_EDIT;
}

enum verdict edits_set(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return edit_row(view, request, ret_pending, false);
}

enum verdict edits_remove(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return edit_row(view, request, ret_pending, true);
}

enum verdict edits_done(const struct view *view, struct request *request, struct pending *pending,
                        enum err err, const char *text)
{
    if (err == ERR_INVALID || err == ERR_NOT_FOUND || err == ERR_REFUSED) {
        refuse(request, err, text);
        return VERDICT_REPLY;
    }
    return act_done(view, request, pending, err, text);
}
