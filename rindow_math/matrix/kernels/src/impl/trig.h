/* Sine, cosine, tangent and power on vectors.
 *
 *     function                      largest error in ulp, float / double
 *     rk_sin_V, rk_cos_V            1.0 / 1.0
 *     rk_tan_V                      2.5 / 2.5
 *     rk_pow_f32, rk_pow_f64        0.501 (vectors of 64 bytes: 1.8) / 0.95
 *     rk_sincospi2_V(u, &s, &c)     sine and cosine of 2 pi u, 0 <= u < 1; absolute error 1e-7 / 2e-16
 *
 * Without fused multiply-add the reduction of the argument would lose its last bits, so that the C library is called
 * element by element; so it is for arguments beyond what the reduction reaches. */
#ifndef RK_TRIG_H
#define RK_TRIG_H
#include "common.h"

/* whether a mask has any lane set, or all */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE int rk_any_vf32(rk_m32 m) { return m != 0; }
RK_INLINE int rk_any_vf64(rk_m64 m) { return m != 0; }
RK_INLINE int rk_all_vf32(rk_m32 m) { return m == 0xffff; }
RK_INLINE int rk_all_vf64(rk_m64 m) { return m == 0xff; }
#elif defined(RK_X86_INTRINSICS)
RK_INLINE int rk_any_vf32(rk_m32 m) { return RK_MM(movemask_ps)((RK_M32)m) != 0; }
RK_INLINE int rk_any_vf64(rk_m64 m) { return RK_MM(movemask_pd)((RK_M64)m) != 0; }
RK_INLINE int rk_all_vf32(rk_m32 m) { return RK_MM(movemask_ps)((RK_M32)m) == (1 << RK_VF32_LANES) - 1; }
RK_INLINE int rk_all_vf64(rk_m64 m) { return RK_MM(movemask_pd)((RK_M64)m) == (1 << RK_VF64_LANES) - 1; }
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
RK_INLINE int rk_all_vf32(rk_m32 m) { return !rk_any_vf32(~m); }
RK_INLINE int rk_all_vf64(rk_m64 m) { return !rk_any_vf64(~m); }
#else
RK_INLINE int rk_any_vf32(rk_m32 m) { return m; }
RK_INLINE int rk_any_vf64(rk_m64 m) { return m; }
RK_INLINE int rk_all_vf32(rk_m32 m) { return m; }
RK_INLINE int rk_all_vf64(rk_m64 m) { return m; }
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

/* ---- powers ---- */

/* entry i modulo 16 of a table, for each lane */
RK_INLINE rk_vf64 rk_table16_vf64(const double *table, rk_vi64 i)
{
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
    return (rk_vf64)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)i, _mm512_loadu_pd(table + 8));
#elif defined(__AVX2__)
    return (rk_vf64)_mm256_i64gather_pd(table, (__m256i)(i & rk_seti_vf64(15)), 8);
#elif defined(__GNUC__)
    rk_vf64 v = {0};
    for (int k = 0; k < RK_VF64_LANES; k++)
        v[k] = table[i[k] & 15];
    return v;
#else
    return table[i & 15];
#endif
}

