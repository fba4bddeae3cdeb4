/* The functions of math.h for one type: RKM_T (suffix), RKM_F (floating type),
 * RKM_I, RKM_U (signed and unsigned integers of the same shape), RKM_M (mask), RKM_SINGLE (1: float, 0: double).
 *
 * Coefficients are minimax fits (Remez) made for these intervals. Selections
 * compute both sides: no branches, so a vector costs the same for any content. */
#define RKM(name) RKM_CAT(RKM_CAT(rk, name), RKM_T)
#define RKM_S(x) RKM(set1)(x)
#define RKM_SELECT RKM(select)
#define RKM_FMA RKM(fma)
#define RKM_NAN RKM_S(NAN)
#define RKM_INF RKM_S(INFINITY)

#if RKM_SINGLE
#define RKM_C(f, d) RKM_S(f)
#define RKM_MANT 23
#define RKM_ROUND 12582912.0f               /* 1.5 * 2^23: adding it rounds to an integer in the low bits */
#define RKM_ROUND_BITS 0x4b400000
#define RKM_LN2_HI 0x1.62e4p-1f             /* 15 bits: exact times any exponent */
#define RKM_LN2_LO 0x1.7f7d1cp-20f
#define RKM_ABS_BITS INT32_MAX
#define RKM_SQRT_HALF_BITS 0x3f3504f3
#else
#define RKM_C(f, d) RKM_S(d)
#define RKM_MANT 52
#define RKM_ROUND 6755399441055744.0        /* 1.5 * 2^52 */
#define RKM_ROUND_BITS 0x4338000000000000
#define RKM_LN2_HI 0x1.62e42feep-1          /* 32 bits */
#define RKM_LN2_LO 0x1.a39ef35793c76p-33
#define RKM_ABS_BITS INT64_MAX
#define RKM_SQRT_HALF_BITS 0x3fe6a09e667f3bcd
#endif

RK_INLINE RKM_F RKM(abs)(RKM_F x)
{
    return RKM(from_bits)(RKM(bits)(x) & RKM(seti)(RKM_ABS_BITS));
}

/* |x| with the sign of s */
RK_INLINE RKM_F RKM(with_sign)(RKM_F x, RKM_F s)
{
    return RKM(from_bits)((RKM(bits)(x) & RKM(seti)(RKM_ABS_BITS)) | (RKM(bits)(s) & ~RKM(seti)(RKM_ABS_BITS)));
}

/* x = n ln2 + r + c with |r| <= ln2/2 and c what rounding r lost; i is n as an integer */
RK_INLINE RKM_F RKM(exp_reduce)(RKM_F x, RKM_F *n, RKM_I *i, RKM_F *c)
{
    RKM_F t = RKM_FMA(x, RKM_C(0x1.715476p+0f, 0x1.71547652b82fep+0), RKM_S(RKM_ROUND));
    *n = t - RKM_S(RKM_ROUND);
    *i = RKM(bits)(t) - RKM(seti)(RKM_ROUND_BITS);
    RKM_F h = RKM_FMA(*n, RKM_S(-RKM_LN2_HI), x);
    RKM_F r = RKM_FMA(*n, RKM_S(-RKM_LN2_LO), h);
    *c = RKM_FMA(*n, RKM_S(-RKM_LN2_LO), h - r);
    return r;
}

