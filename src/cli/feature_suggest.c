#include "cli/feature_suggest.h"

#include "cli/feature_walk.h"
#include "cli/model_variant.h"
#include "cli/suggestion_report.h"
#include "decide/scorer.h"
#include "stat/logit_step.h"
#include "sys/parallel.h"
#include "sys/terminal.h"
#include "train/candidates.h"
#include "train/trainer.h"

enum {
    CANDIDATES_MAX = 1500,
    AT_ONCE = 100,            /* candidates a replay */
    ROWS_MAX = 60000,         /* that candidates are tried on */
    ROWS_MIN = 300,
    TRIED_MIN = 100,          /* of these, that have labels to try anything by */
    MOST_USUAL = 5,
    MOST_MAX = 100,
    ARENA_MAX = 1 << 30,
};

/* Of the examples, those that nothing is learned from at first; and of these, those to fit on and
   those before the proof. */
static const double tried_share = 0.4, fit_share = 0.4, choice_share = 0.7;

typedef struct {
    mw_feature_walk *walk;
    mw_arena arena;               /* for the length of the command */
    mw_examples base;             /* all examples, with the model's features */
    size_t base_count;            /* matured by now */
    int64_t tried_from, prove_from;
    size_t *rows;                 /* the examples that candidates are tried on */
    size_t fit_count, row_count;
    mw_standing standing;         /* what a first version says of these rows, and what came */
    mw_named_source *candidates;
    const uint8_t **bins;         /* by candidate, one a row; NULL: it does not compile */
    mw_selected *selected;
    size_t most;
    mw_suggestions found;
} job;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features suggest: no memory");
}

/* --- examples ------------------------------------------------------------------------------- */

static mw_status build(job *it, const mw_program *program, const mw_model_program *model,
                       int64_t from, mw_examples *out_examples, mw_error *err) {
    mw_replay_config config = it->walk->config;
    config.program = program;
    config.model = model;
    config.from = from;
    MW_TRY(mw_examples_init(out_examples, program, model, NULL, 0, err));
    mw_status status = mw_examples_build(out_examples, config, NULL, NULL, err);
    if (status != MW_OK) mw_examples_release(out_examples);
    return status;
}

/* Cuts the time in four. */
static mw_status cut(job *it, mw_error *err) {
    size_t count = it->base_count, tried = (size_t)(tried_share * (double)count);
    if (tried > ROWS_MAX) tried = ROWS_MAX;
    if (tried < ROWS_MIN)
        return mw_fail(err, MW_INVALID, "features suggest: needs at least %d examples, got %zu",
                       (int)(ROWS_MIN / tried_share), count);
    it->tried_from = it->base.items[count - tried].t;
    it->prove_from = it->base.items[count - tried + (size_t)(choice_share * (double)tried)].t;
    it->rows = mw_arena_alloc(&it->arena, count, sizeof *it->rows);
    if (!it->rows) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const mw_example *example = &it->base.items[i];
        if (example->t < it->tried_from || example->matured >= it->prove_from) continue;
        it->rows[it->row_count++] = i;
    }
    return MW_OK;
}

/* --- what stands ------------------------------------------------------------------------------ */

static mw_status train(job *it, const mw_examples *examples, int64_t test_from,
                       mw_trained *out_trained, mw_error *err) {
    const mw_workspace *workspace = &it->walk->workspace;
    mw_train_config config = {
        .sys = workspace->cli->sys,
        .model = it->walk->model.project,
        .examples = examples,
        .example_count = mw_examples_known_by(examples, it->walk->config.now),
        .symbols = workspace->symbols,
        .origin = {.project = workspace->project_bytes, .zone = workspace->project->zone,
                   .zone_data = workspace->zone_data},
        .test_from = test_from,
        .seed = 1,
        .thread_count = (int32_t)mw_sys_core_count(workspace->cli->sys),
    };
    return mw_train(&config, &it->arena, out_trained, err);
}

/* Room for what stands and what came; the arrays are written here alone. */
typedef struct {
    double *answers, *numbers;
    unsigned char *yes;
    uint32_t *classes;
    uint64_t *codes; /* of the classes' names, by number */
    size_t width;
} standing_room;

static mw_status make_room(job *it, mw_values classes, standing_room *out_room, mw_error *err) {
    size_t rows = it->row_count + 1;
    standing_room room = {.width = classes.count > 0 ? classes.count : 1};
    room.answers = mw_arena_alloc(&it->arena, rows * room.width, sizeof *room.answers);
    room.numbers = mw_arena_alloc(&it->arena, rows, sizeof *room.numbers);
    room.yes = mw_arena_alloc(&it->arena, rows, sizeof *room.yes);
    room.classes = mw_arena_alloc(&it->arena, rows, sizeof *room.classes);
    room.codes = mw_arena_alloc(&it->arena, room.width, sizeof *room.codes);
    if (!room.answers || !room.numbers || !room.yes || !room.classes || !room.codes)
        return no_memory(err);
    for (size_t k = 0; k < classes.count; k++)
        room.codes[k] = mw_symbols_find(it->walk->workspace.symbols, classes.items[k]);
    *out_room = room;
    return MW_OK;
}

