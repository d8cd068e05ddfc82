/* huyang-camera: one home camera on this host, driven by lines such as `visit arrive indoors unknown`. */
#include <stdio.h>
#include <string.h>

#include "../camera.h"
#include "host.h"
#include "words.h"

static struct device_core *device(void *context)
{
    return &((struct camera *)context)->device;
}

static int init(void *context, const struct device_config *config, uint32_t interval_s, int64_t now_ms)
{
    return camera_init(context, config, interval_s, now_ms);
}

static void tick(void *context, int64_t now_ms)
{
    camera_tick(context, now_ms);
}

static int64_t deadline(const void *context, int64_t now_ms)
{
    return camera_next_deadline(context, now_ms);
}

/* A person is CLASS or CLASS:VISITOR_ID. */
static bool read_person(char *word, struct device_person *ret_person)
{
    static const char *const classes[] = {"resident", "trusted", "unknown", "unclear", NULL};
    char *id = strchr(word, ':');
    int class;

    *ret_person = (struct device_person){.face_seen = true};
    if (id) {
        *id++ = '\0';
        if (!device_id_valid(id))
            return false;
        memcpy(ret_person->visitor_id, id, strlen(id) + 1);
    }
    class = words_choice(word, classes);
    ret_person->person_class = (Huyang__V1__PersonClass)(class + 1);
    return class >= 0;
}

/* visit arrive|stay doorstep|indoors PERSON... , visit leave */
static int do_visit(struct camera *camera, size_t count, char *const words[], int64_t now_ms)
{
    static const char *const places[] = {"doorstep", "indoors", NULL};
    struct device_person people[DEVICE_PEOPLE_MAX];
    size_t seen = 0;
    int place;

    if (count == 2 && strcmp(words[1], "leave") == 0)
        return camera_visit_leave(camera, now_ms);
    if (count < 3 || (strcmp(words[1], "arrive") != 0 && strcmp(words[1], "stay") != 0))
        return HOST_UNKNOWN;
    place = words_choice(words[2], places);
    if (place < 0 || count - 3 > DEVICE_PEOPLE_MAX)
        return HOST_UNKNOWN;
    for (; seen < count - 3; seen++)
        if (!read_person(words[3 + seen], &people[seen]))
            return HOST_UNKNOWN;
    return camera_visit(camera, (Huyang__V1__Place)(place + 1), people, seen, now_ms);
}

static int do_two(struct camera *camera, char *const words[], int64_t now_ms)
{
    static const char *const tampers[] = {"covered", "moved", "opened", "strap_cut", "power_cut", NULL};
    static const char *const switches[] = {"no", "yes", NULL};
    uint32_t minutes;

    if (strcmp(words[0], "tamper") == 0 && words_choice(words[1], tampers) >= 0)
        return camera_tamper(camera, (Huyang__V1__TamperKind)(words_choice(words[1], tampers) + 1), now_ms);
    if (strcmp(words[0], "home") == 0 && words_choice(words[1], switches) >= 0)
        return camera_presence(camera, words_choice(words[1], switches) == 1, now_ms);
    if (strcmp(words[0], "pause") == 0 && words_whole(words[1], 0, 240, &minutes))
        return camera_pause(camera, (int64_t)minutes * 60000, now_ms);
    return HOST_UNKNOWN;
}

static int command(void *context, size_t count, char *const words[], int64_t now_ms)
{
    static const char *const companions[] = {"alone", "trusted", "unknown", "unclear", NULL};
    struct camera *camera = context;

    if (strcmp(words[0], "visit") == 0)
        return do_visit(camera, count, words, now_ms);
    if (strcmp(words[0], "departure") == 0 && (count == 2 || (count == 3 && device_id_valid(words[2]))) &&
        words_choice(words[1], companions) >= 0)
        return camera_departure(camera, (Huyang__V1__Companion)(words_choice(words[1], companions) + 1),
                                count == 3 ? words[2] : "", now_ms);
    return count == 2 ? do_two(camera, words, now_ms) : HOST_UNKNOWN;
}

int main(int argc, char *argv[])
{
    struct camera camera;
    const struct host_app app = {.name = "huyang-camera",
                                 .context = &camera,
                                 .device = device,
                                 .init = init,
                                 .tick = tick,
                                 .deadline = deadline,
                                 .command = command};

    return host_main(argc, argv, &app);
}
