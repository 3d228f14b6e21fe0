#include "serve/keyed.h"

#include "base/letters.h"
#include "lang/needs.h"
#include "serve/event_json.h"
#include "serve/target.h"
#include "table/passing.h"

/* A row of which some fields are given. */
typedef struct {
    const mw_program *program; /* the version's */
    const mw_stream_source *source; /* NULL: the row is a schedule's moment */
    const mw_schema *schema;
    size_t field_count; /* that can be given: the first so many */
    const mw_zone *zone;
    mw_symbols *symbols;
    mw_str stream; /* its name, for people */
    int32_t time_field; /* where the event's time is a field: now; MW_NO_FIELD */
    mw_cell *cells;
    bool *given;
} partial;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features: no memory");
}

/* --- reading the query -------------------------------------------------------------------- */

static mw_status refuse_time(mw_str name, mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID, "%.*s: cannot be given, for the features of a key "
                                                "are those of now", MW_STR_ARGS(name));
    return mw_hint(err, status, "For another time send the event by POST.");
}

/* No event of the stream itself carries it. */
static bool is_later(const partial *row, int32_t field) {
    if (!row->source) return false;
    const mw_stream *stream = &row->program->streams[row->source->first_stream];
    for (size_t i = 0; i < stream->schema.field_count; i++)
        if (stream->row_fields[i] == field) return false;
    return true;
}

static mw_status give(partial *row, mw_str name, mw_str text, mw_error *err) {
    int32_t field = mw_schema_find(row->schema, name);
    bool is_time = field == MW_NO_FIELD ? mw_str_is(name, "t") || mw_str_is(name, "time")
                                        : field == row->time_field;
    if (is_time) return refuse_time(name, err);
    if (field == MW_NO_FIELD || (size_t)field >= row->field_count)
        return mw_event_json_refuse_name(row->stream, "field",
                                         (mw_schema){row->schema->fields, row->field_count}, name,
                                         err);
    if (is_later(row, field))
        return mw_fail(err, MW_INVALID, "%.*s: becomes known later, so no feature reads it",
                       MW_STR_ARGS(name));
    if (row->given[field])
        return mw_fail(err, MW_INVALID, "%.*s: must be given once", MW_STR_ARGS(name));
    mw_status status = mw_cell_parse(row->schema->fields[field].type, text, row->zone,
                                     row->symbols, &row->cells[field], err);
    if (status != MW_OK) return mw_fail_within(err, status, "%.*s", MW_STR_ARGS(name));
    row->given[field] = true;
    return MW_OK;
}

static mw_status read_query(partial *row, mw_str query, mw_arena *arena, mw_error *err) {
    mw_str rest = query, pair;
    char *bytes = mw_arena_alloc(arena, query.size + 1, 1);
    if (!bytes) return no_memory(err);
    while (mw_str_split(&rest, '&', &pair)) {
        mw_str key, name, text;
        if (pair.size == 0 || !mw_str_split(&pair, '=', &key)) continue;
        if (!mw_target_unescape_query(key, bytes, query.size, &name) ||
            !mw_target_unescape_query(pair.data ? pair : MW_STR(""), bytes + name.size,
                                      query.size - name.size, &text))
            return mw_fail(err, MW_MALFORMED, "%.*s: is wrongly escaped",
                           MW_STR_ARGS(mw_str_slice(key, 0, MW_NAME_SIZE_MAX)));
        if (!mw_letters_are_well_formed(text)) /* as in JSON */
            return mw_fail(err, MW_MALFORMED, "%.*s: must be UTF-8",
                           MW_STR_ARGS(mw_str_slice(key, 0, MW_NAME_SIZE_MAX)));
        MW_TRY(give(row, name, text, err));
    }
    return MW_OK;
}

/* --- what follows ------------------------------------------------------------------------- */

static bool reads_given(const partial *row, const mw_code *code) {
    for (size_t i = 0; i < row->schema->field_count; i++)
        if (!row->given[i] && mw_code_reads_field(code, (int32_t)i)) return false;
    return true;
}

/* As mw_source_ready does with a whole row, for the fields that hang on given ones. Who gives a
   derived field means that one. */
static void derive(partial *row, const mw_frame *frame) {
    const mw_stream_source *source = row->source;
    for (size_t i = 0; i < source->plain_count - source->column_count; i++) {
        int32_t field = source->field_indexes[i];
        if (row->given[field] || !reads_given(row, source->fields[i])) continue;
        row->cells[field] = mw_code_run(source->fields[i], frame);
        row->given[field] = true;
    }
    for (size_t i = 0; i < source->mend_count; i++) {
        const mw_mend *mend = &source->mends[i];
        if (mend->is_drop || !row->given[mend->field]) continue;
        row->given[mend->field] = reads_given(row, mend->code);
        row->cells[mend->field] = mw_code_run(mend->code, frame);
    }
}

/* The moment's row from the source's; a schedule's is that already. */
static mw_status make_moment(partial *row, const mw_stream *stream, mw_arena *arena,
                             mw_error *err) {
    if (!row->source) return MW_OK;
    size_t count = stream->schema.field_count;
    mw_cell *cells = mw_arena_alloc(arena, count + 1, sizeof *cells);
    bool *given = mw_arena_alloc(arena, count + 1, sizeof *given);
    if (!cells || !given) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        cells[i] = row->cells[stream->row_fields[i]];
        given[i] = row->given[stream->row_fields[i]];
    }
    row->schema = &stream->schema;
    row->cells = cells;
    row->given = given;
    return MW_OK;
}

