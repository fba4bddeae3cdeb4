/* What every kernel source begins with, after rk_target_<variant>.h: names that carry the variant, and the
 * compiler's attributes. */
#ifndef RK_PRELUDE_H
#define RK_PRELUDE_H
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


#define RK_ENTRY(ret, name, args) RK(name),
#endif
