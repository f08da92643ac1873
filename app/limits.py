"""Limits for each user, set by environment variables such as `UNDERTONE_MINUTES=30`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from .errors import UndertoneError

PREFIX = "UNDERTONE_"


class LimitsError(UndertoneError):
    """A limit is not a number."""


@dataclass(frozen=True)
class Limits:
    """The limits. Beyond a limit the user gets a message, and earlier results stay.

    Attributes:
        minutes: of one recording.
        upload_mb: of one uploaded file.
        recordings: in one upload, including those in archives.
        live_minutes: of one live recording.
        listeners: users who record at the same time.
        waiting: users whose recordings wait in the queue.
        sessions: users whose state is kept; beyond that, the user who was idle longest loses it.
    """

    minutes: int = 120
    upload_mb: int = 1500
    recordings: int = 500
    live_minutes: int = 120
    listeners: int = 40
    waiting: int = 60
    sessions: int = 200

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Limits":
        """The limits of an environment; what it doesn't name is as above.

        Raises:
            LimitsError: a value is no whole number above 0.
        """
        found = {}
        for field in fields(cls):
            name = PREFIX + field.name.upper()
            text = environment.get(name)
            if text is None:
                continue
            if not text.isdecimal() or int(text) == 0:
                raise LimitsError(f"{name} is {text!r}; it takes a whole number above 0.")
            found[field.name] = int(text)
        return cls(**found)


def in_minutes(count: int) -> str:
    """`1 minute`, `120 minutes`."""
    return "1 minute" if count == 1 else f"{count} minutes"


LIMITS = Limits.of(os.environ)
