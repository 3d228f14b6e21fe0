#include "store/arrow_head.h"

#include "sys/sys.h"
#include "testing/test.h"

enum { FRAME_SIZE = 8 };

/* Heads of pyarrow's have no fault: that of a schema and, behind it, of a batch. Hostile ones come
   from arrow_reader_fuzz and its corpus. */
MW_TEST(arrow_head_without_fault) {
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), "tests/corpus/arrow_reader/batches", &bytes, &err),
                &err);
    mw_reader frame = {mw_str_slice(mw_buf_str(&bytes), 4, FRAME_SIZE), false};
    size_t schema_size = mw_read_u32(&frame);
    mw_arrow_head schema = {.bytes = bytes.data + FRAME_SIZE, .is_schema = true};
    MW_CHECK(!mw_arrow_head_fault(schema));
    mw_arrow_head batch = {.bytes = bytes.data + FRAME_SIZE + schema_size + FRAME_SIZE};
    MW_CHECK(!mw_arrow_head_fault(batch));
    MW_CHECK(!mw_arrow_body_fault(batch, 64));
    MW_CHECK_EQUAL_STR(mw_arrow_body_fault(batch, 0), "a buffer must lie within its body");
    mw_buf_release(&bytes);
}
