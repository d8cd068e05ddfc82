/* A folder of a test's own, in $TMPDIR or /tmp, and away with it: its files, and folders in it that are
 * empty. After cmocka.h. */
#ifndef HUYANG_TESTS_FOLDER_H
#define HUYANG_TESTS_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FOLDER_PATH = 128 };

static inline void folder_new(char folder[FOLDER_PATH])
{
    const char *parent = getenv("TMPDIR");

    snprintf(folder, FOLDER_PATH, "%.80s/huyang-test-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
}

static inline void folder_remove(const char *folder)
{
    char path[FOLDER_PATH + 260];
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        remove(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

#endif
