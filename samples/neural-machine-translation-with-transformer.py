"""Translates French into English with a transformer.

    python samples/neural-machine-translation-with-transformer.py
    python samples/neural-machine-translation-with-transformer.py --epochs 10 --width 64 --layers 2 --offline

Where the sentence pairs cannot be downloaded, the sample says so and trains on pairs that it makes itself. The trained
weights are saved beside this file.
"""

import argparse
import math
import time
from pathlib import Path

import translation

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray, R
from rindow_math.plot import Plot
from rindow_nn.builder import NeuralNetworks
from rindow_nn.models import AbstractModel
from rindow_nn.optimizers.schedule import LearningRateSchedule


class PositionalEmbedding(AbstractModel):
    def __init__(self, builder, vocab_size, d_model, maximumPositionEncoding=256, inputLength=None, name=None):
        super().__init__(builder, name=name)
        self.d_model = d_model
        self.gradient = builder.gradient()
        self.embedding = builder.layers.Embedding(
            vocab_size,  # inputDim
            d_model,  # outputDim
            mask_zero=True,
            input_length=inputLength,
            name=f"embedding.{name}",
        )
        self.inheritMask = builder.layers.InheritMask(name=f"mask.{name}")
        self.posEncoding = self.gradient.Variable(
            self.positionalEncoding(maxLength=maximumPositionEncoding, depth=d_model),
            trainable=False,
            unbackpropagatable=True,
            name="posEncoding",
        )

    def positionalEncoding(self, maxLength, depth):
        K = self.backend
        if depth % 2 != 0:
            raise InvalidArgumentException("depth must be a multiple of 2")
        depth = depth // 2
        positions = K.repeat(K.range(maxLength), depth, axis=1)  # (maxLength, depth/2)
        depths = K.scale(1 / depth, K.range(depth))  # (depth/2)
        angleRates = K.reciprocal(self.pow(10000, depths))  # (depth/2)
        angleRads = K.mul(positions, angleRates)  # (maxLength, depth/2)
        return K.concat([K.sin(angleRads), K.cos(angleRads)], axis=-1)  # (maxLength, depth)

    def pow(self, x, y):
        K = self.backend
        return K.pow(K.fill(y.shape(), x, dtype=y.dtype()), y)

    def call(self, inputs):
        g = self.gradient
        # Embedding
        input_vect = self.embedding.forward(inputs)

        # positional Encoding
        length = g.get(g.shape(inputs), 1)
        x = g.scale(math.sqrt(self.d_model), input_vect)
        pos_encoding = g.get(self.posEncoding, 0, length)
        x = g.add(x, pos_encoding)  # broadcast add
        return self.inheritMask.forward([x, input_vect])

    def computeMask(self, *args):
        return self.embedding.computeMask(*args)


class AbstractBaseAttention(AbstractModel):
    def __init__(self, nn, name=None, **args):
        super().__init__(nn, name=name)
        self.mha = nn.layers.MultiHeadAttention(**args, name=f"mha.{name}")
        self.layernorm = nn.layers.LayerNormalization(name=f"layernorm.{name}")
        self.add = nn.layers.Add(name=f"add.{name}")


class CrossAttention(AbstractBaseAttention):
    last_attn_scores = None

    def call(self, x, context, training=None):
        attn_output, attn_scores = self.mha.forward(
            [
                x,  # query
                context,  # value
                context,  # key
            ],
            training=training,
            returnAttentionScores=True,
        )
        # Cache the attention scores for plotting later.
        self.last_attn_scores = self.builder.gradient().ndarray(attn_scores)

        x = self.add.forward([x, attn_output])
        return self.layernorm.forward(x)


class GlobalSelfAttention(AbstractBaseAttention):
    def call(self, x, training=None):
        attn_output = self.mha.forward(
            [
                x,  # query
                x,  # value
                x,  # key
            ],
            training=training,
        )
        x = self.add.forward([x, attn_output])
        return self.layernorm.forward(x)


class CausalSelfAttention(AbstractBaseAttention):
    def call(self, x, training=None):
        attn_output = self.mha.forward(
            [
                x,  # query
                x,  # value
                x,  # key
            ],
            training=training,
            useCausalMask=True,
        )
        x = self.add.forward([x, attn_output])
        return self.layernorm.forward(x)


class FeedForward(AbstractModel):
    def __init__(self, nn, d_model, dff, dropout_rate=0.1, name=None):
        super().__init__(nn, name=name)
        self.seq = nn.models.Sequential([
            nn.layers.Dense(dff, activation="relu", name=f"ff1.{name}"),
            nn.layers.Dense(d_model, name=f"ff2.{name}"),
            nn.layers.Dropout(dropout_rate, name=f"dropout.{name}"),
        ])  # fmt: skip
        self.add = nn.layers.Add(name=f"add.{name}")
        self.layer_norm = nn.layers.LayerNormalization(name=f"layernorm.{name}")

    def call(self, x, training=None):
        x = self.add.forward([x, self.seq.forward(x, training=training)])
        return self.layer_norm.forward(x)


