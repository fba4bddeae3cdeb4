/* The kernels for avx2. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
/* system headers first: the target below must not change their declarations */
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <stdlib.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt,popcnt,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2,lzcnt,popcnt,f16c")
#endif
#define RK_VARIANT avx2
#define RK_VECTOR_BYTES 32
#include "rk_variant.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
typedef int rk_no_such_variant;  /* an empty file is not C */
#endif
