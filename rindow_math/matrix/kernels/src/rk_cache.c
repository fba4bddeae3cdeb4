/* The size of the second cache. */
#include "rk.h"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

#define USUAL (2 << 20)

size_t rk_second_cache(void)
{
#if defined(_SC_LEVEL2_CACHE_SIZE)
    static long known;                     /* each thread that comes here first would write the same */
    long size = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (size == 0) {
        size = sysconf(_SC_LEVEL2_CACHE_SIZE);
        size = size > 0 ? size : USUAL;
        __atomic_store_n(&known, size, __ATOMIC_RELAXED);
    }
    return (size_t)size;
#else
    return USUAL;
#endif
}
