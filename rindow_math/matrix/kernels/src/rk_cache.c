/* The last cache of this processor, as it describes it itself: what the C library says may be the sum of many. */
#include "rk.h"

static size_t third;

#if defined(RK_HAVE_X86_VARIANTS)
#include <cpuid.h>

static void describe(unsigned leaf)
{
    unsigned a, b, c, d;
    for (unsigned i = 0; i < 16 && __get_cpuid_count(leaf, i, &a, &b, &c, &d) && (a & 31); i++)
        if ((a >> 5 & 7) == 3)             /* ways, partitions, bytes of a line, sets */
            third = (size_t)((b >> 22) + 1) * ((b >> 12 & 1023) + 1) * ((b & 4095) + 1) * ((size_t)c + 1);
}

__attribute__((constructor)) static void find_caches(void)
{
    describe(4);                           /* Intel, and AMD */
    if (!third)
        describe(0x8000001d);
}
#endif

size_t rk_third_cache(void) { return third; }
