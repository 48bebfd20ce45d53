// The bf16 products for CPUs with AVX512-BF16: two products of bf16 and their sum in fp32 per lane and instruction.
#include <string.h>

#include "bfloat16.h"
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_WIDTH ((size_t)16)
#define CK_LANES 16
#define CK_FUSED 1
#define CK_TILE_ROWS ((size_t)14)
#define CK_TILE_LIMIT 14
#define CK_NAME(x) x##_bf16_avx512

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,avx512bf16"))), apply_to = function)
#include "vector.h"

#include "step_bf16.h"
#include "matmul.h"
#include "matmul_tn.h"
#pragma clang attribute pop

/// Weights are pairs of bf16, one word; the products move words as floats.
static void matmul_packed_pairs(
    float *restrict y, const float *restrict x, const uint16_t *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    CK_NAME(matmul_packed)(y, x, (const float *)(const void *)packed, m, n, k, accumulate, ldx, ldy);
}

const ck_bf16_kernels ck_bf16_kernels_avx512 = {
    .matmul_packed = matmul_packed_pairs, .matmul_tn = CK_NAME(matmul_tn)};
#endif
