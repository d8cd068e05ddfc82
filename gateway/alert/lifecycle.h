/* The life of one alert as one const table and one pure function. What the effects do stands in alert.c;
 * nothing else decides what may follow what.
 *
 * `acknowledged` (a person has it) and `cleared` (the condition ended) are orthogonal, hence four open lives.
 */
#ifndef HUYANG_ALERT_LIFECYCLE_H
#define HUYANG_ALERT_LIFECYCLE_H

#include "alert/alert.h"

#define LIFE_MAP(X)                                                                                          \
    X(NONE, none)                                                                                            \
    X(OPEN, open)                                                                                            \
    X(TAKEN, taken)                                                                                          \
    X(CLEAR, clear)                                                                                          \
    X(CLEAR_TAKEN, clear_taken)                                                                              \
    X(LAPSED, lapsed)                                                                                        \
    X(CLOSED, closed)                                                                                        \
    X(ABSORBED, absorbed)
enum life {
#define X(name, text) LIFE_##name,
    LIFE_MAP(X)
#undef X
        LIFE_COUNT
};
const char *life_name(enum life life);

/* raise: a finding that changed something · alarm: one that un-acknowledges (a fresh sos, fall or suspicion;
 * a rise to red) · clear: the last share ended · acknowledge, note, close: a person · expire: the
 * acknowledgement · absorb: by a fused alert · lapse: cleared and untouched */
#define INPUT_MAP(X)                                                                                         \
    X(RAISE, raise)                                                                                          \
    X(ALARM, alarm)                                                                                          \
    X(CLEAR, clear)                                                                                          \
    X(ACKNOWLEDGE, acknowledge)                                                                              \
    X(NOTE, note)                                                                                            \
    X(EXPIRE, expire)                                                                                        \
    X(CLOSE, close)                                                                                          \
    X(ABSORB, absorb)                                                                                        \
    X(LAPSE, lapse)
enum alert_input {
#define X(name, text) INPUT_##name,
    INPUT_MAP(X)
#undef X
        INPUT_COUNT
};
const char *alert_input_name(enum alert_input input);

enum alert_effect {
    EFFECT_EPISODE = 1 << 0, /* everybody is told anew */
    EFFECT_RESUME = 1 << 1,  /* the condition came back: told anew when the last telling is long ago */
    EFFECT_STOP = 1 << 2,    /* timers and pending jobs end */
};
struct alert_step {
    uint8_t allowed;    /* 0: refused, nothing changes */
    uint8_t next;       /* enum life */
    uint8_t transition; /* enum transition_kind; TRANSITION_NONE = silent */
    uint8_t effects;    /* enum alert_effect set */
};
struct alert_step alert_next(enum life life, enum alert_input input);

/* Where an alert stands; NULL = LIFE_NONE. */
enum life alert_life(const struct alert *alert);

#endif
