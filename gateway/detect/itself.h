/* Reasons and levels of the detector "gateway", whose findings the alert stage makes itself. */
#ifndef HUYANG_DETECT_ITSELF_H
#define HUYANG_DETECT_ITSELF_H

#include "detect/detector.h"
#include "registry/parts.h"

enum level trouble_level(enum part part);
/* The reason for a part in trouble, or well again. */
unsigned trouble_reason(enum part part, bool on);

#endif
