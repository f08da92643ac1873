"""What several tests of training need: the real corpora' table, and a run that is stopped."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from model_training.corpora.table import Corpus, load_corpora
from model_training.training.checkpoints import Checkpoint


@pytest.fixture(scope="session")
def real(data: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Corpus:
    """The real corpora, every clip decoded once in a run; for tests marked `corpora`."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":  # the processes of a run share the folder above theirs
        folder = folder.parent
    with FileLock(folder / "real.lock"):
        return load_corpora(data, folder / "real")


@pytest.fixture(scope="session")
def nemo(data: Path) -> Path:
    """The folder of nEMO, in `more` beside the real corpora; for tests marked `corpora`."""
    folder = data.parent / "more" / "nEMO"
    if not folder.is_dir():
        pytest.skip(f"nEMO is not in {folder}")
    return folder


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """Makes a context in which a run is stopped by its user after its second epoch."""
    save = Checkpoint.on_epoch_end

    def stop_after_the_second(self: Checkpoint, epoch: int, logs: dict[str, Any] | None) -> None:
        save(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    @contextmanager
    def context() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "on_epoch_end", stop_after_the_second)
            with pytest.raises(KeyboardInterrupt):
                yield

    return context
