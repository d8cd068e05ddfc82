#include <string.h>

#include "device.h"

#define STATE(name)    HUYANG__V1__COMMAND_STATE__COMMAND_STATE_##name
#define REASON(name)   HUYANG__V1__FAIL_REASON__FAIL_REASON_##name
#define PRIORITY(name) HUYANG__V1__PRIORITY__PRIORITY_##name

enum { STATES = STATE(CANCELLED) + 1, PLAY_BASE_MS = 60000, PLAY_EACH_MS = 180000 };

/* A state that has ended never changes; what has begun to play no longer expires. */
static const uint8_t transitions[STATES][DEVICE_COMMAND_INPUTS] = {
    [STATE(UNSPECIFIED)] = {[DEVICE_COMMAND_ARRIVE] = STATE(RECEIVED),
                            [DEVICE_COMMAND_START] = STATE(UNSPECIFIED),
                            [DEVICE_COMMAND_DONE] = STATE(UNSPECIFIED),
                            [DEVICE_COMMAND_ERROR] = STATE(FAILED),
                            [DEVICE_COMMAND_DEADLINE] = STATE(EXPIRED),
                            [DEVICE_COMMAND_CANCEL] = STATE(CANCELLED),
                            [DEVICE_COMMAND_PREEMPT] = STATE(FAILED)},
    [STATE(RECEIVED)] = {[DEVICE_COMMAND_ARRIVE] = STATE(RECEIVED),
                         [DEVICE_COMMAND_START] = STATE(PLAYING),
                         [DEVICE_COMMAND_DONE] = STATE(PLAYED),
                         [DEVICE_COMMAND_ERROR] = STATE(FAILED),
                         [DEVICE_COMMAND_DEADLINE] = STATE(EXPIRED),
                         [DEVICE_COMMAND_CANCEL] = STATE(CANCELLED),
                         [DEVICE_COMMAND_PREEMPT] = STATE(FAILED)},
    [STATE(PLAYING)] = {[DEVICE_COMMAND_ARRIVE] = STATE(PLAYING),
                        [DEVICE_COMMAND_START] = STATE(PLAYING),
                        [DEVICE_COMMAND_DONE] = STATE(PLAYED),
                        [DEVICE_COMMAND_ERROR] = STATE(FAILED),
                        [DEVICE_COMMAND_DEADLINE] = STATE(PLAYING),
                        [DEVICE_COMMAND_CANCEL] = STATE(CANCELLED),
                        [DEVICE_COMMAND_PREEMPT] = STATE(FAILED)},
};

Huyang__V1__CommandState device_command_next(Huyang__V1__CommandState state, enum device_command_input input)
{
    if ((unsigned)state > STATE(PLAYING) || (unsigned)input >= DEVICE_COMMAND_INPUTS)
        return state;
    return (Huyang__V1__CommandState)transitions[state][input];
}

static bool ended(Huyang__V1__CommandState state)
{
    return (unsigned)state > STATE(PLAYING);
}

static void tell_status(struct device_core *device, const char *id, enum device_lane lane,
                        Huyang__V1__CommandState state, Huyang__V1__FailReason reason, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_COMMAND_STATUS};

    device_id_copy(event.command_status.command_id, id);
    event.command_status.state = state;
    event.command_status.reason = reason;
    (void)device_report_in(device, lane, &event, 1, now_ms); /* a failing flash is counted there */
    device_tell(
        device,
        &(struct device_note){
            .kind = DEVICE_NOTE_COMMAND, .lane = lane, .id = id, .state = (int)state, .reason = (int)reason});
}

/* Ends a command: remembered first, then told, then remembered as told. */
static void finish(struct device_core *device, const char *id, enum device_lane lane,
                   Huyang__V1__CommandState state, Huyang__V1__FailReason reason, int64_t now_ms)
{
    (void)device_ledger_end(&device->ledger, id, (uint8_t)state, (uint8_t)reason);
    tell_status(device, id, lane, state, reason, now_ms);
    (void)device_ledger_told(&device->ledger, id);
}

static enum device_lane lane_of(Huyang__V1__Priority priority)
{
    return priority >= PRIORITY(HIGH) ? DEVICE_URGENT : DEVICE_ROUTINE;
}

