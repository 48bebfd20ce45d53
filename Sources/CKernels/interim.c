// Interim plain implementations of the kernels; replaced by the vector versions.
#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "layout.h"

int ck_level(void) { return CK_LEVEL_PORTABLE; }
void ck_override_level_on_this_thread(int level) { (void)level; }
void ck_matmul_packed(
    float *restrict y, const float *restrict x, const float *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    for (size_t row = 0; row < m; row++)
        for (size_t base = 0; base < n; base += CK_PANEL) {
            float sum[32] = {0};
            const float *p = packed + base * k;
            for (size_t i = 0; i < k; i++)
                for (size_t j = 0; j < 32; j++) sum[j] += x[row * ldx + i] * p[i * 32 + j];
            for (size_t j = 0; j < 32 && base + j < n; j++) {
                float *out = y + row * ldy + base + j;
                *out = accumulate ? *out + sum[j] : sum[j];
            }
        }
}
void ck_matmul_tn(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    if (!accumulate) memset(dw, 0, n * k * sizeof(float));
    for (size_t i = 0; i < m; i++)
        for (size_t row = 0; row < n; row++)
            for (size_t c = 0; c < k; c++) dw[row * k + c] += dy[i * lddy + row] * x[i * ldx + c];
}
void ck_rmsnorm_forward(
    float *restrict y, float *restrict rstd, const float *restrict x, const float *restrict weight, size_t rows,
    size_t dim, float eps) {
    ck_rmsnorm_forward_reference(y, rstd, x, weight, rows, dim, eps);
}
void ck_rmsnorm_backward(
    float *restrict dx, float *restrict dweight, const float *restrict dy, const float *restrict x,
    const float *restrict weight, const float *restrict rstd, size_t rows, size_t dim, bool accumulate_dx) {
    ck_rmsnorm_backward_reference(dx, dweight, dy, x, weight, rstd, rows, dim, accumulate_dx);
}
void ck_rope(
    float *restrict x, const float *restrict cosines, const float *restrict sines, const int32_t *restrict positions,
    size_t rows, size_t heads, size_t head_dim, size_t row_stride, bool inverse) {
    ck_rope_reference(x, cosines, sines, positions, rows, heads, head_dim, row_stride, inverse);
}
static float packed_at(const float *p, size_t j, size_t i, size_t width) {
    return p[j / 16 * 16 * width + i * 16 + j % 16];
}
void ck_attention_forward(
    float *restrict out, float *restrict lse, const float *restrict q, const float *restrict keys,
    const float *restrict v, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale) {
    size_t width = kv_heads * head_dim;
    for (size_t head = 0; head < heads; head++) {
        size_t offset = head / (heads / kv_heads) * head_dim;
        for (size_t t = 0; t < tokens; t++) {
            const float *row = q + t * q_stride + head * head_dim;
            float max = -INFINITY, sum = 0, acc[CK_MAX_HEAD_DIM] = {0};
            for (size_t j = 0; j <= past + t; j++) {
                float s = 0;
                for (size_t d = 0; d < head_dim; d++) s += row[d] * packed_at(keys, j, offset + d, width);
                s *= scale;
                float next = s > max ? s : max, shrink = expf(max - next), p = expf(s - next);
                max = next;
                sum = sum * shrink + p;
                for (size_t d = 0; d < head_dim; d++) acc[d] = acc[d] * shrink + p * v[j * v_stride + offset + d];
            }
            for (size_t d = 0; d < head_dim; d++) out[t * out_stride + head * head_dim + d] = acc[d] / sum;
            if (lse) lse[head * tokens + t] = max + logf(sum);
        }
    }
}
void ck_attention_backward(
    float *restrict dq, float *restrict dk, float *restrict dv, const float *restrict dout, const float *restrict out,
    const float *restrict lse, const float *restrict q, const float *restrict k, const float *restrict keys,
    const float *restrict values, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim, size_t q_stride,
    size_t k_stride, size_t v_stride, size_t out_stride, float scale) {
    (void)keys;
    size_t width = kv_heads * head_dim;
    for (size_t t = 0; t < tokens; t++) {
        memset(dq + t * q_stride, 0, heads * head_dim * sizeof(float));
        memset(dk + t * k_stride, 0, width * sizeof(float));
        memset(dv + t * v_stride, 0, width * sizeof(float));
    }
    for (size_t head = 0; head < heads; head++) {
        size_t offset = head / (heads / kv_heads) * head_dim;
        for (size_t t = 0; t < tokens; t++) {
            size_t at = t * q_stride + head * head_dim, o = t * out_stride + head * head_dim;
            float delta = 0;
            for (size_t d = 0; d < head_dim; d++) delta += out[o + d] * dout[o + d];
            for (size_t j = 0; j <= t; j++) {
                float s = 0, dp = 0;
                for (size_t d = 0; d < head_dim; d++) {
                    s += q[at + d] * k[j * k_stride + offset + d];
                    dp += dout[o + d] * packed_at(values, j, offset + d, width);
                }
                float p = expf(s * scale - lse[head * tokens + t]), ds = p * (dp - delta) * scale;
                for (size_t d = 0; d < head_dim; d++) {
                    dq[at + d] += ds * k[j * k_stride + offset + d];
                    dk[j * k_stride + offset + d] += ds * q[at + d];
                    dv[j * v_stride + offset + d] += p * dout[o + d];
                }
            }
        }
    }
}
void ck_swiglu_forward(
    float *restrict y, const float *restrict gate, const float *restrict up, size_t rows, size_t dim, size_t ld,
    size_t ldy) {
    for (size_t r = 0; r < rows; r++) ck_swiglu_forward_reference(y + r * ldy, gate + r * ld, up + r * ld, dim);
}
void ck_swiglu_backward(
    float *dgate, float *dup, const float *restrict dy, const float *gate, const float *up, size_t rows, size_t dim,
    size_t ld, size_t ldy) {
    for (size_t r = 0; r < rows; r++)
        ck_swiglu_backward_reference(dgate + r * ld, dup + r * ld, dy + r * ldy, gate + r * ld, up + r * ld, dim);
}
void ck_add(float *restrict y, const float *restrict x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] += x[i];
}
void ck_scale(float *x, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] *= factor;
}
void ck_exp(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = expf(x[i]);
}
void ck_log(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = logf(x[i]);
}
float ck_max(const float *x, size_t count) {
    float max = -INFINITY;
    for (size_t i = 0; i < count; i++) max = x[i] > max ? x[i] : max;
    return max;
}
static float lse_of(const float *x, size_t v, float s) {
    float max = ck_max(x, v) * s, sum = 0;
    for (size_t i = 0; i < v; i++) sum += expf(x[i] * s - max);
    return max + logf(sum);
}
float ck_log_softmax_row(float *out, const float *logits, size_t v, float s) {
    float lse = lse_of(logits, v, s);
    for (size_t i = 0; i < v; i++) out[i] = logits[i] * s - lse;
    return lse;
}
void ck_log_softmax_stats(
    float *restrict logp, float *restrict entropy, float *restrict lse, const float *restrict logits,
    const int32_t *restrict targets, size_t m, size_t v, size_t ld, float s) {
    for (size_t row = 0; row < m; row++) {
        const float *x = logits + row * ld;
        float total = lse_of(x, v, s), h = 0;
        for (size_t i = 0; i < v; i++) h -= expf(x[i] * s - total) * (x[i] * s - total);
        if (lse) lse[row] = total;
        if (logp) logp[row] = x[targets[row]] * s - total;
        if (entropy) entropy[row] = h;
    }
}
void ck_log_softmax_backward(
    float *restrict logits, const int32_t *restrict targets, const float *restrict coeff,
    const float *restrict entropy_coeff, const float *restrict lse, const float *restrict entropy, size_t m, size_t v,
    size_t ld, float s) {
    for (size_t row = 0; row < m; row++)
        for (size_t i = 0; i < v; i++) {
            float *x = logits + row * ld + i, lp = *x * s - lse[row], p = expf(lp);
            float hot = (int32_t)i == targets[row] ? 1 : 0;
            float bonus = entropy_coeff ? entropy_coeff[row] * p * (lp + entropy[row]) : 0;
            *x = s * (coeff[row] * (hot - p) - bonus);
        }
}
void ck_adamw(
    float *restrict param, float *restrict m, float *restrict v, const float *restrict grad, size_t count, float lr,
    float beta1, float beta2, float eps, float weight_decay, uint64_t step, float grad_scale) {
    ck_adamw_reference(param, m, v, grad, count, lr, beta1, beta2, eps, weight_decay, step, grad_scale);
}
double ck_sum_of_squares(const float *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * x[i];
    return sum;
}
