/*
 * shop_predict: predictions of the shop of serve/shop_call_test.h, by its service.
 */
#pragma once
#include "serve/shop_call_test.h"

static inline mw_status shop_predict(shop *s, size_t model, const char *row, bool record,
                                     mw_answer *answer, mw_error *err) {
    yyjson_doc *doc = shop_row(row);
    mw_sent_row sent = mw_sent_json(yyjson_doc_get_root(doc));
    mw_status status = mw_service_predict(s->service, model, sent, record, answer, err);
    yyjson_doc_free(doc);
    return status;
}
