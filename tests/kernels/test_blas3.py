"""Products with symmetric and triangular matrices, and of complex ones, against numpy in double precision."""

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

TYPES = {np.dtype(t): code for t, code in ((np.float32, 12), (np.float64, 13), (np.complex64, 16), (np.complex128, 17))}
DTYPES = st.sampled_from(list(TYPES))
FLAGS = st.booleans()
# around the widths of tiles and the orders of blocks, and any other small number
SIZES = st.one_of(st.integers(1, 20), st.sampled_from([23, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65, 96, 100, 129, 150]))
FACTORS = st.sampled_from([1.0, 0.0, -0.5, 2 - 1j, 1j])
drawn = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GUARD = 3.25


class Matrix:
    """A (rows, columns) view whose rows are further apart than they are long, in memory that shows what is written."""

    def __init__(self, rng, rows, columns, dtype, padding):
        self.memory = np.full(padding + rows * (columns + padding), GUARD, dtype)
        self.view = self.memory[padding:].reshape(rows, columns + padding)[:, :columns]
        self.view[...] = rng.uniform(-1, 1, (rows, columns))
        if dtype.kind == "c":
            self.view[...] += 1j * rng.uniform(-1, 1, (rows, columns))
        self.before = self.memory.copy()
        self.length = columns + padding

    def wide(self):
        return self.view.astype(np.complex128)

    def assert_only_inside(self):
        """Nothing but the view has been written."""
        inside = self.memory.copy()
        rows, columns = self.view.shape
        padding = self.length - columns
        inside[padding:].reshape(rows, self.length)[:, :columns] = self.before[padding:].reshape(rows, self.length)[
            :, :columns
        ]
        np.testing.assert_array_equal(inside, self.before)


def pair(z):
    return np.array([complex(z).real, complex(z).imag])


def factor(z, dtype):
    return complex(z) if dtype.kind == "c" else complex(z).real


def tolerance(dtype, k):
    return (8e-7 if dtype in (np.float32, np.complex64) else 2e-15) * (8 + k)


def triangle(x, lower, unit=False):
    x = np.tril(x) if lower else np.triu(x)
    if unit:
        np.fill_diagonal(x, 1)
    return x


def spoil(matrix, lower, diagonal=False):
    """The triangle that must not be read, perhaps with the diagonal, becomes nan."""
    shape = matrix.view.shape
    k = 0 if diagonal else 1
    matrix.view[np.triu(np.ones(shape, bool), k) if lower else np.tril(np.ones(shape, bool), -k)] = np.nan


def op(x, trans, conj):
    x = x.conj() if conj else x
    return x.T if trans else x


def on_one_and_two_threads(kernels, output, call):
    """Runs a call twice; its results must agree to the bit."""
    start = output.memory.copy()
    kernels.set_threads(1)
    call()
    first = output.memory.copy()
    output.memory[...] = start
    kernels.set_threads(2)
    call()
    assert first.tobytes() == output.memory.tobytes()
    output.before = start


@drawn
@given(DTYPES, SIZES, SIZES, FLAGS, FLAGS, FACTORS, FACTORS, st.integers(0, 3), st.integers(0, 99))
# several blocks of sums, with few and many products of each element
@example(np.dtype(np.float32), 600, 40, False, True, 2, 1, 1, 1)
@example(np.dtype(np.float64), 600, 7, False, False, 2, 1, 0, 2)
@example(np.dtype(np.float64), 33, 1040, True, False, 1, 0, 0, 3)
@example(np.dtype(np.complex64), 5, 530, True, True, 1, 0, 2, 4)
def test_symm(kernels, dtype, m, n, right, lower, alpha, beta, padding, seed):
    rng = np.random.default_rng(seed)
    alpha, beta = factor(alpha, dtype), factor(beta, dtype)
    order = n if right else m
    a, b, c = (Matrix(rng, *shape, dtype, padding + i) for i, shape in enumerate([(order, order), (m, n), (m, n)]))
    full = triangle(a.wide(), lower)
    full = full + full.T - np.diag(np.diag(full))
    wanted = alpha * (b.wide() @ full if right else full @ b.wide()) + beta * c.wide()
    spoil(a, lower)
    if beta == 0:
        c.view[...] = np.nan
    on_one_and_two_threads(
        kernels,
        c,
        lambda: kernels.symm(
            TYPES[dtype],
            right,
            lower,
            m,
            n,
            pair(alpha),
            a.view,
            a.length,
            b.view,
            b.length,
            pair(beta),
            c.view,
            c.length,
        ),
    )
    np.testing.assert_allclose(c.view, wanted, rtol=0, atol=tolerance(dtype, order))
    c.assert_only_inside()


