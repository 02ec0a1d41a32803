"""Problem documents (RFC 9457) and the HTTP status of each error.

Besides the RFC's members they have the correlation id, a stable ``code``, ``guidance`` (what to do
next) and, where they apply, the invalid ``field``, all invalid fields (``errors``), the job's
``currentStatus`` and ``suggestedActions``.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from aura_tui.errors import (
    AuraError,
    Code,
    Conflict,
    EngineError,
    InputError,
    InvalidRequest,
    NotFound,
    StageError,
)
from aura_tui.model.status import JobStatus

MAX_FIELD_PROBLEMS: Final = 50  # of a request
TYPE_PREFIX: Final = "urn:aura-tui:problem:"

# The HTTP status of an error, defined only here: looked up by code, then by class.
_STATUS_OF_CODE: dict[Code, int] = {
    Code.REQUEST_TOO_LARGE: 413,
    Code.HEAD_TOO_LARGE: 431,
    Code.REQUEST_TOO_SLOW: 408,
    Code.REQUEST_MALFORMED: 400,
    Code.TOKEN_REFUSED: 401,
    Code.ORIGIN_REFUSED: 403,
    Code.RANGE_INVALID: 416,
    Code.METHOD_WRONG: 405,
    Code.MEDIA_TYPE_UNSUPPORTED: 415,
    Code.PRECONDITION_FAILED: 412,
    Code.TOO_MANY_REQUESTS: 429,
    Code.DISK_FULL: 507,
}
_STATUS_OF_KIND: dict[type[AuraError], int] = {
    InputError: 422,
    NotFound: 404,
    Conflict: 409,
    EngineError: 503,
    StageError: 500,
}


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An invalid field of a request, as spelled in the request (``renderSpec.fps``)."""

    field: str
    detail: str
    guidance: str = ""
    code: str = ""


class ProblemDocument(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """The body of every error response. ``retryAfter``: seconds, as in the Retry-After header."""

    type: str
    title: str
    status: int
    detail: str
    correlation_id: str
    code: str = ""
    guidance: str = ""
    field: str = ""
    errors: tuple[FieldProblem, ...] = ()
    current_status: JobStatus | None = None
    suggested_actions: tuple[str, ...] = ()
    retry_after: int | None = None
    job_id: str = ""  # the conflicting job


def status_of(error: AuraError) -> int:
    """The HTTP status of ``error``."""
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    for kind in type(error).__mro__:
        if kind in _STATUS_OF_KIND:
            return _STATUS_OF_KIND[kind]
    return 500


def problem_of(
    error: AuraError,
    correlation_id: str,
    *,
    current_status: JobStatus | None = None,
    suggested_actions: tuple[str, ...] = (),
    retry_after: int | None = None,
) -> ProblemDocument:
    """Build the document for ``error``. Of several faults the first is ``detail``; ``errors`` has
    all of them."""
    status = status_of(error)
    faults = error.faults[:MAX_FIELD_PROBLEMS] if isinstance(error, InvalidRequest) else ()
    return ProblemDocument(
        type=f"{TYPE_PREFIX}{error.code.value}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=faults[0].message if faults else error.message,
        correlation_id=correlation_id,
        code=error.code.value,
        guidance=error.remediation,
        field=error.field or "",
        errors=tuple(
            FieldProblem(
                field=each.field or "",
                detail=each.message,
                guidance=each.remediation,
                code=each.code.value,
            )
            for each in faults
        ),
        current_status=current_status,
        suggested_actions=suggested_actions,
        retry_after=retry_after,
        job_id=(error.job_id or "") if isinstance(error, Conflict) else "",
    )
