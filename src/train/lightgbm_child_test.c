#include "train/lightgbm_child.h"

#include "sys/library.h"
#include "sys/process.h"
#include "testing/test.h"
#include "train/lightgbm_frame.h"

#include <string.h>

/* Sends `request` to a child (lightgbm_test.c makes this program one) and checks that it ends
   with the failure that is expected. */
static void check_refused(mw_str request, const char *message) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    mw_error err;
    mw_sys *sys = mw_sys_real();
    const char *executable;
    MW_CHECK_OK(mw_executable_path(sys, &arena, &executable, &err), &err);
    const char *const arguments[] = {executable, "lightgbm-child", NULL};
    mw_process_config config = {.arguments = arguments, .pipe_input = true, .pipe_output = true};
    mw_process *child;
    MW_CHECK_OK(mw_process_start(sys, config, &child, &err), &err);
    MW_CHECK_OK(mw_process_write(child, request, &err), &err);
    mw_process_end_input(child);

    char answer[1024];
    size_t size = 0, got = 1;
    while (got > 0) {
        MW_CHECK_OK(mw_process_read(child, answer + size, sizeof answer - size, &got, &err), &err);
        size += got;
    }
    mw_process_result result;
    MW_CHECK_OK(mw_process_wait(child, &result, &err), &err);
    mw_process_destroy(child);
    mw_lightgbm_frame frame;
    MW_CHECK(size > sizeof frame);
    memcpy(&frame, answer, sizeof frame);
    MW_CHECK_EQUAL_INT(frame.kind, MW_LIGHTGBM_FAILURE);
    MW_CHECK_EQUAL_INT(frame.value, MW_MALFORMED);
    MW_CHECK_EQUAL_STR(((mw_str){answer + sizeof frame, (size_t)frame.size}), message);
    MW_CHECK_EQUAL_INT(result.exit_code, mw_status_exit_code(MW_MALFORMED));
    mw_arena_release(&arena);
}

MW_TEST(lightgbm_child_refuses_what_is_no_request) {
    mw_lightgbm_request request = {.magic = MW_LIGHTGBM_MAGIC, .size = sizeof request};
    mw_str bytes = {(const char *)&request, sizeof request};
    check_refused(MW_STR("not a request"), "lightgbm: the request ends early");
    check_refused(bytes, "lightgbm: 0 rows of 0 features are out of range");
    request.row_count = request.feature_count = 10;
    check_refused(bytes, "lightgbm: the request ends early");
    request.magic++;
    check_refused(bytes, "lightgbm: the request comes from another program");
}
