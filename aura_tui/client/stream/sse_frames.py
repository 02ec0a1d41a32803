"""Reads server-sent events from a response with httpx-sse, and adds what that leaves to its user.

Removes a byte order mark (which would spoil the first event), bounds the size of an event, and
decodes as UTF-8 whatever the headers say. Only the standard's three line ends count: a U+2028 in a
message is text. ``strict`` is for our own kind of server, whose events contain no control
characters (JSON escapes them): such a character is damage on the way.
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

# Twice the size of an event, for the `data:` prefix of each line; a larger block is an error.
_MAX_BLOCK_BYTES: Final = 2 * MAX_EVENT_BYTES
_MAX_RETRY_MS: Final = 86_400_000  # a server could send a number of 4,000 digits
_BOM: Final = b"\xef\xbb\xbf"
_CONTROL: Final = re.compile(b"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BLANK_LINES: Final = (b"\n\n", b"\r\r", b"\r\n\r\n")


class Frame(NamedTuple):
    """A block of the stream. ``id`` is the last id on the stream, its own or an earlier block's.
    ``retry_ms`` is None if the block has no ``retry:``."""

    id: str
    name: str
    data: str
    retry_ms: int | None


class _Watched(httpx.AsyncByteStream):
    """The bytes as they arrive: calls ``heard``, bounds the size between blank lines, removes the
    byte order mark."""

    def __init__(
        self, inner: httpx.AsyncByteStream, heard: Callable[[], None], *, strict: bool
    ) -> None:
        self._inner = inner
        self._strict = strict
        self._heard = heard

    async def __aiter__(self) -> AsyncIterator[bytes]:
        head: bytes | None = b""  # the first bytes, while they may be part of the mark
        open_bytes = 0  # since the last blank line
        tail = b""  # the last bytes: a blank line may arrive in pieces
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
    """Yield the blocks of an event stream. Calls ``heard`` whenever bytes arrive, also comments."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = _Watched(response.stream, heard, strict=strict)
    response.encoding = "utf-8"
    async with aclosing(httpx_sse.EventSource(response).aiter_sse()) as events:
        async for event in events:
            retry_ms = None if event.retry is None else min(event.retry, _MAX_RETRY_MS)
            yield Frame(event.id, event.event, event.data, retry_ms)
