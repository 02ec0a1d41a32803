"""What a terminal can do to a run: be stuck, hang up, stop it, speak another alphabet."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.model import events as ev
from aura_tui.wire.event_json import decode_line
from tests.e2e.test_one_engine import soon
from tests.e2e.test_run import LONG, read_until, wait_gone
from tests.ui.pseudo_terminal import full_terminal, read_all
from tests.waiting import alive, below, state, stopped

if TYPE_CHECKING:
    from tests.e2e.program import Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and shrinks a pipe"),
]
ALPHABETS = [
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "nobody-knows-9"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1", "TERM": ""},
]


def stuck(program: Program, *arguments: str) -> subprocess.Popen[bytes]:
    """A run whose output nobody reads, into a pipe that is full at once."""
    process = program.start(*program.arguments("--progress", "json", *arguments))
    assert process.stdout
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    return process


def test_a_reader_that_takes_nothing_does_not_stop_the_render(program: Program) -> None:
    process = stuck(program)
    soon(lambda: list(program.out.glob("*.mp4")))
    assert process.poll() is None  # it has more to say
    assert process.stdout
    told = [decode_line(line) for line in process.stdout.read().splitlines()]
    assert process.wait(10) == 0
    assert told[-1] is not None
    assert isinstance(told[-1].event, ev.JobCompleted)
    ids = [envelope.id for envelope in told if envelope is not None]
    assert len(ids) == len(told)
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_stuck_output_holds_up_no_signal(program: Program, number: signal.Signals) -> None:
    process = stuck(program, *LONG[2:], "--duration", "30")
    soon(lambda: [job["stage"] for job in program.jobs()] == ["Rendering"])
    running = below(process.pid)
    process.send_signal(number)
    if number == signal.SIGINT:
        soon(lambda: program.jobs()[0]["status"] == "Canceled")
        process.send_signal(number)  # the rest of its output is given up, too
    assert process.wait(10) == (130 if number == signal.SIGINT else 128 + number)
    wait_gone(running)


@pytest.mark.parametrize("progress", ["json", "plain"])
def test_a_terminal_that_takes_nothing_does_not_stop_the_render(
    program: Program, progress: str
) -> None:
    with full_terminal() as (master, slave):
        process = program.start(*program.arguments("--progress", progress), terminal=slave)
        soon(lambda: list(program.out.glob("*.mp4")))
        assert process.poll() is None  # it has all of it to say
        assert not fcntl.fcntl(slave, fcntl.F_GETFL) & os.O_NONBLOCK  # a shell has it, too
        told = read_all(process, master)
    assert process.returncode == 0
    told = re.sub(rb"\x1b\[\d*m", b"", told.lstrip(b"."))  # its colours
    # Nothing is lost, nothing comes twice, and all of it in order.
    assert told.decode() == program.run("watch", "--progress", progress).stdout


@pytest.mark.parametrize(
    ("progress", "number"),
    [("json", signal.SIGTERM), ("plain", signal.SIGHUP), ("plain", signal.SIGINT)],
)
def test_a_terminal_that_takes_nothing_holds_up_no_signal(
    program: Program, progress: str, number: signal.Signals
) -> None:
    with full_terminal() as (_, slave):
        process = program.start(
            *program.arguments("--progress", progress, *LONG[2:], "--duration", "30"),
            terminal=slave,
        )
        soon(lambda: [job["stage"] for job in program.jobs()] == ["Rendering"])
        running = below(process.pid)
        process.send_signal(number)
        if number == signal.SIGINT:
            soon(lambda: program.jobs()[0]["status"] == "Canceled")
            process.send_signal(number)
        assert process.wait(10) == (130 if number == signal.SIGINT else 128 + number)
        wait_gone(running)


def test_ctrl_z_stops_every_child_and_fg_lets_them_go_on(program: Program) -> None:
    process = program.start(*program.arguments("--duration", "30", *LONG))
    read_until(process, "step-status", "Rendering")
    began = time.monotonic()
    soon(lambda: len(below(process.pid)) >= 2)
    process.send_signal(signal.SIGTSTP)
    soon(lambda: state(process.pid) == "T")
    children = below(process.pid)
    # One that was just ending when the others stopped has ended.
    soon(lambda: all(stopped(pid) or not alive(pid) for pid in children))
    assert any(alive(pid) for pid in children)
    rest = time.monotonic()
    soon(lambda: time.monotonic() - rest > 2)
    process.send_signal(signal.SIGCONT)
    soon(lambda: not any(state(pid) == "T" for pid in below(process.pid)))
    process.send_signal(signal.SIGINT)
    assert process.stdout
    told = [decode_line(line) for line in process.stdout.read().splitlines()]
    assert process.wait(30) == 130
    stages = [e.event for e in told if e and isinstance(e.event, ev.StepStatusChanged)]
    ended = stages[-1]
    assert ended.step.value == "Rendering"
    # No clock of the job counts the rest; the line that we began with was told a little late.
    assert ended.duration_ms is not None
    assert ended.duration_ms / 1000 < time.monotonic() - began - 2 + 0.5


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_an_alphabet_that_lacks_letters_is_no_failure(
    program: Program, alphabet: dict[str, str]
) -> None:
    program.brief.write_text("# Über 🌊\n\nDie Flut höhlt den Fels.\n", encoding="utf-8")
    for command in (
        *(program.arguments("--progress", progress) for progress in ("plain", "json")),
        ("jobs",),
        ("show",),
        ("logs",),
        ("artifacts",),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "aura_tui", *map(str, command)],
            cwd=program.folder,
            env=program.environ | alphabet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), command
        assert done.stdout
