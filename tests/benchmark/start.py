"""From the command to the first page, and to the first answer of the model."""

import asyncio
import time
from typing import Any

from app import audio
from tests.benchmark.load import SAMPLE_RATE, App, Person, first_reading
from tests.conftest import EXAMPLES
from tests.serving import app_running


def measure() -> list[dict[str, Any]]:
    """A row for the first start and one for the next, when the disk's cache is warm."""
    return [{"start": name, **seconds()} for name in ("first", "again")]


def seconds() -> dict[str, float]:
    """Of one start. The first chunk of sound is half a second long, and part of the answer."""
    sound = audio.load(min(EXAMPLES.glob("*.ogg")), SAMPLE_RATE)
    person = Person(0)
    began = time.monotonic()
    with app_running() as (url, _):
        page = time.monotonic() - began
        asyncio.run(first_reading(person, App(url), sound))
    answer = person.told[0][0] - began
    return {"to the page, s": round(page, 1), "to the first reading, s": round(answer, 1)}
