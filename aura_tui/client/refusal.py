"""Answers that are errors: which pass, and which ``AuraError`` each of the others is. One table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aura_tui.client.http import Answer, Broken, retry_after_s
from aura_tui.errors import AuraError, Code, Conflict, EngineError, InputError, NotFound
from aura_tui.model.text import clean_line
from aura_tui.wire.reading import read_problem

if TYPE_CHECKING:
    from aura_tui.client.http import Http
    from aura_tui.wire.problem import ProblemDocument

# Worth another try: RFC 9110 15.5.9 and 15.6, RFC 8470, RFC 6585. Not 501 and 505: those stay.
_PASSING_4XX: Final = frozenset({408, 425, 429})
_STAYING_5XX: Final = frozenset({501, 505})
_INPUT: Final = frozenset({400, 413, 415, 416, 422})


def passes(status: int) -> bool:
    """Whether an error with this status may be gone at the next try."""
    return status in _PASSING_4XX or (status >= 500 and status not in _STAYING_5XX)


def broken(answer: Answer, error: AuraError | None = None) -> Broken:
    """A passing error, as a stream meets it; ``error`` is what a command makes of it."""
    said = "asks us to slow down" if answer.status == 429 else "is in trouble"
    return Broken(
        f"the server {said} (HTTP {answer.status})",
        retry_after_s=retry_after_s(answer.headers),
        error=error,
    )


def refusal(http: Http, answer: Answer) -> AuraError:
    """The error that an answer of 300 or more is."""
    status = answer.status
    problem = read_problem(answer.body, status)
    if status == 401:
        return _unauthorized(http, problem)
    if problem is None and (status == 403 or passes(status)):
        # A proxy in between answers in its own words.
        return _engine(http, status, None)
    if 300 <= status < 400:
        return http.not_an_engine("it redirects elsewhere", "Give the final address.")
    if problem is None or problem.code == Code.PATH_UNKNOWN or status in (405, 501, 505):
        return http.not_an_engine(f"it doesn't know this request (HTTP {status})")
    if status in (404, 410):
        return NotFound(
            _code(problem, Code.JOB_UNKNOWN),
            problem.detail or "There is no such job",
            problem.guidance or "List them with: aura-tui jobs",
        )
    if status == 409 or (status == 400 and problem.current_status is not None):
        state = f" (it is {problem.current_status.word})" if problem.current_status else ""
        return Conflict(
            _code(problem, Code.JOB_STATE),
            (problem.detail or "The job's state forbids it") + ("" if problem.code else state),
            problem.guidance or "Look at it with: aura-tui show JOB",
        )
    if status in _INPUT:
        return _input(problem)
    return _engine(http, status, problem)


def _unauthorized(http: Http, problem: ProblemDocument | None) -> EngineError:
    did = "refused the token" if http.has_token else "wants a token"
    return EngineError(
        Code.TOKEN_REFUSED,
        f"The engine at {http.address.shown} {did}",
        (problem.guidance if problem else "")
        or "Give one with --token or AURA_TOKEN; `aura-tui token add NAME` makes one there.",
    )


def _input(problem: ProblemDocument) -> InputError:
    first = problem.errors[0] if problem.errors else None
    others = "; ".join(f"{each.field}: {each.detail}" for each in problem.errors[1:4])
    message = problem.detail or (first.detail if first else "") or "The request can't be"
    if others:
        message = f"{message} (also {others})"
    return InputError(
        _code(problem, Code.REQUEST_INVALID),
        clean_line(message, 1000),
        problem.guidance or (first.guidance if first else "") or "Correct it and try again.",
        field=problem.field or (first.field if first else None) or None,
    )


def _engine(http: Http, status: int, problem: ProblemDocument | None) -> EngineError:
    detail = f": {problem.detail}" if problem is not None and problem.detail else ""
    who = f"The engine at {http.address.shown}"
    if status == 429:
        code, did, next_ = Code.TOO_MANY_REQUESTS, "asks us to slow down", "Try again in a while."
    elif status == 403:
        code, did, next_ = Code.ORIGIN_REFUSED, "refuses us", "Check the address and the token."
    else:
        code, did = Code.ENGINE_UNREACHABLE, f"can't answer now (HTTP {status})"
        next_ = "Try again in a while; its log says more."
    if problem is None:
        return EngineError(code, f"{who} {did}", next_)
    return EngineError(_code(problem, code), f"{who} {did}{detail}", problem.guidance or next_)


def _code(problem: ProblemDocument, otherwise: Code) -> Code:
    try:
        return Code(problem.code)
    except ValueError:
        return otherwise
