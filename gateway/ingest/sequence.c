/* `seen` always stands before a hole: whenever the event after it is known, it moves on over the run of known
 * ones and the window is shifted with it. A mark costs a few word operations; a rebase as well. */
#include "ingest/sequence.h"

#include <string.h>

enum { WORDS = SEQUENCE_WINDOW / 64 };

/* Shifts the window down by n bits: bit n becomes bit 0. */
static void shift(uint64_t window[WORDS], unsigned n)
{
    unsigned words = n / 64, bits = n % 64;

    for (unsigned i = 0; i < WORDS; i++) {
        unsigned from = i + words;
        uint64_t low = from < WORDS ? window[from] : 0;
        uint64_t high = from + 1 < WORDS ? window[from + 1] : 0;
        window[i] = bits == 0 ? low : (low >> bits) | (high << (64 - bits));
    }
}

/* Set bits at the start of the window. */
static unsigned run_length(const uint64_t window[WORDS])
{
    unsigned run = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        if (~window[i] != 0)
            return run + (unsigned)__builtin_ctzll(~window[i]);
        run += 64;
    }
    return run;
}

static void advance_over_run(struct sequence_epoch *epoch)
{
    unsigned run = run_length(epoch->window);

    if (run == 0)
        return;
    epoch->seen += run;
    shift(epoch->window, run);
}

/* Set bits below bit n. */
static unsigned count_below(const uint64_t window[WORDS], unsigned n)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WORDS && n > 0; i++) {
        uint64_t mask = n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
        count += (unsigned)__builtin_popcountll(window[i] & mask);
        n = n >= 64 ? n - 64 : 0;
    }
    return count;
}

struct sequence_epoch *sequence_find(struct sequence *sequence, uint32_t epoch)
{
    for (unsigned i = 0; i < SEQUENCE_EPOCHS; i++)
        if (sequence->epochs[i].used && sequence->epochs[i].epoch == epoch)
            return &sequence->epochs[i];
    return NULL;
}

struct sequence_epoch *sequence_open(struct sequence *sequence, uint32_t epoch, uint64_t base, int64_t now_ms)
{
    struct sequence_epoch *entry = sequence_find(sequence, epoch);

    if (entry == NULL) {
        entry = &sequence->epochs[0];
        for (unsigned i = 1; i < SEQUENCE_EPOCHS && entry->used; i++)
            if (!sequence->epochs[i].used || sequence->epochs[i].last_ms < entry->last_ms)
                entry = &sequence->epochs[i];
        if (base < 1)
            base = 1;
        if (base > SEQUENCE_MAX)
            base = SEQUENCE_MAX;
        memset(entry, 0, sizeof(*entry));
        entry->epoch = epoch;
        entry->used = true;
        entry->base = base;
        entry->seen = base - 1;
        entry->committed = base - 1;
    }
    entry->last_ms = now_ms;
    return entry;
}

uint64_t sequence_rebase(struct sequence_epoch *epoch, uint64_t base, uint64_t *ret_from)
{
    uint64_t lost = 0;

    if (base > SEQUENCE_MAX)
        base = SEQUENCE_MAX;
    if (base <= epoch->base)
        return 0;
    epoch->base = base;
    if (base - 1 > epoch->seen) {
        uint64_t skipped = base - 1 - epoch->seen;
        unsigned in_window = skipped < SEQUENCE_WINDOW ? (unsigned)skipped : SEQUENCE_WINDOW;
        *ret_from = epoch->seen + 1;
        lost = skipped - count_below(epoch->window, in_window);
        epoch->seen = base - 1;
        shift(epoch->window, in_window);
        advance_over_run(epoch);
    }
    return lost;
}

enum sequence_verdict sequence_judge(const struct sequence_epoch *epoch, uint64_t seq)
{
    if (seq <= epoch->committed)
        return SEQUENCE_COMMITTED;
    if (seq <= epoch->seen)
        return SEQUENCE_UNCOMMITTED;
    uint64_t bit = seq - epoch->seen - 1;
    if (bit >= SEQUENCE_WINDOW)
        return SEQUENCE_TOO_FAR;
    if ((epoch->window[bit / 64] >> (bit % 64) & 1) != 0)
        return SEQUENCE_UNCOMMITTED;
    return bit == 0 ? SEQUENCE_NEW : SEQUENCE_ABOVE_GAP;
}

void sequence_mark(struct sequence_epoch *epoch, uint64_t seq)
{
    if (seq <= epoch->seen || seq - epoch->seen - 1 >= SEQUENCE_WINDOW)
        return;
    uint64_t bit = seq - epoch->seen - 1;
    epoch->window[bit / 64] |= UINT64_C(1) << (bit % 64);
    if (bit == 0)
        advance_over_run(epoch);
}

void sequence_commit(struct sequence_epoch *epoch, uint64_t seen_then)
{
    if (seen_then > epoch->seen) /* the epoch was forgotten and opened anew in between */
        seen_then = epoch->seen;
    if (seen_then > epoch->committed)
        epoch->committed = seen_then;
}
