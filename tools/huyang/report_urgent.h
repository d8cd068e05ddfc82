/* The urgent report (要情) of one alert, from what `trace` knows of it: what was seen, what happened when,
 * who did what, on one page. */
#ifndef HUYANG_TOOLS_REPORT_URGENT_H
#define HUYANG_TOOLS_REPORT_URGENT_H

#include "core/err.h"
#include "document.h"

/* Fills the document from reader_trace's JSON of an alert. ERR_CORRUPT: it is not one. */
MUST_CHECK enum err report_urgent(const char *trace, size_t len, struct document *document);

#endif