static mw_status begin(mw_service *service, size_t number, mw_arena *arena, partial *out_row,
                       mw_error *err) {
    const mw_service_config *parts = mw_service_parts(service);
    const mw_decider *decider = mw_sequencer_decider(parts->sequencer, number);
    const mw_model_program *model = mw_decider_model(decider);
    const mw_program *program = mw_decider_program(decider);
    const mw_stream *moments = &program->streams[model->moment_stream];
    const mw_stream *announcer = &parts->program->streams[mw_decider_announcer(decider)];
    partial row = {.program = program, .symbols = parts->symbols, .stream = announcer->name};
    if (model->schedule) {
        row.schema = &moments->schema;
        row.field_count = row.schema->field_count;
        row.zone = program->zone;
        row.time_field = model->schedule->key_count;
    } else {
        row.source = &program->sources[moments->source];
        row.schema = &row.source->row;
        row.field_count = row.source->plain_count;
        row.zone = parts->zones[announcer->source];
        row.time_field = mw_code_field(moments->time);
    }
    row.cells = mw_arena_alloc(arena, row.schema->field_count + 1, sizeof *row.cells);
    row.given = mw_arena_alloc(arena, row.schema->field_count + 1, sizeof *row.given);
    if (!row.cells || !row.given) return no_memory(err);
    for (size_t i = 0; i < row.schema->field_count; i++)
        row.cells[i] = mw_cell_missing(row.schema->fields[i].type);
    *out_row = row;
    return MW_OK;
}

static void set_time(partial *row, int64_t time) {
    if (row->time_field == MW_NO_FIELD) return;
    row->cells[row->time_field].time = time;
    row->given[row->time_field] = true;
}

/* --- the features ------------------------------------------------------------------------- */

static mw_status find_lacks(const partial *row, const mw_model_program *model, mw_arena *arena,
                            const bool **out_lacks, mw_error *err) {
    size_t count = row->schema->field_count;
    const bool *needs = mw_model_needs(model, count, arena);
    bool *lacks = mw_arena_alloc(arena, model->feature_count * count + 1, sizeof *lacks);
    if (!needs || !lacks) return no_memory(err);
    for (size_t i = 0; i < model->feature_count * count; i++)
        lacks[i] = needs[i] && !row->given[i % count];
    *out_lacks = lacks;
    return MW_OK;
}

static mw_status see(mw_decider *decider, const partial *row, mw_arena *arena, mw_keyed *out,
                     mw_error *err) {
    const mw_model_program *model = mw_decider_model(decider);
    const mw_scorer *scorer = mw_decider_scorer(decider);
    mw_cell *cells = mw_arena_alloc(arena, model->feature_count + 1, sizeof *cells);
    if (!cells) return no_memory(err);
    mw_moment moment = {out->t, out->place, row->cells};
    MW_TRY(mw_course_features(mw_decider_course(decider), &moment, cells, err));
    MW_TRY(find_lacks(row, model, arena, &out->lacks, err));
    out->features = mw_decider_features(decider);
    out->cells = cells;
    out->fields = row->schema;
    out->version = scorer ? mw_scorer_name(scorer) : MW_STR("");
    return MW_OK;
}

static mw_status refuse_each(const mw_model_program *model, mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID, "model %.*s: ranks the list of an event, which a "
                                                "key has not", MW_STR_ARGS(model->name));
    return mw_hint(err, status, "Send the event by POST.");
}

static mw_status read(partial *row, mw_str query, const mw_stream *moments, mw_arena *arena,
                      mw_error *err) {
    MW_TRY(read_query(row, query, arena, err));
    mw_frame frame = {.row = row->cells, .symbols = row->symbols, .zone = row->program->zone};
    if (row->source) derive(row, &frame);
    return make_moment(row, moments, arena, err);
}

mw_status mw_service_see_key(mw_service *service, size_t number, mw_str query, mw_arena *arena,
                             mw_keyed *out_keyed, mw_error *err) {
    const mw_service_config *parts = mw_service_parts(service);
    mw_decider *decider = mw_sequencer_decider(parts->sequencer, number);
    const mw_model_program *model = mw_decider_model(decider);
    mw_keyed keyed = {.t = 0};
    partial row = {.time_field = MW_NO_FIELD};
    if (model->each) return refuse_each(model, err);
    MW_TRY(mw_sequencer_next_place(parts->sequencer, &keyed.place, err));
    keyed.t = keyed.place;
    MW_TRY(begin(service, number, arena, &row, err));
    set_time(&row, keyed.t - model->moment_offset_us);
    mw_passing_tidy(row.symbols);
    bool was_passing = mw_passing_set(row.symbols, true);
    mw_status status = read(&row, query, &row.program->streams[model->moment_stream], arena, err);
    (void)mw_passing_set(row.symbols, was_passing);
    if (status != MW_OK) return status;
    MW_TRY(see(decider, &row, arena, &keyed, err));
    *out_keyed = keyed;
    return MW_OK;
}

bool mw_keyed_is_whole(const mw_keyed *keyed, size_t feature) {
    const bool *lacks = &keyed->lacks[feature * keyed->fields->field_count];
    for (size_t i = 0; i < keyed->fields->field_count; i++)
        if (lacks[i]) return false;
    return true;
}
