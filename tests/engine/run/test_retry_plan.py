"""The plan of a retry says what the retry then does, and promises nothing that isn't there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.engine.home import Home
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.run import manifest
from aura_tui.engine.run.history import with_own_pace
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Conflict, NotFound
from aura_tui.model import events as ev
from aura_tui.model.eta import Past, Work, forecast
from aura_tui.model.job import Step
from aura_tui.model.request import PlanSpec, RenderSpec
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from tests.engine.conftest import ended, follow, request
from tests.engine.stages import SCENES
from tests.engine.test_service import FAILURE, At, FailAt
from tests.model.strategies import fresh_job

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from aura_tui.pipeline.context import StageContext
    from aura_tui.service import RetryPlan
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages

NOTHING = [("Script", 0, 1), ("Voice", 0, None), ("Visuals", 0, None)]
UNMADE = [("Composition", 0, 1), ("Rendering", 0, None)]


def told(plan: RetryPlan) -> list[tuple[str, int, int | None]]:
    return [(step.stage.title, step.reused, step.total) for step in plan.steps]


async def failed(service: EmbeddedService, small: SmallStages, stage: str, scene: int) -> Job:
    """A job that failed there; what comes next succeeds."""
    small.hook = FailAt(stage, scene, FAILURE, times=1)
    job = await service.submit(request())
    assert (await ended(service, job.id)).status is JobStatus.FAILED
    small.made.clear()
    return job


async def test_a_failure_in_the_last_scene_leaves_that_scene_to_make(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        plan = await service.retry_plan(job.id)
        assert told(plan) == [
            ("Script", 1, 1),
            ("Voice", 3, 3),
            ("Visuals", 3, 3),
            ("Composition", 1, 1),
            ("Rendering", 2, 3),
        ]
        again = await service.retry(job.id)
        await ended(service, again.id)
        assert small.made == [("render", SCENES)]


@pytest.mark.parametrize(
    ("stage", "scene", "expected"),
    [
        ("script", 1, NOTHING + UNMADE),
        ("voice", 3, [("Script", 1, 1), ("Voice", 2, 3), ("Visuals", 0, 3), *UNMADE]),
        ("visuals", 2, [("Script", 1, 1), ("Voice", 3, 3), ("Visuals", 1, 3), *UNMADE]),
        ("compose", 1, [("Script", 1, 1), ("Voice", 3, 3), ("Visuals", 3, 3), *UNMADE]),
    ],
)
async def test_what_a_failed_stage_leaves_is_counted_and_what_follows_is_unmade(
    settings: Settings,
    small: SmallStages,
    stage: str,
    scene: int,
    expected: list[tuple[str, int, int | None]],
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, stage, scene)
        assert told(await service.retry_plan(job.id)) == expected


async def test_after_a_sweep_all_runs_again(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        shutil.rmtree(settings.home / "pieces")
        (settings.home / "pieces").mkdir()
        assert told(await service.retry_plan(job.id)) == NOTHING + UNMADE


async def test_what_builds_on_a_missing_piece_is_not_promised(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        kept = manifest.load(Home(settings.home).manifest(job.id)).stages[Stage.VISUALS]
        (piece,) = (settings.home / "pieces").rglob(f"{kept.keys[1]}.*.bin")
        piece.write_bytes(b"cut")
        steps = told(await service.retry_plan(job.id))
        assert steps[2:] == [("Visuals", 2, 3), ("Composition", 1, 1), ("Rendering", 0, None)]


async def test_another_setting_makes_its_stage_anew(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
    settings = replace(settings, speech=replace(settings.speech, voice="sv", timeout_s=9.0))
    async with EmbeddedService(settings, stages=small) as service:
        steps = told(await service.retry_plan(job.id))
        assert steps == [("Script", 1, 1), ("Voice", 0, 3), ("Visuals", 3, 3), *UNMADE]


async def test_a_setting_that_changes_no_piece_changes_no_plan(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        plan = await service.retry_plan(job.id)
    settings = replace(settings, speech=replace(settings.speech, timeout_s=9.0))
    async with EmbeddedService(settings, stages=small) as service:
        assert await service.retry_plan(job.id) == plan


async def test_a_retry_that_came_less_far_still_knows_what_the_first_one_made(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        plan = await service.retry_plan(job.id)
        # Queued behind another, and cancelled before it began.
        small.hook = at = At("script")
        first = await service.submit(request("another"))
        await at.reached.wait()
        queued = await service.retry(job.id)
        await service.cancel(queued.id)
        at.go.set()
        await ended(service, first.id)
        assert told(await service.retry_plan(queued.id)) == told(plan)
        # Failed again at the same place.
        small.hook = FailAt("render", SCENES, FAILURE, times=1)
        again = await service.retry(job.id)
        assert (await ended(service, again.id)).status is JobStatus.FAILED
        assert told(await service.retry_plan(again.id)) == told(plan)


async def test_what_was_made_of_a_piece_that_is_made_anew_is_promised_no_more(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        kept = manifest.load(Home(settings.home).manifest(job.id)).stages
        for stage in (Stage.VOICE, Stage.VISUALS):
            (piece,) = (settings.home / "pieces").rglob(f"{kept[stage].keys[1]}.*.bin")
            piece.write_bytes(b"cut")
        small.hook = FailAt("visuals", 2, FAILURE, times=1)
        again = await service.retry(job.id)
        assert (await ended(service, again.id)).status is JobStatus.FAILED
        assert small.made == [("voice", 2)]
        steps = told(await service.retry_plan(again.id))
    assert steps == [("Script", 1, 1), ("Voice", 3, 3), ("Visuals", 2, 3), *UNMADE]


async def test_a_cancelled_job_has_a_plan_too(settings: Settings, small: SmallStages) -> None:
    small.hook = at = At("visuals", 2)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        await service.cancel(job.id)
        await ended(service, job.id)
        steps = told(await service.retry_plan(job.id))
    assert steps == [("Script", 1, 1), ("Voice", 3, 3), ("Visuals", 1, 3), *UNMADE]


async def test_it_is_refused_as_a_retry_is(settings: Settings, small: SmallStages) -> None:
    small.hook = at = At("script")
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        for _ in range(2):  # while it runs, and when it has succeeded
            refusals = []
            for ask in (service.retry_plan, service.retry):
                with pytest.raises(Conflict) as caught:
                    await ask(job.id)
                refusals.append((caught.value.message, caught.value.remediation))
            assert refusals[0] == refusals[1]
            at.go.set()
            await ended(service, job.id)
        with pytest.raises(NotFound):
            await service.retry_plan("0000000000")


async def test_a_reader_has_the_same_plan(settings: Settings, small: SmallStages) -> None:
    async with (
        EmbeddedService(settings, stages=small) as service,
        ReadOnlyService(Home(settings.home)) as reader,
    ):
        job = await failed(service, small, "render", SCENES)
        assert await reader.retry_plan(job.id) == await service.retry_plan(job.id)


async def test_a_damaged_ledger_promises_nothing(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        for data in (b"", b"\xff", b"[" * 100_000, b'{"stages":{"Nonsense":3}}'):
            Home(settings.home).manifest(job.id).write_bytes(data)
            assert told(await service.retry_plan(job.id)) == NOTHING + UNMADE


# -- how long


async def test_the_time_is_that_of_what_is_missing(settings: Settings, small: SmallStages) -> None:
    async def slow(stage: str, ctx: StageContext, scene: int) -> None:
        ctx.children.clock.advance(30.0 if stage == "render" else 2.0)

    async with EmbeddedService(settings, stages=small) as service:
        job = await failed(service, small, "render", SCENES)
        own = (await service.retry_plan(job.id)).eta
        assert own is None or own.runs == 0  # no other job was measured yet
        small.hook = slow
        done = await service.submit(request("another"))
        await ended(service, done.id)
        plan = await service.retry_plan(job.id)
        usual = await service.typical(job.id)
        assert usual.seconds == pytest.approx(
            {Stage.SCRIPT: 2, Stage.VOICE: 6, Stage.VISUALS: 6, Stage.COMPOSITION: 2}
            | {Stage.RENDERING: 90},
            rel=0.05,
        )
        assert plan.eta
        assert plan.eta.runs == usual.runs == 1
        assert plan.eta.seconds == pytest.approx(30, rel=0.05)
        # The retry itself says so from its first report on.
        again = await service.retry(job.id)
        etas = [
            e.event.eta_seconds
            for e in await follow(service, again.id)
            if isinstance(e.event, ev.StepProgressed)
        ]
        assert etas[0] == pytest.approx(30, rel=0.05)


async def test_without_similar_jobs_a_run_that_knew_its_pace_gives_the_time_of_its_retry(
    settings: Settings, small: SmallStages
) -> None:
    async def slow(stage: str, ctx: StageContext, scene: int) -> None:
        ctx.children.clock.advance(30.0 if stage == "render" else 2.0)
        if (stage, scene) == (ctx.request.brief.text, SCENES):
            raise FAILURE

    small.hook = slow
    async with EmbeddedService(settings, stages=small) as service:
        etas = []
        for stage in ("render", "visuals"):
            job = await service.submit(request(stage))
            assert (await ended(service, job.id)).status is JobStatus.FAILED
            found = (await service.retry_plan(job.id)).eta
            assert found is not None
            assert found.runs == 0
            assert found.low <= found.seconds <= found.high
            etas.append(found)
    late, early = etas
    assert late.seconds == pytest.approx(45, rel=0.1)  # two of three pieces took 90 s
    assert early.seconds > 3  # a piece of Visuals, and Rendering in proportion
    assert early.high > 1.5 * early.seconds


async def test_a_network_provider_that_was_never_used_has_no_time(settings: Settings) -> None:
    work = Work(video_s=60, width=1280, height=720, fps=30)
    measured = Step(stage=Stage.SCRIPT, status=StepStatus.COMPLETED, percent=100.0, duration_ms=100)
    job = replace(fresh_job(), steps=(measured, *fresh_job().steps[1:]))
    shares = {Stage.SCRIPT: 0.0}
    local = {Stage.VOICE: "espeak", Stage.VISUALS: "cards"}
    assert forecast(with_own_pace({}, job, work, local), work, shares) is not None
    for stage in local:
        far = local | {stage: "openai"}
        assert forecast(with_own_pace({}, job, work, far), work, shares) is None
    assert with_own_pace({}, fresh_job(), work, local) == {}  # nothing was measured at all


def test_the_pace_of_rendering_is_that_of_the_frames_it_encoded_itself() -> None:
    work = Work(video_s=60, width=1280, height=720, fps=30)
    step = Step(
        stage=Stage.RENDERING,
        status=StepStatus.CANCELLED,
        percent=60.0,
        duration_ms=4000,
        metrics=ev.Metrics(fps=90.0, made=3, reused=20),
    )
    job = replace(fresh_job(), steps=(*fresh_job().steps[:-1], step))
    (past,) = with_own_pace({}, job, work, {})[Stage.RENDERING]
    assert past.seconds == 60 * 30 / 90
    history = {Stage.RENDERING: (Past(work, 7.0),)}
    assert with_own_pace(history, job, work, {})[Stage.RENDERING] == history[Stage.RENDERING]
    small = {Stage.RENDERING: (Past(replace(work, width=128, height=128), 1.0),)}
    assert with_own_pace(small, job, work, {})[Stage.RENDERING] == (past,)  # of no such size


@pytest.mark.parametrize("at", ["voice", "visuals", "render"])
async def test_the_real_length_counts_as_soon_as_it_is_known(
    settings: Settings, small: SmallStages, at: str
) -> None:
    async def slow(stage: str, ctx: StageContext, scene: int) -> None:
        ctx.children.clock.advance(2.0)

    small.hook = slow
    long = replace(
        request("another"),
        plan_spec=PlanSpec(target_duration="180"),
        render_spec=RenderSpec(res="128x128"),  # as the small stages have it
    )
    async with EmbeddedService(settings, stages=small) as service:
        done = await service.submit(request())
        await ended(service, done.id)
        small.hook = hold = At(at, 2)
        job = await service.submit(long)
        await hold.reached.wait()
        usual = await service.typical(job.id)
        assert usual.seconds.keys() == set(Stage)
        assert usual.runs == 1
        await service.cancel(job.id)
        etas = {
            e.event.step: e.event.eta_seconds
            for e in await follow(service, job.id)
            if isinstance(e.event, ev.StepProgressed)
        }
    assert etas.pop(Stage.SCRIPT) is None  # three minutes are asked: no run was like that
    assert etas
    assert None not in etas.values()


async def test_typical_times_are_those_of_other_runs(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        first = await service.submit(request("one"))
        await ended(service, first.id)
        assert (await service.typical(first.id)).seconds == {}
        second = await service.submit(request("two"))
        await ended(service, second.id)
        steps = (await service.get(second.id)).steps
        found = await service.typical(first.id)
    measured = {s.stage: (s.duration_ms or 0) / 1000 for s in steps if s.duration_ms}
    assert found.runs == (1 if measured else 0)
    assert found.seconds == pytest.approx(measured)


async def test_runs_by_other_providers_tell_nothing_of_how_long(
    settings: Settings, small: SmallStages
) -> None:
    by, seconds = {"voice": "openai"}, {"voice": 40.0}

    async def work(stage: str, ctx: StageContext, scene: int) -> None:
        ctx.report.progress(0, "", metrics=ev.Metrics(provider=by.get(stage, "")))
        ctx.children.clock.advance(seconds.get(stage, 1.0))

    small.hook = work
    async with EmbeddedService(settings, stages=small) as service:
        other = await service.submit(request("by an endpoint"))
        await ended(service, other.id)
        by["voice"], seconds["voice"] = "espeak", 2.0
        first = await service.submit(request("by eSpeak"))
        etas = [
            e.event.eta_seconds
            for e in await follow(service, first.id)
            if isinstance(e.event, ev.StepProgressed) and e.event.step is Stage.SCRIPT
        ]
        assert set(etas) == {None}  # Voice is to come, and nobody knows how long eSpeak takes
        assert Stage.VOICE not in (await service.typical(first.id)).seconds
        assert Stage.SCRIPT in (await service.typical(first.id)).seconds
        job = await failed(service, small, "render", SCENES)
        usual = await service.typical(job.id)
        assert usual.seconds[Stage.VOICE] == pytest.approx(2.0 * SCENES, rel=0.05)
        assert usual.runs == 1
        assert (await service.typical(other.id)).seconds.get(Stage.VOICE) is None


# -- the preview


async def test_the_preview_is_the_newest_picture_without_a_copy(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("visuals", 3)
    async with (
        EmbeddedService(settings, stages=small) as service,
        ReadOnlyService(Home(settings.home)) as reader,
    ):
        job = await service.submit(request())
        await at.reached.wait()
        for home in (service, reader):
            path = await home.preview(job.id)
            assert path
            assert path.read_bytes() == b"visuals 2"
            assert os.stat(path).st_nlink == 2
        at.go.set()
        await ended(service, job.id)
        path = await reader.preview(job.id)
        assert path
        assert path.read_bytes() == b"visuals 3"
        shutil.rmtree(settings.home / "pieces")  # a sweep of them leaves it
        assert path.read_bytes() == b"visuals 3"
        other = await failed(service, small, "voice", 1)
        assert await service.preview(other.id) is None
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []
