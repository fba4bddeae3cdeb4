/* Convolution directly on images with the channels last.
 *
 * A tile of CONV_MR output pixels of one row by CONV_NV vectors of output channels stays in registers while the sum
 * runs over the kernel's points and the input's channels: an element of the image is broadcast, a row of weights is
 * loaded. Neighbouring points of the kernel are neighbours in the image too, so the sum runs over long stretches of
 * both. Weights are packed in panels of one tile's width where they are used often. Images that need padding on the
 * left or right are copied with it, a strip of rows at a time that stays in the second cache; rows above and below are
 * left out of the sum. Where rows of results fill no tile, or much of what they meet is padding, a tile has the same
 * place of several images, or of a few images several rows. Where filters are too few to fill a vector, a part of the
 * images is turned round and lanes are pixels. What max pooling follows is computed a strip at a time and pooled in the
 * cache. Kernels of 3 x 3 and 5 x 5 points take Winograd's way, if they meet enough channels, filters and pixels.
 *
 * The input's gradient is a convolution of the result's gradient with the kernel's points in reverse order, for a
 * stride s one for each residue of the place modulo s. The kernel's gradient has tiles of channels by filters, in
 * which the sum runs over pixels; images are cut into groups whose sums are added up in the end. Of many channels and
 * filters, where Winograd's way does not fit, it is a matrix product at each point of the kernel.
 *
 * The order of each element's sums follows from the shapes: threads do not change a bit of it.
 * Subnormal numbers count as zero. */
#include "flush.h"
#include "places.h"
#include "../rk_conv.h"

extern const rk_api RK_CAT(api, RK_VARIANT);

#if defined(__clang__)
#define CONV_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define CONV_UNROLL _Pragma("GCC unroll 16")
#else
#define CONV_UNROLL
#endif

/* Asks for a cache line to read (0) or to write (1). */
#if defined(__GNUC__)
#define CONV_FETCH(p, write) __builtin_prefetch(p, write, 3)
#define CONV_FETCH_LATER(p) __builtin_prefetch(p, 0, 2)        /* to the second cache */
#else
#define CONV_FETCH_LATER(p) ((void)(p))
#define CONV_FETCH(p, write) ((void)(p))
#endif

/* 14 x 2 accumulators of 32 registers, or 6 x 2 of 16; 2 more hold weights, one a pixel */
#if RK_VECTOR_BYTES == 64
#define CONV_MR 14
#define CONV_WIDE 5                    /* pixels of a tile of two panels, or one more; or 0: no such tiles */
#define CONV_COLLIDING 10              /* pixels of a tile at most whose lines share a set of the first cache */
#define CONV_SPREADS 1                 /* memory is asked for all through a tile, as vectors use much of it */
#define CONV_READ_BYTES (5 << 18)      /* of weights that are read where they lie */
#define CONV_SUM_PIXELS PTRDIFF_MAX
#define CONV_COLOUR_PIXELS PTRDIFF_MAX /* of a block whose sums are short: panels write parts of rows in turn */
#define CONV_GATHER_FROM PTRDIFF_MAX   /* channels of a strided point whose pixels are copied, so that they fill tiles */
#define CONV_PRODUCT_LEAST 128         /* channels, filters of some gradients that are matrix products */
#else
#define CONV_MR 6
#define CONV_WIDE 0
#define CONV_COLLIDING 6
#define CONV_SPREADS 0
#define CONV_READ_BYTES 0
#define CONV_SUM_PIXELS 256            /* a tile's lines of so many stay in the first cache, which few rows read often */
#define CONV_COLOUR_PIXELS 160
#define CONV_GATHER_FROM 32
#define CONV_PRODUCT_LEAST 96
#endif
#define CONV_NV 2
#define CONV_COLLIDING_BYTES (48 << 10)    /* of a first cache whose sets hold CONV_COLLIDING lines beside weights */
#define CONV_LINES 3                   /* of a tile, at most */

