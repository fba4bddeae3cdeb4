"""Learns to add numbers that are written as text: two recurrent layers read "12+345" and write "357".

    python samples/learn-add-numbers-with-rnn.py
    python samples/learn-add-numbers-with-rnn.py --epochs 2 --size 2000

The questions are drawn by the first run and kept in numaddition-dataset.pkl in the current folder; the trained model
is saved beside this file.
"""

import argparse
import math
from pathlib import Path

from rindow_math.matrix import MatrixOperator, NDArray, R
from rindow_math.plot import Plot
from rindow_nn.builder import NeuralNetworks

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=10, help="passes over the questions (10)")
parser.add_argument("--size", type=int, default=20000, help="number of questions (20000)")
args = parser.parse_args()

TRAINING_SIZE = args.size
DIGITS = 3
REVERSE = True
WORD_VECTOR = 16
UNITS = 128
EPOCHS = args.epochs
BATCH_SIZE = 8


class NumAdditionDataset:
    """Questions such as "12+345 " and answers such as "357 ", as numbers of symbols."""

    def __init__(self, mo, corpus_max, digits):
        self.mo = mo
        self.corpus_max = corpus_max
        self.digits = digits
        self.vocab_input = list("0123456789+ ")
        self.vocab_target = list("0123456789+ ")
        self.dict_input = {symbol: i for i, symbol in enumerate(self.vocab_input)}
        self.dict_target = {symbol: i for i, symbol in enumerate(self.vocab_target)}
        self.input_length = digits * 2 + 1
        self.output_length = digits + 1

    def dicts(self):
        return self.vocab_input, self.vocab_target, self.dict_input, self.dict_target

    def generate(self):
        max_num = 10**self.digits
        max_sample = max_num**2
        numbers = self.mo.random().choice(max_sample, max_sample, replace=False)
        questions = {}
        for num in numbers:
            x1, x2 = sorted(divmod(int(num), max_num))
            questions[f"{x1}+{x2}"] = str(x1 + x2)
            if len(questions) >= self.corpus_max:
                break
        sequence = self.mo.zeros([len(questions), self.input_length], NDArray.int32)
        target = self.mo.zeros([len(questions), self.output_length], NDArray.int32)
        for i, (question, answer) in enumerate(questions.items()):
            self.str2seq(question, self.dict_input, sequence[i])
            self.str2seq(answer, self.dict_target, target[i])
        return [sequence, target]

    def str2seq(self, string, dic, buf):
        for i, symbol in enumerate(string.ljust(len(buf))):
            buf[i] = dic[symbol]

    def seq2str(self, buf, dic):
        return "".join(dic[int(symbol)] for symbol in buf)

    def loadData(self, path="numaddition-dataset.pkl"):
        path = Path(path)
        if path.exists():
            dataset = self.mo.unserializeArray(path.read_bytes())
            if len(dataset[0]) == self.corpus_max:
                return dataset
        dataset = self.generate()
        path.write_bytes(self.mo.serializeArray(dataset))
        return dataset


mo = MatrixOperator()
nn = NeuralNetworks(mo)
plt = Plot(None, mo)

input_length = DIGITS * 2 + 1
output_length = DIGITS + 1

dataset = NumAdditionDataset(mo, TRAINING_SIZE, DIGITS)
print("Generating data...")
questions, answers = dataset.loadData()
corpus_size = len(questions)
print(f"Total questions: {corpus_size}")
input_voc, target_voc, input_dic, target_dic = dataset.dicts()

# Explicitly set apart 10% for validation data that we never train over.
split_at = corpus_size - math.floor(corpus_size / 10)
x_train = questions[R(0, split_at)]
x_val = questions[R(split_at, corpus_size)]
y_train = answers[R(0, split_at)]
y_val = answers[R(split_at, corpus_size)]

print(f"train,test: {x_train.shape()[0]},{x_val.shape()[0]}")

print(f"device type: {nn.deviceType()}")
modelFilePath = Path(__file__).with_name("learn-add-numbers-with-rnn.model")

if modelFilePath.exists():
    print("loading model ...")
    model = nn.models().loadModel(modelFilePath)
    model.summary()
else:
    print("Build model...")
    model = nn.models().Sequential([
        nn.layers().Embedding(len(input_dic), WORD_VECTOR, input_length=input_length),
        # Encoder
        nn.layers().GRU(UNITS, go_backwards=REVERSE),
        # Expand to answer length and peeking hidden states
        nn.layers().RepeatVector(output_length),
        # Decoder
        nn.layers().GRU(
            UNITS,
            return_sequences=True,
            go_backwards=REVERSE,
        ),
        # Output
        nn.layers().Dense(len(target_dic), activation="softmax"),
    ])  # fmt: skip

    print("Compile model...")
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
    )
    model.summary()

    # Train the model
    print("Train model...")
    history = model.fit(
        x_train,
        y_train,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        validation_data=[x_val, y_val],
    )
    model.save(modelFilePath)

    plt.plot(mo.array(history["accuracy"]), None, None, "accuracy")
    plt.plot(mo.array(history["val_accuracy"]), None, None, "val_accuracy")
    plt.plot(mo.array(history["loss"]), None, None, "loss")
    plt.plot(mo.array(history["val_loss"]), None, None, "val_loss")
    plt.legend()
    plt.title("seq2seq-simple-numaddition")
    plt.show()

for _ in range(10):
    idx = mo.random().randomInt(corpus_size - 1)
    question = questions[idx]
    inputs = question.reshape([1, input_length])

    predict = model.predict(inputs)
    predict_seq = mo.argMax(predict[0].reshape([output_length, len(target_dic)]), axis=1)
    predict_str = dataset.seq2str(predict_seq, target_voc)
    question_str = dataset.seq2str(question, input_voc)
    answer_str = dataset.seq2str(answers[idx], target_voc)
    correct = "*" if predict_str == answer_str else " "
    print(f"{question_str}={predict_str} : {correct} {answer_str}")
