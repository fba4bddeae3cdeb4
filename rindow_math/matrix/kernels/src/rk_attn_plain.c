/* Attention: the kernels for plain. */
#include "rk_target_plain.h"
#ifdef RK_VARIANT
#include "rk_prelude.h"
#include "impl/attn.h"
#endif
#include "rk_target_end.h"
