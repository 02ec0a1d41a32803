"""A named pipe, a device or a folder where the program is given a file's name: one clear error, at
once, and nothing made. A hang is what the time of :meth:`Program.run` ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.program import SMALL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.program import Program

KINDS = ("pipe", "device", "folder")


def made(kind: str, path: Path) -> Path:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    return path


def refused(done: subprocess.CompletedProcess[str], code: str, kind: str, status: int = 2) -> None:
    assert done.returncode == status, done.stdout + done.stderr
    assert f"[{code}]" in done.stderr
    assert kind in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_file(program: Program, kind: str) -> None:
    path = made(kind, program.folder / "c.toml")
    for command in (("jobs",), ("doctor",), ("run", "topic"), ("serve",), ("token", "list")):
        refused(program.run(*command, AURA_CONFIG=str(path)), "E111", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_brief(program: Program, kind: str) -> None:
    refused(program.run("run", made(kind, program.folder / "b.md"), *SMALL), "E102", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_of_tokens(program: Program, kind: str) -> None:
    path = made(kind, program.folder / "t.json")
    for command in (("list",), ("add", "ada"), ("renew", "ada"), ("remove", "ada")):
        done = program.run("token", *command, "--token-file", path)
        refused(done, "E804", kind, 3)


def test_no_tokens_is_said_beside_an_empty_list(program: Program) -> None:
    none = program.run("token", "list")
    assert (none.returncode, none.stdout) == (0, "")
    assert "No tokens in" in none.stderr
    program.run("token", "add", "ada")
    one = program.run("token", "list")
    assert one.stdout.endswith("  ada\n")
    assert one.stderr == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_that_is_read(program: Program, kind: str) -> None:
    path = made(kind, program.folder / "r.jsonl")
    refused(program.run("replay", path, "--progress", "plain"), "E109", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_that_is_written(program: Program, kind: str) -> None:
    path = made(kind, program.folder / "r.jsonl")
    done = program.run("run", "topic", *SMALL, "--record", path)
    refused(done, "E108", "File exists")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["certificate", "key"])
def test_a_certificate_and_its_key(program: Program, kind: str, what: str) -> None:
    path = made(kind, program.folder / "x.pem")
    there = program.folder / "other.pem"
    there.touch()
    files = {"certificate": there, "key": there} | {what: path}
    options = [word for name, file in files.items() for word in (f"--{name}", file)]
    refused(program.run("serve", "--port", "0", *options), "E810", kind, 3)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_folder_of_pictures(program: Program, kind: str) -> None:
    path = made(kind, program.folder / "pictures")
    done = program.run(*program.arguments("--visuals", "folder"), AURA_VISUALS_FOLDER=str(path))
    refused(done, "E404", "not a directory")


@pytest.mark.parametrize("kind", KINDS)
def test_an_ffmpeg(program: Program, kind: str) -> None:
    path = made(kind, program.folder / "ffmpeg")
    done = program.run("doctor", AURA_RENDER_FFMPEG=str(path))
    assert done.returncode == 1
    assert "missing FFmpeg" in done.stdout


def test_what_a_shell_hands_over_is_read_as_standard_input_is(program: Program) -> None:
    """``aura-tui run <(command)``: the shell gives a pipe's name in /dev/fd."""
    reader, writer = os.pipe()
    os.write(writer, b"# A tide\n\nThe sea comes in.\n")
    os.close(writer)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "aura_tui", "run", f"/dev/fd/{reader}", *SMALL, "--resolution",
             "128x128"],
            cwd=program.folder, env=program.environ, pass_fds=(reader,), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    finally:
        os.close(reader)
    try:
        said, _ = process.communicate(timeout=90)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == 0, said.decode()
    assert (program.folder / "a-tide" / "a-tide.mp4").is_file()
