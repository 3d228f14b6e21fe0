#include "train/lightgbm_api.h"

static const char *const names[] = {
    "LGBM_GetLastError",
#define X(member, symbol, parameters) #symbol,
    MW_LIGHTGBM_API_MAP(X)
#undef X
    /* Not called. It came with 4.2, so a library that has it writes the text that we read. */
    "LGBM_DatasetCreateFromArrow",
};
enum { NAME_COUNT = sizeof names / sizeof *names };

mw_status mw_lightgbm_open(mw_sys *sys, mw_lightgbm_api *out_api, mw_error *err) {
    mw_library *library;
    mw_symbol symbols[NAME_COUNT];
    MW_TRY(mw_library_open(sys, "lib_lightgbm.so", &library, err));
    MW_TRY(mw_library_symbols(library, names, NAME_COUNT, symbols, err));

    const mw_symbol *next = symbols;
    mw_lightgbm_api api = {.last_error = (const char *(*)(void)) * next++};
#define X(member, symbol, parameters) api.member = (int(*) parameters) * next++;
    MW_LIGHTGBM_API_MAP(X)
#undef X
    *out_api = api;
    return MW_OK;
}

mw_status mw_lightgbm_check(const mw_lightgbm_api *api, int result, const char *action,
                            mw_error *err) {
    if (result == 0) return MW_OK;
    return mw_fail(err, MW_INVALID, "lightgbm: %s: %s", action, api->last_error());
}

mw_status mw_lightgbm_save(const mw_lightgbm_api *api, mw_lightgbm_booster *booster,
                           mw_arena *arena, mw_str *out_text, mw_error *err) {
    enum { ALL = -1, BY_SPLITS = 0 };
    int64_t size = 0; /* with the NUL */
    char none;
    MW_TRY(mw_lightgbm_check(api, api->booster_save(booster, 0, ALL, BY_SPLITS, 0, &size, &none),
                             "save", err));
    if (size < 1) return mw_fail(err, MW_INVALID, "lightgbm: save: it gave no text");
    char *text = mw_arena_alloc(arena, (size_t)size, 1);
    if (!text)
        return mw_fail(err, MW_NO_MEMORY, "lightgbm: out of memory for %lld bytes of model",
                       (long long)size);
    MW_TRY(mw_lightgbm_check(api, api->booster_save(booster, 0, ALL, BY_SPLITS, size, &size, text),
                             "save", err));
    *out_text = (mw_str){text, (size_t)size - 1};
    return MW_OK;
}
