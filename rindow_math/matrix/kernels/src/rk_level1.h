/* Rotations, and searches that pass over nan: short kernels at the speed of memory or of one element, so in one variant only.
 * Increments are in elements. */
#ifndef RK_LEVEL1_H
#define RK_LEVEL1_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#if defined(__clang__)
#define RK_L1 static __attribute__((unused))
#define RK_L1_INLINE static inline __attribute__((always_inline))
#elif defined(__GNUC__)
/* Modules of Cython are built with -O2, which leaves loops of unknown length as they are. The attribute forgets the
 * command line, so the flags that all of the library is built with are named again. */
#define RK_L1_FLAGS optimize("O3", "no-math-errno", "no-trapping-math")
#define RK_L1 static __attribute__((unused, RK_L1_FLAGS))
#define RK_L1_INLINE static inline __attribute__((always_inline, RK_L1_FLAGS))
#else
#define RK_L1 static
#define RK_L1_INLINE static inline
#endif

/* The plane rotation that turns (a, b) into (r, 0), with the reconstruction value z (reference BLAS, 2021: scaled so
 * that neither overflow nor underflow spoils r). */
RK_L1 void rk_rotg(double *a, double *b, double *c, double *s, double safe)
{
    const double x = *a, y = *b, size_x = fabs(x), size_y = fabs(y);
    if (size_y == 0) {
        *b = 0;
        *c = 1;
        *s = 0;
        return;
    }
    if (size_x == 0) {
        *a = y;
        *b = 1;
        *c = 0;
        *s = 1;
        return;
    }
    const double scale = fmin(fmax(safe, fmax(size_x, size_y)), 1 / safe);
    const double sign = copysign(1, size_x > size_y ? x : y);
    const double u = x / scale, v = y / scale, r = sign * (scale * sqrt(u * u + v * v));
    *a = r;
    *c = x / r;
    *s = y / r;
    *b = size_x > size_y ? *s : *c != 0 ? 1 / *c : 1;
}

/* One pair of factors of the modified rotation is brought into [2^-24, 2^24]. */
RK_L1 int rk_rotm_scale(double *d, double *x, double *h1, double *h2)
{
    const double gam = 4096, small = 1 / (gam * gam), large = gam * gam;
    int scaled = 0;
    if (*d == 0 || !isfinite(*d))
        return 0;
    for (; fabs(*d) <= small; scaled = 1) {
        *d *= large;
        *x /= gam;
        *h1 /= gam;
        *h2 /= gam;
    }
    for (; fabs(*d) > large; scaled = 1) {
        *d /= large;
        *x *= gam;
        *h1 *= gam;
        *h2 *= gam;
    }
    return scaled;
}

/* The modified Givens rotation H that zeroes the second component of (sqrt(d1) x1, sqrt(d2) y1); p is flag, h11, h21,
 * h12, h22, of which those that the flag implies are left as they are. */
RK_L1 void rk_rotmg(double *d1, double *d2, double *x1, double y1, double *p)
{
    double flag, h11 = 0, h21 = 0, h12 = 0, h22 = 0, unused = 0;
    const double p2 = *d2 * y1, p1 = *d1 * *x1, q2 = p2 * y1, q1 = p1 * *x1;
    if (p2 == 0) {
        p[0] = -2;
        return;
    }
    if (*d1 < 0 || (fabs(q1) <= fabs(q2) && q2 < 0)) {
        flag = -1;
        *d1 = *d2 = *x1 = 0;
    } else if (q1 == 0) {
        /* a plain exchange, without scaling, as OpenBLAS does it */
        const double kept = *d1;
        flag = 1;
        h12 = 1;
        h21 = -1;
        *d1 = *d2;
        *d2 = kept;
        *x1 = y1;
    } else {
        if (fabs(q1) > fabs(q2)) {
            flag = 0;
            h11 = h22 = 1;
            h21 = -y1 / *x1;
            h12 = p2 / p1;
            const double u = 1 - h12 * h21;
            *d1 /= u;
            *d2 /= u;
            *x1 *= u;
        } else {
            flag = 1;
            h21 = -1;
            h12 = 1;
            h11 = p1 / p2;
            h22 = *x1 / y1;
            const double u = 1 + h11 * h22, kept = *d2 / u;
            *d2 = *d1 / u;
            *d1 = kept;
            *x1 = y1 * u;
        }
        const int first = rk_rotm_scale(d1, x1, &h11, &h12);
        if (rk_rotm_scale(d2, &unused, &h21, &h22) | first)
            flag = -1;
    }
    p[0] = flag;
    if (flag != 0) {
        p[1] = h11;
        p[4] = h22;
    }
    if (flag <= 0) {
        p[2] = h21;
        p[3] = h12;
    }
}

