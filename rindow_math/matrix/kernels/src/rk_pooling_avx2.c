/* Pooling: the kernels for avx2. */
#include "rk_target_avx2.h"
#ifdef RK_VARIANT
#include "rk_prelude.h"
#include "impl/pooling.h"
#endif
#include "rk_target_end.h"
