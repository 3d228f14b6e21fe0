/*
 * listening: where the server listens, and what it asks of whoever comes, by its options.
 *
 * Safe by default: on an address that only this machine can reach nothing is asked; on any other
 * a client must come by TLS and show a token, unless the user says otherwise by an option whose
 * name says what it does.
 */
#pragma once
#include "cli/command.h"

enum { MW_LISTENING_HOST_SIZE_MAX = 256 };

typedef struct {
    char host[MW_LISTENING_HOST_SIZE_MAX]; /* "": all addresses of the machine */
    uint16_t port;
    bool is_open;      /* others than this machine can reach it */
    bool asks_tokens;
    size_t teller_count; /* threads that serve beside that which owns all; 0: none, it serves */
    int64_t deadline_us; /* to take up a request that names none of its own; 0: as long as usual */
    double logged_share; /* of the requests, in the access log if one is kept */
    const char *certificate, *key; /* PEM files, for TLS; NULL: plain HTTP */
} mw_listening;

/* MW_USAGE: an option is wrong, or the address is open and the user has not said how. */
MW_MUST_USE mw_status mw_listening_read(const mw_cli *cli, mw_listening *out_listening,
                                        mw_error *err);
/* Says on standard error what an open address lacks; `token_count`: those in force. */
void mw_listening_warn(const mw_listening *listening, mw_cli *cli, size_t token_count);
