#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_keys.h"

void config_defaults(struct config *ret_config)
{
    struct config *c = ret_config;
    memset(c, 0, sizeof *c);
    text_copy(c->county, sizeof c->county, "000000");
    text_copy(c->instance, sizeof c->instance, "huyang");
    text_copy(c->state_dir, sizeof c->state_dir, "./state");
    text_copy(c->time_zone, sizeof c->time_zone, "Asia/Shanghai");
    c->log_level = LOG_INFO;
    c->lateness_s = 120;
    text_copy(c->broker.url, sizeof c->broker.url, "tcp://127.0.0.1:1883");
    c->broker.expiry_warn_days = 14;
    text_copy(c->api.listen, sizeof c->api.listen, "127.0.0.1");
    c->api.port = 8460;
    c->ingest = (struct config_ingest){.urgent_ring_bytes = 1 << 20,
                                       .routine_ring_bytes = 8 << 20,
                                       .dialect_ring_bytes = 4 << 20,
                                       .gap_wait_ms = 10000};
    c->store = (struct config_store){.commit_ms = 100,
                                     .commit_events = 500,
                                     .ballast_bytes = 16 << 20,
                                     .snapshot_inputs = 100000,
                                     .fail_open_ms = 1000};
    ret_config->retention = (struct retention){
        .location_days = 30, .health_days = 180, .visitor_days = 30, .input_days = 180, .archive_days = 730};
    c->report = (struct report_settings){.answer_s = 60, .answer_permille = 975};
    c->detect = detect_settings_default();
    alert_settings_default(&c->alert);
    relay_settings_default(&c->relay);
}

enum err config_parse(const char *text, size_t len, const char *name, struct config **ret_config,
                      struct buf *errors)
{
    struct config *config = malloc(sizeof *config);
    if (!config)
        return ERR_NOMEM;
    config_defaults(config);
    if (config_read_yaml(text, len, name, config, errors) != 0) {
        free(config);
        return ERR_INVALID;
    }
    *ret_config = config;
    return ERR_OK;
}

/* At most `size` bytes; more is ERR_RANGE. */
static enum err read_file(int fd, char *text, size_t size, size_t *ret_len)
{
    size_t len = 0;
    for (;;) {
        char extra;
        bool full = len == size;
        ssize_t got = read(fd, full ? &extra : text + len, full ? 1 : size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            break;
        if (full)
            return ERR_RANGE;
        len += (size_t)got;
    }
    *ret_len = len;
    return ERR_OK;
}

enum err config_load(const char *path, struct config **ret_config, struct buf *errors)
{
    if (!path)
        return config_parse("", 0, "defaults", ret_config, errors);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        enum err missing = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        buf_printf(errors, "%s: cannot be opened: %s\n", path, strerrordesc_np(errno));
        return missing;
    }
    size_t len = 0;
    char *text = malloc(CONFIG_FILE_MAX);
    enum err err = text ? read_file(fd, text, CONFIG_FILE_MAX, &len) : ERR_NOMEM;
    close(fd);
    if (err != ERR_OK)
        buf_printf(errors, "%s: %s\n", path, err == ERR_RANGE ? "larger than 1 MiB" : err_text(err));
    else
        err = config_parse(text, len, path, ret_config, errors);
    free(text);
    return err;
}

void config_free(struct config *config)
{
    free(config);
}
