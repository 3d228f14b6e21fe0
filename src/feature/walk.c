#include "feature/walk.h"

#include "table/passing.h"

#include <string.h>

/* Of the labels in line: strictly by `due`, so whichever is due with another thing goes by the
   agenda, which knows the order of all that is. */
typedef struct {
    int64_t due, t, place;
    uint64_t number;
    mw_cell row[]; /* its texts held */
} line_label;

static const mw_schema *moment_schema(const mw_walk *walk) {
    return &walk->config.program->streams[walk->config.model->moment_stream].schema;
}

/* A schedule goes on for ever; history ends with its last event: nobody knows what came after. */
static void limit_agenda(mw_walk *walk) {
    const mw_events *events = walk->config.events;
    int64_t to = walk->config.to, end = INT64_MIN;
    if (walk->config.parts) end = walk->config.parts->last_place;
    else if (events->event_count > 0) end = mw_events_at(events, events->event_count - 1).place;
    if (walk->config.model->schedule && to > end) to = end + 1;
    mw_agenda_limit(walk->agenda, walk->config.from, to);
}

mw_backlog_memory mw_walk_waiting_memory(mw_engine_memory memory) {
    enum { SHARE = 8 };
    if (memory.max == 0) return (mw_backlog_memory){0};
    return (mw_backlog_memory){memory.disk, memory.max / SHARE};
}

mw_status mw_walk_init(mw_walk *walk, mw_replay_config config, mw_error *err) {
    MW_ASSERT(config.parts || config.events->event_count == 0 || config.events->order);
    *walk = (mw_walk){.config = config, .events = config.events, .is_last = !config.parts};
    MW_TRY(mw_agenda_create(config.model, config.program, config.symbols, &walk->agenda, err));
    limit_agenda(walk);
    mw_backlog_init(&walk->labels,
                    sizeof(line_label) + moment_schema(walk)->field_count * sizeof(mw_cell),
                    mw_walk_waiting_memory(config.memory));
    return MW_OK;
}

static const line_label *first_in_line(const mw_walk *walk) {
    return mw_backlog_front(&walk->labels, walk->labels.first);
}

static mw_status drop_first_in_line(mw_walk *walk, mw_error *err) {
    mw_symbols *symbols = walk->config.symbols;
    const mw_cell *row = first_in_line(walk)->row;
    mw_passing_let_go(symbols, moment_schema(walk), row);
    mw_status status = mw_backlog_drop(&walk->labels, err);
    if (status != MW_OK) mw_passing_hold(symbols, moment_schema(walk), row); /* it stands still */
    return status;
}

static mw_status drop_taken(mw_walk *walk, mw_error *err) {
    if (walk->has_taken) MW_TRY(drop_first_in_line(walk, err));
    walk->has_taken = false;
    return MW_OK;
}

/* When something is due next. */
static int64_t next_due(const mw_walk *walk) {
    int64_t due = mw_agenda_next(walk->agenda);
    uint64_t first = walk->labels.first + walk->has_taken;
    if (first == walk->labels.end) return due;
    const line_label *label = mw_backlog_front(&walk->labels, first);
    return label->due < due ? label->due : due;
}

void mw_walk_release(mw_walk *walk) {
    /* What is on disk comes back for the sake of texts that wait to be let go of alone; where it
       cannot be read they stay as long as their table. */
    bool is_read = mw_passing_count(walk->config.symbols) > 0;
    while (is_read && !mw_backlog_is_empty(&walk->labels))
        is_read = drop_first_in_line(walk, NULL) == MW_OK;
    mw_backlog_release(&walk->labels);
    mw_agenda_destroy(walk->agenda);
}

static mw_status announce(mw_walk *walk, const mw_event *event, mw_error *err) {
    if (event->stream != mw_model_announcer(walk->config.model)) return MW_OK;
    bool is_taken;
    MW_TRY(mw_agenda_add_event(walk->agenda, event, &is_taken, err));
    if (!is_taken) walk->refused_moments++;
    return MW_OK;
}

/* All events of the next place tell their moments at once, as what is due by then comes first. */
static mw_status announce_place(mw_walk *walk, int64_t place, mw_error *err) {
    const mw_events *events = walk->events;
    for (; walk->announced < events->event_count; walk->announced++) {
        mw_event event = mw_events_at(events, walk->announced);
        if (event.place != place) break;
        MW_TRY(announce(walk, &event, err));
    }
    return MW_OK;
}

static inline mw_moment moment_of(const mw_walk *walk, const mw_event *event) {
    return (mw_moment){event->time + walk->config.model->moment_offset_us, event->place,
                       event->row};
}

/* Whether the moment of the event in the order is all that happens at its place, before anything
   is due: it needs no agenda. */
static inline bool is_lone_moment(const mw_walk *walk, const mw_events *events, size_t index,
                                  const mw_event *event, int64_t due) {
    const mw_replay_config *config = &walk->config;
    int64_t t = event->time + config->model->moment_offset_us;
    return event->stream == config->model->moment_stream && t >= config->from &&
           t < config->to && t <= event->place && event->known <= event->place &&
           !event->replaced && event->place - t <= config->model->lateness_us &&
           due > event->place &&
           (index + 1 == events->event_count ||
            mw_events_place_at(events, index + 1) != event->place);
}

