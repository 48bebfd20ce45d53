// Gradient of causal attention, at one level: spans of CK_SPAN queries against spans of CK_SPAN keys, the weights found
// again from the saved log-sum-exp (Dao et al. 2022, FlashAttention, algorithm 4). Fixed order of sums. Included once
// per level file.

typedef struct {
    float *dq, *dk, *dv;
    const float *dout, *out, *lse, *q, *k, *keys, *values;
    size_t tokens, heads, kv_heads, head_dim, q_stride, k_stride, v_stride, out_stride;
    float scale;
} CK_NAME(attention_gradient);

/// One span of queries of one head: rows packed for the score product, and the weights against one span of keys.
typedef struct {
    _Alignas(64) float rows[CK_SPAN * CK_MAX_HEAD_DIM];
    float slopes_in[CK_SPAN * CK_MAX_HEAD_DIM];
    float weights[CK_SPAN * CK_SPAN];
    float slopes[CK_SPAN * CK_SPAN];
    float lse[CK_SPAN], delta[CK_SPAN];
} CK_NAME(gradient_span);

/// Packs queries (scaled) and output gradients in tiles of CK_ATTENTION_ROWS; delta = dot(dout, out).
static void CK_NAME(gradient_load)(
    const CK_NAME(attention_gradient) *g, CK_NAME(gradient_span) *span, size_t head, size_t first, size_t count) {
    size_t dim = g->head_dim;
    for (size_t r = 0; r < (count + CK_ATTENTION_ROWS - 1) / CK_ATTENTION_ROWS * CK_ATTENTION_ROWS; r++) {
        size_t token = first + CK_MIN(r, count - 1);
        const float *q = g->q + token * g->q_stride + head * dim;
        const float *dout = g->dout + token * g->out_stride + head * dim;
        size_t at = r / CK_ATTENTION_ROWS * CK_ATTENTION_ROWS * dim + r % CK_ATTENTION_ROWS;
#pragma clang loop vectorize(disable)
        for (size_t d = 0; d < dim; d++) {
            span->rows[at + d * CK_ATTENTION_ROWS] = q[d] * g->scale;
            span->slopes_in[at + d * CK_ATTENTION_ROWS] = dout[d];
        }
        span->lse[r] = g->lse[head * g->tokens + token];
        span->delta[r] = CK_NAME(dot)(dout, g->out + token * g->out_stride + head * dim, NULL, dim);
    }
}

/// For one row against one span of keys: scores become weights, products dout * v become slopes of the unscaled scores.
CK_INLINE void CK_NAME(gradient_soften)(
    CK_NAME(gradient_span) *span, size_t r, size_t valid, size_t count, float scale) {
    float *weights = span->weights + r * CK_SPAN, *slopes = span->slopes + r * CK_SPAN;
    for (size_t j = 0; j < count; j += CK_WIDTH) {
        vf weight = v_exp(v_load(weights + j) - v_all(span->lse[r]));
        vf slope = weight * (v_load(slopes + j) - v_all(span->delta[r])) * v_all(scale);
        if (j + CK_WIDTH > valid) {
            size_t kept = valid > j ? valid - j : 0;
            weight = v_keep(weight, kept, 0);
            slope = v_keep(slope, kept, 0);
        }
        v_store(weights + j, weight);
        v_store(slopes + j, slope);
    }
}

/// Adds weighted sums of `count` source rows to out rows 0 ..< outputs, tile by tile; `w` moves along with the outputs.
/// With `causal`, output o needs the sources from o on (`causal` < 0), up to o (`causal` > 0), or all of them (0).
static void CK_NAME(gradient_weigh)(
    float *out, size_t out_stride, const float *source, size_t source_stride, CK_NAME(weights) w, size_t dim,
    size_t outputs, size_t count, int causal) {
    for (size_t o = 0; o < outputs; o += CK_ATTENTION_ROWS) {
        size_t rows = CK_MIN(outputs - o, CK_ATTENTION_ROWS);
        size_t from = causal < 0 ? CK_MIN(o, count) : 0, to = causal > 0 ? CK_MIN(o + rows, count) : count;
        CK_NAME(weights) here = {w.weights + o * w.by_output + from * w.by_source, w.by_source, w.by_output};
        const float *sources = source + from * source_stride;
        float *target = out + o * out_stride;
        if (rows == CK_ATTENTION_ROWS) {
            CK_NAME(weigh)(
                target, out_stride, NULL, sources, false, source_stride, to - from, here, dim, CK_ATTENTION_ROWS);
            continue;
        }
        for (size_t r = 0; r < rows; r++) {
            CK_NAME(weigh)(
                target + r * out_stride, out_stride, NULL, sources, false, source_stride, to - from, here, dim, 1);
            here.weights += here.by_output;
        }
    }
}

