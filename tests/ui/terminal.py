"""A real terminal for a real process: a pty, what it was sent, and keys typed into it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")


class Terminal:
    """The master side of a pty that ``process`` runs on."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, slave: int) -> None:
        self.process = process
        self.sent = b""
        self._master = master
        self._slave = slave
        self.modes_before = termios.tcgetattr(slave)

    @property
    def modes(self) -> list[object]:
        """The line discipline's settings, as ``tcgetattr`` has them."""
        return termios.tcgetattr(self._slave)

    @property
    def text(self) -> str:
        """All that was sent, without control sequences, in the order it came."""
        return _SEQUENCE.sub(b"", self.sent).decode(errors="replace")

    def read(self, timeout_s: float) -> bytes:
        """What comes next, b"" if nothing does in time or the terminal was let go."""
        if not select.select([self._master], [], [], timeout_s)[0]:
            return b""
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux: the last one on the other side has gone
            return b""
        self.sent += data
        return data

    def shows(self, text: str, timeout_s: float = 20.0) -> None:
        """Return once ``text`` was sent."""
        deadline = time.monotonic() + timeout_s
        while text not in self.text:
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.text[-3000:]}"
            assert self.read(0.1) or self.process.poll() is None, f"it ended:\n{self.text[-3000:]}"

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def ends(self, timeout_s: float = 20.0) -> int:
        """The exit status, once the process has ended."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it doesn't end:\n{self.text[-3000:]}"
            self.read(0.05)
        while self.read(0.0):
            pass
        return self.process.returncode


@contextmanager
def terminal(
    command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int] = (80, 24)
) -> Iterator[Terminal]:
    """``command`` on a terminal of ``size`` (columns, rows); killed at the end if it still runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ},
        start_new_session=True,
    )
    try:
        yield Terminal(process, master, slave)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
