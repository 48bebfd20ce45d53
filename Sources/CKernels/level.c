// Which CPU level this machine has, found once, and the override that tests set for their own thread.
#include "kernels.h"

static _Thread_local int override = -1;

static int best_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return CK_LEVEL_AVX512;
    if (__builtin_cpu_supports("x86-64-v3")) return CK_LEVEL_AVX2;
#endif
    return CK_LEVEL_PORTABLE;
}

/// Finding it twice at once is harmless: both find the same.
static int cached_best_level(void) {
    static int cached = -1;
    int level = __atomic_load_n(&cached, __ATOMIC_RELAXED);
    if (level < 0) {
        level = best_level();
        __atomic_store_n(&cached, level, __ATOMIC_RELAXED);
    }
    return level;
}

int ck_level(void) {
    int best = cached_best_level();
    return override >= 0 && override < best ? override : best;
}

void ck_override_level_on_this_thread(int level) { override = level; }

const ck_kernels *ck_current_kernels(void) {
#if defined(__x86_64__)
    switch (ck_level()) {
        case CK_LEVEL_AVX512: return &ck_kernels_avx512;
        case CK_LEVEL_AVX2: return &ck_kernels_avx2;
        default: return &ck_kernels_portable;
    }
#else
    return &ck_kernels_portable;
#endif
}

bool ck_has_bf16(void) {
#if defined(__x86_64__)
    return ck_level() == CK_LEVEL_AVX512 && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

const ck_bf16_kernels *ck_current_bf16_kernels(void) {
#if defined(__x86_64__)
    if (ck_has_bf16()) return &ck_bf16_kernels_avx512;
#endif
    return &ck_bf16_kernels_portable;
}
