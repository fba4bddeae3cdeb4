"""The examples in docs/ and in the README run and print what is written."""

import doctest
import pathlib
import re

import pytest

from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.data.sequence import Tokenizer
from rindow_nn.models import AbstractModel

DOCS = pathlib.Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
PROGRAMS = [
    pytest.param(program, id=f"{page.name}-{i}")
    for page in [*PAGES, DOCS.parent / "README.md"]
    for i, program in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M))
    if ">>>" not in program
]


@pytest.mark.parametrize("page", [p.name for p in PAGES])
def test_examples(page):
    result = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program, tmp_path, monkeypatch):
    """Programs without prompts, with what the text around them takes for granted."""
    monkeypatch.chdir(tmp_path)
    mo = MatrixOperator()
    nn = NeuralNetworks(mo)
    x, t = mo.zeros([8, 784]), mo.zeros([8], NDArray.int32)
    model = nn.models.Sequential([nn.layers.Dense(10, input_shape=[784], activation="softmax")])
    model.compile(optimizer="adam")
    model.fit(x, t, verbose=0)
    model.save("digits.model")
    dataset = nn.data.NDArrayDataset(x, tests=t)
    tokenizer = Tokenizer(mo)
    tokenizer.fitOnTexts(["a film"])
    names = {
        "MatrixOperator": MatrixOperator,
        "NeuralNetworks": NeuralNetworks,
        "AbstractModel": AbstractModel,
        "mo": mo,
        "nn": nn,
        "model": model,
        "x": x,
        "t": t,
        "dataset": dataset,
        "val_dataset": dataset,
        "epochs": 1,
        "tokenizer": tokenizer,
        "inputlen": 4,
        "train_img": mo.zeros([8, 6, 6, 1]),
        "train_label": t,
        "input_dic": "0123+ ",
        "target_dic": "0123 ",
        "input_length": 5,
        "output_length": 3,
        "WORD_VECTOR": 4,
        "UNITS": 4,
        "REVERSE": True,
    }
    exec(compile(program, "program", "exec"), names)
