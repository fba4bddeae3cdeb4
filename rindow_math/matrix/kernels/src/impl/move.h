/* Kernels that move items: transposes, gathers, scatters. */
#include "common.h"
#include <stdlib.h>

/* i-th index of any integer type */
static inline ptrdiff_t rk_index(int idx_type, const void *idx, ptrdiff_t i)
{
    switch (idx_type) {
    case RK_INT32: return ((const int32_t *)idx)[i];
    case RK_INT64: return (ptrdiff_t)((const int64_t *)idx)[i];
    case RK_INT8: return ((const int8_t *)idx)[i];
    case RK_INT16: return ((const int16_t *)idx)[i];
    case RK_BOOL: case RK_UINT8: return ((const uint8_t *)idx)[i];
    case RK_UINT16: return ((const uint16_t *)idx)[i];
    case RK_UINT32: return (ptrdiff_t)((const uint32_t *)idx)[i];
    default: return (ptrdiff_t)((const uint64_t *)idx)[i];
    }
}

/* Items and vectors at any address: an array may lie in a buffer that begins between two of them. */
#if defined(__GNUC__)
#define RK_ANYWHERE __attribute__((aligned(1), may_alias))
typedef uint8_t rk_any_vector __attribute__((vector_size(RK_VECTOR_BYTES), aligned(1), may_alias));
RK_INLINE void rk_copy_vector(char *y, const char *x) { *(rk_any_vector *)y = *(const rk_any_vector *)x; }
#else
#define RK_ANYWHERE
RK_INLINE void rk_copy_vector(char *y, const char *x) { memcpy(y, x, RK_VECTOR_BYTES); }
#endif
typedef uint16_t rk_any16 RK_ANYWHERE;
typedef uint32_t rk_any32 RK_ANYWHERE;
typedef uint64_t rk_any64 RK_ANYWHERE;
typedef struct { rk_any64 lo, hi; } rk_any128;

/* bytes from x to y, whose lines are written whole */
RK_INLINE void rk_put_lines(char *y, const char *x, ptrdiff_t bytes)
{
    enum { V = RK_VECTOR_BYTES };
    if (bytes < 2 * V) {
        memcpy(y, x, (size_t)bytes);
        return;
    }
    rk_copy_vector(y, x);
    for (ptrdiff_t i = V - (ptrdiff_t)((uintptr_t)y % V); i + V <= bytes; i += V)
        rk_copy_vector(y + i, x + i);
    rk_copy_vector(y + bytes - V, x + bytes - V);
}

/* bytes of n items: short rows without a call of memcpy */
RK_INLINE void rk_move_bytes(char *RK_RESTRICT y, const char *RK_RESTRICT x, ptrdiff_t bytes)
{
    switch (bytes) {
    case 4: memcpy(y, x, 4); break;
    case 8: memcpy(y, x, 8); break;
    case 16: memcpy(y, x, 16); break;
    default:
        if (bytes <= 2048)
            rk_put_lines(y, x, bytes);
        else
            memcpy(y, x, (size_t)bytes);
    }
}

#define RK_TRANSPOSE_STREAM_BYTES (4 << 20)
#define RK_GRAIN_BYTES (256 * 1024)   /* of memory moved */

static ptrdiff_t rk_grain_of(ptrdiff_t bytes_each)
{
    return bytes_each >= RK_GRAIN_BYTES ? 1 : RK_GRAIN_BYTES / (bytes_each > 0 ? bytes_each : 1);
}

static void rk_move_above(ptrdiff_t limit, rk_task task, void *job, ptrdiff_t count, ptrdiff_t bytes_each)
{
    if (count * bytes_each <= limit)
        task(job, 0, count);
    else
        rk_parallel(task, job, count, rk_grain_of(bytes_each));
}

static void rk_move_run(rk_task task, void *job, ptrdiff_t count, ptrdiff_t bytes_each)
{
    rk_move_above(RK_GRAIN_BYTES, task, job, count, bytes_each);
}

/* For copies of what stays in a cache: one thread is as fast as two up to 1 MB. */
static void rk_repeat_run(rk_task task, void *job, ptrdiff_t count, ptrdiff_t bytes_each)
{
    rk_move_above(4 * RK_GRAIN_BYTES, task, job, count, bytes_each);
}

/* ---- transpose ---- */

