"""What is named as a file and is a named pipe, a socket, a device or a folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import AuraError, Code
from aura_tui.providers.speech.piper.provider import _read_config
from aura_tui.providers.visuals.drawing import photo
from aura_tui.server.tokens import TokenFile
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def device(path: Path) -> Path:
    """One without an end, which a plain reading of would fill the memory with."""
    path.symlink_to("/dev/zero")
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def listener(path: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket may be 107 bytes long
        try:
            bound.bind(path.name)
        finally:
            os.chdir(here)
    return path


KINDS = {"named pipe": pipe, "device": device, "folder": folder, "socket": listener}


@pytest.mark.parametrize(("words", "make"), KINDS.items(), ids=KINDS)
def test_it_is_refused_at_once_by_what_it_is(
    words: str, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    with pytest.raises(OSError, match=words):
        open_regular(make(tmp_path / "x"))


def test_a_link_to_a_file_is_one_and_null_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"words")
    (tmp_path / "link").symlink_to("file")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"words"
    with open_regular(os.devnull) as file:
        assert file.read() == b""
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


def test_nothing_stays_open_of_what_is_refused(tmp_path: Path) -> None:
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("no list of open files here")
    before = len(list(fds.iterdir()))
    made = pipe(tmp_path / "x")
    for _ in range(10):
        with pytest.raises(OSError, match="pipe"):
            open_regular(made)
    assert len(list(fds.iterdir())) == before


@pytest.mark.parametrize(("words", "make"), KINDS.items(), ids=KINDS)
def test_a_voice_or_a_picture_or_a_list_of_tokens_that_is_none(
    words: str, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    made = make(tmp_path / "v.onnx")
    with pytest.raises(AuraError, match=words) as caught:
        _read_config(made)
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    with pytest.raises(AuraError) as caught:
        photo.read(str(made), "p", 64, 64)
    assert caught.value.code is Code.PICTURE_INVALID
    tokens = TokenFile(made)
    assert tokens
    assert words in tokens.trouble
