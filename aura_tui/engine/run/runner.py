"""The runner: takes one job through its five stages to its end.

It owns the job's child processes and two tasks: the work, which can be cancelled at any point, and
a task around it that is never cancelled, which decides how the job ended and publishes that. A run
ends in one of four ways: succeeded, failed, cancelled, or suspended (the engine stops; the job
continues from its checkpoints at the next start).
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from aura_tui.engine.delivery import deliver
from aura_tui.engine.ports import Fenced
from aura_tui.engine.run.context import stage_context
from aura_tui.engine.run.eta_tracker import EtaTracker
from aura_tui.engine.run.event_factory import EventFactory
from aura_tui.engine.run.failure import further_actions, to_problem
from aura_tui.engine.run.history import work_of
from aura_tui.engine.run.reporter import StageReporter
from aura_tui.errors import AuraError, Code, EngineError, StageError
from aura_tui.format import words
from aura_tui.model import eta
from aura_tui.model import events as ev
from aura_tui.model.request import parse_duration
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.plural import counted
from aura_tui.system.processes import ProcessGroup
from aura_tui.system.tasks import Supervisor, run_to_completion

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from aura_tui.engine.run.context import RunnerDeps
    from aura_tui.engine.store.store import Record
    from aura_tui.model.job import Eta, Job
    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext
    from aura_tui.pipeline.stages.render import Rendered

    T = TypeVar("T")

STALL_WATCH = "stall watch"
_SALVAGE_S = 20.0
_SUSPENSION_S = 1.0  # a shorter one is not worth telling


class _End(Enum):
    CANCEL = "cancel"
    SUSPEND = "suspend"
    INTERRUPT = "interrupt"  # as SUSPEND; only a person resumes the job


def cancel_message(kept: int, partial: str = "") -> str:
    """The message of a cancelled job with ``kept`` files. ``partial`` says how much of the video
    one of them has."""
    files = counted(kept, "file is kept", "files are kept") if kept else "no file was finished"
    return "; ".join(part for part in ("Cancelled", partial, files) if part)


class Runner:
    """Runs one job, from the moment it leaves the queue."""

    def __init__(self, job: Job, run: int, deps: RunnerDeps) -> None:
        """``run`` is the run that its events belong to until it has started its own."""
        self.job_id = job.id
        self.children = ProcessGroup()
        self._run = run
        self._deps = deps
        self._record: Record | None = None
        self._new_event = EventFactory(job.id, job.correlation_id, deps.now).event
        self._attempts = {step.stage: step.attempt for step in job.steps}
        self._stage: Stage | None = None
        self._in_stage = False  # the stage has started, and its end is not published yet
        self._stage_began_s = 0.0
        # The job's percents at the start and the end of that stage.
        self._span = (job.percent, job.percent)
        self._reporter: StageReporter | None = None
        self._timeline: Timeline | None = None
        self._artifacts: dict[str, ev.Artifact] = {a.name: a for a in job.artifacts}
        self._end: _End | None = None
        self._decided = False  # how the job ended: a later cancel or pause changes nothing
        # The time of the job's earlier runs counts: its clock continues from there.
        self._before_s = job.elapsed_s or 0.0
        self.children.clock.advance(self._before_s)
        self._paused = False
        self._begun = False  # its readers have been told that it runs
        self._suspended_at: datetime | None = None  # and not told yet, as of the next
        self._continued_at: datetime | None = None
        self._loop = asyncio.get_running_loop()
        self.children.on_suspension = self._on_suspension
        self._running = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    # -- control

    def start(self) -> asyncio.Task[None]:
        """Start. The task ends when the job has ended or is suspended; never cancel it."""
        self._work = asyncio.create_task(self._succeed(), name=f"work on {self.job_id}")
        return asyncio.create_task(self._main(self._work), name=f"job {self.job_id}")

    def leftover(self) -> asyncio.Task[None] | None:
        """Stop and return work that outlives the task of :meth:`start` (somebody cancelled that
        task); None if there is none."""
        if self._work is None or self._work.done():
            return None
        self._stop(_End.SUSPEND)
        return self._work

    def cancel(self) -> bool:
        """Cancel the job: kill every child process now, then end the work. False if the job is
        being suspended instead."""
        suspended = (_End.SUSPEND, _End.INTERRUPT)
        if self._end in suspended and not self._decided:
            self._end = _End.CANCEL
        self._stop(_End.CANCEL)
        return self._end not in suspended

    def suspend(self, *, interrupt: bool = False) -> None:
        """Stop working without ending the job; with ``interrupt``, mark it as interrupted."""
        self._stop(_End.INTERRUPT if interrupt else _End.SUSPEND)

    def _stop(self, end: _End) -> None:
        if not self.ending:
            self._end = end
            self.children.kill_now()
            if self._work is not None:
                self._work.cancel()

    @property
    def ending(self) -> bool:
        """Whether its end is decided or requested."""
        return self._end is not None or self._decided

    @property
    def paused(self) -> bool:
        """Whether it is paused; still True if it is cancelled while paused."""
        return self._paused

    @property
    def pausable(self) -> bool:
        """Whether :meth:`pause` is possible now."""
        return not (self.ending or self.paused)

    def pause(self) -> asyncio.Future[int]:
        """Pause: stop children and clocks, start no new piece. Returns the future of the event."""
        self._paused = True
        self.children.pause()
        return self._emit(self._status(JobStatus.PAUSED))

    def resume(self) -> None:
        """Continue a paused job."""
        self._paused = False
        self._running.clear()
        self._emit(self._status(JobStatus.RUNNING)).add_done_callback(self._is_running)
        self.children.resume()

    def warn(self, message: str) -> None:
        """Put a warning into the job's log."""
        self._emit_soon(self._new_event(ev.Warned, step=self._stage, message=message))

    async def wait_running(self) -> None:
        """Return once readers see that the job is running, or it has ended."""
        await self._running.wait()

    def _is_running(self, _: object) -> None:
        self._running.set()

    # -- suspension of this process (Ctrl-Z)

    def _on_suspension(self, stopped: bool) -> None:
        if stopped:
            at_work = self._begun and not (self._paused or self.ending)
            self._suspended_at = self._deps.now() if at_work else None
        elif self._suspended_at is not None:
            self._continued_at = self._deps.now()
            self._loop.call_soon_threadsafe(self._tell_suspension)

    def _tell_suspension(self) -> None:
        if not self.ending and (events := self._suspension()):
            with contextlib.suppress(Fenced):
                self._emit(*events)

    def _suspension(self) -> tuple[ev.AnyJobEvent, ...]:
        """The events of a suspension that readers have not been told of: it was a pause."""
        since, until = self._suspended_at, self._continued_at
        if since is None or until is None:
            return ()
        self._suspended_at = self._continued_at = None
        seconds = (until - since).total_seconds()
        if seconds < _SUSPENSION_S:
            return ()
        return (
            replace(self._status(JobStatus.PAUSED), timestamp=since),
            replace(self._status(JobStatus.RUNNING), timestamp=until),
            self._log(f"Suspended (Ctrl-Z) for {words.lasting(seconds)}"),
        )

    # -- events

    def _emit(self, *events: ev.AnyJobEvent) -> asyncio.Future[int]:
        # Whatever comes first after a suspension comes behind its events.
        return self._deps.sink.append(self.job_id, self._run, (*self._suspension(), *events))

    def _emit_soon(self, event: ev.AnyJobEvent) -> None:
        if not self.ending:
            with contextlib.suppress(Fenced):
                self._emit(event)

    def _status(self, status: JobStatus) -> ev.JobStatusChanged:
        return self._new_event(
            ev.JobStatusChanged,
            status=status,
            stage=self._stage or Stage.SCRIPT,
            percent=self._reporter.overall if self._reporter else round(self._span[0], 2),
        )

    def _log(self, message: str, severity: ev.Severity = "info") -> ev.JobLogged:
        return self._new_event(
            ev.JobLogged,
            message=message,
            stage=self._stage,
            severity=severity,
        )

    # -- the run

    async def _main(self, work: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait((work,))
            self._decided = True
            error = asyncio.CancelledError() if work.cancelled() else work.exception()
            if error is not None:  # else it published the end itself
                # The death of children that we killed looks like a failure.
                await (self._after(self._end) if self._end else self._fail(error))
        finally:
            self._running.set()
            await self.children.kill()
            shutil.rmtree(self._deps.home.scratch(self.job_id), ignore_errors=True)

    async def _after(self, end: _End) -> None:
        await self.children.kill()
        if end is _End.CANCEL:
            await self._cancelled()
        elif end is _End.INTERRUPT and not self.paused:
            with contextlib.suppress(AuraError, Fenced):
                await self._emit(
                    self._log(f"Stopped. Resume with: aura-tui resume {self.job_id}"),
                    replace(self._status(JobStatus.RUNNING), interrupted=True),
                )
        else:
            with contextlib.suppress(AuraError, Fenced):
                await self._emit(
                    self._log("The engine stopped; the job resumes when an engine starts")
                )

    async def _begin(self) -> Record:
        """Read the job's record and publish that it is running."""
        deps = self._deps
        record = self._record = await deps.record(self.job_id)
        history = await deps.history(record)
        self._eta = EtaTracker(record, deps.home, deps.settings, deps.pieces, lambda: history)
        self._run = await deps.next_run(self.job_id)
        await self.children.gate()  # the job may have been paused meanwhile
        running = self._emit(self._status(JobStatus.RUNNING))
        self._begun = True
        running.add_done_callback(self._is_running)
        await running
        return record

    async def _succeed(self) -> None:
        deps = self._deps
        record = await self._begin()
        if record.run:
            self._emit_soon(self._log(f"Resumed (run {self._run}); reusing finished work"))
        if record.run or record.job.retry_of:
            await asyncio.to_thread(self._eta.load_previous)
        do = deps.stages()
        script = await self._step(Stage.SCRIPT, do.script)
        self._eta.set_scenes(len(script.scenes))
        self._eta.guess_work(work_of(record.request, script))
        speeches = await self._step(Stage.VOICE, lambda ctx: do.voice(ctx, script))
        self._eta.set_work(work_of(record.request, script, speeches))
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
        self._eta.set_work(work)
        rendered = await self._step(Stage.RENDERING, lambda ctx: do.render(ctx, timeline))
        await deps.finished(self.job_id, work)
        artifacts = tuple(self._artifacts.values())
        if record.deliver_to:
            artifacts = await run_to_completion(deliver, artifacts, record.deliver_to)
        video = next(a for a in artifacts if a.type == "video/mp4")
        subtitles = next((a.path for a in artifacts if a.name.endswith(".srt")), "")
        await self.children.gate()  # a paused job doesn't end
        if self._end is not None:
            raise asyncio.CancelledError
        self._decided = True
        await self._emit(
            self._new_event(
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
        """Run one stage: ``work`` with its events, timeout, stall watch and scratch folder."""
        deps, clock = self._deps, self.children.clock
        await self.children.gate()
        self._stage = stage
        self._attempts[stage] += 1
        started_s = self._stage_began_s = clock.seconds()
        self._span = self._eta.span(stage, self._span[1])
        self._in_stage = True

        def forecast(percent: float) -> Eta | None:
            return self._eta.remaining(stage, percent, clock.seconds() - started_s)

        # Not awaited: the stage starts working while its first event is synced.
        self._emit(
            self._new_event(
                ev.StepStatusChanged,
                step=stage,
                phase=stage.phase,
                status=StepStatus.STARTED,
                percent=round(self._span[0], 2),
                attempt=self._attempts[stage],
            )
        )
        reporter = self._reporter = StageReporter(
            new_event=self._new_event,
            stage=stage,
            span=self._span,
            clock=clock,
            emit=self._emit_soon,
            forecast=forecast,
            found=lambda percent: self._eta.reused_to(stage, percent),
            stall_s=deps.settings.engine.stall_warning_s,
            preview=deps.home.preview(self.job_id),
        )
        assert self._record is not None
        context = stage_context(self._record, self._deps, stage, reporter, self.children)
        watching = Supervisor(self._deps.task_failed)
        watching.keep(STALL_WATCH, reporter.watch)
        try:
            async with self.children.timeout(deps.settings.engine.stage_timeout_s):
                result = await work(context)
        except TimeoutError:
            raise StageError(
                Code.STAGE_TIMEOUT,
                f"{stage.title} took longer than {deps.settings.engine.stage_timeout_s:g} s",
                "Raise stage_timeout_s in [engine], or make the job smaller; a retry "
                "reuses finished work.",
            ) from None
        finally:
            watching.drop(STALL_WATCH)
            reporter.close()
            for artifact in reporter.artifacts:
                self._artifacts[artifact.name] = artifact
            self._eta.stage_ended(stage, context.keys, context.made)
            shutil.rmtree(context.scratch, ignore_errors=True)
        whole = context.made == 0 and context.reused > 0
        pieces = _pieces(context.made, context.reused)
        self._emit_soon(self._log(f"Done in {clock.seconds() - started_s:.1f} s: {pieces}"))
        await self._emit(
            self._step_over(stage, StepStatus.REUSED if whole else StepStatus.COMPLETED)
        )
        return result

    # -- failure, cancel

    def _step_over(self, stage: Stage, status: StepStatus) -> ev.StepStatusChanged:
        """The event that ends the current stage, with its active time."""
        self._in_stage = False
        return self._new_event(
            ev.StepStatusChanged,
            step=stage,
            phase=stage.phase,
            status=status,
            percent=round(self._span[1], 2) if status.done else None,
            attempt=self._attempts[stage],
            duration_ms=round((self.children.clock.seconds() - self._stage_began_s) * 1000),
        )

    async def _fail(self, error: BaseException) -> None:
        await self.children.kill()
        if isinstance(error, Fenced) or not isinstance(error, Exception):
            raise error  # another runner has the job, or the task was cancelled from outside
        if isinstance(error, EngineError) and not self._can_publish(error):
            raise error  # the log can't be written; the engine reports why
        # The stage's partial files may be what fills the disk.
        shutil.rmtree(self._deps.home.scratch(self.job_id), ignore_errors=True)
        problem = to_problem(error, self._deps.home.job(self.job_id))
        home, stage = self._deps.home, self._stage
        # A queued or paused job can't fail: it is running at least at that moment.
        events: list[ev.AnyJobEvent] = []
        if self._record is None or self.paused:
            events.append(self._status(JobStatus.RUNNING))
        if stage is not None and self._in_stage:
            events.append(
                self._new_event(
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
            self._new_event(
                ev.JobFailed,
                stage=stage,
                error_message=problem.message,
                errors=(problem,),
                logs=self._deps.log_tail(self.job_id),
                log_path=str(log) if log.exists() else "",
                suggested_actions=further_actions(self.job_id, problem),
            )
        )
        await self._emit(*events)

    def _can_publish(self, error: EngineError) -> bool:
        if error.code is Code.STORE_CORRUPT:
            return self._record is None  # its row is damaged: the one job ends, not the engine
        return error.code is Code.DISK_FULL

    async def _cancelled(self) -> None:
        kept = dict(self._artifacts)
        stage, timeline, partial = self._stage, self._timeline, ""
        if stage is Stage.RENDERING and timeline is not None:
            made = await self._salvage(timeline)
            if made is not None:
                video = _video(made)
                kept = {video.name: video, **kept}  # first, as the most useful file
                there, whole = eta.clock(made.duration_s), eta.clock(timeline.duration_s)
                partial = f"a partial video has the first {there} of {whole}"
        events: list[ev.AnyJobEvent] = []
        if stage is not None and self._in_stage:
            events.append(self._step_over(stage, StepStatus.CANCELLED))
        events.append(
            self._new_event(
                ev.JobCancelled,
                stage=stage,
                message=cancel_message(len(kept), partial),
                artifacts=tuple(kept.values()),
            )
        )
        await self._emit(*events)

    async def _salvage(self, timeline: Timeline) -> Rendered | None:
        """Join the finished scenes into a playable file; None if there are none."""
        assert self._record is not None
        children = ProcessGroup()
        reporter = StageReporter(
            new_event=self._new_event,
            stage=Stage.RENDERING,
            span=self._span,
            clock=children.clock,
            emit=lambda _: None,
            forecast=lambda _: None,
            stall_s=_SALVAGE_S,
            preview=self._deps.home.preview(self.job_id),
        )
        try:
            async with asyncio.timeout(_SALVAGE_S):
                context = stage_context(
                    self._record, self._deps, Stage.RENDERING, reporter, children
                )
                return await self._deps.stages().salvage(context, timeline)
        except (AuraError, OSError, TimeoutError):
            return None  # the cancel must not fail; a partial video is an extra
        finally:
            await children.kill()


def _pieces(made: int, reused: int) -> str:
    """``3 new pieces``, ``3 new pieces, 2 reused``, ``2 pieces reused``."""
    if not made:
        return f"{counted(reused, 'piece')} reused"
    return f"{counted(made, 'new piece')}{f', {reused} reused' if reused else ''}"


def _video(made: Rendered) -> ev.Artifact:
    name = Path(made.video).name
    return ev.Artifact(name=name, path=made.video, type="video/mp4", size_bytes=made.size_bytes)
