/* Normalisation, dropout and embedding. */
#include "common.h"
#include "../rk_norm.h"
#include "flush.h"
#include "drop.h"

#define NORM_GRAIN 16384               /* elements below which a second thread does not pay */
#define NORM_RUN 1024                  /* elements that are summed up in their own type */
#define NORM_TILE 4096                 /* elements of a tile whose columns are summed up while it is in the cache */
#define NORM_LARGE (1 << 20)           /* elements that are read from memory: row by row, which is one run of it */
#define NORM_BLOCKS 64                 /* blocks with sums of their own */
#define NORM_SOME 32                   /* elements that tell about where the others are */
#define NORM_WIDE (RK_VECTOR_BYTES == 64 ? 4 : 2) /* vectors of columns whose sums stay in registers */

static const float norm_lanes_f32[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const double norm_lanes_f64[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

/* Rows of a block with sums of its own: enough work for a thread, and by size alone, so that results do not depend on
 * the number of threads. */
RK_INLINE ptrdiff_t norm_block(ptrdiff_t rows, ptrdiff_t width)
{
    const ptrdiff_t least = (rows + NORM_BLOCKS - 1) / NORM_BLOCKS, block = (NORM_GRAIN / (width + 1) + 4) / 4 * 4;
    return block < least ? (least + 3) / 4 * 4 : block;
}

/* How many rows of n channels make one row that is long and ends at a vector's end. */
RK_INLINE ptrdiff_t norm_group(ptrdiff_t n, ptrdiff_t lanes)
{
    ptrdiff_t group = 1;
    if (n >= 512)
        return 1;
    while (group * n % lanes)
        group *= 2;
    while (group * n < 64)
        group *= 2;
    return group;
}

#define NM(name) RKM_CAT(norm_##name, NM_SUFFIX)

#define NM_SUFFIX f32
#define NM_T float
#define NM_V rk_vf32
#define NM_L RK_VF32_LANES
#define NM_VF(name) RKM_CAT(rk_##name, vf32)
#include "norm_body.h"

#define NM_SUFFIX f64
#define NM_T double
#define NM_V rk_vf64
#define NM_L RK_VF64_LANES
#define NM_VF(name) RKM_CAT(rk_##name, vf64)
#include "norm_body.h"

static void RK(layer_norm)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, const void *gamma,
                           const void *beta, double eps, void *y, void *stats)
{
    const rk_fp_state state = rk_flush_begin();
    if (dtype == RK_FLOAT32)
        norm_layer_f32(outer, n, inner, x, gamma, beta, eps, y, stats);
    else
        norm_layer_f64(outer, n, inner, x, gamma, beta, eps, y, stats);
    rk_flush_end(state);
}

static int RK(layer_norm_gradient)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x,
                                   const void *gamma, const void *stats, const void *dy, void *dx, void *dgamma,
                                   void *dbeta)
{
    const rk_fp_state state = rk_flush_begin();
    const int done = dtype == RK_FLOAT32 ? norm_dlayer_f32(outer, n, inner, x, gamma, stats, dy, dx, dgamma, dbeta)
                                         : norm_dlayer_f64(outer, n, inner, x, gamma, stats, dy, dx, dgamma, dbeta);
    rk_flush_end(state);
    return done;
}

static int RK(batch_norm)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, const void *gamma,
                          const void *beta, double eps, double momentum, int training, void *moving_mean,
                          void *moving_variance, int relu, void *y, void *stats)
{
    const rk_fp_state state = rk_flush_begin();
    const int done = dtype == RK_FLOAT32 ? norm_batch_f32(outer, n, inner, x, gamma, beta, eps, momentum, training,
                                                          moving_mean, moving_variance, relu, y, stats)
                                         : norm_batch_f64(outer, n, inner, x, gamma, beta, eps, momentum, training,
                                                          moving_mean, moving_variance, relu, y, stats);
    rk_flush_end(state);
    return done;
}

static int RK(batch_norm_gradient)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int training,
                                   const void *x, const void *gamma, const void *stats, const void *dy, int relu,
                                   void *dx, void *dgamma, void *dbeta)
{
    const rk_fp_state state = rk_flush_begin();
    const int done = dtype == RK_FLOAT32
                         ? norm_dbatch_f32(outer, n, inner, training, x, gamma, stats, dy, relu, dx, dgamma, dbeta)
                         : norm_dbatch_f64(outer, n, inner, training, x, gamma, stats, dy, relu, dx, dgamma, dbeta);
    rk_flush_end(state);
    return done;
}

const rk_norm_api RK(norm_api) = { 1, RK_NORM(RK_ENTRY) RK_DROP(RK_ENTRY) };
