"""Connections: uvicorn's HTTP/1.1 protocol, with bounds, on sockets of ours.

uvicorn's own Server is left out: it wakes ten times a second, takes the process's signals, and at
its end waits for open streams. Here the end is: no new connections, the idle ones closed, the
others given ``grace_s`` to finish what they were told, then cut.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from aura_tui.errors import Code, EngineError, InputError
from aura_tui.server.streams.disconnect import ABORT
from aura_tui.system.files import open_regular
from aura_tui.system.tasks import Supervisor, TaskFailure, report
from aura_tui.wire import routes
from aura_tui.wire.encode import encode
from aura_tui.wire.problem import problem_of

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from starlette.types import ASGIApp
    from uvicorn._types import ASGI3Application

    from aura_tui.errors import AuraError
    from aura_tui.server.options import Bounds

_TLS_HANDSHAKE_S = 10.0
_BACKLOG = 2048
_ACCEPTED = 16  # at once, before those are looked at
_REFUSED = 32  # more than Bounds.connections, that are told so; the rest is just closed
_NO_FILES_S = 0.1  # until the next try to accept
_LINGER_S = 1.0  # for the other side to read why, and to close
# What the parser gets at once. It can't be stopped within it, and makes of each request, which may
# have 18 bytes, something of a few KB.
_PIECE_BYTES = 1024

# Its warnings about malformed requests go to whoever configured logging, never onto a board.
logging.getLogger("uvicorn").addHandler(logging.NullHandler())


class _HeadTooLarge(Exception):
    """Ends the parsing of a request."""


class _Flow(FlowControl):
    """Reading, which stays paused while something that came waits to be read."""

    full = False

    def resume_reading(self) -> None:
        if not self.full:
            super().resume_reading()


class _Connection(HttpToolsProtocol):
    """A connection whose requests' heads are bounded in size and time, and so is what comes of a
    body after its answer. What follows a request waits unread until that is answered; an answer
    that nobody takes ends it."""

    flow: _Flow

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener.config, listener.state, {})
        self._listener = listener
        self._bounds = listener.bounds
        self._in_head = True  # a request is expected, or its head is being read
        self._head_bytes = 0  # of the head; in a body, since something of it came
        self._head_timer: asyncio.TimerHandle | None = None
        self._taken_timer: asyncio.TimerHandle | None = None
        self._untaken_bytes = 0
        self._current: RequestResponseCycle | None = None
        self._waiting = b""  # came, and the parser hasn't got it
        self._refusal: AuraError | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._listener.coming.discard(self)
        self.flow = _Flow(transport)
        if len(self.connections) > self._bounds.connections:
            self._refuse(
                EngineError(
                    Code.TOO_MANY_CONNECTIONS,
                    "Too many connections",
                    "Try again in a moment.",
                )
            )
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._watch_taken(0)
        # uvicorn tells the last request that came, which may still wait for this one's answer.
        if self._current is not None and not self._current.response_complete:
            self._current.disconnected = True
            self._current.message_event.set()
        super().connection_lost(exc)
        self._listener.lost()

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        self._read()

    def _read(self) -> None:
        """Give the parser what waits, up to a request that waits itself for another's answer."""
        data = self._waiting
        at = 0
        while at < len(data) and not (self._ends() or (self._in_head and self._answering())):
            piece = data[at : at + _PIECE_BYTES]
            at += len(piece)
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._ends():
                break
            if self._head_bytes > self._bounds.head_bytes:
                self._refuse(_head_too_large(self._bounds.head_bytes))
            elif self._in_head and self._head_timer is None:
                self._arm()
        self._waiting = b""
        if self._ends():
            return
        self._waiting = data[at:]
        if self._waiting:
            self.flow.full = True
            self.flow.pause_reading()
        elif self.flow.full:
            self.flow.full = False
            if not self.pipeline:
                self.flow.resume_reading()

    def _ends(self) -> bool:
        return self._refused or self.transport.is_closing()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._current = cycle
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        if not self.transport.is_closing():  # closed twice, TLS of CPython 3.11 can't be cut
            super().shutdown()

    # -- what the parser tells

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        extensions: dict[str, Any] = {ABORT: self.transport.abort}
        self.scope["extensions"] = extensions

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # those after a body are nobody's
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._bounds.head_bytes:
            self._refusal = _head_too_large(self._bounds.head_bytes)
            raise _HeadTooLarge
        self._in_head = False
        self._disarm()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._disarm()
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Answered, and nobody reads what may still come of the body: it has an end, or gets one.
        if not self._in_head and self._head_timer is None:
            self._arm()
        if self._waiting:
            self.loop.call_soon(self._read)
        # Also where the connection is to close now: it would wait for the last byte to go.
        self._watch_taken(self._untaken())

    # -- answers that aren't taken

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_taken(self._untaken())

    def resume_writing(self) -> None:
        super().resume_writing()
        # An answer under way is watched again when it has to wait, or has ended.
        self._watch_taken(0 if self._answering() else self._untaken())

    def _watch_taken(self, bytes_: int) -> None:
        if self._taken_timer is not None:
            self._taken_timer.cancel()
            self._taken_timer = None
        if bytes_:
            self._untaken_bytes = bytes_
            self._taken_timer = self.loop.call_later(self._bounds.stall_s, self._look_taken)

    def _untaken(self) -> int:
        return self.transport.get_write_buffer_size() if self in self.connections else 0

    def _look_taken(self) -> None:
        left = self._untaken()
        if left >= self._untaken_bytes:
            self.transport.abort()
        else:
            self._watch_taken(left)

    # -- refusals

    def send_400_response(self, msg: str) -> None:
        """The parser gave up."""
        self._refuse(
            self._refusal
            or InputError(
                Code.REQUEST_MALFORMED, "Invalid HTTP/1.1 request", "Send a valid request."
            )
        )

    def _refuse(self, error: AuraError) -> None:
        self._disarm()
        if not self._answering():  # not into the middle of an answer
            document = problem_of(error, "")
            body = encode(document)
            head = (
                f"HTTP/1.1 {document.status} {HTTPStatus(document.status).phrase}\r\n"
                f"content-type: {routes.PROBLEM}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self._refused = True
        if self.transport.can_write_eof():
            # Closing while something unread is there would take the answer back from the wire.
            self.transport.write_eof()
            self._head_timer = self.loop.call_later(_LINGER_S, self.transport.abort)
        else:
            self.transport.close()

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(self._bounds.head_s, self._head_late)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if not self._answering() and not self.transport.is_closing():
            self.transport.close()


def _head_too_large(limit: int) -> InputError:
    return InputError(
        Code.HEAD_TOO_LARGE,
        f"The request headers are larger than {limit:,} bytes",
        "Send shorter headers.",
    )


class Listener:
    """An app on one or more listening sockets."""

    def __init__(self, app: ASGIApp, bounds: Bounds, tls: ssl.SSLContext | None = None) -> None:
        self.bounds = bounds
        self.state = ServerState()
        self.config = Config(
            app,
            http=_Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=round(bounds.idle_s),
        )
        self.config.load()
        self._tls = tls
        self._sockets: list[socket.socket] = []
        self.coming: set[_Connection] = set()  # accepted, and not made yet
        self.trouble = ""  # why no connection is accepted, since the last one that was
        self.supervisor = Supervisor()
        self._empty = asyncio.Event()

    async def listen(self, sock: socket.socket) -> None:
        """Take connections from a bound socket."""
        sock.listen(_BACKLOG)
        self._sockets.append(sock)
        self._hear(sock)

    def _hear(self, sock: socket.socket) -> None:
        if sock in self._sockets:
            asyncio.get_running_loop().add_reader(sock, self._accept, sock)

    def _accept(self, sock: socket.socket) -> None:
        try:
            self._take(sock)
        except Exception as e:
            # Left alone, the loop would call again at once, for ever.
            loop = asyncio.get_running_loop()
            loop.remove_reader(sock)
            loop.call_later(_NO_FILES_S, self._hear, sock)
            if not self.trouble:
                failure = _not_accepting(e)
                self.trouble = failure.reason
                report(failure)

    def _take(self, sock: socket.socket) -> None:
        # asyncio's own way accepts as many as the backlog has before it looks at one, doesn't
        # count those that are still at TLS, and tells of each time that no more files can be had.
        for _ in range(_ACCEPTED):
            try:
                connection, _address = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            self.trouble = ""
            open_ = len(self.state.connections) + len(self.coming)
            if open_ >= self.bounds.connections + _REFUSED:
                connection.close()
                continue
            connection.setblocking(False)
            protocol = _Connection(self)
            self.coming.add(protocol)
            task = self.supervisor.run("connection", self._begin(connection, protocol))
            task.add_done_callback(partial(_close_cancelled, connection))

    async def _begin(self, connection: socket.socket, protocol: _Connection) -> None:
        handshake_s = None if self._tls is None else _TLS_HANDSHAKE_S
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol, connection, ssl=self._tls, ssl_handshake_timeout=handshake_s
            )
        except OSError:
            pass  # it has left, or what it speaks is no TLS
        finally:
            self.coming.discard(protocol)

    def lost(self) -> None:
        """A connection has ended."""
        if not self.state.connections:
            self._empty.set()

    async def aclose(self, grace_s: float = 0.2) -> None:
        """Take no more connections, and end those that are there."""
        while self._sockets:
            asyncio.get_running_loop().remove_reader(self._sockets.pop())
        await self.supervisor.aclose()
        for connection in tuple(self.state.connections):
            connection.shutdown()
        self._empty.clear()
        if self.state.connections:
            try:
                async with asyncio.timeout(grace_s):
                    await self._empty.wait()
            except TimeoutError:
                for connection in tuple(self.state.connections):
                    connection.transport.abort()
        tasks = tuple(self.state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _close_cancelled(connection: socket.socket, task: asyncio.Task[None]) -> None:
    if task.cancelled():  # before it began, maybe: then nothing else knows of the socket
        connection.close()


def _not_accepting(error: Exception) -> TaskFailure:
    cause: Exception = error
    if isinstance(error, OSError):
        full = error.errno in (errno.EMFILE, errno.ENFILE)
        cause = EngineError(
            Code.TOO_MANY_CONNECTIONS,
            f"Can't accept connections: {error.strerror or error}",
            "Raise the open-file limit (ulimit -n)."
            if full
            else "Restart the server if it persists.",
        )
    return TaskFailure(
        name="accepting connections",
        error=cause,
        at=datetime.now(UTC),
        restarts_in_s=_NO_FILES_S,
    )


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """TLS by files. Raises EngineError where they can't be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        for file in (certificate, key):
            if file is not None:  # OpenSSL would wait for whoever writes into a named pipe
                open_regular(file).close()
        # Without a password prompt: nobody may be there to answer it.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError, ValueError) as e:
        raise EngineError(
            Code.ADDRESS_REFUSED,
            f"Can't use the certificate {certificate}: {e.strerror or e}"
            if isinstance(e, OSError)
            else f"Can't use the certificate {certificate}: {e}",
            "Pass PEM files: --certificate with the chain, --key with its unencrypted key.",
        ) from None
    return context
