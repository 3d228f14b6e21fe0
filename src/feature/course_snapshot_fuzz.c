/* Fuzzes the loading of window state: the input is what a course's bytes say besides frames,
   program hashes and checksums, which are put right here. What is taken must be saved and taken
   again, and be the same. */
#include "feature/course.h"
#include "model/seal.h"

enum { SEAL_HEAD = 16, ENGINE_HEAD = 16, CHECKSUM = 4, BYTES_MAX = 1 << 26 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mw_field columns[] = {{MW_STR("k"), MW_TYPE_CATEGORY},
                             {MW_STR("x"), MW_TYPE_NUMBER},
                             {MW_STR("t"), MW_TYPE_TIME},
                             {MW_STR("seen"), MW_TYPE_TIME}};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_course_config config;
    mw_buf empty; /* the bytes of a course that has seen nothing */
} fixture;

static mw_named_source feature(const char *name, const char *text) {
    return (mw_named_source){mw_str_of(name), {1, 1}, {mw_str_of(text), {1, 1}}};
}

static mw_course *new_course(const fixture *f) {
    mw_course *course = NULL;
    mw_status status = mw_course_create(f->config, &course, NULL);
    MW_ASSERT(status == MW_OK);
    return course;
}

static void begin(fixture *f) {
    mw_str id = MW_STR("k");
    mw_named_source features[] = {feature("a", "sum(s.x by k over 1h)"),
                                  feature("b", "max(s.x where x > 0 by k over 2h ago 5m)"),
                                  feature("c", "count(s by x over next 10m)"),
                                  feature("d", "last(s.k by x)")};
    mw_stream_declaration stream = {.name = MW_STR("s"),
                                    .columns = {columns, COLUMN_COUNT},
                                    .time = {MW_STR("t"), {6, 1}},
                                    .known = {MW_STR("seen"), {4, 1}},
                                    .ids = &id,
                                    .id_count = 1};
    mw_model_declaration model = {MW_STR("m"), {3, 1}, {MW_STR("on s at time + 2h"), {3, 1}},
                                  {MW_STR("count(s by k over next 1h)"), {2, 1}}};
    mw_declarations declarations = {.streams = &stream,
                                    .stream_count = 1,
                                    .features = features,
                                    .feature_count = sizeof features / sizeof features[0],
                                    .models = &model,
                                    .model_count = 1};
    mw_diagnostics diagnostics;
    mw_arena_init(&f->arena, 64 << 20);
    mw_status status = mw_symbols_create(1 << 22, &f->symbols, NULL);
    MW_ASSERT(status == MW_OK);
    mw_diagnostics_init(&diagnostics, &f->arena);
    const mw_program *program;
    status = mw_program_compile(&declarations, &f->arena, f->symbols, &diagnostics, &program);
    MW_ASSERT(status == MW_OK);
    f->config = (mw_course_config){.engine = {.program = program,
                                              .model = &program->models[0],
                                              .symbols = f->symbols,
                                              .with_label = true},
                                   .from = INT64_MIN,
                                   .to = INT64_MAX};
    mw_buf_init(&f->empty, BYTES_MAX);
    mw_course *course = new_course(f);
    status = mw_course_save(course, &f->empty, NULL);
    MW_ASSERT(status == MW_OK);
    mw_course_destroy(course);
}

static void end(fixture *f) {
    mw_buf_release(&f->empty);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

/* The head of the empty engine's bytes: the last thing in the empty course's. */
static mw_str engine_head(const fixture *f) {
    static const char magic[] = "MWEN";
    mw_str bytes = mw_buf_str(&f->empty);
    size_t at = bytes.size - MW_SEAL_SIZE;
    while (!mw_str_starts(mw_str_slice(bytes, at, bytes.size), mw_str_of(magic))) at--;
    return mw_str_slice(bytes, at, at + ENGINE_HEAD);
}

/* The first two bytes of the input say how much of it is the course's own; the engine has the
   rest. */
static void compose(const fixture *f, mw_str input, mw_buf *out) {
    mw_reader in = {.rest = input};
    mw_str sizes = mw_read_bytes(&in, 2);
    size_t own = in.failed ? 0 : (unsigned char)sizes.data[0] + 256U * (unsigned char)sizes.data[1];
    mw_str course = mw_str_slice(in.rest, 0, own);
    mw_str engine = mw_str_slice(in.rest, course.size, in.rest.size);
    mw_str empty = mw_buf_str(&f->empty);
    mw_buf payload;
    mw_buf_init(&payload, BYTES_MAX);
    mw_buf_append_str(&payload, mw_str_slice(empty, SEAL_HEAD, SEAL_HEAD + MW_SHA256_SIZE));
    mw_buf_append_str(&payload, course);
    mw_buf_append_u64(&payload, ENGINE_HEAD + engine.size + CHECKSUM);
    size_t start = payload.size;
    mw_buf_append_str(&payload, engine_head(f));
    mw_buf_append_str(&payload, engine);
    mw_buf_append_u32(&payload, mw_crc32c(0, payload.data + start, payload.size - start));

    mw_reader head = {.rest = empty};
    uint32_t magic = mw_read_u32(&head), format = mw_read_u32(&head);
    mw_seal_append(out, (mw_seal){"course", magic, format}, mw_buf_str(&payload));
    mw_buf_release(&payload);
}

static void digest(mw_course *course, char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_status status = mw_engine_digest(mw_course_engine(course), &sha, NULL);
    MW_ASSERT(status == MW_OK);
    mw_sha256_hex(&sha, out_hex);
}

static void check_again(const fixture *f, mw_course *course) {
    mw_buf again;
    mw_buf_init(&again, BYTES_MAX);
    mw_status status = mw_course_save(course, &again, NULL);
    MW_ASSERT(status == MW_OK);
    mw_course *twin = new_course(f);
    status = mw_course_load(twin, mw_buf_str(&again), NULL);
    MW_ASSERT(status == MW_OK);
    char digests[2][MW_SHA256_HEX_SIZE + 1];
    digest(course, digests[0]);
    digest(twin, digests[1]);
    MW_ASSERT(mw_str_equal(mw_str_of(digests[0]), mw_str_of(digests[1])));
    MW_ASSERT(mw_agenda_count(mw_course_agenda(course)) ==
              mw_agenda_count(mw_course_agenda(twin)));
    mw_course_destroy(twin);
    mw_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fixture f;
    begin(&f);
    mw_buf bytes;
    mw_buf_init(&bytes, BYTES_MAX);
    compose(&f, (mw_str){(const char *)data, size}, &bytes);
    mw_course *course = new_course(&f);
    if (mw_course_load(course, mw_buf_str(&bytes), NULL) == MW_OK) check_again(&f, course);
    mw_course_destroy(course);
    mw_buf_release(&bytes);
    end(&f);
    return 0;
}
