// y (+)= x * packed bf16 weight with AVX512-BF16. The tiling is that of matmul.h: every output is one chain over the
// pairs of inputs in order, whatever the tile. Inputs are rounded to bf16 a block of rows at a time; a long k goes in
// pieces from input 0 on, and the chain goes on where y holds it, so that neither shows in any bit.

#define CK_GROUP ((size_t)(2 * CK_WIDTH))

/// Inputs of a piece, and elements of a block of rows on the stack (128 KiB). Rows lie a cache line apart from a power
/// of two, which would put them all into the same sets of L1.
#define CK_PIECE ((size_t)1024)
#define CK_BLOCK_ELEMENTS ((size_t)65536)
#define CK_ROW_GAP ((size_t)32)

/// One piece of one block: rounded inputs of stride `ldx` pairs; `panel` elements from one panel to the next.
typedef struct {
    float *y;
    const uint32_t *x;
    const uint16_t *packed;
    size_t n, pairs, panel, ldx, ldy;
    bool go_on;
} bf16_product;

CK_INLINE vf dot_pairs(vf sum, uint32_t x, __m512i w) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32((int)x), (__m512bh)w);
}

/// Lanes of vector `v` from column `group` * CK_GROUP that exist.
CK_INLINE size_t columns_left(const bf16_product *p, size_t group, size_t v) {
    size_t column = group * CK_GROUP + v * CK_WIDTH;
    return column < p->n ? CK_MIN(p->n - column, CK_WIDTH) : 0;
}

CK_INLINE void bf16_tile(
    const bf16_product *p, size_t row, size_t group, const size_t rows, const size_t groups) {
    vf sums[16][8];
    const uint32_t *x = p->x + row * p->ldx;
    const uint16_t *w = p->packed + group * p->panel;
    float *y = p->y + row * p->ldy + group * CK_GROUP;
    size_t ldx = p->ldx, panel = p->panel;
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            sums[r][v] = v_all(0);
            size_t left = columns_left(p, group, v);
            if (p->go_on && left > 0) sums[r][v] = v_load_part(y + r * p->ldy + v * CK_WIDTH, left);
            if (!p->go_on) __builtin_prefetch(y + r * p->ldy + v * CK_WIDTH, 1);
        }
    }
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < p->pairs; i++) {
        __m512i columns[8];
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            columns[v] = _mm512_loadu_si512(w + v / 2 * panel + i * CK_PAIR_STRIDE + v % 2 * 2 * CK_WIDTH);
        }
        CK_UNROLL for (size_t r = 0; r < rows; r++) {
            uint32_t value = x[r * ldx + i];
            CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) sums[r][v] = dot_pairs(sums[r][v], value, columns[v]);
        }
    }
    CK_UNROLL for (size_t r = 0; r < rows; r++) {
        CK_UNROLL for (size_t v = 0; v < 2 * groups; v++) {
            size_t left = columns_left(p, group, v);
            if (left > 0) v_store_part(y + r * p->ldy + v * CK_WIDTH, sums[r][v], left);
        }
    }
}

#define CK_TILE(rows, groups)                                                                      \
    static void bf16_tile_##rows##x##groups(const bf16_product *p, size_t row, size_t group) {     \
        bf16_tile(p, row, group, rows, groups);                                                    \
    }
#define CK_EACH_TILE(X)                                                                            \
    X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) X(9, 1) X(10, 1) X(11, 1)      \
    X(12, 1) X(13, 1) X(14, 1) X(1, 2) X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2) X(1, 4) X(2, 4) X(3, 4)
#define CK_TILE_ENTRY(rows, groups) [groups / 2][rows] = bf16_tile_##rows##x##groups,

CK_EACH_TILE(CK_TILE)

/// The tile functions by log2 of their groups and by rows; NULL where there are not enough registers.
static void (*const bf16_tiles[3][CK_TILE_ROWS + 1])(const bf16_product *, size_t, size_t) = {
    CK_EACH_TILE(CK_TILE_ENTRY)};

/// Columns group ..< end of a few rows, in the widest tiles there are.
static void bf16_strip(const bf16_product *p, size_t first, size_t rows, size_t group, size_t end) {
    for (int wide = 2; wide >= 0; wide--) {
        if (!bf16_tiles[wide][rows]) continue;
        for (; group + ((size_t)1 << wide) <= end; group += (size_t)1 << wide) bf16_tiles[wide][rows](p, first, group);
    }
}

/// Rounds `count` inputs of each row to bf16, an odd last one paired with zero.
static void round_rows(uint32_t *to, size_t stride, const float *x, size_t rows, size_t count, size_t ldx) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < count; i += CK_WIDTH) {
            vf values = v_load_part(x + r * ldx + i, CK_MIN(count - i, CK_WIDTH));
            _mm256_storeu_si256((__m256i *)(to + r * stride + i / 2), (__m256i)_mm512_cvtneps_pbh((__m512)values));
        }
    }
}

static void matmul_packed_bf16(
    float *restrict y, const float *restrict x, const uint16_t *restrict packed, size_t m, size_t n, size_t k,
    bool accumulate, size_t ldx, size_t ldy) {
    _Alignas(64) uint32_t rounded[CK_BLOCK_ELEMENTS / 2];
    size_t groups = (n + CK_GROUP - 1) / CK_GROUP, longest = (CK_MIN(k, CK_PIECE) + 31) / 32 * 32 + CK_ROW_GAP;
    size_t block = CK_BLOCK_ELEMENTS / longest / CK_TILE_ROWS * CK_TILE_ROWS;
    for (size_t start = 0; start < m; start += block) {
        size_t rows = CK_MIN(m - start, block), tiles = (rows + CK_TILE_ROWS - 1) / CK_TILE_ROWS;
        size_t step = tiles == 1 ? CK_MAX(groups, (size_t)1) : 1, base = 0;
        do {
            size_t count = CK_MIN(k - base, CK_PIECE);
            bf16_product p = {
                y + start * ldy, rounded, packed + base * CK_PANEL, n, ck_pairs(count), ck_pairs(k) * CK_PAIR_STRIDE,
                longest / 2, ldy, accumulate || base > 0};
            round_rows(rounded, longest / 2, x + start * ldx + base, rows, count, ldx);
            for (size_t group = 0; group < groups; group += step) {
                for (size_t t = 0; t < tiles; t++) {
                    size_t first = t * rows / tiles, last = (t + 1) * rows / tiles;
                    bf16_strip(&p, first, last - first, group, group + step);
                }
            }
            base += CK_PIECE;
        } while (base < k);
    }
}
