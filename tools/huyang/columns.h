/* Text in columns on a terminal: a Chinese character takes two of them. What comes from outside cannot move
 * the cursor: control characters are shown as '?'. */
#ifndef HUYANG_TOOLS_COLUMNS_H
#define HUYANG_TOOLS_COLUMNS_H

#include <stdio.h>

/* Columns that a UTF-8 text takes (Unicode's East Asian Width, wide and fullwidth; combining marks take
 * none). */
unsigned columns_of(const char *text);
/* Writes the text; padded with spaces to `width` columns, or cut with "…" when it is wider. 0 = as it is. */
void columns_print(FILE *to, const char *text, unsigned width);

#endif
