/* Recurrent layers. */
#include "common.h"
#include "../rk_rnn.h"

const rk_rnn_api RK(rnn_api) = { 1, RK_RNN(RK_ENTRY) };
