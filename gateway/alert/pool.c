#include "alert/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 16, LIVE = 1, DIRTY = 2 };

void pool_init(struct pool *pool, size_t item_size, uint32_t max)
{
    *pool = (struct pool){.item_size = item_size, .max = max};
}

void pool_release(struct pool *pool)
{
    free(pool->items);
    free(pool->flags);
    free(pool->free_list);
    free(pool->dirty_list);
    pool_init(pool, pool->item_size, pool->max);
}

/* Each array is replaced as soon as it has grown, so a failure half-way leaves larger arrays and the old cap:
 * harmless. */
static bool resize(void *array_ptr, size_t count, size_t size)
{
    void *old, *grown;
    memcpy(&old, array_ptr, sizeof old);
    grown = reallocarray(old, count, size);
    if (grown)
        memcpy(array_ptr, &grown, sizeof grown);
    return grown != NULL;
}

static enum err grow(struct pool *pool, uint32_t need)
{
    if (need > pool->max)
        return ERR_FULL;
    if (need <= pool->cap)
        return ERR_OK;
    uint32_t cap = pool->cap ? pool->cap : FIRST_CAP;
    while (cap < need)
        cap = cap > pool->max / 2 ? pool->max : cap * 2;
    if (!resize(&pool->items, cap, pool->item_size) || !resize(&pool->flags, cap, 1) ||
        !resize(&pool->free_list, cap, sizeof *pool->free_list) ||
        !resize(&pool->dirty_list, cap, sizeof *pool->dirty_list))
        return ERR_NOMEM;
    memset(pool->flags + pool->cap, 0, cap - pool->cap);
    pool->cap = cap;
    return ERR_OK;
}

static void rebuild_free_list(struct pool *pool)
{
    pool->free_count = 0;
    for (uint32_t no = pool->count; no-- > 0;) {
        if (!(pool->flags[no] & LIVE))
            pool->free_list[pool->free_count++] = no;
    }
    pool->free_stale = false;
}

static void birth(struct pool *pool, uint32_t no)
{
    memset(pool_at(pool, no), 0, pool->item_size);
    pool->flags[no] |= LIVE;
    pool->live_count++;
}

enum err pool_take(struct pool *pool, uint32_t *ret_no)
{
    if (pool->free_stale)
        rebuild_free_list(pool);
    uint32_t no = pool->count;
    if (pool->free_count) {
        no = pool->free_list[--pool->free_count];
    } else {
        enum err err = grow(pool, pool->count + 1);
        if (err != ERR_OK)
            return err;
        pool->count++;
    }
    birth(pool, no);
    pool_mark(pool, no);
    *ret_no = no;
    return ERR_OK;
}

enum err pool_place(struct pool *pool, uint32_t no)
{
    if (no >= pool->max)
        return ERR_FULL;
    enum err err = grow(pool, no + 1);
    if (err != ERR_OK)
        return err;
    if (no >= pool->count)
        pool->count = no + 1;
    pool->free_stale = true;
    if (!(pool->flags[no] & LIVE))
        birth(pool, no);
    return ERR_OK;
}

void pool_give(struct pool *pool, uint32_t no)
{
    assert(pool_is_live(pool, no));
    pool_mark(pool, no);
    pool->flags[no] &= (uint8_t)~LIVE;
    pool->live_count--;
    if (!pool->free_stale)
        pool->free_list[pool->free_count++] = no;
}

void *pool_at(const struct pool *pool, uint32_t no)
{
    assert(no < pool->count);
    return pool->items + (size_t)no * pool->item_size;
}

bool pool_is_live(const struct pool *pool, uint32_t no)
{
    return no < pool->count && (pool->flags[no] & LIVE);
}

void pool_mark(struct pool *pool, uint32_t no)
{
    if (pool->flags[no] & DIRTY)
        return;
    pool->flags[no] |= DIRTY;
    pool->dirty_list[pool->dirty_count++] = no;
}

void pool_clean(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->dirty_count; i++)
        pool->flags[pool->dirty_list[i]] &= (uint8_t)~DIRTY;
    pool->dirty_count = 0;
}
