#include "fixture.h"

#define STATE(name)  HUYANG__V1__COMMAND_STATE__COMMAND_STATE_##name
#define REASON(name) HUYANG__V1__FAIL_REASON__FAIL_REASON_##name

/* Sends a command made by `change` from a good prompt. */
static void changed(struct fixture *f, const char *id,
                    void (*change)(Huyang__V1__Command *, Huyang__V1__Prompt *))
{
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__Prompt body = HUYANG__V1__PROMPT__INIT;

    command.id = (char *)(uintptr_t)id;
    command.ttl_s = 60;
    command.kind_case = HUYANG__V1__COMMAND__KIND_PROMPT;
    command.prompt = &body;
    body.text = (char *)(uintptr_t) "hello";
    change(&command, &body);
    fixture_command(f, &command, 0);
    fixture_clear(f, 0);
}

static char long_text[DEVICE_TEXT_MAX + 2];
static uint8_t digest[31];

static void text_too_long(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    memset(long_text, 'x', DEVICE_TEXT_MAX + 1);
    p->text = long_text;
}

static void text_as_long_as_may_be(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    text_too_long(c, p);
    long_text[DEVICE_TEXT_MAX] = '\0';
}

static void text_bad_utf8(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->text = (char *)(uintptr_t) "ab\xc3(";
}

static void text_overlong(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->text = (char *)(uintptr_t) "\xe0\x80\xaf";
}

static void text_surrogate(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->text = (char *)(uintptr_t) "\xed\xa0\x80";
}

static void text_control(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->text = (char *)(uintptr_t) "a\nb";
}

static void text_cut_short(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->text = (char *)(uintptr_t) "\xe8\xaf";
}

static void empty(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->text = (char *)(uintptr_t) "";
}

static void language_hostile(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->language = (char *)(uintptr_t) "../x";
}

static void clip_is_a_path(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->clip = (char *)(uintptr_t) "../../etc/passwd";
}

static void digest_of_31(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->clip_sha256.data = digest;
    p->clip_sha256.len = sizeof digest;
}

static void volume_of_101(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->volume_percent = 101;
}

static void no_kind(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)p;
    c->kind_case = HUYANG__V1__COMMAND__KIND__NOT_SET;
}

static void a_prompt_out_of_its_bounds_is_refused_and_said_so(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *id;
        void (*change)(Huyang__V1__Command *, Huyang__V1__Prompt *);
    } bad[] = {
        {"long", text_too_long},  {"utf8", text_bad_utf8},    {"overlong", text_overlong},
        {"surr", text_surrogate}, {"control", text_control},  {"short", text_cut_short},
        {"empty", empty},         {"lang", language_hostile}, {"clip", clip_is_a_path},
        {"digest", digest_of_31}, {"volume", volume_of_101},  {"no-kind", no_kind},
    };

    fixture_connect(f, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        changed(f, bad[i].id, bad[i].change);
        assert_true(fixture_told_failed(f, bad[i].id, REASON(UNSUPPORTED)));
    }
    assert_int_equal(f->play_count, 0);
    changed(f, "fits", text_as_long_as_may_be);
    assert_int_equal(f->play_count, 1);
}

static void make_discreet(Huyang__V1__Command *c, Huyang__V1__Prompt *p)
{
    (void)c;
    p->manner = HUYANG__V1__MANNER__MANNER_DISCREET;
}

static void a_discreet_prompt_is_shown_and_makes_no_sound(void **state)
{
    struct fixture *f = *state;

    fixture_connect(f, 0);
    changed(f, "quiet", make_discreet);
    assert_int_equal(f->shows, 1);
    assert_int_equal(f->play_count, 0);
    assert_true(fixture_was_told(f, "quiet", STATE(PLAYED)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_prompt_out_of_its_bounds_is_refused_and_said_so),
        FIXTURE_TEST(a_discreet_prompt_is_shown_and_makes_no_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
