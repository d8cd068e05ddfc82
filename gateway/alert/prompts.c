#include "alert/prompts.h"

#include <stdio.h>
#include <string.h>

/* Emergency numbers are written as they are said in Chinese (yao-yao-ling), because speech engines read 110
 * as "one hundred and ten". */
static const struct prompt entries[] = {
    {.id = "sos-heard",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_RED,
     .volume_percent = 100,
     .repeat = 2,
     .text_count = 2,
     .texts =
         {{.language = "zh",
           .text = "您的求助已经收到，正在通知人来帮您。请不要着急，待在安全的地方。情况危急时，也可以拨打幺"
                   "幺零。"},
          {.language = "en",
           .text =
               "Your call for help has been received, and people are being told now. Please stay calm and "
               "stay where you are "
               "safe. If you are in danger you can also dial one one zero."}}},
    {.id = "fall-check",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_RED,
     .volume_percent = 100,
     .repeat = 2,
     .text_count = 2,
     .texts = {{.language = "zh",
                .text =
                    "手环感觉到您可能摔倒了，情况待核实。如果您没事，请按取消键。如果没有回应，我们会马上请"
                    "人来看您。"},
               {.language = "en",
                .text = "Your wristband noticed what may be a fall; this is still to be verified. If you are "
                        "fine, please press cancel. "
                        "If there is no answer, someone will be asked to come and see you."}}},
    {.id = "visitor-discreet",
     .manner = PROMPT_DISCREET,
     .priority = PROMPT_NORMAL,
     .volume_percent = 0,
     .repeat = 1,
     .text_count = 2,
     .texts = {{.language = "zh",
                .text = "家里来客的情况待核实。付钱、签字、交证件都不用急，可以先问问家人或村里。"},
               {.language = "en",
                .text =
                    "The visit at your home is still to be verified. There is no hurry to pay, to sign or "
                    "to hand over papers: you can "
                    "ask your family or the village first."}}},
    {.id = "outing-check",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_HIGH,
     .volume_percent = 80,
     .repeat = 1,
     .answer_s = 600,
     .text_count = 2,
     .texts = {{.language = "zh",
                .text = "您好，您现在离平时常去的地方有些远，情况待核实。如果需要帮忙，请按求助键。"},
               {.language = "en",
                .text = "Hello. You seem to be away from the places you usually go to; this is still to be "
                        "verified. If you need help, "
                        "please press the help button."}}},
    {.id = "help-told",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_HIGH,
     .volume_percent = 100,
     .repeat = 1,
     .text_count = 2,
     .texts = {{.language = "zh", .text = "已经有人知道您的求助了，请安心等一等。"},
               {.language = "en",
                .text = "A person knows about your call for help now. Please wait calmly."}}},
    {.id = "visitor-aloud",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_HIGH,
     .volume_percent = 100,
     .repeat = 1,
     .answer_s = 300,
     .text_count = 2,
     .texts = {{.language = "zh",
                .text = "您好，这里是社区值班室。家里来客的情况待核实，请先不要付钱、签字，也不要跟着出门。"
                        "值班员马上会打电话来。"},
               {.language = "en",
                .text = "Hello, this is the community desk. The visit at this home is still to be verified. "
                        "Please do not pay or sign anything and do not leave with anybody yet. We will call "
                        "you in a moment."}}},
    {.id = "anti-fraud-line",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_NORMAL,
     .volume_percent = 80,
     .repeat = 1,
     .text_count = 2,
     .texts = {{.language = "zh",
                .text = "县里提醒您：不听、不信、不转账、不汇款。拿不准的时候，先问问家人和村里。",
                .personal =
                    "{name}，县里提醒您：不听、不信、不转账、不汇款。拿不准的时候，先问问家人和村里。"},
               {.language = "en",
                .text = "A word from the county: do not listen, do not believe, do not transfer, do not "
                        "remit. When in "
                        "doubt, ask your family or the village first.",
                .personal =
                    "{name}, a word from the county: do not listen, do not believe, do not transfer, do not "
                    "remit. When in doubt, ask your family or the village first."}}},
};

const struct prompt_catalogue prompts_builtin = {
    .prompts = entries, .count = sizeof entries / sizeof *entries, .version = "built-in"};

const char *prompt_manner_name(unsigned manner)
{
    static const char *const names[] = {
#define X(name, text) [PROMPT_##name] = #text,
        PROMPT_MANNER_MAP(X)
#undef X
    };
    return manner < sizeof names / sizeof *names ? names[manner] : NULL;
}

