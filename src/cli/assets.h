/* assets: files that the build puts into the program (cmake/layers.cmake). */
#pragma once
#include <stddef.h>

extern const unsigned char mw_asset_example_flights[];
extern const size_t mw_asset_example_flights_size;
