"""What is asked of a terminal and what becomes of its replies: they are never typed keys."""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from aura_tui.ui.terminal import replies
from aura_tui.ui.terminal.replies import Replies, ReplyFilter
from tests.ui.pseudo_terminal import Terminal, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[3]

# A picture on the board's driver; at the end it prints the keys that were typed.
PROGRAM = """
import os, sys
from pathlib import Path
from aura_tui.ui.terminal.diff_app import DiffApp
from aura_tui.ui.terminal.driver import BoardDriver
from aura_tui.ui.widgets.preview import PreviewView

class Shown(DiffApp):
    keys = []

    def compose(self):
        yield PreviewView(os.environ, self.capabilities, lambda code: self.write_codes((code,)))

    def on_mount(self):
        self.run_worker(self.query_one(PreviewView).show_picture(Path(sys.argv[1]), "scene 3"))

    def capabilities_changed(self):
        self.query_one(PreviewView).capable(self.capabilities)

    def on_key(self, event):
        self.keys.append(event.key)
        if event.key == "q":
            self.exit()

app = Shown(os.environ, driver_class=BoardDriver)
app.run()
print("typed", *app.keys)
"""

VERSION, ONE_PIXEL = replies.XTVERSION.encode(), replies.GRAPHICS.encode()
DA1, RGB = replies.DA1.encode(), replies.RGB.encode()
NO_RGB = {RGB: b"\x1bP0+r524742\x1b\\"}
HAS_RGB = {RGB: b"\x1bP1+r524742=38\x1b\\"}
OLD_KITTY = HAS_RGB | {
    VERSION: b"\x1bP>|kitty(0.26.5)\x1b\\",
    ONE_PIXEL: b"\x1b_Gi=31;OK\x1b\\",
    DA1: b"\x1b[?62;c",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
}
KITTY = OLD_KITTY | {VERSION: b"\x1bP>|kitty(0.41.1)\x1b\\"}
XTERM = NO_RGB | {VERSION: b"\x1bP>|XTerm(379)\x1b\\", DA1: b"\x1b[?64;1;2;6;9;15;18;21;22c"}
FOOT = HAS_RGB | {VERSION: b"\x1bP>|foot(1.16.2)\x1b\\", DA1: b"\x1b[?62;4;22;28c"}
MULTIPLEXER = {VERSION: b"\x1bP>|tmux 3.4\x1b\\", DA1: b"\x1b[?1;2;4c"}
SILENT: Mapping[bytes, bytes] = {}
IN_TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/none,1,0"}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    halves = Image.new("RGB", (320, 180), (220, 20, 20))
    halves.paste((20, 20, 220), (160, 0, 320, 180))
    halves.save(path)
    return path


