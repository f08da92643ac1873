"""Other processes: spawned ones predict, forked ones say at once that they cannot."""

import subprocess
import sys

import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.serving import PATIENCE

CLIP = EXAMPLES / "angry-woman-1037.ogg"
SCRIPT = f"""
import multiprocessing
from app import predict_emotion

if __name__ == "__main__":
    print(predict_emotion({str(CLIP)!r}).emotion)
    with multiprocessing.get_context(METHOD).Pool(1) as pool:
        try:
            print(pool.apply(predict_emotion, [{str(CLIP)!r}]).emotion)
        except ValueError as error:
            print(error)
"""


@pytest.mark.parametrize(
    ("method", "words"), [("spawn", "angry"), ("fork", 'multiprocessing.get_context("spawn")')]
)
def test_another_process_answers(method, words, tmp_path):
    path = tmp_path / "pool.py"
    path.write_text(SCRIPT.replace("METHOD", repr(method)))
    done = subprocess.run(
        [sys.executable, path],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    first, second = done.stdout.splitlines()
    assert first == "angry"
    assert words in second