static void apply(struct device_core *device, struct device_command *slot, enum device_command_input input,
                  Huyang__V1__FailReason reason, int64_t now_ms)
{
    Huyang__V1__CommandState next = device_command_next(slot->state, input);
    enum device_lane lane = lane_of(slot->priority);
    char id[DEVICE_ID_MAX + 1];

    if (next == slot->state)
        return;
    slot->state = next;
    if (!ended(next)) {
        tell_status(device, slot->prompt.command_id, lane, next, 0, now_ms);
        return;
    }
    memcpy(id, slot->prompt.command_id, sizeof id);
    if (slot->token && input != DEVICE_COMMAND_DONE && device->config.hal.stop)
        device->config.hal.stop(device->config.hal.context, slot->token);
    memset(slot, 0, sizeof *slot);
    finish(device, id, lane, next, next == STATE(FAILED) ? reason : 0, now_ms);
}

void device_commands_recover(struct device_core *device, int64_t now_ms)
{
    for (size_t i = 0; i < DEVICE_LEDGER_OPEN_MAX; i++) {
        struct device_ledger_entry entry = device->ledger.open[i];
        enum device_lane lane = entry.lane == DEVICE_URGENT ? DEVICE_URGENT : DEVICE_ROUTINE;

        if (!entry.hash)
            continue;
        if (entry.state == STATE(RECEIVED)) {
            finish(device, entry.id, lane, STATE(FAILED), REASON(UNSPECIFIED), now_ms);
        } else {
            tell_status(device, entry.id, lane, (Huyang__V1__CommandState)entry.state,
                        (Huyang__V1__FailReason)entry.reason, now_ms);
            (void)device_ledger_told(&device->ledger, entry.id);
        }
    }
}

/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; and no control characters. */
static bool text_valid(const char *text)
{
    for (const uint8_t *at = (const uint8_t *)text; *at;) {
        uint32_t lead = *at++, more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1, code;

        if (lead < 0x80) {
            if (lead < 0x20 || lead == 0x7f)
                return false;
            continue;
        }
        if (lead < 0xc2 || lead > 0xf4)
            return false;
        code = lead & (0x3fu >> more);
        for (uint32_t i = 0; i < more; i++, at++) {
            if ((*at & 0xc0) != 0x80)
                return false;
            code = code << 6 | (*at & 0x3fu);
        }
        if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) || code > 0x10ffff ||
            (code >= 0xd800 && code <= 0xdfff) || code < 0xa0)
            return false;
    }
    return true;
}

static bool copy_text(char *to, size_t capacity, const char *from)
{
    size_t length = strlen(from);

    if (length >= capacity)
        return false;
    memcpy(to, from, length + 1);
    return true;
}

/* A list of gates: whatever a prompt has out of its bounds makes it one this device cannot do. */
static bool copy_prompt(struct device_prompt *to, const Huyang__V1__Command *command)
{
    const Huyang__V1__Prompt *from = command->prompt;

    memset(to, 0, sizeof *to);
    if (!copy_text(to->command_id, sizeof to->command_id, command->id))
        return false;
    if (*from->prompt_id && (!device_id_valid(from->prompt_id) ||
                             !copy_text(to->prompt_id, sizeof to->prompt_id, from->prompt_id)))
        return false;
    if (*from->language && !device_id_valid(from->language))
        return false;
    if (!copy_text(to->language, sizeof to->language, from->language))
        return false;
    if (!text_valid(from->text) || !copy_text(to->text, sizeof to->text, from->text))
        return false;
    if (*from->clip && (!device_id_valid(from->clip) || !copy_text(to->clip, sizeof to->clip, from->clip)))
        return false;
    if (from->clip_sha256.len != 0 && from->clip_sha256.len != sizeof to->clip_sha256)
        return false;
    if (from->volume_percent > 100 || (!*from->text && !*from->clip))
        return false;
    to->has_digest = from->clip_sha256.len != 0;
    if (to->has_digest)
        memcpy(to->clip_sha256, from->clip_sha256.data, sizeof to->clip_sha256);
    to->clip_bytes = from->clip_bytes;
    to->light = from->manner == HUYANG__V1__MANNER__MANNER_VISIBLE;
    to->volume_percent = (uint8_t)from->volume_percent;
    to->repeat = (uint8_t)(from->repeat < 1 ? 1 : from->repeat > 5 ? 5 : from->repeat);
    to->exercise = command->exercise;
    return true;
}

