/* Commands for devices that speak a dialect. What its dialect cannot say has failed at once, so that the next
 * device or a person is asked; so has what may be seen but is never confirmed: a prompt counts as played only
 * when the device says so. */
#include "service/parts.h"

#include "relay/command.h"

enum { TOPIC_BYTES = 256, PAYLOAD_BYTES = 4096 };

static enum err note_failed(struct service *service, const struct hash_id *job, const char *why)
{
    if (service->unsaid_count == SERVICE_UNSAID_MAX)
        return ERR_BUSY;
    struct delivery *delivery = &service->unsaid[service->unsaid_count++];
    *delivery = (struct delivery){.job = *job, .state = DELIVERY_FAILED};
    text_copy(delivery->reason, sizeof(delivery->reason), why);
    loop_wake_send(service->wake); /* the outbox hears of it after this call, not within */
    return ERR_OK;
}

static enum err say(struct service *service, uint32_t device, const struct command_words *command,
                    struct buf *topic, struct buf *payload)
{
    const struct foreign_words words = {.deed = command->kind == COMMAND_LOCATE     ? FOREIGN_LOCATE
                                                : command->kind == COMMAND_INTERVAL ? FOREIGN_INTERVAL
                                                : command->kind == COMMAND_RESTART  ? FOREIGN_RESTART
                                                                                    : FOREIGN_SPEAK,
                                        .language = command->language,
                                        .text = command->text,
                                        .exercise = command->exercise};
    bool answers = false;
    enum err err = dialects_say(service->dialects, device, &command->id, &words, topic, payload, &answers);
    if (err == ERR_EXISTS)
        return ERR_OK;
    if (err == ERR_UNSUPPORTED)
        return note_failed(service, &command->id, "unsupported");
    if (err == ERR_OK)
        err = link_publish(service->link, buf_text(topic), payload->data, payload->len, 1, false);
    if (err != ERR_OK)
        return err;
    dialects_said(service->dialects, device, &command->id, answers, service_t_ms(service, clock_now()));
    return answers ? ERR_OK : note_failed(service, &command->id, "unconfirmed");
}

enum err service_say_foreign(struct service *service, uint32_t device, const void *body, size_t len)
{
    struct command_words command;
    struct buf topic, payload;
    enum err err = command_words(body, len, &command);
    if (err != ERR_OK)
        return err;
    if (service->unsaid_count == SERVICE_UNSAID_MAX)
        return ERR_BUSY;
    buf_init(&topic, TOPIC_BYTES);
    buf_init(&payload, PAYLOAD_BYTES);
    err = say(service, device, &command, &topic, &payload);
    buf_release(&topic);
    buf_release(&payload);
    return err;
}

void service_tell_unsaid(struct service *service)
{
    for (unsigned i = 0; i < service->unsaid_count; i++)
        service_on_delivery(service, &service->unsaid[i]);
    service->unsaid_count = 0;
}
