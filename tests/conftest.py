"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Thousands of tests and what they import stay to the end: no need to look through them again
    and again for garbage."""
    gc.collect()
    gc.freeze()
