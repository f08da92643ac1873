"""Reading and writing the Keras model of a bundle."""

from pathlib import Path

import keras

from .bundle import INFO_FILE, MODEL_FILE, BundleError, BundleInfo, checked, digest, write_info
from .files import written_whole
from .frontend import LAYERS


def write(folder: Path, model: keras.Model, info: BundleInfo) -> None:
    """Write the model and its description, each file atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / MODEL_FILE) as partial:
        model.save(partial)
        info = info.model_copy(update={"model_sha256": digest(partial)})
    write_info(folder, info)


def split_last(model: keras.Model) -> tuple[keras.Model, keras.Layer]:
    """All layers up to the input of the last one, and the last one.

    Of the model of a bundle these are the frontend and the network.
    """
    last = model.layers[-1]
    # Of a model inside a model, `last.input` would be its own input and not what it is called on.
    return keras.Model(model.input, keras.Operation.input.__get__(last)), last


def without_head(model: keras.Model) -> keras.Model:
    """The same layers and weights up to the input of the last layer, which makes the logits."""
    rest, head = split_last(model)
    if isinstance(head, keras.Model):
        return keras.Model(model.input, without_head(head)(rest.output))
    return rest


def read(folder: Path) -> tuple[keras.Model, BundleInfo]:
    """Load a bundle with its model.

    Raises:
        BundleError: as for `checked`, or the file is not a model, or not the described one.
    """
    info = checked(folder)
    try:
        model = keras.saving.load_model(
            folder / MODEL_FILE, custom_objects=LAYERS, compile=False, safe_mode=True
        )
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise BundleError(
            f"The model in {folder} cannot be loaded with Keras {keras.__version__}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    window = round(info.window_seconds * info.sample_rate)
    if model.input_shape != (None, window) or model.output_shape != (None, len(info.emotions)):
        raise BundleError(
            f"The model in {folder} maps {model.input_shape} to {model.output_shape}, "
            f"and its {INFO_FILE} says (None, {window}) to (None, {len(info.emotions)})."
        )
    return model, info