/* e^(r+c) - 1 = r + (c + r^2 q(r)) for |r| <= ln2/2 and a tiny c */
RK_INLINE RKM_F RKM(expm1_reduced)(RKM_F r, RKM_F c)
{
#if RKM_SINGLE
    RKM_F q = RKM_S(0x1.6db440p-10f);
    q = RKM_FMA(q, r, RKM_S(0x1.123b54p-7f));
    q = RKM_FMA(q, r, RKM_S(0x1.55545ep-5f));
    q = RKM_FMA(q, r, RKM_S(0x1.55548ep-3f));
    q = RKM_FMA(q, r, RKM_S(0x1.000000p-1f));
#else
    RKM_F q = RKM_S(0x1.af847cf868653p-26);
    q = RKM_FMA(q, r, RKM_S(0x1.28b04848e6eb7p-22));
    q = RKM_FMA(q, r, RKM_S(0x1.71dde07c55e6cp-19));
    q = RKM_FMA(q, r, RKM_S(0x1.a0199695441c7p-16));
    q = RKM_FMA(q, r, RKM_S(0x1.a01a01ba902f1p-13));
    q = RKM_FMA(q, r, RKM_S(0x1.6c16c185a672bp-10));
    q = RKM_FMA(q, r, RKM_S(0x1.111111110d730p-7));
    q = RKM_FMA(q, r, RKM_S(0x1.5555555550036p-5));
    q = RKM_FMA(q, r, RKM_S(0x1.5555555555561p-3));
    q = RKM_FMA(q, r, RKM_S(0x1.000000000000bp-1));
#endif
    return r + RKM_FMA(r * r, q, c);
}

RK_INLINE RKM_F RKM(exp)(RKM_F x)
{
    /* beyond these the result is inf or 0; min and max keep nan */
    RKM_F hi = RKM_C(89.0f, 710.0), lo = RKM_C(-104.0f, -746.0), n, c;
    RKM_I i;
    x = RKM(max)(lo, RKM(min)(hi, x));
    RKM_F r = RKM(exp_reduce)(x, &n, &i, &c);
    return RKM(scale)(RKM(expm1_reduced)(r, c) + RKM_S(1.0f), n, i);
}

RK_INLINE RKM_F RKM(expm1)(RKM_F x)
{
    RKM_F hi = RKM_C(89.0f, 710.0), lo = RKM_C(-20.0f, -40.0), n, c;
    RKM_I i;
    RKM_M tiny = RKM(lt)(RKM(abs)(x), RKM_C(0x1p-25f, 0x1p-54));
    RKM_F x0 = x;
    x = RKM(max)(lo, RKM(min)(hi, x));
    RKM_F r = RKM(exp_reduce)(x, &n, &i, &c), p = RKM(expm1_reduced)(r, c);
    /* 2^n p + (2^n - 1), halved so that 2^n does not overflow before the result does */
    RKM_F s = RKM(from_bits)(RKM(shl)(i + RKM(seti)(RKM_SINGLE ? 126 : 1022), RKM_MANT));
    RKM_F y = RKM_FMA(s, p, s - RKM_S(0.5f));
    return RKM_SELECT(tiny, x0, y + y);
}

/* log(u) + c, where f is u's mantissa in [sqrt(1/2), sqrt(2)) less 1, and k its exponent */
RK_INLINE RKM_F RKM(log_reduced)(RKM_F f, RKM_F k, RKM_F c)
{
    RKM_F s = f / (f + RKM_S(2.0f)), z = s * s, h = f * f * RKM_S(0.5f);
#if RKM_SINGLE
    RKM_F q = RKM_S(0x1.e2fdf8p-3f);
    q = RKM_FMA(q, z, RKM_S(0x1.2438a8p-2f));
    q = RKM_FMA(q, z, RKM_S(0x1.999a7cp-2f));
    q = RKM_FMA(q, z, RKM_S(0x1.555554p-1f));
#else
    RKM_F q = RKM_S(0x1.2f0c5346860abp-3);
    q = RKM_FMA(q, z, RKM_S(0x1.39a118486f25ep-3));
    q = RKM_FMA(q, z, RKM_S(0x1.746644a473b43p-3));
    q = RKM_FMA(q, z, RKM_S(0x1.c71c51f03e415p-3));
    q = RKM_FMA(q, z, RKM_S(0x1.249249420c8bfp-2));
    q = RKM_FMA(q, z, RKM_S(0x1.999999997fc05p-2));
    q = RKM_FMA(q, z, RKM_S(0x1.5555555555593p-1));
#endif
    /* log(1+f) = f - (h - s (h + z q)) */
    RKM_F t = RKM_FMA(k, RKM_S(RKM_LN2_LO), c) + s * RKM_FMA(z, q, h);
    return RKM_FMA(k, RKM_S(RKM_LN2_HI), f - (h - t));
}

