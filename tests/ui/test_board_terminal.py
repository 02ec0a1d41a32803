"""The board on a real terminal: it appears, it answers, and it leaves the terminal as it was."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aura_tui.model import events as ev
from tests.e2e.shell import TAKES_THE_TERMINAL
from tests.homes import fill
from tests.ui import recordings
from tests.ui.pseudo_terminal import Terminal, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import asyncio, signal, sys
from contextlib import asynccontextmanager
from pathlib import Path
from aura_tui.errors import AuraError
from aura_tui.replay.service import ReplayService
from aura_tui.settings import Settings
from aura_tui.ui.run import board
from aura_tui.ui.state.options import BoardOptions as Look

@asynccontextmanager
async def make():
    service = await ReplayService.open(Path(sys.argv[1]), float(sys.argv[2]))
    yield service
    await service.aclose()
    print("service closed")

async def find(service):
    return service.job_ids[0]

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell starts jobs with &
try:
    look = Look(settings=Settings(home=Path(sys.argv[1])), read_only=len(sys.argv) > 3)
    outcome = asyncio.run(board(make, find, look))
except AuraError as e:
    print("error", e.code)
    sys.exit(3)
print("status", outcome.job and outcome.job.status, "interrupted", outcome.interrupted)
"""


def board(tmp_path: Path, speed: str = "0", **environ: str) -> Iterator[Terminal]:
    path = recordings.success().write(tmp_path / "run.jsonl")
    command = [sys.executable, "-c", PROGRAM, str(path), speed]
    with terminal(command, {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **environ}) as shown:
        yield shown


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Terminal]:
    yield from board(tmp_path)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Terminal]:
    """The recording takes minutes: the run is under way. The terminal has a stack of titles."""
    yield from board(tmp_path, "0.2", XTERM_VERSION="XTerm(379)")


@pytest.fixture
def colourless(tmp_path: Path) -> Iterator[Terminal]:
    yield from board(tmp_path, NO_COLOR="1", COLORTERM="truecolor")


def restored(shown: Terminal) -> None:
    assert shown.modes == shown.modes_before
    for sequence in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l"):  # screen, cursor, mouse
        assert sequence in shown.sent


def test_it_shows_the_run_and_q_ends_it_and_restores_the_terminal(ended: Terminal) -> None:
    ended.shows("Succeeded after")
    ended.shows(recordings.VIDEO)
    ended.type("q")
    assert ended.ends() == 0
    restored(ended)
    after = ended.sent.rsplit(b"\x1b[?1049l", 1)[1].decode()
    assert "service closed" in after  # the engine is let go when the terminal is the shell's
    assert "status Succeeded interrupted False" in after


def test_ctrl_c_asks_and_the_answer_ends_it(slow: Terminal) -> None:
    slow.shows("running")
    slow.type("\x03")
    slow.shows("Quit while a job is running?")
    slow.shows("ctrl+c again: cancel")
    slow.type("j\r")
    assert slow.ends() == 0
    restored(slow)
    assert "status Running interrupted False" in slow.text


def test_a_sigint_from_outside_restores_the_terminal(slow: Terminal) -> None:
    slow.shows("running")
    os.kill(slow.process.pid, signal.SIGINT)
    assert slow.ends() != 0
    restored(slow)
    assert "service closed" in slow.text


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGABRT])
def test_a_signal_that_kills_restores_the_terminal_first(
    slow: Terminal, number: signal.Signals
) -> None:
    slow.shows("running")
    while b"\x1b[22;2t" not in slow.sent:  # the window's title is ours
        assert slow.read(5.0)
    os.kill(slow.process.pid, number)
    assert slow.ends() == -number
    restored(slow)
    last = slow.sent[-400:]
    assert not re.search(rb"\x1b\[[<>=][\d;]*u", slow.sent)  # kitty's keyboard protocol
    # Paste, focus, wrapping and size reports; the window's title; and nothing after it.
    for sequence in (b"[?2004l", b"[?1004l", b"[?7h", b"[?1006l", b"[?1003l", b"[23;2t"):
        assert b"\x1b" + sequence in last, sequence
    assert last.rsplit(b"\x1b[?1049l", 1)[1].replace(b"\x1b[?25h", b"") == b"\x1b[?1004l"
    assert "Traceback" not in slow.text


