"""Endpoints that mean harm: each answers one request in its own bad way, and counts what it gave.

Plain HTTP by hand: no server library would send most of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType
    from typing import Self

    Answer = Callable[["Taker"], Awaitable[None]]

MIB = 1 << 20
MARK = "hostile-words"


class Taker:
    """Who asked. ``write`` blocks until it is taken, and counts it."""

    def __init__(self, writer: asyncio.StreamWriter, endpoint: HostileEndpoint) -> None:
        self._writer = writer
        self._endpoint = endpoint
        writer.transport.set_write_buffer_limits(high=0)

    async def write(self, data: bytes) -> None:
        """Send it all."""
        self._writer.write(data)
        await self._writer.drain()
        self._endpoint.sent_bytes += len(data)

    async def head(self, *lines: str, status: str = "200 OK") -> None:
        """A response's head."""
        text = "\r\n".join([f"HTTP/1.1 {status}", "Content-Type: application/json", *lines])
        await self.write(f"{text}\r\n\r\n".encode("latin-1"))

    async def body(self, data: bytes, *lines: str, status: str = "200 OK") -> None:
        """A whole answer."""
        await self.head(f"Content-Length: {len(data)}", *lines, status=status)
        await self.write(data)

    async def for_ever(self, data: bytes, pause_s: float = 0.0) -> None:
        """The same again and again, until nobody takes it."""
        while True:
            await self.write(data)
            if pause_s:
                await asyncio.sleep(pause_s)


