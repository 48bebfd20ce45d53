// Softmax over the vocabulary, row by row, at one level: statistics, their gradient, log-probabilities for the sampler.
// Included once per level file. All of them find a row's log-sum-exp with the one routine below, so its bits agree.

typedef struct {
    float lse, entropy;
} CK_NAME(row_stats);

/// Sums over one vector: e^d, and d e^d. Masked logits are -inf: e^d is 0 there, and 0 * -inf must count as 0.
CK_INLINE void CK_NAME(add_exponentials)(vf d, vf *sum, vf *moment) {
    vf e = v_exp(d);
    *sum += e;
    *moment = v_fma(d < v_all(-100) ? v_all(0) : d, e, *moment);
}

/// Log-sum-exp and entropy of s * x[0 ..< v]. With d = s * x - max: lse = max + log(sum e^d), H = log(sum e^d) - sum(d
/// e^d) / sum e^d.
CK_INLINE CK_NAME(row_stats) CK_NAME(stats_of)(const float *x, size_t v, float s) {
    const float low = -__builtin_inff();
    vf greatest = v_all(low), scale = v_all(s), last = v_all(low);
    size_t whole = v / CK_WIDTH * CK_WIDTH;
    for (size_t i = 0; i < whole; i += CK_WIDTH) greatest = v_max(v_load(x + i) * scale, greatest);
    if (whole < v) last = v_keep(v_load_part(x + whole, v - whole) * scale, v - whole, low);
    vf max = v_all(v_max_lane(v_max(last, greatest))), sum = v_all(0), moment = v_all(0);
    for (size_t i = 0; i < whole; i += CK_WIDTH) {
        CK_NAME(add_exponentials)(v_load(x + i) * scale - max, &sum, &moment);
    }
    if (whole < v) CK_NAME(add_exponentials)(last - max, &sum, &moment);
    float total = v_sum(sum), logarithm = v_log_one(total);
    CK_NAME(row_stats) stats = {max[0] + logarithm, logarithm - v_sum(moment) / total};
    return stats;
}

static void CK_NAME(log_softmax_stats)(
    float *restrict logp, float *restrict entropy, float *restrict lse, const float *restrict logits,
    const int32_t *restrict targets, size_t m, size_t v, size_t ld, float temperature_inverse) {
    for (size_t row = 0; row < m; row++, logits += ld) {
        CK_NAME(row_stats) stats = CK_NAME(stats_of)(logits, v, temperature_inverse);
        if (logp) logp[row] = temperature_inverse * logits[targets[row]] - stats.lse;
        if (entropy) entropy[row] = stats.entropy;
        if (lse) lse[row] = stats.lse;
    }
}

static float CK_NAME(log_softmax_row)(float *out, const float *logits, size_t v, float temperature_inverse) {
    float lse = CK_NAME(stats_of)(logits, v, temperature_inverse).lse;
    for (size_t i = 0; i < v; i += CK_WIDTH) {
        size_t left = CK_MIN(v - i, CK_WIDTH);
        v_store_part(out + i, v_load_part(logits + i, left) * v_all(temperature_inverse) - v_all(lse), left);
    }
    return lse;
}

static void CK_NAME(log_softmax_backward)(
    float *restrict logits, const int32_t *restrict targets, const float *restrict coeff,
    const float *restrict entropy_coeff, const float *restrict lse, const float *restrict entropy, size_t m, size_t v,
    size_t ld, float temperature_inverse) {
    for (size_t row = 0; row < m; row++, logits += ld) {
        float scaled = temperature_inverse * coeff[row];
        float bonus = entropy_coeff ? temperature_inverse * entropy_coeff[row] : 0;
        // d = -p * (scaled + bonus * (log p + H)); log p is bounded so that p = 0 gives 0.
        vf base = v_all(entropy_coeff ? scaled + bonus * entropy[row] : scaled);
        for (size_t i = 0; i < v; i += CK_WIDTH) {
            size_t left = CK_MIN(v - i, CK_WIDTH);
            vf log_p = v_load_part(logits + i, left) * v_all(temperature_inverse) - v_all(lse[row]);
            vf bounded = log_p < v_all(-100) ? v_all(-100) : log_p;
            v_store_part(logits + i, -(v_exp(log_p) * v_fma(bounded, v_all(bonus), base)), left);
        }
        if (targets[row] >= 0 && (size_t)targets[row] < v) logits[targets[row]] += scaled;
    }
}
