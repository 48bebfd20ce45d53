// Layouts that the vector kernels read: weight panels and key blocks. Plain data movement, the same at every CPU level.
// A weight of n outputs and k inputs becomes ceil(n / 32) panels [k][32], the last one padded with zeros.
#include <string.h>

#include "CKernels.h"
#include "layout.h"

size_t ck_packed_size(size_t n, size_t k) { return (n + CK_PANEL - 1) / CK_PANEL * CK_PANEL * k; }

typedef float four __attribute__((ext_vector_type(4)));
typedef four four_unaligned __attribute__((aligned(4)));

/// Four outputs x four inputs, from rows `k` apart to rows a panel apart.
static inline void transpose(float *restrict packed, const float *restrict w, size_t k) {
    four a = *(const four_unaligned *)w, b = *(const four_unaligned *)(w + k);
    four c = *(const four_unaligned *)(w + 2 * k), d = *(const four_unaligned *)(w + 3 * k);
    four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(four_unaligned *)packed = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *(four_unaligned *)(packed + CK_PANEL) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *(four_unaligned *)(packed + 2 * CK_PANEL) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(four_unaligned *)(packed + 3 * CK_PANEL) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

void ck_pack_nt(float *restrict packed, const float *restrict w, size_t n, size_t k) {
    for (size_t base = 0; base < n; base += CK_PANEL, packed += CK_PANEL * k) {
        size_t width = n - base < CK_PANEL ? n - base : CK_PANEL;
        const float *rows = w + base * k;
        // Whole panels in blocks of four by four; what is left over one by one.
        size_t blocks = width == CK_PANEL ? k / 4 * 4 : 0;
        for (size_t i = 0; i < blocks; i += 4) {
            for (size_t j = 0; j < CK_PANEL; j += 4) transpose(packed + i * CK_PANEL + j, rows + j * k + i, k);
        }
        for (size_t i = blocks; i < k; i++) {
            float *row = packed + i * CK_PANEL;
            for (size_t j = 0; j < width; j++) row[j] = rows[j * k + i];
            for (size_t j = width; j < CK_PANEL; j++) row[j] = 0;
        }
    }
}

void ck_pack_nn(float *restrict packed, const float *restrict w, size_t n, size_t k) {
    for (size_t base = 0; base < k; base += CK_PANEL) {
        size_t width = k - base < CK_PANEL ? k - base : CK_PANEL;
        for (size_t i = 0; i < n; i++) {
            float *row = packed + i * CK_PANEL;
            memcpy(row, w + i * k + base, width * sizeof(float));
            for (size_t j = width; j < CK_PANEL; j++) row[j] = 0;
        }
        packed += CK_PANEL * n;
    }
}

size_t ck_packed_keys_size(size_t capacity, size_t kv_heads, size_t head_dim) {
    return (capacity + CK_KEY_BLOCK - 1) / CK_KEY_BLOCK * CK_KEY_BLOCK * kv_heads * head_dim;
}

void ck_pack_keys(
    float *restrict packed, const float *restrict k, size_t first, size_t rows, size_t kv_heads, size_t head_dim,
    size_t k_stride) {
    size_t width = kv_heads * head_dim;
    for (size_t row = 0; row < rows; row++) {
        size_t position = first + row;
        float *column = packed + position / CK_KEY_BLOCK * CK_KEY_BLOCK * width + position % CK_KEY_BLOCK;
        for (size_t i = 0; i < width; i++) column[i * CK_KEY_BLOCK] = k[row * k_stride + i];
    }
}
