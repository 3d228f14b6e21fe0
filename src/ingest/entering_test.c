#include "ingest/entering.h"

#include "ingest/shop_test.h"

static const char tills[] =
    "project: tills\n"
    "streams:\n"
    "  sales: {from: sales*.csv, time: at, id: no,\n"
    "          fields: {worth: amount * last(rates.rate by money),\n"
    "                   spent: sum(sales.worth by money over 1d)}}\n"
    "  rates: {from: rates*.csv, time: day, known: time + 1h}\n";
/* Rates become known an hour after their day began. */
static const char rates[] =
    "money,rate,day\n"
    "eur,1,2024-01-01T00:00:00Z\n"
    "usd,2,2024-01-01T00:00:00Z\n"
    "usd,3,2024-01-02T00:00:00Z\n";
static const char sales[] =
    "no,money,amount,at\n"
    "4,usd,10,2024-01-02T01:00:01Z\n" /* files need not be in order */
    "1,usd,10,2024-01-01T00:30:00Z\n" /* no rate is known yet */
    "2,usd,10,2024-01-01T02:00:00Z\n"
    "3,usd,10,2024-01-02T01:00:00Z\n" /* the new rate is known from now on, not before */
    "5,eur,7,2024-01-02T01:00:01Z\n";

static void check_sale(shop *f, size_t row, const char *expected) {
    mw_history history;
    mw_events events;
    mw_buf text;
    mw_buf_init(&text, 200);
    MW_CHECK_OK(mw_history_load(f->state, f->program, f->symbols, &history, &events, &f->err),
                &f->err);
    const mw_stream *stream = &f->program->streams[0];
    const mw_cell *cells = mw_table_row(&events.streams[0].rows, row);
    mw_cell_append(&text, MW_TYPE_NUMBER, cells[0], f->symbols);
    for (size_t i = stream->schema.field_count - stream->entry_count;
         i < stream->schema.field_count; i++) {
        mw_buf_append_char(&text, ' ');
        mw_cell_append(&text, stream->schema.fields[i].type, cells[i], f->symbols);
    }
    MW_CHECK_EQUAL_STR(mw_buf_str(&text), mw_str_of(expected));
    mw_buf_release(&text);
    mw_events_release(&events);
}

MW_TEST(entering_looks_up_what_was_known_before) {
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "sales1.csv", sales);
    shop_write_file(&f, "rates1.csv", rates);
    shop_compile(&f, tills);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    check_sale(&f, 0, "1  0");
    check_sale(&f, 1, "2 20 0");
    check_sale(&f, 2, "3 20 20");
    check_sale(&f, 3, "4 30 40"); /* of two; the first one has no worth */
    check_sale(&f, 4, "5 7 0");

    /* What the same rows say again is a repeat, although they bring no worth. */
    shop_write_file(&f, "sales2.csv", "no,money,amount,at\n2,usd,10,2024-01-01T02:00:00Z\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.files[0].repeats, 1);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "sales"), 5);
    shop_tear_down(&f);
}

MW_TEST(entering_refuses_what_would_have_changed_a_field) {
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "sales1.csv", sales);
    shop_write_file(&f, "rates1.csv", rates);
    shop_compile(&f, tills);
    MW_CHECK_OK(shop_ingest(&f), &f.err);

    shop_write_file(&f, "rates2.csv", "money,rate,day\ngbp,4,2024-01-01T00:00:00Z\n"
                                      "usd,4,2024-01-03T00:00:00Z\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err); /* nobody looked for these */
    shop_write_file(&f, "rates3.csv", "money,rate,day\neur,4,2024-01-01T05:00:00Z\n");
    MW_CHECK_EQUAL_INT(shop_ingest(&f), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(mw_str_of(f.err.message),
                       MW_STR("ingest: these events come before 1 events that stand already and "
                              "would have changed their fields with windows, such as worth of "
                              "sales"));
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "rates"), 5);
    shop_tear_down(&f);
}
