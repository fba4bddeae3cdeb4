/* Normalisation, dropout and embedding: the kernels for plain. */
#include "rk_target_plain.h"
#ifdef RK_VARIANT
#include "rk_prelude.h"
#include "impl/norm.h"
#endif
#include "rk_target_end.h"
