/* The kernels for avx2. */
#include "rk_target_avx2.h"
#ifdef RK_VARIANT
#include "rk_variant.h"
#endif
#include "rk_target_end.h"
