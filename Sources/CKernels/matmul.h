// y (+)= x * packed weight, at one level, in fp32 or bf16 (step_fp32.h, step_bf16.h: what a word is). Every output is
// one chain of products over k in order, whatever the tile, so its bits do not depend on the batch; when k goes in
// pieces the chain goes on where y holds it. Included once per level file.
//
// A column group is CK_GROUP columns, two vectors. The tile keeps rows x groups x 2 sums in registers. It takes one
// group at a time: of many rows, because the panel stays in L1; of few, because one stream of weights is read faster
// than several. Only where a group has too few chains to hide latency does a tile take more.

#define CK_GROUP ((size_t)(2 * CK_WIDTH))

/// Words of a block of rows: 128 KiB, which leaves room in any L2.
#define CK_BLOCK_WORDS ((size_t)32768)

/// Inputs of a piece of copied rows, and the words between two of them: a cache line more than a power of two, which
/// would put them all into the same sets of L1.
#define CK_PIECE ((size_t)1024 * CK_STEP)
#define CK_ROW_GAP ((size_t)16)

/// How many steps ahead the tiles of a few rows fetch their weights: 8 KiB. The hardware does it in time for 4 rows or
/// fewer.
#define CK_AHEAD ((size_t)64)

/// One block's operands: `steps` words of k, `panel` words from one panel to the next, and what to fetch meanwhile, the
/// weights to come if it is NULL.
typedef struct {
    float *y;
    const float *x, *packed, *ahead;
    size_t n, steps, panel, ldx, ldy, ahead_step;
    bool go_on;
} CK_NAME(product);

/// Where the packed columns of group `g` start; they go on with stride CK_PANEL.
CK_INLINE const float *CK_NAME(group_start)(const CK_NAME(product) *p, size_t g) {
    size_t column = g * CK_GROUP;
    return p->packed + column / CK_PANEL * p->panel + column % CK_PANEL;
}

/// How many of vector `v`'s columns exist, counted from group `g` on.
CK_INLINE size_t CK_NAME(columns_left)(const CK_NAME(product) *p, size_t g, size_t v) {
    size_t column = g * CK_GROUP + v * CK_WIDTH;
    return column < p->n ? CK_MIN(p->n - column, CK_WIDTH) : 0;
}

CK_INLINE void CK_NAME(tile)(
    const CK_NAME(product) *p, size_t row, size_t group, const size_t rows, const size_t groups) {
    vf sums[16][8];
    const float *x = p->x + row * p->ldx;
    float *y = p->y + row * p->ldy + group * CK_GROUP;
    size_t ldx = p->ldx, ldy = p->ldy, steps = p->steps;
    const float *w[4];
    CK_UNROLL for (size_t g = 0; g < groups; g++) w[g] = CK_NAME(group_start)(p, group + g);
    const float *ahead = p->ahead ? p->ahead : w[0] + CK_AHEAD * CK_PANEL;
    size_t ahead_step = p->ahead ? p->ahead_step : CK_PANEL;
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            size_t left = CK_NAME(columns_left)(p, group, v);
            sums[r][v] = p->go_on && left > 0 ? v_load_part(y + r * ldy + v * CK_WIDTH, left) : v_all(0);
        }
        // The lines that will be written when the sums are done; into L2, as L1 is for the panel.
        CK_UNROLL for (size_t g = 0; g < groups; g++) {
            __builtin_prefetch(y + r * ldy + g * CK_GROUP, 1, 2);
            __builtin_prefetch(y + r * ldy + g * CK_GROUP + 16, 1, 2);
        }
    }
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < steps; i++) {
        vf columns[8];
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            columns[v] = v_load(w[v / 2] + i * CK_PANEL + v % 2 * CK_WIDTH);
        }
        if (rows > 4) {
            __builtin_prefetch(ahead, 0, 2);
            __builtin_prefetch(ahead + 16, 0, 2);
            ahead += ahead_step;
        }
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            vf value = v_all(x[r * ldx + i]);
            CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) sums[r][v] = v_multiply(sums[r][v], value, columns[v]);
        }
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            size_t left = CK_NAME(columns_left)(p, group, v);
            if (left > 0) v_store_part(y + r * ldy + v * CK_WIDTH, sums[r][v], left);
        }
    }
}

#define CK_TILE(rows, groups)                                                                          \
    static void CK_NAME(tile_##rows##x##groups)(const CK_NAME(product) *p, size_t row, size_t group) { \
        CK_NAME(tile)(p, row, group, rows, groups);                                                    \
    }
#define CK_TILE_ENTRY(rows, groups) [groups / 2][rows] = CK_NAME(tile_##rows##x##groups),

#define CK_EACH_SHORT_TILE(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1)
#define CK_EACH_LONG_TILE(X) X(7, 1) X(8, 1) X(9, 1) X(10, 1) X(11, 1) X(12, 1) X(13, 1) X(14, 1)

