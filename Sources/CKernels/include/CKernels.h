// The numeric kernels of the model: matrix products, normalisation, rotary embedding, attention, gates, softmax,
// optimiser. Not here: threads, allocation, shapes of a model, or checks of its input. The caller validates; these
// trust their arguments.
//
// Contract of every function below:
// - fp32, row-major, sizes in elements, strides ("ld") in elements between the starts of two rows.
// - Single-threaded and re-entrant: no allocation, no shared state but the cached CPU level.
// - Batch-invariant: the bits of an output row depend on that row's input and the weights, never on how many rows the
//   call has, nor on the row's place among them. Reductions over rows (weight gradients) have a fixed order instead.
// - Bits are equal from call to call on one CPU level; they may differ between levels (see ck_level).
// - Buffers need no alignment; 64 bytes is fastest.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- CPU levels (level.c) -------------------------------------------------------------------------------------------

#define CK_LEVEL_PORTABLE 0
#define CK_LEVEL_AVX2 1
#define CK_LEVEL_AVX512 2

/// The level this thread's calls run at: the best this CPU has (x86-64-v4, x86-64-v3, else portable), unless
/// overridden.
int ck_level(void);

/// Makes this thread's calls run at `level`, clamped to what the CPU has; a negative level restores the best. For
/// tests.
void ck_override_level_on_this_thread(int level);

// ---- Matrix products (pack.c, matmul.h, matmul_tn.h) ----------------------------------------------------------------

/// Floats that a packed weight of `n` outputs and `k` inputs takes.
size_t ck_packed_size(size_t n, size_t k);

/// Packs `w` [n, k] for y[m, n] = x[m, k] * w^T; `packed` holds ck_packed_size(n, k) floats.
void ck_pack_nt(float *restrict packed, const float *restrict w, size_t n, size_t k);

/// Packs `w` [n, k] for dx[m, k] = dy[m, n] * w; `packed` holds ck_packed_size(k, n) floats, and the product is then
/// ck_matmul_packed(dx, dy, packed, m, k, n, ...): k outputs, n inputs.
void ck_pack_nn(float *restrict packed, const float *restrict w, size_t n, size_t k);

/// y[m, n] (+)= x[m, k] * packed weight of n outputs and k inputs; each output is one chain of k fused products, which
/// starts at what y holds if `accumulate`.
void ck_matmul_packed(
    float *restrict y, const float *restrict x, const float *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy);

/// dw[n, k] (+)= dy[m, n]^T * x[m, k], summed over the m rows in a fixed order; dw is dense.
void ck_matmul_tn(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx);

// ---- The same in bf16 with sums in fp32 (pack_bf16.c, step_bf16.h, bf16_avx512.c, bf16_portable.c) -----------------
// Operands are rounded to bf16 (nearest, ties to even; the hardware reads subnormals as zero); the promises above hold,
// but the bits are not those of fp32, and hardware and emulation may differ.

/// True if this thread's bf16 products run on bf16 instructions; elsewhere they are emulated, slowly.
bool ck_has_bf16(void);

/// Elements that a packed bf16 weight of `n` outputs and `k` inputs takes.
size_t ck_packed_bf16_size(size_t n, size_t k);

/// ck_pack_nt to bf16; `packed` holds ck_packed_bf16_size(n, k) elements.
void ck_pack_nt_bf16(uint16_t *restrict packed, const float *restrict w, size_t n, size_t k);

/// ck_pack_nn to bf16; `packed` holds ck_packed_bf16_size(k, n) elements.
void ck_pack_nn_bf16(uint16_t *restrict packed, const float *restrict w, size_t n, size_t k);

/// y[m, n] (+)= x[m, k] * packed weight, x rounded to bf16 on the way; each output is one chain of sums over pairs of
/// inputs in order, which starts likewise.
void ck_matmul_packed_bf16(
    float *restrict y, const float *restrict x, const uint16_t *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy);

/// dw[n, k] (+)= dy[m, n]^T * x[m, k], both rounded to bf16, summed over the m rows in a fixed order; dw is dense.
void ck_matmul_tn_bf16(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx);

// ---- RMS normalisation (rmsnorm.h) ----------------------------------------------------------------------------------

