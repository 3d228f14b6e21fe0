/* The service of models with `each`: one event, a moment and an answer for each element of its
   list. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "serve/service_parts.h"

enum { RANKED_MAX = 1 << 20 };

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "service: no memory for a ranking");
}

/* One request for a ranking. */
typedef struct {
    mw_service *service;
    size_t number;
    mw_decider *decider;
    const mw_model_program *model;
    const mw_stream *moments; /* their stream, by the program of the version that answers */
    mw_received received;
    mw_event_standing standing; /* its */
    mw_ranking_wish wish; /* to record: what was recorded is answered, and what is new is recorded
                             where it is asked */
} rank_call;

/* Takes the elements of a row of the event, and makes room for what is said of them. */
static mw_status take_elements(const rank_call *c, const mw_cell *row, mw_error *err) {
    mw_service *service = c->service;
    mw_engine_config config = {.program = mw_decider_program(c->decider),
                               .model = c->model,
                               .symbols = service->config.symbols};
    size_t width = c->moments->schema.field_count;
    MW_TRY(mw_elements_take(&service->ranking.elements, &config, row, err));
    if (!mw_grow((void **)&service->ranking.items, &service->ranking.item_capacity,
                 service->ranking.elements.count + 1, sizeof *service->ranking.items, RANKED_MAX) ||
        !mw_grow((void **)&service->ranking.row, &service->ranking.row_capacity, width,
                 sizeof *service->ranking.row, MW_FIELDS_MAX + 1))
        return no_memory(err);
    memcpy(service->ranking.row, row, (width - 1) * sizeof *row);
    return MW_OK;
}

/* What could not be written down is refused before it corrects or records anything. Elements are
   written as their list spells them, and no character of an id takes more than ESCAPED_SIZE. */
static mw_status check_size(const rank_call *c, const mw_cell *row, mw_str event_id,
                            mw_error *err) {
    enum { ESCAPED_SIZE = 6 }; /* \u0001 */
    const mw_each *each = c->model->each;
    size_t count = c->service->ranking.elements.count, size_max = c->wish.size_max;
    if (count == 0) return MW_OK;
    size_t size = mw_symbols_text(c->service->config.symbols, row[each->list].symbol).size +
                  ESCAPED_SIZE * event_id.size + count * c->wish.element_size;
    if (size <= size_max) return MW_OK;
    mw_str list = c->moments->schema.fields[each->list].name;
    mw_status status = mw_fail(err, MW_INVALID,
                               "%.*s: what is said of its elements must be at most %zu bytes, got "
                               "up to %zu: %zu for each of %zu", MW_STR_ARGS(list), size_max, size,
                               c->wish.element_size, count);
    return mw_hint(err, status, "Ask for fewer elements in one event.");
}

/* What was recorded for an element. */
static mw_status find_element(const rank_call *c, mw_cell element,
                              const mw_ledger_found **out_stored, mw_error *err) {
    *out_stored = NULL;
    if (!c->wish.record) return MW_OK;
    c->service->ranking.row[c->model->each->element] = element;
    return mw_service_find_stored(c->service, c->number, c->moments, c->service->ranking.row,
                                  out_stored, err);
}

/* An answer of a ranking, which has t and place once. */
static void keep_ranked(mw_service *service, size_t index, mw_cell element,
                        const mw_answer *answer, mw_ranking *ranking) {
    mw_str version = mw_str_slice(answer->prediction.version, 0, MW_VERSION_NAME_SIZE);
    ranking->t = answer->prediction.t;
    ranking->place = answer->prediction.place;
    mw_ranked *ranked = &service->ranking.items[index];
    *ranked = (mw_ranked){.element = element, .answer = *answer};
    memcpy(ranked->version, version.data, version.size);
    ranked->answer.prediction.model = ranked->answer.prediction.event_id = MW_STR("");
}

