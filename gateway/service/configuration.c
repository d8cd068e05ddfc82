/* The configuration as people see it through the API: what is in force, what another text would change, and
 * that the file be read again. */
#include "service/parts.h"

#include <string.h>

void service_show_config(void *self, struct buf *out)
{
    const struct service *service = self;
    struct buf text;
    buf_init(&text, 1 << 20);
    config_show(service->config, &text);
    config_hide(buf_text(&text), out);
    buf_release(&text);
}

enum err
service_check_config(void *self, const char *text, size_t len, struct buf *errors, const char **ret_restart,
                     void (*each)(void *each_self, const char *key, const char *from, const char *to),
                     void *each_self)
{
    const struct service *service = self;
    struct config *config = NULL;
    const enum err err = config_parse(text, len, "text", &config, errors);
    if (err != ERR_OK)
        return err;
    *ret_restart = service_needs_restart(service->config, config);
    config_changes(service->config, config, each, each_self);
    config_free(config);
    return ERR_OK;
}

enum err service_ask_reload(void *self, uint64_t ticket)
{
    struct service *service = self;
    pthread_mutex_lock(&service->import.lock);
    const bool free_now = service->reload_ticket == 0;
    if (free_now)
        service->reload_ticket = ticket;
    pthread_mutex_unlock(&service->import.lock);
    if (!free_now)
        return ERR_BUSY;
    loop_wake_send(service->wake);
    return ERR_OK;
}

uint64_t service_reload_ticket(struct service *service, bool take)
{
    pthread_mutex_lock(&service->import.lock);
    const uint64_t ticket = service->reload_ticket;
    if (take)
        service->reload_ticket = 0;
    pthread_mutex_unlock(&service->import.lock);
    return ticket;
}
