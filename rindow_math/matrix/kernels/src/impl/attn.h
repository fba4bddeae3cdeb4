/* Attention: scores, masks, softmax, dropout and the sum of values, one tile of a block of queries and some keys of one
 * head at a time, the softmax corrected from tile to tile. The scores of a tile stay in scratch memory; the gradient
 * computes them again from each row's maximum and sum, so memory grows with the length of the sequences, not with its
 * square. */
#include "common.h"
#include "flush.h"
#include "random.h"
#include "../rk_attn.h"

#define ATTN_FILL (-1e9)
#define ATTN_TILE 384                  /* most keys of a tile: its scores stay in the second cache */
#define ATTN_THREAD_WORK 400000        /* multiply-adds below which a second thread does not pay */

extern const rk_api RK_CAT(api, RK_VARIANT);

/* rows of queries in a block: many, as each packs all keys, but enough blocks for the threads */
RK_INLINE ptrdiff_t rk_attn_rows(const rk_attn_call *c)
{
    ptrdiff_t rows = c->causal ? 128 : 256;
    while (rows > 64 && c->batch * c->heads * ((c->tq + rows - 1) / rows) < 8)
        rows /= 2;
    return rows < c->tq ? rows : c->tq;
}

/* keys of a tile: tiles are about alike, and whole vectors */
RK_INLINE ptrdiff_t rk_attn_tile(const rk_attn_call *c)
{
    const ptrdiff_t tiles = (c->tv + ATTN_TILE - 1) / ATTN_TILE;
    return tiles > 1 ? ((c->tv + tiles - 1) / tiles + 15) / 16 * 16 : c->tv;
}

RK_INLINE int rk_attn_counts(const rk_attn_call *c, ptrdiff_t b, ptrdiff_t j)
{
    return (!c->value_mask || c->value_mask[b * c->tv + j]) && (!c->key_mask || c->key_mask[b * c->tv + j]);
}

/* keys that a block of queries can see: later ones weigh nothing, unless a row has none that counts */
RK_INLINE ptrdiff_t rk_attn_keys(const rk_attn_call *c, ptrdiff_t b, ptrdiff_t i0, ptrdiff_t rows)
{
    ptrdiff_t first = 0, end = c->tv;
    if (c->mask || (c->query_mask && !c->zero_rows))
        return end;
    while (end > 0 && !rk_attn_counts(c, b, end - 1))
        end--;
    while (first < end && !rk_attn_counts(c, b, first))
        first++;
    if (first == end || (c->causal && first > i0))
        return c->tv;
    return c->causal && i0 + rows < end ? i0 + rows : end;
}

/* rk_attn_lanes_V: the number of each lane; rk_attn_bytes_V(p, n): which bytes from p on are not 0, of n at most */
RK_INLINE rk_vf32 rk_attn_lanes_vf32(void)
{
    static const float lanes[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    return rk_load_vf32(lanes);
}
RK_INLINE rk_vf64 rk_attn_lanes_vf64(void)
{
    static const double lanes[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    return rk_load_vf64(lanes);
}
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE rk_m32 rk_attn_bytes_vf32(const uint8_t *p, ptrdiff_t n)
{
    const __m128i x = _mm_maskz_loadu_epi8((__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff), p);
    return _mm_test_epi8_mask(x, x);
}
RK_INLINE rk_m64 rk_attn_bytes_vf64(const uint8_t *p, ptrdiff_t n)
{
    return (rk_m64)rk_attn_bytes_vf32(p, n < 8 ? n : 8);
}
#elif defined(__GNUC__)
#define RK_ATTN_BYTES(V, M, I) \
    typedef uint8_t rk_attn_bytes_of_##V __attribute__((vector_size(sizeof(M) / sizeof(I)))); \
    RK_INLINE M rk_attn_bytes_##V(const uint8_t *p, ptrdiff_t n) \
    { \
        rk_attn_bytes_of_##V x = {0}; \
        if (n >= (ptrdiff_t)sizeof x) \
            memcpy(&x, p, sizeof x); \
        else \
            memcpy(&x, p, (size_t)n); \
        return (M)(__builtin_convertvector(x, M) != 0); \
    }
RK_ATTN_BYTES(vf32, rk_vi32, int32_t)
RK_ATTN_BYTES(vf64, rk_vi64, int64_t)
#else
RK_INLINE rk_m32 rk_attn_bytes_vf32(const uint8_t *p, ptrdiff_t n) { (void)n; return *p != 0; }
RK_INLINE rk_m64 rk_attn_bytes_vf64(const uint8_t *p, ptrdiff_t n) { (void)n; return *p != 0; }
#endif

#define AT(name) RKM_CAT(attn_##name, AT_SUFFIX)

#define AT_SUFFIX f32
#define AT_T float
#define AT_V rk_vf32
#define AT_L RK_VF32_LANES
#define AT_VF(name) RKM_CAT(rk_##name, vf32)
#define AT_M rk_m32
#define AT_GEMM sgemm
#include "attn_body.h"

#define AT_SUFFIX f64
#define AT_T double
#define AT_V rk_vf64
#define AT_L RK_VF64_LANES
#define AT_VF(name) RKM_CAT(rk_##name, vf64)
#define AT_M rk_m64
#define AT_GEMM dgemm
#include "attn_body.h"

static int RK(attention)(int dtype, const rk_attn_call *c, const void *q, const void *k, const void *v, void *out,
                         void *weights, void *stats)
{
    if (dtype == RK_FLOAT32)
        return attn_forward_f32(c, q, k, v, out, weights, stats);
    return attn_forward_f64(c, q, k, v, out, weights, stats);
}

static int RK(attention_gradient)(int dtype, const rk_attn_call *c, const void *q, const void *k, const void *v,
                                  const void *out, const void *stats, const void *dout, const void *dweights,
                                  void *dq, void *dk, void *dv, void *dscale)
{
    if (dtype == RK_FLOAT32)
        return attn_backward_f32(c, q, k, v, out, stats, dout, dweights, dq, dk, dv, dscale);
    return attn_backward_f64(c, q, k, v, out, stats, dout, dweights, dq, dk, dv, dscale);
}

const rk_attn_api RK(attn_api) = { 1, RK_ATTN(RK_ENTRY) };
