"""The access log: one line per request; for an event stream one at its start and one at its end.

Never a query, a header or a body: these may have secrets. Of a token only its name is written.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aura_tui.model.text.sanitize import clean_line
from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Message, Scope

_PATH_CHARS = 200
_NAME_CHARS = 60
_STREAM = routes.EVENT_STREAM.encode()


class RequestLog:
    """The lines of one request. ``write`` must not block."""

    def __init__(self, scope: Scope, correlation_id: str, write: Callable[[str], None]) -> None:
        self._client = client(scope.get("client"))
        # A path is decoded, so it may have any character; one with a space would look like two.
        path = clean_line(scope["path"], _PATH_CHARS).replace(" ", "%20")
        self._request = f"{clean_line(scope['method'], 20)} {path}"
        self._correlation_id = correlation_id
        self._write = write
        self._began = time.monotonic()
        self._status = 0
        self._bytes = 0
        self._is_stream = False
        self.token = "-"

    def sent(self, message: Message) -> None:
        """Note a part of the response."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            types = (value for name, value in message["headers"] if name.lower() == b"content-type")
            self._is_stream = any(value.startswith(_STREAM) for value in types)
            if self._is_stream:
                self._line("stream started")
        else:
            self._bytes += len(message.get("body", b""))

    def end(self) -> None:
        """The request is over."""
        self._line("stream ended" if self._is_stream else "")

    def _line(self, what: str) -> None:
        self._write(
            line(
                self._client,
                self._request,
                self._status,
                self._bytes,
                time.monotonic() - self._began,
                token=clean_line(self.token, _NAME_CHARS),
                correlation_id=self._correlation_id,
                what=what,
            )
        )


def line(
    client: str,
    request: str,
    status: int,
    size_bytes: int,
    took_s: float,
    *,
    token: str = "-",
    correlation_id: str = "-",
    what: str = "",
) -> str:
    """One line. ``status`` 0: the client left before the response."""
    at = datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")
    return (
        f"{at} {client} {request} {status or '-'} {size_bytes} B {took_s * 1000:.0f} ms "
        f"token={token} correlation={correlation_id}" + (f" {what}" if what else "")
    )


def client(address: object) -> str:
    """The host of an ASGI or socket address; ``socket`` for the user's own Unix socket."""
    if isinstance(address, tuple | list) and address and address[0]:
        return str(address[0])
    return "socket"
