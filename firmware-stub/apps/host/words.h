/* words: command lines and numbers of a person, checked. */
#ifndef HUYANG_APPS_HOST_WORDS_H
#define HUYANG_APPS_HOST_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Cuts line at white space, in place. Returns the number of words, at most max. */
size_t words_cut(char *line, char *words[], size_t max);

/* The whole word must be the number and within the range. */
bool words_number(const char *word, double min, double max, double *ret_number);
bool words_whole(const char *word, uint32_t min, uint32_t max, uint32_t *ret_number);

/* The place of word in a list of names that ends with NULL; -1 when it is not there. */
int words_choice(const char *word, const char *const names[]);

#endif
