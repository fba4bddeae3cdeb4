/* Pooling: the kernels for plain. */
#include "rk_target_plain.h"
#ifdef RK_VARIANT
#include "rk_prelude.h"
#include "impl/pooling.h"
#endif
#include "rk_target_end.h"
