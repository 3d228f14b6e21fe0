/*
 * onnx_api: the functions of ONNX Runtime that we call, declared by us.
 *
 * OrtGetApiBase gives a table of function pointers to which each version only appends, so that a
 * function is known by its slot. A call that fails gives a status that must be released;
 * mw_onnx_check turns it into one of ours.
 */
#pragma once
#include "sys/library.h"

typedef struct mw_onnx_status mw_onnx_status;
typedef struct mw_onnx_environment mw_onnx_environment;
typedef struct mw_onnx_options mw_onnx_options;
typedef struct mw_onnx_session mw_onnx_session;
typedef struct mw_onnx_memory mw_onnx_memory;
typedef struct mw_onnx_allocator mw_onnx_allocator;
typedef struct mw_onnx_type mw_onnx_type;
typedef struct mw_onnx_shape mw_onnx_shape;
typedef struct mw_onnx_value mw_onnx_value;

enum { MW_ONNX_FLOAT = 1, MW_ONNX_QUIET = 4, MW_ONNX_ARENA_MEMORY = 0, MW_ONNX_DEVICE_MEMORY = 0 };

/* member, slot, what it gives, parameters */
#define MW_ONNX_API_MAP(X)                                                                       \
    X(error_message, 2, const char *, (const mw_onnx_status *status))                            \
    X(create_environment, 3, mw_onnx_status *,                                                   \
      (int log_level, const char *name, mw_onnx_environment **out))                              \
    X(create_session, 8, mw_onnx_status *,                                                       \
      (const mw_onnx_environment *environment, const void *bytes, size_t size,                   \
       const mw_onnx_options *options, mw_onnx_session **out))                                   \
    X(run, 9, mw_onnx_status *,                                                                  \
      (mw_onnx_session * session, const void *options, const char *const *input_names,           \
       const mw_onnx_value *const *inputs, size_t input_count, const char *const *output_names,  \
       size_t output_count, mw_onnx_value **outputs))                                            \
    X(create_options, 10, mw_onnx_status *, (mw_onnx_options * *out))                            \
    X(set_threads, 24, mw_onnx_status *, (mw_onnx_options * options, int count))                 \
    X(set_parallel_operators, 25, mw_onnx_status *, (mw_onnx_options * options, int count))      \
    X(input_count, 30, mw_onnx_status *, (const mw_onnx_session *session, size_t *out))          \
    X(input_type, 33, mw_onnx_status *,                                                          \
      (const mw_onnx_session *session, size_t index, mw_onnx_type **out))                        \
    X(input_name, 36, mw_onnx_status *,                                                          \
      (const mw_onnx_session *session, size_t index, mw_onnx_allocator *allocator, char **out))  \
    X(output_name, 37, mw_onnx_status *,                                                         \
      (const mw_onnx_session *session, size_t index, mw_onnx_allocator *allocator, char **out))  \
    X(create_tensor, 49, mw_onnx_status *,                                                       \
      (const mw_onnx_memory *memory, void *values, size_t size, const int64_t *dimensions,       \
       size_t dimension_count, int type, mw_onnx_value **out))                                   \
    X(tensor_values, 51, mw_onnx_status *, (mw_onnx_value * value, void **out))                  \
    X(shape_of_type, 55, mw_onnx_status *,                                                       \
      (const mw_onnx_type *type, const mw_onnx_shape **out)) /* NULL: no tensor */               \
    X(element_type, 60, mw_onnx_status *, (const mw_onnx_shape *shape, int *out))                \
    X(dimension_count, 61, mw_onnx_status *, (const mw_onnx_shape *shape, size_t *out))          \
    X(dimensions, 62, mw_onnx_status *,                                                          \
      (const mw_onnx_shape *shape, int64_t *out, size_t count)) /* -1: any */                    \
    X(value_count, 64, mw_onnx_status *, (const mw_onnx_shape *shape, size_t *out))              \
    X(shape_of_value, 65, mw_onnx_status *, (const mw_onnx_value *value, mw_onnx_shape **out))   \
    X(create_memory, 69, mw_onnx_status *, (int allocator, int kind, mw_onnx_memory **out))      \
    X(free_memory, 76, mw_onnx_status *, (mw_onnx_allocator * allocator, void *memory))          \
    X(default_allocator, 78, mw_onnx_status *, (mw_onnx_allocator * *out))                       \
    X(release_environment, 92, void, (mw_onnx_environment * environment))                        \
    X(release_status, 93, void, (mw_onnx_status * status))                                       \
    X(release_memory, 94, void, (mw_onnx_memory * memory))                                       \
    X(release_session, 95, void, (mw_onnx_session * session))                                    \
    X(release_value, 96, void, (mw_onnx_value * value))                                          \
    X(release_type, 98, void, (mw_onnx_type * type))                                             \
    X(release_shape, 99, void, (mw_onnx_shape * shape))                                          \
    X(release_options, 100, void, (mw_onnx_options * options))

typedef struct {
#define X(member, slot, gives, parameters) gives(*member) parameters;
    MW_ONNX_API_MAP(X)
#undef X
} mw_onnx_api;

MW_MUST_USE mw_status mw_onnx_open(mw_sys *sys, mw_onnx_api *out_api, mw_error *err);
/* MW_OK without a status; else MW_INVALID with what it says, and it is released. */
MW_MUST_USE mw_status mw_onnx_check(const mw_onnx_api *api, mw_onnx_status *status,
                                    mw_error *err);