/* y[c*ldy + r] = x[r*ldx + c], rows x cols items of x */
#define RK_TRANSPOSE_PLAIN(SIZE, T) \
static void rk_transpose_plain_##SIZE(const T *RK_RESTRICT x, ptrdiff_t ldx, T *RK_RESTRICT y, ptrdiff_t ldy, \
                                      ptrdiff_t rows, ptrdiff_t cols) \
{ \
    for (ptrdiff_t c = 0; c < cols; c++) \
        for (ptrdiff_t r = 0; r < rows; r++) \
            y[c * ldy + r] = x[r * ldx + c]; \
}
RK_TRANSPOSE_PLAIN(1, uint8_t)
RK_TRANSPOSE_PLAIN(2, rk_any16)
RK_TRANSPOSE_PLAIN(4, rk_any32)
RK_TRANSPOSE_PLAIN(8, rk_any64)
RK_TRANSPOSE_PLAIN(16, rk_any128)

/* Squares in registers, as wide as a vector. Each row is loaded once and whole: with rows a power of two apart their
 * lines compete for the same few places in the cache. `stream` stores past the caches, on aligned lines only. */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
enum { RK_SQUARE_4 = 16, RK_SQUARE_8 = 8 };
RK_INLINE void rk_square_put(void *y, __m512i v, int stream)
{
    if (stream)
        _mm512_stream_si512((__m512i *)y, v);
    else
        _mm512_storeu_si512(y, v);
}
RK_INLINE void rk_square_4(const rk_any32 *x, ptrdiff_t ldx, rk_any32 *y, ptrdiff_t ldy, int stream)
{
    __m512i a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = _mm512_loadu_si512(x + i * ldx);
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {   /* a[i+j], lane l: column 4l+j of rows i..i+3 */
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        const __m512i p = _mm512_shuffle_i32x4(a[j], a[j + 4], 0x88), q = _mm512_shuffle_i32x4(a[j], a[j + 4], 0xdd);
        const __m512i r = _mm512_shuffle_i32x4(a[j + 8], a[j + 12], 0x88);
        const __m512i s = _mm512_shuffle_i32x4(a[j + 8], a[j + 12], 0xdd);
        rk_square_put(y + j * ldy, _mm512_shuffle_i32x4(p, r, 0x88), stream);
        rk_square_put(y + (j + 4) * ldy, _mm512_shuffle_i32x4(q, s, 0x88), stream);
        rk_square_put(y + (j + 8) * ldy, _mm512_shuffle_i32x4(p, r, 0xdd), stream);
        rk_square_put(y + (j + 12) * ldy, _mm512_shuffle_i32x4(q, s, 0xdd), stream);
    }
}
RK_INLINE void rk_square_8(const rk_any64 *x, ptrdiff_t ldx, rk_any64 *y, ptrdiff_t ldy, int stream)
{
    __m512i a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = _mm512_loadu_si512(x + i * ldx);
    for (int i = 0; i < 8; i += 2) {   /* b[i+j], lane l: column 2l+j of rows i, i+1 */
        b[i] = _mm512_unpacklo_epi64(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 1]);
    }
    for (int j = 0; j < 2; j++) {
        const __m512i p = _mm512_shuffle_i64x2(b[j], b[j + 2], 0x88), q = _mm512_shuffle_i64x2(b[j], b[j + 2], 0xdd);
        const __m512i r = _mm512_shuffle_i64x2(b[j + 4], b[j + 6], 0x88);
        const __m512i s = _mm512_shuffle_i64x2(b[j + 4], b[j + 6], 0xdd);
        rk_square_put(y + j * ldy, _mm512_shuffle_i64x2(p, r, 0x88), stream);
        rk_square_put(y + (j + 2) * ldy, _mm512_shuffle_i64x2(q, s, 0x88), stream);
        rk_square_put(y + (j + 4) * ldy, _mm512_shuffle_i64x2(p, r, 0xdd), stream);
        rk_square_put(y + (j + 6) * ldy, _mm512_shuffle_i64x2(q, s, 0xdd), stream);
    }
}
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
enum { RK_SQUARE_4 = 8, RK_SQUARE_8 = 4 };
RK_INLINE void rk_square_put(void *y, __m256i v, int stream)
{
    if (stream)
        _mm256_stream_si256((__m256i *)y, v);
    else
        _mm256_storeu_si256((__m256i *)y, v);
}
RK_INLINE void rk_square_4(const rk_any32 *x, ptrdiff_t ldx, rk_any32 *y, ptrdiff_t ldy, int stream)
{
    __m256i a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = _mm256_loadu_si256((const __m256i *)(x + i * ldx));
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_epi32(a[i], a[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {   /* a[i+j], lane l: column 4l+j of rows i..i+3 */
        a[i] = _mm256_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm256_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm256_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        rk_square_put(y + j * ldy, _mm256_permute2x128_si256(a[j], a[j + 4], 0x20), stream);
        rk_square_put(y + (j + 4) * ldy, _mm256_permute2x128_si256(a[j], a[j + 4], 0x31), stream);
    }
}
RK_INLINE void rk_square_8(const rk_any64 *x, ptrdiff_t ldx, rk_any64 *y, ptrdiff_t ldy, int stream)
{
    __m256i a[4], b[4];
    for (int i = 0; i < 4; i++)
        a[i] = _mm256_loadu_si256((const __m256i *)(x + i * ldx));
    for (int i = 0; i < 4; i += 2) {
        b[i] = _mm256_unpacklo_epi64(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 1]);
    }
    for (int j = 0; j < 2; j++) {
        rk_square_put(y + j * ldy, _mm256_permute2x128_si256(b[j], b[j + 2], 0x20), stream);
        rk_square_put(y + (j + 2) * ldy, _mm256_permute2x128_si256(b[j], b[j + 2], 0x31), stream);
    }
}
#else
enum { RK_SQUARE_4 = 4, RK_SQUARE_8 = 4 };
RK_INLINE void rk_square_4(const rk_any32 *x, ptrdiff_t ldx, rk_any32 *y, ptrdiff_t ldy, int stream)
{
    (void)stream;
    for (int c = 0; c < 4; c++)
        for (int r = 0; r < 4; r++)
            y[c * ldy + r] = x[r * ldx + c];
}
RK_INLINE void rk_square_8(const rk_any64 *x, ptrdiff_t ldx, rk_any64 *y, ptrdiff_t ldy, int stream)
{
    (void)stream;
    for (int c = 0; c < 4; c++)
        for (int r = 0; r < 4; r++)
            y[c * ldy + r] = x[r * ldx + c];
}
#endif

/* The last squares begin early enough to be whole: some items are moved twice. */
#define RK_TRANSPOSE_SQUARES(SIZE, T) \
RK_INLINE void rk_transpose_squares_##SIZE(const T *x, ptrdiff_t ldx, T *y, ptrdiff_t ldy, ptrdiff_t rows, \
                                           ptrdiff_t cols, int stream) \
{ \
    enum { S = RK_SQUARE_##SIZE }; \
    if (rows < S || cols < S) { \
        rk_transpose_plain_##SIZE(x, ldx, y, ldy, rows, cols); \
        return; \
    } \
    for (ptrdiff_t r = 0; r < rows; r += S) { \
        const ptrdiff_t row = r + S <= rows ? r : rows - S; \
        for (ptrdiff_t c = 0; c < cols; c += S) { \
            const ptrdiff_t col = c + S <= cols ? c : cols - S; \
            rk_square_##SIZE(x + row * ldx + col, ldx, y + col * ldy + row, ldy, stream); \
        } \
    } \
}
RK_TRANSPOSE_SQUARES(4, rk_any32)
RK_TRANSPOSE_SQUARES(8, rk_any64)

static void rk_transpose_tile(int size, const char *x, ptrdiff_t ldx, char *y, ptrdiff_t ldy, ptrdiff_t rows,
                              ptrdiff_t cols)
{
    switch (size) {
    case 1: rk_transpose_plain_1((const uint8_t *)x, ldx, (uint8_t *)y, ldy, rows, cols); break;
    case 2: rk_transpose_plain_2((const rk_any16 *)x, ldx, (rk_any16 *)y, ldy, rows, cols); break;
    case 4: rk_transpose_squares_4((const rk_any32 *)x, ldx, (rk_any32 *)y, ldy, rows, cols, 0); break;
    case 8: rk_transpose_squares_8((const rk_any64 *)x, ldx, (rk_any64 *)y, ldy, rows, cols, 0); break;
    default: rk_transpose_plain_16((const rk_any128 *)x, ldx, (rk_any128 *)y, ldy, rows, cols);
    }
}

/* the same with stores past the caches: a line's worth of rows, that is, and y's lines are aligned */
static void rk_transpose_stream(int size, const char *x, ptrdiff_t ldx, char *y, ptrdiff_t ldy, ptrdiff_t rows,
                                ptrdiff_t cols)
{
    if (size == 4)
        rk_transpose_squares_4((const rk_any32 *)x, ldx, (rk_any32 *)y, ldy, rows, cols, 1);
    else
        rk_transpose_squares_8((const rk_any64 *)x, ldx, (rk_any64 *)y, ldy, rows, cols, 1);
}

/* Tiles; the last one of a row or a column of them takes what is left, up to RK_TILE_REST more, unless results are
 * stored past the caches: there a column is one line. Columns in `held` lie a line further apart than they are long,
 * lest they compete for places in the cache: RK_TRANSPOSE_HELD is as much as items of 16 bytes need. */
enum { RK_TILE_ROWS = 64, RK_TILE_COL_BYTES = 128, RK_TILE_DIRECT = 32, RK_TILE_STREAM = 256, RK_TILE_REST = 16,
       RK_TRANSPOSE_DIRECT = 64 << 10,   /* bytes of a result that is written in place */
       RK_TRANSPOSE_HELD = 32 << 10, RK_MOVE_DIMS = 16 };

typedef struct {
    int size, nd;                          /* nd: dimensions besides the tiled ones, or besides the copied row */
    ptrdiff_t dims[RK_MOVE_DIMS], sx[RK_MOVE_DIMS], sy[RK_MOVE_DIMS];
    ptrdiff_t rows, cols, ldx, ldy;        /* the tiled pair: rows have stride ldx in x, cols stride ldy in y */
    ptrdiff_t row_tiles, col_tiles, tile_rows, tile_cols;
    int direct, in_place, stream;          /* in_place: in y, but tiles and requests are those of the others */
    ptrdiff_t run;                         /* items copied at once, when the last dimension stays */
    const char *x;
    char *y;
} rk_transpose_job;

static void rk_transpose_offsets(const rk_transpose_job *job, ptrdiff_t at, ptrdiff_t *ox, ptrdiff_t *oy)
{
    *ox = *oy = 0;
    for (int d = job->nd - 1; d >= 0; d--) {
        const ptrdiff_t i = at % job->dims[d];
        at /= job->dims[d];
        *ox += i * job->sx[d];
        *oy += i * job->sy[d];
    }
}

/* A store that crosses the border of two lines which are not in the cache waits for one after the other, on some
 * processors. There a tile is turned in a place that is, while the lines of the result are fetched, and these are then
 * written whole. The next tile is asked for meanwhile: its rows are too short for the processor to do so. */
static void rk_transpose_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_transpose_job *job = (const rk_transpose_job *)context;
    const ptrdiff_t tiles = job->row_tiles * job->col_tiles, size = job->size;
    _Alignas(64) char held[RK_TRANSPOSE_HELD];
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        ptrdiff_t ox, oy;
        rk_transpose_offsets(job, unit / tiles, &ox, &oy);
        const ptrdiff_t tile_r = unit % tiles / job->col_tiles, tile_c = unit % job->col_tiles;
        const ptrdiff_t r = tile_r * job->tile_rows, c = tile_c * job->tile_cols;
        const ptrdiff_t rows = tile_r + 1 < job->row_tiles ? job->tile_rows : job->rows - r;
        const ptrdiff_t cols = tile_c + 1 < job->col_tiles ? job->tile_cols : job->cols - c;
        const char *x = job->x + (ox + r * job->ldx + c) * size;
        char *y = job->y + (oy + c * job->ldy + r) * size;
        if (job->direct) {
            const int stream = job->stream && rows == job->tile_rows;
            (stream ? rk_transpose_stream : rk_transpose_tile)(job->size, x, job->ldx, y, job->ldy, rows, cols);
            continue;
        }
        if (tile_c + 1 < job->col_tiles || tile_r + 1 < job->row_tiles) {
            const char *next = x + (tile_c + 1 < job->col_tiles ? cols : rows * job->ldx - c) * size;
            for (ptrdiff_t i = 0; i < job->tile_rows; i++)
                for (ptrdiff_t j = 0; j < RK_TILE_COL_BYTES; j += 64)
                    rk_prefetch_later(next + i * job->ldx * size + j);
        }
        if (job->in_place) {
            rk_transpose_tile(job->size, x, job->ldx, y, job->ldy, rows, cols);
            continue;
        }
        const int whole = rows == job->ldy;   /* all of the tile is one run of y */
        const ptrdiff_t runs = whole ? 1 : cols, bytes = (whole ? rows * cols : rows) * size;
        const ptrdiff_t ld = whole ? rows : rows + 64 / size;
        for (ptrdiff_t i = 0; i < runs; i++)
            for (ptrdiff_t j = 0; j < bytes; j += 64)
                rk_prefetch(y + i * job->ldy * size + j);
        rk_transpose_tile(job->size, x, job->ldx, held, ld, rows, cols);
        for (ptrdiff_t i = 0; i < runs; i++)
            rk_put_lines(y + i * job->ldy * size, held + i * ld * size, bytes);
    }
    if (job->stream)
        rk_stream_end();
}

