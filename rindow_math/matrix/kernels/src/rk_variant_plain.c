/* The kernels for plain. */
#include "rk_target_plain.h"
#ifdef RK_VARIANT
#include "rk_variant.h"
#endif
#include "rk_target_end.h"
