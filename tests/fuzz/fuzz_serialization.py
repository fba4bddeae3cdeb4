"""Feeds damaged saved arrays to the parser: an array or a RuntimeException must come out, soon and in little memory.

Run ``python tests/fuzz/fuzz_serialization.py -n 100000``. The inputs depend on the seed alone. A failure prints the
input, and the exit status is 1.
"""

import argparse
import random
import re
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rindow_math.exceptions import RuntimeException
from rindow_math.matrix.serialization import ITEM_SIZES, ArrayRecord, decode, decode_array, encode

SEEDS = Path(__file__).parent.parent / "matrix" / "data" / "serialized"
CLASS = rb"Rindow\Math\Matrix\NDArrayPhp"
SECONDS = 1.0
# What Python's objects cost for the shortest entries of an input, which take 6 to 8 bytes there.
BYTES_PER_BYTE = 40
BYTES_AT_ALL = 1 << 16

NUMBERS = [0, 1, -1, 2, 3, 7, 64, 65, 255, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63,
           -(1 << 63), (1 << 64) - 1, 1 << 64, 10**18, 10**19, 10**40]  # fmt: skip
TOKENS = [b"NDArray:", b"NDArraySet:", b"a:6:{", b"a:0:{}", b"i:0;", b"i:1;", b"d:0.5;", b"d:NAN;", b"d:INF;",
          b"b:1;", b"N;", b"r:1;", b"r:2;", b"R:2;", b'"', b";", b":", b"{", b"}", b's:1:"', b'";', b"\0", b"1e999",
          b'O:8:"stdClass":0:{}', b'O:29:"' + CLASS + b'":6:{', b'C:29:"' + CLASS + b'":99:{', b"E:7:", b"S:1:",
          b"machine", b"linear-array", b"-", b"+", b"00", b" ", b"\n"]  # fmt: skip


def php(value: Any) -> bytes:
    """PHP's serialize() for test data; a list of pairs is an array, so that keys may repeat."""
    match value:
        case None:
            return b"N;"
        case bool():
            return b"b:%d;" % value
        case int():
            return b"i:%d;" % value
        case float():
            return b"d:" + repr(value).replace("nan", "NAN").replace("inf", "INF").replace("e", "E").encode() + b";"
        case bytes():
            return b's:%d:"%b";' % (len(value), value)
        case list():
            return b"a:%d:{%b}" % (len(value), b"".join(php(k) + php(v) for k, v in value))
        case tuple():
            return value[0]
    raise TypeError(type(value))


def numbered(values: list[Any]) -> list[tuple[Any, Any]]:
    return list(enumerate(values))


def random_state(rng: random.Random) -> list[tuple[bytes, Any]]:
    """The entries of an array: consistent at first."""
    dtype = rng.choice([1, 2, 4, 9, 11, 12, 13, 14, 16, 17])
    shape = [rng.choice([0, 1, 1, 2, 3]) for _ in range(rng.choice([0, 1, 1, 2, 3, 9]))]
    size = 1
    for length in shape:
        size *= length
    size = min(size, 81)
    offset = rng.choice([0, 0, 1, 3])
    count = offset + size + rng.choice([0, 0, 1])
    if rng.random() < 0.6:
        mode, data = rng.choice([b"machine", b"rindow_openblas"]), rng.randbytes(count * ITEM_SIZES[dtype])
    else:
        pick: list[Callable[[], Any]] = [
            lambda: rng.randint(-300, 300),
            lambda: rng.uniform(-1, 1),
            lambda: rng.random() < 0.5,
            lambda: None,
            lambda: rng.choice([float("nan"), float("inf"), -float("inf"), 1e300, 1e-320, 1.7e19]),
        ]
        one = rng.choice(pick)
        mode, data = b"linear-array", numbered([one() for _ in range(count)])
    return [(b"m", mode), (b"s", numbered(shape)), (b"o", offset), (b"t", dtype), (b"z", count), (b"b", data)]


def random_value(rng: random.Random) -> Any:
    return rng.choice(
        [None, True, 1.5, b"", b"machine", [], [(0, 1)], [(1, 1)], rng.choice(NUMBERS), (rng.choice(TOKENS),)]
    )


