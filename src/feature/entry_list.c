#include "feature/entry_list.h"

#define ENTRIES_MAX ((size_t)1 << 26)

/* The windows of any look-up of the group, at most. */
static size_t found_count_max(const mw_plan *plan, int32_t group) {
    size_t max = 0;
    for (size_t i = 0; i < plan->lookup_count; i++)
        if (plan->lookups[i].group == group && plan->lookups[i].window_count > max)
            max = plan->lookups[i].window_count;
    return max;
}

bool mw_entry_list_extend(mw_entry_list *list, const mw_plan *plan, int32_t group) {
    const mw_group_plan *of = &plan->groups[group];
    size_t words = (size_t)of->key_count + of->ring.element_words;
    size_t found = found_count_max(plan, group), capacity = list->capacity;
    size_t found_capacity = capacity > 0 ? plan->window_count + capacity * found : 0;
    list->entry_size = sizeof(mw_entry) + words * sizeof(mw_cell);
    if (!mw_grow((void **)&list->entries, &capacity, list->count + 1, list->entry_size,
                 ENTRIES_MAX))
        return false;
    size_t needed = plan->window_count + capacity * found;
    if (!mw_grow((void **)&list->found, &found_capacity, needed, sizeof *list->found, needed))
        return false;
    list->capacity = capacity;
    return true;
}

void mw_entry_list_release(mw_entry_list *list) {
    mw_free(list->entries);
    mw_free(list->found);
    *list = (mw_entry_list){0};
}
