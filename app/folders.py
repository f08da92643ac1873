"""The paths of the files that ship with the code: assets and trained models."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = (_PACKAGE / "assets").is_dir()
# A wheel holds both inside the package, a checkout beside it.
_ROOT = _PACKAGE if INSTALLED else _PACKAGE.parent
ASSETS = _ROOT / "assets"
MODELS = _ROOT / "models"


def command() -> str:
    """The command of the program: `undertone`, or `python -m app` in a checkout."""
    return "undertone" if INSTALLED else "python -m app"


def how_to_install(extra: str) -> str:
    """The command that installs optional packages.

    Args:
        extra: their name in pyproject.toml, such as "mcp".
    """
    if INSTALLED:
        return f'pip install "undertone[{extra}]"'
    return f"pip install -r requirements-{extra}.txt"
