/* Compiles what follows for avx2, up to rk_target_end.h; defines RK_VARIANT where that is possible. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
/* system headers first: the target below must not change their declarations */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt,popcnt,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2,lzcnt,popcnt,f16c")
#endif
#define RK_VARIANT avx2
#define RK_VECTOR_BYTES 32
#else
typedef int rk_no_such_variant;  /* an empty file is not C */
#endif
