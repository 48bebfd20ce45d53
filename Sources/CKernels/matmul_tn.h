// dw (+)= dy^T * x, at one level: the weight gradient. The m rows are summed in blocks of CK_TN_ROWS from row 0, each
// block one chain of fused products per output, the block sums added in order: fixed for a given m. Included once per
// level file.
//
// In a block, up to CK_TN_TILES tiles of dy's columns are packed side by side and stay in L2; against them goes one
// packed column group of x after the other, which stays in L1 for all these tiles. While a tile is summed it fetches
// what will be packed next: rows far apart are beyond the hardware's prefetchers, which stop at a page.

#define CK_TN_ROWS ((size_t)128 * CK_STEP)

/// Odd, as tiles are one cache line wide: the rows of one tile then spread over all sets of L1.
#define CK_TN_TILES ((size_t)17)
#define CK_TN_STRIDE ((size_t)16 * CK_TN_TILES)

/// A column of addresses, one line in each row, that a tile fetches while it sums.
typedef struct {
    const float *next;
    size_t stride;
} CK_NAME(ahead);

CK_INLINE void CK_NAME(put)(float *y, vf sum, size_t count, bool accumulate) {
    if (count == 0) return;
    v_store_part(y, accumulate ? v_load_part(y, count) + sum : sum, count);
}

/// Asks for the line that a tile will write when it is done, and the line after it; in L1 they would not survive the
/// panels.
CK_INLINE void CK_NAME(expect)(const float *y) {
    __builtin_prefetch(y, 1, 2);
    __builtin_prefetch(y + 16, 1, 2);
}

/// Sums of `rows` outputs x one column group over the steps of one block; `x` is a packed panel of
/// stride CK_GROUP, `dy` packed rows of stride CK_TN_STRIDE.
CK_INLINE void CK_NAME(tn_tile)(
    float *dw, const float *dy, const float *x, size_t steps, size_t width, size_t lddw, bool accumulate,
    CK_NAME(ahead) ahead, const size_t rows) {
    vf sums[16][2];
    CK_UNROLL for (size_t r = 0; r < rows; r++) sums[r][0] = sums[r][1] = v_all(0);
    CK_UNROLL for (size_t r = 0; r < rows; r++) CK_NAME(expect)(dw + r * lddw);
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < steps; i++) {
        vf left = v_load(x), right = v_load(x + CK_WIDTH);
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            vf value = v_all(dy[r]);
            sums[r][0] = v_multiply(sums[r][0], value, left);
            sums[r][1] = v_multiply(sums[r][1], value, right);
        }
        __builtin_prefetch(ahead.next, 0, 2);
        ahead.next += ahead.stride;
        x += CK_GROUP;
        dy += CK_TN_STRIDE;
    }
    size_t first = CK_MIN(width, CK_WIDTH);
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_NAME(put)(dw + r * lddw, sums[r][0], first, accumulate);
        CK_NAME(put)(dw + r * lddw + CK_WIDTH, sums[r][1], width - first, accumulate);
    }
}

#define CK_TN_TILE(rows)                                                                                       \
    static void CK_NAME(tn_tile_##rows)(                                                                       \
        float *dw, const float *dy, const float *x, size_t steps, size_t width, size_t lddw, bool accumulate,  \
        CK_NAME(ahead) ahead) {                                                                                \
        CK_NAME(tn_tile)(dw, dy, x, steps, width, lddw, accumulate, ahead, rows);                              \
    }
#define CK_TN_ENTRY(rows) [rows] = CK_NAME(tn_tile_##rows),

#if CK_TILE_LIMIT > 6
#define CK_EACH_TN_TILE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#else
#define CK_EACH_TN_TILE(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

CK_EACH_TN_TILE(CK_TN_TILE)

/// The tile functions by rows, from 1.
static void (*const CK_NAME(tn_tiles)[CK_TILE_ROWS + 1])(
    float *, const float *, const float *, size_t, size_t, size_t, bool, CK_NAME(ahead)) = {
    CK_EACH_TN_TILE(CK_TN_ENTRY)};

/// Copies one column group of a block of x to a dense panel, zeros past `width`.
static void CK_NAME(tn_pack)(float *panel, const float *x, size_t count, size_t width, size_t ldx) {
    size_t first = CK_MIN(width, CK_WIDTH), second = width - first;
    for (size_t i = 0; i < count; i += CK_STEP, panel += CK_GROUP, x += CK_STEP * ldx) {
        v_store(panel, v_across_rows(x, ldx, count - i, first));
        v_store(panel + CK_WIDTH, second ? v_across_rows(x + CK_WIDTH, ldx, count - i, second) : v_all(0));
    }
}

