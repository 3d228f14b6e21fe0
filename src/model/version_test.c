#include "model/version.h"

#include "base/prng.h"
#include "model/seal.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static mw_field flight_fields[] = {{{"carrier", 7}, MW_TYPE_CATEGORY},
                                   {{"sched_dep", 9}, MW_TYPE_TIME}};
static const mw_version_stream streams[] = {{{"flights", 7}, {flight_fields, 2}},
                                            {{"weather", 7}, {NULL, 0}}};
static const mw_str carriers[] = {{"AA", 2}, {"UA", 2}};
static const mw_model_feature features[] = {
    {.name = {"distance", 8}, .type = MW_TYPE_NUMBER},
    {.name = {"carrier", 7}, .type = MW_TYPE_CATEGORY, .values = {carriers, 2}}};
static const double mean[] = {3}, spread[] = {1, 2}, rates[] = {0.5, 0.25, 0.375};
static const mw_transform of_distance[] = {{MW_TRANSFORM_IMPUTE, mean, 1},
                                           {MW_TRANSFORM_SCALE, spread, 2},
                                           {MW_TRANSFORM_PCA, spread, 2}};
static const mw_transform of_carrier[] = {{MW_TRANSFORM_TARGET, rates, 3}};
static const mw_model_feature fitted[] = {{.name = {"distance", 8},
                                           .type = MW_TYPE_NUMBER,
                                           .transforms = of_distance,
                                           .transform_count = 3,
                                           .together = 1},
                                          {.name = {"carrier", 7},
                                           .type = MW_TYPE_CATEGORY,
                                           .values = {carriers, 2},
                                           .transforms = of_carrier,
                                           .transform_count = 1}};
static const double background[] = {733, 0, -2.5, 1};
static const mw_version_file files[] = {{{"m.onnx", 6}, {"00ff", 4}}};

/* As many equal trees as there are sums. */
static const mw_forest *make_forest(mw_arena *arena, uint32_t class_count,
                                    mw_forest_output output) {
    mw_forest_head head = {.feature_count = 2,
                           .tree_count = class_count,
                           .class_count = class_count,
                           .output = output,
                           .sigmoid = 1};
    mw_forest_node nodes[] = {
        {.kind = MW_NODE_CATEGORY, .feature = 1, .words = MW_STR("\2\0\0\0")},
        {.kind = MW_NODE_LEAF, .value = 1},
        {.kind = MW_NODE_LEAF, .value = -1}};
    mw_buf buf;
    mw_buf_init(&buf, 1 << 10);
    for (size_t i = 0; i < 3 * class_count; i++)
        mw_forest_node_append(&buf, &head, &nodes[i % 3]);
    const mw_forest *forest;
    mw_error err;
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&buf), &forest, &err), &err);
    mw_buf_release(&buf);
    return forest;
}

static mw_version make_version(mw_arena *arena) {
    return (mw_version){
        .model = MW_STR("late"),
        .project = MW_STR("project: flights\n"),
        .zone = MW_STR("America/New_York"),
        .zone_data = MW_STR("TZif2 and so on"),
        .streams = streams,
        .stream_count = 2,
        .features = {fitted, 2},
        .files = files,
        .file_count = 1,
        .forest = make_forest(arena, 1, MW_OUTPUT_SIGMOID),
        .threshold = 0.2,
        .baseline = 0.16,
        .learner = MW_STR("lightgbm"),
        .settings = MW_STR("objective=binary seed=1"),
        .data_version = MW_STR("0123456789ab"),
        .from_us = -5,
        .to_us = 1000,
        .example_count = 12345,
        .profile = MW_STR("the profile's bytes"),
        .background = background,
        .background_count = 2,
    };
}

static const mw_str desks[] = {{"sales", 5}, {"billing", 7}, {"", 0}};
static const double shares[] = {0.25, 0.75, 0};

static mw_version make_answer(mw_arena *arena, mw_answer_kind kind) {
    mw_version version = make_version(arena);
    version.answer = kind;
    if (kind == MW_ANSWER_NUMBER) version.forest = make_forest(arena, 1, MW_OUTPUT_IDENTITY);
    if (kind != MW_ANSWER_CLASS) return version;
    version.forest = make_forest(arena, 2, MW_OUTPUT_SOFTMAX);
    version.classes = (mw_classes){{desks, 2}, shares};
    return version;
}

