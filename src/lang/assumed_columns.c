#include "lang/assumed_columns.h"

#include "lang/lexer.h"

typedef struct {
    mw_compiler compiler; /* its complaints go nowhere: these texts are read again */
    const mw_stream_declaration *stream;
    mw_schema columns;
} assuming;

static bool is_field(const mw_stream_declaration *stream, mw_str name) {
    for (size_t i = 0; i < stream->field_count; i++)
        if (mw_str_equal(stream->fields[i].name, name)) return true;
    for (size_t i = 0; i < stream->ask_count; i++)
        if (mw_str_equal(stream->asks[i].name, name)) return true;
    return false;
}

static void assume(assuming *job, mw_str name) {
    mw_schema *columns = &job->columns;
    bool is_known = mw_schema_find(columns, name) != MW_NO_FIELD || is_field(job->stream, name);
    if (is_known || mw_str_is(name, "always") || columns->field_count == MW_FIELDS_MAX) return;
    columns->fields[columns->field_count++] = (mw_field){name, MW_TYPE_COUNT};
}

static void assume_names(assuming *job, mw_source source) {
    mw_lexer lexer;
    mw_lexer_init(&lexer, &job->compiler, source);
    for (mw_token token = mw_lexer_next(&lexer); token.kind != MW_TOKEN_END;
         token = mw_lexer_next(&lexer))
        if (token.kind == MW_TOKEN_NAME || token.kind == MW_TOKEN_QUOTED_NAME)
            assume(job, token.text);
}

static void assume_of_stream(assuming *job, const mw_stream_declaration *stream) {
    assume_names(job, stream->where);
    assume_names(job, stream->time);
    assume_names(job, stream->known);
    for (size_t i = 0; i < stream->field_count; i++) assume_names(job, stream->fields[i].source);
    for (size_t i = 0; i < stream->ask_count; i++) assume_names(job, stream->asks[i].source);
    for (size_t i = 0; i < stream->id_count; i++) assume(job, stream->ids[i]);
    for (size_t i = 0; i < stream->later_count; i++) {
        assume(job, stream->laters[i].name);
        assume_names(job, stream->laters[i].source);
    }
}

mw_schema mw_assume_columns(mw_compiler *compiler, const mw_declarations *declarations,
                            const mw_stream_declaration *stream) {
    mw_schema known = stream->columns;
    mw_diagnostics *unheard = mw_compiler_alloc(compiler, 1, sizeof *unheard);
    mw_field *fields = mw_compiler_alloc(compiler, MW_FIELDS_MAX, sizeof *fields);
    if (!unheard || !fields) return known;
    mw_diagnostics_init(unheard, compiler->arena);
    assuming job = {.compiler = *compiler, .stream = stream, .columns = {fields, 0}};
    job.compiler.diagnostics = unheard;
    for (size_t i = 0; i < known.field_count; i++)
        fields[job.columns.field_count++] = known.fields[i];
    for (size_t i = 0; i < declarations->stream_count; i++)
        assume_of_stream(&job, &declarations->streams[i]);
    for (size_t i = 0; i < declarations->feature_count; i++)
        assume_names(&job, declarations->features[i].source);
    for (size_t i = 0; i < declarations->model_count; i++) {
        assume_names(&job, declarations->models[i].moment);
        assume_names(&job, declarations->models[i].label);
    }
    compiler->out_of_memory |= unheard->out_of_memory;
    return job.columns;
}
