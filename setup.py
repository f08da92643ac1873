"""What a wheel is made of: a checkout's folders under the one name `undertone`.

    app/             undertone
    assets/          undertone/assets
    models/          undertone/models
    model_training/  undertone/training

Everything else about the package is in pyproject.toml.
"""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

FOLDERS = {
    "undertone": "app",
    "undertone.assets": "assets",
    "undertone.models": "models",
    "undertone.training": "model_training",
}
# Training imports both packages by their names in a checkout. In statements and in advice such as
# `python -m model_training compare`, these names follow; nothing else in a file changes.
NAMES = {"app": "undertone", "model_training": "undertone.training"}
MENTION = re.compile(r"(^\s*(?:from|import) |python -m )(app|model_training)\b", re.MULTILINE)


class BuildPy(build_py):
    """Copies the packages, with the names that they have in the wheel."""

    def run(self):
        if not self.editable_mode:  # what an earlier build left would be packed again
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()

    def find_package_modules(self, package, package_dir):
        """All but `space.py`, which a Hugging Face Space starts in a checkout."""
        found = super().find_package_modules(package, package_dir)
        return [module for module in found if module[:2] != ("undertone", "space")]

    def build_module(self, module, module_file, package):
        outfile, copied = super().build_module(module, module_file, package)
        written = Path(outfile)
        text = written.read_text("utf-8")
        named = MENTION.sub(lambda found: found[1] + NAMES[found[2]], text)
        if named != text:
            written.write_text(named, "utf-8")
        return outfile, copied


setup(
    package_dir=FOLDERS,
    packages=[
        *FOLDERS,
        *(f"undertone.{name}" for name in find_packages("app")),
        *(f"undertone.training.{name}" for name in find_packages("model_training")),
    ],
    package_data={
        "undertone": ["py.typed", "README.md"],
        "undertone.assets": ["**/*"],
        "undertone.models": ["**/*"],
        "undertone.training.reports": ["report.html"],
    },
    include_package_data=False,
    cmdclass={"build_py": BuildPy},
)
