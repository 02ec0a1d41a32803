"""The time remaining of a run that takes up what one before it, killed, had made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from aura_tui.engine.run.eta_tracker import EtaTracker
from aura_tui.engine.run.event_factory import EventFactory
from aura_tui.engine.run.reporter import StageReporter
from aura_tui.engine.service import EmbeddedService
from aura_tui.model import events as ev
from aura_tui.model.eta import Past, Work
from aura_tui.model.stages import Stage
from aura_tui.pipeline.cache import ArtifactCache
from tests.engine.conftest import request

if TYPE_CHECKING:
    from aura_tui.settings import Settings


class Clock:
    """Active time that a test moves."""

    now = 0.0

    def seconds(self) -> float:
        return self.now


async def test_the_percent_rises_from_any_start_whatever_is_measured_or_finished(
    settings: Settings,
) -> None:
    """Also that of a job half way under the fixed shares of an earlier release."""
    work = Work(video_s=10, width=1920, height=1080, fps=30)
    measured = {
        Stage.SCRIPT: (Past(work, 5.0),),
        Stage.VOICE: (Past(work, 0.0),),
        Stage.RENDERING: (Past(work, 1.0),),
    }
    async with EmbeddedService(settings, work=False) as service:
        job = await service.submit(request())
        record = await service._record(job.id)
        for history in ({}, measured, {Stage.VOICE: (Past(work, 500.0),)}):
            for at in (0.0, 35.0, 85.0, 99.9):
                tracker = EtaTracker(
                    record,
                    service.home,
                    settings,
                    ArtifactCache(service.home.pieces),
                    lambda history=history: history,  # type: ignore[misc]  # the loop's value
                )
                percents = [at]
                for stage in Stage:
                    tracker.work = replace(work, video_s=10 + 20 * stage.position)
                    if stage is Stage.VOICE:
                        tracker.reused_to(stage, 100.0)
                    percents += tracker.span(stage, percents[-1])
                assert percents == sorted(percents)
                assert percents[0] <= percents[-2] < percents[-1] == pytest.approx(100.0)


@pytest.mark.parametrize("kept", [0.0, 40.0, 75.0])
async def test_what_was_there_sets_no_pace_though_no_ledger_tells_of_it(
    settings: Settings, kept: float
) -> None:
    async with EmbeddedService(settings, work=False) as service:
        job = await service.submit(request())
        record = await service._record(job.id)
        outlook = EtaTracker(
            record, service.home, settings, ArtifactCache(service.home.pieces), dict
        )
        outlook.load_previous()  # a killed engine left nothing of the stage it was in
        clock: Any = Clock()
        told: list[ev.StepProgressed] = []
        reporter = StageReporter(
            new_event=EventFactory(job.id, "", service._now).event,
            stage=Stage.RENDERING,
            span=(0.0, 100.0),
            clock=clock,
            emit=told.append,  # type: ignore[arg-type]  # only progress is reported here
            forecast=lambda percent: outlook.remaining(Stage.RENDERING, percent, clock.now),
            stall_s=100.0,
            preview=settings.home / "preview",
            found=lambda percent: outlook.reused_to(Stage.RENDERING, percent),
        )
        reused = 4 if kept else 0
        reporter.progress(kept, "", item=1, metrics=ev.Metrics(reused=reused, made=0))
        clock.now = 10.0  # a tenth of the rest took ten seconds: nine tenths take ninety
        at = kept + (100.0 - kept) / 10
        reporter.progress(at, "", item=2, metrics=ev.Metrics(reused=reused, made=1))
        reporter.close()
    assert told[-1].eta_seconds == pytest.approx(90.0, rel=0.01)