class EncoderLayer(AbstractModel):
    def __init__(self, nn, d_model, num_heads, dff, dropout_rate=0.1, name=None):
        super().__init__(nn, name=name)
        self.self_attention = GlobalSelfAttention(
            nn,
            num_heads=num_heads,
            key_dim=d_model,
            dropout=dropout_rate,
            name=f"globalattn.{name}",
        )
        self.ffn = FeedForward(nn, d_model, dff, name=f"ffn.{name}")

    def call(self, x, training=None):
        x = self.self_attention.forward(x, training=training)
        return self.ffn.forward(x, training=training)


class Encoder(AbstractModel):
    def __init__(self, nn, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1, name=None):
        super().__init__(nn, name=name)
        self.pos_embedding = PositionalEmbedding(nn, vocab_size=vocab_size, d_model=d_model, name=f"posemb.{name}")
        self.enc_layers = nn.gradient.modules()
        for i in range(num_layers):
            self.enc_layers.add(
                EncoderLayer(
                    nn,
                    d_model=d_model,
                    num_heads=num_heads,
                    dff=dff,
                    dropout_rate=dropout_rate,
                    name=f"enc_layer{i}.{name}",
                )
            )
        self.dropout = nn.layers.Dropout(dropout_rate, name=f"dropout.{name}")

    def call(self, x, training=None):
        # `x` is token-IDs shape: (batch, seq_len)
        x = self.pos_embedding.forward(x)  # (batch_size, seq_len, d_model)
        # Add dropout.
        x = self.dropout.forward(x, training=training)
        for enc_layer in self.enc_layers:
            x = enc_layer.forward(x, training=training)
        return x  # (batch_size, seq_len, d_model)


class DecoderLayer(AbstractModel):
    last_attn_scores = None

    def __init__(self, nn, d_model, num_heads, dff, dropout_rate=0.1, name=None):
        super().__init__(nn, name=name)
        self.causal_self_attention = CausalSelfAttention(
            nn,
            num_heads=num_heads,
            key_dim=d_model,
            dropout=dropout_rate,
            name=f"causalatten.{name}",
        )
        self.cross_attention = CrossAttention(
            nn,
            num_heads=num_heads,
            key_dim=d_model,
            dropout=dropout_rate,
            name=f"crossAttn.{name}",
        )
        self.ffn = FeedForward(nn, d_model, dff, name=f"ffn.{name}")

    def call(self, x, context, training=None):
        x = self.causal_self_attention.forward(x, training=training)
        x = self.cross_attention.forward(x, context, training=training)

        # Cache the last attention scores for plotting later
        self.last_attn_scores = self.cross_attention.last_attn_scores

        return self.ffn.forward(x, training=training)  # (batch_size, seq_len, d_model)


class Decoder(AbstractModel):
    last_attn_scores = None

    def __init__(self, nn, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1, name=None):
        super().__init__(nn, name=name)
        self.pos_embedding = PositionalEmbedding(nn, vocab_size=vocab_size, d_model=d_model, name=f"posemb.{name}")
        self.dropout = nn.layers.Dropout(dropout_rate, name=f"dropout.{name}")
        self.dec_layers = nn.gradient.modules()
        for i in range(num_layers):
            self.dec_layers.add(
                DecoderLayer(
                    nn,
                    d_model=d_model,
                    num_heads=num_heads,
                    dff=dff,
                    dropout_rate=dropout_rate,
                    name=f"dec_layer{i}.{name}",
                )
            )

    def call(self, x, context, training=None):
        # `x` is token-IDs shape (batch, target_seq_len)
        x = self.pos_embedding.forward(x)  # (batch_size, target_seq_len, d_model)
        x = self.dropout.forward(x, training)
        for dec_layer in self.dec_layers:
            x = dec_layer.forward(x, context, training=training)
            self.last_attn_scores = dec_layer.last_attn_scores
        return x  # (batch_size, target_seq_len, d_model)


