#include "relay/dc09_exchange.h"

#include <assert.h>

#define S(name) DC09_STATE_##name
#define ROW(written, ack, nak, duh, stale, silence, unfit)                                                   \
    {                                                                                                        \
        [DC09_INPUT_WRITTEN] = S(written), [DC09_INPUT_ACK] = S(ack), [DC09_INPUT_NAK] = S(nak),             \
        [DC09_INPUT_DUH] = S(duh), [DC09_INPUT_STALE] = S(stale), [DC09_INPUT_SILENCE] = S(silence),         \
        [DC09_INPUT_UNFIT] = S(unfit),                                                                       \
    }
#define STAYS(state) ROW(state, state, state, state, state, state, state)

static const unsigned char next[DC09_STATE_COUNT][DC09_INPUT_COUNT] = {
    [S(OFFERED)] = ROW(ASKED, OFFERED, OFFERED, OFFERED, OFFERED, UNANSWERED, REFUSED),
    [S(ASKED)] = ROW(ASKED, TAKEN, OFFERED_AGAIN, REFUSED, OFFERED, UNANSWERED, ASKED),
    [S(OFFERED_AGAIN)] =
        ROW(ASKED_AGAIN, OFFERED_AGAIN, OFFERED_AGAIN, OFFERED_AGAIN, OFFERED_AGAIN, UNANSWERED, REFUSED),
    [S(ASKED_AGAIN)] = ROW(ASKED_AGAIN, TAKEN, REFUSED, REFUSED, OFFERED_AGAIN, UNANSWERED, ASKED_AGAIN),
    [S(TAKEN)] = STAYS(TAKEN),
    [S(REFUSED)] = STAYS(REFUSED),
    [S(UNANSWERED)] = STAYS(UNANSWERED),
};

const char *dc09_state_name(enum dc09_state state)
{
    static const char *const names[DC09_STATE_COUNT] = {
#define X(name, text) [DC09_STATE_##name] = #text,
        DC09_STATE_MAP(X)
#undef X
    };
    return (unsigned)state < DC09_STATE_COUNT ? names[state] : "none";
}

enum dc09_state dc09_next(enum dc09_state state, enum dc09_input input)
{
    assert((unsigned)state < DC09_STATE_COUNT && (unsigned)input < DC09_INPUT_COUNT);
    return (enum dc09_state)next[state][input];
}

bool dc09_state_is_final(enum dc09_state state)
{
    return state >= DC09_STATE_TAKEN;
}

bool dc09_state_is_offered(enum dc09_state state)
{
    return state == DC09_STATE_OFFERED || state == DC09_STATE_OFFERED_AGAIN;
}

bool dc09_state_is_asked(enum dc09_state state)
{
    return state == DC09_STATE_ASKED || state == DC09_STATE_ASKED_AGAIN;
}
