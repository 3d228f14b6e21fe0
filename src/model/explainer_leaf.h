/*
 * explainer_leaf: one leaf's part of an explanation, for LANES_AT_ONCE of the eight rows, as the
 * function ADD_LANES. explainer.c, and nobody else, includes it once for each width of vectors.
 */

static inline __attribute__((always_inline)) void ADD_LANES(const leaf_path *path, work *w,
                                                            unsigned first, double *values) {
    enum { AT_ONCE = LANES_AT_ONCE };
    typedef double vector
        __attribute__((vector_size(AT_ONCE * sizeof(double)), aligned(8), may_alias));
    typedef int64_t bits __attribute__((vector_size(AT_ONCE * sizeof(int64_t))));
    vector *passes = (vector *)w->passes, *factors = (vector *)w->factors;
    vector *before = (vector *)w->before, *integrals = (vector *)w->integrals;
    uint32_t count = path->step_count;
    bits bit;
    for (unsigned lane = 0; lane < AT_ONCE; lane++) bit[lane] = INT64_C(1) << (first + lane);

    for (uint32_t i = 0; i < count; i++) {
        const mw_path_turn *turns = path->paths->turns + path->steps[i].first_turn;
        unsigned taking = UINT8_MAX;
        for (uint32_t k = 0; k < path->steps[i].turn_count; k++) {
            unsigned lefts = w->lefts[turns[k].split - path->first_split];
            taking &= turns[k].goes_left ? lefts : ~lefts;
        }
        bits takes = (bit & (int64_t)taking) != 0; /* all bits of a lane, or none */
        passes[i] = (vector)(takes & (bits)((vector){0} + 1));
        integrals[i] = (vector){0};
    }
    for (uint32_t q = 0; q < path->quadrature->count; q++) {
        double t = path->quadrature->at[q];
        vector product = (vector){0} + path->quadrature->weight[q] * path->leaf;
        for (uint32_t i = 0; i < count; i++) {
            factors[i] = passes[i] * t + path->steps[i].share * (1 - t);
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
        vector *sum = (vector *)(values + path->steps[i].feature * LANES + first);
        *sum += (passes[i] - path->steps[i].share) * integrals[i];
    }
}

#undef LANES_AT_ONCE
#undef ADD_LANES
