/* Attention: a family of kernels with a table of its own (see rk.h). */
#ifndef RK_ATTN_H
#define RK_ATTN_H
#include "rk.h"

#define RK_ATTN(X)

struct rk_attn_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_ATTN(RK_FIELD)
#undef RK_FIELD
};

#endif
