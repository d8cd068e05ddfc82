/* A small document: a title, notes and tables whose cells are text, written as plain text, CSV, JSON or an
 * HTML page that prints well and needs neither scripts nor anything from elsewhere. Owned by the caller; one
 * thread. */
#ifndef HUYANG_TOOLS_DOCUMENT_H
#define HUYANG_TOOLS_DOCUMENT_H

#include <stdbool.h>
#include <stdio.h>

#include "core/buf.h"

enum { DOCUMENT_TABLES_MAX = 16, DOCUMENT_COLUMNS_MAX = 8, DOCUMENT_BYTES_MAX = 4 << 20 };
enum document_form { DOCUMENT_TEXT, DOCUMENT_CSV, DOCUMENT_JSON, DOCUMENT_HTML };

struct document_name {
    const char *id; /* of JSON and CSV; static, like the others */
    const char *en, *zh;
};
struct document_table {
    struct document_name name;
    struct document_name columns[DOCUMENT_COLUMNS_MAX];
    unsigned column_count, cell_count;
    bool plotted; /* HTML: the columns after the first as stacked bars, a row each */
    size_t first; /* where its cells begin */
};
struct document {
    bool zh;
    char title[160], subtitle[200];
    struct document_table tables[DOCUMENT_TABLES_MAX];
    unsigned table_count;
    struct buf cells; /* texts, each ended by NUL, table after table, row after row */
};

void document_init(struct document *document, bool zh);
void document_release(struct document *document);
/* Begins a table; columns end with one that has no id. At most DOCUMENT_TABLES_MAX (asserted). */
void document_table(struct document *document, struct document_name name, const struct document_name *columns,
                    bool plotted);
/* The next cell of the table begun last; rows fill up from the left. */
__attribute__((format(printf, 2, 3))) void document_cell(struct document *document, const char *format, ...);
/* The word of the document's language. */
const char *document_say(const struct document *document, const char *en, const char *zh);
/* Appends it to `out`. */
void document_write(const struct document *document, enum document_form form, struct buf *out);

#endif
