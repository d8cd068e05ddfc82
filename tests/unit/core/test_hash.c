#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/hash.h"

static void expect_hex(const uint8_t *bytes, size_t len, const char *expected)
{
    char text[129];
    hash_hex(bytes, len, text);
    assert_string_equal(text, expected);
}

static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    uint8_t digest[SHA256_SIZE];
    /* NIST FIPS 180-4 examples. */
    hash_sha256("abc", 3, digest);
    expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256(NULL, 0, digest);
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest);
    expect_hex(digest, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void hmac_gives_the_digests_of_rfc_4231(void **state)
{
    (void)state;
    uint8_t digest[SHA256_SIZE], key[131];
    memset(key, 0x0b, 20);
    hash_hmac(key, 20, "Hi There", 8, digest);
    expect_hex(digest, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hash_hmac("Jefe", 4, "what do ya want for nothing?", 28, digest);
    expect_hex(digest, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 131);
    hash_hmac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
    expect_hex(digest, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hash_hmac(NULL, 0, NULL, 0, digest);
    expect_hex(digest, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* The first and last vectors of the reference implementation: key 00..0f, input 00, 01, 02, ... */
static void siphash_gives_the_reference_values(void **state)
{
    (void)state;
    uint8_t key[16], input[64];
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 64; i++)
        input[i] = i;
    assert_true(hash_siphash(key, input, 0) == 0x726fdb47dd0e0e31u);
    assert_true(hash_siphash(key, NULL, 0) == 0x726fdb47dd0e0e31u);
    assert_true(hash_siphash(key, input, 1) == 0x74f839c593dc67fdu);
    assert_true(hash_siphash(key, input, 7) == 0xab0200f58b01d137u);
    assert_true(hash_siphash(key, input, 8) == 0x93f5f5799a932462u);
    assert_true(hash_siphash(key, input, 15) == 0xa129ca6149be45e5u);
    assert_true(hash_siphash(key, input, 63) == 0x958a324ceb064572u);
}

static void a_table_hash_is_stable_and_depends_on_every_byte(void **state)
{
    (void)state;
    assert_true(hash_table("wb-0001", 7) == hash_table("wb-0001", 7));
    assert_true(hash_table("wb-0001", 7) != hash_table("wb-0002", 7));
    assert_true(hash_table("wb-0001", 7) != hash_table("wb-0001", 6));
}

static void an_id_survives_its_text_and_only_its_text(void **state)
{
    (void)state;
    struct hash_id id = hash_id_of("abc", 3), back;
    char text[HASH_ID_TEXT];
    hash_id_text(&id, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223");
    assert_true(hash_id_parse(text, &back));
    assert_memory_equal(&id, &back, sizeof id);
    static const char *const bad[] = {"",
                                      "ba7816bf8f01cfea414140de5dae222",
                                      "ba7816bf8f01cfea414140de5dae22233",
                                      "BA7816bf8f01cfea414140de5dae2223",
                                      "ga7816bf8f01cfea414140de5dae2223",
                                      "ba7816bf8f01cfea414140de5dae222 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(hash_id_parse(bad[i], &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(hmac_gives_the_digests_of_rfc_4231),
        cmocka_unit_test(siphash_gives_the_reference_values),
        cmocka_unit_test(a_table_hash_is_stable_and_depends_on_every_byte),
        cmocka_unit_test(an_id_survives_its_text_and_only_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