class HostileEndpoint:
    """``answer`` says what becomes of each request; it is read first. ``heads``: what was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.sent_bytes = 0
        self.heads: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await _request(reader)
                self.heads.append(head)
                await self.answer(Taker(writer, self))
        finally:
            if writer.transport.get_write_buffer_size():  # nobody will take it
                writer.transport.abort()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """The head of a request, its body read; the first bytes of what is no HTTP."""
    first = await reader.readexactly(1)
    if not first.isalpha():
        return first + await reader.read(1 << 14)
    head = first + await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))
    return head


# -- what it may do


async def hang(taker: Taker) -> None:
    """Take the request, and say nothing."""
    await asyncio.Event().wait()


async def hang_after_head(taker: Taker) -> None:
    """Promise an answer."""
    await taker.head("Content-Length: 100")
    await asyncio.Event().wait()


async def trickle(taker: Taker) -> None:
    """A byte at a time: each read is in time, the whole never."""
    await taker.head("Content-Length: 1000000")
    await taker.for_ever(b" ", 0.05)


async def trickle_head(taker: Taker) -> None:
    """The same with the head."""
    await taker.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await taker.for_ever(b"x", 0.05)


async def endless_head(taker: Taker) -> None:
    """Headers without an end, as fast as they are taken."""
    await taker.write(b"HTTP/1.1 200 OK\r\n")
    await taker.for_ever(b"X-More: " + b"x" * 4000 + b"\r\n")


async def endless_header(taker: Taker) -> None:
    """One header without an end."""
    await taker.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    await taker.for_ever(b"x" * 65536)


async def endless_continue(taker: Taker) -> None:
    """Go on, go on, go on."""
    await taker.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


async def endless_body(taker: Taker) -> None:
    """10 GB, announced."""
    await taker.head(f"Content-Length: {10 << 30}")
    await taker.for_ever(b" " * 65536)


async def endless_chunks(taker: Taker) -> None:
    """Chunks without an end."""
    await taker.head("Transfer-Encoding: chunked")
    await taker.for_ever(b"10000\r\n" + b" " * 65536 + b"\r\n")


async def endless_chunk_name(taker: Taker) -> None:
    """A chunk whose length has no end."""
    await taker.head("Transfer-Encoding: chunked")
    await taker.for_ever(b"0" * 65536)


async def endless_trailer(taker: Taker) -> None:
    """What may follow the last chunk, for ever."""
    await taker.head("Transfer-Encoding: chunked")
    await taker.write(b"2\r\n{}\r\n0\r\n")
    await taker.for_ever(b"X: y\r\n" * 1000)


async def endless_error(taker: Taker) -> None:
    """An error page of 10 GB."""
    await taker.head(f"Content-Length: {10 << 30}", status="500 Internal Server Error")
    await taker.for_ever(b"e" * 65536)


async def until_closed(taker: Taker) -> None:
    """No length at all, and no end."""
    await taker.head("Connection: close")
    await taker.for_ever(b" " * 65536)


async def too_much_promised(taker: Taker) -> None:
    """A Content-Length past what comes."""
    await taker.head("Content-Length: 5000")
    await taker.write(b'{"choices": []}')


async def too_little_promised(taker: Taker) -> None:
    """A Content-Length short of what comes."""
    await taker.head("Content-Length: 3")
    await taker.write(b'{"choices": [' + b" " * 1000)


async def bomb(taker: Taker) -> None:
    """A gigabyte of blanks in a megabyte, though nobody asked for gzip."""
    await taker.body(_bomb(), "Content-Encoding: gzip")


async def bomb_of_chunks(taker: Taker) -> None:
    """The same as a transfer coding."""
    await taker.head("Transfer-Encoding: gzip, chunked")
    data = _bomb()
    await taker.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))


@functools.cache
def _bomb() -> bytes:
    return gzip.compress(b" " * (64 * MIB), 9) * 16


async def deep(taker: Taker) -> None:
    """A document of a million levels."""
    await taker.body(b"[" * 1_000_000)


async def deep_object(taker: Taker) -> None:
    """Another one."""
    await taker.body(b'{"choices":' * 100_000)


async def page(taker: Taker) -> None:
    """A captive portal."""
    await taker.body(b"<html><script>x</script>" + MARK.encode() + b"</html>")


async def binary(taker: Taker) -> None:
    """Anything."""
    await taker.body(bytes(range(256)) * 64)


async def nothing(taker: Taker) -> None:
    """An answer without a body."""
    await taker.body(b"")


async def no_content(taker: Taker) -> None:
    """Said so."""
    await taker.head(status="204 No Content")


async def junk(taker: Taker) -> None:
    """No HTTP at all."""
    await taker.write(b"\x16\x03\x01\x02\x00" + bytes(range(256)))


async def strange_status(taker: Taker) -> None:
    """A number that is no status."""
    await taker.body(b"{}", status="999 \x1b[2J")


async def strange_length(taker: Taker) -> None:
    """A length that is none."""
    await taker.head("Content-Length: -5")


async def two_lengths(taker: Taker) -> None:
    """Two lengths: requests are smuggled so."""
    await taker.head("Content-Length: 2", "Content-Length: 5000")
    await taker.write(b"{}")


async def switching(taker: Taker) -> None:
    """Another protocol."""
    await taker.head("Upgrade: h2c", "Connection: Upgrade", status="101 Switching Protocols")
    await taker.for_ever(b"x" * 100, 0.05)


async def escapes(taker: Taker) -> None:
    """An error whose words a terminal would obey, or a reader believe."""
    said = f"\x1b]0;{MARK}\x07\x1b[2J\u202e[bold]{'x' * 5000}\n\n\x9b2Jsucceeded"
    await taker.body(json.dumps({"error": {"message": said}}).encode(), status="400 Bad Request")


async def busy(taker: Taker) -> None:
    """Too many requests, for a minute."""
    await taker.body(b"{}", "Retry-After: 60", status="429 Too Many Requests")


async def busy_for_ever(taker: Taker) -> None:
    """Too many requests, until a year of twenty digits."""
    when = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    await taker.body(b"{}", f"Retry-After: {when}", status="503 Service Unavailable")


def document(tree: object) -> Answer:
    """Valid JSON, of whatever shape."""

    async def answer(taker: Taker) -> None:
        await taker.body(json.dumps(tree).encode())

    return answer


def redirect(to: str, status: str = "302 Found") -> Answer:
    """It is elsewhere."""

    async def answer(taker: Taker) -> None:
        await taker.body(b"", f"Location: {to}", status=status)

    return answer


# Nothing that can be read: "hang" takes the whole time that it is given.
SILENT: tuple[Answer, ...] = (hang, hang_after_head, trickle, trickle_head, endless_continue)
ENDLESS: tuple[Answer, ...] = (
    endless_head, endless_header, endless_body, endless_chunks, endless_chunk_name,
    endless_trailer, endless_error, until_closed,
)  # fmt: skip
BROKEN: tuple[Answer, ...] = (
    too_much_promised, too_little_promised, bomb, bomb_of_chunks, deep, deep_object, page, binary,
    nothing, no_content, junk, strange_status, strange_length, two_lengths, switching, escapes,
    busy, busy_for_ever,
)  # fmt: skip
# Valid JSON that is not the answer, whoever asked for what.
SHAPES: tuple[object, ...] = (
    None, True, 0, 1e308, float("nan"), float("-inf"), "text", [], {}, [[]], {"choices": None},
    {"choices": {}}, {"choices": [None]}, {"choices": [{"message": None}]},
    {"choices": [{"message": {"content": None}}]},
    {"choices": [{"message": {"content": [None, {}]}}]},
    {"choices": [{"message": {"content": {"scenes": []}}}]},
    {"choices": [{"message": {"content": '{"scenes": []}'}}]},
    {"choices": [{"message": {"content": '{"scenes": {"a": 1}}'}}]},
    {"choices": [{"message": {"content": '{"scenes": [{"kind": "title", "narration": "..."}]}'}}]},
    {"choices": [{"message": {"content": '{"scenes": [{"kind": "x", "narration": NaN}]}'}}]},
    {"choices": [{"message": {"content": '{"scenes": ' + "[" * 100_000}}]},
    {"choices": [{"message": {"content": "```json\n{" + " " * 100_000}}]},
    {"choices": [{"message": {"content": "<think>" + "{" * 100_000}}]},
    {"choices": [{"message": {"content": '{"scenes": [' + "1" * 10_000 + "]}"}}]},
    {"choices": [{"message": {"refusal": "\x1b[2J no"}}]}, {"error": {"message": {"a": [1]}}},
    {"data": None}, {"data": []}, {"data": [None]}, {"data": [{}]}, {"data": [{"b64_json": 5}]},
    {"data": [{"b64_json": "%%%"}]}, {"data": [{"b64_json": "aGVsbG8="}]}, {"data": [{"url": 7}]},
    {"data": [{"url": "file:///etc/passwd"}]}, {"data": [{"url": "http://169.254.169.254/x"}]},
    {"data": [{"url": "http://127.0.0.1:1/x.png"}]}, {"data": [{"url": "https://a b/\x00"}]},
    {"data": [{"url": "https://" + "a" * 300 + ".example/x"}]}, {"data": [{"url": "https://a..b/x"}]},
    {"data": [{"url": "https://127.0.0.1:99999/x"}]}, {"data": [{"url": "https://[::1"}]},
    {"data": [{"url": "https://127.0.0.1:1/x"}]}, {"data": [{"url": "data:image/png;base64,AAAA"}]},
    {"data": [{"url": "https://xn--a/x"}]}, {"data": [{"url": "https://\u2100.example/x"}]},
)  # fmt: skip
