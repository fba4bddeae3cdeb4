/* Matrix products.
 *
 * C is computed in tiles of GEMM_MR rows by GEMM_NV vectors that stay in
 * registers while k runs; an element of A is broadcast, a row of B is loaded.
 * Elements of A are read where they are (a tile walks along GEMM_MR rows, which
 * fit in the first cache). B is read where it is when that is quick, else it is
 * packed in panels of one tile's width, transposed if need be: all of it by all
 * threads, or, where C has few rows, each panel by who works on it. A long k is cut
 * into blocks so that tiles of A and panels of B stay in their caches.
 *
 * Each element of C is one chain of multiply-adds in order of k, whatever tile
 * it belongs to: neither threads nor edges change a bit of it. Two other forms
 * serve shapes the tiles are bad at: dot products of rows (op(B) transposed,
 * few rows or columns) and sums of rows (few rows times a big matrix, which may
 * be cut into blocks of rows). The form depends on shapes alone.
 */
#ifndef RK_IMPL_GEMM_H
#define RK_IMPL_GEMM_H

#include "math.h"

#if defined(__clang__)
#define RK_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define RK_UNROLL _Pragma("GCC unroll 16")
#else
#define RK_UNROLL
#endif

/* 8 x 3 accumulators of 32 registers, or 4 x 3 of 16; 3 more hold B, one A */
#if RK_VECTOR_BYTES == 64
#define GEMM_MR 8
#else
#define GEMM_MR 4
#endif
#define GEMM_NV 3

#define GEMM_KC 512                    /* longest block of k: GEMM_MR rows of A stay in the first cache */
#define GEMM_PACK_BYTES (1 << 20)      /* a block of packed B: half of a common second cache */
#define GEMM_THREAD_WORK 400000        /* multiply-adds below which a second thread does not pay */

#define GEMM_PACK_AHEAD 16             /* rows of A between those packed and those asked for */
#define GEMM_PANEL_ROWS 128            /* rows of C from which each thread packs the panels of B that it works on; */
#define GEMM_PANEL_MOST 256            /* more rows use a panel often enough for one copy that all threads share, */
#define GEMM_PANELS 16                 /* and so do fewer panels */

#define GEMM_ROW_BLOCKS 16             /* of rows, into which a big B is cut for one row of C */
#define GEMM_FEW 32                    /* rows of C below which a big B is streamed */
#define GEMM_QUARTERS 4                /* a piece of a stream counts for so many: two are worth waking a thread */
#define GEMM_SHORT 1024                /* bytes of a row of B that threads do not share, where there are many rows */
#define GEMM_DEPTH 512                 /* rows of B that a thread takes then, at least */
#define GEMM_AHEAD 8                   /* rows of B between those added and those asked for */
#if RK_VECTOR_BYTES == 64
#define GEMM_STREAM 4                  /* rows of B added at a time: 4 rows of A times these lie in registers */
#define GEMM_TALL 16                   /* rows of C, a vector wide, that lie in registers */
#else
#define GEMM_STREAM 2
#define GEMM_TALL 8
#endif
#define GEMM_LONG 2560                 /* bytes of B's rows for each thread that make them long */
#define GEMM_LONG_ROWS 9               /* rows of C from which long rows are worth a way of their own */
#define GEMM_SIDE 32                   /* long rows that are read side by side, */
#define GEMM_WEIGHTS 8192              /* or as many as have so many bytes of weights, with a small second cache: */
#define GEMM_SECOND_CACHE (3 << 19)    /* less than so many bytes. Sums are then read and written less often, */
#define GEMM_LONG_SMALL 512            /* and rows count as long that have so many bytes for each thread */
#define GEMM_LINES 2                   /* of the cache, asked for ahead in each */
#define GEMM_GROUP 4                   /* products of long rows that are one job */
#if defined(__GNUC__)
#define GEMM_FETCH(p) __builtin_prefetch(p, 0, 2)
#else
#define GEMM_FETCH(p)
#endif

#define GEMM_EARLY_K 128               /* k from which on it pays to ask early for a tile of C, */
#define GEMM_EARLY_TILES 4             /* if there are so many tiles of rows */

/* Asks for a tile of C, which is read and written when its sums are done. */
RK_INLINE void gemm_fetch_tile(const void *c, ptrdiff_t step, int rows, int bytes)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < bytes + 63; j += 64)
            rk_prefetch((const char *)c + i * step + j);
}

/* Which elements of C are computed. */
enum { GEMM_ALL, GEMM_LOWER, GEMM_UPPER };

