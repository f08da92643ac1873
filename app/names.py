"""File names as printable text."""

import os
import unicodedata
from collections.abc import Sequence

# Encodings of names in archives without a stated encoding, with the Unicode names of their scripts.
ENCODINGS = {
    "cp437": ("LATIN",),
    "cp932": ("HIRAGANA", "KATAKANA", "CJK"),
    "cp866": ("CYRILLIC",),
    "cp949": ("HANGUL",),
    "gb18030": ("CJK",),
}


def printable(name: str) -> str:
    """A name whose bytes that are no UTF-8 are written as "\\\\xe9"."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def decoded(names: Sequence[str]) -> list[str]:
    """The names in one zip archive without a stated encoding, decoded with the likeliest one.

    Args:
        names: from `zipfile`, which decodes every byte as cp437.
    """
    raw = [name.encode("cp437") for name in names]
    for encoding in ("utf-8", max(ENCODINGS, key=lambda encoding: _likelihood(raw, encoding))):
        try:
            return [name.decode(encoding) for name in raw]
        except UnicodeDecodeError:
            continue
    return list(names)


def _likelihood(raw: Sequence[bytes], encoding: str) -> int:
    """Bytes of letters of the encoding's scripts, less twice those of what else is not ASCII."""
    try:
        text = "".join(name.decode(encoding) for name in raw)
    except UnicodeDecodeError:
        return -2 * sum(map(len, raw)) - 1
    likelihood = 0
    for character in filter(lambda character: not character.isascii(), text):
        known = unicodedata.name(character, "").startswith(ENCODINGS[encoding])
        likelihood += (1 if known else -2) * len(character.encode(encoding))
    return likelihood
