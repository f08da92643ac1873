"""Live sessions of clients that call, chunk by chunk, and may leave without a word."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from ..classifier import Classifier
from ..errors import UndertoneError
from ..limits import LIMITS
from ..live import LiveSession

IDLE = 300  # seconds without a chunk after which a session is given up


class SessionError(UndertoneError):
    """A session that there is not; the message says what to do."""


@dataclass
class Stream:
    """One client's live session; its calls take turns."""

    session: LiveSession
    lock: Lock = field(default_factory=Lock)
    used: float = 0.0  # on the clock of time.monotonic


class Sessions:
    """Live sessions by a name that only the client knows who began them."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, Stream] = OrderedDict()  # who was idle longest first
        self._lock = Lock()

    def open(self, name: str, classifier: Classifier) -> tuple[str, Stream]:
        """The session of that name, or a new one where the name is empty.

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
        """Forget a session and what it heard."""
        with self._lock:
            self._streams.pop(name, None)
