// The bf16 products for CPUs with AVX512-BF16: two products of bf16 and their sum in fp32 per lane and instruction.
#include <math.h>

#include "bfloat16.h"
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_WIDTH ((size_t)16)
#define CK_LANES 16
#define CK_FUSED 1
#define CK_TILE_ROWS ((size_t)14)
#define CK_NAME(x) x##_bf16_avx512

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,avx512bf16"))), apply_to = function)
#include "vector.h"

#include "matmul_bf16.h"
#include "matmul_tn_bf16.h"
#pragma clang attribute pop

const ck_bf16_kernels ck_bf16_kernels_avx512 = {.matmul_packed = matmul_packed_bf16, .matmul_tn = matmul_tn_bf16};
#endif
