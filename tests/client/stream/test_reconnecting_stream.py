"""A stream of our own kind of server comes back by itself: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.client.http_client import CONNECT_S
from aura_tui.errors import AuraError, Code, EngineError, NotFound
from aura_tui.model import events as ev
from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.ids import format_id, parse_id
from aura_tui.model.reduce import fold
from aura_tui.model.status import JobStatus
from aura_tui.service import Connected
from aura_tui.wire import sse
from tests.client.scripted import (
    STRANGERS,
    Scripted,
    exact,
    health,
    job,
    no_http,
    page,
    refusal,
    reset,
    stream,
)
from tests.model.strategies import JOB_ID, fresh_job, in_order, plausible_run
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.client.service import RemoteService
    from aura_tui.model.job import Job
    from tests.client.conftest import Connect, Waits
    from tests.client.scripted import Handler, Talk

EVENTS = f"/api/jobs/{JOB_ID}/events"
JOB = f"/api/jobs/{JOB_ID}"
NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
RUN = in_order(plausible_run(), NOW_MS << 20)
DONE = fold(fresh_job(), RUN)


def framed(*envelopes: ev.Envelope) -> bytes:
    return b"".join(map(sse.envelope_frame, envelopes))


async def history(service: RemoteService, after: int | None = None) -> list[ev.Envelope]:
    async with asyncio.timeout(20):
        return [envelope async for envelope in service.events(JOB_ID, after=after)]


async def gather(service: RemoteService, into: list[ev.Envelope]) -> None:
    async for envelope in service.events(JOB_ID):
        into += [envelope]


@pytest.fixture
def running(server: Scripted) -> Scripted:
    """The job as the server has it is at its end; its stream is the tests' own."""
    server.on(JOB, job(DONE))
    return server


async def test_a_whole_stream_is_told_as_it_came(running: Scripted, connect: Connect) -> None:
    running.on(EVENTS, stream(sse.OPENING, *RUN))
    assert await history(connect(running.url)) == RUN


