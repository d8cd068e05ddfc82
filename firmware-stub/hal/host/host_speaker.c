/*
 * The worker takes one job at a time: it starts espeak-ng, waits for it, checks the file and renames it into
 * place. A stop kills that child.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "espeak.h"
#include "host_clips.h"
#include "host_speaker.h"
#include "wav.h"

#define REASON(name) HUYANG__V1__FAIL_REASON__FAIL_REASON_##name

struct job {
    void *owner;
    uint32_t token;
    struct device_prompt prompt;
};

struct host_speaker {
    char folder[256];
    bool paced, mute;
    struct host_clips *clips; /* NULL = none are fetched */
    void (*wake)(void *context);
    void *wake_context;
    pthread_t thread;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t changed;
    bool ending;
    struct job jobs[HOST_SPEAKER_JOBS];
    size_t job_head, job_count;
    struct host_speaker_answer answers[HOST_SPEAKER_JOBS * 2]; /* two a job that was accepted */
    size_t answer_head, answer_count;
    size_t owed;  /* answers that accepted jobs may still give */
    bool busy;    /* `current` plays */
    bool stopped; /* and is to stop */
    pid_t child;  /* 0 = none */
    struct job current;
};

enum { ANSWERS_MAX = HOST_SPEAKER_JOBS * 2, TEXT_SPOKEN_MAX = 5 * (DEVICE_TEXT_MAX + 64) };

static void answer(struct host_speaker *speaker, const struct host_speaker_answer *given)
{
    pthread_mutex_lock(&speaker->lock);
    if (!speaker->stopped && speaker->answer_count < ANSWERS_MAX) {
        speaker->answers[(speaker->answer_head + speaker->answer_count) % ANSWERS_MAX] = *given;
        speaker->answer_count++;
    }
    pthread_mutex_unlock(&speaker->lock);
    if (speaker->wake)
        speaker->wake(speaker->wake_context);
}

/* The words to speak: a drill says so first, and each repetition is a line. */
static size_t words_of(const struct device_prompt *prompt, char *ret_words)
{
    const char *drill = strncmp(prompt->language, "en", 2) == 0 ? "This is a drill. " : "演练。";
    size_t length = 0;

    for (int i = 0; i < prompt->repeat; i++)
        length += (size_t)snprintf(ret_words + length, TEXT_SPOKEN_MAX - length, "%s%s\n",
                                   prompt->exercise ? drill : "", prompt->text);
    return length;
}

/* 0, or an errno. A stop kills the child, whenever it comes. */
static int start_child(struct host_speaker *speaker, const struct device_prompt *prompt, const char *part,
                       int *ret_input)
{
    pid_t child;
    int error = espeak_start(espeak_voice(prompt->language), prompt->volume_percent, part, &child, ret_input);

    if (error)
        return error;
    pthread_mutex_lock(&speaker->lock);
    speaker->child = child;
    if (speaker->stopped)
        kill(child, SIGKILL);
    pthread_mutex_unlock(&speaker->lock);
    return 0;
}

/* The child is reaped only after nobody can kill its number any more. */
static bool reap_child(struct host_speaker *speaker)
{
    siginfo_t info;
    int status = -1;
    pid_t child = speaker->child;

    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) && errno == EINTR)
        ;
    pthread_mutex_lock(&speaker->lock);
    speaker->child = 0;
    pthread_mutex_unlock(&speaker->lock);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Speaks into the file `part`. False when espeak-ng is missing, failed, or was killed. */
static bool render(struct host_speaker *speaker, const struct device_prompt *prompt, const char *part)
{
    char words[TEXT_SPOKEN_MAX];
    size_t length = words_of(prompt, words);
    int input = -1;

    if (start_child(speaker, prompt, part, &input))
        return false;
    for (size_t at = 0; at < length;) {
        ssize_t written = write(input, words + at, length - at); /* SIGPIPE is blocked on this thread */

        if (written < 0 && errno != EINTR)
            break;
        at += written > 0 ? (size_t)written : 0;
    }
    close(input);
    return reap_child(speaker);
}

