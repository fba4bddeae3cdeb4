/* Sine, cosine, tangent and power on vectors.
 *
 *     function                      largest error in ulp, float / double
 *     rk_sin_V, rk_cos_V            1.0 / 1.0
 *     rk_tan_V                      2.5 / 2.5
 *     rk_pow_vf32(x, y)             0.51
 *     rk_sincospi2_V(u, &s, &c)     sine and cosine of 2 pi u, 0 <= u < 1; absolute error 1e-7 / 2e-16
 *
 * Without fused multiply-add the reduction of the argument would lose its last bits, so that the C library is called
 * element by element; so it is for arguments beyond what the reduction reaches. */
#ifndef RK_TRIG_H
#define RK_TRIG_H
#include "common.h"

/* whether a mask has any lane set */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE int rk_any_vf32(rk_m32 m) { return m != 0; }
RK_INLINE int rk_any_vf64(rk_m64 m) { return m != 0; }
#elif defined(RK_X86_INTRINSICS)
RK_INLINE int rk_any_vf32(rk_m32 m) { return RK_MM(movemask_ps)((RK_M32)m) != 0; }
RK_INLINE int rk_any_vf64(rk_m64 m) { return RK_MM(movemask_pd)((RK_M64)m) != 0; }
#elif defined(__GNUC__)
RK_INLINE int rk_any_vf32(rk_m32 m)
{
    int any = 0;
    for (int k = 0; k < RK_VF32_LANES; k++)
        any |= m[k] != 0;
    return any;
}
RK_INLINE int rk_any_vf64(rk_m64 m)
{
    int any = 0;
    for (int k = 0; k < RK_VF64_LANES; k++)
        any |= m[k] != 0;
    return any;
}
#else
RK_INLINE int rk_any_vf32(rk_m32 m) { return m; }
RK_INLINE int rk_any_vf64(rk_m64 m) { return m; }
#endif

/* sin r and cos r for |r| <= pi/4 */
RK_INLINE void rk_sincos_reduced_vf32(rk_vf32 r, rk_vf32 *s, rk_vf32 *c)
{
    const rk_vf32 z = r * r;
    rk_vf32 p = rk_set1_vf32(-0x1.9ac96cp-13f), q = rk_set1_vf32(0x1.9bd864p-16f);
    p = rk_fma_vf32(p, z, rk_set1_vf32(0x1.110c28p-7f));
    p = rk_fma_vf32(p, z, rk_set1_vf32(-0x1.555552p-3f));
    q = rk_fma_vf32(q, z, rk_set1_vf32(-0x1.6c12d2p-10f));
    q = rk_fma_vf32(q, z, rk_set1_vf32(0x1.555554p-5f));
    *s = rk_fma_vf32(r * z, p, r);
    *c = rk_fma_vf32(z * z, q, rk_fma_vf32(z, rk_set1_vf32(-0.5f), rk_set1_vf32(1)));
}
RK_INLINE void rk_sincos_reduced_vf64(rk_vf64 r, rk_vf64 *s, rk_vf64 *c)
{
    const rk_vf64 z = r * r, one = rk_set1_vf64(1), h = z * rk_set1_vf64(0.5), w = one - h;
    rk_vf64 p = rk_set1_vf64(0x1.5e0af186af739p-33), q = rk_set1_vf64(-0x1.907d7aebd5e3dp-37);
    p = rk_fma_vf64(p, z, rk_set1_vf64(-0x1.ae600a926c89ap-26));
    p = rk_fma_vf64(p, z, rk_set1_vf64(0x1.71de37961e4c6p-19));
    p = rk_fma_vf64(p, z, rk_set1_vf64(-0x1.a01a019e8357dp-13));
    p = rk_fma_vf64(p, z, rk_set1_vf64(0x1.1111111110bb1p-7));
    p = rk_fma_vf64(p, z, rk_set1_vf64(-0x1.5555555555555p-3));
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.1eeb68b109173p-29));
    q = rk_fma_vf64(q, z, rk_set1_vf64(-0x1.27e4fa17a41b4p-22));
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.a01a019f4e867p-16));
    q = rk_fma_vf64(q, z, rk_set1_vf64(-0x1.6c16c16c16966p-10));
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.5555555555555p-5));
    *s = rk_fma_vf64(r * z, p, r);
    *c = w + rk_fma_vf64(z * z, q, (one - w) - h);   /* with what rounding 1 - z/2 lost */
}

