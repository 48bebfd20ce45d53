// dw (+)= dy^T * x, at one level: the weight gradient. The m rows are summed in blocks of CK_TN_ROWS from row 0, each block
// one chain of fused products per output, the block sums added in order: fixed for a given m. Included once per level file.

#define CK_TN_ROWS ((size_t)256)

/// Sums of `rows` outputs x one column group over the rows of one block; `x` is a packed panel of stride CK_GROUP.
CK_INLINE void CK_NAME(tn_tile)(
    float *dw, const float *dy, const float *x, size_t count, size_t width, size_t lddw, size_t lddy, bool accumulate,
    const size_t rows) {
    vf sums[16][2];
    CK_UNROLL for (size_t r = 0; r < rows; r++) sums[r][0] = sums[r][1] = v_all(0);
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < count; i++) {
        vf left = v_load(x), right = v_load(x + CK_WIDTH);
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            vf value = v_all(dy[r]);
            sums[r][0] = v_fma(value, left, sums[r][0]);
            sums[r][1] = v_fma(value, right, sums[r][1]);
        }
        x += CK_GROUP;
        dy += lddy;
    }
    size_t first = CK_MIN(width, CK_WIDTH);
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_NAME(put)(dw + r * lddw, sums[r][0], first, accumulate);
        CK_NAME(put)(dw + r * lddw + CK_WIDTH, sums[r][1], width - first, accumulate);
    }
}

typedef void (*CK_NAME(tn_function))(
    float *, const float *, const float *, size_t, size_t, size_t, size_t, bool);

#define CK_TN_TILE(rows)                                                                                      \
    static void CK_NAME(tn_tile_##rows)(                                                                      \
        float *dw, const float *dy, const float *x, size_t count, size_t width, size_t lddw, size_t lddy,     \
        bool accumulate) {                                                                                    \
        CK_NAME(tn_tile)(dw, dy, x, count, width, lddw, lddy, accumulate, rows);                              \
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

/// Copies one column group of a block of x to a dense panel, zeros past `width`.
static void CK_NAME(tn_pack)(float *panel, const float *x, size_t count, size_t width, size_t ldx) {
    size_t first = CK_MIN(width, CK_WIDTH), second = width - first;
    for (size_t i = 0; i < count; i++) {
        v_store(panel + i * CK_GROUP, v_load_part(x + i * ldx, first));
        v_store(panel + i * CK_GROUP + CK_WIDTH, second ? v_load_part(x + i * ldx + CK_WIDTH, second) : v_all(0));
    }
}

static void CK_NAME(matmul_tn)(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    _Alignas(64) float panel[CK_TN_ROWS * CK_GROUP];
    size_t tiles = (n + CK_TILE_ROWS - 1) / CK_TILE_ROWS;
    if (m == 0 && !accumulate) memset(dw, 0, n * k * sizeof(float));
    for (size_t start = 0; start < m; start += CK_TN_ROWS) {
        size_t count = CK_MIN(m - start, CK_TN_ROWS);
        for (size_t column = 0; column < k; column += CK_GROUP) {
            size_t width = CK_MIN(k - column, CK_GROUP);
            CK_NAME(tn_pack)(panel, x + start * ldx + column, count, width, ldx);
            for (size_t t = 0; t < tiles; t++) {
                size_t first = t * n / tiles, rows = (t + 1) * n / tiles - first;
                CK_NAME(tn_tiles)[rows](
                    dw + first * k + column, dy + start * lddy + first, panel, count, width, k, lddy,
                    accumulate || start > 0);
            }
        }
    }
}
