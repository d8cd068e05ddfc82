#include "fixture.h"

#include "relay/dc09_exchange.h"

#define S(name) DC09_STATE_##name

/* Written down a second time, cell by cell. */
static const struct {
    enum dc09_state state;
    enum dc09_input input;
    enum dc09_state next;
} cells[] = {
    {S(OFFERED), DC09_INPUT_WRITTEN, S(ASKED)},
    {S(OFFERED), DC09_INPUT_ACK, S(OFFERED)},
    {S(OFFERED), DC09_INPUT_NAK, S(OFFERED)},
    {S(OFFERED), DC09_INPUT_DUH, S(OFFERED)},
    {S(OFFERED), DC09_INPUT_STALE, S(OFFERED)},
    {S(OFFERED), DC09_INPUT_SILENCE, S(UNANSWERED)},
    {S(OFFERED), DC09_INPUT_UNFIT, S(REFUSED)},
    {S(ASKED), DC09_INPUT_WRITTEN, S(ASKED)},
    {S(ASKED), DC09_INPUT_ACK, S(TAKEN)},
    {S(ASKED), DC09_INPUT_NAK, S(OFFERED_AGAIN)},
    {S(ASKED), DC09_INPUT_DUH, S(REFUSED)},
    {S(ASKED), DC09_INPUT_STALE, S(OFFERED)},
    {S(ASKED), DC09_INPUT_SILENCE, S(UNANSWERED)},
    {S(ASKED), DC09_INPUT_UNFIT, S(ASKED)},
    {S(OFFERED_AGAIN), DC09_INPUT_WRITTEN, S(ASKED_AGAIN)},
    {S(OFFERED_AGAIN), DC09_INPUT_ACK, S(OFFERED_AGAIN)},
    {S(OFFERED_AGAIN), DC09_INPUT_NAK, S(OFFERED_AGAIN)},
    {S(OFFERED_AGAIN), DC09_INPUT_DUH, S(OFFERED_AGAIN)},
    {S(OFFERED_AGAIN), DC09_INPUT_STALE, S(OFFERED_AGAIN)},
    {S(OFFERED_AGAIN), DC09_INPUT_SILENCE, S(UNANSWERED)},
    {S(OFFERED_AGAIN), DC09_INPUT_UNFIT, S(REFUSED)},
    {S(ASKED_AGAIN), DC09_INPUT_WRITTEN, S(ASKED_AGAIN)},
    {S(ASKED_AGAIN), DC09_INPUT_ACK, S(TAKEN)},
    {S(ASKED_AGAIN), DC09_INPUT_NAK, S(REFUSED)},
    {S(ASKED_AGAIN), DC09_INPUT_DUH, S(REFUSED)},
    {S(ASKED_AGAIN), DC09_INPUT_STALE, S(OFFERED_AGAIN)},
    {S(ASKED_AGAIN), DC09_INPUT_SILENCE, S(UNANSWERED)},
    {S(ASKED_AGAIN), DC09_INPUT_UNFIT, S(ASKED_AGAIN)},
};

static void every_cell_of_the_table_is_as_it_is_meant(void **state)
{
    (void)state;
    bool seen[DC09_STATE_COUNT][DC09_INPUT_COUNT] = {{false}};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        assert_string_equal(dc09_state_name(dc09_next(cells[i].state, cells[i].input)),
                            dc09_state_name(cells[i].next));
        assert_false(seen[cells[i].state][cells[i].input]);
        seen[cells[i].state][cells[i].input] = true;
    }
    for (unsigned from = 0; from < DC09_STATE_COUNT; from++)
        for (unsigned input = 0; input < DC09_INPUT_COUNT; input++) {
            assert_int_equal(seen[from][input], !dc09_state_is_final((enum dc09_state)from));
            if (!seen[from][input])
                assert_int_equal(dc09_next((enum dc09_state)from, (enum dc09_input)input), from);
        }
}

static void a_state_is_offered_asked_or_final_and_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DC09_STATE_COUNT; i++) {
        enum dc09_state one = (enum dc09_state)i;
        assert_int_equal(dc09_state_is_offered(one) + dc09_state_is_asked(one) + dc09_state_is_final(one), 1);
        assert_string_not_equal(dc09_state_name(one), "none");
    }
    assert_string_equal(dc09_state_name(S(OFFERED_AGAIN)), "offered_again");
    assert_string_equal(dc09_state_name(DC09_STATE_COUNT), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table_is_as_it_is_meant),
        cmocka_unit_test(a_state_is_offered_asked_or_final_and_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
