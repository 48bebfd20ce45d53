// Every kernel compiled for x86-64-v3 (AVX2 and FMA): 16 registers of 8 lanes.
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "layout.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_WIDTH ((size_t)8)
#define CK_LANES 8
#define CK_FUSED 1
#define CK_TILE_ROWS ((size_t)6)
#define CK_TILE_LIMIT 6
#define CK_ATTENTION_ROWS ((size_t)4)
#define CK_NAME(x) x##_avx2

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#include "level_body.h"
#pragma clang attribute pop
#endif
