"""A copy also goes to the desktop of this machine, by its own programs."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from aura_tui.ui.terminal import clipboard
from tests.waiting import alive, until

# As xclip does: it reads all, and leaves a child in the background that holds the text.
XCLIP = """#!/bin/sh
echo "$0 $@" >> {folder}/called
cat > {folder}/text
(exec sleep 300) &
echo $! > {folder}/holder
"""


def program(folder: Path, name: str, text: str = XCLIP) -> None:
    path = folder / name
    path.write_text(text.format(folder=folder))
    path.chmod(0o755)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": f"{tmp_path}:/usr/bin:/bin"}


def called(folder: Path) -> list[str]:
    """The commands that ran, without their folder."""
    path = folder / "called"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line.replace(f"{folder}/", "") for line in lines]


async def test_each_desktop_has_its_program_and_none_is_used_without_one_or_over_ssh(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    for name in ("wl-copy", "xclip", "xsel"):
        program(tmp_path, name, '#!/bin/sh\necho "$0 $@" >> {folder}/called\ncat > {folder}/text\n')
    both = {"DISPLAY": ":7", "WAYLAND_DISPLAY": "wayland-7"}
    xclip, xsel = "xclip -selection clipboard", "xsel --clipboard --input"
    for desktop, command in (
        ({"DISPLAY": ":7"}, [xclip]),
        ({"WAYLAND_DISPLAY": "wayland-7"}, ["wl-copy "]),
        (both, ["wl-copy "]),
        ({}, []),
        (both | {"SSH_CONNECTION": "a 1 b 22"}, []),
        (both | {"SSH_TTY": "/dev/pts/1"}, []),
    ):
        assert await clipboard.into_desktop("/v/sail é.mp4", environ | desktop) is bool(command)
        assert called(tmp_path) == command
    assert (tmp_path / "text").read_text() == "/v/sail é.mp4"
    (tmp_path / "wl-copy").unlink()
    program(tmp_path, "xclip", "#!/bin/sh\nexit 1\n")  # no such display
    assert await clipboard.into_desktop("x", environ | both)
    assert called(tmp_path) == [xsel]
    (tmp_path / "xsel").unlink()
    assert not await clipboard.into_desktop("x", environ | both)


async def test_the_program_holds_the_text_in_the_background_and_is_not_waited_for(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    program(tmp_path, "xclip")
    began = time.monotonic()
    text = "0123456789" * 100_000  # too large for a terminal
    assert await clipboard.into_desktop(text, environ | {"DISPLAY": ":7"})
    assert time.monotonic() - began < 2.0
    assert (tmp_path / "text").read_text() == text
    holder = int((tmp_path / "holder").read_text())
    assert alive(holder)
    assert os.getsid(holder) != os.getsid(0)  # a terminal that closes doesn't take it along
    parent = Path(f"/proc/{holder}/stat").read_text().rsplit(")", 1)[1].split()[1]
    assert int(parent) != os.getpid()  # nothing is left to wait for
    os.kill(holder, 9)


async def test_a_program_that_hangs_is_ended_and_waited_for(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "xclip", "#!/bin/sh\necho $$ > {folder}/pid\nexec sleep 60\n")
    monkeypatch.setattr(clipboard, "_TIMEOUT_S", 0.5)
    assert not await clipboard.into_desktop("x", environ | {"DISPLAY": ":7"})
    pid = tmp_path / "pid"
    assert not alive(int(pid.read_text()))
    pid.unlink()
    task = asyncio.create_task(clipboard.into_desktop("x", environ | {"DISPLAY": ":7"}))
    await until(lambda: pid.exists() and pid.read_text().strip())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(int(pid.read_text()))
