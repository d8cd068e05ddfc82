/* espeak-ng as a child process: a text becomes a WAV file. For devices on a host and for rendering a
 * catalogue. Any thread.
 *
 * The text goes to its standard input, never into an argument, so that no text can be an option. */
#ifndef HUYANG_HOST_ESPEAK_H
#define HUYANG_HOST_ESPEAK_H

#include <stdbool.h>
#include <sys/types.h>

/* The voice for a language tag; NULL when there is none. Dialects are spoken as Mandarin, Cantonese as
 * itself. Static. */
const char *espeak_voice(const char *language);
/* Starts it; *ret_input is the end of the pipe that it reads the words from, *ret_child is to be waited for.
 * volume_percent 0 = its own. 0, or an errno (ENOENT: it is not installed). */
int espeak_start(const char *voice, unsigned volume_percent, const char *path, pid_t *ret_child,
                 int *ret_input);
/* The whole of it: false with errno when it could not be started (as above), or with errno 0 when it failed.
 * SIGPIPE must be ignored or blocked. */
bool espeak_say(const char *voice, const char *text, const char *path);

#endif
