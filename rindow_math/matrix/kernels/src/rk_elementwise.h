/* Elementwise kernels. y may be x (in place); otherwise outputs must not overlap inputs. */
#ifndef RK_ELEMENTWISE_H
#define RK_ELEMENTWISE_H

enum rk_unary_op {               /* float32/float64; those marked i also on integers */
    RK_NEG = 0,                  /* i */
    RK_ABS,                      /* i */
    RK_SIGN,                     /* i */
    RK_SQUARE,                   /* i */
    RK_SQRT, RK_RSQRT, RK_RECIPROCAL, RK_EXP, RK_LOG, RK_SIN, RK_COS, RK_TAN,
    RK_TANH, RK_SIGMOID, RK_RELU /* i */, RK_GELU, RK_SOFTPLUS, RK_ERF,
    RK_FLOOR, RK_CEIL, RK_ISNAN  /* 1 or 0 in the type of x */, RK_NOT /* x==0, i */,
    RK_LOG1P, RK_EXPM1,
    RK_UNARY_OPS
};

enum rk_param_op {               /* y = f(x; p, q); p, q are given as double */
    RK_AXPB = 0,                 /* p*x + q, i */
    RK_PMAX, RK_PMIN,            /* max(x,p), min(x,p); nan in x stays nan, i */
    RK_PPOW, RK_RPOW,            /* x**p, p**x, i (wraps) */
    RK_PDIV, RK_RDIV,            /* x/p, p/x */
    RK_RSUB,                     /* p - x, i */
    RK_PMOD, RK_RMOD,            /* C fmod / integer remainder, sign of the dividend, i */
    RK_CLIP,                     /* min(max(x,p),q), i */
    RK_PGT, RK_PGE, RK_PLT, RK_PLE, RK_PEQ, RK_PNE, /* 1 or 0 in the type of x, i */
    RK_RECIP_AXPB,               /* 1/(p*x+q) */
    RK_RSQRT_AXPB,               /* 1/(p*sqrt(x)+q) */
    RK_LEAKY,                    /* x<0 ? p*x : x */
    RK_PARAM_OPS
};

enum rk_binary_op {              /* all number types, same type in and out */
    RK_ADD = 0, RK_SUB, RK_MUL, RK_DIV /* integers: truncates, x/0 = 0 */,
    RK_MOD, RK_POW, RK_MAXIMUM, RK_MINIMUM, RK_COPYB /* b */,
    RK_EQ, RK_NE, RK_GT, RK_GE, RK_LT, RK_LE,   /* 1 or 0 in the type of a */
    RK_AND, RK_OR, RK_XOR,                      /* of truth values */
    /* gradients: a = what the forward pass kept, b = incoming gradient */
    RK_DSIGMOID,                 /* b*a*(1-a), a = sigmoid */
    RK_DTANH,                    /* b*(1-a*a), a = tanh */
    RK_DRELU,                    /* a>0 ? b : 0, a = relu or its input */
    RK_DSQRT,                    /* b*0.5/a, a = sqrt */
    RK_DGELU, RK_DSOFTPLUS,      /* a = input */
    RK_BINARY_OPS
};

/* A chain of elementwise functions of floats. Operands and results are registers (numbers from 0 on), each of which
 * holds a tile, or arrays: ~number. At most 512 registers. */
enum { RK_CHAIN_UNARY = 1, RK_CHAIN_PARAM, RK_CHAIN_BINARY };
typedef struct rk_chain_op {
    int kind, op;                /* the kind, and which function of its kind */
    int a, b, out;
    int a_one, b_one;            /* the operand is an array of one element */
    int p_in, q_in;              /* arrays that hold the parameters; below 0: they are these */
    double p, q;
} rk_chain_op;
typedef struct rk_chain {
    const rk_chain_op *ops;
    int count, registers, dtype;
    ptrdiff_t n;                 /* elements of the results */
    char *const *arrays;
    const int *whole;            /* numbers of the arrays of n elements */
    int wholes;
} rk_chain;

#define RK_ELEMENTWISE(X) \
    /* y[i] = op(x[i]) */ \
    X(void, unary, (int op, int dtype, const void *x, void *y, ptrdiff_t n)) \
    /* y[i] = op(x[i]; p, q) */ \
    X(void, param, (int op, int dtype, const void *x, double p, double q, void *y, ptrdiff_t n)) \
    /* c = op(a, b), broadcast: c is contiguous with dims[nd]; strides sa, sb in \
     * elements, 0 where repeated. Comparisons write bool (1 byte) if c_bool. nd <= 16. */ \
    X(void, binary, (int op, int dtype, int nd, const ptrdiff_t *dims, const void *a, const ptrdiff_t *sa, \
                     const void *b, const ptrdiff_t *sb, void *c, int c_bool)) \
    X(void, chain, (const rk_chain *chain)) \
    /* y[i*incy] += alpha * x[i*incx], any number type (alpha as double; complex: alpha_re, alpha_im) */ \
    X(void, axpy, (int dtype, ptrdiff_t n, double alpha, double alpha_im, const void *x, ptrdiff_t incx, \
                   void *y, ptrdiff_t incy)) \
    /* x[i*incx] *= alpha */ \
    X(void, scal, (int dtype, ptrdiff_t n, double alpha, double alpha_im, void *x, ptrdiff_t incx)) \
    /* y[i] = (to)x[i] for every pair of types; float to integer truncates and \
     * saturates (nan: 0); to bool: x != 0; complex to real takes the real part */ \
    X(void, cast, (int from, int to, const void *x, void *y, ptrdiff_t n)) \
    /* floats to unsigned integers of up to 32 bits modulo their width; nan is 0 */ \
    X(void, cast_wrap, (int from, int to, const void *x, void *y, ptrdiff_t n)) \
    /* y[i*inc] = *value, items of `size` bytes (1, 2, 4, 8, 16) */ \
    X(void, fill, (int size, const void *value, void *y, ptrdiff_t n, ptrdiff_t inc)) \
    /* y[i*incy] = x[i*incx], items of `size` bytes; inc == 1 copies blocks */ \
    X(void, copy, (int size, ptrdiff_t n, const void *x, ptrdiff_t incx, void *y, ptrdiff_t incy))

#endif
