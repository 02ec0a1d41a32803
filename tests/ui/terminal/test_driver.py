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

from aura_tui.system.fd_writer import MAX_WAITING_BYTES
from aura_tui.ui.terminal.driver import Output
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


class Pipe:
    """A reader that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.out, self.into = os.pipe()
        self.got = bytearray()
        self._reader = threading.Thread(target=self._read)

    def _read(self) -> None:
        while block := os.read(self.out, 1 << 16):
            self.got += block
        os.close(self.out)

    def go(self) -> None:
        self._reader.start()

    def close(self) -> None:
        """Return when all is read."""
        os.close(self.into)
        self._reader.join()


def output(fd: int) -> tuple[Output, threading.Event]:
    drained = threading.Event()
    return Output(fd, "ascii", drained.set), drained


def test_what_fits_is_written_in_order() -> None:
    pipe = Pipe()
    pipe.go()
    out, drained = output(pipe.into)
    for number in range(100):
        out.write(f"{number} ")
    out.write("one \ud83d ")  # as wide as what it can't show
    out.stop()
    pipe.close()
    assert pipe.got.decode() == "".join(f"{number} " for number in range(100)) + "one ? "
    assert not drained.is_set()


def test_a_stuck_terminal_is_sent_a_bounded_part_and_told_of_when_it_takes_output_again() -> None:
    pipe = Pipe()
    out, drained = output(pipe.into)
    frame = "x" * 10_000
    for _ in range(1000):  # 10 MB
        out.write(frame)
    assert not drained.is_set()
    pipe.go()
    assert drained.wait(10)
    out.write("after")
    out.stop()
    pipe.close()
    taken = 1 << 16  # a pipe, before anybody reads
    assert len(pipe.got) <= taken + MAX_WAITING_BYTES + 2 * len(frame) + len("after")
    assert pipe.got.endswith(b"after")


def test_a_killed_board_waits_for_no_terminal() -> None:
    stuck, idle = Pipe(), Pipe()
    for pipe, text in ((stuck, "x" * 200_000), (idle, "x")):
        out, _ = output(pipe.into)
        out.write(text)
        began = time.monotonic()
        out.abandon()
        assert time.monotonic() - began < (1.0 if pipe is stuck else 0.2)
        pipe.go()
        pipe.close()
    assert idle.got == b"x"


def test_a_terminal_that_has_hung_up_is_dropped() -> None:
    main, terminal = pty.openpty()
    out, _ = output(terminal)
    os.close(main)
    for _ in range(100):
        out.write("nobody reads this\n")
    out.stop()
    assert out._writer.idle
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
