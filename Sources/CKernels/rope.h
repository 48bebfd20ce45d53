// Rotary position embedding in place, at one level. Included once per level file.

static void CK_NAME(rope)(
    float *restrict x, const float *restrict cosines, const float *restrict sines, const int32_t *restrict positions,
    size_t rows, size_t heads, size_t head_dim, size_t row_stride, bool inverse) {
    size_t half = head_dim / 2;
    for (size_t row = 0; row < rows; row++) {
        size_t angle = (size_t)positions[row] * half;
        for (size_t i = 0; i < half; i += CK_WIDTH) {
            size_t left = CK_MIN(half - i, CK_WIDTH);
            vf cosine = v_load_part(cosines + angle + i, left), sine = v_load_part(sines + angle + i, left);
            if (inverse) sine = -sine;
            for (size_t head = 0; head < heads; head++) {
                float *p = x + row * row_stride + head * head_dim + i;
                vf a = v_load_part(p, left), b = v_load_part(p + half, left);
                v_store_part(p, v_fma(a, cosine, -(b * sine)), left);
                v_store_part(p + half, v_fma(b, cosine, a * sine), left);
            }
        }
    }
}
