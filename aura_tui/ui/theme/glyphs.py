"""The glyphs of the board, and their ASCII replacements."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.status import JobStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping


class Glyphs(NamedTuple):
    """Glyphs, each one cell wide. States differ by shape, not by colour alone."""

    waiting: str
    running: str
    paused: str
    done: str
    reused: str
    skipped: str
    failed: str
    cancelled: str
    warning: str
    folded: str
    unfolded: str
    rising: str
    falling: str
    cursor: str
    dot: str
    arrow: str
    bar: str
    bar_half: str
    track: str
    rule: str
    tick: str  # a measure across a bar

    def step(self, status: StepStatus, *, paused: bool = False) -> str:
        """The sign of a step's state."""
        if paused and status is StepStatus.STARTED:
            return self.paused
        return {
            StepStatus.PENDING: self.waiting,
            StepStatus.STARTED: self.running,
            StepStatus.COMPLETED: self.done,
            StepStatus.REUSED: self.reused,
            StepStatus.SKIPPED: self.skipped,
            StepStatus.FAILED: self.failed,
            StepStatus.CANCELLED: self.cancelled,
        }[status]

    def job(self, status: JobStatus) -> str:
        """The sign of a job's state."""
        return {
            JobStatus.QUEUED: self.waiting,
            JobStatus.RUNNING: self.running,
            JobStatus.PAUSED: self.paused,
            JobStatus.SUCCEEDED: self.done,
            JobStatus.FAILED: self.failed,
            JobStatus.CANCELED: self.cancelled,
        }[status]

    def spell(self, text: str) -> str:
        """``text`` in characters that this terminal can show, of the same length."""
        if self is not ASCII or text.isascii():
            return text
        return "".join(c if c.isascii() else _SPELLINGS.get(c) or _base(c) for c in text)


def _base(char: str) -> str:
    """The base letter of an accented one; a question mark for anything else."""
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() and base.isprintable() else "?"


_SPELLINGS = {"\u2026": "~", "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"} | {
    dash: "-" for dash in "\u2010\u2011\u2012\u2013\u2014\u2212"
}

UNICODE = Glyphs(
    waiting="○",
    running="●",
    paused="‖",
    done="✓",
    reused="↺",
    skipped="–",  # noqa: RUF001 - an en dash is meant
    failed="✗",
    cancelled="◌",
    warning="▲",
    folded="▸",
    unfolded="▾",
    rising="▴",
    falling="▾",
    cursor="❯",  # noqa: RUF001 - no greater-than sign
    dot="·",
    arrow="→",
    bar="━",
    bar_half="╸",
    track="─",
    rule="─",
    tick="┊",
)
ASCII = Glyphs(
    waiting=".",
    running="*",
    paused="=",
    done="+",
    reused="~",
    skipped="-",
    failed="x",
    cancelled="o",
    warning="!",
    folded=">",
    unfolded="v",
    rising="^",
    falling="v",
    cursor=">",
    dot="|",
    arrow="->",
    bar="#",
    bar_half="#",
    track="-",
    rule="-",
    tick="|",
)


def is_ascii(environ: Mapping[str, str], encoding: str | None) -> bool:
    """Whether to use ASCII only: ``AURA_ASCII`` is set, the terminal or the locale isn't UTF-8, or
    it is the Linux console, whose font has few signs. ``AURA_ASCII=0``: not for the last two."""
    wanted = environ.get("AURA_ASCII", "")
    if wanted not in ("", "0") or not _is_utf8(encoding or "utf-8"):
        return True
    if wanted == "0":
        return False
    # Python takes the terminal of a C locale for UTF-8 (PEP 538, PEP 540).
    names = (environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next(filter(None, names), "")
    codeset = locale.partition("@")[0].partition(".")[2]
    plain = locale in ("C", "POSIX") or bool(codeset and not _is_utf8(codeset))
    return plain or environ.get("TERM") == "linux"


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"
