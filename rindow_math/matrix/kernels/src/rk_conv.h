/* Convolution and pooling: a family of kernels with a table of its own (see rk.h). float32 and float64 (dtype). They
 * answer 0 if there is no memory to work in. */
#ifndef RK_CONV_H
#define RK_CONV_H
#include "rk.h"
#include "rk_pooling.h"

/* What a convolution has in common with its gradients; sizes are depth, height, width, 1 where there is none.
 *
 * Images are (batch, depth, height, width, channels), kernels (depth, height, width, channels, filters), results
 * (batch, depth, height, width, filters). Point k of the kernel meets place o * stride - pad + k * dilation of the
 * image, zero where that lies outside. */
typedef struct rk_conv_call {
    ptrdiff_t batch, channels, filters;
    ptrdiff_t in[3], kernel[3], out[3];
    ptrdiff_t stride[3], dilation[3], pad[3];
} rk_conv_call;

#define RK_CONV(X) \
    /* y = epilogue(x * kernel * scale + bias); scale and bias (filters) may be NULL */ \
    X(int, conv, (int dtype, const rk_conv_call *c, const void *x, const void *kernel, const void *scale, \
                  const void *bias, int epilogue, void *y)) \
    /* the same, then pool_max (see rk_pooling.h) of the result, which is not kept: z = the largest numbers; places \
     * may be NULL; channels are last */ \
    X(int, conv_pool, (int dtype, const rk_conv_call *c, const void *x, const void *kernel, const void *scale, \
                       const void *bias, int epilogue, const rk_pooling_call *pool, void *z, void *places)) \
    /* gradient of x from that of y before the epilogue */ \
    X(int, conv_input_gradient, (int dtype, const rk_conv_call *c, const void *dy, const void *kernel, void *dx)) \
    /* gradients of kernel and bias, in one pass over x and dy; dbias may be NULL */ \
    X(int, conv_kernel_gradient, (int dtype, const rk_conv_call *c, const void *x, const void *dy, void *dkernel, \
                                  void *dbias))

struct rk_conv_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_CONV(RK_FIELD)
#undef RK_FIELD
};

#endif
