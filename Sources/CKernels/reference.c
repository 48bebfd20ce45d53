// Slow, obvious versions of the products, norms, gates and softmax, in double precision: the oracle of the tests.
// Attention has its own file, attention_reference.c.
#include <math.h>

#include "CKernels.h"

static void store(float *y, double value, bool accumulate) { *y = accumulate ? (float)(*y + value) : (float)value; }

void ck_matmul_nt_reference(
    float *y, const float *x, const float *w, size_t m, size_t n, size_t k, bool accumulate, size_t ldx, size_t ldy) {
    for (size_t row = 0; row < m; row++) {
        for (size_t column = 0; column < n; column++) {
            double sum = 0;
            for (size_t i = 0; i < k; i++) sum += (double)x[row * ldx + i] * w[column * k + i];
            store(y + row * ldy + column, sum, accumulate);
        }
    }
}

void ck_matmul_nn_reference(
    float *dx, const float *dy, const float *w, size_t m, size_t n, size_t k, bool accumulate, size_t lddy,
    size_t lddx) {
    for (size_t row = 0; row < m; row++) {
        for (size_t column = 0; column < k; column++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) sum += (double)dy[row * lddy + i] * w[i * k + column];
            store(dx + row * lddx + column, sum, accumulate);
        }
    }
}

void ck_matmul_tn_reference(
    float *dw, const float *dy, const float *x, size_t m, size_t n, size_t k, bool accumulate, size_t lddy,
    size_t ldx) {
    for (size_t row = 0; row < n; row++) {
        for (size_t column = 0; column < k; column++) {
            double sum = 0;
            for (size_t i = 0; i < m; i++) sum += (double)dy[i * lddy + row] * x[i * ldx + column];
            store(dw + row * k + column, sum, accumulate);
        }
    }
}

void ck_round_to_bf16_reference(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        union {
            float value;
            uint32_t bits;
        } low = {x[i]}, high;
        if (x[i] != x[i]) continue;
        low.bits &= 0xffff0000;
        high.bits = low.bits + 0x10000;
        double below = fabs((double)x[i] - low.value), above = fabs((double)high.value - x[i]);
        if (isinf(high.value) && !isinf(low.value)) above = fabs(ldexp(1, 128) - fabs((double)x[i]));
        int up = above < below || (above == below && low.bits >> 16 & 1);
        x[i] = below != 0 && up ? high.value : low.value;
    }
}

void ck_rmsnorm_forward_reference(
    float *y, float *rstd, const float *x, const float *weight, size_t rows, size_t dim, float eps) {
    for (size_t row = 0; row < rows; row++, x += dim, y += dim) {
        double sum = 0;
        for (size_t i = 0; i < dim; i++) sum += (double)x[i] * x[i];
        double scale = 1 / sqrt(sum / (double)dim + eps);
        for (size_t i = 0; i < dim; i++) y[i] = (float)(x[i] * scale * weight[i]);
        if (rstd) rstd[row] = (float)scale;
    }
}

void ck_rmsnorm_backward_reference(
    float *dx, float *dweight, const float *dy, const float *x, const float *weight, const float *rstd, size_t rows,
    size_t dim, bool accumulate_dx) {
    for (size_t row = 0; row < rows; row++, x += dim, dy += dim, dx += dim) {
        double dot = 0, r = rstd[row];
        for (size_t i = 0; i < dim; i++) dot += (double)dy[i] * weight[i] * x[i];
        for (size_t i = 0; i < dim; i++) {
            store(dx + i, r * dy[i] * weight[i] - r * r * r * dot / (double)dim * x[i], accumulate_dx);
            dweight[i] += (float)(r * dy[i] * x[i]);
        }
    }
}

void ck_rope_reference(
    float *x, const float *cosines, const float *sines, const int32_t *positions, size_t rows, size_t heads,
    size_t head_dim, size_t row_stride, bool inverse) {
    size_t half = head_dim / 2;
    for (size_t row = 0; row < rows; row++) {
        const float *c = cosines + (size_t)positions[row] * half, *s = sines + (size_t)positions[row] * half;
        for (size_t head = 0; head < heads; head++) {
            float *v = x + row * row_stride + head * head_dim;
            for (size_t i = 0; i < half; i++) {
                double a = v[i], b = v[i + half], sine = inverse ? -s[i] : s[i];
                v[i] = (float)(a * c[i] - b * sine);
                v[i + half] = (float)(b * c[i] + a * sine);
            }
        }
    }
}

void ck_swiglu_forward_reference(float *y, const float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = (float)(gate[i] / (1 + exp(-(double)gate[i])) * up[i]);
}

void ck_swiglu_backward_reference(
    float *dgate, float *dup, const float *dy, const float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double g = gate[i], u = up[i], sigmoid = 1 / (1 + exp(-g));
        dgate[i] = (float)(dy[i] * u * sigmoid * (1 + g * (1 - sigmoid)));
        dup[i] = (float)(dy[i] * g * sigmoid);
    }
}

static double row_lse(const float *logits, size_t v, double s) {
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < v; i++) max = fmax(max, s * logits[i]);
    for (size_t i = 0; i < v; i++) sum += exp(s * logits[i] - max);
    return max + log(sum);
}

static double row_entropy(const float *logits, size_t v, double s, double lse) {
    double sum = 0;
    for (size_t i = 0; i < v; i++) sum += exp(s * logits[i] - lse) * (lse - s * logits[i]);
    return sum;
}

void ck_log_softmax_stats_reference(
    float *logp, float *entropy, float *lse, const float *logits, const int32_t *targets, size_t m, size_t v,
    float temperature_inverse) {
    double s = temperature_inverse;
    for (size_t row = 0; row < m; row++, logits += v) {
        double total = row_lse(logits, v, s);
        lse[row] = (float)total;
        logp[row] = (float)(s * logits[targets[row]] - total);
        entropy[row] = (float)row_entropy(logits, v, s, total);
    }
}

void ck_log_softmax_backward_reference(
    float *dlogits, const float *logits, const int32_t *targets, const float *coeff, const float *entropy_coeff,
    size_t m, size_t v, float temperature_inverse) {
    double s = temperature_inverse;
    for (size_t row = 0; row < m; row++, logits += v, dlogits += v) {
        double total = row_lse(logits, v, s), entropy = row_entropy(logits, v, s, total);
        double bonus = entropy_coeff ? entropy_coeff[row] : 0;
        for (size_t i = 0; i < v; i++) {
            double log_p = s * logits[i] - total, p = exp(log_p), hot = (int32_t)i == targets[row] ? 1 : 0;
            dlogits[i] = (float)(s * (coeff[row] * (hot - p) - bonus * p * (log_p + entropy)));
        }
    }
}

void ck_adamw_reference(
    float *param, float *m, float *v, const float *grad, size_t count, float lr, float beta1, float beta2, float eps,
    float weight_decay, uint64_t step, float grad_scale) {
    double correction1 = 1 - pow(beta1, (double)step), correction2 = 1 - pow(beta2, (double)step);
    for (size_t i = 0; i < count; i++) {
        double g = (double)grad[i] * grad_scale;
        double first = beta1 * (double)m[i] + (1 - (double)beta1) * g;
        double second = beta2 * (double)v[i] + (1 - (double)beta2) * g * g;
        double decayed = param[i] * (1 - (double)lr * weight_decay);
        param[i] = (float)(decayed - lr / correction1 * first / (sqrt(second / correction2) + eps));
        m[i] = (float)first;
        v[i] = (float)second;
    }
}
