"""Storage: aligned memory with an element type."""

cdef extern from "alloc.h" nogil:
    void* rm_alloc(size_t size, size_t* held)
    void rm_free(void* block, size_t held)
    size_t rm_release()
    size_t rm_cached()
    size_t rm_in_use()
    size_t rm_cache_limit()
    void rm_set_cache_limit(size_t size)


cdef class Buffer:
    cdef char* ptr
    cdef Py_ssize_t length       # elements
    cdef Py_ssize_t nbytes
    cdef size_t held             # bytes of the block of rm_alloc
    cdef int dt
    cdef int itemsize
    cdef bint readonly
    cdef object owner            # who owns the memory; None: rm_alloc
    cdef Py_ssize_t _index(self, object offset) except -1
    cdef int _writable(self) except -1


cdef Buffer new_buffer(Py_ssize_t length, int dtype)
cdef Buffer wrap_memory(void* ptr, Py_ssize_t length, int dtype, object owner, bint readonly)
cdef object load_item(const void* p, int dtype)
cdef int store_item(void* p, int dtype, object value) except -1
cdef int dtype_code(object dtype) except -1


cdef inline int item_size(int dtype) noexcept nogil:
    """Bytes of one element; 0 for codes that have no storage (float8, complex16, complex32, unknown)."""
    if dtype == 12 or dtype == 4 or dtype == 8:
        return 4
    if dtype == 13 or dtype == 5 or dtype == 9 or dtype == 16:
        return 8
    if dtype == 1 or dtype == 2 or dtype == 6:
        return 1
    if dtype == 3 or dtype == 7 or dtype == 11:
        return 2
    if dtype == 17:
        return 16
    return 0


cdef inline bint is_float(int dtype) noexcept nogil:
    """float16, float32 or float64."""
    return 11 <= dtype <= 13


cdef inline bint is_int(int dtype) noexcept nogil:
    """A signed or unsigned integer, not bool."""
    return 2 <= dtype <= 9


cdef inline bint is_complex(int dtype) noexcept nogil:
    return 14 <= dtype <= 17
