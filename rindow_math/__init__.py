"""Arrays and linear algebra with the names of Rindow Math Matrix, on compiled kernels.

``rindow_math.matrix`` holds arrays and arithmetic, ``rindow_math.plot`` pictures,
``rindow_math.exceptions`` the exceptions that both raise.
"""

__version__ = "0.1.0"
