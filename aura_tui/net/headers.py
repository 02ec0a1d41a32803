"""What headers and statuses of an HTTP response say, read once for client and providers."""

from __future__ import annotations

import contextlib
import email.utils
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aura_tui.model.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping

# Worth another try: RFC 9110 15.5.9 and 15.6, RFC 8470, RFC 6585. Not 501 and 505: those stay.
_TRANSIENT_4XX: Final = frozenset({408, 425, 429})
_PERMANENT_5XX: Final = frozenset({501, 505})
MAX_RETRY_AFTER_S: Final = 3600.0


def is_transient(status: int) -> bool:
    """Whether an error with this status may be gone at the next try."""
    return status in _TRANSIENT_4XX or (status >= 500 and status not in _PERMANENT_5XX)


def media_type(headers: Mapping[str, str]) -> str:
    """What a ``Content-Type`` says, without parameters, in lower case; "" without one."""
    return clean_line(headers.get("content-type", ""), 200).split(";")[0].strip().lower()


def is_compressed(headers: Mapping[str, str]) -> bool:
    """Whether the body has no bound before it is unpacked. We accept ``identity`` alone."""
    return headers.get("content-encoding", "identity") != "identity"


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``Retry-After`` (RFC 9110 10.2.3: seconds or a date), 0 to an hour; None
    without one, or with one that says nothing."""
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
