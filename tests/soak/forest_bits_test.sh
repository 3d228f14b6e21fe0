#!/bin/bash
# 1,000 random models on 10,000 edge-value rows each, where `make test` takes 100 and 1,500 rows.
set -euo pipefail
for seed in $(seq 11 20); do
    MW_SEED=$seed MW_EDGE_ROWS=10000 "$(dirname "$MILLWRIGHT")/train_test" lightgbm_and_our_forest_agree
done