@pytest.mark.parametrize("at", [0, 1, len(RUN) // 2, len(RUN) - 1])
async def test_after_goes_on_exactly_there(at: int, running: Scripted, connect: Connect) -> None:
    running.on(EVENTS, exact(RUN))
    assert await history(connect(running.url), RUN[at].id) == RUN[at + 1 :]


async def test_a_cut_at_every_byte_of_an_event_loses_and_repeats_nothing(
    running: Scripted, connect: Connect
) -> None:
    two = framed(*RUN[:2])
    locator = itertools.count(0)

    async def cut(talk: Talk) -> None:
        at = next(locator)
        if at > len(two):
            await exact(RUN)(talk)
            return
        await talk.stream(two[:at])
        talk.reset()

    for _ in range(0, len(two), 40):
        running.on(EVENTS, cut, cut, exact(RUN))
        assert await history(connect(running.url)) == RUN


async def test_bytes_one_by_one_read_the_same(running: Scripted, connect: Connect) -> None:
    async def trickle(talk: Talk) -> None:
        await talk.stream(b"\xef\xbb\xbf")
        data = sse.OPENING + framed(*RUN)
        for i in range(len(data)):
            await talk.send(data[i : i + 1])

    running.on(EVENTS, trickle)
    assert await history(connect(running.url)) == RUN


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
async def test_every_line_end_of_the_standard_reads(
    newline: bytes, running: Scripted, connect: Connect
) -> None:
    running.on(EVENTS, stream(framed(*RUN).replace(b"\n", newline)))
    assert await history(connect(running.url)) == RUN


async def test_a_mark_at_the_beginning_costs_no_event(running: Scripted, connect: Connect) -> None:
    running.on(EVENTS, stream(b"\xef\xbb\xbf" + framed(*RUN)))
    assert await history(connect(running.url)) == RUN
    assert len(running.asked(EVENTS)) == 1


async def test_what_only_other_texts_take_for_a_line_end_is_text(
    running: Scripted, connect: Connect
) -> None:
    said = "one\u2028two\u2029three\x85four"
    data = b'{"jobId":"job-1","timestamp":"2026-01-02T03:04:05Z","message":"%s"}'
    first = sse.frame(RUN[0].id - 1, "job-log", data % said.encode())
    running.on(EVENTS, stream(first, *RUN))
    got = await history(connect(running.url))
    assert got[1:] == RUN
    assert isinstance(got[0].event, ev.JobLogged)
    assert got[0].event.message.startswith("one\ntwo\nthree")
    assert len(running.asked(EVENTS)) == 1


async def test_blocks_that_are_no_event_are_passed_over(
    running: Scripted, connect: Connect
) -> None:
    beat = sse.connection_frame(ev.Heartbeat(timestamp=datetime.now(UTC)))
    noise = [b": a comment\n\n", b"retry: 5\n\n", b"\n\n\n", beat]
    parts: list[bytes | ev.Envelope] = []
    for envelope in RUN:
        parts += [*noise, envelope]
    running.on(EVENTS, stream(*parts))
    assert await history(connect(running.url)) == RUN
    assert len(running.asked(EVENTS)) == 1


# --- what passes


def refused(status: int, **headers: str) -> Handler:
    async def say(talk: Talk) -> None:
        await talk.answer(status, {"title": "x", "status": status}, **headers)

    return say


async def ended(talk: Talk) -> None:
    await talk.stream()


async def html(talk: Talk) -> None:
    await talk.answer(502, b"<html>Bad gateway</html>", "text/html")


PASSING = [refused(500), refused(503), html, refused(429), refused(408), reset, ended, no_http]


@pytest.mark.parametrize("trouble", PASSING, ids=lambda each: each.__name__)
async def test_what_passes_is_waited_out(
    trouble: Handler, running: Scripted, connect: Connect
) -> None:
    running.on(EVENTS, trouble, trouble, trouble, exact(RUN))
    assert await history(connect(running.url)) == RUN


async def test_it_never_gives_up(running: Scripted, connect: Connect, waits: Waits) -> None:
    running.on(EVENTS, *[refused(503)] * 40, exact(RUN))
    assert await history(connect(running.url)) == RUN
    # The first at once, then growing from 1 s to 30 s.
    assert waits.seconds == [*(1.5**n for n in range(9)), *[30] * 30]


async def test_the_servers_own_wishes_are_honoured(
    running: Scripted, connect: Connect, waits: Waits
) -> None:
    tries = [refused(429, Retry_After="7"), stream(b"retry: 20000\n\n"), refused(503)]
    running.on(EVENTS, *tries, refused(429, Retry_After="999999"), exact(RUN))
    assert await history(connect(running.url)) == RUN
    assert waits.seconds == [7, 20, 20, 300]


async def test_an_event_that_came_makes_the_next_try_a_first_one(
    running: Scripted, connect: Connect, waits: Waits
) -> None:
    async def one_more(talk: Talk) -> None:
        last = parse_id(talk.asked.headers.get("last-event-id", "0-0")) or 0
        await talk.stream(*[envelope for envelope in RUN if envelope.id > last][:2])

    running.on(EVENTS, one_more)
    assert await history(connect(running.url)) == RUN
    assert waits.seconds == []


async def test_silence_of_three_heartbeats_is_a_break(running: Scripted, connect: Connect) -> None:
    running.on(EVENTS, stream(RUN[0], hold=True), exact(RUN))
    began = asyncio.get_running_loop().time()
    assert await history(connect(running.url, heartbeat_s=0.1)) == RUN
    assert 0.24 <= asyncio.get_running_loop().time() - began < 2.0


async def test_heartbeats_keep_a_silent_stream(running: Scripted, connect: Connect) -> None:
    async def beating(talk: Talk) -> None:
        await talk.stream(RUN[0])
        for _ in range(10):
            await asyncio.sleep(0.05)
            await talk.send(b": beat\n\n")
        await talk.send(*RUN[1:])

    running.on(EVENTS, beating)
    assert await history(connect(running.url, heartbeat_s=0.1)) == RUN
    assert len(running.asked(EVENTS)) == 1


async def test_a_shutdown_is_said_and_waited_out(
    running: Scripted, connect: Connect, waits: Waits
) -> None:
    bye = sse.connection_frame(ev.Shutdown(timestamp=datetime.now(UTC), reason="an update"))
    running.on(EVENTS, stream(RUN[0], bye), refused(503), exact(RUN))
    service = connect(running.url)
    waits.hold = asyncio.Event()
    watching = asyncio.create_task(history(service))
    await until(lambda: waits.seconds)
    assert service.connection.status is ConnectionStatus.RETRYING
    waits.hold.set()
    assert await watching == RUN


# --- damage on the way


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x01",
        b"\n\n\x01",
        b"\x00\n\x02: x\n\nid",
        b"\n\x01data: {}\n\n",
        b"event: job-log\ndata: {}\n\n\x01",
        b"\xff\xfe\x01",
    ],
)
async def test_garbage_at_any_byte_is_noticed_and_healed(
    garbage: bytes, running: Scripted, connect: Connect
) -> None:
    data = framed(*RUN[:3])
    for at in range(0, len(data), 7):
        running.on(EVENTS, stream(data[:at] + garbage + data[at:], *RUN[3:]), exact(RUN))
        assert await history(connect(running.url)) == RUN


