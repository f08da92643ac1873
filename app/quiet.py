"""Standard error without what libraries below Python say there."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_chatter_held() -> Iterator[None]:
    """Keep TensorFlow's notes on the processor, which no setting hides, off standard error.

    They come from below Python, so the file descriptor itself is turned aside. If what is inside
    fails, what was held is let out. Processes that begin inside stay quiet.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
