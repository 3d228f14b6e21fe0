#include "sys/standard.h"

#include "sys/backend.h"

#include <errno.h>
#include <unistd.h>

mw_status mw_standard_read(mw_sys *sys, void *bytes, size_t size, size_t *out_size,
                           mw_error *err) {
    MW_TRY(mw_sys_check_real(sys, "standard input", err));
    ssize_t got;
    do got = read(STDIN_FILENO, bytes, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) return mw_fail_errno(err, errno, "standard input", "read");
    *out_size = (size_t)got;
    return MW_OK;
}

mw_status mw_standard_write(mw_sys *sys, mw_str bytes, mw_error *err) {
    MW_TRY(mw_sys_check_real(sys, "standard output", err));
    while (bytes.size > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return mw_fail_errno(err, errno, "standard output", "write");
        bytes = mw_str_slice(bytes, (size_t)put, bytes.size);
    }
    return MW_OK;
}