async def test_what_was_told_is_not_told_again(running: Scripted, connect: Connect) -> None:
    running.on(EVENTS, stream(*RUN[:3], *RUN[:3], *RUN[3:]), exact(RUN), exact(RUN))
    assert await history(connect(running.url)) == RUN


async def test_an_event_of_a_newer_server_is_passed_over(
    running: Scripted, connect: Connect
) -> None:
    newer = [sse.frame(RUN[0].id + i, "job-mood", b'{"jobId":"job-1"}') for i in (1, 2)]
    rest = [replace(envelope, id=envelope.id + 10) for envelope in RUN[1:]]

    running.on(EVENTS, stream(RUN[0], *newer, *rest))
    assert await history(connect(running.url)) == [RUN[0], *rest]
    assert len(running.asked(EVENTS)) == 2


async def test_an_event_that_never_reads_holds_nothing_up(
    running: Scripted, connect: Connect
) -> None:
    bad = sse.frame(RUN[0].id + 1, "job-status", b'{"jobId":"job-1"}')
    rest = [replace(envelope, id=envelope.id + 10) for envelope in RUN[1:]]
    running.on(EVENTS, stream(RUN[0], bad, *rest))
    assert await history(connect(running.url)) == [RUN[0], *rest]
    assert len(running.asked(EVENTS)) == 2


async def test_an_event_without_an_end_is_not_gathered(running: Scripted, connect: Connect) -> None:
    async def endless(talk: Talk) -> None:
        await talk.stream(RUN[0], b"data: ")
        while True:
            await talk.send(b"x" * 65536)
            await asyncio.sleep(0)

    running.on(EVENTS, endless, exact(RUN))
    assert await history(connect(running.url)) == RUN


# --- what does not pass


OWN: list[tuple[Handler, type[AuraError], Code]] = [
    (refusal(401, "E807"), EngineError, Code.TOKEN_REFUSED),
    (refusal(403, "E808"), EngineError, Code.ORIGIN_REFUSED),
    (refusal(404, "E901"), NotFound, Code.JOB_UNKNOWN),
    (refusal(405, "E905"), EngineError, Code.NOT_AN_ENGINE),
]


@pytest.mark.parametrize(("own", "error", "code"), OWN)
async def test_the_engines_own_refusal_ends_it_at_once(
    own: Handler,
    error: type[AuraError],
    code: Code,
    running: Scripted,
    connect: Connect,
    waits: Waits,
) -> None:
    running.on(EVENTS, stream(RUN[0]), own)
    service = connect(running.url)
    got: list[ev.Envelope] = []
    with pytest.raises(error) as caught:
        await gather(service, got)
    assert caught.value.code is code
    assert caught.value.remediation
    assert got == RUN[:1]
    assert service.connection.status is ConnectionStatus.LOST
    assert service.connection.reason == caught.value.message
    assert waits.seconds == []


