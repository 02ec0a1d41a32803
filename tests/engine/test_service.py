"""The embedded engine: what a job goes through, whatever happens to it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.connect.job_ref import resolve
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, Conflict, EngineError, InputError, NotFound, StageError, Transient
from aura_tui.model import events as ev
from aura_tui.model.job import Job
from aura_tui.model.reduce import fold
from aura_tui.model.request import RenderSpec
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.system import processes
from tests.engine.conftest import ended, follow, request, with_engine
from tests.engine.stages import SCENES, SmallStages, forever, spawn_sleepers
from tests.waiting import alive, stopped, until

if TYPE_CHECKING:
    from aura_tui.pipeline.context import StageContext
    from aura_tui.settings import Settings


def step_words(envelopes: list[ev.Envelope]) -> list[tuple[str, str]]:
    return [
        (e.event.step.title, e.event.status.value)
        for e in envelopes
        if isinstance(e.event, ev.StepStatusChanged)
    ]


class At:
    """A hook that stops at one scene of one stage until it is let go, or does something there."""

    def __init__(self, stage: str, scene: int = 1) -> None:
        self.where = (stage, scene)
        self.reached = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, stage: str, ctx: StageContext, scene: int) -> None:
        if (stage, scene) == self.where:
            self.reached.set()
            await self.act(ctx)

    async def act(self, ctx: StageContext) -> None:
        await self.go.wait()


class SpawnAt(At):
    async def act(self, ctx: StageContext) -> None:
        await spawn_sleepers(ctx)


class FailAt(At):
    def __init__(self, stage: str, scene: int, error: Exception, times: int = 10**9) -> None:
        super().__init__(stage, scene)
        self.error = error
        self.times = times

    async def act(self, ctx: StageContext) -> None:
        self.times -= 1
        if self.times >= 0:
            raise self.error


FAILURE = StageError(Code.RENDER_FAILED, "The encoder broke", "Try again.")


async def test_a_job_runs_its_five_stages_in_order_and_succeeds(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        assert job.status is JobStatus.QUEUED
        events = await follow(service, job.id)
        done = await service.get(job.id)
    expected = [(s.title, w) for s in Stage for w in ("started", "completed")]
    assert step_words(events) == expected
    assert isinstance(events[-1].event, ev.JobCompleted)
    assert (done.status, done.percent, done.ignored) == (JobStatus.SUCCEEDED, 100.0, 0)
    assert done.output
    assert Path(done.output.video_path).read_bytes() == b"render 1render 2render 3"
    ids = [e.id for e in events]
    assert ids == sorted(set(ids))
    assert not (settings.home / "jobs" / job.id / "scratch").exists()


async def test_the_fold_of_the_log_is_the_stored_job(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        first = await service.submit(request())
        events = await follow(service, first.id)
        stored = await service.get(first.id)
    born = Job(
        id=first.id,
        correlation_id=first.correlation_id,
        title=first.title,
        created_at=first.created_at,
        queued_at=first.queued_at,
        settings=first.settings,
    )
    assert fold(born, events) == stored
    async with EmbeddedService(settings, stages=small) as service:
        assert await service.get(first.id) == stored


async def test_delivery_puts_whole_files_into_the_folder_and_never_over_others(
    settings: Settings, small: SmallStages, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "small.mp4").write_bytes(b"somebody's own")
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request(), deliver_to=out)
        done = await ended(service, job.id)
    assert done.output
    assert done.output.video_path == str(out / "small-2.mp4")
    assert [(a.name, a.path) for a in done.artifacts] == [("small-2.mp4", str(out / "small-2.mp4"))]
    assert sorted(p.name for p in out.iterdir()) == ["small-2.mp4", "small.mp4"]
    assert (out / "small.mp4").read_bytes() == b"somebody's own"


async def test_higher_priority_goes_first_and_first_come_first_within_one(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("script")
    async with EmbeddedService(settings, stages=small) as service:
        first = await service.submit(request("a"))
        await at.reached.wait()
        low = await service.submit(request("b", priority=-1))
        one = await service.submit(request("c"))
        two = await service.submit(request("d"))
        high = await service.submit(request("e", priority=5))
        assert (await service.queue()).waiting == (high.id, one.id, two.id, low.id)
        at.go.set()
        await ended(service, low.id)
        page = await service.list()
        started = sorted(page.jobs, key=lambda j: j.started_at or j.created_at)
    assert [j.id for j in started] == [first.id, high.id, one.id, two.id, low.id]


async def test_the_time_in_which_a_shell_suspends_the_engine_is_a_pause_of_its_jobs(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aura_tui.system.processes.os.kill", lambda pid, number: None)
    monkeypatch.setattr("aura_tui.engine.run.runner._SUSPENSION_S", 0.0)
    small.hook = at = At("voice", 1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        processes.stop_here()
        at.go.set()
        await ended(service, job.id)
        events = [envelope.event async for envelope in service.events(job.id)]
        first = next(i for i, event in enumerate(events) if _is_pause(event))
        paused, running, log = events[first : first + 3]
        assert isinstance(running, ev.JobStatusChanged)
        assert isinstance(log, ev.JobLogged)
        assert running.status is JobStatus.RUNNING
        assert paused.timestamp <= running.timestamp
        assert log.message == "Suspended (Ctrl-Z) for 0 s"
        small.hook = at = At("voice", 1)
        parked = await service.submit(request("parked"))
        await at.reached.wait()
        await service.pause(parked.id)
        processes.stop_here()  # a pause it is already
        await service.cancel(parked.id)
        await ended(service, parked.id)
        events = [envelope.event async for envelope in service.events(parked.id)]
        assert sum(_is_pause(event) for event in events) == 1


def _is_pause(event: ev.AnyJobEvent) -> bool:
    return isinstance(event, ev.JobStatusChanged) and event.status is JobStatus.PAUSED


async def test_no_more_jobs_run_than_the_limit(settings: Settings, small: SmallStages) -> None:
    small.hook = at = At("script")
    async with EmbeddedService(with_engine(settings, concurrency=2), stages=small) as service:
        jobs = [await service.submit(request(str(i))) for i in range(4)]
        await until(lambda: service._dispatcher.active == 2)
        queue = await service.queue()
        assert (queue.running, queue.queued) == (2, 2)
        at.go.set()
        for job in jobs:
            assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED


async def test_a_queued_job_is_cancelled_at_once(settings: Settings, small: SmallStages) -> None:
    small.hook = at = At("script")
    async with EmbeddedService(settings, stages=small) as service:
        await service.submit(request("a"))
        await at.reached.wait()
        waiting = await service.submit(request("b"))
        job = await service.cancel(waiting.id)
        assert job.status is JobStatus.CANCELED
        assert (await service.queue()).waiting == ()
        with pytest.raises(Conflict):
            await service.cancel(waiting.id)


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
@pytest.mark.parametrize("stage", ["script", "voice", "visuals", "compose", "render"])
async def test_cancel_reaches_every_stage_and_child(
    settings: Settings, small: SmallStages, stage: str, paused: bool
) -> None:
    small.hook = at = SpawnAt(stage, 2 if stage in ("voice", "visuals", "render") else 1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        runner = service._dispatcher.runner(job.id)
        assert runner
        await until(lambda: runner.children.pids)
        pids = runner.children.pids
        if paused:
            assert (await service.pause(job.id)).status is JobStatus.PAUSED
        await service.cancel(job.id)
        events = await follow(service, job.id)
        done = await service.get(job.id)
    assert not any(alive(pid) for pid in pids)
    assert done.status is JobStatus.CANCELED
    last = events[-1].event
    assert isinstance(last, ev.JobCancelled)
    assert last.stage is not None
    names = [a.name for a in last.artifacts]
    assert names == (["small.partial.mp4"] if stage == "render" else [])
    there = "a partial video has the first 0:01 of 0:03; 1 file is kept"
    kept = there if names else "no file was finished"
    assert last.message == f"Cancelled; {kept}"
    assert step_words(events)[-1] == (last.stage.title, "cancelled")
    assert not (settings.home / "jobs" / job.id / "scratch").exists()
    assert not list((settings.home / "pieces").rglob("*.part*"))


async def test_pause_stops_children_and_clocks_and_resume_goes_on(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = SpawnAt("visuals", 2)
    settings = with_engine(settings, stage_timeout_s=30.0)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        runner = service._dispatcher.runner(job.id)
        assert runner
        await until(lambda: runner.children.pids)
        (pid,) = runner.children.pids
        assert (await service.pause(job.id)).status is JobStatus.PAUSED
        await until(lambda: stopped(pid))
        stood = runner.children.clock.seconds()
        with pytest.raises(Conflict):
            await service.pause(job.id)
        assert runner.children.clock.seconds() == stood
        assert (await service.resume(job.id)).status is JobStatus.RUNNING
        await until(lambda: not stopped(pid))
        with pytest.raises(Conflict):
            await service.resume(job.id)
        await service.cancel(job.id)
        await ended(service, job.id)


async def test_a_paused_job_leaves_its_place_to_the_next(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        first = await service.submit(request("a"))
        await at.reached.wait()
        await service.pause(first.id)
        at.go.set()
        second = await service.submit(request("b"))
        assert (await ended(service, second.id)).status is JobStatus.SUCCEEDED
        assert (await service.get(first.id)).status is JobStatus.PAUSED
        await service.resume(first.id)
        assert (await ended(service, first.id)).status is JobStatus.SUCCEEDED


async def test_a_failure_has_a_code_a_remedy_and_the_log(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = FailAt("render", 3, FAILURE)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        events = await follow(service, job.id)
        done = await service.get(job.id)
        text = await service.logs(job.id)
    last = events[-1].event
    assert isinstance(last, ev.JobFailed)
    assert (last.stage, last.errors[0].code) == (Stage.RENDERING, "E600")
    assert last.errors[0].remediation == "Try again."
    # What to do about the error is said there; these are what else one can do.
    assert last.errors[0].remediation not in last.suggested_actions
    assert all(job.id in action for action in last.suggested_actions)
    assert "aura-tui retry" in last.suggested_actions[0]
    assert done.step(Stage.RENDERING).status is StepStatus.FAILED
    assert done.step(Stage.RENDERING).errors[0].code == "E600"
    assert "The encoder broke [E600]" in text


async def test_the_percent_grows_as_the_time_passes_once_a_run_was_measured(
    settings: Settings, small: SmallStages
) -> None:
    async def slow_voice(stage: str, ctx: StageContext, scene: int) -> None:
        if stage == "voice":
            await asyncio.sleep(0.2)

    small.hook = slow_voice
    async with EmbeddedService(settings, stages=small) as service:
        begun: list[dict[Stage, float]] = []
        for text in ("one", "two"):
            asked = replace(request(text), render_spec=RenderSpec(res="128x128", fps=30))
            events = await follow(service, (await service.submit(asked)).id)
            told = [
                percent
                for e in events
                if (percent := getattr(e.event, "percent", None)) is not None
            ]
            assert told == sorted(told)  # in each event as well as in the fold
            begun.append(
                {
                    e.event.step: e.event.percent or 0.0
                    for e in events
                    if isinstance(e.event, ev.StepStatusChanged)
                    and e.event.status is StepStatus.STARTED
                }
            )
    # Nothing was measured before the first one: Rendering is likely most of it.
    assert [*begun[0].values()] == sorted(begun[0].values())
    assert 0 < begun[0][Stage.VOICE] < begun[0][Stage.RENDERING] < 60
    assert begun[1][Stage.VOICE] < 15
    assert 70 < begun[1][Stage.VISUALS] < begun[1][Stage.RENDERING] < 100


async def test_a_retry_makes_only_what_is_missing(settings: Settings, small: SmallStages) -> None:
    small.hook = FailAt("render", SCENES, FAILURE, times=1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        assert (await ended(service, job.id)).status is JobStatus.FAILED
        small.made.clear()
        again = await service.retry(job.id)
        events = await follow(service, again.id)
        old, new = await service.get(job.id), await service.get(again.id)
    assert small.made == [("render", SCENES)]
    assert step_words(events) == [
        (s.title, w)
        for s in Stage
        for w in ("started", "completed" if s is Stage.RENDERING else "reused")
    ]
    assert (new.retry_of, new.attempt, new.status) == (job.id, 2, JobStatus.SUCCEEDED)
    assert old.status is JobStatus.FAILED
    assert new.correlation_id == old.correlation_id


async def test_only_what_failed_or_was_cancelled_is_retried(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await ended(service, job.id)
        with pytest.raises(Conflict):
            await service.retry(job.id)
        with pytest.raises(NotFound):
            await service.retry("0000000000")


async def test_transient_failures_are_tried_again_and_then_fail(
    settings: Settings, small: SmallStages
) -> None:
    busy = Transient(Code.SPEECH_PROVIDER_UNAVAILABLE, "Busy", "Wait.")
    small.hook = FailAt("voice", 1, busy, times=2)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request("a"))
        assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED
        assert "Busy; try 3 of 5" in await service.logs(job.id)
        small.hook = FailAt("voice", 1, busy)
        job = await service.submit(request("b"))
        done = await ended(service, job.id)
    assert done.status is JobStatus.FAILED
    assert done.errors[0].code == "E301"


async def test_a_stage_that_is_silent_is_a_warning_once(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("visuals", 1)
    settings = with_engine(settings, stall_warning_s=0.05)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        warned = asyncio.Event()

        async def listen() -> None:
            async for envelope in service.events(job.id):
                if isinstance(envelope.event, ev.Warned):
                    warned.set()

        task = asyncio.create_task(listen())
        await warned.wait()
        at.go.set()
        await task
        done = await service.get(job.id)
    assert done.status is JobStatus.SUCCEEDED
    assert "Visuals has reported nothing" in done.warnings[0]


async def test_a_stage_that_takes_too_long_fails_and_says_so(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = SpawnAt("compose", 1)
    settings = with_engine(settings, stage_timeout_s=0.3)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        done = await ended(service, job.id)
    assert (done.status, done.errors[0].code) == (JobStatus.FAILED, "E702")
    assert "Composition took longer" in done.message


async def test_a_full_disk_fails_the_job_and_the_engine_goes_on(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = FailAt("visuals", 2, OSError(28, "No space left on device"), times=1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        done = await ended(service, job.id)
        assert done.errors[0].code == "E701"
        again = await service.retry(job.id)
        assert (await ended(service, again.id)).status is JobStatus.SUCCEEDED


async def test_too_little_disk_stops_a_stage_before_it_begins(
    settings: Settings, small: SmallStages
) -> None:
    settings = with_engine(settings, min_free_mb=10**9)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        done = await ended(service, job.id)
    assert done.errors[0].code == "E701"
    assert small.made == []


async def test_what_nobody_foresaw_is_told_without_a_traceback(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = FailAt("compose", 1, ZeroDivisionError("oh"))
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        done = await ended(service, job.id)
    assert done.errors[0].code == "E799"
    assert "Traceback" not in done.message
    crash = settings.home / "jobs" / job.id / "crash.log"
    assert "ZeroDivisionError" in crash.read_text()


async def test_an_engine_that_closes_leaves_jobs_that_the_next_one_takes_up(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = SpawnAt("visuals", 2)
    async with EmbeddedService(settings, stages=small) as service:
        running = await service.submit(request("a"))
        queued = await service.submit(request("b"))
        await at.reached.wait()
        runner = service._dispatcher.runner(running.id)
        assert runner
        await until(lambda: runner.children.pids)
        pids = runner.children.pids
    assert not any(alive(pid) for pid in pids)
    second = SmallStages()
    async with EmbeddedService(settings, stages=second) as service:
        assert (await service.get(queued.id)).status is JobStatus.QUEUED
        done = await ended(service, running.id)
        assert (await ended(service, queued.id)).status is JobStatus.SUCCEEDED
    assert (done.status, done.ignored) == (JobStatus.SUCCEEDED, 0)
    assert ("visuals", 1) not in second.made[:5]
    assert second.made[0] == ("visuals", 2)
    assert done.step(Stage.VISUALS).attempt == 2


async def test_work_that_a_person_stopped_waits_for_one_under_later_engines(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = SpawnAt("visuals", 2)
    async with EmbeddedService(settings, stages=small) as service:
        running = await service.submit(request("a"))
        queued = await service.submit(request("b"))
        spared = await service.submit(request("c"))
        await at.reached.wait()
        service.interrupt_on_close(but=[spared.id])
    second = SmallStages()
    async with EmbeddedService(settings, stages=second) as service:
        assert (await ended(service, spared.id)).status is JobStatus.SUCCEEDED
        for job, status in ((running, JobStatus.RUNNING), (queued, JobStatus.QUEUED)):
            now = await service.get(job.id)
            assert (now.status, now.interrupted) == (status, True)
        queue = await service.queue()
        assert (queue.queued, queue.running, queue.paused) == (0, 0, 0)
        service._dispatcher.check()  # they have an owner: the user
        assert not (await service.queue()).waiting
        with pytest.raises(Conflict, match="is interrupted; only running jobs can be paused"):
            await service.pause(running.id)
        made = len(second.made)
        await service.resume(running.id)
        done = await ended(service, running.id)
        assert (done.status, done.interrupted, done.ignored) == (JobStatus.SUCCEEDED, False, 0)
        assert second.made[made] == ("visuals", 2)
        with pytest.raises(Conflict):
            await service.resume(running.id)
        await service.cancel(queued.id)
        assert (await ended(service, queued.id)).status is JobStatus.CANCELED
    record = await service_records(settings, running.id)
    assert record == done


async def service_records(settings: Settings, job_id: str) -> Job:
    """The job as the store has it."""
    async with EmbeddedService(settings, work=False) as service:
        return await service.get(job_id)


async def test_a_setting_lets_an_engine_resume_what_a_person_stopped(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = SpawnAt("visuals", 2)
    async with EmbeddedService(settings, stages=small) as service:
        jobs = [await service.submit(request(text)) for text in "ab"]
        await at.reached.wait()
        service.interrupt_on_close()
    resuming = with_engine(settings, on_start="resume")
    async with EmbeddedService(resuming, stages=SmallStages()) as service:
        for job in jobs:
            assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED


async def test_two_that_resume_an_interrupted_job_at_once_start_it_once(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = SpawnAt("voice", 1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        service.interrupt_on_close()
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        both = await asyncio.gather(
            service.resume(job.id), service.resume(job.id), return_exceptions=True
        )
        assert [type(each) for each in both].count(Job) >= 1
        assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED
        log = await service.logs(job.id)
        assert log.count("Resumed (run 2)") == 1


async def test_a_paused_job_that_waited_to_resume_stays_paused_after_a_person_stopped_it(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 1)
    async with EmbeddedService(settings, stages=small) as service:
        paused = await service.submit(request("a"))
        await at.reached.wait()
        await service.pause(paused.id)
        at.reached.clear()
        await service.submit(request("b"))  # takes the slot
        await at.reached.wait()
        await service.resume(paused.id)
        assert paused.id in (await service.queue()).waiting
        service.interrupt_on_close()
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        now = await service.get(paused.id)
        assert (now.status, now.interrupted) == (JobStatus.PAUSED, False)
        assert (await service.queue()).waiting == ()


async def test_a_paused_job_stays_paused_until_it_is_resumed_by_a_later_engine(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = SpawnAt("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        await service.pause(job.id)
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        assert (await service.get(job.id)).status is JobStatus.PAUSED
        assert (await service.queue()).waiting == ()
        await service.resume(job.id)
        assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED


async def test_a_second_engine_is_refused_and_told_who_holds_the_home(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small):
        with pytest.raises(EngineError) as caught:
            async with EmbeddedService(settings, stages=small):
                pass
    assert caught.value.code is Code.ENGINE_BUSY
    assert f"process {os.getpid()}, since " in caught.value.message
    async with EmbeddedService(settings, stages=small):
        pass


async def test_bad_requests_are_refused_before_anything_is_stored(
    settings: Settings, small: SmallStages, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    async with EmbeddedService(settings, stages=small) as service:
        for bad, to in ((request(" "), None), (request(), tmp_path / "file" / "x")):
            with pytest.raises(InputError):
                await service.submit(bad, deliver_to=to)
        assert (await service.list()).jobs == ()


async def test_a_job_that_could_only_fail_at_its_end_is_neither_queued_nor_retried(
    settings: Settings, small: SmallStages, tmp_path: Path
) -> None:
    small.hook = FailAt("render", SCENES, FAILURE, times=1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request(), deliver_to=tmp_path / "out")
        await ended(service, job.id)
        (tmp_path / "out").symlink_to("nowhere")
        with pytest.raises(InputError, match="is a link to nowhere"):
            await service.retry(job.id)
    broken = replace(settings, render=replace(settings.render, ffmpeg=str(tmp_path)))
    async with EmbeddedService(broken, stages=small) as service:
        for start in (service.submit(request()), service.retry(job.id)):
            with pytest.raises(InputError, match="it is a folder") as caught:
                await start
            assert caught.value.code is Code.FFMPEG_MISSING
        assert len((await service.list()).jobs) == 1


async def test_jobs_are_listed_newest_first_in_pages(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        ids = [(await service.submit(request(str(i)))).id for i in range(5)]
        for job_id in ids:
            await ended(service, job_id)
        page = await service.list(limit=2)
        found = list(page.jobs)
        while page.cursor:
            page = await service.list(limit=2, cursor=page.cursor)
            found += page.jobs
        assert [job.id for job in found] == ids[::-1]
        assert (await service.list(status=JobStatus.FAILED)).jobs == ()
        assert await resolve(service, "@latest") == ids[-1]
        assert await resolve(service, ids[0][:9]) == ids[0]
        with pytest.raises(NotFound):
            await resolve(service, "zzz")


async def test_a_reader_that_comes_at_any_time_gets_every_event_once(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        early = asyncio.create_task(follow(service, job.id))
        await at.reached.wait()
        middle = asyncio.create_task(follow(service, job.id))
        await asyncio.sleep(0)
        at.go.set()
        whole = await early
        assert await middle == whole
        assert await follow(service, job.id) == whole
        for i, envelope in enumerate(whole[:-1]):
            rest = [e async for e in service.events(job.id, after=envelope.id)]
            assert rest == whole[i + 1 :]


async def test_closing_wakes_followers_with_an_error_that_says_how_to_go_on(
    settings: Settings, small: SmallStages
) -> None:
    async def hang(stage: str, ctx: StageContext, scene: int) -> None:
        await forever()

    small.hook = hang
    service = EmbeddedService(settings, stages=small)
    async with service:
        job = await service.submit(request())
        task = asyncio.create_task(follow(service, job.id))
        await until(lambda: service._dispatcher.active)
    with pytest.raises(EngineError) as caught:
        await task
    assert caught.value.code is Code.ENGINE_GONE
    assert job.id in caught.value.remediation


async def test_a_job_that_waits_to_be_taken_up_is_not_counted_as_at_work(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice")
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        found = await service.queue()
        assert (found.running, found.queued, found.waiting) == (1, 0, ())
    async with EmbeddedService(settings, stages=small, work=False) as service:
        assert (await service.get(job.id)).status is JobStatus.RUNNING
        found = await service.queue()
        assert (found.running, found.queued, found.waiting) == (0, 1, (job.id,))