#if CK_TILE_LIMIT <= 6
#define CK_EACH_TILE(X) CK_EACH_SHORT_TILE(X) X(1, 2) X(2, 2) X(3, 2)
#elif CK_STEP == 1
#define CK_EACH_TILE(X) CK_EACH_SHORT_TILE(X) CK_EACH_LONG_TILE(X) X(1, 4)
#else
#define CK_EACH_TILE(X) CK_EACH_SHORT_TILE(X) CK_EACH_LONG_TILE(X)
#endif

CK_EACH_TILE(CK_TILE)

/// The tile functions by log2 of their groups and by rows; NULL where there are not enough registers.
static void (*const CK_NAME(tiles)[3][CK_TILE_ROWS + 1])(const CK_NAME(product) *, size_t, size_t) = {
    CK_EACH_TILE(CK_TILE_ENTRY)};

/// Column groups group ..< end of a few rows (at most CK_TILE_ROWS), in the widest tiles there are.
static void CK_NAME(row_strip)(const CK_NAME(product) *p, size_t first, size_t rows, size_t group, size_t end) {
    for (int wide = 2; wide >= 0; wide--) {
        if (!CK_NAME(tiles)[wide][rows]) continue;
        for (; group + ((size_t)1 << wide) <= end; group += (size_t)1 << wide) {
            CK_NAME(tiles)[wide][rows](p, first, group);
        }
    }
}

/// All columns of a block of rows: group by group, so the panel is read from L1 for all its tiles. Meanwhile the
/// `coming` floats from `next` on are fetched.
static void CK_NAME(row_block)(CK_NAME(product) *p, size_t rows, const float *next, size_t coming) {
    size_t groups = (p->n + CK_GROUP - 1) / CK_GROUP, tiles = (rows + CK_TILE_ROWS - 1) / CK_TILE_ROWS, done = 0;
    size_t step = tiles == 1 ? CK_MAX(groups, (size_t)1) : 1, words = CK_MAX(groups * tiles * p->steps, (size_t)1);
    for (size_t group = 0; group < groups; group += step) {
        for (size_t t = 0; t < tiles; t++) {
            size_t first = t * rows / tiles, last = (t + 1) * rows / tiles;
            p->ahead_step = done < coming ? (coming + words - 1) / words : 0;
            p->ahead = tiles == 1 ? NULL : done < coming ? next + done : p->x;
            done += p->ahead_step * p->steps;
            CK_NAME(row_strip)(p, first, last - first, group, group + step);
        }
    }
}

/// Rows as copied words, on the stack.
static void CK_NAME(matmul_copied)(
    float *restrict y, const float *restrict x, const float *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    _Alignas(64) float words[CK_BLOCK_WORDS];
    size_t stride = (CK_MIN(k, CK_PIECE) + 31) / 32 * 32 / CK_STEP + CK_ROW_GAP, all = (k + CK_STEP - 1) / CK_STEP;
    size_t block = CK_BLOCK_WORDS / stride / CK_TILE_ROWS * CK_TILE_ROWS;
    CK_NAME(product) p = {y, words, packed, NULL, n, 0, all * CK_PANEL, stride, ldy, 0, accumulate};
    for (size_t start = 0; start < m; start += block, p.y += block * ldy) {
        size_t rows = CK_MIN(m - start, block), below = CK_MIN(m - start - rows, block);
        for (size_t base = 0; base < CK_MAX(k, (size_t)1); base += CK_PIECE) {
            const float *piece = x + start * ldx + base;
            size_t count = CK_MIN(k - base, CK_PIECE);
            bool last = base + CK_PIECE >= k;
            p.packed = packed + base / CK_STEP * CK_PANEL;
            p.steps = (count + CK_STEP - 1) / CK_STEP;
            p.go_on = accumulate || base > 0;
            for (size_t r = 0; r < rows; r++) v_take_row(words + r * stride, piece + r * ldx, count);
            CK_NAME(row_block)(
                &p, rows, last ? x + (start + rows) * ldx : piece + CK_PIECE, (last ? below : rows) * ldx);
        }
    }
}

static void CK_NAME(matmul_packed)(
    float *restrict y, const float *restrict x, const float *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    // Rows 4 KiB apart share one set of L1, which has fewer ways than a tile has rows: copy them first.
    if (CK_STEP > 1 || (CK_TILE_ROWS > 8 && ldx % 1024 == 0 && m > 8)) {
        CK_NAME(matmul_copied)(y, x, packed, m, n, k, accumulate, ldx, ldy);
        return;
    }
    size_t block = CK_MAX((size_t)1, CK_BLOCK_WORDS / CK_MAX(k, (size_t)1) / CK_TILE_ROWS) * CK_TILE_ROWS;
    for (size_t start = 0; start < m; start += block) {
        size_t rows = CK_MIN(m - start, block);
        CK_NAME(product) p = {
            y + start * ldy, x + start * ldx, packed, NULL, n, k, k * CK_PANEL, ldx, ldy, 0, accumulate};
        CK_NAME(row_block)(&p, rows, x + (start + rows) * ldx, CK_MIN(m - start - rows, block) * ldx);
    }
}
