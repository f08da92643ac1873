"""The wheel, made and installed for tests, with the environment's own packages beside it."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def build_wheel(source: Path, out: Path) -> Path:
    """The wheel of what Git tracks.

    Args:
        source: an empty folder; building leaves more beside the files than was there.
        out: a folder for the wheel.
    """
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", out]
    subprocess.run([*PIP, "wheel", *options, source], check=True)
    (built,) = out.glob("*.whl")
    return built


def install_wheel(wheel: Path, folder: Path) -> None:
    """Install a wheel without its dependencies into an empty folder."""
    options = ["--no-deps", "--no-index", "--target", folder]
    subprocess.run([*PIP, "install", *options, wheel], check=True)
