// dw (+)= dy^T * x with AVX512-BF16: as matmul_tn.h, on pairs of rows. Rows are summed in blocks of CK_TN_ROWS from row
// 0, each block one chain over its pairs (an odd last row paired with zero), the block sums added in order.

#define CK_TN_ROWS ((size_t)256)
#define CK_TN_COLUMNS ((size_t)256)

/// The bf16 pairs of one vector of columns of two rows.
CK_INLINE __m512i pair_rows(vf first, vf second) {
    static const uint16_t lanes[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
    return _mm512_permutexvar_epi16(_mm512_loadu_si512(lanes), both);
}

/// Packs `columns` columns of `count` rows of x as pairs of rows: pair i of vector v of panel g is at panels +
/// (g * CK_TN_ROWS / 2 + i) * 2 * CK_WIDTH * vectors + 2 * CK_WIDTH * v; zeros past the last column.
CK_INLINE void pack_pairs(
    uint16_t *panels, const float *x, size_t count, size_t columns, size_t ldx, const size_t vectors) {
    size_t width = vectors * CK_WIDTH;
    for (size_t base = 0; base < columns; base += width, panels += CK_TN_ROWS * width) {
        for (size_t i = 0; i < count; i += 2) {
            const float *first = x + i * ldx + base;
            for (size_t v = 0; v < vectors; v++) {
                size_t at = base + v * CK_WIDTH, left = at < columns ? CK_MIN(columns - at, CK_WIDTH) : 0;
                vf a = left ? v_load_part(first + v * CK_WIDTH, left) : v_all(0);
                vf b = left && i + 1 < count ? v_load_part(first + ldx + v * CK_WIDTH, left) : v_all(0);
                _mm512_store_si512(panels + i * width + 2 * v * CK_WIDTH, pair_rows(a, b));
            }
        }
    }
}

/// Sums of `rows` outputs x one column group over the pairs of one block.
CK_INLINE void bf16_tn_tile(
    float *dw, const uint32_t *dy, const uint16_t *x, size_t pairs, size_t width, size_t lddw, bool accumulate,
    const size_t rows) {
    vf sums[16][2];
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        sums[r][0] = sums[r][1] = v_all(0);
        __builtin_prefetch(dw + r * lddw, 1);
        __builtin_prefetch(dw + r * lddw + CK_WIDTH, 1);
    }
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < pairs; i++, x += 2 * CK_GROUP, dy += CK_WIDTH) {
        __m512i left = _mm512_load_si512(x), right = _mm512_load_si512(x + CK_GROUP);
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            sums[r][0] = dot_pairs(sums[r][0], dy[r], left);
            sums[r][1] = dot_pairs(sums[r][1], dy[r], right);
        }
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < 2; v++) {
            size_t left = width > v * CK_WIDTH ? CK_MIN(width - v * CK_WIDTH, CK_WIDTH) : 0;
            float *to = dw + r * lddw + v * CK_WIDTH;
            if (left > 0) v_store_part(to, accumulate ? v_load_part(to, left) + sums[r][v] : sums[r][v], left);
        }
    }
}

#define CK_TN_TILE(rows)                                                                                        \
    static void bf16_tn_tile_##rows(                                                                            \
        float *dw, const uint32_t *dy, const uint16_t *x, size_t pairs, size_t width, size_t lddw, bool add) {  \
        bf16_tn_tile(dw, dy, x, pairs, width, lddw, add, rows);                                                 \
    }
#define CK_EACH_TN_TILE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define CK_TN_ENTRY(rows) [rows] = bf16_tn_tile_##rows,

CK_EACH_TN_TILE(CK_TN_TILE)

static void (*const bf16_tn_tiles[CK_TILE_ROWS + 1])(
    float *, const uint32_t *, const uint16_t *, size_t, size_t, size_t, bool) = {CK_EACH_TN_TILE(CK_TN_ENTRY)};

static void matmul_tn_bf16(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    _Alignas(64) uint16_t panels[CK_TN_ROWS * CK_TN_COLUMNS], tile[CK_TN_ROWS * CK_WIDTH];
    size_t tiles = (n + CK_TILE_ROWS - 1) / CK_TILE_ROWS;
    if (m == 0 && !accumulate) memset(dw, 0, n * k * sizeof *dw);
    for (size_t start = 0; start < m; start += CK_TN_ROWS) {
        size_t count = CK_MIN(m - start, CK_TN_ROWS);
        for (size_t base = 0; base < k; base += CK_TN_COLUMNS) {
            size_t columns = CK_MIN(k - base, CK_TN_COLUMNS);
            pack_pairs(panels, x + start * ldx + base, count, columns, ldx, 2);
            for (size_t t = 0; t < tiles; t++) {
                size_t first = t * n / tiles, rows = (t + 1) * n / tiles - first;
                pack_pairs(tile, dy + start * lddy + first, count, rows, lddy, 1);
                for (size_t column = 0; column < columns; column += CK_GROUP) {
                    bf16_tn_tiles[rows](
                        dw + first * k + base + column, (const uint32_t *)(const void *)tile,
                        panels + column * CK_TN_ROWS, ck_pairs(count), CK_MIN(columns - column, CK_GROUP), k,
                        accumulate || start > 0);
                }
            }
        }
    }
}