/* the mantissa of a positive normal u in [sqrt(1/2), sqrt(2)) less 1, and its exponent as a float */
RK_INLINE RKM_F RKM(log_split)(RKM_F u, RKM_F *k)
{
    /* unsigned, as the bits of nan and of negative numbers may overflow */
    RKM_I bits = RKM(bits)(u), half = RKM(seti)(RKM_SQRT_HALF_BITS);
#if RKM_SINGLE
    RKM_I e = (RKM_I)((RKM_U)bits - (RKM_U)half) >> RKM_MANT;
#else
    /* moved up by 1023 exponents, so that the shift never sees a negative number:
     * x86 before AVX-512 has no arithmetic shift of 64-bit lanes */
    RKM_I moved = (RKM_I)((RKM_U)bits - (RKM_U)half + (RKM_U)RKM(seti)(0x3ff0000000000000));
    RKM_I e = (moved >> RKM_MANT) - RKM(seti)(1023);
#endif
    *k = RKM(from_bits)(e + RKM(seti)(RKM_ROUND_BITS)) - RKM_S(RKM_ROUND);
    return RKM(from_bits)((RKM_I)((RKM_U)bits - (RKM_U)RKM(shl)(e, RKM_MANT))) - RKM_S(1.0f);
}

/* y, or the value of log(u) where u is not a positive number */
RK_INLINE RKM_F RKM(log_special)(RKM_F u, RKM_F y)
{
    y = RKM_SELECT(RKM(eq)(u, RKM_INF), u, y);
    y = RKM_SELECT(RKM(eq)(u, RKM_S(0.0f)), -RKM_INF, y);
    y = RKM_SELECT(RKM(lt)(u, RKM_S(0.0f)), RKM_NAN, y);
    return RKM_SELECT(RKM(eq)(u, u), y, u);
}

RK_INLINE RKM_F RKM(log)(RKM_F x)
{
    RKM_M small = RKM(lt)(x, RKM_C(0x1p-126f, 0x1p-1022));
    RKM_F k, f = RKM(log_split)(RKM_SELECT(small, x * RKM_C(0x1p23f, 0x1p52), x), &k);
    k = k - RKM_SELECT(small, RKM_C(23.0f, 52.0), RKM_S(0.0f));
    return RKM(log_special)(x, RKM(log_reduced)(f, k, RKM_S(0.0f)));
}

RK_INLINE RKM_F RKM(log1p)(RKM_F x)
{
    RKM_F one = RKM_S(1.0f), u = one + x, k;
    /* what rounding 1 + x lost, as a correction of the logarithm */
    RKM_F c = RKM_SELECT(RKM(lt)(one, x), one - (u - x), x - (u - one)) / u;
    RKM_F f = RKM(log_split)(u, &k);
    RKM_M near = RKM(eq)(k, RKM_S(0.0f));
    f = RKM_SELECT(near, x, f);
    c = RKM_SELECT(near, RKM_S(0.0f), c);
    RKM_F y = RKM(log_special)(u, RKM(log_reduced)(f, k, c));
    return RKM_SELECT(RKM(lt)(RKM(abs)(x), RKM_C(0x1p-25f, 0x1p-54)), x, y);
}

