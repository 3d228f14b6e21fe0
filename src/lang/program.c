#include "lang/program.h"

#include "lang/assumed_columns.h"
#include "lang/compiler.h"
#include "lang/lexer.h"
#include "lang/model_compiler.h"
#include "lang/source_compiler.h"

int32_t mw_program_find_stream(const mw_program *program, mw_str name) {
    for (size_t i = 0; i < program->stream_count; i++)
        if (mw_str_equal(program->streams[i].name, name)) return (int32_t)i;
    return -1;
}

int32_t mw_program_find_source(const mw_program *program, mw_str name) {
    for (size_t i = 0; i < program->source_count; i++)
        if (mw_str_equal(program->sources[i].name, name)) return (int32_t)i;
    return -1;
}

const mw_model_program *mw_program_find_model(const mw_program *program, mw_str name) {
    for (size_t i = 0; i < program->model_count; i++)
        if (mw_str_equal(program->models[i].name, name)) return &program->models[i];
    return NULL;
}

size_t mw_program_widest_row(const mw_program *program) {
    size_t widest = 1;
    for (size_t i = 0; i < program->stream_count; i++)
        if (program->streams[i].schema.field_count > widest)
            widest = program->streams[i].schema.field_count;
    return widest;
}

int32_t mw_model_announcer(const mw_model_program *model) {
    if (model->each) return model->each->stream;
    return model->schedule ? model->schedule->stream : model->moment_stream;
}

void mw_feature_run(const mw_feature *feature, const mw_frame *frame, mw_cell *out_cell) {
    MW_ASSERT(feature->vector_index == 0);
    if (feature->vector) mw_vector_fill(feature->vector, frame, out_cell);
    else *out_cell = mw_code_run(feature->code, frame);
}

static bool is_true(const mw_code *code, const mw_frame *frame) {
    return !code || mw_code_run(code, frame).boolean == MW_TRUE;
}

/* CSV cannot tell an empty text from a missing one, so nobody does. */
static void clear_empty_texts(const mw_stream_source *source, mw_cell *row,
                              const mw_symbols *symbols) {
    for (size_t i = 0; i < source->column_count; i++)
        if (mw_type_is_text(source->row.fields[i].type) &&
            mw_symbols_text(symbols, row[i].symbol).size == 0)
            row[i] = mw_cell_missing(source->row.fields[i].type);
}

mw_row_fate mw_source_ready(const mw_stream_source *source, mw_cell *row, const mw_frame *frame,
                            uint64_t *cleaned) {
    mw_frame mine = *frame;
    mine.row = row;
    clear_empty_texts(source, row, frame->symbols);
    size_t count = source->plain_count - source->column_count;
    for (size_t i = 0; i < count; i++)
        row[source->field_indexes[i]] = mw_code_run(source->fields[i], &mine);
    if (!is_true(source->where, &mine)) return MW_ROW_LEFT_OUT;
    for (size_t i = 0; i < source->mend_count; i++) {
        const mw_mend *mend = &source->mends[i];
        mw_cell value = mw_code_run(mend->code, &mine), *cell = &row[mend->field];
        if (mend->is_drop && value.boolean != MW_TRUE) return MW_ROW_DROPPED;
        if (mend->is_drop) continue;
        if (cleaned && mend->is_clean) *cleaned += value.bits != cell->bits;
        *cell = value;
    }
    return MW_ROW_IS_EVENT;
}

bool mw_stream_event(const mw_program *program, int32_t stream, const mw_frame *frame,
                     mw_cell *out_cells, mw_event *out_event) {
    const mw_stream *its = &program->streams[stream];
    if (!is_true(its->present, frame)) return false;
    int64_t time = mw_code_run(its->time, frame).time;
    if (time == MW_TIME_MISSING) return false;
    mw_frame timed = *frame;
    timed.time_us = time;
    int64_t known = mw_code_run(its->known, &timed).time;
    if (known == MW_TIME_MISSING) return false;

    for (size_t i = 0; i < its->schema.field_count; i++)
        out_cells[i] = frame->row[its->row_fields[i]];
    *out_event = (mw_event){
        .stream = stream, .time = time, .known = known, .place = known, .row = out_cells};
    return true;
}

void mw_stream_append_id(const mw_stream *stream, const mw_cell *row, const mw_symbols *symbols,
                         mw_buf *out) {
    for (int32_t i = 0; i < stream->id_count; i++) {
        int32_t field = stream->id_fields[i];
        if (i > 0) mw_buf_append_char(out, '|');
        mw_cell_append(out, stream->schema.fields[field].type, row[field], symbols);
    }
}

static void check_name(mw_compiler *compiler, const char *what, mw_str name, mw_position position) {
    if (mw_name_is_plain(name) && !mw_str_is(name, "now")) return;
    mw_complain(compiler, position, MW_INVALID, "%s's name must be letters, digits and _", what);
}

