#include "perception/onnx_api.h"

#include "testing/test.h"

/* The slots are those that we take them for if a call of each kind does what it should;
   network_test.c calls the others. */
MW_TEST(onnx_api_has_the_functions_that_we_declare) {
    mw_error err = {0};
    mw_onnx_api api;
    mw_onnx_environment *environment = NULL;
    mw_onnx_options *options = NULL;
    mw_onnx_session *session = NULL;
    MW_CHECK_OK(mw_onnx_open(mw_sys_real(), &api, &err), &err);
    MW_CHECK_OK(mw_onnx_check(&api, api.create_environment(MW_ONNX_QUIET, "test", &environment),
                              &err), &err);
    MW_CHECK_OK(mw_onnx_check(&api, api.create_options(&options), &err), &err);
    mw_onnx_status *status = api.create_session(environment, "bad", 3, options, &session);
    MW_CHECK_STATUS(mw_onnx_check(&api, status, &err), MW_INVALID);
    MW_CHECK(mw_str_starts(mw_str_of(err.message), MW_STR("onnx: ")));
    MW_CHECK(session == NULL);

    mw_onnx_memory *memory = NULL;
    mw_onnx_value *value = NULL;
    mw_onnx_shape *shape = NULL;
    float numbers[6] = {1, 2, 3, 4, 5, 6};
    int64_t dimensions[2] = {2, 3}, found[2] = {0, 0};
    size_t count = 0;
    int element = 0;
    void *inside = NULL;
    MW_CHECK_OK(mw_onnx_check(&api, api.create_memory(MW_ONNX_ARENA_MEMORY,
                                                      MW_ONNX_DEVICE_MEMORY, &memory), &err), &err);
    MW_CHECK_OK(mw_onnx_check(&api, api.create_tensor(memory, numbers, sizeof numbers, dimensions,
                                                      2, MW_ONNX_FLOAT, &value), &err), &err);
    MW_CHECK_OK(mw_onnx_check(&api, api.shape_of_value(value, &shape), &err), &err);
    MW_CHECK_OK(mw_onnx_check(&api, api.element_type(shape, &element), &err), &err);
    MW_CHECK_OK(mw_onnx_check(&api, api.dimension_count(shape, &count), &err), &err);
    MW_CHECK_EQUAL_INT(element, MW_ONNX_FLOAT);
    MW_CHECK_EQUAL_INT(count, 2);
    MW_CHECK_OK(mw_onnx_check(&api, api.dimensions(shape, found, 2), &err), &err);
    MW_CHECK(found[0] == 2 && found[1] == 3);
    MW_CHECK_OK(mw_onnx_check(&api, api.value_count(shape, &count), &err), &err);
    MW_CHECK_EQUAL_INT(count, 6);
    MW_CHECK_OK(mw_onnx_check(&api, api.tensor_values(value, &inside), &err), &err);
    MW_CHECK(inside == numbers);
    api.release_shape(shape);
    api.release_value(value);
    api.release_memory(memory);
    api.release_options(options);
    api.release_environment(environment);
}