/* the last dimension stays the last: whole runs are copied */
static void rk_transpose_runs_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_transpose_job *job = (const rk_transpose_job *)context;
    ptrdiff_t index[RK_MOVE_DIMS], ox, oy, at = begin;
    rk_transpose_offsets(job, begin, &ox, &oy);
    for (int d = job->nd - 1; d >= 0; d--) {
        index[d] = at % job->dims[d];
        at /= job->dims[d];
    }
    const ptrdiff_t bytes = job->run * job->size;
    const ptrdiff_t ahead = job->nd && bytes <= 2048 ? 2 * job->sx[job->nd - 1] * job->size : 0;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const char *x = job->x + ox * job->size;
        for (ptrdiff_t j = 0; ahead && j < bytes; j += 64)   /* most often what comes next but one */
            rk_prefetch(x + ahead + j);
        rk_move_bytes(job->y + oy * job->size, x, bytes);
        for (int d = job->nd - 1; d >= 0; d--) {
            ox += job->sx[d];
            oy += job->sy[d];
            if (++index[d] < job->dims[d])
                break;
            index[d] = 0;
            ox -= job->sx[d] * job->dims[d];
            oy -= job->sy[d] * job->dims[d];
        }
    }
}

static ptrdiff_t rk_tiles(ptrdiff_t n, ptrdiff_t tile, ptrdiff_t rest)
{
    return n <= tile + rest ? 1 : (n - rest + tile - 1) / tile;
}

