// The second thread of the benchmark, and the loop that finds a core's peak.
#include "pair.h"

#include <immintrin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

static atomic_int turn, done;
static void (*current)(void *, int, int);
static void *operand;

static void *wait_for_work(void *unused) {
    for (int seen = 0;; seen++) {
        while (atomic_load(&turn) == seen) __builtin_ia32_pause();
        current(operand, 1, 2);
        atomic_store(&done, seen + 1);
    }
    return unused;
}

void pair_run(int threads, void (*work)(void *, int, int), void *argument) {
    static int started;
    if (threads == 1) {
        work(argument, 0, 1);
        return;
    }
    if (!started) {
        pthread_t thread;
        started = pthread_create(&thread, NULL, wait_for_work, NULL) == 0;
    }
    current = work;
    operand = argument;
    int mine = atomic_fetch_add(&turn, 1) + 1;
    work(argument, 0, 2);
    while (atomic_load(&done) != mine) __builtin_ia32_pause();
}

enum { chains = 16, rounds = 40000 };

__attribute__((target("avx512f"))) static float sum_512(void) {
    __m512 sums[chains] = {0}, x = _mm512_set1_ps(0.5f);
    for (int i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < chains; c++) {
            sums[c] = _mm512_fmadd_ps(x, x, sums[c]);
            __asm__ volatile("" : "+v"(sums[c]));
        }
    }
    return sums[0][0];
}

__attribute__((target("avx512bf16,avx512f"))) static float sum_bf16(void) {
    __m512 sums[chains] = {0};
    __m512bh x = (__m512bh)_mm512_set1_epi16(0x3f00);
    for (int i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < chains; c++) {
            sums[c] = _mm512_dpbf16_ps(sums[c], x, x);
            __asm__ volatile("" : "+v"(sums[c]));
        }
    }
    return sums[0][0];
}

__attribute__((target("avx2,fma"))) static float sum_256(void) {
    __m256 sums[12] = {0}, x = _mm256_set1_ps(0.5f);
    for (int i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < 12; c++) {
            sums[c] = _mm256_fmadd_ps(x, x, sums[c]);
            __asm__ volatile("" : "+x"(sums[c]));
        }
    }
    return sums[0][0];
}

double peak_of_a_core(int bf16) {
    int wide = __builtin_cpu_supports("avx512f");
    if (bf16 && !__builtin_cpu_supports("avx512bf16")) return 0;
    struct timespec start, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    volatile float kept = bf16 ? sum_bf16() : wide ? sum_512() : sum_256();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    (void)kept;
    double work = 2.0 * rounds * (bf16 ? chains * 32 : wide ? chains * 16 : 12 * 8);
    return work / ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec));
}
