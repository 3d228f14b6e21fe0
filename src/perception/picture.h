/*
 * picture: a JPEG or PNG file as an image of a given size.
 *
 * Red, green and blue come one after the other, each row by row from the top, as numbers from 0 to
 * 1. A pixel is the mean of what it covers of the picture (the whole of it, stretched), exact to
 * one rounding, so any machine gives the same bits for the same decoded picture. libjpeg-turbo and
 * libpng decode; what is transparent lies on black, and a turn that the camera noted is not undone.
 */
#pragma once
#include "base/str.h"

enum { MW_PICTURE_SIDE_MAX = 16384, MW_PICTURE_PIXELS_MAX = 1 << 26 };

/* Fills 3 x height x width numbers. False: it cannot be decoded, is too large, or memory is out. */
MW_MUST_USE bool mw_picture_fill(mw_str bytes, size_t width, size_t height, float *out_numbers);
