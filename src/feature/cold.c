#include "feature/cold.h"

void mw_cold_init(mw_cold *cold, mw_group *groups, size_t group_count, mw_spill_disk *disk) {
    *cold = (mw_cold){.groups = groups, .group_count = group_count, .number = 1};
    mw_spill_init(&cold->spill, disk);
    for (size_t i = 0; i < group_count; i++) groups[i].spill = &cold->spill;
    if (group_count > 0) cold->budget = groups[0].cards.budget;
}

/* The next card that the hand comes to, in its group; NULL at the end of a group. */
static mw_card *next_card(mw_cold *cold, mw_group **out_group) {
    *out_group = &cold->groups[cold->group];
    const mw_cards *cards = &(*out_group)->cards;
    while (cold->number < cards->number_end) {
        mw_card *card = mw_cards_at(cards, cold->number++);
        if (card) return card;
    }
    cold->group = (cold->group + 1) % cold->group_count;
    cold->number = 1;
    return NULL;
}

/* Twice round touches nobody any more, so what is left then must stay. */
mw_status mw_cold_spill(mw_cold *cold, mw_error *err) {
    size_t ends = 0, passed = 0;
    while (mw_budget_is_over(cold->budget) && ends <= 2 * cold->group_count &&
           passed < MW_COLD_PASSED_MAX) {
        mw_group *group;
        bool is_out = false;
        mw_card *card = next_card(cold, &group);
        if (!card) ends++;
        else if (card->is_touched) card->is_touched = false;
        else MW_TRY(mw_group_put_out(group, card, &is_out, err));
        passed++;
        if (is_out) ends = passed = 0;
    }
    return MW_OK;
}

void mw_cold_release(mw_cold *cold) {
    mw_spill_release(&cold->spill);
}
