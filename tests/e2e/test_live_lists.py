"""``jobs --watch`` and ``logs -f`` beside an engine."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e.shell import on_terminal
from tests.e2e.test_completion import fill
from tests.e2e.test_run import LONG

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.program import Program

pytestmark = pytest.mark.slow


def line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().rstrip("\n")


def test_a_watched_list_prints_what_changes_and_nothing_else(program: Program) -> None:
    fill(program.home, "tides", "waves")
    process = program.start("jobs", "--watch", "--fields", "title,status")
    assert [line(process), line(process)] == ["tides\tsucceeded", "waves\tcancelled"]
    fill(program.home, "currents")
    said = [line(process)]
    while said[-1] != "currents\tcancelled":
        said.append(line(process))
    assert all(each.startswith("currents\t") for each in said)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stdout is not None
    assert process.stdout.read() == b""


def test_a_watched_list_is_drawn_in_place_on_a_terminal(program: Program) -> None:
    """Also one that begins in a home without jobs."""
    with on_terminal(program, "jobs", "--watch", size=(70, 12)) as shown:
        shown.shows("No jobs yet")
        fill(program.home, "tides", "waves")
        shown.shows("waves")
        assert "tides" in shown.text
        shown.type("\x03")
        assert shown.ends() == 130


def test_a_followed_log_ends_with_the_job_and_is_the_log(program: Program) -> None:
    job = program.run(*program.arguments("--detach", "--duration", "60", *LONG)).stdout.strip()
    process = program.start("logs", "-f", job)
    first = line(process)
    assert " Script: started" in first
    assert program.run("cancel", job).returncode == 0
    # Not by communicate(): it would miss what the first line's read has buffered.
    assert process.stdout is not None
    assert process.stderr is not None
    out, error = process.stdout.read(), process.stderr.read()
    assert (process.wait(30), error) == (0, b"")
    assert [first, *out.decode().splitlines()] == program.run("logs", job).stdout.splitlines()