/* In SQL a stream is a table, and no two may differ in case alone. */
static void check_others(mw_compiler *compiler, const mw_stream_declaration *stream,
                         const mw_program *program) {
    for (size_t i = 0; i < program->source_count; i++) {
        mw_str other = program->sources[i].name;
        if (!mw_str_equal_but_for_case(other, stream->name)) continue;
        bool is_same = mw_str_equal(other, stream->name);
        if (!is_same && compiler->diagnostics->of_version) continue;
        mw_complain(compiler, stream->position, MW_INVALID, "there is another %s",
                    is_same ? "such stream" : "stream of that name");
        if (!is_same)
            mw_complain_hint(compiler, "SQL knows no case: %.*s would be the same table.",
                             MW_STR_ARGS(other));
    }
}

static void compile_sources(mw_compiler *compiler, const mw_declarations *declarations,
                            mw_program *program) {
    size_t stream_max = 0;
    for (size_t i = 0; i < declarations->stream_count; i++)
        stream_max += 1 + declarations->streams[i].later_count;
    stream_max += declarations->model_count; /* a schedule or an `each` has one of its own */
    if (stream_max > MW_STREAMS_MAX) {
        mw_position position = declarations->streams[0].position;
        compiler->subject = MW_STR("streams");
        mw_complain(compiler, position, MW_INVALID, "there must be at most %d, got %zu",
                    MW_STREAMS_MAX, stream_max);
        return;
    }
    program->sources =
        mw_compiler_alloc(compiler, declarations->stream_count, sizeof *program->sources);
    program->streams = mw_compiler_alloc(compiler, stream_max, sizeof *program->streams);
    mw_feature_list *entries =
        mw_compiler_alloc(compiler, declarations->stream_count, sizeof *entries);
    if (!program->sources || !program->streams || !entries) return;
    for (size_t i = 0; i < declarations->stream_count; i++) {
        const mw_stream_declaration *stream = &declarations->streams[i];
        mw_stream_declaration assumed = *stream;
        if (stream->lacks_columns) {
            assumed.columns = mw_assume_columns(compiler, declarations, stream);
            stream = &assumed;
            compiler->status = MW_INVALID; /* the program is for its mistakes alone */
        }
        compiler->subject = mw_compiler_text(compiler, "streams.%.*s", MW_STR_ARGS(stream->name));
        check_name(compiler, "a stream", stream->name, stream->position);
        check_others(compiler, stream, program);
        program->streams[program->stream_count].source = (int32_t)i;
        entries[i] = mw_compile_source(compiler, stream, &program->sources[program->source_count++],
                                       program->streams, &program->stream_count);
    }
    mw_compile_id_sets(program->streams, program->stream_count);
    mw_compile_entries(compiler, entries, program);
}

static void compile_models(mw_compiler *compiler, const mw_declarations *declarations,
                           mw_program *program) {
    mw_feature_list features;
    if (!mw_read_features(compiler, declarations, &features)) return;
    program->models =
        mw_compiler_alloc(compiler, declarations->model_count, sizeof *program->models);
    if (!program->models) return;
    for (size_t i = 0; i < declarations->model_count; i++) {
        const mw_model_declaration *model = &declarations->models[i];
        compiler->subject = mw_compiler_text(compiler, "models.%.*s", MW_STR_ARGS(model->name));
        check_name(compiler, "a model", model->name, model->position);
        if (mw_program_find_model(program, model->name))
            mw_complain(compiler, model->position, MW_INVALID, "there is another such model");
        mw_compile_model(compiler, model, program, features,
                         &program->models[program->model_count++]);
    }
}

static void take_files(mw_compiler *compiler, mw_program *program) {
    mw_program_file *files = mw_compiler_alloc(compiler, compiler->file_count, sizeof *files);
    for (size_t i = 0; files && i < compiler->file_count; i++) files[i] = compiler->files[i];
    program->files = files;
    program->file_count = files ? compiler->file_count : 0;
    for (size_t i = 0; i < program->model_count; i++) {
        program->models[i].files = program->files;
        program->models[i].file_count = program->file_count;
    }
}

mw_status mw_program_compile(const mw_declarations *declarations, mw_arena *arena,
                             mw_symbols *symbols, mw_diagnostics *diagnostics,
                             const mw_program **out_program) {
    mw_compiler compiler = {.arena = arena,
                            .symbols = symbols,
                            .zone = declarations->zone ? declarations->zone : mw_zone_utc(),
                            .senses = declarations->senses,
                            .diagnostics = diagnostics};
    mw_program *program = mw_compiler_alloc(&compiler, 1, sizeof *program);
    if (!program) return MW_NO_MEMORY;
    program->zone = compiler.zone;
    compile_sources(&compiler, declarations, program);
    if (!compiler.out_of_memory) compile_models(&compiler, declarations, program);

    take_files(&compiler, program);
    if (compiler.out_of_memory || diagnostics->out_of_memory) return MW_NO_MEMORY;
    if (compiler.status != MW_OK) return compiler.status;
    *out_program = program;
    return MW_OK;
}
