#include "loop/watch.h"

#include <math.h>

enum { LABELS_DAYS = 30, LABELS_MIN = 100 };

struct mw_watch {
    mw_follower *follower;
    mw_loop *loop;
    mw_freshness *freshness;
    mw_vital_signs signs;      /* as of the last look at them */
    int64_t labels_counted_us; /* when the labels were counted last */
    uint64_t proved, disproved; /* predictions, by the rules */
    mw_log_survey survey;
    bool resumes; /* the loop is yet to be given its policy, at `keeping.checked` */
    mw_keeping keeping;
    mw_policy policy;
};

/* Lets the midnights up to `now` pass. */
static mw_status pass_time(mw_watch *watch, int64_t now, mw_error *err) {
    if (watch->resumes && now > watch->keeping.checked) {
        MW_TRY(mw_loop_advance(watch->loop, watch->keeping.checked, err));
        mw_loop_resume(watch->loop, watch->policy, watch->keeping.trained);
        watch->resumes = false;
    }
    return mw_loop_advance(watch->loop, now, err);
}

static mw_status arrived(void *context, const mw_event *event, int64_t place, mw_error *err) {
    mw_watch *watch = context;
    if (watch->survey.begin != INT64_MAX) MW_TRY(pass_time(watch, place, err));
    mw_freshness_arrived(watch->freshness, event, place);
    return MW_OK;
}

static mw_status predicted(void *context, int64_t stamp, const mw_prediction *prediction,
                           mw_error *err) {
    mw_watch *watch = context;
    MW_TRY(pass_time(watch, stamp, err));
    return mw_loop_predicted(watch->loop, stamp, prediction->features, prediction->prediction,
                             err);
}

static mw_status matured(void *context, mw_outcome outcome, const mw_cell *segments,
                         mw_error *err) {
    mw_watch *watch = context;
    MW_TRY(pass_time(watch, outcome.matured, err));
    /* Quality is that of a yes or no (monitor/quality.h): of the rest it is not measured yet. */
    mw_answer_kind kind = mw_scorer_version(mw_loop_champion(watch->loop))->answer;
    if (!mw_answer_kind_decides(kind)) return MW_OK;
    return mw_loop_matured(watch->loop, outcome, segments, err);
}

static mw_status train(void *context, int64_t now, mw_str why, mw_loop_training *out_training,
                       mw_error *err) {
    (void)context, (void)now, (void)why, (void)out_training, (void)err;
    MW_ASSERT(false && "a watch never trains");
    return MW_CANCELLED;
}

/* What the alerts were is read off them. */
static mw_status record(void *context, const mw_loop_event *event, mw_error *err) {
    (void)context, (void)event, (void)err;
    return MW_OK;
}

/* Labels are counted once a day: that takes a walk over all predictions. */
static void see(void *context, int64_t now, mw_vital_signs *signs) {
    mw_watch *watch = context;
    if (now - watch->labels_counted_us >= MW_DAY_US) {
        mw_follower_count count =
            mw_follower_count_since(watch->follower, now - LABELS_DAYS * MW_DAY_US);
        bool is_small = count.due < LABELS_MIN;
        watch->signs.labels_missing =
            is_small ? NAN : 1 - (double)count.labelled / (double)count.due;
        watch->labels_counted_us = now;
    }
    mw_recheck_count rechecked = mw_follower_rechecked(watch->follower);
    bool is_known = rechecked.compared + watch->proved > 0;
    watch->signs.features_differing =
        is_known ? (double)(rechecked.differing + watch->disproved) : NAN;
    *signs = watch->signs;
}

/* Examples are kept for whom they may teach: they are as large as the history. */
static bool is_ever_trained(const mw_watch_config *config) {
    const mw_retrain *retrain = &config->project_model->retrain;
    return config->keeping && (retrain->every_us > 0 || retrain->when_count > 0);
}

static mw_status follow(mw_watch *watch, const mw_watch_config *config, mw_error *err) {
    int64_t begin = watch->survey.begin;
    mw_follower_config follower = {.sys = config->sys,
                                   .log_folder = config->log_folder,
                                   .program = config->program,
                                   .model = config->model,
                                   .project_model = config->project_model,
                                   .symbols = config->symbols,
                                   .memory = config->memory,
                                   .history = config->history,
                                   .lake = config->lake,
                                   .from = begin,
                                   .hooks = {.context = watch,
                                             .arrived = arrived,
                                             .predicted = predicted,
                                             .matured = matured},
                                   .kinship = config->kinship};
    /* A moment before the log's beginning may still be made when its event comes late. */
    if (begin != INT64_MAX) follower.from -= config->model->lateness_us;
    if (is_ever_trained(config)) follower.from = INT64_MIN;
    return mw_follower_create(follower, &watch->follower, err);
}

