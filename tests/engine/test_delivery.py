"""Delivery is whole or not at all, and never over somebody's file."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.delivery import check_folder, check_place, deliver
from aura_tui.errors import Code, InputError, StageError
from aura_tui.model.events import Artifact

if TYPE_CHECKING:
    from pathlib import Path


def made(folder: Path, *names: str) -> tuple[Artifact, ...]:
    folder.mkdir()
    for name in names:
        (folder / name).write_text(name)
    return tuple(Artifact(name=name, path=str(folder / name)) for name in names)


def test_a_delivery_that_fails_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = made(tmp_path / "in", "a.srt", "a.mp4")
    copy = shutil.copyfile

    def full(source: str, target: Path) -> None:
        if str(source).endswith(".mp4"):
            raise OSError(28, "No space left on device")
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StageError) as caught:
        deliver(artifacts, str(tmp_path / "out"))
    assert caught.value.code is Code.DISK_FULL
    assert list((tmp_path / "out").iterdir()) == []


def test_the_same_delivery_again_is_the_same_files(tmp_path: Path) -> None:
    artifacts = made(tmp_path / "in", "a.srt", "a.mp4")
    first = deliver(artifacts, str(tmp_path / "out"))
    assert deliver(artifacts, str(tmp_path / "out")) == first
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_one_taken_name_numbers_them_all(tmp_path: Path) -> None:
    artifacts = made(tmp_path / "in", "a.srt", "a.mp4")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.srt").write_text("somebody's")
    delivered = deliver(artifacts, str(tmp_path / "out"))
    assert [a.name for a in delivered] == ["a-2.srt", "a-2.mp4"]
    assert (tmp_path / "out" / "a.srt").read_text() == "somebody's"


def test_a_link_that_leads_nowhere_takes_a_name_too(tmp_path: Path) -> None:
    artifacts = made(tmp_path / "in", "a.srt", "a.mp4")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mp4").symlink_to("nowhere")
    assert [a.name for a in deliver(artifacts, str(tmp_path / "out"))] == ["a-2.srt", "a-2.mp4"]
    assert (tmp_path / "out" / "a.mp4").readlink().name == "nowhere"


def test_a_folder_that_could_only_fail_at_the_end_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "link": "is a link to nowhere, which doesn't exist",
        "link/sub/folder": "is a link to nowhere, which doesn't exist",
        "circle": "is a link to circle",
        "file": "is not a folder",
        "file/sub": "is not a folder",
        "pipe": "is not a folder",
        "n" * 300: "too long",
        "new/" + "n" * 300: "is too long \\(300 bytes\\)",
        "/".join(["new" * 50] * 30): "bytes; the limit is [0-9,]+",
        "red\x1b[31m": "contains control characters or is not valid UTF-8",
    }.items():
        for look in (check_folder, check_place):
            with pytest.raises(InputError, match=why) as caught:
                look(tmp_path / name)
            assert caught.value.code is Code.OUTPUT_UNWRITABLE
    check_folder(tmp_path / "new" / ("n" * 255))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["circle", "file", "link", "pipe"]
