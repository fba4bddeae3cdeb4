/* 64-byte aligned memory from a cache of freed blocks. */
#ifndef RM_ALLOC_H
#define RM_ALLOC_H
#include <stddef.h>

/* NULL when there is no memory. The block holds *held bytes, at least `bytes`; its content is undefined. */
void *rm_alloc(size_t bytes, size_t *held);
void rm_free(void *block, size_t held);
/* Gives all cached blocks back to the system; returns how many bytes. */
size_t rm_release(void);
size_t rm_cached(void);              /* bytes in the cache */
size_t rm_in_use(void);              /* bytes handed out */
size_t rm_cache_limit(void);
void rm_set_cache_limit(size_t bytes);
#endif
