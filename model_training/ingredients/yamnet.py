"""YAMNet, a network pretrained on AudioSet: its file, its weights, and its blocks in Keras.

YAMNet (Google, Apache-2.0) is MobileNet v1 (Howard et al. 2017) over a log-mel spectrogram, trained
on the two million clips of AudioSet (Gemmeke et al. 2017) for 521 classes of sound. Its batch
normalization is folded into weights and biases.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from app.errors import UndertoneError
from model_training.corpora.folders import YAMNET, Data, folders

# The layer and the kind of a tensor, by the path of the operation that uses it; not its output.
OPERATION = re.compile(r"\b(layer\d+)/(conv|depthwise_conv|pointwise_conv)/(?!relu)")
STEM = 32  # channels of the first convolution
# (stride, channels) of each depthwise-separable block
BLOCKS = (
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    *[(1, 512)] * 5,
    (2, 1024),
    (1, 1024),
)


# Initial weights by the name of the layer, as `Layer.set_weights` takes them, and a function that
# reads them from the data folders.
Start = Mapping[str, list[np.ndarray]]
StartReader = Callable[[Data], Start]


class StartError(UndertoneError):
    """The initial weights cannot be read; the message says why."""


def blocks(x: keras.KerasTensor, count: int) -> keras.KerasTensor:
    """Apply the stem and the first blocks to a log-mel spectrogram (batch, frames, bands).

    The layers have the names of YAMNet, as `weights` has them. Depthwise convolutions always use
    single precision, which is faster than bfloat16; pointwise convolutions follow the policy.
    """
    x = layers.Reshape((*x.shape[1:], 1))(x)
    x = layers.Conv2D(
        STEM, 3, 2, padding="same", activation="relu", dtype="float32", name="layer1_conv"
    )(x)
    for number, (stride, channels) in enumerate(BLOCKS[:count], start=2):
        x = layers.DepthwiseConv2D(
            3,
            stride,
            padding="same",
            activation="relu",
            dtype="float32",
            name=f"layer{number}_depthwise_conv",
        )(x)
        x = layers.Conv2D(channels, 1, activation="relu", name=f"layer{number}_pointwise_conv")(x)
    return x


def weights(data: Data) -> Start:
    """The kernel and bias of every convolution, by the name of its layer.

    Args:
        data: the folders of the corpora; the file is in one of them or in its parent folder.

    Raises:
        StartError: the file is missing or is not YAMNet.
    """
    # Imported here, because other recipes train without this package.
    from ai_edge_litert.interpreter import Interpreter

    path = _find(data)
    try:
        interpreter = Interpreter(str(path))
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise StartError(f"{path} is not the file of YAMNet: {error}") from error
    kernels, biases = {}, {}
    for tensor in interpreter.get_tensor_details():
        # Merged operations have a joined name; its first part is the operation of the layer.
        operation = OPERATION.search(tensor["name"].partition(";")[0])
        if not operation:
            continue
        layer = "_".join(operation.groups())
        if len(tensor["shape"]) == 1:
            biases[layer] = interpreter.get_tensor(tensor["index"])
        elif len(tensor["shape"]) == 4:
            values = _dequantized(interpreter.get_tensor(tensor["index"]), tensor)
            kernels[layer] = np.transpose(values, (1, 2, 3, 0))  # to Keras' order
    if len(kernels) != 1 + 2 * len(BLOCKS) or kernels.keys() != biases.keys():
        raise StartError(f"{path} is not the file of YAMNet: it has other layers.")
    return {layer: [kernels[layer], biases[layer]] for layer in kernels}


def _find(data: Data) -> Path:
    known = folders(data)
    for folder in known:
        for place in (folder / YAMNET, folder.parent / YAMNET):
            if place.is_file():
                return place
    raise StartError(
        f"The file of YAMNet is missing: there is no {YAMNET} in or beside "
        f"{', '.join(map(str, known))}. "
        f"Download it: python -m model_training download yamnet --data {known[0]}"
    )


def _dequantized(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Float values of 8-bit integers, which have one scale per channel and a zero point of 0."""
    scales = tensor["quantization_parameters"]["scales"]
    if not len(scales):
        return values
    shape = [1] * values.ndim
    shape[tensor["quantization_parameters"]["quantized_dimension"]] = -1
    return values.astype(np.float32) * scales.reshape(shape)
