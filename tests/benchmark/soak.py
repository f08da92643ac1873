"""`python -m tests.benchmark.soak`: half an hour of mixed traffic, and whether anything grows.

People come and go on the live page, recordings and archives are heard through the endpoints, and
broken ones are sent between them. Every half minute the server's memory, open files and temporary
files are noted. Prints a table and writes it as JSON.
"""

import asyncio
import json
import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app.files import write_text
from tests.benchmark.load import App, many
from tests.conftest import EXAMPLES
from tests.serving import app_running, resident_megabytes

EVERY = 30.0  # seconds between two notes
PEOPLE = 4  # who record at the same time
VISIT = 20.0  # seconds that they stay
PAUSE = 2.0  # seconds between two recordings sent


class Traffic:
    """Runs until it is told to end."""

    def __init__(self, url: str, broken: Path) -> None:
        self.over = threading.Event()
        self.visits = self.heard = self.refused = 0
        self._url = url
        self._broken = broken
        self._threads = [threading.Thread(target=work) for work in (self._live, self._recordings)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _live(self) -> None:
        while not self.over.is_set():
            asyncio.run(many(App(self._url), PEOPLE, VISIT))
            self.visits += PEOPLE

    def _recordings(self) -> None:
        clips = sorted(EXAMPLES.glob("*.ogg"))
        while not self.over.wait(PAUSE):
            client = Client(self._url, verbose=False)
            some = [handle_file(str(path)) for path in clips[:3]]
            client.predict(some[self.heard % 3], api_name="/predict")
            client.predict([*some, handle_file(str(self._broken))], api_name="/batch")
            try:
                client.predict(handle_file(str(self._broken)), api_name="/analyze")
            except AppError:
                self.refused += 1
            self.heard += 5
            client.close()


def note(server: int, folder: Path, seconds: float) -> dict[str, Any]:
    """What the server holds now."""
    sizes = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # deleted while we look
            if path.is_file():
                sizes.append(path.stat().st_size)
    return {
        "minute": round(seconds / 60, 1),
        "memory, MB": round(resident_megabytes(server)),
        "open files": len(list(Path(f"/proc/{server}/fd").iterdir())),
        "temporary files": len(sizes),
        "of them, MB": round(sum(sizes) / 2**20, 1),
    }


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 30.0,
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path(
        "build/soak.json"
    ),
) -> None:
    """Keep the app busy and see whether anything grows."""
    with tempfile.TemporaryDirectory() as folder:
        kept, broken = Path(folder, "gradio"), Path(folder, "broken.wav")
        broken.write_text("no sound")
        os.environ["GRADIO_TEMP_DIR"] = str(kept)
        with app_running() as (url, server):
            traffic = Traffic(url, broken)
            began = time.monotonic()
            rows = []
            while time.monotonic() - began < 60 * minutes:
                time.sleep(EVERY)
                rows.append(note(server.pid, kept, time.monotonic() - began))
            traffic.end()
    table = pd.DataFrame(rows)
    typer.echo(table.iloc[:: max(1, len(table) // 15)].to_markdown(index=False))
    done = {"visits": traffic.visits, "heard": traffic.heard, "refused": traffic.refused}
    typer.echo(str(done))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, json.dumps(done | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
