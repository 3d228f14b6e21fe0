#include "stat/summary.h"

#include "base/hash.h"

mw_summary mw_summary_begin(mw_type type) {
    mw_cell missing = mw_cell_missing(type);
    return (mw_summary){.type = type, .least = missing, .greatest = missing, .is_constant = true};
}

/* Missing comes last in the order of values. */
static bool is_above(mw_type type, mw_cell value, mw_cell bound) {
    return mw_cell_is_missing(type, bound) || mw_cell_compare(type, value, bound, NULL) > 0;
}

void mw_summary_add(mw_summary *summary, mw_cell value) {
    mw_type type = summary->type;
    if (summary->count++ == 0) summary->first = value;
    summary->is_constant &= value.bits == summary->first.bits;
    summary->digest = mw_hash_join(summary->digest, value.bits);
    if (mw_cell_is_missing(type, value)) {
        summary->missing_count++;
    } else if (!mw_type_is_symbol(type)) {
        if (mw_cell_compare(type, value, summary->least, NULL) < 0) summary->least = value;
        if (is_above(type, value, summary->greatest)) summary->greatest = value;
    }
}
