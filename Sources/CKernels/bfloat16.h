// bfloat16: the upper half of a float, rounded to nearest, ties to even. And the layout of packed bf16 weights: panels
// of CK_PANEL outputs, [pairs of inputs][CK_PANEL][2], an odd last input paired with zero.
#ifndef CK_BFLOAT16_H
#define CK_BFLOAT16_H

#include <stdint.h>
#include <string.h>

#include "layout.h"

/// Elements of one pair of inputs in a panel.
#define CK_PAIR_STRIDE (2 * CK_PANEL)

static inline uint16_t ck_bf16_round(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : nearest);  // a NaN stays one
}

static inline float ck_bf16_widen(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline size_t ck_pairs(size_t count) { return count / 2 + count % 2; }

#endif
