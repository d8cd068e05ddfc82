#include "alert/lifecycle.h"

#include <assert.h>

static const char *const life_names[LIFE_COUNT] = {
#define X(name, text) [LIFE_##name] = #text,
    LIFE_MAP(X)
#undef X
};
static const char *const input_names[INPUT_COUNT] = {
#define X(name, text) [INPUT_##name] = #text,
    INPUT_MAP(X)
#undef X
};

const char *life_name(enum life life)
{
    return (unsigned)life < LIFE_COUNT ? life_names[life] : "none";
}

const char *alert_input_name(enum alert_input input)
{
    return (unsigned)input < INPUT_COUNT ? input_names[input] : "none";
}

#define TO(life_, transition_, effects_)                                                                     \
    {                                                                                                        \
        .allowed = 1, .next = LIFE_##life_, .transition = TRANSITION_##transition_, .effects = (effects_)    \
    }

/* Cells that do not stand here are refused. What has ended (lapsed, closed, absorbed) never changes. */
static const struct alert_step table[LIFE_COUNT][INPUT_COUNT] =
    {
        [LIFE_NONE] =
            {
                [INPUT_RAISE] = TO(OPEN, OPENED, EFFECT_EPISODE),
                [INPUT_ALARM] = TO(OPEN, OPENED, EFFECT_EPISODE),
            },
        [LIFE_OPEN] =
            {
                [INPUT_RAISE] = TO(OPEN, UPDATED, 0),
                [INPUT_ALARM] = TO(OPEN, UPDATED, EFFECT_EPISODE),
                [INPUT_CLEAR] = TO(CLEAR, CLEARED, 0),
                [INPUT_ACKNOWLEDGE] = TO(TAKEN, ACKNOWLEDGED, 0),
                [INPUT_NOTE] = TO(OPEN, UPDATED, 0),
                [INPUT_CLOSE] = TO(CLOSED, CLOSED, EFFECT_STOP),
                [INPUT_ABSORB] = TO(ABSORBED, ABSORBED, EFFECT_STOP),
            },
        [LIFE_TAKEN] =
            {
                [INPUT_RAISE] = TO(TAKEN, UPDATED, 0),
                [INPUT_ALARM] = TO(OPEN, UPDATED, EFFECT_EPISODE),
                [INPUT_CLEAR] = TO(CLEAR_TAKEN, CLEARED, 0),
                [INPUT_ACKNOWLEDGE] = TO(TAKEN, ACKNOWLEDGED, 0),
                [INPUT_NOTE] = TO(TAKEN, UPDATED, 0),
                [INPUT_EXPIRE] = TO(OPEN, UPDATED, EFFECT_EPISODE),
                [INPUT_CLOSE] = TO(CLOSED, CLOSED, EFFECT_STOP),
                [INPUT_ABSORB] = TO(ABSORBED, ABSORBED, EFFECT_STOP),
            },
        [LIFE_CLEAR] =
            {
                [INPUT_RAISE] = TO(OPEN, UPDATED, EFFECT_RESUME),
                [INPUT_ALARM] = TO(OPEN, UPDATED, EFFECT_EPISODE),
                [INPUT_ACKNOWLEDGE] = TO(CLEAR_TAKEN, ACKNOWLEDGED, 0),
                [INPUT_NOTE] = TO(CLEAR, UPDATED, 0),
                [INPUT_CLOSE] = TO(CLOSED, CLOSED, EFFECT_STOP),
                [INPUT_ABSORB] = TO(ABSORBED, ABSORBED, EFFECT_STOP),
                [INPUT_LAPSE] = TO(LAPSED, LAPSED, EFFECT_STOP),
            },
        [LIFE_CLEAR_TAKEN] =
            {
                [INPUT_RAISE] = TO(TAKEN, UPDATED, 0),
                [INPUT_ALARM] = TO(OPEN, UPDATED, EFFECT_EPISODE),
                [INPUT_ACKNOWLEDGE] = TO(CLEAR_TAKEN, ACKNOWLEDGED, 0),
                [INPUT_NOTE] = TO(CLEAR_TAKEN, UPDATED, 0),
                [INPUT_EXPIRE] = TO(CLEAR, UPDATED, EFFECT_EPISODE),
                [INPUT_CLOSE] = TO(CLOSED, CLOSED, EFFECT_STOP),
                [INPUT_ABSORB] = TO(ABSORBED, ABSORBED, EFFECT_STOP),
            },
};

struct alert_step alert_next(enum life life, enum alert_input input)
{
    assert((unsigned)life < LIFE_COUNT && (unsigned)input < INPUT_COUNT);
    return table[life][input];
}

enum life alert_life(const struct alert *alert)
{
    if (!alert)
        return LIFE_NONE;
    switch ((enum alert_state)alert->state) {
    case ALERT_OPEN: break;
    case ALERT_LAPSED: return LIFE_LAPSED;
    case ALERT_CLOSED: return LIFE_CLOSED;
    case ALERT_ABSORBED: return LIFE_ABSORBED;
    case ALERT_STATE_COUNT: assert(0);
    }
    if (alert->cleared_ms)
        return alert->acknowledged_ms ? LIFE_CLEAR_TAKEN : LIFE_CLEAR;
    return alert->acknowledged_ms ? LIFE_TAKEN : LIFE_OPEN;
}
