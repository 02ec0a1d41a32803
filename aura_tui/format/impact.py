"""The texts about what a cancel would lose and keep, and what a retry would do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from aura_tui.format import words
from aura_tui.model.job import Eta
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.plural import counted, plural
from aura_tui.model.text.sanitize import clean_line
from aura_tui.service import PlannedStep, RetryPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aura_tui.model.job import Job, Step

_FILES_NAMED = 3
_NAME_CHARS = 60  # of a file
_TITLE_CHARS = 48
_ID_CHARS = 20
_BY_SCENE = (Stage.VOICE, Stage.VISUALS)  # the stages with one piece per scene


class CancelImpact(msgspec.Struct, frozen=True):
    """``so_far``: the job's progress. ``kept`` is what a retry reuses; ``files`` are usable files,
    one per line, "" if there are none."""

    so_far: str
    lost: str
    kept: str
    files: str


def cancel_impact(job: Job, elapsed_s: float, age_s: float | None = None) -> CancelImpact:
    """What a cancel of ``job`` would mean after it ran for ``elapsed_s`` seconds. ``age_s`` is the
    age of that information if the connection is down, else None."""
    if job.status.ended:
        return CancelImpact("There is nothing left to cancel.", "", "", "")
    if job.status is JobStatus.QUEUED and not elapsed_s:
        return CancelImpact("It hasn't started; nothing is lost.", "", "", "")
    done = [step for step in job.steps if step.status.done]
    begun = next((step for step in job.steps if step.status is StepStatus.STARTED), None)
    work = words.duration(elapsed_s)
    when = f", {age}" if (age := words.as_of(age_s)) else ""
    return CancelImpact(
        so_far=f"{len(done)} of {len(Stage)} stages done, {work} of work{when}",
        lost=_lost(begun),
        kept=_kept(done, begun),
        files=_files(job, begun),
    )


def all_impact(jobs: Sequence[Job]) -> CancelImpact:
    """What a cancel of those of ``jobs`` that haven't ended would mean."""
    ended = sum(job.status.ended for job in jobs)
    gone = [f"{ended} of {len(jobs)} already ended"] if ended else []
    if ended == len(jobs):
        return CancelImpact("There is nothing left to cancel.", "", "", "")
    counts = ", ".join([*states(jobs), *gone])
    begun = [job for job in jobs if job.started_at is not None and not job.status.ended]
    if not begun:
        hasn = plural(len(jobs) - ended, "It hasn't", "They haven't")
        return CancelImpact(f"{counts}\n{hasn} started; nothing is lost.", "", "", "")
    return CancelImpact(counts, "the work in progress", "finished work; a retry reuses it", "")


def states(jobs: Iterable[Job]) -> list[str]:
    """``2 running``, ``1 queued``, ``1 paused``: how many jobs are in each state before the end."""
    found = Counter(job.view_status for job in jobs)
    order = (JobStatus.RUNNING, JobStatus.QUEUED, JobStatus.PAUSED)
    return [f"{found[status]} {status.word}" for status in order if found[status]]


def _lost(begun: Step | None) -> str:
    if begun is None:
        return "nothing"
    if begun.stage is Stage.RENDERING:
        return "whatever is being encoded right now"
    if begun.stage in _BY_SCENE:
        return "the scene in progress"
    return f"unfinished {begun.stage.title} work"


def _kept(done: list[Step], begun: Step | None) -> str:
    parts = [counted(len(done), "stage")] if done else []
    if begun is not None and (count := _finished(begun)):
        parts.append(_pieces_of(begun, count))
    return f"a retry reuses {_and(parts)}" if parts else "nothing yet"


def _pieces_of(step: Step, count: int) -> str:
    """The number of finished pieces in words. The items of Rendering are scenes, not pieces: a
    scene has several, and shares some with its neighbours."""
    total = step.metrics.pieces if step.metrics is not None else None
    if total is None and step.stage in _BY_SCENE:
        total = step.total
    of = f"{min(count, total)} of " if total else ""
    if step.stage is Stage.RENDERING:
        return of + counted(total or count, "rendered piece")
    return f"{of}{counted(total or count, 'piece')} of {step.stage.title}"


def _finished(step: Step) -> int:
    """The finished pieces of a running stage; 0 if it doesn't report them."""
    found = step.metrics
    if found is None or not step.total or step.stage is Stage.COMPOSITION:
        return 0
    return (found.made or 0) + (found.reused or 0)


def _files(job: Job, begun: Step | None) -> str:
    names = [clean_line(artifact.name, _NAME_CHARS) for artifact in job.artifacts]
    parts = names[:_FILES_NAMED]
    if len(names) > _FILES_NAMED:
        more = len(names) - _FILES_NAMED
        parts.append(counted(more, "other file"))
    # Pieces are made in parallel: the first ones of the video may still be missing.
    playable_s = begun.metrics.playable_seconds if begun is not None and begun.metrics else None
    if playable_s:
        long = words.duration(playable_s) if playable_s >= 1 else "moment"
        parts.append(f"a partial video (its first {long})")
    return "\n".join(parts)  # one per line: a separator could wrap onto a line of its own


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def planned(step: PlannedStep) -> str:
    """``reused``, ``will be redone``, ``6 of 8 pieces reused``."""
    if step.total is None:
        return "will be redone" if not step.reused else f"{step.reused} {pieces(step)} reused"
    if step.reused >= step.total > 0:
        return "reused"
    if step.reused <= 0:
        return "will be redone"
    return f"{step.reused} of {step.total} {pieces(step)} reused"


def pieces(step: PlannedStep) -> str:
    """The noun for the stage's pieces, singular or plural."""
    return plural(step.total or step.reused, "piece")


def how_long(plan: RetryPlan) -> str:
    """``4-6 min, based on 14 similar jobs``, or ``unknown``. Without similar jobs it is based on
    what the job itself measured."""
    left = words.time_left(plan.eta)
    if plan.eta is None:
        return left
    return f"{left}, {words.basis(plan.eta) if plan.eta.runs else 'based on this job'}"


def summed(plans: Sequence[RetryPlan]) -> RetryPlan:
    """The sum of several retries, one after another. A value that is unknown for one of them is
    unknown for the sum."""
    found: dict[Stage, tuple[int, int | None]] = {}
    for plan in plans:
        for step in plan.steps:
            reused, total = found.get(step.stage, (0, 0))
            whole = None if total is None or step.total is None else total + step.total
            found[step.stage] = (reused + step.reused, whole)
    steps = (
        PlannedStep(stage=stage, reused=found[stage][0], total=found[stage][1])
        for stage in Stage
        if stage in found
    )
    etas = [plan.eta for plan in plans if plan.eta is not None]
    eta = None
    if etas and len(etas) == len(plans):
        eta = Eta(
            seconds=sum(each.seconds for each in etas),
            low=sum(each.low for each in etas),
            high=sum(each.high for each in etas),
            runs=min(each.runs for each in etas),
        )
    return RetryPlan(tuple(steps), eta)


def name(job: Job) -> str:
    """The job's title and id on one line: a retry has the same title as the job it retries."""
    return f"{clean_line(job.title, _TITLE_CHARS)}  {clean_line(job.id, _ID_CHARS)}".lstrip()
