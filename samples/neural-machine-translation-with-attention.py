"""Translates French into English with two recurrent layers and attention between them.

    python samples/neural-machine-translation-with-attention.py
    python samples/neural-machine-translation-with-attention.py --epochs 5 --units 128 --offline

Where the sentence pairs cannot be downloaded, the sample says so and trains on pairs that it makes itself. The trained
weights are saved beside this file.
"""

import argparse
import math
from pathlib import Path

import translation

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray, R
from rindow_math.plot import Plot
from rindow_nn.builder import NeuralNetworks
from rindow_nn.models import AbstractModel


class Encoder(AbstractModel):
    def __init__(self, builder, vocabSize, wordVectSize, units, inputLength):
        super().__init__(builder)
        self.embedding = builder.layers().Embedding(
            vocabSize,
            wordVectSize,
            input_length=inputLength,
            mask_zero=True,
        )
        self.rnn = builder.layers().GRU(
            units,
            return_state=True,
            return_sequences=True,
            recurrent_initializer="glorot_uniform",
        )

    def call(self, inputs, initialStates=None):
        wordVect = self.embedding.forward(inputs)
        outputs, states = self.rnn.forward(wordVect, initialStates=initialStates)
        return outputs, states


class Decoder(AbstractModel):
    def __init__(self, builder, vocabSize, wordVectSize, units, inputLength, targetLength):
        super().__init__(builder)
        self.embedding = builder.layers().Embedding(
            vocabSize,
            wordVectSize,
            input_length=targetLength,
            mask_zero=True,
        )
        self.rnn = builder.layers().GRU(
            units,
            return_state=True,
            return_sequences=True,
            recurrent_initializer="glorot_uniform",
        )
        self.attention = builder.layers().Attention()
        self.concat = builder.layers().Concatenate()
        self.dense = builder.layers().Dense(vocabSize)
        self.attentionScores = None

    def call(self, inputs, initialStates=None, encOutputs=None, returnAttentionScores=None):
        x = self.embedding.forward(inputs)
        rnnSequence, states = self.rnn.forward(x, initialStates=initialStates)
        contextVector = self.attention.forward(
            [rnnSequence, encOutputs],
            returnAttentionScores=returnAttentionScores,
        )
        if isinstance(contextVector, (list, tuple)):
            contextVector, self.attentionScores = contextVector
        outputs = self.concat.forward([contextVector, rnnSequence])
        outputs = self.dense.forward(outputs)
        return outputs, states

    def getAttentionScores(self):
        return self.attentionScores


class Seq2seq(AbstractModel):
    def __init__(
        self,
        mo,
        builder,
        inputLength,
        inputVocabSize,
        outputLength,
        targetVocabSize,
        wordVectSize=8,
        units=256,
        startVocId=0,
        endVocId=0,
        plt=None,
    ):
        super().__init__(builder)
        self.encoder = Encoder(builder, inputVocabSize, wordVectSize, units, inputLength)
        self.decoder = Decoder(builder, targetVocabSize, wordVectSize, units, inputLength, outputLength)
        self.mo = mo
        self.startVocId = startVocId
        self.endVocId = endVocId
        self.inputLength = inputLength
        self.outputLength = outputLength
        self.units = units
        self.plt = plt

    def call(self, inputs, trues=None):
        encOutputs, states = self.encoder.forward(inputs)
        outputs, _ = self.decoder.forward(trues, initialStates=states, encOutputs=encOutputs)
        return outputs

    def shiftLeftSentence(self, sentence):
        K = self.backend
        zeroPad = K.zeros([sentence.shape()[0], 1], sentence.dtype())
        seq = K.slice(sentence, [0, 1], [-1, -1])
        return K.concat([seq, zeroPad], axis=1)

    def trueValuesFilter(self, trues):
        return self.shiftLeftSentence(trues)

    def predict(self, inputs, **options):
        K = self.backend
        attentionPlot = options["attention_plot"]
        inputs = K.array(inputs)
        if inputs.ndim() != 2:
            raise InvalidArgumentException("inputs shape must be 2D.")
        batchs = inputs.shape()[0]
        if batchs != 1:
            raise InvalidArgumentException("num of batch must be one.")
        status = [K.zeros([batchs, self.units])]
        encOutputs, status = self.encoder.forward(inputs, initialStates=status)
        decInputs = K.array([[self.startVocId]], inputs.dtype())

        result = []
        self.setShapeInspection(False)
        for t in range(self.outputLength):
            predictions, status = self.decoder.forward(
                decInputs, initialStates=status, encOutputs=encOutputs, returnAttentionScores=True
            )

            # storing the attention weights to plot later on
            scores = self.decoder.getAttentionScores()
            self.mo.la().copy(K.ndarray(scores.reshape([self.inputLength])), attentionPlot[t])

            predictedId = int(K.scalar(K.argMax(predictions[0][0])))
            result.append(predictedId)
            if self.endVocId == predictedId:
                break

            # the predicted ID is fed back into the model
            decInputs = K.array([[predictedId]], inputs.dtype())

        self.setShapeInspection(True)
        return K.ndarray(K.array([result], NDArray.int32))

    def plotAttention(self, attention, sentence, predictedSentence):
        plt = self.plt
        config = {
            "frame.xTickPosition": "up",
            "frame.xTickLabelAngle": 90,
            "figure.topMargin": 100,
        }
        plt.figure(None, None, config)
        image = self.mo.la().slice(attention, [0, 0], [len(predictedSentence), len(sentence)])
        plt.imshow(image, "viridis", None, None, origin="upper")
        plt.xticks(self.mo.arange(len(sentence)), sentence)
        plt.yticks(self.mo.arange(len(predictedSentence)), predictedSentence[::-1])


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=10, help="passes over the sentences (10)")
parser.add_argument("--examples", type=int, default=20000, help="number of sentences (20000)")
parser.add_argument("--units", type=int, default=1024, help="size of the recurrent layers (1024)")
parser.add_argument("--offline", action="store_true", help="do not try the download")
args = parser.parse_args()

