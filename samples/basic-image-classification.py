"""Tells images of ten classes apart with two dense layers.

    python samples/basic-image-classification.py                 # mnist, 5 epochs
    python samples/basic-image-classification.py fashion 10
    python samples/basic-image-classification.py digits          # comes with the package

The first run trains and saves the model beside this file; later runs load it.
"""

import math
from pathlib import Path

import image_samples

from rindow_math.matrix import MatrixOperator, R
from rindow_math.plot import Plot
from rindow_nn.builder import NeuralNetworks

args = image_samples.parse_arguments(__doc__, epochs=5)
mo = MatrixOperator()
nn = NeuralNetworks(mo)
plt = Plot(None, mo)

batch_size = 256
print(f"dataset={args.dataset}")
train, test, inputShape, dsname = image_samples.load(mo, nn, args.dataset)
inputsFilter = image_samples.InputsFilter(mo, [math.prod(inputShape)])
dataset, val_dataset = image_samples.datasets(mo, nn, train, test, dsname, inputsFilter, batch_size, args.shrink)

print(f"device type: {nn.deviceType()}")
modelFilePath = Path(__file__).with_name(f"basic-image-classification-{dsname}.model")

if modelFilePath.exists():
    print("loading model ...")
    model = nn.models().loadModel(modelFilePath)
    model.summary()
else:
    print("creating model ...")
    model = nn.models().Sequential([
        nn.layers().Dense(
            units=128,
            input_shape=[math.prod(inputShape)],
            kernel_initializer="he_normal",
            activation="relu",
        ),
        nn.layers().Dense(units=10),
    ])  # fmt: skip
    model.compile(
        loss=nn.losses().SparseCategoricalCrossentropy(from_logits=True),
        optimizer="adam",
    )
    model.summary()
    print("training model ...")
    history = model.fit(dataset, epochs=args.epochs, validation_data=val_dataset)
    model.save(modelFilePath, portable=True)
    image_samples.plot_history(plt, mo, history, dsname)

for images, labels in val_dataset:  # noqa: B007  the last batch
    pass
images, labels = images[R(0, 8)], labels[R(0, 8)]
predicts = model.predict(images)
# the model gives logits
K = nn.backend()
predicts = K.ndarray(K.softmax(K.array(predicts)))
image_samples.plot_predictions(plt, mo, images, labels, predicts, inputShape, image_samples.CLASS_NAMES[dsname])
plt.show()