static struct device_command *slot_of(struct device_core *device, const char *id)
{
    for (size_t i = 0; i < DEVICE_COMMAND_SLOTS; i++) {
        struct device_command *slot = &device->commands.slots[i];

        if (slot->state && strcmp(slot->prompt.command_id, id) == 0)
            return slot;
    }
    return NULL;
}

/* A free slot, if need be that of the least important one that waits, when it is less important than this. */
static struct device_command *take_slot(struct device_core *device, Huyang__V1__Priority priority,
                                        int64_t now_ms)
{
    struct device_command *least = NULL;

    for (size_t i = 0; i < DEVICE_COMMAND_SLOTS; i++) {
        struct device_command *slot = &device->commands.slots[i];

        if (!slot->state)
            return slot;
        if (!slot->token && slot->priority < priority &&
            (!least || slot->priority < least->priority ||
             (slot->priority == least->priority && slot->order > least->order)))
            least = slot;
    }
    if (least)
        apply(device, least, DEVICE_COMMAND_PREEMPT, REASON(BUSY), now_ms);
    return least;
}

/* A command's rank, and its end as in struct device_command. */
struct times {
    Huyang__V1__Priority priority;
    int64_t deadline_ms, expires_ms;
};

/* What came of a command that is done at once. */
struct outcome {
    bool waits; /* it has a slot now */
    bool done;
    Huyang__V1__FailReason reason;
};

static struct outcome begin_prompt(struct device_core *device, const Huyang__V1__Command *command,
                                   const struct times *times, int64_t now_ms)
{
    const struct device_hal *hal = &device->config.hal;
    /* Nobody needs the record's buffer before something is stored: take_slot() may do that. */
    struct device_prompt *prompt = (struct device_prompt *)device->config.scratch->record;
    struct device_command *slot;

    if (!copy_prompt(prompt, command))
        return (struct outcome){.reason = REASON(UNSUPPORTED)};
    if (command->prompt->manner == HUYANG__V1__MANNER__MANNER_DISCREET || prompt->light)
        return (struct outcome){.done = hal->show && hal->show(hal->context, prompt),
                                .reason = REASON(UNSUPPORTED)};
    slot = take_slot(device, times->priority, now_ms);
    if (!slot)
        return (struct outcome){.reason = REASON(BUSY)};
    slot->state = STATE(RECEIVED);
    slot->priority = times->priority;
    slot->token = 0;
    slot->deadline_ms = times->deadline_ms;
    slot->expires_ms = times->expires_ms;
    (void)copy_prompt(&slot->prompt, command); /* it fitted above */
    slot->order = ++device->commands.next_order;
    return (struct outcome){.waits = true};
}

static struct outcome begin_cancel(struct device_core *device, const char *target, enum device_lane lane,
                                   int64_t now_ms)
{
    struct device_command *slot;

    if (!device_id_valid(target))
        return (struct outcome){.reason = REASON(UNSUPPORTED)};
    slot = slot_of(device, target);
    if (slot) {
        apply(device, slot, DEVICE_COMMAND_CANCEL, 0, now_ms);
    } else if (!device_ledger_knows(&device->ledger, target)) {
        /* It overtook the command: when that comes, it is known already. */
        (void)device_ledger_take(&device->ledger, target, (uint8_t)lane);
        finish(device, target, lane, STATE(CANCELLED), 0, now_ms);
    }
    return (struct outcome){.done = true};
}

static struct outcome begin_notice(struct device_core *device, Huyang__V1__NoticeKind kind)
{
    const struct device_hal *hal = &device->config.hal;

    if (!hal->indicate || (kind != HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_TOLD &&
                           kind != HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_COMING))
        return (struct outcome){.reason = REASON(UNSUPPORTED)};
    hal->indicate(hal->context, kind == HUYANG__V1__NOTICE_KIND__NOTICE_KIND_HELP_TOLD
                                    ? DEVICE_INDICATE_HELP_TOLD
                                    : DEVICE_INDICATE_HELP_COMING);
    return (struct outcome){.done = true};
}

