"""A real terminal for a real process: a pty, what it was sent, and keys typed into it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import termios
import time
import tty
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A control sequence whole, the beginning of one that is cut off, or anything else.
_TOKEN = re.compile(
    r"\x1b\[(?P<numbers>[0-?]*)[ -/]*(?P<final>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[^\[\]]|\x1b.*|(?P<char>.)",
    re.DOTALL,
)
_SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")


class Screen:
    """What a terminal shows: characters and where they stand, of the sequences that Textual sends.
    No colours, no scrolling."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.cells: list[list[str]] = []
        self.resize(size)

    def resize(self, size: tuple[int, int]) -> None:
        """Nothing is left of what it showed."""
        self._columns, self._rows = size
        self._x = self._y = 0
        self.cells = [[" "] * self._columns for _ in range(self._rows)]

    def feed(self, text: str) -> None:
        """Show what was sent. A sequence that is cut off is passed over."""
        for token in _TOKEN.finditer(text):
            if token["char"] is not None:
                self._put(token["char"])
            elif token["final"] == "H":
                row, _, column = token["numbers"].partition(";")
                self._y, self._x = int(row or 1) - 1, int(column or 1) - 1
            elif token["final"] == "C":
                self._x += int(token["numbers"] or 1)
            elif token["final"] == "J" or token[0] == "\x1b[?1049h":
                self.resize((self._columns, self._rows))

    def _put(self, char: str) -> None:
        if char == "\n":
            self._y, self._x = self._y + 1, 0
        elif char == "\r":
            self._x = 0
        elif char.isprintable():
            if self._y < self._rows and self._x < self._columns:
                self.cells[self._y][self._x] = char
            self._x += 1

    @property
    def rows(self) -> list[str]:
        """A string a row."""
        return ["".join(row).rstrip() for row in self.cells]


