"""Reads the headers and the status of an HTTP response, for client and providers."""

from __future__ import annotations

import contextlib
import email.utils
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping

# Worth a retry: RFC 9110 15.5.9 and 15.6, RFC 8470, RFC 6585. But 501 and 505 are permanent.
_TRANSIENT_4XX: Final = frozenset({408, 425, 429})
_PERMANENT_5XX: Final = frozenset({501, 505})
MAX_RETRY_AFTER_S: Final = 3600.0


def is_transient(status: int) -> bool:
    """Whether a retry may help after an error with this status."""
    return status in _TRANSIENT_4XX or (status >= 500 and status not in _PERMANENT_5XX)


def media_type(headers: Mapping[str, str]) -> str:
    """The ``Content-Type`` without parameters, in lower case; "" without one."""
    return clean_line(headers.get("content-type", ""), 200).split(";")[0].strip().lower()


def is_compressed(headers: Mapping[str, str]) -> bool:
    """Whether the body is compressed, so that its real size is unbounded. We accept only
    ``identity``."""
    return headers.get("content-encoding", "identity") != "identity"


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``Retry-After`` (RFC 9110 10.2.3: seconds or a date), 0 to an hour; None if it
    is missing or invalid."""
    value = headers.get("retry-after", "").strip()[:100]
    seconds: float | None = None
    with contextlib.suppress(ValueError):
        seconds = float(value)
    if seconds is None:
        # OverflowError: a year of twenty digits.
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            when = email.utils.parsedate_to_datetime(value)
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            seconds = (when - datetime.now(UTC)).total_seconds()
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER_S)
