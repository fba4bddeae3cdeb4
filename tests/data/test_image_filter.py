"""ImageFilter and ImageDataGenerator: what shifts and flips do to pixels."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_math.matrix.random import setSeed
from rindow_nn.builder import NeuralNetworks
from rindow_nn.data.dataset.gather import transform_images

mo = MatrixOperator()
nn = NeuralNetworks(mo)


def twin(image, down, right, upside, mirror):
    """(height, width, channels): shifted against the direction of a flip, edges repeated."""
    h, w = image.shape[:2]
    out = np.empty_like(image)
    for y in range(h):
        for x in range(w):
            sy = h - 1 - y + down if upside else y - down
            sx = w - 1 - x + right if mirror else x - right
            out[y, x] = image[min(max(sy, 0), h - 1), min(max(sx, 0), w - 1)]
    return out


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_transform(channels_first, dtype):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 200, (8, 5, 4, 3)).astype(dtype)
    down, right = (rng.integers(-2, 3, 8, dtype=np.int32) for _ in range(2))
    upside, mirror = (rng.integers(0, 2, 8, dtype=bool) for _ in range(2))
    given = images.transpose(0, 3, 1, 2) if channels_first else images
    out = np.asarray(
        transform_images(mo.array(np.ascontiguousarray(given)), down, right, upside, mirror, channels_first)
    )
    if channels_first:
        out = out.transpose(0, 2, 3, 1)
    expected = [twin(*args) for args in zip(images, down, right, upside, mirror)]
    np.testing.assert_array_equal(out, expected)


def shifts_of(values):
    """By how much each image of rising numbers was shifted."""
    return set(np.asarray(values)[:, 4, 4, 0] - 44)


def test_shifts_are_within_limits_and_all_occur():
    setSeed(1)
    ramp = np.arange(100.0, dtype=np.float32).reshape(1, 10, 10, 1).repeat(400, 0)
    filter = nn.data.ImageFilter(height_shift=0.2, width_shift=1)
    images, tests = filter.translate(mo.array(ramp), "labels")
    assert tests == "labels"
    assert shifts_of(images) == {10 * y + x for y in (-2, -1, 0, 1, 2) for x in (-1, 0, 1)}
    flipped, _ = nn.data.ImageFilter(vertical_flip=True, horizontal_flip=True).translate(mo.array(ramp))
    assert shifts_of(flipped) == {0, 1, 10, 11}
    same, _ = nn.data.ImageFilter().translate(mo.array(ramp))
    np.testing.assert_array_equal(np.asarray(same), ramp)


def test_generator():
    images, tests = mo.array(np.arange(27.0).reshape(3, 3, 3, 1)), mo.array([[1], [2], [3]])
    options = {"height_shift": 0.8, "width_shift": 2, "vertical_flip": True, "horizontal_flip": True}
    data = nn.data.ImageDataGenerator(images, tests=tests, batch_size=2, shuffle=False, **options)
    assert [(x.shape(), t.toArray()) for x, t in data] == [([2, 3, 3, 1], [[1], [2]]), ([1, 3, 3, 1], [[3]])]
    given = nn.data.NDArrayDataset(images, tests=tests)
    assert nn.data.ImageDataGenerator(given, horizontal_flip=True) is given
    assert given.filter() is not None
    setSeed(4)
    first = [x.toArray() for x, t in data]
    setSeed(4)
    assert [x.toArray() for x, t in data] == first


def test_refuses():
    with pytest.raises(InvalidArgumentException, match="Unknown data format:middle"):
        nn.data.ImageFilter(data_format="middle")
    for options in ({"height_shift": -1}, {"width_shift": float("nan")}):
        with pytest.raises(InvalidArgumentException, match="must be greater than 0 or equal"):
            nn.data.ImageFilter(**options)
    with pytest.raises(InvalidArgumentException, match=r"four dimensions.*\[3, 3\] given"):
        nn.data.ImageFilter().translate(mo.ones([3, 3]))
    with pytest.raises(InvalidArgumentException, match="four dimensions"):
        nn.data.ImageFilter().translate([1])
