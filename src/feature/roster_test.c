#include "feature/roster.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "table/used_codes_test.h"
#include "testing/declare.h"
#include "testing/test.h"

static const char project[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, number number, at time, paid bool\n"
    "  time: at\n"
    "  id: shop, number\n"
    "stream visits:\n"
    "  columns: shop category, number number, at time, paid bool\n"
    "  time: at\n"
    "  id: shop, number\n"
    "stream news:\n"
    "  columns: shop category, number number, at time, paid bool\n"
    "  time: at\n"
    "feature busy: count(orders by shop over 24h)\n"
    "model late:\n"
    "  moment: on visits\n"
    "  label: count(orders by shop over next 1d)\n";

enum { NEWS = 2, STREAMS = 3, SHOPS = 7, NUMBERS = 30, TIMES = 3, STEPS = 4000 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_roster *roster;
    mw_cell row[4];
} fixture;

static const mw_hash_key secret = {{17, 18}};

static void set_up(fixture *f) {
    *f = (fixture){.roster = NULL};
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 24, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, project);
    MW_CHECK_OK(mw_roster_create(f->program, f->symbols, secret, &f->roster, NULL), NULL);
}

static void tear_down(fixture *f) {
    mw_roster_destroy(f->roster);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

/* One of few events: shops that are missing and empty among them. */
static mw_event draw(fixture *f, uint64_t *prng) {
    static const char *const shops[SHOPS] = {NULL, "", "a", "b", "ab", "ba", "c"};
    const char *shop = shops[mw_prng_below(prng, SHOPS)];
    f->row[0].symbol = shop ? mw_symbols_intern(f->symbols, mw_str_of(shop)) : 0;
    f->row[1] = mw_cell_number((double)mw_prng_below(prng, NUMBERS));
    f->row[2] = mw_cell_time((int64_t)mw_prng_below(prng, TIMES));
    f->row[3] = mw_cell_bool(mw_prng_below(prng, 2));
    return (mw_event){.stream = (int32_t)mw_prng_below(prng, STREAMS),
                      .time = f->row[2].time,
                      .known = (int64_t)mw_prng_below(prng, 2),
                      .row = f->row};
}

typedef struct {
    mw_event event;
    mw_cell row[4];
    mw_event_origin origin;
} listed;

static listed *find(listed *list, size_t count, const mw_event *event) {
    for (size_t i = 0; i < count; i++)
        if (list[i].event.stream == event->stream && list[i].row[0].bits == event->row[0].bits &&
            list[i].row[1].bits == event->row[1].bits)
            return &list[i];
    return NULL;
}

static void check_finds(fixture *f, listed *list, size_t count, const mw_event *event) {
    const listed *twin = find(list, count, event);
    mw_event_origin origin = MW_FROM_LOG;
    mw_event_standing standing = mw_roster_find(f->roster, event, &origin);
    bool is_equal = twin && twin->event.time == event->time &&
                    twin->event.known == event->known &&
                    twin->row[3].bits == event->row[3].bits;
    MW_CHECK_EQUAL_INT(standing, !twin      ? MW_EVENT_NEW
                                 : is_equal ? MW_EVENT_REPEATS
                                            : MW_EVENT_CONFLICTS);
    MW_CHECK(!twin || origin == twin->origin);
    if (twin) MW_CHECK_EQUAL_INT(mw_roster_place(f->roster, event), twin->event.place);
}

/* Through bytes, as by a checkpoint. */
static void pass_on(fixture *f) {
    mw_buf bytes;
    mw_error err;
    size_t count = mw_roster_count(f->roster);
    mw_buf_init(&bytes, 1 << 20);
    mw_roster_save(f->roster, &bytes);
    mw_roster_destroy(f->roster);
    MW_CHECK_OK(mw_roster_create(f->program, f->symbols, secret, &f->roster, &err), &err);
    MW_CHECK_OK(mw_roster_load(f->roster, mw_buf_str(&bytes), &err), &err);
    MW_CHECK_EQUAL_INT(mw_roster_count(f->roster), count);
    mw_buf_release(&bytes);
}

MW_TEST(roster_finds_what_a_list_would_find) {
    static listed list[STEPS];
    fixture f;
    size_t count = 0, corrections = 0;
    uint64_t prng = mw_test_seed();
    mw_error err;
    set_up(&f);
    for (int i = 0; i < STEPS; i++) {
        mw_event event = draw(&f, &prng);
        check_finds(&f, list, count, &event);
        if (mw_prng_below(&prng, 200) == 0) pass_on(&f);
        if (mw_prng_below(&prng, 2) == 0) continue;
        mw_event_origin origin = (mw_event_origin)mw_prng_below(&prng, 2);
        event.place = (int64_t)mw_prng_below(&prng, 100);
        if (mw_prng_below(&prng, 3) == 0) event.replaced = event.row; /* which is not looked at */
        MW_CHECK_OK(mw_roster_add(f.roster, &event, origin, &err), &err);
        listed *twin = find(list, count, &event);
        bool takes_over = twin && event.replaced && event.place >= twin->event.place;
        if (event.stream == NEWS || (twin && !takes_over)) continue;
        corrections += takes_over;
        *(twin ? twin : &list[count]) = (listed){
            event, {event.row[0], event.row[1], event.row[2], event.row[3]}, origin};
        count += !twin;
    }
    MW_CHECK_EQUAL_INT(mw_roster_count(f.roster), count);
    MW_CHECK(count > SHOPS * NUMBERS && corrections > 50);
    tear_down(&f);
}

/* --- with an archive -------------------------------------------------------------------------- */

/* Words of entries as mw_roster_save writes them; of one id the last that was added. */
typedef struct {
    uint64_t words[STEPS][4];
    size_t count;
    size_t *asked; /* how often it was; NULL: nobody counts */
    bool fails;
} attic;

static mw_status find_archived(const void *context, mw_keyed_hash id, uint64_t out_words[2],
                               bool *out_is_found, mw_error *err) {
    const attic *in = context;
    if (in->asked) ++*in->asked;
    if (in->fails) return mw_fail(err, MW_IO, "archive: the disk is gone");
    *out_is_found = false;
    for (size_t i = in->count; !*out_is_found && i-- > 0;) {
        *out_is_found = in->words[i][0] == id.words[0] && in->words[i][1] == id.words[1];
        if (*out_is_found) memcpy(out_words, &in->words[i][2], 2 * sizeof *out_words);
    }
    return MW_OK;
}

/* Puts away what came up to a place, of which some stays in memory. */
static void put_away(fixture *f, attic *to, int64_t through) {
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    mw_roster_save(f->roster, &bytes);
    mw_reader in = {.rest = mw_buf_str(&bytes)};
    while (in.rest.size > 0) {
        uint64_t *words = to->words[to->count];
        for (size_t i = 0; i < 4; i++) words[i] = mw_read_u64(&in);
        to->count += (int64_t)words[3] <= through;
    }
    size_t count = mw_roster_count(f->roster);
    MW_CHECK_OK(mw_roster_forget(f->roster, through, &err), &err);
    MW_CHECK(mw_roster_count(f->roster) <= count);
    mw_buf_release(&bytes);
}

typedef struct {
    attic away;
    listed list[STEPS]; /* of here and there */
    size_t count;
} whole;

/* Places that grow, but for what is listed again. */
static void enter(fixture *f, whole *all, mw_event *event, uint64_t *prng) {
    mw_roster_archive archive = {&all->away, find_archived};
    mw_error err;
    mw_event_origin origin = (mw_event_origin)mw_prng_below(prng, 2);
    if (mw_prng_below(prng, 3) == 0) event->place -= 300;
    if (mw_prng_below(prng, 3) == 0) event->replaced = event->row;
    MW_CHECK_OK(mw_roster_enter(f->roster, archive, event, origin, &err), &err);
    listed *twin = find(all->list, all->count, event);
    bool takes_over = twin && event->replaced && event->place >= twin->event.place;
    if (event->stream == NEWS || (twin && !takes_over)) return;
    *(twin ? twin : &all->list[all->count]) =
        (listed){*event, {event->row[0], event->row[1], event->row[2], event->row[3]}, origin};
    all->count += !twin;
}

/* Returns whether it stands in the archive alone. */
static bool check_looks_up(fixture *f, whole *all, const mw_event *event) {
    mw_roster_archive archive = {&all->away, find_archived};
    mw_roster_found found;
    mw_error err;
    const listed *twin = find(all->list, all->count, event);
    bool is_equal = twin && twin->event.time == event->time &&
                    twin->event.known == event->known &&
                    twin->row[3].bits == event->row[3].bits;
    MW_CHECK_OK(mw_roster_look_up(f->roster, archive, event, &found, &err), &err);
    MW_CHECK_EQUAL_INT(found.standing, !twin      ? MW_EVENT_NEW
                                       : is_equal ? MW_EVENT_REPEATS
                                                  : MW_EVENT_CONFLICTS);
    MW_CHECK(!twin || (found.origin == twin->origin && found.place == twin->event.place));
    return twin && mw_roster_find(f->roster, event, NULL) == MW_EVENT_NEW;
}

MW_TEST(roster_with_an_archive_finds_what_a_list_would_find) {
    static whole all;
    fixture f;
    size_t found_away = 0;
    uint64_t prng = mw_test_seed();
    set_up(&f);
    for (int64_t i = 0; i < STEPS; i++) {
        mw_event event = draw(&f, &prng);
        found_away += check_looks_up(&f, &all, &event);
        event.place = i;
        if (mw_prng_below(&prng, 2) == 0) enter(&f, &all, &event, &prng);
        if (mw_prng_below(&prng, 100) == 0)
            put_away(&f, &all.away, i - (int64_t)mw_prng_below(&prng, 200));
    }
    MW_CHECK(all.count > SHOPS * NUMBERS && found_away > 500);
    MW_CHECK(mw_roster_count(f.roster) < all.count);
    tear_down(&f);
}

/* An event is looked up, then entered: its archive may have to read for each answer. */
MW_TEST(roster_asks_its_archive_once_for_an_id) {
    static attic away;
    mw_roster_archive archive = {&away, find_archived};
    mw_roster_found found;
    mw_error err;
    fixture f;
    size_t asked = 0;
    uint64_t prng = mw_test_seed();
    set_up(&f);
    away.asked = &asked;
    mw_event event = draw(&f, &prng);
    event.stream = 0;
    for (int i = 0; i < 3; i++)
        MW_CHECK_OK(mw_roster_look_up(f.roster, archive, &event, &found, &err), &err);
    MW_CHECK_EQUAL_INT(found.standing, MW_EVENT_NEW);
    MW_CHECK_OK(mw_roster_enter(f.roster, archive, &event, MW_FROM_LOG, &err), &err);
    MW_CHECK_EQUAL_INT(asked, 1);
    put_away(&f, &away, event.place);
    MW_CHECK_EQUAL_INT(mw_roster_count(f.roster), 0);
    for (int i = 0; i < 3; i++)
        MW_CHECK_OK(mw_roster_look_up(f.roster, archive, &event, &found, &err), &err);
    MW_CHECK_EQUAL_INT(found.standing, MW_EVENT_REPEATS);
    MW_CHECK_EQUAL_INT(asked, 2);
    away.fails = true; /* what failed is asked again */
    f.row[1] = mw_cell_number(NUMBERS);
    MW_CHECK_STATUS(mw_roster_look_up(f.roster, archive, &event, &found, &err), MW_IO);
    MW_CHECK_STATUS(mw_roster_look_up(f.roster, archive, &event, &found, &err), MW_IO);
    MW_CHECK_EQUAL_INT(asked, 4);
    tear_down(&f);
}

MW_TEST(roster_says_that_its_archive_has_failed) {
    static const attic away = {.fails = true};
    mw_roster_archive archive = {&away, find_archived};
    mw_roster_found found;
    mw_error err;
    fixture f;
    uint64_t prng = mw_test_seed();
    set_up(&f);
    mw_event event = draw(&f, &prng);
    event.stream = 0;
    MW_CHECK_STATUS(mw_roster_look_up(f.roster, archive, &event, &found, &err), MW_IO);
    MW_CHECK_STATUS(mw_roster_enter(f.roster, archive, &event, MW_FROM_LOG, &err), MW_IO);
    MW_CHECK_EQUAL_INT(mw_roster_count(f.roster), 0);
    tear_down(&f);
}

/* Of so many texts most take the room of another's digest. */
MW_TEST(roster_tells_any_number_of_texts_apart) {
    enum { TEXTS = 10000 };
    fixture f;
    mw_error err;
    uint64_t prng = mw_test_seed();
    set_up(&f);
    f.row[1] = mw_cell_number(1);
    mw_event event = {.row = f.row};
    for (int i = 0; i < TEXTS; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "shop %d", i);
        f.row[0].symbol = mw_symbols_intern(f.symbols, (mw_str){text, (size_t)size});
        MW_CHECK_EQUAL_INT(mw_roster_find(f.roster, &event, NULL), MW_EVENT_NEW);
        MW_CHECK_OK(mw_roster_add(f.roster, &event, MW_FROM_LOG, &err), &err);
        f.row[0].symbol = mw_prng_below(&prng, (uint64_t)i + 1) + 1;
        MW_CHECK_EQUAL_INT(mw_roster_find(f.roster, &event, NULL), MW_EVENT_REPEATS);
    }
    MW_CHECK_EQUAL_INT(mw_roster_count(f.roster), TEXTS);
    tear_down(&f);
}

