#include "perception/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A hostile picture gives numbers from 0 to 1, or nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    float numbers[3 * 5 * 4];
    if (!mw_picture_fill((mw_str){(const char *)data, size}, 5, 4, numbers)) return 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        MW_ASSERT(numbers[i] >= 0 && numbers[i] <= 1);
    return 0;
}
