/* Random numbers that are computed from their place, so that no state is kept and threads do not matter. */
#ifndef RK_RANDOM_H
#define RK_RANDOM_H
#include "common.h"

/* the key of run `number` under a seed */
RK_INLINE uint64_t rk_run_key(uint64_t seed, uint64_t number)
{
    uint64_t x = seed + (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Random number j of the run with this key: the same in each call. */
RK_INLINE uint32_t rk_random(uint64_t key, uint32_t j)
{
    uint32_t x = j * UINT32_C(0x9e3779b1) + (uint32_t)key;
    x ^= x >> 16;
    x *= UINT32_C(0x7feb352d);
    x += (uint32_t)(key >> 32);
    x ^= x >> 15;
    x *= UINT32_C(0x846ca68b);
    return x ^ x >> 16;
}

#endif
