"""ClassifiedDirectoryDataset, TextClassifiedDataset, ImageClassifiedDataset on small folders."""

import numpy as np
import pytest
from PIL import Image

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException, UnexpectedValueException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.data.dataset import ClassifiedDirectoryDataset
from rindow_nn.data.image import ImageClassifiedDataset
from rindow_nn.data.image.image_classified_dataset import _resampled
from rindow_nn.data.sequence import TextClassifiedDataset, Tokenizer

mo = MatrixOperator()
nn = NeuralNetworks(mo)
TEXTS = {
    "neg/x/0.txt": "Bad film.",
    "neg/1.txt": "Very bad.",
    "pos/a.txt": "Good film!",
    "pos/b.txt": "Very very good.",
    "pos/c.txt": "Good.",
}


@pytest.fixture
def texts(tmp_path):
    for name, text in TEXTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "readme.txt").write_text("of no class")
    (tmp_path / "pos" / "picture.bin").write_bytes(b"\xff")
    return tmp_path


PATTERN = r"@.*\.txt@"


def test_texts_and_classes(texts):
    data = ClassifiedDirectoryDataset(mo, texts, pattern=PATTERN, batch_size=2)
    for _ in range(2):
        batches = list(data)
        assert [len(inputs) for inputs, tests in batches] == [2, 2, 1]
        pairs = [pair for inputs, tests in batches for pair in zip(inputs, tests)]
        assert pairs == [(TEXTS[n], n[:3]) for n in sorted(TEXTS)]
        assert (len(data), data.datasetSize()) == (3, 5)


def test_single_files(texts):
    data = nn.data.ClassifiedDirectoryDataset(texts, pattern=PATTERN, batch_size=0)
    assert list(data) == [(TEXTS[n], n[:3]) for n in sorted(TEXTS)]
    assert (len(data), data.datasetSize()) == (0, 5)
    assert list(ClassifiedDirectoryDataset(mo, texts, PATTERN, 0, unclassified=True)) == [
        TEXTS[n] for n in sorted(TEXTS)
    ]


def test_options(texts):
    def contents(**options):
        return [
            x for batch in ClassifiedDirectoryDataset(mo, texts, PATTERN, unclassified=True, **options) for x in batch
        ]

    assert contents(restricted_by_class=["pos"]) == [TEXTS[n] for n in sorted(TEXTS) if n < "q" and n > "o"]
    assert len(contents(limit=2)) == 2
    orders = {tuple(contents(shuffle=True)) for _ in range(20)}
    assert len(orders) > 1
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(TEXTS.values()))}


def test_filter_gets_file_names(texts):
    seen = []

    def filter(inputs, tests, paths):
        seen.extend(paths)
        return len(inputs), tests

    batches = list(ClassifiedDirectoryDataset(mo, texts, PATTERN, 3, filter=filter))
    assert [n for n, _ in batches] == [3, 2]
    assert seen == [str(texts / n) for n in sorted(TEXTS)]


def test_errors_name_the_file(texts, tmp_path_factory):
    with pytest.raises(LogicException, match=r"no folder in .* for the classes maybe; there are: neg, pos"):
        list(ClassifiedDirectoryDataset(mo, texts, restricted_by_class=["pos", "maybe"]))
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(LogicException, match="no file in a folder of a class in"):
        list(ClassifiedDirectoryDataset(mo, empty))
    with pytest.raises(LogicException, match="directory not found"):
        list(ClassifiedDirectoryDataset(mo, empty / "none"))
    with pytest.raises(UnexpectedValueException, match=r"picture\.bin, line 1: not in UTF-8"):
        list(ClassifiedDirectoryDataset(mo, texts))
    with pytest.raises(ZeroDivisionError) as e:
        list(ClassifiedDirectoryDataset(mo, texts, PATTERN, filter=lambda inputs, tests: 1 / 0))
    assert "1.txt to" in e.value.__notes__[0]
    with pytest.raises(InvalidArgumentException, match="batch_size must be 0 or more"):
        ClassifiedDirectoryDataset(mo, texts, batch_size=-1)


# ---------------------------------------------------------------- texts as numbers


def test_text_batches(texts):
    data = nn.data.TextClassifiedDataset(texts, pattern=PATTERN, batch_size=2)
    assert data.fitOnTexts() is None
    assert data.datasetSize() == 5
    assert data.getTokenizer().getWords() == {1: "very", 2: "good", 3: "bad", 4: "film"}
    batches = list(data)
    assert [x.shape() for x, t in batches] == [[2, 2], [2, 3], [1, 1]]
    assert [t.toArray() for x, t in batches] == [[0, 0], [1, 1], [1]]
    assert batches[0][0].dtype() == batches[0][1].dtype() == NDArray.int32
    assert data.classnames() == ["neg", "pos"]
    assert data.getLabels() == {"neg": 0, "pos": 1}


def test_load_texts(texts):
    data = nn.data.TextClassifiedDataset(texts, pattern=PATTERN, verbose=0)
    inputs, tests = data.loadData()
    words = data.getTokenizer().sequencesToTexts(inputs)
    names = [data.classnames()[t] for t in tests]
    assert list(zip(words, names)) == [
        ("very bad", "neg"), ("bad film", "neg"), ("good film", "pos"), ("very very good", "pos"), ("good", "pos"),
    ]  # fmt: skip
    assert inputs.toArray()[4] == [2, 0, 0]
    again = TextClassifiedDataset(
        mo, texts, pattern=PATTERN, tokenizer=data.getTokenizer(), classnames=["pos", "neg"], maxlen=2
    )
    inputs2, tests2 = again.loadData()
    assert inputs2.toArray() == [row[:2] for row in inputs.toArray()]
    assert tests2.toArray() == [1, 1, 0, 0, 0]
    assert data.getTokenizer().documentCount() == 5


