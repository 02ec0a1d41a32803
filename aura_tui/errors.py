"""The error tree. Every error says what failed, has a stable code, and says what to do next.

AuraError
+-- InputError        usage error or bad input     exit 2, HTTP 422
|   +-- InvalidRequest   all faults of a request, together
+-- StageError        a stage failed               the job fails; exit 1
|   +-- Transient     temporary                    retried with backoff, then fails as StageError
+-- EngineError       no engine, or access denied  exit 3, HTTP 503
+-- NotFound          no such job or artifact      exit 2, HTTP 404
+-- Conflict          wrong job state              exit 2, HTTP 409
+-- OutputError       can't write stdout           exit 5
    +-- ReaderGone    its reader closed the pipe   exit 141, no message

Codes are part of the contract: never reuse or renumber one. Exit codes and HTTP statuses are
mapped at the edges (``cli/session/exit_status.py``, ``wire/problem.py``), not here.
"""

from __future__ import annotations

import contextlib
from enum import StrEnum, unique
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NAMED_FAULTS: Final = 3  # in the message, besides the first


@unique
class Code(StrEnum):
    """Stable error codes. The hundreds tell the area: 1 input, 2-6 stages, 7 resources, 8 engine, 9
    jobs."""

    BRIEF_EMPTY = "E101"
    BRIEF_UNREADABLE = "E102"
    BRIEF_NOT_TEXT = "E103"
    BRIEF_TOO_LARGE = "E104"
    DURATION_INVALID = "E105"
    RESOLUTION_INVALID = "E106"
    VOICE_UNKNOWN = "E107"
    OUTPUT_UNWRITABLE = "E108"
    OPTION_INVALID = "E109"
    THEME_UNKNOWN = "E110"
    SETTINGS_INVALID = "E111"
    REQUEST_INVALID = "E112"
    OPENER_MISSING = "E118"
    REQUEST_TOO_LARGE = "E113"
    REQUEST_MALFORMED = "E114"
    RANGE_INVALID = "E115"
    REQUEST_TOO_SLOW = "E116"
    HEAD_TOO_LARGE = "E117"
    KEY_REUSED = "E120"
    MEDIA_TYPE_UNSUPPORTED = "E121"
    PRECONDITION_FAILED = "E122"

    SCRIPT_FAILED = "E200"
    SCRIPT_PROVIDER_UNAVAILABLE = "E201"
    SCRIPT_PROVIDER_REFUSED = "E202"
    SCRIPT_REPLY_INVALID = "E203"

    SPEECH_FAILED = "E300"
    SPEECH_PROVIDER_UNAVAILABLE = "E301"
    SPEECH_PROVIDER_REFUSED = "E302"
    SPEECH_REPLY_INVALID = "E303"
    TEXT_UNREADABLE = "E304"

    VISUALS_FAILED = "E400"
    VISUALS_PROVIDER_UNAVAILABLE = "E401"
    VISUALS_PROVIDER_REFUSED = "E402"
    PICTURE_INVALID = "E403"
    PICTURE_FOLDER_EMPTY = "E404"
    FONT_MISSING = "E405"

    COMPOSITION_FAILED = "E500"

    RENDER_FAILED = "E600"
    FFMPEG_MISSING = "E601"
    FFMPEG_FAILED = "E602"

    DISK_FULL = "E701"
    STAGE_TIMEOUT = "E702"
    OUT_OF_MEMORY = "E703"
    SYSTEM_LIMIT = "E704"
    FILE_UNUSABLE = "E705"
    OUTPUT_FAILED = "E706"
    INTERNAL = "E799"

    ENGINE_BUSY = "E801"
    STORE_NEWER = "E802"
    STORE_CORRUPT = "E803"
    HOME_UNUSABLE = "E804"
    ENGINE_UNREACHABLE = "E805"
    ENGINE_GONE = "E806"
    TOKEN_REFUSED = "E807"
    ORIGIN_REFUSED = "E808"
    TOO_MANY_REQUESTS = "E809"
    ADDRESS_REFUSED = "E810"  # the server can't listen there, or it would be unsafe
    CERTIFICATE_INVALID = "E811"
    NOT_AN_ENGINE = "E812"
    DOWNLOAD_BROKEN = "E813"
    TOO_MANY_CONNECTIONS = "E814"

    JOB_UNKNOWN = "E901"
    JOB_STATE = "E902"
    ARTIFACT_UNKNOWN = "E903"
    PATH_UNKNOWN = "E904"
    METHOD_WRONG = "E905"


class AuraError(Exception):
    """What failed (``message``), its stable ``code``, and what to do next (``remediation``).

    ``field`` is the name of the wrong field in the request, None if there is none. All texts are
    plain text for people: no markup, no control characters.
    """

    def __init__(
        self, code: Code, message: str, remediation: str, *, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remediation = remediation
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class InputError(AuraError):
    """Usage error or bad input; nothing was started."""


class InvalidRequest(InputError):
    """An invalid job request: ``faults`` has one error for each wrong field, at least one.

    Code, remediation and field are those of the first; the message names the others, too.
    """

    def __init__(self, faults: Sequence[InputError]) -> None:
        first, *others = faults
        more = "; ".join(f"{each.field}: {each.message}" for each in others[:_NAMED_FAULTS])
        if len(others) > _NAMED_FAULTS:
            more += f"; and {len(others) - _NAMED_FAULTS} more"
        super().__init__(
            first.code,
            f"{first.message} (also {more})" if more else first.message,
            first.remediation,
            field=first.field,
        )
        self.faults = tuple(faults)


class Faults:
    """Collects the errors of several checks, to report them together."""

    def __init__(self) -> None:
        self.found: list[InputError] = []

    @contextlib.contextmanager
    def collect(self) -> Iterator[None]:
        """Catch and keep an InputError that is raised in the block."""
        try:
            yield
        except InputError as e:
            self.add(e)

    def add(self, error: InputError) -> None:
        """Keep an error, or its faults; only the first for each field."""
        for fault in error.faults if isinstance(error, InvalidRequest) else (error,):
            if not fault.field or all(each.field != fault.field for each in self.found):
                self.found.append(fault)

    def check(self) -> None:
        """Raise :class:`InvalidRequest` if anything was found."""
        if self.found:
            raise InvalidRequest(self.found)


class StageError(AuraError):
    """A stage can't finish; the job fails with this code."""


class Transient(StageError):
    """A temporary failure, worth a retry: 429, 5xx, a timeout, a reset connection.

    ``retry_after_s`` is the other side's Retry-After, None if it sent none.
    """

    def __init__(
        self, code: Code, message: str, remediation: str, *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(code, message, remediation)
        self.retry_after_s = retry_after_s


class EngineError(AuraError):
    """The engine is unavailable or refuses: no engine, no access, a database that can't be
    opened."""


class NotFound(AuraError):
    """Job or artifact not found, or not visible to the caller."""


class Conflict(AuraError):
    """The request conflicts with the job's state. ``job_id`` is another job that causes the
    conflict."""

    def __init__(
        self, code: Code, message: str, remediation: str, *, job_id: str | None = None
    ) -> None:
        super().__init__(code, message, remediation)
        self.job_id = job_id


class OutputError(AuraError):
    """Standard output or an output file can't be written completely; not a usage error."""


class ReaderGone(OutputError):
    """The reader of standard output is gone: a closed pipe, a terminal that has hung up."""
