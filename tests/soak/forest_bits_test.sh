#!/bin/bash
# 1,000 random models of LightGBM and as many of XGBoost on 10,000 edge-value rows each, where `make test` takes 100 and 1,500 rows.
set -euo pipefail
for seed in $(seq 11 20); do
    MW_SEED=$seed MW_EDGE_ROWS=10000 "$(dirname "$MILLWRIGHT")/train_test" _and_our_forest_agree
done
