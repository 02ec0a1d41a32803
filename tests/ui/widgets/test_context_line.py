"""The line on top names the place, the jobs, the engine and the room; what is least important goes
first; an outage has its reason, in a second line where it must be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.status import JobStatus
from aura_tui.service import EngineInfo
from aura_tui.ui.state.context import Context
from aura_tui.ui.state.run import RunState
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.context_line import lines

NOW = datetime(2026, 3, 14, 18, 30).astimezone()  # local: the line shows local times
ENGINE = EngineInfo(
    version="9.9.9", pid=4711, since=NOW.replace(hour=9, minute=26), free_bytes=120_000_000_000
)
COUNTS = ((JobStatus.RUNNING, 2), (JobStatus.QUEUED, 5), (JobStatus.FAILED, 1))
PLACE = "render.example.com:5005"
WHOLE = Context(PLACE, ENGINE, "", COUNTS)


def drawn(
    context: Context, width: int, connection: Connection | None = None, *, ascii_only: bool = False
) -> list[str]:
    run = RunState()
    run.set_connection(connection, NOW)
    news = run.connection_health(NOW)
    glyphs = ASCII if ascii_only else UNICODE
    return [line.plain for line in lines(context, run, news, NOW, width, glyphs)]


def away(status: ConnectionStatus, reason: str) -> Connection:
    since = NOW - timedelta(seconds=74)
    return Connection(
        status=status,
        since=since,
        attempt=13,
        reason=reason,
        retry_at=NOW + timedelta(seconds=25),
        heard_at=since,
    )


def test_what_is_least_important_goes_first() -> None:
    counts = "2 running  5 queued  1 failed"
    name = f"aura-tui 0.1.0 \u00b7 {PLACE} \u00b7 {counts} \u00b7 120 GB free"
    assert drawn(WHOLE, 196) == [f"{name} \u00b7 engine 9.9.9, process 4711 since 09:26"]
    assert drawn(WHOLE, 116) == [f"{name} \u00b7 engine 9.9.9 since 09:26"]
    assert drawn(WHOLE, 100) == [name]
    assert drawn(WHOLE, 76) == [f"{PLACE} \u00b7 {counts} \u00b7 120 GB free"]
    assert drawn(WHOLE, 60) == [f"{PLACE} \u00b7 {counts}"]
    assert drawn(WHOLE, 30) == [counts]
    assert drawn(WHOLE, 20)[0].startswith("render.example")
    yesterday = EngineInfo(pid=1, since=NOW - timedelta(days=1))
    assert drawn(WHOLE._replace(engine=yesterday), 196)[0].endswith("process 1 since 13 Mar")
    low = WHOLE._replace(engine=EngineInfo(free_bytes=900_000_000))
    assert "\u25b2 900 MB free" in drawn(low, 40)[0]
    assert drawn(Context("~/aura", None, "starting", ()), 76)[0].endswith("\u25cb starting")


def test_a_live_connection_is_no_news() -> None:
    live = Connection(status=ConnectionStatus.LIVE, since=NOW, heard_at=NOW)
    assert drawn(WHOLE, 116, live) == drawn(WHOLE, 116)
    late = Connection(
        status=ConnectionStatus.LIVE,
        since=NOW - timedelta(hours=1),
        heard_at=NOW - timedelta(seconds=6),
        late_s=5.0,
    )
    assert drawn(WHOLE, 116, late)[0].endswith("\u25b2 last heard 6 s ago")


def test_the_reason_of_an_outage_has_its_place_at_every_width() -> None:
    reason = "a web page answered instead of the engine (HTTP 200, text/html)"
    gone = away(ConnectionStatus.RETRYING, reason)
    for width in (76, 116, 196):
        found = drawn(WHOLE, width, gone)
        assert "connection lost" in found[0]
        assert "retrying in 25 s" in found[0]
        assert PLACE[:10] in found[0]
        assert "\n".join(found).count(reason) == 1
        assert len(found) == (2 if width == 76 else 1)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_it_fits_every_width_whatever_it_has_to_say(ascii_only: bool) -> None:
    hostile = Context("\x1b[2J" + "p" * 300, ENGINE, "connecting", COUNTS)
    for context in (WHOLE, hostile, Context("", None, "", ())):
        for connection in (None, *(away(status, "why " * 100) for status in ConnectionStatus)):
            for width in (18, 38, 76, 116, 196):
                found = drawn(context, width, connection, ascii_only=ascii_only)
                assert len(found) <= 2
                assert max(map(len, found)) <= width
                assert "\x1b" not in "".join(found)
