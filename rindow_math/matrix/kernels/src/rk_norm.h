/* Normalisation, dropout and embedding: a family of kernels with a table of its own (see rk.h). */
#ifndef RK_NORM_H
#define RK_NORM_H
#include "rk.h"

#define RK_NORM(X)

struct rk_norm_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_NORM(RK_FIELD)
#undef RK_FIELD
};

#endif
