"""Plans a retry: how much of each stage it can reuse. It counts only what is certain.

A piece is found again only if everything it is made from is the same. So nothing of a stage counts
as reused if a stage that it builds on has pieces to redo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import Code, Conflict
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.service import PlannedStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.engine.run.manifest import StageManifest
    from aura_tui.model.eta import Shares
    from aura_tui.model.job import Job

_BUILDS_ON = {
    Stage.SCRIPT: (),
    Stage.VOICE: (Stage.SCRIPT,),
    Stage.VISUALS: (Stage.SCRIPT,),
    Stage.COMPOSITION: (Stage.SCRIPT, Stage.VOICE),
    Stage.RENDERING: (Stage.SCRIPT, Stage.VOICE, Stage.VISUALS, Stage.COMPOSITION),
}


def check_retry(job: Job) -> None:
    """Raise Conflict unless ``job`` has ended without success."""
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELED):
        is_ = f"is {job.status.word}" if not job.status.ended else "has already succeeded"
        raise Conflict(
            Code.JOB_STATE,
            f"Job {job.id} {is_}; only failed or cancelled jobs can be retried",
            "To make it again, submit its brief: aura-tui run FILE.md"
            if job.status.ended
            else "Wait until the job ends, or cancel it first.",
        )


def plan_steps(
    manifest: StageManifest, setups: dict[Stage, str] | None, has: Callable[[str], bool]
) -> tuple[PlannedStep, ...]:
    """One step per stage. ``setups`` are the current ones (None: unchanged); ``has`` says whether
    a piece is in the cache."""
    whole: set[Stage] = set()
    steps: list[PlannedStep] = []
    for stage in Stage:
        made = manifest.stages.get(stage)
        if made is not None and setups is not None and made.setup != setups[stage]:
            made = None
        certain = whole.issuperset(_BUILDS_ON[stage])
        reused, total = 0, _total(stage, manifest.scenes if certain else None)
        if certain and made is not None:
            reused, total = sum(map(has, made.keys)), len(made.keys)
            if reused == total:
                whole.add(stage)
        steps.append(PlannedStep(stage=stage, reused=reused, total=total))
    return tuple(steps)


def _total(stage: Stage, scenes: int | None) -> int | None:
    """How many pieces a stage has that no run has reached; None if that is unknown."""
    match stage:
        case Stage.SCRIPT | Stage.COMPOSITION:
            return 1
        case Stage.VOICE | Stage.VISUALS:
            return scenes
        case Stage.RENDERING:
            return None


def shares_of(steps: tuple[PlannedStep, ...]) -> Shares:
    """The share of each stage that is still to do, 0.0 to 1.0."""
    return {step.stage: 1.0 - step.reused / step.total if step.total else 1.0 for step in steps}
