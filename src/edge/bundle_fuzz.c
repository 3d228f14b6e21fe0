/* The bytes are what the seal of an exported model would hold. Whatever comes is read or refused,
   and what is read becomes a timeline or is told. */
#include "edge/loaded.h"
#include "model/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const mw_seal seal = {
        .what = "exported model", .magic = MW_BUNDLE_MAGIC, .format = MW_BUNDLE_FORMAT};
    mw_model *model;
    mw_timeline *timeline;
    mw_buf file;
    mw_buf_init(&file, (size_t)1 << 26);
    mw_seal_append(&file, seal, (mw_str){(const char *)bytes, size});
    if (mw_model_read(file.data, file.size, &model, NULL) == MW_DONE) {
        if (mw_timeline_create(model, &timeline, NULL) == MW_DONE) mw_timeline_destroy(timeline);
        mw_model_close(model);
    }
    mw_buf_release(&file);
    return 0;
}