/* V: suffix, T: scalar, I: integer vector, M: mask, MAGIC: adding it rounds to an integer, TOP: place of the sign bit
 * less one, P1 + P2 + P3 = pi/2, REACH: largest argument reduced here, TINY: sin x = x below it */
#define RK_TRIG(V, S, T, I, M, LANES, MAGIC, TOP, P1, P2, P3, REACH, TINY) \
RK_INLINE rk_##V rk_select_bit_##V(rk_##I q, rk_##V a, rk_##V b)   /* bit 0 of q ? a : b */ \
{ \
    const rk_##I bit = rk_shl_##V(q & rk_seti_##V(1), TOP);        /* 2.0 or 0.0 */ \
    return rk_select_##V(rk_lt_##V(rk_set1_##V(0), rk_from_bits_##V(bit)), a, b); \
} \
RK_INLINE rk_##V rk_flip_##V(rk_##V x, rk_##I sign)   /* the sign bit of `sign` flips x */ \
{ \
    return rk_from_bits_##V(rk_bits_##V(x) ^ sign); \
} \
RK_INLINE rk_##V rk_quadrant_##V(rk_##V x, rk_##I *q) \
{ \
    const rk_##V t = rk_fma_##V(x, rk_set1_##V((T)0x1.45f306dc9c883p-1), rk_set1_##V(MAGIC)); \
    const rk_##V n = rk_set1_##V(MAGIC) - t; \
    *q = rk_bits_##V(t); \
    return rk_fma_##V(n, rk_set1_##V(P3), rk_fma_##V(n, rk_set1_##V(P2), rk_fma_##V(n, rk_set1_##V(P1), x))); \
} \
RK_NOINLINE rk_##V rk_trig_far_##V(rk_##V x, rk_##V y, int which) \
{ \
    T from[LANES], to[LANES]; \
    rk_store_##V(from, x); \
    rk_store_##V(to, y); \
    for (int k = 0; k < LANES; k++) \
        if (!(fabs##S(from[k]) <= REACH)) \
            to[k] = which == 0 ? sin##S(from[k]) : which == 1 ? cos##S(from[k]) : tan##S(from[k]); \
    return rk_load_##V(to); \
} \
RK_INLINE rk_##V rk_trig_##V(rk_##V x, int which) \
{ \
    rk_##I q; \
    rk_##V s, c, y; \
    const rk_##V a = rk_abs_##V(x); \
    rk_sincos_reduced_##V(rk_quadrant_##V(x, &q), &s, &c); \
    if (which == 2) { \
        y = rk_flip_##V(rk_select_bit_##V(q, c, s) / rk_select_bit_##V(q, s, c), rk_shl_##V(q, TOP + 1)); \
    } else { \
        q = q + rk_seti_##V(which); \
        y = rk_flip_##V(rk_select_bit_##V(q, c, s), rk_shl_##V(q & rk_seti_##V(2), TOP)); \
    } \
    if (which != 1) \
        y = rk_select_##V(rk_lt_##V(a, rk_set1_##V(TINY)), x, y); \
    const rk_##V over = rk_set1_##V(REACH); \
    if (RK_UNLIKELY(rk_any_##V(rk_lt_##V(over, a)))) \
        y = rk_trig_far_##V(x, y, which); \
    return y; \
} \
RK_INLINE rk_##V rk_sin_##V(rk_##V x) { return rk_trig_##V(x, 0); } \
RK_INLINE rk_##V rk_cos_##V(rk_##V x) { return rk_trig_##V(x, 1); } \
RK_INLINE rk_##V rk_tan_##V(rk_##V x) { return rk_trig_##V(x, 2); } \
RK_INLINE void rk_sincospi2_##V(rk_##V u, rk_##V *sine, rk_##V *cosine) \
{ \
    const rk_##V t = rk_fma_##V(u, rk_set1_##V(4), rk_set1_##V(MAGIC)), n = rk_set1_##V(MAGIC) - t; \
    const rk_##I q = rk_bits_##V(t), r = q + rk_seti_##V(1); \
    rk_##V s, c; \
    rk_sincos_reduced_##V(rk_fma_##V(u, rk_set1_##V(4), n) * rk_set1_##V((T)1.57079632679489661923), &s, &c); \
    *sine = rk_flip_##V(rk_select_bit_##V(q, c, s), rk_shl_##V(q & rk_seti_##V(2), TOP)); \
    *cosine = rk_flip_##V(rk_select_bit_##V(r, c, s), rk_shl_##V(r & rk_seti_##V(2), TOP)); \
}
RK_TRIG(vf32, f, float, vi32, m32, RK_VF32_LANES, 12582912.0f, 30, 0x1.921fb6p+0f, -0x1.777a5cp-25f, -0x1.ee59dap-50f,
        10000.0f, 0x1p-13f)
RK_TRIG(vf64, , double, vi64, m64, RK_VF64_LANES, 6755399441055744.0, 62, 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54,
        -0x1.f1976b7ed8fbcp-110, 1e6, 0x1p-27)

/* ---- power of floats, by doubles ---- */

/* e^(y log|x|) with the cases of C's pow: nan for a negative x and a fraction, minus for a negative x and an odd y */
RK_INLINE rk_vf64 rk_pow_core(rk_vf64 x, rk_vf64 y)
{
    const rk_vf64 zero = rk_set1_vf64(0), one = rk_set1_vf64(1), magic = rk_set1_vf64(6755399441055744.0);
    const rk_vf64 inf = rk_set1_vf64(INFINITY), a = rk_abs_vf64(x), b = rk_abs_vf64(y);
    rk_vf64 r = rk_exp_vf64(y * rk_log_vf64(a));
    r = rk_select_vf64(rk_eq_vf64(a, one), rk_select_vf64(rk_eq_vf64(y, y), one, y), r);
    r = rk_select_vf64(rk_eq_vf64(y, zero), one, r);
    /* floats from 2^24 on are even */
    const rk_vf64 w = rk_min_vf64(b, rk_set1_vf64(0x1p24)), whole = (w + magic) - magic;
    const rk_vf64 h = w * rk_set1_vf64(0.5), half = (h + magic) - magic;
    const rk_vf64 signed_r = rk_with_sign_vf64(r, x);
    /* w is an integer and half of it is not */
    const rk_vf64 odd = rk_select_vf64(rk_eq_vf64(whole, w), rk_select_vf64(rk_eq_vf64(half, h), r, signed_r), r);
    const rk_vf64 broken = rk_select_vf64(rk_eq_vf64(whole, w), odd, rk_set1_vf64(NAN));
    rk_vf64 result = rk_select_vf64(rk_lt_vf64(x, zero), rk_select_vf64(rk_eq_vf64(a, inf), odd, broken), odd);
    return rk_select_vf64(rk_eq_vf64(x, one), one, result);
}

/* 2^(y log2 x) to some 34 bits, for floats held as doubles: x a positive number, y a number. log2 x = s q(s^2) with
 * s = (m - 1) / (m + 1) for x's mantissa m; what exceeds the range of floats rounds to 0 or infinity later. */
RK_INLINE rk_vf64 rk_pow_quick(rk_vf64 x, rk_vf64 y)
{
    const rk_vf64 magic = rk_set1_vf64(6755399441055744.0);
    rk_vf64 k;
    const rk_vf64 f = rk_log_split_vf64(x, &k), s = f / (f + rk_set1_vf64(2)), z = s * s;
    rk_vf64 q = rk_set1_vf64(0x1.21b606ba89281p-2);
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.4794ff7ad1df7p-2));
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.a61a30c69e684p-2));
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.2776c290e6bfap-1));
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.ec709dc53e4bdp-1));
    q = rk_fma_vf64(q, z, rk_set1_vf64(0x1.71547652b8250p+1));
    rk_vf64 t = y * rk_fma_vf64(s, q, k);
    t = rk_max_vf64(rk_set1_vf64(-200), rk_min_vf64(rk_set1_vf64(200), t));
    const rk_vf64 n = t + magic, r = t - (n - magic);
    rk_vf64 p = rk_set1_vf64(0x1.fe1695573e8c2p-17);
    p = rk_fma_vf64(p, r, rk_set1_vf64(0x1.446ad34a7628ep-13));
    p = rk_fma_vf64(p, r, rk_set1_vf64(0x1.5d8a7311a7218p-10));
    p = rk_fma_vf64(p, r, rk_set1_vf64(0x1.3b29db62da93fp-7));
    p = rk_fma_vf64(p, r, rk_set1_vf64(0x1.c6b08aaaf401ap-5));
    p = rk_fma_vf64(p, r, rk_set1_vf64(0x1.ebfbe0a5c4e0bp-3));
    p = rk_fma_vf64(p, r, rk_set1_vf64(0x1.62e42ff11919ap-1));
    p = rk_fma_vf64(p, r, rk_set1_vf64(1));
    return rk_from_bits_vf64(rk_bits_vf64(p) + rk_shl_vf64(rk_bits_vf64(n), 52));
}

