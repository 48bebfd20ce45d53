// One vector of floats of the level being compiled (CK_WIDTH lanes), and what every kernel builds on: whole and partial
// loads, fused products, fixed-order reductions. Included once per level file, inside that level's target attribute.
#ifndef CK_LANES
#error "include from a level file"
#endif

#define CK_INLINE static inline __attribute__((always_inline, unused))
#define CK_UNROLL _Pragma("clang loop unroll(full)")
#define CK_MIN(a, b) ((a) < (b) ? (a) : (b))
#define CK_MAX(a, b) ((a) > (b) ? (a) : (b))

typedef float vf __attribute__((ext_vector_type(CK_LANES)));
typedef int32_t vi __attribute__((ext_vector_type(CK_LANES)));
typedef vf vf_unaligned __attribute__((aligned(4)));

CK_INLINE vf v_load(const float *p) { return *(const vf_unaligned *)p; }
CK_INLINE void v_store(float *p, vf x) { *(vf_unaligned *)p = x; }
CK_INLINE vf v_all(float x) { return (vf)x; }

/// 0, 1, 2, ... by lane.
CK_INLINE vi v_iota(void) {
    vi lanes;
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_LANES; i++) lanes[i] = i;
    return lanes;
}

/// The first `count` (1 ... CK_WIDTH) lanes from memory, the rest zero; reads nothing beyond them.
CK_INLINE vf v_load_part(const float *p, size_t count) {
    if (count == CK_WIDTH) return v_load(p);
#if CK_LANES == 16
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif CK_LANES == 8
    return (vf)_mm256_maskload_ps(p, (__m256i)(v_iota() < (vi)(int32_t)count));
#else
    float lanes[CK_WIDTH] = {0};
    for (size_t i = 0; i < count; i++) lanes[i] = p[i];
    return v_load(lanes);
#endif
}

typedef uint16_t vh __attribute__((ext_vector_type(CK_LANES)));
typedef uint32_t vu __attribute__((ext_vector_type(CK_LANES)));
typedef vh vh_unaligned __attribute__((aligned(2)));

/// v_load_part of bf16, widened.
CK_INLINE vf v_load_bf16(const uint16_t *p, size_t count) {
    vh halves;
    if (count == CK_WIDTH) {
        halves = *(const vh_unaligned *)p;
    } else {
#if CK_LANES == 16
        halves = (vh)_mm256_maskz_loadu_epi16((__mmask16)((1u << count) - 1), p);
#else
        uint16_t lanes[CK_WIDTH] = {0};
        for (size_t i = 0; i < count; i++) lanes[i] = p[i];
        halves = *(const vh_unaligned *)lanes;
#endif
    }
    return (vf)(__builtin_convertvector(halves, vu) << 16);
}

/// The nearest bf16, ties to even, as ck_bf16_round has it; a NaN stays one.
CK_INLINE vf v_round_bf16(vf x) {
    vu bits = (vu)x, nearest = bits + 0x7fff + (bits >> 16 & 1);
    vu rounded = x == x ? nearest : bits | 0x400000;
    return (vf)(rounded & 0xffff0000);
}

/// Writes the first `count` (1 ... CK_WIDTH) lanes only.
CK_INLINE void v_store_part(float *p, vf x, size_t count) {
    if (count == CK_WIDTH) {
        v_store(p, x);
        return;
    }
#if CK_LANES == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)x);
#elif CK_LANES == 8
    _mm256_maskstore_ps(p, (__m256i)(v_iota() < (vi)(int32_t)count), (__m256)x);
#else
    float lanes[CK_WIDTH];
    v_store(lanes, x);
    for (size_t i = 0; i < count; i++) p[i] = lanes[i];
#endif
}

/// a * b + c: one rounding where the level has fused products, two on portable x86.
CK_INLINE vf v_fma(vf a, vf b, vf c) {
#if CK_FUSED
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

/// The greater lane by lane; `b` where they do not compare.
CK_INLINE vf v_max(vf a, vf b) { return a > b ? a : b; }

CK_INLINE vf v_sqrt(vf x) { return __builtin_elementwise_sqrt(x); }

/// Lanes below `count` from `x`, the others `other`.
CK_INLINE vf v_keep(vf x, size_t count, float other) {
    return v_iota() < (vi)(int32_t)count ? x : v_all(other);
}

typedef float v4 __attribute__((ext_vector_type(4)));

/// Sum of the lanes, by halves: lane i with lane i + width / 2 first.
CK_INLINE float v_sum(vf x) {
#if CK_LANES == 16
    typedef float v8 __attribute__((ext_vector_type(8)));
    v8 half = x.lo + x.hi;
    v4 four = half.lo + half.hi;
#elif CK_LANES == 8
    v4 four = x.lo + x.hi;
#else
    v4 four = x;
#endif
    return (four.x + four.z) + (four.y + four.w);
}

/// The greatest lane.
CK_INLINE float v_max_lane(vf x) {
#if CK_LANES == 16
    typedef float v8 __attribute__((ext_vector_type(8)));
    v8 half = x.lo > x.hi ? x.lo : x.hi;
    v4 four = half.lo > half.hi ? half.lo : half.hi;
#elif CK_LANES == 8
    v4 four = x.lo > x.hi ? x.lo : x.hi;
#else
    v4 four = x;
#endif
    float a = CK_MAX(four.x, four.z), b = CK_MAX(four.y, four.w);
    return CK_MAX(a, b);
}
