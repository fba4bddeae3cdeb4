/* Kernels behind LinearAlgebra and Random that no other family has. `size` is bytes an item; idx_type any integer type. */
#ifndef RK_LA_H
#define RK_LA_H

/* im2col: where each number stands in `geometry`. Two- and one-dimensional images have depth (and height) 1. */
enum rk_im2col_geometry {
    RK_I2C_BATCHES = 0, RK_I2C_IM_D, RK_I2C_IM_H, RK_I2C_IM_W, RK_I2C_CHANNELS,
    RK_I2C_FILTER_D, RK_I2C_FILTER_H, RK_I2C_FILTER_W, RK_I2C_STRIDE_D, RK_I2C_STRIDE_H, RK_I2C_STRIDE_W,
    RK_I2C_DILATION_D, RK_I2C_DILATION_H, RK_I2C_DILATION_W, RK_I2C_PAD_D, RK_I2C_PAD_H, RK_I2C_PAD_W,
    RK_I2C_OUT_D, RK_I2C_OUT_H, RK_I2C_OUT_W,
    RK_I2C_CHANNELS_FIRST,       /* images are (batch, channel, d, h, w), else (batch, d, h, w, channel) */
    RK_I2C_COLS_CHANNELS_FIRST,  /* cols are (batch, out..., channel, filter...), else (batch, out..., filter..., channel) */
    RK_I2C_NUMBERS
};

