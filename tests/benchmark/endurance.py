"""`python -m tests.benchmark.endurance`: minutes of streaming through the page in a real browser.

A Chromium with a recording as its microphone records for minutes. Every ten seconds are noted: the
delay from the moment a chunk leaves the page to the moment its reading is drawn, how far what was
read lies behind what was recorded, the memory of the server and of the page.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from app import audio
from app.files import write_text
from tests.browser.chromium import ensure
from tests.conftest import EXAMPLES
from tests.serving import app_running, resident_megabytes

EVERY = 10  # seconds
# Notes when chunks leave and when readings are drawn, without changing either.
PROBE = """
window.sent = []; window.drawn = [];
const post = window.fetch;
window.fetch = (url, ...rest) => {
  if (String(url.url ?? url).endsWith("/upload")) window.sent.push(performance.now());
  return post(url, ...rest);
};
"""
WATCH_DRAWING = """() => {
const react = Plotly.react;
Plotly.react = (node, traces, ...rest) => {
  const time = traces?.[0]?.x?.at(-1);
  if (time && time !== window.drawn.at(-1)?.time) {
    window.drawn.push({time, at: performance.now(), chunk: window.sent.at(-1)});
  }
  return react(node, traces, ...rest);
};
}"""


def main(
    minutes: Annotated[float, typer.Option(help="How long to record.")] = 10.0,
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path(
        "build/endurance.json"
    ),
) -> None:
    """Record through the page for minutes and see whether anything grows."""
    with tempfile.TemporaryDirectory() as folder:
        microphone = Path(folder) / "microphone.wav"
        clip = audio.load(next(EXAMPLES.glob("joined-*.ogg")))
        soundfile.write(microphone, clip, audio.SAMPLE_RATE, "PCM_16")
        with app_running() as (url, app):
            rows = record(url, app.pid, microphone, 60 * minutes)
    show(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, json.dumps({"every_seconds": EVERY, "rows": rows}, indent=1) + "\n")


def record(url: str, server: int, microphone: Path, seconds: float) -> list[dict[str, float]]:
    """Figures of each stretch of `EVERY` seconds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=ensure(),
            args=[
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
                "--enable-precise-memory-info",
            ],
        )
        page = browser.new_page()
        page.add_init_script(PROBE)
        page.goto(url)
        page.wait_for_selector("#live .history .main-svg")
        page.evaluate(WATCH_DRAWING)
        page.click("#microphone button.record-button")
        began = time.monotonic()
        page.wait_for_function("window.drawn.length > 0", timeout=30_000)
        offset = page.evaluate("drawn[0].at / 1000 - drawn[0].time")
        rows = []
        while time.monotonic() - began < seconds:
            page.wait_for_timeout(1000 * EVERY)
            rows.append(stretch(page, server, time.monotonic() - began, offset))
        browser.close()
    return rows


def stretch(page: Page, server: int, elapsed: float, offset: float) -> dict[str, float]:
    """What was drawn since the last stretch; `offset` is the page's clock at the start."""
    drawn = page.evaluate("window.drawn.splice(0)")
    delays = np.array([reading["at"] - reading["chunk"] for reading in drawn])
    last = drawn[-1]
    return {
        "seconds": round(elapsed, 1),
        "readings": len(drawn),
        "delay_median_ms": round(float(np.median(delays)), 1),
        "delay_p95_ms": round(float(np.quantile(delays, 0.95)), 1),
        "behind_s": round(last["at"] / 1000 - offset - last["time"], 2),
        "server_mb": round(resident_megabytes(server), 1),
        "page_mb": round(page.evaluate("performance.memory.usedJSHeapSize") / 1e6, 1),
    }


def show(rows: list[dict[str, float]]) -> None:
    """One row a minute or so."""
    table = Table(*rows[0], title="One person through the page")
    for row in rows[:: max(1, len(rows) // 12)]:
        table.add_row(*map(str, row.values()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
