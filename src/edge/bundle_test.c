#include "edge/bundle_world_test.h"
#include "model/seal.h"

#include <stdio.h>

static void check_refused(mw_str bytes, mw_status status) {
    mw_arena arena;
    mw_bundle bundle;
    mw_arena_init(&arena, 1 << 24);
    MW_CHECK_STATUS(mw_bundle_decode(&arena, bytes, &bundle, NULL), status);
    mw_arena_release(&arena);
}

MW_TEST(bundle_comes_back_with_the_name_of_its_version) {
    mw_arena arena;
    mw_buf file, version;
    mw_bundle bundle;
    mw_error err;
    char name[MW_VERSION_NAME_SIZE + 1];
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&file, 1 << 20);
    mw_buf_init(&version, 1 << 20);
    shop_export(SHOP_ASKED, &file);
    shop_version(&arena, SHOP_ASKED, MW_ANSWER_YES_NO, &version);
    MW_CHECK_OK(mw_bundle_decode(&arena, mw_buf_str(&file), &bundle, &err), &err);
    mw_version_name(mw_buf_str(&version), name);
    MW_CHECK_EQUAL_STR(mw_str_of(bundle.name), name);
    MW_CHECK_EQUAL_INT(bundle.declarations.stream_count, 2);
    MW_CHECK_EQUAL_STR(bundle.declarations.models[0].moment.text, "on orders");
    MW_CHECK(bundle.declarations.zone == mw_zone_utc());
    MW_CHECK_EQUAL_INT(bundle.version->features.count, 5);
    mw_buf_release(&file);
    mw_buf_release(&version);
    mw_arena_release(&arena);
}

/* Else a fuzzer would start from what is refused at its first bytes. */
MW_TEST(bundle_fuzzer_starts_from_exported_models) {
    static const char *const names[] = {"shop", "ranked", "scheduled"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        static char kept[1 << 16];
        char path[64];
        snprintf(path, sizeof path, "tests/corpus/bundle/%s", names[i]);
        FILE *file = fopen(path, "rb");
        MW_CHECK(file);
        size_t size = fread(kept, 1, sizeof kept, file);
        fclose(file);
        mw_arena arena;
        mw_buf bytes;
        mw_bundle bundle;
        mw_error err;
        mw_arena_init(&arena, 1 << 24);
        mw_buf_init(&bytes, 1 << 17);
        mw_seal seal = {
            .what = "exported model", .magic = MW_BUNDLE_MAGIC, .format = MW_BUNDLE_FORMAT};
        mw_seal_append(&bytes, seal, (mw_str){kept, size});
        MW_CHECK_OK(mw_bundle_decode(&arena, mw_buf_str(&bytes), &bundle, &err), &err);
        mw_buf_release(&bytes);
        mw_arena_release(&arena);
    }
}

MW_TEST(bundle_with_any_byte_changed_or_missing_is_refused) {
    mw_buf file;
    mw_buf_init(&file, 1 << 20);
    shop_export(SHOP_ASKED, &file);
    for (size_t size = 0; size < file.size; size += 7)
        check_refused((mw_str){file.data, size}, MW_CORRUPT);
    for (size_t i = 8; i < file.size; i += 5) {
        file.data[i] ^= 1;
        check_refused(mw_buf_str(&file), MW_CORRUPT);
        file.data[i] ^= 1;
    }
    file.data[4] = 3;
    check_refused(mw_buf_str(&file), MW_NEWER_FORMAT);
    mw_buf_release(&file);
}

/* It was sealed as a file of the first format, which knew neither units nor what is cleaned. */
MW_TEST(bundle_of_an_older_format_is_told_by_name) {
    static const mw_seal first = {.what = "exported model", .magic = 0x464d574d, .format = 1};
    mw_arena arena;
    mw_bundle bundle;
    mw_error err;
    mw_buf file;
    mw_arena_init(&arena, 1 << 20);
    mw_buf_init(&file, 1 << 10);
    mw_seal_append(&file, first, MW_STR("any"));
    MW_CHECK_STATUS(mw_bundle_decode(&arena, mw_buf_str(&file), &bundle, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "exported model: format version must be 2, got 1");
    MW_CHECK_EQUAL_STR(err.hint, "Export the model again.");
    mw_buf_release(&file);
    mw_arena_release(&arena);
}

MW_TEST(bundle_of_another_model_than_its_version_is_refused) {
    mw_arena arena;
    mw_buf file, version;
    mw_bundle bundle;
    mw_error err;
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&file, 1 << 20);
    mw_buf_init(&version, 1 << 20);
    shop_version(&arena, SHOP_ASKED, MW_ANSWER_YES_NO, &version);
    mw_declarations declarations = mw_test_declare(&arena, SHOP_ASKED);
    declarations.models[0].name = MW_STR("other");
    MW_CHECK_OK(mw_bundle_encode(&declarations, 0, mw_buf_str(&version), &file, &err), &err);
    MW_CHECK_STATUS(mw_bundle_decode(&arena, mw_buf_str(&file), &bundle, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "exported model: its declarations are of another model than "
                                    "its version");
    mw_buf_release(&file);
    mw_buf_release(&version);
    mw_arena_release(&arena);
}

static mw_status decode(void *context) {
    mw_arena arena;
    mw_bundle bundle;
    mw_arena_init(&arena, 1 << 24);
    mw_status status = mw_bundle_decode(&arena, *(mw_str *)context, &bundle, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(bundle_survives_every_failing_allocation) {
    mw_buf file;
    mw_buf_init(&file, 1 << 20);
    shop_export(SHOP_ASKED, &file);
    mw_str bytes = mw_buf_str(&file);
    MW_CHECK(mw_test_every_allocation_fails(decode, &bytes) > 0);
    mw_buf_release(&file);
}
