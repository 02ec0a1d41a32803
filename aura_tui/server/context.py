"""Helpers of the handlers: a request's context, reading its body, and making responses."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from aura_tui.errors import AuraError, Code, InputError, NotFound, StageError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.server.auth import Caller
from aura_tui.server.files import RangeRefused
from aura_tui.server.limits import RateLimited
from aura_tui.wire import routes
from aura_tui.wire.encode import encode
from aura_tui.wire.problem import ProblemDocument, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import Scope

    from aura_tui.model.status import JobStatus

_KEY: Final = "aura_tui.context"
_SKIPPED_BYTES: Final = 32 * 1024 * 1024  # read and dropped of a body that is too large
# A valid correlation id: it goes into headers, events and logs unchanged.
_CORRELATION = re.compile(r"[!-~]{1,100}")
_JSON_TYPE = re.compile(r"(application|text)/([a-z0-9!#$&^_.-]+\+)?json")


class RequestContext(msgspec.Struct, frozen=True):
    """What every handler may need to know about its request."""

    caller: Caller
    correlation_id: str


def context_of(request: Request) -> RequestContext:
    """The request's context."""
    found = request.scope[_KEY]
    assert isinstance(found, RequestContext)
    return found


def begin(scope: Scope, caller: Caller, correlation_id: str) -> None:
    """Store the request's context in its scope."""
    scope[_KEY] = RequestContext(caller, correlation_id)


def correlation_of(headers: Mapping[bytes, bytes]) -> str:
    """The caller's correlation id if it is valid, else a new one."""
    given = headers.get(routes.CORRELATION_ID.lower().encode(), b"").decode("latin-1").strip()
    return given if _CORRELATION.fullmatch(given) else secrets.token_hex(8)


def check_json(request: Request) -> None:
    """Raise InputError if the headers declare an encoded body, or one that is not JSON. A body
    without a type passes."""
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise InputError(
            Code.MEDIA_TYPE_UNSUPPORTED,
            f"Unsupported Content-Encoding: {clean_line(coding, 40)!r}",
            "Send plain JSON without a Content-Encoding.",
        )
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind and not _JSON_TYPE.fullmatch(kind):
        raise InputError(
            Code.MEDIA_TYPE_UNSUPPORTED,
            f"Unsupported Content-Type: {clean_line(kind, 80)!r}",
            f"Send JSON with: Content-Type: {routes.JSON}",
        )


async def read_body(request: Request, limit: int, idle_s: float, bytes_a_second: float) -> bytes:
    """Read the body. Raises InputError if it is larger than ``limit`` bytes, or too slow: if it
    stalls for ``idle_s``, or lags ``idle_s`` behind a rate of ``bytes_a_second``."""
    too_large = InputError(
        Code.REQUEST_TOO_LARGE,
        f"The body is larger than {limit:,} bytes",
        "Shorten the text.",
    )
    declared = request.headers.get("content-length", "")
    fits = not (declared.isdecimal() and (len(declared) > 15 or int(declared) > limit))
    data = bytearray()
    received = 0
    more = True
    started = time.monotonic()
    while more and received <= limit + _SKIPPED_BYTES:
        late_s = time.monotonic() - started - received / bytes_a_second
        try:
            if late_s >= idle_s:
                raise TimeoutError
            async with asyncio.timeout(idle_s - max(0.0, late_s)):
                message = await request.receive()
        except TimeoutError:
            if not fits:
                break
            raise InputError(
                Code.REQUEST_TOO_SLOW,
                f"The body stalled for {idle_s:g} s",
                "Send the request again without pausing.",
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        received += len(part)
        fits = fits and received <= limit
        if fits:
            data += part
        else:
            data.clear()
        more = message.get("more_body", False)
    # A body that is too large is read all the same, up to a limit: a client that is still writing
    # when the connection closes never sees the answer.
    if not fits:
        raise too_large
    return bytes(data)


def answer(
    payload: msgspec.Struct, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A payload as JSON."""
    return Response(encode(payload), status, headers, routes.JSON)


def refuse(
    error: Exception,
    correlation_id: str,
    *,
    current_status: JobStatus | None = None,
    suggested_actions: tuple[str, ...] = (),
) -> Response:
    """The problem document for ``error``. For an error that is not ours it gives no details."""
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException):
        headers.update(error.headers or {})
        error = _of_router(error)
    if not isinstance(error, AuraError):
        error = StageError(
            Code.INTERNAL,
            "Internal server error",
            "Try again. The server's log has the details under the correlation id.",
        )
    retry_after = error.retry_after_s if isinstance(error, RateLimited) else None
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if isinstance(error, RangeRefused):
        headers["Content-Range"] = f"bytes */{error.size}"
    document = problem_of(
        error,
        correlation_id,
        current_status=current_status,
        suggested_actions=suggested_actions,
        retry_after=retry_after,
    )
    return problem_response(document, headers)


def problem_response(document: ProblemDocument, headers: dict[str, str]) -> Response:
    """A problem document as a response, with the headers that its status requires."""
    if document.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="aura-tui"'
    if document.status in (408, 413):
        headers["Connection"] = "close"  # the rest of the body is not read
    if document.code == Code.MEDIA_TYPE_UNSUPPORTED.value:
        headers["Accept"] = routes.JSON
        headers["Accept-Encoding"] = "identity"  # RFC 9110, 15.5.16
    return Response(encode(document), document.status, headers, routes.PROBLEM)


def _of_router(error: HTTPException) -> AuraError:
    if error.status_code == 405:
        return InputError(
            Code.METHOD_WRONG,
            "Method not allowed",
            "See the Allow header, or GET /api/openapi.json.",
        )
    return NotFound(Code.PATH_UNKNOWN, "Not found", "See GET /api/openapi.json.")
