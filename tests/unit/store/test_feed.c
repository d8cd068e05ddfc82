/* The feed of a platform: everything once, in the order of the commits, from any place on. */
#include "fixture.h"

#include "core/json.h"

struct feeding {
    struct reader *reader;
    struct reader_feed at;
    struct buf out;
};

static int set_up_feed(void **state)
{
    assert_int_equal(set_up(state), 0);
    struct fixture *f = *state;
    struct registry *registry = sample_registry();

    assert_int_equal(store_sqlite.save_registry(f->store, registry), ERR_OK);
    registry_free(registry);
    return 0;
}

static void add_finding(struct batch *batch, float score)
{
    struct batch_finding *item = &add(batch, BATCH_FINDING)->finding;

    item->finding = (struct finding){.t_ms = T0 + 7,
                                     .at_ms = T0,
                                     .subject = {.kind = SUBJECT_RESIDENT, .no = 1},
                                     .family = FAMILY_EMERGENCY,
                                     .level = LEVEL_RED,
                                     .score = score};
}

static void add_ledger(struct batch *batch, uint32_t number)
{
    struct batch_ledger *item = &add(batch, BATCH_LEDGER)->ledger;
    static const char json[] = "{\"id\":\"0\"}";

    item->entry.alert.bytes[0] = 9;
    item->event =
        (struct ledger_event){.t_ms = T0, .number = number, .kind = LEDGER_EVENT_HANDLED, .by = "g-1"};
    item->json = json;
    item->len = sizeof(json) - 1;
}

static struct feeding open_feed(const struct fixture *f)
{
    struct feeding feeding = {.at = {.finding = 0}};

    assert_int_equal(reader_open(f->folder, &feeding.reader), ERR_OK);
    buf_init(&feeding.out, 1 << 20);
    return feeding;
}

static void close_feed(struct feeding *feeding)
{
    reader_close(feeding->reader);
    buf_release(&feeding->out);
}

/* The next page, as the ids of its items: "finding-1 alert-1". */
static void expect_page(struct feeding *feeding, unsigned limit, const char *ids, bool expect_more)
{
    char got[400] = "";
    bool more = !expect_more;
    struct json *root;

    buf_clear(&feeding->out);
    assert_int_equal(reader_feed(feeding->reader, &feeding->at, limit, &feeding->out, &more), ERR_OK);
    assert_int_equal(json_parse(feeding->out.data, feeding->out.len, &root, NULL), ERR_OK);
    for (size_t i = 0; i < json_count(root); i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i == 0 ? "" : " ",
                 json_string(json_get(json_at(root, i), "id")));
    json_free(root);
    assert_string_equal(got, ids);
    assert_int_equal(more, expect_more);
}

/* Two commits: in each a finding, what became of the alert, and in the second a relay's word on the first. */
static void fill(struct fixture *f)
{
    add_input(&f->batch, 1);
    add_finding(&f->batch, 0.5F);
    add_transition(&f->batch, 1, 1, TRANSITION_OPENED, "an SOS");
    add_job(&f->batch, 1, 1, "body");
    commit(f);
    add_delivery(&f->batch, 1, DELIVERY_DELIVERED, "");
    add_transition(&f->batch, 1, 2, TRANSITION_ACKNOWLEDGED, "taken");
    add_finding(&f->batch, 1.0F);
    commit(f);
}

static void what_was_committed_first_comes_first_and_a_commit_tells_findings_before_changes(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct feeding feeding = open_feed(f);

    expect_page(&feeding, 100, "finding-1 alert-1 finding-2 alert-2 delivery-1", false);
    expect_page(&feeding, 100, "", false);
    close_feed(&feeding);
}

