/* Convolution and pooling: a family of kernels with a table of its own (see rk.h). */
#ifndef RK_CONV_H
#define RK_CONV_H
#include "rk.h"

#define RK_CONV(X)

struct rk_conv_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_CONV(RK_FIELD)
#undef RK_FIELD
};

#endif
