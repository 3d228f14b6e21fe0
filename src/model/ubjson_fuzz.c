#include "model/ubjson.h"

#include <yyjson.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What is rewritten is JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    mw_buf json;
    mw_buf_init(&json, (size_t)1 << 24);
    if (mw_ubjson_to_json((mw_str){(const char *)bytes, size}, &json, NULL) == MW_OK) {
        yyjson_doc *doc =
            yyjson_read(json.data, json.size, YYJSON_READ_ALLOW_INF_AND_NAN);
        MW_ASSERT(doc);
        yyjson_doc_free(doc);
    }
    mw_buf_release(&json);
    return 0;
}
