// Slow, obvious causal attention and its gradient, one query row at a time: the oracle of the tests.
#include <math.h>

#include "CKernels.h"

typedef struct {
    const float *k, *v;
    size_t stride, dim, count;
    float scale;
} row_keys;

static double score(const row_keys *keys, const float *q, size_t j) {
    double sum = 0;
    for (size_t d = 0; d < keys->dim; d++) sum += (double)q[d] * keys->k[j * keys->stride + d];
    return sum * keys->scale;
}

static double log_sum(const row_keys *keys, const float *q) {
    double max = -INFINITY, sum = 0;
    for (size_t j = 0; j < keys->count; j++) max = fmax(max, score(keys, q, j));
    for (size_t j = 0; j < keys->count; j++) sum += exp(score(keys, q, j) - max);
    return max + log(sum);
}

void ck_attention_forward_reference(
    float *out, float *lse, const float *q, const float *k, const float *v, size_t past, size_t tokens, size_t heads,
    size_t kv_heads, size_t head_dim, float scale) {
    for (size_t head = 0; head < heads; head++) {
        size_t offset = head / (heads / kv_heads) * head_dim;
        for (size_t t = 0; t < tokens; t++) {
            row_keys keys = {k + offset, v + offset, kv_heads * head_dim, head_dim, past + t + 1, scale};
            const float *row = q + (t * heads + head) * head_dim;
            double total = log_sum(&keys, row);
            if (lse) lse[head * tokens + t] = (float)total;
            for (size_t d = 0; d < head_dim; d++) {
                double sum = 0;
                for (size_t j = 0; j < keys.count; j++) {
                    sum += exp(score(&keys, row, j) - total) * keys.v[j * keys.stride + d];
                }
                out[(t * heads + head) * head_dim + d] = (float)sum;
            }
        }
    }
}

/// Adds the gradients of one query row; dk and dv start at the row's own kv head.
static void backward_row(
    const row_keys *keys, const float *q, const float *dout, float *dq, float *dk, float *dv) {
    double total = log_sum(keys, q), delta = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t j = 0; j < keys->count; j++) {
            double p = exp(score(keys, q, j) - total), dp = 0;
            for (size_t d = 0; d < keys->dim; d++) dp += (double)dout[d] * keys->v[j * keys->stride + d];
            if (pass == 0) {
                delta += p * dp;
                continue;
            }
            double ds = p * (dp - delta) * keys->scale;
            for (size_t d = 0; d < keys->dim; d++) {
                dq[d] += (float)(ds * keys->k[j * keys->stride + d]);
                dk[j * keys->stride + d] += (float)(ds * q[d]);
                dv[j * keys->stride + d] += (float)(p * dout[d]);
            }
        }
    }
}

void ck_attention_backward_reference(
    float *dq, float *dk, float *dv, const float *dout, const float *q, const float *k, const float *v, size_t tokens,
    size_t heads, size_t kv_heads, size_t head_dim, float scale) {
    size_t stride = kv_heads * head_dim;
    for (size_t i = 0; i < tokens * heads * head_dim; i++) dq[i] = 0;
    for (size_t i = 0; i < tokens * stride; i++) dk[i] = dv[i] = 0;
    for (size_t head = 0; head < heads; head++) {
        size_t offset = head / (heads / kv_heads) * head_dim;
        for (size_t t = 0; t < tokens; t++) {
            row_keys keys = {k + offset, v + offset, stride, head_dim, t + 1, scale};
            size_t at = (t * heads + head) * head_dim;
            backward_row(&keys, q + at, dout + at, dq + at, dk + offset, dv + offset);
        }
    }
}
