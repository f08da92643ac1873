"""What a Hugging Face Space starts, as a script: `python app/space.py` from the repository root."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

# A script has its own folder on the path instead of the root that holds the package, and belongs to
# no package itself: relative imports are not possible here.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.bundle import BundleError
from app.classifier import Classifier
from app.ui.page import launch, launch_refusal

HOST = "0.0.0.0"  # a Space is a container that its proxy alone reaches


def register_for_zero_gpu() -> None:
    """Have one function that could ask for a GPU: without one, a ZeroGPU Space fails to start.

    It is never called: the models run on the CPU.
    """
    if os.environ.get("SPACES_ZERO_GPU") and find_spec("spaces"):
        from spaces import GPU

        GPU(register_for_zero_gpu)


if __name__ == "__main__":
    register_for_zero_gpu()
    try:
        launch(Classifier(), HOST)
    except BundleError as error:
        # A Space has no terminal, and visitors need not see the paths of its files.
        launch_refusal(str(error).replace(f"{sys.path[0]}/", ""), HOST)
