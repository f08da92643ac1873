"""What the tests share: the corpora where they are, the shipped bundle, the running app."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.packaging import build_wheel, install_wheel
from tests.serving import PATIENCE, app_running

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "assets" / "examples"

# How long an example takes says more about the machine than about the product.
hypothesis.settings.register_profile("undertone", deadline=None)
hypothesis.settings.load_profile("undertone")


def corpora() -> Path | None:
    """The folder of the real corpora: $UNDERTONE_DATA, or shared/corpora in or beside a parent."""
    named = os.environ.get("UNDERTONE_DATA")
    places = [Path(named)] if named else [parent / "shared" / "corpora" for parent in ROOT.parents]
    return next((place for place in places if place.is_dir()), None)


def pytest_configure(config: pytest.Config) -> None:
    """Gradio keeps its files in /tmp/gradio, which may be another user's; here they go at the end.

    It reads the variable when it is imported, so no fixture would be early enough.
    """
    folder = tempfile.TemporaryDirectory(prefix="undertone-tests-")
    os.environ["GRADIO_TEMP_DIR"] = folder.name
    config.add_cleanup(folder.cleanup)


def pytest_report_header() -> str:
    found = corpora()
    return f"corpora: {found}" if found else "corpora: none, tests marked 'corpora' are deselected"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if corpora():
        return
    absent = [item for item in items if item.get_closest_marker("corpora")]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the real corpora, for tests marked `corpora`."""
    found = corpora()
    assert found, "tests that use the corpora are marked 'corpora'"
    return found


@pytest.fixture(scope="session")
def examples() -> list[Path]:
    """The short example clips, each named by its emotion first."""
    paths = sorted(path for path in EXAMPLES.glob("*.ogg") if not path.stem.startswith("joined"))
    assert paths, f"no example clips in {EXAMPLES}"
    return paths


@pytest.fixture(scope="session")
def classifier():
    """The shipped bundle, loaded once."""
    from app.classifier import Classifier

    shipped = Classifier()
    shipped.load()
    return shipped


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip wheel .` makes."""
    return build_wheel(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the wheel is installed; its dependencies are the environment's."""
    folder = tmp_path_factory.mktemp("installed")
    install_wheel(wheel, folder)
    return folder


@pytest.fixture
def new_files() -> Callable[[], set[Path]]:
    """What is in Gradio's folder by now and was not when the test began: others leave files too."""

    def files() -> set[Path]:
        return {path for path in Path(os.environ["GRADIO_TEMP_DIR"]).rglob("*") if path.is_file()}

    before = files()
    return lambda: files() - before


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the real app, started as a person starts it, with its model loaded."""
    from gradio_client import Client, handle_file

    with app_running() as (url, _):
        client = Client(url, verbose=False, httpx_kwargs={"timeout": PATIENCE})
        client.predict(handle_file(min(EXAMPLES.glob("*.ogg"))), api_name="/predict")
        yield url
