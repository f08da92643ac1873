"""The page: one file per tab, and one for the page and its theme."""

from ..folders import ASSETS

PAGE = ASSETS / "page"  # the scripts, styles and texts of the page
EXAMPLES = ASSETS / "examples"
PUBLIC = "public"  # the path under which the page serves `ASSETS`


def asset(name: str) -> str:
    """The text of a file in `assets/page/`."""
    return (PAGE / name).read_text("utf-8")
