/* One SIMD variant: included by each rk_variant_<name>.c, which defines RK_VARIANT
 * and the compiler's target before it. */
#include "rk.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define RK_CAT_(a, b) rk_##a##_##b
#define RK_CAT(a, b) RK_CAT_(a, b)
#define RK(name) RK_CAT(name, RK_VARIANT)
#define RK_STR_(x) #x
#define RK_STR(x) RK_STR_(x)

#if defined(__GNUC__)
#define RK_INLINE static inline __attribute__((always_inline))
#define RK_NOINLINE static __attribute__((noinline))
#define RK_RESTRICT __restrict__
#define RK_LIKELY(x) __builtin_expect(!!(x), 1)
#define RK_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define RK_INLINE static inline
#define RK_NOINLINE static
#define RK_RESTRICT
#define RK_LIKELY(x) (x)
#define RK_UNLIKELY(x) (x)
#endif
/* The vector registers a variant counts on, in bytes. */
#ifndef RK_VECTOR_BYTES
#define RK_VECTOR_BYTES 16
#endif

#include "impl/elementwise.h"
#include "impl/reduce.h"
#include "impl/move.h"
#include "impl/gemm.h"
#include "impl/nn.h"
#include "impl/la.h"

#define RK_ENTRY(ret, name, args) RK(name),
const rk_api RK_CAT(api, RK_VARIANT) = { RK_STR(RK_VARIANT), RK_ALL(RK_ENTRY) };
