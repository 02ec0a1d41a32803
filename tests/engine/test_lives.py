"""Every order of everything that can be asked of a job; see ``lives.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.run.runner import Runner
from tests.engine import lives

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

EPISODES = 75  # each time; more by hand: python -m tests.engine.lives SEED COUNT


@pytest.mark.timeout(600)  # seconds of work, on a machine that may have other work to do
@pytest.mark.parametrize("first", range(0, 4 * EPISODES, EPISODES))
def test_whatever_is_asked_at_whichever_await_every_job_has_an_owner_and_an_end(
    first: int,
) -> None:
    asked = sum(lives.episode(seed) for seed in range(first, first + EPISODES))
    assert asked > 3 * EPISODES


def test_the_explorer_finds_a_window_between_two_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Runner.start

    def cancelled_before_its_first_step(runner: Runner) -> asyncio.Task[None]:
        task = start(runner)
        task.cancel()  # as a cancel did that met a task before its first step
        return task

    monkeypatch.setattr(Runner, "start", cancelled_before_its_first_step)
    with pytest.raises(AssertionError):
        lives.run(1, tmp_path / "home")
