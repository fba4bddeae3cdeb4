"""LAPACK of scipy, as a table that is fetched when it is first needed.

Importing scipy.linalg takes longer than the rest of the package, so nothing cimports functions from here: a caller
takes the address of the table from ``lapack.table()``.
"""

ctypedef struct lapack_api:
    # column-major: a (m, n) = u diag(s) vt; full: u (m, m), vt (n, n), else u (m, k), vt (k, n); a is destroyed;
    # lwork -1: work[0] receives the size of the work space; by divide and conquer when indexes has room for 8 k
    # indexes of 64 bits, else by QR iteration; 0, or the number of vectors that did not converge.
    ptrdiff_t (*gesvd)(int dtype, int full, ptrdiff_t m, ptrdiff_t n, void* a, void* s, void* u, void* vt, void* work,
                       ptrdiff_t lwork, void* indexes) noexcept nogil
    # the largest size of a matrix that this LAPACK can hold
    ptrdiff_t largest
    # a = p l u in place, row-major (the transposed matrix is factored); pivots has room for n indexes of 64 bits;
    # 0, or the position of a zero pivot from 1
    ptrdiff_t (*getrf)(int dtype, ptrdiff_t n, void* a, void* pivots) noexcept nogil
    # b = a^-1 b for the factors of getrf and one right side
    ptrdiff_t (*getrs)(int dtype, ptrdiff_t n, const void* a, const void* pivots, void* b) noexcept nogil