#define CONV_STRIP_BYTES (256 << 10)   /* of an image that are worked on at a time: a part of the second cache */
#define CONV_IMAGES_BYTES (1 << 20)     /* of images that a tile is across */
#define CONV_SUMS_BYTES (4 << 20)      /* of sums of groups of images */
#define CONV_GROUPS 16
#define CONV_BLOCKS 16                 /* of results for each thread */
#define CONV_PARTS 4                   /* of a row for each thread, or a multiple */
#define CONV_FETCH_FROM 32             /* rows of weights from which on memory is asked for ahead of its use */
#define CONV_AHEAD 8                   /* pixels */
#define CONV_WEIGHTS_FROM 288          /* rows of weights, too many for the first cache, that are asked for ahead, */
#define CONV_WEIGHTS_AHEAD 24          /* so many rows */
#define CONV_SHORT 24                  /* steps of a stretch that are taken three at a time: images of three colours */
#define CONV_PART 32                   /* steps of a pixel between which memory is asked for, about, */
#define CONV_PART_COUNT 8              /* or, with so many parts, */
#define CONV_LONG_PART 64              /* so many; */
#define CONV_ROW_PART 192              /* of a row of pixels */
#define CONV_WIDE_BYTES 512            /* a row of weights up to which they need no panels */
#define CONV_OWN_BYTES (64 << 10)      /* of weights from which on threads have panels of their own */
#define CONV_PRODUCT_FROM 256          /* channels and filters of gradients that are left to matrix products */
#define CONV_PRODUCT_PIXELS 256        /* at a time: sums no longer than those of other kernels */
#define CONV_PRODUCT_PIECE 256         /* channels, filters of a unit */
#define CONV_PRODUCT_UNITS 8           /* at least, if there are pixels for them */
#define CONV_THREAD_WORK 400000        /* multiply-adds below which a second thread does not pay */

/* A stretch of places along one dimension: t = first, first + step, ... for each of `count` points of a kernel. */
typedef struct {
    ptrdiff_t first, step, count;
} conv_taps;

RK_INLINE ptrdiff_t conv_min(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
RK_INLINE ptrdiff_t conv_max(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
RK_INLINE ptrdiff_t conv_ceil(ptrdiff_t a, ptrdiff_t b) { return a <= 0 ? 0 : (a + b - 1) / b; }

/* Which points lie inside an image of n places, from place `at` on: *lo <= t < *hi. */
RK_INLINE void conv_inside(ptrdiff_t at, ptrdiff_t step, ptrdiff_t count, ptrdiff_t n, ptrdiff_t *lo, ptrdiff_t *hi)
{
    *lo = conv_min(conv_ceil(-at, step), count);
    *hi = conv_max(conv_min(conv_ceil(n - at, step), count), *lo);
}

#include "winograd.h"
#include "ahead.h"

#define CV(name) RKM_CAT(conv_##name, CV_SUFFIX)

#define CV_SUFFIX f32
#define CV_T float
#define CV_V rk_vf32
#define CV_L RK_VF32_LANES
#define CV_VF(name) RKM_CAT(rk_##name, vf32)
#define CV_TYPE RK_FLOAT32
#define CV_VI rk_vi32
#define CV_M rk_m32
#define CV_TAKES pool_takes_f32
#define CV_PACK pool_pack_f32
#include "conv_body.h"

#define CV_SUFFIX f64
#define CV_T double
#define CV_V rk_vf64
#define CV_L RK_VF64_LANES
#define CV_VF(name) RKM_CAT(rk_##name, vf64)
#define CV_TYPE RK_FLOAT64
#define CV_VI rk_vi64
#define CV_M rk_m64
#define CV_TAKES pool_takes_f64
#define CV_PACK pool_pack_f64
#include "conv_body.h"

static int RK(conv)(int dtype, const rk_conv_call *c, const void *x, const void *kernel, const void *scale,
                    const void *bias, int epilogue, void *y)
{
    if (dtype == RK_FLOAT32)
        return conv_forward_f32(c, x, kernel, scale, bias, epilogue, y, NULL, NULL, NULL);
    return conv_forward_f64(c, x, kernel, scale, bias, epilogue, y, NULL, NULL, NULL);
}

static int RK(conv_pool)(int dtype, const rk_conv_call *c, const void *x, const void *kernel, const void *scale,
                         const void *bias, int epilogue, const rk_pooling_call *pool, void *z, void *places)
{
    if (dtype == RK_FLOAT32)
        return conv_forward_f32(c, x, kernel, scale, bias, epilogue, NULL, pool, z, places);
    return conv_forward_f64(c, x, kernel, scale, bias, epilogue, NULL, pool, z, places);
}

static int RK(conv_input_gradient)(int dtype, const rk_conv_call *c, const void *dy, const void *kernel, void *dx)
{
    if (dtype == RK_FLOAT32)
        return conv_input_gradient_f32(c, dy, kernel, dx);
    return conv_input_gradient_f64(c, dy, kernel, dx);
}

static int RK(conv_kernel_gradient)(int dtype, const rk_conv_call *c, const void *x, const void *dy, void *dkernel,
                                    void *dbias)
{
    if (dtype == RK_FLOAT32)
        return conv_kernel_gradient_f32(c, x, dy, dkernel, dbias);
    return conv_kernel_gradient_f64(c, x, dy, dkernel, dbias);
}

const rk_conv_api RK(conv_api) = { 1, RK_CONV(RK_ENTRY) };
