"""What a Hugging Face Space starts, as a script: `python app/space.py` from the repository root."""

import sys
from pathlib import Path

# A script has its own folder on the path instead of the root that holds the package.
ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from app.bundle import BundleError  # noqa: E402  needs the line above
from app.classifier import Classifier  # noqa: E402  needs the line above
from app.ui.page import build, build_refusal, launch_settings  # noqa: E402  needs the line above

try:
    demo = build(Classifier())
except BundleError as error:
    # A Space has no terminal to look at; visitors need not know where it keeps its files.
    demo = build_refusal(str(error).replace(f"{ROOT}/", ""))

if __name__ == "__main__":
    demo.launch(server_name="0.0.0.0", **launch_settings())
