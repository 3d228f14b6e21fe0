#include "store/arrow_note.h"

#include <string.h>

#include "base/base64.h"
#include "sys/sys.h"
#include "testing/test.h"

enum { COLUMNS = 6 };
static const mw_str names[COLUMNS] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"f", 1}};

typedef struct {
    mw_buf message; /* of pyarrow's; its third column is of a type that nanoarrow does not know */
    mw_buf note;
    mw_arrow_noted noted[COLUMNS];
} fixture;

static void set_up_with(fixture *f, const char *path) {
    mw_error err;
    mw_buf_init(&f->message, 1 << 20);
    mw_buf_init(&f->note, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), path, &f->message, &err), &err);
    mw_base64_append(&f->note, mw_buf_str(&f->message));
}

static void set_up(fixture *f) {
    set_up_with(f, "tests/corpus/arrow_note/durations");
}

static void tear_down(fixture *f) {
    mw_buf_release(&f->message);
    mw_buf_release(&f->note);
}

static mw_status read(void *context) {
    fixture *f = context;
    return mw_arrow_note_read(mw_buf_str(&f->note), names, COLUMNS, f->noted, NULL);
}

static void check_units(const fixture *f, const int64_t *expected) {
    for (size_t i = 0; i < COLUMNS; i++) MW_CHECK_EQUAL_INT(f->noted[i].unit_ns, expected[i]);
}

MW_TEST(arrow_note_tells_durations) {
    fixture f;
    mw_str others[COLUMNS] = {{"a", 1}, {"b", 1}, {"c", 1}, {"x", 1}, {"e", 1}, {"f", 1}};
    set_up(&f);
    MW_CHECK_OK(read(&f), NULL);
    check_units(&f, (int64_t[]){1, 0, 0, 1000000000, 1000000, 1000});
    mw_str note = mw_buf_str(&f.note);
    MW_CHECK_OK(mw_arrow_note_read(note, others, COLUMNS, f.noted, NULL), NULL);
    check_units(&f, (int64_t[]){1, 0, 0, 0, 1000000, 1000});
    MW_CHECK_OK(mw_arrow_note_read(note, names, COLUMNS - 1, f.noted, NULL), NULL);
    MW_CHECK_EQUAL_INT(f.noted[0].unit_ns, 0); /* a schema of other columns */
    MW_CHECK(mw_test_every_allocation_fails(read, &f) > 1);
    tear_down(&f);
}

/* Of pyarrow, too: a has a zone, b none, c the empty name of one, d a date, e and f numbers. */
MW_TEST(arrow_note_tells_times_with_a_zone) {
    fixture f;
    set_up_with(&f, "tests/corpus/arrow_note/times");
    MW_CHECK_OK(read(&f), NULL);
    for (size_t i = 0; i < COLUMNS; i++) {
        MW_CHECK(f.noted[i].is_time == (i < 3));
        MW_CHECK(f.noted[i].has_zone == (i == 0));
        MW_CHECK_EQUAL_INT(f.noted[i].unit_ns, 0);
    }
    tear_down(&f);
}

/* Cut anywhere, or with any byte changed, it says something or nothing, and reads no further. */
MW_TEST(arrow_note_that_is_damaged) {
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < f.message.size; i++) {
        mw_buf_clear(&f.note);
        mw_base64_append(&f.note, mw_str_slice(mw_buf_str(&f.message), 0, i));
        MW_CHECK_OK(read(&f), NULL);
        check_units(&f, (int64_t[COLUMNS]){0});
        f.message.data[i] ^= (char)0xff;
        mw_buf_clear(&f.note);
        mw_base64_append(&f.note, mw_buf_str(&f.message));
        MW_CHECK_OK(read(&f), NULL);
        f.message.data[i] ^= (char)0xff;
    }
    static const unsigned char beyond[] = {0xfe, 0xff, 0xff, 0x7f}; /* 2^31 - 2 bytes */
    memcpy(f.message.data + 4, beyond, sizeof beyond);
    mw_buf_clear(&f.note);
    mw_base64_append(&f.note, mw_buf_str(&f.message));
    MW_CHECK_OK(read(&f), NULL);
    check_units(&f, (int64_t[COLUMNS]){0});
    f.note.data[0] = '-';
    MW_CHECK_OK(read(&f), NULL);
    check_units(&f, (int64_t[COLUMNS]){0});
    tear_down(&f);
}
