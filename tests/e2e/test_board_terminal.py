"""What a terminal can do to the board, and to the run in its process."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.model import events as ev
from tests.chaos.terminal_run import hang_up, storm, stuck
from tests.e2e.shell import PROMPT, on_terminal, shell
from tests.e2e.test_one_engine import soon
from tests.e2e.test_run import events
from tests.waiting import below, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.program import Program
    from tests.ui.pseudo_terminal import Terminal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
WORK = ("--resolution", "1920x1080", "--fps", "30", "--duration", "30")  # long enough to be seen
NO_UTF8 = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def sees(shown: Terminal, holds: Callable[[], object]) -> None:
    """Return once it ``holds``; the terminal is read meanwhile."""

    def look() -> object:
        shown.read(0.05)
        return holds()

    soon(look)


def read_on(shown: Terminal, seconds: float) -> None:
    """Take what the terminal is sent for a while."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        shown.read(min(0.1, left))


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash, for its job control")
def test_ctrl_z_stops_the_run_and_fg_shows_it_going_on(program: Program) -> None:
    with shell(program, *program.arguments(*WORK)) as shown:
        shown.shows("Encoding, frame")
        began = time.monotonic()
        sees(shown, lambda: len(below(shown.process.pid)) >= 3)
        shown.type("\x1a")
        shown.shows("Stopped")
        assert b"\x1b[?1049l" in shown.sent  # the terminal is the shell's again
        stopped = below(shown.process.pid)
        assert len(stopped) >= 3
        soon(lambda: all(state(pid) == "T" for pid in stopped))
        rest = time.monotonic()
        read_on(shown, 2.0)
        assert all(state(pid) == "T" for pid in stopped)
        shown.type("bg\n")  # it has no terminal to show: it stays stopped, and so do they
        shown.shows(" &")
        sees(shown, lambda: all(state(p) == "T" for p in stopped if _there(p)))
        read_on(shown, 0.5)
        assert all(state(p) == "T" for p in below(shown.process.pid))
        shown.type("fg\n")
        sees(shown, lambda: not any(state(p) == "T" for p in stopped if _there(p)))
        rested = time.monotonic() - rest
        # All of the screen is there, what hasn't changed too: nothing of it was left.
        shown.settles("How tides work", "\u2713 Script", "\u2713 Voice", "c Cancel", "q Quit")
        shown.type("\x03")
        shown.shows("ctrl+c again: cancel")
        shown.type("\x03")
        shown.shows("cancelled")
        shown.shows(f"{PROMPT}")
    told = events(program.run("watch", "--progress", "json").stdout.encode())
    ended = [e.event for e in told if isinstance(e.event, ev.StepStatusChanged)][-1]
    assert ended.step.value == "Rendering"
    # No clock of the job counts the rest; that it had begun was told a little late.
    assert ended.duration_ms is not None
    assert ended.duration_ms / 1000 < time.monotonic() - began - rested + 0.5


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash, for its exit status")
@pytest.mark.parametrize("progress", ["tui", "plain"])
def test_ctrl_backslash_kills_run_and_children_and_gives_the_terminal_back(
    program: Program, progress: str
) -> None:
    with shell(program, *program.arguments(*WORK), "--progress", progress) as shown:
        shown.shows("Encoding")
        sees(shown, lambda: len(below(shown.process.pid)) >= 3)
        running = below(shown.process.pid)
        shown.type("\x1c")
        soon(lambda: not any(_there(pid) for pid in running))
        shown.type("echo status $?\n")
        shown.shows("status 131")
        last = shown.sent.rsplit(b"\x1b[?1049l", 1)
        assert len(last) == (2 if progress == "tui" else 1)
        assert b"\x1b[?1049h" not in last[-1]
        assert "Traceback" not in shown.text
    # What was finished is kept: the next engine resumes the job.
    assert [job["status"] for job in program.jobs()] == ["Running"]


def _there(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}/stat")


def test_a_stop_by_others_leaves_the_terminals_modes_to_be_restored(program: Program) -> None:
    with on_terminal(program) as shown:
        shown.settles("No jobs yet")
        threads = len(os.listdir(f"/proc/{shown.process.pid}/task"))
        for _ in range(3):
            os.kill(shown.process.pid, signal.SIGSTOP)
            soon(lambda: state(shown.process.pid) == "T")
            os.kill(shown.process.pid, signal.SIGCONT)
            shown.forget()
            shown.shows("No jobs yet")  # drawn anew: who knows what became of the screen
        assert len(os.listdir(f"/proc/{shown.process.pid}/task")) <= threads
        shown.type("q")
        assert shown.ends() == 0
        assert shown.modes == shown.modes_before


