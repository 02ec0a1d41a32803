"""``aura-tui logs``: log lines with local times, chosen by stage and severity; or as JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from aura_tui.format import words
from aura_tui.model.stages import Stage
from aura_tui.model.text.sanitize import clean
from aura_tui.system.output import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

SEVERITIES: Final = ("info", "warning", "error")
# As wire/log_text.py writes them: time, severity, stage or Job, message.
_LINE: Final = re.compile(rf"(\S+) +({'|'.join(SEVERITIES)}) +([A-Za-z]+): (.*)", re.DOTALL)
_STAGES: Final = {stage.title: stage for stage in Stage}


class LogEntry(msgspec.Struct, frozen=True):
    """One entry. ``stage`` is None if it is about the whole job."""

    timestamp: datetime  # aware UTC
    severity: str
    stage: Stage | None
    message: str


def parse_entries(text: str) -> Iterator[LogEntry | str]:
    """The entries of a log. A line without a time continues the entry before it; lines that no
    entry precedes are strings."""
    entry: LogEntry | None = None
    for line in text.splitlines():
        found = _parse_line(line)
        if found is None:
            if entry is None:
                yield line
            else:
                entry = msgspec.structs.replace(entry, message=f"{entry.message}\n{line}")
            continue
        if entry is not None:
            yield entry
        entry = found
    if entry is not None:
        yield entry


def _parse_line(line: str) -> LogEntry | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(match[1])
        if at.tzinfo is None:
            return None
        at = at.astimezone(UTC)  # the writer's zone may be another than the reader's
    except (ValueError, OverflowError):
        return None
    return LogEntry(at, match[2], _STAGES.get(match[3]), match[4])


class LogPrinter:
    """Prints the entries of ``stage`` (None: of all) with at least ``severity``. ``live``: each
    part is written when it comes; otherwise at the end of the command."""

    def __init__(
        self,
        out: TextIO,
        *,
        stage: Stage | None = None,
        severity: str = "info",
        json: bool = False,
        live: bool = False,
    ) -> None:
        self._out = out
        self._writer = StreamWriter(out) if live else None
        self._stage = stage
        self._least = SEVERITIES.index(severity)
        self._json = json

    async def write(self, text: str) -> None:
        """Print the entries in ``text``, which are whole. Raises OutputError."""
        lines = "".join(f"{line}\n" for line in self._lines(text))
        if self._writer is None:
            self._out.write(lines)
        elif lines:
            encoding = self._out.encoding or "utf-8"
            await self._writer.write(lines.encode(encoding, "backslashreplace"))

    def _lines(self, text: str) -> Iterator[str]:
        for entry in parse_entries(text):
            if isinstance(entry, str):  # of another kind of engine
                if not self._least and self._stage is None:
                    yield (
                        msgspec.json.encode({"message": entry}).decode()
                        if self._json
                        else (clean(entry, len(entry) + 1))
                    )
                continue
            if SEVERITIES.index(entry.severity) < self._least:
                continue
            if self._stage is not None and entry.stage is not self._stage:
                continue
            yield msgspec.json.encode(entry).decode() if self._json else _text(entry)


def _text(entry: LogEntry) -> str:
    where = entry.stage.title if entry.stage else "Job"
    message = clean(entry.message, len(entry.message) + 1)
    at = words.local_time(entry.timestamp, milliseconds=True)
    return f"{at} {entry.severity:7} {where}: {message}"
