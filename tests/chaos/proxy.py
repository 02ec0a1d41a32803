"""A TCP proxy that does to a connection what networks do, and worse. Seeded: the same seed does the
same to the n-th connection.

Faults are on the way from the server to the client, each at a byte of its own: the connection is
cut (in order or by a reset), stands still, or carries garbage; bytes come late, in pieces, or one
by one; a chunk of the answer is said twice; the answer is another one altogether.

Garbage always holds a control character that neither HTTP, nor an event stream, nor JSON has there:
what no reader could tell from the real thing (a changed letter in a message) is what TCP's and
TLS's checksums are for.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Self

_READ: Final = 16384
_ANSWERS: Final = (
    b"",
    b"\x00\x01garbage\r\n\r\n",
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<h1>",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/ev",
)


class ChaosProxy:
    """Between a client and the server on ``port``. ``kindness`` (0-1) is the share of connections
    that are left alone; 1 after :meth:`relent`."""

    def __init__(self, port: int, seed: int, *, kindness: float = 0.15) -> None:
        self.faults: dict[str, int] = {}
        self._to = port
        self._seed = seed
        self._kindness = kindness
        self._count = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def relent(self) -> None:
        """Leave every further connection alone."""
        self._kindness = 1.0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
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
        self._count += 1
        fault = _Fault(random.Random(f"{self._seed}/{self._count}"), self._kindness)
        self.faults[fault.kind] = self.faults.get(fault.kind, 0) + 1
        try:
            if fault.kind == "answer":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(_READ), 1)
                writer.write(fault.chance.choice(_ANSWERS))
                return
            there, away = await asyncio.open_connection("127.0.0.1", self._to)
            up = asyncio.create_task(_copy(reader, away))
            try:
                await fault.pass_on(there, writer)
            finally:
                up.cancel()
                away.transport.abort()
                await asyncio.gather(up, return_exceptions=True)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if fault.hard:
                writer.transport.abort()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_READ):
            writer.write(data)
            await writer.drain()


class _Fault:
    """What becomes of one connection."""

    def __init__(self, chance: random.Random, kindness: float) -> None:
        self.chance = chance
        kinds = ("cut", "cut", "stall", "garbage", "again", "answer")
        self.kind = "none" if chance.random() < kindness else chance.choice(kinds)
        # Early ones hit the head of an answer, late ones the middle of a stream.
        self.at = int(chance.choice((60, 600, 6000, 40000)) * chance.random())
        self.hard = chance.random() < 0.5
        self.pieces = chance.choice((0, 0, 1, 7, 100))  # 0: as they come
        self.late_s = chance.choice((0.0, 0.0, 0.002, 0.02))
        self._sent = 0

    async def pass_on(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the server to the client, until the end of either or the fault."""
        chunks = _Chunks()
        while data := await there.read(_READ):
            if self.late_s:
                await asyncio.sleep(self.late_s * self.chance.random())
            if self.kind == "again":
                data = chunks.doubled(data, self.chance)
            elif self.kind != "none" and self._sent + len(data) > self.at:
                cut = max(0, self.at - self._sent)
                await self._write(writer, data[:cut])
                if self.kind == "cut":
                    return
                if self.kind == "stall":
                    await asyncio.Event().wait()
                data = self._garbage() + data[cut:]
                self.kind = "none"
            await self._write(writer, data)

    def _garbage(self) -> bytes:
        some = bytes(self.chance.choice(b"\x01\n:id{}\x02\r\xff ") for _ in range(8))
        return b"\x01" + some[: self.chance.randrange(9)] + b"\x01"

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        self._sent += len(data)
        step = self.pieces or len(data) or 1
        # One by one for a while, not for ever: a run has an end.
        many = min(len(data), 400 * step) if self.pieces else len(data)
        for at in range(0, many, step):
            writer.write(data[at : at + step][: many - at])
            await writer.drain()
            if self.pieces:
                await asyncio.sleep(0)
        if many < len(data):
            writer.write(data[many:])
            await writer.drain()


class _Chunks:
    """Follows the chunks of an answer (RFC 9112 7.1), to say one of them twice."""

    def __init__(self) -> None:
        self._held = b""
        self._in_body = False

    def doubled(self, data: bytes, chance: random.Random) -> bytes:
        """``data``, with chunks that came whole said again by chance. What is no chunked answer
        passes as it is."""
        self._held += data
        out = b""
        if not self._in_body:
            head, blank, rest = self._held.partition(b"\r\n\r\n")
            if not blank:
                return self._let_go()
            self._in_body = b"chunked" in head.lower()
            if not self._in_body:
                return self._let_go()
            out, self._held = head + blank, rest
        while (chunk := self._whole()) is not None:
            out += chunk
            if len(chunk) > 5 and chance.random() < 0.3:  # not the last one
                out += chunk
            self._held = self._held[len(chunk) :]
        return out

    def _let_go(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def _whole(self) -> bytes | None:
        line, end, _ = self._held.partition(b"\r\n")
        if not end:
            return None
        size = len(line) + 2 + int(line, 16) + 2
        return self._held[:size] if len(self._held) >= size else None
