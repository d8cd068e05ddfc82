/* Who sees, does and is shown what: every role against every kind of place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/access.h"

#define CHAIN                                                                                                \
    .territories = {{.code = "6543210010011"},                                                               \
                    {.code = "654321001001"},                                                                \
                    {.code = "654321001"},                                                                   \
                    {.code = "654321"}},                                                                     \
    .territory_count = 4

static const struct reader_place
    sos = {.resident = "r-001", .household = "h-001", .family = FAMILY_EMERGENCY, CHAIN},
    outing = {.resident = "r-001", .household = "h-001", .family = FAMILY_OUTING, CHAIN},
    visitor = {.household = "h-001", .family = FAMILY_VISITOR, CHAIN},
    neighbour = {.resident = "r-002", .household = "h-002", .family = FAMILY_EMERGENCY, CHAIN},
    housemate = {.resident = "r-003", .household = "h-001", .family = FAMILY_EMERGENCY, CHAIN},
    told_police = {.resident = "r-009", .household = "h-009", .family = FAMILY_FRAUD, .police = true},
    nowhere = {.family = FAMILY_FLEET};

static struct person person_of(unsigned role, const char *scope)
{
    struct person person = {.account = {.role = (uint8_t)role}, .household = "h-001"};
    assert_true(text_copy(person.account.scope, sizeof(person.account.scope), scope));
    return person;
}

static void each_role_sees_its_own_and_nothing_else(void **state)
{
    static const struct reader_place *const places[] = {&sos,       &outing,      &visitor, &neighbour,
                                                        &housemate, &told_police, &nowhere};
    static const struct {
        unsigned role;
        const char *scope, *sees; /* one letter for each place */
        bool consent;
    } rows[] = {
        {ROLE_NONE, "", "yyyyyyy", false},
        {ROLE_FAMILY, "r-001", "yyy----", true},
        {ROLE_FAMILY, "r-001", "y------", false},
        {ROLE_FAMILY, "", "-------", false},
        {ROLE_GRID_WORKER, "6543210010011", "yyyyy--", false},
        {ROLE_GRID_WORKER, "6543210010012", "-------", false},
        {ROLE_GRID_WORKER, "", "-------", false},
        {ROLE_GRID_WORKER, "65432100100", "-------", false}, /* a code's beginning is not its territory */
        {ROLE_TOWN_DESK, "654321001", "yyyyy--", false},
        {ROLE_TOWN_DESK, "654321002", "-------", false},
        {ROLE_COUNTY_DESK, "", "yyyyyyy", false},
        {ROLE_POLICE_DESK, "", "-----y-", false},
        {ACCOUNT_ADMINISTRATOR, "", "yyyyyyy", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct person person = person_of(rows[i].role, rows[i].scope);
        person.family_consent = rows[i].consent;
        for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++)
            if (access_sees(&person, places[k]) != (rows[i].sees[k] == 'y'))
                fail_msg("row %zu, place %zu", i, k);
    }
}

static void each_role_does_what_it_may(void **state)
{
    static const enum action_kind kinds[] = {ACTION_ACKNOWLEDGE, ACTION_CLOSE,  ACTION_CALL,
                                             ACTION_COMMENT,     ACTION_STATUS, ACTION_POLICE};
    static const struct {
        unsigned role;
        const char *does;
        enum precision precision;
        enum registry_table scope;
    } rows[] = {
        {ROLE_NONE, "yyyy-y", PRECISION_CONTACTS, REGISTRY_TABLES},
        {ROLE_FAMILY, "y-yy--", PRECISION_ADDRESS, REGISTRY_RESIDENT},
        {ROLE_GRID_WORKER, "yyyy--", PRECISION_CONTACTS, REGISTRY_TERRITORY},
        {ROLE_TOWN_DESK, "yyyy--", PRECISION_CONTACTS, REGISTRY_TERRITORY},
        {ROLE_COUNTY_DESK, "yyyy-y", PRECISION_CONTACTS, REGISTRY_TABLES},
        {ROLE_POLICE_DESK, "---y-y", PRECISION_ADDRESS, REGISTRY_TABLES},
        {ACCOUNT_ADMINISTRATOR, "------", PRECISION_TERRITORY, REGISTRY_TABLES},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct person person = person_of(rows[i].role, "");
        assert_int_equal(access_precision(&person), rows[i].precision);
        assert_int_equal(access_scope_table(rows[i].role), rows[i].scope);
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
            if (access_acts(&person, kinds[k]) != (rows[i].does[k] == 'y'))
                fail_msg("role %s, action %s", account_role_name(rows[i].role), action_name(kinds[k]));
    }
}

static void each_role_has_its_parts_of_the_desk(void **state)
{
    /* residents status fleet strangers silences rosters audit views health reports registry configuration
     * rows */
    static const struct {
        unsigned role;
        const char *has;
        enum sharpness calm, alarm;
    } rows[] = {
        {ROLE_NONE, "yyyyyyyyyyyyy", POSITION_ROUGH, POSITION_SHARP},
        {ROLE_FAMILY, "y------------", POSITION_ROUGH, POSITION_SHARP},
        {ROLE_GRID_WORKER, "yyy-yy-------", POSITION_ROUGH, POSITION_SHARP},
        {ROLE_TOWN_DESK, "yyy-yyy-----y", POSITION_ROUGH, POSITION_SHARP},
        {ROLE_COUNTY_DESK, "yyyyyyy-yy--y", POSITION_ROUGH, POSITION_SHARP},
        {ROLE_POLICE_DESK, "-------------", POSITION_ROUGH, POSITION_SHARP},
        {ACCOUNT_ADMINISTRATOR, "y-yy-yyyyyyy-", POSITION_HIDDEN, POSITION_HIDDEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct person person = person_of(rows[i].role, "");
        for (unsigned part = 0; part < PART_COUNT; part++)
            if (access_has(&person, (enum desk_part)part) != (rows[i].has[part] == 'y'))
                fail_msg("role %s, part %s", account_role_name(rows[i].role),
                         desk_part_name((enum desk_part)part));
        assert_int_equal(access_position(&person, false), rows[i].calm);
        assert_int_equal(access_position(&person, true), rows[i].alarm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_sees_its_own_and_nothing_else),
        cmocka_unit_test(each_role_does_what_it_may),
        cmocka_unit_test(each_role_has_its_parts_of_the_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