/* 1/c for the middles c of 16 parts of [0.734, 1.469), rounded to 8 bits; the part around 1 has c = 1 */
static const double rk_pow_inverse[16] = {
    1.33203125, 1.28125, 1.23046875, 1.18359375, 1.14453125, 1.1015625, 1.06640625, 1.03125,
    1.0, 0.94140625, 0.890625, 0.84375, 0.80078125, 0.76171875, 0.7265625, 0.6953125,
};
/* log c, rounded to multiples of 2^-42, and the rest */
static const double rk_pow_log[16] = {
    -0x1.2596010df7000p-2, -0x1.fb9186d5e4000p-3, -0x1.a8becfc882000p-3, -0x1.59338d9982000p-3,
    -0x1.1478584674000p-3, -0x1.8c345d6318000p-4, -0x1.0759835990000p-4, -0x1.f829b0e780000p-6,
    0, 0x1.eea31c0068000p-5, 0x1.da72763844000p-4, 0x1.5bf406b544000p-3,
    0x1.c6ffbc6f00000p-3, 0x1.16b5ccbad0000p-2, 0x1.4718dc271c000p-2, 0x1.741d876c68000p-2,
};
static const double rk_pow_log_rest[16] = {
    -0x1.8e7bc224ea3e3p-44, 0x1.d572aab993c87p-47, -0x1.e3185cf21b9cfp-44, -0x1.0ba68b7555d4ap-48,
    -0x1.563451027c750p-46, -0x1.b20f5acb42a66p-44, 0x1.b8ecfe4b59987p-44, -0x1.980267c7e09e4p-45,
    0, 0x1.c3dd83606d891p-44, 0x1.a89401fa71733p-46, -0x1.27023eb68981cp-46,
    0x1.ee138d3a69d43p-44, -0x1.23299042d74bfp-44, 0x1.06c18fb4c14c5p-44, -0x1.13a7b5b11cfa7p-44,
};
/* log2 c */
static const double rk_pow_log2[16] = {
    -0x1.a78e146f7bef4p-2, -0x1.6e221cd9d0cdep-2, -0x1.32639636b2836p-2, -0x1.f205339208f27p-3,
    -0x1.8edcae8352b6cp-3, -0x1.1dcd197552b7bp-3, -0x1.7beee96b8a281p-4, -0x1.6bad3758efd87p-5,
    0, 0x1.64ce26c067157p-4, 0x1.563dc29ffacb2p-3, 0x1.f5fd8a9063e35p-3,
    0x1.48365e695d797p-2, 0x1.921800924dd3bp-2, 0x1.d7e6c0abc3579p-2, 0x1.0c6caaf0c5597p-1,
};
/* 2^(i/16) with i taken off the bits from the 48th on, and what rounding lost as a part of it */
static const double rk_pow_root[16] = {
    0x1.0000000000000p+0, 0x1.fb5586cf9890fp-1, 0x1.f72b83c7d517bp-1, 0x1.f387a6e756238p-1,
    0x1.f06fe0a31b715p-1, 0x1.edea64c123422p-1, 0x1.ebfdad5362a27p-1, 0x1.eab07dd485429p-1,
    0x1.ea09e667f3bcdp-1, 0x1.ea11473eb0187p-1, 0x1.eace5422aa0dbp-1, 0x1.ec49182a3f090p-1,
    0x1.ee89f995ad3adp-1, 0x1.f199bdd85529cp-1, 0x1.f5818dcfba487p-1, 0x1.fa4afa2a490dap-1,
};
static const double rk_pow_root_rest[16] = {
    0, 0x1.79aa65d837b6cp-54, -0x1.01b15eaa59348p-55, 0x1.68efde3a8a893p-54,
    0x1.34d754db0abb6p-55, 0x1.59f48a72a4c6cp-55, 0x1.690cebb7aafb0p-56, 0x1.063e1e21c5409p-54,
    -0x1.3b3efbf5e2229p-54, -0x1.b32dcb94da51dp-56, 0x1.db72fc1f0eab4p-55, 0x1.1affc2b91ce27p-56,
    0x1.c1a7792cb3386p-55, 0x1.36eae30af0cb3p-56, 0x1.4a385a63d07a7p-56, -0x1.ff7128fd391f1p-55,
};

/* the exponent of a positive normal x as a double; c x 2^-exponent is within 1/32 of 1, c entry i of rk_pow_inverse */
RK_INLINE rk_vf64 rk_pow_split(rk_vf64 x, rk_vf64 *mantissa, rk_vi64 *i)
{
    /* unsigned, as the bits of what is no positive number may overflow */
    const rk_vu64 bits = (rk_vu64)rk_bits_vf64(x);
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
    const rk_vi64 part = (rk_vi64)(bits - (rk_vu64)rk_seti_vf64(0x3fe7800000000000));
    *i = part >> 48;
    *mantissa = rk_from_bits_vf64((rk_vi64)(bits - (rk_vu64)(part & rk_seti_vf64(-(1LL << 52)))));
    return (rk_vf64)_mm512_cvtepi64_pd((__m512i)(part >> 52));
#else
    /* moved up by 1023 exponents, as in rk_log_split_vf64 */
    const rk_vi64 part = (rk_vi64)(bits + (rk_vu64)rk_seti_vf64(0x3ff0000000000000 - 0x3fe7800000000000));
    const rk_vi64 e = (part >> 52) - rk_seti_vf64(1023);
    *i = part >> 48;
    *mantissa = rk_from_bits_vf64((rk_vi64)(bits - (rk_vu64)rk_shl_vf64(e, 52)));
    return rk_from_bits_vf64(e + rk_seti_vf64(0x4338000000000000)) - rk_set1_vf64(6755399441055744.0);
#endif
}

