/*
 * host_speaker: the loudspeaker of devices that run on a host. What it plays becomes FOLDER/COMMAND_ID.wav:
 * the clip that the command names, fetched and verified (host_clips), or else the text, rendered by espeak-ng
 * (Mandarin and English). In a worker thread of its own it says what really came of it: a prompt counts as
 * played when its file is whole and holds audible sound. Without a clip that can be had and without speech of
 * its own it has failed: no_clip, or bad_clip when what came was not what the command names.
 *
 * One speaker serves any number of devices; jobs wait in a bounded queue. The owner's thread calls everything
 * but the wake function, which the worker calls when an answer waits for host_speaker_poll().
 *
 * Texts are spoken as they stand: a number to be read digit by digit (110) is the catalogue's to spell
 * (幺幺零).
 */
#ifndef HUYANG_HOST_SPEAKER_H
#define HUYANG_HOST_SPEAKER_H

#include "../../core/device.h"

enum { HOST_SPEAKER_JOBS = 256 };

struct host_speaker;

/* One answer about a prompt; owner is what host_speaker_play() was given. */
struct host_speaker_answer {
    void *owner;
    uint32_t token;
    enum device_speaker_event event;
    Huyang__V1__FailReason reason; /* with FAILED */
    char path[512];                /* of the file, with DONE */
    uint32_t duration_ms;
};

struct host_speaker_options {
    const char *folder;    /* must exist */
    const char *clips_url; /* where clips are fetched, "http://host:port"; NULL = nowhere: texts are spoken */
    bool paced;            /* a prompt takes as long as it sounds, else only as long as it takes to render */
    bool mute;             /* no speech of its own: only clips */
    void (*wake)(void *context); /* may be NULL; called on the worker's thread */
    void *context;
};
/* NULL with errno when there is no memory or thread. The options are copied, the texts borrowed. */
struct host_speaker *host_speaker_new(const struct host_speaker_options *options);

/* Stops what plays, and ends the worker. */
void host_speaker_free(struct host_speaker *speaker);

/* As device_hal.play: queues the prompt for this owner. 0 or the reason why not. */
Huyang__V1__FailReason host_speaker_play(struct host_speaker *speaker, void *owner, uint32_t token,
                                         const struct device_prompt *prompt);

/* As device_hal.stop. No answer follows but those already waiting, which the device ignores. */
void host_speaker_stop(struct host_speaker *speaker, void *owner, uint32_t token);

/* Takes the next answer; false when there is none. */
bool host_speaker_poll(struct host_speaker *speaker, struct host_speaker_answer *ret_answer);

#endif
