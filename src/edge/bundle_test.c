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
    shop_version(&arena, SHOP_ASKED, (shop_answer){.kind = MW_ANSWER_YES_NO}, &version);
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
    static const char *const names[] = {"shop", "ranked", "scheduled", "classes", "number"};
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
        bool is_number = bundle.version->answer == MW_ANSWER_NUMBER;
        MW_CHECK(is_number == (strcmp(names[i], "number") == 0));
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
    shop_version(&arena, SHOP_ASKED, (shop_answer){.kind = MW_ANSWER_YES_NO}, &version);
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

static mw_str numbered(mw_arena *arena, size_t index) {
    char name[32];
    snprintf(name, sizeof name, "class %zu", index);
    return mw_str_copy(arena, mw_str_of(name));
}

static void check_classes(mw_values names, uint32_t sum_count, const char *message) {
    mw_arena arena;
    mw_buf file;
    mw_bundle bundle;
    mw_error err;
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&file, 1 << 20);
    shop_answer answer = shop_named(names);
    answer.sum_count = sum_count;
    shop_export_answer(SHOP_ASKED, answer, &file);
    mw_status status = mw_bundle_decode(&arena, mw_buf_str(&file), &bundle, &err);
    MW_CHECK_STATUS(status, message ? MW_CORRUPT : MW_OK);
    if (message) MW_CHECK_EQUAL_STR(err.message, message);
    else MW_CHECK_EQUAL_INT(bundle.version->classes.names.count, names.count);
    mw_buf_release(&file);
    mw_arena_release(&arena);
}

MW_TEST(bundle_of_classes_that_break_a_rule_is_refused) {
    static const char *const classes =
        "exported model: version: its classes breaks a rule of the format";
    static const char *const forest =
        "exported model: version: its forest breaks a rule of the format";
    static const mw_str doubled[] = {{"b", 1}, {"a", 1}, {"b", 1}};
    static const mw_str nul[] = {{"b", 1}, {"a\0b", 3}}, empty[] = {{"b", 1}, {"", 0}};
    mw_arena arena;
    mw_str many[MW_CLASSES_MAX + 1];
    mw_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i <= MW_CLASSES_MAX; i++) many[i] = numbered(&arena, i);
    check_classes((mw_values){many, 1}, 0, classes);
    check_classes((mw_values){many, MW_CLASSES_MIN}, 0, NULL);
    check_classes((mw_values){many, MW_CLASSES_MAX}, 0, NULL);
    check_classes((mw_values){many, MW_CLASSES_MAX + 1}, 0, classes);
    check_classes((mw_values){doubled, 3}, 0, classes);
    check_classes((mw_values){empty, 2}, 0, classes);
    check_classes((mw_values){nul, 2}, 0, "exported model: no name of a class may hold a NUL");
    check_classes((mw_values){many, 3}, 4, forest); /* too few for its forest's sums */
    check_classes((mw_values){many, 3}, 2, forest);
    mw_arena_release(&arena);
}

/* Its answer is the last that a version tells: the kind, the number of classes, and they. */
MW_TEST(bundle_of_classes_without_any_is_refused) {
    mw_arena arena;
    mw_buf version, changed, file;
    mw_bundle bundle;
    mw_str payload;
    mw_error err;
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&version, 1 << 20);
    mw_buf_init(&changed, 1 << 20);
    mw_buf_init(&file, 1 << 20);
    mw_seal seal = {.what = "version", .magic = MW_VERSION_MAGIC, .format = MW_VERSION_FORMAT};
    shop_version(&arena, SHOP_ASKED, (shop_answer){.kind = MW_ANSWER_NUMBER}, &version);
    MW_CHECK_OK(mw_seal_open(seal, mw_buf_str(&version), &payload, &err), &err);
    mw_buf shorter;
    mw_buf_init(&shorter, 1 << 20);
    mw_buf_append(&shorter, payload.data, payload.size - 2 * sizeof(uint64_t));
    mw_buf_append_u64(&shorter, MW_ANSWER_CLASS);
    mw_buf_append_u64(&shorter, 0);
    mw_seal_append(&changed, seal, mw_buf_str(&shorter));
    mw_declarations declarations = mw_test_declare(&arena, SHOP_ASKED);
    MW_CHECK_OK(mw_bundle_encode(&declarations, 0, mw_buf_str(&changed), &file, &err), &err);
    MW_CHECK_STATUS(mw_bundle_decode(&arena, mw_buf_str(&file), &bundle, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message,
                       "exported model: version: its classes breaks a rule of the format");
    mw_buf_release(&version);
    mw_buf_release(&changed);
    mw_buf_release(&shorter);
    mw_buf_release(&file);
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