/* Columns cut into panels, which are alike: the first `wide` have a vector more than the `thin` ones of the others. */
typedef struct {
    ptrdiff_t count, thin, wide;
} gemm_panels;

RK_INLINE gemm_panels gemm_cut(ptrdiff_t vectors, ptrdiff_t most)
{
    const ptrdiff_t count = (vectors + most - 1) / most;
    return (gemm_panels){ count, vectors / count, vectors % count };
}

/* The vector that panel j begins with. */
RK_INLINE ptrdiff_t gemm_panel(const gemm_panels *p, ptrdiff_t j)
{
    return j * p->thin + (j < p->wide ? j : p->wide);
}

/* Tiles of C, numbered along rows or along columns of tiles; those that have elements of a triangle along rows. */
typedef struct {
    int triangle, along_columns;
    ptrdiff_t row_tiles, few, more;        /* tiles have `few` rows, the first `more` ones one more */
    ptrdiff_t below;                       /* rows from the diagonal's in the first column to the first */
    ptrdiff_t lanes, width;                /* numbers of a vector, of an element */
    gemm_panels panels;
} gemm_grid;

/* Of so many rows, at most `most` in a tile, and vectors, at most `vectors_most`. */
RK_INLINE gemm_grid gemm_grid_of(int triangle, ptrdiff_t rows, ptrdiff_t most, ptrdiff_t below, ptrdiff_t vectors,
                                 ptrdiff_t vectors_most, ptrdiff_t lanes, ptrdiff_t width)
{
    const ptrdiff_t tiles = (rows + most - 1) / most;
    const gemm_panels panels = gemm_cut(vectors, vectors_most);
    return (gemm_grid){ triangle, !triangle && panels.count > tiles, tiles, rows / tiles, rows % tiles, below, lanes,
                        width, panels };
}

/* A tile: its row and panel; the panels of its row begin with `first` and end before `next`. */
typedef struct {
    ptrdiff_t i, j, first, next;
} gemm_place;

RK_INLINE ptrdiff_t gemm_row(const gemm_grid *g, ptrdiff_t i)
{
    return i * g->few + (i < g->more ? i : g->more);
}

RK_INLINE void gemm_enter_row(const gemm_grid *g, gemm_place *t)
{
    const gemm_panels *p = &g->panels;
    t->first = 0;
    t->next = p->count;
    if (g->triangle) {                     /* the diagonal crosses the row in these numbers; begin may be negative */
        const ptrdiff_t begin = (g->below + gemm_row(g, t->i)) * g->width;
        const ptrdiff_t last = (g->below + gemm_row(g, t->i + 1)) * g->width - 1;
        const ptrdiff_t v = (g->triangle == GEMM_UPPER ? begin : last) / g->lanes, rest = v - p->wide * (p->thin + 1);
        const ptrdiff_t j = rest < 0 ? v / (p->thin + 1) : p->wide + rest / p->thin;
        if (g->triangle == GEMM_UPPER && begin > 0)
            t->first = j;
        if (g->triangle == GEMM_LOWER && j < p->count)
            t->next = j + 1;
    }
}

static ptrdiff_t gemm_tiles(const gemm_grid *g)
{
    if (!g->triangle)
        return g->row_tiles * g->panels.count;
    ptrdiff_t tiles = 0;
    for (gemm_place t = { 0 }; t.i < g->row_tiles; t.i++) {
        gemm_enter_row(g, &t);
        tiles += t.next - t.first;
    }
    return tiles;
}

static gemm_place gemm_find(const gemm_grid *g, ptrdiff_t number)
{
    const ptrdiff_t panels = g->panels.count;
    gemm_place t = { 0, 0, 0, panels };
    if (g->triangle) {
        for (gemm_enter_row(g, &t); t.next - t.first <= number; gemm_enter_row(g, &t)) {
            number -= t.next - t.first;
            t.i++;
        }
        t.j = t.first + number;
    } else {
        t.i = g->along_columns ? number % g->row_tiles : number / panels;
        t.j = g->along_columns ? number / g->row_tiles : number % panels;
    }
    return t;
}

RK_INLINE void gemm_go_on(const gemm_grid *g, gemm_place *t)
{
    if (g->along_columns) {
        if (++t->i == g->row_tiles) {
            t->i = 0;
            t->j++;
        }
    } else if (++t->j == t->next && ++t->i < g->row_tiles) {
        gemm_enter_row(g, t);
        t->j = t->first;
    }
}