/* (tanh(a)/a - 1) / z with z = a^2, for small a */
RK_INLINE RKM_F RKM(tanh_tail)(RKM_F z)
{
#if RKM_SINGLE
    RKM_F q = RKM_S(-0x1.76ade2p-8f);
    q = RKM_FMA(q, z, RKM_S(0x1.525778p-6f));
    q = RKM_FMA(q, z, RKM_S(-0x1.b84470p-5f));
    q = RKM_FMA(q, z, RKM_S(0x1.11076ap-3f));
    q = RKM_FMA(q, z, RKM_S(-0x1.555534p-2f));
#else
    RKM_F q = RKM_S(0x1.9660d81051e47p-18);
    q = RKM_FMA(q, z, RKM_S(-0x1.faf7edb438edcp-16));
    q = RKM_FMA(q, z, RKM_S(0x1.80277c1478e9ep-14));
    q = RKM_FMA(q, z, RKM_S(-0x1.f1167c69288ecp-13));
    q = RKM_FMA(q, z, RKM_S(0x1.350bc9eb33be9p-11));
    q = RKM_FMA(q, z, RKM_S(-0x1.7d9c39c5c9843p-10));
    q = RKM_FMA(q, z, RKM_S(0x1.d6d35a9e31d23p-9));
    q = RKM_FMA(q, z, RKM_S(-0x1.226e32d0f8148p-7));
    q = RKM_FMA(q, z, RKM_S(0x1.664f4870bed92p-6));
    q = RKM_FMA(q, z, RKM_S(-0x1.ba1ba1b9d10a1p-5));
    q = RKM_FMA(q, z, RKM_S(0x1.1111111110c38p-3));
    q = RKM_FMA(q, z, RKM_S(-0x1.5555555555552p-2));
#endif
    return q;
}

RK_INLINE RKM_F RKM(tanh)(RKM_F x)
{
    RKM_F a = RKM(abs)(x), z = a * a;
    RKM_F small = RKM_FMA(a, z * RKM(tanh_tail)(z), a);
    RKM_F large = RKM_S(1.0f) - RKM_S(2.0f) / (RKM(exp)(a + a) + RKM_S(1.0f));
    return RKM(with_sign)(RKM_SELECT(RKM(lt)(a, RKM_S(0.625f)), small, large), x);
}

RK_INLINE RKM_F RKM(sigmoid)(RKM_F x)
{
    /* the exponential of a negative number: no overflow, and small results keep their precision */
    RKM_F one = RKM_S(1.0f), e = RKM(exp)(-RKM(abs)(x)), d = one + e;
    RKM_M negative = RKM(lt)(x, RKM_S(0.0f));
    RKM_F y = RKM_SELECT(negative, e, one) / d;
    /* what rounding d lost, to first order; 1/d is y or 1 - y */
    return RKM_FMA(y * RKM_SELECT(negative, one - y, y), (d - one) - e, y);
}

