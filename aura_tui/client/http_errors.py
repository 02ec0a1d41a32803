"""Maps unexpected HTTP answers to errors: temporary failures, or the right ``AuraError``.

The engine's own errors are problem documents. Anything else (a login page, a proxy's error, a
redirect) comes from something between us and the engine. Once an engine was met at the address,
that is an outage, which is temporary. Before, only temporary statuses (5xx, 429) are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from aura_tui.client import proxies
from aura_tui.client.http_client import Answer, TransportFailure
from aura_tui.errors import (
    AuraError,
    Code,
    Conflict,
    EngineError,
    InputError,
    InvalidRequest,
    NotFound,
)
from aura_tui.model.text.redact import redact_url
from aura_tui.net.headers import is_transient, media_type, retry_after_s
from aura_tui.wire import routes
from aura_tui.wire.decode import read_problem
from aura_tui.wire.problem import TYPE_PREFIX

if TYPE_CHECKING:
    from aura_tui.client.http_client import Http
    from aura_tui.wire.problem import FieldProblem, ProblemDocument

_INPUT: Final = frozenset({400, 413, 415, 416, 422})
_NO_SUCH_ROUTE: Final = frozenset({404, 405, 501})
_CORRECT: Final = "Correct the request and try again."
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})


def failure(http: Http, answer: Answer) -> TransportFailure | AuraError:
    """The failure for an answer with status 300 or above: TransportFailure if it is temporary,
    else the error."""
    problem = _own_problem(http, answer)
    if problem is None:
        return unexpected_answer(http, answer)
    if problem.type.startswith(TYPE_PREFIX):
        http.peer.ours = http.peer.met = True
    error = from_response(http, answer.status, problem)
    if not is_transient(answer.status):
        return error
    did = "is rate-limiting requests" if answer.status == 429 else "had an internal error"
    return TransportFailure(
        f"the server {did} (HTTP {answer.status})",
        retry_after_s=retry_after_s(answer.headers),
        error=error,
    )


def _own_problem(http: Http, answer: Answer) -> ProblemDocument | None:
    """The engine's problem document; None if something else answered.

    The documents of our own kind of server have a known type. Other kinds have their own formats,
    so any JSON object that describes an error counts.
    """
    problem = read_problem(answer.body, answer.status)
    kind = media_type(answer.headers)
    if problem is None or not kind.endswith("json"):
        return None
    if http.peer.ours:
        own = kind == routes.PROBLEM and problem.type.startswith(TYPE_PREFIX)
    else:
        own = bool(problem.detail or problem.code or problem.title)
    return problem if own else None


def unexpected_answer(http: Http, answer: Answer) -> TransportFailure | AuraError:
    """The failure for an answer that no engine gave."""
    status = answer.status
    plain = http.address.base.startswith("http:") and http.address.uds is None
    if status == 400 and plain and b"https" in answer.body[:2000].lower() and not http.peer.met:
        return http.wants_tls()  # the usual message of web servers
    reason, hint = _described(http, answer)
    if http.peer.met or is_transient(status) or status == 407:
        return TransportFailure(
            reason,
            retry_after_s=retry_after_s(answer.headers),
            answered=True,
            no_route=status < 300 or status in _NO_SUCH_ROUTE,
            too_large=status == 413 and answer.to_body,
            hint=hint,
        )
    return http.not_an_engine(reason, hint)


def _described(http: Http, answer: Answer) -> tuple[str, str]:
    """The reason (who answered instead of the engine), and the remedy ("": the default one)."""
    status, kind = answer.status, media_type(answer.headers)
    who = f"the proxy {http.proxy}" if http.proxy else "a proxy"
    target = _target(http, answer) if 300 <= status < 400 else ""
    if target:
        return (
            f"redirected to {target} (HTTP {status})",
            "Redirects are not followed. If the engine is at that address, pass it with "
            "--server; if it is a login page, log in with a browser first.",
        )
    if status == 407:
        return (
            f"{who} requires a user name and password (HTTP 407)",
            "Set them in HTTP_PROXY or HTTPS_PROXY, or add the server's host to NO_PROXY.",
        )
    if status == 413 and answer.to_body:
        return (
            f"{who} limits the request size (HTTP 413)",
            "Raise that limit (nginx: client_max_body_size), or shorten the brief.",
        )
    seen = f"(HTTP {status}, {kind})" if kind else f"(HTTP {status})"
    if http.proxy and status >= 400:
        return (
            f"{who} answered instead of the engine {seen}",
            proxies.HINT,
        )
    if kind in _HTML:
        what = "a web page answered"
    elif status == 429:
        return f"the server is rate-limiting requests {seen}", ""
    elif is_transient(status):
        return f"the server had an internal error {seen}", ""
    elif not answer.body:
        return f"the response is empty {seen}", ""
    else:
        what = "something else answered"
    return f"{what} instead of the engine {seen}", ""


def _target(http: Http, answer: Answer) -> str:
    """The target of a redirect, redacted; "" if it has none."""
    location = answer.headers.get("location", "")[:2000]
    if not location:
        return ""
    try:
        return redact_url(urljoin(f"{http.address.base}/", location))
    except ValueError:
        return ""


def from_response(http: Http, status: int, problem: ProblemDocument) -> AuraError:
    """The error for a problem document of the engine."""
    if status == 401:
        return _unauthorized(http, problem)
    if 300 <= status < 400 or problem.code == Code.PATH_UNKNOWN or status in (405, 501, 505):
        return http.not_an_engine(f"it doesn't support this request (HTTP {status})")
    if status in (404, 410):
        return NotFound(
            _code(problem.code, Code.JOB_UNKNOWN),
            problem.detail or "Job not found",
            problem.guidance or "List them with: aura-tui jobs",
        )
    if status == 409 or (status == 400 and problem.current_status is not None):
        state = f" (it is {problem.current_status.word})" if problem.current_status else ""
        return Conflict(
            _code(problem.code, Code.JOB_STATE),
            (problem.detail or "Conflicts with the job's state") + ("" if problem.code else state),
            problem.guidance or "Show it with: aura-tui show JOB",
        )
    if status in _INPUT:
        return _input(problem)
    return _engine(http, status, problem)


def _unauthorized(http: Http, problem: ProblemDocument) -> EngineError:
    did = "rejected the token" if http.has_token else "requires a token"
    return EngineError(
        Code.TOKEN_REFUSED,
        f"The engine at {http.address.shown} {did}",
        problem.guidance
        or (
            "Set AURA_TOKEN or pass --token-file. Create a token on the server with: aura-tui "
            "token add NAME"
        ),
    )


def _input(problem: ProblemDocument) -> InputError:
    own_code = _code(problem.code, Code.REQUEST_INVALID)
    faults = [
        InputError(
            _code(each.code, own_code),
            _detail(each, ours=problem.type.startswith(TYPE_PREFIX)),
            each.guidance or problem.guidance or _CORRECT,
            field=each.field or None,
        )
        for each in problem.errors
    ]
    if not faults:
        message, guidance = problem.detail or "Invalid request", problem.guidance or _CORRECT
        return InputError(own_code, message, guidance, field=problem.field or None)
    return InvalidRequest(faults)


def _detail(fault: FieldProblem, *, ours: bool) -> str:
    """The message about a field; adds the field's name if another kind of server omits it."""
    detail = fault.detail or "Invalid value"
    return detail if ours or fault.field in detail else f"{fault.field}: {detail}"


def _engine(http: Http, status: int, problem: ProblemDocument) -> EngineError:
    detail = f": {problem.detail}" if problem.detail else ""
    who = f"The engine at {http.address.shown}"
    if status == 429:
        code, did, next_ = Code.TOO_MANY_REQUESTS, "is rate-limiting requests", "Try again later."
    elif status == 403:
        code, did, next_ = Code.ORIGIN_REFUSED, "denied access", "Check the address and the token."
    else:
        code, did = Code.ENGINE_UNREACHABLE, f"is unavailable (HTTP {status})"
        next_ = "Try again later; see the server's log."
    return EngineError(_code(problem.code, code), f"{who} {did}{detail}", problem.guidance or next_)


def _code(code: str, otherwise: Code) -> Code:
    try:
        return Code(code)
    except ValueError:
        return otherwise
