"""Live sessions of API clients, which may disappear without notice."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from ..classifier import Classifier
from ..errors import UndertoneError
from ..limits import LIMITS
from ..live import LiveSession

IDLE = 300  # seconds without a chunk until a session ends


class SessionError(UndertoneError):
    """There is no such session; the message says what to do."""


@dataclass
class Stream:
    """The live session of one client; its calls run one after another."""

    session: LiveSession
    lock: Lock = field(default_factory=Lock)
    used: float = 0.0  # on the clock of time.monotonic


class Sessions:
    """Live sessions by a random name that only their client knows."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, Stream] = (
            OrderedDict()
        )  # the session that was idle longest first
        self._lock = Lock()

    def open(self, name: str, classifier: Classifier) -> tuple[str, Stream]:
        """The session of that name; a new one for an empty name.

        Raises:
            SessionError: there is no such session, or no longer.
        """
        now = time.monotonic()
        with self._lock:
            while self._streams and next(iter(self._streams.values())).used < now - IDLE:
                self._streams.popitem(last=False)
            if not name:
                name = secrets.token_urlsafe(16)
                self._streams[name] = Stream(LiveSession(classifier))
                if len(self._streams) > LIMITS.sessions:
                    self._streams.popitem(last=False)
            if name not in self._streams:
                raise SessionError(
                    "There is no such session, or no longer: leave it out to begin a new one."
                )
            stream = self._streams[name]
            stream.used = now
            self._streams.move_to_end(name)
        return name, stream

    def close(self, name: str) -> None:
        """Delete a session and its sound."""
        with self._lock:
            self._streams.pop(name, None)
