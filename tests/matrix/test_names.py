"""Names in any case, with suggestions."""

import pytest

from rindow_math.exceptions import LogicException
from rindow_math.matrix.linearalgebra.common import AnyCase
from rindow_math.matrix.names import UnknownNameError, nearest, resolve


class Names:
    def __init__(self):
        self.Extra = 5

    def SoftmaxLoss(self):
        return "softmax"

    def adam(self):
        return "adam"

    def _hidden(self):
        return None


class WithGetattr(Names):
    def __getattr__(self, name):
        return resolve(self, name)


class WithAnyCase(AnyCase, Names):
    pass


@pytest.fixture(params=[WithGetattr, WithAnyCase], ids=["__getattr__", "AnyCase"])
def Factory(request):
    return request.param


def test_any_case(Factory):
    f = Factory()
    assert f.softmaxloss() == f.SOFTMAXLOSS() == f.SoftmaxLoss() == "softmax"
    assert f.Adam() == "adam"
    assert f.extra == 5


def test_names_added_later(Factory):
    f = Factory()
    with pytest.raises(UnknownNameError):
        f.momentum  # noqa: B018
    f.Momentum = 1
    assert f.momentum == 1
    try:
        Factory.NESTEROV = 2
        assert f.nesterov == 2
    finally:
        del Factory.NESTEROV


def test_unknown_names(Factory):
    f = Factory()
    with pytest.raises(AttributeError, match=rf"{Factory.__name__} has no 'softmaxlos'; did you mean SoftmaxLoss\?"):
        f.softmaxlos  # noqa: B018
    with pytest.raises(LogicException, match=rf"{Factory.__name__} has no 'zzz'$"):
        f.zzz  # noqa: B018
    assert getattr(f, "zzz", None) is None


@pytest.mark.parametrize("name", ["__array__", "_HIDDEN", "__len__"])
def test_names_with_underscores_are_exact(Factory, name):
    assert not hasattr(Factory(), name)


def test_an_error_inside_a_property_is_not_hidden_by_a_recursion(Factory):
    class Broken(Factory):
        @property
        def Value(self):
            raise AttributeError("inner")

    with pytest.raises(AttributeError, match="Value"):
        Broken().Value  # noqa: B018


def test_own_attributes_come_before_methods(Factory):
    f, other = Factory(), Factory()
    f.adam = lambda: "own"
    assert (f.adam(), other.adam(), type(f).adam(f)) == ("own", "adam", "adam")
    del f.adam
    assert f.adam() == "adam"


def test_methods_changed_later(Factory, monkeypatch):
    f = Factory()
    assert f.adam() == "adam"
    monkeypatch.setattr(Factory, "adam", lambda self: "changed")
    assert f.adam() == "changed"


def test_nearest():
    assert nearest("relu", ["ReLU", "Sigmoid"]) == "; did you mean ReLU?"
    assert nearest("xyz", ["ReLU", "Sigmoid"]) == ""