static struct outcome begin(struct device_core *device, const Huyang__V1__Command *command,
                            const struct times *times, int64_t now_ms)
{
    const struct device_app *app = &device->app;
    struct outcome outcome = {.reason = REASON(UNSUPPORTED)};

    switch (command->kind_case) {
    case HUYANG__V1__COMMAND__KIND_PROMPT: return begin_prompt(device, command, times, now_ms);
    case HUYANG__V1__COMMAND__KIND_CANCEL:
        return begin_cancel(device, command->cancel->command_id, lane_of(times->priority), now_ms);
    case HUYANG__V1__COMMAND__KIND_LOCATE_NOW:
        outcome.done = app->locate && app->locate(app->context, now_ms);
        break;
    case HUYANG__V1__COMMAND__KIND_SET_REPORT_INTERVAL:
        outcome.done =
            app->set_interval && app->set_interval(app->context, command->set_report_interval->interval_s,
                                                   command->set_report_interval->duration_s, now_ms);
        break;
    case HUYANG__V1__COMMAND__KIND_NOTICE: return begin_notice(device, command->notice->notice_kind);
    case HUYANG__V1__COMMAND__KIND_RESTART: outcome.done = device->config.hal.restart; break;
    default: break;
    }
    return outcome;
}

/* Its end is the earlier of the two; without a clock the absolute one is taken
 * as the whole life that the gateway gave it. */
static struct times times_of(const struct device_core *device, const Huyang__V1__Command *command,
                             int64_t now_ms)
{
    struct times times = {.expires_ms = command->expires_ms};

    times.priority = command->priority == PRIORITY(HIGH) || command->priority == PRIORITY(RED)
                         ? command->priority
                         : PRIORITY(NORMAL);
    times.deadline_ms = now_ms + (int64_t)command->ttl_s * 1000;
    if (command->expires_ms > 0 && command->gateway_time_ms > 0 && device_wall(device, now_ms) == 0) {
        int64_t left_ms = command->expires_ms > command->gateway_time_ms
                              ? command->expires_ms - command->gateway_time_ms
                              : 0;

        if (left_ms < times.deadline_ms - now_ms)
            times.deadline_ms = now_ms + left_ms;
    }
    return times;
}

static bool expired(const struct device_core *device, int64_t deadline_ms, int64_t expires_ms, int64_t now_ms)
{
    int64_t wall_ms = device_wall(device, now_ms);

    return now_ms >= deadline_ms || (expires_ms > 0 && wall_ms > 0 && wall_ms >= expires_ms);
}

static void take_command(struct device_core *device, const Huyang__V1__Command *command, int64_t now_ms)
{
    struct times times = times_of(device, command, now_ms);
    enum device_lane lane = lane_of(times.priority);
    struct outcome outcome;

    /* What cannot be remembered is not acted on: after a reboot it would be done twice. */
    if (device_ledger_take(&device->ledger, command->id, (uint8_t)lane)) {
        finish(device, command->id, lane, STATE(FAILED), REASON(UNSPECIFIED), now_ms);
        return;
    }
    if (command->ttl_s < 1 || command->ttl_s > DEVICE_TTL_MAX_S) {
        finish(device, command->id, lane, STATE(FAILED), REASON(UNSUPPORTED), now_ms);
        return;
    }
    if (expired(device, times.deadline_ms, times.expires_ms, now_ms)) {
        finish(device, command->id, lane, STATE(EXPIRED), 0, now_ms);
        return;
    }
    tell_status(device, command->id, lane, STATE(RECEIVED), 0, now_ms);
    outcome = begin(device, command, &times, now_ms);
    if (!outcome.waits)
        finish(device, command->id, lane, outcome.done ? STATE(PLAYED) : STATE(FAILED),
               outcome.done ? 0 : outcome.reason, now_ms);
    if (outcome.done && command->kind_case == HUYANG__V1__COMMAND__KIND_RESTART)
        device->config.hal.restart(device->config.hal.context);
}

