"""What the two translation samples have in common: sentence pairs, loss and accuracy that leave the padding out."""

import os
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

import offline

from rindow_math.matrix import NDArray
from rindow_nn.data.sequence import Preprocessor, Tokenizer


class EngFraDataset:
    """Sentences in French and their English translations, as numbers of words.

    The pairs of manythings.org/anki are downloaded; where they are not to be had, the samples' own pairs are taken.
    """

    baseUrl = "http://www.manythings.org/anki/"
    downloadFile = "fra-eng.zip"

    def __init__(self, mo, download=True):
        self.mo = mo
        self.wanted = download
        root = os.environ.get("RINDOW_NEURALNETWORKS_DATASETS") or Path(tempfile.gettempdir(), "rindow/nn/datasets")
        self.datasetDir = Path(root, "fra-eng")
        self.datasetDir.mkdir(parents=True, exist_ok=True)
        self.preprocessor = Preprocessor(mo)

    def download(self, filename):
        """The path of the file of pairs."""
        path = self.datasetDir / "fra.txt"
        if path.exists():
            return path
        archive = self.datasetDir / filename
        if not archive.exists():
            self.console(f"Downloading {filename} ... ")
            request = urllib.request.Request(self.baseUrl + filename, headers={"User-Agent": "rindow-nn"})
            part = archive.with_suffix(".part")
            with urllib.request.urlopen(request, timeout=20) as source:
                part.write_bytes(source.read())
            part.rename(archive)
            self.console("Done\n")
        self.console(f"Extract to:{self.datasetDir}\n")
        with zipfile.ZipFile(archive) as packed:
            packed.extract("fra.txt", self.datasetDir)
        self.console("Done\n")
        return path

    def preprocessSentence(self, sentence):
        return f"<start> {sentence} <end>"

    def createDataset(self, path, numExamples):
        lines = Path(path).read_text(encoding="utf-8").strip().split("\n")[:numExamples]
        pairs = [line.split("\t") for line in lines]
        return [[self.preprocessSentence(pair[side].strip()) for pair in pairs] for side in (0, 1)]

    def tokenize(self, lang, numWords=None):
        tokenizer = Tokenizer(
            self.mo,
            num_words=numWords,
            filters="\"'#$%&()*+,-./:;=@[\\]^_`{|}~\t\n",
            specials="?.!,¿",
        )
        tokenizer.fitOnTexts(lang)
        sequences = tokenizer.textsToSequences(lang)
        return self.preprocessor.padSequences(sequences, padding="post"), tokenizer

    def console(self, message):
        sys.stderr.write(message)

    def loadData(self, path=None, numExamples=None, numWords=None):
        if path is None and self.wanted:
            try:
                path = self.download(self.downloadFile)
            except OSError as error:
                print(f"the sentence pairs are not to be had: {error}\ntraining on the samples' own pairs")
        if path is None:
            path = self.datasetDir / "own-pairs.txt"
            offline.write_sentence_pairs(path)
        # creating cleaned input, output pairs
        targ_lang, inp_lang = self.createDataset(path, numExamples)
        input_tensor, inp_lang_tokenizer = self.tokenize(inp_lang, numWords)
        target_tensor, targ_lang_tokenizer = self.tokenize(targ_lang, numWords)
        numInput = input_tensor.shape()[0]
        choice = self.mo.random().choice(numInput, numInput, replace=False)
        la = self.mo.la()
        return (
            la.gather(input_tensor, choice),
            la.gather(target_tensor, choice),
            inp_lang_tokenizer,
            targ_lang_tokenizer,
        )


class CustomLossFunction:
    """The mean cross entropy of the words; padding (0) does not count."""

    def __init__(self, nn):
        self.gradient = nn.gradient()
        self.loss_object = nn.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")

    def __call__(self, label, pred):
        g = self.gradient
        loss = self.loss_object.forward(label, pred)
        mask = g.greater(g.cast(label, dtype=NDArray.float32), 0.0)
        loss = g.mul(loss, mask)
        return g.div(g.reduceSum(loss), g.reduceSum(mask))


class CustomAccuracy:
    """The share of words that are right; padding (0) does not count."""

    def __init__(self, nn):
        self.backend = nn.backend()

    def __call__(self, label, pred):
        K = self.backend
        pred = K.argMax(pred, axis=-1)  # token numbers from predictions
        match = K.cast(K.equal(label, pred), dtype=NDArray.float32)
        mask = K.cast(label, dtype=NDArray.bool)
        match = K.masking(mask, match)
        n = K.scalar(K.sum(mask))
        return K.scalar(K.sum(match)) / n if n else 0.0


def words_of(tokenizer, sequence):
    """The words of a sequence up to its padding."""
    words = []
    for number in sequence:
        if number == 0:
            break
        words.append(tokenizer.indexToWord(int(number)))
    return words