static void check_answer(const mw_version *a, const mw_version *b) {
    double one[2], other[2];
    static const double row[] = {7, 1};
    MW_CHECK(a->answer == b->answer && a->classes.names.count == b->classes.names.count);
    for (size_t i = 0; i < a->classes.names.count; i++) {
        MW_CHECK_EQUAL_STR(a->classes.names.items[i], b->classes.names.items[i]);
        MW_CHECK_EQUAL_DOUBLE_BITS(a->classes.probabilities[i], b->classes.probabilities[i]);
    }
    mw_forest_predict_rows(a->forest, row, 1, one);
    mw_forest_predict_rows(b->forest, row, 1, other);
    MW_CHECK_EQUAL_DOUBLE_BITS(one[0], other[0]);
}

static void check_equal(const mw_version *a, const mw_version *b) {
    MW_CHECK_EQUAL_STR(a->model, b->model);
    MW_CHECK_EQUAL_STR(a->project, b->project);
    MW_CHECK_EQUAL_STR(a->zone, b->zone);
    MW_CHECK_EQUAL_STR(a->zone_data, b->zone_data);
    MW_CHECK_EQUAL_STR(a->learner, b->learner);
    MW_CHECK_EQUAL_STR(a->settings, b->settings);
    MW_CHECK_EQUAL_STR(a->data_version, b->data_version);
    MW_CHECK_EQUAL_STR(a->profile, b->profile);
    MW_CHECK(a->from_us == b->from_us && a->to_us == b->to_us);
    MW_CHECK(a->example_count == b->example_count);
    MW_CHECK(a->threshold == b->threshold && a->baseline == b->baseline);
    MW_CHECK_EQUAL_INT(a->stream_count, b->stream_count);
    for (size_t i = 0; i < a->stream_count; i++) {
        MW_CHECK_EQUAL_STR(a->streams[i].name, b->streams[i].name);
        MW_CHECK(mw_schema_equal(&a->streams[i].columns, &b->streams[i].columns));
    }
    MW_CHECK_EQUAL_INT(a->features.count, b->features.count);
    for (size_t i = 0; i < a->features.count; i++) {
        const mw_model_feature *x = &a->features.items[i], *y = &b->features.items[i];
        MW_CHECK_EQUAL_STR(x->name, y->name);
        MW_CHECK(x->type == y->type && x->values.count == y->values.count);
        for (size_t v = 0; v < x->values.count; v++)
            MW_CHECK_EQUAL_STR(x->values.items[v], y->values.items[v]);
        MW_CHECK_EQUAL_INT(x->transform_count, y->transform_count);
        MW_CHECK_EQUAL_INT(x->together, y->together);
        for (size_t t = 0; t < x->transform_count; t++) {
            const mw_transform *p = &x->transforms[t], *q = &y->transforms[t];
            MW_CHECK(p->kind == q->kind && p->count == q->count);
            MW_CHECK(memcmp(p->numbers, q->numbers, p->count * sizeof *p->numbers) == 0);
        }
    }
    MW_CHECK_EQUAL_INT(a->file_count, b->file_count);
    for (size_t i = 0; i < a->file_count; i++) {
        MW_CHECK_EQUAL_STR(a->files[i].name, b->files[i].name);
        MW_CHECK_EQUAL_STR(a->files[i].sha256, b->files[i].sha256);
    }
    MW_CHECK_EQUAL_INT(a->background_count, b->background_count);
    for (size_t i = 0; i < a->background_count * a->features.count; i++)
        MW_CHECK_EQUAL_DOUBLE_BITS(a->background[i], b->background[i]);
    check_answer(a, b);
}

static void check_comes_back(mw_answer_kind kind) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_version version = make_answer(&arena, kind);
    const mw_version *back;
    mw_buf bytes, again;
    mw_error err;
    mw_buf_init(&bytes, 1 << 16);
    mw_buf_init(&again, 1 << 16);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    MW_CHECK_OK(mw_version_decode(&arena, mw_buf_str(&bytes), &back, &err), &err);
    check_equal(back, &version);
    MW_CHECK_OK(mw_version_encode(back, &again, &err), &err);
    MW_CHECK(mw_str_equal(mw_buf_str(&bytes), mw_buf_str(&again)));
    MW_CHECK_OK(mw_version_decode_all_but_forest(&arena, mw_buf_str(&bytes), &back, &err), &err);
    MW_CHECK(!back->forest);
    mw_version whole = *back;
    whole.forest = version.forest;
    check_equal(&whole, &version);
    mw_buf_release(&bytes);
    mw_buf_release(&again);
    mw_arena_release(&arena);
}