async def test_what_is_between_us_and_an_engine_is_waited_out_and_named(
    running: Scripted, connect: Connect, waits: Waits
) -> None:
    """Between two streams, and ahead of the first one."""
    for reason, stranger in STRANGERS.items():
        for first in ([stream(RUN[0])], []):
            waits.hold, waits.seconds = asyncio.Event(), []
            running.on(EVENTS, *first, stranger, stranger, exact(RUN))
            async with connect(running.url) as service:
                watching = asyncio.create_task(history(service))
                await until(lambda: waits.seconds)
                assert service.connection.status is ConnectionStatus.RETRYING
                assert reason in service.connection.reason
                assert "secret" not in service.connection.reason
                waits.hold.set()
                assert await watching == RUN


async def test_where_no_engine_was_met_another_server_is_the_end(connect: Connect) -> None:
    async with Scripted() as other:
        other.on("/api/health", page(200))
        other.on(EVENTS, page(200))
        with pytest.raises(EngineError) as caught:
            await history(connect(other.url))
    assert caught.value.code is Code.NOT_AN_ENGINE
    assert "a web page answered" in caught.value.message


async def test_no_content_before_the_end_of_a_job_is_told_and_asked_again(
    server: Scripted, connect: Connect, waits: Waits
) -> None:
    for first in ([], [stream(*RUN[:3])]):
        waits.hold, waits.seconds = asyncio.Event(), []
        server.on(JOB, job(fold(fresh_job(), RUN[:3])))
        server.on(EVENTS, *first, page(204, ""), page(204, ""), exact(RUN))
        service = connect(server.url)
        watching = asyncio.create_task(history(service))
        await until(lambda: waits.seconds)
        assert service.connection.reason == (
            "the server closed the stream of an unfinished job (HTTP 204)"
        )
        waits.hold.set()
        assert await watching == RUN


async def test_no_content_never_ends_the_stream_of_all_jobs(
    running: Scripted, connect: Connect
) -> None:
    running.on("/api/events", page(204, ""), page(204, ""), stream(*RUN, hold=True))
    events = connect(running.url).events()
    assert [await anext(events) for _ in RUN] == RUN
    await events.aclose()


