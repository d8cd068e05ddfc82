#include "prompts_render.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_files.h"
#include "hal/host/espeak.h"
#include "hal/host/wav.h"

enum { PATH_BYTES = CONFIG_PATH_SIZE + PROMPT_PATH_SIZE + 96, DURATION_MAX_MS = 600000 };

/* Onto the disk before it gets its name. */
static bool put_file(const char *path, const void *data, size_t len)
{
    char part[PATH_BYTES + 8];
    snprintf(part, sizeof part, "%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool ok = fd >= 0;
    for (size_t at = 0; ok && at < len;) {
        ssize_t written = write(fd, (const char *)data + at, len - at);
        ok = written > 0 || (written < 0 && errno == EINTR);
        at += written > 0 ? (size_t)written : 0;
    }
    ok = ok && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    ok = ok && rename(part, path) == 0;
    if (!ok && fd >= 0)
        unlink(part);
    return ok;
}

/* The sound in `path` becomes clips/SHA256.wav. */
static enum err keep_sound(const char *folder, const char *path, const struct prompt *prompt,
                           struct prompt_text *text, struct buf *errors)
{
    struct wav_facts facts;
    char *data = NULL, hex[PROMPT_SOURCE_SIZE], name[PATH_BYTES];
    size_t len = 0;
    if (!wav_read(path, &facts)) {
        buf_printf(errors, "%s: %s/%s: is no WAV file of 16 bits\n", path, prompt->id, text->language);
        return ERR_INVALID;
    }
    if (facts.peak < WAV_AUDIBLE_PEAK || facts.duration_ms == 0 || facts.duration_ms > DURATION_MAX_MS) {
        buf_printf(errors, "%s: %s/%s: %s\n", path, prompt->id, text->language,
                   facts.duration_ms > DURATION_MAX_MS ? "longer than ten minutes"
                                                       : "nothing can be heard in it");
        return ERR_INVALID;
    }
    enum err err = config_read_file(path, PROMPT_CLIP_MAX, &data, &len, errors);
    if (err != ERR_OK)
        return err;
    hash_sha256(data, len, text->clip.sha256);
    hash_hex(text->clip.sha256, SHA256_SIZE, hex);
    snprintf(name, sizeof name, "%s/clips/%s.wav", folder, hex);
    if (!put_file(name, data, len)) {
        buf_printf(errors, "%s: %s\n", name, strerror(errno));
        err = ERR_IO;
    }
    free(data);
    text->clip.bytes = (uint32_t)len;
    text->clip.duration_ms = facts.duration_ms;
    text->clip.recorded = *text->recorded != '\0';
    return err;
}

static enum err speak(const char *folder, const struct prompt *prompt, struct prompt_text *text,
                      struct buf *errors)
{
    char path[PATH_BYTES];
    const char *voice = espeak_voice(text->language);
    snprintf(path, sizeof path, "%s/clips/speaking.wav.part", folder);
    if (!voice) {
        buf_printf(errors, "%s/%s: espeak-ng has no voice for this language: record one\n", prompt->id,
                   text->language);
        return ERR_UNSUPPORTED;
    }
    if (!espeak_say(voice, text->text, path)) {
        if (errno == ENOENT)
            buf_puts(errors,
                     "espeak-ng is not installed (package espeak-ng); it says what nobody has recorded\n");
        else
            buf_printf(errors, "%s/%s: espeak-ng failed%s%s\n", prompt->id, text->language, errno ? ": " : "",
                       errno ? strerror(errno) : "");
        unlink(path);
        return ERR_UNSUPPORTED;
    }
    enum err err = keep_sound(folder, path, prompt, text, errors);
    unlink(path);
    return err;
}

/* A recording is read each time: its file may be another one under the same name. */
static enum err make_clip(const char *folder, const struct prompt *prompt, struct prompt_text *text,
                          struct prompts_rendered *rendered, struct buf *errors)
{
    struct prompt_clip before = text->clip;
    char path[PATH_BYTES];
    enum err err = ERR_OK;
    if (*text->recorded) {
        snprintf(path, sizeof path, "%s/%s", folder, text->recorded);
        err = keep_sound(folder, path, prompt, text, errors);
    } else if (!before.bytes) {
        err = speak(folder, prompt, text, errors);
    }
    bool same = memcmp(before.sha256, text->clip.sha256, SHA256_SIZE) == 0;
    rendered->kept += same;
    rendered->made += !same;
    rendered->recorded += !same && *text->recorded;
    return err;
}

static void add_line(struct prompt_book *book, const struct prompt *prompt, const struct prompt_text *text)
{
    struct prompt_clip_line *line = &book->clips[book->clip_count++];
    *line = (struct prompt_clip_line){
        .bytes = text->clip.bytes, .duration_ms = text->clip.duration_ms, .recorded = text->clip.recorded};
    (void)text_copy(line->prompt, sizeof line->prompt, prompt->id);
    (void)text_copy(line->language, sizeof line->language, text->language);
    hash_hex(text->clip.sha256, SHA256_SIZE, line->sha256);
    prompt_source(text, line->source);
}

static enum err put_list(const char *folder, const struct prompt_book *book, struct buf *errors)
{
    char path[PATH_BYTES], *old = NULL;
    size_t old_len = 0;
    struct buf text;
    enum err err = ERR_OK;
    buf_init(&text, PROMPTS_FILE_MAX);
    prompts_show_clips(book, &text);
    snprintf(path, sizeof path, "%s/clips.yaml", folder);
    bool same = config_read_file(path, PROMPTS_FILE_MAX, &old, &old_len, NULL) == ERR_OK &&
                old_len == text.len && memcmp(old, buf_text(&text), old_len) == 0;
    free(old);
    if (!same && !put_file(path, buf_text(&text), text.len)) {
        buf_printf(errors, "%s: %s\n", path, strerror(errno));
        err = ERR_IO;
    }
    buf_release(&text);
    return err;
}

enum err prompts_render(const char *folder, struct prompt_book *book, struct prompts_rendered *ret_rendered,
                        struct buf *errors)
{
    struct prompts_rendered rendered = {0};
    char path[PATH_BYTES];
    enum err err = ERR_OK;
    signal(SIGPIPE, SIG_IGN); /* a speech engine that does not read its words */
    snprintf(path, sizeof path, "%s/clips", folder);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        buf_printf(errors, "%s: %s\n", path, strerror(errno));
        return ERR_IO;
    }
    book->clip_count = 0;
    for (size_t i = 0; i < book->prompt_count && err == ERR_OK; i++) {
        struct prompt *prompt = &book->prompts[i];
        for (size_t j = 0; j < prompt->text_count && err == ERR_OK; j++) {
            struct prompt_text *text = &prompt->texts[j];
            bool wanted = prompt_wants_clip(prompt, text);
            rendered.texts_only += !wanted;
            if (wanted && book->clip_count == PROMPTS_CLIPS_MAX) {
                buf_printf(errors, "more than %d clips\n", PROMPTS_CLIPS_MAX);
                err = ERR_FULL;
            } else if (wanted) {
                err = make_clip(folder, prompt, text, &rendered, errors);
                add_line(book, prompt, text);
            }
        }
    }
    if (err == ERR_OK)
        err = put_list(folder, book, errors);
    if (err == ERR_OK)
        *ret_rendered = rendered;
    return err;
}