/// y = x * rstd * weight with rstd = 1 / sqrt(mean(x^2) + eps), row by row; x, y [rows, dim] dense, rstd [rows] or
/// NULL. For a norm per head, rows = tokens * heads and dim = head_dim.
void ck_rmsnorm_forward(
    float *restrict y, float *restrict rstd, const float *restrict x, const float *restrict weight, size_t rows,
    size_t dim, float eps);

/// dx (+)= gradient through the norm, dweight [dim] += sum over rows of dy * x * rstd, in row order.
void ck_rmsnorm_backward(
    float *restrict dx, float *restrict dweight, const float *restrict dy, const float *restrict x,
    const float *restrict weight, const float *restrict rstd, size_t rows, size_t dim, bool accumulate_dx);

// ---- Rotary embedding (rope.h) --------------------------------------------------------------------------------------

/// Rotates x [rows, heads, head_dim] in place by the angle of each row's position ("rotate_half": element i pairs with
/// i + head_dim / 2). cos, sin [positions, head_dim / 2]; `inverse` rotates back, which is also the gradient.
void ck_rope(
    float *restrict x, const float *restrict cosines, const float *restrict sines, const int32_t *restrict positions,
    size_t rows, size_t heads, size_t head_dim, size_t row_stride, bool inverse);

// ---- Causal attention of grouped-query heads, one sequence (attention.h, attention_backward.h) ----------------------

#define CK_MAX_HEAD_DIM 256

/// Positions of one page of keys and values.
#define CK_PAGE 64

/// Floats that packed keys (or values) of `capacity` positions take.
size_t ck_packed_keys_size(size_t capacity, size_t kv_heads, size_t head_dim);

/// Writes rows k [rows, kv_heads, head_dim] as positions first ..< first + rows of a packed key store. The store is the
/// key cache of a decoder: it grows in blocks of 16 positions, [block][kv_head][head_dim][16]. Positions never written
/// are never used, whatever they hold.
void ck_pack_keys(
    float *restrict packed, const float *restrict k, size_t first, size_t rows, size_t kv_heads, size_t head_dim,
    size_t k_stride);

/// out[t] = softmax(scale * q[t] * keys[0 ... past + t]) * v, head by head, for t in 0 ..< tokens. q, out [tokens,
/// heads, head_dim]; `keys` packed, past + tokens positions; v rows [past + tokens, kv_heads, head_dim]; lse [heads,
/// tokens] (log-sum-exp of the scaled scores) or NULL. head_dim <= CK_MAX_HEAD_DIM, heads a multiple of kv_heads. A
/// decode step is tokens = 1; its bits equal those of the same position in a whole forward.
void ck_attention_forward(
    float *restrict out, float *restrict lse, const float *restrict q, const float *restrict keys,
    const float *restrict v, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale);

/// ck_attention_forward, to the bit, on keys and values in pages: page i holds the positions CK_PAGE * i ..< CK_PAGE *
/// (i + 1), the keys packed (ck_packed_keys_size(CK_PAGE, ...) floats, position CK_PAGE * i at place 0), the values as
/// CK_PAGE rows of stride v_stride. There are ceil((past + tokens) / CK_PAGE) pages of each; pages of different
/// sequences may be the same memory.
void ck_attention_forward_paged(
    float *restrict out, float *restrict lse, const float *restrict q, const float *const *key_pages,
    const float *const *value_pages, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale);

/// ck_pack_keys into a store of bf16; a number that is one already stays as it is.
void ck_pack_keys_bf16(
    uint16_t *restrict packed, const float *restrict k, size_t first, size_t rows, size_t kv_heads, size_t head_dim,
    size_t k_stride);

/// packed = x, rounded to bf16: rows of values for a page.
void ck_pack_bf16(uint16_t *restrict packed, const float *restrict x, size_t count);

/// ck_attention_forward_paged on pages of bf16; the bits are those of the widened numbers in fp32.
void ck_attention_forward_paged_bf16(
    float *restrict out, float *restrict lse, const float *restrict q, const uint16_t *const *key_pages,
    const uint16_t *const *value_pages, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale);

