"""The backend's methods that make, pick and arrange elements."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, check_writable, copy_of, raw
from rindow_nn.backend.rindow_blas.primitives cimport Primitives

cdef const core.rk_api* rk = core.table()


class ArrayMethods:
    """The part of ``Backend`` that moves elements; what it computes with is ``LinearAlgebra``."""

    __slots__ = ()

    # ---- arranging

    def transpose(self, x, perm=None):
        """x with its dimensions reversed, or in the order of perm."""
        return self.localMatrixOperator().transpose(raw(x), perm)

    def batch_transpose(self, x):
        """x with its last two dimensions swapped.

        Raises:
            InvalidArgumentException: x has less than three dimensions.
        """
        cdef NDArrayPhp a = raw(x)
        cdef int[MAX_DIMS] perm
        cdef int i
        if a.nd < 3:
            raise InvalidArgumentException(
                f"The shape of X must be an array of three dimensions. {a.shape()} given"
            )
        for i in range(a.nd):
            perm[i] = i
        perm[a.nd - 2] = a.nd - 1
        perm[a.nd - 1] = a.nd - 2
        return (<Primitives?>self).transpose_array(a, perm)

    def expandDims(self, x, axis):
        """A view of x with a dimension of size 1 put in at an axis."""
        return self.primaryLA().expandDims(x, axis)

    def squeeze(self, x, axis=None):
        """A view of x without its dimensions of size 1, or without the one at an axis."""
        return self.primaryLA().squeeze(x, axis)

    def slice(self, input, begin, size, output=None):
        """A block of an array.

        Args:
            input: an array.
            begin: where the block starts, for each of the first dimensions; negative from the end.
            size: its sizes; -1 is everything from there on.
            output: an array for the block.
        """
        return self.primaryLA().slice(input, begin, size, output)

    def stick(self, input, output, begin, size):
        """Writes a block into ``output``; arguments as in ``slice``."""
        return self.primaryLA().stick(input, output, begin, size)

    def stack(self, inputs, axis=None):
        """Arrays of one shape joined along a new dimension, the first one by default."""
        return self.primaryLA().stack(inputs, axis)

    def concat(self, inputs, axis=None):
        """Arrays joined along a dimension, the last one by default."""
        return self.primaryLA().concat(inputs, axis)

    def split(self, value, sizeSplits, axis=None):
        """An array cut along a dimension, the last one by default, into parts of the given sizes."""
        return self.primaryLA().split(value, sizeSplits, axis)

    def repeat(self, inputs, repeats, axis=None, keepdims=None):
        """An array repeated along a new dimension at an axis, or along that axis itself with keepdims; None: flat."""
        return self.primaryLA().repeat(inputs, repeats, axis, keepdims)

    # ---- picking

    def gather(self, source, indices, axis=None):
        """Elements picked by number.

        Args:
            source: an array.
            indices: an integer array.
            axis: the dimension in which one element is picked for each index; None picks rows.
        """
        return self.primaryLA().gather(source, indices, axis=axis)

    def scatter(self, indices, values, numClass, axis=None, target=None):
        """Values put at numbered places of an array of zeros: ``gather`` the other way round.

        Args:
            indices: an integer array.
            values: what is put there.
            numClass: how many places there are.
            axis: the dimension of the places; None puts rows.
            target: an array for the result.
        """
        return self.primaryLA().scatter(indices, values, numClass, axis=axis, output=target)

    def scatterAdd(self, target, indices, values, axis=None):
        """Adds values at numbered places of ``target``; arguments as in ``scatter``."""
        return self.primaryLA().scatterAdd(indices, values, target, axis=axis)

    def gatherb(self, params, indices, axis=None, batchDims=None, detailDepth=None, indexDepth=None, outputs=None):
        """Elements picked by number within each item of a batch.

        Args:
            params: an array.
            indices: an integer array.
            axis: the dimension in which elements are picked.
            batchDims: how many leading dimensions both arrays share.
            detailDepth: where the dimensions that are copied whole begin in params.
            indexDepth: where they begin in indices.
            outputs: an array for the result.
        """
        return self.primaryLA().gatherb(
            params, indices, axis=axis, batchDims=batchDims, detailDepth=detailDepth, indexDepth=indexDepth,
            outputs=outputs
        )

    def scatterb(self, indices, updates, shape, axis=None, batchDims=None, detailDepth=None, indexDepth=None,
                 outputs=None):
        """Values put at numbered places of an array of zeros of a shape; other arguments as in ``gatherb``."""
        return self.primaryLA().scatterb(
            indices, updates, shape, axis=axis, batchDims=batchDims, detailDepth=detailDepth, indexDepth=indexDepth,
            outputs=outputs
        )

    def scatterbAdd(self, indices, updates, shape, axis=None, batchDims=None, detailDepth=None, indexDepth=None,
                    outputs=None):
        """Values added at numbered places of ``outputs``; other arguments as in ``scatterb``."""
        return self.primaryLA().scatterbAdd(
            indices, updates, shape, axis=axis, batchDims=batchDims, detailDepth=detailDepth, indexDepth=indexDepth,
            outputs=outputs
        )

    def oneHot(self, indices, numClass):
        """Rows of ``numClass`` zeros with a 1 at the place of each index.

        Raises:
            InvalidArgumentException: the indices are not one-dimensional, not integers or out of range.
        """
        cdef NDArrayPhp x = raw(indices)
        if x.nd != 1:
            raise InvalidArgumentException(f"indices must be 1-D NDarray: shape {x.shape()} given")
        return self.primaryLA().onehot(x, numClass)

    # ---- masks and bands

    def masking(self, mask, a, fill=None, mode=None, batchDims=None, axis=None):
        """A copy of a, filled where a mask is false.

        Args:
            mask: an array of bools.
            a: an array that has the mask's dimensions, and others between and behind them.
            fill: what is written, or added; 0 by default.
            mode: 0 writes (default), 1 adds.
            batchDims: how many leading dimensions the two arrays share; 0 by default.
            axis: where the mask's other dimensions begin in a; behind the shared ones by default.
        """
        return self.primaryLA().masking(
            mask, copy_of(raw(a)), fill=fill, mode=mode, batchDims=batchDims, axis=axis
        )

    def update_masking(self, a, mask, fill=None, mode=None, batchDims=None, axis=None):
        """Fills a where a mask is false; arguments as in ``masking``."""
        return self.primaryLA().masking(mask, a, fill=fill, mode=mode, batchDims=batchDims, axis=axis)

    def bandpart(self, x, lower, upper):
        """A copy of x with zeros outside a band around the diagonal of its last two dimensions.

        Args:
            x: an array of two dimensions or more.
            lower: how many diagonals below the main one are kept; negative: all.
            upper: how many above it.
        """
        return (<Primitives?>self).band(raw(x), lower, upper)

    def update_bandpart(self, x, lower, upper):
        """Writes zeros outside a band of x; arguments as in ``bandpart``."""
        cdef NDArrayPhp a = raw(x)
        cdef Py_ssize_t low = lower
        cdef Py_ssize_t high = upper
        check_writable(a)
        if a.nd < 2:
            raise InvalidArgumentException(f"bandpart needs two dimensions or more: shape {a.shape()} given")
        if a.n:
            with nogil:
                rk.bandpart(
                    item_size(a.dt), a.n // (a.dims[a.nd - 2] * a.dims[a.nd - 1]), a.dims[a.nd - 2],
                    a.dims[a.nd - 1], a.ptr, low, high
                )
        return x

    # ---- making

    def range(self, limit, start=None, delta=None, dtype=None):
        """The numbers start (0 by default), start + delta, ... below limit."""
        return self.primaryLA().range(limit=limit, start=start, delta=delta, dtype=dtype)

    def rand(self, shape):
        """Uniform numbers from 0 to 1."""
        return self.randomUniformVariables(shape, 0.0, 1.0)

    def randomSequence(self, base, size=None, seed=None):
        """``size`` different numbers (all by default) out of 0 ... base - 1, in random order."""
        return self.primaryLA().randomSequence(base, size, seed)

    def randomUniformVariables(self, shape, low, high, dtype=None, seed=None, x=None):
        """Uniform numbers.

        Args:
            shape: shape of the array.
            low, high: the range; of integers both ends are included.
            dtype: element type; float32 by default.
            seed: gives the same numbers every time.
            x: an array of this shape to fill.
        """
        return self.primaryLA().randomUniform(shape, low, high, dtype, seed, x)

    def randomNormalVariables(self, shape, mean, scale, dtype=None, seed=None, x=None):
        """Normal numbers of a mean and a standard deviation; other arguments as in ``randomUniformVariables``."""
        return self.primaryLA().randomNormal(shape, mean, scale, dtype, seed, x)