/* 2^(i/16) but for rounding */
RK_INLINE rk_vf64 rk_pow_scale(rk_vi64 i)
{
    const rk_vu64 root = (rk_vu64)rk_bits_vf64(rk_table16_vf64(rk_pow_root, i));
    return rk_from_bits_vf64((rk_vi64)(root + (rk_vu64)rk_shl_vf64(i, 48)));
}

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

/* 2^(y log2 x) to some 36 bits, for floats held as doubles: x a positive number, y a number. What exceeds the range of
 * floats rounds to 0 or infinity later. Each step is done for all `count` vectors, so that they need not wait for the
 * step before. */
RK_INLINE void rk_pow_quick(int count, const rk_vf64 *x, const rk_vf64 *y, rk_vf64 *z)
{
#define RK_EACH for (int k = 0; k < count; k++)
    const rk_vf64 magic = rk_set1_vf64(6755399441055744.0), one = rk_set1_vf64(1);
    rk_vf64 m[2], e[2], r[2], r2[2], p[2], q[2], t[2], u[2], scale[2];
    rk_vi64 i[2];
    RK_EACH e[k] = rk_pow_split(x[k], m + k, i + k);
    RK_EACH r[k] = rk_fma_vf64(m[k], rk_table16_vf64(rk_pow_inverse, i[k]), -one);
    RK_EACH e[k] = e[k] + rk_table16_vf64(rk_pow_log2, i[k]);
    RK_EACH r2[k] = r[k] * r[k];
    RK_EACH p[k] = rk_fma_vf64(rk_set1_vf64(0x1.a6a7284209eefp-3), r[k], rk_set1_vf64(-0x1.ed125b25e54d0p-3));
    RK_EACH q[k] = rk_fma_vf64(rk_set1_vf64(0x1.2776bc11ef99ap-2), r[k], rk_set1_vf64(-0x1.71546c361fe5ap-2));
    RK_EACH t[k] = rk_fma_vf64(rk_set1_vf64(0x1.ec709dc3e82a0p-2), r[k], rk_set1_vf64(-0x1.71547652e0a34p-1));
    RK_EACH q[k] = rk_fma_vf64(p[k], r2[k], q[k]);
    RK_EACH t[k] = rk_fma_vf64(q[k], r2[k], t[k]);
    RK_EACH t[k] = rk_fma_vf64(t[k], r[k], rk_set1_vf64(0x1.71547652b82fep+0));
    RK_EACH t[k] = y[k] * rk_fma_vf64(r[k], t[k], e[k]);
    RK_EACH t[k] = rk_max_vf64(rk_set1_vf64(-200), rk_min_vf64(rk_set1_vf64(200), t[k]));
    /* in sixteenths */
    RK_EACH u[k] = rk_fma_vf64(t[k], rk_set1_vf64(16), magic);
    RK_EACH scale[k] = rk_pow_scale(rk_bits_vf64(u[k]));
    RK_EACH r[k] = rk_fma_vf64(u[k] - magic, rk_set1_vf64(-0.0625), t[k]);
    RK_EACH p[k] = rk_fma_vf64(rk_set1_vf64(0x1.3b2bfa0553142p-7), r[k], rk_set1_vf64(0x1.c6b3488206d06p-5));
    RK_EACH q[k] = rk_fma_vf64(rk_set1_vf64(0x1.ebfbdff78ad41p-3), r[k], rk_set1_vf64(0x1.62e42fee4615fp-1));
    RK_EACH q[k] = rk_fma_vf64(p[k], r[k] * r[k], q[k]);
    RK_EACH z[k] = rk_fma_vf64(scale[k] * r[k], q[k], scale[k]);
#undef RK_EACH
}

