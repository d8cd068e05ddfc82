/* Items of one size by number, in one array that doubles up to a maximum. Numbers are reused; a number given
 * back is reported once as gone by the next snapshot. Pointers into a pool hold until the next pool_take or
 * pool_place. */
#ifndef HUYANG_ALERT_POOL_H
#define HUYANG_ALERT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct pool {
    unsigned char *items;
    uint8_t *flags;       /* live, dirty */
    uint32_t *free_list;  /* numbers below `count` that are not live */
    uint32_t *dirty_list; /* numbers changed since pool_clean */
    size_t item_size;
    uint32_t count, cap, max, free_count, dirty_count, live_count;
    bool free_stale; /* after pool_place: rebuilt before the next take */
};

void pool_init(struct pool *pool, size_t item_size, uint32_t max);
void pool_release(struct pool *pool);
/* A zeroed item, marked. ERR_FULL, ERR_NOMEM. */
MUST_CHECK enum err pool_take(struct pool *pool, uint32_t *ret_no);
/* The item of that very number, for restoring; zeroed when it was not live. Not marked. */
MUST_CHECK enum err pool_place(struct pool *pool, uint32_t no);
void pool_give(struct pool *pool, uint32_t no);
void *pool_at(const struct pool *pool, uint32_t no);
bool pool_is_live(const struct pool *pool, uint32_t no);
void pool_mark(struct pool *pool, uint32_t no);
void pool_clean(struct pool *pool);

#endif