static mw_status keep(mw_watch *watch, const mw_watch_config *config, int64_t begin,
                      mw_error *err) {
    watch->keeping = *config->keeping;
    if (watch->keeping.checked < begin) watch->keeping.checked = begin;
    if (watch->keeping.trained < begin) watch->keeping.trained = begin;
    watch->resumes = true;
    return mw_policy_find(MW_STR("gated"), &config->project_model->retrain, &watch->policy, err);
}

static mw_status begin_loop(mw_watch *watch, const mw_watch_config *config, mw_error *err) {
    const mw_examples *examples = mw_follower_examples(watch->follower);
    mw_loop_config loop = {.zone = config->program->zone,
                           .model = config->project_model,
                           .segments = &examples->segment_schema,
                           .symbols = config->symbols,
                           .hooks = {watch, train, record}};
    if (config->keeping) loop.hooks = config->keeping->hooks;
    loop.sight = (mw_loop_sight){.context = watch,
                                 .see = see,
                                 .program = config->program,
                                 .model_program = config->model};
    MW_TRY(mw_freshness_create(config->program->stream_count, &watch->freshness, err));
    loop.sight.freshness = watch->freshness;
    MW_TRY(mw_policy_find(MW_STR("never"), &config->project_model->retrain, &loop.policy, err));
    const mw_log_survey *survey = &watch->survey;
    int64_t begin = survey->begin == INT64_MAX ? 0 : survey->begin;
    int64_t since = survey->since == INT64_MAX ? begin : survey->since;
    MW_TRY(mw_loop_create(loop, config->champion, since, begin, &watch->loop, err));
    if (config->keeping) MW_TRY(keep(watch, config, begin, err));
    return mw_scorer_fits(mw_loop_champion(watch->loop), examples->schema.fields,
                          examples->schema.field_count, err);
}

mw_status mw_watch_create(mw_watch_config config, mw_watch **out_watch, mw_error *err) {
    mw_watch *watch = mw_allocate(sizeof *watch);
    if (!watch) return mw_fail(err, MW_NO_MEMORY, "watch: no memory");
    *watch = (mw_watch){.signs = {NAN, NAN, NAN, NAN, NAN}, .labels_counted_us = INT64_MIN / 2};
    char version[MW_VERSION_NAME_SIZE + 1];
    mw_version_name(config.champion, version);
    mw_status status = mw_log_survey_read(config.sys, config.log_folder, mw_str_of(version),
                                          &watch->survey, err);
    if (status == MW_OK) status = follow(watch, &config, err);
    if (status == MW_OK) status = begin_loop(watch, &config, err);
    if (status != MW_OK) mw_watch_destroy(watch);
    else *out_watch = watch;
    return status;
}

void mw_watch_destroy(mw_watch *watch) {
    if (!watch) return;
    mw_follower_destroy(watch->follower);
    mw_loop_destroy(watch->loop);
    mw_freshness_destroy(watch->freshness);
    mw_free(watch);
}

mw_status mw_watch_advance(mw_watch *watch, mw_log_reach to, mw_error *err) {
    MW_TRY(mw_follower_advance(watch->follower, to, err));
    if (watch->survey.begin == INT64_MAX) return MW_OK;
    int64_t now = mw_follower_now(watch->follower);
    MW_TRY(pass_time(watch, now, err));
    return mw_loop_measure(watch->loop, now, err);
}

int64_t mw_watch_since(const mw_watch *watch) {
    return watch->survey.since;
}
const mw_freshness *mw_watch_freshness(const mw_watch *watch) {
    return watch->freshness;
}

void mw_watch_hear_proof(mw_watch *watch, uint64_t proved, uint64_t differing) {
    watch->proved = proved;
    watch->disproved = differing;
}

mw_status mw_watch_hear_server(mw_watch *watch, double latency_p99_s, double error_share,
                               mw_error *err) {
    watch->signs.latency_p99_s = latency_p99_s;
    watch->signs.error_share = error_share;
    if (watch->survey.begin == INT64_MAX) return MW_OK;
    return mw_loop_look(watch->loop, mw_follower_now(watch->follower), err);
}

mw_loop *mw_watch_loop(const mw_watch *watch) {
    return watch->loop;
}
const mw_follower *mw_watch_follower(const mw_watch *watch) {
    return watch->follower;
}
