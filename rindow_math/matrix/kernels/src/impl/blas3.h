/* Symmetric and triangular matrices: blocks, nearly all of whose work are products (gemm.h). Where blocks are cut
 * depends on sizes alone. */
#ifndef RK_IMPL_BLAS3_H
#define RK_IMPL_BLAS3_H

#include "common.h"
#include "gemm.h"
#include "../rk_blas3.h"

#define L3_SPARE 32                    /* order of a block that lies on the stack */
#define L3_GROUP 8                     /* rows of a triangle that are solved directly */

/* 1 / (re + im i) without overflow on the way */
static void l3_reciprocal(double re, double im, double *out_re, double *out_im)
{
    if (fabs(re) >= fabs(im)) {
        const double ratio = im / re, scale = 1 / (re + im * ratio);
        *out_re = scale;
        *out_im = -ratio * scale;
    } else {
        const double ratio = re / im, scale = 1 / (im + re * ratio);
        *out_re = ratio * scale;
        *out_im = -scale;
    }
}

#define L3(name) RKM_CAT(l3_##name, L3_SUFFIX)

#define L3_SUFFIX f32
#define L3_E float
#define L3_T float
#define L3_W 1
#define L3_V rk_vf32
#define L3_L RK_VF32_LANES
#define L3_VF(name) RKM_CAT(rk_##name, vf32)
#define L3_G(name) gemm_##name##_f32
#define L3_TURN gemm_turn_f32
#define L3_MIN FLT_MIN
#define L3_MAX FLT_MAX
#include "blas3_body.h"

#define L3_SUFFIX f64
#define L3_E double
#define L3_T double
#define L3_W 1
#define L3_V rk_vf64
#define L3_L RK_VF64_LANES
#define L3_VF(name) RKM_CAT(rk_##name, vf64)
#define L3_G(name) gemm_##name##_f64
#define L3_TURN gemm_turn_f64
#define L3_MIN DBL_MIN
#define L3_MAX DBL_MAX
#include "blas3_body.h"

#define L3_SUFFIX c64
#define L3_E rk_c64
#define L3_T float
#define L3_W 2
#define L3_V rk_vf32
#define L3_L RK_VF32_LANES
#define L3_VF(name) RKM_CAT(rk_##name, vf32)
#define L3_SWAP RK_SWAP_F
#define L3_G(name) gemm_##name##_f32
#define L3_TURN(src, lds, rows, columns, dst, ldd) \
    gemm_turn_f64((const double *)(const void *)(src), lds, rows, columns, (double *)(void *)(dst), ldd)
#include "blas3_body.h"

#define L3_SUFFIX c128
#define L3_E rk_c128
#define L3_T double
#define L3_W 2
#define L3_V rk_vf64
#define L3_L RK_VF64_LANES
#define L3_VF(name) RKM_CAT(rk_##name, vf64)
#define L3_SWAP RK_SWAP_D
#define L3_G(name) gemm_##name##_f64
#define L3_TURN(src, lds, rows, columns, dst, ldd) \
    gemm_turn_c128((const double *)(const void *)(src), lds, rows, columns, (double *)(void *)(dst), ldd)
#include "blas3_body.h"

/* ---- the entries ---- */
#define L3_CHOOSE(dtype, call) \
    const float alpha_f[2] = { (float)alpha[0], (float)alpha[1] }; \
    switch (dtype) { \
    case RK_FLOAT32: call(f32, alpha_f, f); break; \
    case RK_FLOAT64: call(f64, alpha, d); break; \
    case RK_COMPLEX64: call(c64, alpha_f, f); break; \
    case RK_COMPLEX128: call(c128, alpha, d); break; \
    }

static void RK(symm)(int dtype, int right, int lower, ptrdiff_t m, ptrdiff_t n, const double *alpha, const void *a,
                     ptrdiff_t lda, const void *b, ptrdiff_t ldb, const double *beta, void *c, ptrdiff_t ldc)
{
    const float beta_f[2] = { (float)beta[0], (float)beta[1] };
    const double *beta_d = beta;
#define L3_CALL(type, factor, r) l3_symm_##type(right, lower, m, n, factor, a, lda, b, ldb, beta_##r, c, ldc)
    L3_CHOOSE(dtype, L3_CALL)
#undef L3_CALL
}

static void RK(syrk)(int dtype, int lower, int trans, ptrdiff_t n, ptrdiff_t k, const double *alpha, const void *a,
                     ptrdiff_t lda, const void *b, ptrdiff_t ldb, const double *beta, void *c, ptrdiff_t ldc)
{
    const float beta_f[2] = { (float)beta[0], (float)beta[1] };
    const double *beta_d = beta;
#define L3_CALL(type, factor, r) \
    { \
        const l3_rank_##type g = { lower != 0, trans != 0, k, lda, ldb, ldc, a, b, factor, beta_##r }; \
        l3_syrk_all_##type(&g, n, c); \
    }
    L3_CHOOSE(dtype, L3_CALL)
#undef L3_CALL
}

#define L3_CALL(type, factor, r) \
    l3_triangular_##type(solve, right, lower, trans, conj, unit, m, n, factor, a, lda, b, ldb)
static void rk_l3_triangular(int dtype, int solve, int right, int lower, int trans, int conj, int unit, ptrdiff_t m,
                             ptrdiff_t n, const double *alpha, const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb)
{
    L3_CHOOSE(dtype, L3_CALL)
}
#undef L3_CALL

static void RK(trmm)(int dtype, int right, int lower, int trans, int conj, int unit, ptrdiff_t m, ptrdiff_t n,
                     const double *alpha, const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb)
{
    rk_l3_triangular(dtype, 0, right, lower, trans, conj, unit, m, n, alpha, a, lda, b, ldb);
}

static void RK(trsm)(int dtype, int right, int lower, int trans, int conj, int unit, ptrdiff_t m, ptrdiff_t n,
                     const double *alpha, const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb)
{
    rk_l3_triangular(dtype, 1, right, lower, trans, conj, unit, m, n, alpha, a, lda, b, ldb);
}

#endif
