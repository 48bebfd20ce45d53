// Weight panels (layout: bfloat16.h), key blocks and rows in bf16, from fp32. Plain data movement, the same at
// every CPU level.
#include "CKernels.h"
#include "bfloat16.h"

size_t ck_packed_bf16_size(size_t n, size_t k) {
    return (n + CK_PANEL - 1) / CK_PANEL * CK_PANEL * 2 * ck_pairs(k);
}

/// A pair as it lies in memory.
static inline void put_pair(uint16_t *to, float first, float second) {
    to[0] = ck_bf16_round(first);
    to[1] = ck_bf16_round(second);
}

void ck_pack_nt_bf16(uint16_t *restrict packed, const float *restrict w, size_t n, size_t k) {
    memset(packed, 0, ck_packed_bf16_size(n, k) * sizeof *packed);
    for (size_t output = 0; output < n; output++, w += k) {
        uint16_t *to = packed + output / CK_PANEL * ck_pairs(k) * CK_PAIR_STRIDE + output % CK_PANEL * 2;
        for (size_t i = 0; i + 2 <= k; i += 2, to += CK_PAIR_STRIDE) put_pair(to, w[i], w[i + 1]);
        if (k % 2) put_pair(to, w[k - 1], 0);
    }
}

void ck_pack_nn_bf16(uint16_t *restrict packed, const float *restrict w, size_t n, size_t k) {
    for (size_t base = 0; base < k; base += CK_PANEL) {
        size_t width = k - base < CK_PANEL ? k - base : CK_PANEL;
        for (size_t i = 0; i < n; i += 2, packed += CK_PAIR_STRIDE) {
            float rows[2][CK_PANEL] = {{0}};
            memcpy(rows[0], w + i * k + base, width * sizeof *w);
            if (i + 1 < n) memcpy(rows[1], w + (i + 1) * k + base, width * sizeof *w);
            for (size_t j = 0; j < CK_PANEL; j++) put_pair(packed + 2 * j, rows[0][j], rows[1][j]);
        }
    }
}

void ck_pack_keys_bf16(
    uint16_t *restrict packed, const float *restrict k, size_t first, size_t rows, size_t kv_heads, size_t head_dim,
    size_t k_stride) {
    size_t width = kv_heads * head_dim;
    for (size_t row = 0; row < rows; row++) {
        size_t position = first + row;
        uint16_t *column = packed + position / CK_KEY_BLOCK * CK_KEY_BLOCK * width + position % CK_KEY_BLOCK;
        for (size_t i = 0; i < width; i++) column[i * CK_KEY_BLOCK] = ck_bf16_round(k[row * k_stride + i]);
    }
}

void ck_pack_bf16(uint16_t *restrict packed, const float *restrict x, size_t count) {
    for (size_t i = 0; i < count; i++) packed[i] = ck_bf16_round(x[i]);
}
