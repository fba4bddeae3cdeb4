/* Which variant this processor can run. */
#include "rk.h"
#include <string.h>

ptrdiff_t rk_near_bytes = 1024;
int rk_half_reads;
int rk_whole_lines = 1;

const rk_api *rk_select(const char *name)
{
#ifdef RK_HAVE_X86_VARIANTS
    __builtin_cpu_init();
    /* AMD's prefetchers keep up with such a loop, and requests beside theirs take 10 to 20 % of its speed, reads of 64
     * bytes some 10 %; stores across lines cost less than gathering what is stored (Zen 4; no property that a processor
     * tells separates it from those that leave memory idle). */
    if (__builtin_cpu_is("amd")) {
        rk_near_bytes = 0;
        rk_half_reads = 1;
        rk_whole_lines = 0;
    }
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")
               && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                 && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                 && __builtin_cpu_supports("avx512cd");
    if (avx512 && (!name || !strcmp(name, "avx512")))
        return &rk_api_avx512;
    if (avx2 && (!name || !strcmp(name, "avx2")))
        return &rk_api_avx2;
#endif
    if (!name || !strcmp(name, "plain"))
        return &rk_api_plain;
    return NULL;
}
