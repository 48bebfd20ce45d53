// What the matrix products multiply in one step, in bf16: a pair of inputs, rounded, in one word; the two products and
// the sum are one instruction of AVX512-BF16. The pair of an odd last input is zero.

#define CK_STEP 2

/// sum + x * w, of both inputs.
CK_INLINE vf v_multiply(vf sum, vf x, vf w) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)w);
}

/// Rows 0 and 1 of `rows` at p, `count` lanes of them, rounded and interleaved: the words of one step over rows.
CK_INLINE vf v_across_rows(const float *p, size_t stride, size_t rows, size_t count) {
    static const uint16_t lanes[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    vf first = v_load_part(p, count), second = rows > 1 ? v_load_part(p + stride, count) : v_all(0);
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
    return (vf)_mm512_permutexvar_epi16(_mm512_loadu_si512(lanes), both);
}

/// `count` inputs of one row as words.
CK_INLINE void v_take_row(float *words, const float *x, size_t count) {
    for (size_t i = 0; i < count; i += CK_WIDTH, words += CK_WIDTH / 2) {
        vf values = v_load_part(x + i, CK_MIN(count - i, CK_WIDTH));
        _mm256_storeu_si256((__m256i *)words, (__m256i)_mm512_cvtneps_pbh((__m512)values));
    }
}
