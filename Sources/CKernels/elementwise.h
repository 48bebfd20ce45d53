// Kernels that go once over flat memory: sums, scaling, exp, log, the gate, maximum, sum of squares, AdamW; at one
// level. Included once per level file.

static void CK_NAME(add)(float *restrict y, const float *restrict x, size_t count) {
    for (size_t i = 0; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        v_store_part(y + i, v_load_part(y + i, left) + v_load_part(x + i, left), left);
    }
}

static void CK_NAME(scale)(float *x, float factor, size_t count) {
    for (size_t i = 0; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        v_store_part(x + i, v_load_part(x + i, left) * v_all(factor), left);
    }
}

static void CK_NAME(round_bf16)(float *x, size_t count) {
    for (size_t i = 0; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        v_store_part(x + i, v_round_bf16(v_load_part(x + i, left)), left);
    }
}

static void CK_NAME(exp)(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        v_store_part(y + i, v_exp(v_load_part(x + i, left)), left);
    }
}

static void CK_NAME(log)(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        v_store_part(y + i, v_log(v_load_part(x + i, left)), left);
    }
}

CK_INLINE vf CK_NAME(sigmoid)(vf x) { return v_all(1) / (v_all(1) + v_exp(-x)); }

static void CK_NAME(swiglu_forward)(
    float *restrict y, const float *restrict gate, const float *restrict up, size_t rows, size_t dim, size_t ld,
    size_t ldy) {
    for (size_t row = 0; row < rows; row++, y += ldy, gate += ld, up += ld) {
        for (size_t i = 0; i < dim; i += CK_WIDTH) {
            size_t left = CK_MIN(dim - i, CK_WIDTH);
            vf g = v_load_part(gate + i, left);
            v_store_part(y + i, g * CK_NAME(sigmoid)(g) * v_load_part(up + i, left), left);
        }
    }
}

static void CK_NAME(swiglu_backward)(
    float *dgate, float *dup, const float *restrict dy, const float *gate, const float *up, size_t rows, size_t dim,
    size_t ld, size_t ldy) {
    for (size_t row = 0; row < rows; row++, dy += ldy, gate += ld, up += ld, dgate += ld, dup += ld) {
        for (size_t i = 0; i < dim; i += CK_WIDTH) {
            size_t left = CK_MIN(dim - i, CK_WIDTH);
            vf g = v_load_part(gate + i, left), d = v_load_part(dy + i, left), u = v_load_part(up + i, left);
            vf sigmoid = CK_NAME(sigmoid)(g), silu = g * sigmoid;
            // silu' = sigmoid * (1 + g * (1 - sigmoid)) = sigmoid + silu * (1 - sigmoid)
            v_store_part(dgate + i, d * u * v_fma(silu, v_all(1) - sigmoid, sigmoid), left);
            v_store_part(dup + i, d * silu, left);
        }
    }
}

static float CK_NAME(max)(const float *x, size_t count) {
    vf greatest = v_all(-__builtin_inff());
    for (size_t i = 0; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        greatest = v_max(v_keep(v_load_part(x + i, left), left, -__builtin_inff()), greatest);
    }
    return v_max_lane(greatest);
}

/// Sixteen lanes at every level: squares of floats are exact in double, so this sum has the same bits everywhere.
static double CK_NAME(sum_of_squares)(const float *x, size_t count) {
    typedef double vd __attribute__((ext_vector_type(CK_LANES)));
    vd sums[16 / CK_LANES] = {0};
    for (size_t i = 0, lane = 0; i < count; i += CK_WIDTH, lane = (lane + 1) % (16 / CK_WIDTH)) {
        vd value = __builtin_convertvector(v_load_part(x + i, CK_MIN(count - i, CK_WIDTH)), vd);
        sums[lane] += value * value;
    }
    double total = 0;
    for (size_t i = 0; i < 16; i++) total += sums[i / CK_WIDTH][i % CK_WIDTH];
    return total;
}

static void CK_NAME(adamw)(
    float *restrict param, float *restrict m, float *restrict v, const float *restrict grad, size_t count, float lr,
    float beta1, float beta2, float eps, float weight_decay, uint64_t step, float grad_scale) {
    vf rate = v_all((float)(lr / (1 - pow(beta1, (double)step)))), decay = v_all(1 - lr * weight_decay);
    vf root = v_all((float)(1 / sqrt(1 - pow(beta2, (double)step))));
    vf new1 = v_all(1 - beta1), new2 = v_all(1 - beta2);
    for (size_t i = 0; i < count; i += CK_WIDTH) {
        size_t left = CK_MIN(count - i, CK_WIDTH);
        vf g = v_load_part(grad + i, left) * v_all(grad_scale);
        vf first = v_load_part(m + i, left), second = v_load_part(v + i, left);
        first = v_fma(g - first, new1, first);
        second = v_fma(g * g, new2, second * v_all(beta2));
        vf change = first / v_fma(v_sqrt(second), root, v_all(eps));
        v_store_part(m + i, first, left);
        v_store_part(v + i, second, left);
        v_store_part(param + i, v_fma(-rate, change, v_load_part(param + i, left) * decay), left);
    }
}
