/* Fused kernels for neural networks. */
#ifndef RK_IMPL_NN_H
#define RK_IMPL_NN_H

#include "flush.h"

/* Below these many elements one thread is done before two have begun. */
#define NN_GRAIN 16384                 /* updates, activations */
#define NN_BLOCK 4096                  /* elements of a block of an update: cuts at multiples keep vectors whole */
#define NN_LOSS_ROWS 1024              /* rows whose losses are added at a time */

RK_INLINE ptrdiff_t nn_label(const void *labels, int type, ptrdiff_t i)
{
    switch (type) {
    case RK_BOOL: case RK_UINT8: return ((const uint8_t *)labels)[i];
    case RK_INT8: return ((const int8_t *)labels)[i];
    case RK_INT16: return ((const int16_t *)labels)[i];
    case RK_UINT16: return ((const uint16_t *)labels)[i];
    case RK_INT32: return ((const int32_t *)labels)[i];
    case RK_UINT32: return (ptrdiff_t)((const uint32_t *)labels)[i];
    default: return (ptrdiff_t)((const int64_t *)labels)[i];
    }
}

static const float nn_lanes_f32[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const double nn_lanes_f64[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

#define NN(name) RKM_CAT(nn_##name, NN_SUFFIX)

#define NN_SUFFIX f32
#define NN_T float
#define NN_V rk_vf32
#define NN_M rk_m32
#define NN_L RK_VF32_LANES
#define NN_VF(name) RKM_CAT(rk_##name, vf32)
#define NN_ACT gemm_act_f32
#include "nn_body.h"

#define NN_SUFFIX f64
#define NN_T double
#define NN_V rk_vf64
#define NN_M rk_m64
#define NN_L RK_VF64_LANES
#define NN_VF(name) RKM_CAT(rk_##name, vf64)
#define NN_ACT gemm_act_f64
#include "nn_body.h"

/* ---- the entries ---- */
static double RK(sparse_xent_logits)(int dtype, const void *x, const void *labels, int label_type, void *probs,
                                     void *losses, ptrdiff_t rows, ptrdiff_t n)
{
    return dtype == RK_FLOAT32 ? nn_xent_f32(x, labels, label_type, probs, losses, rows, n)
                               : nn_xent_f64(x, labels, label_type, probs, losses, rows, n);
}

static void RK(dsparse_xent_logits)(int dtype, const void *probs, const void *labels, int label_type,
                                    const void *scales, double scale, void *dx, ptrdiff_t rows, ptrdiff_t n)
{
    if (dtype == RK_FLOAT32)
        nn_dxent_f32(probs, labels, label_type, scales, (float)scale, dx, rows, n);
    else
        nn_dxent_f64(probs, labels, label_type, scales, scale, dx, rows, n);
}

static void RK(adam)(int dtype, void *p, const void *g, void *m, void *v, ptrdiff_t n, double lr, double beta1,
                     double beta2, double eps)
{
    if (dtype == RK_FLOAT32)
        nn_adam_f32(p, g, m, v, n, lr, beta1, beta2, eps);
    else
        nn_adam_f64(p, g, m, v, n, lr, beta1, beta2, eps);
}

static void RK(sgd)(int dtype, void *p, const void *g, void *velocity, ptrdiff_t n, double lr, double momentum,
                    int nesterov)
{
    if (dtype == RK_FLOAT32)
        nn_sgd_f32(p, g, velocity, n, lr, momentum, nesterov);
    else
        nn_sgd_f64(p, g, velocity, n, lr, momentum, nesterov);
}

static void RK(rmsprop)(int dtype, void *p, const void *g, void *rms, void *velocity, void *avg, ptrdiff_t n,
                        double lr, double rho, double momentum, double eps)
{
    if (dtype == RK_FLOAT32)
        nn_rmsprop_f32(p, g, rms, velocity, avg, n, lr, rho, momentum, eps);
    else
        nn_rmsprop_f64(p, g, rms, velocity, avg, n, lr, rho, momentum, eps);
}

static void RK(bias_act)(int dtype, const void *x, const void *bias, void *y, ptrdiff_t rows, ptrdiff_t n,
                         int epilogue)
{
    if (dtype == RK_FLOAT32)
        nn_bias_act_f32(x, bias, y, rows, n, epilogue);
    else
        nn_bias_act_f64(x, bias, y, rows, n, epilogue);
}

static void RK(dbias_act)(int dtype, const void *y, const void *dy, void *dz, void *dbias, ptrdiff_t rows,
                          ptrdiff_t n, int epilogue)
{
    if (dtype == RK_FLOAT32)
        nn_dbias_act_f32(y, dy, dz, dbias, rows, n, epilogue);
    else
        nn_dbias_act_f64(y, dy, dz, dbias, rows, n, epilogue);
}

#endif
