/* The files of the console, as CMake put them into the program (console/embed.mjs); none in a program that
 * was built with HUYANG_CONSOLE=OFF. */
#ifndef HUYANG_API_CONSOLE_H
#define HUYANG_API_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

struct console_file {
    const char *path; /* "/index.html" also answers "/" */
    const char *type;
    const char *etag; /* without quotes */
    bool hashed;      /* its name changes with its contents */
    const unsigned char *data, *gzip;
    size_t len, gzip_len; /* gzip_len 0: not worth it */
};
extern const struct console_file console_files[];
extern const size_t console_file_count;

/* NULL: there is none at this path. */
const struct console_file *console_find(const char *path);

#endif
