"""One crash: a run is killed at a moment, the next start ends it, and all is held against a run
that nothing disturbed."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.engine.store.open import open_reader
from aura_tui.model.events import Envelope, JobFailed, StepStatusChanged
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.status import JobStatus
from aura_tui.wire.event_json import decode_line
from tests.e2e.program import Program
from tests.waiting import alive, below

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGES = ("Script", "TTS", "Visuals", "Composition", "Rendering")
# A child by what its command line has; the kinds that a run without a network starts.
CHILDREN = {
    "espeak worker": "espeak/worker",
    "drawing worker": "visuals.drawing.worker",
    "lane": "aura_tui.pipeline.encoding.worker",
    "ffmpeg": "ffmpeg",
}
LIMIT_S = 60.0  # for whatever is waited for


class Undisturbed(msgspec.Struct, frozen=True):
    """What a run makes that nothing disturbs, and how long it is in each stage."""

    hashes: list[str]
    about: list[str]
    captions: tuple[str, str]
    began_s: dict[str, float]
    took_s: dict[str, float]
    whole_s: float


class Moment(msgspec.Struct, frozen=True):
    """Kill when ``stage`` has gone on for ``after_s`` seconds; "" counts from the start. ``child``
    names the kind of process, "" is the engine itself."""

    stage: str
    after_s: float
    child: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """Where the kill struck, and what it took to end the job."""

    struck: str  # the stage by the last event before it, "before", or "late": the run was over
    starts: int
    events: int
    code: str = ""  # that a killed child made the job fail with


def undisturbed(folder: Path) -> Undisturbed:
    """A run of the brief, measured."""
    program = Program(folder)
    began = time.monotonic()
    process = program.start(*program.arguments("--progress", "json"))
    assert process.stdout
    began_s: dict[str, float] = {"": 0.0}
    ended_s: dict[str, float] = {}
    for line in process.stdout:
        event = _envelope(line).event
        if isinstance(event, StepStatusChanged):
            into = ended_s if event.status.done else began_s
            into[event.step.value] = time.monotonic() - began
    whole = time.monotonic() - began
    assert process.wait() == 0
    program.close()
    check_leftovers(program)
    took = {stage: ended_s[stage] - began_s[stage] for stage in STAGES}
    hashes, about, captions = made(program)
    return Undisturbed(hashes, about, captions, began_s, {"": whole, **took}, whole)


def moments(seed: int, count: int, usual: Undisturbed) -> Iterator[Moment]:
    """Moments spread evenly over the five stages and the time before, between and after them."""
    chance = random.Random(seed)
    for number in range(count):
        stage = ("", *STAGES)[number % 6]
        yield Moment(stage, chance.uniform(0, usual.took_s[stage]))


def _envelope(line: bytes) -> Envelope:
    envelope = decode_line(line)
    assert envelope is not None, line
    return envelope


def made(program: Program) -> tuple[list[str], list[str], tuple[str, str]]:
    """Frame hashes, what FFmpeg says of the video, and its captions."""
    from tests.e2e.test_run import frame_hashes, streams

    (video,) = program.out.glob("*.mp4")
    said = [line.strip() for line in streams(video).splitlines() if _ABOUT.search(line)]
    captions = video.with_suffix(".srt").read_text(), video.with_suffix(".vtt").read_text()
    return frame_hashes(video), said, captions


_ABOUT = re.compile(r"Duration:|Stream #|Chapter #|title ")


def crash(folder: Path, moment: Moment, usual: Undisturbed, again: int = 0) -> Outcome:
    """Kill at ``moment``, and ``again`` so many times while the job is taken up; then let it end.

    AssertionError where anything differs from ``usual``, is lost, or is left over.
    """
    program = Program(folder)
    try:
        return _crash(program, moment, usual, again)
    finally:
        program.close()


def _crash(program: Program, moment: Moment, usual: Undisturbed, again: int) -> Outcome:
    seen, struck = _killed(program, program.arguments("--progress", "json"), moment)
    starts = 1
    code = ""
    if moment.child and struck != "late":
        code = _failed(program, seen)
    elif struck not in ("late", "before") or program.jobs():
        for _ in range(again):
            more, _struck = _killed(program, ("watch", "--progress", "json"), moment)
            starts += 1
            assert more[: len(seen)] == seen[: len(more)]
            seen = max(seen, more, key=len)
    jobs = program.jobs()
    if not jobs:  # the kill came before the job was taken in: nothing was promised
        assert not seen
        done = program.run(*program.arguments("--progress", "json"))
    elif code:
        done = program.run("retry", "@latest", "--progress", "json")
        seen = []
    else:
        done = program.run("watch", "--progress", "json")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "was damaged" not in done.stderr, done.stderr
    told = [_envelope(line) for line in done.stdout.encode().splitlines()]
    assert told[: len(seen)] == seen, "what was seen before the kill is not what the log says"
    check_store(program, told)
    check_leftovers(program)
    assert made(program) == (usual.hashes, usual.about, usual.captions)
    return Outcome(struck, starts + 1, len(told), code)


def _failed(program: Program, seen: list[Envelope]) -> str:
    """A killed child either went unnoticed or failed the job, with a code; that code."""
    last = seen[-1].event
    if not isinstance(last, JobFailed):
        return ""
    (problem,) = last.errors
    assert problem.code != "E799", problem
    assert problem.remediation
    assert not list(program.out.glob("*")), "a failed job delivered something"
    check_store(program, seen)
    check_leftovers(program)
    return problem.code


def _killed(
    program: Program, arguments: tuple[str | Path, ...], moment: Moment
) -> tuple[list[Envelope], str]:
    """Start, kill, and what was said until then; with the stage it was said to be in."""
    process = program.start(*arguments)
    assert process.stdout
    seen: list[Envelope] = []
    if moment.stage:
        for line in process.stdout:
            seen.append(_envelope(line))
            event = seen[-1].event
            if isinstance(event, StepStatusChanged) and event.step.value == moment.stage:
                break
    strike_at = time.monotonic() + moment.after_s
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, strike_at - time.monotonic()))
    running = below(process.pid)
    if moment.child:
        hit = _kill_child(process, moment.child)
    else:
        hit = process.poll() is None
        process.kill()
    rest = process.stdout.read()  # what is buffered, too, which communicate() would pass over
    process.wait(LIMIT_S)
    _wait_gone(running)
    # A line that the kill cut short is no event.
    seen += [_envelope(line) for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
    if not hit:
        return seen, "late"
    stages = [e.event.step.value for e in seen if isinstance(e.event, StepStatusChanged)]
    return seen, moment.stage if moment.child else stages[-1] if stages else "before"


def _kill_child(process: subprocess.Popen[bytes], kind: str) -> bool:
    """Kill the first child of that kind that shows up; whether one did before the end."""
    until = time.monotonic() + LIMIT_S
    while process.poll() is None:
        assert time.monotonic() < until
        for pid in below(process.pid):
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                text = b" ".join(command).decode(errors="replace")
                if kind == "ffmpeg":
                    match = "ffmpeg" in os.path.basename(command[0].decode()) and "-i" in text
                else:
                    match = CHILDREN[kind] in text
                if match:
                    os.kill(pid, signal.SIGKILL)
                    return True
    return False


def _wait_gone(pids: list[int]) -> None:
    until = time.monotonic() + 10
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < until, "a child outlived the engine"
        time.sleep(0.005)


def check_store(program: Program, told: list[Envelope]) -> None:
    """What was told is what the log has, in strictly increasing order; its fold is the job."""
    ids = [envelope.id for envelope in told]
    assert ids == sorted(set(ids))
    store = open_reader(program.home / "aura.db")
    assert store is not None
    try:
        record = store.records(status=None, before=None, limit=1)[0]
        log = list(store.all_events(record.n))
        assert log == told
        assert fold(as_created(record.job), log) == record.job
        assert record.job.status in (JobStatus.SUCCEEDED, JobStatus.FAILED)
        assert record.job.ignored == 0, "the log has events that change nothing"
        row = store.db.execute("PRAGMA integrity_check").fetchone()
        assert row[0] == "ok"
    finally:
        store.close()


_TEMPORARY = re.compile(r"\.part\b|^scratch$|\.sock$|\.sock\.|\.tmp$")


def check_leftovers(program: Program) -> None:
    """No process and no temporary file is left of a run that is over."""
    left = [p for folder in (program.home, program.out) for p in folder.rglob("*")]
    halves = [str(path) for path in left if _TEMPORARY.search(path.name)]
    assert not halves, f"temporary files are left: {halves}"
    mark = f"AURA_HOME={program.home}".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in environ.read_bytes().split(b"\0"):
                pid = int(environ.parent.name)
                assert not alive(pid), (environ.parent / "cmdline").read_bytes()
