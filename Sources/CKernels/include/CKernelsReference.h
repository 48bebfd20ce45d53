// Slow, obvious versions of the kernels, in double precision inside: the oracle of the tests. Never called by the
// product.
#ifndef CKERNELS_REFERENCE_H
#define CKERNELS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// ck_matmul_packed on the unpacked weight w [n, k].
void ck_matmul_nt_reference(
    float *y, const float *x, const float *w, size_t m, size_t n, size_t k, bool accumulate, size_t ldx, size_t ldy);

/// ck_matmul_packed on ck_pack_nn of w [n, k]: dx[m, k] (+)= dy[m, n] * w.
void ck_matmul_nn_reference(
    float *dx, const float *dy, const float *w, size_t m, size_t n, size_t k, bool accumulate, size_t lddy,
    size_t lddx);

/// ck_matmul_tn.
void ck_matmul_tn_reference(
    float *dw, const float *dy, const float *x, size_t m, size_t n, size_t k, bool accumulate, size_t lddy, size_t ldx);

/// Rounds to bf16: the references above on rounded operands are those of the bf16 products.
void ck_round_to_bf16_reference(float *x, size_t count);

/// ck_rmsnorm_forward.
void ck_rmsnorm_forward_reference(
    float *y, float *rstd, const float *x, const float *weight, size_t rows, size_t dim, float eps);

/// ck_rmsnorm_backward.
void ck_rmsnorm_backward_reference(
    float *dx, float *dweight, const float *dy, const float *x, const float *weight, const float *rstd, size_t rows,
    size_t dim, bool accumulate_dx);

/// ck_rope.
void ck_rope_reference(
    float *x, const float *cosines, const float *sines, const int32_t *positions, size_t rows, size_t heads,
    size_t head_dim, size_t row_stride, bool inverse);

/// ck_attention_forward on dense rows of keys k and values v (stride kv_heads * head_dim); q, out dense too.
void ck_attention_forward_reference(
    float *out, float *lse, const float *q, const float *k, const float *v, size_t past, size_t tokens, size_t heads,
    size_t kv_heads, size_t head_dim, float scale);

/// ck_attention_backward on dense rows.
void ck_attention_backward_reference(
    float *dq, float *dk, float *dv, const float *dout, const float *q, const float *k, const float *v, size_t tokens,
    size_t heads, size_t kv_heads, size_t head_dim, float scale);

/// ck_swiglu_forward on dense rows.
void ck_swiglu_forward_reference(float *y, const float *gate, const float *up, size_t count);

/// ck_swiglu_backward on dense rows.
void ck_swiglu_backward_reference(
    float *dgate, float *dup, const float *dy, const float *gate, const float *up, size_t count);

/// ck_log_softmax_stats, dense, every output required.
void ck_log_softmax_stats_reference(
    float *logp, float *entropy, float *lse, const float *logits, const int32_t *targets, size_t m, size_t v,
    float temperature_inverse);

/// ck_log_softmax_backward, dense, into `dlogits`.
void ck_log_softmax_backward_reference(
    float *dlogits, const float *logits, const int32_t *targets, const float *coeff, const float *entropy_coeff,
    size_t m, size_t v, float temperature_inverse);

/// ck_adamw.
void ck_adamw_reference(
    float *param, float *m, float *v, const float *grad, size_t count, float lr, float beta1, float beta2, float eps,
    float weight_decay, uint64_t step, float grad_scale);

#endif
