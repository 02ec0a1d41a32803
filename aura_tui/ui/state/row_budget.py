"""Shares the rows of the job view: stages, timeline and preview, then the result and the log.

Numbers only: the styles decide which of them show; the board's screen applies these numbers.
"""

from __future__ import annotations

from typing import NamedTuple

SHORT = 18  # rows; below it there are no blank rows
HIGH = 40  # rows; from here on the timeline shows, and a preview fits below the stages

STAGES = 5  # rows of the stages, all closed
_LANES = 6  # rows of the timeline
_FOOTER = 1
_REST = 6  # rows that stages and timeline leave to the result or the log
_REST_SHORT = 2
_LOG = 3  # rows of the log; with fewer it isn't worth a pane
_LOG_STEP = 8  # the log's part grows in steps, so that a line more moves nothing


class Wanted(NamedTuple):
    """Rows of each part if it shows whole. ``preview``: of the picture at its full width, with
    its caption; 0 without one below or beside the stages."""

    stages: int = STAGES
    result: int = 0
    log: int = 0
    preview: int = 0


class RowBudget(NamedTuple):
    """Maximum rows of each part; ``work`` is stages, timeline and preview together. ``result``
    None: all remaining rows. ``log``: whether the rest is worth showing the log."""

    work: int
    stages: int
    result: int | None
    preview: int
    log: bool


def row_budget(
    height: int,
    wanted: Wanted,
    *,
    ended: bool,
    failed: bool,
    timeline: bool,
    beside: bool = False,
    fold: int = 0,
) -> RowBudget:
    """The budget on a screen of ``height`` rows. ``timeline``: whether it shows. ``beside``: the
    preview is beside the stages instead of below them. ``fold``: rows of what is open above.

    Each part has a share; rows that others don't want come on top of it. A timeline that the
    person opened shows whole: the stages shrink where rows are few.
    """
    short = height < SHORT
    head, air = (3, 0) if short else (5, 1)
    body = max(0, height - head - _FOOTER - fold)
    frame = 2 * air  # of the log: a blank row and its title
    log = frame + max(_LOG_STEP, -(-wanted.log // _LOG_STEP) * _LOG_STEP)
    result = wanted.result if failed else min(wanted.result, int(body * 0.55))
    lanes = _LANES + air if timeline else 0
    below = 0 if beside or not wanted.preview else min(wanted.preview, int(height * 0.3)) + air
    share = (0.35 if short else 0.45) if ended else (0.85 if short else 0.7)
    if below:
        share = 0.65 if ended else 0.75
    free = body - log - (result + air if ended else 0)
    least = min((STAGES if lanes else 0) + lanes, body - (_REST_SHORT if short else _REST))
    room = max(0, least, int(body * share), free)
    listed = wanted.stages + lanes
    if beside:
        preview = min(wanted.preview, room)
        work = min(max(listed, preview), room)
        stages = work - lanes
    else:
        work = min(listed + below, room)
        if below:  # also what nothing else needs, but no row of the closed stages
            below = max(below, min(wanted.preview + air, room - listed))
            below = max(0, min(below, room - lanes - STAGES))
            work = min(listed + below, room)
        stages = work - lanes - below
        preview = max(0, below - air)
    shows_log = not ended or (not short and body - work - air - result >= frame + _LOG)
    return RowBudget(
        work,
        max(0, stages),
        result if ended and shows_log else None,
        min(preview, work),
        shows_log,
    )