/* The code of an id that has left may be another's, which may stay. */
MW_TEST(roster_tells_ids_apart_that_had_one_code) {
    for (int stays = 0; stays < 2; stays++) {
        fixture f;
        mw_error err;
        set_up(&f);
        used_codes_allow(f.symbols);
        f.row[0].symbol = mw_symbols_intern(f.symbols, MW_STR("one"));
        mw_event event = {.row = f.row};
        MW_CHECK_OK(mw_roster_add(f.roster, &event, MW_FROM_LOG, &err), &err);
        MW_CHECK_EQUAL_INT(mw_roster_find(f.roster, &event, NULL), MW_EVENT_REPEATS);
        used_codes_give_again(f.symbols, f.row[0].symbol);
        if (stays) mw_passing_keep(f.symbols, f.row[0].symbol);
        MW_CHECK_EQUAL_INT(mw_roster_find(f.roster, &event, NULL), MW_EVENT_NEW);
        f.row[0].symbol = mw_symbols_intern(f.symbols, MW_STR("one"));
        MW_CHECK_EQUAL_INT(mw_roster_find(f.roster, &event, NULL), MW_EVENT_REPEATS);
        tear_down(&f);
    }
}

MW_TEST(roster_refuses_bytes_that_are_none) {
    fixture f;
    mw_error err;
    char twice[64] = {1};
    twice[32] = 1;
    set_up(&f);
    MW_CHECK_STATUS(mw_roster_load(f.roster, (mw_str){twice, 23}, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_STR(err.message, "roster: its bytes must be entries of 32, got 23");
    MW_CHECK_STATUS(mw_roster_load(f.roster, (mw_str){twice, 48}, &err), MW_CORRUPT);
    tear_down(&f);
}

/* Each allocation fails once, with all after it: the roster says so and goes on. */
MW_TEST(roster_survives_every_failing_allocation) {
    fixture f;
    mw_error err;
    uint64_t prng = mw_test_seed();
    size_t failed = 0;
    set_up(&f);
    for (int i = 0; i < 300; i++) {
        mw_event event = draw(&f, &prng);
        if (event.stream == NEWS) continue;
        mw_memory_fail_after(0);
        mw_status status = mw_roster_add(f.roster, &event, MW_FROM_LOG, &err);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK(status == MW_OK || status == MW_NO_MEMORY);
        failed += status != MW_OK;
        if (status != MW_OK) MW_CHECK_OK(mw_roster_add(f.roster, &event, MW_FROM_LOG, &err), &err);
        MW_CHECK_EQUAL_INT(mw_roster_find(f.roster, &event, NULL) == MW_EVENT_NEW, false);
    }
    MW_CHECK(failed > 3);
    size_t count = mw_roster_count(f.roster);
    for (size_t i = 0; i < 2; i++) {
        mw_memory_fail_after(i);
        MW_CHECK_STATUS(mw_roster_forget(f.roster, INT64_MIN, &err), MW_NO_MEMORY);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK_EQUAL_INT(mw_roster_count(f.roster), count);
    }
    tear_down(&f);
}