/* Of a pair the label may not be due before the event, nor before the pairs behind it. */
size_t mw_walk_pairs(mw_walk *walk, mw_moment *out_moments, size_t max) {
    if (!walk->events || walk->announced != walk->applied) return 0;
    const mw_events events = *walk->events; /* which nothing that is written here may change */
    size_t from = walk->applied, left = events.event_count - from, count = 0;
    int64_t due = next_due(walk);
    for (; count < max && count < left; count++) {
        mw_event event = mw_events_at(&events, from + count);
        mw_moment moment = moment_of(walk, &event);
        if (mw_walk_wants_label(walk, &moment)) {
            int64_t label_due = moment.t + walk->config.model->maturity_us;
            if (label_due < due) due = label_due;
        }
        if (!is_lone_moment(walk, &events, from + count, &event, due)) break;
        out_moments[count] = moment;
    }
    walk->announced = walk->applied = from + count;
    return count;
}

/* Of an agenda that has something due at or before the place. */
static mw_status take_from_agenda(mw_walk *walk, int64_t place, mw_turn *out_turn,
                                  bool *out_found, mw_error *err) {
    mw_due due;
    MW_TRY(mw_agenda_meet(walk->agenda, place, err));
    bool has_any = mw_agenda_pop(walk->agenda, place, &due);
    MW_ASSERT(has_any); /* a beat without a moment would keep what is in line waiting */
    *out_turn = (mw_turn){.kind = due.kind == MW_DUE_LABEL ? MW_TURN_LABEL : MW_TURN_MOMENT,
                          .place = due.due,
                          .number = due.number,
                          .moment = due.moment};
    *out_found = true;
    return MW_OK;
}

/* The first in line, if nothing on the agenda comes before it or with it. */
static mw_status take_due(mw_walk *walk, int64_t place, mw_turn *out_turn, bool *out_found,
                          mw_error *err) {
    *out_found = false;
    MW_TRY(drop_taken(walk, err));
    int64_t next = next_due(walk);
    if (next > place || next == INT64_MAX) return MW_OK;
    if (mw_backlog_is_empty(&walk->labels))
        return take_from_agenda(walk, place, out_turn, out_found, err);
    const line_label *label = first_in_line(walk);
    mw_moment moment = {label->t, label->place, label->row};
    int64_t due = label->due, other = mw_agenda_next(walk->agenda);
    if (due < other) {
        *out_turn = (mw_turn){.kind = MW_TURN_LABEL,
                              .place = due,
                              .number = label->number,
                              .moment = moment};
        *out_found = walk->has_taken = true;
        return MW_OK;
    }
    if (due == other) {
        MW_TRY(mw_agenda_add_label(walk->agenda, &moment, label->number, NULL, err));
        MW_TRY(drop_first_in_line(walk, err));
    }
    return take_from_agenda(walk, due < place ? due : place, out_turn, out_found, err);
}

/* At the end of a part: to the next one. Its places are later, so nothing of the part before is
   left to be announced. */
static mw_status go_on(mw_walk *walk, mw_error *err) {
    while (!walk->is_last && (!walk->events || walk->applied == walk->events->event_count)) {
        const mw_events *part;
        MW_TRY(walk->config.parts->next(walk->config.parts, &part, err));
        walk->is_last = !part;
        if (!part) break;
        walk->events = part;
        walk->announced = walk->applied = 0;
    }
    return MW_OK;
}

mw_status mw_walk_next(mw_walk *walk, mw_turn *out_turn, bool *out_done, mw_error *err) {
    bool is_found;
    *out_done = false;
    MW_TRY(go_on(walk, err));
    const mw_events *events = walk->events;
    if (!events || walk->applied == events->event_count) {
        MW_TRY(take_due(walk, INT64_MAX, out_turn, &is_found, err));
        *out_done = !is_found;
        return MW_OK;
    }
    mw_event event = mw_events_at(events, walk->applied);
    if (walk->announced == walk->applied) {
        if (is_lone_moment(walk, events, walk->applied, &event, next_due(walk))) {
            *out_turn = (mw_turn){.kind = MW_TURN_MOMENT,
                                  .place = event.place,
                                  .moment = moment_of(walk, &event)};
            walk->announced++;
            return MW_OK;
        }
        /* Of the next place nothing may fire before all of its events are announced. */
        MW_TRY(take_due(walk, event.place - 1, out_turn, &is_found, err));
        if (is_found) return MW_OK;
        MW_TRY(announce_place(walk, event.place, err));
    }
    MW_TRY(take_due(walk, event.place, out_turn, &is_found, err));
    if (is_found) return MW_OK;
    walk->applied++;
    *out_turn = (mw_turn){.kind = MW_TURN_EVENT, .place = event.place, .event = event};
    return MW_OK;
}

bool mw_walk_wants_label(const mw_walk *walk, const mw_moment *moment) {
    return walk->config.with_label &&
           moment->t + walk->config.model->maturity_us <= walk->config.now;
}

mw_status mw_walk_expect(mw_walk *walk, const mw_moment *moment, uint64_t number,
                         mw_error *err) {
    const mw_schema *schema = moment_schema(walk);
    int64_t due = mw_agenda_label_due(walk->config.model, moment);
    if (!mw_backlog_is_empty(&walk->labels) && due <= walk->last_due)
        return mw_agenda_add_label(walk->agenda, moment, number, NULL, err);
    void *added;
    MW_TRY(mw_backlog_add(&walk->labels, &added, err));
    line_label *label = added;
    label->due = walk->last_due = due;
    label->t = moment->t;
    label->place = moment->place;
    label->number = number;
    memcpy(label->row, moment->row, schema->field_count * sizeof *label->row);
    mw_passing_hold(walk->config.symbols, schema, label->row);
    return MW_OK;
}
