#include "lang/moment_sql.h"

#include "lang/clock_sql.h"
#include "lang/sql.h"

const mw_schema *mw_sql_moment_schema(const mw_sql_query *q) {
    return &q->streams[q->model->moment_stream];
}

/* --- moments and events --------------------------------------------------------------------- */

/* The rows of a stream, each as one value, `event`. A column may be called so too, but none as the
   stream is here. */
static void append_rows(const mw_sql_query *q, mw_str stream, const char *more) {
    mw_buf_printf(q->out, "(SELECT \"the event\" AS event%s FROM ", more);
    mw_sql_append_name(q->out, stream);
    mw_buf_append_text(q->out, " AS \"the event\")");
}

bool mw_sql_is_corrected(const mw_sql_query *q, int32_t stream) {
    return q->is_corrected && q->is_corrected[stream];
}

/* From when a row of a stream counts. */
static void append_counts_from(const mw_sql_query *q, int32_t stream, const char *row) {
    if (mw_sql_is_corrected(q, stream)) mw_buf_printf(q->out, "epoch_us(%s.\"from:0\")", row);
    else mw_buf_printf(q->out, "greatest(epoch_us(%s.known), epoch_us(%s.place))", row, row);
}

static bool is_read(const mw_model_program *model, size_t stream) {
    for (size_t i = 0; i < model->window_count; i++)
        if (model->windows[i].stream == (int32_t)stream) return true;
    return false;
}

/* The events of the streams that windows read, of which a label has one at least. */
static void append_events(const mw_sql_query *q) {
    const char *joint = "WITH ";
    for (size_t i = 0; i < q->program->stream_count; i++) {
        mw_str name = q->program->streams[i].name;
        if (!is_read(q->model, i)) continue;
        mw_buf_printf(q->out, "%s\"events of %.*s\" AS (\n  SELECT event, epoch_us(event.time) AS "
                              "\"event t\",\n         ",
                      joint, MW_STR_ARGS(name));
        append_counts_from(q, (int32_t)i, "event");
        mw_buf_append_text(q->out, " AS \"event known\"");
        if (mw_sql_is_corrected(q, (int32_t)i))
            mw_buf_append_text(q->out, ", epoch_us(event.\"until:0\") AS \"event until\"");
        mw_buf_append_text(q->out, "\n  FROM ");
        append_rows(q, name, "");
        mw_buf_append_text(q->out, "\n)");
        joint = ",\n";
    }
}

/* Of the events of one id, the one that makes the moment (rule 8): the first that has not been
   replaced by when its moment is made, unless one before it is too late for any. */
static void append_holders(const mw_sql_query *q, int32_t announcer, const char *more) {
    const mw_stream *stream = &q->program->streams[announcer];
    long long offset = (long long)q->model->moment_offset_us;
    mw_buf_printf(q->out, "(SELECT event%s FROM (SELECT event, epoch_us(event.time) + %lld AS t, "
                          "epoch_us(event.\"from:0\") AS since,\n      "
                          "epoch_us(event.\"until:0\") AS until FROM ",
                  more, offset);
    append_rows(q, stream->name, "");
    mw_buf_printf(q->out, ")\n    WHERE since - t > %lld OR until IS NULL OR "
                          "(t <= until AND since < until)\n"
                          "    QUALIFY row_number() OVER (PARTITION BY ",
                  (long long)q->model->lateness_us);
    for (int32_t i = 0; i < stream->id_count; i++) {
        if (i > 0) mw_buf_append_text(q->out, ", ");
        mw_buf_append_text(q->out, "event.");
        mw_sql_append_name(q->out, q->streams[announcer].fields[stream->id_fields[i]].name);
    }
    mw_buf_append_text(q->out, " ORDER BY event.\"order:0\") = 1)");
}

static void append_announcing(const mw_sql_query *q, const char *more) {
    int32_t announcer = mw_model_announcer(q->model);
    if (mw_sql_is_corrected(q, announcer)) append_holders(q, announcer, more);
    else append_rows(q, q->program->streams[announcer].name, more);
}

/* The events and, with `each`, the different elements of their lists. */
static void append_announced(const mw_sql_query *q) {
    const mw_each *each = q->model->each;
    if (!each) {
        append_announcing(q, "");
        return;
    }
    mw_field list = mw_sql_moment_schema(q)->fields[each->list];
    mw_buf_append_text(q->out, "\n    (SELECT *, unnest(list_distinct(from_json(");
    mw_sql_append_field(q->out, "event.", list);
    mw_buf_printf(q->out, ", '[\"%s\"]'))) AS element\n     FROM ",
                  list.type == MW_TYPE_LIST ? "VARCHAR" : "DOUBLE");
    append_announcing(q, ", row_number() OVER () AS " MW_SQL_EVENT);
    mw_buf_append_char(q->out, ')');
}

static void append_moments(const mw_sql_query *q) {
    const mw_each *each = q->model->each;
    mw_buf_append_text(q->out,
                       ",\nmoments AS (\n  SELECT row_number() OVER () AS \"moment n\", ");
    if (each) mw_buf_append_text(q->out, MW_SQL_EVENT ", ");
    mw_buf_append_text(q->out, MW_SQL_ROW ", " MW_SQL_T ",\n         greatest(" MW_SQL_T ", ");
    append_counts_from(q, mw_model_announcer(q->model), MW_SQL_ROW);
    mw_buf_append_text(q->out, ") AS " MW_SQL_PLACE "\n  FROM (SELECT ");
    if (each) {
        mw_buf_append_text(q->out, MW_SQL_EVENT ", struct_insert(event, ");
        mw_sql_append_name(q->out, mw_sql_moment_schema(q)->fields[each->element].name);
        mw_buf_append_text(q->out, " := element)");
    } else {
        mw_buf_append_text(q->out, "event");
    }
    mw_buf_printf(q->out, " AS " MW_SQL_ROW ", epoch_us(event.time) + %lld AS " MW_SQL_T " FROM ",
                  (long long)q->model->moment_offset_us);
    append_announced(q);
    mw_buf_printf(q->out, ")\n  WHERE " MW_SQL_PLACE " - " MW_SQL_T " <= %lld\n)",
                  (long long)q->model->lateness_us);
}

