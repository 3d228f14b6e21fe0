#include "perception/network.h"

#include <string.h>

#include "perception/onnx_api.h"

struct mw_network {
    mw_onnx_api api;
    mw_onnx_environment *environment;
    mw_onnx_options *options;
    mw_onnx_session *session;
    mw_onnx_memory *memory;
    mw_onnx_allocator *allocator; /* the library's, as are the names that it gave */
    char *input_name, *output_name;
    int64_t dimensions[MW_NETWORK_DIMENSIONS_MAX];
    size_t dimension_count, input_count, width;
};

static size_t count_of(mw_network_input input) {
    return input.channels * (input.height > 0 ? input.height : 1) * input.width;
}

/* --- opening ---------------------------------------------------------------------------------- */

#define CHECK(call) MW_TRY(mw_onnx_check(&n->api, n->api.call, err))

static mw_status start_session(mw_network *n, mw_str bytes, mw_error *err) {
    size_t count = 0;
    CHECK(create_environment(MW_ONNX_QUIET, "millwright", &n->environment));
    CHECK(create_options(&n->options));
    CHECK(set_threads(n->options, 1));
    CHECK(set_parallel_operators(n->options, 1));
    CHECK(create_session(n->environment, bytes.data, bytes.size, n->options, &n->session));
    CHECK(create_memory(MW_ONNX_ARENA_MEMORY, MW_ONNX_DEVICE_MEMORY, &n->memory));
    CHECK(input_count(n->session, &count));
    if (count != 1) return mw_fail(err, MW_INVALID, "must have one input, has %zu", count);
    CHECK(default_allocator(&n->allocator));
    CHECK(input_name(n->session, 0, n->allocator, &n->input_name));
    CHECK(output_name(n->session, 0, n->allocator, &n->output_name));
    return MW_OK;
}

static mw_status read_shape(mw_network *n, const mw_onnx_shape *shape, mw_error *err) {
    int element = 0;
    if (shape) CHECK(element_type(shape, &element));
    if (element != MW_ONNX_FLOAT)
        return mw_fail(err, MW_INVALID, "its input must be a tensor of floats (32 bits)");
    CHECK(dimension_count(shape, &n->dimension_count));
    if (n->dimension_count < 1 || n->dimension_count > MW_NETWORK_DIMENSIONS_MAX)
        return mw_fail(err, MW_INVALID, "its input must have 1 to %d dimensions, has %zu",
                       MW_NETWORK_DIMENSIONS_MAX, n->dimension_count);
    CHECK(dimensions(shape, n->dimensions, n->dimension_count));
    return MW_OK;
}

/* The last dimensions are the input's; those before it are 1. */
static mw_status settle_shape(mw_network *n, mw_network_input input, mw_error *err) {
    int64_t given[] = {(int64_t)input.width, (int64_t)input.height, (int64_t)input.channels};
    size_t given_count = input.height > 0 ? 3 : 1, total = 1;
    if (input.height == 0) given[0] *= (int64_t)input.channels;
    for (size_t i = 0; i < n->dimension_count; i++) {
        int64_t *dimension = &n->dimensions[n->dimension_count - 1 - i];
        if (*dimension < 0) *dimension = i < given_count ? given[i] : 1;
        total *= (size_t)*dimension;
    }
    if (total == n->input_count) return MW_OK;
    return mw_fail(err, MW_INVALID, "takes %zu numbers, is given %zu", total, n->input_count);
}

static mw_status learn_input(mw_network *n, mw_network_input input, mw_error *err) {
    mw_onnx_type *type = NULL;
    const mw_onnx_shape *shape = NULL;
    CHECK(input_type(n->session, 0, &type));
    mw_status status = mw_onnx_check(&n->api, n->api.shape_of_type(type, &shape), err);
    if (status == MW_OK) status = read_shape(n, shape, err);
    n->api.release_type(type);
    return status == MW_OK ? settle_shape(n, input, err) : status;
}

