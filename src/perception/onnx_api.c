#include "perception/onnx_api.h"

#include <string.h>

/* The first version whose table has every slot that we name; later ones only append. */
enum { TABLE_VERSION = 12 };
static const char file_name[] = "libonnxruntime.so.1.31.1";

typedef struct {
    const void *(*table)(uint32_t version);
    const char *(*version)(void);
} api_base;

mw_status mw_onnx_open(mw_sys *sys, mw_onnx_api *out_api, mw_error *err) {
    static const char *const names[] = {"OrtGetApiBase"};
    mw_library *library;
    mw_symbol symbols[1];
    MW_TRY(mw_library_open(sys, file_name, &library, err));
    MW_TRY(mw_library_symbols(library, names, 1, symbols, err));
    const api_base *base = ((const api_base *(*)(void))symbols[0])();
    const mw_symbol *slots = base ? base->table(TABLE_VERSION) : NULL;
    if (!slots)
        return mw_fail(err, MW_UNAVAILABLE, "%s: has no interface of version %d", file_name,
                       TABLE_VERSION);
#define X(member, slot, gives, parameters) out_api->member = (gives(*) parameters)slots[slot];
    MW_ONNX_API_MAP(X)
#undef X
    return MW_OK;
}

mw_status mw_onnx_check(const mw_onnx_api *api, mw_onnx_status *status, mw_error *err) {
    if (!status) return MW_OK;
    mw_status failed = mw_fail(err, MW_INVALID, "onnx: %s", api->error_message(status));
    api->release_status(status);
    return failed;
}
