/* A county's report as a document: what the sums of report.h mean to people. */
#ifndef HUYANG_TOOLS_REPORT_TABLES_H
#define HUYANG_TOOLS_REPORT_TABLES_H

#include "document.h"
#include "report.h"

struct report_coverage {
    uint64_t with_device,
        heard; /* residents with a band or a camera at home; of these, heard in the last day */
};
void report_tables(const struct report *report, const struct report_sums *sums,
                   const struct registry *registry, const struct tz *tz, int64_t from_ms,
                   const struct report_settings *settings, const struct report_coverage *coverage,
                   const struct report_works *works, struct document *document);

#endif