static void rk_transpose_run(rk_transpose_job *job, ptrdiff_t matrices)
{
    const ptrdiff_t total = matrices * job->rows * job->cols * job->size;
    const int large = total >= RK_TRANSPOSE_STREAM_BYTES;
    ptrdiff_t rest = RK_TILE_REST;
    job->stream = RK_VECTOR_BYTES >= 32 && (job->size == 4 || job->size == 8) && large && (uintptr_t)job->y % 64 == 0
                  && job->ldy * job->size % 64 == 0;
    for (int d = 0; d < job->nd; d++)
        job->stream &= job->sy[d] * job->size % 64 == 0;
    job->direct = large || total <= RK_TRANSPOSE_DIRECT;
    job->in_place = !rk_whole_lines && (job->size == 4 || job->size == 8);
    if (job->stream) {
        job->tile_rows = 64 / job->size;
        job->tile_cols = RK_TILE_STREAM;
        rest = 0;
    } else {
        job->tile_rows = job->direct ? RK_TILE_DIRECT : RK_TILE_ROWS;
        job->tile_cols = job->direct ? RK_TILE_DIRECT : RK_TILE_COL_BYTES / job->size;
    }
    job->row_tiles = rk_tiles(job->rows, job->tile_rows, rest);
    job->col_tiles = rk_tiles(job->cols, job->tile_cols, rest);
    const ptrdiff_t units = matrices * job->row_tiles * job->col_tiles;
    rk_move_run(rk_transpose_task, job, units, total / units);
}

