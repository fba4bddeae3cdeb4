/* Normalisation, dropout and embedding. */
#include "common.h"
#include "../rk_norm.h"
#include "drop.h"

const rk_norm_api RK(norm_api) = { 1, RK_NORM(RK_ENTRY) RK_DROP(RK_ENTRY) };
