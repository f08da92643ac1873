"""A bundle on disk: a folder with a trained model, its description and its card.

`saved_model` reads and writes the model; this file does not need Keras.
"""

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .emotions import RESERVED, Emotion
from .errors import UndertoneError
from .files import write_text

MODEL_FILE = "model.keras"
INFO_FILE = "bundle.json"
CARD_FILE = "README.md"
# The figures of a card are between these lines; the page shows them.
FIGURES_BEGIN, FIGURES_END = "<!-- figures:begin -->", "<!-- figures:end -->"
SCHEMA = 3


class BundleError(UndertoneError):
    """A bundle cannot be used; the message says which one and why."""


class Voices(BaseModel):
    """The clips and speakers on one side of a split."""

    model_config = ConfigDict(extra="forbid", strict=True)

    clips: int
    speakers: list[str]


class BundleInfo(BaseModel):
    """The description of a bundle. An unknown or missing key is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schema_version: int
    name: str
    recipe: str
    description: str
    emotions: list[Emotion] = Field(min_length=2, description="in the order of the probabilities")
    sample_rate: int = Field(gt=0, description="Hz")
    window_seconds: float = Field(gt=0)
    temperature: float = Field(gt=0, description="divides the logits before the softmax")
    named_from: float = Field(
        gt=0, le=1, description="the lowest probability of a named emotion; see `labelling`"
    )
    parameters: int
    protocol: str
    fold: int
    seed: int
    epochs: int
    trained_on: Voices
    validated_on: Voices
    unheard: Voices
    versions: dict[str, str]
    model_sha256: str

    @field_validator("emotions")
    @classmethod
    def _have_names_of_their_own(cls, emotions: list[Emotion]) -> list[Emotion]:
        names = [emotion.name for emotion in emotions]
        if len(set(names)) < len(names) or not all(names) or set(names) & RESERVED:
            raise ValueError(f"each needs a name of its own, none of {', '.join(sorted(RESERVED))}")
        return emotions

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the emotions."""
        return tuple(emotion.name for emotion in self.emotions)


def write_info(folder: Path, info: BundleInfo) -> None:
    """Write `bundle.json` atomically."""
    write_text(folder / INFO_FILE, info.model_dump_json(indent=2) + "\n")


def read_info(folder: Path) -> BundleInfo:
    """Read only `bundle.json`.

    Raises:
        BundleError: no such folder, a file is missing or cannot be read, or its content is of
            another schema.
    """
    try:
        return _info(folder)
    except OSError as error:
        raise BundleError(
            f"The model in {folder} cannot be read: {error.strerror or error}."
        ) from error


def _info(folder: Path) -> BundleInfo:
    if not folder.is_dir():
        raise BundleError(f"There is no model in {folder}: no such folder.")
    for name in (INFO_FILE, MODEL_FILE):
        if not (folder / name).is_file():
            raise BundleError(f"The model in {folder} is incomplete: {name} is missing.")
    content = (folder / INFO_FILE).read_bytes()
    # Another schema may have other keys, so it is the first thing to say.
    schema = _stated_schema(content)
    if schema not in (SCHEMA, None):
        raise BundleError(
            f"The model in {folder} was made for schema {schema}, "
            f"this version reads schema {SCHEMA}."
        )
    try:
        return BundleInfo.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BundleError(
            f"The model in {folder} cannot be used: {INFO_FILE} is not as expected "
            f"({where}: {first['msg']})."
        ) from error


def _stated_schema(content: bytes) -> object:
    try:
        return json.loads(content)["schema_version"]
    except (ValueError, KeyError, TypeError):
        return None  # the validation says what is wrong


def checked(folder: Path) -> BundleInfo:
    """The description of a bundle, after a check of its model file.

    Raises:
        BundleError: as for `read_info`, or the model file is truncated or changed.
    """
    info = read_info(folder)
    if digest(folder / MODEL_FILE) != info.model_sha256:
        raise BundleError(
            f"The model in {folder} is damaged: {MODEL_FILE} is not the file that "
            f"{INFO_FILE} describes (truncated, altered, or a Git LFS pointer)."
        )
    return info


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