/* Blocks of equal length, none longer than the limit. */
RK_INLINE ptrdiff_t rk_even_block(ptrdiff_t n, ptrdiff_t limit)
{
    ptrdiff_t count = (n + limit - 1) / limit;
    return count > 1 ? (n + count - 1) / count : n;
}

/* dst[i] = row i of the transpose of the square block src: as often as a row has
 * halvings, interleave the first half of the rows with the second */
#if defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 12)
#define RK_SHUFFLE(a, b, lanes, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define RK_HAVE_TRANSPOSE 1
#define RK_SWAP_2 1, 0
#define RK_SWAP_4 1, 0, 3, 2
#define RK_SWAP_8 1, 0, 3, 2, 5, 4, 7, 6
#define RK_SWAP_16 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14
#define RK_ZIP_LO_2 0, 2
#define RK_ZIP_HI_2 1, 3
#define RK_ZIP_LO_4 0, 4, 1, 5
#define RK_ZIP_HI_4 2, 6, 3, 7
#define RK_ZIP_LO_8 0, 8, 1, 9, 2, 10, 3, 11
#define RK_ZIP_HI_8 4, 12, 5, 13, 6, 14, 7, 15
#define RK_ZIP_LO_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define RK_ZIP_HI_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#if RK_VECTOR_BYTES == 64
#define RK_SWAP_F RK_SWAP_16
#define RK_SWAP_D RK_SWAP_8
#define RK_ZIP_LO_F RK_ZIP_LO_16
#define RK_ZIP_HI_F RK_ZIP_HI_16
#define RK_ZIP_LO_D RK_ZIP_LO_8
#define RK_ZIP_HI_D RK_ZIP_HI_8
#elif RK_VECTOR_BYTES == 32
#define RK_SWAP_F RK_SWAP_8
#define RK_SWAP_D RK_SWAP_4
#define RK_ZIP_LO_F RK_ZIP_LO_8
#define RK_ZIP_HI_F RK_ZIP_HI_8
#define RK_ZIP_LO_D RK_ZIP_LO_4
#define RK_ZIP_HI_D RK_ZIP_HI_4
#else
#define RK_SWAP_F RK_SWAP_4
#define RK_SWAP_D RK_SWAP_2
#define RK_ZIP_LO_F RK_ZIP_LO_4
#define RK_ZIP_HI_F RK_ZIP_HI_4
#define RK_ZIP_LO_D RK_ZIP_LO_2
#define RK_ZIP_HI_D RK_ZIP_HI_2
#endif
#endif

#define GM(name) RKM_CAT(gemm_##name, GM_SUFFIX)

#define GM_SUFFIX f32
#define GM_T float
#define GM_V rk_vf32
#define GM_L RK_VF32_LANES
#define GM_VF(name) RKM_CAT(rk_##name, vf32)
#define GM_ZIP_LO RK_ZIP_LO_F
#define GM_ZIP_HI RK_ZIP_HI_F
#include "gemm_body.h"

#define GM_SUFFIX f64
#define GM_T double
#define GM_V rk_vf64
#define GM_L RK_VF64_LANES
#define GM_VF(name) RKM_CAT(rk_##name, vf64)
#define GM_ZIP_LO RK_ZIP_LO_D
#define GM_ZIP_HI RK_ZIP_HI_D
#include "gemm_body.h"

static void gemm_turn_c128(const double *src, ptrdiff_t lds, ptrdiff_t rows, ptrdiff_t columns, double *dst,
                           ptrdiff_t ldd)
{
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++)
            memcpy(dst + 2 * (j * ldd + i), src + 2 * (i * lds + j), 2 * sizeof(double));
}

#define GM_SUFFIX f32
#define GM_T float
#define GM_V rk_vf32
#define GM_L RK_VF32_LANES
#define GM_VF(name) RKM_CAT(rk_##name, vf32)
#define GM_SWAP RK_SWAP_F
/* a pair of floats moves as a double */
#define GM_TURN_PAIRS(src, lds, rows, columns, dst, ldd) \
    gemm_turn_f64((const double *)(const void *)(src), lds, rows, columns, (double *)(void *)(dst), ldd)
#include "complex_body.h"

#define GM_SUFFIX f64
#define GM_T double
#define GM_V rk_vf64
#define GM_L RK_VF64_LANES
#define GM_VF(name) RKM_CAT(rk_##name, vf64)
#define GM_SWAP RK_SWAP_D
#define GM_TURN_PAIRS gemm_turn_c128
#include "complex_body.h"

/* ---- the entries ---- */
static void RK(sgemm)(int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha, const float *a,
                      ptrdiff_t lda, const float *b, ptrdiff_t ldb, float beta, float *c, ptrdiff_t ldc,
                      const float *bias, int epilogue)
{
    gemm_product_f32(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, bias, epilogue);
}

