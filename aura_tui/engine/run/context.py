"""The context of a job's stage: its folders, a check of the disk space, shared dependencies."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.errors import Code, StageError
from aura_tui.pipeline.context import StageContext, storage_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from aura_tui.engine.home import Home
    from aura_tui.engine.ports import EventSink
    from aura_tui.engine.run.reporter import StageReporter
    from aura_tui.engine.store.store import Record
    from aura_tui.model import eta
    from aura_tui.model.stages import Stage
    from aura_tui.pipeline.cache import ArtifactCache
    from aura_tui.pipeline.stages.table import Stages
    from aura_tui.settings import Settings
    from aura_tui.system.processes import ProcessGroup
    from aura_tui.system.tasks import TaskFailure


class RunnerDeps(NamedTuple):
    """The dependencies that all runners of an engine share."""

    home: Home
    settings: Settings
    pieces: ArtifactCache
    sink: EventSink
    now: Callable[[], datetime]
    record: Callable[[str], Awaitable[Record]]
    next_run: Callable[[str], Awaitable[int]]
    history: Callable[[Record], Awaitable[eta.History]]
    log_tail: Callable[[str], tuple[str, ...]]
    finished: Callable[[str, eta.Work], Awaitable[None]]
    stages: Callable[[], Stages]
    task_failed: Callable[[TaskFailure], None]


def stage_context(
    record: Record, deps: RunnerDeps, stage: Stage, reporter: StageReporter, children: ProcessGroup
) -> StageContext:
    """The context of one stage of one job. Raises StageError if its folders can't be created or
    too little disk space is free."""
    home, job_id = deps.home, record.job.id
    scratch = home.scratch(job_id) / stage.phase
    artifacts = home.artifacts(job_id)
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        artifacts.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(home.root).free
    except OSError as e:
        raise storage_error(e) from e
    needed = deps.settings.engine.min_free_mb * 1_000_000
    if free < needed:
        raise StageError(
            Code.DISK_FULL,
            f"{stage.title} needs {needed // 1_000_000} MB of free disk space; "
            f"{free // 1_000_000} MB are free on {home.root}",
            "Free some space, then retry; finished work is reused.",
        )
    return StageContext(
        job_id=job_id,
        correlation_id=record.job.correlation_id,
        lineage=record.lineage,
        request=record.request,
        settings=deps.settings,
        children=children,
        pieces=deps.pieces,
        scratch=scratch,
        artifacts=artifacts,
        ffmpeg_log=home.ffmpeg_log(job_id),
        report=reporter,
    )