BROKEN = """
import sys
from aura_tui.ui.app import BoardApp
def fail(self, name):
    raise RuntimeError("broken")
BoardApp.action_part = fail
from aura_tui.cli.app import main
main()
"""


def test_what_is_set_in_the_terminal_is_unset_however_the_board_ends(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    path = recordings.success().write(tmp_path / "run.jsonl")
    command = [sys.executable, "-c", BROKEN, "replay", str(path), "--speed", "0.2"]
    signals = signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT
    for end in ("q", "t", *signals):
        with terminal(command, environ | {"XTERM_VERSION": "XTerm(379)"}) as shown:
            shown.shows("running")
            while b"\x1b[22;2t" not in shown.sent:
                assert shown.read(5.0)
            if isinstance(end, str):
                shown.type(end)
            else:
                shown.process.send_signal(end)
            shown.ends()
            assert shown.modes == shown.modes_before, end
            modes = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", shown.sent))  # the last of each
            assert modes.pop(b"25") == modes.pop(b"7") == b"h", end  # cursor, wrapping
            assert set(modes.values()) == {b"l"}, (end, modes)
            assert {b"1000", b"1003", b"1006", b"1015", b"1049", b"2004"} <= set(modes)
            assert shown.sent.count(b"\x1b[22;2t") == shown.sent.count(b"\x1b[23;2t") == 1, end


def test_a_shell_after_a_killed_board_gets_plain_keys_and_no_focus(
    environ: dict[str, str], tmp_path: Path
) -> None:
    path = recordings.success().write(tmp_path / "run.jsonl")
    command = [sys.executable, "-m", "aura_tui", "replay", str(path), "--speed", "0.2"]
    for term in ("xterm-kitty", "linux"):
        with terminal(command, environ | {"TERM": term}) as shown:
            shown.shows("running")
            shown.type("\x1b[<35;3;24M\x1b[<35;30;12M")  # the mouse over a key, and away
            while shown.read(0.5):
                pass
            asked = re.findall(rb"\x1b\[[<>=?][\d;]*u|\x1b\[\?1004h|\x1b\[>4;?\d*m", shown.sent)
            assert asked == [], term
            if term == "linux":  # it would show a part of these
                told = re.findall(rb"\x1b\]|\x1bP|\x1b_|\$p|\x1b\[c|\x1b\[>", shown.sent)
                assert told == []


def test_a_board_whose_terminal_has_no_focus_shows_all_of_itself(slow: Terminal) -> None:
    while b"\x1b[?1049h" not in slow.sent:
        slow.read(0.1)
    slow.type("\x1b[O")  # as a terminal reports that another program has asked for it
    keys = slow.settles("running", "q Quit")[-1]
    slow.type("\x1b[I")
    assert slow.settles("running", "q Quit")[-1] == keys
    slow.type("?")
    slow.settles("Close")


HUNG = """
import sys, time
from aura_tui.ui.sync.lifecycle import Lifecycle
Lifecycle.start = lambda self: time.sleep(600)
from aura_tui.cli.app import main
sys.argv[1:] = []
main()
"""


@pytest.mark.parametrize("key", ["\x1c", "\x1b[92;5u", ""])
def test_ctrl_backslash_ends_a_board_that_hangs_and_a_sigquit_one_whose_terminal_does(
    environ: dict[str, str], key: str
) -> None:
    command = [sys.executable, "-c", TAKES_THE_TERMINAL, sys.executable, "-c", HUNG]
    with terminal(command, environ, (300, 100)) as shown:
        shown.shows("q Quit")
        while termios.tcgetattr(shown._slave)[3] & termios.ECHO or shown.read(0.5):
            pass
        if not key:
            filler = os.open(os.ttyname(shown._slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            while select.select([], [filler], [], 0.2)[1]:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        os.write(filler, b"." * 100)
            os.close(filler)
            shown.process.send_signal(signal.SIGQUIT)
        else:
            shown.type(key)
        assert shown.process.wait(10) == -signal.SIGQUIT
        assert shown.modes == shown.modes_before
        if key:
            shown.ends()
            restored(shown)


def test_a_service_that_will_not_open_is_an_error_on_a_restored_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "nothing.jsonl"), "1"]
    with terminal(command, {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}) as shown:
        assert shown.ends() == 3
        restored(shown)
        after = shown.sent.rsplit(b"\x1b[?1049l", 1)[1].decode()
        assert "error E109" in after
        assert "Traceback" not in shown.text


def test_no_color_sends_no_colour(colourless: Terminal) -> None:
    colourless.shows("Succeeded after")
    colourless.type("q")
    assert colourless.ends() == 0
    for parameters in re.findall(rb"\x1b\[([0-9;]*)m", colourless.sent):
        for code in parameters.split(b";"):
            assert code in (b"", b"39", b"49") or int(code) < 30, parameters


def test_an_idle_board_writes_nothing(ended: Terminal) -> None:
    ended.shows("Succeeded after")
    while ended.read(1.6):  # what was still on its way; a title comes a second after the last
        pass
    assert ended.read(1.5) == b""


def test_a_stderr_that_is_a_file_gets_no_screen(tmp_path: Path, environ: dict[str, str]) -> None:
    path = recordings.success().write(tmp_path / "run.jsonl")
    command = [sys.executable, "-m", "aura_tui", "replay", str(path), "--speed", "0"]
    with (tmp_path / "errors").open("wb") as errors, terminal(command, environ, stderr=errors) as t:
        t.settles("Succeeded after", recordings.VIDEO)
        t.type("q")
        assert t.ends() == 0
        restored(t)
    assert (tmp_path / "errors").read_bytes() == b""


def test_a_terminal_that_vanishes_without_a_signal_ends_the_board(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    path = recordings.success().write(tmp_path / "run.jsonl")
    command = [sys.executable, "-m", "aura_tui", "replay", str(path), "--speed", "0"]
    with terminal(command, environ) as shown:
        shown.settles("Succeeded after")
        shown.hang_up()
        assert shown.process.wait(20) == 128 + signal.SIGHUP


def test_ctrl_l_mends_what_another_program_wrote_on_the_screen(ended: Terminal) -> None:
    rows = ended.settles("Succeeded after", recordings.VIDEO)
    for y in (2, 12, 20):
        ended.scribble(f"\x1b[{y};1HBroadcast message: the machine goes down")
    assert sum("Broadcast" in row for row in ended.settles("Broadcast")) == 3
    ended.type("\x0c")
    while any("Broadcast" in row for row in ended.rows):
        assert ended.read(5.0)
    assert ended.settles(recordings.VIDEO) == rows


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    home = {"HOME": str(tmp_path), "AURA_HOME": str(tmp_path / "aura"), "AURA_CONFIG": os.devnull}
    return {"PYTHONPATH": str(ROOT), **home}


def test_a_recording_shows_on_the_board_and_follows_the_terminals_size(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    path = recordings.success().write(tmp_path / "run.jsonl")
    command = [sys.executable, "-m", "aura_tui", "replay", str(path), "--speed", "0"]
    with terminal(command, environ) as shown:
        rows = shown.settles("Succeeded after", "recorded", recordings.VIDEO, "q Quit")
        assert len(rows) == 24
        shown.resize((120, 40))
        rows = shown.settles("Succeeded after", "1 done", "q Quit")
        assert rows[39].lstrip().startswith("o Open")
        # The line of the replay, above the keys, is as wide as the terminal.
        assert all(row[44:46].strip() in ("\u2502", "") for row in rows[:38])
        shown.resize((40, 12))
        rows = shown.settles("Succeeded after", "6.1 MB", "o Open")
        assert len(rows) == 12
        assert all(len(row) <= 40 for row in rows)
        shown.type("L")
        shown.settles("Visuals: 8 scenes", "end Follow")
        assert "6.1 MB" not in "".join(shown.rows)
        shown.type("g")
        shown.settles("Job accepted")
        shown.type("q")
        assert shown.ends() == 0
        restored(shown)
        after = shown.sent.rsplit(b"\x1b[?1049l", 1)[1].decode()
        assert recordings.VIDEO in after  # the board is gone with its screen; this stays


def test_text_opens_in_the_pager_in_place_of_the_board_which_then_comes_back(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    log = tmp_path / "ffmpeg.log"
    log.write_text("x264 failed\n")
    tape = recordings.Tape()
    recordings.start(tape)
    tape.tell(ev.JobFailed, error_message="no encoder", log_path=str(log))
    path = tape.write(tmp_path / "run.jsonl")
    pager = tmp_path / "pager"
    pager.write_text(
        "#!/bin/sh\ntrap 'echo interrupted' INT\necho paging; cat $2\n"
        'while ! read answer; do :; done; echo "read $answer"\n'
    )
    pager.chmod(0o755)
    command = [sys.executable, "-m", "aura_tui", "replay", str(path), "--speed", "0"]
    wrapped = [sys.executable, "-c", TAKES_THE_TERMINAL, *command]
    with terminal(wrapped, {**environ, "PAGER": f"{pager} -x"}) as shown:
        shown.settles("Failed in Script", "ffmpeg.log", "o Open")
        for _ in range(2):
            shown.type("o")
            shown.shows("paging")
            shown.type("\x03")  # the pager's own
            shown.shows("interrupted")
            shown.type("done\r")
            shown.shows("read done")
            between = shown.sent.rsplit(b"paging", 1)[1].split(b"read done", 1)[0]
            assert b"\x1b[" not in between, "the board wrote over the pager"
            shown.forget()
            shown.settles("Failed in Script", "o Open")
        shown.type("q")
        assert shown.ends() == 1
        restored(shown)


def test_the_jobs_of_a_home_show_and_are_gone_through(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    fill(tmp_path / "aura", [f"Video {n}" for n in range(300)])
    with terminal([sys.executable, "-m", "aura_tui"], environ, (110, 30)) as shown:
        shown.settles("30 failed", "270 done", "Video 299", "Failed in Rendering")
        shown.type("/video 150\r")
        shown.settles("filter: video 150", "Video 150", "Succeeded after")
        shown.resize((80, 24))
        shown.type("\r")
        shown.settles("Video 150", "Succeeded after", "esc Back")
        shown.type("\x1b")
        shown.settles("filter: video 150")
        shown.type("q")
        assert shown.ends() == 0
        restored(shown)


def test_keys_that_clash_are_told_before_the_board_opens(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "aura_tui"]
    with terminal(command, {**environ, "AURA_BOARD_KEYS": "run.cancel=r"}) as shown:
        assert shown.ends() == 2
        assert "run.cancel and run.retry both use the key r" in shown.text
        assert b"\x1b[?1049h" not in shown.sent


def test_a_dumb_terminal_gets_one_clear_line_and_no_board(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aura_tui"]
    environ = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "AURA_HOME": str(tmp_path / "home")}
    with terminal(command, {**environ, "TERM": "dumb"}) as shown:
        assert shown.ends() == 2
        assert b"\x1b" not in shown.sent
        assert "TERM=dumb" in shown.text
        assert "aura-tui jobs" in shown.text
    assert not (tmp_path / "home").exists()  # nothing was opened for it
