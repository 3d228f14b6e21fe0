#include "serve/api_rows.h"

bool mw_api_rows_is_own_fault(mw_status status) { return mw_status_http(status) < 500; }

void mw_api_write_refusal(mw_json *json, size_t number, const mw_error *err) {
    mw_json_put_count(json, "row", number);
    mw_json_put_text(json, "reason", err->message);
    if (err->hint[0] == 0) return;
    mw_json_put_text(json, "hint", err->hint);
}

/* --- pauses -------------------------------------------------------------------------------- */

static bool has_room(const mw_api *api) { return api->waiting < MW_API_WAITING_MAX; }

static int64_t monotonic_us(const mw_api *api) {
    return mw_sys_monotonic_us(mw_service_parts(api->service)->sys);
}

static bool is_late(const mw_api_rows *at) {
    return at->until_us > 0 && monotonic_us(at->api) >= at->until_us;
}

/* What is too late begins nothing, and is over, though what it has begun may not be. */
static bool is_over(mw_pause *pause) {
    const mw_api_rows *at = (mw_api_rows *)pause;
    const mw_row_needs *needs = &at->needs;
    bool is_wanted = !pause->is_forsaken, ends = at->is_bound && is_late(at);
    if (at->is_queued && is_wanted) return ends || has_room(at->api);
    bool is_read =
        !needs->lookback || mw_lookback_run(needs->lookback, is_wanted && !ends) || ends;
    bool is_answered = !needs->enquiry || mw_enquiry_run(needs->enquiry, is_wanted);
    return is_read && is_answered;
}

static void stop_waiting(mw_api_rows *at) {
    at->api->waiting -= at->waits;
    at->api->queued -= at->is_queued;
    at->waits = at->is_queued = false;
}

static void release(mw_api_rows *at) {
    stop_waiting(at);
    mw_receiving_leave(mw_service_receiving(at->api->service), at->needs);
    mw_sent_rows_end(&at->rows);
    mw_buf_release(&at->body);
}

static void end_pause(mw_pause *pause) {
    release((mw_api_rows *)pause);
    mw_free(pause);
}

static uint64_t count_taken(const mw_api *api) {
    mw_service_counts counts = mw_service_read_counts(api->service);
    return counts.accepted + counts.corrections + counts.predicted;
}

/* Where it was left, or its beginning in `*fresh`. */
static mw_api_rows *come_back(mw_api *api, const mw_route_call *call, mw_response *response,
                              mw_api_rows *fresh) {
    mw_api_rows *at = (mw_api_rows *)call->pause;
    if (!at) {
        *fresh = (mw_api_rows){.api = api, .is_new = true, .json = mw_json_begin(&response->body)};
        fresh->taken_before = count_taken(api);
        fresh->is_whole = call->request->headers[MW_HEADER_IDEMPOTENCY_KEY].data != NULL;
        mw_buf_init(&fresh->body, MW_RESPONSE_BODY_SIZE_MAX);
        return fresh;
    }
    stop_waiting(at);
    mw_receiving_remember(mw_service_receiving(api->service), at->needs);
    if (is_late(at)) mw_receiving_hurry(mw_service_receiving(api->service));
    at->needs = (mw_row_needs){NULL, NULL};
    at->leaving = MW_API_STAYS;
    at->is_new = false;
    if (at->body.size > 0) {
        mw_buf_release(&response->body);
        response->body = at->body;
        mw_buf_init(&at->body, MW_RESPONSE_BODY_SIZE_MAX);
    }
    at->json.out = &response->body;
    return at;
}

/* Who would wait beyond the limit is refused, and may send the request again as it was. But one of
   which a row was taken, or that has paused before, is taken to its end: before others it waits for
   room, and begins nothing until then. Its row comes again, as after any wait. Those that wait for
   room have no order: who asks first when there is some gets it, so one may be overtaken by others
   of its kind, though never by a request that has not begun. */
static mw_status begin_waiting(mw_api_rows *at, bool has_begun, mw_error *err) {
    mw_api *api = at->api;
    mw_receiving *receiving = mw_service_receiving(api->service);
    size_t before = api->waiting + (has_begun ? 0 : api->queued);
    bool may_begin = before < MW_API_WAITING_MAX;
    if (!may_begin && !has_begun) {
        api->waiting_refused++;
        return mw_fail(err, MW_BUSY,
                       "request: at most %d may wait for what they correct or ask, got more",
                       MW_API_WAITING_MAX);
    }
    int64_t patience_us = mw_receiving_patience_us(receiving);
    at->is_bound = patience_us > 0;
    if (at->is_bound && at->until_us == 0) at->until_us = monotonic_us(api) + patience_us;
    if (may_begin) MW_TRY(mw_receiving_await(receiving, &at->needs, err));
    else at->needs = mw_receiving_part_with(receiving);
    at->waits = may_begin;
    at->is_queued = !may_begin;
    api->waiting += at->waits;
    api->queued += at->is_queued;
    return MW_OK;
}

