#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/pem.h"

/* Of a throw-away authority; its key is gone. The openssl program reads their ends as Nov 22 22:26:33 2046
 * GMT and Dec 27 22:26:33 2026 GMT. */
#define CERTIFICATE                                                                                          \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBsTCCAVagAwIBAgIQaNOYiF3sRptTWtJ1XPVdUTAKBggqhkjOPQQDAjAxMQ8w\n"                                     \
    "DQYDVQQKDAZIdXlhbmcxHjAcBgNVBAMMFUh1eWFuZyByb290IGF1dGhvcml0eTAe\n"                                     \
    "Fw0yNjExMjcyMTI2MzNaFw00NjExMjIyMjI2MzNaMDExDzANBgNVBAoMBkh1eWFu\n"                                     \
    "ZzEeMBwGA1UEAwwVSHV5YW5nIHJvb3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYI\n"                                     \
    "KoZIzj0DAQcDQgAEEqSGu4hKjITNigA5//tCImzCc249LuneluRaS+PJMeL21dZH\n"                                     \
    "vbn7Tn3odDyDakBsObEgfblj2YLAn/KysysGA6NQME4wEgYDVR0TAQH/BAgwBgEB\n"                                     \
    "/wIBATAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFLO26Yi7Wlk74qQpsUK4hpqg\n"                                     \
    "bz6HMAkGA1UdIwQCMAAwCgYIKoZIzj0EAwIDSQAwRgIhAPYuqcRk068prtq/am50\n"                                     \
    "f5zUk1goRdoevxFLPigVxCeAAiEAlF/EU0vw2+e9krFabdQhTUpMy4cbLTyOVyph\n"                                     \
    "6RVY1l0=\n"                                                                                             \
    "-----END CERTIFICATE-----\n"
#define LIST                                                                                                 \
    "-----BEGIN X509 CRL-----\n"                                                                             \
    "MIIBIDCBxwIBATAKBggqhkjOPQQDAjA0MQ8wDQYDVQQKDAZIdXlhbmcxITAfBgNV\n"                                     \
    "BAMMGEh1eWFuZyBpc3N1aW5nIGF1dGhvcml0eRcNMjYxMTI3MjIyMTMzWhcNMjYx\n"                                     \
    "MjI3MjIyNjMzWjAxMC8CEGIg8mT+opEmN4r2IOPooE4XDTI2MTEyNzIyMjYzM1ow\n"                                     \
    "DDAKBgNVHRUEAwoBBaAvMC0wHwYDVR0jBBgwFoAUMz8j4jXChSXCWSZmhgLSdaKO\n"                                     \
    "+PAwCgYDVR0UBAMCAQEwCgYIKoZIzj0EAwIDSAAwRQIgBvR1LAFgOtySgjcs2FYb\n"                                     \
    "2AjaRRZh3f+degd34lu4CbUCIQD/+vrWnd7byqX+YYrSnxx7kPyZvbHZM6aD64Is\n"                                     \
    "pMXcrw==\n"                                                                                             \
    "-----END X509 CRL-----\n"
static const int64_t certificate_until_s = 2426538393, list_until_s = 1798410393;

static enum err read(const char *text, int64_t *ret_s)
{
    return pem_until(text, strlen(text), ret_s);
}

static void a_certificate_and_a_list_tell_when_they_end(void **state)
{
    int64_t until_s = 0;
    (void)state;
    assert_int_equal(read(CERTIFICATE, &until_s), ERR_OK);
    assert_int_equal(until_s, certificate_until_s);
    assert_int_equal(read(LIST, &until_s), ERR_OK);
    assert_int_equal(until_s, list_until_s);
}

static void of_several_the_first_to_end_counts(void **state)
{
    int64_t until_s = 0;
    (void)state;
    assert_int_equal(read("a word before\n" CERTIFICATE LIST, &until_s), ERR_OK);
    assert_int_equal(until_s, list_until_s);
    assert_int_equal(read(LIST CERTIFICATE "and one after\n", &until_s), ERR_OK);
    assert_int_equal(until_s, list_until_s);
}

static void other_blocks_are_passed_over(void **state)
{
    static const char other[] = "-----BEGIN THING-----\nAAAA\n-----END THING-----\n";
    char text[4096];
    int64_t until_s = 7;
    (void)state;
    assert_int_equal(read(other, &until_s), ERR_NOT_FOUND);
    assert_int_equal(read("", &until_s), ERR_NOT_FOUND);
    assert_int_equal(until_s, 7);
    snprintf(text, sizeof(text), "%s%s", other, CERTIFICATE);
    assert_int_equal(read(text, &until_s), ERR_OK);
    assert_int_equal(until_s, certificate_until_s);
}

static void what_breaks_off_is_no_end(void **state)
{
    static const char whole[] = CERTIFICATE;
    int64_t until_s = 7;
    (void)state;
    /* Wherever it is cut: either nothing has begun, or it is corrupt. The line feed at the very end may be
     * missing. */
    for (size_t len = 0; len + 1 < sizeof(whole) - 1; len++) {
        const enum err err = pem_until(whole, len, &until_s);
        assert_true(err == ERR_NOT_FOUND || err == ERR_CORRUPT);
    }
    assert_int_equal(read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &until_s),
                     ERR_CORRUPT);
    assert_int_equal(until_s, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_and_a_list_tell_when_they_end),
        cmocka_unit_test(of_several_the_first_to_end_counts),
        cmocka_unit_test(other_blocks_are_passed_over),
        cmocka_unit_test(what_breaks_off_is_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