static void RK(transpose)(int size, int nd, const ptrdiff_t *x_dims, const int *perm, const void *x, void *y)
{
    /* dimensions in the order of y, neighbours in both x and y merged */
    ptrdiff_t stride[RK_MOVE_DIMS], dims[RK_MOVE_DIMS], sx[RK_MOVE_DIMS], sy[RK_MOVE_DIMS], total = 1;
    int k = 0;
    for (int d = nd - 1; d >= 0; d--) {
        stride[d] = total;
        total *= x_dims[d];
    }
    if (total == 0)
        return;
    for (int d = 0; d < nd; d++) {
        const ptrdiff_t n = x_dims[perm[d]], s = stride[perm[d]];
        if (n == 1)
            continue;
        if (k && sx[k - 1] == s * n) {
            dims[k - 1] *= n;
            sx[k - 1] = s;
        } else {
            dims[k] = n;
            sx[k++] = s;
        }
    }
    ptrdiff_t step = 1;
    for (int d = k - 1; d >= 0; d--) {
        sy[d] = step;
        step *= dims[d];
    }
    rk_transpose_job job = { .size = size, .x = (const char *)x, .y = (char *)y };
    if (k == 0 || sx[k - 1] == 1) {
        job.run = k ? dims[k - 1] : 1;
        job.nd = k ? k - 1 : 0;
        for (int d = 0; d < job.nd; d++) {
            job.dims[d] = dims[d];
            job.sx[d] = sx[d];
            job.sy[d] = sy[d];
        }
        if (job.nd == 0) {
            RK(copy)(size, total, x, 1, y, 1);
            return;
        }
        rk_move_run(rk_transpose_runs_task, &job, total / job.run, job.run * size);
        return;
    }
    /* rows run along y's last dimension, columns along x's */
    for (int d = 0; d < k; d++) {
        if (d == k - 1) {
            job.rows = dims[d];
            job.ldx = sx[d];
        } else if (sx[d] == 1) {
            job.cols = dims[d];
            job.ldy = sy[d];
        } else {
            job.dims[job.nd] = dims[d];
            job.sx[job.nd] = sx[d];
            job.sy[job.nd++] = sy[d];
        }
    }
    rk_transpose_run(&job, total / (job.rows * job.cols));
}

