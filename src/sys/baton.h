/*
 * baton: for threads that share what is not made for threads: only who holds it touches that.
 *
 * Who has long work that touches nothing shared lays it down meanwhile; who needs what another
 * is still at waits for news of it, and looks again when there is some.
 */
#pragma once
#include "base/status.h"

typedef struct mw_baton mw_baton;

MW_MUST_USE mw_status mw_baton_create(mw_baton **out_baton, mw_error *err);
void mw_baton_destroy(mw_baton *baton); /* nobody holds it; NULL is allowed */
void mw_baton_take(mw_baton *baton);    /* waits for it */
void mw_baton_lay_down(mw_baton *baton);
/* Of who holds it: lays it down, and has it again after news, or for no reason at all. */
void mw_baton_await_news(mw_baton *baton);
void mw_baton_tell_news(mw_baton *baton);