MW_TEST(version_comes_back_as_it_was) {
    for (int kind = 0; kind < MW_ANSWER_COUNT; kind++) check_comes_back((mw_answer_kind)kind);
}

/* What says yes or no has the bytes, and so the name, that it had before there was anything else:
   these are of the commit before. */
MW_TEST(version_of_yes_or_no_keeps_its_bytes) {
    mw_arena arena;
    mw_buf bytes;
    char name[MW_VERSION_NAME_SIZE + 1];
    mw_arena_init(&arena, 1 << 20);
    mw_buf_init(&bytes, 1 << 16);
    mw_version version = make_version(&arena);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_seal_format(mw_buf_str(&bytes)), 4);
    mw_version_name(mw_buf_str(&bytes), name);
    MW_CHECK_EQUAL_STR((const char *)name, "bb1f0a987fdd");
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
}

MW_TEST(version_refuses_answers_that_do_not_fit_their_forest) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    const mw_forest *one = make_forest(&arena, 1, MW_OUTPUT_IDENTITY),
                    *three = make_forest(&arena, 3, MW_OUTPUT_SOFTMAX);
    struct {
        mw_answer_kind kind;
        const mw_forest *forest;
        size_t class_count;
        mw_status status;
    } rows[] = {{MW_ANSWER_NUMBER, one, 0, MW_OK},         {MW_ANSWER_SCORE, one, 0, MW_OK},
                {MW_ANSWER_NUMBER, three, 0, MW_CORRUPT},  {MW_ANSWER_YES_NO, three, 0, MW_CORRUPT},
                {MW_ANSWER_CLASS, one, 2, MW_CORRUPT},     {MW_ANSWER_CLASS, three, 2, MW_CORRUPT},
                {MW_ANSWER_CLASS, three, 3, MW_CORRUPT} /* one has no name */};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mw_version version = make_version(&arena);
        const mw_version *back;
        mw_buf bytes;
        mw_error err;
        mw_buf_init(&bytes, 1 << 16);
        version.answer = rows[i].kind;
        version.forest = rows[i].forest;
        version.classes = (mw_classes){{desks, rows[i].class_count}, shares};
        MW_CHECK_OK(mw_version_encode(&version, &bytes, NULL), NULL);
        MW_CHECK_STATUS(mw_version_decode(&arena, mw_buf_str(&bytes), &back, &err), rows[i].status);
        mw_buf_release(&bytes);
    }
    mw_arena_release(&arena);
}

/* A yes or no in the newer format would be a second spelling, and a second name, of one version. */
MW_TEST(version_of_a_kind_that_is_none_is_corrupt) {
    mw_arena arena;
    mw_buf bytes, changed;
    mw_str payload;
    const mw_version *back;
    static const mw_seal seal = {
        .what = "version", .magic = MW_VERSION_MAGIC, .format = MW_VERSION_FORMAT};
    mw_arena_init(&arena, 1 << 20);
    mw_buf_init(&bytes, 1 << 16);
    mw_buf_init(&changed, 1 << 16);
    mw_version version = make_answer(&arena, MW_ANSWER_NUMBER);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, NULL), NULL);
    MW_CHECK_OK(mw_seal_open(seal, mw_buf_str(&bytes), &payload, NULL), NULL);
    size_t kind = payload.size - 2 * sizeof(uint64_t); /* and the number of classes */
    for (int wrong = 0; wrong <= MW_ANSWER_COUNT; wrong++) {
        bytes.data[(size_t)(payload.data - bytes.data) + kind] = (char)wrong;
        mw_buf_clear(&changed);
        mw_seal_append(&changed, seal, payload);
        bool fits = wrong == MW_ANSWER_NUMBER || wrong == MW_ANSWER_SCORE;
        MW_CHECK_STATUS(mw_version_decode(&arena, mw_buf_str(&changed), &back, NULL),
                        fits ? MW_OK : MW_CORRUPT);
    }
    mw_buf_release(&bytes);
    mw_buf_release(&changed);
    mw_arena_release(&arena);
}

/* Takes `size` bytes out, those behind the last `after`. */
static void cut_behind(char *bytes, size_t *byte_count, mw_str after, size_t size) {
    size_t at = *byte_count - after.size;
    while (memcmp(bytes + at, after.data, after.size) != 0) at--;
    at += after.size;
    memmove(bytes + at, bytes + at + size, *byte_count - at - size);
    *byte_count -= size;
}

