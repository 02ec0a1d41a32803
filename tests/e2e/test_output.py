"""Standard streams that are closed, full, or read by nobody: no traceback, and the right status."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.program import Program

READ = (
    "jobs", "jobs --json", "show", "show --json", "logs", "artifacts", "doctor", "--help",
    "--version", "run --help", "watch --progress plain", "watch --progress json",
)  # fmt: skip
FULL = "Error: Can't write to stdout: No space left on device [E706]"


def shell(program: Program, line: str) -> subprocess.CompletedProcess[str]:
    """Run a shell's line, in which ``aura`` is the program."""
    aura = shlex.join([sys.executable, "-m", "aura_tui"])
    return subprocess.run(
        ["bash", "-c", f'aura() {{ {aura} "$@"; }}; {line}'],
        cwd=program.folder,
        env=program.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_a_closed_stream_changes_neither_the_work_nor_its_status(program: Program) -> None:
    run = shlex.join(["aura", *map(str, program.arguments())])
    done = shell(program, f"{run} <&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made = {path.name for path in program.out.iterdir()}
    assert "how-tides-work.mp4" in made
    for fd, more in ((1, ()), (1, ("--progress", "json")), (2, ()), (0, ())):
        ran = program.run(*program.arguments(*more), streams={fd: None})
        assert ran.returncode == 0, (fd, more)
    for closed in ((1,), (2,), (1, 2)):
        streams = dict.fromkeys(closed)
        for command in ("--version", "--help", "jobs", "jobs --json", "show", "doctor"):
            ran = program.run(*command.split(), streams=streams)
            assert (ran.returncode, ran.stderr) == (0, ""), (command, closed)
        tui = program.arguments("--progress", "tui")
        for wrong in (("show", "nope"), ("jobs", "--bogus"), ("run", ""), tui):
            ran = program.run(*wrong, streams=streams)
            assert ran.returncode == 2, (wrong, closed)
            assert "Traceback" not in ran.stderr
    assert "is empty [E101]" in shell(program, "aura run - <&-").stderr


def test_a_full_stdout_and_one_without_a_reader_have_one_status_each_for_every_command(
    program: Program,
) -> None:
    assert program.run(*program.arguments()).returncode == 0
    reader, gone = os.pipe()
    os.close(reader)  # before the first byte
    with open("/dev/full", "wb") as full, open(gone, "wb") as unread:
        for command in READ:
            done = program.run(*command.split(), streams={1: full.fileno()})
            assert (done.returncode, done.stderr.splitlines()[0]) == (5, FULL), command
            done = program.run(*command.split(), streams={1: unread.fileno()})
            assert (done.returncode, done.stderr) == (141, ""), command
            done = program.run(*command.split(), streams={2: full.fileno()})
            assert done.returncode == 0, command
        assert program.run("show", "nope", streams={2: full.fileno()}).returncode == 2
        assert program.run("jobs", "--bogus", streams={2: full.fileno()}).returncode == 2
    # As a shell has it, with the start of Python.
    assert shell(program, "aura jobs > /dev/full").returncode == 5
    ours = "{ until [ -e gone ]; do :; done; aura jobs; }"
    done = shell(program, f"{ours} | {{ exec <&-; touch gone; }}; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_a_token_that_could_not_be_shown_is_said_to_be_there(program: Program) -> None:
    done = shell(program, "aura token add ada > /dev/full")
    assert done.returncode == 5
    assert "aura-tui token renew ada" in done.stderr
    assert "Shown only once" not in done.stderr


def test_a_run_whose_output_fails_can_be_resumed(program: Program) -> None:
    run = shlex.join(["aura", *map(str, program.arguments())])
    for mode in ("plain", "json"):
        done = shell(program, f"{run} --progress {mode} > /dev/full")
        assert done.returncode == 5
        assert FULL in done.stderr
        assert f"aura-tui watch {program.jobs()[0]['jobId']}" in done.stderr
    # Of a recorded one there is nothing to resume.
    shell(program, "aura watch --progress json > tape.jsonl")
    done = shell(program, "aura replay tape.jsonl --speed 0 --progress plain > /dev/full")
    assert (done.returncode, "aura-tui watch" in done.stderr) == (5, False)
    done = shell(program, f"{run} --detach > /dev/full")
    assert done.returncode == 5
    assert f"aura-tui watch {program.jobs()[0]['jobId']}" in done.stderr
