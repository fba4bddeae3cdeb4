/* Attention. */
#include "common.h"
#include "../rk_attn.h"

const rk_attn_api RK(attn_api) = { 1, RK_ATTN(RK_ENTRY) };
