"""Standard error without what libraries below Python say there."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# "I0000 00:00:1795271724.891299   15772 port.cc:153] oneDNN custom operations are on. ...", and
# what stands before the first of them.
NOTE = re.compile(rb"^(?:[IW]\d{4} .*|WARNING: All log messages before absl.*)\n?", re.MULTILINE)


@contextmanager
def native_chatter_held() -> Iterator[None]:
    """Keep TensorFlow's notes on the processor, which no setting hides, off standard error.

    They come from below Python, so the file descriptor itself is turned aside. Whatever else is
    said is let out at the end, and everything if it failed. Processes that begin inside stay
    quiet.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        failed = False
        try:
            yield
        except Exception:
            failed = True
            raise
        finally:
            with suppress(OSError):  # the disk is full: Python keeps it and says it afterwards
                sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            said = held.read()
            os.write(2, said if failed else NOTE.sub(b"", said))