/// Gradients of ck_attention_forward with past = 0, overwriting dq, dk, dv (same strides as q, k, v; dout as out).
/// `keys` and `values` are k and v packed with ck_pack_keys; k must also be given as rows.
void ck_attention_backward(
    float *restrict dq, float *restrict dk, float *restrict dv, const float *restrict dout, const float *restrict out,
    const float *restrict lse, const float *restrict q, const float *restrict k, const float *restrict keys,
    const float *restrict values, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim, size_t q_stride,
    size_t k_stride, size_t v_stride, size_t out_stride, float scale);

// ---- Gates, sums, rows (elementwise.h, embedding.c) -----------------------------------------------------------------

/// y = silu(gate) * up; gate and up [rows, dim] with stride ld, y with stride ldy.
void ck_swiglu_forward(
    float *restrict y, const float *restrict gate, const float *restrict up, size_t rows, size_t dim, size_t ld,
    size_t ldy);

/// dgate, dup from dy (stride ldy); dgate and dup have stride ld and may be gate and up themselves.
void ck_swiglu_backward(
    float *dgate, float *dup, const float *restrict dy, const float *gate, const float *up, size_t rows, size_t dim,
    size_t ld, size_t ldy);

/// y += x.
void ck_add(float *restrict y, const float *restrict x, size_t count);

/// x *= factor.
void ck_scale(float *x, float factor, size_t count);

/// x becomes the nearest bf16, ties to even; a NaN stays one.
void ck_round_bf16(float *x, size_t count);

/// y = exp(x), at most 2 ulp; +inf above 88.72, 0 below -86.6 (no subnormal results). y may be x.
void ck_exp(float *y, const float *x, size_t count);

/// y = log(x) for x > 0 normal, at most 2 ulp; -inf at 0, NaN below. y may be x.
void ck_log(float *y, const float *x, size_t count);

/// out[row] = table[ids[row]]; ids must lie in the table.
void ck_embedding_gather(
    float *restrict out, const float *restrict table, const int32_t *restrict ids, size_t rows, size_t dim);

/// dtable[ids[row]] += dout[row], in row order.
void ck_embedding_scatter_add(
    float *restrict dtable, const float *restrict dout, const int32_t *restrict ids, size_t rows, size_t dim);

// ---- Softmax over the vocabulary (softmax.h) ------------------------------------------------------------------------
// `temperature_inverse` multiplies the logits first. logp = s * logit[target] - lse has the same bits in all of these.

/// Per row of logits [m, v]: log-probability of its target, entropy, log-sum-exp; each output [m] or NULL.
/// `targets` may be NULL if logp is.
void ck_log_softmax_stats(
    float *restrict logp, float *restrict entropy, float *restrict lse, const float *restrict logits,
    const int32_t *restrict targets, size_t m, size_t v, size_t ld, float temperature_inverse);

/// In place: logits become the gradient of sum over rows of coeff * logp(target) + entropy_coeff * entropy, that is
/// s * (coeff * (onehot - p) - entropy_coeff * p * (log p + entropy)). entropy_coeff and entropy may be NULL together.
/// The columns may be a part of the vocabulary, with targets counted from its first; one outside it has no column here.
void ck_log_softmax_backward(
    float *restrict logits, const int32_t *restrict targets, const float *restrict coeff,
    const float *restrict entropy_coeff, const float *restrict lse, const float *restrict entropy, size_t m, size_t v,
    size_t ld, float temperature_inverse);

/// The greatest of `count` logits; -inf if there is none.
float ck_max(const float *x, size_t count);

/// out[i] = s * logits[i] - lse for one row; out may be logits. Returns lse.
float ck_log_softmax_row(float *out, const float *logits, size_t v, float temperature_inverse);

// ---- Optimiser (elementwise.h) --------------------------------------------------------------------------------------

/// One AdamW step with PyTorch's semantics (decoupled decay, bias correction by `step` >= 1, eps outside the root).
/// The gradient is first multiplied by `grad_scale` (clipping); it is not written.
void ck_adamw(
    float *restrict param, float *restrict m, float *restrict v, const float *restrict grad, size_t count, float lr,
    float beta1, float beta2, float eps, float weight_decay, uint64_t step, float grad_scale);

/// Sum of squares in double precision, fixed order.
double ck_sum_of_squares(const float *x, size_t count);

#include "CKernelsChoice.h"
#include "CKernelsReference.h"

#endif