async def test_an_event_without_an_id_or_twice_costs_nothing(
    running: Scripted, connect: Connect
) -> None:
    def without_id(line: str) -> bytes:
        return f'event: job-log\ndata: {{"jobId":"{JOB_ID}","message":"{line}"}}\n\n'.encode()

    parts: list[bytes | ev.Envelope] = [without_id("ahead of all")]
    for number, envelope in enumerate(RUN):
        parts += [envelope, without_id(f"line {number}"), RUN[number // 2]]
    running.on(EVENTS, stream(*parts[:-2]))
    assert await history(connect(running.url)) == RUN
    assert len(running.asked(EVENTS)) == 1


# --- the connection


async def test_the_connection_tells_of_a_break_and_its_healing(
    running: Scripted, connect: Connect, waits: Waits
) -> None:
    beat = sse.connection_frame(ev.Heartbeat(timestamp=datetime.now(UTC)))
    later = [
        replace(envelope, id=envelope.id + ((3_600_000 + i) << 20))
        for i, envelope in enumerate(RUN[3:])
    ]

    async def back(talk: Talk) -> None:
        await talk.stream(beat, *RUN[:3], *later[:-1])
        await stay.wait()
        await talk.send(later[-1])

    stay = asyncio.Event()
    running.on(EVENTS, stream(RUN[0]), refused(503), back)
    service = connect(running.url, heartbeat_s=5)
    assert isinstance(service, Connected)
    waits.hold = asyncio.Event()
    seen: list[Connection] = []

    async def look() -> None:
        async for connection in service.connection_changes():
            seen.extend([connection])

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    watching = asyncio.create_task(history(service))
    await until(lambda: waits.seconds)
    connection = service.connection
    assert (connection.status, connection.attempt) == (ConnectionStatus.RETRYING, 3)
    assert "503" in connection.reason
    assert connection.retry_at is not None
    assert abs(connection.retry_at - datetime.now(UTC) - timedelta(seconds=1)) < timedelta(
        seconds=0.9
    )
    service.reconnect()
    await until(lambda: service.connection.recovered == 2)
    connection = service.connection
    assert connection.status is ConnectionStatus.LIVE
    assert connection.gap_s is not None
    assert connection.heard_at is not None
    stay.set()
    assert await watching == [*RUN[:3], *later]
    assert [each.status for each in seen[:1]] == [ConnectionStatus.CONNECTING]
    assert ConnectionStatus.RETRYING in {each.status for each in seen}
    await service.aclose()
    await looking


@pytest.mark.parametrize("sign", ["beat", "event", "end"])
async def test_a_connection_says_when_all_that_was_missed_has_come(
    sign: str, running: Scripted, connect: Connect
) -> None:
    stay, leave = asyncio.Event(), asyncio.Event()
    now = datetime.now(UTC)
    later = (int(now.timestamp() * 1000) + 3_600_000) << 20
    news = [replace(envelope, id=later + i) for i, envelope in enumerate(RUN[5:])]

    async def back(talk: Talk) -> None:
        first = sse.connection_frame(ev.Heartbeat(timestamp=now))
        second = sse.connection_frame(ev.Heartbeat(timestamp=now + timedelta(milliseconds=1)))
        await talk.stream(first, *RUN[:5])
        await stay.wait()
        if sign == "end":
            await talk.send(*RUN[5:])
            return
        await talk.send(second if sign == "beat" else news[0])
        await leave.wait()
        await talk.send(*(RUN[5:] if sign == "beat" else news[1:]))

    running.on(EVENTS, stream(RUN[0]), back)
    service = connect(running.url)
    assert isinstance(service, Connected)
    watching = asyncio.create_task(history(service))
    await until(lambda: service.connection.recovered == 4)
    assert service.connection.recovering
    stay.set()
    await until(lambda: not service.connection.recovering)
    assert service.connection.recovered == (len(RUN) - 1 if sign == "end" else 4)
    leave.set()
    await watching


async def test_a_wait_is_cut_short_on_request(
    running: Scripted, connect: Connect, waits: Waits
) -> None:
    running.on(EVENTS, refused(503), refused(503), exact(RUN))  # the second try is at once
    waits.hold = asyncio.Event()  # never set: only a request ends a wait
    service = connect(running.url)
    watching = asyncio.create_task(history(service))
    await until(lambda: waits.seconds == [1])
    service.reconnect()
    assert await watching == RUN


async def test_a_server_that_is_not_there_yet_is_waited_for(connect: Connect, waits: Waits) -> None:
    async with Scripted() as gone:
        url, port = gone.url, gone.port
    service = connect(url)
    watching = asyncio.create_task(history(service))
    await until(lambda: len(waits.seconds) > 3)
    assert "refused" in service.connection.reason
    server = Scripted()
    server.on("/api/health", health)
    server.on(EVENTS, exact(RUN))
    server.on(JOB, job(DONE))
    listening = await asyncio.start_server(server._accept, "127.0.0.1", port)
    assert await watching == RUN
    listening.close()


@pytest.mark.parametrize("waits_for", ["an event", "the next try"])
async def test_closing_the_service_ends_its_streams(
    waits_for: str, running: Scripted, connect: Connect, waits: Waits
) -> None:
    waits.hold = asyncio.Event()
    running.on(EVENTS, stream(RUN[0], hold=waits_for == "an event"), refused(503))
    service = connect(running.url)
    got: list[ev.Envelope] = []
    watching = asyncio.create_task(gather(service, got))
    await until(lambda: waits.seconds if waits_for == "the next try" else got)
    await service.aclose()
    await watching
    assert got == RUN[:1]


# --- a history that is gone


def beat(second: int) -> bytes:
    at = datetime(2026, 1, 2, 3, 4, second, tzinfo=UTC)
    return sse.connection_frame(ev.Heartbeat(timestamp=at))


LATER = [replace(envelope, id=envelope.id + (60_000 << 20)) for envelope in RUN[4:]]


@pytest.mark.parametrize(
    "meanwhile",
    [stream(beat(1), beat(2), hold=True), stream(beat(1), LATER[0], hold=True), exact([])],
    ids=["it is idle", "it goes on", "it says that there is no more"],
)
async def test_an_older_self_of_the_server_is_told_as_it_is_now(
    meanwhile: Handler, server: Scripted, connect: Connect
) -> None:
    behind = fold(fresh_job(), RUN[:4])
    server.on(JOB, job(behind))
    server.on(EVENTS, stream(*RUN[:6]), meanwhile, exact([*RUN[:4], *LATER]))
    service = connect(server.url)
    notices = []
    got = []
    async with asyncio.timeout(20):
        async for envelope in service.events(JOB_ID):
            got.append(envelope)
            notices.append(service.connection.notice)
    assert "current state" in notices[-1]  # it stays said
    assert server.asked(EVENTS)[-1].headers["last-event-id"] == format_id(behind.last_event_id)
    numbers = [envelope.id for envelope in got]
    assert numbers == sorted(set(numbers))
    assert got[:6] == RUN[:6]
    assert fold(fresh_job(), got).status is JobStatus.SUCCEEDED


async def test_the_same_server_is_known_by_its_last_event(
    running: Scripted, connect: Connect
) -> None:
    """It says more heartbeats than one, and the first of them twice: it is the same all the
    same."""
    back = stream(beat(1), beat(1), *RUN[2:5], beat(2), beat(3), *RUN[5:])
    running.on(EVENTS, stream(*RUN[:3]), back)
    service = connect(running.url)
    assert await history(service) == RUN
    assert running.asked(EVENTS)[1].headers["last-event-id"] == format_id(RUN[2].id - 1)
    assert running.asked(JOB) == []


async def test_a_job_that_is_gone_ends_the_watch(server: Scripted, connect: Connect) -> None:
    gone = refusal(404, "E901", detail="There is no job")
    server.on(JOB, gone)
    server.on(EVENTS, stream(RUN[0]), gone)
    with pytest.raises(NotFound):
        await history(connect(server.url))


async def test_another_servers_jobs_are_told_as_they_are_now(
    server: Scripted, connect: Connect
) -> None:
    other = fold(fresh_job("job-2"), in_order(plausible_run("job-2"), RUN[0].id)[:5])

    async def listed(talk: Talk) -> None:
        from aura_tui.service import JobPage
        from aura_tui.wire import encode

        page = JobPage((other,), None)
        await talk.answer(200, encode.encode(encode.page_payload(page)))

    server.on("/api/jobs", listed)
    server.on("/api/events", stream(*RUN[:3]), stream(beat(1), beat(2)), stream(hold=True))
    service = connect(server.url)
    got = []
    async for envelope in service.events():
        got.append(envelope)
        if envelope.event.job_id == "job-2" and isinstance(envelope.event, ev.StepStatusChanged):
            assert "current state" in service.connection.notice
            break
    assert got[:3] == RUN[:3]
    assert {each.event.job_id for each in got[3:]} == {"job-2"}


async def test_all_jobs_come_on_one_stream_that_heals(server: Scripted, connect: Connect) -> None:
    other = in_order(plausible_run("job-2"), RUN[-1].id + 1)
    every = [*RUN, *other]
    server.on(JOB, job(DONE))
    server.on("/api/jobs/job-2", job(fold(fresh_job("job-2"), other)))
    cuts = [stream(*every[:3]), exact(every[:9]), exact(every[:20]), exact(every)]
    server.on("/api/events", *cuts)
    got: list[ev.Envelope] = []
    async with asyncio.timeout(10):
        async for envelope in connect(server.url).events():
            got.append(envelope)
            if len(got) == len(every):
                break
    assert got == every


async def test_nothing_is_asked_before_it_is_needed(connect: Connect) -> None:
    service = connect("http://127.0.0.1:9")
    assert service.connection.status is ConnectionStatus.CONNECTING
    assert CONNECT_S < 10


async def test_the_state_of_a_healed_stream_is_the_servers(
    running: Scripted, connect: Connect
) -> None:
    running.on(EVENTS, stream(*RUN[:2]), refused(503), reset, stream(*RUN[2:7]), exact(RUN))
    running.on(EVENTS, exact(RUN[:2]), refused(503), reset, exact(RUN[:7]), exact(RUN))
    service = connect(running.url)
    state: Job = fold(fresh_job(), await history(service))
    assert state == await service.get(JOB_ID)


@pytest.fixture(autouse=True)
async def _bounded() -> AsyncIterator[None]:
    async with asyncio.timeout(60):
        yield
