"""The runner: takes one job through its five stages, and to its end.

Owns the job's children and its task. Ends a job in one of four ways: succeeded, failed,
cancelled, or suspended (the engine ends; the job goes on from its checkpoints at the next start).
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aura_tui.engine.deliver import deliver
from aura_tui.engine.explain import explain
from aura_tui.engine.forecast import work_of
from aura_tui.engine.outlook import Outlook
from aura_tui.engine.ports import Fenced
from aura_tui.engine.reporter import StageReporter
from aura_tui.engine.teller import Teller
from aura_tui.engine.workplace import stage_context
from aura_tui.errors import AuraError, Code, EngineError, StageError
from aura_tui.model import eta
from aura_tui.model import events as ev
from aura_tui.model.request import parse_duration
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.process import Children

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.engine.store import Record
    from aura_tui.engine.workplace import Tools
    from aura_tui.model.job import Eta
    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext
    from aura_tui.pipeline.render import Rendered

    T = TypeVar("T")

_SALVAGE_S = 20.0


class _End(Enum):
    CANCEL = "cancel"
    SUSPEND = "suspend"


def stopped(kept: int, partial: str = "") -> str:
    """What a cancel says for itself; stage and artifacts are the event's own. ``partial``: how
    much of the video one of the files has."""
    match kept:
        case 0:
            files = "no file was finished"
        case 1:
            files = "1 file is kept"
        case _:
            files = f"{kept} files are kept"
    return "; ".join(part for part in ("Stopped on request", partial, files) if part)


class Runner:
    """One job at work. ``run`` is the run its events belong to."""

    def __init__(self, record: Record, run: int, tools: Tools) -> None:
        self.job_id = record.job.id
        self.children = Children()
        self._record = record
        self._run = run
        self._tools = tools
        self._tell = Teller(record.job.id, record.job.correlation_id, tools.now).event
        self._attempts = {step.stage: step.attempt for step in record.job.steps}
        self._stage: Stage | None = None
        self._stage_began_s = 0.0
        # Percents of the job at the start and the end of that stage.
        self._span = (record.job.percent, record.job.percent)
        self._reporter: StageReporter | None = None
        self._timeline: Timeline | None = None
        self._artifacts: dict[str, ev.Artifact] = {a.name: a for a in record.job.artifacts}
        self._end: _End | None = None
        self._told = False  # the last word is said: nothing is reported after it
        # Time spent by earlier runs of this job counts: its clock goes on, it doesn't restart.
        self._before_s = record.job.elapsed_s or 0.0
        self._outlook = Outlook(record, tools.home, tools.settings, tools.pieces, tools.history)
        self.children.clock.advance(self._before_s)
        self._task: asyncio.Task[None] | None = None

    # -- from outside

    def start(self) -> asyncio.Task[None]:
        """Begin; the task ends when the job has ended or is suspended."""
        self._task = asyncio.create_task(self._main(), name=f"job {self.job_id}")
        return self._task

    def cancel(self) -> None:
        """End the job: every child is killed now, the rest follows."""
        self._stop(_End.CANCEL)

    def suspend(self) -> None:
        """Stop working without ending the job."""
        self._stop(_End.SUSPEND)

    def _stop(self, end: _End) -> None:
        if self._end is None and not self._told:
            self._end = end
            self.children.kill_now()
            if self._task is not None:
                self._task.cancel()

    async def pause(self) -> None:
        """Stand still: children stopped, clocks stopped, no new piece begun."""
        self.children.pause()
        await self._emit(self._status(JobStatus.PAUSED))

    async def resume(self) -> None:
        """Go on."""
        await self._emit(self._status(JobStatus.RUNNING))
        self.children.resume()

    # -- events

    def _emit(self, *events: ev.AnyJobEvent) -> asyncio.Future[int]:
        return self._tools.sink.append(self.job_id, self._run, events)

    def _emit_soon(self, event: ev.AnyJobEvent) -> None:
        if self._end is None and not self._told:
            with contextlib.suppress(Fenced):
                self._emit(event)

    def _status(self, status: JobStatus) -> ev.JobStatusChanged:
        return self._tell(
            ev.JobStatusChanged,
            status=status,
            stage=self._stage or Stage.SCRIPT,
            percent=self._reporter.overall if self._reporter else round(self._span[0], 2),
        )

    def _log(self, message: str, severity: ev.Severity = "info") -> ev.JobLogged:
        return self._tell(
            ev.JobLogged,
            message=message,
            stage=self._stage,
            severity=severity,
        )

    # -- the run

    async def _main(self) -> None:
        try:
            await self._succeed()
        except asyncio.CancelledError:
            if self._end is None:
                raise  # somebody else cancelled us: the loop is going down
            await self._after(self._end)
        except Exception as e:  # every end of a job is told, whatever it is
            if self._end is not None:  # children that we killed look like failures
                await self._after(self._end)
            else:
                await self._fail(e)
        finally:
            await self.children.kill()
            shutil.rmtree(self._tools.home.scratch(self.job_id), ignore_errors=True)

    async def _after(self, end: _End) -> None:
        task = asyncio.current_task()
        assert task is not None
        while task.cancelling():
            task.uncancel()
        await self.children.kill()
        if end is _End.CANCEL:
            await self._cancelled()
        else:
            with contextlib.suppress(AuraError, Fenced):
                await self._emit(self._log("The engine ended; the job goes on at its next start"))

    async def _succeed(self) -> None:
        record, tools = self._record, self._tools
        await self._emit(self._status(JobStatus.RUNNING))
        if record.run:
            self._emit_soon(
                self._log(f"Taken up again (run {self._run}): finished pieces are reused")
            )
        if record.run or record.job.retry_of:
            await asyncio.to_thread(self._outlook.look_back)
        do = tools.stages()
        script = await self._step(Stage.SCRIPT, do.script)
        self._outlook.scenes(len(script.scenes))
        self._outlook.guess(work_of(record.request, script))
        speeches = await self._step(Stage.VOICE, lambda ctx: do.voice(ctx, script))
        self._outlook.settle(work_of(record.request, script, speeches))
        pictures = await self._step(Stage.VISUALS, lambda ctx: do.visuals(ctx, script))
        timeline = await self._step(
            Stage.COMPOSITION, lambda ctx: do.compose(ctx, script, speeches, pictures)
        )
        self._timeline = timeline
        work = eta.Work(
            video_s=timeline.duration_s,
            width=timeline.width,
            height=timeline.height,
            fps=timeline.fps,
        )
        self._outlook.settle(work)
        rendered = await self._step(Stage.RENDERING, lambda ctx: do.render(ctx, timeline))
        await tools.finished(self.job_id, work)
        artifacts = tuple(self._artifacts.values())
        if record.deliver_to:
            artifacts = await asyncio.to_thread(deliver, artifacts, record.deliver_to)
        video = next(a for a in artifacts if a.type == "video/mp4")
        subtitles = next((a.path for a in artifacts if a.name.endswith(".srt")), "")
        self._told = True
        await self._emit(
            self._tell(
                ev.JobCompleted,
                output_path=video.path,
                artifacts=artifacts,
                output=ev.Output(
                    video_path=video.path,
                    subtitle_path=subtitles,
                    size_bytes=rendered.size_bytes,
                    duration_seconds=round(rendered.duration_s, 3),
                    asked_seconds=parse_duration(record.request.plan_spec.target_duration),
                ),
            )
        )

    async def _step(self, stage: Stage, work: Callable[[StageContext], Awaitable[T]]) -> T:
        """One stage: events around ``work``, its timeout, its watch for silence, its scratch."""
        tools, clock = self._tools, self.children.clock
        await self.children.gate()
        self._stage = stage
        self._attempts[stage] += 1
        started_s = self._stage_began_s = clock.seconds()
        self._span = self._outlook.span(stage, self._span[1])

        def forecast(percent: float) -> Eta | None:
            return self._outlook.remaining(stage, percent, clock.seconds() - started_s)

        # Not awaited: the stage's first work and the sync of its first event go side by side.
        self._emit(
            self._tell(
                ev.StepStatusChanged,
                step=stage,
                phase=stage.phase,
                status=StepStatus.STARTED,
                percent=round(self._span[0], 2),
                attempt=self._attempts[stage],
            )
        )
        reporter = self._reporter = StageReporter(
            tell=self._tell,
            stage=stage,
            span=self._span,
            clock=clock,
            emit=self._emit_soon,
            forecast=forecast,
            found=lambda percent: self._outlook.found(stage, percent),
            stall_s=tools.settings.engine.stall_warning_s,
            preview=tools.home.preview(self.job_id),
        )
        context = stage_context(self._record, self._tools, stage, reporter, self.children)
        watch = asyncio.create_task(reporter.watch())
        try:
            async with self.children.timeout(tools.settings.engine.stage_timeout_s):
                result = await work(context)
        except TimeoutError:
            raise StageError(
                Code.STAGE_TIMEOUT,
                f"{stage.title} took longer than {tools.settings.engine.stage_timeout_s:g} s",
                "Raise stage_timeout_s in [engine], or make the job smaller; a retry reuses what "
                "is finished.",
            ) from None
        finally:
            watch.cancel()
            reporter.close()
            for artifact in reporter.artifacts:
                self._artifacts[artifact.name] = artifact
            self._outlook.over(stage, context.keys, context.made)
            shutil.rmtree(context.scratch, ignore_errors=True)
        whole = context.made == 0 and context.reused > 0
        pieces = "piece" if context.made == 1 else "pieces"
        took = f"Done in {clock.seconds() - started_s:.1f} s: {context.made} {pieces} made"
        if context.reused:
            took += f", {context.reused} reused"
        self._emit_soon(self._log(took))
        await self._emit(
            self._step_over(stage, StepStatus.REUSED if whole else StepStatus.COMPLETED)
        )
        return result

    # -- other ends

    def _step_over(self, stage: Stage, status: StepStatus) -> ev.StepStatusChanged:
        """The stage at work ended so, after the time it has been active."""
        return self._tell(
            ev.StepStatusChanged,
            step=stage,
            phase=stage.phase,
            status=status,
            percent=round(self._span[1], 2) if status.done else None,
            attempt=self._attempts[stage],
            duration_ms=round((self.children.clock.seconds() - self._stage_began_s) * 1000),
        )

    async def _fail(self, error: Exception) -> None:
        await self.children.kill()
        if isinstance(error, Fenced) or (
            isinstance(error, EngineError) and error.code is not Code.DISK_FULL
        ):
            raise error  # there is no log to tell it to; the engine says why
        # What the stage left half-made may be what fills the disk.
        shutil.rmtree(self._tools.home.scratch(self.job_id), ignore_errors=True)
        problem = explain(error, self._tools.home.job(self.job_id))
        home, stage = self._tools.home, self._stage
        events: list[ev.AnyJobEvent] = []
        if stage is not None:
            events.append(
                self._tell(
                    ev.StepErred,
                    step=stage,
                    code=problem.code,
                    message=problem.message,
                    remediation=problem.remediation,
                )
            )
            events.append(self._step_over(stage, StepStatus.FAILED))
        log = home.ffmpeg_log(self.job_id)
        events.append(
            self._tell(
                ev.JobFailed,
                stage=stage,
                error_message=problem.message,
                errors=(problem,),
                logs=self._tools.log_tail(self.job_id),
                log_path=str(log) if log.exists() else "",
                # What to do about it is the problem's own; these are what else one can do.
                suggested_actions=(
                    f"aura-tui retry {self.job_id}  (reuses every finished piece)",
                    f"aura-tui logs {self.job_id}",
                ),
            )
        )
        self._told = True
        await self._emit(*events)

    async def _cancelled(self) -> None:
        kept = dict(self._artifacts)
        stage, timeline, partial = self._stage, self._timeline, ""
        if stage is Stage.RENDERING and timeline is not None:
            made = await self._salvage(timeline)
            if made is not None:
                video = _video(made)
                kept = {video.name: video, **kept}  # of all that is kept it is what one looks at
                there, whole = eta.clock(made.duration_s), eta.clock(timeline.duration_s)
                partial = f"a partial video has the first {there} of {whole}"
        events: list[ev.AnyJobEvent] = []
        if stage is not None:
            events.append(self._step_over(stage, StepStatus.CANCELLED))
        events.append(
            self._tell(
                ev.JobCancelled,
                stage=stage,
                message=stopped(len(kept), partial),
                artifacts=tuple(kept.values()),
            )
        )
        await self._emit(*events)

    async def _salvage(self, timeline: Timeline) -> Rendered | None:
        """The finished scenes joined into a playable file; None where there are none."""
        children = Children()
        reporter = StageReporter(
            tell=self._tell,
            stage=Stage.RENDERING,
            span=self._span,
            clock=children.clock,
            emit=lambda _: None,
            forecast=lambda _: None,
            stall_s=_SALVAGE_S,
            preview=self._tools.home.preview(self.job_id),
        )
        try:
            async with asyncio.timeout(_SALVAGE_S):
                context = stage_context(
                    self._record, self._tools, Stage.RENDERING, reporter, children
                )
                return await self._tools.stages().salvage(context, timeline)
        except (AuraError, OSError, TimeoutError):
            return None  # the cancel is what was asked for; a partial video is an extra
        finally:
            await children.kill()


def _video(made: Rendered) -> ev.Artifact:
    name = Path(made.video).name
    return ev.Artifact(name=name, path=made.video, type="video/mp4", size_bytes=made.size_bytes)
