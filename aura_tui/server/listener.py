"""Accepts connections: uvicorn's HTTP/1.1 protocol, with limits, on our own sockets.

It doesn't use uvicorn's own Server, which wakes ten times a second, takes over the process's
signals, and waits for open streams when it stops. Here stopping means: accept no new connections,
close the idle ones, give the others ``grace_s`` to finish their responses, then abort them.
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
from aura_tui.server import access_log
from aura_tui.server.streams.disconnect import ABORT
from aura_tui.system.files import open_regular
from aura_tui.system.tasks import Supervisor, TaskFailure, report
from aura_tui.wire import routes
from aura_tui.wire.encode import encode
from aura_tui.wire.problem import problem_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import ASGIApp
    from uvicorn._types import ASGI3Application

    from aura_tui.errors import AuraError
    from aura_tui.server.options import Bounds

_TLS_HANDSHAKE_S = 10.0
_BACKLOG = 2048
_ACCEPTED = 16  # connections accepted before they are served
_REFUSED = 32  # beyond Bounds.connections: these get an error response, further ones are closed
_ACCEPT_AGAIN_S = 0.1  # until the next try to accept
_LINGER_S = 1.0  # for the client to read the error, and to close
# The parser's input at a time. It can't be stopped within it, and turns each request, of 18 bytes
# at least, into objects of a few KB.
_PIECE_BYTES = 1024

# Keeps its warnings about malformed requests off a board, unless logging is configured.
logging.getLogger("uvicorn").addHandler(logging.NullHandler())


class _HeadTooLarge(Exception):
    """Ends the parsing of a request."""


class _Flow(FlowControl):
    """Flow control that keeps reading paused while received bytes wait to be parsed."""

    full = False

    def resume_reading(self) -> None:
        if not self.full:
            super().resume_reading()


class _Connection(HttpToolsProtocol):
    """A connection that limits the size and time of request heads, and of a body that continues
    after its response. It parses no further request before the current one is answered, and closes
    if the client doesn't read the response."""

    flow: _Flow

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener.config, listener.state, {})
        self._listener = listener
        self._bounds = listener.bounds
        self._in_head = True  # waiting for a request, or reading its head
        self._head_bytes = 0  # of the head; within a body, since the parser last reported some
        self._head_timer: asyncio.TimerHandle | None = None
        self._unsent_timer: asyncio.TimerHandle | None = None
        self._unsent_bytes = 0
        self._current: RequestResponseCycle | None = None
        self._unparsed = b""  # received, but not given to the parser
        self._refusal: AuraError | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._listener.accepting.discard(self)
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
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._watch_unsent(0)
        # uvicorn notifies only the newest request, which may still be waiting behind this one.
        if self._current is not None and not self._current.response_complete:
            self._current.disconnected = True
            self._current.message_event.set()
        super().connection_lost(exc)
        self._listener.lost()

    def data_received(self, data: bytes) -> None:
        self._unparsed += data
        self._read()

    def _read(self) -> None:
        """Feed the parser, but only until a complete request waits behind the current one."""
        data = self._unparsed
        at = 0
        while at < len(data) and not (self._ending() or (self._in_head and self._answering())):
            piece = data[at : at + _PIECE_BYTES]
            at += len(piece)
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._ending():
                break
            if self._head_bytes > self._bounds.head_bytes:
                self._refuse(_head_too_large(self._bounds.head_bytes))
            elif self._in_head and self._head_timer is None:
                self._start_head_timer()
        self._unparsed = b""
        if self._ending():
            return
        self._unparsed = data[at:]
        if self._unparsed:
            self.flow.full = True
            self.flow.pause_reading()
        elif self.flow.full:
            self.flow.full = False
            if not self.pipeline:
                self.flow.resume_reading()

    def _ending(self) -> bool:
        return self._refused or self.transport.is_closing()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._current = cycle
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        # After a second close(), TLS in CPython 3.11 can't be aborted.
        if not self.transport.is_closing():
            super().shutdown()

    # -- callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        extensions: dict[str, Any] = {ABORT: self.transport.abort}
        self.scope["extensions"] = extensions

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # ignores trailers
            super().on_header(name, value.strip(b" \t"))  # RFC 9112 5.1; the parser leaves some

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._bounds.head_bytes:
            self._refusal = _head_too_large(self._bounds.head_bytes)
            raise _HeadTooLarge
        self._in_head = False
        self._stop_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_head_timer()
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Answered, but the body may still continue unread: limit its time.
        if not self._in_head and self._head_timer is None:
            self._start_head_timer()
        if self._unparsed:
            self.loop.call_soon(self._read)
        # Also if the connection is about to close: it would wait until all bytes are sent.
        self._watch_unsent(self._unsent())

    # -- responses that the client doesn't read

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_unsent(self._unsent())

    def resume_writing(self) -> None:
        super().resume_writing()
        # A response in progress is watched again when writing pauses, or when it has ended.
        self._watch_unsent(0 if self._answering() else self._unsent())

    def _watch_unsent(self, bytes_: int) -> None:
        if self._unsent_timer is not None:
            self._unsent_timer.cancel()
            self._unsent_timer = None
        if bytes_:
            self._unsent_bytes = bytes_
            self._unsent_timer = self.loop.call_later(self._bounds.stall_s, self._check_unsent)

    def _unsent(self) -> int:
        return self.transport.get_write_buffer_size() if self in self.connections else 0

    def _check_unsent(self) -> None:
        left = self._unsent()
        if left >= self._unsent_bytes:
            self.transport.abort()
        else:
            self._watch_unsent(left)

    # -- refusals

    def send_400_response(self, msg: str) -> None:
        """Called when parsing fails."""
        self._refuse(
            self._refusal
            or InputError(
                Code.REQUEST_MALFORMED, "Invalid HTTP/1.1 request", "Send a valid request."
            )
        )

    def _refuse(self, error: AuraError) -> None:
        self._stop_head_timer()
        if not self._answering():  # never in the middle of a response
            document = problem_of(error, "")
            body = encode(document)
            self._listener.log_refusal(self.client, document.status, len(body))
            head = (
                f"HTTP/1.1 {document.status} {HTTPStatus(document.status).phrase}\r\n"
                f"content-type: {routes.PROBLEM}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self._refused = True
        if self.transport.can_write_eof():
            # Closing with unread input would reset the connection and lose the response.
            self.transport.write_eof()
            self._head_timer = self.loop.call_later(_LINGER_S, self.transport.abort)
        else:
            self.transport.close()

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self._bounds.head_s, self._head_timed_out)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timed_out(self) -> None:
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
    """Serves an app on one or more listening sockets."""

    def __init__(
        self,
        app: ASGIApp,
        bounds: Bounds,
        tls: ssl.SSLContext | None = None,
        access_log: Callable[[str], None] | None = None,
    ) -> None:
        """``access_log`` gets the lines of requests that are refused before they reach the app."""
        self.bounds = bounds
        self._access_log = access_log
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
        self.accepting: set[_Connection] = set()  # accepted, but not set up yet
        self.trouble = ""  # why connections can't be accepted; "" after the next success
        self.supervisor = Supervisor()
        self._empty = asyncio.Event()

    def log_refusal(self, address: object, status: int, size_bytes: int) -> None:
        """Note the response to a request that could not be read."""
        if self._access_log is not None:
            self._access_log(
                access_log.line(access_log.client(address), "- -", status, size_bytes, 0)
            )

    async def listen(self, sock: socket.socket) -> None:
        """Accept connections on a bound socket."""
        sock.listen(_BACKLOG)
        self._sockets.append(sock)
        self._watch_socket(sock)

    def _watch_socket(self, sock: socket.socket) -> None:
        if sock in self._sockets:
            asyncio.get_running_loop().add_reader(sock, self._accept, sock)

    def _accept(self, sock: socket.socket) -> None:
        try:
            self._accept_batch(sock)
        except Exception as e:
            # Otherwise the loop would call this again at once, for ever.
            loop = asyncio.get_running_loop()
            loop.remove_reader(sock)
            loop.call_later(_ACCEPT_AGAIN_S, self._watch_socket, sock)
            if not self.trouble:
                failure = _not_accepting(e)
                self.trouble = failure.reason
                report(failure)

    def _accept_batch(self, sock: socket.socket) -> None:
        # asyncio's own server accepts the whole backlog before it serves one connection, doesn't
        # count those in their TLS handshake, and logs every failed accept.
        for _ in range(_ACCEPTED):
            try:
                connection, _address = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            self.trouble = ""
            open_ = len(self.state.connections) + len(self.accepting)
            if open_ >= self.bounds.connections + _REFUSED:
                connection.close()
                continue
            connection.setblocking(False)
            protocol = _Connection(self)
            self.accepting.add(protocol)
            task = self.supervisor.run("connection", self._start(connection, protocol))
            task.add_done_callback(partial(_close_cancelled, connection))

    async def _start(self, connection: socket.socket, protocol: _Connection) -> None:
        handshake_s = None if self._tls is None else _TLS_HANDSHAKE_S
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol, connection, ssl=self._tls, ssl_handshake_timeout=handshake_s
            )
        except OSError:
            pass  # the client left, or doesn't speak TLS
        finally:
            self.accepting.discard(protocol)

    def lost(self) -> None:
        """A connection has ended."""
        if not self.state.connections:
            self._empty.set()

    async def aclose(self, grace_s: float = 0.2) -> None:
        """Stop accepting connections, and end the open ones."""
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
    if task.cancelled():  # maybe before it started: then nothing else closes the socket
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
        restarts_in_s=_ACCEPT_AGAIN_S,
    )


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """A TLS context from PEM files. Raises EngineError if they can't be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        for file in (certificate, key):
            if file is not None:  # OpenSSL would wait for a writer of a named pipe
                open_regular(file).close()
        # An empty password avoids a prompt, which nobody may be there to answer.
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
