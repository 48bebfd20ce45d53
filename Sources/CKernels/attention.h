// Causal attention forward, whole sequences and decode steps alike, at one level. Included once per level file.
//
// An item is one query row of one head; the items of a kv head, in order of position, go through in tiles of up to
// CK_ATTENTION_ROWS. Each item runs an online softmax (Milakov & Gimelshein 2018) over spans of CK_SPAN keys from
// position 0. Keys past an item's own position weigh exactly nothing: they change no bit of it, and their values are
// not touched. A span is also a page: keys and values may lie in one piece or in pages of CK_SPAN positions each.

_Static_assert(CK_SPAN == CK_PAGE, "a span of keys must lie in one page");

/// One call's operands; with `key_pages`, keys and v are not used. Pages hold fp32, or bf16 in calls with `half`.
typedef struct {
    float *out, *lse;
    const float *q, *keys, *v;
    const void *const *key_pages, *const *value_pages;
    size_t past, tokens, heads, kv_heads, head_dim, q_stride, v_stride, out_stride;
    float scale;
    bool fetches;
} CK_NAME(attention);

/// The state of one tile of items: what each row attends to, and its softmax so far.
typedef struct {
    _Alignas(64) float rows[CK_ATTENTION_ROWS * CK_MAX_HEAD_DIM];
    float sums[CK_ATTENTION_ROWS * CK_MAX_HEAD_DIM];
    float weights[CK_ATTENTION_ROWS * CK_SPAN];
    vf totals[CK_ATTENTION_ROWS];
    float maxima[CK_ATTENTION_ROWS], shrink[CK_ATTENTION_ROWS];
    size_t lengths[CK_ATTENTION_ROWS];
} CK_NAME(attention_tile);

/// How many of a span's keys row r sees.
CK_INLINE size_t CK_NAME(visible)(const CK_NAME(attention_tile) *tile, size_t r, size_t start) {
    return tile->lengths[r] > start ? CK_MIN(tile->lengths[r] - start, CK_SPAN) : 0;
}

/// The greatest score of one row so far; scores of keys it does not see become -inf.
CK_INLINE float CK_NAME(greatest)(CK_NAME(attention_tile) *tile, size_t r, size_t start, size_t count) {
    float *weights = tile->weights + r * CK_SPAN;
    size_t valid = CK_NAME(visible)(tile, r, start);
    vf greatest = v_all(tile->maxima[r]);
    for (size_t j = 0; j < count; j += CK_WIDTH) {
        vf scores = v_load(weights + j);
        if (j + CK_WIDTH > valid) {
            scores = v_keep(scores, valid > j ? valid - j : 0, -__builtin_inff());
            v_store(weights + j, scores);
        }
        greatest = v_max(scores, greatest);
    }
    return v_max_lane(greatest);
}

/// Scores of all rows in a span become weights e^(s - max); totals and maxima move on.
CK_INLINE void CK_NAME(soften)(CK_NAME(attention_tile) *tile, size_t start, size_t count, const size_t rows) {
    float maxima[CK_ATTENTION_ROWS];
    for (size_t r = 0; r < rows; r++) maxima[r] = CK_NAME(greatest)(tile, r, start, count);
    if (rows > 2) v_store_part(tile->shrink, v_exp(v_load_part(tile->maxima, rows) - v_load_part(maxima, rows)), rows);
    for (size_t r = 0; r < rows; r++) {
        float *weights = tile->weights + r * CK_SPAN;
        if (rows <= 2) tile->shrink[r] = v_exp(v_all(tile->maxima[r] - maxima[r]))[0];
        tile->maxima[r] = maxima[r];
        vf total = tile->totals[r] * v_all(tile->shrink[r]), max = v_all(maxima[r]);
        for (size_t j = 0; j < count; j += CK_WIDTH) {
            vf weight = v_exp(v_load(weights + j) - max);
            v_store(weights + j, weight);
            total += weight;
        }
        tile->totals[r] = total;
    }
}

/// Where a span's keys and values of one kv head start.
CK_INLINE void CK_NAME(find_span)(
    const CK_NAME(attention) *a, size_t kv, size_t start, const void **keys, const void **values, const bool half) {
    size_t offset = kv * a->head_dim;
    if (half || __builtin_expect(a->key_pages != NULL, 0)) {
        *keys = CK_NAME(place)(a->key_pages[start / CK_SPAN], offset * CK_KEY_BLOCK, half);
        *values = CK_NAME(place)(a->value_pages[start / CK_SPAN], offset, half);
    } else {
        *keys = a->keys + start * a->kv_heads * a->head_dim + offset * CK_KEY_BLOCK;
        *values = a->v + start * a->v_stride + offset;
    }
}

