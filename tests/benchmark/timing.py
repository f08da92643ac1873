"""How long calls take."""

import time
from collections.abc import Callable

WARM_UP = 10


def milliseconds(call: Callable[[], object], runs: int) -> list[float]:
    """Sorted durations of `runs` calls after a warm-up."""
    for _ in range(WARM_UP):
        call()
    durations = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        durations.append(1000 * (time.perf_counter() - began))
    return sorted(durations)