class Transformer(AbstractModel):
    def __init__(
        self,
        nn,
        num_layers,
        d_model,
        num_heads,
        dff,
        input_vocab_size,
        target_vocab_size,
        dropout_rate=0.1,
        name="transformer",
    ):
        super().__init__(nn, name=name)
        self.encoder = Encoder(
            nn,
            num_layers=num_layers,
            d_model=d_model,
            num_heads=num_heads,
            dff=dff,
            vocab_size=input_vocab_size,
            dropout_rate=dropout_rate,
            name=f"encoder.{name}",
        )
        self.decoder = Decoder(
            nn,
            num_layers=num_layers,
            d_model=d_model,
            num_heads=num_heads,
            dff=dff,
            vocab_size=target_vocab_size,
            dropout_rate=dropout_rate,
            name=f"decoder.{name}",
        )
        self.final_layer = nn.layers.Dense(target_vocab_size, name=f"final_layer.{name}")

    def call(self, context, x, training=None):
        context = self.encoder.forward(context, training=training)  # (batch_size, context_len, d_model)
        x = self.decoder.forward(x, context, training=training)  # (batch_size, target_len, d_model)
        return self.final_layer.forward(x)  # (batch_size, target_len, target_vocab_size)


class Translator:
    def __init__(self, nn, transformer, max_out_length, start_voc_id, end_voc_id, plt):
        self.builder = nn
        self.transformer = transformer
        self.max_out_length = max_out_length
        self.start_voc_id = start_voc_id
        self.end_voc_id = end_voc_id
        self.plt = plt

    def predict(self, sentence):
        g = self.builder.gradient()
        K = self.builder.backend()
        encoder_input = K.expandDims(K.array(sentence), axis=0)

        # The translation begins with the `<start>` token; the words so far are the decoder's input.
        output_array = K.zeros([self.max_out_length + 2, 1], dtype=NDArray.int32)
        K.copy(K.array([[self.start_voc_id]], dtype=NDArray.int32), output_array[R(0, 1)])

        self.transformer.setShapeInspection(False)
        for i in range(self.max_out_length):
            output = g.Variable(output_array[R(0, i + 1)].reshape([1, i + 1]))
            predictions = self.transformer.forward(encoder_input, output, training=False)

            # Select the last token from the `seq_len` dimension.
            predictions = K.squeeze(predictions, axis=0)
            predicted_id = K.argMax(predictions[R(i, i + 1)], axis=-1)

            # Append it to the decoder's next input.
            K.copy(K.cast(predicted_id, NDArray.int32).reshape([1, 1]), output_array[R(i + 1, i + 2)])
            if int(predicted_id.toArray()[0]) == self.end_voc_id:
                break
        output_len = i + 2

        # The attention scores of the whole sentence.
        output = output_array[R(0, output_len)].reshape([1, output_len])
        self.transformer.forward(encoder_input, output, training=False)
        self.transformer.setShapeInspection(True)
        return K.ndarray(output), K.ndarray(self.transformer.decoder.last_attn_scores)

    def plotAttention(self, attention, sentence, predictedSentence):
        la = self.builder.backend().localLA()
        config = {
            "frame.xTickPosition": "up",
            "frame.xTickLabelAngle": 90,
            "figure.topMargin": 110,
            "figure.bottomMargin": 70,
            "xlabel.margin": -7,
        }
        num_heads = len(attention)
        images = la.slice(attention, [0, 0, 0], [num_heads, len(predictedSentence), len(sentence)])
        rows = num_heads // 2
        _, axes = self.plt.subplots(2, rows, None, config)
        for i, image in enumerate(images):
            axes[i].imshow(image, "viridis", None, None, origin="upper")
            axes[i].setXLabel(f"Head {i + 1}")
            if i // rows == 0:
                axes[i].setXticks(la.range(len(sentence)))
                axes[i].setXtickLabels(sentence)
            else:
                axes[i].hideXTicks(True)
            if i % rows == 0:
                axes[i].setYticks(la.range(len(predictedSentence)))
                axes[i].setYtickLabels(predictedSentence[::-1])
            else:
                axes[i].hideYTicks(True)


class CustomSchedule(LearningRateSchedule):
    def __init__(self, d_model, warmup_steps=4000):
        self.d_model = float(d_model)
        self.warmup_steps = float(warmup_steps)

    def __call__(self, step):
        return 1 / math.sqrt(self.d_model) * min(1 / math.sqrt(step), step * self.warmup_steps**-1.5)


def make_labels(la, label_tensor):
    """The sentences without their first word, and a padding at the end."""
    label_len, label_words = label_tensor.shape()
    label_tensor = la.slice(label_tensor, [0, 1], [-1, label_words - 1])
    filler = la.zeros(la.alloc([label_len], dtype=label_tensor.dtype())).reshape([label_len, 1])
    return la.concat([label_tensor, filler], axis=1)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=10, help="passes over the sentences (10)")
parser.add_argument("--examples", type=int, default=20000, help="number of sentences (20000)")
parser.add_argument("--width", type=int, default=256, help="size of the vectors (256)")
parser.add_argument("--layers", type=int, default=4, help="layers of the encoder and of the decoder (4)")
parser.add_argument("--warmup", type=int, default=4000, help="steps in which the learning rate grows (4000)")
parser.add_argument("--offline", action="store_true", help="do not try the download")
args = parser.parse_args()

