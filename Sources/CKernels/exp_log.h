// exp and log of a vector, at most 2 ulp. Every kernel uses these, in remainders too, so a value's bits do not depend
// on its place in a vector. Coefficients: Cephes expf and logf (S. L. Moshier). Included once per level file.

CK_INLINE vi v_bits(vf x) { return (vi)x; }
CK_INLINE vf v_from_bits(vi x) { return (vf)x; }

/// exp(x): +inf above 88.72, 0 below -86.6 (2^-125; no subnormals), NaN for NaN.
CK_INLINE vf v_exp(vf x) {
    const float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer and leaves that in the low bits.
    vf z = x > v_all(89.0f) ? v_all(89.0f) : x;
    vf shifted = v_fma(z, v_all(1.44269504088896341f), v_all(round));
    vf n = shifted - v_all(round);
    // ln 2 in two parts; the first is exact in 10 bits, so the first product is exact even unfused.
    vf r = v_fma(n, v_all(-0.693359375f), z);
    r = v_fma(n, v_all(2.12194440e-4f), r);
    vf p = v_fma(v_all(1.9875691500e-4f), r, v_all(1.3981999507e-3f));
    p = v_fma(p, r, v_all(8.3334519073e-3f));
    p = v_fma(p, r, v_all(4.1665795894e-2f));
    p = v_fma(p, r, v_all(1.6666665459e-1f));
    p = v_fma(p, r, v_all(5.0000001201e-1f));
    p = v_fma(p, r, v_all(1.0f));
    p = v_fma(p, r, v_all(1.0f));
#if CK_LANES == 16
    __mmask16 kept = _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(-86.6f), _CMP_NLT_UQ);
    return (vf)_mm512_maskz_scalef_ps(kept, (__m512)p, (__m512)n);
#else
    // 2^n as 2 * 2^(n - 1), so that n = 128 still has an exponent of its own.
    vi exponent = v_bits(shifted) - v_bits(v_all(round)) + (vi)126;
    vf y = p * v_from_bits(exponent << 23) * v_all(2.0f);
    return x < v_all(-86.6f) ? v_all(0.0f) : y;
#endif
}

/// log(x) for normal x > 0: -inf at 0 (and for subnormals), NaN below 0 and for NaN, +inf at +inf.
CK_INLINE vf v_log(vf x) {
    // x = 2^e * f with f in [sqrt(1/2), sqrt(2)).
    vi offset = v_bits(x) - (vi)0x3f3504f3;
    vf e = __builtin_convertvector(offset >> 23, vf);
    vf f = v_from_bits((offset & (vi)0x007fffff) + (vi)0x3f3504f3) - v_all(1.0f);
    vf p = v_fma(v_all(7.0376836292e-2f), f, v_all(-1.1514610310e-1f));
    p = v_fma(p, f, v_all(1.1676998740e-1f));
    p = v_fma(p, f, v_all(-1.2420140846e-1f));
    p = v_fma(p, f, v_all(1.4249322787e-1f));
    p = v_fma(p, f, v_all(-1.6668057665e-1f));
    p = v_fma(p, f, v_all(2.0000714765e-1f));
    p = v_fma(p, f, v_all(-2.4999993993e-1f));
    p = v_fma(p, f, v_all(3.3333331174e-1f));
    vf square = f * f;
    vf y = p * f * square;
    y = v_fma(e, v_all(-2.12194440e-4f), y);
    y = v_fma(square, v_all(-0.5f), y) + f;
    y = v_fma(e, v_all(0.693359375f), y);
    y = x < v_all(1.17549435e-38f) ? v_all(-__builtin_inff()) : y;
    y = x < v_all(0.0f) ? v_all(__builtin_nanf("")) : y;
    y = x == v_all(__builtin_inff()) ? x : y;
    return x == x ? y : x;
}

/// log of one number, by the same instructions.
CK_INLINE float v_log_one(float x) { return v_log(v_all(x))[0]; }
