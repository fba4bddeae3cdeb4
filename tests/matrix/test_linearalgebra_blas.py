"""LinearAlgebra: products, norms, rotations, decompositions and einsum, each beside a numpy twin; errors; examples."""

import doctest
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_math.matrix import BLAS, C, LinearAlgebra, MatrixOperator, NDArray
from rindow_math.matrix.linearalgebra import blas
from rindow_math.matrix.ndarray import fromNumpy

mo = MatrixOperator()
la = mo.la()
FLOATS = [np.float32, np.float64]
COMPLEX = [np.complex64, np.complex128]
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
REAL = FLOATS + INTEGERS
NUMBERS = FLOATS + COMPLEX + INTEGERS
BLAS_TYPES = FLOATS + COMPLEX

size = st.integers(1, 7)
seeds = st.integers(0, 2**32 - 1)
flags = st.sampled_from([None, False, True])
examples = settings(max_examples=60, deadline=None)


class Maker:
    """Arrays that are views into larger buffers, with content drawn from a seed."""

    def __init__(self, seed, dtype):
        self.random = np.random.default_rng(seed)
        self.dtype = np.dtype(dtype)

    def values(self, shape):
        if self.dtype.kind in "iu":
            return self.random.integers(0, 100, shape).astype(self.dtype)
        x = self.random.standard_normal(shape)
        if self.dtype.kind == "c":
            x = x + 1j * self.random.standard_normal(shape)
        return x.astype(self.dtype)

    def array(self, *shape):
        """An array at an offset into its buffer, and a numpy copy of it."""
        count, offset = math.prod(shape), int(self.random.integers(0, 5))
        base = mo.array(self.values(offset + count + 3))
        x = type(base)(base.buffer(), base.dtype(), list(shape), offset)
        return x, np.array(x)

    def number(self):
        if self.dtype.kind in "iu":
            return int(self.random.integers(0, 4))
        x = float(np.round(self.random.standard_normal(), 2))
        return C(x, 0.25) if self.dtype.kind == "c" else x


def tolerance(dtype):
    return {"float32": 3e-5, "complex64": 3e-5, "float64": 1e-12, "complex128": 1e-12}.get(np.dtype(dtype).name, 0)


def assert_near(got, want, scale=1.0):
    """Equal for integers; otherwise within a bound relative to the largest magnitude that took part."""
    got = np.asarray(got)
    want = np.asarray(want)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    bound = tolerance(want.dtype) * max(1.0, scale, float(np.abs(want).max(initial=0)))
    np.testing.assert_allclose(got, want, rtol=0, atol=bound)


def op(x, trans, conj):
    """What trans and conj do to a matrix; conj follows trans unless given."""
    if conj or (conj is None and trans):
        x = x.conj()
    return x.swapaxes(-1, -2) if trans else x


def number_of(x, dtype):
    return np.dtype(dtype).type(x)


# ---------------------------------------------------------------------------------------- configuration, making


def test_configuration():
    assert la.service() is mo.service()
    assert la.getBlas() is mo.service().blas()
    assert la.getMath() is mo.service().math()
    assert la.getConfig() == mo.service().blas().getConfig()
    assert la.fp64() is True
    assert la.accelerated() is False
    assert la.finish() is None
    assert (BLAS.RowMajor, BLAS.ColMajor) == (LinearAlgebra.LAPACK_ROW_MAJOR, LinearAlgebra.LAPACK_COL_MAJOR)


def test_constructor():
    assert LinearAlgebra(mo.service(), NDArray.float64).alloc([2]).dtype() == NDArray.float64
    assert LinearAlgebra(mo.service(), serviceLevel=1).alloc([2]).dtype() == NDArray.float32
    with pytest.raises(InvalidArgumentException, match="must be a Service"):
        LinearAlgebra(None)
    with pytest.raises(InvalidArgumentException, match=r"Unknown service level\."):
        LinearAlgebra(mo.service(), serviceLevel=7)


def test_names_in_any_case():
    assert la.ISCOMPLEXDTYPE(NDArray.complex64)
    with pytest.raises(AttributeError, match="did you mean"):
        _ = la.gem


