"""Tells images of ten classes apart with a model that is a class of its own.

    python samples/basic-image-classification-custom.py          # mnist, 5 epochs
    python samples/basic-image-classification-custom.py digits

The first run trains and saves the weights beside this file; later runs load them.
"""

import math
from pathlib import Path

import image_samples

from rindow_math.matrix import MatrixOperator, R
from rindow_math.plot import Plot
from rindow_nn.builder import NeuralNetworks
from rindow_nn.models import AbstractModel

args = image_samples.parse_arguments(__doc__, epochs=5)
mo = MatrixOperator()
nn = NeuralNetworks(mo)
plt = Plot(None, mo)

(train, test, inputShape, dsname) = image_samples.load(mo, nn, args.dataset)
if dsname == "cifar10":
    raise SystemExit("this sample takes images in memory: mnist, fashion or digits")
(train_img, train_label), (test_img, test_label) = train, test
print(f"dataset={dsname}")
print(f"train=[{','.join(map(str, train_img.shape()))}]")
print(f"test=[{','.join(map(str, test_img.shape()))}]")

if args.shrink:
    (train_img, train_label), (test_img, test_label) = image_samples.shrunk(train, test)

# flatten images and normalize
inputsFilter = image_samples.InputsFilter(mo, [math.prod(inputShape)])
print("formating train images ...")
train_img, train_label = inputsFilter.translate(train_img, train_label)
print("formating test images ...")
test_img, test_label = inputsFilter.translate(test_img, test_label)


class ImageClassification(AbstractModel):
    def __init__(self, builder):
        super().__init__(builder)
        self.dense1 = builder.layers.Dense(
            units=128,
            input_shape=[math.prod(inputShape)],
            kernel_initializer="he_normal",
            activation="relu",
        )
        self.dense2 = builder.layers.Dense(units=10)

    def call(self, inputs):
        x = self.dense1.forward(inputs)
        return self.dense2.forward(x)


print(f"device type: {nn.deviceType()}")
model = ImageClassification(nn)
print("creating model ...")
model.compile(
    loss=nn.losses().SparseCategoricalCrossentropy(from_logits=True),
    optimizer="adam",
)
model.build([1, math.prod(inputShape)])  # only needed for the summary
model.summary()

modelFilePath = Path(__file__).with_name(f"basic-image-classification-custom-{dsname}.model")

if modelFilePath.exists():
    print("loading model ...")
    model.loadWeightsFromFile(modelFilePath, portable=True)
else:
    print("training model ...")
    history = model.fit(
        train_img, train_label, epochs=args.epochs, batch_size=256, validation_data=[test_img, test_label]
    )
    model.saveWeightsToFile(modelFilePath, portable=True)
    image_samples.plot_history(plt, mo, history, dsname)

images, labels = test_img[R(0, 8)], test_label[R(0, 8)]
predicts = model.predict(images)
# the model gives logits
predicts = nn.backend.ndarray(nn.backend.softmax(nn.backend.array(predicts)))
image_samples.plot_predictions(plt, mo, images, labels, predicts, inputShape, image_samples.CLASS_NAMES[dsname])
plt.show()