@drawn
@given(DTYPES, SIZES, SIZES, FLAGS, FLAGS, FLAGS, FACTORS, FACTORS, st.integers(0, 3), st.integers(0, 99))
# columns that are read where they are, and some so far apart that two threads turn them first
@example(np.dtype(np.float64), 280, 90, True, False, True, 1, 1, 1, 5)
@example(np.dtype(np.float64), 280, 90, True, False, True, 1, 1, 240, 5)
@example(np.dtype(np.complex64), 300, 260, False, True, True, 2, 0, 220, 6)
def test_syrk(kernels, dtype, n, k, two, lower, trans, alpha, beta, padding, seed):
    rng = np.random.default_rng(seed)
    alpha, beta = factor(alpha, dtype), factor(beta, dtype)
    shape = (k, n) if trans else (n, k)
    a, b, c = (Matrix(rng, *s, dtype, padding + i) for i, s in enumerate([shape, shape, (n, n)]))
    x, y = op(a.wide(), trans, False), op(b.wide(), trans, False)
    wanted = alpha * (x @ y.T + y @ x.T if two else x @ x.T) + beta * c.wide()
    mine = triangle(np.ones((n, n)), lower) == 1
    other = c.view[~mine]
    if beta == 0:
        c.view[mine] = np.nan
    right = (b.view, b.length) if two else (None, 0)
    on_one_and_two_threads(
        kernels,
        c,
        lambda: kernels.syrk(
            TYPES[dtype], lower, trans, n, k, pair(alpha), a.view, a.length, *right, pair(beta), c.view, c.length
        ),
    )
    np.testing.assert_allclose(c.view[mine], wanted[mine], rtol=0, atol=tolerance(dtype, 2 * k))
    np.testing.assert_array_equal(c.view[~mine], other)
    c.assert_only_inside()


@drawn
@given(DTYPES, SIZES, SIZES, FLAGS, FLAGS, FLAGS, FLAGS, FLAGS, FACTORS, st.integers(0, 3), st.integers(0, 99))
# chunks of rows that threads copy, of columns, and many chunks for one copy of the diagonal
@example(np.dtype(np.float32), 150, 170, False, True, False, False, False, 1, 1, 1)
@example(np.dtype(np.complex64), 90, 75, False, False, True, True, False, 2, 0, 2)
@example(np.dtype(np.float64), 170, 150, True, False, False, False, True, 1, 2, 3)
@example(np.dtype(np.float64), 70, 700, False, True, True, False, False, 1, 1, 4)
def test_trmm(kernels, dtype, m, n, right, lower, trans, conj, unit, alpha, padding, seed):
    rng = np.random.default_rng(seed)
    alpha = factor(alpha, dtype)
    order = n if right else m
    a, b = Matrix(rng, order, order, dtype, padding), Matrix(rng, m, n, dtype, padding + 1)
    whole = op(triangle(a.wide(), lower, unit), trans, conj)
    wanted = alpha * (b.wide() @ whole if right else whole @ b.wide())
    spoil(a, lower, unit)
    if alpha == 0:
        b.view[...] = np.nan
    on_one_and_two_threads(
        kernels,
        b,
        lambda: kernels.trmm(
            TYPES[dtype], right, lower, trans, conj, unit, m, n, pair(alpha), a.view, a.length, b.view, b.length
        ),
    )
    np.testing.assert_allclose(b.view, wanted, rtol=0, atol=tolerance(dtype, order))
    b.assert_only_inside()


