/* Largest numbers of windows and their places, for pooling and for convolutions that it follows. */
#ifndef RK_IMPL_PLACES_H
#define RK_IMPL_PLACES_H

#include "math.h"

/* ---- whether a takes the place of the largest number so far: it is larger, or nan ---- */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE rk_m32 pool_takes_f32(rk_vf32 a, rk_vf32 largest)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)largest, _CMP_GT_OQ)
           | _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
}
RK_INLINE rk_m64 pool_takes_f64(rk_vf64 a, rk_vf64 largest)
{
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)largest, _CMP_GT_OQ)
           | _mm512_cmp_pd_mask((__m512d)a, (__m512d)a, _CMP_UNORD_Q);
}
#elif defined(__GNUC__)
RK_INLINE rk_m32 pool_takes_f32(rk_vf32 a, rk_vf32 largest) { return (rk_m32)(a > largest) | (rk_m32)(a != a); }
RK_INLINE rk_m64 pool_takes_f64(rk_vf64 a, rk_vf64 largest) { return (rk_m64)(a > largest) | (rk_m64)(a != a); }
#else
RK_INLINE int pool_takes_f32(float a, float largest) { return a > largest || a != a; }
RK_INLINE int pool_takes_f64(double a, double largest) { return a > largest || a != a; }
#endif

/* ---- indexes as bytes: packing those of a vector, and finding a place among them. Compilers are bad at it. ---- */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE void pool_pack_f32(char *p, rk_vi32 v) { _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8((__m512i)v)); }
RK_INLINE void pool_pack_f64(char *p, rk_vi64 v) { _mm_storel_epi64((void *)p, _mm512_cvtepi64_epi8((__m512i)v)); }
RK_INLINE rk_m32 pool_find_f32(const char *p, int k)
{
    return _mm_cmpeq_epi8_mask(_mm_loadu_si128((const void *)p), _mm_set1_epi8((char)k));
}
RK_INLINE rk_m64 pool_find_f64(const char *p, int k)
{
    return (rk_m64)_mm_cmpeq_epi8_mask(_mm_loadl_epi64((const void *)p), _mm_set1_epi8((char)k));
}
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
RK_INLINE void pool_pack_f32(char *p, rk_vi32 v)
{
    const __m256i low = _mm256_shuffle_epi8((__m256i)v, _mm256_set1_epi32(0x0c080400));
    _mm_storel_epi64((void *)p, _mm_unpacklo_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
}
RK_INLINE void pool_pack_f64(char *p, rk_vi64 v)
{
    const __m256i low = _mm256_shuffle_epi8((__m256i)v, _mm256_set1_epi16(0x0800));
    const int four = _mm_cvtsi128_si32(
        _mm_unpacklo_epi16(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
    memcpy(p, &four, 4);
}
RK_INLINE rk_m32 pool_find_f32(const char *p, int k)
{
    return (rk_m32)_mm256_cmpeq_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)), _mm256_set1_epi32(k));
}
RK_INLINE rk_m64 pool_find_f64(const char *p, int k)
{
    int four;
    memcpy(&four, p, 4);
    return (rk_m64)_mm256_cmpeq_epi64(_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four)), _mm256_set1_epi64x(k));
}
#elif defined(__GNUC__)
#define POOL_PACK(T, I, M, LANES) \
    RK_INLINE void pool_pack_##T(char *p, I v) \
    { \
        for (int i = 0; i < LANES; i++) \
            p[i] = (char)v[i]; \
    } \
    RK_INLINE M pool_find_##T(const char *p, int k) \
    { \
        I v; \
        for (int i = 0; i < LANES; i++) \
            v[i] = (uint8_t)p[i]; \
        return (M)(v == k); \
    }
POOL_PACK(f32, rk_vi32, rk_m32, RK_VF32_LANES)
POOL_PACK(f64, rk_vi64, rk_m64, RK_VF64_LANES)
#undef POOL_PACK
#else
RK_INLINE void pool_pack_f32(char *p, int32_t v) { *p = (char)v; }
RK_INLINE void pool_pack_f64(char *p, int64_t v) { *p = (char)v; }
RK_INLINE int pool_find_f32(const char *p, int k) { return (uint8_t)*p == k; }
RK_INLINE int pool_find_f64(const char *p, int k) { return (uint8_t)*p == k; }
#endif

#endif
