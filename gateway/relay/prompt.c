/* PROMPT and NOTICE jobs -> a command to a device. */
#include <string.h>

#include "relay/command.h"
#include "relay/prompts.h"
#include "relay/relay.h"

enum { TTL_MAX_S = 86400, LOUD_PERCENT = 100, REPEAT_MAX = 5 };

/* Whose ears: the alert's resident, else the wearer, else the first resident of the home. REGISTRY_NONE for a
 * spare device. */
static uint32_t listener(const struct relay_context *context, const struct alert *alert,
                         const struct device *device)
{
    if (alert->resident != REGISTRY_NONE)
        return alert->resident;
    if (device->resident != REGISTRY_NONE)
        return device->resident;
    if (device->household != REGISTRY_NONE)
        return registry_household(context->registry, device->household)->first_resident;
    return REGISTRY_NONE;
}

/* Is the minute in [from, to)? The span may cross midnight. */
static bool is_within(unsigned minute, unsigned from, unsigned to)
{
    return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/* At night and during the midday rest. */
static bool is_quiet(const struct relay_settings *settings, const struct tz *tz, int64_t t_ms)
{
    struct civil local;
    clock_civil(tz, t_ms, &local);
    unsigned minute = (unsigned)(local.hour * 60 + local.minute);
    return is_within(minute, settings->quiet_from_minute, settings->quiet_to_minute) ||
           is_within(minute, settings->rest_from_minute, settings->rest_to_minute);
}

/* Red is exempt from quiet hours, and so is the whole emergency family: the question after a fall is asked
 * while its level is still green, and it is the one question that must be heard at night. */
bool prompt_is_hushed(const struct relay_settings *settings, const struct tz *tz, int64_t t_ms,
                      uint8_t family, uint8_t level)
{
    return level < LEVEL_RED && family != FAMILY_EMERGENCY && is_quiet(settings, tz, t_ms);
}

static uint32_t ttl_s(const struct outbox_row *row)
{
    int64_t ttl = (row->expires_ms - row->created_ms) / 1000;
    if (ttl < 1)
        return 1;
    return ttl > TTL_MAX_S ? TTL_MAX_S : (uint32_t)ttl;
}

static uint8_t priority_of(const struct job *job, uint8_t at_least)
{
    uint8_t by_level = job->level == LEVEL_RED      ? PROMPT_RED
                       : job->level == LEVEL_ORANGE ? PROMPT_HIGH
                                                    : PROMPT_NORMAL;
    return by_level > at_least ? by_level : at_least;
}

/* Fills in what is said. ERR_UNSUPPORTED when it must not be, or cannot be. */
static enum err choose_words(const struct relay_context *context, const struct alert *alert,
                             const struct job *job, const struct device *device, struct command_out *command,
                             const char **ret_why)
{
    const struct prompt *prompt = prompt_find(job->prompt);
    if (!prompt) {
        *ret_why = "no such prompt";
        return ERR_UNSUPPORTED;
    }
    uint8_t manner = prompt->manner;
    if (manner == PROMPT_SPEAK &&
        prompt_is_hushed(context->settings, context->tz, context->t_ms, job->family, job->level)) {
        if (device->kind != DEVICE_WRISTBAND) {
            *ret_why = "quiet hours";
            return ERR_UNSUPPORTED;
        }
        manner = PROMPT_DISCREET;
    }
    /* A camera has neither a motor nor a screen: a discreet prompt there would be a loud one. */
    if (manner == PROMPT_DISCREET && device->kind != DEVICE_WRISTBAND) {
        *ret_why = "a camera cannot be discreet";
        return ERR_UNSUPPORTED;
    }
    uint32_t no = listener(context, alert, device);
    const struct resident *resident = no == REGISTRY_NONE ? NULL : registry_resident(context->registry, no);
    const struct prompt_text *text =
        prompt_text_in(prompt, resident ? resident->language : "", context->settings->language);
    command->kind = COMMAND_PROMPT;
    command->prompt_id = prompt->id;
    command->language = text->language;
    command->text = text->text;
    command->manner = manner;
    command->priority = priority_of(job, prompt->priority);
    command->volume_percent = prompt->volume_percent;
    command->repeat = prompt->repeat;
    /* The text is always there to be read; for poor hearing it is also said louder and once more. */
    if (resident && resident->hearing_poor && manner == PROMPT_SPEAK) {
        command->volume_percent = LOUD_PERCENT;
        command->repeat = (uint8_t)(prompt->repeat < REPEAT_MAX ? prompt->repeat + 1 : REPEAT_MAX);
    }
    return ERR_OK;
}

static enum err render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                       struct outbox_row *row, struct buf *body, const char **ret_why)
{
    if (job->device == REGISTRY_NONE || job->device >= registry_count(context->registry, REGISTRY_DEVICE)) {
        *ret_why = "no device";
        return ERR_UNSUPPORTED;
    }
    const struct device *device = registry_device(context->registry, job->device);
    if (device->removed) {
        *ret_why = "device removed";
        return ERR_UNSUPPORTED;
    }
    struct command_out command = {
        .id = job->id,
        .ttl_s = ttl_s(row),
        .expires_ms = row->expires_ms,
        .gateway_time_ms = job->t_ms,
        .exercise = context->settings->exercise,
    };
    if (job->kind == JOB_NOTICE) {
        command.kind = COMMAND_NOTICE;
        command.notice = strcmp(job->prompt, "help-coming") == 0 ? COMMAND_HELP_COMING : COMMAND_HELP_TOLD;
        command.priority = priority_of(job, PROMPT_HIGH);
    } else {
        enum err err = choose_words(context, alert, job, device, &command, ret_why);
        if (err != ERR_OK)
            return err;
    }
    row->device = job->device;
    text_copy(row->target_name, sizeof row->target_name, device->id);
    return command_encode(&command, body);
}

const struct relay relay_prompt = {.channel = CHANNEL_COMMAND, .render = render};
