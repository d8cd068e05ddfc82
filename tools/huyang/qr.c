#include "qr.h"

#include <errno.h>

#include <qrencode.h>

enum { MARGIN = 4, BLACK = 1 };

/* One run of black modules a path step, so that no hairlines show between them in print. */
static void put_row(const unsigned char *row, int width, int y, struct buf *out)
{
    for (int x = 0; x < width; x++) {
        int run = 0;
        while (x + run < width && (row[x + run] & BLACK) != 0)
            run++;
        if (run > 0)
            buf_printf(out, "M%d %dh%dv1h-%dz", x + MARGIN, y + MARGIN, run, run);
        x += run;
    }
}

enum err qr_svg(const char *text, struct buf *out)
{
    errno = 0;
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (code == NULL)
        return errno == ERANGE ? ERR_RANGE : ERR_NOMEM;
    const int size = code->width + 2 * MARGIN;
    buf_printf(out,
               "<svg viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 "
               "0h%dv%dh-%dz\"/><path d=\"",
               size, size, size, size, size);
    for (int y = 0; y < code->width; y++)
        put_row(code->data + (size_t)y * (size_t)code->width, code->width, y, out);
    buf_puts(out, "\"/></svg>");
    QRcode_free(code);
    return out->failed ? ERR_NOMEM : ERR_OK;
}
