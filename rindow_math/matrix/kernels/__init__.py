"""The only place with arithmetic loops: C kernels in variants for each SIMD level, and BLAS."""