/* the quick way, and the long one for lanes that need it */
RK_INLINE rk_vf64 rk_pow_lanes(rk_vf64 x, rk_vf64 y)
{
    const rk_vf64 inf = rk_set1_vf64(INFINITY), one = rk_set1_vf64(1), zero = rk_set1_vf64(0);
    const rk_m64 ordinary = rk_lt_vf64(zero, x) & rk_lt_vf64(x, inf) & rk_lt_vf64(rk_abs_vf64(y), inf);
    const rk_m64 rare = rk_lt_vf64(rk_select_vf64(ordinary, one, zero), one);
    const rk_vf64 quick = rk_pow_quick(x, y);
    return RK_UNLIKELY(rk_any_vf64(rare)) ? rk_select_vf64(rare, rk_pow_core(x, y), quick) : quick;
}

/* z[i] = x[i*incx] ** y[i*incy], increments 0 or 1 */
static void rk_pow_f32(const float *x, ptrdiff_t incx, const float *y, ptrdiff_t incy, float *z, ptrdiff_t n)
{
    enum { L = RK_VF64_LANES };
    double base[L], power[L];
    ptrdiff_t i = 0;
    const rk_vf64 x0 = rk_set1_vf64(n ? x[0] : 0), y0 = rk_set1_vf64(n ? y[0] : 0);
    for (; i + L <= n; i += L)
        rk_narrow_f32(z + i, rk_pow_lanes(incx ? rk_widen_f32(x + i) : x0, incy ? rk_widen_f32(y + i) : y0));
    if (i < n) {
        for (int k = 0; k < L; k++) {
            const ptrdiff_t j = i + k < n ? i + k : n - 1;
            base[k] = x[j * incx];
            power[k] = y[j * incy];
        }
        rk_store_vf64(base, rk_pow_lanes(rk_load_vf64(base), rk_load_vf64(power)));
        for (int k = 0; i + k < n; k++)
            z[i + k] = (float)base[k];
    }
}
#endif