def test_scipy_is_imported_when_needed():
    code = (
        "import sys; from rindow_math.matrix import MatrixOperator; mo = MatrixOperator(); la = mo.la();"
        "a = la.array([[2, 0], [1, 3]]); la.gemm(a, a); la.einsum('ij,jk->ik', a, a);"
        "la.trsm(a, la.array([[2], [3]])); la.symm(a, a); assert 'scipy.linalg' not in sys.modules; la.svd(a);"
        "assert 'scipy.linalg' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


@pytest.mark.parametrize("dtype", [*NUMBERS, np.bool_, np.float16])
def test_types(dtype):
    x = mo.zeros([2], dtype)
    kind = np.dtype(dtype).kind
    assert la.isInt(x) == (kind in "iu")
    assert la.isFloat(x) == (np.dtype(dtype) in FLOATS)
    assert la.isComplexDtype(x.dtype()) == (kind == "c")


def test_complex_values():
    assert la.isComplexObject(C(1, 2))
    assert la.isComplexObject(1j)
    assert la.isComplexObject(np.complex64(1))
    assert not any(la.isComplexObject(x) for x in (1, 1.5, True, "1", None, np.float32(1)))
    assert not la.isComplexDtype(None)
    assert la.abs(C(3, 4)) == 5.0
    assert la.abs(-2) == 2.0
    with pytest.raises(InvalidArgumentException, match="invalid data type: str"):
        la.abs("x")


def test_array_and_scalar():
    x = la.array([1, 2])
    assert la.array(x) is x
    assert la.toNDArray(x) is x
    assert x.dtype() == NDArray.float32
    assert la.array([True, False], NDArray.bool).toArray() == [True, False]
    assert la.array([C(1, 1)], dtype=NDArray.complex64).toArray() == [1 + 1j]
    assert la.array(np.arange(3)).dtype() == NDArray.int64
    assert la.array(True, dtype=NDArray.bool).shape() == []
    assert la.scalar(la.array(2.5)) == 2.5
    assert la.scalar(x) == [1.0, 2.0]
    assert la.scalar("x") == "x"
    for bad in (None, "12", {1: 2}, b"x"):
        with pytest.raises(InvalidArgumentException, match="input value must be NDArray or array"):
            la.array(bad)
    with pytest.raises(InvalidArgumentException, match="input value must be NDArrayPhp"):
        la.toNDArray([1])


@pytest.mark.parametrize("dtype", [*NUMBERS, np.bool_, np.float16])
def test_zeros_and_ones(dtype):
    x, _ = Maker(1, dtype).array(2, 3) if np.dtype(dtype).kind != "b" else (mo.ones([2, 3], NDArray.bool), None)
    assert la.zeros(x) is x
    assert not np.asarray(x).any()
    assert la.ones(x) is x
    assert (np.asarray(x) == 1).all()
    y = la.zerosLike(x)
    assert (y.shape(), y.dtype()) == (x.shape(), x.dtype())
    assert not np.asarray(y).any()
    z = la.alloc([2, 3], dtype)
    assert (z.shape(), np.asarray(z).dtype, np.asarray(z).any()) == ([2, 3], np.dtype(dtype), False)


def test_in_place_stays_in_the_view():
    base = la.array(np.arange(10, dtype=np.float32))
    la.zeros(base[2:4])
    la.scal(10, base[5:7])
    la.copy(la.array([-1, -2]), base[8:10])
    assert base.toArray() == [0, 1, 0, 0, 4, 50, 60, 7, -1, -2]


@pytest.mark.parametrize("target", REAL)
@pytest.mark.parametrize("source", [np.float32, np.int32, np.bool_])
def test_astype(source, target):
    values = [True, False] if source is np.bool_ else [-1, 0, 1, 2, 3] * 100
    x = mo.array(np.array(values, source))
    with np.errstate(invalid="ignore"):
        want = np.array(values, np.int64).astype(target)
    if source is np.float32 and target is np.uint64:
        want[want > 3] = 0
    got = la.astype(x, mo.array(want).dtype())
    np.testing.assert_array_equal(np.asarray(got), want)
    assert np.asarray(got).dtype == np.dtype(target)


# ------------------------------------------------------------------------------------------------------ level 1


@examples
@given(seeds, st.sampled_from(NUMBERS), st.lists(size, max_size=3))
def test_vectors(seed, dtype, shape):
    make = Maker(seed, dtype)
    alpha = make.number()
    x, nx = make.array(*shape)
    y, ny = make.array(*shape)
    assert_near(la.copy(x), nx)
    assert la.copy(x, y) is y
    assert_near(y, nx)
    y, ny = make.array(*shape)
    assert la.axpy(x, y, alpha) is y
    assert_near(y, (ny + number_of(alpha, dtype) * nx).astype(dtype), 10)
    la.axpy(x, y)
    la.axpy(x, y, alpha=-1 if np.dtype(dtype).kind != "u" else 0)
    assert la.scal(alpha, x) is x
    assert_near(x, (nx * number_of(alpha, dtype)).astype(dtype))


@examples
@given(seeds, st.sampled_from(NUMBERS), st.lists(size, max_size=3))
def test_numbers_from_vectors(seed, dtype, shape):
    make = Maker(seed, dtype)
    x, nx = make.array(*shape)
    y, ny = make.array(*shape)
    wide = np.complex128 if np.dtype(dtype).kind == "c" else np.float64 if np.dtype(dtype).kind == "f" else np.int64
    wx, wy = nx.astype(wide).ravel(), ny.astype(wide).ravel()
    near = {"rel": 1e-5, "abs": 1e-5}
    assert la.asum(x) == pytest.approx(np.abs(wx).sum(), **near)
    assert la.nrm2(x) == pytest.approx(np.sqrt((np.abs(wx) ** 2).sum()), **near)
    assert la.amax(x) == pytest.approx(np.abs(wx).max(), **near)
    assert la.amin(x) == pytest.approx(np.abs(wx).min(), **near)
    assert la.iamax(x) == np.abs(wx).argmax()
    assert la.iamin(x) == np.abs(wx).argmin()
    if np.dtype(dtype).kind == "c":
        assert la.dot(x, y) == pytest.approx(np.vdot(wx, wy), **near)
        assert la.dot(x, y, True) == pytest.approx(np.vdot(wx, wy), **near)
        assert la.dot(x, y, conj=False) == pytest.approx((wx * wy).sum(), **near)
        for name in ("sum", "imax", "imin", "max", "min"):
            with pytest.raises(InvalidArgumentException, match="Unsuppored data type"):
                getattr(la, name)(x)
        return
    assert la.dot(x, y) == pytest.approx((wx * wy).sum(), **near)
    assert la.sum(x) == pytest.approx(wx.sum(), **near)
    assert (la.imax(x), la.imin(x)) == (wx.argmax(), wx.argmin())
    assert (la.max(x), la.min(x)) == (wx.max(), wx.min())
    assert isinstance(la.sum(x), float)
    assert isinstance(la.max(x), float)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_long_complex_vectors(dtype):
    make = Maker(11, dtype)
    (x, nx), (y, ny) = make.array(3001), make.array(3001)
    wx, wy = nx.astype(np.complex128), ny.astype(np.complex128)
    assert la.dot(x, y) == pytest.approx(np.vdot(wx, wy), rel=1e-5, abs=1e-3)
    assert la.dot(x, y, False) == pytest.approx((wx * wy).sum(), rel=1e-5, abs=1e-3)
    assert la.asum(x) == pytest.approx(np.abs(wx).sum(), rel=1e-6)
    special = nx.copy()
    for value in (0, np.finfo(dtype).smallest_subnormal, np.inf, np.nan):
        special[20:23] = value
        expected = np.abs(special.astype(np.complex128)).sum()
        assert la.asum(mo.array(special)) == pytest.approx(expected, rel=1e-6, nan_ok=True)
    assert (la.iamax(x), la.iamin(x)) == (np.abs(wx).argmax(), np.abs(wx).argmin())
    np.asarray(x)[5] = np.nan
    assert la.iamax(x) == np.abs(np.delete(wx, 5)).argmax() + (np.abs(np.delete(wx, 5)).argmax() >= 5)
    np.asarray(x)[0] = np.nan
    assert (la.iamax(x), la.iamin(x)) == (0, 0)
    huge = np.finfo(dtype).max / 4
    z = mo.array(np.array([1, huge * (3 + 4j) / 5, 3], dtype))
    assert (la.iamax(z), la.iamin(z)) == (1, 0)
    assert la.amax(z) == pytest.approx(huge, rel=1e-6)
    assert la.asum(z) == pytest.approx(huge, rel=1e-6)


def test_long_sums_are_exact_enough():
    x = la.ones(la.alloc([300_001]))
    assert la.sum(x) == 300_001
    assert la.asum(la.scal(-0.1, x)) == pytest.approx(30000.1, rel=1e-6)
    assert la.sum(la.ones(la.alloc([70_000], NDArray.bool))) == 70_000
    assert la.sum(la.array(np.full(3, 2**40))) == 3.0 * 2**40
    assert la.nrm2(la.array([3e30, 4e30])) == pytest.approx(5e30, rel=1e-6)
    assert la.sum(la.alloc([0])) == 0.0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("values", "largest", "smallest", "amax"),
    [
        ([0, math.inf, -math.inf], math.inf, -math.inf, math.inf),
        ([0, 1, -1, math.nan], 1, -1, 1),
        ([math.nan, 1, -2, 0], 1, math.nan, math.nan),
        ([1, math.nan, 3, -5], 3, -5, 5),
        ([math.nan], math.nan, math.nan, math.nan),
    ],
)
def test_nan_is_passed_over(dtype, values, largest, smallest, amax):
    x = mo.array(np.array(values, dtype))
    for got, want in ((la.max(x), largest), (la.min(x), smallest), (la.amax(x), amax)):
        assert got == want or (math.isnan(got) and math.isnan(want))