/// Fetches a span's values of one kv head, and its keys unless they are read next.
CK_INLINE void CK_NAME(fetch_span)(
    const CK_NAME(attention) *a, size_t kv, size_t start, size_t count, const bool with_keys, const bool half) {
    const void *keys, *values;
    size_t size = half ? sizeof(uint16_t) : sizeof(float), block = CK_KEY_BLOCK * a->head_dim * size;
    CK_NAME(find_span)(a, kv, start, &keys, &values, half);
    for (size_t first = 0; with_keys && first < count; first += CK_KEY_BLOCK) {
        const char *at = (const char *)keys + first * a->kv_heads * a->head_dim * size;
        for (size_t byte = 0; byte < block; byte += 64) __builtin_prefetch(at + byte, 0, 2);
    }
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)values + i * a->v_stride * size;
        for (size_t byte = 0; byte < a->head_dim * size; byte += 64) __builtin_prefetch(at + byte, 0, 2);
    }
}

/// Fetches what is read after the keys of one span: its values if no span came before, and the next span, of this head
/// or of the next one. Not further ahead: what is fetched must survive in L2 however long the sequence is.
CK_INLINE void CK_NAME(fetch_next)(
    const CK_NAME(attention) *a, size_t kv, size_t start, size_t length, const bool half) {
    size_t next = start + CK_SPAN;
    if (kv == 0 && start == 0) CK_NAME(fetch_span)(a, kv, start, CK_MIN(length, CK_SPAN), false, half);
    if (next < length) {
        CK_NAME(fetch_span)(a, kv, next, CK_MIN(length - next, CK_SPAN), true, half);
    } else if (kv + 1 < a->kv_heads) {
        CK_NAME(fetch_span)(a, kv + 1, 0, CK_MIN(length, CK_SPAN), true, half);
    }
}

/// One span for all rows of the tile. Keys that every row sees go through the tile product, the few others row by row.
CK_INLINE void CK_NAME(attend_span)(
    const CK_NAME(attention) *a, CK_NAME(attention_tile) *tile, size_t kv, size_t start, const size_t rows,
    const bool half) {
    size_t width = a->kv_heads * a->head_dim, dim = a->head_dim;
    const void *keys, *values;
    CK_NAME(find_span)(a, kv, start, &keys, &values, half);
    size_t count = CK_MIN(tile->lengths[rows - 1] - start, CK_SPAN);
    size_t common = CK_NAME(visible)(tile, 0, start);
    if (a->fetches) CK_NAME(fetch_next)(a, kv, start, tile->lengths[rows - 1], half);
    CK_NAME(score)(tile->weights, tile->rows, keys, half, CK_KEY_BLOCK * width, dim, count, rows);
    CK_NAME(soften)(tile, start, count, rows);
    CK_NAME(weights) w = {tile->weights, 1, CK_SPAN};
    CK_NAME(weigh)(tile->sums, CK_MAX_HEAD_DIM, tile->shrink, values, half, a->v_stride, common, w, dim, rows);
    for (size_t r = 1; r < rows; r++) {
        size_t end = CK_NAME(visible)(tile, r, start);
        if (end <= common) continue;
        CK_NAME(weights) rest = {tile->weights + r * CK_SPAN + common, 1, CK_SPAN};
        CK_NAME(weigh)(
            tile->sums + r * CK_MAX_HEAD_DIM, CK_MAX_HEAD_DIM, NULL,
            CK_NAME(place)(values, common * a->v_stride, half), half, a->v_stride, end - common, rest, dim, 1);
    }
}

/// Scales a row's queries into the tile; a row past `count` repeats the last item, and is not written.
CK_INLINE void CK_NAME(attention_load)(
    const CK_NAME(attention) *a, CK_NAME(attention_tile) *tile, size_t kv, size_t item, size_t r, const size_t rows) {
    size_t group = a->heads / a->kv_heads, token = item / group, head = kv * group + item % group;
    const float *q = a->q + token * a->q_stride + head * a->head_dim;
#pragma clang loop vectorize(disable)
    for (size_t d = 0; d < a->head_dim; d++) tile->rows[d * rows + r] = q[d] * a->scale;
    memset(tile->sums + r * CK_MAX_HEAD_DIM, 0, a->head_dim * sizeof(float));
    tile->totals[r] = v_all(0);
    tile->maxima[r] = -__builtin_inff();
    tile->lengths[r] = a->past + token + 1;
}

