"""An event is folded once for the board, whichever of its two streams brings it first."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from aura_tui.model import reduce as reduce_
from aura_tui.model.events import JobCompleted
from aura_tui.model.reduce import reduce
from aura_tui.model.stages import Stage
from aura_tui.ui.state import jobs
from aura_tui.ui.sync import shared_fold
from aura_tui.ui.sync.shared_fold import MAX_KEPT, SharedFold
from tests.ui import scenes
from tests.ui.boards import showing
from tests.ui.scripted import ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job


class Paced(ScriptedService):
    """One of the two streams brings the events a while after the other one."""

    late: str | None = ""  # the job whose own stream is late; None: that of all jobs; "": neither

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[Envelope]:
        async for envelope in super().events(job_id, after=after):
            if job_id == self.late:
                await asyncio.sleep(0.002)
            yield envelope


@pytest.mark.parametrize("late", ["", "own", "all"])
async def test_an_event_is_folded_once_for_the_board(
    late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds: Counter[int] = Counter()

    def counted(job: Job, envelope: Envelope) -> Job:
        folds[envelope.id] += 1
        return reduce(job, envelope)

    tape = scenes.running_tape()
    service = Paced(tape)
    service.late = {"": "", "own": tape.job.id, "all": None}[late]
    async with showing(service) as board:
        await board.shows("25 %")
        await until(lambda: board.settled)
        for module in (jobs, shared_fold):
            monkeypatch.setattr(module, "reduce", counted)
        begun = len(tape.envelopes)
        for n in range(200):
            tape.progress(Stage.VOICE, 25 + n / 4, f"Speaking {n}")
            if n % 7 == 0:
                await service.told()
        tape.tell(JobCompleted, output_path="/v/video.mp4")
        await service.told()
        await until(lambda: board.settled and board.run.over)
        live = [envelope.id for envelope in tape.envelopes[begun:]]
        assert {id: folds[id] for id in live if folds[id] != 1} == {}
        assert board.shown_job == service.now_is(tape.job.id)
        assert board.jobs.get(tape.job.id) == board.shown_job


def test_a_fold_is_handed_over_for_the_same_event_of_the_same_job_only() -> None:
    tape = scenes.running_tape()
    job = reduce_.fold(tape.job, tape.envelopes)
    tape.progress(Stage.VOICE, 40)
    tape.progress(Stage.VOICE, 50)
    first, second = tape.envelopes[-2:]
    shared = SharedFold()
    after = reduce(job, first)
    shared.keep(job, first, after)
    assert shared.reduce(job, first) is after
    assert shared.reduce(job, first) is not after  # it was taken
    shared.keep(job, first, after)
    other = first.__class__(first.id, second.event)  # a server that gives other ids on each stream
    assert shared.reduce(job, other) == reduce(job, other)
    shared.keep(job, first, after)
    assert shared.reduce(tape.job, first) == reduce(tape.job, first)
    for n in range(MAX_KEPT + 10):
        shared.keep(job, first.__class__(first.id + n, first.event), after)
    assert shared.reduce(job, first) is not after
