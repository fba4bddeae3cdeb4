"""Tokenizer, Preprocessor, TextFilter, and the format that tokenizers are saved in."""

import pytest

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.data.sequence import Preprocessor, TextFilter, Tokenizer
from rindow_nn.support.phpvalues import phpSerialize, phpUnserialize

mo = MatrixOperator()
TEXTS = ["One two, two.\n", "Three two one!", "four"]


def fitted(*args, **options):
    tokenizer = Tokenizer(mo, *args, **options)
    tokenizer.fitOnTexts(TEXTS)
    return tokenizer


def test_words_and_numbers():
    t = fitted()
    assert t.wordCounts() == {"two": 3, "one": 2, "three": 1, "four": 1}
    assert t.getWords() == {1: "two", 2: "one", 3: "three", 4: "four"}
    assert (t.numWords(), t.documentCount()) == (5, 3)
    assert t.wordToIndex("one") == 2 and t.indexToWord(2) == "one"
    sequences = t.textsToSequences(["four two six", ""])
    assert sequences == [[4, 1], []]
    assert sequences.getArrayCopy() == [[4, 1], []]
    assert sequences.count() == 2
    assert t.sequencesToTexts([[2, 0, 1], [9]]) == ["one two", ""]
    assert t.sequencesToTexts(mo.array([[1, 2]], NDArray.int32)) == ["two one"]


def test_fitting_again_goes_on_counting():
    t = fitted()
    t.fitOnTexts(["four four four four"])
    assert t.getWords()[1] == "four"
    assert t.documentCount() == 4


@pytest.mark.parametrize(
    ("options", "text", "words"),
    [
        ({}, "A-b\tC  d", ["a", "b", "c", "d"]),
        ({"lower": False}, "A b", ["A", "b"]),
        ({"filters": "\n"}, "a.b, c\n", ["a.b,", "c"]),
        ({"specials": "?."}, "is it? yes.", ["is", "it", "?", "yes", "."]),
        ({"split": "_", "filters": "-"}, "a b_c-d", ["a b", "c", "d"]),
        ({"analyzer": list}, "aB", ["a", "B"]),
        ({}, "0 and 00", ["0", "and", "00"]),
        ({}, "ÄRGER über\u3000alles", ["ärger", "über\u3000alles"]),
    ],
)
def test_cutting(options, text, words):
    t = Tokenizer(mo, **options)
    t.fitOnTexts([text])
    assert list(t.wordCounts()) == words


def test_few_words():
    t = fitted(num_words=3)
    assert (t.numWords(), t.numWords(True)) == (3, 5)
    assert t.textsToSequences(["one two three four"]) == [[2, 1]]
    assert t.sequencesToTexts([[1, 2, 3, 4]]) == ["two one"]


def test_zero_words_is_no_limit():
    t = fitted(num_words=0)
    assert t.textsToSequences(["one two four"]) == [[2, 1, 4]]
    assert t.sequencesToTexts([[1, 2]]) == ["two one"]


def test_a_word_for_the_unknown():
    t = fitted(oov_token="<?>", num_words=3)
    assert t.getWords() == {1: "<?>", 2: "two", 3: "one", 4: "three", 5: "four"}
    assert t.textsToSequences(["two one six"]) == [[2, 1, 1]]
    assert t.sequencesToTexts([[2, 5, 77]]) == ["two <?> <?>"]


def test_refuses():
    t = fitted()
    for call in (lambda: t.wordToIndex("six"), lambda: t.indexToWord(0)):
        with pytest.raises(InvalidArgumentException, match="No matching word found"):
            call()
    with pytest.raises(InvalidArgumentException, match=r"sequences must be list of sequence\. int given"):
        t.sequencesToTexts([1])
    for value, name in ((1.5, "double"), ("1", "string"), (None, "NULL")):
        with pytest.raises(InvalidArgumentException, match=f'sequence includes "{name}". it must be numeric'):
            t.sequencesToTexts([[value]])
    with pytest.raises(InvalidArgumentException, match="a text must be a string: int given"):
        t.fitOnTexts([1])
    with pytest.raises(InvalidArgumentException, match="split must not be empty"):
        Tokenizer(mo, split="")


# ---------------------------------------------------------------- saving


def test_save_is_the_originals_format():
    t = Tokenizer(mo)
    t.fitOnTexts(["é 12"])
    assert (
        t.save()
        == (
            'a:4:{i:0;i:1;i:1;a:2:{s:2:"é";i:1;i:12;i:1;}i:2;a:2:{s:2:"é";i:1;i:12;i:2;}'
            'i:3;a:2:{i:1;s:2:"é";i:2;i:12;}}'
        ).encode()
    )


def test_load():
    saved = fitted(oov_token="<?>").save()
    t = Tokenizer(mo, oov_token="<?>")
    t.load(saved)
    assert t.save() == saved
    assert t.textsToSequences(["two six"]) == [[2, 1]]
    # as PHP writes a word of digits: an integer both as key and as value
    t = Tokenizer(mo)
    t.load(b"a:4:{i:0;i:1;i:1;a:1:{i:12;i:1;}i:2;a:1:{i:12;i:1;}i:3;a:1:{i:1;i:12;}}")
    assert t.textsToSequences(["12"]) == [[1]]


