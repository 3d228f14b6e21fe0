/*
 * explainer_tree: one tree's part of an explanation, at the eight points of a block, as the
 * function ADD_TREE. explainer.c, and nobody else, includes it once for each width of vectors.
 */

static inline __attribute__((always_inline)) void ADD_TREE(const tree *of, const work *w,
                                                           uint32_t block) {
    enum { AT_ONCE = LANES_AT_ONCE, PARTS = LANES / AT_ONCE };
    typedef double vector
        __attribute__((vector_size(AT_ONCE * sizeof(double)), aligned(8), may_alias));
    const double *at = of->quadrature->at + block * LANES;
    const double *inverses = w->inverses + block * LANES;
    vector t[PARTS], rest[PARTS];
    for (unsigned p = 0; p < PARTS; p++) {
        t[p] = ((const vector *)at)[p];
        rest[p] = 1 - t[p];
    }

    memcpy(w->edges, of->quadrature->weight + block * LANES, LANES * sizeof *w->edges);
    for (uint32_t i = 0; i < of->split_count; i++) {
        const turn *here = &w->turns[i];
        const vector *above = (const vector *)(w->edges + (size_t)of->splits[i].from * LANES);
        const vector *inverse = (const vector *)(inverses + here->inverse);
        vector *left = (vector *)(w->edges + LEFT_EDGE(i) * LANES), *right = left + PARTS;
        for (unsigned p = 0; p < PARTS; p++) {
            vector others = above[p] * inverse[p];
            left[p] = others * (here->left.passes * t[p] + here->left.share * rest[p]);
            right[p] = others * (here->right.passes * t[p] + here->right.share * rest[p]);
        }
    }
    for (uint32_t leaf = 0; leaf <= of->split_count; leaf++)
        for (unsigned p = 0; p < PARTS; p++)
            ((vector *)(w->edges + (size_t)of->leaf_edges[leaf] * LANES))[p] =
                (vector){0} + of->leaves[leaf];
    for (uint32_t i = of->split_count; i-- > 0;) {
        const turn *here = &w->turns[i];
        vector *above = (vector *)(w->edges + (size_t)of->splits[i].from * LANES);
        const vector *inverse = (const vector *)(inverses + here->inverse);
        const vector *left = (const vector *)(w->edges + LEFT_EDGE(i) * LANES);
        const vector *right = left + PARTS;
        vector *sum = (vector *)(w->sums + (size_t)of->splits[i].feature * LANES);
        for (unsigned p = 0; p < PARTS; p++) {
            vector others = above[p] * inverse[p];
            vector below =
                inverse[p] * ((here->left.passes * t[p] + here->left.share * rest[p]) * left[p] +
                              (here->right.passes * t[p] + here->right.share * rest[p]) * right[p]);
            sum[p] += others * ((here->left.passes - here->left.share) * left[p] +
                                (here->right.passes - here->right.share) * right[p] -
                                here->before * below);
            above[p] = below;
        }
    }
}

#undef LANES_AT_ONCE
#undef ADD_TREE
