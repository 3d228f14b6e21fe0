#!/bin/bash
# What libmillwright is made of, and its unit tests, built for 64-bit ARM and run under emulation: the NEON kernels equal
# the plain ones, and forests, explanations, windows and files give what they must there.
set -euo pipefail
command -v aarch64-linux-gnu-gcc qemu-aarch64 > /dev/null || {
    echo "neon_test: scripts/setup --soak installs the compiler and the emulator"
    exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
flags="-std=c17 -O2 -D_GNU_SOURCE -Isrc -Iinclude -ffp-contract=off -Wall -Wextra -Wpedantic -Werror"
layers=$(sed -n 's/^edge: *//p' layers.txt)
# Readers of other libraries' models are no part of it; they need a JSON library.
sources=$(ls src/testing/*.c $(printf 'src/%s/*.c ' $layers edge) | grep -Ev '_test[.]c|_fuzz[.]c|library_model|xgboost|ubjson')
for source in $sources; do echo "$source"; done |
    xargs -P 2 -I {} sh -c "aarch64-linux-gnu-gcc $flags -c {} -o $folder/\$(basename {} .c).o"
ar rcs "$folder/layers.a" "$folder"/*.o
for test in src/model/{forest*,explainer,leaf_packs,quadrature,background,encoder,version}_test.c src/edge/*_test.c \
    src/base/{hash,exact_sum,wide,str}_test.c; do
    aarch64-linux-gnu-gcc $flags -static "$test" "$folder/test.o" "$folder/layers.a" -lm -o "$folder/run"
    qemu-aarch64 "$folder/run"
done
