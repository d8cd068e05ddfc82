/* One row is set or taken out, checked as an import checks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../store/sample_registry.h"

static struct buf errors;

static enum err edit(const struct registry *registry, struct registry_edit *wanted, const char *key,
                     const char *tag, struct registry **ret_after)
{
    assert_true(text_copy(wanted->key, sizeof(wanted->key), key));
    assert_true(text_copy(wanted->tag, sizeof(wanted->tag), tag));
    buf_clear(&errors);
    return registry_edit(registry, NULL, wanted, &errors, ret_after);
}

static void tag_of(const struct registry *registry, enum registry_table table, const char *key,
                   char tag[HASH_ID_TEXT])
{
    registry_row_tag(registry, table, registry_row_find(registry, table, key), tag);
}

static const struct registry_field resident[] = {
    {.column = "household", .value = "h-001"},
    {.column = "name", .value = "张三丰"},
    {.column = "birth_year", .value = "1940"},
    {.column = "consent", .value = "location;health"},
};

static void a_row_is_set_whole_and_keeps_its_number(void **state)
{
    struct registry *registry = sample_registry(), *after = NULL;
    struct registry_edit wanted = {.table = REGISTRY_RESIDENT, .fields = resident, .count = 4};
    char tag[HASH_ID_TEXT], new_tag[HASH_ID_TEXT];

    (void)state;
    tag_of(registry, REGISTRY_RESIDENT, "r-001", tag);
    assert_int_equal(edit(registry, &wanted, "r-001", tag, &after), ERR_OK);
    assert_int_equal(wanted.changed_count, 1);
    assert_string_equal(wanted.changed[0], "name");
    const uint32_t no = registry_row_find(after, REGISTRY_RESIDENT, "r-001");
    assert_int_equal(no, 0);
    assert_string_equal(registry_vault(after, REGISTRY_RESIDENT, no, "name"), "张三丰");
    tag_of(after, REGISTRY_RESIDENT, "r-001", new_tag);
    assert_string_not_equal(tag, new_tag);
    tag_of(after, REGISTRY_RESIDENT, "r-002", new_tag); /* the others stay as they are */
    tag_of(registry, REGISTRY_RESIDENT, "r-002", tag);
    assert_string_equal(tag, new_tag);
    registry_free(after);
    registry_free(registry);
}

static void a_row_is_added_taken_out_and_comes_back(void **state)
{
    struct registry *registry = sample_registry(), *with = NULL, *without = NULL, *again = NULL;
    const struct registry_field visitor[] = {{.column = "name", .value = "女儿"}};
    struct registry_edit wanted = {.table = REGISTRY_VISITOR, .fields = visitor, .count = 1};
    char tag[HASH_ID_TEXT];

    (void)state;
    assert_int_equal(edit(registry, &wanted, "h-001~v-1", "", &with), ERR_OK);
    const uint32_t no = registry_row_find(with, REGISTRY_VISITOR, "h-001~v-1");
    assert_string_equal(registry_visitor(with, no)->visitor_id, "v-1");
    assert_int_equal(registry_visitor(with, no)->household, 0);
    tag_of(with, REGISTRY_VISITOR, "h-001~v-1", tag);
    wanted.remove = true;
    assert_int_equal(edit(with, &wanted, "h-001~v-1", tag, &without), ERR_OK);
    assert_int_equal(registry_row_find(without, REGISTRY_VISITOR, "h-001~v-1"), REGISTRY_NONE);
    assert_int_equal(edit(without, &wanted, "h-001~v-1", "", &again), ERR_NOT_FOUND);
    wanted.remove = false;
    assert_int_equal(edit(without, &wanted, "h-001~v-1", "", &again), ERR_OK);
    assert_int_equal(registry_row_find(again, REGISTRY_VISITOR, "h-001~v-1"), no);
    registry_free(again);
    registry_free(without);
    registry_free(with);
    registry_free(registry);
}

static void what_an_import_refuses_is_refused_by_the_names_of_row_and_column(void **state)
{
    struct registry *registry = sample_registry(), *after = NULL;
    struct registry_field fields[4];
    struct registry_edit wanted = {.table = REGISTRY_RESIDENT, .fields = fields, .count = 4};
    static const struct {
        unsigned at;
        const char *column, *value, *says;
    } wrong[] = {
        {2, "birth_year", "18x3", "residents:r-001: birth_year: "},
        {0, "household", "h-009", "residents:r-001: household: "},
        {3, "consent", "everything", "residents:r-001: consent: "},
        {1, "nick", "x", "residents:r-001: nick: "},
        {1, "id", "r-003", "residents:r-001: id: "},
    };
    char tag[HASH_ID_TEXT];

    (void)state;
    tag_of(registry, REGISTRY_RESIDENT, "r-001", tag);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        memcpy(fields, resident, sizeof(fields));
        fields[wrong[i].at] = (struct registry_field){.column = wrong[i].column, .value = wrong[i].value};
        assert_int_equal(edit(registry, &wanted, "r-001", tag, &after), ERR_INVALID);
        if (strstr(buf_text(&errors), wrong[i].says) == NULL)
            fail_msg("%s is not in: %s", wrong[i].says, buf_text(&errors));
        assert_null(after);
    }
    registry_free(registry);
}

static void what_others_stand_on_is_not_taken_out(void **state)
{
    struct registry *registry = sample_registry(), *after = NULL;
    struct registry_edit wanted = {.table = REGISTRY_HOUSEHOLD, .remove = true};
    char tag[HASH_ID_TEXT];

    (void)state;
    tag_of(registry, REGISTRY_HOUSEHOLD, "h-001", tag);
    assert_int_equal(edit(registry, &wanted, "h-001", tag, &after), ERR_INVALID);
    assert_true(errors.len != 0);
    registry_free(registry);
}

static void a_tag_of_another_state_is_refused(void **state)
{
    struct registry *registry = sample_registry(), *after = NULL;
    struct registry_edit wanted = {.table = REGISTRY_RESIDENT, .fields = resident, .count = 4};
    char tag[HASH_ID_TEXT];

    (void)state;
    tag_of(registry, REGISTRY_RESIDENT, "r-002", tag);
    assert_int_equal(edit(registry, &wanted, "r-001", tag, &after), ERR_REFUSED);
    assert_int_equal(edit(registry, &wanted, "r-001", "", &after), ERR_REFUSED);
    assert_int_equal(edit(registry, &wanted, "r-009", tag, &after), ERR_REFUSED);
    assert_null(after);
    registry_free(registry);
}

static void keys_have_as_many_parts_as_their_table(void **state)
{
    struct registry *registry = sample_registry();

    (void)state;
    assert_int_equal(registry_row_find(registry, REGISTRY_RESIDENT, "r-001~x"), REGISTRY_NONE);
    assert_int_equal(registry_row_find(registry, REGISTRY_VISITOR, "h-001"), REGISTRY_NONE);
    assert_true(registry_is_editable(REGISTRY_VISITOR));
    assert_false(registry_is_editable(REGISTRY_CONSENT));
    assert_false(registry_is_editable(REGISTRY_TABLES));
    registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_set_whole_and_keeps_its_number),
        cmocka_unit_test(a_row_is_added_taken_out_and_comes_back),
        cmocka_unit_test(what_an_import_refuses_is_refused_by_the_names_of_row_and_column),
        cmocka_unit_test(what_others_stand_on_is_not_taken_out),
        cmocka_unit_test(a_tag_of_another_state_is_refused),
        cmocka_unit_test(keys_have_as_many_parts_as_their_table),
    };
    buf_init(&errors, 1 << 16);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_release(&errors);
    return failed;
}
