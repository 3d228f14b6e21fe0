#include "serve/repeated_head.h"

enum { LENGTH_DIGITS_MAX = 9 };

void mw_repeated_head_init(mw_repeated_head *kept) {
    *kept = (mw_repeated_head){.from = 0};
    mw_buf_init(&kept->head, MW_REPEATED_HEAD_SIZE_MAX);
}

void mw_repeated_head_forget(mw_repeated_head *kept) { mw_buf_clear(&kept->head); }

/* A number of digits alone; false: there are others among them. */
static bool read_length(mw_str digits, size_t *out_length) {
    size_t length = 0;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = (unsigned char)digits.data[i] - '0';
        if (digit > 9) return false;
        length = length * 10 + digit;
    }
    *out_length = length;
    return true;
}

void mw_repeated_head_keep(mw_repeated_head *kept, mw_str head, mw_str length) {
    size_t value;
    mw_buf_clear(&kept->head);
    if (length.size > LENGTH_DIGITS_MAX || !read_length(length, &value)) return;
    kept->from = length.data ? (size_t)(length.data - head.data) : 0;
    kept->to = kept->from + length.size;
    mw_buf_append_str(&kept->head, head);
}

bool mw_repeated_head_fits(const mw_repeated_head *kept, mw_str bytes, mw_str *out_body) {
    const char *head = kept->head.data;
    size_t size = kept->head.size, length;
    if (size == 0 || bytes.size < size) return false;
    if (memcmp(bytes.data + kept->to, head + kept->to, size - kept->to) != 0 ||
        memcmp(bytes.data, head, kept->from) != 0 ||
        !read_length((mw_str){bytes.data + kept->from, kept->to - kept->from}, &length) ||
        length > bytes.size - size)
        return false;
    *out_body = (mw_str){bytes.data + size, length};
    return true;
}

void mw_repeated_head_release(mw_repeated_head *kept) { mw_buf_release(&kept->head); }
