"""The preview of a shared link to the page."""

from html import escape

from . import PUBLIC

TITLE = "Undertone"
DESCRIPTION = (
    "The emotion in a voice, live, twice a second, or in recordings. It knows acted emotion in "
    "short English clips and must not be used to judge people."
)
PICTURE = "page.png"


def tags(root: str) -> str:
    """The tags for the head of the page that is served at `root`."""
    picture = f"{root}/{PUBLIC}/{PICTURE}"
    card = {
        "og:type": "website",
        "og:site_name": TITLE,
        "og:title": TITLE,
        "og:description": DESCRIPTION,
        "og:url": f"{root}/",
        "og:image": picture,
        "og:image:alt": "The page while it listens: the emotion, its share and the last minute",
    }
    named = {
        "description": DESCRIPTION,
        "twitter:card": "summary_large_image",
        "twitter:title": TITLE,
        "twitter:description": DESCRIPTION,
        "twitter:image": picture,
    }
    lines = [f'<meta property="{name}" content="{escape(text)}">' for name, text in card.items()]
    lines += [f'<meta name="{name}" content="{escape(text)}">' for name, text in named.items()]
    return "".join([f"<title>{TITLE}</title>", *lines])
