"""Finding an FFmpeg: the settings' word is law, a poor one on the PATH is passed over."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, InputError
from aura_tui.process import Children
from aura_tui.providers.ffmpeg import FFmpeg, locate
from aura_tui.settings import RenderSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path


def settings(tmp_path: Path, ffmpeg: str = "") -> Settings:
    return Settings(home=tmp_path, render=RenderSettings(ffmpeg=ffmpeg))


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FFmpeg:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return await locate(settings(tmp_path), Children())


async def test_without_one_on_the_path_the_wheels_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await wheel(tmp_path, monkeypatch)
    assert found.source == "wheel"
    assert os.access(found.path, os.X_OK)
    assert found.version
    assert found.passed_over == ""


async def test_a_good_one_on_the_path_comes_before_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    mine = program(tmp_path / "bin" / "ffmpeg", f'exec {real.path} "$@"')
    monkeypatch.setenv("PATH", str(mine.parent))
    found = await locate(settings(tmp_path), Children())
    assert (found.source, found.path) == ("path", str(mine))
    assert (found.version, found.identity) == (real.version, real.identity)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 1", "doesn't run"),
        ("echo hello", "doesn't run"),
        ("kill -9 $$", "doesn't run"),
        ("yes x", "doesn't run"),
        ("printf 'ffmpeg version 4.4.1\\nlibavcodec     58.134.100 / 58.134\\n'", "older than 5.0"),
        (
            "printf 'ffmpeg version 7.1\\nlibavcodec     61. 19.100 / 61. 19\\n V..... aac AAC\\n'",
            "lacks libx264, mov_text",
        ),
    ],
)
async def test_a_poor_one_on_the_path_is_passed_over_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    poor = program(tmp_path / "bin" / "ffmpeg", script)
    monkeypatch.setenv("PATH", f"{poor.parent}:/usr/bin:/bin")
    found = await locate(settings(tmp_path), Children())
    assert found.source == "wheel"
    assert str(poor) in found.passed_over
    assert why in found.passed_over


async def test_one_that_the_settings_name_is_used_or_refused_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    assert (await locate(settings(tmp_path, real.path), Children())).source == "settings"
    poor = program(tmp_path / "poor", "exit 3")
    for wish in (str(tmp_path / "absent"), str(poor)):
        with pytest.raises(InputError) as caught:
            await locate(settings(tmp_path, wish), Children())
        assert caught.value.code is Code.FFMPEG_MISSING
        assert wish in caught.value.message


async def test_the_answer_is_remembered_until_the_program_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    log = tmp_path / "asked"
    mine = program(tmp_path / "bin" / "ffmpeg", f'echo >> {log}; exec {real.path} "$@"')
    monkeypatch.setenv("PATH", str(mine.parent))
    first = await locate(settings(tmp_path), Children())
    asked = log.read_text()
    assert await locate(settings(tmp_path), Children()) is first
    assert log.read_text() == asked
    mine.unlink()
    assert (await locate(settings(tmp_path), Children())).source == "wheel"
