"""The page: one file a tab, one for the page and its theme."""

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[2] / "assets"
