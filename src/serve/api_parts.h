/*
 * api_parts: what the files of the api share; private to them.
 */
#pragma once
#include "serve/api.h"
#include "serve/json_refusal.h"
#include "serve/sent_rows.h"

typedef void mw_api_handler(void *context, const mw_route_call *call, mw_response *response);

/* Answers a request with an Idempotency-Key as it was answered before, or by `answer`. */
void mw_api_once(mw_api *api, const mw_route_call *call, mw_api_handler *answer,
                 mw_response *response);

/* Leaves a request in a pause until what the service awaits is there; what it has written is
   forgotten. It begins anew, with that at hand, when this finds that it was left so. MW_BUSY: too
   many wait, and it is none of them yet. */
MW_MUST_USE mw_status mw_api_leave(mw_api *api, const mw_route_call *call, mw_response *response,
                                   mw_error *err);
bool mw_api_return(mw_api *api, const mw_route_call *call);

/* Handlers, by the file in which they stand. */
void mw_api_predict(void *context, const mw_route_call *call, mw_response *response);
void mw_api_events(void *context, const mw_route_call *call, mw_response *response);

void mw_api_prediction(void *context, const mw_route_call *call, mw_response *response);
void mw_api_predictions(void *context, const mw_route_call *call, mw_response *response);

void mw_api_models(void *context, const mw_route_call *call, mw_response *response);
void mw_api_model(void *context, const mw_route_call *call, mw_response *response);
void mw_api_versions(void *context, const mw_route_call *call, mw_response *response);
void mw_api_streams(void *context, const mw_route_call *call, mw_response *response);

void mw_api_promote(void *context, const mw_route_call *call, mw_response *response);
void mw_api_rollback(void *context, const mw_route_call *call, mw_response *response);

void mw_api_features(void *context, const mw_route_call *call, mw_response *response);
void mw_api_key_features(void *context, const mw_route_call *call, mw_response *response);

void mw_api_describe(void *context, const mw_route_call *call, mw_response *response);

/* Fails if the body, where it is an object, has a member of another name than these, which a NULL
   ends, or one of them twice: who reads it might take either. */
MW_MUST_USE mw_status mw_api_check_members(yyjson_val *body, const char *const *names,
                                           mw_error *err);
/* The index of the model of this name; MW_NOT_FOUND with the nearest one. */
MW_MUST_USE mw_status mw_api_find_model(const mw_api *api, mw_str name, size_t *out_model,
                                        mw_error *err);
/* The members of an answer: id, model, version, prediction, decision, and "recorded" if not. */
void mw_api_write_answer(mw_json *json, const mw_answer *answer);
/* Of these id, prediction, decision, and "recorded" if not. */
void mw_api_write_score(mw_json *json, const mw_answer *answer);
/* The member "why": the reasons of the version that made it, which must be the one that answers. Of
   an answer that stood already, the features are read back. */
MW_MUST_USE mw_status mw_api_write_why(const mw_api *api, size_t model, mw_answer answer,
                                       mw_json *json, mw_error *err);
/* The members of a row that was refused: row (from 1), reason and hint. */
void mw_api_write_refusal(mw_json *json, size_t number, const mw_error *err);
/* An object of them, by their names. */
void mw_api_write_features(mw_json *json, const mw_api *api, const mw_schema *schema,
                           const mw_cell *features);
/* The member "clock", if the clock is virtual. */
void mw_api_write_clock(mw_json *json, const mw_api *api);
