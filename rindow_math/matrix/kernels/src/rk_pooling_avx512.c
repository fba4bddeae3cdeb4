/* Pooling: the kernels for avx512. */
#include "rk_target_avx512.h"
#ifdef RK_VARIANT
#include "rk_prelude.h"
#include "impl/pooling.h"
#endif
#include "rk_target_end.h"
