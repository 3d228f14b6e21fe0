#include "cli/server_ingest.h"

#include "cli/server_call.h"
#include "ingest/offer_events.h"
#include "serve/control.h"
#include "sys/poller.h"
#include "sys/terminal.h"

enum {
    CALL_US = 60000000, /* a history makes the server begin anew before it answers */
    ASK_AGAIN_US = 20000,
    ANSWER_SIZE_MAX = 1 << 16,
};

typedef struct {
    mw_sys *sys;
    mw_control_client *server;
    const mw_offer *offer;
    mw_buf message, answer;
} handing;

static mw_status send(handing *it, uint32_t kind, mw_error *err) {
    mw_buf_clear(&it->answer);
    MW_TRY(mw_buf_check(&it->message, "ingest: a message to the server", err));
    return mw_control_call(it->server, kind, mw_buf_str(&it->message), CALL_US, &it->answer, err);
}

static mw_status send_offer(handing *it, mw_error *err) {
    mw_buf_clear(&it->message);
    mw_offer_append(&it->message, it->offer);
    return send(it, MW_SERVE_OFFER, err);
}

static mw_status send_events(handing *it, const mw_lake_batch *batch, mw_error *err) {
    size_t count = batch->events->event_count;
    mw_progress progress = mw_progress_begin(it->sys, "handing over", count);
    mw_status status = MW_OK;
    for (size_t at = 0; status == MW_OK && at < count;) {
        mw_buf_clear(&it->message);
        status = mw_offer_events_append(&it->message, &it->offer->addition, batch, at, &at, err);
        if (status == MW_OK) status = send(it, MW_SERVE_EVENTS, err);
        mw_progress_update(&progress, at);
    }
    mw_progress_end(&progress);
    return status;
}

static mw_status ask_acceptance(handing *it, mw_accepted *out_accepted, mw_error *err) {
    mw_buf_clear(&it->message);
    mw_buf_append_u64(&it->message, (uint64_t)it->offer->addition.number);
    MW_TRY(send(it, MW_SERVE_ACCEPT, err));
    return mw_accepted_read(mw_buf_str(&it->answer), out_accepted, err);
}

/* How many events the server still has to take; none if it has gone, since the next one takes
   them all before it answers. */
static uint64_t ask_left(handing *it) {
    mw_buf_clear(&it->message);
    if (send(it, MW_SERVE_ARRIVING, NULL) != MW_OK) return 0;
    mw_reader reader = {.rest = mw_buf_str(&it->answer)};
    return mw_read_u64(&reader);
}

/* It is accepted already, so nothing that goes wrong here is a failure of the ingest. */
static void await_effect(handing *it) {
    uint64_t all = ask_left(it);
    mw_poller *poller = NULL;
    if (all == 0 || mw_poller_create(it->sys, &poller, NULL) != MW_OK) return;
    mw_progress progress = mw_progress_begin(it->sys, "taking effect", all);
    for (uint64_t left = all; left > 0; left = ask_left(it)) {
        mw_poller_event event;
        size_t count;
        mw_progress_update(&progress, all - left);
        if (mw_poller_wait(poller, ASK_AGAIN_US, &event, 1, &count, NULL) != MW_OK) break;
    }
    mw_progress_end(&progress);
    mw_poller_destroy(poller);
}

static mw_status hand_over(handing *it, const mw_lake_batch *batch, mw_accepted *out_accepted,
                           mw_error *err) {
    MW_TRY(send_offer(it, err));
    MW_TRY(send_events(it, batch, err));
    MW_TRY(ask_acceptance(it, out_accepted, err));
    await_effect(it);
    return MW_OK;
}

static mw_status connect_server(const mw_workspace *workspace, mw_control_client **out_client,
                                mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 16);
    const char *path = mw_state_path(workspace->state, &arena, MW_SERVE_SOCKET);
    mw_status status = path ? mw_control_connect(workspace->cli->sys, path, out_client, err)
                            : mw_fail(err, MW_NO_MEMORY, "ingest: no memory");
    mw_arena_release(&arena);
    return status;
}

static mw_status accept(void *context, const mw_offer *offer, const mw_lake_batch *batch,
                        mw_accepted *out_accepted, mw_error *err) {
    const mw_workspace *workspace = context;
    handing it = {.sys = workspace->cli->sys, .offer = offer};
    mw_buf_init(&it.message, MW_CONTROL_MESSAGE_SIZE_MAX);
    mw_buf_init(&it.answer, ANSWER_SIZE_MAX);
    mw_status status = connect_server(workspace, &it.server, err);
    if (status == MW_OK) status = hand_over(&it, batch, out_accepted, err);
    if (status == MW_UNAVAILABLE || status == MW_TIMED_OUT)
        (void)mw_hint(err, status, "Nothing was taken in. Run millwright ingest again.");
    mw_control_close(it.server);
    mw_buf_release(&it.message);
    mw_buf_release(&it.answer);
    return status;
}

mw_ingest_acceptor mw_server_acceptor(const mw_workspace *workspace) {
    return (mw_ingest_acceptor){(void *)(uintptr_t)workspace, accept};
}