RK_INLINE RKM_F RKM(erf)(RKM_F x)
{
    RKM_F a = RKM(abs)(x), z = a * a, b = RKM(min)(RKM_C(4.0f, 6.0), a);
    /* near 0: x + x q(x^2); further out: 1 - exp(p(x)), p fitted to log(erfc(x)) */
#if RKM_SINGLE
    RKM_F q = RKM_S(0x1.5e062cp-14f);
    q = RKM_FMA(q, z, RKM_S(-0x1.aaa2e0p-11f));
    q = RKM_FMA(q, z, RKM_S(0x1.54d42cp-8f));
    q = RKM_FMA(q, z, RKM_S(-0x1.b80ff2p-6f));
    q = RKM_FMA(q, z, RKM_S(0x1.ce2e1cp-4f));
    q = RKM_FMA(q, z, RKM_S(-0x1.812744p-2f));
    q = RKM_FMA(q, z, RKM_S(0x1.06ebacp-3f));
    RKM_F p = RKM_S(-0x1.61ef06p-16f);
    p = RKM_FMA(p, b, RKM_S(0x1.c793bcp-12f));
    p = RKM_FMA(p, b, RKM_S(-0x1.115b68p-8f));
    p = RKM_FMA(p, b, RKM_S(0x1.9b8ec8p-6f));
    p = RKM_FMA(p, b, RKM_S(-0x1.bb83f6p-4f));
    p = RKM_FMA(p, b, RKM_S(-0x1.44460ap-1f));
    p = RKM_FMA(p, b, RKM_S(-0x1.2127e4p+0f));
    p = RKM_FMA(p, b, RKM_S(0x1.6e5536p-13f));
#else
    RKM_F q = RKM_S(0x1.16b8bed4bdef9p-34);
    q = RKM_FMA(q, z, RKM_S(-0x1.3e375c9ac8d12p-30));
    q = RKM_FMA(q, z, RKM_S(0x1.f9590f3ea8605p-27));
    q = RKM_FMA(q, z, RKM_S(-0x1.5f422b762ea1ap-23));
    q = RKM_FMA(q, z, RKM_S(0x1.b9e2e88c2ab0ap-20));
    q = RKM_FMA(q, z, RKM_S(-0x1.f4d22723fc6bfp-17));
    q = RKM_FMA(q, z, RKM_S(0x1.f9a3250740185p-14));
    q = RKM_FMA(q, z, RKM_S(-0x1.c02db3f3fd412p-11));
    q = RKM_FMA(q, z, RKM_S(0x1.565bcd0e38b60p-8));
    q = RKM_FMA(q, z, RKM_S(-0x1.b82ce31287c60p-6));
    q = RKM_FMA(q, z, RKM_S(0x1.ce2f21a042bbcp-4));
    q = RKM_FMA(q, z, RKM_S(-0x1.812746b0379e7p-2));
    q = RKM_FMA(q, z, RKM_S(0x1.06eba8214db69p-3));
    RKM_F p = RKM_S(0x1.7e28e57af031cp-46);
    p = RKM_FMA(p, b, RKM_S(-0x1.4dee36b8bda4ep-40));
    p = RKM_FMA(p, b, RKM_S(0x1.13f2e4a3692c6p-35));
    p = RKM_FMA(p, b, RKM_S(-0x1.1ee553693e96ap-31));
    p = RKM_FMA(p, b, RKM_S(0x1.a4f7fe7d3f570p-28));
    p = RKM_FMA(p, b, RKM_S(-0x1.cf290aac72fa6p-25));
    p = RKM_FMA(p, b, RKM_S(0x1.8bd6f6b1db9afp-22));
    p = RKM_FMA(p, b, RKM_S(-0x1.0c11694ac3d7ap-19));
    p = RKM_FMA(p, b, RKM_S(0x1.21bdb141ff6f5p-17));
    p = RKM_FMA(p, b, RKM_S(-0x1.ef85d57d4fdc5p-16));
    p = RKM_FMA(p, b, RKM_S(0x1.428f9675a0991p-14));
    p = RKM_FMA(p, b, RKM_S(-0x1.184e79b8916dcp-13));
    p = RKM_FMA(p, b, RKM_S(0x1.dedf4bbbefe5dp-15));
    p = RKM_FMA(p, b, RKM_S(0x1.0ac441cba54f5p-11));
    p = RKM_FMA(p, b, RKM_S(-0x1.abb8b1689379fp-10));
    p = RKM_FMA(p, b, RKM_S(0x1.60d8fbd6f55dfp-13));
    p = RKM_FMA(p, b, RKM_S(0x1.39bb61f5022f3p-6));
    p = RKM_FMA(p, b, RKM_S(-0x1.a4fcc19145582p-4));
    p = RKM_FMA(p, b, RKM_S(-0x1.45f2c4e70b683p-1));
    p = RKM_FMA(p, b, RKM_S(-0x1.20dd7a72e5746p+0));
    p = RKM_FMA(p, b, RKM_S(0x1.b13df9d7ba39dp-26));
#endif
    RKM_F small = RKM_FMA(a, q, a), large = RKM_S(1.0f) - RKM(exp)(p);
    return RKM(with_sign)(RKM_SELECT(RKM(lt)(a, RKM_S(0.925f)), small, large), x);
}

#undef RKM
#undef RKM_S
#undef RKM_SELECT
#undef RKM_FMA
#undef RKM_NAN
#undef RKM_INF
#undef RKM_C
#undef RKM_MANT
#undef RKM_ROUND
#undef RKM_ROUND_BITS
#undef RKM_LN2_HI
#undef RKM_LN2_LO
#undef RKM_ABS_BITS
#undef RKM_SQRT_HALF_BITS
#undef RKM_T
#undef RKM_F
#undef RKM_I
#undef RKM_U
#undef RKM_M
#undef RKM_SINGLE