void device_commands_message(struct device_core *device, const uint8_t *bytes, size_t length, int64_t now_ms)
{
    ProtobufCAllocator allocator = device_arena_allocator(&device->arena);
    const Huyang__V1__Command *command =
        length <= DEVICE_COMMAND_BYTES_MAX ? huyang__v1__command__unpack(&allocator, length, bytes) : NULL;

    if (!command || !device_id_valid(command->id)) {
        device->commands.malformed++;
        return;
    }
    if (device_ledger_knows(&device->ledger, command->id)) {
        device->commands.duplicates++;
        return;
    }
    take_command(device, command, now_ms);
    device_commands_run(device, now_ms);
}

/* The one that plays, and the next to play. */
static struct device_command *find(struct device_core *device, struct device_command **ret_playing)
{
    struct device_command *best = NULL;

    *ret_playing = NULL;
    for (size_t i = 0; i < DEVICE_COMMAND_SLOTS; i++) {
        struct device_command *slot = &device->commands.slots[i];

        if (slot->token)
            *ret_playing = slot;
        else if (slot->state &&
                 (!best || slot->priority > best->priority ||
                  (slot->priority == best->priority && (int32_t)(slot->order - best->order) < 0)))
            best = slot;
    }
    return best;
}

static void start(struct device_core *device, struct device_command *slot, int64_t now_ms)
{
    const struct device_hal *hal = &device->config.hal;
    Huyang__V1__FailReason reason = REASON(UNSUPPORTED);

    if (++device->commands.next_token == 0)
        device->commands.next_token = 1;
    if (hal->play)
        reason = hal->play(hal->context, device->commands.next_token, &slot->prompt);
    if (reason) {
        apply(device, slot, DEVICE_COMMAND_ERROR, reason, now_ms);
        return;
    }
    slot->token = device->commands.next_token;
    slot->deadline_ms = now_ms + PLAY_BASE_MS + (int64_t)slot->prompt.repeat * PLAY_EACH_MS;
}

void device_commands_run(struct device_core *device, int64_t now_ms)
{
    struct device_command *playing, *next;

    for (size_t i = 0; i < DEVICE_COMMAND_SLOTS; i++) {
        struct device_command *slot = &device->commands.slots[i];

        if (!slot->state)
            continue;
        if (slot->token && now_ms >= slot->deadline_ms)
            apply(device, slot, DEVICE_COMMAND_ERROR, REASON(SPEAKER), now_ms);
        else if (!slot->token && expired(device, slot->deadline_ms, slot->expires_ms, now_ms))
            apply(device, slot, DEVICE_COMMAND_DEADLINE, 0, now_ms);
    }
    while ((next = find(device, &playing)) != NULL) {
        if (playing && (next->priority != PRIORITY(RED) || playing->priority == PRIORITY(RED)))
            return;
        if (playing)
            apply(device, playing, DEVICE_COMMAND_PREEMPT, REASON(BUSY), now_ms);
        start(device, next, now_ms);
    }
}

void device_commands_speaker(struct device_core *device, uint32_t token, enum device_speaker_event event,
                             Huyang__V1__FailReason reason, int64_t now_ms)
{
    for (size_t i = 0; i < DEVICE_COMMAND_SLOTS; i++) {
        struct device_command *slot = &device->commands.slots[i];

        if (token == 0 || slot->token != token)
            continue;
        switch (event) {
        case DEVICE_SPEAKER_STARTED: apply(device, slot, DEVICE_COMMAND_START, 0, now_ms); break;
        case DEVICE_SPEAKER_DONE: apply(device, slot, DEVICE_COMMAND_DONE, 0, now_ms); break;
        case DEVICE_SPEAKER_FAILED: apply(device, slot, DEVICE_COMMAND_ERROR, reason, now_ms); break;
        }
        device_commands_run(device, now_ms);
        return;
    }
}

int64_t device_commands_deadline(const struct device_core *device, int64_t now_ms)
{
    int64_t deadline = INT64_MAX, wall_ms = device_wall(device, now_ms);

    for (size_t i = 0; i < DEVICE_COMMAND_SLOTS; i++) {
        const struct device_command *slot = &device->commands.slots[i];

        if (!slot->state)
            continue;
        if (slot->deadline_ms < deadline)
            deadline = slot->deadline_ms;
        if (!slot->token && slot->expires_ms > 0 && wall_ms > 0 &&
            slot->expires_ms - wall_ms < deadline - now_ms)
            deadline = now_ms + (slot->expires_ms - wall_ms);
    }
    return deadline;
}
