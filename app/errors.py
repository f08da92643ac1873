"""The base classes of errors that the user can fix."""


class UndertoneError(ValueError):
    """An error that the user can fix; the message says in one sentence what is wrong."""


class AudioError(UndertoneError):
    """The sound cannot be used."""