static mw_status answer_element(const rank_call *c, const mw_ledger_found *stored,
                                mw_cell element, size_t index, mw_ranking *ranking, mw_error *err) {
    mw_answer answer;
    MW_TRY(mw_service_answer_stored(c->service, stored, &answer, err));
    keep_ranked(c->service, index, element, &answer, ranking);
    return MW_OK;
}

/* All were recorded: false if one was not. */
static mw_status rank_stored(const rank_call *c, mw_ranking *ranking, bool *out_is_whole,
                             mw_error *err) {
    size_t count = c->service->ranking.elements.count;
    *out_is_whole = false;
    for (size_t i = 0; i < count; i++) {
        mw_cell element = c->service->ranking.elements.cells[i];
        const mw_ledger_found *stored;
        MW_TRY(find_element(c, element, &stored, err));
        if (!stored) return MW_OK;
        MW_TRY(answer_element(c, stored, element, i, ranking, err));
    }
    ranking->count = count;
    *out_is_whole = count > 0;
    return MW_OK;
}

/* Records at the stamps that follow each other, as due moments of one place are. */
static mw_status record_ranked(const rank_call *c, size_t index, mw_answer *answer,
                               mw_error *err) {
    mw_sequencer *sequencer = c->service->config.sequencer;
    if (index > 0) MW_TRY(mw_sequencer_next_place(sequencer, &answer->stamp, err));
    MW_TRY(mw_sequencer_record(sequencer, c->number, answer->stamp, &answer->prediction, err));
    c->service->counts.predicted++;
    return MW_OK;
}

static mw_status rank_now(const rank_call *c, bool is_recorded, mw_ranking *ranking,
                          mw_error *err) {
    mw_service *service = c->service;
    mw_sequencer *sequencer = service->config.sequencer;
    const mw_event *event = &c->received.events[0];
    mw_answer answer = {.is_recorded = is_recorded};
    if (!mw_decider_scorer(c->decider)) return mw_service_refuse_without_version(c->decider, err);
    bool is_corrected = is_recorded && c->standing == MW_EVENT_CONFLICTS;
    if (is_corrected) MW_TRY(mw_service_correct_first(service, c->decider, c->received, err));
    MW_TRY(mw_sequencer_next_place(sequencer, &answer.stamp, err));
    mw_moment moment = {event->time + c->model->moment_offset_us, answer.stamp, event->row};
    MW_TRY(mw_service_check_lateness(sequencer, c->decider, moment, is_recorded, err));
    if (!is_corrected)
        MW_TRY(mw_service_enter_row(service, c->received, c->standing != MW_EVENT_NEW,
                                    answer.stamp, err));
    MW_TRY(mw_decider_ask(c->decider, &moment, &ranking->count, err));
    size_t recorded = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        mw_cell element;
        MW_TRY(mw_decider_answer(c->decider, i, &element, &answer.prediction, err));
        const mw_ledger_found *stored = NULL;
        if (is_recorded) MW_TRY(find_element(c, element, &stored, err));
        if (stored) {
            MW_TRY(answer_element(c, stored, element, i, ranking, err));
            continue;
        }
        MW_TRY(mw_service_keep_classes(&service->said, &answer.prediction, err));
        if (is_recorded) MW_TRY(record_ranked(c, recorded++, &answer, err));
        keep_ranked(service, i, element, &answer, ranking);
    }
    return is_recorded ? mw_receiving_append(service->receiving, c->received, true, err) : MW_OK;
}

/* What elements are compared by. */
typedef struct {
    mw_type type;
    const mw_symbols *symbols;
} element_order;

/* What is no number comes last. */
static int compare_ranked(const void *a, const void *b, void *context) {
    const mw_ranked *x = a, *y = b;
    const element_order *order = context;
    double p = x->answer.prediction.prediction, q = y->answer.prediction.prediction;
    if (isnan(p) != isnan(q)) return isnan(q) ? -1 : 1;
    if (p != q && !isnan(p)) return p > q ? -1 : 1;
    return mw_cell_compare(order->type, x->element, y->element, order->symbols);
}

