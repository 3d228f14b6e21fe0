#include "perception/perception.h"

#include <stdio.h>

#include "perception/onnx_file_test.h"
#include "testing/test.h"

static void write_network(const char *folder, const char *name, const char *operation) {
    char path[512];
    mw_error err = {0};
    mw_buf file = onnx_file(operation, 1, "03");
    snprintf(path, sizeof path, "%s/%s", folder, name);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, mw_buf_str(&file), &err), &err);
    mw_buf_release(&file);
}

MW_TEST(perception_opens_a_network_once) {
    mw_error err = {0};
    mw_perception it;
    mw_sense_network first, again, other;
    const char *folder = mw_test_directory();
    write_network(folder, "neg.onnx", "Neg");
    write_network(folder, "abs.onnx", "Abs");
    mw_perception_init(&it, mw_sys_real(), folder);
    const mw_senses *senses = &it.senses;
    mw_sense_input input = {1, 0, 3};
    MW_CHECK_OK(senses->open(senses->context, MW_STR("neg.onnx"), input, &first, &err), &err);
    MW_CHECK_OK(senses->open(senses->context, MW_STR("neg.onnx"), input, &again, &err), &err);
    MW_CHECK_OK(senses->open(senses->context, MW_STR("abs.onnx"), input, &other, &err), &err);
    MW_CHECK(first.handle == again.handle && first.handle != other.handle);
    MW_CHECK(mw_str_equal(first.sha256, again.sha256));
    MW_CHECK(!mw_str_equal(first.sha256, other.sha256) && first.sha256.size == 64);
    MW_CHECK_EQUAL_INT(first.width, 3);
    const float numbers[] = {1, 2, 3};
    float output[3];
    MW_CHECK(senses->run(first.handle, numbers, output) && output[2] == -3);
    MW_CHECK_STATUS(senses->open(senses->context, MW_STR("none.onnx"), input, &other, &err),
                    MW_NOT_FOUND);
    mw_perception_release(&it);
}

MW_TEST(perception_sees_a_picture_in_base64_and_nothing_else) {
    mw_perception it;
    mw_perception_init(&it, mw_sys_real(), mw_test_directory());
    /* One red pixel, by another program. */
    static const char red[] = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMB"
                              "AQDJ/pLvAAAAAElFTkSuQmCC";
    static const char *const nothing[] = {"", "AAAA", "no picture", "iVBORw0KGgo="};
    float numbers[3];
    MW_CHECK(it.senses.see(mw_str_of(red), 1, 1, numbers));
    MW_CHECK(numbers[0] == 1 && numbers[1] == 0 && numbers[2] == 0);
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        MW_CHECK(!it.senses.see(mw_str_of(nothing[i]), 1, 1, numbers));
    mw_perception_release(&it);
}
