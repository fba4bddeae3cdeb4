/* Convolution and pooling. */
#include "common.h"
#include "../rk_conv.h"

const rk_conv_api RK(conv_api) = { 1, RK_CONV(RK_ENTRY) };
