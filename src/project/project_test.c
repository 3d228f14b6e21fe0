#include "project/project.h"

#include "testing/test.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    mw_arena arena;
    mw_diagnostics diagnostics;
    const mw_project *project;
    mw_status status;
} reading;

static reading *read_bytes(mw_str bytes) {
    static reading r;
    mw_arena_init(&r.arena, MW_PROJECT_ARENA_SIZE);
    mw_diagnostics_init(&r.diagnostics, &r.arena);
    r.project = NULL;
    r.status = mw_project_read(bytes, (mw_environment){0}, &r.arena, &r.diagnostics, &r.project);
    return &r;
}

static mw_str file_bytes(const char *path) {
    static char bytes[64 * 1024];
    FILE *file = fopen(path, "rb");
    MW_CHECK(file != NULL);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    MW_CHECK(size > 0 && size < sizeof bytes);
    fclose(file);
    return (mw_str){bytes, size};
}

static reading *read_good(const char *path) {
    reading *r = read_bytes(file_bytes(path));
    mw_error err;
    MW_CHECK_EQUAL_INT(r->status, MW_OK);
    MW_CHECK_OK(mw_diagnostics_status(&r->diagnostics, &err), &err);
    return r;
}

static void check_printed(const reading *r, const char *expected) {
    mw_buf out;
    mw_buf_init(&out, 64 * 1024);
    mw_diagnostics_print(&r->diagnostics, "f", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
}

/* --- the example projects ------------------------------------------------------------------- */

MW_TEST(project_reads_all_streams_of_the_flights) {
    reading *r = read_good("tests/projects/flights.yaml");
    const mw_project *p = r->project;
    MW_CHECK_EQUAL_STR(p->name, "flights");
    MW_CHECK_EQUAL_STR(p->zone, "America/New_York");
    MW_CHECK(p->notes == NULL); /* all of it is in force */
    MW_CHECK_EQUAL_INT(p->stream_count, 4);

    const mw_project_stream *schedule = mw_project_find_stream(p, MW_STR("schedule"));
    const mw_stream_declaration *d = &schedule->declaration;
    MW_CHECK_EQUAL_STR(schedule->from[0], "data/flights.parquet");
    MW_CHECK_EQUAL_STR(d->time.text, "sched_dep");
    MW_CHECK_EQUAL_STR(d->known.text, "time - 1d");
    MW_CHECK_EQUAL_INT(d->known.position.line, 8);
    MW_CHECK_EQUAL_INT(d->known.position.column, 12);
    MW_CHECK_EQUAL_INT(d->id_count, 4);
    MW_CHECK_EQUAL_STR(d->ids[3], "sched_dep");
    MW_CHECK_EQUAL_INT(d->field_count, 3);
    MW_CHECK_EQUAL_STR(d->fields[2].source.text, "left + (air_time + 30) * 1m");
    MW_CHECK_EQUAL_INT(d->later_count, 7);
    MW_CHECK_EQUAL_STR(d->laters[2].name, "dep_delay");
    MW_CHECK_EQUAL_STR(d->laters[2].source.text, "left");
    MW_CHECK_EQUAL_INT(d->late_us, MW_HOUR_US);
    MW_CHECK(schedule->id_is_unique && schedule->check_count == 2);
    MW_CHECK_EQUAL_STR(schedule->checks[0].allowed[2], "LGA");
    MW_CHECK(schedule->checks[0].min == -INFINITY && schedule->checks[0].max == INFINITY);
    MW_CHECK(schedule->checks[0].missing_share_max == 1);
    MW_CHECK(schedule->checks[1].min == 0 && schedule->checks[1].missing_share_max == 0);

    const mw_project_stream *departures = mw_project_find_stream(p, MW_STR("departures"));
    MW_CHECK_EQUAL_STR(departures->declaration.where.text, "not missing(dep_delay)");
    MW_CHECK_EQUAL_INT(departures->declaration.id_count, 4); /* by their anchors */
    MW_CHECK_EQUAL_INT(departures->declaration.field_count, 3);
    mw_arena_release(&r->arena);
}

MW_TEST(project_reads_model_and_retraining_of_the_flights) {
    reading *r = read_good("tests/projects/flights.yaml");
    const mw_project *p = r->project;
    MW_CHECK_EQUAL_INT(p->feature_count, 9);
    MW_CHECK_EQUAL_STR(p->features[3].source.text,
                       "mean(departures.dep_delay by origin over {1h, 3h, 24h})");
    const mw_project_model *late = mw_project_find_model(p, MW_STR("late"));
    MW_CHECK_EQUAL_STR(late->declaration.moment.text, "on schedule at time - 1h");
    MW_CHECK_EQUAL_STR(late->purpose, "rebook tight connections");
    MW_CHECK(late->has_cost && late->false_alarm_cost == 1 && late->miss_cost == 5);
    MW_CHECK_EQUAL_STR(late->learner, "lightgbm");
    MW_CHECK_EQUAL_INT(late->segment_count, 2);
    MW_CHECK_EQUAL_STR(late->segments[1], "origin");
    MW_CHECK_EQUAL_INT(late->retrain.every_us, 30 * MW_DAY_US);
    MW_CHECK(late->retrain.when_count == 2 && late->retrain.gate_count == 2);
    MW_CHECK(late->retrain.gate[1].is_segment && late->retrain.gate[1].number == -0.03);
    MW_CHECK(!mw_project_find_model(p, MW_STR("early")) &&
             !mw_project_find_stream(p, MW_STR("trains")));
    mw_arena_release(&r->arena);
}

MW_TEST(project_reads_what_is_said_of_a_feature) {
    reading *r = read_bytes(MW_STR("project: p\n"
                                   "streams: {s: {time: t}}\n"
                                   "features:\n"
                                   "  plain: n\n"
                                   "  told:\n"
                                   "    is: mean(s.n by k over {1h, 2h})\n"
                                   "    description: how busy it was\n"
                                   "    owner: ops@example.org\n"
                                   "    tags: load, shop\n"
                                   "models: {m: {moment: on s, label: x}}\n"));
    const mw_project *p = r->project;
    check_printed(r, "");
    MW_CHECK_EQUAL_INT(p->feature_count, 2);
    MW_CHECK_EQUAL_STR(p->features[1].name, "told");
    MW_CHECK_EQUAL_STR(p->features[1].source.text, "mean(s.n by k over {1h, 2h})");
    const mw_feature_about *about =
        mw_project_feature_about(p, p->features[1].source.position);
    MW_CHECK_EQUAL_STR(about->description, "how busy it was");
    MW_CHECK_EQUAL_STR(about->owner, "ops@example.org");
    MW_CHECK_EQUAL_INT(about->tag_count, 2);
    MW_CHECK_EQUAL_STR(about->tags[1], "shop");
    about = mw_project_feature_about(p, p->features[0].source.position);
    MW_CHECK(about->description.size == 0 && about->tag_count == 0);
    MW_CHECK(!mw_project_feature_about(p, (mw_position){1, 1}));
    MW_CHECK(mw_project_find_about(p, MW_STR("told_2h")) == &p->features_about[1]);
    MW_CHECK(mw_project_find_about(p, MW_STR("plain")) == &p->features_about[0]);
    MW_CHECK(!mw_project_find_about(p, MW_STR("told_2h_2h")));
    mw_arena_release(&r->arena);
}

MW_TEST(project_reads_every_example) {
    static const struct {
        const char *path;
        size_t streams, features, notes;
        const char *first_note;
    } examples[] = {
        {"tests/projects/churn.yaml", 3, 6, 4, "models.churn.cost: not in force yet"},
        {"tests/projects/demand.yaml", 6, 9, 5, "models.units.kind: count is not in force yet"},
        {"tests/projects/documents.yaml", 2, 4, 4,
         "models.route.learner: linear is not in force yet"},
        {"tests/projects/fraud.yaml", 5, 10, 5, "models.fraud.sample: not in force yet"},
        {"tests/projects/images.yaml", 2, 2, 2,
         "models.defect.learner: linear is not in force yet"},
        {"tests/projects/maintenance.yaml", 4, 7, 3, "models.fails.cost.per: not in force yet"},
        {"tests/projects/recommend.yaml", 4, 6, 7, "models.rank.learner: rank is not in force yet"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        reading *r = read_good(examples[i].path);
        MW_CHECK_EQUAL_INT(r->project->stream_count, examples[i].streams);
        MW_CHECK_EQUAL_INT(r->project->feature_count, examples[i].features);
        MW_CHECK_EQUAL_INT(r->project->model_count, 1);
        size_t notes = 0;
        for (const mw_note *note = r->project->notes; note; note = note->next) notes++;
        MW_CHECK_EQUAL_STR(r->project->notes->text, examples[i].first_note);
        MW_CHECK_EQUAL_INT(notes, examples[i].notes);
        mw_arena_release(&r->arena);
    }
}

MW_TEST(project_of_the_flagship_is_in_force) {
    reading *r = read_good("examples/flights/millwright.yaml");
    MW_CHECK(r->project->notes == NULL);
    mw_arena_release(&r->arena);
}

MW_TEST(project_reads_where_records_must_be) {
    reading *r = read_bytes(MW_STR("project: p\n"
                                   "durability: disk\n"
                                   "streams: {s: {from: a.csv, time: at}}\n"));
    MW_CHECK_EQUAL_INT(r->diagnostics.count, 0);
    MW_CHECK(r->project->is_durable);
    mw_arena_release(&r->arena);
}

MW_TEST(project_reads_how_much_memory_state_may_take) {
    reading *r = read_bytes(MW_STR("project: p\n"
                                   "memory: 500 MB\n"
                                   "streams: {s: {from: a.csv, time: at}}\n"));
    MW_CHECK_EQUAL_INT(r->diagnostics.count, 0);
    MW_CHECK_EQUAL_INT(r->project->memory_max, 500000000);
    mw_arena_release(&r->arena);
}

MW_TEST(project_reads_the_less_usual_keys) {
    reading *r = read_bytes(MW_STR("project: p\n"
                                   "streams:\n"
                                   "  s:\n"
                                   "    from: [a.csv, b.csv]\n"
                                   "    types: {n: number, at: time}\n"
                                   "    zone: Europe/Paris\n"
                                   "    time: at\n"
                                   "    late: 3d\n"
                                   "    id: [a, b]\n"
                                   "    repeats: drop\n"
                                   "models:\n"
                                   "  m: {moment: on s, label: x, params: {num_leaves: 31}}\n"));
    MW_CHECK_EQUAL_INT(r->diagnostics.count, 0);
    const mw_project_stream *s = &r->project->streams[0];
    MW_CHECK_EQUAL_INT(s->from_count, 2);
    MW_CHECK_EQUAL_STR(s->from[1], "b.csv");
    MW_CHECK_EQUAL_STR(s->zone, "Europe/Paris");
    MW_CHECK_EQUAL_STR(s->types[1].source.text, "time");
    MW_CHECK_EQUAL_INT(s->declaration.late_us, 3 * MW_DAY_US);
    MW_CHECK_EQUAL_STR(s->declaration.ids[1], "b");
    MW_CHECK_EQUAL_STR(r->project->zone, "UTC");
    MW_CHECK(!r->project->is_durable && r->project->memory_max == 0);
    const mw_project_model *m = &r->project->models[0];
    MW_CHECK(!m->has_cost && m->false_alarm_cost == 1 && m->miss_cost == 1);
    MW_CHECK_EQUAL_STR(m->metric, "roc_auc");
    MW_CHECK_EQUAL_STR(m->params[0].name, "num_leaves");
    MW_CHECK_EQUAL_STR(m->params[0].source.text, "31");
    MW_CHECK(m->retrain.every_us == 0 && m->retrain.when_count == 0);
    mw_arena_release(&r->arena);
}

/* --- what is wrong with a file -------------------------------------------------------------- */

MW_TEST(project_tells_all_mistakes_at_once) {
    reading *r = read_bytes(MW_STR("project: p\n"
                                   "zone: New York\n"
                                   "streems: {}\n"
                                   "streams:\n"
                                   "  s:\n"
                                   "    form: a.csv\n"
                                   "    late: soon\n"
                                   "    known: [time]\n"
                                   "    id:\n"
                                   "    types: {n: numbr}\n"
                                   "    checks: {a: {in: EWR, missing: 2}, id: unique, "
                                   "b: {min: 2, max: 1}}\n"
                                   "  t 2: {time: at}\n"
                                   "features: [a, b]\n"
                                   "models:\n"
                                   "  m: {moment: on s, cost: {miss: -1}, metric: auc, label: x}\n"
                                   "  n: {moment: on s}\n"
                                   "retrain:\n"
                                   "  m: {every: 30, when: [cost > champion.cost, cost]}\n"
                                   "  mm: {}\n"));
    MW_CHECK_EQUAL_INT(r->status, MW_OK);
    check_printed(
        r,
        "f:2:7: zone: must be a time zone such as America/New_York or UTC, got \"New York\"\n"
        "f:3:1: there is no key streems here\n"
        "    Did you mean streams?\n"
        "f:6:5: streams.s: there is no key form here\n"
        "    Did you mean from?\n"
        "f:7:11: streams.s.late: must be a span such as 30m, 1h or 2d, got \"soon\"\n"
        "f:8:12: streams.s.known: must be an expression, got a list\n"
        "f:9:5: streams.s.id: must be names, as a list or separated by commas, got nothing\n"
        "f:10:16: streams.s.types.n: must be one of number, bool, category, text, time, duration, "
        "list, list of number, got \"numbr\"\n"
        "    Did you mean number?\n"
        "f:11:22: streams.s.checks.a.in: must be a list, got \"EWR\"\n"
        "    Write [EWR].\n"
        "f:11:36: streams.s.checks.a.missing: must be a share such as 5%, got \"2\"\n"
        "f:11:52: streams.s.checks.b: min must be at most max, got 2 and 1\n"
        "f:12:3: streams: must have names of at most 128 letters, digits and _ as keys, "
        "got \"t 2\"\n"
        "f:13:11: features: must be a mapping of names to values, got a list\n"
        "f:15:34: models.m.cost.miss: must be a number of at least 0, got \"-1\"\n"
        "f:15:34: models.m.cost: false_alarm and miss must stand together, false_alarm is not "
        "there\n"
        "    As in {false_alarm: 1, miss: 5}.\n"
        "f:15:47: models.m.metric: must be one of roc_auc, average_precision, log_loss, "
        "calibration_error, got \"auc\"\n"
        "f:18:14: retrain.m.every: must be a span such as 30m, 1h or 2d, got \"30\"\n"
        "f:18:24: retrain.m.when: must compare with a number, got cost > champion.cost\n"
        "    Comparing with the champion is for the gate.\n"
        "f:18:47: retrain.m.when: must compare a quantity with a number or with the champion's, "
        "got \"cost\"\n"
        "    Write it like roc_auc < 0.65 or cost <= champion.cost + 10.\n"
        "f:19:3: retrain: must name a model of this project, got mm\n"
        "    Did you mean m?\n");
    mw_arena_release(&r->arena);
}

MW_TEST(project_names_what_is_wrong) {
    static const struct {
        const char *bytes, *printed;
    } cases[] = {
        {"just words\n", "f:1:1: must be a mapping of keys to values, got \"just words\"\n"},
        {"project: p\n", "f:1:1: the key streams is missing\n"
                         "    It says the streams of events.\n"},
        {"project:\nstreams: {s: {time: t}}\n", "f:1:1: project: must be a text, got nothing\n"},
        {"project: p\nstreams:\n  s: {time: t, units: {a: 0}, clean: {b: fix, c: impute}}\n",
         "f:3:27: streams.s.units.a: must be a number other than 0\n"
         "f:3:42: streams.s.clean.b: must be `default VALUE`, drop or clip\n"
         "f:3:50: streams.s.clean.c: impute hangs on other rows, so it is not for what enters the "
         "log\n"
         "    Leave it missing, and say in a feature what then holds: impute(x), or coalesce(x, "
         "mean(S.x by KEY over 30d)).\n"},
        {"project: p\nstreams:\n  s: {time: t, repeats: keep}\n",
         "f:3:25: streams.s.repeats: keep is not built yet\n"},
        {"project: p\nstreams:\n  s: {time: t, checks: {id: unique}}\n",
         "f:3:29: streams.s.checks.id: must be declared to be unique, got a stream without id\n"
         "    Add the key id with the columns that make it.\n"},
        {"project: p\nstreams:\n  s: {time: t, time: u}\n",
         "f:3:16: the key time must stand once, got it on line 3 already\n"},
        {"project: p\nstreams: {s: {time: t}}\nfeatures: {a: max(b, c), b: max(b, c)}\n",
         "f:3:15: an expression with a comma inside [ ] or { } must be quoted or put on a line of "
         "its own, got max(b\n    Write \"max(b, c)\".\n"
         "f:3:29: an expression with a comma inside [ ] or { } must be quoted or put on a line of "
         "its own, got max(b\n    Write \"max(b, c)\".\n"},
        {"project: p\nstreams: {s: {time: t}}\nfeatures:\n  a: {iss: n, tags: x y}\n",
         "f:4:3: features.a: the key is is missing\n"
         "    It says the expression.\n"
         "f:4:7: features.a: there is no key iss here\n    Did you mean is?\n"
         "f:4:21: features.a.tags: must be names, as a list or separated by commas, got \"x y\"\n"},
        {"project: ${NAME}\nstreams: {s: {time: t}}\n",
         "f:1:10: a variable must be set in the environment, got ${NAME}\n"},
        {"project: p\nstreams: {s: {time: t}}\nmodels:\n"
         "  m: {moment: on s, label: x, cost: {false_alarm: 1}}\n"
         "  n: {moment: on s, label: x, cost: {false_alarm: 0, miss: 0}}\n",
         "f:4:51: models.m.cost: false_alarm and miss must stand together, miss is not there\n"
         "    As in {false_alarm: 1, miss: 5}.\n"
         "f:5:51: models.n.cost: false_alarm and miss must not both be 0\n"},
        {"project: p\nstreams: {s: {time: t, purpose: x}}\n",
         "f:2:24: streams.s: there is no key purpose here\n"
         "    The keys are from, types, missing, zone, fields, ask, where, units, time, known, id, "
         "clean, checks, later, late, repeats.\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading *r = read_bytes(mw_str_of(cases[i].bytes));
        check_printed(r, cases[i].printed);
        mw_arena_release(&r->arena);
    }
}

static bool find_two(void *context, mw_str name, mw_str *out_value) {
    (void)context, (void)name;
    return *out_value = MW_STR("2d"), true;
}

/* A version keeps the file and not the environment: it must mean the same wherever it is read. */
MW_TEST(project_takes_variables_in_plain_texts_alone) {
    reading *r = read_bytes(MW_STR("project: p\nstreams: {s: {time: t}}\n"));
    mw_str bytes = MW_STR("project: p ${V}\n"
                          "streams:\n"
                          "  s:\n"
                          "    from: a/${V}.csv\n"
                          "    time: t + ${V}\n"
                          "    late: ${V}\n"
                          "    id: [a, '${V}']\n"
                          "    ${V}: 1\n"
                          "features:\n"
                          "  ${V}: t\n");
    mw_environment environment = {.find = find_two};
    r->status = mw_project_read(bytes, environment, &r->arena, &r->diagnostics, &r->project);
    MW_CHECK_EQUAL_STR(r->project->name, "p 2d");
    MW_CHECK_EQUAL_STR(r->project->streams[0].from[0], "a/2d.csv");
#define MUST_STAND                                                                       \
    "must stand in the file as it is, got a variable\n"                                  \
    "    ${ } may stand in paths, addresses and other plain texts: a version keeps this " \
    "file, not the environment.\n"
    check_printed(r, "f:5:11: streams.s.time: " MUST_STAND "f:6:11: streams.s.late: " MUST_STAND
                     "f:7:14: streams.s.id: " MUST_STAND "f:8:5: streams.s: " MUST_STAND
                     "f:10:3: features: " MUST_STAND);
    mw_arena_release(&r->arena);
}

MW_TEST(project_cannot_be_read_from_what_is_no_yaml) {
    reading *r = read_bytes(MW_STR("project: [p\n"));
    MW_CHECK_EQUAL_INT(r->status, MW_MALFORMED);
    MW_CHECK(r->project == NULL && r->diagnostics.count == 1);
    mw_arena_release(&r->arena);
}

static mw_status read_and_release(void *context) {
    reading *r = read_bytes(*(mw_str *)context);
    mw_status status = r->status;
    if (status == MW_OK) status = mw_diagnostics_status(&r->diagnostics, NULL);
    mw_arena_release(&r->arena);
    return status;
}

MW_TEST(project_survives_every_shortage_of_memory) {
    mw_str bytes = file_bytes("tests/projects/fraud.yaml");
    MW_CHECK(mw_test_every_allocation_fails(read_and_release, &bytes) > 0);
}

MW_TEST(project_without_models_says_that_its_features_are_not_checked) {
    reading *r = read_bytes(MW_STR("project: p\n"
                                   "streams: {s: {time: t}}\n"
                                   "features:\n"
                                   "  a: nonsense\n"));
    MW_CHECK_EQUAL_INT(r->diagnostics.count, 0);
    MW_CHECK_EQUAL_STR(r->project->notes->text,
                       "features: not checked yet, for no model says when they are read");
    MW_CHECK_EQUAL_INT(r->project->notes->position.line, 4);
    MW_CHECK(!r->project->notes->next);
    mw_arena_release(&r->arena);
}

/* --- processes ------------------------------------------------------------------------------ */

#define ASKING \
    "project: p\n" \
    "streams:\n" \
    "  reviews: {from: r.csv, time: at, ask: {mood: \"sentiment(text, stars)\"}}\n" \
    "processes:\n"

MW_TEST(project_reads_processes) {
    reading *r = read_bytes(
        MW_STR(ASKING "  sentiment: {command: python3 mood.py, gives: number, timeout: 200ms, "
                      "batch: 64, fallback: 0.5}\n"
                      "  strict: {command: strict, gives: category, fallback: refuse}\n"));
    check_printed(r, "");
    const mw_project_process *p = mw_project_find_process(r->project, MW_STR("sentiment"));
    MW_CHECK_EQUAL_STR(p->command, "python3 mood.py");
    MW_CHECK_EQUAL_INT(p->gives, MW_TYPE_NUMBER);
    MW_CHECK_EQUAL_INT(p->timeout_us, 200000);
    MW_CHECK_EQUAL_INT(p->batch, 64);
    MW_CHECK(!p->refuses && p->fallback == 0.5);
    p = mw_project_find_process(r->project, MW_STR("strict"));
    MW_CHECK(p->refuses && isnan(p->fallback));
    MW_CHECK_EQUAL_INT(p->timeout_us, MW_SECOND_US);
    MW_CHECK_EQUAL_INT(p->batch, 256);
    const mw_ask_declaration *ask = r->project->streams[0].declaration.asks;
    MW_CHECK_EQUAL_STR(ask->name, "mood");
    MW_CHECK_EQUAL_STR(ask->source.text, "sentiment(text, stars)");
    MW_CHECK_EQUAL_INT(ask->gives, MW_TYPE_NUMBER);
    mw_arena_release(&r->arena);
}

MW_TEST(project_refuses_processes_that_make_no_sense) {
    static const struct {
        const char *process, *printed;
    } cases[] = {
        {"  sentimen: {command: x, gives: number}\n",
         "f:3:49: ask: there is no process sentiment\n    Did you mean sentimen?\n"},
        {"  sentiment: {command: x, gives: number, batch: 0.5}\n",
         "f:5:49: processes.sentiment.batch: must be a whole number from 1 to 65536, got 0.5\n"},
        {"  sentiment: {command: x, gives: number, batch: -3}\n",
         "f:5:49: processes.sentiment.batch: must be a whole number from 1 to 65536, got -3\n"},
        {"  sentiment: {command: x, gives: number, batch: 1e300}\n",
         "f:5:49: processes.sentiment.batch: must be a whole number from 1 to 65536, got 1e300\n"},
        {"  sentiment: {command: x, gives: text, fallback: 1}\n",
         "f:5:50: processes.sentiment.fallback: must be missing or refuse, for it gives no "
         "number\n"},
        {"  sentiment: {command: x}\n",
         "f:5:3: processes.sentiment: the key gives is missing\n"
         "    It says the type of its answers.\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1000];
        int size = snprintf(text, sizeof text, "%s%s", ASKING, cases[i].process);
        reading *r = read_bytes((mw_str){text, (size_t)size});
        check_printed(r, cases[i].printed);
        mw_arena_release(&r->arena);
    }
}

/* What CSV writes for a missing value: NA, or what the file says. */
MW_TEST(project_knows_the_words_for_missing) {
    reading *r = read_bytes(MW_STR("project: p\n"
                                   "streams:\n"
                                   "  usual: {time: t}\n"
                                   "  none: {time: t, missing: []}\n"
                                   "  one: {time: t, missing: NULL}\n"
                                   "  two: {time: t, missing: [\"-\", n/a]}\n"
                                   "models: {m: {moment: on usual, label: x}}\n"));
    const mw_project_stream *streams = r->project->streams;
    check_printed(r, "");
    MW_CHECK(streams[0].missing_count == 1 && !streams[0].tells_missing);
    MW_CHECK_EQUAL_STR(streams[0].missing[0], "NA");
    MW_CHECK(streams[1].missing_count == 0 && streams[1].tells_missing);
    MW_CHECK(streams[2].missing_count == 1 && streams[3].missing_count == 2);
    MW_CHECK_EQUAL_STR(streams[2].missing[0], "NULL");
    MW_CHECK_EQUAL_STR(streams[3].missing[1], "n/a");
    mw_arena_release(&r->arena);
}

/* --- what is not in force ------------------------------------------------------------------- */

/* One mistake of spelling in each place; names that mean nothing are none. */
static const char to_come[] =
    "project: p\n"
    "streams: {s: {time: t}}\n"
    "models:\n"
    "  m:\n"
    "    moment: on s\n"
    "    label: x\n"
    "    sample: {keep: 5%, where: not labell or}\n"
    "    cost: {call: {true: 1 +, false: 0}, wait: {true: nobody, false: 2 * nobody}}\n"
    "    decide:\n"
    "      - call when m >> 0.9\n"
    "      - call when m > threshold at most 500 per 7d\n"
    "      - wait when m > 0.5 and\n"
    "          max(m) > at most 3 per 1d\n"
    "      - \"wait when 'a\\tb' =\"\n"
    "      - wait\n"
    "actions:\n"
    "  call: {when: m.decision = \"call, post: x}\n"
    "  wait:\n    when: m.decision and (m.x > 2\n"
    "  good: {when: m.decision = \"call\", post: x}\n";

MW_TEST(project_reads_the_expressions_that_are_to_come) {
    reading *r = read_bytes(mw_str_of(to_come));
    check_printed(r,
                  "f:7:44: models.m.sample.where: expected a value, got the end of the "
                  "expression\n"
                  "f:8:28: models.m.cost.call.true: expected a value, got the end of the "
                  "expression\n"
                  "f:10:22: models.m.decide: expected a value, got >\n"
                  "f:13:19: models.m.decide: expected a value, got the end of the expression\n"
                  "f:14:27: models.m.decide: expected a value, got the end of the expression\n"
                  "f:17:29: actions.call.when: a text that begins with \" must end with it, got "
                  "the end of the expression\n"
                  "f:19:34: actions.wait.when: expected ), got the end of the expression\n"
                  "    Inside [ ] or { } of YAML a comma ends the expression: put it in quotes, "
                  "or on a line of its own.\n");
    mw_arena_release(&r->arena);
}

/* What a version carries was accepted when these were not read. */
MW_TEST(project_of_a_version_reads_no_expression_that_is_to_come) {
    mw_arena arena;
    mw_diagnostics diagnostics;
    const mw_project *project = NULL;
    mw_arena_init(&arena, MW_PROJECT_ARENA_SIZE);
    mw_diagnostics_init(&diagnostics, &arena);
    diagnostics.of_version = true;
    MW_CHECK_EQUAL_INT(mw_project_read(mw_str_of(to_come), (mw_environment){0}, &arena,
                                       &diagnostics, &project), MW_OK);
    MW_CHECK_EQUAL_INT(diagnostics.count, 0);
    mw_arena_release(&arena);
}
