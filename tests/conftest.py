"""What holds for all tests."""

from __future__ import annotations

import gc
import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as processors: two fifths of a worker's time it waits for
    processes, sockets and clocks."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    return max(1, (processors or 1) * 3 // 2)


def pytest_collection_finish() -> None:
    """Thousands of tests and what they import stay to the end: no need to look through them again
    and again for garbage."""
    gc.collect()
    gc.freeze()
