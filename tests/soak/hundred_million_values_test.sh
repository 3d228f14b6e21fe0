#!/bin/bash
# Engine and oracle agree in the bits of 10^8 values, where `make test` compares 10^6: half an hour of CPU.
export MW_SEEDS=1000 MW_AT_ONCE=$(nproc)
exec bash "$(dirname "$0")/../e2e/million_values_test.sh"
