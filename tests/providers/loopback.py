"""A small real HTTP server on 127.0.0.1 whose answers a test scripts, faults included.

    async with Loopback() as server:
        server.will(Reply(503), Reply(body=b"{}"))      # one a request, in order
        server.otherwise = lambda request: Reply(body=request.body)   # when none is left
        ... server.url ... server.requests[0].json()

It runs on the test's own event loop; every connection serves one request and is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


class Request(msgspec.Struct, frozen=True):
    """What a client sent. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Reply(msgspec.Struct, frozen=True):
    """What the server does with one request."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    type: str = "application/json"
    delay_s: float = 0.0  # before the first byte
    trickle_s: float | None = None  # seconds between single bytes of the body
    cut_after: int | None = None  # bytes of the body sent before the connection is cut
    hang: bool = False  # take the request and never answer
    reset: bool = False  # take the request and cut the connection


def json_reply(document: object, status: int = 200) -> Reply:
    """A reply with ``document`` as its JSON body."""
    return Reply(status, msgspec.json.encode(document))


class Loopback:
    """See the module."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.otherwise: Callable[[Request], Reply] = lambda _: Reply(500, b"nothing scripted")
        self._replies: list[Reply] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def will(self, *replies: Reply) -> None:
        """Answer the next requests with these, one each."""
        self._replies += replies

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, without a path."""
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
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                request = await _read(reader)
                self.requests.append(request)
                reply = self._replies.pop(0) if self._replies else self.otherwise(request)
                await _write(writer, reply)
        except _NotHttp:  # a TLS greeting: answer it as plain servers do
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class _NotHttp(Exception):
    pass


async def _read(reader: asyncio.StreamReader) -> Request:
    first = await reader.readexactly(1)
    if not first.isalpha():
        raise _NotHttp
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    pairs = (line.split(":", 1) for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    if reply.hang:
        await asyncio.Event().wait()
    if reply.delay_s:
        await asyncio.sleep(reply.delay_s)
    if reply.reset:
        writer.transport.abort()
        return
    headers = [
        ("Content-Type", reply.type),
        ("Content-Length", str(len(reply.body))),
        ("Connection", "close"),
        *reply.headers,
    ]
    lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{name}: {value}" for name, value in headers)]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    body = reply.body if reply.cut_after is None else reply.body[: reply.cut_after]
    if reply.trickle_s is None:
        writer.write(body)
        await writer.drain()
    else:
        for i in range(len(body)):
            writer.write(body[i : i + 1])
            await writer.drain()
            await asyncio.sleep(reply.trickle_s)
    if reply.cut_after is not None:
        writer.transport.abort()
