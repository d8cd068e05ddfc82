#include "relay/prompts.h"

#include <string.h>

/* Emergency numbers are written as they are said in Chinese (yao-yao-ling), because speech engines read 110
 * as "one hundred and ten". */
static const struct prompt catalogue[] = {
    {.id = "sos-heard",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_RED,
     .volume_percent = 100,
     .repeat = 2,
     .texts =
         {{"zh",
           "您的求助已经收到，正在通知人来帮您。请不要着急，待在安全的地方。情况危急时，也可以拨打幺幺零。"},
          {"en", "Your call for help has been received, and people are being told now. Please stay calm and "
                 "stay where you are "
                 "safe. If you are in danger you can also dial one one zero."}}},
    {.id = "fall-check",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_RED,
     .volume_percent = 100,
     .repeat = 2,
     .texts = {{"zh", "手环感觉到您可能摔倒了，情况待核实。如果您没事，请按取消键。如果没有回应，我们会马上请"
                      "人来看您。"},
               {"en", "Your wristband noticed what may be a fall; this is still to be verified. If you are "
                      "fine, please press cancel. "
                      "If there is no answer, someone will be asked to come and see you."}}},
    {.id = "visitor-discreet",
     .manner = PROMPT_DISCREET,
     .priority = PROMPT_NORMAL,
     .volume_percent = 0,
     .repeat = 1,
     .texts = {{"zh", "家里来客的情况待核实。付钱、签字、交证件都不用急，可以先问问家人或村里。"},
               {"en", "The visit at your home is still to be verified. There is no hurry to pay, to sign or "
                      "to hand over papers: you can "
                      "ask your family or the village first."}}},
    {.id = "outing-check",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_HIGH,
     .volume_percent = 80,
     .repeat = 1,
     .texts = {{"zh", "您好，您现在离平时常去的地方有些远，情况待核实。如果需要帮忙，请按求助键。"},
               {"en", "Hello. You seem to be away from the places you usually go to; this is still to be "
                      "verified. If you need help, "
                      "please press the help button."}}},
    {.id = "help-told",
     .manner = PROMPT_SPEAK,
     .priority = PROMPT_HIGH,
     .volume_percent = 100,
     .repeat = 1,
     .texts = {{"zh", "已经有人知道您的求助了，请安心等一等。"},
               {"en", "A person knows about your call for help now. Please wait calmly."}}},
};
enum { CATALOGUE_COUNT = sizeof catalogue / sizeof catalogue[0] };

const struct prompt *prompt_at(size_t index)
{
    return index < CATALOGUE_COUNT ? &catalogue[index] : NULL;
}

const struct prompt *prompt_find(const char *id)
{
    for (size_t i = 0; i < CATALOGUE_COUNT; i++)
        if (strcmp(catalogue[i].id, id) == 0)
            return &catalogue[i];
    return NULL;
}

static const struct prompt_text *find_language(const struct prompt *prompt, const char *language, size_t len)
{
    for (size_t i = 0; i < PROMPT_LANGUAGES; i++)
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
