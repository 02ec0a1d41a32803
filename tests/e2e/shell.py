"""A shell on a terminal of its own, as a person has it: with job control."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.ui.pseudo_terminal import Terminal, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.program import Program

PROMPT = "what now> "
TAKES_THE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


@contextmanager
def on_terminal(
    program: Program,
    *arguments: str | Path,
    size: tuple[int, int] = (100, 30),
    environ: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """The program itself, with the terminal as its controlling one."""
    command = (sys.executable, "-m", "aura_tui", *map(str, arguments))
    with terminal(
        [sys.executable, "-c", TAKES_THE_TERMINAL, *command],
        program.environ | dict(environ or {}),
        size,
    ) as shown:
        yield shown


@contextmanager
def shell(
    program: Program, *arguments: str | Path, size: tuple[int, int] = (100, 30)
) -> Iterator[Terminal]:
    """A bash that was told to run the program in its foreground."""
    bash = ("bash", "--norc", "--noprofile", "-i")
    environ = program.environ | {"PS1": PROMPT, "HISTFILE": ""}
    with terminal([sys.executable, "-c", TAKES_THE_TERMINAL, *bash], environ, size) as shown:
        shown.shows(PROMPT)
        shown.type(shlex.join([sys.executable, "-m", "aura_tui", *map(str, arguments)]) + "\n")
        yield shown