/* ---- blocks ---- */

typedef struct {
    int size, idx_type, dtype;
    const char *x;
    char *y;
    const void *idx;
    ptrdiff_t n, ldx, ldy, repeats, count, limit, pieces, piece, ahead;
} rk_rows_move;

#define RK_REPEAT_BYTES 4096

/* stretches of rows: each is read once and written `repeats` times */
static void rk_repeat_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_rows_move *job = (const rk_rows_move *)context;
    const ptrdiff_t bytes = job->n * job->size;
    for (ptrdiff_t u = begin; u < end; u++) {
        const ptrdiff_t row = u / job->pieces, from = u % job->pieces * job->piece;
        const ptrdiff_t length = bytes - from < job->piece ? bytes - from : job->piece;
        for (ptrdiff_t i = 0; i < job->repeats; i++)
            rk_move_bytes(job->y + (row * job->repeats + i) * bytes + from, job->x + row * bytes + from, length);
    }
}

/* rows that stay in the first cache while they are repeated */
static void rk_repeat_row_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_rows_move *job = (const rk_rows_move *)context;
    const ptrdiff_t bytes = job->n * job->size;
    for (ptrdiff_t i = begin; i < end; i++)
        rk_move_bytes(job->y + i * bytes, job->x + i / job->repeats * bytes, bytes);
}

static void RK(repeat)(int size, const void *x, void *y, ptrdiff_t outer, ptrdiff_t repeats, ptrdiff_t n)
{
    if (outer == 0 || repeats == 0 || n == 0)
        return;
    rk_rows_move job = { .size = size, .x = (const char *)x, .y = (char *)y, .n = n, .repeats = repeats,
                         .piece = RK_REPEAT_BYTES };
    job.pieces = (n * size + job.piece - 1) / job.piece;
    if (job.pieces < 8)
        rk_repeat_run(rk_repeat_row_task, &job, outer * repeats, n * size);
    else
        rk_repeat_run(rk_repeat_task, &job, outer * job.pieces, job.piece * repeats);
}

static void rk_copy2d_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_rows_move *job = (const rk_rows_move *)context;
    const ptrdiff_t bytes = job->n * job->size;
    for (ptrdiff_t i = begin; i < end; i++)
        rk_move_bytes(job->y + i * job->ldy * job->size, job->x + i * job->ldx * job->size, bytes);
}

