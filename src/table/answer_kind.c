#include "table/answer_kind.h"

const char *mw_answer_kind_word(mw_answer_kind kind) {
    static const char *const words[] = {
#define X(name, word) word,
        MW_ANSWER_MAP(X)
#undef X
    };
    MW_ASSERT(kind < MW_ANSWER_COUNT);
    return words[kind];
}

mw_answer_kind mw_answer_kind_of(mw_type label) {
    if (label == MW_TYPE_BOOL) return MW_ANSWER_YES_NO;
    if (mw_type_is_text(label)) return MW_ANSWER_CLASS;
    MW_ASSERT(label == MW_TYPE_NUMBER || label == MW_TYPE_DURATION);
    return MW_ANSWER_NUMBER;
}

bool mw_answer_kind_fits(mw_answer_kind kind, mw_type label) {
    mw_answer_kind own = mw_answer_kind_of(label);
    bool is_before = kind == MW_ANSWER_YES_NO && own == MW_ANSWER_NUMBER;
    bool is_ranked = kind == MW_ANSWER_SCORE && own == MW_ANSWER_YES_NO;
    return kind == own || is_before || is_ranked;
}