static void pages_of_any_size_tell_the_same_once(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct feeding feeding = open_feed(f);

    expect_page(&feeding, 2, "finding-1 alert-1", true);
    expect_page(&feeding, 1, "finding-2", true);
    expect_page(&feeding, 2, "alert-2 delivery-1", false);
    commit(f); /* nothing in it */
    expect_page(&feeding, 2, "", false);
    add_finding(&f->batch, 0.25F);
    commit(f);
    expect_page(&feeding, 2, "finding-3", false);
    close_feed(&feeding);
}

static void the_ledger_is_told_after_what_else_its_commit_holds(void **state)
{
    struct fixture *f = *state;
    fill(f);
    add_ledger(&f->batch, 1);
    add_transition(&f->batch, 1, 3, TRANSITION_CLOSED, "true");
    commit(f);
    struct feeding feeding = open_feed(f);
    struct reader_feed end;
    struct json *root;

    expect_page(&feeding, 5, "finding-1 alert-1 finding-2 alert-2 delivery-1", true);
    expect_page(&feeding, 5, "alert-3 ledger-1", false);
    assert_int_equal(json_parse(feeding.out.data, feeding.out.len, &root, NULL), ERR_OK);
    const struct json *entry = json_at(root, 1);
    assert_string_equal(json_string(json_get(entry, "event")), "handled");
    assert_string_equal(json_string(json_get(entry, "by")), "g-1");
    assert_string_equal(json_string(json_get(json_get(entry, "entry"), "id")), "0");
    json_free(root);
    assert_int_equal(reader_feed_end(feeding.reader, &end), ERR_OK);
    assert_int_equal(end.ledger, 1);
    close_feed(&feeding);
}

static void an_item_says_what_it_is_about_by_ids(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct feeding feeding = open_feed(f);
    struct json *root;
    bool more;

    assert_int_equal(reader_feed(feeding.reader, &feeding.at, 100, &feeding.out, &more), ERR_OK);
    assert_int_equal(json_parse(feeding.out.data, feeding.out.len, &root, NULL), ERR_OK);
    const struct json *finding = json_at(root, 0), *change = json_at(root, 1), *delivery = json_at(root, 4);
    bool recorded = true;
    assert_string_equal(json_string(json_get(json_get(finding, "subject"), "resident")), "r-002");
    assert_string_equal(json_string(json_get(finding, "level")), "red");
    assert_true(json_bool(json_get(finding, "recorded_only"), &recorded) && !recorded);
    assert_string_equal(json_string(json_get(json_get(change, "change"), "why")), "an SOS");
    assert_string_equal(json_string(json_get(delivery, "state")), "delivered");
    assert_int_equal(strlen(json_string(json_get(delivery, "alert"))), 32);
    json_free(root);
    close_feed(&feeding);
}

static void a_transition_without_a_line_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct feeding feeding;

    add(&f->batch, BATCH_TRANSITION)->transition.transition =
        (struct transition){.t_ms = T0, .alert = id_of(1), .number = 1, .kind = TRANSITION_OPENED};
    add_transition(&f->batch, 1, 2, TRANSITION_ACKNOWLEDGED, "taken");
    commit(f);
    feeding = open_feed(f);
    expect_page(&feeding, 1, "alert-2", false);
    close_feed(&feeding);
}

static void the_end_lies_behind_everything(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct feeding feeding = open_feed(f);

    assert_int_equal(reader_feed_end(feeding.reader, &feeding.at), ERR_OK);
    assert_int_equal(feeding.at.finding, 2);
    assert_int_equal(feeding.at.transition, 2);
    assert_int_equal(feeding.at.delivery, 1);
    expect_page(&feeding, 100, "", false);
    close_feed(&feeding);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_feed, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_committed_first_comes_first_and_a_commit_tells_findings_before_changes),
        TEST(pages_of_any_size_tell_the_same_once),
        TEST(the_ledger_is_told_after_what_else_its_commit_holds),
        TEST(an_item_says_what_it_is_about_by_ids),
        TEST(a_transition_without_a_line_is_passed_over),
        TEST(the_end_lies_behind_everything),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
