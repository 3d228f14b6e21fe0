/* The api of requests that may be sent twice: with an Idempotency-Key they are carried out once,
   and answered alike each time. */
#include <string.h>

#include "serve/api_parts.h"

enum { KEY_SIZE_MAX = 255 };

static void digest(mw_sha256 *sha, unsigned char out_name[MW_RECEIPT_NAME_SIZE]) {
    unsigned char whole[MW_SHA256_SIZE];
    mw_sha256_bytes(sha, whole);
    memcpy(out_name, whole, MW_RECEIPT_NAME_SIZE);
}

/* The same key of somebody else, or for something else, is another one. */
static mw_receipt receipt_of(const mw_http_request *request) {
    mw_receipt receipt = {.stamp = 0};
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, request->target.path);
    mw_sha256_add_str(&sha, request->headers[MW_HEADER_AUTHORIZATION]);
    mw_sha256_add_str(&sha, request->headers[MW_HEADER_IDEMPOTENCY_KEY]);
    digest(&sha, receipt.name);
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, request->headers[MW_HEADER_CONTENT_TYPE]);
    mw_sha256_add_str(&sha, request->body);
    digest(&sha, receipt.request);
    return receipt;
}

static mw_status answer_again(mw_sequencer *sequencer, const mw_receipt *asked,
                              const mw_receipt *found, mw_response *response, mw_error *err) {
    if (memcmp(asked->request, found->request, MW_RECEIPT_NAME_SIZE) != 0) {
        mw_status status = mw_fail(err, MW_INVALID, "idempotency-key: it stands for another "
                                                    "request, with another body");
        return mw_hint(err, status, "Use a new key for each request, and it again for a retry.");
    }
    mw_status status = mw_sequencer_read_receipt(sequencer, found, &response->code,
                                                 &response->body, err);
    if (status == MW_NOT_FOUND)
        return mw_fail(err, MW_CONFLICT, "idempotency-key: the request was carried out, and its "
                                         "answer was too large to be kept");
    if (status == MW_OK) mw_response_header(response, "Idempotency-Replayed", MW_STR("true"));
    return status;
}

/* Only what was done needs a receipt: whoever was refused may try again. */
static mw_status keep(mw_sequencer *sequencer, const mw_receipt *asked,
                      const mw_response *response, mw_error *err) {
    if (response->code != 200) return MW_OK;
    MW_TRY(mw_buf_check(&response->body, "body of the answer", err));
    return mw_sequencer_add_receipt(sequencer, asked, response->code,
                                    mw_buf_str(&response->body), err);
}

void mw_api_once(mw_api *api, const mw_route_call *call, mw_api_handler *answer,
                 mw_response *response) {
    mw_error err;
    mw_status status;
    mw_error_clear(&err);
    mw_str key = call->request->headers[MW_HEADER_IDEMPOTENCY_KEY];
    if (!key.data) {
        answer(api, call, response);
        return;
    }
    mw_receipt asked = receipt_of(call->request);
    mw_sequencer *sequencer = mw_service_parts(api->service)->sequencer;
    const mw_receipt *found = mw_sequencer_find_receipt(sequencer, asked.name);
    if (key.size == 0 || key.size > KEY_SIZE_MAX) {
        status = mw_fail(&err, MW_INVALID, "idempotency-key: must have 1 to %d bytes, got %zu",
                         KEY_SIZE_MAX, key.size);
    } else if (found) {
        status = answer_again(sequencer, &asked, found, response, &err);
    } else {
        answer(api, call, response);
        if (response->pause) return;
        status = keep(sequencer, &asked, response, &err);
    }
    if (status != MW_OK) mw_response_problem(response, status, &err);
}