#define RK_LA(X) \
    /* nan becomes alpha: float32, float64 */ \
    X(void, nan2num, (int dtype, void *x, ptrdiff_t n, double alpha)) \
    /* x[i*incx] <-> y[i*incy] */ \
    X(void, swap, (int size, ptrdiff_t n, void *x, ptrdiff_t incx, void *y, ptrdiff_t incy)) \
    /* x, y = h0*x + h1*y, h2*x + h3*y: plane and modified Givens rotations (float32, float64) */ \
    X(void, rotate, (int dtype, ptrdiff_t n, void *x, ptrdiff_t incx, void *y, ptrdiff_t incy, double h0, double h1, \
                     double h2, double h3)) \
    /* y[i] = start + i*step, exact where all of it are integers */ \
    X(void, arange, (int dtype, void *y, ptrdiff_t n, double start, double step)) \
    /* largest |x-y|: real types */ \
    X(double, max_difference, (int dtype, ptrdiff_t n, const void *x, const void *y)) \
    /* result[0..1] = sum of (conj) x[i*incx] * y[i*incy]: complex64, complex128 */ \
    X(void, complex_dot, (int dtype, int conj, ptrdiff_t n, const void *x, ptrdiff_t incx, const void *y, ptrdiff_t incy, \
                          double *result)) \
    /* y = alpha op(a) x + beta y, a is m x n with rows lda apart; op: transposed, conjugated. Numbers as (re, im). */ \
    X(void, complex_gemv, (int dtype, int trans, int conj, ptrdiff_t m, ptrdiff_t n, const double *alpha, const void *a, \
                           ptrdiff_t lda, const void *x, const double *beta, void *y)) \
    /* sum of moduli; position of the first largest or smallest modulus of n > 0, passing over nan except at the front */ \
    X(double, complex_asum, (int dtype, ptrdiff_t n, const void *x)) \
    X(ptrdiff_t, complex_arg, (int dtype, int largest, ptrdiff_t n, const void *x, ptrdiff_t inc)) \
    /* b = alpha*op(a), a is m x n; conj for complex types; b may be a where nothing moves */ \
    X(void, omatcopy, (int dtype, int trans, int conj, ptrdiff_t m, ptrdiff_t n, double alpha, double alpha_im, \
                       const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb)) \
    /* y[i...] = x[i...], or += with add: any strides (in elements), nd <= 16; no element of y twice. \
     * Slices, stacking, splitting, flips, broadcasts. Copies take any dtype, sums the number types. */ \
    X(void, strided_copy, (int dtype, int add, int nd, const ptrdiff_t *dims, const void *x, const ptrdiff_t *sx, \
                           void *y, const ptrdiff_t *sy)) \
    /* y (n, repeats) = x (n) */ \
    X(void, repeat_items, (int size, ptrdiff_t n, ptrdiff_t repeats, const void *x, void *y)) \
    /* b (batches, m, n, k, len) and a (batches, m, classes, k, len) by x (batches, n, k): b = a[x], or reversed a[x] = b; \
     * with add: +=. Indexes outside [0, classes) are passed over. */ \
    X(void, gatherb, (int dtype, int reverse, int add, ptrdiff_t batches, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, \
                      ptrdiff_t len, ptrdiff_t classes, void *a, const void *x, int idx_type, void *b)) \
    /* b (m, n, k) and a (m, shape..., k) by x (m, n, depth): likewise */ \
    X(void, gathernd, (int dtype, int reverse, int add, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t depth, \
                       const ptrdiff_t *shape, void *a, const void *x, int idx_type, void *b)) \
    /* position of the first of `count` tuples x (count, depth) with an index outside [0, shape[h]), or -1 */ \
    X(ptrdiff_t, check_tuples, (int idx_type, const void *x, ptrdiff_t count, ptrdiff_t depth, const ptrdiff_t *shape)) \
    /* y[i, x[i*incx]] += alpha; labels in range; y has rows of ldy */ \
    X(void, add_onehot, (int dtype, ptrdiff_t m, double alpha, const void *x, int idx_type, ptrdiff_t incx, void *y, \
                         ptrdiff_t ldy)) \
    /* y[i] = first j with a[j] >= x[i] (right: > x[i]), else n, in row i of a (rows lda apart, 0: one row for all); \
     * a nan in a ends the row, for x[i] nan y[i] is 0. idx_type is 32 or 64 bits wide. Rows of more than 1024 numbers \
     * must be sorted. */ \
    X(void, searchsorted, (int dtype, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, const void *x, \
                           ptrdiff_t incx, int right, void *y, int idx_type, ptrdiff_t incy)) \
    /* the k largest of each row of n, and their positions: (m, k); sorted: descending. nan counts as largest. \
     * Returns 0, or -1 when there is no memory. */ \
    X(int, topk, (int dtype, ptrdiff_t m, ptrdiff_t n, const void *x, ptrdiff_t k, int sorted, void *values, \
                  int32_t *indices)) \
    /* patches of images as rows of cols; reverse: images += cols */ \
    X(void, im2col, (int dtype, int reverse, const ptrdiff_t *geometry, void *images, void *cols)) \
    /* b = a shifted and flipped, edges repeated */ \
    X(void, imagecopy, (int size, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, const void *a, void *b, \
                        int channels_first, ptrdiff_t height_shift, ptrdiff_t width_shift, int vertical_flip, \
                        int horizontal_flip, int rgb_flip)) \
    /* a (m, n, k): 0 where i-j > lower or j-i > upper (negative: no bound) */ \
    X(void, bandpart, (int size, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void *a, ptrdiff_t lower, ptrdiff_t upper)) \
    /* a (m, n, k, len) = fill, or += fill with add, where the bools x (m, k) are false */ \
    X(void, masking, (int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t len, double fill, int add, \
                      const void *x, void *a)) \
    /* c = sum over the last nd-ndc indexes of a*b: strides in elements, 0 where an operand lacks the index; \
     * c is contiguous over the first ndc. nd <= 32 */ \
    X(void, einsum, (int dtype, int nd, int ndc, const ptrdiff_t *dims, const void *a, const ptrdiff_t *sa, \
                     const void *b, const ptrdiff_t *sb, void *c)) \
    /* Counter-based generator (Philox4x32-10): element i of a stream depends on seed and i alone. \
     * Floats in [low, high], integers low..high inclusive. */ \
    X(void, random_uniform, (int dtype, void *y, ptrdiff_t n, ptrdiff_t inc, double low, double high, int64_t seed)) \
    /* float32, float64 (integers: truncated) */ \
    X(void, random_normal, (int dtype, void *y, ptrdiff_t n, ptrdiff_t inc, double mean, double scale, int64_t seed)) \
    /* the first `size` of y[0..n-1] become a random choice of 0..n-1, the rest the others: any real type */ \
    X(void, random_sequence, (int dtype, void *y, ptrdiff_t n, ptrdiff_t size, int64_t seed))

#endif