static void RK(dgemm)(int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha, const double *a,
                      ptrdiff_t lda, const double *b, ptrdiff_t ldb, double beta, double *c, ptrdiff_t ldc,
                      const double *bias, int epilogue)
{
    gemm_product_f64(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, bias, epilogue);
}

static void RK(gemm_group)(int dtype, ptrdiff_t count, const rk_gemm_operands *products)
{
    if (dtype == RK_FLOAT32)
        gemm_group_f32(count, products);
    else
        gemm_group_f64(count, products);
}

static void RK(sgemm_batch)(ptrdiff_t batch, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha,
                            const float *a, ptrdiff_t lda, ptrdiff_t stride_a, const float *b, ptrdiff_t ldb,
                            ptrdiff_t stride_b, float beta, float *c, ptrdiff_t ldc, ptrdiff_t stride_c)
{
    gemm_batch_f32(1, batch, ta, tb, m, n, k, alpha, a, lda, 0, stride_a, b, ldb, 0, stride_b, beta, c, ldc, 0,
                   stride_c);
}

static void RK(dgemm_batch)(ptrdiff_t batch, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha,
                            const double *a, ptrdiff_t lda, ptrdiff_t stride_a, const double *b, ptrdiff_t ldb,
                            ptrdiff_t stride_b, double beta, double *c, ptrdiff_t ldc, ptrdiff_t stride_c)
{
    gemm_batch_f64(1, batch, ta, tb, m, n, k, alpha, a, lda, 0, stride_a, b, ldb, 0, stride_b, beta, c, ldc, 0,
                   stride_c);
}

static void RK(sgemm_batch2)(ptrdiff_t batch0, ptrdiff_t batch1, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                             float alpha, const float *a, ptrdiff_t lda, ptrdiff_t stride_a0, ptrdiff_t stride_a1,
                             const float *b, ptrdiff_t ldb, ptrdiff_t stride_b0, ptrdiff_t stride_b1, float beta,
                             float *c, ptrdiff_t ldc, ptrdiff_t stride_c0, ptrdiff_t stride_c1)
{
    gemm_batch_f32(batch0, batch1, ta, tb, m, n, k, alpha, a, lda, stride_a0, stride_a1, b, ldb, stride_b0, stride_b1,
                   beta, c, ldc, stride_c0, stride_c1);
}

static void RK(dgemm_batch2)(ptrdiff_t batch0, ptrdiff_t batch1, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                             double alpha, const double *a, ptrdiff_t lda, ptrdiff_t stride_a0, ptrdiff_t stride_a1,
                             const double *b, ptrdiff_t ldb, ptrdiff_t stride_b0, ptrdiff_t stride_b1, double beta,
                             double *c, ptrdiff_t ldc, ptrdiff_t stride_c0, ptrdiff_t stride_c1)
{
    gemm_batch_f64(batch0, batch1, ta, tb, m, n, k, alpha, a, lda, stride_a0, stride_a1, b, ldb, stride_b0, stride_b1,
                   beta, c, ldc, stride_c0, stride_c1);
}

static ptrdiff_t RK(gemm_packed_size)(int dtype, ptrdiff_t n, ptrdiff_t k)
{
    return dtype == RK_FLOAT32 ? gemm_packed_size_f32(n, k) : gemm_packed_size_f64(n, k);
}

static void RK(gemm_pack)(int dtype, int tb, ptrdiff_t n, ptrdiff_t k, const void *b, ptrdiff_t ldb, void *packed)
{
    if (dtype == RK_FLOAT32)
        gemm_pack_all_f32(tb, n, k, b, ldb, packed);
    else
        gemm_pack_all_f64(tb, n, k, b, ldb, packed);
}

static void RK(gemm_packed)(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda,
                            const void *packed, double beta, void *c, ptrdiff_t ldc)
{
    if (dtype == RK_FLOAT32)
        gemm_product_packed_f32(m, n, k, a, lda, packed, (float)beta, c, ldc);
    else
        gemm_product_packed_f64(m, n, k, a, lda, packed, beta, c, ldc);
}

static void RK(sgemv)(int ta, ptrdiff_t m, ptrdiff_t n, float alpha, const float *a, ptrdiff_t lda, const float *x,
                      ptrdiff_t incx, float beta, float *y, ptrdiff_t incy)
{
    gemm_vector_f32(ta, m, n, alpha, a, lda, x, incx, beta, y, incy);
}

