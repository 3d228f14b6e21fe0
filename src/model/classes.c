#include "model/classes.h"

#include <math.h>

bool mw_classes_are_sound(mw_values names) {
    if (names.count < MW_CLASSES_MIN || names.count > MW_CLASSES_MAX) return false;
    for (size_t i = 0; i < names.count; i++) {
        if (names.items[i].size == 0) return false;
        for (size_t k = 0; k < i; k++)
            if (mw_str_equal(names.items[i], names.items[k])) return false;
    }
    return true;
}

size_t mw_classes_likeliest(mw_classes classes) {
    MW_ASSERT(classes.names.count > 0);
    size_t best = 0;
    for (size_t i = 0; i < classes.names.count; i++) {
        double here = classes.probabilities[i], there = classes.probabilities[best];
        if (isnan(here)) return SIZE_MAX;
        if (here < there) continue;
        if (here > there || mw_str_compare(classes.names.items[i], classes.names.items[best]) < 0)
            best = i;
    }
    return best;
}
