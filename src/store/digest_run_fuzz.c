#include "store/digest_run.h"

#include <string.h>

#include "base/hash.h"
#include "sys/simulated.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_SIZE = 72, SUMMED = HEAD_SIZE - 4, SHAPE_AT = 16, PAGE = 4096 };

/* A head that fits its sum, in front of anything. */
static mw_status lay_down(mw_sys *sys, const uint8_t *data, size_t size, mw_run_shape *out_shape) {
    mw_buf bytes;
    mw_buf_init(&bytes, (size_t)1 << 26);
    mw_buf_append_text(&bytes, "MWRN");
    mw_buf_append_u32(&bytes, MW_RUN_FORMAT);
    mw_buf_append_u64(&bytes, 1); /* its id */
    mw_buf_append(&bytes, data, SUMMED - SHAPE_AT);
    mw_buf_append_u32(&bytes, mw_crc32c(0, bytes.data, SUMMED));
    while (bytes.size < PAGE) mw_buf_append_char(&bytes, '\0');
    mw_buf_append(&bytes, data + SUMMED - SHAPE_AT, size - (SUMMED - SHAPE_AT));
    mw_reader in = {.rest = {(const char *)data, size}};
    out_shape->log_id = mw_read_u64(&in);
    out_shape->key.words[0] = mw_read_u64(&in);
    out_shape->key.words[1] = mw_read_u64(&in);
    out_shape->kind = mw_read_u32(&in);
    out_shape->word_count = mw_read_u32(&in);
    out_shape->is_filtered = data[0] % 2;
    mw_status status = mw_sys_write_file(sys, "0000000000000001.run", mw_buf_str(&bytes), NULL);
    mw_buf_release(&bytes);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_sys *sys;
    mw_run_shape shape;
    mw_digest_run *run = NULL;
    mw_error err;
    if (size < SUMMED - SHAPE_AT) return 0;
    if (mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, NULL) != MW_OK) return 0;
    mw_run_place place = {sys, ".", 1};
    mw_status status = lay_down(sys, data, size, &shape);
    bool is_usual = shape.word_count >= 2 && shape.word_count <= MW_RUN_WORDS_MAX;
    if (status == MW_OK && is_usual) status = mw_digest_run_open(place, &shape, 0, &run, &err);
    for (uint64_t i = 0; run && i < 20; i++) {
        mw_keyed_hash digest = {{i << 60 | data[i % size], i}};
        uint64_t words[MW_RUN_WORDS_MAX];
        bool is_found;
        (void)!mw_digest_run_find(run, digest, words, &is_found, &err);
    }
    mw_digest_run_close(run);
    mw_simulated_destroy(sys);
    return 0;
}
