#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

size_t words_cut(char *line, char *words[], size_t max)
{
    static const char blank[] = " \t\r\n";
    size_t count = 0;

    for (line += strspn(line, blank); *line && count < max; line += strspn(line, blank)) {
        words[count++] = line;
        line += strcspn(line, blank);
        if (*line)
            *line++ = '\0';
    }
    return count;
}

bool words_number(const char *word, double min, double max, double *ret_number)
{
    char *end;
    double number;

    errno = 0;
    number = strtod(word, &end);
    if (errno || end == word || *end || !(number >= min && number <= max))
        return false;
    *ret_number = number;
    return true;
}

bool words_whole(const char *word, uint32_t min, uint32_t max, uint32_t *ret_number)
{
    double number;

    if (!words_number(word, min, max, &number) || number != (double)(uint32_t)number)
        return false;
    *ret_number = (uint32_t)number;
    return true;
}

int words_choice(const char *word, const char *const names[])
{
    for (int i = 0; names[i]; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    return -1;
}
