"""A file is handed on whole, to the desktop or to another place, or it is said why not."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import AuraError, Code, InputError, NotFound
from aura_tui.system import files
from aura_tui.ui.actions import open_and_save
from aura_tui.ui.actions.open_and_save import open_file, save_copy
from tests.waiting import alive, until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "sail.mp4"
    path.write_bytes(os.urandom(3 * 1024 * 1024 + 7))
    return path


@pytest.fixture
def goal(tmp_path: Path) -> Path:
    folder = tmp_path / "saved"
    folder.mkdir()
    return folder


def opener(folder: Path, script: str) -> dict[str, str]:
    """An environment with a desktop whose opener runs ``script``."""
    tools = folder / "tools"
    tools.mkdir()
    program = tools / "xdg-open"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{tools}:{os.environ['PATH']}", "DISPLAY": ":0", "OUT": str(folder / "out")}


async def test_the_opener_gets_the_file_and_neither_our_terminal_nor_our_session(
    video: Path, tmp_path: Path
) -> None:
    script = "fds=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)\n"
    script += 'echo "$(ps -o sid= -p $$) $1 $fds" > "$OUT"'
    environ = opener(tmp_path, script)
    await open_file(video, environ, platform="linux")
    session, path, *streams = (tmp_path / "out").read_text().split()
    assert int(session) != os.getsid(0)
    assert path == str(video)
    assert streams == ["/dev/null"] * 3


async def test_a_program_that_goes_on_showing_is_left_to_it(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_and_save, "_OPENER_ANSWERS_S", 0.05)
    environ = opener(tmp_path, 'echo $$ > "$OUT"; exec sleep 60')
    await open_file(video, environ, platform="linux")
    out = tmp_path / "out"
    await until(lambda: out.exists() and out.read_text().strip())
    pid = int(out.read_text())
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)
    # Whoever started it waits for it, so that no zombie stays.
    await until(lambda: not os.path.exists(f"/proc/{pid}"))


async def test_an_opener_that_fails_says_so_and_names_the_path(video: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as e:
        await open_file(video, opener(tmp_path, "exit 3"), platform="linux")
    assert e.value.code is Code.OPENER_MISSING
    assert "exit status 3" in e.value.message
    assert str(video) in e.value.remediation


@pytest.mark.parametrize(
    ("environ", "platform", "why"),
    [
        ({}, "linux", "there is no desktop: "),
        ({"SSH_CONNECTION": "a 1 b 22"}, "linux", "other end of SSH"),
        ({"SSH_CONNECTION": "a 1 b 22"}, "darwin", "other end of SSH"),
        ({"DISPLAY": ":0", "PATH": "/nowhere"}, "linux", "can't run xdg-open: "),
        ({"PATH": "/nowhere"}, "darwin", "can't run open: "),
    ],
)
async def test_where_nothing_can_open_it_the_path_is_named_to_be_copied(
    video: Path, environ: dict[str, str], platform: str, why: str
) -> None:
    with pytest.raises(InputError) as e:
        await open_file(video, environ, platform=platform)
    assert why in e.value.message
    assert str(video) in e.value.remediation


async def test_a_file_that_is_gone_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await open_file(tmp_path / "gone.mp4", {"DISPLAY": ":0"}, platform="linux")


async def test_a_copy_goes_into_a_folder_under_its_own_name(video: Path, goal: Path) -> None:
    assert await save_copy(video, goal) == goal / "sail.mp4"
    assert (goal / "sail.mp4").read_bytes() == video.read_bytes()
    assert [path.name for path in goal.iterdir()] == ["sail.mp4"]


async def test_a_copy_goes_to_a_new_name(video: Path, goal: Path) -> None:
    assert await save_copy(video, str(goal / "new.mp4")) == goal / "new.mp4"
    assert (goal / "new.mp4").read_bytes() == video.read_bytes()


async def test_a_tilde_is_the_home_folder(
    video: Path, goal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(goal))
    assert await save_copy(video, "~") == goal / "sail.mp4"
    assert await save_copy(video, "~/b.mp4") == goal / "b.mp4"
    with pytest.raises(InputError, match="unknown user in ~name"):
        await save_copy(video, "~nobody-of-that-name/x")


@pytest.mark.parametrize("kind", ["file", "link"])
async def test_nothing_is_written_over(video: Path, goal: Path, kind: str) -> None:
    taken = goal / "sail.mp4"
    if kind == "file":
        taken.write_text("mine")
    else:
        taken.symlink_to(goal / "dangling")
    with pytest.raises(InputError, match="already exists") as e:
        await save_copy(video, goal)
    assert e.value.code is Code.OUTPUT_UNWRITABLE
    assert [path.name for path in goal.iterdir()] == ["sail.mp4"]
    assert kind == "link" or taken.read_text() == "mine"


async def test_a_file_that_came_during_the_copy_stays(
    video: Path, goal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = files.publish

    def late(part: Path, to: Path, *, new: bool) -> None:
        to.write_text("mine")
        publish(part, to, new=new)

    monkeypatch.setattr(files, "publish", late)
    with pytest.raises(InputError, match="already exists"):
        await save_copy(video, goal)
    assert [path.name for path in goal.iterdir()] == ["sail.mp4"]
    assert (goal / "sail.mp4").read_text() == "mine"


async def test_a_file_system_without_links_gets_its_copy_too(
    video: Path, goal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    await save_copy(video, goal)
    assert [path.name for path in goal.iterdir()] == ["sail.mp4"]


@pytest.mark.parametrize("target", ["", "  ", "a\0b"])
async def test_a_place_must_be_named(video: Path, target: str) -> None:
    with pytest.raises(InputError, match="No file or folder was given"):
        await save_copy(video, target)


async def test_a_folder_that_is_not_there_is_named(video: Path, goal: Path) -> None:
    for target in (goal / "no" / "sail.mp4", f"{goal}/no/"):
        with pytest.raises(InputError, match=r"Folder .* not found"):
            await save_copy(video, target)


async def test_a_source_that_is_gone_is_named(goal: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no longer exists"):
        await save_copy(tmp_path / "gone.mp4", goal)
    assert list(goal.iterdir()) == []


async def test_a_failed_write_leaves_nothing_and_says_why(video: Path, goal: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, before[1]))
    try:
        with pytest.raises(AuraError, match="Can't write the copy"):
            await save_copy(video, goal)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(goal.iterdir()) == []


async def test_a_full_disk_is_called_so(
    video: Path, goal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, new: bool) -> None:
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")

    monkeypatch.setattr(files, "publish", full)
    with pytest.raises(AuraError) as e:
        await save_copy(video, goal)
    assert e.value.code is Code.DISK_FULL
    assert list(goal.iterdir()) == []


async def test_a_copy_broken_off_leaves_nothing(video: Path, goal: Path) -> None:
    fifo = goal.parent / "endless"
    os.mkfifo(fifo)
    done = threading.Event()

    def feed() -> None:
        try:
            with fifo.open("wb") as writer:
                while True:
                    writer.write(bytes(65536))
        except BrokenPipeError:
            done.set()

    threading.Thread(target=feed, daemon=True).start()
    copying = asyncio.create_task(save_copy(fifo, goal / "copy"))
    await until(lambda: any(path.stat().st_size > 0 for path in goal.iterdir()))
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert list(goal.iterdir()) == []
    await until(done.is_set)
