"""One run in want of something, and the same home again when it is there: each ends in a good
video or in a clear error, soon, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from tests.chaos.crash_run import Undisturbed, check_leftovers, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.e2e.program import Program

LIMIT_S = 90.0  # no run takes longer, whatever it lacks
_CODE = re.compile(r"\bE[1-9]\d\d\b")
# Small pieces of work need little room: what is checked beforehand would hide all that comes after.
ROOM = {"AURA_ENGINE_MIN_FREE_MB": "0"}


# The engine has all the memory it wants, each of its children so many MB.
_CHILDREN_SHORT = """
import resource
from aura_tui import cli; from aura_tui.system import processes as process
usual = process.preexec
def preexec():
    die = usual()
    def before_exec():
        die()
        resource.setrlimit(resource.RLIMIT_AS, ({0} << 20, {0} << 20))
    return before_exec
process.preexec = preexec
cli.main()
"""


class Ended(msgspec.Struct, frozen=True):
    """How a run ended: its exit status, and the codes it gave."""

    status: int
    codes: tuple[str, ...]
    said: str

    @property
    def name(self) -> str:
        """In a word, for a table."""
        return "video" if self.status == 0 else "+".join(self.codes) or f"status {self.status}"


def run(
    program: Program,
    arguments: tuple[str | Path, ...],
    limit: Callable[[], None] | None = None,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None,
    children_mb: int = 0,
    may_have_delivered: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Ended:
    """Run it under ``limit``, which is called in the child before it begins; ``meanwhile`` may
    look at the process before its output is read. ``children_mb``: the memory of each child.

    AssertionError for a hang, a traceback, a mistake of ours, or an end that doesn't say why.
    """
    began = time.monotonic()
    start = ("-c", _CHILDREN_SHORT.format(children_mb)) if children_mb else ("-m", "aura_tui")
    process = subprocess.Popen(
        [sys.executable, *start, *map(str, arguments)],
        cwd=program.folder,
        env=program.environ | dict(environ or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=limit,
    )
    if meanwhile is not None:
        meanwhile(process)
    try:
        out, err = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(
            f"no end after {time.monotonic() - began:.0f} s: {out[-1500:]!r} {err[-1500:]!r}"
        ) from None
    said = (out + err).decode(errors="replace")
    codes = tuple(dict.fromkeys(_CODE.findall(said)))
    assert "Traceback" not in said, said[-3000:]
    assert "E799" not in codes, said[-3000:]
    assert process.returncode in (0, 1, 2, 3), (process.returncode, said[-3000:])
    if process.returncode:
        assert codes, said[-3000:]
        delivered = not may_have_delivered and list(program.out.glob("*"))
        assert not delivered, "a run that failed delivered something"
    return Ended(process.returncode, codes, said)


def go_on(program: Program, usual: Undisturbed) -> str:
    """What is missing is there again: the job goes on, or is tried again, and the video is as ever.

    Returns which command it took.
    """
    (program.home / "filler").unlink(missing_ok=True)
    jobs = program.jobs()
    status = jobs[0]["status"] if jobs else ""
    command: tuple[str | Path, ...]
    match status:
        case "":
            command = program.arguments()
        case "Failed":
            command = ("retry", "@latest")
        case "Succeeded":
            command = ()
        case _:
            command = ("watch", "@latest")
    if command:
        done = run(program, (*command, "--progress", "plain"))
        assert done.status == 0, done.said[-3000:]
    check_leftovers(program)
    assert made(program) == (usual.hashes, usual.about, usual.captions)
    return str(command[0]) if command else "nothing"


def limited(what: int, amount: int) -> Callable[[], None]:
    """A limit of the kernel on the process and all below it."""

    def limit() -> None:
        resource.setrlimit(what, (amount, amount))

    return limit


@contextlib.contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[None]:
    """A disk of that size at ``folder``. Raises OSError where mounting isn't allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size_kb}k,mode=700", "tmpfs", folder)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def fill(
    program: Program, stage: str, leave_kb: int, event: str = "step-status"
) -> Callable[[subprocess.Popen[bytes]], None]:
    """Fill the disk of the home, but for so much, at the first ``event`` of ``stage``; for
    :func:`run`."""

    def meanwhile(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        for line in process.stdout:
            told = json.loads(line)
            if told["event"] == event and told["data"]["step"] == stage:
                break
        path = program.home / "filler"
        with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while shutil.disk_usage(program.home).free > leave_kb * 1024:
                file.write(bytes(4096))

    return meanwhile


def resize(folder: Path, size_kb: int) -> None:
    """Room on the disk of :func:`small_disk`."""
    _mount("-o", f"remount,size={size_kb}k", folder)


def read_only(folder: Path, *, yes: bool) -> None:
    """The disk of :func:`small_disk` takes no writing, or does again."""
    _mount("-o", f"remount,{'ro' if yes else 'rw'}", folder)


def _mount(*arguments: str | Path) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())


def may_mount(folder: Path) -> bool:
    """Whether :func:`small_disk` works here."""
    if os.geteuid() != 0:
        return False
    try:
        with small_disk(folder / "may-mount", 64):
            return True
    except OSError:
        return False


def failed_with(program: Program) -> list[str]:
    """The codes that the newest job failed with."""
    job: dict[str, Any] = json.loads(program.run("jobs", "--json", "--limit", "1").stdout)
    return [error["code"] for error in job.get("errors", ())]