/* False: its class is one that the version has not seen, of which no step can make anything. */
static bool put_label(standing_room *room, mw_answer_kind kind, size_t row,
                      const mw_example *example) {
    uint32_t number = 0;
    while (kind == MW_ANSWER_CLASS && number < room->width &&
           room->codes[number] != example->class_symbol)
        number++;
    if (number == room->width) return false;
    room->classes[row] = number;
    room->yes[row] = example->label > 0;
    room->numbers[row] = example->label;
    return true;
}

static void put_answer(standing_room *room, mw_answer_kind kind, size_t row, mw_score score) {
    double *answers = room->answers + row * room->width;
    MW_ASSERT(kind != MW_ANSWER_CLASS || score.classes.names.count == room->width);
    for (size_t k = 0; k < score.classes.names.count; k++)
        answers[k] = score.classes.probabilities[k];
    if (kind == MW_ANSWER_NUMBER) answers[0] = score.prediction;
    if (kind == MW_ANSWER_YES_NO) answers[0] = mw_logit(score.prediction);
}

/* Of nothing it would be said that no window adds anything. */
static mw_status check_tried(const job *it, mw_error *err) {
    if (it->row_count >= TRIED_MIN) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID,
                               "features suggest: needs at least %d examples to try windows on, "
                               "got %zu", TRIED_MIN, it->row_count);
    return mw_hint(err, status, "Of the later examples those are left out whose labels come only "
                                "with the latest ones, and those of a class that is new.");
}

static mw_status score(job *it, mw_scorer *scorer, mw_values classes, mw_error *err) {
    mw_answer_kind kind = it->found.kind;
    standing_room room = {.width = 0};
    MW_TRY(make_room(it, classes, &room, err));
    size_t count = it->row_count;
    it->row_count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t example = it->rows[i];
        if (!put_label(&room, kind, it->row_count, &it->base.items[example])) continue;
        put_answer(&room, kind, it->row_count,
                   mw_scorer_run(scorer, mw_table_row(&it->base.features, example)));
        it->rows[it->row_count++] = example;
    }
    it->fit_count = (size_t)(fit_share / choice_share * (double)it->row_count);
    it->standing = (mw_standing){.kind = kind, .width = room.width, .answers = room.answers};
    if (kind == MW_ANSWER_YES_NO) it->standing.yes = room.yes;
    if (kind == MW_ANSWER_NUMBER) it->standing.numbers = room.numbers;
    if (kind == MW_ANSWER_CLASS) it->standing.classes = room.classes;
    return check_tried(it, err);
}

static mw_status learn_first(job *it, mw_error *err) {
    mw_trained trained;
    mw_scorer *scorer = NULL;
    MW_TRY(train(it, &it->base, it->tried_from, &trained, err));
    MW_TRY(mw_scorer_create(trained.bytes, it->walk->workspace.symbols, &scorer, err));
    mw_status status = score(it, scorer, trained.classes, err);
    mw_scorer_destroy(scorer);
    return status;
}

/* --- candidates ------------------------------------------------------------------------------- */

static mw_named_source *needed_features(job *it, size_t extra, size_t *out_count) {
    const mw_model_program *model = it->walk->model.program;
    mw_named_source *features =
        mw_arena_alloc(&it->arena, model->feature_count + extra, sizeof *features);
    bool *needed = mw_arena_alloc(&it->arena, model->feature_count + 1, sizeof *needed);
    *out_count = 0;
    if (!features || !needed) return NULL;
    mw_model_variant_mark(model, model->label, needed);
    if (model->unless) mw_model_variant_mark(model, model->unless, needed);
    for (size_t i = 0; i < model->feature_count; i++)
        if (needed[i]) mw_model_variant_add(&model->features[i], features, out_count);
    return features;
}

/* Takes out the features that the diagnostics complain of; how many are left. */
static size_t drop_mistaken(mw_named_source *features, size_t count,
                            const mw_diagnostics *diagnostics) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_mistaken = false;
        for (size_t d = 0; d < diagnostics->count; d++)
            is_mistaken |= features[i].source.position.line > 0 &&
                           diagnostics->entries[d].position.line ==
                               features[i].source.position.line;
        if (!is_mistaken) features[kept++] = features[i];
    }
    return kept;
}

