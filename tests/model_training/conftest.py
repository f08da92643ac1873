"""The real corpora, looked through once for all tests that need their table."""

from pathlib import Path

import pytest

from model_training.corpora import Corpus, load_corpora


@pytest.fixture(scope="session")
def real(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The real corpora, every clip decoded anew; for tests marked `corpora`."""
    return load_corpora(data, tmp_path_factory.mktemp("cache"))