/* As long as it sounds, or until it is stopped. */
static void pace(struct host_speaker *speaker, uint32_t duration_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += duration_ms / 1000;
    until.tv_nsec += (long)(duration_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&speaker->lock);
    while (!speaker->stopped && pthread_cond_timedwait(&speaker->changed, &speaker->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&speaker->lock);
}

static bool is_stopped(void *context)
{
    struct host_speaker *speaker = context;
    bool stopped;

    pthread_mutex_lock(&speaker->lock);
    stopped = speaker->stopped;
    pthread_mutex_unlock(&speaker->lock);
    return stopped;
}

/* The sound of the prompt as `part`: its clip, else its text. 0, or the reason why there is none. */
static Huyang__V1__FailReason make_sound(struct host_speaker *speaker, const struct device_prompt *prompt,
                                         const char *part)
{
    Huyang__V1__FailReason reason = REASON(NO_CLIP);

    /* A drill says so first, which no clip does. */
    if (speaker->clips && prompt->has_digest && !prompt->exercise)
        reason = host_clips_get(speaker->clips, prompt->clip_sha256, prompt->clip_bytes, is_stopped, speaker,
                                part);
    if (reason == 0 || speaker->mute || prompt->text[0] == '\0' || !espeak_voice(prompt->language))
        return reason;
    return render(speaker, prompt, part) ? 0 : REASON(SPEAKER);
}

static void play(struct host_speaker *speaker, const struct job *job)
{
    struct host_speaker_answer given = {
        .owner = job->owner, .token = job->token, .event = DEVICE_SPEAKER_STARTED};
    struct wav_facts facts;
    char part[600];

    snprintf(given.path, sizeof given.path, "%s/%s.wav", speaker->folder, job->prompt.command_id);
    snprintf(part, sizeof part, "%s.part", given.path);
    given.reason = make_sound(speaker, &job->prompt, part);
    if (given.reason == 0 &&
        (!wav_read(part, &facts) || facts.peak < WAV_AUDIBLE_PEAK || rename(part, given.path)))
        given.reason = REASON(SPEAKER);
    if (given.reason) {
        unlink(part);
        given.event = DEVICE_SPEAKER_FAILED;
        given.path[0] = '\0';
        answer(speaker, &given);
        return;
    }
    given.duration_ms = facts.duration_ms;
    answer(speaker, &given);
    if (speaker->paced)
        pace(speaker, facts.duration_ms);
    given.event = DEVICE_SPEAKER_DONE;
    answer(speaker, &given);
}

static void *work(void *argument)
{
    struct host_speaker *speaker = argument;
    sigset_t signals;

    /* A child that does not read its words must not kill the process; other signals are the owner's. */
    sigfillset(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    pthread_mutex_lock(&speaker->lock);
    for (;;) {
        while (speaker->job_count == 0 && !speaker->ending)
            pthread_cond_wait(&speaker->changed, &speaker->lock);
        if (speaker->ending)
            break;
        speaker->current = speaker->jobs[speaker->job_head];
        speaker->job_head = (speaker->job_head + 1) % HOST_SPEAKER_JOBS;
        speaker->job_count--;
        speaker->busy = true;
        speaker->stopped = false;
        pthread_mutex_unlock(&speaker->lock);
        play(speaker, &speaker->current);
        pthread_mutex_lock(&speaker->lock);
        speaker->busy = false;
        speaker->owed -= 2;
    }
    pthread_mutex_unlock(&speaker->lock);
    return NULL;
}

struct host_speaker *host_speaker_new(const struct host_speaker_options *options)
{
    struct host_speaker *speaker = calloc(1, sizeof *speaker);
    pthread_condattr_t attributes;
    int error;

    if (!speaker)
        return NULL;
    if (strlen(options->folder) >= sizeof speaker->folder) {
        free(speaker);
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(speaker->folder, options->folder, strlen(options->folder) + 1);
    speaker->paced = options->paced;
    speaker->mute = options->mute;
    speaker->wake = options->wake;
    speaker->wake_context = options->context;
    if (options->clips_url && !(speaker->clips = host_clips_new(options->folder, options->clips_url))) {
        free(speaker);
        errno = ENOMEM;
        return NULL;
    }
    pthread_mutex_init(&speaker->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&speaker->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    error = pthread_create(&speaker->thread, NULL, work, speaker);
    if (error) {
        pthread_cond_destroy(&speaker->changed);
        pthread_mutex_destroy(&speaker->lock);
        host_clips_free(speaker->clips);
        free(speaker);
        errno = error;
        return NULL;
    }
    return speaker;
}

/* Under the lock. */
static void stop_current(struct host_speaker *speaker)
{
    speaker->stopped = true;
    if (speaker->child)
        kill(speaker->child, SIGKILL);
    pthread_cond_broadcast(&speaker->changed);
}

void host_speaker_free(struct host_speaker *speaker)
{
    if (!speaker)
        return;
    pthread_mutex_lock(&speaker->lock);
    speaker->ending = true;
    stop_current(speaker);
    pthread_mutex_unlock(&speaker->lock);
    pthread_join(speaker->thread, NULL);
    pthread_cond_destroy(&speaker->changed);
    pthread_mutex_destroy(&speaker->lock);
    host_clips_free(speaker->clips);
    free(speaker);
}

Huyang__V1__FailReason host_speaker_play(struct host_speaker *speaker, void *owner, uint32_t token,
                                         const struct device_prompt *prompt)
{
    Huyang__V1__FailReason reason = 0;
    bool clip = speaker->clips && prompt->has_digest, text = !speaker->mute && prompt->text[0] != '\0';

    if (!clip && !text)
        return REASON(NO_CLIP);
    if (!clip && !espeak_voice(prompt->language))
        return REASON(UNSUPPORTED);
    pthread_mutex_lock(&speaker->lock);
    if (speaker->job_count == HOST_SPEAKER_JOBS || speaker->answer_count + speaker->owed + 2 > ANSWERS_MAX) {
        reason = REASON(BUSY);
    } else {
        struct job *job = &speaker->jobs[(speaker->job_head + speaker->job_count++) % HOST_SPEAKER_JOBS];

        *job = (struct job){.owner = owner, .token = token, .prompt = *prompt};
        speaker->owed += 2;
        pthread_cond_broadcast(&speaker->changed);
    }
    pthread_mutex_unlock(&speaker->lock);
    return reason;
}

void host_speaker_stop(struct host_speaker *speaker, void *owner, uint32_t token)
{
    pthread_mutex_lock(&speaker->lock);
    if (speaker->busy && speaker->current.owner == owner && speaker->current.token == token) {
        stop_current(speaker);
    } else {
        for (size_t i = 0; i < speaker->job_count; i++) {
            size_t at = (speaker->job_head + i) % HOST_SPEAKER_JOBS;

            if (speaker->jobs[at].owner != owner || speaker->jobs[at].token != token)
                continue;
            for (; i + 1 < speaker->job_count; i++)
                speaker->jobs[(speaker->job_head + i) % HOST_SPEAKER_JOBS] =
                    speaker->jobs[(speaker->job_head + i + 1) % HOST_SPEAKER_JOBS];
            speaker->job_count--;
            speaker->owed -= 2;
            break;
        }
    }
    pthread_mutex_unlock(&speaker->lock);
}

bool host_speaker_poll(struct host_speaker *speaker, struct host_speaker_answer *ret_answer)
{
    bool some;

    pthread_mutex_lock(&speaker->lock);
    some = speaker->answer_count > 0;
    if (some) {
        *ret_answer = speaker->answers[speaker->answer_head];
        speaker->answer_head = (speaker->answer_head + 1) % ANSWERS_MAX;
        speaker->answer_count--;
    }
    pthread_mutex_unlock(&speaker->lock);
    return some;
}
