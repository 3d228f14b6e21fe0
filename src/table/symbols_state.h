/*
 * symbols_state: what a table of texts is made of, for symbols.c and passing.c alone.
 */
#pragma once
#include "base/memory.h"
#include "table/symbols.h"

/* Texts are listed in segments, each twice as long as the one before, so that the list grows
   without moving: segment k holds the codes from FIRST * (2^k - 1) to FIRST * (2^(k+1) - 1). */
enum { MW_SYMBOLS_FIRST_LOG2 = 10, MW_SYMBOLS_SEGMENTS_MAX = 22 };

typedef struct {
    const char *data; /* NULL: the code is free */
    uint32_t size;    /* of a free code: the one to be given after it */
    uint32_t use;     /* how many hold it, and these: */
} mw_symbol;
#define MW_SYMBOL_STAYS (UINT32_C(1) << 31)   /* whether anybody holds it or not */
#define MW_SYMBOL_IS_IDLE (UINT32_C(1) << 30) /* it is listed to be looked at */

typedef struct {
    uint32_t code; /* 0: free */
    uint32_t hash;
} mw_symbol_slot;

enum { MW_PASSING_CLASSES = 40 };
/* What a table has besides whose texts may leave. */
typedef struct {
    uint32_t *idle;      /* codes that nobody may hold any more; room for all that may leave */
    size_t idle_count, idle_capacity;
    size_t count;        /* of texts that may leave; and of others that are listed */
    size_t fresh;        /* that came since the last tidying */
    uint32_t free_first, free_last; /* codes to be given again, the oldest first; 0: none */
    size_t free_count;
    void *spare[MW_PASSING_CLASSES]; /* blocks of texts that have left, by their sizes */
} mw_passing;

struct mw_symbols {
    mw_arena arena; /* texts and segments */
    mw_symbol *segments[MW_SYMBOLS_SEGMENTS_MAX];
    mw_symbol_slot *slots; /* open addressing, linear probes, at most three quarters full */
    size_t slot_count;
    size_t code_end;     /* none was given from here on; missing has one, too */
    size_t count;        /* of texts that stand */
    uint64_t age;        /* how often texts have left */
    mw_passing *passing; /* NULL: all stay */
    /* Copies a text that is passing and gives its code, 0: there is no room. NULL: what comes
       stays. So whoever lets none pass, as libmillwright, goes without its code. */
    uint32_t (*copy_passing)(mw_symbols *symbols, mw_str text, uint32_t hash);
    void (*keep)(mw_symbols *symbols, uint64_t code); /* a text that is met again; NULL: it stays
                                                         what it was */
    bool has_lost; /* a text, which begins with this */
    unsigned char lost_size;
    char lost[60];
};

/* That of a code below code_end; NULL: its segment is not there. */
static inline mw_symbol *mw_symbols_at(const mw_symbols *symbols, uint64_t code) {
    uint64_t shifted = (code >> MW_SYMBOLS_FIRST_LOG2) + 1;
    int segment = 63 - __builtin_clzll(shifted);
    uint64_t first = (((uint64_t)1 << segment) - 1) << MW_SYMBOLS_FIRST_LOG2;
    return symbols->segments[segment] ? &symbols->segments[segment][code - first] : NULL;
}
