/* Dropout, and the gradient of an embedding. */
#include "common.h"
#include "random.h"

/* ---- dropout: the random numbers of a block depend on the seed and the block's place, so none is stored ---- */

typedef struct {
    const void *x;
    void *y;
    ptrdiff_t n;
    uint64_t seed;
    uint32_t keep;
    int dtype;
} rk_dropout_job;

#define RK_DROPOUT_LOOP(T) \
    { \
        const T *x = (const T *)job->x + first; \
        T *y = (T *)job->y + first; \
        RK_IVDEP \
        for (ptrdiff_t j = 0; j < n; j++) \
            y[j] = rk_random(key, (uint32_t)j) < keep ? x[j] : 0; \
    }

static void rk_dropout_blocks(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_dropout_job *job = (const rk_dropout_job *)context;
    const uint32_t keep = job->keep;
    for (ptrdiff_t block = begin; block < end; block++) {
        const uint64_t key = rk_run_key(job->seed, (uint64_t)block);
        const ptrdiff_t first = block * RK_BLOCK, n = job->n - first < RK_BLOCK ? job->n - first : RK_BLOCK;
        if (job->dtype == RK_FLOAT32)
            RK_DROPOUT_LOOP(float)
        else
            RK_DROPOUT_LOOP(double)
    }
}

static void RK(dropout)(int dtype, const void *x, void *y, ptrdiff_t n, uint32_t keep, uint64_t seed)
{
    rk_dropout_job job = { .x = x, .y = y, .n = n, .seed = seed, .keep = keep, .dtype = dtype };
    if (n <= RK_GRAIN_CHEAP)
        rk_dropout_blocks(&job, 0, RK_BLOCKS(n));
    else
        rk_parallel(rk_dropout_blocks, &job, RK_BLOCKS(n), 4);
}

/* ---- embedding: each row of the result is written once, from the list of its x in order ---- */

#define RK_EMBED_STREAM_BYTES (4 << 20)   /* results that large leave the caches anyway */

typedef struct {
    const char *x;
    char *y;
    const ptrdiff_t *head, *next;         /* the first x of each row, the next of each x; -1: none */
    ptrdiff_t n, parts, part;             /* columns, and how they are cut: where a row has most x, threads share it */
    int dtype, stream;
} rk_embed_job;

RK_INLINE void rk_zero_bytes(char *y, ptrdiff_t bytes, int stream)
{
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
    if (stream) {
        for (ptrdiff_t i = 0; i < bytes; i += 64)
            _mm512_stream_si512((__m512i *)(y + i), _mm512_setzero_si512());
        return;
    }
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
    if (stream) {
        for (ptrdiff_t i = 0; i < bytes; i += 32)
            _mm256_stream_si256((__m256i *)(y + i), _mm256_setzero_si256());
        return;
    }
#endif
    (void)stream;
    memset(y, 0, (size_t)bytes);
}

/* a vector past the caches, or an ordinary store */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
#define RK_EMBED_PUT(STORE, p, v) \
    do { if (stream) _mm512_stream_si512((__m512i *)(p), (__m512i)(v)); else STORE(p, v); } while (0)
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
#define RK_EMBED_PUT(STORE, p, v) \
    do { if (stream) _mm256_stream_si256((__m256i *)(p), (__m256i)(v)); else STORE(p, v); } while (0)
#else
#define RK_EMBED_PUT(STORE, p, v) STORE(p, v)
#endif