@drawn
@given(DTYPES, SIZES, SIZES, FLAGS, FLAGS, FLAGS, FLAGS, FLAGS, FACTORS, st.integers(0, 3), st.integers(0, 99))
# chunks of rows that threads copy, of columns, and many chunks for one copy of the diagonal
@example(np.dtype(np.float32), 150, 170, False, True, False, False, False, 1, 1, 1)
@example(np.dtype(np.complex64), 90, 75, False, False, True, True, False, 2, 0, 2)
@example(np.dtype(np.float64), 170, 150, True, False, False, False, True, 1, 2, 3)
@example(np.dtype(np.float64), 70, 700, False, True, True, False, False, 1, 1, 4)
def test_trsm(kernels, dtype, m, n, right, lower, trans, conj, unit, alpha, padding, seed):
    rng = np.random.default_rng(seed)
    alpha = factor(alpha, dtype)
    order = n if right else m
    a, b = Matrix(rng, order, order, dtype, padding), Matrix(rng, m, n, dtype, padding + 1)
    # small beside the diagonal, so that the solution does not grow with the order
    a.view[...] /= order
    a.view[np.diag_indices(order)] = np.where(np.arange(order) % 2, 1.5, -0.75)
    whole = op(triangle(a.wide(), lower, unit), trans, conj)
    wanted = alpha * (np.linalg.solve(whole.T, b.wide().T).T if right else np.linalg.solve(whole, b.wide()))
    spoil(a, lower, unit)
    if alpha == 0:
        b.view[...] = np.nan
    on_one_and_two_threads(
        kernels,
        b,
        lambda: kernels.trsm(
            TYPES[dtype], right, lower, trans, conj, unit, m, n, pair(alpha), a.view, a.length, b.view, b.length
        ),
    )
    np.testing.assert_allclose(b.view, wanted, rtol=0, atol=tolerance(dtype, 20))
    b.assert_only_inside()


@drawn
@given(
    DTYPES.filter(lambda dtype: dtype.kind == "c"), SIZES, SIZES, SIZES, FLAGS, FLAGS, FLAGS, FLAGS, FACTORS, FACTORS,
    st.integers(0, 3), st.integers(0, 99),
)  # fmt: skip
def test_complex_products(kernels, dtype, m, n, k, ta, tb, conj_a, conj_b, alpha, beta, padding, seed):
    rng = np.random.default_rng(seed)
    a = Matrix(rng, *((k, m) if ta else (m, k)), dtype, padding)
    b = Matrix(rng, *((n, k) if tb else (k, n)), dtype, padding + 1)
    c = Matrix(rng, m, n, dtype, padding + 2)
    wanted = alpha * (op(a.wide(), ta, conj_a) @ op(b.wide(), tb, conj_b)) + beta * c.wide()
    if beta == 0:
        c.view[...] = np.nan
    on_one_and_two_threads(
        kernels,
        c,
        lambda: kernels.xgemm(
            TYPES[dtype], ta, tb, conj_a, conj_b, m, n, k, pair(alpha), a.view, a.length, b.view, b.length, pair(beta),
            c.view, c.length,
        ),
    )  # fmt: skip
    np.testing.assert_allclose(c.view, wanted, rtol=0, atol=tolerance(dtype, 2 * k))
    c.assert_only_inside()