def test_empty_arrays_have_no_extremes():
    for name in ("max", "min", "imax", "imin", "amax", "amin", "iamax", "iamin"):
        with pytest.raises(InvalidArgumentException, match=r"Argument n must be greater than 0\."):
            getattr(la, name)(la.alloc([0]))


@examples
@given(seeds, st.sampled_from(NUMBERS), size, size)
def test_iamin_of_a_buffer(seed, dtype, n, inc):
    x, _ = Maker(seed, dtype).array(n * inc)
    whole = np.array([x.buffer()[x.offset() + i * inc] for i in range(n)])
    assert la.blasIaminCompatible(n, x.buffer(), x.offset(), inc) == np.abs(whole).argmin()


def test_iamin_of_a_buffer_stays_inside():
    buffer = la.alloc([5]).buffer()
    for n, offset, inc in ((6, 0, 1), (2, 4, 1), (3, 0, 3), (1, 5, 1), (1, -1, 1), (2, 0, 2**62)):
        with pytest.raises(InvalidArgumentException, match=r"Vector X specification too large for buffer\."):
            la.blasIaminCompatible(n, buffer, offset, inc)
    for n, inc in ((0, 1), (1, 0)):
        with pytest.raises(InvalidArgumentException, match="must be greater than 0"):
            la.blasIaminCompatible(n, buffer, 0, inc)


@examples
@given(seeds, st.sampled_from(NUMBERS), st.integers(0, 3000))
def test_swap(seed, dtype, n):
    make = Maker(seed, dtype)
    (x, nx), (y, ny) = make.array(n), make.array(n)
    assert la.swap(x, y) is None
    np.testing.assert_array_equal(np.asarray(x), ny)
    np.testing.assert_array_equal(np.asarray(y), nx)


@examples
@given(seeds, st.sampled_from(FLOATS), st.sampled_from([0.0, 1.0, -2.0, 1e-30, 1e30]), st.floats(-5, 5, width=32))
def test_rotation_zeroes_the_second_coordinate(seed, dtype, x, y):
    x, y = mo.array(np.array([x], dtype)), mo.array(np.array([y], dtype))
    r, z, c, s = la.rotg(x, y)
    (a, b, cos, sin) = (float(np.asarray(v)[0]) for v in (x, y, c, s))
    scale = max(abs(a), abs(b), 1e-300)
    assert cos * a + sin * b == pytest.approx(float(np.asarray(r)[0]), rel=1e-5)
    assert abs(cos * b - sin * a) / scale < 1e-6
    assert cos**2 + sin**2 == pytest.approx(1, rel=1e-5)
    again = la.rotgxy(mo.array(np.array([a, b], dtype)))
    assert again.toArray() == [v.toArray()[0] for v in (r, z, c, s)]
    make = Maker(seed, dtype)
    (u, nu), (v, nv) = make.array(9), make.array(9)
    la.rot(u, v, c, s)
    assert_near(u, (cos * nu + sin * nv).astype(dtype))
    assert_near(v, (cos * nv - sin * nu).astype(dtype))
    points, n = make.array(9, 2)
    la.rotxy(points, again)
    assert_near(points, np.stack([cos * n[:, 0] + sin * n[:, 1], cos * n[:, 1] - sin * n[:, 0]], 1).astype(dtype))


def test_rotg_writes_its_outputs():
    out = [la.alloc([1]) for _ in range(4)]
    got = la.rotg(la.array([3]), la.array([4]), *out)
    assert all(a is b for a, b in zip(got, out))
    assert [x.toArray()[0] for x in out] == pytest.approx([5, 1 / 0.6, 0.6, 0.8])


def modified_matrix(p):
    """The matrix that rotmg's parameters stand for."""
    flag = p[0]
    if flag == -2:
        return np.eye(2)
    h11, h22 = (1, 1) if flag == 0 else (p[1], p[4])
    h21, h12 = (-1, 1) if flag == 1 else (p[2], p[3])
    return np.array([[h11, h12], [h21, h22]])


@examples
@given(
    seeds,
    st.sampled_from(FLOATS),
    st.floats(-4, 4, width=32),
    st.floats(-4, 4, width=32),
    st.sampled_from([1.0, 0.5, 3.0, 1e9, 1e-9]),
    st.sampled_from([1.0, 2.0, 1e10, 1e-10]),
)
def test_modified_rotation(seed, dtype, x, y, d1, d2):
    def one(v):
        return mo.array(np.array(v, dtype))

    x, y = float(dtype(x)), float(dtype(y))
    if abs(x) < 1e-3 or abs(y) < 1e-3:
        x, y = round(x), round(y)
    e1, e2, b1, p = la.rotmg(one(x), one(y), one(d1), one(d2))
    h = modified_matrix(p.toArray())
    if d2 * y != 0:
        scales = np.diag([float(e1), float(e2)])
        # the rotation preserves the length in the scaled norm, and y becomes zero
        turned = h @ np.array([x, y])
        assert turned[0] == pytest.approx(float(b1), rel=1e-5, abs=1e-30)
        assert abs(turned[1]) <= 1e-5 * max(abs(h[1, 0] * x), abs(h[1, 1] * y), 1e-30)
        if d1 * x != 0:
            length = d1 * x * x + d2 * y * y
            assert turned @ scales @ turned == pytest.approx(length, rel=1e-4)
    scales = mo.array(np.array([d1, d2], dtype))
    g = la.rotmgxy(mo.array(np.array([x, y], dtype)), scales)
    assert g.toArray() == [float(b1), *p.toArray()]
    assert scales.toArray() == [float(e1), float(e2)]
    make = Maker(seed, dtype)
    (u, nu), (v, nv) = make.array(5), make.array(5)
    la.rotm(u, v, p)
    both = h @ np.stack([nu, nv]).astype(np.float64)
    np.testing.assert_allclose(np.asarray(u), both[0], rtol=1e-4, atol=1e-4 * np.abs(h).max())
    np.testing.assert_allclose(np.asarray(v), both[1], rtol=1e-4, atol=1e-4 * np.abs(h).max())
    points, n = make.array(5, 2)
    la.rotmxy(points, g)
    np.testing.assert_allclose(np.asarray(points), n.astype(np.float64) @ h.T, rtol=1e-4, atol=1e-4 * np.abs(h).max())


# ---------------------------------------------------------------------------------------------- levels 2 and 3


@examples
@given(seeds, st.sampled_from(NUMBERS), size, size, flags, flags, st.booleans())
def test_gemv(seed, dtype, m, n, trans, conj, given_output):
    make = Maker(seed, dtype)
    a, na = make.array(m, n)
    x, nx = make.array(m if trans else n)
    y, ny = make.array(n if trans else m)
    alpha, beta = make.number(), make.number()
    product = number_of(alpha, dtype) * (op(na, trans, conj) @ nx)
    if given_output:
        got = la.gemv(a, x, alpha, beta, y, trans, conj)
        assert got is y
        product = product + number_of(beta, dtype) * ny
    else:
        got = la.gemv(a, x, alpha, beta, trans=trans, conj=conj)
    assert_near(got, product.astype(dtype), 10 * n * m)


