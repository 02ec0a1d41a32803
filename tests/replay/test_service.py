"""A recording plays all that was recorded, in order, at its pace, and nothing can change it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Conflict, InputError, NotFound
from aura_tui.model.request import Brief, JobRequest
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.replay.recording import header_line, parse, record
from aura_tui.replay.service import ReplayService
from aura_tui.replay.timeline import MAX_GAP_S
from aura_tui.service import Timed, Typical
from aura_tui.wire.event_json import encode_line
from aura_tui.wire.lenient_values import MAX_EVENT_BYTES
from tests.ui.recordings import Tape, retried, start, success

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


def naps() -> tuple[list[float], Callable[[float], Awaitable[None]]]:
    """A sleep that only takes note."""
    taken: list[float] = []

    async def sleep(seconds: float) -> None:
        taken.append(seconds)

    return taken, sleep


async def test_a_written_recording_plays_the_very_events(tmp_path: Path) -> None:
    tape = success()
    service = await ReplayService.open(tape.write(tmp_path / "run.jsonl"), 0)
    assert [e async for e in service.events(tape.job.id)] == tape.envelopes
    job = await service.get(tape.job.id)
    assert job.status is JobStatus.SUCCEEDED
    assert (job.title, job.attempt, job.ignored) == (tape.job.title, 1, 0)


async def test_record_writes_what_open_reads(tmp_path: Path) -> None:
    tape = retried()
    out = io.BytesIO()
    await record(ReplayService(tape.recording(), speed=0), tape.job.id, out)
    assert out.getvalue() == tape.lines()
    job = parse(io.BytesIO(out.getvalue())).jobs[0]
    assert (job.retry_of, job.attempt) == (tape.job.retry_of, 2)


async def test_typical_times_are_recorded_and_told() -> None:
    tape = success()
    usual = Typical(14, {Stage.SCRIPT: 0.5, Stage.RENDERING: 12.25})
    lines = [header_line(tape.job, usual), *map(encode_line, tape.envelopes)]
    service = ReplayService(parse(lines), speed=0)
    assert await service.typical(tape.job.id) == usual
    out = io.BytesIO()
    await record(service, tape.job.id, out)
    assert out.getvalue().startswith(lines[0])
    plain = ReplayService(tape.recording(), speed=0)
    assert await plain.typical(tape.job.id) == Typical(0, {})


async def test_typical_times_that_are_none_are_left_out() -> None:
    header = (
        b'{"recording":1,"job":{"id":"a"},"typical":{"runs":-3,"seconds":'
        b'{"render":4,"Script":-1,"Nonsense":9,"TTS":1e300,"Visuals":0}}}'
    )
    recording = parse([header])
    assert recording.typical["a"] == Typical(0, {Stage.RENDERING: 4.0, Stage.VISUALS: 0.0})
    for broken in (b'"x"', b'{"seconds":{"Script":"x"}}', b'{"runs":1e99}'):
        skipped = parse([b'{"recording":1,"job":{"id":"a"},"typical":' + broken + b"}"])
        assert skipped.skipped == 1


async def test_a_recording_has_no_plan_of_a_retry_and_no_picture() -> None:
    tape = success()
    service = ReplayService(tape.recording(), speed=0)
    with pytest.raises(Conflict, match="recording can't be changed"):
        await service.retry_plan(tape.job.id)
    assert await service.preview(tape.job.id) is None


async def test_pace_is_the_recorded_one_divided_by_speed() -> None:
    tape = success()
    taken, sleep = naps()
    service = ReplayService(tape.recording(), speed=4.0, sleep=sleep, clock=lambda: 0.0)
    async for _ in service.events(tape.job.id):
        pass
    whole = tape.envelopes[-1].event.timestamp - tape.envelopes[0].event.timestamp
    assert sum(taken) == pytest.approx(whole.total_seconds() / 4.0)


@pytest.mark.parametrize("speed", [0.0, float("inf")])
async def test_speed_0_and_infinite_never_wait(speed: float) -> None:
    taken, sleep = naps()
    tape = success()
    service = ReplayService(tape.recording(), speed=speed, sleep=sleep)
    assert len([e async for e in service.events(tape.job.id)]) == len(tape.envelopes)
    assert taken == []


@pytest.mark.parametrize("speed", [-1.0, float("nan")])
async def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(InputError):
        ReplayService(success().recording(), speed=speed)


async def test_a_long_silence_is_shortened() -> None:
    tape = Tape()
    tape.status(JobStatus.QUEUED)
    tape.wait(86_400)
    tape.status(JobStatus.RUNNING)
    taken, sleep = naps()
    service = ReplayService(tape.recording(), sleep=sleep, clock=lambda: 0.0)
    assert len([e async for e in service.events(tape.job.id)]) == 2
    assert taken == [MAX_GAP_S]


async def test_events_after_an_id_are_exactly_those_after_it() -> None:
    tape = success()
    service = ReplayService(tape.recording(), speed=0)
    for at in (0, 7, len(tape.envelopes) - 1):
        after = tape.envelopes[at].id
        assert [e async for e in service.events(tape.job.id, after=after)] == tape.envelopes[
            at + 1 :
        ]


async def test_what_was_played_is_history_and_comes_at_once() -> None:
    tape = success()
    taken, sleep = naps()
    service = ReplayService(tape.recording(), sleep=sleep)
    async for _ in service.events(tape.job.id):
        pass
    taken.clear()
    assert len([e async for e in service.events(tape.job.id)]) == len(tape.envelopes)
    assert taken == []


async def test_a_job_is_as_far_as_it_was_played() -> None:
    tape = success()
    service = ReplayService(tape.recording(), speed=0)
    assert (await service.get(tape.job.id)).status is JobStatus.QUEUED
    async for envelope in service.events(tape.job.id):
        assert (await service.get(tape.job.id)).last_event_id == envelope.id
    assert (await service.queue()).running == 0


async def test_broken_lines_are_skipped_and_counted() -> None:
    tape = success()
    lines = tape.lines().splitlines(keepends=True)
    broken = [
        b"not json\n",
        b'{"recording":1,"job":"?"}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"id":"1-0","event":"nonsense","data":{}}\n',
        encode_line(tape.envelopes[0]),  # goes back in time
    ]
    recording = parse([*lines[:5], *broken, b"\n", *lines[5:-1], lines[-1][:-20]])
    assert recording.skipped == len(broken) + 1
    assert list(recording.envelopes) == tape.envelopes[:-1]


async def test_a_huge_line_costs_no_more_than_its_bound(tmp_path: Path) -> None:
    tape = success()
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"x" * (3 * MAX_EVENT_BYTES) + b"\n" + tape.lines())
    service = await ReplayService.open(path, 0)
    assert service.skipped == 1
    assert len([e async for e in service.events(tape.job.id)]) == len(tape.envelopes)


async def test_a_recording_without_header_lines_plays() -> None:
    tape = success()
    recording = parse(encode_line(e) for e in tape.envelopes)
    assert recording.jobs[0].id == tape.job.id
    assert recording.jobs[0].correlation_id == tape.job.correlation_id
    assert recording.jobs[0].created_at == tape.envelopes[0].event.timestamp


async def test_two_jobs_in_one_recording_are_told_apart() -> None:
    one, two = success(), retried()
    merged = sorted([*one.envelopes, *two.envelopes], key=lambda e: e.id)
    unique = [e for i, e in enumerate(merged) if i == 0 or e.id > merged[i - 1].id]
    lines = [header_line(one.job), header_line(two.job), *map(encode_line, unique)]
    service = ReplayService(parse(lines), speed=0)
    assert {e.event.job_id async for e in service.events(two.job.id)} == {two.job.id}
    assert [job.id for job in (await service.list()).jobs] == [two.job.id, one.job.id]
    page = await service.list(limit=1)
    assert [job.id for job in (await service.list(limit=1, cursor=page.cursor)).jobs] == [
        one.job.id
    ]


async def test_an_unknown_job_is_not_found() -> None:
    service = ReplayService(success().recording())
    with pytest.raises(NotFound):
        await service.get("nobody")
    with pytest.raises(NotFound):
        await anext(aiter(service.events("nobody")))


async def test_a_recording_cannot_be_changed() -> None:
    tape = success()
    service = ReplayService(tape.recording())
    with pytest.raises(Conflict, match="recording can't be changed"):
        await service.submit(JobRequest(brief=Brief(topic="x")))
    for change in (service.cancel, service.pause, service.resume, service.retry):
        with pytest.raises(Conflict, match="recording can't be changed"):
            await change(tape.job.id)


@pytest.mark.parametrize("content", [None, b"", b"nothing of ours\n"])
async def test_a_file_that_is_no_recording_is_bad_input(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "run.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError):
        await ReplayService.open(path)


async def test_close_ends_whoever_watches_all_jobs() -> None:
    tape = success()
    service = ReplayService(tape.recording(), speed=0)
    seen = 0
    async for _ in service.events():
        seen += 1
        if seen == len(tape.envelopes):
            await service.aclose()
    assert seen == len(tape.envelopes)


async def test_a_log_is_what_was_played_of_it() -> None:
    tape = success()
    service = ReplayService(tape.recording(), speed=0)
    assert await service.logs(tape.job.id) == ""
    async for _ in service.events(tape.job.id):
        pass
    assert "Script: 8 scenes, 148 words" in await service.logs(tape.job.id)


async def test_its_time_is_the_recording_s_and_goes_at_its_speed() -> None:
    tape = Tape()
    start(tape)
    tape.wait(100)
    tape.log("late")
    clock_s = [50.0]
    service = ReplayService(tape.recording(), speed=4, sleep=naps()[1], clock=lambda: clock_s[0])
    assert isinstance(service, Timed)
    assert service.pace == 4
    begin, late = (tape.envelopes[i].event.timestamp for i in (0, -1))
    assert service.now() == begin
    events = service.events(tape.job.id)
    for _ in range(3):
        at = (await anext(events)).event.timestamp
        assert service.now() == at
    clock_s[0] += 10
    assert service.now() == at + timedelta(seconds=40)
    clock_s[0] += 1000
    assert service.now() == late  # not past what is still to be told
    await anext(events)
    clock_s[0] += 1000
    assert service.now() == late  # and where there is no more it stands