/* --- running ---------------------------------------------------------------------------------- */

/* The output's numbers, which stay the library's until `*out_value` is released. */
static mw_status run(const mw_network *n, const float *input, mw_onnx_value **out_value,
                     const float **out_numbers, size_t *out_count, mw_error *err) {
    mw_onnx_value *tensor = NULL;
    mw_onnx_shape *shape = NULL;
    void *numbers = NULL;
    int element = 0;
    float *values = (float *)(uintptr_t)input; /* a tensor's memory may be written; this is not */
    CHECK(create_tensor(n->memory, values, n->input_count * sizeof *input, n->dimensions,
                        n->dimension_count, MW_ONNX_FLOAT, &tensor));
    const char *input_name = n->input_name, *output_name = n->output_name;
    const mw_onnx_value *inputs = tensor;
    mw_onnx_status *ran = n->api.run(n->session, NULL, &input_name, &inputs, 1, &output_name, 1,
                                     out_value);
    n->api.release_value(tensor);
    MW_TRY(mw_onnx_check(&n->api, ran, err));
    CHECK(shape_of_value(*out_value, &shape));
    mw_status status = mw_onnx_check(&n->api, n->api.element_type(shape, &element), err);
    if (status == MW_OK && element != MW_ONNX_FLOAT)
        status = mw_fail(err, MW_INVALID, "its first output must be floats (32 bits)");
    if (status == MW_OK)
        status = mw_onnx_check(&n->api, n->api.value_count(shape, out_count), err);
    n->api.release_shape(shape);
    if (status == MW_OK)
        status = mw_onnx_check(&n->api, n->api.tensor_values(*out_value, &numbers), err);
    *out_numbers = numbers;
    return status;
}

static mw_status learn_width(mw_network *n, mw_error *err) {
    mw_onnx_value *value = NULL;
    const float *numbers;
    float *zeros = mw_allocate(n->input_count * sizeof *zeros);
    if (!zeros) return mw_fail(err, MW_NO_MEMORY, "no memory to run it");
    mw_status status = run(n, zeros, &value, &numbers, &n->width, err);
    if (value) n->api.release_value(value);
    mw_free(zeros);
    return status;
}

mw_status mw_network_open(mw_sys *sys, mw_str bytes, mw_network_input input,
                          mw_network **out_network, mw_error *err) {
    mw_network *network = mw_allocate(sizeof *network);
    if (!network) return mw_fail(err, MW_NO_MEMORY, "no memory for a network");
    mw_status status = mw_onnx_open(sys, &network->api, err);
    if (status != MW_OK) {
        mw_free(network);
        return status;
    }
    network->input_count = count_of(input);
    status = start_session(network, bytes, err);
    if (status == MW_OK) status = learn_input(network, input, err);
    if (status == MW_OK) status = learn_width(network, err);
    if (status == MW_OK) *out_network = network;
    else mw_network_close(network);
    return status;
}

void mw_network_close(mw_network *network) {
    if (!network) return;
    const mw_onnx_api *api = &network->api;
    if (network->input_name) (void)api->free_memory(network->allocator, network->input_name);
    if (network->output_name) (void)api->free_memory(network->allocator, network->output_name);
    if (network->session) api->release_session(network->session);
    if (network->memory) api->release_memory(network->memory);
    if (network->options) api->release_options(network->options);
    if (network->environment) api->release_environment(network->environment);
    mw_free(network);
}

size_t mw_network_width(const mw_network *network) {
    return network->width;
}

bool mw_network_run(const mw_network *network, const float *input, float *output) {
    mw_onnx_value *value = NULL;
    const float *numbers = NULL;
    size_t count = 0;
    bool is_good = run(network, input, &value, &numbers, &count, NULL) == MW_OK &&
                   count == network->width;
    if (is_good) memcpy(output, numbers, count * sizeof *output);
    if (value) network->api.release_value(value);
    return is_good;
}
