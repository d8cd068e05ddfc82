/* How long what a device told is kept, and how exactly: the county's rule, applied by the store in idle
 * moments. Days since arrival; 0 = for ever. Numbers only; no thread, no owner. */
#ifndef HUYANG_RETENTION_H
#define HUYANG_RETENTION_H

#include <stdint.h>

struct retention {
    uint32_t location_days; /* then a position is one of a cell of 500 m */
    uint32_t health_days;   /* then vital signs and steps go */
    uint32_t visitor_days;  /* then visitors' ids go */
    uint32_t input_days;    /* then inputs and findings move to a file of their day */
    uint32_t archive_days;  /* then that file goes */
    uint32_t text_days;     /* then what people wrote about an alert that is over goes, and what was said */
};

struct retention_stats {
    uint64_t thinned;       /* inputs made less exact */
    uint64_t archived;      /* inputs moved to the files of their days */
    uint64_t files_removed; /* of days that are over */
    uint64_t failed;        /* steps that were given up, to be tried again later */
};

#endif
