"""A job's log as text."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from aura_tui.model import events as ev
from aura_tui.model.stages import Stage
from aura_tui.wire.log_text import log_line

AT = datetime(2026, 7, 1, 20, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("zone", "time_there"),
    [
        ("UTC", "2026-07-01T20:00:00.123+00:00"),
        ("Asia/Kolkata", "2026-07-02T01:30:00.123+05:30"),
        ("America/New_York", "2026-07-01T16:00:00.123-04:00"),
    ],
)
def test_times_are_local_and_say_their_offset(
    monkeypatch: pytest.MonkeyPatch, zone: str, time_there: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        logged = ev.JobLogged(job_id="1", timestamp=AT, message="made", stage=Stage.VOICE)
        assert log_line(logged) == f"{time_there} info    Voice: made"
        for year in (1, 9999):  # of a recording, say: no local time, but a line
            edge = datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, 0, 0, 0, 0, UTC)
            edge = edge.replace(hour=23 if year == 9999 else 0)
            at_edge = ev.Warned(job_id="1", timestamp=edge, message="odd")
            assert log_line(at_edge).endswith("warning Job: odd")
    finally:
        monkeypatch.undo()
        time.tzset()
