/* PROMPT, NOTICE, HUSH, LOCATE, INTERVAL and RESTART jobs -> a command to a device. */
#include <stdio.h>
#include <string.h>

#include "alert/prompts.h"
#include "relay/command.h"
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

struct prompt_quiet relay_quiet(const struct relay_settings *settings)
{
    return (struct prompt_quiet){.from_minute = settings->quiet_from_minute,
                                 .to_minute = settings->quiet_to_minute,
                                 .rest_from_minute = settings->rest_from_minute,
                                 .rest_to_minute = settings->rest_to_minute};
}

/* Red is exempt from quiet hours, and so is the whole emergency family: the question after a fall is asked
 * while its level is still green, and it is the one question that must be heard at night. */
bool prompt_is_hushed(const struct relay_settings *settings, const struct tz *tz, int64_t t_ms,
                      uint8_t family, uint8_t level)
{
    const struct prompt_quiet quiet = relay_quiet(settings);
    return level < LEVEL_RED && family != FAMILY_EMERGENCY && prompt_is_quiet(&quiet, tz, t_ms);
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

/* How it can be said here and now. ERR_UNSUPPORTED with the reason when it cannot. */
static enum err choose_manner(const struct relay_context *context, const struct job *job,
                              const struct device *device, const struct resident *resident,
                              const struct prompt *prompt, uint8_t *ret_manner, const char **ret_why)
{
    bool wristband = device->kind == DEVICE_WRISTBAND;
    bool hushed = prompt->manner == PROMPT_SPEAK &&
                  prompt_is_hushed(context->settings, context->tz, context->t_ms, job->family, job->level);
    if (!wristband && hushed)
        *ret_why = "quiet hours";
    /* A camera has neither a motor nor a screen: a discreet prompt there would be a loud one. */
    else if (!wristband && prompt->manner == PROMPT_DISCREET)
        *ret_why = "a camera cannot be discreet";
    else if (!wristband && resident && resident->hearing_poor == ABILITY_NONE)
        *ret_why = "the resident does not hear";
    else {
        *ret_manner = prompt->manner == PROMPT_DISCREET || hushed          ? COMMAND_DISCREETLY
                      : resident && resident->hearing_poor == ABILITY_NONE ? COMMAND_VISIBLY
                                                                           : COMMAND_ALOUD;
        return ERR_OK;
    }
    return ERR_UNSUPPORTED;
}

/* The person's own name, and only on the band that this person wears: a spare band, a camera, or somebody
 * else's alert gets the text that names nobody. */
static const char *own_name(const struct relay_context *context, uint32_t resident,
                            const struct device *device)
{
    if (device->kind != DEVICE_WRISTBAND || resident == REGISTRY_NONE || device->resident != resident)
        return "";
    return registry_vault(context->registry, REGISTRY_RESIDENT, resident, "name");
}

/* `text` is kept by the caller for as long as the command. */
static void choose_text(const struct relay_context *context, uint32_t resident, const struct device *device,
                        const struct prompt_text *chosen, struct command_out *command,
                        char text[PROMPT_TEXT_SIZE], struct prompt_spoken *spoken)
{
    struct civil local;
    char time[16];
    clock_civil(context->tz, context->t_ms, &local);
    snprintf(time, sizeof time, "%d:%02d", local.hour, local.minute);
    spoken->named =
        *chosen->personal && prompt_fill(chosen->personal, own_name(context, resident, device), time, text);
    if (!spoken->named && !prompt_fill(chosen->text, "", time, text))
        (void)text_copy(text, PROMPT_TEXT_SIZE, chosen->text);
    command->text = text;
    command->language = chosen->language;
    (void)text_copy(spoken->language, sizeof spoken->language, chosen->language);
    /* A drill says so first, which no clip does. */
    if (command->manner != COMMAND_ALOUD || spoken->named || !chosen->clip.bytes || command->exercise)
        return;
    command->clip_sha256 = chosen->clip.sha256;
    command->clip_bytes = chosen->clip.bytes;
    memcpy(spoken->clip, chosen->clip.sha256, sizeof spoken->clip);
}

/* Fills in what is said. ERR_UNSUPPORTED when it must not be, or cannot be. */
static enum err choose_words(const struct relay_context *context, const struct alert *alert,
                             const struct job *job, const struct device *device, struct command_out *command,
                             char text[PROMPT_TEXT_SIZE], struct prompt_spoken *spoken, const char **ret_why)
{
    const struct prompt *prompt = prompt_find(context->prompts, job->prompt);
    if (!prompt) {
        *ret_why = "no such prompt";
        return ERR_UNSUPPORTED;
    }
    uint32_t no = listener(context, alert, device);
    const struct resident *resident = no == REGISTRY_NONE ? NULL : registry_resident(context->registry, no);
    enum err err = choose_manner(context, job, device, resident, prompt, &command->manner, ret_why);
    if (err != ERR_OK)
        return err;
    command->kind = COMMAND_PROMPT;
    command->prompt_id = prompt->id;
    command->priority = priority_of(job, prompt->priority);
    command->volume_percent = prompt->volume_percent;
    command->repeat = prompt->repeat;
    choose_text(context, no, device,
                prompt_text_in(prompt, resident ? resident->language : "", context->settings->language),
                command, text, spoken);
    /* The text is always there to be read; for poor hearing it is also said louder and once more. */
    if (resident && resident->hearing_poor && command->manner == COMMAND_ALOUD) {
        command->volume_percent = LOUD_PERCENT;
        command->repeat = (uint8_t)(prompt->repeat < REPEAT_MAX ? prompt->repeat + 1 : REPEAT_MAX);
    }
    (void)text_copy(spoken->prompt, sizeof spoken->prompt, prompt->id);
    (void)text_copy(spoken->catalogue, sizeof spoken->catalogue,
                    context->prompts ? context->prompts->version : prompts_builtin.version);
    spoken->manner = command->manner;
    return ERR_OK;
}

/* What is done without a word to anybody. Its answers travel on the urgent lane when somebody waits for it.
 */
static enum err choose_deed(const struct job *job, struct command_out *command, const char **ret_why)
{
    int64_t interval_s = 0, duration_s = 0;
    char text[ID_SIZE];
    (void)text_copy(text, sizeof text, job->prompt);
    char *duration = strchr(text, '/');
    command->priority = job->kind == JOB_LOCATE ? PROMPT_HIGH : PROMPT_NORMAL;
    command->kind = job->kind == JOB_LOCATE     ? COMMAND_LOCATE
                    : job->kind == JOB_INTERVAL ? COMMAND_INTERVAL
                                                : COMMAND_RESTART;
    if (duration)
        *duration++ = '\0';
    if (job->kind == JOB_INTERVAL &&
        (!duration || !text_to_int(text, FLEET_INTERVAL_LEAST_S, FLEET_INTERVAL_MOST_S, &interval_s) ||
         !text_to_int(duration, 0, FLEET_INTERVAL_MOST_S, &duration_s))) {
        *ret_why = "no interval";
        return ERR_UNSUPPORTED;
    }
    command->interval_s = (uint32_t)interval_s;
    command->duration_s = (uint32_t)duration_s;
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
        .exercise = relay_is_exercise(context),
    };
    struct prompt_spoken spoken = {.prompt = ""};
    char text[PROMPT_TEXT_SIZE];
    if (job->kind == JOB_NOTICE) {
        command.kind = COMMAND_NOTICE;
        command.notice = strcmp(job->prompt, "help-coming") == 0 ? COMMAND_HELP_COMING : COMMAND_HELP_TOLD;
        command.priority = priority_of(job, PROMPT_HIGH);
    } else if (job->kind == JOB_HUSH) {
        command.kind = COMMAND_CANCEL;
        command.target = job->prompt;
        command.priority = PROMPT_RED; /* what plays falls silent now, whatever waits */
    } else if (job->kind == JOB_LOCATE || job->kind == JOB_INTERVAL || job->kind == JOB_RESTART) {
        enum err err = choose_deed(job, &command, ret_why);
        if (err != ERR_OK)
            return err;
    } else {
        enum err err = choose_words(context, alert, job, device, &command, text, &spoken, ret_why);
        if (err != ERR_OK)
            return err;
    }
    row->device = job->device;
    text_copy(row->target_name, sizeof row->target_name, device->id);
    if (context->spoken)
        *context->spoken = spoken;
    return command_encode(&command, body);
}

const struct relay relay_prompt = {.channel = CHANNEL_COMMAND, .render = render};
