"""What all errors that a person can mend have in common."""


class UndertoneError(ValueError):
    """Something a person can mend; the message is one sentence that says what, and how."""


class AudioError(UndertoneError):
    """Sound that cannot be used."""
