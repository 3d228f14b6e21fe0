/*
 * lightgbm_api: the functions of lib_lightgbm.so that we call, declared by us.
 *
 * LightGBM 4's C API keeps its last error in a variable of the thread and gives 0 for success:
 * mw_lightgbm_check turns both into a status. Only the child process of model training (and
 * tests) opens the library: it brings threads of its own.
 */
#pragma once
#include "sys/library.h"

typedef struct mw_lightgbm_dataset mw_lightgbm_dataset;
typedef struct mw_lightgbm_booster mw_lightgbm_booster;

/* C_API_DTYPE_* */
enum { MW_LIGHTGBM_FLOAT32 = 0, MW_LIGHTGBM_FLOAT64 = 1, MW_LIGHTGBM_INT32 = 2 };
/* C_API_PREDICT_* */
enum {
    MW_LIGHTGBM_PREDICT_NORMAL = 0,
    MW_LIGHTGBM_PREDICT_RAW = 1,
    MW_LIGHTGBM_PREDICT_CONTRIBUTIONS = 3
};

/* member, symbol, parameters; all give an int */
#define MW_LIGHTGBM_API_MAP(X)                                                                  \
    X(register_log, LGBM_RegisterLogCallback, (void (*callback)(const char *message)))          \
    X(dataset_create, LGBM_DatasetCreateFromMat,                                                \
      (const void *values, int type, int32_t row_count, int32_t column_count, int is_row_major, \
       const char *parameters, const mw_lightgbm_dataset *reference, mw_lightgbm_dataset **out)) \
    X(dataset_set_field, LGBM_DatasetSetField,                                                  \
      (mw_lightgbm_dataset * dataset, const char *name, const void *values, int count, int type)) \
    X(dataset_free, LGBM_DatasetFree, (mw_lightgbm_dataset * dataset))                          \
    X(booster_create, LGBM_BoosterCreate,                                                       \
      (const mw_lightgbm_dataset *dataset, const char *parameters, mw_lightgbm_booster **out))  \
    X(booster_load, LGBM_BoosterLoadModelFromString,                                            \
      (const char *text, int *out_iteration_count, mw_lightgbm_booster **out))                  \
    X(booster_update, LGBM_BoosterUpdateOneIter, (mw_lightgbm_booster * booster, int *is_done)) \
    X(booster_save, LGBM_BoosterSaveModelToString,                                              \
      (mw_lightgbm_booster * booster, int first_iteration, int iteration_count,                 \
       int importance_type, int64_t size_max, int64_t *out_size, char *out_text))               \
    X(booster_predict, LGBM_BoosterPredictForMat,                                               \
      (mw_lightgbm_booster * booster, const void *values, int type, int32_t row_count,          \
       int32_t column_count, int is_row_major, int predict_type, int first_iteration,           \
       int iteration_count, const char *parameters, int64_t *out_count, double *out_values))    \
    X(booster_free, LGBM_BoosterFree, (mw_lightgbm_booster * booster))

typedef struct {
    const char *(*last_error)(void);
#define X(member, symbol, parameters) int(*member) parameters;
    MW_LIGHTGBM_API_MAP(X)
#undef X
} mw_lightgbm_api;

MW_MUST_USE mw_status mw_lightgbm_open(mw_sys *sys, mw_lightgbm_api *out_api, mw_error *err);
/* MW_OK if `result` is 0; else MW_INVALID with what LightGBM said. `action` is what was tried. */
MW_MUST_USE mw_status mw_lightgbm_check(const mw_lightgbm_api *api, int result,
                                        const char *action, mw_error *err);
/* The model as text, with a NUL behind it, in `arena`. */
MW_MUST_USE mw_status mw_lightgbm_save(const mw_lightgbm_api *api, mw_lightgbm_booster *booster,
                                       mw_arena *arena, mw_str *out_text, mw_error *err);