/* the quick way, and the long one for lanes that need it */
RK_INLINE rk_vf64 rk_pow_lanes(rk_vf64 x, rk_vf64 y)
{
    const rk_vf64 inf = rk_set1_vf64(INFINITY), zero = rk_set1_vf64(0);
    const rk_m64 ordinary = rk_lt_vf64(zero, x) & rk_lt_vf64(x, inf) & rk_lt_vf64(rk_abs_vf64(y), inf);
    rk_vf64 quick;
    rk_pow_quick(1, &x, &y, &quick);
    return RK_LIKELY(rk_all_vf64(ordinary)) ? quick : rk_select_vf64(ordinary, quick, rk_pow_core(x, y));
}

RK_NOINLINE void rk_pow_rare_f32(const float *x, ptrdiff_t incx, const float *y, ptrdiff_t incy, float *z)
{
    for (int k = 0; k < RK_VF32_LANES; k += RK_VF64_LANES)
        rk_narrow_f32(z + k, rk_pow_lanes(incx ? rk_widen_f32(x + k) : rk_set1_vf64(x[0]),
                                          incy ? rk_widen_f32(y + k) : rk_set1_vf64(y[0])));
}

#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
/* Powers by floats, the logarithm as a sum of two: half the arithmetic of two vectors of doubles. Rows: c near 1/m for
 * m in 32 intervals around 1, such that m c - 1 is exact; -log2 c to 15 binary places; the rest of that. */
static const float rk_pow_pieces[3][32] = {
    {
        0x1.54p+0f, 0x1.5p+0f, 0x1.48p+0f, 0x1.4p+0f, 0x1.3cp+0f, 0x1.34p+0f, 0x1.3p+0f, 0x1.28p+0f, 0x1.24p+0f,
        0x1.2p+0f, 0x1.1cp+0f, 0x1.14p+0f, 0x1.1p+0f, 0x1.0cp+0f, 0x1.08p+0f, 0x1.04p+0f, 0x1p+0f, 0x1.fp-1f,
        0x1.ep-1f, 0x1.d4p-1f, 0x1.c8p-1f, 0x1.b8p-1f, 0x1.bp-1f, 0x1.a4p-1f, 0x1.98p-1f, 0x1.9p-1f, 0x1.88p-1f,
        0x1.7cp-1f, 0x1.74p-1f, 0x1.6cp-1f, 0x1.64p-1f, 0x1.5cp-1f,
    }, {
        -0x1.a338p-2f, -0x1.91b8p-2f, -0x1.6e2p-2f, -0x1.49a8p-2f, -0x1.371p-2f, -0x1.113p-2f, -0x1.fbcp-3f,
        -0x1.acfp-3f, -0x1.84cp-3f, -0x1.5cp-3f, -0x1.32bp-3f, -0x1.bc8p-4f, -0x1.664p-4f, -0x1.0ecp-4f,
        -0x1.6bcp-5f, -0x1.6e8p-6f, 0, 0x1.774p-5f, 0x1.7d6p-4f, 0x1.098p-3f, 0x1.564p-3f, 0x1.bfcp-3f, 0x1.f6p-3f,
        0x1.24ap-2f, 0x1.4f7p-2f, 0x1.6cbp-2f, 0x1.8a88p-2f, 0x1.b878p-2f, 0x1.d7e8p-2f, 0x1.f808p-2f, 0x1.0c6cp-1f,
        0x1.1d38p-1f,
    }, {
        0x1.3eb014p-19f, -0x1.d448f8p-17f, -0x1.0e6ce8p-17f, 0x1.ed0cbap-20f, -0x1.267526p-17f, -0x1.f6b4c2p-20f,
        -0x1.6b9026p-19f, -0x1.78b6d4p-17f, -0x1.5e8178p-18f, -0x1.a39fbep-19f, 0x1.61d876p-19f, -0x1.0902b6p-18f,
        0x1.20a6dep-21f, 0x1.8ec0bap-17f, 0x1.2c8a72p-17f, 0x1.a5e8f4p-20f, 0, -0x1.acd89ap-19f, 0x1.25b3eep-22f,
        -0x1.c731ap-19f, -0x1.1eb002p-18f, 0x1.9eap-17f, -0x1.3ab7cep-18f, -0x1.96a762p-17f, -0x1.134c4ep-20f,
        0x1.ed0cbap-19f, 0x1.80abfcp-18f, -0x1.d42728p-21f, -0x1.3f543cp-18f, -0x1.a8b97ap-17f, 0x1.55e18ap-18f,
        -0x1.7d694ap-17f,
    },
};
RK_INLINE rk_vf32 rk_pow_piece(int row, __m512i at)
{
    return (rk_vf32)_mm512_permutex2var_ps(_mm512_loadu_ps(rk_pow_pieces[row]), at,
                                           _mm512_loadu_ps(rk_pow_pieces[row] + 16));
}

