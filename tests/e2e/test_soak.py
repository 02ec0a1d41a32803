"""The short part of the soak (``tests/chaos/soak.py``): what jobs took is given back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.chaos.soak_run import soak

if TYPE_CHECKING:
    from tests.e2e.program import Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


async def test_a_server_at_rest_holds_no_more_than_before_its_jobs(program: Program) -> None:
    # The soak itself asserts that every fold is the server's state, that the reader that comes
    # and goes has lost and repeated nothing, and that no process or temporary file is left.
    found = await soak(program, jobs=8, seconds=4.0)
    assert found.ends == {"Succeeded": 7, "Canceled": 1}
    assert found.visits >= 3
    assert found.before
    assert found.after
    assert found.after.fds <= found.before.fds
    assert found.after.children == found.before.children == 0
    assert max(sample.children for sample in found.samples) > 0
