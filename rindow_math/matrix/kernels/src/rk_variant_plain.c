/* The kernels for plain. */
#define RK_VARIANT plain
#define RK_VECTOR_BYTES 16
#include "rk_variant.h"