/* y (n) = the sum of the x of a list that begins with i; as many columns at a time as registers hold */
#define RK_EMBED_SUM(NAME, T, V, L) \
RK_INLINE void rk_embed_sum_##NAME(T *y, const T *x, const ptrdiff_t *next, const ptrdiff_t first, ptrdiff_t ld, \
                                   ptrdiff_t n, const int stream) \
{ \
    enum { WIDE = 8 }; \
    ptrdiff_t j = 0; \
    (void)stream; \
    for (; j + WIDE * L <= n; j += WIDE * L) { \
        V sum[WIDE]; \
        for (int k = 0; k < WIDE; k++) \
            sum[k] = rk_load_v##NAME(x + first * ld + j + k * L); \
        for (ptrdiff_t i = next[first]; i >= 0; i = next[i]) \
            for (int k = 0; k < WIDE; k++) \
                sum[k] += rk_load_v##NAME(x + i * ld + j + k * L); \
        for (int k = 0; k < WIDE; k++) \
            RK_EMBED_PUT(rk_store_v##NAME, y + j + k * L, sum[k]); \
    } \
    for (; j + L <= n; j += L) { \
        V sum = rk_load_v##NAME(x + first * ld + j); \
        for (ptrdiff_t i = next[first]; i >= 0; i = next[i]) \
            sum += rk_load_v##NAME(x + i * ld + j); \
        RK_EMBED_PUT(rk_store_v##NAME, y + j, sum); \
    } \
    for (; j < n; j++) { \
        T sum = x[first * ld + j]; \
        for (ptrdiff_t i = next[first]; i >= 0; i = next[i]) \
            sum += x[i * ld + j]; \
        y[j] = sum; \
    } \
}
RK_EMBED_SUM(f32, float, rk_vf32, RK_VF32_LANES)
RK_EMBED_SUM(f64, double, rk_vf64, RK_VF64_LANES)

static void rk_embed_rows(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_embed_job *job = (const rk_embed_job *)context;
    const ptrdiff_t n = job->n, size = job->dtype == RK_FLOAT32 ? 4 : 8;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t row = unit / job->parts, from = unit % job->parts * job->part;
        const ptrdiff_t length = n - from < job->part ? n - from : job->part;
        const ptrdiff_t i = job->head[row], at = row * n + from;
        if (i < 0)
            rk_zero_bytes(job->y + at * size, length * size, job->stream);
        else if (size == 4)
            rk_embed_sum_f32((float *)job->y + at, (const float *)job->x + from, job->next, i, n, length, job->stream);
        else
            rk_embed_sum_f64((double *)job->y + at, (const double *)job->x + from, job->next, i, n, length, job->stream);
    }
#if defined(RK_X86_INTRINSICS)
    if (job->stream)
        _mm_sfence();
#endif
}

static int RK(embedding_gradient)(int dtype, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count,
                                  ptrdiff_t n, ptrdiff_t rows)
{
    const ptrdiff_t size = dtype == RK_FLOAT32 ? 4 : 8;
    if (rows == 0 || n == 0)
        return 1;
    ptrdiff_t *head = (ptrdiff_t *)rk_scratch(0, (size_t)(2 * rows + count) * sizeof(ptrdiff_t));
    if (!head)
        return 0;
    ptrdiff_t *length = head + rows, *next = length + rows, longest = 0;
    memset(head, -1, (size_t)rows * sizeof *head);
    memset(length, 0, (size_t)rows * sizeof *length);
    for (ptrdiff_t i = count - 1; i >= 0; i--) {
        ptrdiff_t r;
        switch (idx_type) {
#define RK_CASE(CODE, NAME, T, W) case CODE: r = (ptrdiff_t)((const T *)idx)[i]; break;
        RK_INTS(RK_CASE)
#undef RK_CASE
        default: r = ((const uint8_t *)idx)[i];
        }
        next[i] = head[r];
        head[r] = i;
        if (++length[r] > longest)
            longest = length[r];
    }
    rk_embed_job job = { .x = (const char *)x, .y = (char *)y, .head = head, .next = next, .n = n, .parts = 1, .part = n,
                         .dtype = dtype };
    if (longest > 64 && longest * 8 > count) {
        job.part = n <= 64 ? n : 64;
        job.parts = (n + job.part - 1) / job.part;
    }
    job.stream = rows * n * size >= RK_EMBED_STREAM_BYTES && n * size % 64 == 0 && (uintptr_t)y % 64 == 0;
    const ptrdiff_t work = (rows + 2 * count) * n, units = rows * job.parts;
    if (work <= RK_GRAIN_CHEAP)
        rk_embed_rows(&job, 0, units);
    else
        rk_parallel(rk_embed_rows, &job, units, 1 + RK_GRAIN_CHEAP * units / work);
    return 1;
}
