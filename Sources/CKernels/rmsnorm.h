// RMS normalisation and its gradient, at one level. Included once per level file.

/// Sum over i of a[i] * b[i] (* c[i] unless NULL): four chains over whole vectors, in an order that depends on `count`
/// only.
CK_INLINE float CK_NAME(dot)(const float *a, const float *b, const float *c, size_t count) {
    vf sums[4] = {v_all(0), v_all(0), v_all(0), v_all(0)};
    size_t i = 0;
    for (; i + 4 * CK_WIDTH <= count; i += 4 * CK_WIDTH) {
        CK_UNROLL for (size_t s = 0; s < 4; s++) {
            vf x = v_load(a + i + s * CK_WIDTH), y = v_load(b + i + s * CK_WIDTH);
            sums[s] = v_fma(c ? x * v_load(c + i + s * CK_WIDTH) : x, y, sums[s]);
        }
    }
    for (; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        vf x = v_load_part(a + i, left), y = v_load_part(b + i, left);
        sums[0] = v_fma(c ? x * v_load_part(c + i, left) : x, y, sums[0]);
    }
    return v_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

static void CK_NAME(rmsnorm_forward)(
    float *restrict y, float *restrict rstd, const float *restrict x, const float *restrict weight, size_t rows,
    size_t dim, float eps) {
    for (size_t row = 0; row < rows; row++, x += dim, y += dim) {
        float scale = 1 / __builtin_sqrtf(CK_NAME(dot)(x, x, NULL, dim) / (float)dim + eps);
        if (rstd) rstd[row] = scale;
        for (size_t i = 0; i < dim; i += CK_WIDTH) {
            size_t left = CK_MIN(dim - i, CK_WIDTH);
            v_store_part(y + i, v_load_part(x + i, left) * v_all(scale) * v_load_part(weight + i, left), left);
        }
    }
}

static void CK_NAME(rmsnorm_backward)(
    float *restrict dx, float *restrict dweight, const float *restrict dy, const float *restrict x,
    const float *restrict weight, const float *restrict rstd, size_t rows, size_t dim, bool accumulate_dx) {
    for (size_t row = 0; row < rows; row++, x += dim, dy += dim, dx += dim) {
        float r = rstd[row], mean = CK_NAME(dot)(dy, x, weight, dim) / (float)dim;
        vf scale = v_all(r), along = v_all(-r * r * r * mean);
        for (size_t i = 0; i < dim; i += CK_WIDTH) {
            size_t left = CK_MIN(dim - i, CK_WIDTH);
            vf value = v_load_part(x + i, left), scaled = v_load_part(dy + i, left) * scale;
            vf slope = v_fma(value, along, scaled * v_load_part(weight + i, left));
            v_store_part(dx + i, accumulate_dx ? v_load_part(dx + i, left) + slope : slope, left);
            v_store_part(dweight + i, v_fma(scaled, value, v_load_part(dweight + i, left)), left);
        }
    }
}
