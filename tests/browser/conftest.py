"""Real Chromiums with a recording as their microphone, and recordings to give them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from app import audio
from app.classifier import Classifier
from tests.browser.chromium import ensure
from tests.browser.steps import SECOND, new_page
from tests.serving import PATIENCE

GRANTED = "--use-fake-ui-for-media-stream"
FAKE = "--use-fake-device-for-media-stream"

# A busy machine takes its time; what is there at once costs nothing.
expect.set_options(timeout=20 * SECOND)

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The Space first: what it installs takes two minutes, and the others run meanwhile."""
    items.sort(key=lambda item: item.path.name != "test_space.py")


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


# Gradio takes its folder from the environment when it is imported: not before that is set.
@pytest.fixture
def no_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page served from this process leaves out no reading, however late a busy machine is."""
    from app.ui import live_tab

    monkeypatch.setattr(live_tab, "BEHIND", 600)  # seconds


@pytest.fixture
def url_without_skips(classifier: Classifier, no_skips: None) -> Iterator[str]:
    """The address of such a page."""
    from tests.browser.serving import served

    for _, url in served(classifier):
        yield url


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium without a microphone, for what needs none."""
    opened = playwright.chromium.launch(executable_path=ensure())
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def browsers(playwright: Playwright) -> Iterator[Callable[[tuple[str, ...]], Browser]]:
    """The Chromium with some switches, started once for all tests."""
    started: dict[tuple[str, ...], Browser] = {}

    def browser(switches: tuple[str, ...]) -> Browser:
        if switches not in started:
            started[switches] = playwright.chromium.launch(
                executable_path=ensure(), args=[switch for switch in switches if switch]
            )
        return started[switches]

    yield browser
    for one in started.values():
        one.close()


@contextmanager
def opening(
    browsers: Callable[[tuple[str, ...]], Browser], recordings: dict[str, Path], app_url: str
) -> Iterator[OpenPage]:
    """Open the app in a new context.

    Args:
        microphone: a name in `recordings`; None for a microphone that is refused.
        url: instead of the app's own.
        flags: further switches of Chromium.
    """
    contexts: list[BrowserContext] = []

    def open_page(microphone: str | None = "speech", url: str = app_url, flags: str = "") -> Page:
        heard = f"--use-file-for-fake-audio-capture={recordings[microphone or 'silence']}"
        switches = (FAKE, heard, *flags.split("|"), *([GRANTED] if microphone else []))
        page = new_page(browsers(switches))
        contexts.append(page.context)
        page.goto(url)
        page.wait_for_selector("#live .history .main-svg", timeout=PATIENCE * SECOND)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(browsers, recordings, app_url) -> Iterator[OpenPage]:
    """Open pages that are closed after the test; see `opening`."""
    with opening(browsers, recordings, app_url) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def open_lasting_page(browsers, recordings, app_url) -> Iterator[OpenPage]:
    """Open pages that the tests of a file share."""
    with opening(browsers, recordings, app_url) as open_page:
        yield open_page
