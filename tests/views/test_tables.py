"""What lists and tables say is what the board says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace
from rich.cells import cell_len

from aura_tui.model.status import JobStatus
from aura_tui.views.tables import print_jobs
from tests.ui.recordings import Tape

if TYPE_CHECKING:
    import pytest


def test_a_job_s_age_and_percent_are_those_of_the_board(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = datetime.now(UTC)
    over = replace(
        Tape("over").job,
        status=JobStatus.CANCELED,
        percent=36.7,
        created_at=now - timedelta(hours=3),
        ended_at=now - timedelta(minutes=4.9),
    )
    waits = replace(Tape("waits").job, created_at=now - timedelta(minutes=119))
    print_jobs([over, waits], engine=True)
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert rows["over"][1:6] == ["cancelled", "36", "-", "4", "m"], "from its end"
    assert rows["waits"][1:6] == ["queued", "0", "-", "1", "h"]


def test_a_long_title_is_cut_on_a_terminal_and_never_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [replace(Tape("a").job, title="wide \u6708 " * 12), Tape("b", title="short").job]
    print_jobs(jobs, engine=True)
    assert jobs[0].title.strip() in capsys.readouterr().out
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_jobs(jobs, engine=True)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert len(lines) == 4
    assert max(cell_len(line) for line in lines) <= 60
    assert any("\u2026" in line for line in lines)
