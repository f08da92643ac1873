"""What a Hugging Face Space starts, as a script: `python app/space.py` from the repository root."""

import sys
from pathlib import Path

# A script has its own folder on the path instead of the root that holds the package.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from app.classifier import Classifier  # noqa: E402  needs the line above
from app.ui.page import build, launch_settings  # noqa: E402  needs the line above

demo = build(Classifier())

if __name__ == "__main__":
    demo.launch(server_name="0.0.0.0", **launch_settings())
