/* The kernels for avx512. */
#include "rk_target_avx512.h"
#ifdef RK_VARIANT
#include "rk_variant.h"
#endif
#include "rk_target_end.h"
