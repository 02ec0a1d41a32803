"""A small real HTTP server on 127.0.0.1 whose every byte a test writes: streams, cuts, silence.

    async with Scripted() as server:
        server.on("/api/health", ours)                  # a handler for a path
        server.on("/api/events", first, second)         # one a request; the last one stays
        ... server.url ... server.asked("/api/events")[0].headers["last-event-id"]

A handler is ``async def handler(talk: Talk)``. Every connection serves one request.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import msgspec

from aura_tui.model.ids import parse_id
from aura_tui.wire import encode, routes, sse
from aura_tui.wire.problem import TYPE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Self

    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job

    Handler = Callable[["Talk"], Awaitable[None]]


class Asked(msgspec.Struct, frozen=True):
    """A request. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Talk:
    """One request and what is said to it."""

    def __init__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked = asked
        self._writer = writer

    async def answer(
        self,
        status: int = 200,
        body: bytes | object = b"",
        kind: str = "application/json",
        **headers: str,
    ) -> None:
        """A whole answer; what is no bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        await self.head(status, kind, {"Content-Length": str(len(data)), **_named(headers)})
        await self.send(data)

    async def head(self, status: int, kind: str, headers: dict[str, str] | None = None) -> None:
        """A status line and headers; a body without a length goes to the end."""
        given = {"Content-Type": kind, "Connection": "close", **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        await self.send(f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode())

    async def stream(self, *frames: bytes | Envelope, **headers: str) -> None:
        """The head of an event stream, and its first blocks."""
        await self.head(200, "text/event-stream", _named(headers))
        await self.send(*frames)

    async def send(self, *parts: bytes | Envelope) -> None:
        """Bytes as they are; events as our own server frames them."""
        for part in parts:
            self._writer.write(part if isinstance(part, bytes) else sse.envelope_frame(part))
            with contextlib.suppress(ConnectionError):
                await self._writer.drain()

    async def hold(self) -> None:
        """Say nothing more, and keep the connection."""
        await asyncio.Event().wait()

    def reset(self) -> None:
        """Cut the connection off."""
        self._writer.transport.abort()


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Scripted:
    """See the module."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, uds: str | None = None) -> None:
        self.requests: list[Asked] = []
        self._tls = tls
        self._uds = uds
        self._handlers: dict[str, list[Handler]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def on(self, path: str, *handlers: Handler) -> None:
        """What is said to the next requests for ``path``."""
        self._handlers[path] = list(handlers)

    def asked(self, path: str) -> list[Asked]:
        """The requests for a path so far."""
        return [asked for asked in self.requests if asked.path == path]

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        if self._uds:
            self._server = await asyncio.start_unix_server(self._accept, self._uds)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
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
            asked = await _read(reader)
            self.requests.append(asked)
            talk = Talk(asked, writer)
            waiting = self._handlers.get(asked.path)
            if waiting is None:
                await talk.answer(404, {"title": "Not Found", "status": 404})
            else:
                await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(talk)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        except _NotHttp:  # a TLS greeting: answered as plain servers do
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


class _NotHttp(Exception):
    pass


async def _read(reader: asyncio.StreamReader) -> Asked:
    first = await reader.readexactly(1)
    if not first.isalpha():
        raise _NotHttp
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.split(":", 1) for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Asked(method, parts.path, dict(parse_qsl(parts.query)), headers, body)


# --- handlers that several tests use


async def health(talk: Talk) -> None:
    """What our own kind of server says it is."""
    await talk.answer(200, {"service": "aura-tui", "status": "ok"})


def job(of: Job) -> Handler:
    """``GET /api/jobs/{id}`` of our own kind of server."""

    async def say(talk: Talk) -> None:
        await talk.answer(200, encode.encode(encode.job_payload(of)))

    return say


def json(document: object, status: int = 200) -> Handler:
    """An answer."""

    async def say(talk: Talk) -> None:
        await talk.answer(status, document)

    return say


def refusal(status: int, code: str, **fields: object) -> Handler:
    """The problem document of our own kind of server."""
    document = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": "x",
        "status": status,
        "code": code,
        **fields,
    }

    async def say(talk: Talk) -> None:
        await talk.answer(status, document, routes.PROBLEM)

    return say


def page(status: int, kind: str = "text/html", body: bytes = b"<html>", **headers: str) -> Handler:
    """The words of something between us and the engine."""

    async def say(talk: Talk) -> None:
        await talk.answer(status, body, kind, **headers)

    return say


async def reset(talk: Talk) -> None:
    """The connection is cut off."""
    talk.reset()


async def no_http(talk: Talk) -> None:
    """What no HTTP is."""
    await talk.send(b"\x00\x01 what is this\r\n\r\n")


# What is between us and the engine says, in the words of the message about it.
STRANGERS: dict[str, Handler] = {
    "a web page answered instead of the engine (HTTP 200, text/html)": page(200),
    "redirected to http://login.example/portal (HTTP 302)": page(
        302, Location="http://u:p@login.example/portal?token=secret"
    ),
    "a web page answered instead of the engine (HTTP 400, text/html)": page(400),
    "a web page answered instead of the engine (HTTP 401, text/html)": page(401),
    "a web page answered instead of the engine (HTTP 403, text/html)": page(403),
    "a web page answered instead of the engine (HTTP 404, text/html)": page(404),
    "a proxy requires a user name and password (HTTP 407)": page(407),
    "a web page answered instead of the engine (HTTP 502, text/html)": page(502),
    "the response is empty (HTTP 200)": page(200, "", b""),
    "something else answered instead of the engine (HTTP 200, application/json)": page(
        200, "application/json", b'{"status": "running", "login": true}'
    ),
    "something else answered instead of the engine (HTTP 404, application/json)": page(
        404, "application/json", b'{"title": "Not Found", "status": 404}'
    ),
    "unexpected compressed response": page(200, Content_Encoding="gzip"),
    "the server is rate-limiting requests": page(429, "text/plain"),
    "the connection was": reset,
    "the response isn't HTTP": no_http,
}


def stream(*parts: bytes | Envelope, hold: bool = False) -> Handler:
    """A stream of these blocks, then its end (or silence)."""

    async def say(talk: Talk) -> None:
        await talk.stream(*parts)
        if hold:
            await talk.hold()

    return say


def exact(events: list[Envelope], *, hold: bool = False) -> Handler:
    """What is behind the ``Last-Event-ID`` that was sent, of ``events``; 204 for none."""

    async def say(talk: Talk) -> None:
        last = parse_id(talk.asked.headers.get("last-event-id", "0-0")) or 0
        left = [envelope for envelope in events if envelope.id > last]
        if not left and not hold:
            await talk.answer(204)
            return
        await talk.stream(b"retry: 1000\n", *left)
        if hold:
            await talk.hold()

    return say
