"""A time on this machine's clock, for people."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def local(at: datetime) -> datetime:
    """``at`` (aware) in the local time zone; in UTC if it has no local time there (within a day of
    year 1 or 9999)."""
    try:
        return at.astimezone()
    except (OverflowError, ValueError, OSError):
        return at.astimezone(UTC)


def local_iso(at: datetime) -> str:
    """``2026-01-02T04:04:05.123+01:00``: local, with the offset from UTC."""
    return local(at).isoformat(timespec="milliseconds")
