#!/usr/bin/env bash
# Measures the learner's matrix products beside oneDNN's in one run and prints Markdown tables with the ratios, one thread
# and two; then the other kernels. Usage: Benchmarks/kernels.sh
# CC names the compiler (clang); ROLLOUTD_KERNELS_SECONDS (0.3) is the time for each product.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
sources="$here/../Sources/CKernels"
compiler="${CC:-clang}"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
if ! [ -e /usr/include/oneapi/dnnl/dnnl.h ]; then
    echo "installing oneDNN's headers" >&2
    apt-get install --quiet --yes libdnnl-dev >&2
fi
flags=(-O3 -fno-math-errno -ffp-contract=off -Wall -Wextra -Werror "-I$sources/include")
"$compiler" "${flags[@]}" "$here"/kernels/{products,onednn,pair}.c "$sources"/*.c -ldnnl -lpthread -lm \
    -o "$directory/products"
"$compiler" "${flags[@]}" "$here/kernels/kernels.c" "$sources"/*.c -lm -o "$directory/kernels"
for threads in 1 2; do
    OMP_NUM_THREADS=$threads "$directory/products" "$threads" "${ROLLOUTD_KERNELS_SECONDS:-0.3}"
done
echo
"$directory/kernels"
