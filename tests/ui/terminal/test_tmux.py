"""What a real tmux makes of what it is sent."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from aura_tui.settings import BoardSettings
from aura_tui.ui.terminal import clipboard, osc
from aura_tui.ui.terminal.capabilities import Popup, Through, detect
from aura_tui.ui.terminal.notifications import Notifications
from tests.ui.pseudo_terminal import terminal
from tests.ui.terminal.test_notifications import job
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class Tmux:
    """A tmux of its own, with one pane that shows what a file is given."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")
        self._fifo = folder / "pane"
        os.mkfifo(self._fifo)
        self.environ = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE")}
        self.environ |= {"TERM": "xterm-256color", "HOME": str(folder)}
        # Held open by the pane itself, so that it outlives each writer.
        pane = f"stty raw -echo; exec cat <>{shlex.quote(str(self._fifo))}"
        self.run("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", pane)
        self.server = self.run("display-message", "-p", "#{socket_path},#{pid},0").strip()

    @property
    def command(self) -> list[str]:
        return ["tmux", "-S", self._socket]

    def run(self, *arguments: str) -> str:
        command = [*self.command, *arguments]
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=True, timeout=20
        ).stdout

    def send(self, *sequences: str) -> None:
        with self._fifo.open("w", newline="") as file:
            file.writelines(sequences)

    def title(self) -> str:
        return self.run("display-message", "-p", "#{pane_title}").strip()

    def buffer(self) -> str:
        """The newest paste buffer, "" where there is none."""
        return self.run("show-buffer") if self.run("list-buffers") else ""

    async def shows(self, text: str) -> None:
        await until(lambda: text in self.run("capture-pane", "-p"))


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path)
    yield tmux
    subprocess.run([*tmux.command, "kill-server"], env=tmux.environ, capture_output=True)


async def test_the_panes_title_carries_the_percent_and_is_restored(tmux: Tmux) -> None:
    tmux.send("\x1b]2;as it was\x1b\\")
    await until(lambda: tmux.title() == "as it was")
    notices = Notifications(BoardSettings(), detect({"TERM": "tmux-256color", "TMUX": tmux.server}))
    notices.foreground(job(percent=42.0, title="Sails \x1b]2;pwned\x07\x1b[31m; and more"))
    tmux.send(*notices.take(0.0))
    await until(lambda: tmux.title() == "aura-tui 42 % Sails ; and more")
    tmux.send(*notices.close())
    await until(lambda: tmux.title() == "as it was")


async def test_a_plain_copy_reaches_a_tmux_that_takes_it(tmux: Tmux) -> None:
    tmux.run("set-option", "-s", "set-clipboard", "on")
    sequence = clipboard.sequence("/home/ada/Vidéos/sail.mp4", {"TMUX": tmux.server})
    assert sequence is not None
    tmux.send(sequence)
    await until(lambda: tmux.buffer() == "/home/ada/Vidéos/sail.mp4")


async def test_the_largest_copy_arrives_whole(tmux: Tmux) -> None:
    tmux.run("set-option", "-s", "set-clipboard", "on")
    text = "0123456789" * (clipboard.MAX_TEXT_BYTES // 10)
    sequence = clipboard.sequence(text, {"TMUX": tmux.server})
    assert sequence is not None
    tmux.send(sequence)
    await until(lambda: tmux.buffer() == text)


async def test_as_it_comes_tmux_takes_no_sequence_but_its_own_command(tmux: Tmux) -> None:
    tmux.run("set-option", "-s", "set-clipboard", "external")
    environ = {**tmux.environ, "TMUX": tmux.server}
    sequence = clipboard.sequence("/srv/sail.mp4", environ)
    assert sequence is not None
    tmux.send(sequence, "sent")
    await tmux.shows("sent")
    assert tmux.buffer() == ""
    assert await clipboard.through_tmux("/srv/sail.mp4", environ)
    assert tmux.buffer() == "/srv/sail.mp4"


async def test_nothing_of_a_sequence_is_drawn_in_the_pane(tmux: Tmux) -> None:
    sequences = [
        osc.wrapped(osc.popup(kind, "aura-tui", "Succeeded; \x1b\\ Sails"), Through.TMUX)
        for kind in Popup
    ]
    tmux.send(*sequences, osc.wrapped(osc.progress(osc.Progress.NORMAL, 4), Through.TMUX), "sent")
    await tmux.shows("sent")
    assert tmux.run("capture-pane", "-p").strip() == "sent"


async def test_with_passthrough_the_terminal_outside_gets_the_sequence_itself(tmux: Tmux) -> None:
    tmux.run("set-option", "-g", "allow-passthrough", "on")
    popup = osc.popup(Popup.OSC777, "aura-tui", "Succeeded: Sails, 2:31")
    copied = clipboard.sequence("/srv/sail.mp4", {"TMUX": tmux.server})
    assert copied is not None
    with terminal([*tmux.command, "attach"], {"HOME": tmux.environ["HOME"]}) as outside:
        await until(lambda: outside.read(0.01) and tmux.run("list-clients"))
        tmux.send(osc.wrapped(popup, Through.TMUX), copied, "sent")
        outside.shows("sent")
        assert popup.encode() in outside.sent
        assert b"\x1b]52;c;L3Nydi9zYWlsLm1wNA==\x07" in outside.sent
        tmux.run("detach-client")


def test_a_copy_is_exact_and_too_much_is_refused_rather_than_cut() -> None:
    text = "a\nb\x1b]0;x\x07\udcff"
    sequence = clipboard.sequence(text, {"TERM": "xterm"})
    assert sequence is not None
    assert sequence.startswith("\x1b]52;c;")
    assert b64decode(sequence[7:-1]) == text.encode("utf-8", "surrogateescape")
    whole = clipboard.sequence("x" * clipboard.MAX_TEXT_BYTES, {})
    assert whole is not None
    assert len(whole) <= 100_000
    assert clipboard.sequence("x" * (clipboard.MAX_TEXT_BYTES + 1), {}) is None
    assert clipboard.sequence("\ud800", {}) is not None


def test_screen_gets_a_copy_in_pieces_it_can_hold() -> None:
    sequence = clipboard.sequence("x" * 5000, {"TERM": "screen", "STY": "1.pts"})
    assert sequence is not None
    pieces = sequence.split("\x1b\\")[:-1]
    assert all(len(piece) <= 256 for piece in pieces)
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == clipboard.sequence(
        "x" * 5000, {"TERM": "xterm"}
    )


async def test_a_tmux_that_is_gone_is_no_error(tmp_path: Path) -> None:
    environ = {**os.environ, "TMUX": f"{tmp_path}/none,1,0"}
    assert not await clipboard.through_tmux("x", environ)
    assert not await clipboard.through_tmux("x", {})


async def test_a_copy_broken_off_leaves_no_child(tmp_path: Path) -> None:
    fake = tmp_path / "tmux"
    fake.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    fake.chmod(0o755)
    environ = {"TMUX": "x", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    task = asyncio.create_task(clipboard.through_tmux("x", environ))
    pid = tmp_path / "pid"
    await until(lambda: pid.exists() and pid.read_text().strip())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
