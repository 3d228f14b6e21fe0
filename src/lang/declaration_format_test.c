#include "lang/declaration_format.h"

#include "testing/declare.h"
#include "testing/test.h"

static const char project[] = MW_TEST_SHOPS
    "stream tills:\n"
    "  columns: shop category, cents number, shift duration, at time\n"
    "  time: at\n"
    "  units cents: 0.01\n"
    "  default shop: 'none'\n"
    "  drop shift: 0 90\n"
    "  clip cents: 0 100.5\n"
    "feature busy: count(orders by shop over 24h)\n"
    "feature back: mean(orders.back by shop over 7d)\n"
    "model sales:\n"
    "  moment: on orders\n"
    "  label: count(orders by shop over next 1d)\n"
    "model others:\n"
    "  moment: on orders at time + 1h\n"
    "  label: last(orders.back by id over next 3d)\n";

static void compile(mw_declarations declarations, mw_arena *arena,
                    const mw_program **out_program) {
    mw_symbols *symbols;
    mw_diagnostics diagnostics;
    declarations.zone = mw_zone_utc();
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_diagnostics_init(&diagnostics, arena);
    MW_CHECK_OK(mw_program_compile(&declarations, arena, symbols, &diagnostics, out_program), NULL);
    mw_symbols_destroy(symbols);
}

static void check_same_code(const mw_code *a, const mw_code *b) {
    MW_CHECK((a == NULL) == (b == NULL));
    if (a) MW_CHECK_EQUAL_STR(mw_code_text(a), mw_code_text(b));
}

/* What a program computes by: schemas, times, windows, features, label. */
static void check_same(const mw_program *a, const mw_program *b, const mw_model_program *x,
                       const mw_model_program *y) {
    MW_CHECK_EQUAL_INT(a->stream_count, b->stream_count);
    for (size_t i = 0; i < a->stream_count; i++) {
        MW_CHECK(mw_schema_equal(&a->streams[i].schema, &b->streams[i].schema));
        check_same_code(a->streams[i].time, b->streams[i].time);
        check_same_code(a->streams[i].known, b->streams[i].known);
        MW_CHECK_EQUAL_INT(a->streams[i].id_count, b->streams[i].id_count);
        MW_CHECK_EQUAL_INT(a->streams[i].late_us, b->streams[i].late_us);
    }
    for (size_t i = 0; i < a->source_count; i++) {
        MW_CHECK_EQUAL_INT(a->sources[i].mend_count, b->sources[i].mend_count);
        for (size_t k = 0; k < a->sources[i].mend_count; k++)
            check_same_code(a->sources[i].mends[k].code, b->sources[i].mends[k].code);
    }
    MW_CHECK_EQUAL_INT(x->window_count, y->window_count);
    for (size_t i = 0; i < x->window_count; i++)
        MW_CHECK_EQUAL_STR(x->windows[i].text, y->windows[i].text);
    for (size_t i = 0; i < x->feature_count; i++)
        check_same_code(x->features[i].code, y->features[i].code);
    check_same_code(x->label, y->label);
    MW_CHECK_EQUAL_INT(x->moment_offset_us, y->moment_offset_us);
}

MW_TEST(declarations_come_back_and_compile_to_the_same_program) {
    mw_arena arena;
    mw_buf bytes, again;
    mw_error err;
    const mw_program *whole, *part;
    mw_arena_init(&arena, 1 << 24);
    mw_declarations declared = mw_test_declare(&arena, project), read;
    compile(declared, &arena, &whole);
    for (size_t model = 0; model < declared.model_count; model++) {
        mw_buf_init(&bytes, 1 << 20);
        mw_buf_init(&again, 1 << 20);
        mw_declarations_append(&bytes, &declared, model);
        MW_CHECK_OK(mw_declarations_read(mw_buf_str(&bytes), &arena, &read, &err), &err);
        MW_CHECK_EQUAL_INT(read.model_count, 1);
        mw_declarations_append(&again, &read, 0);
        MW_CHECK_EQUAL_STR(mw_buf_str(&again), mw_buf_str(&bytes));
        compile(read, &arena, &part);
        check_same(whole, part, &whole->models[model], &part->models[0]);
        mw_buf_release(&bytes);
        mw_buf_release(&again);
    }
    mw_arena_release(&arena);
}

MW_TEST(declarations_cut_short_or_lengthened_are_refused) {
    mw_arena arena;
    mw_buf bytes;
    mw_declarations read;
    mw_arena_init(&arena, 1 << 26);
    mw_declarations declared = mw_test_declare(&arena, project);
    mw_buf_init(&bytes, 1 << 20);
    mw_declarations_append(&bytes, &declared, 0);
    mw_str all = mw_buf_str(&bytes);
    for (size_t size = 0; size < all.size; size++)
        MW_CHECK_STATUS(mw_declarations_read((mw_str){all.data, size}, &arena, &read, NULL),
                        MW_CORRUPT);
    mw_buf_append_char(&bytes, 0);
    MW_CHECK_STATUS(mw_declarations_read(mw_buf_str(&bytes), &arena, &read, NULL), MW_CORRUPT);
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
}

static mw_status read_all(void *context) {
    mw_arena arena;
    mw_declarations read;
    mw_arena_init(&arena, 1 << 24);
    mw_status status = mw_declarations_read(*(mw_str *)context, &arena, &read, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(declarations_survive_every_failing_allocation) {
    mw_arena arena;
    mw_buf bytes;
    mw_arena_init(&arena, 1 << 24);
    mw_declarations declared = mw_test_declare(&arena, project);
    mw_buf_init(&bytes, 1 << 20);
    mw_declarations_append(&bytes, &declared, 0);
    mw_str all = mw_buf_str(&bytes);
    MW_CHECK(mw_test_every_allocation_fails(read_all, &all) > 0);
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
}
