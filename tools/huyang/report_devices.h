/* The devices' part of a county's report: which bands to charge before tomorrow's round, and which firmware
 * is in use; as they stood at the gateway's last snapshot. */
#ifndef HUYANG_TOOLS_REPORT_DEVICES_H
#define HUYANG_TOOLS_REPORT_DEVICES_H

#include "detect/detector.h"
#include "document.h"
#include "store/reader.h"

/* `now_ms`: the moment of the last commit. At most 64 versions and 500 bands are listed; a last row
 * says how many devices the others are. */
MUST_CHECK enum err report_devices(struct reader *reader, const struct registry *registry,
                                   const struct tz *tz, int64_t now_ms,
                                   const struct detect_settings *settings, struct document *document);

#endif
