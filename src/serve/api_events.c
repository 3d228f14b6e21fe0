/* The api of events that clients send. */
#include "serve/api_rows.h"

enum { LISTED_SIZE_MAX = 1 << 20 }; /* of the rows that were refused; more are counted */

static void refuse_row(mw_api_rows *at, const mw_error *err) {
    if (at->json.out->size >= LISTED_SIZE_MAX) {
        at->unlisted++;
        return;
    }
    mw_json_object(&at->json);
    mw_api_write_refusal(&at->json, at->rows.number, err);
    mw_json_object_end(&at->json);
}

static void count(mw_api_rows *at, mw_event_standing standing) {
    at->accepted += standing == MW_EVENT_NEW;
    at->corrections += standing == MW_EVENT_CONFLICTS;
    at->repeats += standing == MW_EVENT_REPEATS;
}

/* The next row, and whether there was one: else it is the end, or the call is left. */
static mw_status take_row(mw_api_rows *at, int32_t source, bool *out_found, mw_error *err) {
    mw_sent_row row;
    mw_sent_step step = MW_SENT_ROW;
    mw_event_standing standing = MW_EVENT_REPEATS;
    mw_service *service = at->api->service;
    mw_status status = mw_sent_rows_next(&at->rows, &row, &step, err);
    if (status != MW_OK && !mw_sent_rows_fail_alone(&at->rows)) return status;
    *out_found = step == MW_SENT_ROW;
    if (step == MW_SENT_MORE) at->leaving = MW_API_WANTS_BODY;
    if (step != MW_SENT_ROW) return MW_OK;
    bool is_read = status == MW_OK;
    if (is_read) status = mw_service_take(service, source, row, &standing, err);
    if (status == MW_OK) {
        count(at, standing);
        return MW_OK;
    }
    if (is_read && mw_receiving_awaits(mw_service_receiving(service))) {
        mw_api_rows_await(at, source, NULL);
        *out_found = false;
        return MW_OK;
    }
    if (!mw_api_rows_is_own_fault(status)) return status;
    refuse_row(at, err);
    return MW_OK;
}

static mw_status take_rows(mw_api_rows *at, int32_t source, mw_error *err) {
    bool is_found = true;
    for (size_t i = 0; is_found; i++) {
        if (i == MW_API_ROWS_A_TURN_MAX && !at->is_whole) {
            at->leaving = MW_API_YIELDS;
            return MW_OK;
        }
        MW_TRY(take_row(at, source, &is_found, err));
    }
    return MW_OK;
}

static void write_end(mw_api_rows *at) {
    mw_json *json = &at->json;
    mw_json_array_end(json);
    if (at->unlisted > 0) {
        mw_json_put_count(json, "unlisted", at->unlisted);
    }
    mw_json_put_count(json, "accepted", at->accepted);
    mw_json_put_count(json, "repeats", at->repeats);
    mw_json_put_count(json, "corrections", at->corrections);
    mw_api_write_clock(json, at->api);
    mw_json_object_end(json);
}

static mw_status answer_events(mw_api_rows *at, const mw_route_call *call, mw_response *response,
                               mw_error *err) {
    const mw_program *program = mw_service_parts(at->api->service)->program;
    int32_t source = mw_program_find_source(program, call->parameters[0]);
    (void)response;
    if (source < 0)
        return mw_fail(err, MW_NOT_FOUND, "stream: there is no \"%.*s\"",
                       MW_STR_ARGS(call->parameters[0]));
    MW_TRY(mw_api_rows_open(at, call, &program->sources[source], err));
    if (at->is_new) {
        if (!at->rows.is_single)
            MW_TRY(mw_api_check_members(at->rows.root, (const char *[]){"events", NULL}, err));
        mw_json_object(&at->json);
        mw_json_key(&at->json, "rejected");
        mw_json_array(&at->json);
    }
    MW_TRY(take_rows(at, source, err));
    if (at->leaving == MW_API_STAYS) write_end(at);
    return MW_OK;
}

static void carry_out(void *context, const mw_route_call *call, mw_response *response) {
    mw_api_rows_carry_out(context, call, response, answer_events);
}

void mw_api_events(void *context, const mw_route_call *call, mw_response *response) {
    mw_api_once(context, call, carry_out, response);
}
