"""Connections that mean no good, or don't know better: each is bounded, and others go on."""

from __future__ import annotations

import asyncio
import gc
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from aura_tui.errors import Code
from aura_tui.server.options import Bounds
from aura_tui.wire import routes
from tests.server.serving import served
from tests.server.streams.test_streams import _streams
from tests.server.test_jobs import problem

if TYPE_CHECKING:
    from aura_tui.settings import Settings
    from tests.server.serving import Served

GET = b"GET /api/queue HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = GET.replace(b"Host", b"Connection: close\r\nHost")


class Raw:
    """A connection without manners."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, server: Served) -> Raw:
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def rest(self, timeout: float = 5.0) -> bytes:
        """All that still comes, to the end of the connection."""
        data = b""
        try:
            async with asyncio.timeout(timeout):
                while part := await self._reader.read(65536):
                    data += part
        except ConnectionError:
            pass
        self.writer.close()
        return data


async def say(server: Served, data: bytes) -> bytes:
    raw = await Raw.to(server)
    raw.writer.write(data)
    return await raw.rest()


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
        b"GET /api/queue HTTP/1.1\r\nHost: localhost\r\nBad Header\r\n\r\n",
        b"GET /api/queue HTTP/9.9\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_400_and_the_end(settings: Settings, data: bytes) -> None:
    async with served(settings, bounds=Bounds(head_s=1.0)) as server:
        answer = await say(server, data)
        assert answer.startswith(b"HTTP/1.1 400 "), answer
        assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/queue HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 50_000 + b"\r\n\r\n",
        b"GET /api/queue HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 500_000,  # and no end
        b"GET /api/queue HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"GET /" + b"a" * 50_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        GET + b"GET / HTTP/1.1\r\nX: " + b"x" * 500_000,
    ],
    ids=["value", "endless", "many", "path", "second"],
)
async def test_heads_are_bounded(settings: Settings, head: bytes) -> None:
    async with served(settings) as server:
        answer = await say(server, head)
        assert b"HTTP/1.1 431 " in answer, answer[:300]
        assert answer.startswith(b"HTTP/1.1 200 ") == head.startswith(GET)


async def test_a_slow_head_and_a_silent_connection_are_closed(settings: Settings) -> None:
    async with served(settings, bounds=Bounds(head_s=0.3)) as server, server.client() as client:
        silent, slow, second = await Raw.to(server), await Raw.to(server), await Raw.to(server)
        second.writer.write(GET)
        slow.writer.write(b"GET /api/queue HT")
        await asyncio.sleep(0.15)
        slow.writer.write(b"TP/1.1\r\nX")  # a byte now and then does not help
        second.writer.write(b"GET /ap")
        assert await silent.rest(3) == b""
        assert await slow.rest(3) == b""
        assert (await second.rest(3)).startswith(b"HTTP/1.1 200 ")
        assert (await client.get(routes.QUEUE)).status_code == 200


async def test_a_body_that_goes_on_after_its_answer_is_cut_off(settings: Settings) -> None:
    async with served(settings, bounds=Bounds(head_s=0.4)) as server, server.client() as client:
        head = b"POST /api/jobs/none/cancel HTTP/1.1\r\nHost: localhost\r\n"
        trickling, polite = await Raw.to(server), await Raw.to(server)
        trickling.writer.write(head + b"Content-Length: 1000\r\n\r\n{")
        polite.writer.write(head + b"Content-Length: 2\r\n\r\n{")
        assert (await trickling._reader.readline()).startswith(b"HTTP/1.1 404 ")
        polite.writer.write(b"}" + LAST)  # late, and then goes on
        assert (await polite.rest()).count(b"HTTP/1.1 ") == 2
        trickling.writer.write(b" ")  # a byte now and then does not help
        await trickling.rest(3)
        assert (await client.get(routes.QUEUE)).status_code == 200


async def test_bodies_are_bounded_in_size_and_time(settings: Settings) -> None:
    bounds = Bounds(body_bytes=1000, body_s=0.2)
    async with served(settings, bounds=bounds) as server, server.client() as client:
        big = await client.post(routes.JOBS, json={"brief": {"text": "x" * 1000}})
        problem(big, 413, Code.REQUEST_TOO_LARGE)
        assert big.headers["connection"] == "close"
        head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n"
        lies = await say(server, head + b"Content-Length: 999999999999999999\r\n\r\n{}")
        assert lies.startswith(b"HTTP/1.1 413 "), lies
        huge = await client.post(routes.JOBS, content=b"x" * 20_000_000)
        problem(huge, 413, Code.REQUEST_TOO_LARGE)
        chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
        endless = await say(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
        assert endless.startswith(b"HTTP/1.1 413 "), endless
        slow = await say(server, head + b"Content-Length: 100\r\n\r\n{")
        assert slow.startswith(b"HTTP/1.1 408 "), slow
        assert (await client.get(routes.JOBS)).json() == {"jobs": []}


async def test_a_body_that_trickles_is_too_slow_as_a_whole(settings: Settings) -> None:
    bounds = Bounds(body_s=0.5, body_bytes_a_second=1000)
    async with served(settings, bounds=bounds) as server, server.client() as client:
        head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        late, steady = await Raw.to(server), await Raw.to(server)
        late.writer.write(head % 1_000_000)
        answered = asyncio.create_task(late._reader.readline())
        body = b'{"brief":{"text":"x"}}' + b" " * 2000
        steady.writer.write(head % len(body))
        async with asyncio.timeout(10):
            while body or not answered.done():
                late.writer.write(b" ")
                steady.writer.write(body[:100])
                body = body[100:]
                await asyncio.sleep(0.05)  # twice as fast as it must be
        assert answered.result().startswith(b"HTTP/1.1 408 ")
        assert (await steady._reader.readline()).startswith(b"HTTP/1.1 202 ")
        for raw in (late, steady):
            raw.writer.close()
        assert (await client.get(routes.QUEUE)).status_code == 200


async def test_a_client_that_leaves_in_the_middle_of_a_body_makes_no_job(
    settings: Settings,
) -> None:
    async with served(settings) as server, server.client() as client:
        raw = await Raw.to(server)
        raw.writer.write(
            b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n"
            b'{"brief":{"topic":"x"}}'
        )
        await raw.writer.drain()
        raw.writer.transport.abort()
        assert (await client.get(routes.JOBS)).json() == {"jobs": []}


async def test_connections_are_bounded_and_room_is_found_again(settings: Settings) -> None:
    async with served(settings, bounds=Bounds(connections=3)) as server:
        held = [await Raw.to(server) for _ in range(3)]
        for raw in held:  # so that they are surely there
            raw.writer.write(GET)
            assert (await raw._reader.readline()).startswith(b"HTTP/1.1 200 ")
        refused = await Raw.to(server)
        assert (await refused.rest()).startswith(b"HTTP/1.1 503 ")
        for raw in held:
            raw.writer.close()
            await raw.writer.wait_closed()
        async with asyncio.timeout(5):
            while not (await say(server, LAST)).startswith(b"HTTP/1.1 200 "):
                pass


async def test_requests_in_a_row_are_answered_in_a_row(settings: Settings) -> None:
    async with served(settings) as server:
        answer = await say(server, GET * 500 + LAST)
        assert answer.count(b"HTTP/1.1 200 OK") == 501


async def test_white_space_around_a_header_is_no_part_of_it(settings: Settings) -> None:
    async with served(settings) as server:
        seen = set()
        for value in (b"key", b"key ", b"  key\t ", b"\tkey"):
            body = b'{"brief": {"topic": "Rivers"}}'
            head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            head += b"Content-Length: %d\r\nIdempotency-Key: %s\r\n\r\n" % (len(body), value)
            answer = await say(server, head + body)
            assert answer.startswith(b"HTTP/1.1 202 ")
            seen.add(answer.partition(b'"jobId":"')[2][:10])
        assert len(seen) == 1


async def test_a_mistake_of_ours_says_nothing_of_itself(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:

        async def broken() -> None:
            raise RuntimeError("the secret is aura_12345")

        server.service.queue = broken  # type: ignore[method-assign,assignment]  # what must never happen
        answer = await client.get(routes.QUEUE)
        problem(answer, 500, Code.INTERNAL)
        assert "secret" not in answer.text
        assert "aura_12345" not in answer.text


async def test_requests_that_nobody_has_answered_yet_wait_unread(settings: Settings) -> None:
    """A thousandfold of their bytes is what they would take otherwise."""
    async with served(settings) as server:
        gone_on, asked = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            asked.set()
            await gone_on.wait()
            raise RuntimeError

        server.service.queue = slow  # type: ignore[method-assign,assignment]  # holds an answer up
        raw = await Raw.to(server)
        small = b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"
        before = _requests()
        raw.writer.write(GET + small * 200_000)  # 7 MB
        await asked.wait()
        sent = asyncio.create_task(raw.writer.drain())
        assert (await say(server, small.replace(b"Host", b"Connection: close\r\nHost"))).startswith(
            b"HTTP/1.1 404 "
        )
        for _ in range(100):  # as many turns as it would take to read them
            await asyncio.sleep(0)
        assert _requests() - before < 100
        assert not sent.done()  # the rest is still on the other side
        gone_on.set()
        answers = 0
        while answers < 2000:  # and they are answered all the same
            answers += (await raw._reader.read(1 << 16)).count(b"HTTP/1.1 404 ")
        assert _requests() - before < 100
        sent.cancel()
        raw.writer.transport.abort()


def _requests() -> int:
    """Requests and answers that are in memory."""
    return sum(type(each) is RequestResponseCycle for each in gc.get_objects())


async def test_a_stream_that_another_request_waits_for_ends_with_its_connection(
    settings: Settings,
) -> None:
    async with served(settings, heartbeat_s=0.1) as server, server.local() as local:
        raw = await Raw.to(server)
        raw.writer.write(GET.replace(b"/queue", b"/events") + GET)
        await _streams(local, 1)
        raw.writer.transport.abort()
        async with asyncio.timeout(5):
            while (await local.get(routes.HEALTH)).json()["streams"]:
                await asyncio.sleep(0.05)


async def test_what_follows_a_body_is_bounded(settings: Settings) -> None:
    async with served(settings) as server, server.client() as client:
        head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        for endless in (b"0\r\n" + b"X: y\r\n" * 100_000, b"0\r\nX: " + b"y" * 600_000,
                        b"1;" + b"y" * 600_000):  # fmt: skip
            assert await say(server, head + endless) == b""
        trailed = head + b"2\r\n{}\r\n0\r\nAuthorization: x\r\n\r\n"
        assert (await say(server, trailed + LAST)).count(b"HTTP/1.1 ") == 2
        tiny = b"".join(b"1\r\n%c\r\n" % each for each in b'{"brief":{"text":"' + b"x" * 20_000)
        made = await say(server, head + tiny + b'3\r\n"}}\r\n0\r\n\r\n' + LAST)
        assert made.startswith(b"HTTP/1.1 202 "), made
        assert (await client.get(routes.QUEUE)).status_code == 200


LOGS = GET.replace(routes.QUEUE.encode(), b"/api/jobs/x/logs")


def long_log(server: Served, size: int) -> None:
    """Have the server say something long."""

    async def get(job_id: str) -> object:
        return SimpleNamespace(id=job_id, owner="", settings=None)

    async def logs(_: str) -> str:
        return "x" * size

    server.service.get = get  # type: ignore[method-assign,assignment]  # stands for a job with a long log
    server.service.logs = logs  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        (LOGS * 1000, 20_000),
        (LOGS, 20_000_000),
        (LOGS.replace(b"Host", b"Connection: close\r\nHost"), 20_000_000),
        (LOGS * 3 + b"G", 20_000_000),
    ],
    ids=["many", "stays", "closes", "and half a head"],
)
async def test_an_answer_that_nobody_takes_ends_its_connection(
    settings: Settings, asked: bytes, size: int
) -> None:
    bounds = Bounds(stall_s=0.3, connections=1)
    async with served(settings, bounds=bounds) as server:
        long_log(server, size)
        with socket.create_connection(("127.0.0.1", server.port)) as deaf:
            deaf.sendall(asked)
            assert (await say(server, LAST)).startswith(b"HTTP/1.1 503 ")
            async with asyncio.timeout(10):
                while not (await say(server, LAST)).startswith(b"HTTP/1.1 200 "):
                    await asyncio.sleep(0.05)


async def test_an_answer_that_is_taken_slowly_comes_whole(settings: Settings) -> None:
    async with served(settings, bounds=Bounds(stall_s=0.5)) as server:
        long_log(server, 20_000_000)
        raw = await Raw.to(server)
        raw.writer.write(LOGS + LAST)
        await raw._reader.readuntil(b"\r\n\r\n")
        left = 20_000_000
        while left:
            left -= len(await raw._reader.readexactly(min(left, 200_000)))
            await asyncio.sleep(0.02)  # 2 s and more for all of it
        assert (await raw.rest()).startswith(b"HTTP/1.1 200 ")
