/* The caches of this processor, as it describes them itself: what the C library says of the last one may be the sum of
 * many. */
#include "rk.h"

#define RK_USUAL_FIRST (32 << 10)
#define RK_USUAL_SECOND (2 << 20)

static size_t sizes[4];                    /* by level; 0: not known */

#if defined(RK_HAVE_X86_VARIANTS)
#include <cpuid.h>

static void describe(unsigned leaf)
{
    unsigned a, b, c, d;
    for (unsigned i = 0; i < 16 && __get_cpuid_count(leaf, i, &a, &b, &c, &d) && (a & 31); i++) {
        const unsigned type = a & 31, level = a >> 5 & 7;
        if (type != 2 && level < 4)        /* not for code; ways, partitions, bytes of a line, sets */
            sizes[level] = (size_t)((b >> 22) + 1) * ((b >> 12 & 1023) + 1) * ((b & 4095) + 1) * ((size_t)c + 1);
    }
}

__attribute__((constructor)) static void find_caches(void)
{
    describe(4);
    if (!sizes[2])                         /* AMD's */
        describe(0x8000001d);
}
#endif

size_t rk_first_cache(void) { return sizes[1] ? sizes[1] : RK_USUAL_FIRST; }
size_t rk_second_cache(void) { return sizes[2] ? sizes[2] : RK_USUAL_SECOND; }
size_t rk_third_cache(void) { return sizes[3]; }