const char *prompt_priority_name(unsigned priority)
{
    static const char *const names[] = {
#define X(name, text) [PROMPT_##name] = #text,
        PROMPT_PRIORITY_MAP(X)
#undef X
    };
    return priority < sizeof names / sizeof *names ? names[priority] : NULL;
}

const struct prompt *prompt_find(const struct prompt_catalogue *catalogue, const char *id)
{
    if (!catalogue)
        catalogue = &prompts_builtin;
    for (size_t i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->prompts[i].id, id) == 0)
            return &catalogue->prompts[i];
    return NULL;
}

const struct prompt *prompt_chosen(const struct prompt_catalogue *catalogue, const char *id,
                                   const char *detector, unsigned level)
{
    if (!catalogue)
        catalogue = &prompts_builtin;
    const struct prompt *best = NULL;
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct prompt *prompt = &catalogue->prompts[i];
        bool fits = strcmp(prompt->instead_of, id) == 0 && level >= prompt->level &&
                    (!prompt->detector[0] || strcmp(prompt->detector, detector) == 0);
        /* The one that names the detector goes first, then the one that asks for the higher level. */
        bool better = !best || (prompt->detector[0] && !best->detector[0]) ||
                      (!prompt->detector[0] == !best->detector[0] && prompt->level > best->level);
        if (fits && better)
            best = prompt;
    }
    return best ? best : prompt_find(catalogue, id);
}

static const struct prompt_text *find_language(const struct prompt *prompt, const char *language, size_t len)
{
    for (size_t i = 0; i < prompt->text_count; i++)
        if (strlen(prompt->texts[i].language) == len && memcmp(prompt->texts[i].language, language, len) == 0)
            return &prompt->texts[i];
    return NULL;
}

const struct prompt_text *prompt_text_in(const struct prompt *prompt, const char *wanted,
                                         const char *fallback)
{
    const struct prompt_text *text = find_language(prompt, wanted, strlen(wanted));
    if (!text)
        text = find_language(prompt, wanted, strcspn(wanted, "-_"));
    if (!text)
        text = find_language(prompt, fallback, strcspn(fallback, "-_"));
    return text ? text : &prompt->texts[0];
}

static const char name_hole[] = "{name}", time_hole[] = "{time}";

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool prompt_has_holes(const char *text)
{
    return strchr(text, '{') != NULL;
}

int prompt_bad_hole(const char *text, bool may_name)
{
    for (const char *at = text; (at = strpbrk(at, "{}")) != NULL; at++) {
        if (begins(at, time_hole) || (may_name && begins(at, name_hole)))
            at = strchr(at, '}');
        else
            return (int)(at - text);
    }
    return -1;
}

bool prompt_fill(const char *text, const char *name, const char *time, char filled[PROMPT_TEXT_SIZE])
{
    char made[PROMPT_TEXT_SIZE];
    size_t len = 0;
    for (const char *at = text; *at;) {
        const char *with = begins(at, name_hole) ? name : begins(at, time_hole) ? time : NULL;
        size_t step = with ? strlen(with) : 1;
        if (with && !*with)
            return false;
        if (len + step >= sizeof made)
            return false;
        memcpy(made + len, with ? with : at, step);
        len += step;
        at += with ? strlen(name_hole) : 1; /* both are as long */
    }
    made[len] = '\0';
    memcpy(filled, made, len + 1);
    return true;
}

_Static_assert(sizeof name_hole == sizeof time_hole, "prompt_fill steps over both alike");

/* Is the minute in [from, to)? The span may cross midnight. */
static bool is_within(unsigned minute, unsigned from, unsigned to)
{
    return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

bool prompt_is_quiet(const struct prompt_quiet *quiet, const struct tz *tz, int64_t t_ms)
{
    struct civil local;
    clock_civil(tz, t_ms, &local);
    unsigned minute = (unsigned)(local.hour * 60 + local.minute);
    return is_within(minute, quiet->from_minute, quiet->to_minute) ||
           is_within(minute, quiet->rest_from_minute, quiet->rest_to_minute);
}

/* A step is a minute, and it is looked for once a campaign's step at most: 2,880 cheap looks in the worst
 * case.
 */
int64_t prompt_quiet_change_ms(const struct prompt_quiet *quiet, const struct tz *tz, int64_t t_ms,
                               bool wanted)
{
    enum { MINUTE_MS = 60000, STEPS = 2 * 1440 };
    int64_t at_ms = t_ms;
    for (unsigned i = 0; i < STEPS && prompt_is_quiet(quiet, tz, at_ms) != wanted; i++)
        at_ms = (at_ms / MINUTE_MS + 1) * MINUTE_MS;
    return at_ms;
}
