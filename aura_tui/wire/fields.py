"""Reads the fields of a JSON object from a server by plain name; values are cleaned and bounded."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aura_tui.model.events import MAX_MESSAGE_CHARS
from aura_tui.model.text.sanitize import clean, clean_line
from aura_tui.wire.lenient_values import (
    as_duration,
    as_number,
    as_text,
    as_time,
    as_whole,
    plain_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")

_MAX_SECONDS: Final = 1e9


class Fields:
    """The fields of a JSON object, by plain name (see ``plain_name``)."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._values = {plain_name(key): value for key, value in tree.items()}

    def get(self, read: Callable[[object], T | None], *names: str) -> T | None:
        """The value of the first of ``names`` (plain) that is present and valid."""
        for name in names:
            if name in self._values:
                value = read(self._values[name])
                if value is not None:
                    return value
        return None

    def has(self, name: str) -> bool:
        """Whether ``name`` (plain) is present, even if null."""
        return name in self._values

    def text(self, *names: str, limit: int = 4000) -> str:
        """The text on one line; "" if absent."""
        return clean_line(self.get(as_text, *names) or "", limit)

    def path(self, *names: str) -> str:
        """The text without control characters, but with all its spaces; "" if absent."""
        return clean(self.get(as_text, *names) or "", MAX_MESSAGE_CHARS)

    def count(self, *names: str) -> int | None:
        value = self.get(as_whole, *names)
        return value if value is not None and 0 <= value <= 1 << 53 else None

    def seconds(self, *names: str) -> float | None:
        return self.get(as_seconds, *names)

    def percent(self, *names: str) -> float | None:
        value = self.get(as_number, *names)
        return None if value is None or math.isnan(value) else min(100.0, max(0.0, value))

    def time(self, *names: str) -> datetime | None:
        return self.get(as_utc, *names)


def as_seconds(value: object) -> float | None:
    number = as_duration(value)
    return number if number is not None and 0.0 <= number <= _MAX_SECONDS else None


def as_utc(value: object) -> datetime | None:
    time = as_time(value)
    if time is None:
        return None
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:  # within a day of year 1 or 9999
        return None


def as_fields(value: object) -> Fields | None:
    return Fields(value) if isinstance(value, dict) else None


def as_array(value: object) -> list[Any] | None:
    return value if isinstance(value, list) else None
