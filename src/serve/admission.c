#include "serve/admission.h"

#include "ingest/load.h"
#include "serve/sequencer_ingest.h"

#define ARENA_SIZE_MAX ((size_t)1 << 28)

struct mw_admission {
    mw_admission_config config;
    mw_arena arena; /* holds the offer */
    mw_offer offer;
    bool has_offer;
};

mw_status mw_admission_create(mw_admission_config config, mw_admission **out_admission,
                              mw_error *err) {
    mw_admission *admission = mw_allocate(sizeof *admission);
    if (!admission) return mw_fail(err, MW_NO_MEMORY, "ingest: no memory for its admission");
    *admission = (mw_admission){.config = config};
    mw_arena_init(&admission->arena, ARENA_SIZE_MAX);
    *out_admission = admission;
    return MW_OK;
}

void mw_admission_destroy(mw_admission *admission) {
    if (!admission) return;
    mw_arena_release(&admission->arena);
    mw_free(admission);
}

static void forget(mw_admission *admission, mw_sequencer *sequencer) {
    mw_sequencer_forget(sequencer);
    mw_arena_clear(&admission->arena);
    admission->has_offer = false;
}

/* --- the offer ---------------------------------------------------------------------------- */

static mw_status check_source(const mw_admission_config *config, const mw_offer_source *source,
                              mw_error *err) {
    mw_sys *sys = mw_state_sys(config->state);
    int32_t number = mw_program_find_source(config->program, source->name);
    if (number >= 0 && mw_source_is(sys, config->program, number, source->definition))
        return MW_OK;
    mw_status status = mw_fail(err, MW_CONFLICT,
                               "stream %.*s: the project file no longer says what it said when "
                               "the server was started", MW_STR_ARGS(source->name));
    return mw_hint(err, status, "Start the server again, then ingest.");
}

static mw_status take_offer(mw_admission *admission, mw_sequencer *sequencer, mw_str bytes,
                            mw_error *err) {
    const mw_admission_config *config = &admission->config;
    mw_str kept = mw_str_copy(&admission->arena, bytes);
    if (!kept.data) return mw_fail(err, MW_NO_MEMORY, "ingest: no memory for its offer");
    MW_TRY(mw_offer_read(kept, &admission->arena, &admission->offer, err));
    for (size_t i = 0; i < admission->offer.source_count; i++)
        MW_TRY(check_source(config, &admission->offer.sources[i], err));
    return mw_sequencer_await(sequencer, &admission->offer.addition, err);
}

mw_status mw_admission_offer(mw_admission *admission, mw_sequencer *sequencer, mw_str bytes,
                             mw_error *err) {
    forget(admission, sequencer);
    mw_status status = take_offer(admission, sequencer, bytes, err);
    admission->has_offer = status == MW_OK;
    return status;
}

/* --- its events --------------------------------------------------------------------------- */

static mw_status find_offer(const mw_admission *admission, int64_t number, mw_error *err) {
    if (admission->has_offer && admission->offer.addition.number == number) return MW_OK;
    return mw_fail(err, MW_CONFLICT, "ingest: the server has no offer of number %lld",
                   (long long)number);
}

mw_status mw_admission_gather(mw_admission *admission, mw_sequencer *sequencer, mw_str bytes,
                              mw_error *err) {
    mw_reader piece = {.rest = bytes};
    MW_TRY(find_offer(admission, mw_offer_events_number(&piece), err));
    mw_status status = mw_sequencer_gather(sequencer, &piece, err);
    if (status != MW_OK) forget(admission, sequencer);
    return status;
}

/* --- acceptance --------------------------------------------------------------------------- */

static mw_status check_whole(const mw_sequencer *sequencer, mw_error *err) {
    const mw_arrival *arrival = mw_sequencer_arrival(sequencer);
    if (!mw_arrival_is_whole(arrival))
        return mw_fail(err, MW_MALFORMED, "ingest: fewer events came than were announced");
    if (!mw_arrival_is_overtaken(arrival)) return MW_OK;
    return mw_fail(err, MW_BUSY, "ingest: rows of it came over the network meanwhile");
}

/* A virtual clock stands still while nobody moves it, so there all events count at once. */
static mw_status find_places(mw_admission *admission, mw_sequencer *sequencer,
                             mw_places *out_places, mw_error *err) {
    const mw_offer *offer = &admission->offer;
    mw_places next = {0, 0};
    MW_TRY(mw_sequencer_next_place(sequencer, &next.first, err));
    if (!mw_sequencer_is_virtual(sequencer))
        next.step = mw_addition_step(&offer->addition, admission->config.event_us);
    int64_t last_prediction = mw_ledger_last(mw_sequencer_ledger(sequencer));
    return mw_offer_place(offer, last_prediction, next, out_places, err);
}

static mw_status accept(mw_admission *admission, mw_sequencer *sequencer,
                        mw_accepted *out_accepted, mw_error *err) {
    mw_places places;
    mw_lake_snapshot lake;
    MW_TRY(check_whole(sequencer, err));
    MW_TRY(find_places(admission, sequencer, &places, err));
    MW_TRY(mw_offer_accept(&admission->offer, admission->config.state, places, out_accepted,
                           err));
    if (places.first == MW_TIME_MISSING) return MW_OK;
    MW_TRY(mw_lake_look(mw_state_lake(admission->config.state), &lake, err));
    return mw_sequencer_accept(sequencer, places, &lake, err);
}

mw_status mw_admission_accept(mw_admission *admission, mw_sequencer *sequencer, int64_t number,
                              mw_accepted *out_accepted, bool *out_is_history,
                              mw_error *err) {
    MW_TRY(find_offer(admission, number, err));
    bool has_events = admission->offer.addition.file_count > 0;
    mw_status status = accept(admission, sequencer, out_accepted, err);
    *out_is_history =
        status == MW_OK && has_events && out_accepted->places.first == MW_TIME_MISSING;
    forget(admission, sequencer);
    return status;
}
