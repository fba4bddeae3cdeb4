/* rindow kernels: the interface between Cython and the arithmetic.
 *
 * Every kernel is written once, in plain C, in src/impl/<family>.h, and
 * compiled once for each SIMD variant (src/rk_variant_*.c). A variant is a
 * table of function pointers; kernels/core.pyx chooses one when the package is
 * imported. A family lists its kernels in src/rk_<family>.h with an X macro:
 *
 *     X(return type, name, (arguments))
 *
 * and defines each of them in src/impl/<family>.h as
 *
 *     static return-type RK(name)(arguments) { ... }
 *
 * Kernels never touch Python objects and never fail: callers check shapes.
 * Array arguments are C-contiguous unless strides are passed. Results do not
 * depend on the number of threads: work is cut at places that depend on the
 * size alone.
 */
#ifndef RK_H
#define RK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* element types: the codes of the NDArray interface */
enum {
    RK_BOOL = 1, RK_INT8 = 2, RK_INT16 = 3, RK_INT32 = 4, RK_INT64 = 5,
    RK_UINT8 = 6, RK_UINT16 = 7, RK_UINT32 = 8, RK_UINT64 = 9,
    RK_FLOAT8 = 10, RK_FLOAT16 = 11, RK_FLOAT32 = 12, RK_FLOAT64 = 13,
    RK_COMPLEX16 = 14, RK_COMPLEX32 = 15, RK_COMPLEX64 = 16, RK_COMPLEX128 = 17
};

/* ---- thread pool (src/rk_pool.c), one for the whole process ---- */
typedef void (*rk_task)(void *context, ptrdiff_t begin, ptrdiff_t end);

/* Runs task over [0, n) cut into pieces whose length is a multiple of `grain`
 * (the last one takes what is left); returns when all are done. Runs on the
 * calling thread when one piece is enough, when the pool has one thread, when
 * called from inside a task, or when the pool works for another caller. Which
 * thread runs a piece is not defined, where the pieces are cut must not matter. */
void rk_parallel(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain);
/* The same with pieces that are multiples of `step`: two threads, worth it from two grains on, get equal shares of two
 * grains and a half. */
void rk_parallel_even(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain, ptrdiff_t step);
/* For few pieces that take long, from some 50 us on: sleeping threads are called before the first. With rk_parallel the
 * caller would call them after it, and have begun the next one before they come. */
void rk_parallel_long(rk_task task, void *context, ptrdiff_t n);
int rk_threads(void);            /* threads that rk_parallel would use now: 1 in a task and between the two below */
/* Whether a second thread is awake: one that sleeps takes some 50 us to begin. */
int rk_awake(void);
/* Between these two, rk_parallel stays on the calling thread: for many small tasks in a row. They nest. */
int rk_alone_begin(void);
void rk_alone_end(int before);   /* takes what rk_alone_begin answered */
void rk_set_threads(int n);      /* 1 .. 256 */
int rk_get_threads(void);        /* what was set */
/* The calling thread's scratch memory: at least `bytes`, 64-byte aligned, kept
 * for the next call with this slot (0 .. 3) and freed when the thread ends.
 * NULL when there is no memory. */
void *rk_scratch(int slot, size_t bytes);

/* Bytes of the processor's caches (src/rk_cache.c). Results must not depend on them. */
size_t rk_first_cache(void);     /* of a core; 32 KB if it is not known */
size_t rk_second_cache(void);    /* of a core; 2 MB if it is not known */
size_t rk_third_cache(void);     /* 0: none, or not known */

/* ---- the table of kernels ---- */
#include "rk_elementwise.h"
#include "rk_reduce.h"
#include "rk_move.h"
#include "rk_gemm.h"
#include "rk_blas3.h"
#include "rk_nn.h"
#include "rk_la.h"

#define RK_ALL(X) RK_ELEMENTWISE(X) RK_REDUCE(X) RK_MOVE(X) RK_GEMM(X) RK_BLAS3(X) RK_NN(X) RK_LA(X)

/* Families of layers: each has a header, a table and a source of its own, so that they compile apart. */
typedef struct rk_conv_api rk_conv_api;
typedef struct rk_rnn_api rk_rnn_api;
typedef struct rk_attn_api rk_attn_api;
typedef struct rk_norm_api rk_norm_api;
typedef struct rk_pooling_api rk_pooling_api;

typedef struct rk_api {
    const char *variant;         /* "avx512", "avx2", "plain" */
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_ALL(RK_FIELD)
#undef RK_FIELD
    const rk_conv_api *conv;
    const rk_rnn_api *rnn;
    const rk_attn_api *attn;
    const rk_norm_api *norm;
    const rk_pooling_api *pooling;
} rk_api;

extern const rk_api rk_api_plain;
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define RK_HAVE_X86_VARIANTS 1
extern const rk_api rk_api_avx2;
extern const rk_api rk_api_avx512;
#endif

/* The best table this processor can run; `name` (may be NULL) restricts it to
 * a variant. NULL when that variant does not exist here. */
const rk_api *rk_select(const char *name);

/* How many bytes ahead of a loop that computes little its input is fetched; 0 where the processor's own fetching is better
 * left alone. rk_select finds out. */
extern ptrdiff_t rk_near_bytes;
/* Whether two arrays are read faster by half a register of 64 bytes at a time; so too. */
extern int rk_half_reads;
/* Whether stores that cross the border of two lines had better be avoided; so too. */
extern int rk_whole_lines;

#ifdef __cplusplus
}
#endif
#endif
