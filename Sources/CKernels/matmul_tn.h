// dw (+)= dy^T * x, at one level: the weight gradient. The m rows are summed in blocks of CK_TN_ROWS from row 0, each
// block one chain of fused products per output, the block sums added in order: fixed for a given m. Included once per
// level file.

#define CK_TN_ROWS ((size_t)128)
#define CK_TN_COLUMNS ((size_t)128)
#define CK_TN_STRIDE ((size_t)16)

/// Sums of `rows` outputs x one column group over the rows of one block; `x` is a packed panel of
/// stride CK_GROUP, `dy` packed rows of stride CK_TN_STRIDE.
CK_INLINE void CK_NAME(tn_tile)(
    float *dw, const float *dy, const float *x, size_t count, size_t width, size_t lddw, bool accumulate,
    const size_t rows) {
    vf sums[16][2];
    CK_UNROLL for (size_t r = 0; r < rows; r++) sums[r][0] = sums[r][1] = v_all(0);
    CK_UNROLL for (size_t r = 0; r < rows; r++) CK_NAME(expect)(dw + r * lddw);
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < count; i++) {
        vf left = v_load(x), right = v_load(x + CK_WIDTH);
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            vf value = v_all(dy[r]);
            sums[r][0] = v_fma(value, left, sums[r][0]);
            sums[r][1] = v_fma(value, right, sums[r][1]);
        }
        x += CK_GROUP;
        dy += CK_TN_STRIDE;
    }
    size_t first = CK_MIN(width, CK_WIDTH);
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_NAME(put)(dw + r * lddw, sums[r][0], first, accumulate);
        CK_NAME(put)(dw + r * lddw + CK_WIDTH, sums[r][1], width - first, accumulate);
    }
}

typedef void (*CK_NAME(tn_function))(
    float *, const float *, const float *, size_t, size_t, size_t, bool);

#define CK_TN_TILE(rows)                                                                                      \
    static void CK_NAME(tn_tile_##rows)(                                                                      \
        float *dw, const float *dy, const float *x, size_t count, size_t width, size_t lddw,                  \
        bool accumulate) {                                                                                    \
        CK_NAME(tn_tile)(dw, dy, x, count, width, lddw, accumulate, rows);                              \
    }

CK_TN_TILE(1)
CK_TN_TILE(2)
CK_TN_TILE(3)
CK_TN_TILE(4)
CK_TN_TILE(5)
CK_TN_TILE(6)
#if CK_TILE_LIMIT > 6
CK_TN_TILE(7)
CK_TN_TILE(8)
CK_TN_TILE(9)
CK_TN_TILE(10)
CK_TN_TILE(11)
CK_TN_TILE(12)
CK_TN_TILE(13)
CK_TN_TILE(14)
#endif

/// The tile functions by rows, from 1.
static const CK_NAME(tn_function) CK_NAME(tn_tiles)[CK_TILE_ROWS + 1] = {
    NULL,
    CK_NAME(tn_tile_1),
    CK_NAME(tn_tile_2),
    CK_NAME(tn_tile_3),
    CK_NAME(tn_tile_4),
    CK_NAME(tn_tile_5),
    CK_NAME(tn_tile_6),
#if CK_TILE_LIMIT > 6
    CK_NAME(tn_tile_7),
    CK_NAME(tn_tile_8),
    CK_NAME(tn_tile_9),
    CK_NAME(tn_tile_10),
    CK_NAME(tn_tile_11),
    CK_NAME(tn_tile_12),
    CK_NAME(tn_tile_13),
    CK_NAME(tn_tile_14),
#endif
};

/// Copies columns of a block of x to dense panels of CK_GROUP columns each, zeros past `width`.
static void CK_NAME(tn_pack)(float *panels, const float *x, size_t count, size_t width, size_t ldx) {
    for (size_t column = 0; column < width; column += CK_WIDTH) {
        float *panel = panels + column / CK_GROUP * CK_GROUP * CK_TN_ROWS + column % CK_GROUP;
        size_t left = CK_MIN(width - column, CK_WIDTH);
        for (size_t i = 0; i < count; i++) {
            v_store(panel + i * CK_GROUP, v_load_part(x + i * ldx + column, left));
            if (left == width - column && column % CK_GROUP == 0) v_store(panel + i * CK_GROUP + CK_WIDTH, v_all(0));
        }
    }
}

/// Copies a few columns of a block of dy to rows of CK_TN_STRIDE.
static void CK_NAME(tn_pack_rows)(float *packed, const float *dy, size_t count, size_t rows, size_t lddy) {
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(dy + i * lddy + rows + CK_TN_STRIDE);  // for the tile after this one
        for (size_t r = 0; r < rows; r += CK_WIDTH) {
            size_t left = CK_MIN(rows - r, CK_WIDTH);
            v_store_part(packed + i * CK_TN_STRIDE + r, v_load_part(dy + i * lddy + r, left), left);
        }
    }
}

static void CK_NAME(matmul_tn)(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    _Alignas(64) float panels[CK_TN_ROWS * CK_TN_COLUMNS];
    _Alignas(64) float tile[CK_TN_ROWS * CK_TN_STRIDE];
    size_t tiles = (n + CK_TILE_ROWS - 1) / CK_TILE_ROWS;
    if (m == 0 && !accumulate) memset(dw, 0, n * k * sizeof(float));
    for (size_t start = 0; start < m; start += CK_TN_ROWS) {
        size_t count = CK_MIN(m - start, CK_TN_ROWS);
        for (size_t base = 0; base < k; base += CK_TN_COLUMNS) {
            size_t columns = CK_MIN(k - base, CK_TN_COLUMNS);
            CK_NAME(tn_pack)(panels, x + start * ldx + base, count, columns, ldx);
            for (size_t t = 0; t < tiles; t++) {
                size_t first = t * n / tiles, rows = (t + 1) * n / tiles - first;
                CK_NAME(tn_pack_rows)(tile, dy + start * lddy + first, count, rows, lddy);
                for (size_t column = 0; column < columns; column += CK_GROUP) {
                    CK_NAME(tn_tiles)[rows](
                        dw + first * k + base + column, tile, panels + column * CK_TN_ROWS, count,
                        CK_MIN(columns - column, CK_GROUP), k, accumulate || start > 0);
                }
            }
        }
    }
}
