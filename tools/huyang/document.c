#include "document.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"

enum { CELL_SIZE = 512, BAR_WIDTH = 560, BAR_HEIGHT = 14, BAR_LEFT = 90 };

void document_init(struct document *document, bool zh)
{
    memset(document, 0, sizeof *document);
    document->zh = zh;
    buf_init(&document->cells, DOCUMENT_BYTES_MAX);
}

void document_release(struct document *document)
{
    buf_release(&document->cells);
}

void document_table(struct document *document, struct document_name name, const struct document_name *columns,
                    bool plotted)
{
    assert(document->table_count < DOCUMENT_TABLES_MAX);
    struct document_table *table = &document->tables[document->table_count++];
    *table = (struct document_table){.name = name, .plotted = plotted, .first = document->cells.len};
    while (columns[table->column_count].id) {
        assert(table->column_count < DOCUMENT_COLUMNS_MAX);
        table->columns[table->column_count] = columns[table->column_count];
        table->column_count++;
    }
}

void document_cell(struct document *document, const char *format, ...)
{
    char text[CELL_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_append(&document->cells, text, strlen(text) + 1);
    document->tables[document->table_count - 1].cell_count++;
}

const char *document_say(const struct document *document, const char *en, const char *zh)
{
    return document->zh ? zh : en;
}

static const char *name_of(const struct document *document, const struct document_name *name)
{
    return document->zh ? name->zh : name->en;
}

/* A walk over the cells of a table, row by row. */
struct place {
    const struct document_table *table;
    const char *text;
    unsigned cell;
};

static struct place first_cell(const struct document *document, const struct document_table *table)
{
    return (struct place){.table = table, .text = buf_text(&document->cells) + table->first};
}

static bool next_cell(struct place *place)
{
    place->text += strlen(place->text) + 1;
    return ++place->cell < place->table->cell_count;
}

static unsigned column_of(const struct place *place)
{
    assert(place->table->column_count > 0);
    return place->cell % place->table->column_count;
}

/* --- Plain text --- */

static void pad(struct buf *out, const char *text, unsigned width)
{
    buf_puts(out, text);
    for (unsigned at = columns_of(text); at < width; at++)
        buf_putc(out, ' ');
}

static void text_table(const struct document *document, const struct document_table *table, struct buf *out)
{
    unsigned widths[DOCUMENT_COLUMNS_MAX];
    struct place place = first_cell(document, table);
    for (unsigned i = 0; i < table->column_count; i++)
        widths[i] = columns_of(name_of(document, &table->columns[i]));
    for (bool more = table->cell_count > 0; more; more = next_cell(&place)) {
        unsigned width = columns_of(place.text);
        if (width > widths[column_of(&place)])
            widths[column_of(&place)] = width;
    }
    buf_printf(out, "\n%s\n", name_of(document, &table->name));
    for (unsigned i = 0; i < table->column_count; i++) {
        buf_puts(out, "  ");
        pad(out, name_of(document, &table->columns[i]), i + 1 < table->column_count ? widths[i] : 0);
    }
    buf_putc(out, '\n');
    place = first_cell(document, table);
    for (bool more = table->cell_count > 0; more; more = next_cell(&place)) {
        bool last = column_of(&place) + 1 == table->column_count;
        buf_puts(out, "  ");
        pad(out, place.text, last ? 0 : widths[column_of(&place)]);
        if (last)
            buf_putc(out, '\n');
    }
}

/* --- CSV: one table after the other, an empty line between; RFC 4180 quoting. --- */

/* What a spreadsheet would take for a formula is kept from being one. */
static void csv_cell(const char *text, struct buf *out)
{
    bool formula = *text == '=' || *text == '+' || *text == '@' ||
                   (*text == '-' && text[1] && !strchr("0123456789", text[1]));
    if (!formula && !strpbrk(text, ",\"\r\n")) {
        buf_puts(out, text);
        return;
    }
    buf_puts(out, formula ? "\"'" : "\"");
    for (; *text; text++)
        buf_puts(out, *text == '"' ? "\"\"" : (char[2]){*text, 0});
    buf_putc(out, '"');
}

static void csv_table(const struct document *document, const struct document_table *table, struct buf *out)
{
    buf_puts(out, "table");
    for (unsigned i = 0; i < table->column_count; i++)
        buf_printf(out, ",%s", table->columns[i].id);
    buf_puts(out, "\r\n");
    struct place place = first_cell(document, table);
    for (bool more = table->cell_count > 0; more; more = next_cell(&place)) {
        if (column_of(&place) == 0)
            buf_puts(out, table->name.id);
        buf_putc(out, ',');
        csv_cell(place.text, out);
        if (column_of(&place) + 1 == table->column_count)
            buf_puts(out, "\r\n");
    }
}

/* --- JSON: numbers as numbers --- */

static bool is_number(const char *text)
{
    text += *text == '-';
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 15 || (text[0] == '0' && digits > 1))
        return false;
    if (text[digits] == '.') {
        size_t fraction = strspn(text + digits + 1, "0123456789");
        return fraction > 0 && text[digits + 1 + fraction] == 0;
    }
    return text[digits] == 0;
}

