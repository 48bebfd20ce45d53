// The learner's matrix products, ours and oneDNN's by turns, as a Markdown table. Usage: products THREADS SECONDS
// [OUTPUTS] (THREADS also in OMP_NUM_THREADS, for oneDNN; SECONDS for each kind of product; OUTPUTS: only layers of so
// many). See ../kernels.sh.
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CKernels.h"
#include "onednn.h"
#include "pair.h"

static int threads;
static double patience;

/// Nanoseconds: of one thread its own, so that other programs disturb less; of two those on the wall.
static double now(void) {
    struct timespec time;
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void *reserve(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 4095) / 64 * 64);
    if (!memory) exit(1);
    memset(memory, 0, bytes);
    return memory;
}

static float *filled(size_t count) {
    float *values = reserve(count * sizeof *values);
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        values[i] = (float)(state >> 8) / (float)(1 << 23) - 1;
    }
    return values;
}

/// The three products of a layer of n outputs and k inputs.
typedef enum { forward, input_gradient, weight_gradient } kind;

typedef struct {
    kind kind;
    size_t m, n, k;
    bool bf16;
    const float *x, *w, *dy;
    void *packed;
    float *y, *second;  // the result, and the second thread's weight gradient: the learner has one per shard
    onednn_product *theirs;
} job;

static void ours(void *argument, int half, int halves) {
    const job *j = argument;
    size_t from = (size_t)half * j->m / (size_t)halves, count = (size_t)(half + 1) * j->m / (size_t)halves - from;
    size_t inner = j->kind == forward ? j->k : j->n, outer = j->kind == forward ? j->n : j->k;
    const float *in = j->kind == forward ? j->x : j->dy;
    if (j->kind == weight_gradient) {
        (j->bf16 ? ck_matmul_tn_bf16 : ck_matmul_tn)(
            half ? j->second : j->y, j->dy + from * j->n, j->x + from * j->k, count, j->n, j->k, false, j->n, j->k);
    } else if (j->bf16) {
        ck_matmul_packed_bf16(
            j->y + from * outer, in + from * inner, j->packed, count, outer, inner, false, inner, outer);
    } else {
        ck_matmul_packed(j->y + from * outer, in + from * inner, j->packed, count, outer, inner, false, inner, outer);
    }
}

static void theirs(const job *j) {
    if (j->bf16) {
        onednn_run(j->theirs);
    } else if (j->kind == forward) {
        onednn_fp32(j->m, j->n, j->k, 0, 0, j->x, j->w, j->y);
    } else if (j->kind == input_gradient) {
        onednn_fp32(j->m, j->k, j->n, 0, 1, j->dy, j->w, j->y);
    } else {
        onednn_fp32(j->n, j->k, j->m, 1, 1, j->dy, j->x, j->y);
    }
}

static void peak(void *argument, int half, int halves) {
    (void)halves;
    double *rates = argument;
    rates[half] = peak_of_a_core(rates[2] != 0);
}

/// The greatest difference of the two libraries' results, relative to 1 + the value.
static double difference(job *j) {
    size_t count = j->kind == forward ? j->m * j->n : j->kind == input_gradient ? j->m * j->k : j->n * j->k;
    double worst = 0;
    float *mine = reserve(count * sizeof *mine);
    pair_run(threads, ours, j);
    if (threads == 2 && j->kind == weight_gradient) ck_add(j->y, j->second, count);
    memcpy(mine, j->y, count * sizeof *mine);
    theirs(j);
    for (size_t i = 0; i < count; i++) worst = fmax(worst, fabs(mine[i] - j->y[i]) / (1 + fabs(j->y[i])));
    free(mine);
    return worst;
}

/// Ours, oneDNN's and the peak by turns; the best of each counts.
static void compare(job *j) {
    static const char *const names[] = {"y = x Wᵀ", "dx = dy W", "dW = dyᵀ x"};
    double best[3] = {1e18, 1e18, 0}, rates[3] = {0, 0, j->bf16}, end = now() + patience * 1e9;
    double work = 2.0 * (double)j->m * (double)j->n * (double)j->k, off = j->bf16 ? 0 : difference(j);
    for (int turn = 0; turn < 3 || (now() < end && turn < 200); turn++) {
        double start = now();
        pair_run(threads, ours, j);
        best[0] = fmin(best[0], now() - start);
        if (!j->bf16 || j->theirs) {
            start = now();
            theirs(j);
            best[1] = fmin(best[1], now() - start);
        }
        pair_run(threads, peak, rates);
        best[2] = fmax(best[2], threads == 2 ? rates[0] + rates[1] : rates[0]);
    }
    printf("| %zu | %zu x %zu | %s | %.0f | %.0f | %.2f | %.2f |%s\n", j->m, j->n, j->k, names[j->kind],
           work / best[0], work / best[1], best[1] / best[0], work / best[0] / best[2],
           off > 1e-3 ? " results differ" : "");
    fflush(stdout);
}

static void layer(size_t m, size_t n, size_t k, bool bf16) {
    float *x = filled(m * k), *w = filled(n * k), *dy = filled(m * n), *y = filled(m * (n > k ? n : k) + n * k);
    float *second = filled(n * k), *packed = reserve((ck_packed_size(n, k) + ck_packed_size(k, n) + 64 * (n + k)) * 4);
    for (kind kind = forward; kind <= weight_gradient; kind++) {
        job j = {kind, m, n, k, bf16, x, w, dy, packed, y, second, NULL};
        if (bf16) {
            (kind == forward ? ck_pack_nt_bf16 : ck_pack_nn_bf16)((uint16_t *)packed, w, n, k);
            j.theirs = kind == forward          ? onednn_bf16(m, n, k, 0, 0, y)
                       : kind == input_gradient ? onednn_bf16(m, k, n, 0, 1, y)
                                                : onednn_bf16(n, k, m, 1, 1, y);
        } else {
            (kind == forward ? ck_pack_nt : ck_pack_nn)(packed, w, n, k);
        }
        compare(&j);
        if (j.theirs) onednn_free(j.theirs);
    }
    free(x), free(w), free(dy), free(y), free(second), free(packed);
}

int main(int argc, char **argv) {
    // Outputs and inputs of q, k and v, gate and up, down, head: of the 4.85 M model and of one of 50 M.
    static const size_t shapes[][2] = {{256, 256},  {128, 256}, {1536, 256}, {256, 768},  {512, 256},
                                       {640, 640},  {320, 640}, {3840, 640}, {640, 1920}, {4096, 640}};
    threads = argc > 1 ? atoi(argv[1]) : 1;
    patience = argc > 2 ? atof(argv[2]) : 0.3;
    for (int bf16 = 0; bf16 < (ck_has_bf16() ? 2 : 1); bf16++) {
        printf("\n%s, %d thread%s\n\n", bf16 ? "bf16, sums in fp32" : "fp32", threads, threads == 2 ? "s" : "");
        printf("| rows | outputs x inputs | product | ours, GFLOP/s | oneDNN, GFLOP/s | ratio | share of peak |\n");
        printf("|---|---|---|---|---|---|---|\n");
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            if (argc > 3 && shapes[i][0] != (size_t)atoi(argv[3])) continue;
            for (size_t m = 2048; m <= 4096; m += 2048) layer(m, shapes[i][0], shapes[i][1], bf16);
        }
    }
}
