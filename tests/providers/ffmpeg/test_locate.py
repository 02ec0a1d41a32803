"""Finding an FFmpeg: the settings' word is law, a poor one on the PATH is passed over."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, InputError
from aura_tui.providers.ffmpeg import FFmpeg, find_ffmpeg, locate
from aura_tui.providers.ffmpeg.locate import SEARCH
from aura_tui.settings import RenderSettings, Settings
from aura_tui.system.processes import ProcessGroup
from tests.killing import kill

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
    return await locate(settings(tmp_path), ProcessGroup())


async def test_without_one_on_the_path_the_wheels_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await wheel(tmp_path, monkeypatch)
    assert found.source == "wheel"
    assert os.access(found.path, os.X_OK)
    assert found.version
    assert found.rejected == ""


async def test_a_good_one_on_the_path_comes_before_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    mine = program(tmp_path / "bin" / "ffmpeg", f'exec {real.path} "$@"')
    monkeypatch.setenv("PATH", str(mine.parent))
    found = await locate(settings(tmp_path), ProcessGroup())
    assert (found.source, found.path) == ("path", str(mine))
    assert (found.version, found.identity) == (real.version, real.identity)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 1", "it isn't FFmpeg"),
        ("echo hello", "it isn't FFmpeg"),
        ("kill -9 $$", "it isn't FFmpeg"),
        ("yes x", "it isn't FFmpeg"),
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
    found = await locate(settings(tmp_path), ProcessGroup())
    assert found.source == "wheel"
    assert str(poor) in found.rejected
    assert why in found.rejected


async def test_one_that_the_settings_name_is_used_or_refused_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    assert (await locate(settings(tmp_path, real.path), ProcessGroup())).source == "settings"
    poor = program(tmp_path / "poor", "exit 3")
    for wish in (str(tmp_path / "absent"), str(poor)):
        with pytest.raises(InputError) as caught:
            await locate(settings(tmp_path, wish), ProcessGroup())
        assert caught.value.code is Code.FFMPEG_MISSING
        assert wish in caught.value.message


BROKEN = {
    "absent": "it doesn't exist",
    "folder": "it is a folder",
    "pipe": "it is not a file",
    "plain": "it is not executable",
    "text": "Exec format error",
    "garbage": "it isn't FFmpeg",
    "sleeps": "it didn't answer within 2 s",
    "sleeps-late": "it didn't answer within 2 s",
    "no-x264": "it lacks libx264",
}


def broken(folder: Path, real: str) -> None:
    """One of each that can't be used, under the names of BROKEN."""
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "plain").write_text("#!/bin/sh\n")
    program(folder / "text", "").write_bytes(b"\0\1garbage")
    program(folder / "garbage", "head -c 3000000 /dev/urandom")
    program(folder / "sleeps", "sleep 600 & sleep 600")
    program(folder / "sleeps-late", f'[ "$3" = -version ] && exec {real} "$@"; sleep 600')
    program(folder / "no-x264", f'{real} "$@" | sed s/libx264/x/')


async def test_one_that_is_broken_is_told_within_three_seconds_with_its_path_and_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(tmp_path, (await wheel(tmp_path, monkeypatch)).path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    async def told(name: str, setting: str) -> None:
        wish = str(tmp_path / name)
        began = time.monotonic()
        with pytest.raises(InputError) as caught:
            await find_ffmpeg(settings(tmp_path, wish))
        assert time.monotonic() - began < 3
        assert caught.value.code is Code.FFMPEG_MISSING
        assert f"{wish} ({setting}): {BROKEN[name]}" in caught.value.message
        assert setting in caught.value.remediation

    for name in BROKEN:
        if not name.startswith("sleeps"):
            monkeypatch.setenv("AURA_RENDER_FFMPEG", str(tmp_path / name))
            await told(name, "AURA_RENDER_FFMPEG")
    monkeypatch.delenv("AURA_RENDER_FFMPEG")
    await asyncio.gather(
        *(told(name, "render.ffmpeg in the config file") for name in ("sleeps", "sleeps-late"))
    )


async def test_one_that_the_environment_names_for_the_wheel_is_told_by_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path))
    with pytest.raises(InputError) as caught:
        await find_ffmpeg(settings(tmp_path))
    assert f"{tmp_path} (IMAGEIO_FFMPEG_EXE): it is a folder" in caught.value.message


async def test_one_that_was_replaced_in_its_place_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    mine = program(tmp_path / "mine", f'exec {real.path} "$@"')
    assert (await find_ffmpeg(settings(tmp_path, str(mine)))).path == str(mine)
    program(mine, "exit 1")
    with pytest.raises(InputError):
        await find_ffmpeg(settings(tmp_path, str(mine)))
    program(mine, f'exec {real.path} "$@"')  # mended
    assert (await find_ffmpeg(settings(tmp_path, str(mine)))).path == str(mine)


async def test_a_look_that_somebody_cancels_is_an_error_and_the_next_one_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    go = tmp_path / "go"
    slow = f'until [ -e {go} ]; do sleep 0.01; done; exec {real.path} "$@"'
    mine = program(tmp_path / "mine", slow)
    looking = asyncio.create_task(find_ffmpeg(settings(tmp_path, str(mine))))
    await kill(SEARCH, "cancel")
    with pytest.raises(RuntimeError, match="the search for FFmpeg was cancelled"):
        await looking
    go.touch()
    assert (await find_ffmpeg(settings(tmp_path, str(mine)))).path == str(mine)


async def test_the_answer_is_remembered_until_the_program_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = await wheel(tmp_path, monkeypatch)
    log = tmp_path / "asked"
    mine = program(tmp_path / "bin" / "ffmpeg", f'echo >> {log}; exec {real.path} "$@"')
    monkeypatch.setenv("PATH", str(mine.parent))
    first = await locate(settings(tmp_path), ProcessGroup())
    asked = log.read_text()
    assert await locate(settings(tmp_path), ProcessGroup()) == first
    assert log.read_text() == asked
    mine.unlink()
    assert (await locate(settings(tmp_path), ProcessGroup())).source == "wheel"
