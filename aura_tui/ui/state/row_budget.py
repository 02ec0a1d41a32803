"""Shares the rows of the job view: stages, timeline and preview, then the result and the log.

Numbers only: the styles decide which of them show; the board's screen applies these numbers.
"""

from __future__ import annotations

from typing import NamedTuple

SHORT = 18  # rows; below it there are no blank rows
HIGH = 40  # rows; from here on the timeline shows, and a preview fits below the stages

_STAGES = 5  # rows of the stages, all closed
_LANES = 6  # rows of the timeline
_FOOTER = 1
_REST = 6  # rows that stages and timeline leave to the result or the log
_REST_SHORT = 2


class RowBudget(NamedTuple):
    """Maximum rows of each part; ``work`` is stages, timeline and preview together. ``result``
    None: all remaining rows."""

    work: int
    stages: int
    result: int | None


def row_budget(
    height: int, *, ended: bool, failed: bool, timeline: bool, preview: int
) -> RowBudget:
    """The budget on a screen of ``height`` rows. ``timeline``: whether it shows. ``preview``: rows
    of the preview below the stages and the blank row above it; 0 without one.

    A timeline that the person opened shows whole: the stages shrink where rows are few.
    """
    short = height < SHORT
    head, air = (3, 0) if short else (5, 1)
    body = max(0, height - head - _FOOTER)
    share = (0.35 if short else 0.45) if ended else (0.85 if short else 0.7)
    if preview:
        share = 0.65 if ended else 0.8
    lanes = _LANES + air if timeline else 0
    rest = _REST_SHORT if short else _REST
    wanted = (_STAGES if lanes else 0) + lanes
    work = max(int(body * share), min(wanted, body - rest), 0)
    result = None if failed or short else max(0, min(int(body * 0.55), body - work - air))
    return RowBudget(work, max(0, work - lanes - preview), result)
