#include "train/xgboost_api.h"

static const char *const names[] = {
    "XGBGetLastError",
#define X(member, symbol, parameters) #symbol,
    MW_XGBOOST_API_MAP(X)
#undef X
};
enum { NAME_COUNT = sizeof names / sizeof *names };

mw_status mw_xgboost_open(mw_sys *sys, mw_xgboost_api *out_api, mw_error *err) {
    mw_library *threads, *library;
    mw_symbol symbols[NAME_COUNT];
    /* The wheel's own OpenMP, which it would look for in a folder of the wheel. */
    MW_TRY(mw_library_open(sys, "libgomp-e985bcbb.so.1.0.0", &threads, err));
    MW_TRY(mw_library_open(sys, "libxgboost.so", &library, err));
    MW_TRY(mw_library_symbols(library, names, NAME_COUNT, symbols, err));

    const mw_symbol *next = symbols;
    mw_xgboost_api api = {.last_error = (const char *(*)(void)) * next++};
#define X(member, symbol, parameters) api.member = (int(*) parameters) * next++;
    MW_XGBOOST_API_MAP(X)
#undef X
    *out_api = api;
    return MW_OK;
}

mw_status mw_xgboost_check(const mw_xgboost_api *api, int result, const char *action,
                           mw_error *err) {
    if (result == 0) return MW_OK;
    return mw_fail(err, MW_INVALID, "xgboost: %s: %s", action, api->last_error());
}
