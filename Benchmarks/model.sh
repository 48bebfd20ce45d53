#!/usr/bin/env bash
# Trains and samples a 4.85 M and a 51.8 M Qwen3 with rolloutd, PyTorch (training) and Hugging Face generate (sampling), by
# turns in one run on two threads, and prints Markdown rows: tokens/s of both, the ratio, our share of the CPU's peak.
# Usage: Benchmarks/model.sh DIRECTORY_WITH_THE_BINARIES
# ROLLOUTD_MODEL_VENV names a virtual environment with torch and transformers; without it one is made under .build.
# ROLLOUTD_MODEL_ROUNDS (3) is how often each takes its turn; the best of each counts, for the machine may be shared.
set -euo pipefail
binaries="$1"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
environment="${ROLLOUTD_MODEL_VENV:-$here/../.build/model-venv}"
rounds="${ROLLOUTD_MODEL_ROUNDS:-3}"
shapes="${ROLLOUTD_MODEL_SHAPES:-5m 50m}"
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet torch==2.15.0 transformers==5.24.0
fi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"${CC:-clang}" -O3 -fno-math-errno -ffp-contract=off "-I$here/../Sources/CKernels/include" \
    "$here"/kernels/{peak,pair}.c "$here"/../Sources/CKernels/*.c -lpthread -lm -o "$directory/peak"
for shape in $shapes; do
    sequences=32
    [ "$shape" = 50m ] && sequences=8
    for round in $(seq "$rounds"); do
        echo "$shape: round $round of $rounds" >&2
        "$directory/peak" | awk '{ print "peak fp32", $1; print "peak bf16", $2 }' >>"$directory/$shape"
        for task in train sample decode; do
            for precision in fp32 bf16; do
                "$binaries/rolloutd" bench --shape "$shape" --tasks "$task" --precision "$precision" --threads 2 \
                    --repeats 1 --sequences "$sequences" |
                    awk -v precision="$precision" '$3 == "tokens/s" {
                        for (i = 1; i < NF; i++) if ($(i + 1) ~ /^GFLOP/) operations = $i
                        print "ours", $1, precision, $2, operations }' >>"$directory/$shape"
                name="$task"
                [ "$precision" = bf16 ] && name="$task-bf16"
                OMP_NUM_THREADS=2 "$environment/bin/python" "$here/model_side.py" "$shape" 2 1 "$name" "$sequences" \
                    2>/dev/null | awk '{ print "peer", $1, $2, $3 }' >>"$directory/$shape"
            done
        done
    done
    awk -v shape="$shape" '
        $1 == "peak" && $3 > peak[$2] { peak[$2] = $3 }
        $1 == "ours" && $4 > ours[$2, $3] { ours[$2, $3] = $4; operations[$2, $3] = $5 }
        $1 == "peer" && $4 > peer[$2, $3] { peer[$2, $3] = $4 }
        END {
            split("train sample decode", tasks, " "); split("fp32 bf16", precisions, " ")
            label["train"] = "training, PyTorch"; label["sample"] = "sampling 64 prompts, HF generate"
            label["decode"] = "one prompt, HF generate"
            for (t = 1; t <= 3; t++) for (p = 1; p <= 2; p++) {
                task = tasks[t]; precision = precisions[p]
                printf "| %s, %s, %s | %d | %d | %.2f | %.2f | %.0f %% |\n", shape, label[task], precision,
                    ours[task, precision], peer[task, precision], ours[task, precision] / peer[task, precision],
                    ours[task, precision] / peer[task, "fp32"],
                    100 * operations[task, precision] / (2 * peak[precision])
            }
            printf "| %s, peak of a core in a register loop, GFLOP/s: fp32, bf16 | %d, %d | | | | |\n", shape,
                peak["fp32"], peak["bf16"]
        }' "$directory/$shape" >"$directory/$shape.table"
done
echo "| shape, task and peer, precision of both | rolloutd, tokens/s | peer, tokens/s | ratio | to the peer's fp32 | share of two cores' peak |"
echo "|---|---|---|---|---|---|"
for shape in $shapes; do cat "$directory/$shape.table"; done
