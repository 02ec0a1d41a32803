"""What a terminal does to a board with a run in its process: each ends in the undisturbed end."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING

from tests.chaos.crash_run import check_leftovers
from tests.e2e.shell import on_terminal
from tests.ui.pseudo_terminal import full_terminal, read_all
from tests.waiting import alive, below, state

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.e2e.program import Program
    from tests.ui.pseudo_terminal import Terminal

_SGR = re.compile(rb"\x1b\[\d*m")
_LIMIT_S = 90.0
_SIZES = ((1, 1), (2, 1), (1, 50), (300, 1), (40, 12), (80, 24), (200, 60), (500, 200), (39, 11))
_BETWEEN_S = (0.0, 0.01, 0.1)


def _until(shown: Terminal | None, holds: Callable[[], object], what: str) -> None:
    """Wait until it ``holds``; the terminal, where there is one, is read meanwhile."""
    deadline = time.monotonic() + _LIMIT_S
    while not holds():
        assert time.monotonic() < deadline, what
        if shown is None:
            time.sleep(0.02)
        else:
            shown.read(0.02)


def _ends_well(program: Program, shown: Terminal) -> None:
    shown.forget()
    shown.resize((99, 31))
    shown.settles("Succeeded after", "\u2713 Rendering", "q Quit", timeout_s=_LIMIT_S)
    shown.type("q")
    assert shown.ends() == 0
    assert "Traceback" not in shown.text
    assert shown.modes == shown.modes_before
    assert len(list(program.out.glob("*.mp4"))) == 1
    check_leftovers(program)


def storm(program: Program, chance: random.Random, seconds: float) -> int:
    """Sizes without rest, for so long and until the run has ended; how many there were."""
    count = 0
    with on_terminal(program, *program.arguments()) as shown:
        shown.shows("Script")
        until = time.monotonic() + seconds
        while time.monotonic() < until or not list(program.out.glob("*.mp4")):
            assert time.monotonic() < until + _LIMIT_S, "the run doesn't end"
            shown.resize(chance.choice(_SIZES))
            count += 1
            shown.read(chance.choice(_BETWEEN_S))
            assert shown.process.poll() is None, shown.text[-2000:]
        _ends_well(program, shown)
    return count


def stuck(program: Program, seconds: float) -> None:
    """Nobody takes what the board writes, for so long and until the run has ended."""
    with on_terminal(program, *program.arguments()) as shown:
        shown.shows("Script")
        began = time.monotonic()
        size = 0
        while time.monotonic() < began + seconds or not list(program.out.glob("*.mp4")):
            assert time.monotonic() < began + seconds + _LIMIT_S, "the run doesn't end"
            # Each size is drawn anew: a few fill any terminal's buffer.
            size += 1
            shown.resize(((100, 30), (140, 50))[size % 2])
            time.sleep(0.2)
        _ends_well(program, shown)


def stuck_lines(program: Program, progress: str, seconds: float) -> int:
    """Nobody takes the lines of a run, for so long and until it has ended; then all of them come.
    How many bytes they are."""
    with full_terminal() as (master, slave):
        process = program.start(*program.arguments("--progress", progress), terminal=slave)
        began = time.monotonic()
        while time.monotonic() < began + seconds or not list(program.out.glob("*.mp4")):
            assert time.monotonic() < began + seconds + _LIMIT_S, "the run doesn't end"
            assert process.poll() is None, "it ended, and nobody has heard it"
            time.sleep(0.2)
        told = read_all(process, master)
    assert process.returncode == 0
    told = _SGR.sub(b"", told.lstrip(b"."))
    assert told.decode() == program.run("watch", "--progress", progress).stdout
    check_leftovers(program)
    return len(told)


def hang_up(program: Program, chance: random.Random) -> None:
    """The terminal goes in the middle of the run: what runs is gone, and ``watch`` goes on. (By
    default the run continues in the background: ``e2e/test_hang_up.py``.)"""
    stops = {"AURA_ENGINE_ON_HANGUP": "stop"}
    run = program.arguments("--fps", "30", "--duration", "20")
    with on_terminal(program, *run, environ=stops) as shown:
        _until(shown, lambda: list(program.home.glob("jobs/*")), "no job is begun")
        until = time.monotonic() + chance.uniform(0.0, 1.0)
        _until(shown, lambda: time.monotonic() >= until, "")
        running = below(shown.process.pid)
        shown.hang_up()
        _until(None, lambda: shown.process.poll() is not None, "the board doesn't end")
        assert shown.process.returncode == 128 + signal.SIGHUP
        _until(None, lambda: not any(alive(pid) for pid in running), "a child is left")
    done = program.run("watch", "--progress", "plain")
    assert done.returncode == 0, done.stderr
    assert len(list(program.out.glob("*.mp4"))) == 1
    check_leftovers(program)


def pressed(program: Program, chance: random.Random) -> int:
    """Stopped and let go on by whoever has a mind to, at random moments; how often."""
    count = 0
    with on_terminal(program, *program.arguments()) as shown:
        shown.shows("Script")
        while not list(program.out.glob("*.mp4")):
            os.kill(shown.process.pid, chance.choice((signal.SIGSTOP, signal.SIGTSTP)))
            # As a shell does: what hasn't stopped yet can't be let go on.
            _until(shown, lambda: state(shown.process.pid) == "T", "it doesn't stop")
            time.sleep(chance.uniform(0.0, 0.2))
            os.kill(shown.process.pid, signal.SIGCONT)
            count += 1
            until = time.monotonic() + chance.uniform(0.0, 0.3)
            while time.monotonic() < until:
                shown.read(0.02)
            assert shown.process.poll() is None, shown.text[-2000:]
        _ends_well(program, shown)
    return count
