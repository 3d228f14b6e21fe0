#!/bin/bash
# Engine and oracle agree in the bits of 10^6 values on random worlds: each seed compares more than 10^5.
# tests/soak/hundred_million_values_test.sh goes on to 10^8.
set -euo pipefail
program="$(dirname "$MILLWRIGHT")/feature_test"
compare() {
    local said
    said=$(MW_SEED=$1 "$program" engine_agrees_with_the_oracle_bit_for_bit 2>&1) && [[ $said == ok* ]] && return
    echo "MW_SEED=$1: $said"
    exit 255 # which ends xargs
}
export -f compare
export program
seq 1 "${MW_SEEDS:-10}" | xargs -P "${MW_AT_ONCE:-1}" -I{} bash -c 'compare {}'