/* Elements that were asked about at other times, or answered by a fallback, may be of another
   version than the rest. */
static void name_versions(mw_service *service, mw_ranking *ranking) {
    mw_ranked *items = service->ranking.items;
    bool is_there = ranking->count == 0;
    for (size_t i = 0; i < ranking->count; i++) {
        items[i].answer.prediction.version = mw_str_of(items[i].version);
        is_there |= mw_str_is(ranking->version, items[i].version);
    }
    if (!is_there) ranking->version = mw_str_of(items[0].version);
}

static mw_status rank(const rank_call *c, mw_ranking *ranking, mw_error *err) {
    mw_service *service = c->service;
    bool is_stored = false, is_recorded = c->wish.record && mw_decider_is_asked(c->decider);
    const mw_event *event = &c->received.events[0];
    bool was_ranked = false;
    if (c->standing == MW_EVENT_CONFLICTS && c->wish.record)
        MW_TRY(mw_sequencer_was_ranked(service->config.sequencer, c->number, ranking->event_id,
                                       &was_ranked, err));
    if (was_ranked) return mw_service_refuse_change(service, c->received, err);
    MW_TRY(take_elements(c, event->row, err));
    MW_TRY(check_size(c, event->row, ranking->event_id, err));
    MW_TRY(rank_stored(c, ranking, &is_stored, err));
    if (!is_stored) MW_TRY(rank_now(c, is_recorded, ranking, err));
    element_order order = {ranking->element.type, service->config.symbols};
    qsort_r(service->ranking.items, ranking->count, sizeof *ranking->items, compare_ranked,
            &order);
    name_versions(service, ranking);
    return MW_OK;
}

bool mw_service_ranks(const mw_service *service, size_t model) {
    return mw_decider_model(mw_sequencer_decider(service->config.sequencer, model))->each != NULL;
}

static mw_status rank_event(mw_service *service, size_t number, yyjson_val *object,
                            mw_ranking_wish wish, mw_ranking *out_ranking, mw_error *err) {
    mw_decider *decider = mw_sequencer_decider(service->config.sequencer, number);
    const mw_model_program *model = mw_decider_model(decider);
    const mw_stream *moments = &mw_decider_program(decider)->streams[model->moment_stream];
    const mw_stream *stream = &service->config.program->streams[mw_decider_announcer(decider)];
    rank_call call = {service, number, decider, model, moments, {0}, MW_EVENT_NEW, wish};
    MW_TRY(mw_receiving_take(service->receiving, stream->source, mw_sent_json(object),
                             &call.received, err));
    MW_TRY(mw_service_refuse_later(service, call.received, err));
    MW_TRY(mw_receiving_look_up(service->receiving, call.received, &call.standing, err));
    MW_TRY(mw_sequencer_advance(service->config.sequencer, err));
    mw_buf_clear(&service->ranking.event_id);
    mw_stream_append_id(stream, call.received.events[0].row, service->config.symbols,
                        &service->ranking.event_id);
    mw_ranking ranking = {.items = NULL,
                          .element = moments->schema.fields[model->each->element],
                          .version = mw_decider_scorer(decider)
                                         ? mw_scorer_name(mw_decider_scorer(decider))
                                         : MW_STR(""),
                          .event_id = mw_buf_str(&service->ranking.event_id)};
    MW_TRY(rank(&call, &ranking, err));
    ranking.items = service->ranking.items;
    *out_ranking = ranking;
    return MW_OK;
}

mw_status mw_service_rank(mw_service *service, size_t number, yyjson_val *object,
                          mw_ranking_wish wish, mw_ranking *out_ranking, mw_error *err) {
    mw_arena_clear(&service->said);
    mw_receiving_begin(service->receiving);
    mw_status status = rank_event(service, number, object, wish, out_ranking, err);
    mw_receiving_end(service->receiving);
    return status;
}
