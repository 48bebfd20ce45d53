// Measures the kernels on one core: the least time of many short runs, by the thread's own CPU clock. Usage: README.md.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CKernels.h"

static const char *wanted = "";

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static float *filled(size_t count) {
    float *values = malloc((count + 16) * sizeof(float));
    if (!values) exit(1);
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        values[i] = (float)(state >> 8) / (float)(1 << 23) - 1;
    }
    return values;
}

/// Times `statement` if its name was asked for: 100 runs of about 3 ms, the best one counts.
#define MEASURE(name, work, unit, statement)                                                     \
    do {                                                                                         \
        if (!strstr(name, wanted)) break;                                                        \
        double start = seconds(), best = 1e9;                                                    \
        statement;                                                                               \
        int repeats = (int)(0.003 / (seconds() - start)) + 1;                                    \
        for (int run = 0; run < 100; run++) {                                                    \
            start = seconds();                                                                   \
            for (int i = 0; i < repeats; i++) statement;                                         \
            double each = (seconds() - start) / repeats;                                         \
            if (each < best) best = each;                                                        \
        }                                                                                        \
        printf("%-36s %10.2f us %8.2f %s\n", name, best * 1e6, (work) / best * 1e-9, unit);      \
    } while (0)

static void products(size_t m, size_t n, size_t k) {
    char name[64];
    float *x = filled(m * k), *w = filled(n * k), *y = filled(m * n), *packed = filled(ck_packed_size(n, k));
    double work = 2.0 * (double)(m * n * k);
    ck_pack_nt(packed, w, n, k);
    snprintf(name, sizeof name, "packed m=%zu n=%zu k=%zu", m, n, k);
    MEASURE(name, work, "GFLOP/s", ck_matmul_packed(y, x, packed, m, n, k, false, k, n));
    snprintf(name, sizeof name, "tn m=%zu n=%zu k=%zu", m, n, k);
    MEASURE(name, work, "GFLOP/s", ck_matmul_tn(w, y, x, m, n, k, false, n, k));
    uint16_t *halves = malloc(ck_packed_bf16_size(n, k) * sizeof *halves);
    if (!halves) exit(1);
    ck_pack_nt_bf16(halves, w, n, k);
    snprintf(name, sizeof name, "bf16 packed m=%zu n=%zu k=%zu", m, n, k);
    MEASURE(name, work, "GFLOP/s", ck_matmul_packed_bf16(y, x, halves, m, n, k, false, k, n));
    snprintf(name, sizeof name, "bf16 tn m=%zu n=%zu k=%zu", m, n, k);
    MEASURE(name, work, "GFLOP/s", ck_matmul_tn_bf16(w, y, x, m, n, k, false, n, k));
    free(x), free(w), free(y), free(packed), free(halves);
}

/// Few rows against weights of 16 MiB (fp32) and 16 MiB (bf16) one after the other, as a decode step meets them: from L3.
static void decode(size_t m, size_t n, size_t k) {
    char name[64];
    size_t size = ck_packed_size(n, k), small = ck_packed_bf16_size(n, k), count = ((size_t)1 << 22) / size + 1;
    float *x = filled(m * k), *y = filled(m * n), *w = filled(n * k), *packed = filled(count * size);
    uint16_t *halves = malloc(2 * count * small * sizeof *halves);
    double work = 2.0 * (double)(m * n * k) * (double)count;
    if (!halves) exit(1);
    for (size_t i = 0; i < count; i++) ck_pack_nt(packed + i * size, w, n, k);
    for (size_t i = 0; i < 2 * count; i++) ck_pack_nt_bf16(halves + i * small, w, n, k);
    snprintf(name, sizeof name, "cold packed m=%zu n=%zu k=%zu", m, n, k);
    MEASURE(name, work, "GFLOP/s", for (size_t j = 0; j < count; j++) {
        ck_matmul_packed(y, x, packed + j * size, m, n, k, false, k, n);
    });
    snprintf(name, sizeof name, "cold bf16 packed m=%zu n=%zu k=%zu", m, n, k);
    MEASURE(name, 2 * work, "GFLOP/s", for (size_t j = 0; j < 2 * count; j++) {
        ck_matmul_packed_bf16(y, x, halves + j * small, m, n, k, false, k, n);
    });
    free(x), free(y), free(w), free(packed), free(halves);
}

