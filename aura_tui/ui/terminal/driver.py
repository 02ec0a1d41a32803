"""Terminal driver with non-blocking output.

Textual's own writer waits for the terminal: one that stalls (a stuck SSH session) stops the event
loop, and an engine in it; one that has hung up ends the writer, and the loop waits for ever. This
driver drops the output that a stalled terminal has no room for, and redraws the screen when it
accepts output again; output to a closed terminal is dropped.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
import threading
import time
import tty
from codecs import getincrementaldecoder
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import AppBlur, AppFocus, Key

from aura_tui.system import tasks
from aura_tui.system.fd_writer import FdWriter, write_within
from aura_tui.system.processes import catch_fatal, continue_here, stop_here
from aura_tui.system.tasks import TaskFailure, report
from aura_tui.ui.terminal import osc, replies
from aura_tui.ui.terminal.capabilities import placeholders

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from textual.app import App
    from textual.drivers._writer_thread import WriterThread
    from textual.message import Message

    from aura_tui.ui.terminal.diff_app import DiffApp

INPUT = "terminal input"  # the thread that reads keys
_LOOK_S = 1.0  # between checks for a closed terminal
_REDRAW_S = 1.0  # between two redraws because of a failed write
_LAST_WORDS_S = 2.0  # for the terminal to accept the restoring output, at the end
_KILLED_S = 0.5  # the same, twice at most, after a request to quit at once
_REPLIES_S = 5.0  # for replies to matter; later ones are taken out of the input all the same
_LEAVE_S = 1.0  # after asking, for the replies to come before the shell would get them
_READ_S = 0.1  # between looks whether to stop reading

# What Textual sends and the board does without. Kitty's keyboard protocol, left on by a cut
# connection, would make the shell unusable. Reports of the focus would be typed into it, and
# Textual takes the keys from a board that has none.
_NEVER_SENT = re.compile(r"\x1b\[[<>=][\d;]*u|\x1b\[\?1004h")


class Output:
    """The stream for Textual's output: writes to the terminal at ``fd`` in ``encoding``.
    ``drained`` is called, in any thread, when the terminal accepts output again after some was
    dropped; ``failed`` with an error of a write that isn't the terminal's: only that text is
    lost."""

    def __init__(
        self,
        fd: int,
        encoding: str,
        drained: Callable[[], None],
        failed: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._encoding = encoding
        self._drained = drained
        self._failed = failed
        self._writer = FdWriter(fd, drained)
        self._gone = False
        self._failed_at = float("-inf")

    def start(self) -> None:
        """Nothing to do: Textual starts its writer."""

    def flush(self) -> None:
        """Nothing to do: nothing is buffered."""

    def write(self, text: str) -> None:
        """Queue ``text``; never blocks. A character outside the encoding becomes one cell."""
        if not self._gone:
            self._writer.write(text.encode(self._encoding, "replace"), self._written)

    def _written(self, error: BaseException | None) -> None:
        if isinstance(error, OSError):  # it has hung up
            self._gone = True
        elif error is not None:
            now = time.monotonic()
            if now - self._failed_at >= _REDRAW_S:  # don't redraw in a loop if it always fails
                self._failed_at = now
                self._drained()
            self._failed(error)

    def stop(self) -> None:
        """Wait briefly for the queued output to be written."""
        self._writer.settle(_LAST_WORDS_S)

    def abandon(self) -> None:
        """Drop further output; wait briefly for the current write."""
        self._writer.abandon(_KILLED_S)


class BoardDriver(LinuxDriver):
    """Textual's driver with :class:`Output` as its writer."""

    _output: Output | None = None
    _looking: asyncio.TimerHandle | None = None
    _on_screen = False
    _muted = False

    def __init__(self, app: App[Any], **how: Any) -> None:
        super().__init__(app, **how)
        self._replies = replies.Replies()
        self._asked = 0
        self._asked_at = float("-inf")
        self._answered = threading.Event()
        self._pointer = osc.POINTER
        # That stdout is a terminal was looked at before; stderr, where Textual writes, may be a
        # file, and then the screen would stay empty and the file get it all.
        self._file = sys.__stdout__

    # Textual makes its writer where it begins, in the middle of other things; this name is where
    # it keeps it.
    @property
    def _writer_thread(self) -> Any:
        return self._output

    @_writer_thread.setter
    def _writer_thread(self, made: WriterThread | None) -> None:
        file = self._file
        self._output = None
        if made is not None and file is not None:
            with contextlib.suppress(OSError, ValueError):
                file.flush()  # from here on it is written to below Python's buffer
            self._output = Output(file.fileno(), file.encoding, self._redraw, self._failed)

    @property
    def _board(self) -> DiffApp:
        return cast("DiffApp", self._app)

    def _redraw(self) -> None:
        """Of any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is drawn any more
            self._loop.call_soon_threadsafe(self._board.action_redraw)

    def _failed(self, error: BaseException, name: str = "terminal output") -> None:
        """Of any thread."""
        failure = TaskFailure(name=name, error=error, at=datetime.now(UTC), restarts_in_s=0.0)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(report, failure)

    def start_application_mode(self) -> None:
        """Enter application mode, with an empty screen."""
        self._board.shown.forget()
        if self._looking is None:
            self._look_for_hang_up()
        self._on_screen = True
        catch_fatal(self._restore_at_once)
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual has no types here
        self._let_quit_through()
        if self._board.capabilities.replies:
            self._replies, self._asked = replies.Replies(), 0
            self._ask(replies.XTVERSION)

    def _let_quit_through(self) -> None:
        """Let the kernel send SIGQUIT for Ctrl-\\, so that it ends a hanging board. Ctrl-C and
        Ctrl-Z stay keys."""
        with contextlib.suppress(termios.error, OSError, ValueError):
            modes = termios.tcgetattr(self.fileno)
            modes[tty.LFLAG] |= termios.ISIG
            off = os.fpathconf(self.fileno, "PC_VDISABLE")
            for each in (termios.VINTR, termios.VSUSP):
                modes[tty.CC][each] = bytes((off,))
            termios.tcsetattr(self.fileno, termios.TCSANOW, modes)

    def _run_input_thread(self) -> None:
        """Read keys until the end. On a failure Textual would end the board with a traceback; here
        it is reported, and reading continues."""
        while not self.exit_event.is_set():
            try:
                self.run_input_thread()
            except Exception as e:
                self._failed(e, INPUT)
                self.exit_event.wait(tasks.FIRST_WAIT_S)

    def run_input_thread(self) -> None:
        """Read keys, and take the terminal's replies out of them. Textual's own would take a reply
        for typed keys."""
        parser = XTermParser()
        decode = getincrementaldecoder("utf-8")("replace").decode
        split = replies.ReplyFilter()
        read_at = time.monotonic()
        while not self.exit_event.is_set():
            wait_s = min(_READ_S, constants.ESCAPE_DELAY) if split.holding else _READ_S
            keys = ""
            if select.select([self.fileno], [], [], wait_s)[0]:
                keys, found = split.feed(decode(os.read(self.fileno, 4096)))
                read_at = time.monotonic()
                for reply in found:
                    self._take_reply(reply)
            elif split.holding:
                keys = split.flush(time.monotonic() - read_at)
            if keys == "\x1b":  # alone for long enough: the parser needn't wait once more
                self.process_message(Key("escape", "\x1b"))
            elif keys:
                for message in parser.feed(keys):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    # -- questions to the terminal

    def _ask(self, *questions: str) -> None:
        """Send ``questions`` that every terminal ignores or replies to, and one that tells when all
        replies are here."""
        self._asked_at, self._asked = time.monotonic(), self._asked + 1
        self._answered.clear()
        self.write("".join((*questions, replies.DA1)))

    def _take_reply(self, reply: str) -> None:
        """Take a whole reply, in the thread that reads it."""
        self._replies = self._replies.with_reply(reply)
        if self._replies.done < self._asked or self._answered.is_set():
            return
        self._answered.set()
        if time.monotonic() - self._asked_at < _REPLIES_S:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._all_replied)

    def _all_replied(self) -> None:
        told = self._replies
        # Only a terminal that names itself is asked for more: the rest may show a part of it.
        if told.version and self._asked == 1 and self._on_screen:
            graphics = [replies.GRAPHICS] if placeholders(told.version) else []
            self._ask(*graphics, replies.RGB)
            return
        self._board.replied(told)

    def _look_for_hang_up(self) -> None:
        """Watch for a hang-up. A terminal that isn't our controlling one closes without a signal
        (its window was killed, say), and Textual would read end-of-file in a busy loop."""
        watch = select.poll()
        watch.register(self.fileno, 0)  # POLLHUP is reported for any mask
        # Not POLLNVAL: macOS reports it for some healthy terminals.
        if any(told & (select.POLLHUP | select.POLLERR) for _, told in watch.poll(0)):
            os.kill(os.getpid(), signal.SIGHUP)
        else:
            self._looking = self._loop.call_later(_LOOK_S, self._look_for_hang_up)

    def process_message(self, message: Message) -> None:
        """Take a key, in the thread that reads them. A terminal that reports all keys (kitty's
        protocol, left on by another program) sends Ctrl-\\ as one, and the kernel makes no signal
        of that."""
        if isinstance(message, Key) and message.key == "ctrl+backslash":
            os.kill(os.getpid(), signal.SIGQUIT)
        if isinstance(message, AppBlur | AppFocus):  # another program asked for them
            return
        super().process_message(message)

    def _restore_at_once(self) -> None:
        """Restore the terminal without loop and writer: the process is about to die."""
        output, file = self._output, self._file
        if not self._on_screen or output is None or file is None:
            return
        self._on_screen = False
        said: list[str] = []
        with contextlib.suppress(Exception):  # the board may be in any state
            said += self._board.last_words()
        output.abandon()
        output.write = said.append  # type: ignore  # collects the restoring output
        with contextlib.suppress(Exception):
            self._stop()
        # Ends a sequence that the writer may have left unfinished.
        write_within(file.fileno(), "".join(("\x1b\\", *said)).encode(), _KILLED_S)

    def stop_application_mode(self) -> None:
        """Restore the terminal. Replies that are on their way would be typed into the shell."""
        self._on_screen = False
        if self._asked and self._key_thread is not None:
            self._answered.wait(max(0.0, self._asked_at + _LEAVE_S - time.monotonic()))
        self._stop()

    def _stop(self) -> None:
        if self._mouse_pixels:
            self._mouse_pixels = False
            self.write("\x1b[?1016l")
        if self._pointer != osc.POINTER:
            self.write(osc.POINTER)
        super().stop_application_mode()

    def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None  # for the next start
        super().close()

    # The next two are the handlers that Textual sets, by these names.
    def _sigtstp_application(self, *_: object) -> None:
        """Ctrl-Z: restore the terminal and stop, with all children and clocks of an engine in this
        process. fg resumes everything; after bg it stays stopped, without a terminal."""
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True  # until the board shows again
        stop_here()

    def _sigcont_application(self, *_: object) -> None:
        continue_here()
        if self._must_signal_resume and self._in_background():
            stop_here()  # before Textual, which would leave the children running
            return
        # Whoever was stopped by another signal never gave the terminal back: taking it a second
        # time would keep the board's own modes as those to restore at the end.
        if self._must_signal_resume:
            super()._sigcont_application()
        self._redraw()  # of the same size, and yet nothing is left of what it showed

    def _in_background(self) -> bool:
        """Whether another process group owns the terminal (bg in a shell with job control)."""
        try:
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        except OSError:  # not our controlling terminal: no shell manages us there
            return False

    @contextlib.contextmanager
    def mute(self) -> Iterator[None]:
        """Drop all output while another program has the terminal."""
        self._muted = True
        try:
            yield
        finally:
            self._muted = False

    def write(self, data: str) -> None:
        """Write if the board is on the screen; later output is dropped. So are the requests of
        Textual that this terminal must not get."""
        pointer = data.startswith("\x1b]22;")
        # A console shows a part of what it doesn't know.
        on_console = not self._board.capabilities.window and (pointer or data.endswith("$p"))
        if self._output is None or self._muted or on_console or _NEVER_SENT.fullmatch(data):
            return
        if pointer:
            self._pointer = data
        self._output.write(data)
