/*
 * xgboost_api: the functions of libxgboost.so that we call, declared by us.
 *
 * The library is not part of an installation: tests, and the check of an imported model, open it
 * where it is. Its C API keeps its last error in a variable of the thread and gives 0 for success:
 * mw_xgboost_check turns both into a status. It takes rows as floats.
 */
#pragma once
#include "sys/library.h"

typedef struct mw_xgboost_matrix mw_xgboost_matrix;
typedef struct mw_xgboost_booster mw_xgboost_booster;

/* member, symbol, parameters; all give an int */
#define MW_XGBOOST_API_MAP(X)                                                                    \
    X(matrix_create, XGDMatrixCreateFromMat,                                                     \
      (const float *values, uint64_t row_count, uint64_t column_count, float missing,            \
       mw_xgboost_matrix **out))                                                                 \
    X(matrix_set_floats, XGDMatrixSetFloatInfo,                                                  \
      (mw_xgboost_matrix * matrix, const char *name, const float *values, uint64_t count))       \
    X(matrix_set_counts, XGDMatrixSetUIntInfo,                                                   \
      (mw_xgboost_matrix * matrix, const char *name, const uint32_t *values, uint64_t count))    \
    X(matrix_set_texts, XGDMatrixSetStrFeatureInfo,                                              \
      (mw_xgboost_matrix * matrix, const char *name, const char *const *values, uint64_t count)) \
    X(matrix_free, XGDMatrixFree, (mw_xgboost_matrix * matrix))                                  \
    X(booster_create, XGBoosterCreate,                                                           \
      (mw_xgboost_matrix *const *matrices, uint64_t count, mw_xgboost_booster **out))            \
    X(booster_set, XGBoosterSetParam,                                                            \
      (mw_xgboost_booster * booster, const char *name, const char *value))                       \
    X(booster_update, XGBoosterUpdateOneIter,                                                    \
      (mw_xgboost_booster * booster, int iteration, mw_xgboost_matrix *matrix))                  \
    X(booster_save, XGBoosterSaveModelToBuffer,                                                  \
      (mw_xgboost_booster * booster, const char *config, uint64_t *out_size,                     \
       const char **out_bytes))                                                                  \
    X(booster_load, XGBoosterLoadModelFromBuffer,                                                \
      (mw_xgboost_booster * booster, const void *bytes, uint64_t size))                          \
    X(booster_predict, XGBoosterPredictFromDMatrix,                                              \
      (mw_xgboost_booster * booster, mw_xgboost_matrix *matrix, const char *config,              \
       const uint64_t **out_shape, uint64_t *out_dimensions, const float **out_values))          \
    X(booster_free, XGBoosterFree, (mw_xgboost_booster * booster))

typedef struct {
    const char *(*last_error)(void);
#define X(member, symbol, parameters) int(*member) parameters;
    MW_XGBOOST_API_MAP(X)
#undef X
} mw_xgboost_api;

MW_MUST_USE mw_status mw_xgboost_open(mw_sys *sys, mw_xgboost_api *out_api, mw_error *err);
/* MW_OK if `result` is 0; else MW_INVALID with what XGBoost said. `action` is what was tried. */
MW_MUST_USE mw_status mw_xgboost_check(const mw_xgboost_api *api, int result, const char *action,
                                       mw_error *err);