/// One span of queries (from `first`) against one span of keys (from `start` <= first), one head.
static void CK_NAME(gradient_block)(
    const CK_NAME(attention_gradient) *g, CK_NAME(gradient_span) *span, size_t head, size_t first, size_t start) {
    size_t dim = g->head_dim, offset = head / (g->heads / g->kv_heads) * dim, width = g->kv_heads * dim;
    size_t queries = CK_MIN(g->tokens - first, CK_SPAN), keys = CK_MIN(g->tokens - start, CK_SPAN);
    size_t at = start * width + offset * CK_KEY_BLOCK, block = CK_KEY_BLOCK * width;
    int diagonal = first == start;
    for (size_t r = 0; r < queries; r += CK_ATTENTION_ROWS) {
        size_t count = diagonal ? CK_MIN(r + CK_ATTENTION_ROWS, keys) : keys;
        float *weights = span->weights + r * CK_SPAN, *slopes = span->slopes + r * CK_SPAN;
        CK_NAME(score)(weights, span->rows + r * dim, g->keys + at, false, block, dim, count, CK_ATTENTION_ROWS);
        CK_NAME(score)(
            slopes, span->slopes_in + r * dim, g->values + at, false, block, dim, count, CK_ATTENTION_ROWS);
        for (size_t i = r; i < r + CK_ATTENTION_ROWS; i++) {
            CK_NAME(gradient_soften)(span, i, diagonal ? CK_MIN(i + 1, keys) : keys, count, g->scale);
        }
    }
    const float *q = g->q + first * g->q_stride + head * dim, *dout = g->dout + first * g->out_stride + head * dim;
    const float *k = g->k + start * g->k_stride + offset;
    CK_NAME(weights) down = {span->slopes, 1, CK_SPAN}, across = {span->slopes, CK_SPAN, 1};
    CK_NAME(gradient_weigh)(
        g->dq + first * g->q_stride + head * dim, g->q_stride, k, g->k_stride, down, dim, queries, keys, diagonal);
    CK_NAME(gradient_weigh)(
        g->dk + start * g->k_stride + offset, g->k_stride, q, g->q_stride, across, dim, keys, queries, -diagonal);
    across.weights = span->weights;
    CK_NAME(gradient_weigh)(
        g->dv + start * g->v_stride + offset, g->v_stride, dout, g->out_stride, across, dim, keys, queries, -diagonal);
}

static void CK_NAME(attention_backward)(
    float *restrict dq, float *restrict dk, float *restrict dv, const float *restrict dout, const float *restrict out,
    const float *restrict lse, const float *restrict q, const float *restrict k, const float *restrict keys,
    const float *restrict values, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim, size_t q_stride,
    size_t k_stride, size_t v_stride, size_t out_stride, float scale) {
    CK_NAME(attention_gradient) g = {
        dq,     dk,    dv,       dout,     out,      lse,      q,        k,          keys, values,
        tokens, heads, kv_heads, head_dim, q_stride, k_stride, v_stride, out_stride, scale};
    CK_NAME(gradient_span) span;
    for (size_t t = 0; t < tokens; t++) {
        memset(dq + t * q_stride, 0, heads * head_dim * sizeof(float));
        memset(dk + t * k_stride, 0, kv_heads * head_dim * sizeof(float));
        memset(dv + t * v_stride, 0, kv_heads * head_dim * sizeof(float));
    }
    for (size_t head = 0; head < heads; head++) {
        for (size_t first = 0; first < tokens; first += CK_SPAN) {
            CK_NAME(gradient_load)(&g, &span, head, first, CK_MIN(tokens - first, CK_SPAN));
            for (size_t start = 0; start <= first; start += CK_SPAN) {
                CK_NAME(gradient_block)(&g, &span, head, first, start);
            }
        }
    }
}