/* Format 1 had no transforms and no files, format 2 no background, format 3 no joint transforms:
   their counts, all zeros as those of values are, are taken out of a version without any. */
static void check_old_format(uint32_t format) {
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 20);
    mw_version version = make_version(&arena);
    version.features.items = features;
    version.file_count = version.background_count = 0;
    mw_buf bytes, old;
    mw_str payload;
    mw_buf_init(&bytes, 1 << 16);
    mw_buf_init(&old, 1 << 16);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    mw_seal seal = {
        .what = "version", .magic = MW_VERSION_MAGIC, .format = MW_VERSION_FORMAT};
    MW_CHECK_OK(mw_seal_open(seal, mw_buf_str(&bytes), &payload, &err), &err);
    static char copy[1 << 16];
    size_t size = payload.size - (format < 3 ? sizeof(uint64_t) : 0); /* the background's */
    memcpy(copy, payload.data, size);
    cut_behind(copy, &size, MW_STR("UA"), format == 1 ? 24 : 8); /* carrier's, and the files */
    cut_behind(copy, &size, MW_STR("number"), format == 1 ? 16 : 8); /* distance's */
    seal.format = format;
    mw_seal_append(&old, seal, (mw_str){copy, size});
    const mw_version *back;
    MW_CHECK_OK(mw_version_decode(&arena, mw_buf_str(&old), &back, &err), &err);
    check_equal(back, &version);
    mw_buf_release(&bytes);
    mw_buf_release(&old);
    mw_arena_release(&arena);
}

MW_TEST(version_reads_the_formats_before) {
    check_old_format(1);
    check_old_format(2);
    check_old_format(3);
}

/* Else a fuzzer would start from what is refused at its first bytes. */
MW_TEST(version_fuzzer_starts_from_versions) {
    static const struct {
        const char *name;
        uint32_t format;
        size_t background_count;
        mw_answer_kind answer;
    } kept_ones[] = {{"small", 4, 0, MW_ANSWER_YES_NO},
                     {"background", 4, 2, MW_ANSWER_YES_NO},
                     {"classes", 5, 0, MW_ANSWER_CLASS},
                     {"number", 5, 2, MW_ANSWER_NUMBER},
                     {"score", 5, 2, MW_ANSWER_SCORE}};
    for (size_t i = 0; i < sizeof kept_ones / sizeof *kept_ones; i++) {
        static char kept[1 << 16];
        char path[64];
        snprintf(path, sizeof path, "tests/corpus/version/%s", kept_ones[i].name);
        FILE *file = fopen(path, "rb");
        MW_CHECK(file);
        size_t size = fread(kept, 1, sizeof kept, file);
        fclose(file);
        mw_arena arena;
        mw_buf bytes;
        mw_error err;
        mw_arena_init(&arena, 1 << 20);
        mw_buf_init(&bytes, 1 << 17);
        mw_seal seal = {
            .what = "version", .magic = MW_VERSION_MAGIC, .format = kept_ones[i].format};
        mw_seal_append(&bytes, seal, (mw_str){kept, size});
        const mw_version *version;
        MW_CHECK_OK(mw_version_decode(&arena, mw_buf_str(&bytes), &version, &err), &err);
        MW_CHECK_EQUAL_INT(version->background_count, kept_ones[i].background_count);
        MW_CHECK_EQUAL_INT(version->answer, kept_ones[i].answer);
        mw_buf_release(&bytes);
        mw_arena_release(&arena);
    }
}

MW_TEST(version_is_named_by_its_contents) {
    char name[MW_VERSION_NAME_SIZE + 1];
    mw_version_name(MW_STR("abc"), name); /* FIPS 180-2's example: ba7816bf 8f01cfea ... */
    MW_CHECK_EQUAL_STR((const char *)name, "ba7816bf8f01");
}

/* With any byte of the payload changed, and the seal made good again, decoding ends in an error or
   in a version that can be encoded. */
