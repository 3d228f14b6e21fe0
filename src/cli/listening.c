#include "cli/listening.h"

#include <string.h>

#include "base/calendar.h"
#include "lang/lexer.h"
#include "serve/server.h"
#include "sys/sockets.h"

enum { DEFAULT_PORT = 7070, DEADLINE_US_MIN = 1000 };

static mw_status read_address(const mw_cli *cli, mw_listening *listening, mw_error *err) {
    const char *text = mw_cli_option(cli, "--listen");
    mw_str listen = mw_str_of(text ? text : "127.0.0.1:7070");
    const char *colon = memrchr(listen.data, ':', listen.size);
    size_t host_size = colon ? (size_t)(colon - listen.data) : listen.size;
    mw_str host = mw_str_slice(listen, 0, host_size);
    int64_t port = DEFAULT_PORT;
    bool is_port = !colon || mw_str_to_int64(mw_str_slice(listen, host_size + 1, listen.size),
                                             &port);
    if (mw_str_starts(host, MW_STR("[")) && mw_str_ends(host, MW_STR("]"))) /* [::1]:7070 */
        host = mw_str_slice(host, 1, host.size - 1);
    else if (memchr(host.data, ':', host.size)) /* ::1 would be host : and port 1 */
        is_port = false;
    if (!is_port || port < 0 || port > UINT16_MAX || host.size >= sizeof listening->host)
        return mw_fail(err, MW_USAGE, "--listen: must be HOST:PORT or [IPV6]:PORT, got \"%s\"",
                       text);
    memcpy(listening->host, host.data, host.size);
    listening->host[host.size] = 0;
    listening->port = (uint16_t)port;
    bool is_loopback;
    mw_status status = mw_socket_find_reach(listening->host, &is_loopback, err);
    if (status != MW_OK)
        return mw_hint(err, status, "--listen takes HOST:PORT or [IPV6]:PORT, and a host that "
                                    "stands for this machine.");
    listening->is_open = !is_loopback;
    return MW_OK;
}

static mw_status read_tokens(const mw_cli *cli, mw_listening *listening, mw_error *err) {
    const char *text = mw_cli_option(cli, "--tokens");
    mw_str wish = mw_str_of(text ? text : listening->is_open ? "on" : "off");
    listening->asks_tokens = mw_str_is(wish, "on");
    if (listening->asks_tokens || mw_str_is(wish, "off")) return MW_OK;
    return mw_fail(err, MW_USAGE, "--tokens: must be on or off, got \"%s\"", text);
}

static mw_status read_transport(const mw_cli *cli, mw_listening *listening, mw_error *err) {
    bool is_plain = mw_cli_has(cli, "--plain-http");
    listening->certificate = mw_cli_option(cli, "--tls-certificate");
    listening->key = mw_cli_option(cli, "--tls-key");
    if (!listening->certificate != !listening->key)
        return mw_fail(err, MW_USAGE, "--tls-certificate: must come with --tls-key");
    if (listening->key && is_plain)
        return mw_fail(err, MW_USAGE, "--plain-http: must not come with --tls-key");
    if (listening->key || is_plain || !listening->is_open) return MW_OK;
    mw_status status = mw_fail(err, MW_USAGE,
                               "--listen: others than this machine can reach %s, and what they "
                               "send could be read on the way",
                               listening->host[0] ? listening->host : "all its addresses");
    return mw_hint(err, status, "Give --tls-certificate FILE and --tls-key FILE; or, behind a "
                                "proxy that has TLS, --plain-http.");
}

static mw_status read_threads(const mw_cli *cli, mw_listening *listening, mw_error *err) {
    int64_t count;
    MW_TRY(mw_cli_int(cli, "--threads", (mw_cli_bounds){1, MW_SERVER_TELLERS_MAX, 1}, &count, err));
    listening->teller_count = count == 1 ? 0 : (size_t)count;
    return MW_OK;
}

static mw_status read_deadline(const mw_cli *cli, mw_listening *listening, mw_error *err) {
    const char *text = mw_cli_option(cli, "--deadline");
    int64_t span_us = 0;
    if (!text) return MW_OK;
    bool is_span = mw_span_parse(mw_str_of(text), &span_us);
    if (!is_span || span_us < DEADLINE_US_MIN || span_us > MW_HOUR_US)
        return mw_fail(err, MW_USAGE, "--deadline: must be 1ms to 1h, got \"%s\"", text);
    listening->deadline_us = span_us;
    return MW_OK;
}

static mw_status read_access_share(const mw_cli *cli, mw_listening *listening, mw_error *err) {
    const char *text = mw_cli_option(cli, "--access-share");
    listening->logged_share = 1;
    if (!text) return MW_OK;
    double share;
    if (!mw_str_to_double(mw_str_of(text), &share) || !(share >= 0 && share <= 1))
        return mw_fail(err, MW_USAGE, "--access-share: must be 0 to 1, got \"%s\"", text);
    if (!mw_cli_option(cli, "--access-log"))
        return mw_fail(err, MW_USAGE, "--access-share: must come with --access-log");
    listening->logged_share = share;
    return MW_OK;
}

mw_status mw_listening_read(const mw_cli *cli, mw_listening *out_listening, mw_error *err) {
    mw_listening listening = {.port = 0};
    MW_TRY(read_address(cli, &listening, err));
    MW_TRY(read_tokens(cli, &listening, err));
    MW_TRY(read_transport(cli, &listening, err));
    MW_TRY(read_threads(cli, &listening, err));
    MW_TRY(read_deadline(cli, &listening, err));
    MW_TRY(read_access_share(cli, &listening, err));
    *out_listening = listening;
    return MW_OK;
}

void mw_listening_warn(const mw_listening *listening, mw_cli *cli, size_t token_count) {
    if (listening->is_open && mw_cli_has(cli, "--plain-http"))
        mw_cli_note(cli, "warning: without TLS, all on the way can read and change what is sent");
    if (listening->is_open && !listening->asks_tokens)
        mw_cli_note(cli, "warning: without tokens, whoever reaches this address may do all that "
                         "the server can");
    if (listening->asks_tokens && token_count == 0)
        mw_cli_note(cli, "nobody can come in yet: millwright tokens create NAME --scope "
                         "predict,events makes a token");
}
