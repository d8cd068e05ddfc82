#include "fixture.h"

#include "relay/xml.h"

static const char *fault(const char *text, size_t len)
{
    struct xml xml;
    xml_init(&xml, text, len);
    enum xml_token token;
    struct buf out;
    buf_init(&out, 1 << 20);
    const char *error = NULL;
    while ((token = xml_next(&xml)) != XML_DONE && token != XML_BAD)
        if (token == XML_TEXT && !xml_append_text(&xml, &out))
            error = "bad reference";
    buf_release(&out);
    return token == XML_BAD ? xml.error : error;
}

static void well_formed_documents_pass(void **state)
{
    (void)state;
    static const char *const good[] = {
        "<a/>",
        "<a></a>",
        "<?xml version=\"1.0\"?>\n<a b='1' c=\"x>y\">t<b/>&amp;&#x41;&#66;<![CDATA[<&]]><!-- - --></a>\n",
        "<a/>\n<!-- end -->\n",
        "\xEF\xBB\xBF<p:a xmlns:p='u'><p:b/></p:a >",
        "<护理>老</护理>",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_null(fault(good[i], strlen(good[i])));
}

static void malformed_documents_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } bad[] = {
        {"", "empty"},
        {"   ", "empty"},
        {"<a>", "the end is missing"},
        {"<a></b>", "an end tag of another element"},
        {"</a>", "an end tag without a start"},
        {"<a/><b/>", "a second root element"},
        {"<a/>x", "text outside the root element"},
        {"x<a/>", "text outside the root element"},
        {"<a b></a>", "bad attributes"},
        {"<a b=c></a>", "bad attributes"},
        {"<a b='<'></a>", "bad attributes"},
        {"<a b='1'c='2'/>", "bad attributes"},
        {"<a b='1", "bad attributes"},
        {"<a /", "a stray slash"},
        {"< a/>", "an element without a name"},
        {"<a></a", "an end tag that does not end"},
        {"<a><!-- x", "an open comment"},
        {"<a><![CDATA[x", "an open CDATA section"},
        {"<?x", "an open processing instruction"},
        {"<a>]]></a>", "\"]]>\" in text"},
        {"<!DOCTYPE a><a/>", "declarations are refused"},
        {"<a><!ENTITY x 'y'></a>", "declarations are refused"},
        {"<![CDATA[x]]>", "declarations are refused"},
        {"<a>&x;</a>", "bad reference"},
        {"<a>&amp</a>", "bad reference"},
        {"<a>&#0;</a>", "bad reference"},
        {"<a>&#xD800;</a>", "bad reference"},
        {"<a>&#x110000;</a>", "bad reference"},
        {"<a>&#;</a>", "bad reference"},
        {"<a>&#x;</a>", "bad reference"},
        {"<a>&#12a;</a>", "bad reference"},
        {"<a>\x01</a>", "a control character"},
        {"<a>\xC3</a>", "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *error = fault(bad[i].text, strlen(bad[i].text));
        assert_non_null(error);
        assert_string_equal(error, bad[i].error);
    }
    assert_string_equal(fault("<a>\0</a>", 8), "not UTF-8");
}

static void depth_is_capped(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 4096);
    for (unsigned depth = XML_DEPTH_MAX; depth <= XML_DEPTH_MAX + 1; depth++) {
        buf_clear(&text);
        for (unsigned i = 0; i < depth; i++)
            buf_puts(&text, "<a>");
        for (unsigned i = 0; i < depth; i++)
            buf_puts(&text, "</a>");
        const char *error = fault(text.data, text.len);
        assert_string_equal(error ? error : "", depth > XML_DEPTH_MAX ? "too deep" : "");
    }
    buf_release(&text);
}

static void references_are_resolved_and_cdata_is_taken_as_it_stands(void **state)
{
    (void)state;
    static const char text[] = "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x62A4;&#x1F600;<![CDATA[&lt;]]></a>";
    struct xml xml;
    struct buf out;
    buf_init(&out, 1000);
    xml_init(&xml, text, strlen(text));
    assert_int_equal(xml_next(&xml), XML_OPEN);
    assert_int_equal(xml_next(&xml), XML_TEXT);
    assert_true(xml_append_text(&xml, &out));
    assert_int_equal(xml_next(&xml), XML_TEXT);
    assert_true(xml_append_text(&xml, &out));
    assert_string_equal(buf_text(&out), "<>&\"'A护😀&lt;");
    assert_int_equal(xml_next(&xml), XML_CLOSE);
    assert_int_equal(xml_next(&xml), XML_DONE);
    buf_release(&out);
}

static void a_prefix_is_no_part_of_the_name(void **state)
{
    (void)state;
    static const char text[] = "<cap:alert xmlns:cap='urn:x'><cap:b/></cap:alert>";
    struct xml xml;
    xml_init(&xml, text, strlen(text));
    assert_int_equal(xml_next(&xml), XML_OPEN);
    assert_true(xml_name_is(&xml, "alert"));
    assert_int_equal(xml.depth, 1);
    assert_int_equal(xml_next(&xml), XML_OPEN);
    assert_true(xml_name_is(&xml, "b"));
    assert_int_equal(xml.depth, 2);
    assert_int_equal(xml_next(&xml), XML_CLOSE);
    assert_int_equal(xml.depth, 2);
    assert_int_equal(xml_next(&xml), XML_CLOSE);
    assert_int_equal(xml.depth, 1);
}

/* Every prefix of a document, and every document with one byte changed: nothing but an answer may come of it
 * (run under the sanitizers). */
static void no_cut_and_no_changed_byte_leads_out_of_bounds(void **state)
{
    (void)state;
    static const char text[] =
        "<?xml version=\"1.0\"?><c:a xmlns:c='u' b=\"1\"><d>&amp;&#x41;</d><![CDATA[x]]><!-- y --><e/></c:a>";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        char *copy = malloc(len ? len : 1);
        memcpy(copy, text, len);
        assert_non_null(fault(copy, len));
        free(copy);
    }
    char changed[sizeof text];
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (unsigned c = 0; c < 256; c++) {
            memcpy(changed, text, sizeof text);
            changed[i] = (char)c;
            fault(changed, sizeof text - 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_documents_pass),
        cmocka_unit_test(malformed_documents_are_named),
        cmocka_unit_test(depth_is_capped),
        cmocka_unit_test(references_are_resolved_and_cdata_is_taken_as_it_stands),
        cmocka_unit_test(a_prefix_is_no_part_of_the_name),
        cmocka_unit_test(no_cut_and_no_changed_byte_leads_out_of_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