numExamples = args.examples
numWords = None
epochs = args.epochs
batchSize = 64
d_model = args.width
dff = 2 * args.width
num_layers = args.layers
num_heads = 8
dropout_rate = 0.1

mo = MatrixOperator()
nn = NeuralNetworks(mo)
K = nn.backend()
g = nn.gradient()
plt = Plot({}, mo)

dataset = translation.EngFraDataset(mo, download=not args.offline)

print("Generating data...")
inputTensor, targetTensor, inpLang, targLang = dataset.loadData(None, numExamples, numWords)
valSize = math.floor(len(inputTensor) / 100)
trainSize = len(inputTensor) - valSize
inputTensorTrain = inputTensor[R(0, trainSize)]
targetTensorTrain = targetTensor[R(0, trainSize)]
labelTensorTrain = make_labels(mo.la(), targetTensorTrain)

inputLength = inputTensor.shape()[1]
outputLength = targetTensor.shape()[1]
inputVocabSize = inpLang.numWords()
targetVocabSize = targLang.numWords()
corpusSize = len(inputTensor)

print(f"num_examples: {numExamples}")
print(f"num_words: {numWords or ''}")
print(f"epoch: {epochs}")
print(f"batchSize: {batchSize}")
print(f"embedding_dim: {d_model}")
print(f"num_heads: {num_heads}")
print(f"dff: {dff}")
print(f"num_layers: {num_layers}")
print(f"Total questions: {corpusSize}")
print(f"Input  word dictionary: {inputVocabSize}({inpLang.numWords(True)})")
print(f"Target word dictionary: {targetVocabSize}({targLang.numWords(True)})")
print(f"Input length: {inputLength}")
print(f"Output length: {outputLength}")

print(f"device type: {nn.deviceType()}")

transformer = Transformer(
    nn,
    num_layers=num_layers,
    d_model=d_model,
    num_heads=num_heads,
    dff=dff,
    input_vocab_size=inputVocabSize,
    target_vocab_size=targetVocabSize,
    dropout_rate=dropout_rate,
    name="transformer",
)

lossfunc = translation.CustomLossFunction(nn)
accuracyFunc = translation.CustomAccuracy(nn)
learning_rate = CustomSchedule(d_model, args.warmup)
optimizer = nn.optimizers.Adam(lr=learning_rate, beta1=0.9, beta2=0.98, epsilon=1e-9)

print("Compile model...")
transformer.compile(
    loss=lossfunc,
    optimizer=optimizer,
    metrics={"loss": "loss", "accuracy": accuracyFunc},
)

transformer.build(
    g.ArraySpec([1, inputLength], dtype=NDArray.int32),
    g.ArraySpec([1, outputLength], dtype=NDArray.int32),
)  # just for summary
transformer.summary()

modelFilePath = Path(__file__).with_name("neural-machine-translation-with-transformer.model")

if modelFilePath.exists():
    print("Loading model...")
    transformer.loadWeightsFromFile(modelFilePath)
else:
    print("Train model...")
    start_time = time.time()
    history = transformer.fit(
        [inputTensorTrain, targetTensorTrain],
        labelTensorTrain,
        batch_size=batchSize,
        epochs=epochs,
    )
    print(f"trainableVariables={len(transformer.trainableVariables())}")
    print(f"Variables={len(transformer.variables())}")
    print(f"Total training time: {time.strftime('%H:%M:%S', time.gmtime(time.time() - start_time))}")
    transformer.saveWeightsToFile(modelFilePath)

    plt.figure()
    plt.plot(mo.array(history["loss"]), None, None, "loss")
    plt.legend()
    plt.title("seq2seq-transformer-translation")
    plt.show()

translator = Translator(
    nn,
    transformer,
    max_out_length=outputLength,
    start_voc_id=targLang.wordToIndex("<start>"),
    end_voc_id=targLang.wordToIndex("<end>"),
    plt=plt,
)

skip = trainSize // 2
for idx in mo.random().choice(trainSize - skip, 10, False):
    question = inputTensor[int(idx) + skip]
    predict, attentionPlot = translator.predict(question)
    answer = targetTensor[int(idx) + skip]

    sentence = inpLang.sequencesToTexts([question])[0]
    predictedSentence = targLang.sequencesToTexts(predict)[0]
    targetSentence = targLang.sequencesToTexts([answer])[0]
    print(f"Input:   {sentence}")
    print(f"Predict: {predictedSentence}")
    print(f"Target:  {targetSentence}")
    print()

    inputText = translation.words_of(inpLang, question)
    predictText = translation.words_of(targLang, predict[0][R(1, len(predict[0]))])
    if not predictText:
        print("No word was predicted, so there is no attention to show. Train for longer.")
        continue
    translator.plotAttention(attentionPlot[0], inputText, predictText)
    plt.show()