@contextmanager
def shown(
    picture: Path, answers: Mapping[bytes, bytes], environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    command = [sys.executable, "-c", PROGRAM, str(picture)]
    paths = {"PYTHONPATH": str(ROOT), "HOME": str(picture.parent)}
    with terminal(command, {**paths, **(environ or {})}, pixels=(10, 20)) as screen:
        screen.replies = answers
        yield screen


def quit_(screen: Terminal, *keys: str) -> None:
    """Nothing but ``keys`` was typed."""
    screen.type("q")
    assert screen.ends() == 0
    assert screen.text.rsplit("typed ", 1)[1].split() == [*keys, "q"]
    assert screen.typed() == b""


def test_a_picture_is_drawn_in_the_way_that_the_terminal_replied_it_can(picture: Path) -> None:
    placeholders, sixel = b"\x1b_Ga=T", b"\x1bP0;0;0q"
    cells, few = b"48;2;220;20;20", b"48;5;160"
    sextants = "\u258c".encode()  # where one colour meets the other; half blocks never draw it
    for name, answers, environ, way in (
        ("kitty 0.26", OLD_KITTY, {"TERM": "xterm-kitty"}, sextants),
        ("kitty 0.41", KITTY, {"TERM": "xterm-kitty"}, placeholders),
        ("kitty 0.41 over SSH", KITTY, {"SSH_TTY": "/dev/pts/1"}, placeholders),
        ("xterm", XTERM, {}, few),
        ("foot", FOOT, {"TERM": "foot"}, sixel),
        ("tmux", MULTIPLEXER, IN_TMUX, few),
        ("one that says nothing", SILENT, {"TERM": "xterm-kitty"}, cells),
    ):
        with shown(picture, answers, environ) as screen:
            deadline = time.monotonic() + 20
            while way not in screen.sent:
                assert time.monotonic() < deadline, (name, screen.sent[-2000:])
                screen.read(0.05)
            others = {placeholders, sixel} - {way}
            assert not any(other in screen.sent for other in others), name
            quit_(screen)


def test_only_a_terminal_that_names_itself_is_asked_more_and_a_console_nothing(
    picture: Path,
) -> None:
    for answers, environ, asked in (
        (KITTY, {}, [VERSION, DA1, ONE_PIXEL, RGB, DA1]),
        (XTERM, {}, [VERSION, DA1, RGB, DA1]),
        ({DA1: b"\x1b[?1;2c"}, {}, [VERSION, DA1]),
        (SILENT, {}, [VERSION, DA1]),
        (MULTIPLEXER, IN_TMUX, []),
        (SILENT, {"TERM": "linux"}, []),
    ):
        with shown(picture, answers, environ) as screen:
            screen.shows("scene 3")
            while screen.read(0.3):
                pass
            found = re.findall(
                b"|".join(map(re.escape, (VERSION, DA1, ONE_PIXEL, RGB))), screen.sent
            )
            assert found == asked
            quit_(screen)


def test_a_reply_in_parts_late_or_never_asked_for_is_no_key(picture: Path) -> None:
    told = b"".join(KITTY.values()) + b"\x1b[?0u\x1b]11;rgb:0000/0000/0000\x1b\\"
    with shown(picture, SILENT, {"TERM": "linux"}) as screen:
        screen.shows("scene 3")
        for at in range(len(told)):
            screen.type(told[at : at + 1].decode())
            time.sleep(0.002)  # each part is read on its own
        screen.type("x")
        screen.type(told.decode() + "y" + told.decode())
        screen.type("\x1b[A\x1b")  # keys that begin as replies do
        time.sleep(0.3)  # for an Escape
        quit_(screen, "x", "y", "up", "escape")


def test_a_reply_that_comes_as_the_board_ends_is_not_left_to_the_shell(picture: Path) -> None:
    with shown(picture, SILENT) as screen:
        while DA1 not in screen.sent:
            screen.read(0.1)
        screen.shows("scene 3")
        screen.type("q")
        time.sleep(0.3)  # the way there and back
        screen.type((XTERM[VERSION] + XTERM[DA1]).decode())
        assert screen.ends() == 0
        assert screen.typed() == b""


def test_a_terminal_that_never_replies_keeps_nobody_waiting(picture: Path) -> None:
    with shown(picture, SILENT) as screen:
        screen.shows("scene 3")
        began = time.monotonic()
        quit_(screen)
        assert time.monotonic() - began < 3.0


def test_the_filter_takes_replies_out_wherever_they_are_cut() -> None:
    told = "".join(each.decode() for each in KITTY.values() if b"$y" not in each)
    text = f"a{told}\x1b[A\x1b[<0;1;1M\x1b[27u\x1b[200~b{told}c\x1b[201~"
    keys = text.replace(told, "")
    for at in range(len(text)):
        split = ReplyFilter()
        (first, some), (second, more) = split.feed(text[:at]), split.feed(text[at:])
        assert first + second == keys, at
        assert "".join([*some, *more]) == told * 2
        assert not split.holding


def test_what_may_be_a_key_is_held_for_a_moment_and_a_broken_reply_is_dropped() -> None:
    for key in ("\x1b", "\x1b[", "\x1bP", "\x1b_", "\x1b]"):
        split = ReplyFilter()
        assert split.feed(f"a{key}") == ("a", [])
        assert split.flush(0.0) == ""
        assert split.flush(0.2) == key
        assert split.feed("b") == ("b", [])
    for part in ("\x1bP>|kit", "\x1b_Gi=31", "\x1b[?62;", "\x1b[?", "\x1bP1+r5", "\x1b]11;rgb:"):
        split = ReplyFilter()
        assert split.feed(part) == ("", [])
        assert split.flush(0.2) == ""
        assert split.flush(2.0) == ""
        assert split.feed("b") == ("b", [])
    split = ReplyFilter()
    assert split.feed("\x1bP>|kit") == ("", [])
    assert split.feed("\x1b[Ab")[0] == "\x1b[Ab"
    split = ReplyFilter()
    for _ in range(100):
        assert split.feed("\x1bP>|" + "x" * 1000)[0] == ""
    (reply,) = split.feed("\x07")[1]
    assert len(reply) < 5000  # what is held is bounded


def test_replies_are_read_as_their_specifications_say() -> None:
    def read(*told: str) -> Replies:
        found = Replies()
        for each in told:
            found = found.with_reply(each)
        return found

    assert read("\x1bP>|XTerm(379)\x1b\\", "\x1b[?64;1;2c") == Replies("XTerm(379)", done=1)
    assert read("\x1b[?64;1;4;22c", "\x1b[?64c").sixel is False
    assert read("\x1b[?62;4c").sixel
    assert not read("\x1b[?4c").sixel  # its level, not a feature
    assert read("\x1b_Gi=31;OK\x1b\\").graphics
    assert not read("\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\").graphics
    assert not read("\x1b_Gi=7;OK\x1b\\").graphics
    assert read("\x1bP1+r524742=38\x1b\\").rgb
    assert not read("\x1bP0+r524742\x1b\\").rgb
    assert read("\x1b[?0u", "\x1b[>0;1;2c") == Replies()
