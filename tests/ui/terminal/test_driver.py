"""The writer of the board: a terminal that hangs up or takes nothing never keeps us waiting."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.ui.terminal.driver import MAX_WAITING_CHARS, Output
from tests.e2e.program import Program
from tests.ui import recordings
from tests.waiting import alive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.close()


class Stuck:
    """A file that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.got: list[str] = []
        self.flushed: list[str] = []

    def write(self, text: str) -> int:
        self.go.wait(10)
        self.got.append(text)
        return len(text)

    def flush(self) -> None:
        self.flushed = [*self.got]


class Raw:
    """A terminal's descriptor as a file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        return os.write(self._descriptor, text.encode())

    def flush(self) -> None:
        pass


def output(file: object) -> tuple[Output, threading.Event]:
    drained = threading.Event()
    thread = Output(file, drained.set)  # type: ignore[arg-type]  # what it uses of a file
    thread.start()
    return thread, drained


def test_what_fits_is_written_in_order() -> None:
    file = Stuck()
    file.go.set()
    thread, drained = output(file)
    for number in range(100):
        thread.write(f"{number} ")
    thread.stop()
    assert "".join(file.got) == "".join(f"{number} " for number in range(100))
    assert file.flushed == file.got  # nothing is left for Python to flush at its end
    assert not drained.is_set()


def test_a_stuck_terminal_is_sent_a_bounded_part_and_told_of_when_it_takes_output_again() -> None:
    file = Stuck()
    thread, drained = output(file)
    frame = "x" * 10_000
    for _ in range(1000):  # 10 MB
        thread.write(frame)
    assert not drained.is_set()
    file.go.set()
    assert drained.wait(10)
    assert sum(map(len, file.got)) <= MAX_WAITING_CHARS + 2 * len(frame)
    thread.write("after")
    thread.stop()
    assert file.got[-1] == "after"


def test_a_terminal_that_has_hung_up_is_dropped() -> None:
    main, terminal = pty.openpty()
    thread, _ = output(Raw(terminal))
    os.close(main)
    for _ in range(100):
        thread.write("nobody reads this\n")
    thread.stop()
    assert not thread.is_alive()
    os.close(terminal)


def test_a_hang_up_ends_the_board(program: Program) -> None:
    recording = program.folder / "run.jsonl"
    recordings.success().write(recording)
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "aura_tui", "replay", str(recording), "--speed", "0.1"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=program.environ,
        start_new_session=True,
        preexec_fn=_takes_the_terminal,
    )
    os.close(terminal)
    seen = b""
    while b"Script" not in seen:
        seen += os.read(main, 65536)
    os.close(main)  # the terminal is gone, and the kernel says so: SIGHUP
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(process.pid)
    assert process.returncode == 129


def _takes_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
