#include "perception/network.h"

#include <math.h>

#include "perception/onnx_file_test.h"
#include "testing/test.h"

static mw_network *open_of(const char *operation, const char *dimensions, mw_network_input input) {
    mw_error err = {0};
    mw_network *network = NULL;
    mw_buf file = onnx_file(operation, 1, dimensions);
    MW_CHECK_OK(mw_network_open(mw_sys_real(), mw_buf_str(&file), input, &network, &err), &err);
    mw_buf_release(&file);
    return network;
}

MW_TEST(network_gives_what_its_file_says) {
    mw_network *network = open_of("Neg", "14", (mw_network_input){1, 0, 4});
    const float input[] = {1, -2.5f, 0.125f, 7};
    float output[4] = {0};
    MW_CHECK_EQUAL_INT(mw_network_width(network), 4);
    MW_CHECK(mw_network_run(network, input, output));
    for (size_t i = 0; i < 4; i++) MW_CHECK(output[i] == -input[i]);
    mw_network_close(network);
}

/* Dimensions that are left open are those of what is given. */
MW_TEST(network_takes_an_image_of_any_size) {
    static const char *const shapes[] = {"0000", "1300", "0324"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        mw_network *network =
            open_of("GlobalAveragePool", shapes[i], (mw_network_input){3, 2, 4});
        float image[24], means[3];
        for (size_t p = 0; p < 24; p++) image[p] = (float)(p * p);
        MW_CHECK_EQUAL_INT(mw_network_width(network), 3);
        MW_CHECK(mw_network_run(network, image, means));
        for (size_t c = 0; c < 3; c++) {
            double sum = 0;
            for (size_t p = 0; p < 8; p++) sum += (double)image[8 * c + p];
            MW_CHECK(fabs((double)means[c] - sum / 8) < 1e-4);
        }
        mw_network_close(network);
    }
}

MW_TEST(network_gives_the_same_bits_again) {
    mw_network *network = open_of("Softmax", "19", (mw_network_input){1, 0, 9});
    float input[9], first[9], again[9];
    for (size_t i = 0; i < 9; i++) input[i] = (float)i / 7;
    MW_CHECK(mw_network_run(network, input, first));
    for (int round = 0; round < 50; round++) {
        MW_CHECK(mw_network_run(network, input, again));
        for (size_t i = 0; i < 9; i++) MW_CHECK(first[i] == again[i]);
    }
    mw_network_close(network);
}

MW_TEST(network_refuses_what_it_cannot_run) {
    static const struct {
        const char *operation, *dimensions;
        int element;
        const char *message;
    } cases[] = {
        {"Neg", "15", 1, "takes 5 numbers, is given 4"},
        {"Neg", "14", 11, "its input must be a tensor of floats (32 bits)"}, /* doubles */
        {"NoSuchThing", "14", 1, NULL},
    };
    mw_error err;
    mw_network *network = NULL;
    mw_network_input input = {1, 0, 4};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf file = onnx_file(cases[i].operation, cases[i].element, cases[i].dimensions);
        MW_CHECK_STATUS(mw_network_open(mw_sys_real(), mw_buf_str(&file), input, &network, &err),
                        MW_INVALID);
        if (cases[i].message) MW_CHECK_EQUAL_STR(mw_str_of(err.message), cases[i].message);
        mw_buf_release(&file);
    }
    MW_CHECK_STATUS(mw_network_open(mw_sys_real(), MW_STR("no network"), input, &network, &err),
                    MW_INVALID);
    MW_CHECK_STATUS(mw_network_open(mw_sys_real(), MW_STR(""), input, &network, &err), MW_INVALID);
    MW_CHECK(network == NULL);
}