/* 2^(y log2 x) of a positive normal x and a number y */
RK_INLINE rk_vf32 rk_pow_quick_vf32(rk_vf32 x, rk_vf32 y)
{
    const rk_vu32 bits = (rk_vu32)rk_bits_vf32(x), part = bits - (rk_vu32)rk_seti_vf32(0x3f3e0000);
    const rk_vf32 m = (rk_vf32)(bits - (part & (rk_vu32)rk_seti_vf32(-(1 << 23))));
    const rk_vf32 k = (rk_vf32)_mm512_cvtepi32_ps((__m512i)((rk_vi32)part >> 23));
    const __m512i at = (__m512i)(part >> 18);
    const rk_vf32 one = rk_set1_vf32(1), ratio = rk_set1_vf32(0x1.715476p+0f), limit = rk_set1_vf32(200);
    const rk_vf32 r = rk_fma_vf32(m, rk_pow_piece(0, at), -one), first = r * ratio;
    rk_vf32 p = rk_fma_vf32(r, rk_set1_vf32(-0x1.8bb146p-4f), rk_set1_vf32(0x1.279deep-2f));
    p = rk_fma_vf32(r, p, rk_set1_vf32(-0x1.71691ep-2f));
    p = rk_fma_vf32(r, p, rk_set1_vf32(0x1.ec709cp-2f));
    p = rk_fma_vf32(r, p, rk_set1_vf32(-0x1.715476p-1f));
    p = rk_fma_vf32(r, p, rk_set1_vf32(0x1.4ae0cp-26f));
    p = rk_fma_vf32(r, p, rk_fma_vf32(r, ratio, -first));
    const rk_vf32 whole = k + rk_pow_piece(1, at), sum = whole + first;
    p = p + ((first - (sum - whole)) + rk_pow_piece(2, at));
    const rk_vf32 hi = sum + p, lo = p - (hi - sum), e = y * hi;
    /* the rest of a product beyond the range of floats is no number, and then 1 */
    const rk_vf32 rest = rk_max_vf32(-one, rk_min_vf32(rk_fma_vf32(y, lo, rk_fma_vf32(y, hi, -e)), one));
    const rk_vf32 t = rk_max_vf32(-limit, rk_min_vf32(e, limit));
    const rk_vf32 n = (rk_vf32)_mm512_roundscale_ps((__m512)t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const rk_vf32 f = (t - n) + rest;
    rk_vf32 q = rk_fma_vf32(f, rk_set1_vf32(0x1.3f9bcp-13f), rk_set1_vf32(0x1.5f0b8cp-10f));
    q = rk_fma_vf32(f, q, rk_set1_vf32(0x1.3b30a6p-7f));
    q = rk_fma_vf32(f, q, rk_set1_vf32(0x1.c6af76p-5f));
    q = rk_fma_vf32(f, q, rk_set1_vf32(0x1.ebfbd8p-3f));
    q = rk_fma_vf32(f, q, rk_set1_vf32(0x1.62e43p-1f));
    return (rk_vf32)_mm512_scalef_ps((__m512)rk_fma_vf32(f, q, one), (__m512)n);
}

/* with the cases of C's pow */
RK_INLINE rk_vf32 rk_pow_vf32(rk_vf32 x, rk_vf32 y)
{
    const rk_vf32 inf = rk_set1_vf32(INFINITY), r = rk_pow_quick_vf32(x, y);
    const rk_m32 ordinary = _mm512_mask_cmp_ps_mask(
        _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(0x1p-126f), _CMP_GE_OQ),
                                (__m512)x, (__m512)inf, _CMP_LT_OQ),
        (__m512)rk_abs_vf32(y), (__m512)inf, _CMP_LT_OQ);
    if (RK_LIKELY(rk_all_vf32(ordinary)))
        return r;
    float base[RK_VF32_LANES], power[RK_VF32_LANES];
    rk_store_vf32(base, x);
    rk_store_vf32(power, y);
    rk_pow_rare_f32(base, 1, power, 1, base);
    return rk_select_vf32(ordinary, r, rk_load_vf32(base));
}

