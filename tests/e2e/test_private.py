"""What a home holds is its user's alone, whatever its mode and the umask; what a person asked for
has the modes of that person's umask."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_one_engine import soon

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.program import Program

pytestmark = pytest.mark.slow


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(home: Path) -> list[str]:
    """What of the home others could use."""
    return [
        f"{path.relative_to(home)} {mode(path):o}"
        for path in (home, *home.rglob("*"))
        if not path.is_symlink() and mode(path) & 0o077
    ]


def run(program: Program, *arguments: str | Path, umask: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "aura_tui", *map(str, arguments)],
        cwd=program.folder,
        env=program.environ,
        umask=umask,
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
    )


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_all_that_a_home_holds_is_private_and_what_was_delivered_is_as_the_umask_says(
    program: Program, umask: int
) -> None:
    home, record = program.home, program.folder / "run.jsonl"
    home.mkdir()
    home.chmod(0o755)
    out = program.folder / "new" / "out"
    if umask == 0o277:  # nobody can put a file into a folder of that mode
        out.mkdir(parents=True)
    brief = ("run", program.brief, "--resolution", "256x144", "--fps", "10", "--duration", "8")
    run(program, *brief, "-o", out, "--record", record, umask=umask)
    run(program, "token", "add", "somebody", umask=umask)
    assert {"aura.db", "reserve", "tokens.json", "jobs"} <= {path.name for path in home.iterdir()}
    assert not open_to_others(home)
    delivered = [*out.iterdir()]
    assert len(delivered) > 2
    assert {mode(path) for path in (*delivered, record)} == {0o666 & ~umask}
    if umask != 0o277:
        assert {mode(out), mode(out.parent)} == {0o777 & ~umask}


def test_an_engine_at_work_in_the_background_keeps_its_home_private_and_our_umask(
    program: Program,
) -> None:
    program.home.mkdir()
    program.home.chmod(0o755)
    run(program, *program.arguments("--detach"), umask=0o002)
    assert not open_to_others(program.home)  # at work: its log, socket, lock, store and folders
    soon(lambda: list(program.out.glob("*.mp4")))
    assert not open_to_others(program.home)
    assert {mode(path) for path in program.out.iterdir() if ".part" not in path.name} == {0o664}
    assert mode(program.out) == 0o775


def test_a_recording_in_the_home_is_private(program: Program) -> None:
    program.home.mkdir()
    run(program, *program.arguments("--record", program.home / "run.jsonl"), umask=0o022)
    assert not open_to_others(program.home)


def test_a_store_that_was_damaged_and_what_is_left_of_it_are_private(program: Program) -> None:
    program.home.mkdir()
    store = program.home / "aura.db"
    store.write_bytes(b"no store" * 1000)
    store.chmod(0o644)
    run(program, *program.arguments(), umask=0)
    assert list(program.home.glob("aura.db.corrupt-*"))
    assert not open_to_others(program.home)


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="becomes another user"
)
def test_another_user_can_read_no_brief(program: Program) -> None:
    program.home.mkdir()
    program.home.chmod(0o755)
    run(program, *program.arguments(), umask=0)
    program.home.chmod(0o755)  # opened again, later
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for path in program.home.rglob("*"):
        done = subprocess.run([*other, "cat", str(path)], capture_output=True, check=False)
        assert done.returncode != 0, path


def test_a_home_that_others_can_write_to_is_refused_by_every_command(
    program: Program,
) -> None:
    program.home.mkdir()
    program.home.chmod(0o777)
    for command in (
        program.arguments(),
        program.arguments("--detach"),
        ("watch",),
        ("cancel", "@latest"),
        ("serve", "--port", "0"),
        ("jobs",),
    ):
        done = program.run(*command)
        assert done.returncode == 3, command
        assert "Other users can write to the folder" in done.stderr, command
        assert f"Run: chmod 700 {program.home}" in done.stderr, command
    assert not list(program.home.iterdir())
    program.home.chmod(0o700)
    assert program.run(*program.arguments()).returncode == 0