static void RK(dgemv)(int ta, ptrdiff_t m, ptrdiff_t n, double alpha, const double *a, ptrdiff_t lda, const double *x,
                      ptrdiff_t incx, double beta, double *y, ptrdiff_t incy)
{
    gemm_vector_f64(ta, m, n, alpha, a, lda, x, incx, beta, y, incy);
}

/* ---- other number types ---- */
typedef struct {
    ptrdiff_t n, k, a_row, a_col, b_row, b_col, ldc;
    const void *a, *b;
    void *c;
    double alpha, beta;
} gemm_other;

#define GEMM_OTHER_COLUMNS 128

/* Unsigned arithmetic wraps; the low bits are the same for signed numbers. */
#define GEMM_INTEGER(name, type, wide) \
    static void gemm_rows_##name(void *context, ptrdiff_t begin, ptrdiff_t end) \
    { \
        const gemm_other *g = context; \
        const wide alpha = (wide)(int64_t)g->alpha, beta = (wide)(int64_t)g->beta; \
        for (ptrdiff_t i = begin; i < end; i++) \
            for (ptrdiff_t j0 = 0; j0 < g->n; j0 += GEMM_OTHER_COLUMNS) { \
                ptrdiff_t width = g->n - j0 < GEMM_OTHER_COLUMNS ? g->n - j0 : GEMM_OTHER_COLUMNS; \
                const type *a = (const type *)g->a + i * g->a_row; \
                const type *b = (const type *)g->b + j0 * g->b_col; \
                type *c = (type *)g->c + i * g->ldc + j0; \
                wide sum[GEMM_OTHER_COLUMNS] = {0}; \
                for (ptrdiff_t p = 0; p < g->k; p++, a += g->a_col, b += g->b_row) { \
                    wide x = (wide)*a; \
                    if (g->b_col == 1) \
                        for (ptrdiff_t j = 0; j < width; j++) \
                            sum[j] += x * (wide)b[j]; \
                    else \
                        for (ptrdiff_t j = 0; j < width; j++) \
                            sum[j] += x * (wide)b[j * g->b_col]; \
                } \
                for (ptrdiff_t j = 0; j < width; j++) \
                    c[j] = (type)(beta ? alpha * sum[j] + beta * (wide)c[j] : alpha * sum[j]); \
            } \
    }

GEMM_INTEGER(i8, uint8_t, uint32_t)
GEMM_INTEGER(i16, uint16_t, uint32_t)
GEMM_INTEGER(i32, uint32_t, uint32_t)
GEMM_INTEGER(i64, uint64_t, uint64_t)

static void RK(xgemm)(int dtype, int ta, int tb, int conj_a, int conj_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                      const double *alpha, const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb,
                      const double *beta, void *c, ptrdiff_t ldc)
{
    const float alpha_f[2] = { (float)alpha[0], (float)alpha[1] }, beta_f[2] = { (float)beta[0], (float)beta[1] };
    gemm_other g = { n, k, ta ? 1 : lda, ta ? lda : 1, tb ? 1 : ldb, tb ? ldb : 1, ldc, a, b, c, alpha[0], beta[0] };
    ptrdiff_t grain = 1 + 65536 / (n * k + 1);
    switch (dtype) {
    case RK_FLOAT32:
        gemm_product_f32(ta, tb, m, n, k, (float)alpha[0], a, lda, b, ldb, (float)beta[0], c, ldc, NULL, RK_EPI_NONE);
        break;
    case RK_FLOAT64:
        gemm_product_f64(ta, tb, m, n, k, alpha[0], a, lda, b, ldb, beta[0], c, ldc, NULL, RK_EPI_NONE);
        break;
    case RK_INT8: case RK_UINT8:
        rk_parallel(gemm_rows_i8, &g, m, grain);
        break;
    case RK_INT16: case RK_UINT16:
        rk_parallel(gemm_rows_i16, &g, m, grain);
        break;
    case RK_INT32: case RK_UINT32:
        rk_parallel(gemm_rows_i32, &g, m, grain);
        break;
    case RK_INT64: case RK_UINT64:
        rk_parallel(gemm_rows_i64, &g, m, grain);
        break;
    case RK_COMPLEX64:
        gemm_complex_product_f32(GEMM_ALL, ta, tb, conj_a, conj_b, m, n, k, alpha_f, a, lda, b, ldb, beta_f, c, ldc);
        break;
    case RK_COMPLEX128:
        gemm_complex_product_f64(GEMM_ALL, ta, tb, conj_a, conj_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        break;
    }
}

#endif