def bend_state(rng: random.Random, state: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Makes one entry wrong, in well-formed syntax."""
    state = list(state)
    at = rng.randrange(len(state))
    key, value = state[at]
    match rng.randrange(7):
        case 0:
            state[at] = (key, random_value(rng))
        case 1:
            del state[at]
        case 2:
            state.insert(rng.randrange(len(state) + 1), state[at])
        case 3:
            state[at] = (rng.choice([b"x", b"", 0, b"mm", b"m" * 50]), value)
        case 4:
            rng.shuffle(state)
        case 5 if isinstance(value, list) and value:
            value = list(value)
            index = rng.randrange(len(value))
            value[index] = (rng.choice([index, index + 1, -1, b"0"]), random_value(rng))
            state[at] = (key, value)
        case _:
            state[at] = (key, value[:-1] if isinstance(value, (bytes, list)) else value + rng.choice([-1, 1]))
    return state


def random_document(rng: random.Random, depth: int = 0) -> bytes:
    """Well-formed syntax, with meaning bent now and then."""
    kind = rng.random()
    state = random_state(rng)
    if rng.random() < 0.5:
        state = bend_state(rng, state)
    body = php(state)
    if kind < 0.4 or depth > 5:
        return b"NDArray:" + body
    if kind < 0.6:
        keys = rng.choices([0, 1, 2, 3, b"x", b"1", b"-0", b"01", "ü".encode(), b"\xff", -5], k=rng.randrange(4))
        if rng.random() < 0.8:
            keys = list(dict.fromkeys(keys))
        members = [(key, random_document(rng, depth + 1)) for key in keys]
        return b"NDArraySet:" + php(members)
    if kind < 0.65:
        inner = b"NDArraySet:" + php([(0, random_document(rng, depth + 1))])
        for _ in range(rng.choice([1, 10, 60, 70])):
            inner = b"NDArraySet:" + php([(0, inner)])
        return inner
    objects = []
    for index in range(rng.randrange(1, 4)):
        body = php(random_state(rng) if rng.random() < 0.7 else bend_state(rng, random_state(rng)))
        match rng.randrange(5):
            case 0 | 1:
                member = b'O:29:"%b":%b' % (CLASS, body[2:])
            case 2:
                member = b'C:29:"%b":%d:{%b}' % (CLASS, len(body) + rng.choice([0, 0, 0, 1, -1, 1 << 40]), body)
            case 3:
                member = b"r:%d;" % rng.choice([1, 2, 3, 10, 12, 20])
            case _:
                member = b"a:1:{i:0;r:2;}"
        objects.append((index, (member,)))
    return objects[0][1][0] if rng.random() < 0.3 else php(objects)


def mutate(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """One blind change."""
    text = bytearray(data)
    at = rng.randrange(len(text) + 1)
    match rng.randrange(9):
        case 0:
            for _ in range(rng.choice([1, 1, 2, 8])):
                if text:
                    text[rng.randrange(len(text))] ^= 1 << rng.randrange(8)
        case 1:
            del text[at:]
        case 2:
            del text[at : at + rng.choice([1, 2, 5, 20])]
        case 3:
            other = rng.choice(others)
            begin = rng.randrange(len(other) + 1)
            text[at : at + rng.randrange(30)] = other[begin : begin + rng.randrange(60)]
        case 4:
            text[at:at] = rng.choice(TOKENS)
        case 5 | 6:
            numbers = list(re.finditer(rb"-?\d+", text))
            if numbers:
                number = rng.choice(numbers)
                old = int(number[0][:30])
                new = rng.choice([rng.choice(NUMBERS), old + 1, old - 1, old * 2, -old, old << 32])
                text[number.start() : number.end()] = b"%d" % new
        case 7:
            begin = rng.randrange(len(text) + 1)
            text[at:at] = text[begin : begin + rng.randrange(60)]
        case _:
            letters = list(re.finditer(rb"[a-zA-Z](?=[:;])", text))
            if letters:
                text[rng.choice(letters).start()] = rng.choice(b"abdisCONrRSE")
    return bytes(text)


def make_input(rng: random.Random, seeds: list[bytes]) -> bytes:
    data = rng.choice(seeds) if rng.random() < 0.5 else random_document(rng)
    if rng.random() < 0.85:
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            data = mutate(rng, data, seeds)
    return data


def check_tree(tree: Any) -> None:
    """What came out must be sound, and survive a round trip."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            assert all(isinstance(key, (int, str)) for key in node)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
        else:
            assert type(node) is ArrayRecord
            assert node.offset + node.size <= node.count
            assert len(node.data) == node.count * ITEM_SIZES[node.dtype]
            if node.dtype not in (10, 14, 15):
                assert node.array().shape == node.shape
    assert decode(encode(tree)) == tree


def check(data: bytes, measure_memory: bool, limit: float | None = None) -> str:
    """Decodes once and returns what came of it; ``limit``: seconds, where memory is not measured, which takes time."""
    if measure_memory:
        tracemalloc.start()
    begin = time.process_time()
    try:
        tree = decode(data)
        outcome = type(tree).__name__
    except RuntimeException as e:
        tree = None
        outcome = "error"
        assert e.args, "an error without a message"
        assert len(str(e)) < 1000, "an error as long as its input"
    finally:
        seconds = time.process_time() - begin
        if measure_memory:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert measure_memory or limit is None or seconds < limit, f"{seconds:.2f} s"
    if measure_memory:
        assert peak <= BYTES_AT_ALL + BYTES_PER_BYTE * len(data), f"{peak} bytes for an input of {len(data)}"
    if tree is not None:
        check_tree(tree)
        try:
            assert decode_array(data) == tree
        except RuntimeException:
            assert not isinstance(tree, ArrayRecord)
    return outcome


def fuzz(count: int, seed: int, memory_every: int = 20, limit: float | None = None) -> Counter[str]:
    """Checks ``count`` inputs and returns how many came out as what; raises AssertionError with the input."""
    rng = random.Random(seed)
    seeds = [path.read_bytes() for path in sorted(SEEDS.glob("*.bin"))]
    assert seeds, f"no seeds in {SEEDS}"
    outcomes: Counter[str] = Counter()
    for index in range(count):
        data = make_input(rng, seeds)
        try:
            outcomes[check(data, index % memory_every == 0, limit)] += 1
        except Exception as e:
            raise AssertionError(f"input {index} of seed {seed}: {type(e).__name__}: {e}\n{data!r}") from e
    return outcomes


def long_inputs(n: int = 20_000) -> list[bytes]:
    """A set of very many empty ones, whole and cut: no time that grows with the square of their number."""
    data = b"a:%d:{%b}" % (n, b"".join(b"i:%d;a:0:{}" % i for i in range(n)))
    return [data, data[:-1]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=100_000, help="number of inputs")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begin = time.perf_counter()
    try:
        for data in long_inputs():
            check(data, measure_memory=False, limit=SECONDS)
        outcomes = fuzz(arguments.n, arguments.seed, limit=SECONDS)
    except AssertionError as e:
        print(e)
        return 1
    seconds = time.perf_counter() - begin
    print(f"{arguments.n} inputs in {seconds:.1f} s: " + ", ".join(f"{k} {v}" for k, v in outcomes.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