/* Compiles what can be compiled of the candidates [first, first + count). */
static mw_status compile(job *it, size_t first, size_t count, mw_arena *arena,
                         const mw_program **out_program, mw_error *err) {
    mw_model_variant variant = {&it->walk->workspace, it->walk->model, NULL, 0};
    variant.features = needed_features(it, count, &variant.feature_count);
    if (!variant.features) return no_memory(err);
    for (size_t i = 0; i < count; i++)
        variant.features[variant.feature_count++] = it->candidates[first + i];
    for (;;) {
        mw_diagnostics *diagnostics = mw_arena_alloc(arena, 1, sizeof *diagnostics);
        if (!diagnostics) return no_memory(err);
        mw_diagnostics_init(diagnostics, arena);
        mw_status status = mw_model_variant_compile(&variant, diagnostics, out_program);
        if (status == MW_NO_MEMORY) return no_memory(err);
        if (status == MW_OK) return MW_OK;
        size_t left = drop_mistaken(variant.features, variant.feature_count, diagnostics);
        if (left == variant.feature_count) return mw_diagnostics_status(diagnostics, err);
        variant.feature_count = left;
    }
}

/* Cuts the column as the rows to fit on lie, and keeps the bin of each row. */
static mw_status bin(job *it, const mw_examples *examples, const mw_cell **rows, size_t feature,
                     size_t candidate, mw_error *err) {
    mw_arena arena;
    mw_profile *profile;
    mw_cell *cells = mw_allocate((it->fit_count + 1) * sizeof *cells);
    uint8_t *bins = mw_arena_alloc(&it->arena, it->row_count + 1, sizeof *bins);
    if (!cells || !bins) {
        mw_free(cells);
        return no_memory(err);
    }
    mw_arena_init(&arena, ARENA_MAX);
    for (size_t i = 0; i < it->fit_count; i++) cells[i] = rows[i][feature];
    mw_type type = examples->schema.fields[feature].type;
    mw_status status = mw_profile_create(&arena, it->walk->workspace.symbols, 1, &profile, err);
    if (status == MW_OK)
        status = mw_profile_add(profile, examples->schema.fields[feature].name, type,
                                (mw_column){cells, 1, it->fit_count}, err);
    for (size_t i = 0; status == MW_OK && i < it->row_count; i++)
        bins[i] = (uint8_t)mw_profile_bin(profile, 0, rows[i][feature]);
    if (status == MW_OK) it->bins[candidate] = bins;
    mw_arena_release(&arena);
    mw_free(cells);
    return status;
}

/* The row of each example that candidates are tried on. The same moments, in the same order. */
static mw_status align(const job *it, const mw_examples *examples, const mw_cell **out_rows,
                       mw_error *err) {
    size_t at = 0;
    for (size_t i = 0; i < it->row_count; i++) {
        const mw_example *wanted = &it->base.items[it->rows[i]];
        while (at < examples->count && (examples->items[at].t != wanted->t ||
                                        examples->items[at].place != wanted->place ||
                                        examples->items[at].matured != wanted->matured))
            at++;
        if (at == examples->count)
            return mw_fail(err, MW_CORRUPT, "features suggest: a replay lacks an example");
        out_rows[i] = mw_table_row(&examples->features, at++);
    }
    return MW_OK;
}

static mw_status try_some(job *it, size_t first, size_t count, mw_error *err) {
    mw_arena arena;
    const mw_program *program;
    mw_examples examples;
    mw_arena_init(&arena, ARENA_MAX);
    mw_status status = compile(it, first, count, &arena, &program, err);
    if (status == MW_OK)
        status = build(it, program, &program->models[0], it->tried_from, &examples, err);
    if (status != MW_OK) {
        mw_arena_release(&arena);
        return status;
    }
    const mw_model_program *model = &program->models[0];
    const mw_cell **rows = mw_arena_alloc(&arena, it->row_count + 1, sizeof *rows);
    status = rows ? align(it, &examples, rows, err) : no_memory(err);
    for (size_t f = 0; f < model->feature_count && status == MW_OK; f++) {
        size_t line = (size_t)model->features[f].position.line;
        if (line > 0) status = bin(it, &examples, rows, f, line - 1, err);
    }
    mw_examples_release(&examples);
    mw_arena_release(&arena);
    return status;
}

static mw_status try_all(job *it, mw_error *err) {
    const mw_workspace *workspace = &it->walk->workspace;
    mw_candidates found;
    MW_TRY(mw_candidates_list(workspace->program, it->walk->model.program, CANDIDATES_MAX,
                              &it->arena, &found, err));
    it->candidates = found.items;
    size_t count = found.count < CANDIDATES_MAX ? found.count : CANDIDATES_MAX;
    it->found.candidates = it->candidates;
    it->found.candidate_count = count;
    it->found.left_out = found.count - count;
    it->bins = mw_arena_alloc(&it->arena, count + 1, sizeof *it->bins);
    if (!it->bins) return no_memory(err);
    mw_progress progress = mw_progress_begin(workspace->cli->sys, "trying windows", count);
    mw_status status = MW_OK;
    for (size_t first = 0; first < count && status == MW_OK; first += AT_ONCE) {
        size_t left = count - first;
        status = try_some(it, first, left < AT_ONCE ? left : AT_ONCE, err);
        mw_progress_update(&progress, first);
    }
    mw_progress_end(&progress);
    return status;
}

