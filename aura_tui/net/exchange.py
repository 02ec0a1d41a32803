"""One bounded HTTP exchange over httpx: sent once, read up to a limit, every failure classified.

Redirects are never followed. No exception of httpx gets out: it would hold the request, and with it
the token or the key. Callers turn the failures into messages; nothing here is shown to people.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from enum import Enum
from typing import TYPE_CHECKING

from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


class Fault(Enum):
    """What failed. Up to ``UNREACHED`` no server can have received the request."""

    PROXY = "proxy"  # it refused the connection; ``detail``: its message
    CERTIFICATE = "certificate"  # it can't be trusted; ``detail``: why
    NOT_TLS = "not TLS"  # the port answered TLS with something else
    TLS = "TLS"  # the handshake failed in another way
    CONNECT_TIMEOUT = "connect timeout"
    UNREACHED = "unreached"  # ``detail``: why, in lower case
    HEAD_TIMEOUT = "head timeout"  # no status line in time
    SILENT = "silent"  # no data within the read timeout
    STALLED = "stalled"  # the request could not be sent in time; ``detail``: the exception's name
    RESET = "reset"
    PROTOCOL = "protocol"  # the response is not HTTP, or is incomplete; ``detail``: h11's message
    REDIRECT = "redirect"  # to an invalid address
    TOO_LARGE = "too large"  # the body; ``detail``: the limit
    BROKEN = "broken"  # anything else; ``detail``: the name of the exception


class ExchangeFailure(Exception):
    """See :class:`Fault`. ``detail`` is plain text on one line."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault.value}: {detail}")
        self.fault = fault
        self.detail = detail


@asynccontextmanager
async def send(
    client: httpx.AsyncClient, request: httpx.Request, *, head_s: float | None = None
) -> AsyncIterator[httpx.Response]:
    """Send the request and stream the body. ``head_s`` limits the time until the status line, the
    timeouts of ``request`` each read. Raises :class:`ExchangeFailure`, also for failures while the
    caller reads; the caller's own exceptions pass through."""
    import httpx

    problem: ExchangeFailure
    try:
        response = await _head(client, request, head_s)
        try:
            yield response
        finally:
            await response.aclose()
        return
    except httpx.HTTPError as e:
        problem = _translate(e)
    except (httpx.StreamError, httpx.InvalidURL) as e:
        problem = ExchangeFailure(Fault.BROKEN, type(e).__name__)
    # Raised outside of any handler, so that httpx's exception doesn't become its context.
    raise problem


async def _head(
    client: httpx.AsyncClient, request: httpx.Request, head_s: float | None
) -> httpx.Response:
    problem: ExchangeFailure
    try:
        async with asyncio.timeout(head_s):
            return await client.send(request, stream=True, follow_redirects=False)
    except TimeoutError:
        problem = ExchangeFailure(Fault.HEAD_TIMEOUT)
    except ValueError:  # httpx parses a redirect's address (idna) without following it
        problem = ExchangeFailure(Fault.REDIRECT)
    raise problem


async def read(response: httpx.Response, max_bytes: int, *, cut: bool = False) -> bytes:
    """Read the body. Raises :class:`ExchangeFailure` (TOO_LARGE) above ``max_bytes``; with ``cut``
    the rest is left unread instead."""
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > max_bytes:
            if not cut:
                raise ExchangeFailure(Fault.TOO_LARGE, _limit(max_bytes))
            break
    return bytes(data[:max_bytes])


def _limit(size_bytes: int) -> str:
    """A limit as messages give it: ``4 MiB``."""
    mib = size_bytes / (1024 * 1024)
    return f"{mib:g} MiB" if mib >= 1 else f"{size_bytes} bytes"


def _translate(error: httpx.HTTPError) -> ExchangeFailure:
    import httpx

    text = clean_line(str(error), 100)
    if isinstance(error, httpx.ProxyError):
        return ExchangeFailure(Fault.PROXY, text)
    if isinstance(error, httpx.ConnectTimeout):
        return ExchangeFailure(Fault.CONNECT_TIMEOUT)
    if isinstance(error, httpx.ReadTimeout):
        return ExchangeFailure(Fault.SILENT)
    if isinstance(error, httpx.TimeoutException):
        return ExchangeFailure(Fault.STALLED, type(error).__name__)
    if isinstance(error, httpx.ConnectError):
        return _unconnected(error)
    if isinstance(error, httpx.ReadError | httpx.WriteError):
        return ExchangeFailure(Fault.RESET)
    if isinstance(error, httpx.RemoteProtocolError):
        if "location header" in text:  # httpx could not parse the address
            return ExchangeFailure(Fault.REDIRECT)
        return ExchangeFailure(Fault.PROTOCOL, text)
    return ExchangeFailure(Fault.BROKEN, type(error).__name__)


def _unconnected(error: httpx.ConnectError) -> ExchangeFailure:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        why = clean_line(text.rpartition("failed: ")[2].partition(" (_ssl")[0], 200)
        return ExchangeFailure(Fault.CERTIFICATE, why)
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return ExchangeFailure(Fault.NOT_TLS)
    return ExchangeFailure(Fault.TLS if "SSL" in text else Fault.UNREACHED, _why(error))


def _why(error: httpx.ConnectError) -> str:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "can't resolve its name"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(cause, FileNotFoundError):
            return "socket not found"
        if isinstance(cause, OSError) and cause.strerror:
            return clean_line(cause.strerror, 100).lower()
    return "it is unreachable"


def _causes(error: BaseException) -> list[BaseException]:
    """The error and its causes, including those in exception groups."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(found) < 50:
        each = waiting.pop(0)
        if each is None or each in found:
            continue
        found.append(each)
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
    return found
