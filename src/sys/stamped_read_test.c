#include "sys/stamped_read.h"
#include "sys/sockets.h"
#include "testing/test.h"

typedef struct {
    mw_socket *client, *server;
} pair;

static pair connect_pair(void) {
    mw_socket *listener;
    pair made = {NULL, NULL};
    mw_error err;
    mw_sys *sys = mw_sys_real();
    MW_CHECK_OK(mw_socket_listen(sys, "127.0.0.1", 0, &listener, &err), &err);
    MW_CHECK_OK(mw_socket_connect(sys, "127.0.0.1", mw_socket_port(listener), &made.client, &err),
                &err);
    MW_CHECK(mw_socket_wait(listener, false, 10 * MW_SECOND_US));
    MW_CHECK_OK(mw_socket_accept(listener, &made.server, &err), &err);
    mw_socket_close(listener);
    return made;
}

/* Sends three bytes, lets them wait for a while and reads them: when they came, 0 if unknown. */
static int64_t send_and_read(pair p, int64_t waited_us) {
    char bytes[8];
    size_t size;
    int64_t arrival_us = 0;
    MW_CHECK(mw_socket_write(p.client, MW_STR("abc"), &size) == MW_SOCKET_MOVED);
    if (waited_us) MW_CHECK(!mw_socket_wait(p.client, false, waited_us));
    MW_CHECK(mw_socket_wait(p.server, false, 10 * MW_SECOND_US));
    MW_CHECK(mw_stamped_read(mw_socket_descriptor(p.server), bytes, sizeof bytes, &arrival_us) ==
             3);
    return arrival_us;
}

/* Bytes that wait for 20 ms are told to be as old. */
MW_TEST(stamped_read_tells_when_bytes_came) {
    enum { SLACK_US = 10000, WAIT_US = 20000 };
    mw_sys *sys = mw_sys_real();
    pair p = connect_pair();
    int64_t until_us = mw_sys_monotonic_us(sys) + 10 * MW_SECOND_US;
    while (send_and_read(p, 0) == 0) MW_CHECK(mw_sys_monotonic_us(sys) < until_us);
    for (int i = 0; i < 3; i++) {
        int64_t begin_us = mw_sys_now_us(sys), arrival_us = send_and_read(p, WAIT_US);
        MW_CHECK(arrival_us >= begin_us);
        MW_CHECK(mw_sys_now_us(sys) - arrival_us >= WAIT_US - SLACK_US);
    }
    mw_socket_close(p.client);
    mw_socket_close(p.server);
}
