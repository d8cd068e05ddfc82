/*
 * Its voice `cmn-latn-pinyin` reads Chinese characters as Mandarin; `cmn` reads its own intermediate pinyin
 * as English letters.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "espeak.h"

extern char **environ;

const char *espeak_voice(const char *language)
{
    if (strcmp(language, "yue") == 0 || strcmp(language, "zh-yue") == 0)
        return "yue";
    if (strcmp(language, "zh") == 0 || strncmp(language, "zh-", 3) == 0 || *language == '\0')
        return "cmn-latn-pinyin";
    if (strcmp(language, "en") == 0 || strncmp(language, "en-", 3) == 0)
        return "en";
    return NULL;
}

int espeak_start(const char *voice, unsigned volume_percent, const char *path, pid_t *ret_child,
                 int *ret_input)
{
    char amplitude[12], *arguments[] = {"espeak-ng",
                                        "-b",
                                        "1",
                                        "-v",
                                        (char *)(uintptr_t)voice,
                                        "-a",
                                        amplitude,
                                        "-w",
                                        (char *)(uintptr_t)path,
                                        "--stdin",
                                        NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int ends[2], error;

    snprintf(amplitude, sizeof amplitude, "%u", volume_percent ? volume_percent * 2u : 100u);
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    error = posix_spawnp(ret_child, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[0]);
    if (error)
        close(ends[1]);
    else
        *ret_input = ends[1];
    return error;
}

bool espeak_say(const char *voice, const char *text, const char *path)
{
    size_t length = strlen(text);
    int input = -1, status = -1;
    pid_t child = -1;
    int error = espeak_start(voice, 0, path, &child, &input);

    if (error) {
        errno = error;
        return false;
    }
    for (size_t at = 0; at < length;) {
        ssize_t written = write(input, text + at, length - at);

        if (written < 0 && errno != EINTR)
            break;
        at += written > 0 ? (size_t)written : 0;
    }
    close(input);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    errno = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