GOOD = b"a:4:{i:0;i:1;i:1;a:1:{i:12;i:1;}i:2;a:1:{i:12;i:1;}i:3;a:1:{i:1;i:12;}}"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"N;", b"i:1;", b"a:0:{}", b"O:8:\"stdClass\":0:{}", GOOD[:-1], GOOD + b"x",
        GOOD.replace(b"i:0;i:1;", b"i:0;N;"), GOOD.replace(b"i:3;a:1:{i:1;i:12;}", b"i:3;a:1:{i:1;i:13;}"),
        GOOD.replace(b"i:1;a:1:{i:12;i:1;}", b"i:1;a:1:{i:12;s:1:\"1\";}"),
    ],
)  # fmt: skip
def test_load_refuses_and_changes_nothing(data):
    t = fitted()
    before = t.save()
    with pytest.raises(RuntimeException):
        t.load(data)
    assert t.save() == before


@pytest.mark.parametrize(
    "value", [None, True, False, 0, -12, 1.5, -0.1, float("inf"), "", "äö", {}, {0: "a", "b": {1: None}}]
)
def test_php_values(value):
    assert phpUnserialize(phpSerialize(value)) == value


@pytest.mark.parametrize(
    ("data", "value"), [(b"d:1.0E+25;", 1e25), (b"d:3;", 3.0), (b"b:1;", True), (b'a:1:{s:1:"x";a:0:{}}', {"x": {}})]
)
def test_php_unserialize(data, value):
    assert phpUnserialize(data) == value


@pytest.mark.parametrize(
    "data",
    [b"i:1", b"i:x;", b"s:5:\"ab\";", b"s:-1:\"\";", b"a:1:{}", b"a:1000000000:{}", b"a:1:{N;N;}", b"C:1:\"A\":0:{}",
     b"a:1:{i:0;" * 40 + b"N;" + b"}" * 40, b"r:1;"],
)  # fmt: skip
def test_php_unserialize_refuses(data):
    with pytest.raises(RuntimeException, match="expected at byte"):
        phpUnserialize(data)


def test_php_serialize_refuses():
    for value in (object(), {1.5: 1}, b"x"):
        with pytest.raises(InvalidArgumentException):
            phpSerialize(value)


# ---------------------------------------------------------------- sequences of one length


ROWS = [[1, 2, 3], [4], [5, 6]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 2, 3], [0, 0, 4], [0, 5, 6]]),
        ({"padding": "post"}, [[1, 2, 3], [4, 0, 0], [5, 6, 0]]),
        ({"maxlen": 2}, [[2, 3], [0, 4], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[1, 2], [0, 4], [5, 6]]),
        ({"maxlen": 9}, [[1, 2, 3], [0, 0, 4], [0, 5, 6]]),
        ({"value": 0.5, "dtype": NDArray.float32}, [[1, 2, 3], [0.5, 0.5, 4], [0.5, 5, 6]]),
    ],
)
def test_padding(options, expected):
    array = Preprocessor(mo).padSequences(ROWS, **options)
    assert array.toArray() == expected
    assert array.dtype() == options.get("dtype", NDArray.int32)


def test_padding_takes_arrays_and_refuses_the_rest():
    assert Preprocessor(mo).padSequences([mo.array([1, 2], NDArray.int32), (3,)]).toArray() == [[1, 2], [0, 3]]
    for sequences in ([1, 2], ["ab"]):
        with pytest.raises(InvalidArgumentException, match="sequences must be list of iterable: sequence 0"):
            Preprocessor(mo).padSequences(sequences)
    with pytest.raises(InvalidArgumentException, match="padding must be"):
        Preprocessor(mo).padSequences(ROWS, padding="middle")
    with pytest.raises(InvalidArgumentException, match="trancating must be"):
        Preprocessor(mo).padSequences(ROWS, truncating="middle")
    for rows in ([[1], ["a"]], [[1], [[2, 3], 4]], [[1], [None]], [[1], [2**40]]):
        with pytest.raises(InvalidArgumentException, match="sequence 1 does not fit an array of int32"):
            Preprocessor(mo).padSequences(rows)


def test_text_filter():
    f = TextFilter(mo, classnames=["a"], num_words=10, dtype=NDArray.int64, padding="pre", value=7)
    f.getTokenizer().fitOnTexts(["x y y"])
    inputs, tests = f.translate(["x y", "y"], ["b", "a"])
    assert inputs.toArray() == [[2, 1], [7, 1]] and tests.toArray() == [1, 0]
    assert inputs.dtype() == tests.dtype() == NDArray.int64
    assert f.classnames() == ["a", "b"] and f.labels() == {"a": 0, "b": 1}
    assert f.classnameToIndex("b") == 1 and f.classnameToIndex("c") is None
    assert f.indexToClassname(1) == "b" and f.indexToClassname(5) is None
    f.setLabels({"z": 4})
    assert f.translate(["x"], ["new"])[1].toArray() == [5]
    with pytest.raises(InvalidArgumentException, match="Tests must be specified"):
        f.translate(["x"])
