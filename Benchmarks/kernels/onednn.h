// oneDNN's products, to compare with.
#ifndef ONEDNN_H
#define ONEDNN_H

#include <stddef.h>

/// A product in bf16 with sums in fp32, made ready: both operands already in bf16, the weight in oneDNN's own layout.
typedef struct onednn_product onednn_product;

/// y[m, n] = x * w, x being [m, k] or with `x_across` [k, m] in memory, w [n, k] or with `w_down` [k, n]; `y` fp32.
/// NULL if oneDNN cannot.
onednn_product *onednn_bf16(size_t m, size_t n, size_t k, int x_across, int w_down, float *y);
void onednn_run(const onednn_product *product);
void onednn_free(onednn_product *product);

/// y[m, n] = x * w in fp32, dense, by dnnl_sgemm; transposes as above.
void onednn_fp32(size_t m, size_t n, size_t k, int x_across, int w_down, const float *x, const float *w, float *y);

#endif
