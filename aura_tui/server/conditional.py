"""Conditional requests: If-Match and related headers. RFC 9110, section 13."""

from __future__ import annotations

import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import msgspec

from aura_tui.errors import Code, Conflict

if TYPE_CHECKING:
    from starlette.datastructures import Headers

_TAG: Final = re.compile(r'(W/)?("[!#-~\x80-\xff]*")')
_SAFE: Final = ("GET", "HEAD")


class PreconditionFailed(Conflict):
    """The file does not match the request's condition."""

    def __init__(self) -> None:
        super().__init__(
            Code.PRECONDITION_FAILED,
            "The file has changed",
            "Repeat the request without the condition to get the new ETag.",
        )


class Validators(msgspec.Struct, frozen=True):
    """A file's validators: its strong entity tag, including the quotes, and the time of its last
    change in whole seconds since the epoch, None if that is not meaningful."""

    etag: str
    modified_s: int | None = None


def is_current(method: str, headers: Headers, file: Validators) -> bool:
    """Whether the client has the current file already (304). Raises :class:`PreconditionFailed`.

    Evaluates in the order of section 13.2.2. Ignores invalid dates.
    """
    if (given := _list(headers, "if-match")) is not None:
        if not _has(given, file.etag, strong=True):
            raise PreconditionFailed
    elif _changed_since(file, headers.get("if-unmodified-since")):
        raise PreconditionFailed
    if (given := _list(headers, "if-none-match")) is not None:
        if not _has(given, file.etag, strong=False):
            return False
        if method not in _SAFE:
            raise PreconditionFailed
        return True
    return method in _SAFE and _changed_since(file, headers.get("if-modified-since")) is False


def range_applies(headers: Headers, file: Validators, now_s: float | None = None) -> bool:
    """Whether If-Range, if present, allows a Range: an exact match, section 13.1.5. A date within
    the second of the change can't be trusted."""
    given = headers.get("if-range")
    if given is None:
        return True
    given = given.strip()
    if given.startswith(('"', "W/")):
        return given == file.etag
    if file.modified_s is None or (now_s or time.time()) < file.modified_s + 1:
        return False
    return _date(given) == file.modified_s


def _changed_since(file: Validators, given: str | None) -> bool | None:
    """Whether the file changed after the date ``given``; None if that is unknown."""
    since_s = _date(given)
    return None if since_s is None or file.modified_s is None else file.modified_s > since_s


def _list(headers: Headers, name: str) -> str | None:
    lines = headers.getlist(name)
    return ", ".join(lines).strip() if lines else None


def _has(given: str, etag: str, *, strong: bool) -> bool:
    if given == "*":
        return True
    tags = (match.groups() for match in _TAG.finditer(given))
    return any(tag == etag and not (strong and weak) for weak, tag in tags)


def _date(given: str | None) -> int | None:
    """An HTTP date in seconds since the epoch; None if invalid."""
    try:
        date = parsedate_to_datetime(given) if given else None
    except ValueError:
        return None
    if date is None:
        return None
    try:
        return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())
    except (OverflowError, ValueError):
        return None
