"""Kernels of attention against NumPy in double precision."""

import ctypes

import numpy as np
import pytest

DTYPES = [(np.float32, 12), (np.float64, 13)]
FILL = -1e9


class Call(ctypes.Structure):
    """``rk_attn_call``."""

    _fields_ = [
        *((n, ctypes.c_ssize_t) for n in ("batch", "heads", "tq", "tv", "dk", "dv")),
        *((n, ctypes.c_ssize_t * 3) for n in ("q", "k", "v", "o", "m")),
        *((n, ctypes.c_void_p) for n in ("query_mask", "value_mask", "key_mask", "mask")),
        *((n, ctypes.c_double) for n in ("scale", "factor")),
        ("seed", ctypes.c_uint64),
        ("drop", ctypes.c_uint32),
        *((n, ctypes.c_int) for n in ("causal", "replace", "zero_rows")),
    ]


@pytest.fixture
def attn(kernels):
    return kernels.family("attn")


class Problem:
    """Arrays of a call, (batch, time, head, dim), and the call itself.

    Args:
        sizes: batch, heads, tq, tv, dk, dv.
        masks: names of the masks that there are.
        heads_first: arrays lie in memory as (batch, head, time, dim).
        options: members of the call.
    """

    def __init__(self, dtype, sizes, masks=(), heads_first=False, seed=1, **options):
        batch, heads, tq, tv, dk, dv = sizes
        rng = np.random.default_rng(seed)
        self.dtype, self.sizes = dtype, sizes

        def array(time, dim):
            if heads_first:
                return rng.normal(0, 1, (batch, heads, time, dim)).astype(dtype).swapaxes(1, 2)
            return rng.normal(0, 1, (batch, time, heads, dim)).astype(dtype)

        self.q, self.k, self.v, self.dout = array(tq, dk), array(tv, dk), array(tv, dv), array(tq, dv)
        self.dweights = rng.normal(0, 1, (batch, heads, tq, tv)).astype(dtype)
        shapes = {
            "query_mask": (batch, tq),
            "value_mask": (batch, tv),
            "key_mask": (batch, tv),
            "mask": (batch, tq, tv),
        }
        self.masks = {name: (rng.random(shapes[name]) < 0.7).astype(np.uint8) for name in masks}
        self.call = Call(*sizes, scale=0.3, factor=1.0)
        for name, x in (("q", self.q), ("k", self.k), ("v", self.v), ("o", self.dout)):
            setattr(self.call, name, (ctypes.c_ssize_t * 3)(*(s // x.itemsize for s in x.strides[:3])))
        self.call.m = (ctypes.c_ssize_t * 3)(tq * tv, 0, tv)
        for name, m in self.masks.items():
            setattr(self.call, name, m.ctypes.data)
        for name, value in options.items():
            setattr(self.call, name, value)

    def forward(self, attn, code, weights=True):
        batch, heads, tq, tv, _, _ = self.sizes
        out = np.full_like(self.dout, np.nan)
        w = np.full((batch, heads, tq, tv), np.nan, self.dtype) if weights else None
        self.out = out
        self.stats = np.full((batch, heads, tq, 2), np.nan, self.dtype)
        assert attn.attention(code, ctypes.addressof(self.call), self.q, self.k, self.v, out, w, self.stats) == 1
        return out, w

    def backward(self, attn, code, dweights=True, scale=True, shared=False):
        dq, dk, dv = (np.full_like(x, np.nan) for x in (self.q, self.k, self.v))
        ds = np.full(1, np.nan, self.dtype) if scale else None
        dw = self.dweights if dweights else None
        dv = dk if shared else dv
        assert attn.attention_gradient(
            code, ctypes.addressof(self.call), self.q, self.k, self.v, self.out, self.stats, self.dout, dw,
            dq, dk, dv, ds
        ) == 1  # fmt: skip
        return dq, dk, dv, ds

    def twin(self, kept=None, dweights=True):
        """Result, weights and gradients by the definition; ``kept``: which weights were not dropped."""
        c = self.call
        q, k, v, dout = (x.astype(np.float64) for x in (self.q, self.k, self.v, self.dout))
        products = np.einsum("bthd,bshd->bhts", q, k)
        counts = np.ones_like(products, bool)
        rows = np.ones_like(dout, bool)
        for name, m in self.masks.items():
            m = m.astype(bool)
            if name == "mask":
                counts &= m[:, None]
            elif name != "query_mask":
                counts &= m[:, None, None]
            elif c.zero_rows:
                rows &= m[:, :, None, None]
            else:
                counts &= m[:, None, :, None]
        if c.causal:
            counts &= np.tri(*counts.shape[-2:], dtype=bool)
        scores = (products * c.scale).astype(self.dtype)
        scores = np.where(counts, scores, self.dtype(FILL) if c.replace else scores + self.dtype(FILL))
        scores = scores.astype(np.float64)
        w = np.exp(scores - scores.max(-1, keepdims=True))
        w /= w.sum(-1, keepdims=True)
        kept = np.ones_like(w, bool) if kept is None else kept
        out = c.factor * np.einsum("bhts,bshd->bthd", w * kept, v) * rows
        dout = dout * rows
        dw = c.factor * np.einsum("bthd,bshd->bhts", dout, v) * kept + (self.dweights if dweights else 0)
        dv = c.factor * np.einsum("bhts,bthd->bshd", w * kept, dout)
        ds = w * (dw - (w * dw).sum(-1, keepdims=True))
        ds = ds * counts if c.replace else ds
        dq, dk = (c.scale * np.einsum(e, ds, x) for e, x in (("bhts,bshd->bthd", k), ("bhts,bthd->bshd", q)))
        return out, w, dq, dk, dv, (ds * products).sum()


def check(found, wanted, size=1.0):
    bound = (2e-5 if found.dtype == np.float32 else 1e-12) * size
    np.testing.assert_allclose(found, wanted, rtol=bound, atol=bound)


# batch, heads, tq, tv, dk, dv: single ones, odd ones, vectors of each width, several blocks of queries
SIZES = [(1, 1, 1, 1, 1, 1), (2, 3, 5, 7, 3, 2), (1, 2, 16, 16, 8, 16), (3, 1, 9, 33, 5, 7), (2, 2, 70, 40, 16, 16),
         (1, 1, 75, 2100, 4, 3), (1, 2, 300, 290, 17, 9)]  # fmt: skip
MASKS = [(), ("value_mask",), ("query_mask",), ("query_mask", "value_mask", "key_mask"), ("mask",),
         ("query_mask", "value_mask", "mask")]  # fmt: skip


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("heads_first", [False, True])
def test_sizes(attn, dtype, code, sizes, causal, heads_first):
    p = Problem(dtype, sizes, causal=causal, factor=0.75, heads_first=heads_first)
    out_, w_, dq_, dk_, dv_, ds_ = p.twin()
    out, w = p.forward(attn, code)
    dq, dk, dv, ds = p.backward(attn, code)
    check(out, out_)
    check(w, w_)
    check(dq, dq_)
    check(dk, dk_, 5)
    check(dv, dv_, 5)
    check(ds[0], ds_, 50)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("masks", MASKS, ids=str)
@pytest.mark.parametrize(
    "replace, zero_rows, causal", [(0, 0, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (0, 1, 0), (1, 0, 1)]
)
def test_masks(attn, dtype, code, masks, replace, zero_rows, causal):
    for sizes in ((3, 2, 6, 9, 4, 3), (2, 1, 40, 35, 5, 8)):
        p = Problem(dtype, sizes, masks, replace=replace, zero_rows=zero_rows, causal=causal)
        out_, w_, dq_, dk_, dv_, ds_ = p.twin()
        out, w = p.forward(attn, code)
        dq, dk, dv, ds = p.backward(attn, code)
        for found, wanted in ((out, out_), (w, w_), (dq, dq_), (dk, dk_), (dv, dv_)):
            check(found, wanted, 5)
        check(ds[0], ds_, 50)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("replace", [0, 1])
@pytest.mark.parametrize("tv", [3, 16, 21, 64])
def test_any_byte_but_0_counts(attn, dtype, code, replace, tv):
    results = []
    for one in (1, 2, 128, 255):
        p = Problem(dtype, (2, 2, 5, tv, 4, 3), ("value_mask", "key_mask", "mask"), replace=replace)
        for m in p.masks.values():
            m *= one
        results.append([*p.forward(attn, code), *p.backward(attn, code)])
    check(results[0][0], p.twin()[0], 5)
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_a_mask_of_each_head(attn, dtype, code):
    batch, heads, tq, tv = 2, 3, 5, 19
    mask = (np.random.default_rng(2).random((batch, heads, tq, tv)) < 0.7).astype(np.uint8)
    mask[..., 0] = 1
    p = Problem(dtype, (batch, heads, tq, tv, 4, 3), mask=mask.ctypes.data)
    p.call.m = (ctypes.c_ssize_t * 3)(heads * tq * tv, tq * tv, tv)
    out, w = p.forward(attn, code)
    np.testing.assert_array_equal(w != 0, mask != 0)
    for h in range(heads):
        alone = Problem(dtype, (batch, heads, tq, tv, 4, 3), ("mask",))
        alone.masks["mask"][...] = mask[:, h]
        check(out[:, :, h], alone.twin()[0][:, :, h])


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("masks", [("value_mask",), ("value_mask", "key_mask", "query_mask")], ids=str)
@pytest.mark.parametrize("replace, causal", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("sizes", [(3, 2, 6, 9, 4, 3), (3, 1, 300, 310, 9, 17), (3, 1, 3, 2100, 4, 3)], ids=str)
def test_keys_left_out_at_the_end_are_not_read(attn, dtype, code, masks, replace, causal, sizes):
    p = Problem(dtype, sizes, masks, replace=replace, causal=causal, zero_rows=1)
    ends = (sizes[3] // 3, sizes[3] - 1)  # of the first two batches; in the third the last key counts
    for b, end in enumerate(ends):
        p.masks["value_mask"][b, end:] = 0
    for m in (p.masks[name] for name in masks if name != "query_mask"):
        m[:, 0] = m[2, -1] = 1
    out_, w_, dq_, dk_, dv_, ds_ = p.twin()
    for b, end in enumerate(ends):
        p.k[b, end:] = p.v[b, end:] = np.nan
    out, w = p.forward(attn, code)
    dq, dk, dv, ds = p.backward(attn, code)
    for found, wanted in ((out, out_), (w, w_), (dq, dq_), (dk, dk_), (dv, dv_)):
        check(found, wanted, 5)
    check(ds[0], ds_, 50)
    for b, end in enumerate(ends):
        assert not w[b, ..., end:].any()
        assert not dk[b, end:].any()
        assert not dv[b, end:].any()


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("replace", [0, 1])
def test_no_key_counts(attn, dtype, code, replace):
    p = Problem(dtype, (2, 2, 4, 5, 3, 3), ("value_mask",), replace=replace)
    p.masks["value_mask"][0] = 0
    out_, w_, *_ = p.twin()
    out, w = p.forward(attn, code)
    check(w, w_, 100 if dtype == np.float64 and not replace else 1)  # 1e9 takes digits from the scores
    check(out, out_, 1e6)
    if replace:
        check(w[0], np.full_like(w[0], 0.2))


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("sizes", [(2, 3, 5, 7, 3, 7), (1, 2, 90, 70, 8, 70)], ids=str)
def test_dropout(attn, dtype, code, sizes):
    p = Problem(dtype, sizes, ("value_mask",), drop=int(0.4 * 2**32), seed=1)
    p.call.seed = 77
    # values of the unit matrix show the weights as they are after dropping
    values = p.v.copy()
    p.v[...] = np.eye(sizes[3], dtype=dtype)[None, :, None]
    shown, w = p.forward(attn, code)
    shown = shown.transpose(0, 2, 1, 3)
    kept = shown != 0
    np.testing.assert_array_equal(shown[kept], w[kept])
    counted = np.broadcast_to(p.masks["value_mask"].astype(bool)[:, None, None], w.shape)
    if w.size > 10000:
        assert kept[counted].mean() == pytest.approx(0.6, abs=0.02)
        assert len({row.tobytes() for row in kept.reshape(-1, sizes[3])}) == kept[..., 0].size  # each row is its own
    p.v[...] = values
    out_, w_, dq_, dk_, dv_, _ = p.twin(kept)
    out, w = p.forward(attn, code)
    dq, dk, dv, _ = p.backward(attn, code)
    for found, wanted in ((out, out_), (w, w_), (dq, dq_), (dk, dk_), (dv, dv_)):
        check(found, wanted, 5)
    p.call.seed = 78
    assert (p.forward(attn, code)[0] != out).any()


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_everything_dropped(attn, dtype, code):
    p = Problem(dtype, (1, 2, 3, 4, 2, 2), drop=0xFFFFFFFF)
    out, _ = p.forward(attn, code)
    dq, dk, dv, _ = p.backward(attn, code, dweights=False)
    for x in (out, dq, dk, dv):
        assert not x.any()


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("sizes", [(3, 4, 65, 50, 16, 16), (1, 1, 600, 310, 32, 32), (1, 2, 300, 400, 8, 8)], ids=str)
@pytest.mark.parametrize("causal", [0, 1])
def test_threads_change_nothing(attn, dtype, code, sizes, causal):
    results = []
    for threads in (1, 2, 3):
        attn.set_threads(threads)
        p = Problem(dtype, sizes, () if causal else ("value_mask",), causal=causal, drop=int(0.1 * 2**32))
        results.append([*p.forward(attn, code), p.stats, *p.backward(attn, code)])
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("causal", [0, 1])
def test_what_is_left_out(attn, dtype, code, causal):
    """Outputs that are not wanted change nothing in the others; dk and dv in one array are summed."""
    p = Problem(dtype, (2, 2, 40, 50, 6, 6), causal=causal)
    out, _ = p.forward(attn, code)
    np.testing.assert_array_equal(p.forward(attn, code, weights=False)[0], out)
    dq, dk, dv, _ = p.backward(attn, code, dweights=False)
    check(dq, p.twin(dweights=False)[2])
    dq2, both, _, _ = p.backward(attn, code, dweights=False, scale=False, shared=True)
    np.testing.assert_array_equal(dq2, dq)
    check(both, dk.astype(np.float64) + dv)
    for wanted, at in ((dq, 0), (dk, 1), (dv, 2)):
        grads = [None, None, None]
        grads[at] = np.full_like(wanted, np.nan)
        attn.attention_gradient(
            code, ctypes.addressof(p.call), p.q, p.k, p.v, p.out, p.stats, p.dout, None, *grads, None
        )  # fmt: skip
        np.testing.assert_array_equal(grads[at], wanted)


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_special_values(attn, dtype, code):
    p = Problem(dtype, (1, 2, 5, 6, 3, 4))
    p.q[0, 1, 0, 2] = np.nan
    p.k[0, :, 1] *= 1e4
    out, w = p.forward(attn, code)
    assert np.isnan(out[0, 1, 0]).all()
    assert np.isnan(out).sum() == 4
    assert np.isfinite(w[0, 1]).all()
    check(out[0, :, 1], p.twin()[0][0, :, 1], 1e4)


@pytest.mark.parametrize("sizes", [(0, 2, 3, 4, 2, 2), (2, 2, 0, 4, 2, 2), (2, 2, 3, 0, 2, 2)], ids=str)
def test_nothing_to_attend_to(attn, sizes):
    p = Problem(np.float32, sizes)
    out, _ = p.forward(attn, 12)
    for x in (out, *p.backward(attn, 12)):
        assert not x.any()


def test_a_large_mean_does_not_spoil_the_gradient(attn):
    """Keys with a mean turn the error of a mean of 1000s into one of 0.003 in a gradient of 0.45."""
    p = Problem(np.float32, (2, 2, 9, 33, 8, 6))
    p.v += 1000
    p.k += 16
    dq_ = p.twin(dweights=False)[2]
    p.forward(attn, 12)
    np.testing.assert_allclose(p.backward(attn, 12, dweights=False)[0], dq_, rtol=0, atol=3e-4)