numExamples = args.examples
numWords = 1024
epochs = args.epochs
batchSize = 64
wordVectSize = 256
units = args.units

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
plt = Plot({}, mo)

dataset = translation.EngFraDataset(mo, download=not args.offline)

print("Generating data...")
inputTensor, targetTensor, inpLang, targLang = dataset.loadData(None, numExamples, numWords)
valSize = math.floor(len(inputTensor) / 10)
trainSize = len(inputTensor) - valSize
inputTensorTrain = inputTensor[R(0, trainSize)]
targetTensorTrain = targetTensor[R(0, trainSize)]
inputTensorVal = inputTensor[R(trainSize, valSize + trainSize)]
targetTensorVal = targetTensor[R(trainSize, valSize + trainSize)]

inputLength = inputTensor.shape()[1]
outputLength = targetTensor.shape()[1]
inputVocabSize = inpLang.numWords()
targetVocabSize = targLang.numWords()
corpusSize = len(inputTensor)

print(f"num_examples: {numExamples}")
print(f"num_words: {numWords}")
print(f"epoch: {epochs}")
print(f"batchSize: {batchSize}")
print(f"embedding_dim: {wordVectSize}")
print(f"units: {units}")
print(f"Total questions: {corpusSize}")
print(f"Input  word dictionary: {inputVocabSize}({inpLang.numWords(True)})")
print(f"Target word dictionary: {targetVocabSize}({targLang.numWords(True)})")
print(f"Input length: {inputLength}")
print(f"Output length: {outputLength}")

print(f"device type: {nn.deviceType()}")
seq2seq = Seq2seq(
    mo,
    nn,
    inputLength,
    inputVocabSize,
    outputLength,
    targetVocabSize,
    wordVectSize,
    units,
    targLang.wordToIndex("<start>"),
    targLang.wordToIndex("<end>"),
    plt,
)
lossFunc = translation.CustomLossFunction(nn)
accuracyFunc = translation.CustomAccuracy(nn)

print("Compile model...")
seq2seq.compile(
    loss=lossFunc,
    optimizer="adam",
    metrics={"loss": "loss", "accuracy": accuracyFunc},
)

seq2seq.build(
    g.ArraySpec([1, inputLength], dtype=NDArray.int32),
    trues=g.ArraySpec([1, outputLength], dtype=NDArray.int32),
)  # just for summary
seq2seq.summary()

modelFilePath = Path(__file__).with_name("neural-machine-translation-with-attention.model")

if modelFilePath.exists():
    print("Loading model...")
    seq2seq.loadWeightsFromFile(modelFilePath)
else:
    print("Train model...")
    history = seq2seq.fit(
        inputTensorTrain,
        targetTensorTrain,
        batch_size=batchSize,
        epochs=epochs,
        validation_data=[inputTensorVal, targetTensorVal],
    )
    seq2seq.saveWeightsToFile(modelFilePath)

    plt.figure()
    plt.plot(mo.array(history["accuracy"]), None, None, "accuracy")
    plt.plot(mo.array(history["val_accuracy"]), None, None, "val_accuracy")
    plt.plot(mo.array(history["loss"]), None, None, "loss")
    plt.plot(mo.array(history["val_loss"]), None, None, "val_loss")
    plt.legend()
    plt.title("seq2seq-attention-translation")

for idx in mo.random().choice(corpusSize, 10, False):
    question = inputTensor[int(idx)].reshape([1, inputLength])
    attentionPlot = mo.zeros([outputLength, inputLength])
    predict = seq2seq.predict(question, attention_plot=attentionPlot)
    answer = targetTensor[int(idx)].reshape([1, outputLength])
    sentence = inpLang.sequencesToTexts(question)[0]
    predictedSentence = targLang.sequencesToTexts(predict)[0]
    targetSentence = targLang.sequencesToTexts(answer)[0]
    print(f"Input:   {sentence}")
    print(f"Predict: {predictedSentence}")
    print(f"Target:  {targetSentence}")
    print()
    q = translation.words_of(inpLang, question[0])
    p = translation.words_of(targLang, predict[0])
    if not p:
        print("No word was predicted, so there is no attention to show. Train for longer.")
        continue
    seq2seq.plotAttention(attentionPlot, q, p)
plt.show()
