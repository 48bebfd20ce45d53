// y (+)= x * packed weight, at one level. Every output is a single chain of fused products over k, whatever the tile,
// so its bits do not depend on the batch. Included once per level file.
//
// A column group is CK_GROUP columns, two vectors. The tile keeps rows x groups x 2 sums in registers; many rows take
// one group at a time (the panel stays in L1), few rows take several groups so that enough independent chains hide
// latency.

#define CK_GROUP ((size_t)(2 * CK_WIDTH))

/// Inputs of a block of rows, in floats: 128 KiB, which leaves room in any L2.
#define CK_BLOCK_FLOATS ((size_t)32768)

/// One call's operands; `groups` counts CK_GROUP columns, the last one perhaps not full.
typedef struct {
    float *y;
    const float *x, *packed;
    size_t n, k, ldx, ldy;
    bool accumulate;
} CK_NAME(product);

/// Where the packed columns of group `g` start; they go on with stride CK_PANEL.
CK_INLINE const float *CK_NAME(group_start)(const CK_NAME(product) *p, size_t g) {
    size_t column = g * CK_GROUP;
    return p->packed + column / CK_PANEL * CK_PANEL * p->k + column % CK_PANEL;
}

CK_INLINE void CK_NAME(put)(float *y, vf sum, size_t count, bool accumulate) {
    if (count == 0) return;
    v_store_part(y, accumulate ? v_load_part(y, count) + sum : sum, count);
}

/// Asks for the line that a tile will write when it is done, and the line after it.
CK_INLINE void CK_NAME(expect)(const float *y) {
    __builtin_prefetch(y, 1);
    __builtin_prefetch(y + 16, 1);
}

CK_INLINE void CK_NAME(tile)(
    const CK_NAME(product) *p, size_t row, size_t group, const size_t rows, const size_t groups) {
    vf sums[16][8];
    const float *x = p->x + row * p->ldx;
    size_t ldx = p->ldx, k = p->k;
    const float *w[4];
    CK_UNROLL for (size_t g = 0; g < groups; g++) w[g] = CK_NAME(group_start)(p, group + g);
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) sums[r][v] = v_all(0);
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) CK_NAME(expect)(p->y + (row + r) * p->ldy + group * CK_GROUP);
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < k; i++) {
        vf columns[8];
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            columns[v] = v_load(w[v / 2] + i * CK_PANEL + v % 2 * CK_WIDTH);
        }
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            vf value = v_all(x[r * ldx + i]);
            CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) sums[r][v] = v_fma(value, columns[v], sums[r][v]);
        }
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            size_t column = group * CK_GROUP + v * CK_WIDTH;
            size_t left = column < p->n ? CK_MIN(p->n - column, CK_WIDTH) : 0;
            CK_NAME(put)(p->y + (row + r) * p->ldy + column, sums[r][v], left, p->accumulate);
        }
    }
}

#define CK_TILE(rows, groups)                                                                       \
    static void CK_NAME(tile_##rows##x##groups)(const CK_NAME(product) *p, size_t row, size_t group) { \
        CK_NAME(tile)(p, row, group, rows, groups);                                                 \
    }

CK_TILE(1, 1)
CK_TILE(2, 1)
CK_TILE(3, 1)
CK_TILE(4, 1)
CK_TILE(5, 1)
CK_TILE(6, 1)
CK_TILE(1, 2)
CK_TILE(2, 2)
CK_TILE(3, 2)
#if CK_TILE_LIMIT > 6
CK_TILE(7, 1)
CK_TILE(8, 1)
CK_TILE(9, 1)
CK_TILE(10, 1)
CK_TILE(11, 1)
CK_TILE(12, 1)
CK_TILE(13, 1)
CK_TILE(14, 1)
CK_TILE(4, 2)
CK_TILE(5, 2)
CK_TILE(6, 2)
CK_TILE(1, 4)
CK_TILE(2, 4)
CK_TILE(3, 4)
#endif

typedef void (*CK_NAME(tile_function))(const CK_NAME(product) *, size_t, size_t);

#define CK_T(rows, groups) CK_NAME(tile_##rows##x##groups)

/// The tile functions by rows (1-based) and by log2 of their groups; NULL where there are not enough registers.
static const CK_NAME(tile_function) CK_NAME(tiles)[3][CK_TILE_ROWS + 1] = {
#if CK_TILE_LIMIT > 6
    {NULL, CK_T(1, 1), CK_T(2, 1), CK_T(3, 1), CK_T(4, 1), CK_T(5, 1), CK_T(6, 1), CK_T(7, 1), CK_T(8, 1), CK_T(9, 1),
     CK_T(10, 1), CK_T(11, 1), CK_T(12, 1), CK_T(13, 1), CK_T(14, 1)},
    {NULL, CK_T(1, 2), CK_T(2, 2), CK_T(3, 2), CK_T(4, 2), CK_T(5, 2), CK_T(6, 2)},
    {NULL, CK_T(1, 4), CK_T(2, 4), CK_T(3, 4)},
#else
    {NULL, CK_T(1, 1), CK_T(2, 1), CK_T(3, 1), CK_T(4, 1), CK_T(5, 1), CK_T(6, 1)},
    {NULL, CK_T(1, 2), CK_T(2, 2), CK_T(3, 2)},
    {NULL},
#endif
};

/// All columns of the rows first ..< first + rows (at most CK_TILE_ROWS), in the widest tiles there are.
static void CK_NAME(row_strip)(const CK_NAME(product) *p, size_t first, size_t rows, size_t group, size_t end) {
    for (int wide = 2; wide >= 0; wide--) {
        CK_NAME(tile_function) function = CK_NAME(tiles)[wide][rows];
        if (!function) continue;
        for (; group + ((size_t)1 << wide) <= end; group += (size_t)1 << wide) function(p, first, group);
    }
}

/// Rows in blocks whose inputs stay in L2; in a block, group by group, so the panel is read from L1 for all its tiles.
static void CK_NAME(matmul_packed)(
    float *restrict y, const float *restrict x, const float *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    CK_NAME(product) p = {y, x, packed, n, k, ldx, ldy, accumulate};
    size_t groups = (n + CK_GROUP - 1) / CK_GROUP;
    size_t block = CK_MAX((size_t)1, CK_BLOCK_FLOATS / CK_MAX(k, (size_t)1) / CK_TILE_ROWS) * CK_TILE_ROWS;
    for (size_t start = 0; start < m; start += block) {
        size_t rows = CK_MIN(m - start, block), tiles = (rows + CK_TILE_ROWS - 1) / CK_TILE_ROWS;
        size_t step = tiles == 1 ? CK_MAX(groups, (size_t)1) : 1;
        for (size_t group = 0; group < groups; group += step) {
            for (size_t t = 0; t < tiles; t++) {
                size_t first = t * rows / tiles, last = (t + 1) * rows / tiles;
                CK_NAME(row_strip)(&p, start + first, last - first, group, group + step);
            }
        }
    }
}
