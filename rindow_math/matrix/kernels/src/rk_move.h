/* Kernels that move elements without arithmetic on them. `size` is bytes an item (1, 2, 4, 8, 16). */
#ifndef RK_MOVE_H
#define RK_MOVE_H

#define RK_MOVE(X) \
    /* y[perm] : y has dims x_dims[perm[0]], x_dims[perm[1]] ...; nd <= 16 */ \
    X(void, transpose, (int size, int nd, const ptrdiff_t *x_dims, const int *perm, const void *x, void *y)) \
    /* y (outer, repeats, n) = x (outer, n), n items */ \
    X(void, repeat, (int size, const void *x, void *y, ptrdiff_t outer, ptrdiff_t repeats, ptrdiff_t n)) \
    /* strided block copy: rows x n items, leading dimensions ldx, ldy in items */ \
    X(void, copy2d, (int size, ptrdiff_t rows, ptrdiff_t n, const void *x, ptrdiff_t ldx, void *y, ptrdiff_t ldy)) \
    /* y[i,:] = x[idx[i],:]; rows of n items; idx_type any integer type. Indexes are in range. */ \
    X(void, gather_rows, (int size, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count, ptrdiff_t n)) \
    /* y[idx[i],:] = x[i,:] in order of i */ \
    X(void, scatter_rows, (int size, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count, ptrdiff_t n)) \
    /* y[idx[i],:] += x[i,:] (float32, float64, int32, int64), in order of i for each row; y has `rows` rows */ \
    X(void, scatter_add_rows, (int dtype, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count, \
                               ptrdiff_t n, ptrdiff_t rows)) \
    /* position of the first index outside [0, limit), or -1 */ \
    X(ptrdiff_t, check_index, (int idx_type, const void *idx, ptrdiff_t count, ptrdiff_t limit))

#endif
