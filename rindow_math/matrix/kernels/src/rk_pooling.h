/* Pooling: a family of kernels with a table of its own (see rk.h). float32 and float64 (dtype). What lies outside an
 * image takes no part. They answer 0 if there is no memory for the places of windows. */
#ifndef RK_POOLING_H
#define RK_POOLING_H
#include "rk.h"

/* Images are (batch, in..., channels), results (batch, out..., channels); with channels_first the channels come
 * second. The numbers of each axis are those of depth, height, width: what an image lacks has size 1. */
typedef struct rk_pooling_call {
    ptrdiff_t batch, channels;
    ptrdiff_t in[3], out[3], window[3], stride[3], dilation[3];
    ptrdiff_t pad[3];                  /* places before the image */
    int channels_first;
    int wide_index;                    /* indexes are int32, else uint8: windows have at most 256 places */
} rk_pooling_call;

#define RK_POOLING(X) \
    /* y = the largest number of each window, index = the first place in the window where it stands, may be NULL; nan \
     * if there is one */ \
    X(int, pool_max, (int dtype, const rk_pooling_call *c, const void *x, void *y, void *index)) \
    X(int, pool_max_gradient, (int dtype, const rk_pooling_call *c, const void *dy, const void *index, void *dx)) \
    /* y = the mean of what lies in each window */ \
    X(int, pool_mean, (int dtype, const rk_pooling_call *c, const void *x, void *y)) \
    X(int, pool_mean_gradient, (int dtype, const rk_pooling_call *c, const void *dy, void *dx))

struct rk_pooling_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_POOLING(RK_FIELD)
#undef RK_FIELD
};

#endif
