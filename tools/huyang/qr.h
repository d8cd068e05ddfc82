/* QR codes (ISO/IEC 18004) as an SVG image: the fence around libqrencode. */
#ifndef HUYANG_TOOLS_QR_H
#define HUYANG_TOOLS_QR_H

#include "core/buf.h"

/* Appends an <svg> of the text, four modules of margin included, that takes the size its surroundings give
 * it. Error correction M. ERR_RANGE: longer than a QR code holds; ERR_NOMEM. */
MUST_CHECK enum err qr_svg(const char *text, struct buf *out);

#endif
