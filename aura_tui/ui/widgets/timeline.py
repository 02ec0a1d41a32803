"""The timeline: a lane per stage, drawn to scale, each with a tick at its usual end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.format import words
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.plural import counted
from aura_tui.ui.state.timeline import axis_end_s, lanes, tick_step_s
from aura_tui.ui.theme.colours import FAINT, MUTED, TRACK
from aura_tui.ui.widgets.line_widget import LineWidget
from aura_tui.ui.widgets.stage_lines import STEP_STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.state.timeline import Lane
    from aura_tui.ui.theme.glyphs import Glyphs

HEIGHT = 6  # lanes and their axis
_NARROW = 60
_NAME = 16  # cells before the lanes: mark and name, as in the stage rows
_NAME_NARROW = 14
_USUAL = 6  # cells of a usual time
_LABEL = 9  # cells for each tick's label


class TimelineView(LineWidget):
    """HEIGHT rows. The scale grows in steps with the job, and never shrinks."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: tuple[object, ...] = ()  # input of the lines
        self._end_s = 0
        self._job_id = ""

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw ``state`` as of ``now``."""
        width = self.size.width
        if not width:
            return
        job = state.job
        if job is None:
            self._drawn = ()
            self.paint((), glyphs)
            return
        drawn = (
            *(state, state.typical, state.ended, state.over, width, glyphs),
            (job.status, *(step.status for step in job.steps)),
            int(state.clock.elapsed_s(state.seen(now))),  # a running lane grows
        )
        if drawn == self._drawn:
            return
        self._drawn = drawn
        found = lanes(state, now)
        end_s = axis_end_s(found)
        if job.id == self._job_id and not state.ended:
            end_s = max(end_s, self._end_s)
        self._end_s, self._job_id = end_s, job.id
        self.paint(lines(state, found, end_s, width, glyphs), glyphs)


def lines(
    state: RunState, found: list[Lane], end_s: int, width: int, glyphs: Glyphs
) -> Iterator[Content]:
    """The lanes, then the axis from 0 to ``end_s`` active seconds."""
    narrow = width < _NARROW
    paused = state.job is not None and state.job.view_status is JobStatus.PAUSED
    legend = "" if narrow else _legend(state, glyphs)
    side = max(len(legend), 0 if narrow else _USUAL)
    name = _NAME_NARROW if narrow else _NAME
    room = max(1, width - name - side - 1)
    for lane in found:
        held = paused and lane.status is StepStatus.STARTED
        style = "$warning" if held else STEP_STYLE[lane.status]
        mark = glyphs.step(lane.status, paused=paused)
        quiet = lane.status is StepStatus.PENDING
        left = Content.assemble(
            " " * (name - 14), (mark, style), (f" {lane.stage.title:<12}", style if quiet else "")
        )
        right = "" if narrow or lane.usual_s is None else words.usual(lane.usual_s)
        told = Content.styled(f" {right:>{side}}", MUTED)
        yield left + _lane(lane, end_s, room, glyphs, paused) + told
    yield Content(" " * name) + _axis(end_s, room, glyphs) + Content.styled(f" {legend}", FAINT)


def _lane(lane: Lane, end_s: int, room: int, glyphs: Glyphs, paused: bool) -> Content:
    """A lane of ``room`` cells: its time as a bar, the usual time as a thin line to a tick."""
    cells = [(" ", "")] * room
    if lane.began_s is None:
        return _joined(cells)
    style = STEP_STYLE[lane.status]

    def at(seconds: float) -> int:
        return min(room - 1, int(seconds / end_s * room))

    first = at(lane.began_s)
    if lane.status in (StepStatus.REUSED, StepStatus.SKIPPED):
        cells[first] = (glyphs.step(lane.status), style)
        return _joined(cells)
    usual_end = None
    if lane.usual_s is not None:
        usual_end = max(first + 1, at(lane.began_s + lane.usual_s))
        for x in range(first, min(room, usual_end)):
            cells[x] = (glyphs.track, TRACK)
    if lane.ended_s is not None:
        halves = int(lane.ended_s / end_s * room * 2)
        full, half = divmod(min(halves, room * 2), 2)
        for x in range(first, max(first + 1, full)):
            over = lane.slow and usual_end is not None and x > usual_end
            cells[x] = (glyphs.bar, "$warning" if over else style)
        if half and full > first:
            over = lane.slow and usual_end is not None and full > usual_end
            cells[full] = (glyphs.bar_half, "$warning" if over else style)
    if usual_end is not None and usual_end < room:
        cells[usual_end] = (glyphs.tick, "$warning" if lane.slow else MUTED)
    for pause_s in lane.pauses_s:
        cells[at(pause_s)] = (glyphs.paused, "$warning" if paused else MUTED)
    return _joined(cells)


def _joined(cells: list[tuple[str, str]]) -> Content:
    """Join neighbours of the same style into one span, to send fewer."""
    runs: list[tuple[str, str]] = []
    for char, style in cells:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + char, style)
        else:
            runs.append((char, style))
    return Content.assemble(*runs)


def _axis(end_s: int, room: int, glyphs: Glyphs) -> Content:
    """The axis; each label starts at its time, and the one at the end is omitted."""
    step_s = tick_step_s(end_s, max(1, room // _LABEL))
    line = ""
    for tick_s in range(0, end_s, step_s):
        label = words.duration(tick_s)
        x = int(tick_s / end_s * room)
        if x >= len(line) and x + len(label) <= room:
            line = f"{line:<{x}}{label} "
    return Content.styled(f"{line:<{room}}"[:room], FAINT)


def _legend(state: RunState, glyphs: Glyphs) -> str:
    """What the ticks are, and the numbers above it."""
    typical = state.typical
    if typical is None or not typical.seconds:
        return ""
    return f"{glyphs.tick} usual of {counted(typical.runs, 'run')}"