@examples
@given(seeds, st.sampled_from(NUMBERS), size, size, size, flags, flags, flags, flags, st.booleans())
def test_gemm(seed, dtype, m, n, k, ta, tb, ca, cb, given_output):
    make = Maker(seed, dtype)
    a, na = make.array(*((k, m) if ta else (m, k)))
    b, nb = make.array(*((n, k) if tb else (k, n)))
    c, nc = make.array(m, n)
    alpha, beta = make.number(), make.number()
    product = number_of(alpha, dtype) * (op(na, ta, ca) @ op(nb, tb, cb))
    if given_output:
        got = la.gemm(a, b, alpha, beta, c, ta, tb, ca, cb)
        assert got is c
        product = product + number_of(beta, dtype) * nc
    else:
        got = la.gemm(a, b, alpha, beta, transA=ta, transB=tb, conjA=ca, conjB=cb)
    assert_near(got, product.astype(dtype), 10 * k)


@examples
@given(
    seeds,
    st.sampled_from([np.float32, np.float64, np.int32, np.complex64]),
    size,
    size,
    size,
    flags,
    flags,
    st.sampled_from(
        [
            ((), ()),
            ((4,), ()),
            ((), (3,)),
            ((2, 3), (2, 3)),
            ((6,), (2,)),
            ((2,), (6,)),
            ((1,), (5,)),
            ((4, 3), (3,)),
            ((2,), (3, 2)),
            ((2, 2), (4,)),
        ]
    ),
    st.booleans(),
)
def test_matmul_repeats_the_smaller_stack(seed, dtype, m, n, k, ta, tb, stacks, given_output):
    make = Maker(seed, dtype)
    a, na = make.array(*stacks[0], *((k, m) if ta else (m, k)))
    b, nb = make.array(*stacks[1], *((n, k) if tb else (k, n)))
    many_a, many_b = math.prod(stacks[0]), math.prod(stacks[1])
    many = max(many_a, many_b)
    pa = np.concatenate([op(na, ta, None).reshape(many_a, m, k)] * (many // many_a))
    pb = np.concatenate([op(nb, tb, None).reshape(many_b, k, n)] * (many // many_b))
    shape = (*(stacks[0] if many_a > many_b else stacks[1]), m, n)
    want = (pa @ pb).reshape(shape)
    if given_output:
        c, nc = make.array(*shape)
        alpha, beta = make.number(), make.number()
        assert la.matmul(a, b, ta, tb, c, alpha, beta) is c
        want = (number_of(alpha, dtype) * want + number_of(beta, dtype) * nc).astype(dtype)
        assert_near(c, want, 10 * k)
    else:
        assert_near(la.matmul(a, b, ta, tb), want, 10 * k)


@pytest.mark.parametrize(
    ("a", "b"), [([1, 2, 4], [4, 3]), ([2, 4], [1, 4, 3]), ([1, 1, 2, 4], [4, 3]), ([1, 2, 4], [1, 1, 4, 3])]
)
def test_matmul_keeps_stacks_of_one(a, b):
    rng = np.random.default_rng(5)
    x, y = rng.random(a), rng.random(b)
    got = la.matmul(mo.array(x), mo.array(y))
    assert got.shape() == list((x @ y).shape)
    np.testing.assert_allclose(np.asarray(got), x @ y, rtol=1e-12)
    for leading in (b[:-2], got.shape()[:-2]):  # as in the original, or as the result
        c = mo.zeros([*leading, 2, 3], NDArray.float64)
        assert la.matmul(mo.array(x), mo.array(y), C=c) is c
        np.testing.assert_allclose(np.asarray(c).ravel(), (x @ y).ravel(), rtol=1e-12)


@examples
@given(seeds, st.sampled_from(BLAS_TYPES), size, size, st.booleans(), st.booleans(), st.booleans())
def test_symm(seed, dtype, m, n, right, lower, given_output):
    make = Maker(seed, dtype)
    a, na = make.array(*((n, n) if right else (m, m)))
    b, nb = make.array(m, n)
    c, nc = make.array(m, n)
    alpha, beta = make.number(), make.number()
    half = np.tril(na) if lower else np.triu(na)
    whole = half + half.T - np.diag(np.diag(na))
    want = number_of(alpha, dtype) * (nb @ whole if right else whole @ nb)
    if given_output:
        assert la.symm(a, b, alpha, beta, c, right, lower) is c
        assert_near(c, (want + number_of(beta, dtype) * nc).astype(dtype), 30)
    else:
        assert_near(la.symm(a, b, alpha, beta, right=right, lower=lower), want.astype(dtype), 30)


@examples
@given(seeds, st.sampled_from(BLAS_TYPES), size, size, st.booleans(), st.booleans(), flags, st.booleans())
def test_symmetric_products(seed, dtype, n, k, lower, trans, conj, given_output):
    make = Maker(seed, dtype)
    a, na = make.array(*((k, n) if trans else (n, k)))
    b, nb = make.array(*((k, n) if trans else (n, k)))
    alpha, beta = make.number(), make.number()
    oa, ob = (na.T, nb.T) if trans else (na, nb)
    triangle = np.tril if lower else np.triu
    for name, operands, product in (
        ("syrk", [a], oa @ oa.T),
        ("syr2k", [a, b], oa @ ob.T + ob @ oa.T),
    ):
        product = number_of(alpha, dtype) * product
        if given_output:
            c, nc = make.array(n, n)
            other = nc - triangle(nc)
            got = getattr(la, name)(*operands, alpha, beta, c, lower, trans, conj)
            assert got is c
            want = triangle(product + number_of(beta, dtype) * nc) + other
        else:
            got = getattr(la, name)(*operands, alpha, lower=lower, trans=trans, conj=conj)
            want = triangle(product)
        assert_near(got, want.astype(dtype), 30)


@examples
@given(seeds, st.sampled_from(BLAS_TYPES), size, size, st.booleans(), st.booleans(), flags, flags, st.booleans())
def test_triangular(seed, dtype, m, n, right, lower, trans, conj, unit):
    make = Maker(seed, dtype)
    order = n if right else m
    a, na = make.array(order, order)
    np.asarray(a)[...] = na = (na / 4 + 3 * np.eye(order)).astype(dtype)
    b, nb = make.array(m, n)
    alpha = make.number()
    triangle = np.tril(na) if lower else np.triu(na)
    if unit:
        triangle = triangle - np.diag(np.diag(na)) + np.eye(order)
    matrix = op(triangle, trans, conj)
    assert la.trmm(a, b, alpha, right, lower, trans, conj, unit) is b
    want = number_of(alpha, dtype) * (nb @ matrix if right else matrix @ nb)
    assert_near(b, want.astype(dtype), 100)
    b, nb = make.array(m, n)
    assert la.trsm(a, b, alpha, right, lower, trans, conj, unit) is b
    back = np.asarray(b) @ matrix if right else matrix @ np.asarray(b)
    assert_near(back.astype(dtype), (number_of(alpha, dtype) * nb).astype(dtype), 100)
    np.testing.assert_array_equal(np.asarray(a), na)


@examples
@given(seeds, st.sampled_from(NUMBERS), size, size, flags, flags, st.booleans())
def test_omatcopy(seed, dtype, m, n, trans, conj, given_output):
    make = Maker(seed, dtype)
    a, na = make.array(m, n)
    alpha = make.number()
    want = (number_of(alpha, dtype) * op(na, trans, conj)).astype(dtype)
    b, _ = make.array(*want.shape)
    got = la.omatcopy(a, trans, conj, alpha, b if given_output else None)
    assert (got is b) == given_output
    assert_near(got, want)
    assert_near(la.omatcopy(a, trans, conj), op(na, trans, conj))


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("ta", [False, True])
@pytest.mark.parametrize("tb", [False, True])
@pytest.mark.parametrize("ca", [False, True])
@pytest.mark.parametrize("cb", [False, True])
def test_large_complex_products(dtype, ta, tb, ca, cb):
    make = Maker(9, dtype)
    a, na = make.array(2, *((35, 40) if ta else (40, 35)))
    b, nb = make.array(*((30, 35) if tb else (35, 30)))
    c, nc = make.array(2, 40, 30)
    want = 2j * (op(na, ta, ca) @ op(nb, tb, cb)) + (1 - 1j) * nc
    assert la.matmul(a, b, ta, tb, c, 2j, 1 - 1j, ca, cb) is c
    assert_near(c, want.astype(dtype), 200)


@pytest.mark.parametrize("dtype", FLOATS)
def test_larger_products(dtype):
    make = Maker(7, dtype)
    (a, na), (b, nb), (x, nx) = make.array(130, 301), make.array(301, 97), make.array(301)
    assert_near(la.gemm(a, b), na @ nb, 100)
    assert_near(la.gemv(a, x), na @ nx, 100)
    (s, ns), (t, nt) = make.array(6, 40, 50), make.array(3, 50, 30)
    assert_near(la.matmul(s, t), ns @ np.concatenate([nt, nt]), 100)


def test_products_do_not_depend_on_threads():
    make = Maker(3, np.float32)
    (a, _), (b, _), (s, _) = make.array(200, 300), make.array(300, 250), make.array(9, 60, 70)
    before = mo.service().getNumThreads()
    results = []
    try:
        for threads in (1, 2, 3):
            mo.service().setNumThreads(threads)
            products = (la.gemm(a, b), la.matmul(s, s, transB=True), la.gemv(a, b.reshape([75000])[0:300]))
            results.append(b"".join(np.asarray(x).tobytes() for x in products))
    finally:
        mo.service().setNumThreads(before)
    assert results[0] == results[1] == results[2]


def test_products_of_empty_matrices():
    a, b = la.alloc([2, 0]), la.alloc([0, 3])
    assert la.gemm(a, b).toArray() == [[0] * 3] * 2
    assert la.gemm(a, b, beta=2, C=la.ones(la.alloc([2, 3]))).toArray() == [[2] * 3] * 2
    assert la.gemm(b, la.alloc([3, 2])).shape() == [0, 2]
    assert la.matmul(la.alloc([0, 2, 3]), la.alloc([0, 3, 2])).shape() == [0, 2, 2]
    assert la.gemv(a, la.alloc([0])).toArray() == [0, 0]
    assert la.syrk(a).toArray() == [[0, 0], [0, 0]]
    assert la.trsm(la.array([[1]]), la.alloc([1, 0])).shape() == [1, 0]


def test_beta_zero_does_not_read_the_output():
    c = la.array([[math.nan, math.inf]])
    assert la.gemm(la.array([[1]]), la.array([[2, 3]]), beta=0.0, C=c).toArray() == [[2, 3]]


# ------------------------------------------------------------------------------------------------------ lapack


@examples
@given(seeds, st.sampled_from(FLOATS), size, size, flags)
def test_svd(seed, dtype, m, n, full):
    a, na = Maker(seed, dtype).array(m, n)
    u, s, vt = (np.asarray(x) for x in la.svd(a, full))
    k = min(m, n)
    assert u.shape == ((m, k) if full is False else (m, m))
    assert vt.shape == ((k, n) if full is False else (n, n))
    np.testing.assert_array_equal(np.asarray(a), na)
    assert_near(s, np.linalg.svd(na, compute_uv=False), 10)
    assert_near((u[:, :k] * s) @ vt[:k], na, 10)
    assert_near(u.T @ u, np.eye(u.shape[1], dtype=dtype), 5)
    assert_near(vt @ vt.T, np.eye(vt.shape[0], dtype=dtype), 5)


@pytest.mark.parametrize("shape", [(140, 130), (129, 150)])
@pytest.mark.parametrize("full", [True, False])
def test_large_svd(shape, full):
    a, na = Maker(4, np.float32).array(*shape)
    u, s, vt = (np.asarray(x) for x in la.svd(a, full))
    k = min(shape)
    assert u.shape == (shape[0], shape[0] if full else k)
    assert vt.shape == (shape[1] if full else k, shape[1])
    np.testing.assert_allclose((u[:, :k] * s) @ vt[:k], na, atol=1e-4)
    np.testing.assert_allclose(s, np.linalg.svd(na.astype(np.float64), compute_uv=False), atol=1e-4)


@examples
@given(seeds, st.sampled_from(FLOATS), size)
def test_solve(seed, dtype, n):
    make = Maker(seed, dtype)
    a, na = make.array(n, n)
    np.asarray(a)[...] = na = (na + 4 * np.eye(n)).astype(dtype)
    b, nb = make.array(n)
    assert_near(la.solve(a, b), np.linalg.solve(na.astype(np.float64), nb).astype(dtype), 10)
    np.testing.assert_array_equal(np.asarray(a), na)
    np.testing.assert_array_equal(np.asarray(b), nb)


def test_solve_large_and_with_exchanges():
    make = Maker(5, np.float32)
    a, na = make.array(200, 200)
    np.asarray(a)[...] = na = na + 30 * np.eye(200, dtype=np.float32)
    b, nb = make.array(200)
    np.testing.assert_allclose(na @ np.asarray(la.solve(a, b)), nb, atol=1e-4)
    assert la.solve(la.array([[0, 1], [1, 0]]), la.array([2, 3])).toArray() == [3, 2]
    assert la.solve(la.alloc([0, 0]), la.alloc([0])).shape() == [0]
    with pytest.raises(InvalidArgumentException, match="too small value"):
        la.solve(la.array([[1, 2], [2, 4]]), la.array([1, 1]))
    with pytest.raises(InvalidArgumentException, match="too small value"):
        la.solve(la.array([[1.0]]), la.array([1]), epsilon=2.0)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_augmented_matrix(dtype):
    make = Maker(2, dtype)
    (a, na), (b, nb) = make.array(3, 2), make.array(3)
    assert_near(la.augmentedMatrix(a, b), np.concatenate([na, nb[:, None]], 1))


# ------------------------------------------------------------------------------------------------------ einsum

EQUATIONS = [
    "ij,jk->ik", "ij,kj->ki", "ji,jk->ik", "ij,jk->ki", "i,j->ij", "i,j->ji", "ij,ij->ij", "ij,ji->ij", "ij,j->ij",
    "ij,ij->i", "ij,ij->j", "ij,jk->jik", "abc,acd->abd", "aecd,abcd->acbe", "acbe,aecd->abcd", "abcd,cde->abe",
    "abcd,dce->abe", "abc,cde->abde", "aab,bc->ac", "ab,bb->ab", "ab,c->c", "ab,cd->ad", "abc,cad->bd", "bi,bij->jb",
    "xaybk,xkyc->ycaxb", "abij,jc->aicb", "ab,ab->ba", "abc,bd->adc", "aabb,b->ba", "abc,abc->c",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.data(), seeds, st.sampled_from([np.float32, np.float64, np.int32, np.complex64]), st.sampled_from(EQUATIONS))
def test_einsum(data, seed, dtype, equation):
    first, second = equation.split("->")[0].split(",")
    sizes = {letter: data.draw(st.integers(1, 4)) for letter in dict.fromkeys(first + second)}
    make = Maker(seed, dtype)
    a, na = make.array(*(sizes[x] for x in first))
    b, nb = make.array(*(sizes[x] for x in second))
    want = np.einsum(equation, na, nb)
    assert_near(la.einsum(equation, a, b), want, 100)
    assert_near(la.einsum(equation.replace(",", " , "), a, b), want, 100)
    result = equation.split("->")[1]
    if len(result) <= 4 and len(sizes) - len(result) <= 1:
        assert_near(la.einsum4p1(equation, a, b), want, 100)
        c, _ = make.array(*want.shape)
        assert la.einsum4p1(equation, a, b, c) is c
        assert_near(c, want, 100)


@settings(max_examples=150, deadline=None)
@given(st.data(), seeds)
def test_einsum_of_any_equation(data, seed):
    first = data.draw(st.text("abcde", min_size=1, max_size=4))
    second = data.draw(st.text("abcde", min_size=1, max_size=4))
    letters = list(dict.fromkeys(first + second))
    result = "".join(data.draw(st.permutations(letters)))[: data.draw(st.integers(1, len(letters)))]
    equation = f"{first},{second}->{result}"
    sizes = {letter: data.draw(st.integers(1, 3)) for letter in letters}
    make = Maker(seed, np.float64)
    a, na = make.array(*(sizes[x] for x in first))
    b, nb = make.array(*(sizes[x] for x in second))
    assert_near(la.einsum(equation, a, b), np.einsum(equation, na, nb), 100)


def test_einsum_of_large_operands():
    make = Maker(1, np.float32)
    (q, nq), (k, nk) = make.array(4, 30, 3, 16), make.array(4, 25, 3, 16)
    scores = la.einsum("aecd,abcd->acbe", q, k)
    assert_near(scores, np.einsum("aecd,abcd->acbe", nq, nk, optimize=True), 50)
    assert_near(
        la.einsum("acbe,aecd->abcd", scores, q),
        np.einsum("acbe,aecd->abcd", np.asarray(scores), nq, optimize=True),
        500,
    )


def test_einsum_of_empty_operands():
    assert la.einsum("ij,jk->ik", la.alloc([2, 0]), la.alloc([0, 3])).toArray() == [[0] * 3] * 2
    assert la.einsum("ij,jk->ik", la.alloc([0, 2]), la.alloc([2, 3])).shape() == [0, 3]


def test_parsed_equations():
    a, b = la.alloc([2, 3]), la.alloc([3, 4])
    assert la.parseEinsum("ij, jk -> ik", a, b) == [[2, 4, 3], [[0, 2], [2, 1], [0, 1]], [2, 4]]
    assert la.einsum_build_dims("ij,jk->ik", [5, 6], [0, 2], [6, 7], [2, 1], [0, 1]) == [[5, 7, 6], [5, 7]]
    assert la.einsum_build_lds([2, 4, 3], [0, 2], [2, 3]) == [3, 0, 1]
    assert la.einsum_build_lds([3, 3], [0, 0], [3, 3]) == [4, 0]
    assert la.einsum_build_lds([3, 1], [0, 1], [3, 1]) == [1, 0]


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij;jk->ik", ([2, 3], [3, 4]), "Not recognized as an equation: 'ij;jk->ik'"),
        ("ij,jk->", ([2, 3], [3, 4]), "Not recognized as an equation: 'ij,jk->'"),
        (
            "ijk,jk->ik",
            ([2, 3], [3, 4]),
            "The rank of array A does not match the equation: 'ijk,jk->ik', but (2,3) given.",
        ),
        (
            "ij,jkl->ik",
            ([2, 3], [3, 4]),
            "The rank of array B does not match the equation: 'ij,jkl->ik', but (3,4) given.",
        ),
        (
            "ij,jk->ik",
            ([2, 4], [3, 4]),
            "Unmatch shapes in index letter 'j' in equation:'ij,jk->ik', but shapes (2,4),(3,4) given.",
        ),
        ("ij,jk->iz", ([2, 3], [3, 4]), "Target index letter 'z' not found in inputs.:'ij,jk->iz'"),
        ("ij,jk->ii", ([2, 3], [3, 4]), "Target index letter 'i' not found in inputs.:'ij,jk->ii'"),
    ],
)
def test_wrong_equations(equation, shapes, message):
    fresh = LinearAlgebra(mo.service())
    a, b = (fresh.alloc(shape) for shape in shapes)
    for call in (fresh.einsum, fresh.einsum4p1, fresh.parseEinsum):
        with pytest.raises(InvalidArgumentException) as error:
            call(equation, a, b)
        assert str(error.value) == message


def test_known_equations_have_their_own_messages():
    la.einsum("ij,jk->ik", la.alloc([2, 3]), la.alloc([3, 4]))
    with pytest.raises(InvalidArgumentException, match=r"Invalid rank of arg A\.: \(2,3,4\), 'ij,jk->ik' given\."):
        la.einsum("ij,jk->ik", la.alloc([2, 3, 4]), la.alloc([3, 4]))
    with pytest.raises(InvalidArgumentException, match=r"Invalid rank of arg B\.: \(3\), 'ij,jk->ik' given\."):
        la.einsum("ij,jk->ik", la.alloc([2, 3]), la.alloc([3]))
    with pytest.raises(
        InvalidArgumentException, match=r"Invalid shape of args: a\(2,3\),b\(4,4\), 'ij,jk->ik' given\."
    ):
        la.einsum("ij,jk->ik", la.alloc([2, 3]), la.alloc([4, 4]))


def test_limits_of_einsum4p1():
    two, five = la.alloc([2, 2]), la.alloc([2] * 5)
    with pytest.raises(InvalidArgumentException, match=r"rank of C must be less than 4D or equal\."):
        la.einsum4p1("afgde,abcde->adbcfg", five, five)
    message = r"rank of overlay dims must be less than 1D or equal\. 'ab,ac->a' and 2 sum dims given\."
    with pytest.raises(InvalidArgumentException, match=message):
        la.einsum4p1("ab,ac->a", two, two)
    with pytest.raises(InvalidArgumentException, match=r"rank of A must be less than 5D or equal\."):
        la.einsum4p1("abcdea,e->abcd", la.alloc([2] * 6), la.alloc([2]))
    with pytest.raises(
        InvalidArgumentException, match=r"unmatch shape of C\. the shape must be \(2,2\)\. \(3,2\) given\."
    ):
        la.einsum4p1("ab,bc->ac", two, two, la.alloc([3, 2]))
    with pytest.raises(InvalidArgumentException, match="Unmatch data type"):
        la.einsum("ab,bc->ac", two, la.alloc([2, 2], NDArray.float64))
    with pytest.raises(InvalidArgumentException, match="overlap"):
        la.einsum4p1("ab,bc->ac", two, two, two)


# ------------------------------------------------------------------------------------- closeness and gradients


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, np.int32])
def test_isclose(dtype):
    x = mo.array(np.array([100, 2, 3] * 20, dtype))
    y = la.copy(x)
    assert la.isclose(x, y)
    np.asarray(y)[57] += 1
    assert not la.isclose(x, y)
    assert la.isclose(x, y, rtol=0.011)
    assert la.isclose(x, y, atol=1.5, rtol=0)
    assert la.isclose(x, y, rtol=C(0.011))
    assert not la.isclose(x, y.reshape([20, 3]))


