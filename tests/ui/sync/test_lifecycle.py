"""The board opens its service and finds its job once, however often watching starts again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aura_tui.errors import Code, EngineError
from aura_tui.ui.state.jobs import JobsState
from aura_tui.ui.sync.lifecycle import WATCHING, Lifecycle
from aura_tui.ui.sync.subscriptions import BoardSync
from tests.killing import kill, named, quick
from tests.ui import scenes
from tests.ui.scripted import ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from aura_tui.service import JobService


def _lifecycle(service: ScriptedService, done: list[str], *, fails: bool = False) -> Lifecycle:
    async def open_service() -> JobService:
        done.append("open")
        if fails:
            raise EngineError(Code.ENGINE_GONE, "No engine", "Start one.")
        return service

    async def find_job(_: JobService) -> str:
        done.append("find")
        return service.tape.job.id

    def connect(opened: JobService) -> BoardSync:
        done.append("connect")
        return BoardSync(
            opened,
            JobsState(),
            mode="",
            now=lambda: datetime.now(UTC),
            known=lambda jobs: None,
            touch=lambda: None,
            told=lambda before, after: None,
            ended=lambda run: None,
            gone=lambda job: None,
        )

    return Lifecycle(
        open_service,
        find_job,
        connect=connect,
        failed=lambda: done.append("failed"),
        now=lambda: datetime.now(UTC),
    )


async def test_watching_that_breaks_starts_again_where_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quick(monkeypatch, tmp_path)
    done: list[str] = []
    service = ScriptedService(scenes.running_tape())
    lifecycle = _lifecycle(service, done)
    finding = [lifecycle.finding]
    lifecycle.start()
    try:
        await until(lambda: lifecycle.run.job is not None)
        await kill(WATCHING, "raise")
        await until(lambda: bool(named(WATCHING)) and done.count("open") == 2)
        assert done.count("find") == done.count("connect") == 1
        assert lifecycle.own == service.tape.job.id
        finding.append(lifecycle.finding)
        assert finding == [True, False]
        assert lifecycle.failure is None
    finally:
        await lifecycle.aclose()
    assert not named(WATCHING)


async def test_a_failure_to_open_is_kept_and_the_first_one_counts() -> None:
    done: list[str] = []
    lifecycle = _lifecycle(ScriptedService(scenes.running_tape()), done, fails=True)
    lifecycle.start()
    await until(lambda: "failed" in done)
    lifecycle.fail(ValueError("later"))
    assert isinstance(lifecycle.failure, EngineError)
    assert lifecycle.run.job is None
    await lifecycle.aclose()
