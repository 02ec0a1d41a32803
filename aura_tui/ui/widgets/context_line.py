"""The line on top of the board: program, place, jobs, engine, free room; the connection if it is
news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui import __version__
from aura_tui.format import words
from aura_tui.model.job import INTERRUPTED
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.header import SEVERITY_STYLE, STATUS_STYLE, severity_sign, spread
from aura_tui.ui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aura_tui.service import EngineInfo
    from aura_tui.ui.state.context import Context
    from aura_tui.ui.state.health import Health
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.theme.glyphs import Glyphs

_MIN_PLACE = 12  # cells of the place beside news
_MAX_PLACE = 60


class ContextLine(LineWidget):
    """One line; a second one if the reason of an outage needs it."""

    def __init__(self, reconnect_key: str) -> None:
        super().__init__(id="context")
        self._reconnect_key = reconnect_key

    def show(self, context: Context, run: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw as of ``now``."""
        width = self.content_size.width
        if width:
            news = run.connection_health(now, reconnect_key=self._reconnect_key)
            found = lines(context, run, news, now, width, glyphs)
            self.styles.height = len(found)
            self.paint(found, glyphs)


def lines(
    context: Context,
    run: RunState,
    news: Health | None,
    now: datetime,
    width: int,
    glyphs: Glyphs,
) -> list[Content]:
    """The lines, each at most ``width`` cells. ``news``: what is wrong with the connection."""
    if news is None and context.waits:
        right, rest = Content.styled(f"{glyphs.waiting} {context.waits}", MUTED), ""
    elif news is None:
        right, rest = Content(""), ""
    else:
        reason = run.connection.reason if run.connection is not None else ""
        text, rest = _news(news, clean_line(reason, 200), width - _beside(context.place) - 2)
        sign = severity_sign(news.severity, glyphs)
        right = Content.styled(f"{sign} {text}", SEVERITY_STYLE[news.severity])
    room = width - (right.cell_length + 2 if right else 0)
    left = _left(context, now, room, glyphs)
    first = spread(left, right, width) if right else left.truncate(width, ellipsis=True)
    if not rest or news is None:
        return [first]
    second = Content.styled(rest, SEVERITY_STYLE[news.severity])
    return [first, second.truncate(width, ellipsis=True)]


def _beside(place: str) -> int:
    """Cells that the place has beside news."""
    return min(len(place), _MIN_PLACE) + 2


def _news(news: Health, reason: str, room: int) -> tuple[str, str]:
    """The longest form that fits ``room``, and the reason if that form doesn't give it all."""
    fitting = [form for form in news.forms if len(form) <= room] or [news.forms[-1]]
    if not reason or reason in fitting[0]:
        return fitting[0], ""
    short = reason.partition(" (")[0]
    return next((form for form in fitting if short not in form), fitting[-1]), reason


def _left(context: Context, now: datetime, room: int, glyphs: Glyphs) -> Content:
    """As many parts as there is room for; the least important ones are left out first."""
    engine = context.engine
    place = Content.styled(clean_line(context.place, _MAX_PLACE), "bold")
    name = Content.styled(f"aura-tui {__version__}", MUTED)
    told = [
        Content.styled(f"{count:,} {words.JOB_WORDS[status]}", STATUS_STYLE[status])
        for status, count in context.counts
    ]
    if context.interrupted:
        told.append(Content.styled(f"{context.interrupted:,} {INTERRUPTED}", "$warning"))
    counts = Content("  ").join(told)
    free = Content("")
    if engine is not None and engine.free_bytes is not None:
        style = "$warning" if context.is_low else MUTED
        sign = f"{glyphs.warning} " if context.is_low else ""
        free = Content.styled(f"{sign}{words.size(engine.free_bytes)} free", style)
    dot = Content.styled(f" {glyphs.dot} ", MUTED)
    parts = (name, place, counts, free)
    ways = [
        *((*parts, Content.styled(form, MUTED)) for form in _engine_forms(engine, now)),
        parts,
        (place, counts, free),
        (place, free) if context.is_low else (place, counts),
        (free, counts) if context.is_low else (counts,),
        (place,),
    ]
    joined = (dot.join(part for part in way if part) for way in ways)
    return next((line for line in joined if line and line.cell_length <= room), place)


def _engine_forms(engine: EngineInfo | None, now: datetime) -> Iterator[str]:
    if engine is None or engine.pid is None:
        return
    version = f" {engine.version}" if engine.version not in ("", __version__) else ""
    name = f"engine{version}"
    if engine.since is not None:
        since = _clock(engine.since, now)
        yield f"{name}, process {engine.pid} since {since}"
        yield f"{name} since {since}"
    yield f"{name}, process {engine.pid}"


def _clock(at: datetime, now: datetime) -> str:
    """A time of today, else a date; local. A span would change all the time."""
    here, today = at.astimezone(), now.astimezone()
    return here.strftime("%H:%M") if here.date() == today.date() else here.strftime("%d %b")
