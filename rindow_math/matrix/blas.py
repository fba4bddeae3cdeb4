"""Constants of the BLAS interface."""

__all__ = ["BLAS"]


class BLAS:
    """The constants with which BLAS routines are told how a matrix lies in memory and what is done to it.

    The values are those of CBLAS.

    Example:
        >>> BLAS.RowMajor, BLAS.Trans
        (101, 112)

    PHP: ``Interop\\Polite\\Math\\Matrix\\BLAS``.
    """

    RowMajor = 101
    ColMajor = 102
    NoTrans = 111
    Trans = 112
    ConjTrans = 113
    ConjNoTrans = 114
    Upper = 121
    Lower = 122
    NonUnit = 131
    Unit = 132
    Left = 141
    Right = 142
