"""What a Hugging Face Space starts, as a script: `python app/space.py` from the repository root."""

import sys
from pathlib import Path

# A script has its own folder on the path instead of the root that holds the package.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.bundle import BundleError
from app.classifier import Classifier
from app.ui.page import build, build_refusal, launch_settings

try:
    demo = build(Classifier())
except BundleError as error:
    # A Space has no terminal to look at; visitors need not know where it keeps its files.
    demo = build_refusal(str(error).replace(f"{sys.path[0]}/", ""))

if __name__ == "__main__":
    demo.launch(server_name="0.0.0.0", **launch_settings())