static void attention(size_t t) {
    enum { heads = 8, kv = 4, dim = 32, wide = heads * dim, narrow = kv * dim };
    char name[64];
    float *q = filled(t * wide), *k = filled(t * narrow), *v = filled(t * narrow), *out = filled(t * wide);
    float *dq = filled(t * wide), *dk = filled(t * narrow), *dv = filled(t * narrow), *lse = filled(t * heads);
    float *keys = filled(ck_packed_keys_size(t, kv, dim)), *values = filled(ck_packed_keys_size(t, kv, dim));
    double work = 4.0 * wide * (double)(t * (t + 1) / 2);
    ck_pack_keys(keys, k, 0, t, kv, dim, narrow);
    ck_pack_keys(values, v, 0, t, kv, dim, narrow);
    snprintf(name, sizeof name, "attention decode T=%zu", t);
    MEASURE(name, 4.0 * wide * (double)t, "GFLOP/s",
            ck_attention_forward(out, NULL, q, keys, v, t - 1, 1, heads, kv, dim, wide, narrow, wide, 0.17f));
    snprintf(name, sizeof name, "attention forward T=%zu", t);
    MEASURE(name, work, "GFLOP/s, causal half",
            ck_attention_forward(out, lse, q, keys, v, 0, t, heads, kv, dim, wide, narrow, wide, 0.17f));
    ck_attention_forward(out, lse, q, keys, v, 0, t, heads, kv, dim, wide, narrow, wide, 0.17f);
    snprintf(name, sizeof name, "attention backward T=%zu", t);
    MEASURE(name, 2.5 * work, "GFLOP/s, causal half",
            ck_attention_backward(dq, dk, dv, q, out, lse, q, k, keys, values, t, heads, kv, dim, wide, narrow, narrow,
                                  wide, 0.17f));
    free(q), free(k), free(v), free(out), free(dq), free(dk), free(dv), free(lse), free(keys), free(values);
}

static void rows(void) {
    enum { m = 20, dim = 768, count = m * dim, million = 1 << 20 };
    float *x = filled(count), *y = filled(count), *z = filled(count), *g = filled(count), *h = filled(count);
    float *rstd = filled(m), *gain = filled(dim), *dgain = filled(dim), *p = filled(million), *first = filled(million);
    float *second = filled(million), *grad = filled(million);
    for (size_t i = 0; i < million; i++) second[i] *= second[i];
    MEASURE("exp", count, "G elements/s", ck_exp(y, x, count));
    MEASURE("norm forward", count, "G elements/s", ck_rmsnorm_forward(y, rstd, x, gain, m, dim, 1e-6f));
    MEASURE("norm backward", count, "G elements/s",
            ck_rmsnorm_backward(y, dgain, z, x, gain, rstd, m, dim, false));
    MEASURE("gate forward", count, "G elements/s", ck_swiglu_forward(y, x, z, m, dim, dim, dim));
    MEASURE("gate backward", count, "G elements/s", ck_swiglu_backward(g, h, y, x, z, m, dim, dim, dim));
    MEASURE("log-softmax row", dim, "G elements/s", (void)ck_log_softmax_row(y, x, dim, 1));
    MEASURE("adamw", million, "G elements/s",
            ck_adamw(p, first, second, grad, million, 1e-9f, 0.9f, 0.999f, 1e-8f, 0.01f, 10, 1));
    free(x), free(y), free(z), free(g), free(h), free(rstd), free(gain), free(dgain), free(p);
    free(first), free(second), free(grad);
}

int main(int argc, char **argv) {
    if (argc > 1) wanted = argv[1];
    if (argc > 2) ck_override_level_on_this_thread(atoi(argv[2]));
    printf("level %d\n", ck_level());
    static const size_t shapes[][3] = {{4096, 384, 128}, {4096, 128, 384}, {4096, 768, 256}, {4096, 256, 768},
                                       {200, 768, 256},  {64, 384, 128},   {64, 128, 384},   {64, 768, 256},
                                       {8, 768, 256},    {4, 768, 256},    {2, 768, 256},    {1, 768, 256}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) products(shapes[i][0], shapes[i][1], shapes[i][2]);
    for (size_t m = 1; m <= 8; m *= 2) decode(m, 1536, 256);
    attention(40);
    attention(100);
    attention(250);
    rows();
}
