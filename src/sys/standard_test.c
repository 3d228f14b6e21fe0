#include "sys/standard.h"
#include "testing/test.h"

#include <unistd.h>

/* Puts a pipe in place of standard input and output, and lets them talk to each other. */
MW_TEST(standard_reads_what_standard_output_wrote) {
    int ends[2], input = dup(STDIN_FILENO), output = dup(STDOUT_FILENO);
    MW_CHECK(pipe(ends) == 0);
    MW_CHECK(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    MW_CHECK(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);

    mw_error err;
    mw_sys *sys = mw_sys_real();
    char bytes[16];
    size_t size = 0, size_at_end = 1;
    mw_status wrote = mw_standard_write(sys, MW_STR("a frame"), &err);
    mw_status got = mw_standard_read(sys, bytes, sizeof bytes, &size, &err);
    dup2(output, STDOUT_FILENO); /* closes the last writing end */
    mw_status ended = mw_standard_read(sys, bytes + 8, 8, &size_at_end, &err);
    dup2(input, STDIN_FILENO);
    close(input);
    close(output);

    MW_CHECK_OK(wrote, &err);
    MW_CHECK_OK(got, &err);
    MW_CHECK_OK(ended, &err);
    MW_CHECK_EQUAL_STR(((mw_str){bytes, size}), "a frame");
    MW_CHECK_EQUAL_INT(size_at_end, 0);
}
