// The two products inside attention, on tiles that fit in registers, at one level: scores of some rows against packed
// keys, and weighted sums of rows. Forward and backward share them. Included once per level file.
//
// CK_SPAN keys are handled at a time, from position 0 on. A score is one chain over head_dim; a weighted sum is one
// chain over the span's keys in order. Neither depends on which other rows share the tile.

#define CK_SPAN ((size_t)64)

/// Where number `index` lies from `p` on: numbers are fp32, or bf16 if `half`. Arithmetic is the same for both.
CK_INLINE const void *CK_NAME(place)(const void *p, size_t index, const bool half) {
    return half ? (const void *)((const uint16_t *)p + index) : (const void *)((const float *)p + index);
}

/// The first `count` lanes from number `index` on.
CK_INLINE vf CK_NAME(take)(const void *p, size_t index, size_t count, const bool half) {
    return half ? v_load_bf16((const uint16_t *)p + index, count) : v_load_part((const float *)p + index, count);
}

/// scores[r][j] = sum over d of rows_packed[d][r] * key j, for the first `vectors` * CK_WIDTH keys of a span.
CK_INLINE void CK_NAME(score_vectors)(
    float *scores, const float *rows_packed, const void *keys, const bool half, size_t block_stride, size_t dim,
    size_t start, const size_t rows, const size_t vectors) {
    vf sums[8][4];
    const void *at[4];
    CK_UNROLL for (size_t v = 0; v < vectors; v++) {
        size_t key = (start + v) * CK_WIDTH;
        at[v] = CK_NAME(place)(keys, key / CK_KEY_BLOCK * block_stride + key % CK_KEY_BLOCK, half);
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < vectors; v++) sums[r][v] = v_all(0);
    }
#pragma clang loop unroll(disable)
    for (size_t d = 0; d < dim; d++) {
        vf key[4];
        CK_UNROLL for (size_t v = 0; v < vectors; v++) {
            key[v] = CK_NAME(take)(at[v], d * CK_KEY_BLOCK, CK_WIDTH, half);
        }
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            vf value = v_all(rows_packed[d * rows + r]);
            CK_UNROLL for (size_t v = 0; v < vectors; v++) sums[r][v] = v_fma(value, key[v], sums[r][v]);
        }
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        float *to = scores + r * CK_SPAN + start * CK_WIDTH;
        CK_UNROLL for (size_t v = 0; v < vectors; v++) v_store(to + v * CK_WIDTH, sums[r][v]);
    }
}

/// The scores of `rows` rows against the first `count` keys of a span, rounded up to whole vectors.
CK_INLINE void CK_NAME(score)(
    float *scores, const float *rows_packed, const void *keys, const bool half, size_t block_stride, size_t dim,
    size_t count, const size_t rows) {
    size_t vectors = (count + CK_WIDTH - 1) / CK_WIDTH, v = 0;
    for (; rows <= 4 && CK_WIDTH == 16 && v + 4 <= vectors; v += 4) {
        CK_NAME(score_vectors)(scores, rows_packed, keys, half, block_stride, dim, v, rows, 4);
    }
    // A remainder of three in one go: two and one would leave a short chain waiting for itself.
    for (; CK_WIDTH == 16 && v + 3 == vectors; v += 3) {
        CK_NAME(score_vectors)(scores, rows_packed, keys, half, block_stride, dim, v, rows, 3);
    }
    for (; v + 2 <= vectors; v += 2) {
        CK_NAME(score_vectors)(scores, rows_packed, keys, half, block_stride, dim, v, rows, 2);
    }
    for (; v < vectors; v++) CK_NAME(score_vectors)(scores, rows_packed, keys, half, block_stride, dim, v, rows, 1);
}

/// Where the weight of source i for output r lies: weights[i * by_source + r * by_output].
typedef struct {
    const float *weights;
    size_t by_source, by_output;
} CK_NAME(weights);

/// out[r] = out[r] * shrink[r] + sum over i of weight(i, r) * source[i], `left` columns (at most two vectors) of them.
CK_INLINE void CK_NAME(weigh_columns)(
    float *out, size_t out_stride, const float *shrink, const void *source, const bool half, size_t source_stride,
    size_t count, CK_NAME(weights) w, const size_t rows, const bool whole, size_t left) {
    size_t first = whole ? CK_WIDTH : CK_MIN(left, CK_WIDTH), second = whole ? CK_WIDTH : left - first;
    vf sums[8][2];
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        vf factor = v_all(shrink ? shrink[r] : 1);
        sums[r][0] = v_load_part(out + r * out_stride, first) * factor;
        sums[r][1] = second ? v_load_part(out + r * out_stride + CK_WIDTH, second) * factor : v_all(0);
    }
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < count; i++) {
        vf a = CK_NAME(take)(source, i * source_stride, first, half);
        vf b = second ? CK_NAME(take)(source, i * source_stride + CK_WIDTH, second, half) : v_all(0);
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            vf value = v_all(w.weights[i * w.by_source + r * w.by_output]);
            sums[r][0] = v_fma(value, a, sums[r][0]);
            sums[r][1] = v_fma(value, b, sums[r][1]);
        }
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        v_store_part(out + r * out_stride, sums[r][0], first);
        if (second) v_store_part(out + r * out_stride + CK_WIDTH, sums[r][1], second);
    }
}

/// weigh_columns over all `dim` columns.
CK_INLINE void CK_NAME(weigh)(
    float *out, size_t out_stride, const float *shrink, const void *source, const bool half, size_t source_stride,
    size_t count, CK_NAME(weights) w, size_t dim, const size_t rows) {
    size_t column = 0;
    for (; column + 2 * CK_WIDTH <= dim; column += 2 * CK_WIDTH) {
        CK_NAME(weigh_columns)(
            out + column, out_stride, shrink, CK_NAME(place)(source, column, half), half, source_stride, count, w, rows,
            true, 0);
    }
    if (column < dim) {
        CK_NAME(weigh_columns)(
            out + column, out_stride, shrink, CK_NAME(place)(source, column, half), half, source_stride, count, w, rows,
            false, dim - column);
    }
}