CK_INLINE void CK_NAME(attention_store)(
    const CK_NAME(attention) *a, CK_NAME(attention_tile) *tile, size_t kv, size_t item, size_t r) {
    size_t group = a->heads / a->kv_heads, token = item / group, head = kv * group + item % group;
    float *out = a->out + token * a->out_stride + head * a->head_dim;
    float total = v_sum(tile->totals[r]);
    vf inverse = v_all(1 / total);
    for (size_t d = 0; d < a->head_dim; d += CK_WIDTH) {
        size_t left = CK_MIN(a->head_dim - d, CK_WIDTH);
        v_store_part(out + d, v_load_part(tile->sums + r * CK_MAX_HEAD_DIM + d, left) * inverse, left);
    }
    if (a->lse) a->lse[head * a->tokens + token] = tile->maxima[r] + v_log_one(total);
}

CK_INLINE void CK_NAME(attend)(
    const CK_NAME(attention) *a, size_t kv, size_t first, size_t count, const size_t rows, const bool half) {
    CK_NAME(attention_tile) tile;
    for (size_t r = 0; r < rows; r++) CK_NAME(attention_load)(a, &tile, kv, first + CK_MIN(r, count - 1), r, rows);
    for (size_t start = 0; start < tile.lengths[rows - 1]; start += CK_SPAN) {
        CK_NAME(attend_span)(a, &tile, kv, start, rows, half);
    }
    for (size_t r = 0; r < count; r++) CK_NAME(attention_store)(a, &tile, kv, first + r, r);
}

#define CK_ATTEND(rows)                                                                                        \
    static void CK_NAME(attend_##rows)(const CK_NAME(attention) *a, size_t kv, size_t first, size_t count) {   \
        CK_NAME(attend)(a, kv, first, count, rows, false);                                                     \
    }                                                                                                          \
    static void CK_NAME(attend_half_##rows)(                                                                   \
        const CK_NAME(attention) *a, size_t kv, size_t first, size_t count) {                                  \
        CK_NAME(attend)(a, kv, first, count, rows, true);                                                      \
    }

CK_ATTEND(1)
CK_ATTEND(2)
CK_ATTEND(4)
#if CK_TILE_LIMIT > 6
CK_ATTEND(8)
#endif

/// All items of all heads, in tiles of up to CK_ATTENTION_ROWS.
CK_INLINE void CK_NAME(attend_all)(CK_NAME(attention) *a, const bool half) {
    size_t items = a->tokens * (a->heads / a->kv_heads);
    // A decode step reads each number once, from rows far apart and mostly beyond L2: it waits unless they are fetched.
    a->fetches = items <= CK_ATTENTION_ROWS;
    for (size_t kv = 0; kv < a->kv_heads; kv++) {
        for (size_t first = 0; first < items; first += CK_ATTENTION_ROWS) {
            size_t count = CK_MIN(items - first, CK_ATTENTION_ROWS);
            if (count == 1) {
                (half ? CK_NAME(attend_half_1) : CK_NAME(attend_1))(a, kv, first, count);
            } else if (count == 2) {
                (half ? CK_NAME(attend_half_2) : CK_NAME(attend_2))(a, kv, first, count);
            } else if (count <= 4) {
                (half ? CK_NAME(attend_half_4) : CK_NAME(attend_4))(a, kv, first, count);
            } else {
#if CK_TILE_LIMIT > 6
                (half ? CK_NAME(attend_half_8) : CK_NAME(attend_8))(a, kv, first, count);
#endif
            }
        }
    }
}

static void CK_NAME(attention_forward)(
    float *restrict out, float *restrict lse, const float *restrict q, const float *restrict keys,
    const float *restrict v, size_t past, size_t tokens, size_t heads, size_t kv_heads, size_t head_dim,
    size_t q_stride, size_t v_stride, size_t out_stride, float scale) {
    CK_NAME(attention) a = {out,    lse,   q,        keys,     v,        NULL,     NULL,       past,
                            tokens, heads, kv_heads, head_dim, q_stride, v_stride, out_stride, scale, false};
    CK_NAME(attend_all)(&a, false);
}

#define CK_ATTENTION_PAGED(name, number, half)                                                                 \
    static void CK_NAME(name)(                                                                                 \
        float *restrict out, float *restrict lse, const float *restrict q, const number *const *key_pages,     \
        const number *const *value_pages, size_t past, size_t tokens, size_t heads, size_t kv_heads,           \
        size_t head_dim, size_t q_stride, size_t v_stride, size_t out_stride, float scale) {                   \
        CK_NAME(attention) a = {out, lse, q, NULL, NULL, (const void *const *)key_pages,                       \
                                (const void *const *)value_pages, past, tokens, heads, kv_heads, head_dim,     \
                                q_stride, v_stride, out_stride, scale, false};                                 \
        CK_NAME(attend_all)(&a, half);                                                                         \
    }

CK_ATTENTION_PAGED(attention_forward_paged, float, false)
CK_ATTENTION_PAGED(attention_forward_paged_bf16, uint16_t, true)
