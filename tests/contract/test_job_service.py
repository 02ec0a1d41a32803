"""What every JobService does, wherever it runs. A new home is one entry in ``homes.py``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import AuraError, Code, Conflict, InputError, NotFound
from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.replay.service import ReplayService
from aura_tui.service import Connected, Typical
from aura_tui.settings import EngineSettings, Settings
from tests.contract.homes import HOMES, Past
from tests.engine.conftest import request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(params=HOMES)
async def past(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Past]:
    settings = Settings(home=tmp_path / "home", engine=EngineSettings(min_free_mb=1))
    async with HOMES[request.param](settings) as past:
        yield past


def ids(past: Past) -> tuple[str, str, str]:
    return past.succeeded, past.failed, past.cancelled


async def history(past: Past, job_id: str, after: int | None = None) -> list[ev.Envelope]:
    return [envelope async for envelope in past.service.events(job_id, after=after)]


async def test_a_job_is_what_its_history_folds_to(past: Past) -> None:
    for job_id in ids(past):
        job = await past.service.get(job_id)
        folded = fold(as_created(job), await history(past, job_id))
        assert folded == job
        assert job.ignored == 0


async def test_each_end_is_told_by_its_event_and_nothing_follows(past: Past) -> None:
    ends = (ev.JobCompleted, ev.JobFailed, ev.JobCancelled)
    statuses = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED)
    for job_id, kind, status in zip(ids(past), ends, statuses, strict=True):
        events = await history(past, job_id)
        told = [type(envelope.event) for envelope in events]
        assert [t for t in told if t in ev.TERMINAL_EVENTS] == [kind]
        assert told[-1] is kind
        assert (await past.service.get(job_id)).status is status


async def test_ids_strictly_increase_and_any_of_them_resumes_exactly_after(past: Past) -> None:
    whole = await history(past, past.failed)
    numbers = [envelope.id for envelope in whole]
    assert numbers == sorted(set(numbers))
    for i, envelope in enumerate(whole[:-1]):
        assert await history(past, past.failed, envelope.id) == whole[i + 1 :]


async def test_every_event_carries_its_job_and_correlation(past: Past) -> None:
    for job_id in ids(past):
        job = await past.service.get(job_id)
        for envelope in await history(past, job_id):
            assert envelope.event.job_id == job_id
            assert envelope.event.correlation_id == job.correlation_id


async def test_lists_are_newest_first_filtered_and_paged(past: Past) -> None:
    newest_first = list(reversed(ids(past)))
    assert [job.id for job in (await past.service.list()).jobs] == newest_first
    failed = await past.service.list(status=JobStatus.FAILED)
    assert [job.id for job in failed.jobs] == [past.failed]
    found, cursor = [], None
    while True:
        page = await past.service.list(limit=1, cursor=cursor)
        found += [job.id for job in page.jobs]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == newest_first


@pytest.mark.parametrize("cursor", ["zz", "", "-1", "9" * 40, "\u0663"])
async def test_a_cursor_that_no_page_gave_is_refused(past: Past, cursor: str) -> None:
    """From the beginning again, a list would have no end."""
    with pytest.raises(InputError) as caught:
        await past.service.list(cursor=cursor)
    assert caught.value.field == "cursor"


async def test_the_log_tells_what_failed_and_why(past: Past) -> None:
    text = await past.service.logs(past.failed)
    assert "The encoder broke" in text
    assert "It hangs" in await past.service.logs(past.cancelled)


async def test_a_job_tells_its_settings_alone_and_in_a_list(past: Past) -> None:
    listed = {job.id: job for job in (await past.service.list()).jobs}
    for job_id in ids(past):
        found = (await past.service.get(job_id)).settings
        assert found is not None
        assert listed[job_id].settings == found
        assert (found.resolution, found.aspect, found.fps) == ("128x128", "1:1", 30)
        assert (found.brief_words, found.target_seconds, found.theme) == (1, None, "aurora")
        assert (found.script, found.speech, found.visuals) == ("outline", "espeak", "cards")
        assert found.output_folder == ""


async def test_artifacts_are_found_by_name_alone(past: Past) -> None:
    (video,) = await past.service.artifacts(past.succeeded)
    assert video.type == "video/mp4"
    path = await past.service.artifact(past.succeeded, video.name)
    assert path.stat().st_size == video.size_bytes
    for name in ("../../aura.db", "/etc/passwd", "", "none.mp4"):
        with pytest.raises(NotFound):
            await past.service.artifact(past.succeeded, name)


async def test_an_unknown_job_is_not_found(past: Past) -> None:
    service = past.service
    asks = (
        service.get,
        service.logs,
        service.artifacts,
        service.typical,
        service.retry_plan,
        service.preview,
    )
    for ask in asks:
        with pytest.raises(NotFound):
            await ask("no-such-job")
    with pytest.raises(NotFound):
        await history(past, "no-such-job")


async def test_what_has_ended_cannot_be_changed(past: Past) -> None:
    service = past.service
    before = [await service.get(job_id) for job_id in ids(past)]
    for change in (service.cancel, service.pause, service.resume):
        for job_id in ids(past):
            with pytest.raises(AuraError) as caught:
                await change(job_id)
            assert caught.value.remediation
    with pytest.raises(AuraError):
        await service.retry(past.succeeded)
    assert [await service.get(job_id) for job_id in ids(past)] == before


async def test_a_request_that_cannot_be_is_refused(past: Past) -> None:
    with pytest.raises(AuraError):
        await past.service.submit(request("  "))
    assert len((await past.service.list()).jobs) == 3


async def test_a_retry_into_a_folder_that_cannot_be_is_refused(past: Past, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AuraError):
        await past.service.retry(past.failed, deliver_to=tmp_path / "file" / "out")
    assert len((await past.service.list()).jobs) == 3


async def test_a_retry_names_its_folder_in_its_key(past: Past, tmp_path: Path) -> None:
    """The same key with another folder is another request."""
    service = past.service
    (tmp_path / "out").mkdir()
    try:
        job = await service.retry(past.failed, deliver_to=tmp_path / "out", idempotency_key="k")
    except AuraError:  # it changes nothing, or can't write to this machine
        assert not isinstance(service, EmbeddedService)
        return
    again = await service.retry(past.failed, deliver_to=tmp_path / "out", idempotency_key="k")
    assert again.id == job.id
    with pytest.raises(InputError) as caught:
        await service.retry(past.failed, idempotency_key="k")
    assert caught.value.code is Code.KEY_REUSED


async def test_a_deleted_job_is_gone_and_nothing_else_is(past: Past) -> None:
    service, job_id = past.service, past.failed
    video = (await service.artifacts(past.succeeded))[0]
    if isinstance(service, ReadOnlyService | ReplayService):  # they change nothing
        with pytest.raises(AuraError):
            await service.delete(job_id)
        assert (await service.get(job_id)).id == job_id
        return
    await service.delete(job_id)
    for ask in (service.get, service.logs, service.artifacts, service.retry, service.delete):
        with pytest.raises(NotFound):
            await ask(job_id)
    with pytest.raises(NotFound):
        await history(past, job_id)
    assert [job.id for job in (await service.list()).jobs] == [past.cancelled, past.succeeded]
    assert (await service.artifact(past.succeeded, video.name)).is_file()
    for other in (past.succeeded, past.cancelled):
        job = await service.get(other)
        assert fold(as_created(job), await history(past, other)) == job


async def test_the_same_key_makes_one_job_and_another_request_under_it_is_refused(
    past: Past,
) -> None:
    service, failed = past.service, past.failed
    if isinstance(service, ReadOnlyService | ReplayService):  # they change nothing
        with pytest.raises(AuraError):
            await service.submit(request("once"), idempotency_key="k-1")
        return
    first, same = await asyncio.gather(
        *(service.submit(request("once"), idempotency_key="k-1") for _ in range(2))
    )
    assert first.id == same.id
    assert (await service.submit(request("once"), idempotency_key="k-1")).id == first.id
    assert (await service.submit(request("once"), idempotency_key="k-2")).id != first.id
    with pytest.raises(InputError) as caught:
        await service.submit(request("other"), idempotency_key="k-1")
    assert caught.value.code is Code.KEY_REUSED
    with pytest.raises(InputError):
        await service.retry(failed, idempotency_key="k-1")
    again = [await service.retry(failed, idempotency_key="k-3") for _ in range(2)]
    assert again[0].id == again[1].id
    assert again[0].retry_of == failed
    assert len((await service.list()).jobs) == 6


async def test_the_queue_is_empty_when_all_has_ended(past: Past) -> None:
    queue = await past.service.queue()
    assert (queue.queued, queue.running, queue.paused, queue.waiting) == (0, 0, 0, ())


async def test_typical_times_are_of_other_runs_that_succeeded(past: Past) -> None:
    assert await past.service.typical(past.succeeded) == Typical(0, {})
    for job_id in (past.failed, past.cancelled):
        found = await past.service.typical(job_id)
        assert found.runs == 1
        assert set(found.seconds) == set(Stage)
        assert all(seconds > 0 for seconds in found.seconds.values())


async def test_the_plan_of_a_retry_names_every_stage_or_is_refused_as_the_retry(
    past: Past,
) -> None:
    with pytest.raises(AuraError):
        await past.service.retry_plan(past.succeeded)
    try:
        plan = await past.service.retry_plan(past.failed)
    except Conflict:
        with pytest.raises(Conflict):
            await past.service.retry(past.failed)
        return
    assert [step.stage for step in plan.steps] == list(Stage)
    assert [(step.reused, step.total) for step in plan.steps] == [
        (1, 1),
        (3, 3),
        (3, 3),
        (1, 1),
        (0, 3),
    ]
    assert plan.eta is not None
    assert plan.eta.low <= plan.eta.seconds <= plan.eta.high
    plan = await past.service.retry_plan(past.cancelled)
    assert [(step.reused, step.total) for step in plan.steps] == [
        (1, 1),
        (0, 3),
        (0, 3),
        (0, 1),
        (0, None),
    ]


async def test_a_preview_is_a_picture_on_this_machine_or_none(past: Past) -> None:
    assert await past.service.preview(past.cancelled) is None
    path = await past.service.preview(past.failed)
    assert path is None or path.read_bytes() == b"visuals 3"


async def test_of_an_engine_that_is_well_there_is_nothing_to_notice(past: Past) -> None:
    assert [*past.service.notices] == []


async def test_a_connection_is_live_beside_a_living_engine(past: Past) -> None:
    if not isinstance(past.service, Connected):
        return
    connection = past.service.connection
    assert connection.status is ConnectionStatus.LIVE
    assert connection.heard_at is not None
    assert connection.since <= connection.heard_at
    past.service.reconnect()
    async for first in past.service.connection_changes():
        assert first.status is ConnectionStatus.LIVE
        break
