"""Export of a bundle for other runtimes: waveform to calibrated probabilities."""

import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer.quantizer import Quantizer
from ai_edge_quantizer.recipe import weight_only_wi8_afp32
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from app import saved_model
from app.bundle import BundleInfo
from app.classifier import Classifier
from app.errors import UndertoneError
from app.files import write_text
from model_training.evaluation import evaluate, metrics
from model_training.protocols import Split
from model_training.training.batches import Waveforms

SAVEDMODEL_FILE = "saved_model.pb"  # the file that marks a SavedModel
METADATA_FILE = "metadata.json"
LABELS_FILE = "labels.txt"
EXTRA_FOLDER = "assets.extra"  # the folder of a SavedModel for additional files
INPUT, OUTPUT = "waveform", "probabilities"
# The first version of the ONNX operators in which DFT has an axis.
OPSET = 18


class Format(StrEnum):
    """The formats of an export."""

    TFLITE = "tflite"
    ONNX = "onnx"
    SAVEDMODEL = "savedmodel"


class ExportError(UndertoneError):
    """The bundle cannot be exported; the message says why."""


class Calibrated(tf.Module):
    """The model of a bundle with its softmax, as one graph."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.model, self.info = saved_model.read(folder)
        window = round(self.info.window_seconds * self.info.sample_rate)
        self.probabilities = tf.function(
            self._probabilities,
            input_signature=[tf.TensorSpec((None, window), tf.float32, name=INPUT)],
            autograph=False,
        )

    def _probabilities(self, waveform: tf.Tensor) -> dict[str, tf.Tensor]:
        """(n, window) float32 -> (n, labels), each row sums to 1."""
        logits = self.model(waveform, training=False)
        return {OUTPUT: tf.nn.softmax(logits / self.info.temperature)}


def export(folder: Path, to: Format, out: Path, int8: bool = False) -> Path:
    """Write a bundle for another runtime, atomically.

    The input is windows (n, samples) float32 in [-1, 1], mono; the output is probabilities
    (n, labels). The `metadata` is in the file: in the properties of the ONNX model, in a zip
    archive at the end of the TFLite file (with the labels, as TFLite's tools write it), or in
    `assets.extra` of the SavedModel.

    Args:
        folder: of the bundle.
        to: the format.
        out: the file to write, or the folder of a SavedModel.
        int8: for TFLite, store weights as 8-bit integers; the computation stays in float.

    Raises:
        ExportError: int8 for another format, or `out` exists and is not of that format; a folder is
            replaced only if it is empty or holds a SavedModel.
        BundleError: the bundle cannot be used.
    """
    if int8 and to is not Format.TFLITE:
        raise ExportError(f"Weights of 8 bits are for tflite, not for {to}.")
    if out.exists() and out.is_dir() != (to is Format.SAVEDMODEL):
        raise ExportError(f"{out} is in the way of a {to} export; remove it or choose another.")
    if out.is_dir() and any(out.iterdir()) and not (out / SAVEDMODEL_FILE).is_file():
        raise ExportError(f"{out} holds other files than a SavedModel; choose another folder.")
    calibrated = Calibrated(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix="partial-") as unfinished:
        place = Path(unfinished, out.name)
        write = {
            Format.SAVEDMODEL: _savedmodel,
            Format.TFLITE: lambda model, path: _tflite(model, path, int8),
            Format.ONNX: _onnx,
        }[to]
        write(calibrated, place)
        if out.is_dir():
            shutil.rmtree(out)
        place.replace(out)
    return out


def metadata(info: BundleInfo) -> dict[str, Any]:
    """The properties that a program needs: rate, window, and labels in order."""
    return {
        "name": info.name,
        "description": info.description,
        "labels": list(info.labels),
        "sample_rate": info.sample_rate,
        "window_seconds": info.window_seconds,
        "named_from": info.named_from,
        "model_sha256": info.model_sha256,
    }


class OnDevice(Classifier):
    """The classifier of a bundle, whose windows a TFLite file answers.

    Args:
        folder: of the bundle.
        file: what it was exported to.
    """

    def __init__(self, folder: Path, file: Path) -> None:
        super().__init__(folder)
        self._runner = Interpreter(model_path=str(file)).get_signature_runner()

    def load(self) -> Callable[[np.ndarray], np.ndarray]:
        """What `probabilities` calls."""
        return lambda windows: self._runner(waveform=windows)[OUTPUT]


def uar(classifier: Classifier, split: Split, clips: Waveforms) -> float:
    """The unweighted average recall on the test clips of a split, by the middle window of each."""
    test = split.test
    answers = evaluate.answers(classifier, test, clips, whole=False)
    return metrics.figures(test, answers, test["emotion"].unique()).uar


def _savedmodel(calibrated: Calibrated, path: Path) -> None:
    tf.saved_model.save(calibrated, str(path), signatures=calibrated.probabilities)
    extra = path / EXTRA_FOLDER
    extra.mkdir()
    write_text(extra / METADATA_FILE, json.dumps(metadata(calibrated.info), indent=2) + "\n")


def _tflite(calibrated: Calibrated, path: Path, int8: bool) -> None:
    function = calibrated.probabilities
    # The converter leaves variables that have no value yet in it; constants it converts.
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    module = tf.Module()
    module.probabilities = tf.function(
        lambda waveform: {OUTPUT: frozen(waveform)[0]},
        input_signature=function.input_signature,
        autograph=False,
    )
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        tf.saved_model.save(module, str(Path(folder, "model")), signatures=module.probabilities)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(Path(folder, "model")))
        content = converter.convert()
    path.write_bytes(_of_8_bits(content) if int8 else content)
    # A runtime reads what comes before the archive, and an archive is read from its end.
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(LABELS_FILE, "".join(f"{label}\n" for label in calibrated.info.labels))
        archive.writestr(METADATA_FILE, json.dumps(metadata(calibrated.info), indent=2))


def _of_8_bits(content: bytes) -> bytes:
    """A TFLite model with weights of 8 bits.

    Weights alone: the converter's own way has 8 bits for what they meet, too, and a power spectrum
    has no place in these.
    """
    with redirect_stdout(io.StringIO()):  # the quantizer prints a summary
        made = Quantizer(bytearray(content), weight_only_wi8_afp32()).quantize()
    return bytes(made.quantized_model)


def _onnx(calibrated: Calibrated, path: Path) -> None:
    function = calibrated.probabilities
    model, _ = tf2onnx.convert.from_function(
        function,
        input_signature=function.input_signature,
        opset=OPSET,
        custom_op_handlers={
            "RFFT": (_dft, []),
            "Real": (partial(_part, part=0), []),
            "Imag": (partial(_part, part=1), []),
        },
    )
    known = metadata(calibrated.info)
    texts = {key: one if isinstance(one, str) else json.dumps(one) for key, one in known.items()}
    onnx.helper.set_model_props(model, texts)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _dft(graph: Any, node: Any, name: str, _: list[Any]) -> None:
    """TensorFlow's RFFT of (..., n) as ONNX' DFT: (..., n // 2 + 1, 2), real part and imaginary."""
    signal, length = node.input
    shape = graph.get_shape(signal)
    outputs, rank = node.output, len(shape)
    graph.remove_node(name)
    axes = graph.make_const(f"{name}_axes", np.array([rank], np.int64)).output[0]
    channel = graph.make_node("Unsqueeze", [signal, axes]).output[0]
    wanted = graph.make_node("Squeeze", [length]).output[0]
    graph.make_node(
        "DFT",
        [channel, wanted],
        attr={"axis": rank - 1, "onesided": 1},
        outputs=outputs,
        name=name,
        shapes=[[*shape[:-1], -1, 2]],
        dtypes=[onnx.TensorProto.FLOAT],
    )


def _part(graph: Any, node: Any, name: str, _: list[Any], part: int) -> None:
    """The real or the imaginary part of what `_dft` makes."""
    (pair,), outputs = node.input, node.output
    shape = graph.get_shape(outputs[0])
    graph.remove_node(name)
    place = graph.make_const(f"{name}_part", np.array(part, np.int64)).output[0]
    graph.make_node(
        "Gather",
        [pair, place],
        attr={"axis": -1},
        outputs=outputs,
        name=name,
        shapes=[shape],
        dtypes=[onnx.TensorProto.FLOAT],
    )
