/* Recurrent layers: a family of kernels with a table of its own (see rk.h). */
#ifndef RK_RNN_H
#define RK_RNN_H
#include "rk.h"

#define RK_RNN(X)

struct rk_rnn_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_RNN(RK_FIELD)
#undef RK_FIELD
};

#endif