@pytest.mark.parametrize("ta, tb", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_products_in_blocks(kernels, dtype, ta, tb):
    """Several blocks of k, packed panels, and rows so far apart that tiles of A are packed."""
    dtype = np.dtype(dtype)
    for m, n, k in [(30, 60, 1100), (130, 300, 70), (5, 700, 520), (300, 40, 260)]:
        rng = np.random.default_rng(m)
        a, b = Matrix(rng, *((k, m) if ta else (m, k)), dtype, 0), Matrix(rng, *((n, k) if tb else (k, n)), dtype, 0)
        c = Matrix(rng, m, n, dtype, 1)
        wanted = op(a.wide(), ta, ta) @ op(b.wide(), tb, False) - c.wide()

        def call(a=a, b=b, c=c, m=m, n=n, k=k):
            one, minus = pair(1), pair(-1)
            kernels.xgemm(
                TYPES[dtype], ta, tb, ta, 0, m, n, k, one, a.view, a.length, b.view, b.length, minus, c.view, c.length
            )

        on_one_and_two_threads(kernels, c, call)
        np.testing.assert_allclose(c.view, wanted, rtol=0, atol=tolerance(dtype, 2 * k))
        c.assert_only_inside()


@pytest.mark.parametrize("lower", [0, 1])
@pytest.mark.parametrize("dtype", list(TYPES))
def test_large_matrices(kernels, dtype, lower):
    """Several blocks on the diagonal, of columns and of sums."""
    rng = np.random.default_rng(5)
    code, one, zero = TYPES[dtype], pair(1), pair(0)
    n, k = {4: (790, 40), 8: (400, 40), 16: (210, 30)}[dtype.itemsize]
    a, b = Matrix(rng, n, n, dtype, 1), Matrix(rng, n, k, dtype, 2)
    c = Matrix(rng, n, k, dtype, 0)
    full = triangle(a.wide(), lower)
    full = full + full.T - np.diag(np.diag(full))
    on_one_and_two_threads(
        kernels,
        c,
        lambda: kernels.symm(code, 0, lower, n, k, one, a.view, a.length, b.view, b.length, zero, c.view, c.length),
    )
    np.testing.assert_allclose(c.view, full @ b.wide(), rtol=0, atol=tolerance(dtype, n))
    x, y = Matrix(rng, k, n, dtype, 0), Matrix(rng, k, n, dtype, 0)
    on_one_and_two_threads(
        kernels,
        y,
        lambda: kernels.symm(code, 1, lower, k, n, one, a.view, a.length, x.view, x.length, zero, y.view, y.length),
    )
    np.testing.assert_allclose(y.view, x.wide() @ full, rtol=0, atol=tolerance(dtype, n))
    s = Matrix(rng, n, n, dtype, 0)
    wanted = s.wide()
    mine = triangle(np.ones((n, n)), lower) == 1
    wanted[mine] = (b.wide() @ b.wide().T)[mine]
    on_one_and_two_threads(
        kernels, s, lambda: kernels.syrk(code, lower, 0, n, k, one, b.view, b.length, None, 0, zero, s.view, s.length)
    )
    np.testing.assert_allclose(s.view, wanted, rtol=0, atol=tolerance(dtype, k))
    t = Matrix(rng, n, n, dtype, 0)
    for trans in (0, 1):
        p, q = op(a.wide(), trans, False), op(t.wide(), trans, False)
        wanted[mine] = (p @ q.T + q @ p.T + s.wide())[mine]
        on_one_and_two_threads(
            kernels,
            s,
            lambda trans=trans: kernels.syrk(
                code, lower, trans, n, n, one, a.view, a.length, t.view, t.length, one, s.view, s.length
            ),
        )
        np.testing.assert_allclose(s.view, wanted, rtol=0, atol=tolerance(dtype, 2 * n))


@pytest.mark.parametrize("dtype", list(TYPES))
@pytest.mark.parametrize("right", [0, 1])
def test_nan_and_infinity_stay_where_they_belong(kernels, dtype, right):
    """A row of B that a row of the triangle does not meet leaves its result alone."""
    n = 100
    rng = np.random.default_rng(6)
    a, b = Matrix(rng, n, n, dtype, 0), Matrix(rng, n, n, dtype, 0)
    a.view[np.diag_indices(n)] = 3
    for at, bad in ((70, np.inf), (71, np.nan)):
        (b.view if not right else b.view.T)[at] = bad
    for solve in (0, 1):
        x = b.view.copy()
        # effectively a lower triangle: rows (columns) before the bad ones are not touched by them
        function = kernels.trsm if solve else kernels.trmm
        function(TYPES[dtype], right, not right, 0, 0, 0, n, n, pair(1), a.view, n, x, n)
        x = x.T if right else x
        assert np.isfinite(x[:70]).all()
        assert not np.isfinite(x[70:]).any()


@pytest.mark.parametrize("dtype", [np.dtype(np.float32), np.dtype(np.float64)])
@pytest.mark.parametrize("n", [3, 8, 13])
def test_diagonals_whose_reciprocal_is_no_number(kernels, dtype, n):
    tiny, huge = np.finfo(dtype).smallest_subnormal * 4, np.finfo(dtype).max / 4
    for value in (tiny, huge):
        a = np.diag(np.full(n, value)).astype(dtype)
        for right in (0, 1):
            b = np.full((n, n), value * 0.75, dtype)
            kernels.trsm(TYPES[dtype], right, 0, 0, 0, 0, n, n, pair(1), a, n, b, n)
            np.testing.assert_array_equal(b, np.full((n, n), 0.75, dtype))


def test_a_singular_triangle_gives_infinity(kernels):
    a, b = np.eye(3), np.ones((3, 2))
    a[1, 1] = 0
    kernels.trsm(13, 0, 0, 0, 0, 0, 3, 2, pair(1), a, 3, b, 2)
    np.testing.assert_array_equal(b, [[np.nan] * 2, [np.inf] * 2, [1] * 2])  # 0 times infinity above
