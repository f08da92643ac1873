"""Many people at the live page at once.

Starts the app and streams to it as the page does, over the same addresses: every half second a
chunk at 48 kHz is uploaded and announced, and readings come back as server-sent events. The people
are another process on the same machine, so the server has a little less than all its cores.

A quarter of the people send silence: if one of them were given an emotion, it would be another's.
"""

import asyncio
import io
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import soundfile

from app import audio
from app.ui.live_tab import GONE
from tests.conftest import EXAMPLES
from tests.serving import app_running, resident_megabytes

SAMPLE_RATE = 48_000  # of a browser
CHUNK_SECONDS = 0.5
SETTLING = 5.0  # seconds at the beginning that are not counted
LONGEST_START = 60.0  # seconds until the model is there
SILENT = 4  # one person in so many says nothing


@dataclass
class Person:
    """What one of them sent and was told."""

    number: int
    sent: dict[float, float] = field(default_factory=dict)  # end of a chunk, s -> when it left
    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)  # when, a reading

    @property
    def silent(self) -> bool:
        return self.number % SILENT == SILENT - 1


class App:
    """The addresses that the page of a running app uses, found as the page finds them."""

    def __init__(self, url: str) -> None:
        config = httpx.get(f"{url}/config").json()
        self.api = url + config["api_prefix"]
        components = {part["id"]: part for part in config["components"]}
        self.microphone = next(
            number
            for number, part in components.items()
            if part["props"].get("elem_id") == "microphone"
        )
        self.settings = []
        for event in config["dependencies"]:
            if [self.microphone, "stream"] in event["targets"]:
                self.stream = event["id"]
            if [self.microphone, "start_recording"] in event["targets"] and event["backend_fn"]:
                self.begin = event["id"]
                self.settings = [
                    components[number]["props"].get("value") for number in event["inputs"]
                ]


async def attend(person: Person, app: App, sound: np.ndarray, seconds: float) -> None:
    """One person from the first to the last chunk."""
    name = secrets.token_hex(6)
    rng = np.random.default_rng(person.number)
    await asyncio.sleep(rng.uniform(0, CHUNK_SECONDS))
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        start = {"data": app.settings, "fn_index": app.begin, "session_hash": name}
        (await client.post(f"{app.api}/run/predict", json=start)).raise_for_status()
        began = time.monotonic()
        listening: asyncio.Task[None] | None = None
        present = asyncio.create_task(stay(client, app, name))
        event = ""
        step = round(CHUNK_SECONDS * SAMPLE_RATE)
        for number in range(round(seconds / CHUNK_SECONDS)):
            await asyncio.sleep(max(0.0, began + (number + 1) * CHUNK_SECONDS - time.monotonic()))
            person.sent[(number + 1) * CHUNK_SECONDS] = time.monotonic()
            chunk = np.take(sound, np.arange(number * step, (number + 1) * step), mode="wrap")
            file = await upload(client, app, chunk)
            body = {"data": [file, None], "fn_index": app.stream, "session_hash": name}
            if event:
                answer = await client.post(f"{app.api}/stream/{event}", json=body)
            else:
                body |= {"event_data": None, "trigger_id": app.microphone}
                answer = await client.post(f"{app.api}/queue/join", json=body)
                event = answer.json()["event_id"]
                listening = asyncio.create_task(listen(client, app, name, person))
            answer.raise_for_status()
        await asyncio.sleep(2)
        await client.post(f"{app.api}/stream/{event}/close")
        present.cancel()
        if listening:
            listening.cancel()


async def first_reading(person: Person, app: App, sound: np.ndarray) -> None:
    """One person who leaves with the first reading, for which the model has to be there."""
    recording = asyncio.create_task(attend(person, app, sound, LONGEST_START))
    while not (person.told or recording.done()):
        await asyncio.sleep(0.02)
    recording.cancel()


async def upload(client: httpx.AsyncClient, app: App, chunk: np.ndarray) -> dict[str, Any]:
    wav = io.BytesIO()
    soundfile.write(wav, chunk, SAMPLE_RATE, "PCM_16", format="WAV")
    files = {"files": ("audio.wav", wav.getvalue(), "audio/wav")}
    path = (await client.post(f"{app.api}/upload", files=files)).json()[0]
    return {"path": path, "is_stream": True, "meta": {"_type": "gradio.FileData"}}


async def stay(client: httpx.AsyncClient, app: App, name: str) -> None:
    """The connection whose end tells the server that the page was closed."""
    async with client.stream("GET", f"{app.api}/heartbeat/{name}", timeout=None) as alive:
        async for _ in alive.aiter_lines():
            pass


async def listen(client: httpx.AsyncClient, app: App, name: str, person: Person) -> None:
    """Take down every reading with the moment it came."""
    address = f"{app.api}/queue/data?session_hash={name}"
    async with client.stream("GET", address, timeout=None) as events:
        async for line in events.aiter_lines():
            message = json.loads(line[5:]) if line.startswith("data:") else {}
            if message.get("msg") == "process_streaming":
                for reading in message["output"]["data"][1]["readings"]:
                    person.told.append((time.monotonic(), reading))


async def many(app: App, count: int, seconds: float) -> list[Person]:
    """Everyone at once, each with a voice of their own."""
    clips = sorted(EXAMPLES.glob("*.ogg"))
    people = [Person(number) for number in range(count)]
    sounds = [
        np.zeros(SAMPLE_RATE, np.float32)
        if person.silent
        else audio.load(clips[person.number % len(clips)], SAMPLE_RATE)
        for person in people
    ]
    await asyncio.gather(
        *(attend(person, app, sound, seconds) for person, sound in zip(people, sounds, strict=True))
    )
    return people


def summary(people: list[Person], seconds: float, server: int) -> dict[str, Any]:
    """What they got, after the first seconds."""
    rates, delays, unread, foreign = [], [], [], 0
    for person in people:
        counted = [(at, told) for at, told in person.told if told["time"] > SETTLING]
        rates.append(len(counted) / (seconds - SETTLING))
        delays += [1000 * (at - person.sent[told["time"]]) for at, told in counted]
        unread.append(max(person.sent) - max((told["time"] for _, told in person.told), default=0))
        foreign += person.silent * sum(told["emotion"] is not None for _, told in person.told)
    return {
        "people": len(people),
        "readings a second, least": round(min(rates), 2),
        "delay, median ms": round(float(np.median(delays))),
        "95th percentile": round(float(np.quantile(delays, 0.95))),
        "unread, s": round(max(unread), 1),
        "of another": foreign,
        "server, MB": round(resident_megabytes(server)),
    }


def measure(people: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """A row for each number of people."""
    with app_running() as (url, server):
        app = App(url)
        asyncio.run(first_reading(Person(0), app, np.zeros(SAMPLE_RATE, np.float32)))
        rows = []
        for count in people:
            time.sleep(GONE + 1)  # until those of the last round have left the room
            rows.append(summary(asyncio.run(many(app, count, seconds)), seconds, server.pid))
        return rows