def test_isclose_of_nan_and_of_other_types(capsys):
    assert not la.isclose(la.array([math.nan, 1]), la.array([1, 1]))
    assert la.isclose(la.array([1, 2]), mo.array([1, 2], NDArray.float64), debug=True)
    assert capsys.readouterr().out.startswith("diff=0.00000000e+")
    with pytest.raises(InvalidArgumentException, match="greater than 0"):
        la.isclose(la.alloc([0]), la.alloc([0]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_numerical_gradient(dtype):
    x = mo.array(np.array([[1, 2], [3, 4]], dtype))
    y = mo.array(np.array([1, -1], dtype))

    def f(x, y):
        return la.gemv(x, y)

    gx, gy = la.numericalGradient(1e-3, f, x, y)
    np.testing.assert_allclose(np.asarray(gx), [[1, -1], [1, -1]], rtol=2e-2)
    np.testing.assert_allclose(np.asarray(gy), [4, 6], rtol=2e-2)
    assert x.toArray() == [[1, 2], [3, 4]]
    (gy,) = la.numericalGradient(None, lambda y: la.dot(y, y) / 2, mo.array(np.array([1, -2], np.float64)))
    np.testing.assert_allclose(np.asarray(gy), [1, -2], rtol=1e-6)
    (keyword,) = la.numericalGradient(1e-3, lambda y: la.copy(y), y)
    np.testing.assert_allclose(np.asarray(keyword), [1, 1], rtol=2e-2)


def test_numerical_gradient_errors():
    with pytest.raises(InvalidArgumentException, match="f must callable or array of f and h"):
        la.numericalGradient(1e-3, None, la.array([1]))
    with pytest.raises(InvalidArgumentException, match="Unsuppored data type"):
        la.numericalGradient(1e-3, la.copy, mo.array([1], NDArray.int32))


# ------------------------------------------------------------------------------------------------------ errors


def z(*shape, dtype=NDArray.float32):
    return la.alloc(list(shape), dtype)


COLUMNS = 'The number of columns in "A" and the number of rows in "B" must be the same'
ROWS = '"A" and "C" must have the same number of rows."B" and "C" must have the same number of columns'


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: la.axpy(z(2, 3), z(3, 2)), "Unmatch shape of dimension: (2,3),(3,2)"),
        (lambda: la.dot(z(2, 3), z(6)), "Unmatch shape of dimension: (2,3),(6)"),
        (lambda: la.copy(z(2), z(3)), "Unmatch shape of dimension: (2),(3)"),
        (lambda: la.swap(z(2), z(3)), "Unmatch shape of dimension: (2),(3)"),
        (lambda: la.rotg(z(1), z(2)), "Unmatch shape of dimension: (1),(2)"),
        (lambda: la.rot(z(1), z(2), z(1), z(1)), "Unmatch shape of dimension: (1),(2)"),
        (lambda: la.rotm(z(1), z(2), z(5)), "Unmatch shape of dimension: (1),(2)"),
        (lambda: la.rotmg(z(2), z(2)), "Unmatch shape of dimension: (2),(2)"),
        (lambda: la.rotgxy(z(3)), "Shape of vector must be [2]: [3]"),
        (lambda: la.rotgxy(z(2), z(3)), "Shape of g must be [4]: [3]"),
        (lambda: la.rotmgxy(z(3)), "Shape of vector must be [2]: [3]"),
        (lambda: la.rotmgxy(z(2), z(3)), "Shape of d must be [2]: [3]"),
        (lambda: la.rotmgxy(z(2), None, z(3)), "Shape of g must be [6]: [3]"),
        (lambda: la.rotxy(z(2), z(4)), "vectors must be 2D-NDArray: [2] given."),
        (lambda: la.rotxy(z(2, 3), z(4)), "Vectors must be Vectors-NDArray: [2,3] given."),
        (lambda: la.rotxy(z(2, 2), z(5)), "shape of g must be [4]: [5] given."),
        (lambda: la.rotmxy(z(2, 2), z(4)), "shape of g must be [6]: [4] given."),
        (lambda: la.gemv(z(2, 3), z(2)), 'The number of columns in "A" and The number of item in "X" must be the same'),
        (lambda: la.gemv(z(2, 3), z(3, 1)), '"A" must be 2D-NDArray and "X" must 1D-NDArray.'),
        (lambda: la.gemv(z(2, 3), z(3), Y=z(2, 1)), '"Y" must 1D-NDArray.'),
        (
            lambda: la.gemv(z(2, 3), z(3), Y=z(3)),
            'The number of rows in "A" and The number of item in "Y" must be the same',
        ),
        (lambda: la.gemm(z(2, 3), z(2, 3)), COLUMNS),
        (lambda: la.gemm(z(2, 3), z(3, 2), transA=True), COLUMNS),
        (lambda: la.gemm(z(2, 3, 1), z(3, 2)), "Dimensions must be 2D-NDArray"),
        (lambda: la.gemm(z(2, 3), z(3, 2), C=z(3, 2)), ROWS),
        (lambda: la.gemm(z(2, 3), z(3, 2), C=z(4)), ROWS),
        (lambda: la.matmul(z(3), z(3, 2)), "Dimensions rank must be greater then 2D or equal:[3]<=>[3,2]"),
        (lambda: la.matmul(z(2, 3, 2), z(2, 3, 2)), f"{COLUMNS}:[2,3,2]<=>[2,3,2]"),
        (lambda: la.matmul(z(2, 3, 2), z(3, 2, 2)), "Matrix size-incompatible for broadcast:[2,3,2]<=>[3,2,2]"),
        (lambda: la.matmul(z(0, 3, 2), z(3, 2, 2)), "Matrix size-incompatible for broadcast:[0,3,2]<=>[3,2,2]"),
        (
            lambda: la.matmul(z(2, 3, 2), z(2, 2, 2), C=z(2, 2, 2)),
            f"{ROWS}:[2,3,2] , [2,2,2] => [2,2,2]",
        ),
        (lambda: la.symm(z(2, 3), z(2, 3)), 'The matrix "A" must be symmetric'),
        (lambda: la.symm(z(3, 3), z(2, 3)), 'Unmatch Shape of matrix "A" and "B": (3,3) != (2,3)'),
        (lambda: la.symm(z(2, 2), z(2, 3), C=z(3, 2)), 'Matrix "B" and "C" must be same shape'),
        (lambda: la.syrk(z(2)), "Dimensions must be 2D-NDArray"),
        (lambda: la.syrk(z(2, 3), C=z(3, 3)), '"C" rows and cols must have the same number of "A" cols'),
        (lambda: la.syr2k(z(2, 3), z(3, 2)), "Matrix A and B must be same shape"),
        (lambda: la.trmm(z(2, 3), z(2, 3)), "Matrix A must be square.: [2,3]"),
        (lambda: la.trmm(z(3, 3), z(2, 3)), "Unmatch shape of Matrix A and B: [3,3] <=> [2,3]"),
        (lambda: la.trsm(z(3, 3), z(2, 3)), "Unmatch shape of Matrix A and B: [3,3] <=> [2,3]"),
        (lambda: la.trsm(z(3), z(2, 3)), "Dimensions must be 2D-NDArray"),
        (lambda: la.omatcopy(z(2)), "Dimensions must be 2D-NDArray"),
        (lambda: la.omatcopy(z(2, 3), True, B=z(2, 3)), "Unmatch shape of dimension: (2,3),(2,3)"),
        (lambda: la.omatcopy(z(2, 2), B=z(2, 2, dtype=13)), "Unmatch data type for A and B"),
        (lambda: la.svd(z(3)), "input array must be 2D array"),
        (lambda: la.svd(z(3, 3, dtype=4)), "Unsuppored data type."),
        (lambda: la.svd(la.array([[math.nan, 1]])), "the matrix contains nan or infinity"),
        (lambda: la.svd(z(0, 3)), "Argument n must be greater than 0."),
        (lambda: la.augmentedMatrix(z(3), z(3)), "matrix a must be 2d"),
        (lambda: la.augmentedMatrix(z(3, 2), z(3, 1)), "matrix a must be 1d"),
        (lambda: la.solve(z(3, 2), z(2)), "Unmatch shape A rows and B: 3!=2"),
        (lambda: la.solve(z(3, 2), z(3)), "matrix A must be square"),
        (lambda: la.axpy(z(2), z(2, dtype=13)), "Unmatch data type for X and Y: float32 and float64"),
        (lambda: la.gemm(z(2, 2), z(2, 2, dtype=4)), "Unmatch data type for A and B: float32 and int32"),
        (lambda: la.gemm(z(2, 2), z(2, 2), C=z(2, 2, dtype=13)), "Unmatch data type for C and A"),
        (lambda: la.gemm(z(2, 2, dtype=1), z(2, 2, dtype=1)), "Unsuppored data type.: A of bool"),
        (lambda: la.gemm(z(2, 2, dtype=4), z(2, 2, dtype=4), alpha=0.5), "must be whole numbers"),
        (lambda: la.trmm(z(2, 2, dtype=4), z(2, 2, dtype=4)), "Unsuppored data type.: A of int32"),
        (lambda: la.rot(z(2, dtype=4), z(2, dtype=4), z(1), z(1)), "Unsuppored data type.: X of int32"),
        (lambda: la.gemm([[1]], z(1, 1)), "Argument A must be an NDArray: list given"),
        (lambda: la.sum(None), "Argument X must be an NDArray: NoneType given"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InvalidArgumentException) as error:
        call()
    assert message in str(error.value)


def test_factors():
    with pytest.raises(RuntimeException, match="alpha is not float"):
        la.scal(C(1, 2), z(2))
    with pytest.raises(RuntimeException, match="alpha is not float"):
        la.scal("2", z(2))
    with pytest.raises(RuntimeException, match="beta is not float"):
        la.gemm(z(1, 1), z(1, 1), 1, 2j, z(1, 1))
    with pytest.raises(RuntimeException, match="alpha is not complex"):
        la.scal("2", z(2, dtype=16))
    with pytest.raises(RuntimeException, match="alpha is not float"):
        la.scal(None, z(2))
    x = la.array([C(1, 2)], NDArray.complex64)
    assert la.scal(2, x).toArray() == [2 + 4j]
    assert la.scal(1j, x).toArray() == [-4 + 2j]
    assert la.scal(la.array(2.0), la.array([3])).toArray() == [6]
    assert la.scal(np.float32(2), la.array([3])).toArray() == [6]


def test_overlapping_outputs():
    base = la.array(np.arange(20, dtype=np.float32))
    square = base[0:4].reshape([2, 2])
    later = base[2:6].reshape([2, 2])
    for call in (
        lambda: la.gemm(square, base[8:12].reshape([2, 2]), C=later),
        lambda: la.gemm(square, square, C=square),
        lambda: la.matmul(square, square, C=later),
        lambda: la.gemv(square, base[4:6], Y=base[3:5]),
        lambda: la.gemv(square, base[4:6], Y=base[4:6]),
        lambda: la.trsm(square, later),
        lambda: la.symm(square, base[8:12].reshape([2, 2]), C=later),
        lambda: la.syrk(square, C=later),
        lambda: la.omatcopy(square, True, B=square),
        lambda: la.axpy(base[0:4], base[1:5]),
        lambda: la.copy(base[0:4], base[1:5]),
        lambda: la.swap(base[0:4], base[1:5]),
        lambda: la.rot(base[0:4], base[0:4], la.array([1]), la.array([0])),
    ):
        with pytest.raises(InvalidArgumentException, match="overlap"):
            call()
    assert base.toArray() == list(range(20))
    assert la.axpy(base, base).toArray() == list(range(0, 40, 2))
    assert la.copy(base, base) is base


def test_read_only_outputs():
    array = np.zeros((2, 2), np.float32)
    array.flags.writeable = False
    x = fromNumpy(array)
    for call in (lambda: la.zeros(x), lambda: la.scal(2, x), lambda: la.gemm(x, x, C=x), lambda: la.copy(z(2, 2), x)):
        with pytest.raises(LogicException, match="read-only"):
            call()
    assert la.gemm(x, x).toArray() == [[0, 0], [0, 0]]


def documented():
    for name, method in vars(blas.BlasMethods).items():
        if callable(method) and ">>>" in (method.__doc__ or ""):
            yield pytest.param(method, id=name)


@pytest.mark.parametrize("method", list(documented()))
def test_examples(method):
    test = doctest.DocTestParser().get_doctest(method.__doc__, {"la": la, "NDArray": NDArray}, method.__name__, None, 0)
    failures = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=failures.append)
    assert not failures, "".join(failures)
