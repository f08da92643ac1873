"""Freed memory is kept: a process that takes large arrays again and again takes no new pages."""

import platform
import subprocess
import sys

TAKE_AND_FREE = """
import resource
import sys
import numpy as np
from model_training.memory import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()


def taken(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.zeros(size, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


taken(3 << 20)
print(sum(taken(3 << 20) for _ in range(20)))
"""


def test_what_is_freed_is_taken_again_without_asking_the_system():
    # Another library than glibc is left as it is.
    share = 0.05 if platform.libc_ver()[0] == "glibc" else 1.5
    assert faults("kept") < share * faults("as it comes")


def faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", TAKE_AND_FREE, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)