static void json_table(const struct document *document, const struct document_table *table, struct buf *out)
{
    buf_printf(out, ",\"%s\":[", table->name.id);
    struct place place = first_cell(document, table);
    for (bool more = table->cell_count > 0; more; more = next_cell(&place)) {
        unsigned column = column_of(&place);
        buf_printf(out, "%s\"%s\":", column ? "," : place.cell ? ",{" : "{", table->columns[column].id);
        if (!*place.text)
            buf_puts(out, "null");
        else if (is_number(place.text))
            buf_puts(out, place.text);
        else
            buf_json_string(out, place.text);
        if (column + 1 == table->column_count)
            buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

/* --- HTML --- */

static const char style[] =
    "body{font:15px/1.5 system-ui,\"Noto Sans CJK SC\",sans-serif;max-width:60em;margin:2em auto;padding:0 "
    "1em;"
    "color:#1d2733}h1{font-size:1.5em;margin:0}h2{font-size:1.1em;margin:1.6em 0 .4em}p{margin:.2em "
    "0;color:#52606d}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25em .6em;border-bottom:1px "
    "solid "
    "#d8dee6;vertical-align:top}th{font-weight:600}svg{max-width:100%;height:auto;margin:.5em 0}"
    "section{break-inside:avoid}@media "
    "print{body{print-color-adjust:exact;margin:0;max-width:none;font-size:11px}}";
/* In the order of levels: green, yellow, orange, red. */
static const char *const colours[] = {"#4c9a6a", "#e3b341", "#e07b39", "#c0392b"};

static unsigned long long largest_row(const struct document *document, const struct document_table *table)
{
    struct place place = first_cell(document, table);
    unsigned long long most = 1, sum = 0;
    for (bool more = table->cell_count > 0; more; more = next_cell(&place)) {
        sum = column_of(&place) == 0 ? 0 : sum + strtoull(place.text, NULL, 10);
        most = sum > most ? sum : most;
    }
    return most;
}

static void html_plot(const struct document *document, const struct document_table *table, struct buf *out)
{
    unsigned rows = table->cell_count / table->column_count, y = 0;
    unsigned long long most = largest_row(document, table), sum = 0;
    struct place place = first_cell(document, table);
    buf_printf(out, "<svg viewBox=\"0 0 %d %u\" width=\"%d\" role=\"img\" font-size=\"10\"><title>",
               BAR_LEFT + BAR_WIDTH + 40, rows * BAR_HEIGHT + 4, BAR_LEFT + BAR_WIDTH + 40);
    buf_xml_text(out, name_of(document, &table->name));
    buf_puts(out, "</title>");
    for (bool more = table->cell_count > 0; more; more = next_cell(&place)) {
        unsigned column = column_of(&place);
        unsigned long long value = strtoull(place.text, NULL, 10);
        if (column == 0) {
            sum = 0;
            buf_printf(out, "<text x=\"0\" y=\"%u\">", y + BAR_HEIGHT - 3);
            buf_xml_text(out, place.text);
            buf_puts(out, "</text>");
            continue;
        }
        if (value)
            buf_printf(out, "<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
                       BAR_LEFT + (double)sum * BAR_WIDTH / (double)most, y + 2,
                       (double)value * BAR_WIDTH / (double)most, BAR_HEIGHT - 4,
                       colours[(column - 1) % (sizeof colours / sizeof *colours)]);
        sum += value;
        if (column + 1 == table->column_count) {
            buf_printf(out, "<text x=\"%.1f\" y=\"%u\">%llu</text>",
                       BAR_LEFT + 4 + (double)sum * BAR_WIDTH / (double)most, y + BAR_HEIGHT - 3, sum);
            y += BAR_HEIGHT;
        }
    }
    buf_puts(out, "</svg>\n");
}

static void html_table(const struct document *document, const struct document_table *table, struct buf *out)
{
    buf_puts(out, "<section><h2>");
    buf_xml_text(out, name_of(document, &table->name));
    buf_puts(out, "</h2>\n");
    if (table->plotted && table->cell_count > 0)
        html_plot(document, table, out);
    buf_puts(out, "<table><tr>");
    for (unsigned i = 0; i < table->column_count; i++) {
        buf_puts(out, "<th>");
        buf_xml_text(out, name_of(document, &table->columns[i]));
        buf_puts(out, "</th>");
    }
    buf_puts(out, "</tr>\n");
    struct place place = first_cell(document, table);
    for (bool more = table->cell_count > 0; more; more = next_cell(&place)) {
        buf_puts(out, column_of(&place) == 0 ? "<tr><td>" : "<td>");
        buf_xml_text(out, place.text);
        buf_puts(out, column_of(&place) + 1 == table->column_count ? "</td></tr>\n" : "</td>");
    }
    buf_puts(out, "</table></section>\n");
}

static void put_head(const struct document *document, enum document_form form, struct buf *out)
{
    switch (form) {
    case DOCUMENT_TEXT: buf_printf(out, "%s\n%s\n", document->title, document->subtitle); break;
    case DOCUMENT_CSV: break;
    case DOCUMENT_JSON:
        buf_puts(out, "{\"title\":");
        buf_json_string(out, document->title);
        buf_puts(out, ",\"subtitle\":");
        buf_json_string(out, document->subtitle);
        break;
    case DOCUMENT_HTML:
        buf_printf(out,
                   "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                   "content=\"width=device-width\"><title>",
                   document->zh ? "zh" : "en");
        buf_xml_text(out, document->title);
        buf_printf(out, "</title><style>%s</style></head>\n<body><h1>", style);
        buf_xml_text(out, document->title);
        buf_puts(out, "</h1><p>");
        buf_xml_text(out, document->subtitle);
        buf_puts(out, "</p>\n");
        break;
    }
}

void document_write(const struct document *document, enum document_form form, struct buf *out)
{
    put_head(document, form, out);
    for (unsigned i = 0; i < document->table_count; i++) {
        const struct document_table *table = &document->tables[i];
        switch (form) {
        case DOCUMENT_TEXT: text_table(document, table, out); break;
        case DOCUMENT_CSV:
            buf_puts(out, i ? "\r\n" : "");
            csv_table(document, table, out);
            break;
        case DOCUMENT_JSON: json_table(document, table, out); break;
        case DOCUMENT_HTML: html_table(document, table, out); break;
        }
    }
    buf_puts(out, form == DOCUMENT_JSON ? "}\n" : form == DOCUMENT_HTML ? "</body></html>\n" : "");
    if (document->cells.failed)
        out->failed = true;
}
