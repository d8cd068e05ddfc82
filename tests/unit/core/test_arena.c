#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/arena.h"

static void what_is_given_out_is_aligned_and_does_not_overlap(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    unsigned char *given[200];
    for (size_t i = 0; i < 200; i++) {
        given[i] = arena_alloc(&arena, i * 7);
        assert_non_null(given[i]);
        assert_int_equal((uintptr_t)given[i] % 16, 0);
        memset(given[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i * 7; j++)
            assert_int_equal(given[i][j], i);
    arena_release(&arena);
}

static void the_limit_holds_and_counts_anew_after_a_reset(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    for (int batch = 0; batch < 3; batch++) {
        assert_non_null(arena_alloc(&arena, 1000));
        assert_int_equal(arena.used, 1008);
        assert_null(arena_alloc(&arena, 17));
        assert_null(arena_alloc(&arena, SIZE_MAX));
        assert_null(arena_alloc(&arena, SIZE_MAX - 8));
        assert_non_null(arena_alloc(&arena, 16));
        assert_null(arena_alloc(&arena, 0));
        arena_reset(&arena);
        assert_int_equal(arena.used, 0);
    }
    arena_set_limit(&arena, 4096);
    assert_non_null(arena_alloc(&arena, 4096));
    assert_null(arena_alloc(&arena, 1));
    arena_reset(&arena);
    arena_set_limit(&arena, 16);
    assert_null(arena_alloc(&arena, 17));
    assert_non_null(arena_alloc(&arena, 16));
    arena_release(&arena);
}

static void after_a_few_batches_one_chunk_serves_them_all(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    void *first = NULL;
    for (int batch = 0; batch < 6; batch++) {
        for (size_t i = 0; i < 100; i++)
            assert_non_null(arena_alloc(&arena, 1000 + i * 13));
        void *chunk = arena.first;
        assert_ptr_equal(chunk == (void *)arena.current ? chunk : NULL, batch < 1 ? NULL : chunk);
        if (batch > 1)
            assert_ptr_equal(chunk, first);
        first = chunk;
        arena_reset(&arena);
    }
    arena_release(&arena);
}

static void a_copy_holds_the_same_bytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 100);
    const char *copy = arena_copy(&arena, "evidence", 9);
    assert_string_equal(copy, "evidence");
    assert_non_null(arena_copy(&arena, NULL, 0));
    assert_null(arena_copy(&arena, copy, 101));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_out_is_aligned_and_does_not_overlap),
        cmocka_unit_test(the_limit_holds_and_counts_anew_after_a_reset),
        cmocka_unit_test(after_a_few_batches_one_chunk_serves_them_all),
        cmocka_unit_test(a_copy_holds_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
