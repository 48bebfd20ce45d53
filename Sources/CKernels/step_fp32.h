// What the matrix products multiply in one step, in fp32: one input. step_bf16.h is its other version; the products
// move words and know no more of them than this. Included once per level file.

#define CK_STEP 1

/// sum + x * w.
CK_INLINE vf v_multiply(vf sum, vf x, vf w) { return v_fma(x, w, sum); }

/// Row 0 of `rows` at p, `count` lanes of it: the words of one step over rows.
CK_INLINE vf v_across_rows(const float *p, size_t stride, size_t rows, size_t count) {
    (void)stride, (void)rows;
    return v_load_part(p, count);
}

/// `count` inputs of one row as words.
CK_INLINE void v_take_row(float *words, const float *x, size_t count) {
    for (size_t i = 0; i < count; i += CK_WIDTH) v_store(words + i, v_load_part(x + i, CK_MIN(count - i, CK_WIDTH)));
}
