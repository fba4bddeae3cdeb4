/* The table of one SIMD variant: included by each rk_variant_<name>.c between rk_target_<name>.h and
 * rk_target_end.h. The families of layers (rk_conv.h and the like) are compiled on their own. */
#include "rk_prelude.h"

#include "impl/elementwise.h"
#include "impl/chain.h"
#include "impl/reduce.h"
#include "impl/move.h"
#include "impl/gemm.h"
#include "impl/blas3.h"
#include "impl/nn.h"
#include "impl/la.h"

extern const rk_conv_api RK(conv_api);
extern const rk_rnn_api RK(rnn_api);
extern const rk_attn_api RK(attn_api);
extern const rk_norm_api RK(norm_api);
extern const rk_pooling_api RK(pooling_api);

const rk_api RK_CAT(api, RK_VARIANT) = {
    RK_STR(RK_VARIANT), RK_ALL(RK_ENTRY) &RK(conv_api), &RK(rnn_api), &RK(attn_api), &RK(norm_api), &RK(pooling_api)
};