/* z[i] = x[i*incx] ** y[i*incy], increments 0 or 1 */
static void rk_pow_f32(const float *x, ptrdiff_t incx, const float *y, ptrdiff_t incy, float *z, ptrdiff_t n)
{
    enum { L = RK_VF32_LANES };
    const rk_vf32 x0 = rk_set1_vf32(n ? x[0] : 0), y0 = rk_set1_vf32(n ? y[0] : 0);
    ptrdiff_t i = 0;
    for (; i + L <= n; i += L) {
        rk_prefetch((const char *)(x + i * incx) + RK_AHEAD_BYTES);
        rk_prefetch((const char *)(y + i * incy) + RK_AHEAD_BYTES);
        rk_store_vf32(z + i, rk_pow_vf32(incx ? rk_load_vf32(x + i) : x0, incy ? rk_load_vf32(y + i) : y0));
    }
    if (i < n)
        rk_store_part_vf32(z + i, rk_pow_vf32(incx ? rk_load_part_vf32(x + i, n - i) : x0,
                                              incy ? rk_load_part_vf32(y + i, n - i) : y0), n - i);
}
#else
/* z[i] = x[i*incx] ** y[i*incy], increments 0 or 1 */
static void rk_pow_f32(const float *x, ptrdiff_t incx, const float *y, ptrdiff_t incy, float *z, ptrdiff_t n)
{
    enum { L = RK_VF64_LANES, WIDE = RK_VF32_LANES };
    double base[L], power[L];
    ptrdiff_t i = 0;
    const rk_vf32 zero = rk_set1_vf32(0), inf = rk_set1_vf32(INFINITY);
    const float x_first = n ? x[0] : 0, y_first = n ? y[0] : 0;
    const rk_vf64 x0 = rk_set1_vf64(x_first), y0 = rk_set1_vf64(y_first);
    for (; i + WIDE <= n; i += WIDE) {
        const rk_vf32 u = incx ? rk_load_vf32(x + i) : rk_set1_vf32(x_first);
        const rk_vf32 v = incy ? rk_load_vf32(y + i) : rk_set1_vf32(y_first);
        rk_prefetch((const char *)(x + i * incx) + RK_AHEAD_BYTES);
        rk_prefetch((const char *)(y + i * incy) + RK_AHEAD_BYTES);
        if (RK_LIKELY(rk_all_vf32(rk_lt_vf32(zero, u) & rk_lt_vf32(u, inf) & rk_lt_vf32(rk_abs_vf32(v), inf)))) {
            const rk_vf64 a[2] = { incx ? rk_widen_f32(x + i) : x0, incx ? rk_widen_f32(x + i + WIDE - L) : x0 };
            const rk_vf64 b[2] = { incy ? rk_widen_f32(y + i) : y0, incy ? rk_widen_f32(y + i + WIDE - L) : y0 };
            rk_vf64 c[2];
            rk_pow_quick(WIDE / L, a, b, c);
            rk_narrow_f32(z + i, c[0]);
            if (WIDE > L)
                rk_narrow_f32(z + i + L, c[1]);
        } else {
            rk_pow_rare_f32(x + i * incx, incx, y + i * incy, incy, z + i);
        }
    }
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

/* ---- power of doubles ---- */

#if !defined(__FMA__)
/* the upper 26 bits of the mantissa: products of two such are exact */
RK_INLINE rk_vf64 rk_upper_vf64(rk_vf64 x) { return rk_from_bits_vf64(rk_bits_vf64(x) & rk_seti_vf64(-(1LL << 27))); }
#endif

/* log x of a positive normal x as hi + lo, with some 65 bits */
RK_INLINE rk_vf64 rk_pow_log_vf64(rk_vf64 x, rk_vf64 *lo)
{
    rk_vf64 m;
    rk_vi64 i;
    const rk_vf64 k = rk_pow_split(x, &m, &i), c = rk_table16_vf64(rk_pow_inverse, i);
    const rk_vf64 one = rk_set1_vf64(1), half = rk_set1_vf64(0.5);
    /* r + rest = m/c - 1, |r| <= 1/32; square + square_rest = r^2 / 2 */
#if defined(__FMA__)
    const rk_vf64 p = m * c, rest = rk_fma_vf64(m, c, -p), r = p - one, h = half * r;
    const rk_vf64 square = h * r, square_rest = rk_fma_vf64(h, r, -square);
#else
    const rk_vf64 upper = rk_upper_vf64(m), a = upper * c - one, b = (m - upper) * c, r = a + b, rest = b - (r - a);
    const rk_vf64 ru = rk_upper_vf64(r), square = half * ru * ru, square_rest = half * (r - ru) * (r + ru);
#endif
    const rk_vf64 t = rk_fma_vf64(k, rk_set1_vf64(0x1.62e42fefa3800p-1), rk_table16_vf64(rk_pow_log, i));
    const rk_vf64 first = t + r, second = first - square;
    const rk_vf64 lost = ((t - first) + r) + (((first - second) - square) - square_rest);
    const rk_vf64 z = r * r;
    rk_vf64 even = rk_set1_vf64(0x1.750e8c032f7e3p-4), odd = rk_set1_vf64(-0x1.9a59d76189686p-4);
    even = rk_fma_vf64(even, z, rk_set1_vf64(0x1.c71c507dd1259p-4));
    odd = rk_fma_vf64(odd, z, rk_set1_vf64(-0x1.ffffdbf0c4765p-4));
    even = rk_fma_vf64(even, z, rk_set1_vf64(0x1.24924925ba370p-3));
    odd = rk_fma_vf64(odd, z, rk_set1_vf64(-0x1.5555555695eabp-3));
    even = rk_fma_vf64(even, z, rk_set1_vf64(0x1.9999999999941p-3));
    odd = rk_fma_vf64(odd, z, rk_set1_vf64(-0x1.fffffffffffa0p-3));
    even = rk_fma_vf64(even, z, rk_set1_vf64(0x1.5555555555555p-2));
    const rk_vf64 small = rk_fma_vf64(k, rk_set1_vf64(0x1.ef35793c76730p-45), rk_table16_vf64(rk_pow_log_rest, i));
    /* rest / (1 + r) */
    const rk_vf64 u = rest - r * rest, more = lost + rk_fma_vf64(z, u, u);
    const rk_vf64 tail = rk_fma_vf64(z * r, rk_fma_vf64(odd, r, even), small + more);
    const rk_vf64 hi = second + tail;
    *lo = (second - hi) + tail;
    return hi;
}

/* the lanes where the power of |x| is not an ordinary number, by the C library */
static rk_vf64 rk_pow_rare(rk_vf64 x, rk_vf64 y, rk_vf64 exponent, rk_vf64 z)
{
    double base[RK_VF64_LANES], power[RK_VF64_LANES], e[RK_VF64_LANES], to[RK_VF64_LANES];
    rk_store_vf64(base, x);
    rk_store_vf64(power, y);
    rk_store_vf64(e, exponent);
    rk_store_vf64(to, z);
    for (int k = 0; k < RK_VF64_LANES; k++)
        if (!(fabs(base[k]) >= 0x1p-1022 && fabs(base[k]) < INFINITY && fabs(e[k]) < 708))
            to[k] = pow(base[k], power[k]);
    return rk_load_vf64(to);
}

/* x to the power y as e^(y log x), the logarithm and the product with more than 64 bits */
RK_INLINE rk_vf64 rk_pow_vf64(rk_vf64 x, rk_vf64 y)
{
    const rk_vf64 magic = rk_set1_vf64(6755399441055744.0), zero = rk_set1_vf64(0);
    const rk_vf64 a = rk_abs_vf64(x);
    rk_vf64 lo;
    const rk_vf64 hi = rk_pow_log_vf64(a, &lo);
#if defined(__FMA__)
    rk_vf64 e = y * hi;
    const rk_vf64 rest = rk_fma_vf64(y, hi, -e) + y * lo;
#else
    const rk_vf64 yu = rk_upper_vf64(y), hu = rk_upper_vf64(hi);
    rk_vf64 e = yu * hu;
    const rk_vf64 rest = (y - yu) * hu + y * ((hi - hu) + lo);
#endif
    const rk_vf64 t = rk_fma_vf64(e, rk_set1_vf64(0x1.71547652b82fep+4), magic), n = t - magic;
    const rk_vi64 i = rk_bits_vf64(t);
    const rk_vf64 s = rk_fma_vf64(n, rk_set1_vf64(-0x1.62e42fefa4000p-5), e);
    const rk_vf64 r = rk_fma_vf64(n, rk_set1_vf64(0x1.8432a1b0e2634p-47), s) + rest, z = r * r;
    rk_vf64 odd = rk_set1_vf64(0x1.a01b149876dbfp-13), even = rk_set1_vf64(0x1.6c17f6c39583fp-10);
    odd = rk_fma_vf64(odd, z, rk_set1_vf64(0x1.11111110ddf63p-7));
    even = rk_fma_vf64(even, z, rk_set1_vf64(0x1.55555554e258ep-5));
    odd = rk_fma_vf64(odd, z, rk_set1_vf64(0x1.5555555555556p-3));
    even = rk_fma_vf64(even, z, rk_set1_vf64(0x1.0000000000001p-1));
    const rk_vf64 more = rk_fma_vf64(z, rk_fma_vf64(odd, r, even), rk_table16_vf64(rk_pow_root_rest, i) + r);
    const rk_vf64 scale = rk_pow_scale(i);
    rk_vf64 result = rk_fma_vf64(scale, more, scale);
    const rk_m64 negative = rk_lt_vf64(x, zero);
    if (RK_UNLIKELY(rk_any_vf64(negative))) {
        /* a number for a whole y, minus for an odd one; y from 2^52 on is rare */
        const rk_vf64 b = rk_abs_vf64(y), big = rk_set1_vf64(0x1p52), w = b + big;
        const rk_vf64 whole = rk_select_vf64(rk_eq_vf64(w - big, b), result, rk_set1_vf64(NAN));
        const rk_vf64 signed_whole = rk_from_bits_vf64(rk_bits_vf64(whole) ^ rk_shl_vf64(rk_bits_vf64(w), 63));
        result = rk_select_vf64(negative, signed_whole, result);
        e = rk_select_vf64(negative, rk_select_vf64(rk_lt_vf64(b, big), e, rk_set1_vf64(INFINITY)), e);
    }
    const rk_m64 ordinary = rk_lt_vf64(rk_abs_vf64(e), rk_set1_vf64(708)) & rk_lt_vf64(a, rk_set1_vf64(INFINITY))
                            & rk_lt_vf64(rk_set1_vf64(0x1.fffffffffffffp-1023), a);
    if (RK_UNLIKELY(!rk_all_vf64(ordinary)))
        result = rk_pow_rare(x, y, e, result);
    return result;
}

/* z[i] = x[i*incx] ** y[i*incy], increments 0 or 1 */
static void rk_pow_f64(const double *x, ptrdiff_t incx, const double *y, ptrdiff_t incy, double *z, ptrdiff_t n)
{
    enum { L = RK_VF64_LANES };
    ptrdiff_t i = 0;
    const rk_vf64 x0 = rk_set1_vf64(n ? x[0] : 0), y0 = rk_set1_vf64(n ? y[0] : 0);
    for (; i + L <= n; i += L) {
        rk_prefetch((const char *)(x + i * incx) + RK_AHEAD_BYTES);
        rk_prefetch((const char *)(y + i * incy) + RK_AHEAD_BYTES);
        rk_store_vf64(z + i, rk_pow_vf64(incx ? rk_load_vf64(x + i) : x0, incy ? rk_load_vf64(y + i) : y0));
    }
    if (i < n) {
        double base[L], power[L];
        for (int k = 0; k < L; k++) {
            const ptrdiff_t j = i + k < n ? i + k : n - 1;
            base[k] = x[j * incx];
            power[k] = y[j * incy];
        }
        rk_store_vf64(base, rk_pow_vf64(rk_load_vf64(base), rk_load_vf64(power)));
        for (int k = 0; i + k < n; k++)
            z[i + k] = base[k];
    }
}
#endif
