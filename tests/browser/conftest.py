"""Real Chromiums with a recording as their microphone, and recordings to give them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from app import audio
from tests.browser.chromium import ensure
from tests.browser.steps import SECOND
from tests.serving import PATIENCE

GRANTED = "--use-fake-ui-for-media-stream"
FAKE = "--use-fake-device-for-media-stream"

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory, examples: list[Path]) -> dict[str, Path]:
    """Files by name: `speech`, `turns` and `silence` as microphones, the rest to upload."""
    folder = tmp_path_factory.mktemp("recordings")
    clips = {path.stem.split("-")[0]: audio.load(path) for path in examples}
    silence = np.zeros(5 * audio.SAMPLE_RATE, np.float32)
    sounds = {
        "speech": np.concatenate([clips["angry"], clips["sad"], silence, clips["angry"], silence]),
        "turns": np.concatenate(
            [silence, clips["angry"], clips["angry"], silence, clips["neutral"], clips["neutral"]]
        ),
        "silence": silence,
        "angry": clips["angry"],
        "sad": clips["sad"],
        "long": np.concatenate([clips["angry"], clips["sad"], clips["happy"]]),
    }
    files = {name: folder / f"{name}.wav" for name in sounds}
    for name, waveform in sounds.items():
        # Chromium takes its microphone from 16-bit PCM only.
        soundfile.write(files[name], waveform, audio.SAMPLE_RATE, "PCM_16")
    files["text"] = folder / "text.wav"
    files["text"].write_text("This is no sound at all. " * 100)
    return files


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium without a microphone, for what needs none."""
    opened = playwright.chromium.launch(executable_path=ensure())
    yield opened
    opened.close()


@pytest.fixture
def open_page(
    playwright: Playwright, recordings: dict[str, Path], app_url: str
) -> Iterator[OpenPage]:
    """Open the app in a new context.

    Args:
        microphone: a name in `recordings`; None for a microphone that is refused.
        url: instead of the app's own.
        flags: further switches of Chromium.
    """
    browsers: dict[tuple[str, ...], Browser] = {}
    contexts: list[BrowserContext] = []

    def open_page(microphone: str | None = "speech", url: str = app_url, flags: str = "") -> Page:
        heard = f"--use-file-for-fake-audio-capture={recordings[microphone or 'silence']}"
        switches = (FAKE, heard, *flags.split("|"), *([GRANTED] if microphone else []))
        if switches not in browsers:
            browsers[switches] = playwright.chromium.launch(
                executable_path=ensure(), args=[switch for switch in switches if switch]
            )
        context = browsers[switches].new_context()
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("#live .history .main-svg", timeout=PATIENCE * SECOND)
        return page

    yield open_page
    for context in contexts:
        context.close()
    for browser in browsers.values():
        browser.close()
