"""The table of kernels (see src/rk.h). Other modules call ``table()`` once and keep the pointer."""

cdef extern from "rk.h" nogil:
    enum:
        RK_BOOL
        RK_INT8
        RK_INT16
        RK_INT32
        RK_INT64
        RK_UINT8
        RK_UINT16
        RK_UINT32
        RK_UINT64
        RK_FLOAT16
        RK_FLOAT32
        RK_FLOAT64
        RK_COMPLEX64
        RK_COMPLEX128
    # elementwise
    enum:
        RK_NEG, RK_ABS, RK_SIGN, RK_SQUARE, RK_SQRT, RK_RSQRT, RK_RECIPROCAL, RK_EXP, RK_LOG, RK_SIN, RK_COS, RK_TAN
        RK_TANH, RK_SIGMOID, RK_RELU, RK_GELU, RK_SOFTPLUS, RK_ERF, RK_FLOOR, RK_CEIL, RK_ISNAN, RK_NOT
        RK_LOG1P, RK_EXPM1
    enum:
        RK_AXPB, RK_PMAX, RK_PMIN, RK_PPOW, RK_RPOW, RK_PDIV, RK_RDIV, RK_RSUB, RK_PMOD, RK_RMOD, RK_CLIP
        RK_PGT, RK_PGE, RK_PLT, RK_PLE, RK_PEQ, RK_PNE, RK_RECIP_AXPB, RK_RSQRT_AXPB, RK_LEAKY
    enum:
        RK_ADD, RK_SUB, RK_MUL, RK_DIV, RK_MOD, RK_POW, RK_MAXIMUM, RK_MINIMUM, RK_COPYB
        RK_EQ, RK_NE, RK_GT, RK_GE, RK_LT, RK_LE, RK_AND, RK_OR, RK_XOR
        RK_DSIGMOID, RK_DTANH, RK_DRELU, RK_DSQRT, RK_DGELU, RK_DSOFTPLUS
    ctypedef struct rk_chain_op:
        int kind
        int op
        int a
        int b
        int out
        int a_one
        int b_one
        int p_in
        int q_in
        double p
        double q
    ctypedef struct rk_chain:
        const rk_chain_op* ops
        int count
        int registers
        int dtype
        ptrdiff_t n
        char** arrays
        const int* whole
        int wholes
    # reductions
    enum:
        RK_SUM, RK_MEAN, RK_MAX, RK_MIN, RK_ASUM, RK_SUMSQ, RK_NRM2, RK_PROD, RK_ANY, RK_ALL_TRUE, RK_AMAX, RK_AMIN
    enum:
        RK_ARGMAX, RK_ARGMIN, RK_ARGAMAX, RK_ARGAMIN
    enum:
        RK_EPI_NONE, RK_EPI_RELU, RK_EPI_SIGMOID, RK_EPI_TANH
    # losses and optimizers
    enum:
        RK_LOSS_SQUARE, RK_LOSS_HUBER, RK_LOSS_BINARY, RK_LOSS_BINARY_LOGITS, RK_LOSS_CATEGORICAL, RK_LOSS_SPARSE
        RK_LOSS_CATEGORICAL_LOGITS, RK_LOSS_SPARSE_LOGITS
    enum:
        RK_SGD, RK_ADAM, RK_RMSPROP
    ctypedef struct rk_weight:
        void* p
        const void* g
        void* m
        void* v
        ptrdiff_t n
        ptrdiff_t first
        int dtype
    # places in the geometry of im2col
    enum:
        RK_I2C_BATCHES, RK_I2C_IM_D, RK_I2C_IM_H, RK_I2C_IM_W, RK_I2C_CHANNELS
        RK_I2C_FILTER_D, RK_I2C_FILTER_H, RK_I2C_FILTER_W, RK_I2C_STRIDE_D, RK_I2C_STRIDE_H, RK_I2C_STRIDE_W
        RK_I2C_DILATION_D, RK_I2C_DILATION_H, RK_I2C_DILATION_W, RK_I2C_PAD_D, RK_I2C_PAD_H, RK_I2C_PAD_W
        RK_I2C_OUT_D, RK_I2C_OUT_H, RK_I2C_OUT_W, RK_I2C_CHANNELS_FIRST, RK_I2C_COLS_CHANNELS_FIRST, RK_I2C_NUMBERS

    ctypedef struct rk_conv_api:
        pass
    ctypedef struct rk_rnn_api:
        pass
    ctypedef struct rk_attn_api:
        pass
    ctypedef struct rk_norm_api:
        pass
    ctypedef struct rk_pooling_api:
        pass

    ctypedef struct rk_gemm_operands:
        ptrdiff_t m
        ptrdiff_t n
        ptrdiff_t k
        const void* a
        const void* b
        const void* bias
        void* c
    ctypedef struct rk_api:
        const char* variant
        # elementwise
        void (*unary)(int op, int dtype, const void* x, void* y, ptrdiff_t n) noexcept nogil
        void (*param)(int op, int dtype, const void* x, double p, double q, void* y, ptrdiff_t n) noexcept nogil
        void (*binary)(int op, int dtype, int nd, const ptrdiff_t* dims, const void* a, const ptrdiff_t* sa,
                       const void* b, const ptrdiff_t* sb, void* c, int c_bool) noexcept nogil
        void (*chain)(const rk_chain* chain) noexcept nogil
        void (*axpy)(int dtype, ptrdiff_t n, double alpha, double alpha_im, const void* x, ptrdiff_t incx,
                     void* y, ptrdiff_t incy) noexcept nogil
        void (*scal)(int dtype, ptrdiff_t n, double alpha, double alpha_im, void* x, ptrdiff_t incx) noexcept nogil
        void (*cast)(int from_, int to, const void* x, void* y, ptrdiff_t n) noexcept nogil
        void (*cast_wrap)(int from_, int to, const void* x, void* y, ptrdiff_t n) noexcept nogil
        void (*fill)(int size, const void* value, void* y, ptrdiff_t n, ptrdiff_t inc) noexcept nogil
        void (*copy)(int size, ptrdiff_t n, const void* x, ptrdiff_t incx, void* y, ptrdiff_t incy) noexcept nogil
        # reductions
        void (*reduce)(int op, int dtype, const void* x, void* y, ptrdiff_t outer, ptrdiff_t n,
                       ptrdiff_t inner) noexcept nogil
        void (*argreduce)(int op, int dtype, const void* x, void* idx, int idx_type, ptrdiff_t outer, ptrdiff_t n,
                          ptrdiff_t inner) noexcept nogil
        double (*sum_all)(int dtype, ptrdiff_t n, const void* x, ptrdiff_t inc) noexcept nogil
        double (*asum_all)(int dtype, ptrdiff_t n, const void* x, ptrdiff_t inc) noexcept nogil
        double (*nrm2_all)(int dtype, ptrdiff_t n, const void* x, ptrdiff_t inc) noexcept nogil
        double (*dot_all)(int dtype, ptrdiff_t n, const void* x, ptrdiff_t incx, const void* y,
                          ptrdiff_t incy) noexcept nogil
        ptrdiff_t (*arg_all)(int op, int dtype, ptrdiff_t n, const void* x, ptrdiff_t inc) noexcept nogil
        long long (*isum_all)(int dtype, ptrdiff_t n, const void* x, ptrdiff_t inc) noexcept nogil
        void (*softmax)(int dtype, const void* x, void* y, ptrdiff_t rows, ptrdiff_t n) noexcept nogil
        void (*log_softmax)(int dtype, const void* x, void* y, ptrdiff_t rows, ptrdiff_t n) noexcept nogil
        void (*dsoftmax)(int dtype, const void* y, const void* dy, void* dx, ptrdiff_t rows, ptrdiff_t n) noexcept nogil
        void (*cumsum)(int dtype, const void* x, void* y, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,
                       int exclusive, int reverse) noexcept nogil
        # moving
        void (*transpose)(int size, int nd, const ptrdiff_t* x_dims, const int* perm, const void* x,
                          void* y) noexcept nogil
        void (*repeat)(int size, const void* x, void* y, ptrdiff_t outer, ptrdiff_t repeats,
                       ptrdiff_t n) noexcept nogil
        void (*copy2d)(int size, ptrdiff_t rows, ptrdiff_t n, const void* x, ptrdiff_t ldx, void* y,
                       ptrdiff_t ldy) noexcept nogil
        void (*gather_rows)(int size, const void* x, const void* idx, int idx_type, void* y, ptrdiff_t count,
                            ptrdiff_t n) noexcept nogil
        void (*scatter_rows)(int size, const void* x, const void* idx, int idx_type, void* y, ptrdiff_t count,
                             ptrdiff_t n) noexcept nogil
        void (*scatter_add_rows)(int dtype, const void* x, const void* idx, int idx_type, void* y, ptrdiff_t count,
                                 ptrdiff_t n, ptrdiff_t rows) noexcept nogil
        ptrdiff_t (*check_index)(int idx_type, const void* idx, ptrdiff_t count, ptrdiff_t limit) noexcept nogil
        # matrix products
        void (*sgemm)(int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha, const float* a,
                      ptrdiff_t lda, const float* b, ptrdiff_t ldb, float beta, float* c, ptrdiff_t ldc,
                      const float* bias, int epilogue) noexcept nogil
        void (*dgemm)(int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha, const double* a,
                      ptrdiff_t lda, const double* b, ptrdiff_t ldb, double beta, double* c, ptrdiff_t ldc,
                      const double* bias, int epilogue) noexcept nogil
        void (*gemm_group)(int dtype, ptrdiff_t count, const rk_gemm_operands* products) noexcept nogil
        void (*sgemm_batch)(ptrdiff_t batch, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha,
                            const float* a, ptrdiff_t lda, ptrdiff_t stride_a, const float* b, ptrdiff_t ldb,
                            ptrdiff_t stride_b, float beta, float* c, ptrdiff_t ldc,
                            ptrdiff_t stride_c) noexcept nogil
        void (*dgemm_batch)(ptrdiff_t batch, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha,
                            const double* a, ptrdiff_t lda, ptrdiff_t stride_a, const double* b, ptrdiff_t ldb,
                            ptrdiff_t stride_b, double beta, double* c, ptrdiff_t ldc,
                            ptrdiff_t stride_c) noexcept nogil
        void (*xgemm)(int dtype, int ta, int tb, int conj_a, int conj_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                      const double* alpha, const void* a, ptrdiff_t lda, const void* b, ptrdiff_t ldb,
                      const double* beta, void* c, ptrdiff_t ldc) noexcept nogil
        void (*sgemv)(int ta, ptrdiff_t m, ptrdiff_t n, float alpha, const float* a, ptrdiff_t lda, const float* x,
                      ptrdiff_t incx, float beta, float* y, ptrdiff_t incy) noexcept nogil
        void (*dgemv)(int ta, ptrdiff_t m, ptrdiff_t n, double alpha, const double* a, ptrdiff_t lda,
                      const double* x, ptrdiff_t incx, double beta, double* y, ptrdiff_t incy) noexcept nogil
        # symmetric and triangular matrices
        void (*symm)(int dtype, int right, int lower, ptrdiff_t m, ptrdiff_t n, const double* alpha, const void* a,
                     ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c,
                     ptrdiff_t ldc) noexcept nogil
        void (*syrk)(int dtype, int lower, int trans, ptrdiff_t n, ptrdiff_t k, const double* alpha, const void* a,
                     ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c,
                     ptrdiff_t ldc) noexcept nogil
        void (*trmm)(int dtype, int right, int lower, int trans, int conj, int unit, ptrdiff_t m, ptrdiff_t n,
                     const double* alpha, const void* a, ptrdiff_t lda, void* b, ptrdiff_t ldb) noexcept nogil
        void (*trsm)(int dtype, int right, int lower, int trans, int conj, int unit, ptrdiff_t m, ptrdiff_t n,
                     const double* alpha, const void* a, ptrdiff_t lda, void* b, ptrdiff_t ldb) noexcept nogil
        # neural networks
        double (*loss)(int kind, int dtype, const void* x, const void* labels, int label_type, double q, double factor,
                       void* stats, void* losses, ptrdiff_t rows, ptrdiff_t n) noexcept nogil
        void (*dloss)(int kind, int dtype, const void* x, const void* labels, int label_type, double q,
                      const void* stats, const void* scales, double scale, void* dx, ptrdiff_t rows,
                      ptrdiff_t n) noexcept nogil
        double (*loss_step)(int kind, int dtype, const void* x, const void* labels, int label_type, double q,
                            double factor, double scale, void* dx, double threshold, ptrdiff_t* hits, ptrdiff_t rows,
                            ptrdiff_t n) noexcept nogil
        void (*update)(int rule, rk_weight* weights, ptrdiff_t count, double lr, double a, double b,
                       double eps) noexcept nogil
        void (*bias_act)(int dtype, const void* x, const void* bias, void* y, ptrdiff_t rows, ptrdiff_t n,
                         int epilogue) noexcept nogil
        ptrdiff_t (*count_hits)(int dtype, const void* x, const void* labels, int label_type, ptrdiff_t rows,
                                ptrdiff_t n) noexcept nogil
        ptrdiff_t (*count_yes_no)(int dtype, const void* x, double threshold, const void* labels, int label_type,
                                  ptrdiff_t n) noexcept nogil
        void (*dbias_act)(int dtype, const void* y, const void* dy, void* dz, void* dbias, ptrdiff_t rows,
                          ptrdiff_t n, int epilogue) noexcept nogil
        # LinearAlgebra and Random
        void (*nan2num)(int dtype, void* x, ptrdiff_t n, double alpha) noexcept nogil
        void (*swap)(int size, ptrdiff_t n, void* x, ptrdiff_t incx, void* y, ptrdiff_t incy) noexcept nogil
        void (*rotate)(int dtype, ptrdiff_t n, void* x, ptrdiff_t incx, void* y, ptrdiff_t incy, double h0, double h1,
                       double h2, double h3) noexcept nogil
        void (*arange)(int dtype, void* y, ptrdiff_t n, double start, double step) noexcept nogil
        double (*max_difference)(int dtype, ptrdiff_t n, const void* x, const void* y) noexcept nogil
        void (*complex_dot)(int dtype, int conj, ptrdiff_t n, const void* x, ptrdiff_t incx, const void* y,
                            ptrdiff_t incy, double* result) noexcept nogil
        void (*complex_gemv)(int dtype, int trans, int conj, ptrdiff_t m, ptrdiff_t n, const double* alpha,
                             const void* a, ptrdiff_t lda, const void* x, const double* beta, void* y) noexcept nogil
        double (*complex_asum)(int dtype, ptrdiff_t n, const void* x) noexcept nogil
        ptrdiff_t (*complex_arg)(int dtype, int largest, ptrdiff_t n, const void* x, ptrdiff_t inc) noexcept nogil
        void (*omatcopy)(int dtype, int trans, int conj, ptrdiff_t m, ptrdiff_t n, double alpha, double alpha_im,
                         const void* a, ptrdiff_t lda, void* b, ptrdiff_t ldb) noexcept nogil
        void (*strided_copy)(int dtype, int add, int nd, const ptrdiff_t* dims, const void* x, const ptrdiff_t* sx,
                             void* y, const ptrdiff_t* sy) noexcept nogil
        void (*repeat_items)(int size, ptrdiff_t n, ptrdiff_t repeats, const void* x, void* y) noexcept nogil
        void (*gatherb)(int dtype, int reverse, int add, ptrdiff_t batches, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                        ptrdiff_t len, ptrdiff_t classes, void* a, const void* x, int idx_type,
                        void* b) noexcept nogil
        void (*gathernd)(int dtype, int reverse, int add, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t depth,
                         const ptrdiff_t* shape, void* a, const void* x, int idx_type, void* b) noexcept nogil
        ptrdiff_t (*check_tuples)(int idx_type, const void* x, ptrdiff_t count, ptrdiff_t depth,
                                  const ptrdiff_t* shape) noexcept nogil
        void (*add_onehot)(int dtype, ptrdiff_t m, double alpha, const void* x, int idx_type, ptrdiff_t incx,
                           void* y, ptrdiff_t ldy) noexcept nogil
        void (*searchsorted)(int dtype, ptrdiff_t m, ptrdiff_t n, const void* a, ptrdiff_t lda, const void* x,
                             ptrdiff_t incx, int right, void* y, int idx_type, ptrdiff_t incy) noexcept nogil
        int (*topk)(int dtype, ptrdiff_t m, ptrdiff_t n, const void* x, ptrdiff_t k, int sorted, void* values,
                    int* indices) noexcept nogil
        void (*im2col)(int dtype, int reverse, const ptrdiff_t* geometry, void* images, void* cols) noexcept nogil
        void (*imagecopy)(int size, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, const void* a, void* b,
                          int channels_first, ptrdiff_t height_shift, ptrdiff_t width_shift, int vertical_flip,
                          int horizontal_flip, int rgb_flip) noexcept nogil
        void (*bandpart)(int size, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void* a, ptrdiff_t lower,
                         ptrdiff_t upper) noexcept nogil
        void (*masking)(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t len, double fill, int add,
                        const void* x, void* a) noexcept nogil
        void (*einsum)(int dtype, int nd, int ndc, const ptrdiff_t* dims, const void* a, const ptrdiff_t* sa,
                       const void* b, const ptrdiff_t* sb, void* c) noexcept nogil
        void (*random_uniform)(int dtype, void* y, ptrdiff_t n, ptrdiff_t inc, double low, double high,
                               long long seed) noexcept nogil
        void (*random_normal)(int dtype, void* y, ptrdiff_t n, ptrdiff_t inc, double mean, double scale,
                              long long seed) noexcept nogil
        void (*random_sequence)(int dtype, void* y, ptrdiff_t n, ptrdiff_t size, long long seed) noexcept nogil

        # families of layers: see conv.pxd, rnn.pxd, attn.pxd, norm.pxd, pooling.pxd
        const rk_conv_api* conv
        const rk_rnn_api* rnn
        const rk_attn_api* attn
        const rk_norm_api* norm
        const rk_pooling_api* pooling

    const rk_api* rk_select(const char* name)
    int rk_threads()
    int rk_alone_begin()
    void rk_alone_end(int before)
    void rk_set_threads(int n)
    int rk_get_threads()

# The table chosen when the package was imported.
cdef const rk_api* table() noexcept
cdef int get_threads() noexcept
cdef int usable_threads() noexcept
cdef int begin_alone() noexcept
cdef void end_alone(int before) noexcept
cdef void set_threads(int n) noexcept