class Terminal:
    """The master side of a pty that ``process`` runs on. ``replies``: to each question, by which it
    is one terminal or another; none at first."""

    def __init__(
        self, process: subprocess.Popen[bytes], master: int, slave: int, size: tuple[int, int]
    ) -> None:
        self.process = process
        self.sent = b""
        self.replies: Mapping[bytes, bytes] = {}
        self._replied_to = 0
        self._master = master
        self._slave = slave
        self.modes_before = termios.tcgetattr(slave)
        self._size_changes = [(0, size)]  # bytes sent before each, and columns and rows then

    def resize(self, size: tuple[int, int]) -> None:
        """Make it another ``size`` (columns, rows), and say so as the kernel does to whoever has it
        as controlling terminal, which the process has not."""
        self._size_changes.append((len(self.sent), size))
        set_size(self._slave, size)
        self.process.send_signal(signal.SIGWINCH)

    def forget(self) -> None:
        """What was sent so far is no matter any more: what comes now draws all of the screen."""
        self.sent = b""
        self._replied_to = 0
        self._size_changes = [(0, self._size_changes[-1][1])]

    def hang_up(self) -> None:
        """Go away: nobody holds the other side any more. As it isn't the process's controlling
        terminal, no signal says so."""
        os.close(self._slave)
        os.close(self._master)
        self._slave = self._master = -1

    def close(self) -> None:
        """Let both sides go."""
        if self._master >= 0:
            self.hang_up()

    @property
    def rows(self) -> list[str]:
        """What the screen shows, a string a row."""
        screen, at = Screen((80, 24)), 0
        for begin, size in self._size_changes:
            screen.feed(self.sent[at:begin].decode(errors="replace"))
            screen.resize(size)
            at = begin
        screen.feed(self.sent[at:].decode(errors="replace"))
        return screen.rows

    def settles(self, *texts: str, timeout_s: float = 20.0) -> list[str]:
        """The screen, once it shows all of ``texts`` and nothing has come for a moment."""
        deadline = time.monotonic() + timeout_s
        while True:
            if not self.read(0.15):  # quiet: to draw it all takes a while
                rows = self.rows
                if all(any(text in row for row in rows) for text in texts):
                    return rows
            if time.monotonic() > deadline:
                shown = "\n".join(self.rows)
                raise AssertionError(f"{texts} don't show:\n{shown}")
            assert self.process.poll() is None, f"it ended:\n{self.text[-3000:]}"

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
        self._reply()
        return data

    def _reply(self) -> None:
        """Reply to the questions that have come, in their order, as a terminal does."""
        while self._master >= 0:
            places = {self.sent.find(each, self._replied_to): each for each in self.replies}
            places.pop(-1, None)
            if not places:
                return
            question = places[min(places)]
            self._replied_to = min(places) + len(question)
            os.write(self._master, self.replies[question])

    def typed(self) -> bytes:
        """What was typed, or replied, and nobody has read."""
        tty.setraw(self._slave, termios.TCSANOW)
        if not select.select([self._slave], [], [], 0)[0]:
            return b""
        return os.read(self._slave, 65536)

    def shows(self, text: str, timeout_s: float = 20.0) -> None:
        """Return once ``text`` was sent, or is on the screen: what was there is not sent again."""
        deadline = time.monotonic() + timeout_s
        while text not in self.text and not any(text in row for row in self.rows):
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.text[-3000:]}"
            assert self.read(0.1) or self.process.poll() is None, f"it ended:\n{self.text[-3000:]}"

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def scribble(self, text: str) -> None:
        """Write on it as another program would."""
        os.write(self._slave, text.encode())

    def ends(self, timeout_s: float = 20.0) -> int:
        """The exit status, once the process has ended."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it doesn't end:\n{self.text[-3000:]}"
            self.read(0.05)
        while self.read(0.3):  # the kernel hands on what was written a little later
            pass
        return self.process.returncode


@contextmanager
def full_terminal() -> Iterator[tuple[int, int]]:
    """Both sides of a terminal that takes no more, as one that nobody reads: where it is read, and
    where a program is started on."""
    master, slave = pty.openpty()
    tty.setraw(slave)  # what is written is what comes
    # Of an opening of its own: the other one stays as it is, as a shell's does.
    filler = os.open(os.ttyname(slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        # The kernel makes some more room a little later.
        while select.select([], [slave], [], 0.1)[1]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(filler, b"." * 100)
        yield master, slave
    finally:
        for fd in (filler, slave, master):
            os.close(fd)


def read_all(process: subprocess.Popen[bytes], master: int) -> bytes:
    """What was written, to the end of the process."""
    told = b""
    while True:
        ended = process.poll() is not None
        if select.select([master], [], [], 0.3)[0]:
            told += os.read(master, 65536)
        elif ended:
            return told


def set_size(fd: int, size: tuple[int, int], pixels: tuple[int, int] = (0, 0)) -> None:
    """Columns and rows of a terminal, and the width and height of a cell in ``pixels``."""
    (columns, rows), (width, height) = size, pixels
    fcntl.ioctl(
        fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, columns * width, rows * height)
    )


def _no_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # of what a test kills


@contextmanager
def terminal(
    command: Sequence[str],
    environ: Mapping[str, str],
    size: tuple[int, int] = (80, 24),
    stderr: IO[bytes] | None = None,
    pixels: tuple[int, int] = (0, 0),
) -> Iterator[Terminal]:
    """``command`` on a terminal of ``size`` (columns, rows) with cells of ``pixels``, if it tells;
    killed at the end if it still runs.
    ``stderr`` goes to the terminal, too, where it isn't sent elsewhere."""
    master, slave = pty.openpty()
    set_size(slave, size, pixels)
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave if stderr is None else stderr,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ},
        start_new_session=True,
        preexec_fn=_no_core,
    )
    shown = Terminal(process, master, slave, size)
    try:
        yield shown
    finally:
        process.kill()
        process.wait()
        shown.close()