static void RK(copy2d)(int size, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t ldx, void *y, ptrdiff_t ldy)
{
    if (rows == 0 || n == 0)
        return;
    if ((ldx == n && ldy == n) || rows == 1) {
        RK(copy)(size, rows * n, x, 1, y, 1);
        return;
    }
    rk_rows_move job = { .size = size, .x = (const char *)x, .y = (char *)y, .n = n, .ldx = ldx, .ldy = ldy };
    rk_move_run(rk_copy2d_task, &job, rows, n * size);
}

/* ---- gather, scatter ---- */

/* Rows lie anywhere, so none but the index tells what to fetch next: four rows ahead. */
static void rk_gather_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    enum { AHEAD = 4 };
    const rk_rows_move *job = (const rk_rows_move *)context;
    const ptrdiff_t bytes = job->n * job->size;
    for (ptrdiff_t i = begin; i < end; i++) {
        const char *x = job->x + rk_index(job->idx_type, job->idx, i) * bytes;
        char *y = job->y + i * bytes;
        if (bytes >= 256) {
            const char *next = i + AHEAD < end ? job->x + rk_index(job->idx_type, job->idx, i + AHEAD) * bytes : x;
            ptrdiff_t j = 0;
            for (; j + RK_VECTOR_BYTES <= bytes; j += RK_VECTOR_BYTES) {
                if (j % 64 == 0)
                    rk_prefetch(next + j);
                rk_copy_vector(y + j, x + j);
            }
            memcpy(y + j, x + j, (size_t)(bytes - j));
        } else {
            rk_move_bytes(y, x, bytes);
        }
    }
}

/* Single items of 4 or 8 bytes. With a table beyond the caches, what will be read soon is fetched. */
#define RK_GATHER_ITEMS(SIZE, T, BITS) \
static void rk_gather_items_##SIZE##_##BITS(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    enum { AHEAD = 32, MANY = 1 << 18 }; \
    const rk_rows_move *job = (const rk_rows_move *)context; \
    const T *RK_RESTRICT x = (const T *)job->x; \
    const int##BITS##_t *RK_RESTRICT at = (const int##BITS##_t *)job->idx; \
    T *RK_RESTRICT y = (T *)job->y; \
    ptrdiff_t i = begin; \
    if (end - begin >= MANY) \
        for (; i + AHEAD < end; i++) { \
            rk_prefetch(x + at[i + AHEAD]); \
            y[i] = x[at[i]]; \
        } \
    for (; i < end; i++) \
        y[i] = x[at[i]]; \
}
RK_GATHER_ITEMS(4, rk_any32, 32)
RK_GATHER_ITEMS(4, rk_any32, 64)
RK_GATHER_ITEMS(8, rk_any64, 32)
RK_GATHER_ITEMS(8, rk_any64, 64)

static void RK(gather_rows)(int size, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count,
                            ptrdiff_t n)
{
    rk_rows_move job = { .size = size, .idx_type = idx_type, .x = (const char *)x, .y = (char *)y, .idx = idx, .n = n };
    rk_task task = rk_gather_task;
    if (n * size == 4 || n * size == 8) {
        const int small = n * size == 4;
        if (idx_type == RK_INT32)
            task = small ? rk_gather_items_4_32 : rk_gather_items_8_32;
        else if (idx_type == RK_INT64)
            task = small ? rk_gather_items_4_64 : rk_gather_items_8_64;
    }
    if (count && n)
        rk_move_run(task, &job, count, n * size);
}

/* Two rows may have one target, and the later one stays: threads share out the columns, not the rows. */
static void rk_scatter_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_rows_move *job = (const rk_rows_move *)context;
    const ptrdiff_t bytes = job->n * job->size, from = begin * job->piece;
    const ptrdiff_t length = (end * job->piece < bytes ? end * job->piece : bytes) - from;
    for (ptrdiff_t i = 0; i < job->count; i++)
        rk_move_bytes(job->y + rk_index(job->idx_type, job->idx, i) * bytes + from, job->x + i * bytes + from, length);
}

