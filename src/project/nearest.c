#include "project/nearest.h"

void mw_diagnose_nearest(mw_diagnostics *diagnostics, mw_str word, const mw_str *names,
                         size_t count) {
    const char **words = mw_arena_alloc(diagnostics->arena, count, sizeof *words);
    for (size_t i = 0; words && i < count; i++) {
        words[i] = mw_str_copy(diagnostics->arena, names[i]).data;
        if (!words[i]) words = NULL;
    }
    if (!words) {
        diagnostics->out_of_memory = true;
        return;
    }
    const char *nearest = mw_str_nearest(word, words, count);
    if (nearest) mw_diagnose_hint(diagnostics, "Did you mean %s?", nearest);
}