/* --- moments of a schedule ------------------------------------------------------------------ */

/* From the first event that announces a key to the last one of all, for beats end with it. */
static void append_log(const mw_sql_query *q) {
    mw_str announcer = q->program->streams[q->model->schedule->stream].name;
    mw_buf_printf(q->out, ",\n\"the log\" AS (\n  SELECT (SELECT min(\"event known\") FROM "
                          "\"events of %.*s\") AS first, max(place) AS last\n  FROM (",
                  MW_STR_ARGS(announcer));
    bool is_first = true;
    for (size_t i = 0; i < q->program->stream_count; i++) {
        const mw_stream *stream = &q->program->streams[i];
        if (stream->is_of_moments) continue;
        if (!is_first) mw_buf_append_text(q->out, "\n    UNION ALL ");
        is_first = false;
        mw_buf_append_text(q->out, "SELECT max(");
        append_counts_from(q, (int32_t)i, "event");
        mw_buf_append_text(q->out, ") AS place FROM ");
        append_rows(q, stream->name, "");
    }
    mw_buf_append_text(q->out, "))");
}

/* Each key that an event has, when one of it was known first, and the time of its last one. */
static void append_announced_keys(const mw_sql_query *q) {
    const mw_schedule *schedule = q->model->schedule;
    const mw_schema *schema = &q->streams[schedule->stream];
    mw_buf_append_text(q->out, ",\n\"the keys\" AS (\n  SELECT ");
    for (int32_t i = 0; i < schedule->key_count; i++) {
        mw_buf_append_text(q->out, "event.");
        mw_sql_append_name(q->out, schema->fields[schedule->keys[i]].name);
        mw_buf_printf(q->out, " AS \"key %d\", ", (int)i);
    }
    mw_buf_printf(q->out, "\n    min(\"event known\") AS first, max(\"event t\") AS last\n  FROM "
                          "\"events of %.*s\"\n  WHERE ",
                  MW_STR_ARGS(q->program->streams[schedule->stream].name));
    for (int32_t i = 0; i < schedule->key_count; i++) {
        mw_buf_append_text(q->out, i > 0 ? " AND event." : "event.");
        mw_sql_append_name(q->out, schema->fields[schedule->keys[i]].name);
        mw_buf_append_text(q->out, " IS NOT NULL");
    }
    mw_buf_append_text(q->out, "\n  GROUP BY ALL\n)");
}

/* The keys, the beat, and how far ahead it looks. */
static void append_row_of_schedule(const mw_sql_query *q) {
    const mw_schedule *schedule = q->model->schedule;
    const mw_field *fields = mw_sql_moment_schema(q)->fields;
    mw_buf_append_text(q->out, "struct_pack(");
    for (int32_t i = 0; i < schedule->key_count; i++) {
        mw_sql_append_name(q->out, fields[i].name);
        mw_buf_printf(q->out, " := k.\"key %d\", ", (int)i);
    }
    mw_sql_append_name(q->out, fields[schedule->key_count].name);
    mw_buf_append_text(q->out, " := make_timestamp(b.us)");
    if (schedule->ahead_first_us > 0) {
        mw_buf_append_text(q->out, ", ");
        mw_sql_append_name(q->out, fields[schedule->key_count + 1].name);
        mw_buf_append_text(q->out, " := a.ahead");
    }
    mw_buf_append_char(q->out, ')');
}

/* All that may be: whom the schedule takes is told by the features. */
static void append_scheduled_moments(const mw_sql_query *q) {
    const mw_schedule *schedule = q->model->schedule;
    mw_clock_sql_reach reach = {"\"the log\"", 0, 0};
    append_log(q);
    append_announced_keys(q);
    mw_buf_append_text(q->out, ",\nbeats AS (");
    mw_clock_sql_append_beats(schedule->beat, reach, q->out);
    mw_buf_append_text(q->out, "),\nmoments AS (\n  SELECT row_number() OVER () AS \"moment n\", ");
    append_row_of_schedule(q);
    mw_buf_append_text(q->out, " AS " MW_SQL_ROW ",\n    b.us AS " MW_SQL_T ", b.us AS "
                               MW_SQL_PLACE "\n  FROM \"the keys\" AS k JOIN beats AS b ON "
                               "b.us > k.first");
    if (schedule->over_us > 0)
        mw_buf_printf(q->out, " AND b.us <= k.last + %lld", (long long)schedule->over_us);
    if (schedule->ahead_first_us > 0)
        mw_buf_printf(q->out, ",\n    (SELECT unnest(range(%lld, %lld, %lld)) AS ahead) AS a",
                      (long long)schedule->ahead_first_us, (long long)schedule->ahead_last_us + 1,
                      (long long)schedule->ahead_first_us);
    mw_buf_append_text(q->out, "\n  WHERE b.us <= (SELECT last FROM \"the log\")\n)");
}

void mw_moment_sql_append(const mw_sql_query *q) {
    append_events(q);
    if (q->model->schedule) append_scheduled_moments(q);
    else append_moments(q);
}
