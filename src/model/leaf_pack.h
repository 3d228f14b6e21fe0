/*
 * leaf_pack: one pack's part of an explanation, for LANES_AT_ONCE of its eight leaves, as the
 * function ADD_LANES. leaf_packs.c, and nobody else, includes it once for each width of vectors.
 * Each lane does what explainer_leaf.h does for a row, operation by operation.
 */

static inline __attribute__((always_inline)) void ADD_LANES(const mw_leaf_packs *all,
                                                            const pack *p, const work *w,
                                                            unsigned first) {
    enum { AT_ONCE = LANES_AT_ONCE };
    typedef double vector
        __attribute__((vector_size(AT_ONCE * sizeof(double)), aligned(8), may_alias));
    const mw_quadrature *quadrature = &all->quadratures[p->point_count];
    vector *passes = (vector *)w->passes, *factors = (vector *)w->factors;
    vector *before = (vector *)w->before, *integrals = (vector *)w->integrals;
    const shares *steps = all->shares + p->first_share;
    uint32_t count = p->step_count;

    for (uint32_t i = 0; i < count; i++) {
        passes[i] = (vector){0} + 1;
        integrals[i] = (vector){0};
    }
    for (uint32_t k = p->first_turn; k < p->end_turn; k++) {
        const uint32_t *at = all->turns[k].at + first;
        double *takes = w->passes + all->turns[k].step * AT_ONCE;
        for (unsigned lane = 0; lane < AT_ONCE; lane++) takes[lane] *= w->directions[at[lane]];
    }
    for (uint32_t q = 0; q < quadrature->count; q++) {
        double t = quadrature->at[q];
        vector product = (vector){0} + quadrature->weight[q] * *(const vector *)(p->leaves + first);
        for (uint32_t i = 0; i < count; i++) {
            factors[i] = passes[i] * t + *(const vector *)(steps[i].of + first) * (1 - t);
            before[i] = product;
            product *= factors[i];
        }
        product = (vector){0} + 1;
        for (uint32_t i = count; i-- > 0;) {
            integrals[i] += before[i] * product;
            product *= factors[i];
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        vector adds = (passes[i] - *(const vector *)(steps[i].of + first)) * integrals[i];
        for (unsigned lane = 0; lane < AT_ONCE; lane++)
            if (i < p->step_counts[first + lane])
                w->adds[p->first_steps[first + lane] + i] = adds[lane];
    }
}

#undef LANES_AT_ONCE
#undef ADD_LANES