/* Moves what stands on the stack into a pause. */
static mw_status leave_stack(mw_api_rows *at, mw_api_rows **out_at, mw_error *err) {
    mw_api_rows *kept = mw_allocate(sizeof *kept);
    if (!kept) return mw_fail(err, MW_NO_MEMORY, "api: no memory");
    *kept = *at;
    *at = (mw_api_rows){.api = at->api};
    kept->base.is_over = is_over;
    kept->base.end = end_pause;
    *out_at = kept;
    return MW_OK;
}

static mw_pause_kind kind_of(mw_api_leaving leaving) {
    if (leaving == MW_API_AWAITS) return MW_PAUSE_FOR_WORK;
    return leaving == MW_API_WANTS_BODY ? MW_PAUSE_FOR_BODY : MW_PAUSE_FOR_TURN;
}

/* What was written stays with it, unless it goes on from there. */
static mw_status leave(mw_api_rows *at, const mw_route_call *call, mw_response *response,
                       mw_error *err) {
    MW_TRY(mw_buf_check(&response->body, "body of the answer", err));
    bool has_begun = call->pause || count_taken(at->api) > at->taken_before;
    if (at->leaving == MW_API_AWAITS) MW_TRY(begin_waiting(at, has_begun, err));
    if (!call->pause) MW_TRY(leave_stack(at, &at, err));
    if (at->leaving == MW_API_YIELDS) /* more of it is for rows to come; a piece has used it up */
        at->needs = mw_receiving_part_with(mw_service_receiving(at->api->service));
    if (at->leaving == MW_API_WANTS_BODY) at->until_us = 0;
    at->base.kind = kind_of(at->leaving);
    at->base.taken = mw_sent_rows_keep(&at->rows, at->is_whole);
    if (!response->goes_on && response->body.size > 0) {
        mw_buf_release(&at->body);
        at->body = response->body;
        mw_buf_init(&response->body, MW_RESPONSE_BODY_SIZE_MAX);
    }
    response->pause = &at->base;
    return MW_OK;
}

void mw_api_rows_carry_out(mw_api *api, const mw_route_call *call, mw_response *response,
                           mw_api_rows_answer *answer) {
    mw_sent_desk desk;
    mw_api_rows fresh;
    mw_error err;
    mw_error_clear(&err);
    mw_api_rows *at = come_back(api, call, response, &fresh);
    at->rows.desk = &desk;
    mw_status status = answer(at, call, response, &err);
    if (status == MW_OK && at->leaving != MW_API_STAYS)
        status = leave(at, call, response, &err);
    if (at == &fresh) release(&fresh);
    mw_receiving_remember(mw_service_receiving(api->service), (mw_row_needs){NULL, NULL});
    if (status != MW_OK) mw_response_problem(response, status, &err);
}

mw_status mw_api_leave(mw_api *api, const mw_route_call *call, mw_response *response,
                       mw_error *err) {
    mw_api_rows at = {.api = api, .leaving = MW_API_AWAITS, .is_whole = true};
    mw_api_rows *kept = &at;
    MW_TRY(begin_waiting(&at, call->pause != NULL, err));
    mw_status status = leave_stack(&at, &kept, err);
    if (status != MW_OK) {
        release(&at);
        return status;
    }
    kept->base.kind = MW_PAUSE_FOR_WORK;
    mw_buf_clear(&response->body);
    response->pause = &kept->base;
    return MW_OK;
}

bool mw_api_return(mw_api *api, const mw_route_call *call) {
    mw_api_rows *at = (mw_api_rows *)call->pause;
    if (!at) return false;
    stop_waiting(at);
    mw_receiving_remember(mw_service_receiving(api->service), at->needs);
    at->needs = (mw_row_needs){NULL, NULL};
    return true;
}

/* --- rows ---------------------------------------------------------------------------------- */

mw_status mw_api_rows_open(mw_api_rows *at, const mw_route_call *call,
                           const mw_stream_source *source, mw_error *err) {
    at->rows.source = source;
    if (at->is_new) return mw_sent_rows_begin(&at->rows, call->request, err);
    return mw_sent_rows_go_on(&at->rows, call->request, err);
}

/* A row that cannot be read says so in its turn. */
void mw_api_rows_await(mw_api_rows *at, int32_t source, const char *member) {
    at->leaving = MW_API_AWAITS;
    mw_sent_rows ahead = mw_sent_rows_ahead(&at->rows);
    mw_sent_step step = MW_SENT_ROW;
    for (size_t i = 0; step == MW_SENT_ROW && i < MW_API_ROWS_FORESEEN_MAX; i++) {
        mw_sent_row row = mw_sent_json(NULL);
        mw_status status = mw_sent_rows_next(&ahead, &row, &step, NULL);
        if (status != MW_OK && !mw_sent_rows_fail_alone(&ahead)) break;
        if (member) row.json = yyjson_obj_get(row.json, member);
        if (status == MW_OK && step == MW_SENT_ROW)
            mw_receiving_foresee(mw_service_receiving(at->api->service), source, row);
    }
    mw_sent_rows_leave_ahead(&ahead);
    mw_sent_rows_again(&at->rows);
}
