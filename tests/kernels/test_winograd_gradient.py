"""The gradient of 3 x 3 kernels by Winograd's algorithm, of every variant, against the definition in NumPy."""

import numpy as np
import pytest
from test_conv_kernels import Case, agree, conv  # noqa: F401

# more than the tiles and filters from which the algorithm is taken
CASES = [
    Case(8, [10, 10], 32, 32, 3),  # whole tiles
    Case(6, [11, 15], 37, 51, 3),  # tiles cut by edges, parts of vectors
    Case(5, [13, 10], 40, 33, 3, same=True),  # padding
    Case(9, [9, 9], 71, 130, 3, same=True),  # parts of channels and of filters
    Case(3, [16, 21], 33, 64, 3, 1, 2),  # dilations
    Case(3, [14, 19], 32, 40, 3, 1, [3, 2], same=True),
    Case(2, [4, 12, 12], 32, 34, [1, 3, 3], same=True),  # planes of volumes
    Case(40, [15, 15], 32, 64, 3),  # many groups of tiles
    Case(1, [40, 3], 32, 48, 3, same=True),
]


def definition(case, x, dy):
    """(dkernel, dbias) in float64, all points of a kernel as one product each."""
    dw = np.zeros((*case.kernel, case.channels, case.filters))
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    for at, out, place in case.points():
        dw[at] = x[place].reshape(-1, case.channels).T @ dy[out].reshape(-1, case.filters)
    return dw, dy.sum((0, 1, 2, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_gradient(conv, case, dtype):  # noqa: F811
    x, w, _, dy = case.arrays(dtype)
    pixels = case.batch * int(np.prod(case.out))
    dw, db = definition(case, x, dy)
    found = []
    for threads in (1, 2, 5):
        conv.set_threads(threads)
        found.append(conv.gradients(case, x, w, dy)[1:])
    agree(found[0][0], dw, pixels)
    agree(found[0][1], db, pixels)
    for got in found[1:]:
        np.testing.assert_array_equal(got[0], found[0][0])
        np.testing.assert_array_equal(got[1], found[0][1])
    np.testing.assert_array_equal(conv.gradients(case, x, w, dy, biased=False)[1], found[0][0])


# (of x; of dy): root of the mean square and largest error, in units of eps * sqrt(sum of squares of the products)
DATA = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "after relu": lambda rng, shape: np.maximum(rng.standard_normal(shape), 0),
    "offset": lambda rng, shape: rng.standard_normal(shape) + 10,
}


@pytest.mark.parametrize("kind", DATA)
def test_no_less_accurate_than_the_sum(conv, kind):  # noqa: F811
    """Beside float32 sums of the products in blocks of a row of pixels: what a direct kernel does."""
    case = Case(16, [26, 26], 32, 64, 3)
    rng = np.random.default_rng(3)
    x = DATA[kind](rng, (case.batch, *case.image, case.channels)).astype(np.float32)
    dy = rng.standard_normal((case.batch, *case.out, case.filters)).astype(np.float32)
    want = definition(case, x, dy)[0]
    w = np.zeros(want.shape, np.float32)
    got = conv.gradients(case, x, w, dy)[1]
    direct = np.zeros(want.shape, np.float32)
    for at, out, place in case.points():
        a, b = x[place].reshape(-1, 24, case.channels), dy[out].reshape(-1, 24, case.filters)
        for i in range(len(a)):
            direct[at] += a[i].T @ b[i]
    error, other = np.abs(got - want), np.abs(direct - want)
    assert np.sqrt((error**2).mean()) <= 1.1 * np.sqrt((other**2).mean())
    assert error.max() <= 1.25 * other.max()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_special_values_stay_in_their_channel_and_filter(conv, value):  # noqa: F811
    case = CASES[1]
    x, w, _, dy = case.arrays(np.float32)
    clean = conv.gradients(case, x, w, dy)[1:]
    x[2, 0, 5, 6, 7] = value
    dy[3, 0, 4, 5, 9] = value
    dw, db = conv.gradients(case, x, w, dy)[1:]
    assert not np.isfinite(dw[..., 7, :]).any()
    assert not np.isfinite(dw[..., :, 9]).any()
    assert not np.isfinite(db[9])
    kept = np.ix_([0], range(3), range(3), np.delete(range(37), 7), np.delete(range(51), 9))
    np.testing.assert_array_equal(dw[kept], clean[0][kept])
    np.testing.assert_array_equal(np.delete(db, 9), np.delete(clean[1], 9))


@pytest.mark.parametrize("edge", [0, -1])
def test_a_nan_in_the_last_tiles(conv, edge):  # noqa: F811
    """Where a tile reaches beyond the results no other image's numbers are met."""
    case = Case(40, [5, 5], 32, 32, 3)
    x, w, _, dy = case.arrays(np.float32)
    x[...], dy[...] = 1, 1
    x[edge, ..., 3], dy[edge, ..., 5] = np.nan, np.nan
    dw, db = conv.gradients(case, x, w, dy)[1:]
    wrong = np.zeros(dw.shape, bool)
    wrong[..., 3, :] = wrong[..., :, 5] = True
    np.testing.assert_array_equal(np.isnan(dw), wrong)
    assert (dw[~wrong] == 40 * 9).all()
    np.testing.assert_array_equal(np.isnan(db), np.arange(32) == 5)