#define RK_LEVEL1_REAL(NAME, T) \
RK_L1 void rk_rot_##NAME(ptrdiff_t n, T *x, ptrdiff_t incx, T *y, ptrdiff_t incy, T c, T s) \
{ \
    for (ptrdiff_t i = 0; i < n; i++, x += incx, y += incy) { \
        const T u = *x, v = *y; \
        *x = c * u + s * v; \
        *y = c * v - s * u; \
    } \
} \
RK_L1 void rk_rotm_##NAME(ptrdiff_t n, T *x, ptrdiff_t incx, T *y, ptrdiff_t incy, const T *p) \
{ \
    const T flag = p[0]; \
    if (flag == -2) \
        return; \
    const T h11 = flag == 0 ? 1 : p[1], h21 = flag > 0 ? -1 : p[2], h12 = flag > 0 ? 1 : p[3], h22 = flag == 0 ? 1 : p[4]; \
    for (ptrdiff_t i = 0; i < n; i++, x += incx, y += incy) { \
        const T u = *x, v = *y; \
        *x = u * h11 + v * h12; \
        *y = u * h21 + v * h22; \
    } \
} \
/* Extremes as the original searches them: a nan never wins over a number it is compared with. `skip` lets the first \
 * number take the place of a leading nan. */ \
RK_L1 ptrdiff_t rk_search_##NAME(int largest, int modulus, int skip, ptrdiff_t n, const T *x, ptrdiff_t inc) \
{ \
    ptrdiff_t found = 0; \
    T best = modulus ? (T)fabs(x[0]) : x[0]; \
    for (ptrdiff_t i = 1; i < n; i++) { \
        const T v = modulus ? (T)fabs(x[i * inc]) : x[i * inc]; \
        if ((largest ? best < v : best > v) || (skip && best != best)) { \
            best = v; \
            found = i; \
        } \
    } \
    return found; \
} \
/* the largest |b - a|; nan when the first is nan, other nans are passed over */ \
RK_L1 double rk_distance_##NAME(ptrdiff_t n, const T *a, const T *b) \
{ \
    T best[16]; \
    const T first = n ? (T)fabs(b[0] - a[0]) : 0; \
    ptrdiff_t i = 0; \
    if (first != first) \
        return first; \
    for (int j = 0; j < 16; j++) \
        best[j] = first; \
    for (; i + 16 <= n; i += 16) \
        for (int j = 0; j < 16; j++) { \
            const T v = (T)fabs(b[i + j] - a[i + j]); \
            best[j] = best[j] < v ? v : best[j]; \
        } \
    for (; i < n; i++) { \
        const T v = (T)fabs(b[i] - a[i]); \
        best[0] = best[0] < v ? v : best[0]; \
    } \
    for (int j = 1; j < 16; j++) \
        best[0] = best[0] < best[j] ? best[j] : best[0]; \
    return best[0]; \
}

RK_LEVEL1_REAL(f32, float)
RK_LEVEL1_REAL(f64, double)

RK_L1 void rk_swap(size_t bytes, char *x, char *y)
{
    char held[4096];
    for (size_t i = 0; i < bytes; i += sizeof held) {
        const size_t part = bytes - i < sizeof held ? bytes - i : sizeof held;
        memcpy(held, x + i, part);
        memcpy(x + i, y + i, part);
        memcpy(y + i, held, part);
    }
}

#endif
