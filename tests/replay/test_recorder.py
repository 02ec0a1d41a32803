"""A run is recorded while it is followed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from aura_tui.errors import InputError
from aura_tui.replay.recorder import Recorder
from aura_tui.replay.recording import parse
from aura_tui.replay.service import ReplayService
from aura_tui.settings import Settings
from tests.ui import recordings
from tests.ui.scripted import ScriptedService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from aura_tui.service import JobService


class What(NamedTuple):
    open: Callable[[], AbstractAsyncContextManager[JobService]]
    begin: Callable[[JobService], Awaitable[str]] | None
    record: Path | None
    settings: Settings = Settings(home=Path("elsewhere"))


def following(service: JobService, job_id: str, record: Path | None) -> Recorder:
    @asynccontextmanager
    async def open_() -> AsyncIterator[JobService]:
        yield service

    async def begin(_: JobService) -> str:
        return job_id

    return Recorder(What(open_, begin, record))


async def test_what_was_followed_to_its_end_is_in_the_file_whole(tmp_path: Path) -> None:
    tape = recordings.success()
    recorder = following(
        ReplayService(tape.recording(), speed=0), tape.job.id, tmp_path / "run.jsonl"
    )
    async with recorder.open() as service:
        job_id = await recorder.begin(service)
        told = [envelope async for envelope in service.events(job_id)]
    found = parse((tmp_path / "run.jsonl").read_bytes().splitlines(True))
    assert found.envelopes == tuple(told)
    assert found.jobs[0].title == tape.job.title
    assert found.skipped == 0


async def test_a_run_that_is_left_early_leaves_what_was_told(tmp_path: Path) -> None:
    tape = recordings.Tape()
    recordings.start(tape)
    recorder = following(ScriptedService(tape), tape.job.id, tmp_path / "run.jsonl")
    async with recorder.open() as service:
        job_id = await recorder.begin(service)
        async for envelope in service.events(job_id):
            if envelope.id == tape.envelopes[-1].id:
                break
    found = parse((tmp_path / "run.jsonl").read_bytes().splitlines(True))
    assert found.envelopes == tuple(tape.envelopes)


async def test_an_earlier_recording_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text("precious")
    tape = recordings.success()
    recorder = following(
        ReplayService(tape.recording(), speed=0), tape.job.id, tmp_path / "run.jsonl"
    )
    with pytest.raises(InputError, match="Can't write"):
        async with recorder.open():
            pass
    assert (tmp_path / "run.jsonl").read_text() == "precious"


async def test_without_a_file_nothing_is_recorded(tmp_path: Path) -> None:
    tape = recordings.success()
    recorder = following(ReplayService(tape.recording(), speed=0), tape.job.id, None)
    async with recorder.open() as service:
        assert await recorder.begin(service) == tape.job.id
    assert not [*tmp_path.iterdir()]
