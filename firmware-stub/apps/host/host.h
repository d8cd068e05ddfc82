/*
 * host: runs ONE device application on the host's HAL: options, clock, flash file, MQTT, speaker, standard
 * input. Shared by huyang-wristband and huyang-camera.
 *
 *   --broker URI --county CODE --device ID --state-dir DIR [--wav-dir DIR] [--paced] [--interval SECONDS]
 *   [--password TEXT] [--cafile F --certfile F --keyfile F] [--no-wall-clock]
 *
 * Standard input takes one command a line; standard output tells one change of state a line, at once. The end
 * of the input ends nothing; `quit`, SIGINT and SIGTERM do.
 */
#ifndef HUYANG_APPS_HOST_H
#define HUYANG_APPS_HOST_H

#include "../../core/device.h"

enum { HOST_WORDS_MAX = 16, HOST_LINE_MAX = 512 };

/* What the application gives. A line is already cut into words; the answer is an error of device.h or the
 * application, or HOST_UNKNOWN. */
enum { HOST_UNKNOWN = -100 };

struct host_app {
    const char *name;
    void *context;
    struct device_core *(*device)(void *context);
    int (*init)(void *context, const struct device_config *config, uint32_t interval_s, int64_t now_ms);
    void (*tick)(void *context, int64_t now_ms);
    int64_t (*deadline)(const void *context, int64_t now_ms);
    int (*command)(void *context, size_t count, char *const words[], int64_t now_ms);
};

/* Runs until it is told to stop. Returns the process's exit status. */
int host_main(int argc, char *argv[], const struct host_app *app);

#endif