def test_a_storm_of_sizes_down_to_one_cell_leaves_board_and_run_whole(program: Program) -> None:
    storm(program, random.Random(1), seconds=1.0)


def test_a_board_on_one_cell_runs_and_ends(program: Program) -> None:
    with on_terminal(program, *program.arguments(), size=(1, 1)) as shown:
        sees(shown, lambda: [j["status"] for j in program.jobs()] == ["Succeeded"])
        read_on(shown, 0.5)
        shown.type("q")
        assert shown.ends() == 0
        assert "Traceback" not in shown.text


def test_a_stuck_terminal_stops_no_render_and_shows_the_end_when_it_is_well(
    program: Program,
) -> None:
    stuck(program, seconds=1.0)


def test_a_hang_up_of_the_board_stops_the_run_for_later(program: Program) -> None:
    hang_up(program, random.Random(1))


def test_a_damaged_store_is_told_on_the_board_and_when_it_has_gone(program: Program) -> None:
    program.home.mkdir()
    (program.home / "aura.db").write_bytes(b"no store" * 1000)
    with on_terminal(program, *program.arguments()) as shown:
        shown.shows("The database was damaged")
        sees(shown, lambda: [j["status"] for j in program.jobs()] == ["Succeeded"])
        shown.type("q")
        assert shown.ends() == 0
        assert "Warning: The database was damaged and moved to " in shown.text
        assert "[E803]" in shown.text


def test_a_terminal_that_nobody_knows_gets_the_board(program: Program) -> None:
    with on_terminal(program, environ={"TERM": "nosuchterm"}) as shown:
        shown.settles("No jobs yet", "q Quit")
        shown.type("q")
        assert shown.ends() == 0
        assert shown.modes == shown.modes_before


def test_a_dumb_terminal_gets_lines_and_no_sequence(program: Program) -> None:
    with on_terminal(program, *program.arguments(), environ={"TERM": "dumb"}) as shown:
        assert shown.ends() == 0
        assert "succeeded" in shown.text
        assert b"\x1b" not in shown.sent
    with on_terminal(program, environ={"TERM": "dumb"}) as shown:
        assert shown.ends() == 2
        assert "aura-tui jobs" in shown.text
        assert b"\x1b" not in shown.sent


def test_a_locale_without_utf8_gets_a_board_of_ascii(program: Program) -> None:
    program.brief.write_text("# \u00dcber \U0001f30a\n\nDie Flut h\u00f6hlt den Fels.\n", "utf-8")
    with on_terminal(program, *program.arguments(), environ=NO_UTF8) as shown:
        shown.settles("Succeeded after", "q Quit")
        shown.type("q")
        assert shown.ends() == 0
        assert shown.sent.isascii()
        assert "Traceback" not in shown.text


def test_what_the_terminal_was_like_is_what_it_is_like_afterwards(program: Program) -> None:
    with on_terminal(program) as shown:
        shown.settles("No jobs yet")
        assert shown.modes != shown.modes_before
        shown.type("\x11")
        assert shown.ends() == 0
        assert shown.modes == shown.modes_before
        assert isinstance(shown.modes[3], int)
        assert shown.modes[3] & termios.ECHO


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Stop now, resume later", "Resume with: aura-tui"),
        ("Cancel it", "Cancelled. Finished work is kept"),
    ],
)
def test_a_board_that_is_left_says_what_becomes_of_its_work(
    program: Program, answer: str, said: str
) -> None:
    begun = program.start(*program.arguments(*WORK), "--progress", "json")
    assert begun.stdout is not None
    while b'"Rendering"' not in begun.stdout.readline():
        pass
    begun.kill()
    begun.wait()
    with on_terminal(program) as shown:  # takes the work up
        shown.shows("c Cancel")
        shown.type("q")
        rows = shown.settles(answer)
        first = next(y for y, row in enumerate(rows) if "\u276f" in row and "background" in row)
        there = next(y for y, row in enumerate(rows) if answer in row)
        for _ in range(there - first):
            shown.type("\x1b[B")
        shown.settles(f"\u276f {answer}")
        shown.type("\r")
        assert shown.ends() == 0
        assert said in shown.sent.rsplit(b"\x1b[?1049l", 1)[1].decode()