static void RK(scatter_rows)(int size, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count,
                             ptrdiff_t n)
{
    rk_rows_move job = { .size = size, .idx_type = idx_type, .x = (const char *)x, .y = (char *)y, .idx = idx, .n = n,
                         .count = count, .piece = 64 };
    const ptrdiff_t units = (n * size + 63) / 64;
    if (count * n * size <= 4 * RK_GRAIN_BYTES)
        rk_scatter_task(&job, 0, units);
    else
        rk_parallel(rk_scatter_task, &job, units, 4);
}

/* Asks for the part of a target some rows ahead, which none but the index tells. */
RK_INLINE void rk_scatter_ask(const rk_rows_move *job, ptrdiff_t i, ptrdiff_t from, ptrdiff_t length)
{
    if (job->ahead && i + job->ahead < job->count) {
        const ptrdiff_t at = rk_index(job->idx_type, job->idx, i + job->ahead) * job->n + from;
        for (ptrdiff_t j = 0; j < length * job->size; j += 64)
            rk_prefetch(job->y + at * job->size + j);
    }
}

static void rk_scatter_add_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_rows_move *job = (const rk_rows_move *)context;
    const ptrdiff_t n = job->n, from = begin * job->piece;
    const ptrdiff_t length = (end * job->piece < n ? end * job->piece : n) - from;
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: \
        for (ptrdiff_t i = 0; i < job->count; i++) { \
            const T *RK_RESTRICT x = (const T *)job->x + i * n + from; \
            T *RK_RESTRICT y = (T *)job->y + rk_index(job->idx_type, job->idx, i) * n + from; \
            rk_scatter_ask(job, i, from, length); \
            for (ptrdiff_t j = 0; j < length; j++) y[j] = (T)((W)y[j] + (W)x[j]); \
        } \
        break;
    switch (job->dtype) {
    RK_INTS(RK_CASE)
    RK_CASE(RK_FLOAT32, f32, float, float)
    RK_CASE(RK_FLOAT64, f64, double, double)
    }
#undef RK_CASE
}

/* A table beyond the caches is read in wide pieces, asked for ahead. In a nearer one both cost time. */
static void RK(scatter_add_rows)(int dtype, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count,
                                 ptrdiff_t n, ptrdiff_t rows)
{
    enum { COLUMNS = 16, FAR_BYTES = 16 << 20, AHEAD = 12, WIDE_PIECES = 2 /* for each thread */ };
    const int size = rk_dtype_size(dtype), far = rows * n * size >= FAR_BYTES;
    const ptrdiff_t units = (n + COLUMNS - 1) / COLUMNS, wide = WIDE_PIECES * (ptrdiff_t)rk_threads();
    rk_rows_move job = { .dtype = dtype, .size = size, .idx_type = idx_type, .x = (const char *)x, .y = (char *)y,
                         .idx = idx, .n = n, .count = count, .ahead = far ? AHEAD : 0,
                         .piece = far ? (units + wide - 1) / wide * COLUMNS : COLUMNS };
    if (!count || !n)
        return;
    const ptrdiff_t pieces = (n + job.piece - 1) / job.piece;
    if (count * n <= RK_GRAIN_CHEAP)
        rk_scatter_add_task(&job, 0, pieces);
    else
        rk_parallel(rk_scatter_add_task, &job, pieces, far ? 1 : 2);
}

static ptrdiff_t RK(check_index)(int idx_type, const void *idx, ptrdiff_t count, ptrdiff_t limit)
{
#define RK_CHECK(T, U, BOUND) do { \
        const T *p = (const T *)idx; \
        const U bound = (U)(BOUND); \
        for (ptrdiff_t i = 0; i < count; i += 1024) { \
            const ptrdiff_t to = count - i < 1024 ? count : i + 1024; \
            U bad = 0; \
            for (ptrdiff_t j = i; j < to; j++) bad |= (U)(p[j]) >= bound; \
            if (bad) \
                for (ptrdiff_t j = i; j < to; j++) \
                    if ((U)(p[j]) >= bound) \
                        return j; \
        } \
        return -1; \
    } while (0)
    if (idx_type == RK_INT32 && limit <= INT32_MAX)
        RK_CHECK(int32_t, uint32_t, limit);
#define RK_CASE(CODE, NAME, T, W) case CODE: RK_CHECK(T, uint64_t, limit);
    switch (idx_type) {
    RK_INTS(RK_CASE)
    RK_CASE(RK_BOOL, b, uint8_t, 0)
    }
#undef RK_CASE
#undef RK_CHECK
    return -1;
}