static mw_status choose(job *it, mw_error *err) {
    it->selected = mw_arena_alloc(&it->arena, it->most, sizeof *it->selected);
    if (!it->selected) return no_memory(err);
    MW_TRY(mw_column_level(&it->standing, it->fit_count, it->row_count, err));
    mw_column_rows judged = {NULL, it->fit_count, it->row_count - it->fit_count};
    it->found.loss = mw_column_loss(&it->standing, judged);
    it->found.row_count = it->row_count;
    it->found.selected = it->selected;
    mw_selection_rows rows = {it->bins, it->found.candidate_count, it->standing, it->fit_count,
                              it->row_count};
    return mw_select_columns(rows, it->most, it->selected, &it->found.selected_count, err);
}

/* --- the proof -------------------------------------------------------------------------------- */

static mw_status compile_grown(job *it, const mw_program **out_program, mw_error *err) {
    const mw_model_program *model = it->walk->model.program;
    size_t count = 0;
    mw_diagnostics *diagnostics = mw_arena_alloc(&it->arena, 1, sizeof *diagnostics);
    mw_named_source *features = mw_arena_alloc(
        &it->arena, model->feature_count + it->found.selected_count, sizeof *features);
    if (!diagnostics || !features) return no_memory(err);
    mw_diagnostics_init(diagnostics, &it->arena);
    for (size_t i = 0; i < model->feature_count; i++)
        mw_model_variant_add(&model->features[i], features, &count);
    for (size_t i = 0; i < it->found.selected_count; i++)
        features[count++] = it->candidates[it->selected[i].column];
    mw_model_variant variant = {&it->walk->workspace, it->walk->model, features, count};
    mw_status status = mw_model_variant_compile(&variant, diagnostics, out_program);
    if (status == MW_NO_MEMORY) return no_memory(err);
    return mw_diagnostics_status(diagnostics, err);
}

static mw_status prove(job *it, mw_error *err) {
    const mw_program *program;
    mw_examples grown;
    mw_trained trained;
    MW_TRY(train(it, &it->base, it->prove_from, &trained, err));
    it->found.without = trained.test;
    MW_TRY(compile_grown(it, &program, err));
    MW_TRY(build(it, program, &program->models[0], INT64_MIN, &grown, err));
    mw_status status = train(it, &grown, it->prove_from, &trained, err);
    it->found.with = trained.test;
    mw_examples_release(&grown);
    return status;
}

/* --- the command ------------------------------------------------------------------------------ */

static mw_status suggest(job *it, mw_error *err) {
    mw_cli *cli = it->walk->workspace.cli;
    it->base_count = mw_examples_known_by(&it->base, it->walk->config.now);
    MW_TRY(cut(it, err));
    mw_cli_note(cli, "learning without them ...");
    MW_TRY(learn_first(it, err));
    MW_TRY(try_all(it, err));
    MW_TRY(choose(it, err));
    if (it->found.selected_count > 0) {
        mw_cli_note(cli, "learning with %zu of them ...", it->found.selected_count);
        MW_TRY(prove(it, err));
    }
    if (cli->json) mw_suggestions_write_json(&it->found, &cli->out);
    else mw_suggestions_print(&it->found, &cli->out);
    return MW_OK;
}

static mw_status run(mw_feature_walk *walk, mw_error *err) {
    const mw_model_program *model = walk->model.program;
    job it = {.walk = walk,
              .found = {.model = model->name,
                        .kind = mw_answer_kind_of(mw_code_type(model->label))}};
    int64_t most;
    MW_TRY(mw_cli_int(walk->workspace.cli, "--most", (mw_cli_bounds){1, MOST_MAX, MOST_USUAL},
                      &most, err));
    it.most = (size_t)most;
    mw_cli_note(walk->workspace.cli, "replaying ...");
    MW_TRY(build(&it, walk->workspace.program, model, INT64_MIN, &it.base, err));
    mw_arena_init(&it.arena, ARENA_MAX);
    mw_status status = suggest(&it, err);
    mw_arena_release(&it.arena);
    mw_examples_release(&it.base);
    return status;
}

mw_status mw_cli_features_suggest(mw_cli *cli, mw_error *err) {
    mw_feature_walk walk;
    mw_status status = mw_feature_walk_begin(cli, &walk, err);
    if (status == MW_OK) status = run(&walk, err);
    mw_feature_walk_end(&walk);
    return status;
}
