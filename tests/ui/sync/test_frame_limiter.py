"""The first change is drawn at once, later ones at most so often, and nothing when idle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from aura_tui.ui.sync.frame_limiter import FrameLimiter

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self._when = when
        self.call = call
        self.cancelled = False

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A loop whose time the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], object]) -> Timer:
        self.timers.append(Timer(when, call))
        return self.timers[-1]

    def run_until(self, end: float) -> None:
        while due := [t for t in self.timers if not t.cancelled and t.when() <= end]:
            timer = min(due, key=Timer.when)
            self.timers.remove(timer)
            self.now = max(self.now, timer.when())
            timer.call()
        self.now = end


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    fake = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: fake)
    return fake


def pacer(loop: Loop) -> tuple[FrameLimiter, list[float]]:
    drawn: list[float] = []
    made: Any = FrameLimiter(lambda: drawn.append(loop.now), 10.0)
    return made, drawn


def test_the_first_change_is_drawn_at_once(loop: Loop) -> None:
    it, drawn = pacer(loop)
    it.touch()
    loop.run_until(100.0)
    assert drawn == [100.0]


def test_a_burst_is_drawn_at_the_capped_rate_and_its_last_change_too(loop: Loop) -> None:
    it, drawn = pacer(loop)
    for n in range(1000):
        it.touch()
        loop.run_until(100.0 + n / 1000)
    loop.run_until(110.0)
    assert len(drawn) == pytest.approx(11, abs=1)
    assert drawn[-1] >= 100.999


def test_nothing_is_drawn_when_nothing_changes(loop: Loop) -> None:
    it, drawn = pacer(loop)
    it.touch()
    loop.run_until(1000.0)
    assert drawn == [100.0]
    assert loop.timers == []


def test_a_change_now_comes_before_one_that_is_due_later(loop: Loop) -> None:
    it, drawn = pacer(loop)
    it.touch(after_s=5.0)
    loop.run_until(101.0)
    assert drawn == []
    it.touch()
    loop.run_until(120.0)
    assert drawn == [101.0]


def test_after_stop_nothing_is_drawn(loop: Loop) -> None:
    it, drawn = pacer(loop)
    it.touch(after_s=1.0)
    it.stop()
    loop.run_until(120.0)
    assert drawn == []
