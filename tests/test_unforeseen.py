"""What nobody foresaw reaches a file and a line, never a screen that shows something else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aura_tui import unforeseen
from aura_tui.errors import Code

if TYPE_CHECKING:
    from aura_tui.errors import EngineError


def fails() -> None:
    raise ZeroDivisionError("somewhere")


def file_of(mistake: EngineError) -> Path:
    return Path(mistake.remediation.removeprefix("Please report it with ").removesuffix("."))


def test_what_a_callback_raises_is_told_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[EngineError] = []

    async def main() -> int:
        asyncio.get_running_loop().call_soon(fails)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not told
        return 7

    assert unforeseen.run(main(), told.append) == 7
    (mistake,) = told
    assert mistake.code is Code.INTERNAL
    assert "ZeroDivisionError" in mistake.message
    path = file_of(mistake)
    assert "in fails" in path.read_text()
    path.unlink()
    assert capfd.readouterr() == ("", "")


def test_a_future_that_is_cancelled_before_its_socket_wakes_it_is_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    told: list[EngineError] = []

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        asyncio.get_running_loop().call_soon(future.set_result, None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    unforeseen.run(main(), told.append)
    assert told == []
    assert capfd.readouterr() == ("", "")


def test_what_the_main_task_raises_is_the_callers() -> None:
    async def main() -> None:
        fails()

    with pytest.raises(ZeroDivisionError):
        unforeseen.run(main(), lambda _: None)