static void check_changed_bytes(mw_answer_kind kind) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_version version = make_answer(&arena, kind);
    mw_buf bytes, changed;
    mw_buf_init(&bytes, 1 << 16);
    mw_buf_init(&changed, 1 << 16);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, NULL), NULL);
    mw_seal seal = {
        .what = "version", .magic = MW_VERSION_MAGIC, .format = MW_VERSION_FORMAT};
    mw_str payload;
    MW_CHECK_OK(mw_seal_open(seal, mw_buf_str(&bytes), &payload, NULL), NULL);
    seal.format = mw_seal_format(mw_buf_str(&bytes));
    static char copy[1 << 16];
    memcpy(copy, payload.data, payload.size);
    uint64_t prng = mw_test_seed();
    size_t refused = 0;
    for (size_t i = 0; i < payload.size; i++) {
        mw_arena scratch;
        mw_arena_init(&scratch, 1 << 20);
        const mw_version *back;
        char kept = copy[i];
        copy[i] = (char)mw_prng_below(&prng, 256);
        mw_buf_clear(&changed);
        mw_seal_append(&changed, seal, (mw_str){copy, payload.size});
        mw_str sealed = mw_buf_str(&changed);
        mw_status partly = mw_version_decode_all_but_forest(&scratch, sealed, &back, NULL);
        mw_status status = mw_version_decode(&scratch, sealed, &back, NULL);
        MW_CHECK(status == MW_OK || status == MW_CORRUPT || status == MW_NEWER_FORMAT);
        MW_CHECK(partly == MW_OK || partly == status);
        mw_buf_clear(&changed);
        if (status == MW_OK) MW_CHECK_OK(mw_version_encode(back, &changed, NULL), NULL);
        refused += status != MW_OK;
        copy[i] = kept;
        mw_arena_release(&scratch);
    }
    MW_CHECK(refused > payload.size / 10);
    mw_buf_release(&bytes);
    mw_buf_release(&changed);
    mw_arena_release(&arena);
}

MW_TEST(version_survives_bytes_that_are_changed) {
    check_changed_bytes(MW_ANSWER_YES_NO);
    check_changed_bytes(MW_ANSWER_CLASS);
}

/* A joint step goes by the numbers of each: one that has others there would be read beyond them. */
MW_TEST(version_refuses_steps_that_are_joint_for_some) {
    static const double numbers[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const mw_transform joint = {MW_TRANSFORM_PCA, numbers, 3},
                              others[] = {{MW_TRANSFORM_PCA, numbers, 1},
                                          {MW_TRANSFORM_RANK, numbers, 8},
                                          {MW_TRANSFORM_RANK, numbers, 0},
                                          {MW_TRANSFORM_IMPUTE, numbers, 1},
                                          {MW_TRANSFORM_TF_IDF, numbers, 1}};
    for (size_t i = 0; i < 2 * sizeof others / sizeof *others; i++) {
        const mw_transform *other = &others[i / 2], *first = i % 2 == 0 ? &joint : other;
        mw_model_feature pair[] = {
            {.name = MW_STR("x"), .type = MW_TYPE_NUMBER, .transforms = first,
             .transform_count = 1, .together = 2},
            {.name = MW_STR("y"), .type = MW_TYPE_NUMBER,
             .transforms = i % 2 == 0 ? other : &joint, .transform_count = 1}};
        mw_arena arena;
        mw_buf bytes;
        const mw_version *back;
        mw_arena_init(&arena, 1 << 20);
        mw_buf_init(&bytes, 1 << 16);
        mw_version version = make_version(&arena);
        version.features.items = pair;
        MW_CHECK_OK(mw_version_encode(&version, &bytes, NULL), NULL);
        MW_CHECK_STATUS(mw_version_decode(&arena, mw_buf_str(&bytes), &back, NULL),
                        i / 2 == 0 ? MW_OK : MW_CORRUPT);
        mw_buf_release(&bytes);
        mw_arena_release(&arena);
    }
}

static mw_status encode_and_decode(void *context) {
    mw_arena arena;
    mw_buf bytes;
    mw_arena_init(&arena, 1 << 20);
    mw_buf_init(&bytes, 1 << 16);
    const mw_version *back;
    mw_status status = mw_version_encode(context, &bytes, NULL);
    if (status == MW_OK)
        status = mw_version_decode_all_but_forest(&arena, mw_buf_str(&bytes), &back, NULL);
    if (status == MW_OK) status = mw_version_decode(&arena, mw_buf_str(&bytes), &back, NULL);
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(version_survives_every_shortage_of_memory) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_version version = make_answer(&arena, MW_ANSWER_CLASS);
    MW_CHECK(mw_test_every_allocation_fails(encode_and_decode, &version) > 3);
    mw_arena_release(&arena);
}