def test_text_progress(texts, capsys):
    TextClassifiedDataset(mo, texts, pattern=PATTERN, verbose=1).loadData()
    said = capsys.readouterr().err
    assert "Total=5" in said and "5/5 [" in said and "Fitting" in said
    assert said.endswith("Generating sequences ... Done.\nFormatting sequences ... Done.\n")


def test_text_options(texts):
    with pytest.raises(TypeError, match="nonsense"):
        TextClassifiedDataset(mo, texts, nonsense=1)
    tokenizer = Tokenizer(mo)
    assert TextClassifiedDataset(mo, texts, tokenizer=tokenizer).getTokenizer() is tokenizer
    assert TextClassifiedDataset(mo, texts).getPreprocessor().padSequences([[1]]).shape() == [1, 1]


# ---------------------------------------------------------------- images


def save(path, pixels, mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels, mode).save(path, **options)


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(0)
    made = {}
    for name in ("a/1.png", "a/2.bmp", "b/1.png"):
        made[name] = rng.integers(0, 256, (32, 32, 3), np.uint8)
        save(tmp_path / name, made[name])
    return tmp_path, made


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_images(images):
    folder, made = images
    data = nn.data.ImageClassifiedDataset(folder, batch_size=2)
    batches = list(data)
    assert [(x.shape(), x.dtype()) for x, t in batches] == [
        ([2, 32, 32, 3], NDArray.uint8),
        ([1, 32, 32, 3], NDArray.uint8),
    ]
    assert [t.toArray() for x, t in batches] == [[0, 0], [1]]
    assert batches[0][1].dtype() == NDArray.int32
    assert data.classnames() == ["a", "b"]
    loaded, labels = ImageClassifiedDataset(mo, folder, classnames=["b", "a"], dtype=NDArray.float32).loadData()
    np.testing.assert_array_equal(np.asarray(loaded), np.stack([made[n] for n in sorted(made)]))
    assert labels.toArray() == [1, 1, 0]
    singles = list(ImageClassifiedDataset(mo, folder, batch_size=0))
    assert [label for _, label in singles] == ["a", "a", "b"]


def load_one(path, pixels, mode="RGB", **options):
    save(path / "c" / "i.png", pixels, mode)
    ((x, _),) = ImageClassifiedDataset(mo, path, **options)
    return np.asarray(x)[0]


pytestmark = pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")


def test_image_sizes(tmp_path):
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    wide = load_one(tmp_path, pixels, height=2, width=2)  # 2x3 pixels each; bands above and below are too thin
    assert wide.shape == (2, 2, 3)
    cut = load_one(tmp_path, pixels, height=2, width=2, fit=False)
    np.testing.assert_array_equal(cut, pixels[1:3, 2:4])
    framed = load_one(tmp_path, pixels, height=6, width=6, fit=False)
    np.testing.assert_array_equal(framed[1:5], pixels)
    assert not framed[[0, 5]].any()
    banded = load_one(tmp_path, pixels, height=6, width=6)
    np.testing.assert_array_equal(banded[1:5], pixels)
    assert not banded[[0, 5]].any()
    tall = load_one(tmp_path, pixels.transpose(1, 0, 2).copy(), height=12, width=12)
    assert tall[:, 2:10].any(axis=(0, 2)).all() and not tall[:, [0, 1, 10, 11]].any()


def test_resampling_takes_means_of_areas():
    pixels = np.array([[0, 100, 200, 50]], np.uint8)[:, :, None]
    np.testing.assert_array_equal(_resampled(pixels, 1, 2)[0, :, 0], [50, 125])
    np.testing.assert_array_equal(_resampled(pixels, 1, 8)[0, :, 0], [0, 0, 100, 100, 200, 200, 50, 50])
    np.testing.assert_array_equal(_resampled(pixels, 1, 3)[0, :, 0], [25, 150, 88])  # shares of 1/4 and 3/4


def test_image_modes(tmp_path):
    grey = np.full((32, 32), 90, np.uint8)
    np.testing.assert_array_equal(load_one(tmp_path, grey, "L"), np.full((32, 32, 3), 90))
    np.testing.assert_array_equal(load_one(tmp_path, grey, "L", channels=1), np.full((32, 32, 1), 90))
    clear = np.full((32, 32, 4), 100, np.uint8)
    clear[..., 3] = 0
    assert not load_one(tmp_path, clear, "RGBA").any()
    np.testing.assert_array_equal(load_one(tmp_path, clear, "RGBA", channels=4), clear)


def test_image_errors(tmp_path):
    (tmp_path / "c").mkdir()
    path = tmp_path / "c" / "i.png"
    path.write_bytes(b"nothing")
    with pytest.raises(RuntimeException, match=rf"cannot read the image {path}"):
        list(ImageClassifiedDataset(mo, tmp_path))
    save(path, np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(RuntimeException, match=rf"cannot read the image {path}"):
        list(ImageClassifiedDataset(mo, tmp_path))
    path.rename(tmp_path / "c" / "i.txt")
    with pytest.raises(RuntimeException, match=r"unknown file-extension :txt .*i\.txt"):
        list(ImageClassifiedDataset(mo, tmp_path))
    with pytest.raises(InvalidArgumentException, match="channels 1, 3 or 4"):
        ImageClassifiedDataset(mo, tmp_path, channels=2)
