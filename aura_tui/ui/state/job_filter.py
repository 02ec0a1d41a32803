"""The language of the job filter: ``solar -status:done stage:voice age:<2h is:marked``.

Words match anywhere in the title, or the start of the job's or its correlation's id; all parts must
match; a leading ``-`` negates a part, quotes join several words. A part that can't be parsed is
reported in ``problem`` and ignored, so that the list can follow each letter typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import gt, lt
from typing import TYPE_CHECKING

from aura_tui.model.job import JOB_WORDS, since
from aura_tui.model.stages import Stage, parse_stage
from aura_tui.model.status import parse_status
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aura_tui.model.job import Job

_MAX_CHARS = 500
_ID_CHARS = 4  # at least, to match an id
_SAID_CHARS, _SAID_STATUS = 12, 6  # of an unknown word; the message fits 80 columns
_PART = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_KEYED = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_AGE = re.compile(r"([<>])=?([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|min|h|d|w)")
_UNIT_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_STATUSES = " ".join(JOB_WORDS).replace("succeeded", "done")  # fits 80 columns
_STAGES = " ".join(stage.title.lower() for stage in Stage)


@dataclass(frozen=True)
class Filter:
    """A parsed filter. ``marked``: only marked (True) or unmarked (False) jobs; the caller, who
    has the marks, applies it. ``timed``: matches change as time passes."""

    text: str = ""
    problem: str = ""
    marked: bool | None = None
    timed: bool = False
    words: tuple[tuple[str, bool], ...] = ()  # case-folded, and whether it must match
    tests: tuple[tuple[Callable[[Job, datetime], bool], bool], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether all jobs match."""
        return not (self.words or self.tests) and self.marked is None

    def matches(self, job: Job, now: datetime) -> bool:
        """Whether ``job`` matches at ``now`` (aware UTC), marks aside."""
        if self.words:
            title = _title(job)
            if any(
                (word in title or _starts_id(job, word)) is not wanted
                for word, wanted in self.words
            ):
                return False
        return all(test(job, now) is wanted for test, wanted in self.tests)


def parse(text: str) -> Filter:
    """Parse ``text``. Never raises."""
    words: list[tuple[str, bool]] = []
    tests: list[tuple[Callable[[Job, datetime], bool], bool]] = []
    problems: list[str] = []
    marked: bool | None = None
    timed = False
    for sign, quoted, bare in _PART.findall(clean_line(text, _MAX_CHARS)):
        wanted = not sign
        keyed = _KEYED.fullmatch(bare)
        if keyed is None:
            word = (quoted or bare).casefold()
            if word and bare != "-":
                words.append((word, wanted))
            continue
        key, value = keyed[1].lower(), keyed[2].lower()
        try:
            if key == "is":
                marked = _parse_is(value) is wanted
            elif key in _TESTS:
                tests.append((_TESTS[key](value), wanted))
                timed = timed or key == "age"
            else:
                raise ValueError(
                    f'Unknown filter "{_short(key)}:". Filters: status: stage: age: is:'
                )
        except ValueError as error:
            problems.append(str(error))
    return Filter(text, "".join(problems[:1]), marked, timed, tuple(words), tuple(tests))


def _title(job: Job) -> str:
    # Search the text as it is shown; few titles need cleaning.
    return (job.title if job.title.isprintable() else clean_line(job.title)).casefold()


def _starts_id(job: Job, word: str) -> bool:
    """Whether ``word`` is the start of the job's or the correlation's id.

    Ids are hexadecimal digits: a short word or one in their middle would match by chance.
    """
    return len(word) >= _ID_CHARS and (
        job.id.casefold().startswith(word) or job.correlation_id.casefold().startswith(word)
    )


# Each makes a test from a lower-case value, or raises ValueError with the message.


def _status_test(value: str) -> Callable[[Job, datetime], bool]:
    allowed: set[str] = set()
    for name in _names(value, "status:", _STATUSES):
        found = _statuses(name)
        if not found:
            raise ValueError(f'No status "{_short(name, _SAID_STATUS)}": {_STATUSES}')
        allowed |= found
    return lambda job, _: job.word in allowed


def _statuses(name: str) -> set[str]:
    """The status named ``name``, or all with that prefix: a filter works while it is typed."""
    exact = parse_status(name)
    if exact is not None:
        return {exact.word}
    return {word for word in JOB_WORDS if word.startswith(name)}


def _stage_test(value: str) -> Callable[[Job, datetime], bool]:
    allowed: set[Stage] = set()
    for name in _names(value, "stage:", _STAGES):
        exact = parse_stage(name)
        begun = {stage for stage in Stage if stage.title.lower().startswith(name)}
        if exact is None and not begun:
            raise ValueError(f'Bad stage "{_short(name)}": {_STAGES}')
        allowed |= begun if exact is None else {exact}
    return lambda job, _: job.stage in allowed


def _age_test(value: str) -> Callable[[Job, datetime], bool]:
    match = _AGE.fullmatch(value)
    if match is None:
        raise ValueError("age: expects < or > and a time, as in age:<2h or age:>1d")
    limit_s = float(match[2]) * _UNIT_S[match[3]]
    compare = lt if match[1] == "<" else gt
    return lambda job, now: bool(compare((now - since(job)).total_seconds(), limit_s))


def _parse_is(value: str) -> bool:
    if value != "marked":
        raise ValueError("is: expects marked, as in is:marked")
    return True


def _short(name: str, most: int = _SAID_CHARS) -> str:
    """``name`` cut so that the message fits 80 columns."""
    return name if len(name) <= most else name[: most - 1] + "\u2026"


def _names(value: str, key: str, choices: str) -> list[str]:
    names = [name for name in value.split(",") if name]
    if not names:
        raise ValueError(f"{key} expects {choices}")
    return names


_TESTS: dict[str, Callable[[str], Callable[[Job, datetime], bool]]] = {
    "status": _status_test,
    "stage": _stage_test,
    "age": _age_test,
}
