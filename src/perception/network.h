/*
 * network: a neural network of an ONNX file: numbers in, numbers out.
 *
 * ONNX Runtime runs it, opened when the first one is (sys/library.h), in one thread, so that the
 * same numbers always give the same bits on the same kind of machine. A network has one input, a
 * tensor of floats for one row; dimensions that it leaves open take what is given. Its first output
 * is what it makes of that, and how wide it is, is found by a run on zeros.
 *
 * Any number of threads may run an open network. A run takes memory and gives it back.
 */
#pragma once
#include "sys/sys.h"

enum { MW_NETWORK_SIZE_MAX = 1 << 30, MW_NETWORK_DIMENSIONS_MAX = 8 };

typedef struct mw_network mw_network;

/* What it is given: channels of height x width, or `width` numbers in a row (height 0). */
typedef struct {
    size_t channels, height, width;
} mw_network_input;

/* MW_INVALID: what its file or its input must be. */
MW_MUST_USE mw_status mw_network_open(mw_sys *sys, mw_str bytes, mw_network_input input,
                                      mw_network **out_network, mw_error *err);
void mw_network_close(mw_network *network); /* NULL is allowed */
size_t mw_network_width(const mw_network *network);
/* False if there is no memory for it, or it gives another number of values than on zeros. */
MW_MUST_USE bool mw_network_run(const mw_network *network, const float *input, float *output);