/// Some tiles of dy's columns over one block of rows; tile t has the outputs starts[t] ..< starts[t + 1].
typedef struct {
    size_t start, count, tiles, starts[CK_TN_TILES + 1];
    _Alignas(64) float packed[CK_TN_ROWS / CK_STEP * CK_TN_STRIDE];
} CK_NAME(tn_batch);

/// Chooses tiles first ..< end of `all` and copies their columns side by side.
static void CK_NAME(tn_pack_tiles)(
    CK_NAME(tn_batch) *b, const float *dy, size_t first, size_t end, size_t all, size_t n, size_t lddy) {
    b->tiles = end - first;
    for (size_t t = 0; t <= b->tiles; t++) b->starts[t] = (first + t) * n / all;
    for (size_t i = 0; i < b->count; i += CK_STEP) {
        const float *row = dy + (b->start + i) * lddy;
        for (size_t t = 0; t < b->tiles; t++) {
            float *to = b->packed + i / CK_STEP * CK_TN_STRIDE + 16 * t;
            for (size_t r = b->starts[t]; r < b->starts[t + 1]; r += CK_WIDTH, to += CK_WIDTH) {
                v_store(to, v_across_rows(row + r, lddy, b->count - i, CK_MIN(b->starts[t + 1] - r, CK_WIDTH)));
            }
        }
    }
}

/// Lines that cover a column group, and what a block fetches of them while its tiles are summed: x's next group in the
/// first tiles, dy's next columns in the last. Each tile fetches one line in every CK_STEP-th row.
#define CK_TN_LINES ((CK_GROUP + 15) / 16)

static void CK_NAME(matmul_tn)(
    float *restrict dw, const float *restrict dy, const float *restrict x, size_t m, size_t n, size_t k,
    bool accumulate, size_t lddy, size_t ldx) {
    _Alignas(64) float panel[CK_TN_ROWS / CK_STEP * CK_GROUP];
    CK_NAME(tn_batch) b;
    size_t all = (n + CK_TILE_ROWS - 1) / CK_TILE_ROWS, batches = (all + CK_TN_TILES - 1) / CK_TN_TILES;
    if (m == 0 && !accumulate) memset(dw, 0, n * k * sizeof(float));
    for (size_t step = 0; step < (m + CK_TN_ROWS - 1) / CK_TN_ROWS * batches; step++) {
        size_t batch = step % batches;
        b.start = step / batches * CK_TN_ROWS;
        b.count = CK_MIN(m - b.start, CK_TN_ROWS);
        CK_NAME(tn_pack_tiles)(&b, dy, batch * all / batches, (batch + 1) * all / batches, all, n, lddy);
        // The columns of dy that come next: to the right, or in the rows below.
        bool below = batch + 1 == batches;
        const float *next_dy = dy + (b.start + (below ? CK_TN_ROWS : 0)) * lddy + (below ? 0 : b.starts[b.tiles]);
        size_t lines = CK_STEP * (CK_MIN(n, CK_TN_TILES * CK_TILE_ROWS) / 16 + 1);
        if (below && m - b.start <= CK_TN_ROWS) lines = 0;
        size_t left = (k + CK_GROUP - 1) / CK_GROUP * (b.tiles - CK_MIN(b.tiles, CK_STEP * CK_TN_LINES));
        for (size_t column = 0; column < k; column += CK_GROUP) {
            size_t width = CK_MIN(k - column, CK_GROUP), next = column + CK_GROUP < k ? column + CK_GROUP : 0;
            CK_NAME(tn_pack)(panel, x + b.start * ldx + column, b.count, width, ldx);
            for (size_t t = 0; t < b.tiles; t++) {
                CK_NAME(ahead) ahead = {panel, 0};
                if (t < CK_STEP * CK_TN_LINES) {
                    ahead.next = x + (b.start + t % CK_STEP) * ldx + next + t / CK_STEP * 16;
                    ahead.stride = CK_STEP * ldx;
                } else if (left-- <= lines) {
                    ahead.next = next_dy + left % CK_STEP * lddy + left / CK_STEP * 16;
                    ahead.stride = CK_STEP * lddy;
                }
                CK_NAME(tn_tiles)[b.starts[t + 1] - b.starts[t]](
                    dw + b.starts[t] * k + column, b.packed + 16 * t, panel, (b.count + CK_STEP - 1) / CK_STEP, width,
                    k, accumulate || b.start > 0, ahead);
            }
        }
    }
}
