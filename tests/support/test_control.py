"""with_, and calling user code with no more arguments than it takes."""

import functools

import pytest

from rindow_nn.builder import NeuralNetworks
from rindow_nn.support.calling import call_with, parameter_names, positional_limit
from rindow_nn.support.control import Context, Execute

nn = NeuralNetworks()


class Log(Context):
    def __init__(self, swallow=False):
        self.events = []
        self.swallow = swallow

    def enter(self):
        self.events.append("enter")

    def exit(self, e=None):
        self.events.append(e if e is None else type(e))
        return self.swallow


@pytest.mark.parametrize("with_", [nn.with_, Execute.with_], ids=["builder", "Execute"])
class TestWith:
    def test_arity(self, with_):
        ctx = Log()
        assert with_(ctx, lambda: "none") == "none"
        assert with_(ctx, lambda c: c) is ctx
        assert with_(ctx, lambda c, a: (c, a), [1]) == (ctx, 1)
        assert with_(ctx, lambda c: c, [1, 2]) is ctx
        assert with_(ctx, lambda *all_: all_, [1, 2]) == (ctx, 1, 2)
        assert with_(ctx, lambda a, b: (a, b), [1, 2], without_ctx=True) == (1, 2)
        assert with_(ctx, lambda a: a, args=(1, 2), without_ctx=True) == 1
        assert with_(ctx, lambda: "none", without_ctx=True) == "none"
        assert ctx.events == ["enter", None] * 8

    def test_no_function(self, with_):
        ctx = Log()
        assert with_(ctx) is None
        assert ctx.events == ["enter", None]

    def test_exceptions_go_on(self, with_):
        ctx = Log()
        with pytest.raises(ZeroDivisionError):
            with_(ctx, lambda: 1 // 0)
        assert ctx.events == ["enter", ZeroDivisionError]

    def test_exceptions_that_the_context_deals_with(self, with_):
        ctx = Log(swallow=True)
        assert with_(ctx, lambda: 1 // 0) is None
        assert ctx.events == ["enter", ZeroDivisionError]
        assert with_(ctx, lambda: 5) == 5

    def test_an_exception_on_entering(self, with_):
        class Closed(Log):
            def enter(self):
                raise PermissionError

        ctx = Closed()
        with pytest.raises(PermissionError):
            with_(ctx, lambda: 5)
        assert ctx.events == []


def test_a_context_must_be_written():
    with pytest.raises(TypeError, match="abstract"):
        Context()


class Functions:
    def none(self):
        pass

    def two(self, a, b=None):
        pass

    @classmethod
    def one(cls, a):
        pass

    @staticmethod
    def three(a, b, c):
        pass

    def __call__(self, a):
        pass


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **options):
        return function(*args, **options)

    return wrapper


@pytest.mark.parametrize(
    ("function", "limit"),
    [
        (lambda: 0, 0),
        (lambda a, b=1: 0, 2),
        (lambda a, *, training: 0, 1),
        (lambda a, **options: 0, 1),
        (lambda *a: 0, None),
        (Functions().none, 0),
        (Functions().two, 2),
        (Functions.one, 1),
        (Functions.three, 3),
        (Functions(), 1),
        (functools.partial(lambda a, b, c: 0, 1), 2),
        (logged(lambda a: 0), 1),
        (Functions, 0),
        (nn.gradient.square, 2),
        (print, None),
        (max, None),
    ],
)
def test_how_many_arguments(function, limit):
    assert positional_limit(function) == limit


def test_call_with():
    assert call_with(logged(lambda a: a), (1, 2)) == 1
    assert call_with(lambda a, b, c=3: (a, b, c), (1, 2)) == (1, 2, 3)
    assert call_with(lambda *a: a, (1, 2)) == (1, 2)


def test_names_of_parameters():
    assert parameter_names(lambda a, *b, training, **c: 0) == {"a", "training"}
    assert parameter_names(5) == frozenset()


@pytest.mark.parametrize("with_", [nn.with_, Execute.with_], ids=["builder", "Execute"])
def test_arguments_by_name(with_):
    def code(ctx, a, b, c=0, d=0):
        return a, b, c, d

    assert with_(Log(), code, args={0: 1, 1: 2, "d": 4, "c": 3}) == (1, 2, 3, 4)
    assert with_(Log(), lambda a, c: (a, c), args={0: 1, "c": 3}, without_ctx=True) == (1, 3)
