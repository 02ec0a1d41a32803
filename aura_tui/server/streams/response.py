"""A stream of events as a response: headers, gzip, and the client's disconnect."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import aclosing
from typing import TYPE_CHECKING

from starlette.responses import Response

from aura_tui.server.streams.broadcast import Lagged
from aura_tui.server.streams.disconnect import DisconnectWatcher
from aura_tui.wire import routes

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from aura_tui.server.streams.broadcast import Broadcaster, Stream

# A window of 8 KB and little memory: 64 KB per stream; zlib's default is 256 KB.
_WBITS = 16 + 13
_MEMORY = 6
_LEVEL = 5


class EventStream(Response):
    """The response. It lasts as long as the stream."""

    def __init__(self, broadcaster: Broadcaster, stream: Stream, *, gzip: bool) -> None:
        headers = {
            "Content-Type": routes.EVENT_STREAM,
            "Cache-Control": "no-cache",
            routes.ACCEL_BUFFERING: "no",
            routes.KEEP_ALIVE: f"{broadcaster.keep_alive_s:g}",
            "Vary": "Accept-Encoding",
        }
        if gzip:
            headers["Content-Encoding"] = "gzip"
        self._broadcaster = broadcaster
        self._stream = stream
        self._gzip = gzip
        self.status_code = 200
        self.background = None
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends or the client disconnects."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        broadcaster, stream = self._broadcaster, self._stream
        broadcaster.add(stream)  # before any await: the caller's limit was checked just now
        try:
            await send(start)
            await self._send_events(DisconnectWatcher(scope, receive, stream.reader_left), send)
        finally:
            broadcaster.remove(stream)

    async def _send_events(self, reader: DisconnectWatcher, send: Send) -> None:
        broadcaster, stream = self._broadcaster, self._stream
        loop = asyncio.get_running_loop()
        squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WBITS, _MEMORY) if self._gzip else None
        async with reader:
            stream.abort = reader.abort
            try:
                async with aclosing(broadcaster.frames(stream)) as frames:
                    async for chunk in frames:
                        # Flush each time, so that no event is held back.
                        body = (
                            chunk
                            if squeeze is None
                            else squeeze.compress(chunk) + squeeze.flush(zlib.Z_SYNC_FLUSH)
                        )
                        stream.sending_since = loop.time()
                        await send({"type": "http.response.body", "body": body, "more_body": True})
                        stream.sent(chunk, loop.time())
            except Lagged:
                await reader.abort_and_wait()
                return
            if stream.gone:
                await reader.abort_and_wait()
                return
            tail = b"" if squeeze is None else squeeze.flush()
            await send({"type": "http.response.body", "body": tail})


def wants_gzip(accept_encoding: str) -> bool:
    """Whether ``Accept-Encoding`` (RFC 9110, 12.5.3) names gzip."""
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            quality = parameters.replace(" ", "").removeprefix("q=")
            return not (parameters and quality.rstrip("0") in ("0.", "0", ""))
    return False
