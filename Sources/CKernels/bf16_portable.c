// The bf16 products for CPUs without bf16 instructions: operands rounded to bf16, products and sums in fp32. Right but
// slow; the bits may differ from the hardware's, which sums a pair of products before it rounds.
#include "bfloat16.h"
#include "kernels.h"

static float rounded(float x) { return ck_bf16_widen(ck_bf16_round(x)); }

/// One row's sums over a panel, in order of the inputs, from what `sums` holds.
static void panel_sums(float *restrict sums, const float *x, const uint16_t *restrict panel, size_t k) {
    for (size_t i = 0; i < k; i++) {
        const uint16_t *w = panel + i / 2 * CK_PAIR_STRIDE + i % 2;
        float value = rounded(x[i]);
        for (size_t j = 0; j < CK_PANEL; j++) sums[j] += value * ck_bf16_widen(w[2 * j]);
    }
}

static void matmul_packed(
    float *restrict y, const float *restrict x, const uint16_t *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    for (size_t row = 0; row < m; row++, x += ldx, y += ldy) {
        for (size_t base = 0; base < n; base += CK_PANEL) {
            size_t width = n - base < CK_PANEL ? n - base : CK_PANEL;
            float sums[CK_PANEL] = {0};
            if (accumulate) memcpy(sums, y + base, width * sizeof *y);
            panel_sums(sums, x, packed + base * 2 * ck_pairs(k), k);
            memcpy(y + base, sums, width * sizeof *y);
        }
    }
}

static void matmul_tn(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    if (!accumulate) memset(dw, 0, n * k * sizeof *dw);
    for (size_t row = 0; row < m; row++, dy += lddy, x += ldx) {
        for (size_t output = 0; output < n; output++) {
            float slope = rounded(dy[output]), *sums = dw + output * k;
            for (size_t i = 0; i < k; i++) sums[i] += slope * rounded(x[i]);
        }
    }
}

const ck_bf16_kernels ck_bf16_kernels_portable = {.matmul_packed = matmul_packed, .matmul_tn = matmul_tn};
