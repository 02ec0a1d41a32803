"""``aura-tui logs``."""

from __future__ import annotations

import io

from aura_tui.model.events import JobLogged
from aura_tui.model.stages import Stage
from aura_tui.views.log import LogEntry, LogPrinter, parse_entries
from aura_tui.wire.log_text import log_line
from tests.ui.recordings import BEGIN


def test_what_the_log_writes_is_what_is_read_of_it() -> None:
    event = JobLogged(
        job_id="j",
        correlation_id="c",
        timestamp=BEGIN,
        message="a: b\nand more",
        stage=Stage.VOICE,
        severity="warning",
    )
    (entry,) = parse_entries(log_line(event) + "\n")
    assert entry == LogEntry(BEGIN, "warning", Stage.VOICE, "a: b\nand more")


async def test_lines_of_another_kind_of_engine_stay_unless_something_is_chosen() -> None:
    text = "started\n2026-01-01 info no colon\n\x1b[2J\n"
    for choice, count in (({}, 3), ({"severity": "error"}, 0), ({"stage": Stage.VOICE}, 0)):
        out = io.StringIO()
        await LogPrinter(out, **choice).write(text)
        assert len(out.getvalue().splitlines()) == count
        assert "\x1b" not in out.getvalue()
