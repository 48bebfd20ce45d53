// The public kernels: each calls its version for the CPU level of this thread.
#include "kernels.h"

void ck_matmul_packed(
    float *restrict y, const float *restrict x, const float *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    ck_current_kernels()->matmul_packed(y, x, packed, m, n, k, accumulate, ldx, ldy);
}

void ck_matmul_tn(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    ck_current_kernels()->matmul_tn(dw, dy, x, m, n, k, accumulate, lddy, ldx);
}

void ck_matmul_packed_bf16(
    float *restrict y, const float *restrict x, const uint16_t *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    ck_current_bf16_kernels()->matmul_packed(y, x, packed, m, n, k, accumulate, ldx, ldy);
}

void ck_matmul_tn_bf16(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    ck_current_bf16_kernels()->matmul_tn(dw, dy, x, m, n, k, accumulate, lddy, ldx);
}

void ck_rmsnorm_forward(
    float *restrict y, float *restrict rstd, const float *restrict x, const float *restrict weight, size_t rows,
    size_t dim, float eps) {
    ck_current_kernels()->rmsnorm_forward(y, rstd, x, weight, rows, dim, eps);
}

void ck_rmsnorm_backward(
    float *restrict dx, float *restrict dweight, const float *restrict dy, const float *restrict x,
    const float *restrict weight, const float *restrict rstd, size_t rows, size_t dim, bool accumulate_dx) {
    ck_current_kernels()->rmsnorm_backward(dx, dweight, dy, x, weight, rstd, rows, dim, accumulate_dx);
}

void ck_rope(
    float *restrict x, const float *restrict cosines, const float *restrict sines, const int32_t *restrict positions,
    size_t rows, size_t heads, size_t head_dim, size_t row_stride, bool inverse) {
    ck_current_kernels()->rope(x, cosines, sines, positions, rows, heads, head_dim, row_stride, inverse);
}

void ck_attention_forward(
    float *restrict out, float *restrict lse, const float *restrict q, const float *restrict keys,
    const float *restrict v, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale) {
    ck_current_kernels()->attention_forward(
        out, lse, q, keys, v, past, tokens, heads, kv_heads, head_dim, q_stride, v_stride, out_stride, scale);
}

void ck_attention_forward_paged(
    float *restrict out, float *restrict lse, const float *restrict q, const float *const *key_pages,
    const float *const *value_pages, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale) {
    ck_current_kernels()->attention_forward_paged(
        out, lse, q, key_pages, value_pages, past, tokens, heads, kv_heads, head_dim, q_stride, v_stride, out_stride,
        scale);
}

void ck_attention_forward_paged_bf16(
    float *restrict out, float *restrict lse, const float *restrict q, const uint16_t *const *key_pages,
    const uint16_t *const *value_pages, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale) {
    ck_current_kernels()->attention_forward_paged_bf16(
        out, lse, q, key_pages, value_pages, past, tokens, heads, kv_heads, head_dim, q_stride, v_stride, out_stride,
        scale);
}

void ck_attention_backward(
    float *restrict dq, float *restrict dk, float *restrict dv, const float *restrict dout, const float *restrict out,
    const float *restrict lse, const float *restrict q, const float *restrict k, const float *restrict keys,
    const float *restrict values, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim, size_t q_stride,
    size_t k_stride, size_t v_stride, size_t out_stride, float scale) {
    ck_current_kernels()->attention_backward(
        dq, dk, dv, dout, out, lse, q, k, keys, values, tokens, heads, kv_heads, head_dim, q_stride, k_stride, v_stride,
        out_stride, scale);
}

void ck_swiglu_forward(
    float *restrict y, const float *restrict gate, const float *restrict up, size_t rows, size_t dim, size_t ld,
    size_t ldy) {
    ck_current_kernels()->swiglu_forward(y, gate, up, rows, dim, ld, ldy);
}

void ck_swiglu_backward(
    float *dgate, float *dup, const float *restrict dy, const float *gate, const float *up, size_t rows, size_t dim,
    size_t ld, size_t ldy) {
    ck_current_kernels()->swiglu_backward(dgate, dup, dy, gate, up, rows, dim, ld, ldy);
}

void ck_add(float *restrict y, const float *restrict x, size_t count) {
    ck_current_kernels()->add(y, x, count);
}

void ck_scale(float *x, float factor, size_t count) {
    ck_current_kernels()->scale(x, factor, count);
}

void ck_round_bf16(float *x, size_t count) {
    ck_current_kernels()->round_bf16(x, count);
}

void ck_exp(float *y, const float *x, size_t count) {
    ck_current_kernels()->exp(y, x, count);
}

void ck_log(float *y, const float *x, size_t count) {
    ck_current_kernels()->log(y, x, count);
}

void ck_log_softmax_stats(
    float *restrict logp, float *restrict entropy, float *restrict lse, const float *restrict logits,
    const int32_t *restrict targets, size_t m, size_t v, size_t ld, float temperature_inverse) {
    ck_current_kernels()->log_softmax_stats(logp, entropy, lse, logits, targets, m, v, ld, temperature_inverse);
}

void ck_log_softmax_backward(
    float *restrict logits, const int32_t *restrict targets, const float *restrict coeff,
    const float *restrict entropy_coeff, const float *restrict lse, const float *restrict entropy, size_t m, size_t v,
    size_t ld, float temperature_inverse) {
    ck_current_kernels()->log_softmax_backward(
        logits, targets, coeff, entropy_coeff, lse, entropy, m, v, ld, temperature_inverse);
}

float ck_max(const float *x, size_t count) {
    return ck_current_kernels()->max(x, count);
}

float ck_log_softmax_row(float *out, const float *logits, size_t v, float temperature_inverse) {
    return ck_current_kernels()->log_softmax_row(out, logits, v, temperature_inverse);
}

void ck_adamw(
    float *restrict param, float *restrict m, float *restrict v, const float *restrict grad, size_t count, float lr,
    float beta1, float beta2, float eps, float weight_decay, uint64_t step, float grad_scale) {
    ck_current_kernels()->adamw(param, m, v, grad, count, lr, beta1, beta2, eps, weight_decay, step, grad_scale);
}

double ck_sum_of_squares(const float *x, size_t count) {
    return ck_current_kernels()->sum_of_squares(x, count);
}
