/* Names of what people do. */
#include "alert/action.h"

#include <string.h>

static const char *const action_names[ACTION_KIND_COUNT] = {[ACTION_NONE] = "none",
#define X(name, text) [ACTION_##name] = #text,
                                                            ACTION_MAP(X)
#undef X
};
static const char *const disposition_names[DISPOSITION_COUNT] = {[DISPOSITION_NONE] = "none",
#define X(name, text) [DISPOSITION_##name] = #text,
                                                                 DISPOSITION_MAP(X)
#undef X
};
static const char *const outcome_names[OUTCOME_COUNT] = {[OUTCOME_NONE] = "none",
#define X(name, text) [OUTCOME_##name] = #text,
                                                         OUTCOME_MAP(X)
#undef X
};

static const char *const result_names[LEDGER_RESULT_COUNT] = {[LEDGER_RESULT_NONE] = "none",
#define X(name, text) [LEDGER_RESULT_##name] = #text,
                                                              LEDGER_RESULT_MAP(X)
#undef X
};

static const char *const police_words[POLICE_WORD_COUNT] = {[POLICE_WORD_NONE] = "none",
#define X(name, text) [POLICE_WORD_##name] = #text,
                                                            POLICE_WORD_MAP(X)
#undef X
};

/* Index from 1; 0 when unknown. "none" itself is not a word a person may use. */
static unsigned find(const char *const *names, unsigned count, const char *name)
{
    for (unsigned i = 1; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return 0;
}

const char *action_name(enum action_kind kind)
{
    return (unsigned)kind < ACTION_KIND_COUNT ? action_names[kind] : "none";
}

enum action_kind action_from_name(const char *name)
{
    return (enum action_kind)find(action_names, ACTION_KIND_COUNT, name);
}

const char *disposition_name(enum disposition disposition)
{
    return (unsigned)disposition < DISPOSITION_COUNT ? disposition_names[disposition] : "none";
}

enum disposition disposition_from_name(const char *name)
{
    return (enum disposition)find(disposition_names, DISPOSITION_COUNT, name);
}

const char *outcome_name(enum outcome outcome)
{
    return (unsigned)outcome < OUTCOME_COUNT ? outcome_names[outcome] : "none";
}

enum outcome outcome_from_name(const char *name)
{
    return (enum outcome)find(outcome_names, OUTCOME_COUNT, name);
}

const char *ledger_result_name(enum ledger_result result)
{
    return (unsigned)result < LEDGER_RESULT_COUNT ? result_names[result] : "none";
}

enum ledger_result ledger_result_from_name(const char *name)
{
    return (enum ledger_result)find(result_names, LEDGER_RESULT_COUNT, name);
}

const char *police_word_name(enum police_word word)
{
    return (unsigned)word < POLICE_WORD_COUNT ? police_words[word] : "none";
}

enum police_word police_word_from_name(const char *name)
{
    return (enum police_word)find(police_words, POLICE_WORD_COUNT, name);
}
