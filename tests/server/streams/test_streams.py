"""Streams over real sockets: replay, ends, heartbeats, gzip, slow readers, and curl."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from aura_tui.model.ids import format_id
from aura_tui.server.options import Bounds
from aura_tui.wire import routes
from tests.engine.conftest import ended, follow
from tests.engine.stages import SmallStages
from tests.server.serving import Frame, as_frames, of_jobs, parse, served, stream
from tests.server.test_jobs import BRIEF, hangs, hook
from tests.server.told import Plain, Speaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from aura_tui.model.events import Envelope
    from aura_tui.settings import Settings
    from tests.server.serving import Served


async def made(server: Served, client: httpx.AsyncClient) -> str:
    job_id: str = (await client.post(routes.JOBS, json=BRIEF)).json()["jobId"]
    await ended(server.service, job_id)
    return job_id


@pytest.mark.parametrize("plain", [False, True], ids=["archive", "port"])
async def test_a_stream_is_the_log_to_the_byte_and_resumes_after_any_id(
    settings: Settings, plain: bool
) -> None:
    from aura_tui.engine.service import EmbeddedService

    hidden = Plain(EmbeddedService(settings)) if plain else None
    async with served(settings, service=hidden) as server, server.client() as client:
        if hidden is not None:
            hidden._service = server.service
        job_id = await made(server, client)
        path = routes.path(routes.JOB_EVENTS, job_id)
        whole = as_frames(await follow(server.service, job_id))
        frames = await stream(client, path)
        assert frames[0].event == "heartbeat"
        assert frames[0].retry == "1000"
        assert of_jobs(frames) == whole == frames[1:]
        for i in range(0, len(whole) - 1, 5):
            assert of_jobs(await stream(client, path, after=whole[i].id)) == whole[i + 1 :]
            query = f"{path}?lastEventId={whole[i].id}"
            assert of_jobs(await stream(client, query)) == whole[i + 1 :]
        for strange in ("nonsense", "0", "", "99999999999999999999-1"):
            assert of_jobs(await stream(client, path, after=strange)) == whole


async def test_a_reader_of_the_end_gets_204_when_it_comes_again(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        last = (await server.service.get(job_id)).last_event_id
        path = routes.path(routes.JOB_EVENTS, job_id)
        for given in (format_id(last), format_id(last + 5)):
            answer = await client.get(path, headers={"Last-Event-ID": given})
            assert (answer.status_code, answer.content) == (204, b"")
            assert (await client.get(path, params={"lastEventId": given})).status_code == 204


async def test_a_stream_says_how_it_wants_to_be_passed_on(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        path = routes.path(routes.JOB_EVENTS, await made(server, client))
        async with client.stream("GET", path) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["x-accel-buffering"] == "no"
        head = await client.head(path)
        assert head.headers["content-type"] == "text/event-stream"


async def test_events_come_as_they_happen_and_silence_is_broken(settings: Settings) -> None:
    slow = SmallStages(hook)
    async with served(settings, slow, heartbeat_s=0.05) as server, server.client() as client:
        job_id = await hangs(client, server.service)
        path = routes.path(routes.JOB_EVENTS, job_id)
        frames: list[Frame] = []
        text = ""
        asked = False
        async with client.stream("GET", path) as answer:
            async for part in answer.aiter_text():
                text += part
                frames = parse(text)
                if sum(frame.event == "heartbeat" for frame in frames) == 4 and not asked:
                    asked = True
                    await server.service.cancel(job_id)
        assert frames[-1].event == "job-cancelled"
        assert not any(frame.id for frame in frames if frame.event == "heartbeat")
        assert of_jobs(frames) == as_frames(await follow(server.service, job_id))


async def test_a_stream_that_goes_on_says_when_all_that_was_missed_is_told(
    settings: Settings,
) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        job_id = await hangs(client, server.service)
        last = (await server.service.get(job_id)).last_event_id
        path = routes.path(routes.JOB_EVENTS, job_id)
        first = as_frames([e async for e in _until(server, job_id, last)])[0].id
        text = ""
        frames: list[Frame] = []
        async with (
            asyncio.timeout(5),  # no heartbeat is due for 10 s
            client.stream("GET", path, headers={"Last-Event-ID": first}) as answer,
        ):
            async for part in answer.aiter_text():
                text += part
                frames = parse(text)
                if sum(frame.event == "heartbeat" for frame in frames) == 2:
                    break
        assert [frame.event == "heartbeat" for frame in frames[:1] + frames[-1:]] == [True, True]
        assert frames[-2].id == format_id(last)


async def _until(server: Served, job_id: str, last: int) -> AsyncIterator[Envelope]:
    async for envelope in server.service.events(job_id):
        yield envelope
        if envelope.id == last:
            return


async def test_gzip_is_flushed_with_each_event(settings: Settings) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        job_id = await hangs(client, server.service)
        path = routes.path(routes.JOB_EVENTS, job_id)
        unpack = zlib.decompressobj(31)
        text = ""
        async with client.stream("GET", path, headers={"Accept-Encoding": "br, gzip"}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["vary"] == "Accept-Encoding"
            asked = False
            async for part in answer.aiter_raw():
                text += unpack.decompress(part).decode()
                if "It hangs" in text and not asked:
                    asked = True
                    await server.service.cancel(job_id)
        assert unpack.eof
        assert of_jobs(parse(text)) == as_frames(await follow(server.service, job_id))
        for refused in ("identity", "gzip;q=0", "br"):
            async with client.stream("GET", path, headers={"Accept-Encoding": refused}) as answer:
                assert "content-encoding" not in answer.headers


async def test_a_reader_that_leaves_is_let_go(settings: Settings) -> None:
    async with served(settings, SmallStages(hook)) as server, server.client() as client:
        job_id = await hangs(client, server.service)
        async with client.stream("GET", routes.path(routes.JOB_EVENTS, job_id)) as answer:
            parts = answer.aiter_text()
            await anext(parts)
            assert (await client.get(routes.HEALTH)).json()["streams"] == 1
        async with asyncio.timeout(5):
            while (await client.get(routes.HEALTH)).json()["streams"]:
                pass


async def test_the_end_of_the_server_is_told_and_quick(settings: Settings) -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(settings, SmallStages(hook)))
        client = await stack.enter_async_context(server.client())
        job_id = await hangs(client, server.service)
        readers = [
            asyncio.create_task(stream(client, path))
            for path in (routes.EVENTS, routes.path(routes.JOB_EVENTS, job_id))
            for _ in range(20)
        ]
        local = await stack.enter_async_context(server.local())
        readers.append(asyncio.create_task(stream(local, routes.EVENTS)))
        hub_full = asyncio.create_task(_streams(client, 41))
        await hub_full
        await client.aclose()  # its pool; the streams are the tasks' own
        began = time.monotonic()
    took = time.monotonic() - began
    for reader in readers:
        if not reader.cancelled() and reader.exception() is None:
            assert reader.result()[-1].event == "shutdown"
            assert not reader.result()[-1].id
    assert took < 3.0


async def _streams(client: httpx.AsyncClient, count: int) -> None:
    async with asyncio.timeout(10):
        while (await client.get(routes.HEALTH)).json()["streams"] < count:
            await asyncio.sleep(0.2)


async def _never_reads(server: Served, path: str) -> socket.socket:
    """A connection that asks for a stream and takes nothing of it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", server.port))
    await loop.sock_sendall(sock, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return sock


async def test_a_reader_that_takes_nothing_is_dropped_and_slows_nobody(
    settings: Settings,
) -> None:
    bounds = Bounds(stall_s=0.3)
    hanging = SmallStages(hook)
    async with (
        served(settings, hanging, bounds=bounds, heartbeat_s=0.4) as server,
        server.client() as client,
    ):
        job_id = await hangs(client, server.service)
        path = routes.path(routes.JOB_EVENTS, job_id)
        stuck = await _never_reads(server, path)
        await _streams(client, 1)
        good = asyncio.create_task(stream(client, path))
        await _streams(client, 2)
        speaker = Speaker(server.service, job_id)
        for _ in range(60):
            await speaker.say(100, size=2000)  # 12 MB: more than any socket's buffers
        async with asyncio.timeout(10):
            while (await client.get(routes.HEALTH)).json()["streams"] != 1:
                await asyncio.sleep(0.05)
        await server.service.cancel(job_id)
        assert of_jobs(await good) == as_frames(await follow(server.service, job_id))
        stuck.close()


async def test_curl_reads_a_stream(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        job_id = await made(server, client)
        url = server.url + routes.path(routes.JOB_EVENTS, job_id)
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sN", "--compressed", "--noproxy", "*", url, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await curl.communicate()
        assert of_jobs(parse(out.decode())) == as_frames(await follow(server.service, job_id))
