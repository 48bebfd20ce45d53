// Weight panels in bf16 (layout: bfloat16.h), from fp32 weights. Plain data movement, the same at every CPU level.
#include "CKernels.h"
#include "bfloat16.h"

size_t ck_packed_bf16_size(size_t n, size_t k) {
    return (n + CK_PANEL - 1) / CK_PANEL * CK_PANEL * 2 * ck_pairs(k);
}

/// Packs `outputs` x `inputs` elements, w[output * by_output + input * by_input].
static inline void pack(
    uint16_t *restrict packed, const float *restrict w, size_t outputs, size_t inputs, size_t by_output,
    size_t by_input) {
    size_t size = ck_pairs(inputs) * CK_PAIR_STRIDE;
    memset(packed, 0, ck_packed_bf16_size(outputs, inputs) * sizeof *packed);
    for (size_t base = 0; base < outputs; base += CK_PANEL, packed += size) {
        size_t width = outputs - base < CK_PANEL ? outputs - base : CK_PANEL;
        for (size_t i = 0; i < inputs; i++) {
            uint16_t *row = packed + i / 2 * CK_PAIR_STRIDE + i % 2;
            const float *column = w + base * by_output + i * by_input;
            for (size_t j = 0; j < width; j++) row[2 * j] = ck_bf16_round(column[j * by_output]);
        }
    }
}

void ck_pack_nt_bf16(uint16_t *restrict packed, const float *restrict w, size_t n, size_t k) {
    pack(packed, w, n, k, k, 1);
}

void ck_pack_nn_bf16(uint16_t *restrict packed, const float *restrict w, size_t n, size_t k) {
    pack(packed, w, k, n, 1, k);
}
