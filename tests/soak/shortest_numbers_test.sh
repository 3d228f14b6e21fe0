#!/bin/bash
# Ten million random doubles written, ten seeds: each text is the shortest, and reads back.
for seed in 1 2 3 4 5 6 7 8 9 10; do
    MW_SEED=$seed "$(dirname "$MILLWRIGHT")/base_test" shortest_of_a_million || exit 1
done
