#include "service/expiry.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/log.h"
#include "core/pem.h"

enum { LOOK_MS = 3600000, DAY_MS = 86400000, DAY_S = 86400, READ_BLOCK = 65536 };

void expiry_init(struct expiry *expiry, const struct config *config)
{
    *expiry = (struct expiry){.files = {{.key = "broker.ca_file", .path = config->broker.ca_file},
                                        {.key = "broker.cert_file", .path = config->broker.cert_file},
                                        {.key = "broker.crl_file", .path = config->broker.crl_file},
                                        {.key = "api.tls.cert_file", .path = config->api.cert_file}},
                              .warn_days = config->broker.expiry_warn_days};
}

enum expiry_state expiry_judge(int64_t until_s, int64_t wall_ms, uint32_t warn_days)
{
    if (wall_ms >= until_s * 1000)
        return EXPIRY_ENDED;
    return wall_ms >= (until_s - (int64_t)warn_days * DAY_S) * 1000 ? EXPIRY_SOON : EXPIRY_FINE;
}

bool expiry_is_news(struct expiry_file *file, enum expiry_state state, int64_t wall_ms)
{
    const bool news = state != EXPIRY_FINE && (state != file->told || wall_ms - file->told_wall_ms >= DAY_MS);
    if (news)
        file->told_wall_ms = wall_ms;
    file->told = state;
    return news;
}

static enum err read_file(const char *path, struct buf *out)
{
    char block[READ_BLOCK];
    ssize_t len = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return ERR_NOT_FOUND;
    while ((len = read(fd, block, sizeof(block))) > 0)
        buf_append(out, block, (size_t)len);
    close(fd);
    return len < 0 ? ERR_IO : out->failed ? ERR_RANGE : ERR_OK;
}

static void look(struct expiry_file *file)
{
    struct buf pem;
    buf_init(&pem, PEM_MAX);
    enum err err = read_file(file->path, &pem);
    if (err == ERR_OK)
        err = pem_until(buf_text(&pem), pem.len, &file->until_s);
    file->known = err == ERR_OK;
    if (err != ERR_OK)
        log_write(LOG_WARN, "link.unwatched", "when this ends cannot be read\tkey=%s\tpath=%s\terror=%s",
                  file->key, file->path, err_text(err));
    buf_release(&pem);
}

static void tell(const struct expiry *expiry, struct expiry_file *file, int64_t wall_ms)
{
    const enum expiry_state state = expiry_judge(file->until_s, wall_ms, expiry->warn_days);
    char until[CLOCK_TEXT_SIZE];
    if (!expiry_is_news(file, state, wall_ms))
        return;
    clock_format(NULL, file->until_s * 1000, until);
    if (state == EXPIRY_ENDED)
        log_write(LOG_ERROR, "link.expired", "this has ended: connections are refused\tkey=%s\tuntil=%s",
                  file->key, until);
    else
        log_write(LOG_WARN, "link.expiring", "this ends soon: replace it\tkey=%s\tuntil=%s", file->key,
                  until);
}

void expiry_tick(struct expiry *expiry, struct now now)
{
    const bool due = now.mono_ms >= expiry->due_mono_ms;
    if (due)
        expiry->due_mono_ms = now.mono_ms + LOOK_MS;
    for (unsigned i = 0; i < EXPIRY_FILES; i++) {
        struct expiry_file *file = &expiry->files[i];
        if (file->path[0] == '\0')
            continue;
        if (due)
            look(file);
        if (file->known)
            tell(expiry, file, now.wall_ms);
    }
}

uint32_t expiry_days(const struct expiry *expiry, int64_t wall_ms)
{
    uint32_t least = 0;
    for (unsigned i = 0; i < EXPIRY_FILES; i++) {
        const struct expiry_file *file = &expiry->files[i];
        if (!file->known || expiry_judge(file->until_s, wall_ms, expiry->warn_days) == EXPIRY_FINE)
            continue;
        const int64_t left_ms = file->until_s * 1000 - wall_ms;
        const uint32_t days = left_ms > DAY_MS ? (uint32_t)((left_ms + DAY_MS - 1) / DAY_MS) : 1;
        least = least == 0 || days < least ? days : least;
    }
    return least;
}

void expiry_put(const struct expiry *expiry, struct now now, struct buf *out)
{
    buf_puts(out, "# HELP huyang_expiry_seconds until this ends, and what rests on it, by key of the "
                  "configuration\n# TYPE huyang_expiry_seconds gauge\n");
    for (unsigned i = 0; i < EXPIRY_FILES; i++)
        if (expiry->files[i].known)
            buf_printf(out, "huyang_expiry_seconds{key=\"%s\"} %.17g\n", expiry->files[i].key,
                       (double)expiry->files[i].until_s - (double)now.wall_ms / 1e3);
}
