"""Server-sent events off a response, by httpx-sse, with what that leaves to its user.

A byte order mark goes (it would cost the first event); what never ends is bounded; a stream is
UTF-8 whatever its headers say. Line ends are the standard's three and no others: a U+2028 in a
message is text. ``strict``: of our own kind of server, whose events have no control character
(JSON escapes them), so that one is damage on the way.
"""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx
import httpx_sse

from aura_tui.client.http_client import TransportFailure
from aura_tui.wire.lenient_values import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

# An event may come as one line for each of its own; past this it is none.
_MAX_BLOCK_BYTES: Final = 2 * MAX_EVENT_BYTES
_MAX_RETRY_MS: Final = 86_400_000  # a number of 4,000 digits is one, too
_BOM: Final = b"\xef\xbb\xbf"
_CONTROL: Final = re.compile(b"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BLANK_LINES: Final = (b"\n\n", b"\r\r", b"\r\n\r\n")


class Frame(NamedTuple):
    """A block of the stream. ``id`` is the last one the stream gave, its own or an earlier one's.
    ``retry_ms`` None: it says nothing of it."""

    id: str
    name: str
    data: str
    retry_ms: int | None


class _Watched(httpx.AsyncByteStream):
    """The bytes as they come: told of, bounded between blank lines, without the mark."""

    def __init__(
        self, inner: httpx.AsyncByteStream, heard: Callable[[], None], *, strict: bool
    ) -> None:
        self._inner = inner
        self._strict = strict
        self._heard = heard

    async def __aiter__(self) -> AsyncIterator[bytes]:
        head: bytes | None = b""  # of the stream, while it may be part of a mark
        open_bytes = 0  # since the last blank line
        tail = b""  # of what came before: a blank line may come in pieces
        async for chunk in self._inner:
            self._heard()
            if self._strict and _CONTROL.search(chunk):
                raise TransportFailure("the stream was damaged in transit")
            if head is not None:
                chunk = head + chunk
                if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                    head = chunk
                    continue
                head = None
                chunk = chunk.removeprefix(_BOM)
            seen = tail + chunk
            closed = max(seen.rfind(blank) for blank in _BLANK_LINES)
            open_bytes = len(seen) - closed if closed >= 0 else open_bytes + len(chunk)
            tail = seen[-3:]
            if open_bytes > _MAX_BLOCK_BYTES:
                raise TransportFailure("the stream broke off inside an event")
            yield chunk
        if head:
            yield head

    async def aclose(self) -> None:
        await self._inner.aclose()


async def frames(
    response: httpx.Response, heard: Callable[[], None], *, strict: bool
) -> AsyncGenerator[Frame]:
    """The blocks of an event stream. ``heard`` is called when bytes come, comments included."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = _Watched(response.stream, heard, strict=strict)
    response.encoding = "utf-8"
    async with aclosing(httpx_sse.EventSource(response).aiter_sse()) as events:
        async for event in events:
            retry_ms = None if event.retry is None else min(event.retry, _MAX_RETRY_MS)
            yield Frame(event.id, event.event, event.data, retry_ms)
