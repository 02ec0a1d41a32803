"""Middleware: authentication, CORS, common headers, and errors as problem documents.

Pure ASGI: streams pass through unchanged.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from aura_tui.errors import AuraError
from aura_tui.server import context
from aura_tui.server.access_log import RequestLog
from aura_tui.server.auth import LOCAL, check_single
from aura_tui.system.tasks import TaskFailure, report
from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from aura_tui.server.auth import Access

# The headers that pages of an allowed origin may read, and those that they may send.
_EXPOSED = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, Retry-After, "
    f"{routes.REPR_DIGEST}, {routes.CORRELATION_ID}"
)
_ALLOWED = (
    "Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, "
    f"If-Unmodified-Since, Range, {routes.IDEMPOTENCY_KEY}, {routes.LAST_EVENT_ID}, "
    f"{routes.CORRELATION_ID}"
)


class RequestGate:
    """Checks the access to an app. ``access`` None: the engine's own user, over the Unix socket."""

    def __init__(
        self, app: ASGIApp, access: Access | None, log: Callable[[str], None] | None = None
    ) -> None:
        """``log`` gets the lines of the access log."""
        self._app = app
        self._access = access
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        assert scope["type"] == "http"
        # The last of repeated headers; repeated security headers are refused below.
        headers = dict(scope["headers"])
        correlation_id = context.correlation_of(headers)
        origin = self._access.allowed_origin(headers) if self._access else None
        added = _headers(correlation_id, origin)
        log = RequestLog(scope, correlation_id, self._log) if self._log is not None else None
        status = 0

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                extra = [pair for pair in added if pair[0] not in given]
                message = {**message, "headers": [*message["headers"], *extra]}
            if log is not None:
                log.sent(message)
            await send(message)

        try:
            check_single(scope["headers"])
            if origin is not None and scope["method"] == "OPTIONS":
                await _preflight()(scope, receive, sender)
                return
            path = scope["path"]
            caller = LOCAL
            if self._access:
                caller = self._access.caller(scope["method"], path, headers)
            if log is not None and caller.name:
                log.token = caller.name
            context.begin(scope, caller, correlation_id)
            scope["app"] = self  # makes the router raise for an unknown path
            await self._app(scope, receive, sender)
        except ClientDisconnect:
            pass
        except Exception as e:
            answer = context.refuse(e, correlation_id)
            if answer.status_code >= 500 and not isinstance(e, AuraError):
                report(TaskFailure(name=f"request {correlation_id}", error=e, at=datetime.now(UTC)))
            if status:
                raise  # the response has started: break the connection
            await answer(scope, receive, sender)
        finally:
            if log is not None:
                log.end()


def _headers(correlation_id: str, origin: str | None) -> list[tuple[bytes, bytes]]:
    headers = {
        "date": formatdate(usegmt=True),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        routes.CORRELATION_ID.lower(): correlation_id,
    }
    if origin is not None:
        headers["access-control-allow-origin"] = origin
        headers["access-control-expose-headers"] = _EXPOSED
        headers["vary"] = "Origin"
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _preflight() -> Response:
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "DELETE, GET, HEAD, POST",
            "Access-Control-Allow-Headers": _ALLOWED,
            "Access-Control-Max-Age": "600",
        },
    )
