"""Boards in each state that a person sits before, with a clock that stands still."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.service import PlannedStep, RetryPlan, Typical
from aura_tui.settings import BoardSettings
from tests.ui import recordings
from tests.ui.recordings import BEGIN, Tape
from tests.ui.scripted import ConnectedService, ScriptedService

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_USUAL = Typical(
    14,
    {
        Stage.SCRIPT: 0.8,
        Stage.VOICE: 4.5,
        Stage.VISUALS: 2.1,
        Stage.COMPOSITION: 1.3,
        Stage.RENDERING: 15.0,
    },
)
_TITLES = (
    "The tides of the Bay of Fundy",
    "Why leaves turn red",
    "A short history of zero",
    "How bees decide where to live",
    "What a neutrino detector sees",
    "Ice cores: 800,000 years in a freezer",
    "How a mechanical watch keeps time",
    "Rivers that run under deserts",
    "Why the sky is dark at night",
    "Reading a weather map",
    "The bridge that sang",
    "Sourdough, minute by minute",
)


class Scene(NamedTuple):
    """A service, when the board hears of it, when one looks, and whether the board opens on the
    run."""

    service: ScriptedService
    heard: datetime
    now: datetime
    at_run: bool = True


def running_tape(
    job_id: str = "01KCD3WNE0", *, attempt: int = 1, retry_of: str | None = None
) -> Tape:
    """A run in the middle of Voice."""
    tape = Tape(job_id, attempt=attempt, retry_of=retry_of)
    recordings.start(tape)
    recordings.script(tape)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    tape.progress(
        Stage.VOICE,
        25,
        "Speaking",
        current_item=3,
        total_items=8,
        metrics=ev.Metrics(provider="espeak", made=2),
        **recordings.eta(300),
    )
    return tape


def _rendering() -> Tape:
    tape = Tape()
    recordings.start(tape)
    recordings.script(tape)
    recordings.items(tape, Stage.VOICE, "Speaking", 0.5, 60, provider="espeak")
    tape.tell(
        ev.Warned,
        message="The font has no glyph for U+1F680; it is left out of scene 8",
        step=Stage.VISUALS,
    )
    recordings.items(tape, Stage.VISUALS, "Drawing", 0.25, 40, provider="cards")
    recordings.compose(tape)
    recordings.render(tape, 45)
    return tape


def _scene(tape: Tape, after_s: float = 1.3) -> Scene:
    service = ScriptedService(tape)
    service.usual = _USUAL
    return Scene(service, tape.now, tape.now + timedelta(seconds=after_s))


def queued() -> Scene:
    tape = Tape()
    tape.status(JobStatus.QUEUED)
    return _scene(tape, 12)


def running() -> Scene:
    return _scene(_rendering())


def paused() -> Scene:
    tape = _rendering()
    tape.wait(1)
    tape.status(JobStatus.PAUSED)
    return _scene(tape, 400)


def reconnecting() -> Scene:
    tape = _rendering()
    service = ConnectedService(tape)
    service.usual = _USUAL
    now = tape.now + timedelta(seconds=42)
    service.connection = service.connection.__class__(
        status=ConnectionStatus.RETRYING,
        since=tape.now + timedelta(seconds=1),
        attempt=3,
        reason="connection refused",
        retry_at=now + timedelta(seconds=7),
        heard_at=tape.now,
    )
    return Scene(service, tape.now, now)


def succeeded() -> Scene:
    return _scene(recordings.success(), 90)


def failed() -> Scene:
    scene = _scene(recordings.failure(), 90)
    reused = (Stage.SCRIPT, Stage.VOICE, Stage.VISUALS, Stage.COMPOSITION)
    steps = [PlannedStep(stage=stage, reused=8, total=8) for stage in reused]
    again = PlannedStep(stage=Stage.RENDERING, reused=3, total=8)
    scene.service.plan = RetryPlan((*steps, again), None)
    return scene


def cancelled() -> Scene:
    return _scene(recordings.cancelled(), 90)


def jobs() -> Scene:
    """A day's jobs: two at work, one failed, one paused, two waiting, the rest done."""
    tapes: list[Tape] = []
    for n, title in enumerate(_TITLES):
        begin = BEGIN - timedelta(hours=2 * (len(_TITLES) - n))
        tape = Tape(f"01KCD3{n:04d}", title=title, begin=begin)
        recordings.start(tape)
        recordings.script(tape)
        tape.wait(80 + 13 * n)
        if n == 3:
            tape.tell(ev.JobCancelled, stage=Stage.VOICE, message="Cancelled by the user")
        else:
            tape.tell(ev.JobCompleted, output_path=recordings.VIDEO)
        tapes.append(tape)
    tapes.append(recordings.failure())
    work = _rendering()
    paused = Tape("01KCD4PAUS", title="Why bridges hum in the wind")
    recordings.start(paused)
    recordings.script(paused)
    paused.status(JobStatus.PAUSED)
    other = Tape("01KCD4MOON", title="The far side of the Moon, and why we never saw it")
    recordings.start(other)
    recordings.script(other)
    tapes += [work, paused, other]
    for title in ("Salt, from sea to table", "The clock in your cells"):
        waiting = Tape(f"01KCD4{title[:4].upper()}", title=title, begin=BEGIN)
        waiting.status(JobStatus.QUEUED)
        tapes.append(waiting)
    service = ScriptedService(*tapes)
    service.usual = _USUAL
    return Scene(service, work.now, work.now + timedelta(seconds=1), at_run=False)


SCENES: dict[str, Callable[[], Scene]] = {
    "queued": queued,
    "running": running,
    "paused": paused,
    "reconnecting": reconnecting,
    "succeeded": succeeded,
    "failed": failed,
    "cancelled": cancelled,
    "jobs": jobs,
}


def moved(**keys: str) -> BoardSettings:
    """Settings with other keys."""
    return BoardSettings(keys=keys)
